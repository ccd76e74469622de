//! The workbook: a sheet a block, numbers and days as such, and no text that a spreadsheet would run.

use std::collections::HashSet;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet};

use crate::bundle::{Audience, Block, Bundle, Cell, ColumnKind, Table};
use crate::csv::FORMULA_SIGNS;
use crate::error::PackError;
use crate::{lists, words};

/// Rows of a sheet.
const MOST_ROWS: usize = 1_048_576;

/// Letters of a cell, as a sheet counts them.
const MOST_LETTERS: usize = 32_767;

/// Letters of a sheet's name.
const MOST_NAME: usize = 31;

/// What a sheet's name must not hold.
const NOT_IN_NAMES: [char; 7] = ['[', ']', ':', '*', '?', '/', '\\'];

/// A sheet's first day is in 1900, and that year's February has a day too many there.
const FIRST_YEAR: i16 = 1901;

/// How cells look.
struct Looks {
    title: Format,
    heading: Format,
    header: Format,
    text: Format,
    /// A cell so marked stays text when someone edits it.
    text_only: Format,
    mark: Format,
    date: Format,
    link: Format,
}

impl Looks {
    fn new() -> Looks {
        let cell = || Format::new().set_align(FormatAlign::Top);
        Looks {
            title: cell().set_bold().set_font_size(16).set_font_color(0x000F_4F8C),
            heading: cell().set_bold().set_font_size(12),
            header: cell().set_bold().set_text_wrap().set_border_bottom(FormatBorder::Medium),
            text: cell().set_text_wrap(),
            text_only: cell().set_text_wrap().set_quote_prefix(),
            mark: cell().set_align(FormatAlign::Right).set_font_color(0x004D_5459),
            date: cell().set_num_format("d mmm yyyy").set_align(FormatAlign::Left),
            link: cell().set_font_color(0x000F_4F8C),
        }
    }
}

/// A sheet as it is filled from the top.
struct Filling<'a> {
    sheet: &'a mut Worksheet,
    looks: &'a Looks,
    row: u32,
}

impl Filling<'_> {
    fn text(&mut self, column: u16, text: &str, look: &Format) -> Result<(), PackError> {
        if text.encode_utf16().count() > MOST_LETTERS {
            return Err(PackError::TooMuch { what: format!("a text of more than {MOST_LETTERS} letters") });
        }
        if self.row as usize >= MOST_ROWS {
            return Err(PackError::TooMuch { what: format!("more than {MOST_ROWS} rows") });
        }
        // People wrote it. A text cell is never run as it stands; marked, it is not when it is edited either.
        let look = if text.starts_with(FORMULA_SIGNS) { &self.looks.text_only } else { look };
        self.sheet.write_string_with_format(self.row, column, text, look)?;
        Ok(())
    }

    /// A line, and the row below it.
    fn line(&mut self, text: &str, look: &Format) -> Result<(), PackError> {
        self.text(0, text, look)?;
        self.row += 1;
        Ok(())
    }

    fn cell(&mut self, column: u16, kind: ColumnKind, cell: &Cell) -> Result<(), PackError> {
        let looks = self.looks;
        let decimals = |decimals: u8| if decimals == 0 { String::new() } else { format!(".{}", "0".repeat(decimals.into())) };
        match cell {
            Cell::Empty => Ok(()),
            Cell::Text(text) => self.text(column, text, &looks.text),
            Cell::Mark(text) => self.text(column, text, &looks.mark),
            Cell::Date(date) if date.year() < FIRST_YEAR => self.text(column, &date.to_string(), &looks.text),
            Cell::Date(date) => {
                let (year, month, day) = (date.year().unsigned_abs(), date.month().unsigned_abs(), date.day().unsigned_abs());
                let date = ExcelDateTime::from_ymd(year, month, day)?;
                self.sheet.write_datetime_with_format(self.row, column, date, &looks.date)?;
                Ok(())
            }
            Cell::Number(value) => {
                // The value is the one that documents show, and has no digit more: 12.5 is read 12.5%.
                let (format, shown) = match kind {
                    ColumnKind::Percent { decimals: count } => {
                        (format!("0{}\"%\"", decimals(count)), words::rounded(*value, count))
                    }
                    ColumnKind::Number { decimals: count } => {
                        (format!("#,##0{}", decimals(count)), words::rounded(*value, count))
                    }
                    ColumnKind::Text | ColumnKind::Date => ("General".to_owned(), value.get()),
                };
                let look = Format::new().set_align(FormatAlign::Top).set_num_format(format);
                self.sheet.write_number_with_format(self.row, column, shown, &look)?;
                Ok(())
            }
        }
    }

    /// A table with its heading, and an empty row below.
    fn table(&mut self, table: &Table) -> Result<(), PackError> {
        self.line(&table.title, &self.looks.heading)?;
        for (column, heading) in (0..).zip(&table.columns) {
            self.text(column, &heading.title, &self.looks.header)?;
        }
        self.row += 1;
        for row in &table.rows {
            for (column, (kind, cell)) in (0..).zip(table.columns.iter().map(|column| column.kind).zip(row)) {
                self.cell(column, kind, cell)?;
            }
            self.row += 1;
        }
        if table.rows.is_empty() {
            self.line("Nothing is recorded.", &self.looks.text)?;
        }
        self.row += 1;
        Ok(())
    }
}

