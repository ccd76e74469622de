//! A year of school days as a strip: five rows, a column for each week, breaks left out but marked.

use jiff::civil::Date;
use serde::Serialize;

use crate::bundle::{Mark, Point};

/// Shades a day's value can have.
const SHADES: f64 = 5.0;

/// The days of a strip in their places.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Strip {
    /// Columns, narrow ones for breaks included.
    pub(crate) weeks: usize,
    pub(crate) days: Vec<StripDay>,
    /// Where a month begins.
    pub(crate) months: Vec<StripMonth>,
}

/// A day.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct StripDay {
    /// Column from 0.
    pub(crate) week: usize,
    /// Row from 0, Monday first.
    pub(crate) weekday: u8,
    /// 1 to 5 by value, 0 where there is none or it is zero.
    pub(crate) shade: u8,
    pub(crate) mark: Option<Mark>,
}

/// A month's name over its first column.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct StripMonth {
    pub(crate) week: usize,
    pub(crate) name: String,
}

/// Puts days in their places. Weeks without any school day take one column together.
pub(crate) fn lay_out(points: &[Point], highest: f64) -> Strip {
    let mut strip = Strip { weeks: 0, days: Vec::with_capacity(points.len()), months: Vec::new() };
    let mut last_monday: Option<Date> = None;
    let mut last_month = None;
    for point in points {
        // A bundle whose labels are no dates was refused.
        let Ok(date) = point.label.parse::<Date>() else { continue };
        let weekday = date.weekday().to_monday_zero_offset();
        let monday = date.saturating_sub(jiff::Span::new().days(i64::from(weekday)));
        if last_monday != Some(monday) {
            let gap = last_monday.is_some_and(|last| last.saturating_add(jiff::Span::new().days(7)) < monday);
            strip.weeks += if gap { 2 } else { 1 };
            last_monday = Some(monday);
        }
        let week = strip.weeks - 1;
        if last_month != Some(date.month()) {
            // Two names need two columns between them.
            if strip.months.last().is_none_or(|month| week >= month.week + 2) {
                strip.months.push(StripMonth { week, name: date.strftime("%b").to_string() });
            }
            last_month = Some(date.month());
        }
        let shade = point.value.map_or(0, |value| shade(value.get(), highest));
        strip.days.push(StripDay { week, weekday: weekday.unsigned_abs(), shade, mark: point.mark });
    }
    strip
}

fn shade(value: f64, highest: f64) -> u8 {
    if value <= 0.0 || highest <= 0.0 { 0 } else { (value / highest * SHADES).ceil().clamp(1.0, SHADES) as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::Number;

    #[test]
    fn weeks_follow_the_calendar_and_breaks_leave_a_gap() {
        // 31 August 2026 is a Monday.
        let days = ["2026-08-31", "2026-09-01", "2026-09-04", "2026-09-07", "2026-10-05"];
        let points: Vec<Point> = days
            .iter()
            .enumerate()
            .map(|(place, day)| Point {
                label: (*day).into(),
                value: (place != 1).then(|| Number::from(place as u32)),
                mark: (place == 1).then_some(Mark::NoLogs),
                band: None,
            })
            .collect();
        let strip = lay_out(&points, 4.0);
        let places: Vec<(usize, u8, u8)> = strip.days.iter().map(|day| (day.week, day.weekday, day.shade)).collect();
        assert_eq!(places, [(0, 0, 0), (0, 1, 0), (0, 4, 3), (1, 0, 4), (3, 0, 5)]);
        assert_eq!(strip.weeks, 4);
        // September begins in August's own week: no room for its name.
        let months: Vec<(usize, &str)> = strip.months.iter().map(|month| (month.week, month.name.as_str())).collect();
        assert_eq!(months, [(0, "Aug"), (3, "Oct")]);
    }
}
