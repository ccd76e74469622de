//! Term dates of the two academic years, as calendar.csv has them.

use crate::days::{Day, day, weekday};

/// One half-term block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    /// September of the academic year.
    pub year: i32,
    pub label: &'static str,
    pub start: Day,
    pub end: Day,
}

impl Block {
    /// As truth.json names it: `2026-27 Autumn 1`.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", academic_year(self.year), self.label)
    }
}

/// `2025-26` for 2025.
pub(crate) fn academic_year(year: i32) -> String {
    format!("{year}-{:02}", (year + 1) % 100)
}

const fn block(year: i32, label: &'static str, start: (i32, i32, i32), end: (i32, i32, i32)) -> Block {
    Block { year, label, start: day(start.0, start.1, start.2), end: day(end.0, end.1, end.2) }
}

const ENGLAND: [Block; 12] = [
    block(2025, "Autumn 1", (2025, 9, 1), (2025, 10, 24)),
    block(2025, "Autumn 2", (2025, 11, 3), (2025, 12, 19)),
    block(2025, "Spring 1", (2026, 1, 5), (2026, 2, 13)),
    block(2025, "Spring 2", (2026, 2, 23), (2026, 3, 27)),
    block(2025, "Summer 1", (2026, 4, 13), (2026, 5, 22)),
    block(2025, "Summer 2", (2026, 6, 1), (2026, 7, 21)),
    block(2026, "Autumn 1", (2026, 9, 1), (2026, 10, 23)),
    block(2026, "Autumn 2", (2026, 11, 2), (2026, 12, 18)),
    block(2026, "Spring 1", (2027, 1, 4), (2027, 2, 12)),
    block(2026, "Spring 2", (2027, 2, 22), (2027, 3, 25)),
    block(2026, "Summer 1", (2027, 4, 12), (2027, 5, 28)),
    block(2026, "Summer 2", (2027, 6, 7), (2027, 7, 22)),
];

const WALES: [Block; 12] = [
    block(2025, "Autumn 1", (2025, 9, 1), (2025, 10, 24)),
    block(2025, "Autumn 2", (2025, 11, 3), (2025, 12, 19)),
    block(2025, "Spring 1", (2026, 1, 5), (2026, 2, 13)),
    block(2025, "Spring 2", (2026, 2, 23), (2026, 3, 27)),
    block(2025, "Summer 1", (2026, 4, 13), (2026, 5, 22)),
    block(2025, "Summer 2", (2026, 6, 1), (2026, 7, 20)),
    block(2026, "Autumn 1", (2026, 9, 1), (2026, 10, 23)),
    block(2026, "Autumn 2", (2026, 11, 2), (2026, 12, 18)),
    block(2026, "Spring 1", (2027, 1, 4), (2027, 2, 5)),
    block(2026, "Spring 2", (2027, 2, 15), (2027, 3, 19)),
    block(2026, "Summer 1", (2027, 4, 5), (2027, 5, 28)),
    block(2026, "Summer 2", (2027, 6, 7), (2027, 7, 20)),
];

/// The half-term blocks of a nation.
pub(crate) fn blocks(nation: &str) -> &'static [Block] {
    if nation == "wales" { &WALES } else { &ENGLAND }
}

/// Bank holidays that fall in a block somewhere, for everyone.
pub(crate) const HOLIDAYS: [(Day, &str); 2] =
    [(day(2026, 5, 4), "Early May bank holiday"), (day(2027, 5, 3), "Early May bank holiday")];

const INSET_ENGLAND: [Day; 10] = [
    day(2025, 9, 1),
    day(2025, 9, 2),
    day(2026, 1, 5),
    day(2026, 6, 1),
    day(2026, 7, 21),
    day(2026, 9, 1),
    day(2026, 9, 2),
    day(2027, 1, 4),
    day(2027, 6, 7),
    day(2027, 7, 22),
];

const INSET_WALES: [Day; 10] = [
    day(2025, 9, 1),
    day(2025, 11, 3),
    day(2026, 1, 5),
    day(2026, 6, 29),
    day(2026, 7, 20),
    day(2026, 9, 1),
    day(2026, 11, 2),
    day(2027, 1, 4),
    day(2027, 6, 28),
    day(2027, 7, 20),
];

/// Staff training days of a nation's schools.
pub(crate) fn insets(nation: &str) -> &'static [Day] {
    if nation == "wales" { &INSET_WALES } else { &INSET_ENGLAND }
}

/// Unplanned closures: school, first day, last day, label.
pub(crate) const CLOSURES: [(&str, Day, Day, &str); 2] = [
    ("fellside-primary", day(2026, 1, 8), day(2026, 1, 9), "Snow"),
    ("millbrook-primary", day(2026, 5, 7), day(2026, 5, 7), "Polling station"),
];

/// The block a day falls in.
pub(crate) fn block_of(nation: &str, day: Day) -> Option<&'static Block> {
    blocks(nation).iter().find(|block| (block.start..=block.end).contains(&day))
}

/// Whether pupils are in school.
pub(crate) fn is_school_day(school: &str, nation: &str, day: Day) -> bool {
    weekday(day) < 5
        && block_of(nation, day).is_some()
        && !HOLIDAYS.iter().any(|holiday| holiday.0 == day)
        && !insets(nation).contains(&day)
        && !CLOSURES.iter().any(|closure| closure.0 == school && (closure.1..=closure.2).contains(&day))
}

/// September of the academic year a day falls in.
pub(crate) fn year_of(day: Day) -> i32 {
    let (year, month, _) = crate::days::civil(day);
    if month >= 9 { year } else { year - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_terms_hold_the_school_days_counted_by_hand() {
        let count = |from: Day, to: Day| (from..=to).filter(|&day| is_school_day("any", "england", day)).count();
        // 39 weekdays less two training days; 35 weekdays.
        assert_eq!(count(day(2026, 9, 1), day(2026, 10, 23)), 37);
        assert_eq!(count(day(2026, 11, 2), day(2026, 12, 18)), 35);
        let year = count(day(2025, 9, 1), day(2026, 8, 31));
        assert!((187..=195).contains(&year), "{year}");
    }
}
