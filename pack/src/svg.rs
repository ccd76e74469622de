//! The page's charts as pictures of lines and shapes, the same as the PDF's: breaks where there is no value, marks with a key, never colour alone.

use std::fmt::Write;

use crate::bundle::{ChartKind, Mark};
use crate::strip::{Strip, StripDay};
use crate::view::Chart;

/// Units of a picture: about its pixels where a page is wide.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 10.0;
const FOOT: f64 = 26.0;

/// A strip's rows begin below the months.
const MONTHS: f64 = 18.0;
const DAY: f64 = 13.0;

/// Letters of a label at most a place holds; longer crowds leave labels out.
const LABEL: f64 = 80.0;

/// The picture, safe to stand in a page. Its words are its description; what is drawn is hidden from those who listen.
pub(crate) fn draw(chart: &Chart) -> String {
    let (height, drawn) = match &chart.strip {
        Some(strip) => (MONTHS + 5.0 * DAY + 2.0, self::strip(strip)),
        None => (TOP + HEIGHT + FOOT, plot(chart)),
    };
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\" xmlns=\"http://www.w3.org/2000/svg\">{drawn}</svg>",
        escaped(&chart.says)
    )
}

/// The key of the marks that a chart has, as shape and word.
pub(crate) fn key(chart: &Chart) -> String {
    let marks = [
        (chart.has_hidden, Mark::Hidden, "hidden"),
        (chart.has_no_logs, Mark::NoLogs, "no logs"),
        (chart.has_not_over, Mark::NotOver, "not over"),
    ];
    let mut out = String::new();
    let mut push = |drawn: &str, words: &str| {
        out.push_str(&format!(
            "<span><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\" class=\"key\">{drawn}</svg> {words}</span> "
        ));
    };
    if chart.has_band {
        push("<rect class=\"band\" x=\"0\" y=\"2\" width=\"14\" height=\"10\"/>", "usual range");
    }
    for (has, mark, words) in marks {
        if has {
            let drawn = if chart.strip.is_some() { day(1.0, 1.0, 0, Some(mark)) } else { self::mark(7.0, 7.0, mark) };
            push(&drawn, words);
        }
    }
    if chart.strip.is_some() {
        push(&day(1.0, 1.0, 1, None), "fewer");
        push(&day(1.0, 1.0, 5, None), "more");
    }
    out
}

fn plot(chart: &Chart) -> String {
    let mut out = String::new();
    let step = (WIDTH - LEFT) / chart.points.len().max(1) as f64;
    let x_of = |place: usize| LEFT + step * (place as f64 + 0.5);
    let y_of = |value: f64| TOP + HEIGHT * (1.0 - value / chart.top);
    let every = (LABEL / step).ceil().max(1.0) as usize;
    for (place, point) in chart.points.iter().enumerate() {
        if let Some((low, high)) = point.band {
            let (top, bottom) = (y_of(high.get()), y_of(low.get()));
            push(
                &mut out,
                format_args!(
                    "<rect class=\"band\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{step:.1}\" height=\"{:.1}\"/>",
                    x_of(place) - step / 2.0,
                    bottom - top
                ),
            );
        }
    }
    for (y, class, words) in [(TOP, "grid", chart.top_words.as_str()), (TOP + HEIGHT, "axis", "0")] {
        push(&mut out, format_args!("<line class=\"{class}\" x1=\"{LEFT}\" y1=\"{y}\" x2=\"{WIDTH}\" y2=\"{y}\"/>"));
        push(
            &mut out,
            format_args!("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>", LEFT - 6.0, y + 4.0, escaped(words)),
        );
    }
    let mut before: Option<(f64, f64)> = None;
    for (place, point) in chart.points.iter().enumerate() {
        let x = x_of(place);
        match (point.value, chart.kind) {
            (None, _) => {
                before = None;
                out.push_str(&point.mark.map(|mark| self::mark(x, TOP + HEIGHT - 10.0, mark)).unwrap_or_default());
            }
            (Some(value), ChartKind::Bars) => {
                let (y, wide) = (y_of(value.get()), (step * 0.56).min(48.0));
                push(
                    &mut out,
                    format_args!(
                        "<rect class=\"bar\" x=\"{:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{:.1}\"/>",
                        x - wide / 2.0,
                        TOP + HEIGHT - y
                    ),
                );
            }
            (Some(value), _) => {
                let y = y_of(value.get());
                if let Some((last_x, last_y)) = before {
                    push(
                        &mut out,
                        format_args!("<line class=\"line\" x1=\"{last_x:.1}\" y1=\"{last_y:.1}\" x2=\"{x:.1}\" y2=\"{y:.1}\"/>"),
                    );
                }
                push(&mut out, format_args!("<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>"));
                before = Some((x, y));
            }
        }
        if place % every == 0 {
            push(
                &mut out,
                format_args!(
                    "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                    TOP + HEIGHT + 18.0,
                    escaped(&point.label)
                ),
            );
        }
    }
    out
}

