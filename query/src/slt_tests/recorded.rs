//! What a file says that people recorded, and what it says is published, as the engine is given it.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use jiff::civil::Date;
use weir_lake::estate::{Estate, School};
use weir_lake::ids::SchoolId;

use super::texts;
use crate::fixture::day;
use crate::publish::block::Mark;
use crate::published::{Key, PublishedCell};
use crate::records::{Alert, ChangeAsked, PlannedTest, Records, Reveal, TestMade};

/// The tables that a file fills.
pub(super) const SCRATCH: &str = "
CREATE TABLE planned (school VARCHAR DEFAULT 'elm', place INT DEFAULT 1, test VARCHAR DEFAULT 'adult', every INT DEFAULT 366, since VARCHAR, until VARCHAR);
CREATE TABLE tested (school VARCHAR DEFAULT 'elm', place INT DEFAULT 1, test VARCHAR DEFAULT 'adult', day VARCHAR, passed BOOLEAN DEFAULT true);
CREATE TABLE asked (school VARCHAR DEFAULT 'elm', number INT, kind VARCHAR DEFAULT 'unblock', asked VARCHAR, decided VARCHAR,
    granted BOOLEAN DEFAULT true, made VARCHAR, ended VARCHAR);
CREATE TABLE alerts (school VARCHAR DEFAULT 'elm', number INT, pupil INT, severity INT DEFAULT 3, at VARCHAR, seen VARCHAR, outcome VARCHAR, closed VARCHAR);
CREATE TABLE reveals (school VARCHAR DEFAULT 'elm', day VARCHAR, role VARCHAR DEFAULT 'dsl', person INT DEFAULT 1);
CREATE TABLE published (school VARCHAR, phase VARCHAR DEFAULT 'primary', indicator VARCHAR DEFAULT 'theme_rate', dimension VARCHAR, period INT DEFAULT 1,
    mark VARCHAR DEFAULT 'shown', numerator DOUBLE, denominator DOUBLE, revision INT DEFAULT 1);
";

fn whole(rows: &RecordBatch, name: &str, row: usize) -> i64 {
    let column = cast(rows.column_by_name(name).unwrap(), &DataType::Int64).unwrap();
    column.as_primitive::<Int64Type>().value(row)
}

fn number(rows: &RecordBatch, name: &str, row: usize) -> Option<f64> {
    let column = rows.column_by_name(name).unwrap().as_primitive::<Float64Type>();
    (!column.is_null(row)).then(|| column.value(row))
}

fn truth(rows: &RecordBatch, name: &str, row: usize) -> bool {
    rows.column_by_name(name).unwrap().as_boolean().value(row)
}

fn school(rows: &RecordBatch, row: usize) -> SchoolId {
    SchoolId::parse(&texts(rows, "school")[row]).unwrap()
}

fn text(rows: &RecordBatch, name: &str, row: usize) -> Option<String> {
    Some(texts(rows, name)[row].clone()).filter(|text| !text.is_empty())
}

fn maybe_day(rows: &RecordBatch, name: &str, row: usize) -> Option<Date> {
    text(rows, name, row).map(|text| day(&text))
}

fn that_day(rows: &RecordBatch, name: &str, row: usize) -> Date {
    maybe_day(rows, name, row).unwrap_or_else(|| panic!("a row without {name}"))
}

/// `2025-09-08 09:30` as day and minute.
fn moment(rows: &RecordBatch, name: &str, row: usize) -> Option<(Date, u16)> {
    let at: jiff::civil::DateTime = text(rows, name, row)?.parse().unwrap();
    Some((at.date(), u16::try_from(at.hour()).unwrap() * 60 + u16::try_from(at.minute()).unwrap()))
}

/// What was recorded, from the tables of the same names.
pub(super) fn records(tables: &[RecordBatch; 5], trail_since: Option<Date>) -> Records {
    let [planned, tested, asked, alerts, reveals] = tables;
    Records {
        plan: (0..planned.num_rows())
            .map(|row| PlannedTest {
                school: school(planned, row),
                place: whole(planned, "place", row),
                test: text(planned, "test", row).unwrap(),
                every_days: u16::try_from(whole(planned, "every", row)).unwrap(),
                since: that_day(planned, "since", row),
                until: maybe_day(planned, "until", row),
            })
            .collect(),
        tests: (0..tested.num_rows())
            .map(|row| TestMade {
                school: school(tested, row),
                place: whole(tested, "place", row),
                test: text(tested, "test", row).unwrap(),
                day: that_day(tested, "day", row),
                passed: truth(tested, "passed", row),
            })
            .collect(),
        changes: (0..asked.num_rows())
            .map(|row| ChangeAsked {
                school: school(asked, row),
                number: whole(asked, "number", row),
                kind: text(asked, "kind", row).unwrap(),
                asked: that_day(asked, "asked", row),
                decided: maybe_day(asked, "decided", row),
                granted: truth(asked, "granted", row) && maybe_day(asked, "decided", row).is_some(),
                made: maybe_day(asked, "made", row),
                ended: maybe_day(asked, "ended", row),
            })
            .collect(),
        alerts: (0..alerts.num_rows())
            .map(|row| Alert {
                school: school(alerts, row),
                number: whole(alerts, "number", row),
                pupil: whole(alerts, "pupil", row),
                severity: u8::try_from(whole(alerts, "severity", row)).unwrap(),
                happened: moment(alerts, "at", row).unwrap(),
                acknowledged: moment(alerts, "seen", row),
                outcome: text(alerts, "outcome", row),
                closed: maybe_day(alerts, "closed", row),
            })
            .collect(),
        reveals: (0..reveals.num_rows())
            .map(|row| Reveal {
                school: school(reveals, row),
                day: that_day(reveals, "day", row),
                role: text(reveals, "role", row).unwrap(),
                person: whole(reveals, "person", row),
            })
            .collect(),
        trail_since,
    }
}

/// Published cells of 2025-26; a school that the estate does not have yet is added to it.
pub(super) fn published(rows: &RecordBatch, estate: &mut Estate) -> Vec<PublishedCell> {
    let cell = |row: usize| {
        let school_id = school(rows, row);
        let known = estate.schools.values().next().unwrap().clone();
        estate.schools.entry(school_id.clone()).or_insert_with(|| School {
            school_id: school_id.clone(),
            name: school_id.as_str().into(),
            phase: text(rows, "phase", row).unwrap(),
            ..known
        });
        let (numerator, denominator) = (number(rows, "numerator", row), number(rows, "denominator", row));
        PublishedCell {
            key: Key {
                audience: "governor".into(),
                grain: "school".into(),
                school_id: school_id.as_str().into(),
                group: None,
                year: "2025-26".into(),
                period: u32::try_from(whole(rows, "period", row)).unwrap(),
                indicator: text(rows, "indicator", row).unwrap(),
                dimension: text(rows, "dimension", row),
            },
            end: day("2025-10-10"),
            label: "Autumn 1".into(),
            version: 1,
            mark: Mark::from_name(&text(rows, "mark", row).unwrap()).unwrap(),
            value: numerator.zip(denominator).map(|(of, over)| of / over),
            numerator,
            denominator,
            threshold: 5,
            revision: u32::try_from(whole(rows, "revision", row)).unwrap(),
            change: None,
            inputs: "by hand".into(),
            lake_version: 1,
        }
    };
    (0..rows.num_rows()).map(cell).collect()
}
