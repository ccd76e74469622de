//! The picture of a saved question's answer: a bar a row, or a small picture for each line. The numbers stand in a table beside it.

use weir_query::cells::{Cells, Series, series};
use weir_query::saved::Chart;

use super::{Anchor, Axis, Canvas, Svg, escape};

/// Bars of a drawing; more are in the table.
const MOST_BARS: usize = 40;

/// The chart of an answer; none where a table says it best.
pub fn answer_charts(chart: &Chart, cells: &Cells) -> Option<Svg> {
    let drawn = match chart {
        Chart::Line { x, value, series: by, before } => {
            let (places, lines) = series(cells, x, value, by.as_deref(), before.as_deref())?;
            let unit = Cells::heading(value);
            let drawn: Vec<String> = lines.iter().enumerate().map(|(at, line)| small(at, &places, line, &unit)).collect();
            let key = if before.is_some() { " The dashed line is the year before." } else { "" };
            format!(
                "<p class=\"quiet\">Each picture: {}, from zero. A gap: no logs or no figure.{key}</p>\n<div class=\"answer-charts\">\n{}</div>\n",
                escape(&unit),
                drawn.concat()
            )
        }
        Chart::Bars { label, value } => {
            cells.place(label).zip(cells.place(value)).map_or_else(String::new, |(label, value)| bars(cells, label, value))
        }
        Chart::None | Chart::Timeline { .. } | Chart::Heat { .. } => String::new(),
    };
    (!drawn.is_empty()).then_some(Svg(drawn))
}

fn label(axis: Axis, value: f64) -> String {
    format!("{value:.*}", axis.decimals())
}

/// One line with its points, on an axis of its own.
fn small(at: usize, places: &[String], line: &Series, unit: &str) -> String {
    let (width, height, left, right, top, base) = (312.0, 168.0, 44.0, 12.0, 16.0, 136.0);
    let largest = line.values.iter().chain(&line.before).flatten().copied().fold(0.0, f64::max);
    let axis = Axis::from_zero(largest * 1.04, 3.0);
    let column = (width - left - right) / places.len().max(1) as f64;
    let x = |place: usize| left + column * (place as f64 + 0.5);
    let y = |value: f64| base - value / axis.top * (base - top);
    let told: Vec<String> = places
        .iter()
        .zip(&line.values)
        .map(|(place, value)| format!("{place} {}", value.map_or_else(|| "no figure".into(), |value| format!("{value:.2}"))))
        .collect();
    let title = if line.name.is_empty() { unit.to_owned() } else { format!("{}: {unit}", line.name) };
    let mut canvas = Canvas::new(&format!("line-{at}"), "small", width, height, &title, &format!("{}.", told.join("; ")));
    for tick in axis.ticks() {
        canvas.line(if tick == 0.0 { "axis" } else { "grid" }, (left, y(tick)), (width - right, y(tick)));
        canvas.text("quiet", (left - 6.0, y(tick) + 4.0), Anchor::End, &label(axis, tick));
    }
    for (class, values) in [("before", &line.before), ("series", &line.values)] {
        for (place, pair) in values.windows(2).enumerate() {
            if let [Some(from), Some(to)] = pair {
                canvas.line(class, (x(place), y(*from)), (x(place + 1), y(*to)));
            }
        }
    }
    for (place, value) in line.values.iter().enumerate() {
        if let Some(value) = value {
            canvas.circle("dot", (x(place), y(*value)), 4.0);
        }
    }
    if let (Some(first), Some(last)) = (places.first(), places.last()) {
        canvas.text("quiet", (left, height - 10.0), Anchor::Start, first);
        if places.len() > 1 {
            canvas.text("quiet", (width - right, height - 10.0), Anchor::End, last);
        }
    }
    format!("<figure><figcaption>{}</figcaption>{}</figure>\n", escape(&line.name), canvas.finish())
}

fn bars(cells: &Cells, label_at: usize, value_at: usize) -> String {
    let text = |row: &Vec<Option<String>>, at: usize| row.get(at).cloned().flatten();
    let rows: Vec<(String, String)> = cells
        .rows
        .iter()
        .take(MOST_BARS)
        .map(|row| (text(row, label_at).unwrap_or_default(), text(row, value_at).unwrap_or_else(|| "no figure".into())))
        .collect();
    let number = |text: &str| text.parse::<f64>().unwrap_or(0.0);
    let top = rows.iter().map(|(_, value)| number(value)).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let (width, step, left) = (736.0, 26.0, 260.0);
    let height = step * rows.len() as f64 + 8.0;
    let told: Vec<String> = rows.iter().map(|(label, value)| format!("{label} {value}")).collect();
    let unit = cells.names.get(value_at).map_or_else(String::new, |name| Cells::heading(name));
    let mut canvas = Canvas::new("bars", "bars", width, height, &unit, &format!("{}.", told.join("; ")));
    for (at, (label, value)) in rows.iter().enumerate() {
        let y = 4.0 + step * at as f64;
        let short: String =
            if label.chars().count() > 34 { label.chars().take(33).chain(['…']).collect() } else { label.clone() };
        canvas.text("strong", (left - 8.0, y + 16.0), Anchor::End, &short);
        let length = number(value) / top * (width - left - 90.0);
        canvas.rect("bar", left, y + 3.0, length, step - 8.0);
        canvas.text("quiet", (left + length + 6.0, y + 16.0), Anchor::Start, value);
    }
    format!("<figure><figcaption>{}</figcaption>{}</figure>\n", escape(&unit), canvas.finish())
}
