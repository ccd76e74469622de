//! The full chart of one figure: this year by half-term beside last year, the usual range as a band, gaps as gaps.
//!
//! Counts are columns, rates and shares are lines; both start at zero. It is drawn twice, wide and narrow, because text in a
//! drawing shrinks with it: the style sheet shows the one that fits.

use super::{Anchor, Axis, Canvas, Svg};
use crate::view::{Figure, Period, Point, Shown};
use crate::words;

/// Which of the two drawings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// From 640 px, and in print.
    Wide,
    /// On a phone.
    Narrow,
}

struct Frame {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    base: f64,
}

impl Frame {
    fn of(size: Size) -> Self {
        match size {
            Size::Wide => Self { width: 736.0, height: 336.0, left: 56.0, right: 128.0, top: 32.0, base: 288.0 },
            Size::Narrow => Self { width: 348.0, height: 320.0, left: 40.0, right: 4.0, top: 72.0, base: 272.0 },
        }
    }
}

/// What the chart says, in words, for those who cannot see it.
pub(crate) fn describe(figure: &Figure, periods: &[Period]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (period, point) in periods.iter().zip(&figure.points) {
        if point.value != Shown::ToCome {
            parts.push(format!("{} {}", period.label, words::spoken(point.value, &figure.unit)));
        }
    }
    let mut text =
        if parts.is_empty() { String::from("No half-term has a figure yet.") } else { format!("{}.", parts.join("; ")) };
    if let Some((low, high)) = figure.now().and_then(|point| point.usual) {
        let (low, high) = (words::number(low, figure.unit.decimals), words::number(high, figure.unit.decimals));
        text.push_str(&format!(" Usual range {low} to {high}."));
    }
    text
}

/// Draws the chart in one size.
pub(crate) fn plot(figure: &Figure, periods: &[Period], years: (&str, &str), size: Size) -> Svg {
    let frame = Frame::of(size);
    let points = &figure.points;
    let largest = points
        .iter()
        .flat_map(|point| [point.value.number(), point.last_year.number(), point.usual.map(|usual| usual.1)])
        .flatten()
        .fold(0.0, f64::max);
    let mut axis = Axis::from_zero(largest * 1.04, 4.0);
    if figure.unit.sign == "%" && largest <= 100.0 && axis.top > 100.0 {
        axis = Axis { top: 100.0, step: 25.0 };
    }
    let column = (frame.width - frame.left - frame.right) / points.len().max(1) as f64;
    let x = |position: usize| frame.left + column * (position as f64 + 0.5);
    let y = |value: f64| frame.base - value / axis.top * (frame.base - frame.top);
    let (id, class) = match size {
        Size::Wide => (format!("wide-{}", figure.id), "plot wide-only"),
        Size::Narrow => (format!("narrow-{}", figure.id), "plot narrow-only"),
    };
    let title = format!("{}, by half-term, {} beside {}", figure.title, years.0, years.1);
    let mut canvas = Canvas::new(&id, class, frame.width, frame.height, &title, &describe(figure, periods));
    let end = frame.width - frame.right;

    for tick in axis.ticks() {
        canvas.line(if tick == 0.0 { "axis" } else { "grid" }, (frame.left, y(tick)), (end, y(tick)));
        let label = format!("{}{}", words::number(tick, axis.decimals()), figure.unit.sign);
        canvas.text("quiet", (frame.left - 8.0, y(tick) + 5.0), Anchor::End, &label);
    }
    band(&mut canvas, points, frame.left, column, y);
    for (position, point) in points.iter().enumerate() {
        let left = frame.left + column * position as f64;
        if point.value == Shown::NoLogs {
            canvas.rect("hatched", left + 6.0, frame.top, column - 12.0, frame.base - frame.top);
            canvas.rect("plate", x(position) - 29.0, frame.base - 32.0, 58.0, 24.0);
            canvas.text("strong", (x(position), frame.base - 15.0), Anchor::Middle, "no logs");
        }
    }
    for boundary in 0..=points.len() {
        let at = frame.left + column * boundary as f64;
        canvas.line("axis", (at, frame.base), (at, frame.base + 6.0));
    }
    for (position, period) in periods.iter().enumerate() {
        let class = if figure.current == Some(position) { "strong" } else { "quiet" };
        match size {
            Size::Wide => canvas.text(class, (x(position), frame.base + 26.0), Anchor::Middle, &period.label),
            Size::Narrow => {
                let (first, second) = period.label.split_once(' ').unwrap_or((&period.label, ""));
                let first: String = first.chars().take(3).collect();
                let second: String = second.chars().take(4).collect();
                canvas.text(class, (x(position), frame.base + 24.0), Anchor::Middle, &first);
                canvas.text(class, (x(position), frame.base + 43.0), Anchor::Middle, &second);
            }
        }
    }

    let this_year: Vec<Shown> = points.iter().map(|point| point.value).collect();
    let last_year: Vec<Shown> = points.iter().map(|point| point.last_year).collect();
    let counts = is_count(figure);
    if counts {
        for (position, point) in points.iter().enumerate() {
            let half = (column * 0.3).min(26.0);
            if let Some(value) = point.last_year.number() {
                canvas.rect("before-bar", x(position) - half - 2.0, y(value), half, frame.base - y(value));
            }
            if let Some(value) = point.value.number() {
                let class = if figure.current == Some(position) { "bar-now" } else { "bar" };
                canvas.rect(class, x(position) + 2.0, y(value), half, frame.base - y(value));
            }
        }
    } else {
        path(&mut canvas, "before", &last_year, x, y);
        for (position, value) in last_year.iter().enumerate() {
            if let Some(value) = value.number() {
                canvas.circle("before-dot", (x(position), y(value)), 3.5);
            }
        }
        path(&mut canvas, "series", &this_year, x, y);
    }
    for (position, point) in points.iter().enumerate() {
        let now = figure.current == Some(position);
        let shift = if counts { 15.0 } else { 0.0 };
        match point.value {
            Shown::Number(value) => {
                if !counts {
                    canvas.circle(if now { "mark" } else { "dot" }, (x(position), y(value)), if now { 7.0 } else { 4.5 });
                }
                let above =
                    point.last_year.number().is_none_or(|before| counts || before <= value || (before - value) / axis.top > 0.2);
                let at = if above { y(value) - 13.0 } else { y(value) + 25.0 };
                let at = if at > frame.base - 4.0 { y(value) - 13.0 } else { at };
                let class = if now { "strong" } else { "label" };
                canvas.text(class, (x(position) + shift, at), Anchor::Middle, &words::spoken(point.value, &figure.unit));
            }
            Shown::Hidden => canvas.text("label", (x(position), frame.base - 10.0), Anchor::Middle, "[c]"),
            Shown::NotAvailable => canvas.text("label", (x(position), frame.base - 10.0), Anchor::Middle, "[x]"),
            _ => {}
        }
    }
    match size {
        Size::Wide => side_labels(&mut canvas, figure, years, &frame, y),
        Size::Narrow => key_above(&mut canvas, figure, years, counts),
    }
    canvas.finish()
}

