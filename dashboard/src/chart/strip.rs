//! The school year by day: one small block a half-term, five rows of weekdays by weeks; darker is more, hatched is no logs.
//!
//! A block for each half-term rather than one long strip: it wraps on a phone instead of scrolling sideways, and the
//! holidays between half-terms are blank by themselves.

use super::{Anchor, Axis, Canvas, Svg};
use crate::view::{Block, DayKind};
use crate::words;

const CELL: f64 = 20.0;
const STEP: f64 = 22.0;
const LEFT: f64 = 20.0;
const TOP: f64 = 4.0;

/// Steps of darkness: above zero, four; and zero for itself.
const LEVELS: usize = 5;

/// The limits of the steps, the same for a whole year.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    step: f64,
}

impl Scale {
    /// Round steps, so that all but the busiest twentieth of days lie below the last limit: one odd day must not bleach a year.
    pub(crate) fn of(blocks: &[Block]) -> Self {
        let mut values: Vec<f64> = blocks
            .iter()
            .flat_map(|block| &block.days)
            .filter_map(|day| if let DayKind::Stopped(value) = day.kind { Some(value) } else { None })
            .collect();
        values.sort_by(f64::total_cmp);
        let high = values.get((values.len().saturating_sub(1)) * 95 / 100).copied().unwrap_or(1.0);
        Self { step: Axis::from_zero(high, LEVELS as f64 - 1.0).step }
    }

    fn level(self, value: f64) -> usize {
        ((value / self.step).floor().max(0.0) as usize).min(LEVELS - 1)
    }

    /// Decimals that tell one step from the next.
    pub(crate) fn decimals(self) -> usize {
        usize::from(self.step < 2.0)
    }

    fn limit(self, level: usize) -> String {
        let axis = Axis { top: self.step, step: self.step };
        words::number(self.step * level as f64, axis.decimals())
    }
}

/// Draws the weekdays of one half-term.
pub(crate) fn strip(block: &Block, position: usize, scale: Scale, unit: &str) -> Option<Svg> {
    let first = block.days.first()?;
    let last = block.days.last()?;
    let week_of =
        |date: jiff::civil::Date| date.saturating_sub(jiff::Span::new().days(i64::from(date.weekday().to_monday_zero_offset())));
    let start = week_of(first.date);
    let weeks = (week_of(last.date).since(start).map_or(0, |span| span.get_days()) / 7 + 1).clamp(1, 30);
    let width = LEFT + f64::from(weeks) * STEP + 2.0;
    let height = TOP + 5.0 * STEP + 22.0;

    let stopped: Vec<f64> =
        block.days.iter().filter_map(|day| if let DayKind::Stopped(value) = day.kind { Some(value) } else { None }).collect();
    let without = block.days.iter().filter(|day| day.kind == DayKind::NoLogs).count();
    let mut description = match (stopped.iter().copied().reduce(f64::min), stopped.iter().copied().reduce(f64::max)) {
        (Some(low), Some(high)) => {
            format!("{unit}: from {} to {} a day.", words::number(low, scale.decimals()), words::number(high, scale.decimals()))
        }
        _ => String::from("No day has a figure yet."),
    };
    if without > 0 {
        description.push_str(&format!(" No logs on {}.", words::plural(without as u32, "school day")));
    }
    let title = format!("{}, {} to {}, by day", block.label, words::short_day(first.date), words::day(last.date));
    let mut canvas = Canvas::new(&format!("strip-{position}"), "strip", width, height, &title, &description);
    for (row, name) in ["M", "T", "W", "T", "F"].iter().enumerate() {
        canvas.text("quiet", (0.0, TOP + row as f64 * STEP + 15.0), Anchor::Start, name);
    }
    for day in &block.days {
        let row = day.date.weekday().to_monday_zero_offset();
        let week = day.date.since(start).map_or(0, |span| span.get_days()) / 7;
        if row > 4 || week >= weeks {
            continue;
        }
        let (x, y) = (LEFT + f64::from(week) * STEP, TOP + f64::from(row) * STEP);
        let (class, words) = match day.kind {
            DayKind::Stopped(value) => {
                (["day l0", "day l1", "day l2", "day l3", "day l4"][scale.level(value)], words::number(value, scale.decimals()))
            }
            DayKind::Few => ("day l0", String::from("fewer than 5, perhaps none")),
            DayKind::NoLogs => ("day hatched", String::from("no logs")),
            DayKind::NoSchool | DayKind::BeforeLogs => continue,
            DayKind::Ahead => ("day ahead", String::from("to come")),
        };
        canvas.push(format_args!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{CELL}\" height=\"{CELL}\" rx=\"2\"><title>{}: {words}</title></rect>",
            words::weekday(day.date)
        ));
    }
    for (x, name) in months(block, start, width) {
        canvas.text("quiet", (x, height - 4.0), Anchor::Start, &name);
    }
    Some(canvas.finish())
}

/// Where each month begins; a name that would touch the next or leave the drawing is left out.
fn months(block: &Block, start: jiff::civil::Date, width: f64) -> Vec<(f64, String)> {
    let mut begins: Vec<(f64, i8, String)> = Vec::new();
    for day in &block.days {
        if begins.last().is_none_or(|(_, month, _)| *month != day.date.month()) {
            let week = day.date.since(start).map_or(0, |span| span.get_days()) / 7;
            begins.push((LEFT + f64::from(week) * STEP, day.date.month(), day.date.strftime("%b").to_string()));
        }
    }
    let ends: Vec<f64> = begins.iter().skip(1).map(|(x, ..)| *x).chain([width + 8.0]).collect();
    begins.into_iter().zip(ends).filter(|((x, ..), end)| end - x >= 36.0).map(|((x, _, name), _)| (x, name)).collect()
}

/// One entry of the key: a sample cell and its words.
pub(crate) fn legend(scale: Scale) -> Vec<(Svg, String)> {
    let sample = |class: &str| {
        let mut canvas = Canvas::silent("sample", CELL, CELL);
        canvas.push(format_args!("<rect class=\"day {class}\" x=\"1\" y=\"1\" width=\"18\" height=\"18\" rx=\"2\"/>"));
        canvas.finish()
    };
    let mut entries: Vec<(Svg, String)> = (0..LEVELS)
        .map(|level| {
            let words = match level {
                0 => format!("under {}", scale.limit(1)),
                last if last == LEVELS - 1 => format!("{} or more", scale.limit(last)),
                level => format!("{} to {}", scale.limit(level), scale.limit(level + 1)),
            };
            (sample(["l0", "l1", "l2", "l3", "l4"][level]), words)
        })
        .collect();
    entries.push((sample("hatched"), String::from("no logs")));
    entries.push((sample("ahead"), String::from("to come")));
    entries
}
