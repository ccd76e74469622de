//! The invented school year: half-terms, gaps in the logs, and a number for each day.

use jiff::civil::{Date, Weekday, date};
use weir_lake::estate::AcademicYear;

use super::{Kind, THIS};
use crate::view::{Block, Coverage, Day, DayKind, Period};

/// The first day with logs.
pub(super) fn first_day() -> Date {
    date(2024, 9, 3)
}

/// The last day with logs; everything after it is still to come.
pub(super) fn last_day() -> Date {
    date(2026, 3, 27)
}

/// Years after the first of the school year, month, day.
type DayOfYear = (i16, i8, i8);

const HALF_TERMS: [(&str, DayOfYear, DayOfYear); 6] = [
    ("Autumn 1", (0, 9, 3), (0, 10, 24)),
    ("Autumn 2", (0, 11, 3), (0, 12, 19)),
    ("Spring 1", (1, 1, 5), (1, 2, 13)),
    ("Spring 2", (1, 2, 23), (1, 3, 27)),
    ("Summer 1", (1, 4, 13), (1, 5, 22)),
    ("Summer 2", (1, 6, 1), (1, 7, 21)),
];

fn no_school(day: Date) -> bool {
    // A staff training day and the bank holidays that fall inside half-terms.
    (day.month(), day.day()) == (11, 28) || (day.month() == 5 && day.day() <= 7 && day.weekday() == Weekday::Monday)
}

fn no_logs(kind: Kind, day: Date) -> bool {
    match kind {
        Kind::Brannoc => (date(2026, 2, 23)..=last_day()).contains(&day),
        _ => (date(2026, 3, 11)..=date(2026, 3, 12)).contains(&day) && kind == Kind::Oakfield,
    }
}

/// The half-terms as blocks of weekdays.
pub(super) fn blocks(kind: Kind, year: AcademicYear) -> Vec<Block> {
    let mut noise = 0x9e37_79b9_u32 ^ (kind as u32 + 1) ^ u32::from(year.0.unsigned_abs());
    let mut next = move || {
        // A xorshift: enough for days that look like days.
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        f64::from(noise % 1000) / 1000.0
    };
    HALF_TERMS
        .iter()
        .map(|(label, (a, month_a, day_a), (b, month_b, day_b))| {
            let (start, end) = (date(year.0 + a, *month_a, *day_a), date(year.0 + b, *month_b, *day_b));
            let days = start
                .series(jiff::Span::new().days(1))
                .take_while(|day| *day <= end)
                .filter(|day| day.weekday().to_monday_zero_offset() < 5)
                .map(|day| {
                    let busy = if (date(2026, 3, 2)..=date(2026, 3, 10)).contains(&day) { 26.0 } else { 0.0 };
                    let stopped = 12.0 + 22.0 * next() + 8.0 * next() + busy;
                    let kind = if no_school(day) {
                        DayKind::NoSchool
                    } else if day > last_day() {
                        DayKind::Ahead
                    } else if no_logs(kind, day) {
                        DayKind::NoLogs
                    } else if stopped < 13.0 {
                        DayKind::Few
                    } else {
                        DayKind::Stopped(stopped)
                    };
                    Day { date: day, kind }
                })
                .collect();
            Block { label: (*label).into(), days }
        })
        .collect()
}

/// The half-terms with their logs.
pub(super) fn periods(kind: Kind, year: AcademicYear) -> Vec<Period> {
    blocks(kind, year)
        .into_iter()
        .filter_map(|block| {
            let (start, end) = (block.days.first()?.date, block.days.last()?.date);
            let is_past = |day: &&Day| !matches!(day.kind, DayKind::NoSchool | DayKind::Ahead);
            let has_logs = |day: &&Day| matches!(day.kind, DayKind::Stopped(_) | DayKind::Few);
            Some(Period {
                label: block.label,
                start,
                end,
                coverage: Coverage {
                    with_logs: block.days.iter().filter(has_logs).count() as u32,
                    school_days: block.days.iter().filter(is_past).count() as u32,
                },
                unfinished: year == THIS && end > last_day(),
            })
        })
        .collect()
}

/// Logs over all half-terms.
pub(super) fn coverage(periods: &[Period]) -> Coverage {
    periods.iter().fold(Coverage::default(), |sum, period| Coverage {
        with_logs: sum.with_logs + period.coverage.with_logs,
        school_days: sum.school_days + period.coverage.school_days,
    })
}
