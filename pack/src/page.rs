//! The page: the whole document as HTML in one file, without scripts, pictures drawn in it, nothing fetched.

use askama::Template;

use crate::bundle::Definition;
use crate::error::PackError;
use crate::svg;
use crate::view::{Chart, Document, Figure, Table};

/// Letters from which a cell needs a line of some length to be read.
const LONG: usize = 40;

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    data: &'a Document,
}

#[derive(Template)]
#[template(path = "figure.html")]
struct FigureCard<'a> {
    figure: &'a Figure,
}

#[derive(Template)]
#[template(path = "table.html")]
struct DataTable<'a> {
    table: &'a Table,
}

impl Page<'_> {
    /// A figure's card; it escapes its own texts.
    fn figure(&self, figure: &Figure) -> Result<String, askama::Error> {
        FigureCard { figure }.render()
    }

    fn table(&self, table: &Table) -> Result<String, askama::Error> {
        DataTable { table }.render()
    }

    /// What a definition says, by name; what it leaves empty is left out.
    fn facts<'b>(&self, of: &'b Definition) -> Vec<(&'static str, &'b str)> {
        let all =
            [("Unit", &of.unit), ("Counts", &of.counts), ("Of", &of.of), ("Leaves out", &of.leaves_out), ("Beware", &of.caveat)];
        all.into_iter().filter(|(_, words)| !words.is_empty()).map(|(name, words)| (name, words.as_str())).collect()
    }

    /// A, B and so on; after Z again A.
    fn letter(&self, place: &usize) -> char {
        ('A'..='Z').cycle().nth(*place).unwrap_or('A')
    }
}

impl FigureCard<'_> {
    fn drawn(&self, chart: &Chart) -> String {
        svg::draw(chart)
    }

    fn key(&self, chart: &Chart) -> String {
        svg::key(chart)
    }

    fn table(&self, table: &Table) -> Result<String, askama::Error> {
        DataTable { table }.render()
    }

    /// The number apart from its unit, so that it can stand large.
    fn parts(&self) -> (&str, &str) {
        let value = self.figure.value.as_str();
        let end = value.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '%'))).unwrap_or(value.len());
        if value.starts_with(|c: char| c.is_ascii_digit()) { value.split_at(end) } else { ("", value) }
    }
}

impl DataTable<'_> {
    fn class(&self, place: &usize) -> &'static str {
        match self.table.columns.get(*place) {
            Some(column) if column.is_number => " class=\"number\"",
            Some(column) if column.is_date => " class=\"date\"",
            Some(column) if column.longest > LONG => " class=\"long\"",
            _ => "",
        }
    }
}

/// The page's bytes.
pub(crate) fn write(data: &Document) -> Result<Vec<u8>, PackError> {
    Ok(Page { data }.render()?.into_bytes())
}
