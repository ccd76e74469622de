//! Charts in letters, for a terminal: bars, sparklines and shades. All begin at zero, a gap in the logs is a gap, and the number stands
//! beside each.

use weir_query::engine::Answer;
use weir_query::saved::Chart;

use super::{Cells, Series, series};

/// Rows of a bar chart; more are in the table above it.
const MOST_BARS: usize = 40;

const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
/// No logs, or no figure.
const GAP: char = '·';

/// The chart, or none where there is nothing to draw.
pub fn in_text(chart: &Chart, answer: &Answer, width: usize) -> anyhow::Result<Option<String>> {
    let cells = Cells::of(answer)?;
    if cells.rows.is_empty() {
        return Ok(None);
    }
    Ok(match chart {
        Chart::None | Chart::Timeline { .. } => None,
        Chart::Bars { label, value } => {
            let rows = cells.place(label).zip(cells.place(value)).map(|(label, value)| {
                let text = |row: &Vec<Option<String>>| row.get(label).cloned().flatten().unwrap_or_else(|| "-".into());
                let number = |row: &Vec<Option<String>>| row.get(value).cloned().flatten();
                cells.rows.iter().map(|row| (text(row), number(row))).collect::<Vec<_>>()
            });
            rows.map(|rows| bars(&rows, &Cells::heading(value), width))
        }
        Chart::Line { x, value, series: by, before } => series(&cells, x, value, by.as_deref(), before.as_deref())
            .map(|(places, lines)| sparklines(&places, &lines, &Cells::heading(value), width)),
        Chart::Heat { row, column, value } => heat(&cells, row, column, value),
    })
}

fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

fn padded(text: &str, width: usize) -> String {
    let text = short(text, width);
    let fill = width.saturating_sub(text.chars().count());
    text + &" ".repeat(fill)
}

/// A bar of eighths of a letter; something that is not nothing is seen.
fn bar(value: f64, top: f64, width: usize) -> String {
    if !(value > 0.0 && top > 0.0) {
        return String::new();
    }
    let eighths = ((value / top * width as f64 * 8.0).round() as usize).clamp(1, width * 8);
    let mut bar = "█".repeat(eighths / 8);
    if let Some(rest) = (eighths % 8).checked_sub(1).and_then(|at| EIGHTHS.get(at)) {
        bar.push(*rest);
    }
    bar
}

