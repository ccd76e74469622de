//! An answer as one page: no script, nothing fetched from elsewhere, the chart drawn in it, the numbers in a table below.

use std::fmt::Write;

use weir_dashboard::{Anchor, Axis, Canvas, escape};
use weir_query::saved::{Answered, Chart, SavedQuery};

use super::{Cells, Series, series};

/// Colours for light and dark; contrast of text at least 7:1, of graphics 3:1.
const STYLE: &str = "
:root{--ink:#0b0c0c;--paper:#fff;--quiet:#4d5459;--line:#858b91;--accent:#0f4f8c;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--ink:#f3f2f1;--paper:#16191d;--quiet:#b1b4b6;--line:#6b737b;--accent:#8cc4f2}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;line-height:1.25}p{max-width:70ch}.quiet{color:var(--quiet)}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(18rem,1fr));gap:1rem}
figure{margin:0;break-inside:avoid}figcaption{font-weight:600}svg{max-width:100%;height:auto}
svg text{font:13px system-ui,sans-serif;fill:var(--quiet)}svg .strong{fill:var(--ink);font-weight:600}
svg .axis{stroke:var(--line)}svg .grid{stroke:var(--line);opacity:.35}
svg .series{stroke:var(--accent);stroke-width:3;stroke-linecap:round}svg .dot,svg .bar{fill:var(--accent)}
svg .before{stroke:var(--quiet);stroke-width:2;stroke-dasharray:5 4}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid var(--line);padding:.25rem .75rem .25rem 0;text-align:left;vertical-align:top}td.n,th.n{text-align:right}td.n,td.k{white-space:nowrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dt{color:var(--quiet)}dd{margin:0}
@media print{body{max-width:none}}
";

/// A cell of so few letters stays on one line.
const SHORT: usize = 16;

/// Bars of a drawing; more are in the table.
const MOST_BARS: usize = 40;

/// The page.
pub fn page(query: &SavedQuery, answered: &Answered) -> anyhow::Result<String> {
    let cells = Cells::of(&answered.answer)?;
    let mut page = String::from("<!doctype html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    // Nothing on this page may run or fetch, whatever a log put into it.
    page.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
    write!(page, "<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n", escape(&query.title))?;
    write!(page, "<h1>{}</h1>\n<dl>\n<dt>School</dt><dd>{}</dd>\n", escape(&query.title), escape(&answered.school))?;
    for (what, value) in &answered.parameters {
        writeln!(page, "<dt>{}</dt><dd>{}</dd>", escape(what), escape(value))?;
    }
    page.push_str("</dl>\n");
    if cells.rows.is_empty() {
        page.push_str("<p>Nothing was found in what we can see.</p>\n");
    } else {
        page.push_str(&charts(&query.chart, &cells));
        table(&mut page, &cells)?;
    }
    write!(page, "<h2>What it means</h2>\n<p>{}</p>\n", escape(&query.explanation))?;
    write!(page, "<h2>What it can't tell</h2>\n<p>{}</p>\n", escape(&query.limits))?;
    write!(
        page,
        "<p class=\"quiet\">Measured. As of lake version {}, query {} version {}.</p>\n</main>\n</body>\n</html>\n",
        answered.lake_version,
        escape(&query.id),
        query.version
    )?;
    Ok(page)
}

fn table(page: &mut String, cells: &Cells) -> std::fmt::Result {
    let class = |at: usize| if cells.is_number.get(at).copied().unwrap_or(false) { " class=\"n\"" } else { "" };
    page.push_str("<h2>The numbers</h2>\n<div class=\"wide\"><table>\n<thead><tr>");
    for (at, name) in cells.names.iter().enumerate() {
        write!(page, "<th scope=\"col\"{}>{}</th>", class(at), escape(&Cells::heading(name)))?;
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in &cells.rows {
        page.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let cell = cell.as_deref().unwrap_or("");
            let class = if cell.chars().count() <= SHORT && class(at).is_empty() { " class=\"k\"" } else { class(at) };
            write!(page, "<td{class}>{}</td>", escape(cell))?;
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody></table></div>\n");
    Ok(())
}

fn charts(chart: &Chart, cells: &Cells) -> String {
    match chart {
        Chart::Line { x, value, series: by, before } => {
            let Some((places, lines)) = series(cells, x, value, by.as_deref(), before.as_deref()) else { return String::new() };
            let unit = Cells::heading(value);
            let drawn: Vec<String> = lines.iter().enumerate().map(|(at, line)| small(at, &places, line, &unit)).collect();
            let key = if before.is_some() { " The dashed line is the year before." } else { "" };
            format!(
                "<p class=\"quiet\">Each picture: {}, from zero. A gap: no logs or no figure.{key}</p>\n<div class=\"charts\">\n{}</div>\n",
                escape(&unit),
                drawn.concat()
            )
        }
        Chart::Bars { label, value } => {
            cells.place(label).zip(cells.place(value)).map_or_else(String::new, |(label, value)| bars(cells, label, value))
        }
        Chart::None | Chart::Timeline { .. } | Chart::Heat { .. } => String::new(),
    }
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
