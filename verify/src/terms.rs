//! A school's half-terms and school days from the rows of its calendar: weekdays in a block with no holiday, inset or closure on them.

use std::collections::BTreeSet;

use jiff::civil::Weekday;
use weir_lake::calendar::{Calendar, date_of_epoch_day, epoch_day};
use weir_lake::estate::{AcademicYear, CalendarKind, Estate};
use weir_lake::ids::SchoolId;

/// Half a term of a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HalfTerm {
    pub(crate) year: String,
    /// Its place in the year, from 1.
    pub(crate) number: u32,
    pub(crate) label: String,
    pub(crate) start: i32,
    pub(crate) end: i32,
    /// Its school days since 1970, in order.
    pub(crate) days: Vec<i32>,
}

/// The half-terms of a school, by date; none without a calendar.
pub(crate) fn half_terms(estate: &Estate, calendar: &Calendar, school: &SchoolId) -> Vec<HalfTerm> {
    let Some(facts) = estate.schools.get(school) else { return Vec::new() };
    let rows = calendar.rows(school);
    let mut off: BTreeSet<i32> = BTreeSet::new();
    for row in rows.iter().filter(|row| row.kind != CalendarKind::HalfTermBlock) {
        off.extend(epoch_day(row.start)..=epoch_day(row.end));
    }
    let is_open = |day: i32| {
        let date = date_of_epoch_day(day);
        facts.opens.is_none_or(|opens| opens <= date) && facts.closes.is_none_or(|closes| date <= closes)
    };
    let is_weekday = |day: i32| !matches!(date_of_epoch_day(day).weekday(), Weekday::Saturday | Weekday::Sunday);
    let mut blocks: Vec<_> = rows.iter().filter(|row| row.kind == CalendarKind::HalfTermBlock).collect();
    blocks.sort_by_key(|row| (row.start, row.end));
    let mut found: Vec<HalfTerm> = Vec::new();
    for block in blocks {
        let year = AcademicYear::of(block.end, &facts.nation).to_string();
        let number = 1 + found.iter().filter(|other| other.year == year).count() as u32;
        let (start, end) = (epoch_day(block.start), epoch_day(block.end));
        let days = (start..=end).filter(|day| is_weekday(*day) && is_open(*day) && !off.contains(day)).collect();
        found.push(HalfTerm { year, number, label: block.label.clone(), start, end, days });
    }
    found
}

/// The days on which pupils are at school, of all half-terms.
pub(crate) fn school_days(half_terms: &[HalfTerm]) -> BTreeSet<i32> {
    half_terms.iter().flat_map(|half_term| half_term.days.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use weir_lake::estate::{CalendarRow, School};

    use super::*;

    #[test]
    fn inset_days_and_weekends_are_no_school_days() {
        let id = SchoolId::parse("elm").unwrap();
        let mut estate = Estate::default();
        let row = |start: &str, end: &str, kind: CalendarKind| CalendarRow {
            school_id: None,
            start: start.parse().unwrap(),
            end: end.parse().unwrap(),
            kind,
            label: "Autumn 1".into(),
        };
        // The field's own test values: 39 weekdays, 37 with two inset days; then 35.
        estate.calendar = vec![
            row("2026-11-02", "2026-12-18", CalendarKind::HalfTermBlock),
            row("2026-09-01", "2026-10-23", CalendarKind::HalfTermBlock),
            row("2026-09-01", "2026-09-02", CalendarKind::Inset),
        ];
        let school = School {
            school_id: id.clone(),
            name: "Elm".into(),
            urn: None,
            phase: "primary".into(),
            nation: "england".into(),
            timezone: "Europe/London".into(),
            governing_body: None,
            trust: None,
            authority: None,
            opens: None,
            closes: None,
        };
        estate.schools.insert(id.clone(), school);
        let found = half_terms(&estate, &Calendar::new(&estate), &id);
        let told: Vec<(u32, usize, &str)> = found.iter().map(|term| (term.number, term.days.len(), term.year.as_str())).collect();
        assert_eq!(told, [(1, 37, "2026-27"), (2, 35, "2026-27")]);
    }
}
