//! The small picture of a figure card: half-terms in a row, the usual range behind them, this one marked. Counts are columns.

use super::{Anchor, Axis, Canvas, Svg};
use crate::view::{Figure, Period, Shown};
use crate::words;

const WIDTH: f64 = 312.0;
const HEIGHT: f64 = 100.0;
const SIDE: f64 = 16.0;
const TOP: f64 = 28.0;
const BASE: f64 = 72.0;

/// Draws it, or nothing where no period has a number.
pub(crate) fn spark(figure: &Figure, periods: &[Period]) -> Option<Svg> {
    let points = &figure.points;
    if periods.len() != points.len()
        || !points.iter().any(|point| matches!(point.value, Shown::Number(_) | Shown::Hidden | Shown::NoLogs))
    {
        return None;
    }
    let largest =
        points.iter().flat_map(|point| [point.value.number(), point.usual.map(|usual| usual.1)]).flatten().fold(0.0, f64::max);
    // No round axis here: the card prints the number, and the room is small.
    let axis = Axis { top: if largest > 0.0 { largest * 1.05 } else { 1.0 }, step: 1.0 };
    let column = (WIDTH - 2.0 * SIDE) / points.len() as f64;
    let x = |position: usize| SIDE + column * (position as f64 + 0.5);
    let y = |value: f64| BASE - value / axis.top * (BASE - TOP);
    let mut canvas = Canvas::new(
        &format!("spark-{}", figure.id),
        "spark",
        WIDTH,
        HEIGHT,
        &format!("{}, by half-term", figure.title),
        &super::plot::describe(figure, periods),
    );

    super::plot::band(&mut canvas, points, SIDE, column, y);
    for (position, point) in points.iter().enumerate() {
        let left = SIDE + column * position as f64;
        if point.value == Shown::NoLogs {
            canvas.rect("hatched", left + 2.0, TOP, column - 4.0, BASE - TOP);
        }
    }
    canvas.line("axis", (SIDE, BASE), (WIDTH - SIDE, BASE));
    for boundary in 0..=points.len() {
        let at = SIDE + column * boundary as f64;
        canvas.line("axis", (at, BASE), (at, BASE + 4.0));
    }
    let counts = super::plot::is_count(figure);
    for (position, pair) in points.windows(2).enumerate() {
        if !counts
            && let [from, to] = pair
            && let (Some(from), Some(to)) = (from.value.number(), to.value.number())
        {
            canvas.line("series", (x(position), y(from)), (x(position + 1), y(to)));
        }
    }
    for (position, point) in points.iter().enumerate() {
        let now = figure.current == Some(position);
        match point.value {
            Shown::Number(value) if now => {
                if counts {
                    canvas.rect("bar", x(position) - 12.0, y(value), 24.0, BASE - y(value));
                } else {
                    canvas.circle("mark", (x(position), y(value)), 6.0);
                }
                canvas.text("strong", (x(position), y(value) - 12.0), Anchor::Middle, &words::spoken(point.value, &figure.unit));
            }
            Shown::Number(value) if counts => canvas.rect("bar-earlier", x(position) - 12.0, y(value), 24.0, BASE - y(value)),
            Shown::Number(value) => canvas.circle("dot", (x(position), y(value)), 3.5),
            Shown::Hidden => canvas.text("quiet", (x(position), BASE - 8.0), Anchor::Middle, "[c]"),
            _ => {}
        }
    }
    // Three labels at most, so that they keep their size on a phone: the first, this one, the last.
    let current = figure.current;
    for (position, period) in periods.iter().enumerate() {
        let last = periods.len() - 1;
        let far = |other: usize| current.is_none_or(|now| now.abs_diff(other) >= 2);
        let (wanted, anchor) = match position {
            _ if current == Some(position) => (true, Anchor::Middle),
            0 => (far(0), Anchor::Start),
            _ if position == last => (far(last), Anchor::End),
            _ => (false, Anchor::Middle),
        };
        if wanted {
            let class = if current == Some(position) { "strong" } else { "quiet" };
            let at = match anchor {
                Anchor::Start => SIDE,
                Anchor::End => WIDTH - SIDE,
                Anchor::Middle => x(position).clamp(34.0, WIDTH - 34.0),
            };
            canvas.text(class, (at, HEIGHT - 8.0), anchor, &words::short_period(&period.label));
        }
    }
    Some(canvas.finish())
}
