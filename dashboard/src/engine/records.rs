//! What people recorded, from the register to the query engine, which do not know each other: days, kinds and numbers.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use weir_lake::estate::School;
use weir_lake::ids::SchoolId;
use weir_query::records::{Alert, ChangeAsked, PlannedTest, Records, Reveal, TestMade};
use weir_register::{Register, RegisterError};

/// What figures are made of, of all schools.
pub async fn records_of(register: &Register, schools: &BTreeMap<SchoolId, School>) -> Result<Records, RegisterError> {
    let zone = |school: &SchoolId| {
        let zone = schools.get(school).and_then(|school| TimeZone::get(&school.timezone).ok());
        zone.unwrap_or(TimeZone::UTC)
    };
    let counted = register.counted(zone).await?;
    Ok(Records {
        plan: counted
            .plan
            .into_iter()
            .map(|row| PlannedTest {
                school: row.school,
                place: row.place,
                test: row.test,
                every_days: row.every_days,
                since: row.since,
                until: row.until,
            })
            .collect(),
        tests: counted
            .tests
            .into_iter()
            .map(|row| TestMade { school: row.school, place: row.place, test: row.test, day: row.day, passed: row.passed })
            .collect(),
        changes: counted
            .changes
            .into_iter()
            .map(|row| ChangeAsked {
                school: row.school,
                number: row.number,
                kind: row.kind,
                asked: row.asked,
                decided: row.decided,
                granted: row.granted,
                made: row.made,
                ended: row.ended,
            })
            .collect(),
        alerts: counted
            .alerts
            .into_iter()
            .map(|row| Alert {
                school: row.school,
                number: row.number,
                pupil: row.pupil,
                severity: row.severity,
                happened: row.happened,
                acknowledged: row.acknowledged,
                outcome: row.outcome,
                closed: row.closed,
            })
            .collect(),
        reveals: counted
            .reveals
            .into_iter()
            .map(|row| Reveal { school: row.school, day: row.day, role: row.role, person: row.person })
            .collect(),
        trail_since: counted.trail_since,
    })
}
