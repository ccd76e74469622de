//! Server-drawn SVG: charts with a title and a description, no colour and no style of their own (the style sheet gives both).
//!
//! Shapes carry classes only, so that light, dark, print and forced colours are one rule each, and the content security policy
//! needs no exception. Every text that comes from outside is escaped here.

mod answer;
mod bar;
mod funnel;
mod plot;
mod shape;
mod small;
mod spark;
mod strip;

use std::fmt::{self, Write};

pub use answer::answer_charts;
pub(crate) use bar::coverage_bar;
pub(crate) use funnel::funnel;
pub(crate) use plot::{Size, plot};
pub(crate) use shape::{state_shape, tone_shape};
pub(crate) use small::small;
pub(crate) use spark::spark;
pub(crate) use strip::{Scale, legend, strip};

/// A finished drawing, safe to stand in a page as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Svg(String);

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Svg {}

/// Where a text hangs on its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A drawing under way; writing into a `String` cannot fail, so its results are dropped.
pub struct Canvas {
    out: String,
}

impl Canvas {
    /// Opens a drawing that a screen reader announces by title and description.
    pub fn new(id: &str, class: &str, width: f64, height: f64, title: &str, description: &str) -> Self {
        let id = escape(id);
        let mut canvas = Self { out: String::with_capacity(4096) };
        canvas.push(format_args!(
            "<svg class=\"chart {class}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-desc\"><title id=\"{id}-title\">{}</title><desc id=\"{id}-desc\">{}</desc>",
            escape(title),
            escape(description)
        ));
        canvas
    }

    /// Opens a drawing that repeats what words beside it say.
    pub(crate) fn silent(class: &str, width: f64, height: f64) -> Self {
        let mut canvas = Self { out: String::with_capacity(256) };
        canvas.push(format_args!(
            "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" aria-hidden=\"true\" focusable=\"false\">"
        ));
        canvas
    }

    /// Adds marks as they are; the caller has escaped what comes from outside.
    pub fn push(&mut self, text: fmt::Arguments<'_>) {
        self.out.write_fmt(text).ok();
    }

    /// A rectangle.
    pub fn rect(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let (width, height) = (width.max(0.0), height.max(0.0));
        self.push(format_args!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
        ));
    }

    /// A line.
    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.push(format_args!(
            "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
            from.0, from.1, to.0, to.1
        ));
    }

    /// A circle.
    pub fn circle(&mut self, class: &str, centre: (f64, f64), radius: f64) {
        self.push(format_args!("<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius}\"/>", centre.0, centre.1));
    }

    /// A text, escaped here.
    pub fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.push(format_args!(
            "<text class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            at.0,
            at.1,
            escape(text)
        ));
    }

    /// Closes the drawing.
    pub fn finish(mut self) -> Svg {
        self.out.push_str("</svg>");
        Svg(self.out)
    }
}

/// Escapes text for element content and double-quoted attributes; control characters, which XML cannot hold, go.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

/// An axis from zero: its top and the step between its lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// Its highest value.
    pub top: f64,
    /// From line to line.
    pub step: f64,
}

impl Axis {
    /// The smallest round axis that holds `largest` in about `lines` steps.
    pub fn from_zero(largest: f64, lines: f64) -> Self {
        let largest = if largest.is_finite() && largest > 0.0 { largest } else { 1.0 };
        let rough = largest / lines;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough * 0.999_999);
        let step = step.unwrap_or(10.0 * power);
        Self { top: (largest / step * 0.999_999).ceil() * step, step }
    }

    /// The values of its lines, zero first.
    pub fn ticks(self) -> impl Iterator<Item = f64> {
        let count = (self.top / self.step).round().clamp(1.0, 20.0) as u32;
        (0..=count).map(move |n| f64::from(n) * self.step)
    }

    /// Decimals its lines need.
    pub fn decimals(self) -> usize {
        (0..=4)
            .find(|decimals| {
                let scaled = self.step * 10f64.powi(*decimals as i32);
                (scaled - scaled.round()).abs() < 1e-6
            })
            .unwrap_or(4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_round_and_hold_their_largest() {
        for (largest, top, step, decimals) in [
            (3.1, 4.0, 1.0, 0),
            (0.82, 1.0, 0.25, 2),
            (14.0, 15.0, 5.0, 0),
            (100.0, 100.0, 25.0, 0),
            (0.0, 1.0, 0.25, 2),
            (f64::NAN, 1.0, 0.25, 2),
        ] {
            let axis = Axis::from_zero(largest, 4.0);
            assert_eq!((axis.top, axis.step, axis.decimals()), (top, step, decimals), "{largest}");
            assert_eq!(axis.ticks().next(), Some(0.0));
        }
    }

    #[test]
    fn nothing_from_outside_opens_a_tag() {
        assert_eq!(escape("a<b> & \"c\" 'd'\u{1}"), "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
    }
}