/// The workbook's bytes.
pub(crate) fn write(bundle: &Bundle, digest: &str) -> Result<Vec<u8>, PackError> {
    let looks = Looks::new();
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(bundle)?);
    let mut names = Names::default();
    let plan = plan(bundle, &mut names);
    read_me(bundle, digest, &plan, sheet(&mut workbook, bundle, &looks, "Read me", &[30.0, 90.0])?)?;
    for (name, _, content) in &plan {
        match content {
            Content::Block(block) => {
                let widths = [34.0, 26.0, 26.0, 18.0, 18.0, 18.0, 30.0, 30.0];
                fill_block(block, sheet(&mut workbook, bundle, &looks, name, &widths)?)?
            }
            Content::Tables(tables) => {
                let widths = tables.first().map(widths).unwrap_or_default();
                let mut filling = sheet(&mut workbook, bundle, &looks, name, &widths)?;
                for table in tables {
                    filling.table(table)?;
                }
            }
        }
    }
    Ok(workbook.save_to_buffer()?)
}

fn properties(bundle: &Bundle) -> Result<DocProperties, PackError> {
    Ok(DocProperties::new()
        .set_title(format!("{}: {}, {}", bundle.title, bundle.body.name, bundle.year))
        .set_author(&bundle.body.name)
        .set_comment(words::audience(bundle.audience))
        .set_creation_datetime(&ExcelDateTime::from_timestamp(bundle.frozen_at.as_second())?))
}

fn sheet<'a>(
    workbook: &'a mut Workbook,
    bundle: &Bundle,
    looks: &'a Looks,
    name: &str,
    widths: &[f64],
) -> Result<Filling<'a>, PackError> {
    let sheet = workbook.add_worksheet();
    sheet.set_name(name)?.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    for (column, width) in (0..).zip(widths) {
        sheet.set_column_width(column, *width)?;
    }
    let warning = words::warning(bundle.audience);
    if !warning.is_empty() {
        sheet.set_header(format!("&C{warning}"));
    }
    let mut filling = Filling { sheet, looks, row: 0 };
    if !warning.is_empty() {
        // Not wrapped: it stands over the columns beside it.
        filling.line(warning, &looks.heading)?;
    }
    Ok(filling)
}

/// What stands on a sheet.
enum Content<'a> {
    Block(&'a Block),
    Tables(Vec<Table>),
}

/// The sheets: name, what it is, content.
fn plan<'a>(bundle: &'a Bundle, names: &mut Names) -> Vec<(String, String, Content<'a>)> {
    let mut plan = Vec::new();
    let lists = |names: &mut Names, name: &str, tables: Vec<Table>, plan: &mut Vec<(String, String, Content<'a>)>| {
        let what = tables.first().map(|table| table.title.clone()).unwrap_or_default();
        plan.push((names.take(name), what, Content::Tables(tables)));
    };
    let is_summary = bundle.audience == Audience::Public;
    let mut in_short = vec![lists::lines(bundle)];
    if !is_summary {
        in_short.push(lists::findings(bundle));
    }
    lists(names, "In short", in_short, &mut plan);
    lists(names, "Figures", vec![lists::all_figures(bundle)], &mut plan);
    for (place, section) in (1..).zip(&bundle.sections) {
        for block in &section.blocks {
            let (prefix, what) = match &section.heading {
                Some(heading) => (format!("{place}.{:02} ", block.number), format!("{heading}: {}", block.title)),
                None => (format!("{:02} ", block.number), block.title.clone()),
            };
            plan.push((names.take(&format!("{prefix}{}", block.title)), what, Content::Block(block)));
        }
    }
    if !is_summary {
        lists(names, "Actions", vec![lists::actions(bundle)], &mut plan);
        lists(names, "Signatures", vec![lists::signatures(bundle)], &mut plan);
    }
    if bundle.replaces.is_some() {
        lists(names, "What changed", vec![lists::differences(bundle)], &mut plan);
    }
    for (letter, table) in ('A'..='Z').cycle().zip(&bundle.appendices) {
        lists(names, &format!("{letter} {}", table.title), vec![table.clone()], &mut plan);
    }
    lists(names, "Definitions", vec![lists::definitions(bundle)], &mut plan);
    lists(names, "Words", vec![lists::glossary(bundle)], &mut plan);
    plan
}