/// One bar a row, as long as its number.
fn bars(rows: &[(String, Option<String>)], unit: &str, width: usize) -> String {
    let shown: Vec<(&str, &str, f64)> = rows
        .iter()
        .take(MOST_BARS)
        .map(|(label, value)| {
            let number = value.as_deref().and_then(|value| value.parse().ok()).unwrap_or(0.0);
            (label.as_str(), value.as_deref().unwrap_or("no figure"), number)
        })
        .collect();
    let longest = |at: fn(&(&str, &str, f64)) -> usize| shown.iter().map(at).max().unwrap_or(0);
    let label_width = longest(|(label, ..)| label.chars().count()).min(width / 3);
    let number_width = longest(|(_, number, _)| number.chars().count());
    let room = width.saturating_sub(label_width + number_width + 4).max(8);
    let top = shown.iter().map(|(.., number)| *number).fold(0.0, f64::max);
    let mut text = format!("{unit}\n");
    for (label, number, value) in &shown {
        let line = format!("{}  {:>number_width$}  {}", padded(label, label_width), number, bar(*value, top, room));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    if rows.len() > shown.len() {
        text.push_str(&format!("and {} more in the table\n", rows.len() - shown.len()));
    }
    text
}

fn spark(values: &[Option<f64>], top: f64) -> String {
    let level = |value: f64| {
        let at = if top > 0.0 { (value / top * 7.0).round() as usize } else { 0 };
        LEVELS.get(at.min(7)).copied().unwrap_or(GAP)
    };
    values.iter().flat_map(|value| [value.map_or(GAP, level); 2]).collect()
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// A sparkline for each line, one before it where there is one, and a bar of its last value on a scale that all share.
fn sparklines(places: &[String], lines: &[Series], unit: &str, width: usize) -> String {
    let last = |line: &Series| line.values.iter().flatten().next_back().copied();
    let longest = lines.iter().map(|line| line.name.chars().count()).max().unwrap_or(0);
    let has_before = lines.iter().any(|line| line.before.iter().any(Option::is_some));
    let spark_width = places.len() * 2;
    let numbers: Vec<String> = lines.iter().map(|line| last(line).map_or_else(|| "-".into(), number)).collect();
    let number_width = numbers.iter().map(|number| number.chars().count()).max().unwrap_or(0).max(6);
    let sparks = if has_before { spark_width.max(11) + spark_width.max(9) + 2 } else { spark_width.max(9) };
    // A bar has at least four letters, and two blanks stand between columns.
    let label_width = longest.min(width.saturating_sub(sparks + number_width + 10)).max(8);
    let room = width.saturating_sub(label_width + sparks + number_width + 6).clamp(4, 40);
    let highest = lines.iter().filter_map(last).fold(0.0, f64::max);
    let mut text = format!("{unit}: {} to {}\n", places.first().map_or("", |x| x), places.last().map_or("", |x| x));
    let heads = if has_before {
        format!("{}  {}", padded("year before", spark_width.max(11)), padded("this year", spark_width.max(9)))
    } else {
        padded("over time", spark_width.max(9))
    };
    text.push_str(&format!("{}  {heads}  {:>number_width$}\n", " ".repeat(label_width), "latest"));
    for (line, latest) in lines.iter().zip(&numbers) {
        let top = line.values.iter().chain(&line.before).flatten().copied().fold(0.0, f64::max);
        let drawn = if has_before {
            format!(
                "{}  {}",
                padded(&spark(&line.before, top), spark_width.max(11)),
                padded(&spark(&line.values, top), spark_width.max(9))
            )
        } else {
            padded(&spark(&line.values, top), spark_width.max(9))
        };
        let row = format!(
            "{}  {drawn}  {latest:>number_width$}  {}",
            padded(&line.name, label_width),
            bar(last(line).unwrap_or(0.0), highest, room)
        );
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text.push_str(
        "Each small picture goes from zero to its own highest; the bars share one scale. A dot: no logs or no figure.\n",
    );
    text
}

/// A grid of shades.
fn heat(cells: &Cells, row: &str, column: &str, value: &str) -> Option<String> {
    let (row, column, at) = (cells.place(row)?, cells.place(column)?, cells.place(value)?);
    let text = |cells: &[Option<String>], at: usize| cells.get(at).cloned().flatten().unwrap_or_default();
    let mut rows: Vec<String> = Vec::new();
    let mut columns: Vec<String> = Vec::new();
    for line in &cells.rows {
        let (of_row, of_column) = (text(line, row), text(line, column));
        if !rows.contains(&of_row) {
            rows.push(of_row);
        }
        if !columns.contains(&of_column) {
            columns.push(of_column);
        }
    }
    columns.sort_by(|a, b| a.parse::<f64>().unwrap_or(0.0).total_cmp(&b.parse().unwrap_or(0.0)));
    let find = |of_row: &str, of_column: &str| {
        let line = cells.rows.iter().find(|line| text(line, row) == of_row && text(line, column) == of_column)?;
        text(line, at).parse::<f64>().ok()
    };
    let top = cells.rows.iter().filter_map(|line| text(line, at).parse::<f64>().ok()).fold(0.0, f64::max);
    let width = columns.iter().map(|column| column.chars().count()).max().unwrap_or(1).max(2) + 1;
    let label = rows.iter().map(|row| row.chars().count()).max().unwrap_or(0);
    let mut drawn = format!("{}\n{}", Cells::heading(value), " ".repeat(label));
    for column in &columns {
        drawn.push_str(&format!(" {column:>w$}", w = width - 1));
    }
    drawn.push('\n');
    for of_row in &rows {
        let mut line = padded(of_row, label);
        for of_column in &columns {
            let shade = match find(of_row, of_column) {
                None => GAP.to_string().repeat(width - 1),
                Some(value) => {
                    let at = if top > 0.0 && value > 0.0 { (value / top * 4.0).ceil() as usize } else { 0 };
                    SHADES.get(at.min(4)).unwrap_or(&GAP).to_string().repeat(width - 1)
                }
            };
            line.push(' ');
            line.push_str(&shade);
        }
        drawn.push_str(line.trim_end());
        drawn.push('\n');
    }
    drawn.push_str(&format!("The darkest is {}. A dot: nothing.\n", number(top)));
    Some(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_begin_at_zero_and_what_is_not_nothing_is_seen() {
        assert_eq!(bar(4.0, 4.0, 3), "███");
        assert_eq!(bar(2.0, 4.0, 3), "█▌");
        assert_eq!(bar(0.001, 4.0, 3), "▏");
        assert_eq!(bar(0.0, 4.0, 3), "");
        assert_eq!(bar(0.0, 0.0, 3), "");
        let rows = [("Self-harm".to_string(), Some("4".to_string())), ("Hate".to_string(), None)];
        assert_eq!(bars(&rows, "pupils", 34), "pupils\nSelf-harm          4  ████████████\nHate       no figure\n");
    }

    #[test]
    fn a_gap_is_a_gap_and_not_a_zero() {
        assert_eq!(spark(&[Some(0.0), None, Some(3.5), Some(7.0)], 7.0), "▁▁··▅▅██");
        assert_eq!(spark(&[Some(0.0)], 0.0), "▁▁");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let line = |name: &str| Series {
            name: name.into(),
            values: vec![Some(1.0), None, Some(3.25), None, None, Some(12.0)],
            before: vec![Some(2.0); 6],
        };
        let places: Vec<String> = (1..=6).map(|n| format!("Half-term {n}")).collect();
        let lines = [line("Drugs, alcohol, tobacco and vaping"), line("Hate")];
        for width in [60, 80, 120] {
            for row in sparklines(&places, &lines, "pupils in every 100", width).lines().filter(|row| !row.starts_with("Each")) {
                assert!(row.chars().count() <= width, "{width}: {row}");
            }
        }
    }
}