/// The usual range; neighbouring half-terms with the same range are one piece, so that no seam shows between them.
pub(super) fn band(canvas: &mut Canvas, points: &[Point], left: f64, column: f64, y: impl Fn(f64) -> f64) {
    let mut from = 0;
    for piece in points.chunk_by(|a, b| a.usual == b.usual) {
        if let Some((low, high)) = piece.first().and_then(|point| point.usual) {
            let (x, width) = (left + column * from as f64, column * piece.len() as f64);
            canvas.rect("band", x, y(high), width, y(low) - y(high));
            canvas.line("band-edge", (x, y(high)), (x + width, y(high)));
            if low > 0.0 {
                canvas.line("band-edge", (x, y(low)), (x + width, y(low)));
            }
        }
        from += piece.len();
    }
}

/// Whether a figure counts things, so that columns are its picture.
pub(super) fn is_count(figure: &Figure) -> bool {
    figure.unit.decimals == 0 && figure.unit.sign.is_empty() && !figure.unit.per_hundred_pupils
}

fn path(canvas: &mut Canvas, class: &str, values: &[Shown], x: impl Fn(usize) -> f64, y: impl Fn(f64) -> f64) {
    for (position, pair) in values.windows(2).enumerate() {
        if let [Shown::Number(from), Shown::Number(to)] = pair {
            canvas.line(class, (x(position), y(*from)), (x(position + 1), y(*to)));
        }
    }
}

/// Labels at the right end of what they name, pushed apart where they would touch.
fn side_labels(canvas: &mut Canvas, figure: &Figure, years: (&str, &str), frame: &Frame, y: impl Fn(f64) -> f64) {
    let last = |pick: fn(&crate::view::Point) -> Option<f64>| figure.points.iter().rev().find_map(pick);
    let mut labels: Vec<(f64, &str, String)> = Vec::new();
    if let Some(value) = last(|point| point.last_year.number()) {
        labels.push((y(value), "before-label", years.1.to_string()));
    }
    if let Some(value) = last(|point| point.value.number()) {
        labels.push((y(value), "strong", years.0.to_string()));
    }
    if let Some((low, high)) = figure.points.last().and_then(|point| point.usual) {
        labels.push((y((low + high) / 2.0), "quiet", String::from("usual range")));
    }
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut floor = frame.top;
    for (at, class, text) in labels {
        let at = at.max(floor);
        canvas.text(class, (frame.width - frame.right + 10.0, at + 5.0), Anchor::Start, &text);
        floor = at + 20.0;
    }
}

/// On a phone there is no room at the side: a key in one line each, above.
fn key_above(canvas: &mut Canvas, figure: &Figure, years: (&str, &str), counts: bool) {
    if counts {
        canvas.rect("bar", 4.0, 6.0, 24.0, 12.0);
    } else {
        canvas.line("series", (4.0, 12.0), (28.0, 12.0));
        canvas.circle("dot", (16.0, 12.0), 4.5);
    }
    canvas.text("strong", (36.0, 17.0), Anchor::Start, years.0);
    if figure.points.iter().any(|point| point.last_year.number().is_some()) {
        if counts {
            canvas.rect("before-bar", 180.0, 6.0, 24.0, 12.0);
        } else {
            canvas.line("before", (180.0, 12.0), (204.0, 12.0));
            canvas.circle("before-dot", (192.0, 12.0), 3.5);
        }
        canvas.text("before-label", (212.0, 17.0), Anchor::Start, years.1);
    }
    if figure.points.iter().any(|point| point.usual.is_some()) {
        canvas.rect("band", 4.0, 30.0, 24.0, 14.0);
        canvas.line("band-edge", (4.0, 30.0), (28.0, 30.0));
        canvas.line("band-edge", (4.0, 44.0), (28.0, 44.0));
        canvas.text("quiet", (36.0, 42.0), Anchor::Start, "usual range");
    }
}
