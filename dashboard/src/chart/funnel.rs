//! The funnel of a group: each school by what is expected of it and how far what was seen is from that; names only for schools outside
//! the limits and for the reader's own.

use weir_query::statistics::funnel_limits;

use super::{Anchor, Axis, Canvas, Size, Svg};
use crate::view::{Group, GroupFigure, Place, Spot};
use crate::words;

/// Points of a limit's curve.
const STEPS: u32 = 60;
/// Least distance between two names, top to top.
const LINE: f64 = 19.0;

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
            Size::Wide => Self { width: 736.0, height: 420.0, left: 64.0, right: 24.0, top: 40.0, base: 356.0 },
            Size::Narrow => Self { width: 348.0, height: 400.0, left: 44.0, right: 8.0, top: 56.0, base: 328.0 },
        }
    }
}

/// What the funnel says, in words.
pub(crate) fn describe(group: &Group, figure: &GroupFigure) -> String {
    let name = |spot: &Spot| group.members.get(spot.member).map_or("", |member| member.name.as_str());
    let outside: Vec<String> = figure
        .funnel
        .iter()
        .filter(|spot| place(figure, spot).is_outside())
        .map(|spot| format!("{}: {}", name(spot), place(figure, spot).words()))
        .collect();
    let inside = figure.funnel.len() - outside.len();
    let rest = if outside.is_empty() { String::new() } else { format!(" {}.", outside.join("; ")) };
    format!(
        "{} placed by the number of pupil-weeks expected of them. {inside} inside the limits.{rest}",
        words::plural(figure.funnel.len() as u32, "school")
    )
}

fn place(figure: &GroupFigure, spot: &Spot) -> Place {
    figure.places.get(spot.member).copied().unwrap_or(Place::TooFew)
}

/// Draws it; `own` is the reader's school, by position.
pub(crate) fn funnel(group: &Group, figure: &GroupFigure, own: Option<usize>, size: Size) -> Svg {
    let frame = Frame::of(size);
    let most = figure.funnel.iter().map(|spot| spot.expected).fold(0.0, f64::max);
    let across = Axis::from_zero(most * 1.08, if size == Size::Wide { 6.0 } else { 3.0 });
    let highest = figure.funnel.iter().map(|spot| spot.ratio).fold(2.0, f64::max);
    // Limits of a tiny expectation have no end; the axis holds the schools, and the curves run out of it.
    let up = Axis::from_zero(highest * 1.1, 4.0);
    let x = |expected: f64| frame.left + expected / across.top * (frame.width - frame.left - frame.right);
    let y = |ratio: f64| frame.base - ratio.min(up.top) / up.top * (frame.base - frame.top);
    let (id, class) = match size {
        Size::Wide => ("funnel-wide", "plot wide-only"),
        Size::Narrow => ("funnel-narrow", "plot narrow-only"),
    };
    let title = format!("{}: each school against what is expected of it", figure.title);
    let mut canvas = Canvas::new(id, class, frame.width, frame.height, &title, &describe(group, figure));
    let end = frame.width - frame.right;
    for tick in up.ticks() {
        canvas.line(if tick == 0.0 { "axis" } else { "grid" }, (frame.left, y(tick)), (end, y(tick)));
        canvas.text("quiet", (frame.left - 8.0, y(tick) + 5.0), Anchor::End, &words::number(tick, up.decimals()));
    }
    for tick in across.ticks() {
        canvas.line("axis", (x(tick), frame.base), (x(tick), frame.base + 6.0));
        let anchor = if tick == 0.0 || tick < across.top { Anchor::Middle } else { Anchor::End };
        canvas.text("quiet", (x(tick), frame.base + 24.0), anchor, &words::number(tick, across.decimals()));
    }
    curves(&mut canvas, figure.tau2, across.top, up.top, x, y);
    canvas.line("expected", (frame.left, y(1.0)), (end, y(1.0)));
    let up_label = match size {
        Size::Wide => "Seen, as a multiple of what is expected",
        Size::Narrow => "Seen / expected",
    };
    canvas.text("label", (4.0, 20.0), Anchor::Start, up_label);
    canvas.text("label", (end, frame.base + 48.0), Anchor::End, "Pupil-weeks expected: larger schools to the right");
    dots(&mut canvas, group, figure, own, &frame, (x, y));
    canvas.finish()
}

fn curves(canvas: &mut Canvas, tau2: f64, widest: f64, highest: f64, x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) {
    // Closer together on the left, where the limits bend.
    let at: Vec<f64> = (1..=STEPS).map(|step| widest * (f64::from(step) / f64::from(STEPS)).powi(2)).collect();
    for (class, is_wide, is_upper) in
        [("limit-outer", true, true), ("limit-outer", true, false), ("limit", false, true), ("limit", false, false)]
    {
        let limit = |expected: f64| {
            let (limits95, limits998) = funnel_limits(expected, tau2);
            let limits = if is_wide { limits998 } else { limits95 };
            if is_upper { limits.upper } else { limits.lower }
        };
        let points: Vec<String> = at
            .iter()
            .map(|expected| (*expected, limit(*expected)))
            .filter(|(_, limit)| *limit <= highest)
            .map(|(expected, limit)| format!("{:.1},{:.1}", x(expected), y(limit)))
            .collect();
        if points.len() > 1 {
            canvas.push(format_args!("<polyline class=\"{class}\" points=\"{}\"/>", points.join(" ")));
        }
        if let (true, Some(last)) = (is_upper, at.last()) {
            let label = if is_wide { "99.8%" } else { "95%" };
            canvas.text("quiet", (x(*last), y(limit(*last)) - 5.0), Anchor::End, label);
        }
    }
}

fn dots(
    canvas: &mut Canvas,
    group: &Group,
    figure: &GroupFigure,
    own: Option<usize>,
    frame: &Frame,
    (x, y): (impl Fn(f64) -> f64, impl Fn(f64) -> f64),
) {
    let is_named = |spot: &&Spot| own == Some(spot.member) || place(figure, spot).is_outside();
    for spot in figure.funnel.iter().filter(|spot| !is_named(spot)) {
        canvas.circle("dot-inside", (x(spot.expected), y(spot.ratio)), 5.0);
    }
    let mut named: Vec<&Spot> = figure.funnel.iter().filter(is_named).collect();
    named.sort_by(|a, b| b.ratio.total_cmp(&a.ratio));
    let mut lowest = 0.0_f64;
    for spot in named {
        let at = (x(spot.expected), y(spot.ratio));
        let place = place(figure, spot);
        match place {
            Place::Above | Place::FarAbove => {
                canvas.push(format_args!("<path class=\"dot-outside\" d=\"M{:.1} {:.1}l8 14h-16z\"/>", at.0, at.1 - 9.0))
            }
            Place::Below | Place::FarBelow => {
                canvas.push(format_args!("<path class=\"dot-outside\" d=\"M{:.1} {:.1}l8 -14h-16z\"/>", at.0, at.1 + 9.0))
            }
            _ => canvas.circle("mark", at, 7.0),
        }
        let name = group.members.get(spot.member).map_or("", |member| member.name.as_str());
        // Names keep clear of each other and inside the frame.
        let line = (at.1 + 5.0).max(lowest + LINE).min(frame.base - 6.0);
        lowest = line;
        let is_right = at.0 < frame.left + (frame.width - frame.left - frame.right) * 0.5;
        let (from, anchor) = if is_right { (at.0 + 13.0, Anchor::Start) } else { (at.0 - 13.0, Anchor::End) };
        canvas.text(if own == Some(spot.member) { "strong" } else { "label" }, (from, line), anchor, name);
    }
}
