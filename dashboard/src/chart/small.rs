//! One small picture of many alike: a school's half-terms on the scale that all of them share.

use super::{Anchor, Canvas, Svg};
use crate::view::{Shown, Unit};
use crate::words;

const WIDTH: f64 = 220.0;
const HEIGHT: f64 = 84.0;
const SIDE: f64 = 14.0;
const TOP: f64 = 22.0;
const BASE: f64 = 66.0;

/// Draws it; `largest` is the largest number of all the pictures.
pub(crate) fn small(id: &str, title: &str, labels: &[String], points: &[Shown], largest: f64, unit: &Unit) -> Svg {
    let spoken: Vec<String> =
        labels.iter().zip(points).map(|(label, point)| format!("{label} {}", words::spoken(*point, unit))).collect();
    let mut canvas = Canvas::new(id, "small", WIDTH, HEIGHT, title, &format!("{}.", spoken.join("; ")));
    let top = if largest > 0.0 { largest * 1.05 } else { 1.0 };
    let column = (WIDTH - 2.0 * SIDE) / points.len().max(1) as f64;
    let x = |position: usize| SIDE + column * (position as f64 + 0.5);
    let y = |value: f64| BASE - value / top * (BASE - TOP);
    canvas.line("axis", (SIDE, BASE), (WIDTH - SIDE, BASE));
    for (position, pair) in points.windows(2).enumerate() {
        if let [Shown::Number(from), Shown::Number(to)] = pair {
            canvas.line("series", (x(position), y(*from)), (x(position + 1), y(*to)));
        }
    }
    let newest = points.iter().rposition(|point| point.number().is_some());
    for (position, point) in points.iter().enumerate() {
        match point {
            Shown::Number(value) => {
                let is_newest = newest == Some(position);
                canvas.circle(
                    if is_newest { "mark" } else { "dot" },
                    (x(position), y(*value)),
                    if is_newest { 5.5 } else { 3.5 },
                );
                if is_newest {
                    canvas.text("strong", (x(position), y(*value) - 9.0), Anchor::Middle, &words::spoken(*point, unit));
                }
            }
            Shown::Hidden => canvas.text("quiet", (x(position), BASE - 5.0), Anchor::Middle, "[c]"),
            _ => canvas.text("quiet", (x(position), BASE - 5.0), Anchor::Middle, "[x]"),
        }
    }
    for (position, anchor) in [(0, Anchor::Start), (points.len().saturating_sub(1), Anchor::End)] {
        if let Some(label) = labels.get(position).filter(|_| position > 0 || points.len() != 1) {
            let at = if anchor == Anchor::Start { SIDE } else { WIDTH - SIDE };
            canvas.text("quiet", (at, HEIGHT - 2.0), anchor, &words::short_period(label));
        }
    }
    canvas.finish()
}
