//! School days of a school from calendar rows: weekdays inside a half-term block with no holiday, INSET day or closure on them.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};
use weir_lake::estate::{CalendarKind, CalendarRow};
use weir_lake::ids::SchoolId;

/// The academic year a day belongs to, `2025-26`: from August, because Scottish schools return then and no other school is open.
pub(crate) fn academic_year(day: Date) -> String {
    let start = if day.month() >= 8 { day.year() } else { day.year() - 1 };
    year_text(start)
}

/// The text of the academic year that begins in `start`.
pub(crate) fn year_text(start: i16) -> String {
    format!("{start}-{:02}", (start + 1).rem_euclid(100))
}

/// The year before `year`, or none if it is not of the form `2025-26`.
pub(crate) fn year_before(year: &str) -> Option<String> {
    let (start, end) = year.split_once('-')?;
    let start: i16 = start.parse().ok().filter(|start| (1990..2200).contains(start))?;
    (year_text(start) == year && end.len() == 2).then(|| year_text(start - 1))
}

/// Monday of a day's week.
pub(crate) fn monday(day: Date) -> Date {
    let back = i64::from(day.weekday().to_monday_zero_offset());
    day.checked_sub(Span::new().days(back)).unwrap_or(day)
}

/// A half-term of one school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub academic_year: String,
    /// Position in its year, from 1.
    pub number: i32,
    pub label: String,
    pub start: Date,
    pub end: Date,
    pub school_days: Vec<Date>,
}

/// Rows that hold for a school: its own, and those of every school where it has none of that kind and time.
fn rows_of<'a>(rows: &'a [CalendarRow], school: &SchoolId) -> Vec<&'a CalendarRow> {
    let own: Vec<&CalendarRow> = rows.iter().filter(|row| row.school_id.as_ref() == Some(school)).collect();
    let shared = rows.iter().filter(|row| {
        row.school_id.is_none()
            && !own.iter().any(|mine| mine.kind == row.kind && mine.start <= row.end && row.start <= mine.end)
    });
    shared.chain(own.iter().copied()).collect()
}

/// The half-terms of a school over all years, in order.
pub(crate) fn blocks(rows: &[CalendarRow], school: &SchoolId) -> Vec<Block> {
    let rows = rows_of(rows, school);
    let closed = |day: Date| {
        rows.iter().any(|row| row.kind != CalendarKind::HalfTermBlock && row.start <= day && day <= row.end)
    };
    let mut terms: Vec<&&CalendarRow> = rows.iter().filter(|row| row.kind == CalendarKind::HalfTermBlock).collect();
    terms.sort_by_key(|row| (row.start, row.end));
    let mut blocks: Vec<Block> = Vec::new();
    for term in terms {
        let academic_year = academic_year(term.start);
        let number = blocks.iter().filter(|block| block.academic_year == academic_year).count() as i32 + 1;
        let school_days = term
            .start
            .series(1.day())
            .take_while(|day| *day <= term.end)
            .filter(|day| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !closed(*day))
            // Blocks that overlap by mistake must not count a day twice.
            .filter(|day| !blocks.iter().any(|block| block.school_days.contains(day)))
            .collect();
        blocks.push(Block { academic_year, number, label: term.label.clone(), start: term.start, end: term.end, school_days });
    }
    blocks
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn row(school: Option<&str>, start: Date, end: Date, kind: CalendarKind) -> CalendarRow {
        CalendarRow { school_id: school.map(|id| SchoolId::parse(id).unwrap()), start, end, kind, label: "Autumn".into() }
    }

    #[test]
    fn counts_the_school_days_of_autumn_2026() {
        // 1 September (a Tuesday) to 23 October 2026 has 39 weekdays; INSET on the first two leaves 37. 2 November to 18 December: 35.
        let rows = [
            row(None, date(2026, 9, 1), date(2026, 10, 23), CalendarKind::HalfTermBlock),
            row(None, date(2026, 11, 2), date(2026, 12, 18), CalendarKind::HalfTermBlock),
            row(Some("elm"), date(2026, 9, 1), date(2026, 9, 2), CalendarKind::Inset),
        ];
        let elm = blocks(&rows, &SchoolId::parse("elm").unwrap());
        assert_eq!(elm.iter().map(|b| (b.number, b.school_days.len())).collect::<Vec<_>>(), [(1, 37), (2, 35)]);
        assert_eq!(elm[0].academic_year, "2026-27");
        let oak = blocks(&rows, &SchoolId::parse("oak").unwrap());
        assert_eq!(oak[0].school_days.len(), 39);
    }

    #[test]
    fn a_schools_own_block_takes_the_place_of_the_shared_one_of_that_time_only() {
        let rows = [
            row(None, date(2026, 9, 1), date(2026, 10, 23), CalendarKind::HalfTermBlock),
            row(None, date(2026, 11, 2), date(2026, 12, 18), CalendarKind::HalfTermBlock),
            row(Some("elm"), date(2026, 9, 7), date(2026, 10, 16), CalendarKind::HalfTermBlock),
        ];
        let elm = blocks(&rows, &SchoolId::parse("elm").unwrap());
        // Six whole weeks, then the shared second block.
        assert_eq!(elm.iter().map(|b| b.school_days.len()).collect::<Vec<_>>(), [30, 35]);
    }

    #[test]
    fn years_and_weeks() {
        assert_eq!(academic_year(date(2026, 7, 31)), "2025-26");
        assert_eq!(academic_year(date(2026, 8, 17)), "2026-27");
        assert_eq!(academic_year(date(2099, 12, 1)), "2099-00");
        assert_eq!(year_before("2025-26").as_deref(), Some("2024-25"));
        assert_eq!(year_before("2025-27"), None);
        assert_eq!(monday(date(2026, 11, 22)), date(2026, 11, 16));
        assert_eq!(monday(date(2026, 11, 16)), date(2026, 11, 16));
    }
}
