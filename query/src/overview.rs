//! All schools side by side: coverage first, pupils last, never a league table.

use std::collections::BTreeMap;

use datafusion::common::ScalarValue;
use weir_lake::estate::AcademicYear;

use crate::assemble::facts;
use crate::engine::Engine;
use crate::error::QueryError;
use crate::page::{Overview, SchoolSummary};
use crate::rows::{Row, rows};
use crate::state::Shown;

/// All schools, as of today's academic year.
pub async fn overview(engine: &Engine) -> Result<Overview, QueryError> {
    let logged = engine.rows(include_str!("../findings/overview.sql"), &[]).await?;
    let mut by_school: BTreeMap<String, BTreeMap<i16, Row<'_>>> = BTreeMap::new();
    for row in rows(&logged) {
        let year = row.whole("year_start")?.unwrap_or(0) as i16;
        by_school.entry(row.required_text("school_id")?).or_default().insert(year, row);
    }
    let of_sources = engine.rows("SELECT s.school_id, s.source_id FROM sources s ORDER BY 1, 2", &[]).await?;
    let mut sources: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows(&of_sources) {
        sources.entry(row.required_text("school_id")?).or_default().push(row.required_text("source_id")?);
    }
    // Schools of two nations may be in two academic years in August; each year is asked once.
    let mut days: BTreeMap<String, BTreeMap<String, (u32, u32)>> = BTreeMap::new();
    let mut schools = Vec::new();
    for mut school in facts(engine, &AcademicYear::of(engine.today(), "england").to_string()).await? {
        let year = AcademicYear::of(engine.today(), &school.nation).to_string();
        if !days.contains_key(&year) {
            let parameters = [("year", ScalarValue::from(year.as_str()))];
            let found = engine.rows(include_str!("../findings/overview_days.sql"), &parameters).await?;
            let mut of_year = BTreeMap::new();
            for row in rows(&found) {
                of_year.insert(
                    row.required_text("school_id")?,
                    (row.count("counted_days")? as u32, row.count("logged_days")? as u32),
                );
            }
            days.insert(year.clone(), of_year);
        }
        let of_school = by_school.remove(&school.school_id).unwrap_or_default();
        let newest_year = of_school.keys().next_back().map_or_else(|| year.clone(), |start| AcademicYear(*start).to_string());
        let newest_day = match of_school.values().next_back() {
            Some(row) => row.day("last_day")?,
            None => None,
        };
        let now = AcademicYear::parse(&year).and_then(|year| of_school.get(&year.0));
        let (decisions, identified, stopped) = match now {
            Some(row) => (row.count("requests")?, row.count("identified")?, row.count("stopped")?),
            None => (0, 0, 0),
        };
        let calendar_days = days.get(&year).and_then(|of_year| of_year.get(&school.school_id)).copied();
        school.pupils = school.pupils.filter(|pupils| *pupils > 0);
        schools.push(SchoolSummary {
            sources: sources.remove(&school.school_id).unwrap_or_default(),
            year,
            newest_year,
            last_day: newest_day,
            school_days: calendar_days.map_or(0, |(counted, _)| counted),
            days_with_logs: calendar_days.map_or(0, |(_, logged)| logged),
            identified_percent: if decisions > 0 {
                Shown::Value(100.0 * identified as f64 / decisions as f64)
            } else {
                Shown::NotAvailable
            },
            decisions,
            stopped,
            has_calendar: calendar_days.is_some(),
            school,
        });
    }
    let share = |school: &SchoolSummary| f64::from(school.days_with_logs) / f64::from(school.school_days.max(1));
    schools.sort_by(|a, b| share(a).total_cmp(&share(b)).then_with(|| a.school.name.cmp(&b.school.name)));
    Ok(Overview { lake_version: engine.lake_version(), schools })
}