/// What stands where there is no value.
fn mark(x: f64, y: f64, mark: Mark) -> String {
    match mark {
        Mark::Hidden => format!(
            "<rect class=\"mark\" x=\"{:.1}\" y=\"{:.1}\" width=\"9\" height=\"9\"/><line class=\"mark\" x1=\"{:.1}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\"/>",
            x - 4.5,
            y - 4.5,
            x - 4.5,
            x + 4.5
        ),
        Mark::NoLogs => format!("<path class=\"mark\" d=\"M{:.1} {:.1}l9 9m0 -9l-9 9\"/>", x - 4.5, y - 4.5),
        Mark::NotOver => {
            [-5.0, 0.0, 5.0].map(|dx| format!("<circle class=\"dots\" cx=\"{:.1}\" cy=\"{y:.1}\" r=\"1.6\"/>", x + dx)).concat()
        }
    }
}

fn strip(strip: &Strip) -> String {
    let mut out = String::new();
    for month in &strip.months {
        push(&mut out, format_args!("<text x=\"{:.1}\" y=\"12\">{}</text>", LEFT + month.week as f64 * pitch(strip), month.name));
    }
    for (row, name) in ["Mon", "Tue", "Wed", "Thu", "Fri"].iter().enumerate() {
        push(
            &mut out,
            format_args!(
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>",
                LEFT - 6.0,
                MONTHS + row as f64 * DAY + 10.0
            ),
        );
    }
    for StripDay { week, weekday, shade, mark } in &strip.days {
        out.push_str(&day(LEFT + *week as f64 * pitch(strip), MONTHS + f64::from(*weekday) * DAY, *shade, *mark));
    }
    out
}

/// From one week to the next; a year of many weeks stays in the picture.
fn pitch(strip: &Strip) -> f64 {
    DAY.min((WIDTH - LEFT) / strip.weeks.max(1) as f64)
}

fn day(x: f64, y: f64, shade: u8, mark: Option<Mark>) -> String {
    let mut out = format!("<rect class=\"day shade{shade}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"11.5\" height=\"11.5\"/>");
    match mark {
        Some(Mark::Hidden) => push(
            &mut out,
            format_args!(
                "<line class=\"mark\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
                x + 3.0,
                y + 5.75,
                x + 8.5,
                y + 5.75
            ),
        ),
        Some(Mark::NoLogs) => {
            push(&mut out, format_args!("<path class=\"mark\" d=\"M{:.1} {:.1}l8 -8m-8 4l4 -4m4 4l-4 4\"/>", x + 1.75, y + 9.75))
        }
        Some(Mark::NotOver) => {
            push(&mut out, format_args!("<circle class=\"dots\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"1.4\"/>", x + 5.75, y + 5.75))
        }
        None => {}
    }
    out
}

fn push(out: &mut String, drawn: std::fmt::Arguments<'_>) {
    // Writing into a string can't fail.
    out.write_fmt(drawn).ok();
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{Number, Point};

    fn chart(kind: ChartKind) -> Chart {
        let point = |label: &str, value: Option<f64>, mark| Point {
            label: label.into(),
            value: value.and_then(Number::new),
            mark,
            band: None,
        };
        let points = vec![
            point("A", Some(1.0), None),
            point("B", None, Some(Mark::Hidden)),
            point("C", Some(2.0), None),
            point("<D>", Some(4.0), None),
        ];
        Chart {
            kind,
            title: String::new(),
            says: "a \"b\" <c>".into(),
            top: 4.0,
            top_words: "4".into(),
            points,
            strip: None,
            has_hidden: true,
            has_no_logs: false,
            has_not_over: false,
            has_band: false,
        }
    }

    #[test]
    fn a_line_breaks_where_a_value_is_hidden() {
        let drawn = draw(&chart(ChartKind::Line));
        // A to B and B to C are not joined, C to D is: from the middle to the top of the plot.
        assert_eq!(drawn.matches("class=\"line\"").count(), 1);
        assert!(drawn.contains("y1=\"85.0\" x2=\"565.5\" y2=\"10.0\""), "{drawn}");
        assert_eq!(drawn.matches("class=\"dot\"").count(), 3);
    }

    #[test]
    fn bars_stand_on_zero_and_texts_are_escaped() {
        let drawn = draw(&chart(ChartKind::Bars));
        // A quarter of the height.
        assert!(drawn.contains("y=\"122.5\" width=\"48.0\" height=\"37.5\""), "{drawn}");
        assert!(drawn.contains("aria-label=\"a &quot;b&quot; &lt;c&gt;\"") && drawn.contains(">&lt;D&gt;</text>"));
    }
}