/// Names that sheets have: no two alike, whatever the case of their letters.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    fn take(&mut self, wanted: &str) -> String {
        let plain: String = wanted.chars().map(|c| if NOT_IN_NAMES.contains(&c) || c.is_control() { ' ' } else { c }).collect();
        let plain = plain.trim_matches(['\'', ' ']);
        for count in 1.. {
            let suffix = if count == 1 { String::new() } else { format!(" {count}") };
            let mut name = String::new();
            for c in plain.chars() {
                if name.encode_utf16().count() + c.len_utf16() + suffix.len() > MOST_NAME {
                    break;
                }
                name.push(c);
            }
            let name = format!("{}{suffix}", name.trim_end_matches(['\'', ' ']));
            if self.0.insert(name.to_lowercase()) {
                return name;
            }
        }
        plain.to_owned()
    }
}

fn read_me(bundle: &Bundle, digest: &str, plan: &[(String, String, Content)], mut filling: Filling) -> Result<(), PackError> {
    let looks = filling.looks;
    filling.line(&bundle.title, &looks.title)?;
    filling.line(&format!("{}, {}", bundle.body.name, bundle.year), &looks.heading)?;
    filling.row += 1;
    let replaces = bundle.replaces.as_ref().map(|replaced| format!("revision {}", replaced.revision));
    let facts = [
        ("For", format!("{}. {}", words::audience(bundle.audience), words::audience_says(bundle.audience))),
        ("Time", format!("{} to {}", words::day(bundle.first_day), words::day(bundle.last_day))),
        ("Revision", bundle.revision.to_string()),
        ("Takes the place of", replaces.unwrap_or_default()),
        ("Frozen", words::moment(bundle.frozen_at)),
        ("Digest (BLAKE3 of the bundle)", digest.to_owned()),
        ("To check it", "weir report --rebuild BUNDLE.json --out FILE.xlsx makes this workbook again from the stored bundle and prints its digest".to_owned()),
        ("Frozen by", format!("Weir {} from lake version {}", bundle.weir_version, bundle.lake_version)),
        ("Made by", format!("Weir {}", crate::VERSION)),
    ];
    let marks = words::marks(bundle.audience).into_iter().map(|(mark, meaning)| (mark, meaning.to_owned()));
    for (name, fact) in facts.into_iter().filter(|(_, fact)| !fact.is_empty()).chain(marks) {
        filling.text(0, name, &looks.heading)?;
        filling.text(1, &fact, &looks.text)?;
        filling.row += 1;
    }
    filling.row += 1;
    filling.line("Sheets", &looks.heading)?;
    for (name, what, _) in plan {
        let link = format!("internal:'{}'!A1", name.replace('\'', "''"));
        filling.sheet.write_url_with_options(filling.row, 0, link.as_str(), name.as_str(), "", Some(&looks.link))?;
        filling.text(1, what, &looks.text)?;
        filling.row += 1;
    }
    Ok(())
}

fn fill_block(block: &Block, mut filling: Filling) -> Result<(), PackError> {
    let looks = filling.looks;
    filling.line(&format!("{}. {}", block.number, block.title), &looks.title)?;
    filling.line(&block.asks, &looks.heading)?;
    filling.line(&format!("Evidence: {}", words::basis(block.basis)), &looks.link)?;
    filling.row += 1;
    if !block.figures.is_empty() {
        filling.table(&lists::figures(&block.figures))?;
    }
    for table in block.figures.iter().filter_map(|figure| figure.table.as_ref()).chain(&block.tables) {
        filling.table(table)?;
    }
    if !block.notes.is_empty() {
        filling.table(&lists::notes(&block.notes))?;
    }
    if !block.missing.is_empty() {
        filling.table(&lists::missing(&block.missing))?;
    }
    Ok(())
}

/// A column is as wide as its longest word or number asks, within reason.
fn widths(table: &Table) -> Vec<f64> {
    let longest = |place: usize, column: &crate::bundle::Column| {
        let cells = table.rows.iter().filter_map(|row| row.get(place)).map(|cell| words::cell(column.kind, cell).chars().count());
        cells.chain([column.title.chars().count()]).max().unwrap_or_default()
    };
    table.columns.iter().enumerate().map(|(place, column)| (longest(place, column) as f64 + 2.0).clamp(10.0, 60.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_have_names_of_their_own() {
        let mut names = Names::default();
        let long = "20 What is measured, and what is reported";
        assert_eq!(names.take(long), "20 What is measured, and what i");
        assert_eq!(names.take(&long.to_uppercase()), "20 WHAT IS MEASURED, AND WHAT 2");
        assert_eq!(names.take("'a/b: [c]'"), "a b   c");
        assert_eq!(names.take("\u{1f600}".repeat(20).as_str()).encode_utf16().count(), 30);
    }
}
