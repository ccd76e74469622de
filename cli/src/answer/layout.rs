//! Lays cells out for people: columns without lines between them, broken at blanks only; where they can't stand beside each other, one
//! block a row.

/// Blanks between columns.
const GAP: usize = 2;

fn length(text: &str) -> usize {
    text.chars().count()
}

/// The longest piece of a text that is never broken.
fn longest_word(text: &str) -> usize {
    text.split_whitespace().map(length).max().unwrap_or(0)
}

/// Lines of at most so many letters, broken at blanks; a word that is longer stands whole.
pub fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if length(line) + 1 + length(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Widths of columns, or none where the narrowest do not fit.
fn widths(header: &[String], rows: &[Vec<String>], width: usize) -> Option<Vec<usize>> {
    let columns = |of: fn(&str) -> usize, of_header: fn(&str) -> usize| -> Vec<usize> {
        let cells = |at: usize| rows.iter().filter_map(move |row| row.get(at)).map(|cell| of(cell)).max().unwrap_or(0);
        header.iter().enumerate().map(|(at, name)| cells(at).max(of_header(name))).collect()
    };
    let narrowest = columns(longest_word, longest_word);
    // A heading may always stand in several lines.
    let wanted = columns(length, longest_word);
    let room = width.checked_sub(GAP * header.len().saturating_sub(1))?;
    let mut left = room.checked_sub(narrowest.iter().sum())?;
    let mut widths = narrowest;
    // The narrowest of those that want more grows first, so that one long text does not take all.
    while left > 0 {
        let next = (0..widths.len()).filter(|at| widths[*at] < wanted[*at]).min_by_key(|at| widths[*at]);
        let Some(next) = next else { break };
        widths[next] += 1;
        left -= 1;
    }
    Some(widths)
}

/// The table. Numbers stand to the right.
pub fn table(header: &[String], rows: &[Vec<String>], is_number: &[bool], width: usize) -> String {
    let Some(widths) = widths(header, rows, width) else { return blocks(header, rows, width) };
    let mut text = String::new();
    let mut put = |cells: &[String]| {
        let broken: Vec<Vec<String>> = cells.iter().zip(&widths).map(|(cell, width)| lines(cell, *width)).collect();
        for at in 0..broken.iter().map(Vec::len).max().unwrap_or(0) {
            let mut line = String::new();
            for (column, (pieces, width)) in broken.iter().zip(&widths).enumerate() {
                let piece = pieces.get(at).map_or("", String::as_str);
                let fill = " ".repeat(width.saturating_sub(length(piece)));
                let to_right = is_number.get(column).copied().unwrap_or(false);
                line.push_str(&if to_right { fill + piece } else { piece.to_owned() + &fill });
                line.push_str(&" ".repeat(GAP));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
    };
    put(header);
    put(&widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>());
    for row in rows {
        put(row);
    }
    text
}

/// One block a row: a line a column, left out where it holds nothing.
fn blocks(header: &[String], rows: &[Vec<String>], width: usize) -> String {
    let names = header.iter().map(|name| length(name)).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        for (name, cell) in header.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
            for (at, line) in lines(cell, width.saturating_sub(names + GAP).max(10)).iter().enumerate() {
                let name = if at == 0 { name.as_str() } else { "" };
                text.push_str(&format!("{name}{}{line}\n", " ".repeat(names - length(name) + GAP)));
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn columns_are_broken_at_blanks_and_words_are_whole() {
        let (header, rows) =
            (owned(&["about", "pupils in 100"]), vec![owned(&["Ways round the filter", "7"]), owned(&["Hate", "1.5"])]);
        assert_eq!(
            table(&header, &rows, &[false, true], 20),
            "about         pupils\n              in 100\n────────────  ──────\nWays round         7\nthe filter\nHate             1.5\n"
        );
        for width in [16, 20, 40, 80] {
            assert!(table(&header, &rows, &[false, true], width).lines().all(|line| length(line) <= width), "{width}");
        }
    }

    #[test]
    fn what_does_not_fit_is_one_block_a_row() {
        let (header, rows) =
            (owned(&["site", "device"]), vec![owned(&["fern.example", "d1-aabbccdd"]), owned(&["moss.example", ""])]);
        assert_eq!(
            table(&header, &rows, &[false, false], 20),
            "site    fern.example\ndevice  d1-aabbccdd\n\nsite    moss.example\n\n"
        );
    }
}
