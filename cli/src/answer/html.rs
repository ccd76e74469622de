//! An answer as one page: no script, nothing fetched from elsewhere, the chart drawn in it, the numbers in a table below.

use std::fmt::Write;

use weir_dashboard::{answer_charts, escape};
use weir_query::saved::{Answered, SavedQuery};

use super::Cells;

/// Colours for light and dark; contrast of text at least 7:1, of graphics 3:1.
const STYLE: &str = "
:root{--ink:#0b0c0c;--paper:#fff;--quiet:#4d5459;--line:#858b91;--accent:#0f4f8c;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--ink:#f3f2f1;--paper:#16191d;--quiet:#b1b4b6;--line:#6b737b;--accent:#8cc4f2}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;line-height:1.25}p{max-width:70ch}.quiet{color:var(--quiet)}
.answer-charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(18rem,1fr));gap:1rem}
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
        if let Some(charts) = answer_charts(&query.chart, &cells) {
            write!(page, "{charts}")?;
        }
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
