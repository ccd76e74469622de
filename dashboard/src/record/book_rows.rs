//! A book as rows: downloaded as CSV, and taken in from rows that are pasted, all of them or none.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use weir_register::records::{Book, BookField, Entry, Holds, NewEntry, RecordError};

use super::Here;
use super::book::{Shelf, state_of};
use super::book_entry::typed_entry;
use super::check_form::FormPage;
use super::fields::{Field, Takes, Typed, filled};
use super::table::{Column, table};
use crate::account::form::Wrong;
use crate::csv;
use crate::error::PageError;
use crate::pages::html;
use crate::routes::download;

/// Columns that Weir adds to a download. In rows that are pasted they are passed over.
const OWN_COLUMNS: [&str; 7] = ["school_id", "entry", "state", "replaces", "recorded_by", "recorded_at", "withdrawn_because"];

pub(super) async fn list_csv(here: Here, shelf: Shelf) -> Result<Response, PageError> {
    let book = shelf.book;
    let pages = here.register().book(&here.id, book).await?;
    let names = book.fields.iter().map(|field| field.name);
    let [school, entry, rest @ ..] = OWN_COLUMNS;
    let header: Vec<&str> = [school, entry].into_iter().chain(names).chain(rest).collect();
    let mut out = String::new();
    csv::row(&mut out, &header);
    for entry in &pages.entries {
        let (id, replaces) = (entry.id.to_string(), entry.replaces.map(|id| id.to_string()).unwrap_or_default());
        let recorded_at = crate::words::moment(entry.recorded_at);
        let mut cells = vec![here.id.as_str(), &id];
        cells.extend(book.fields.iter().map(|field| entry.value(field.name)));
        cells.extend([state(book, entry, &here), &replaces, &entry.recorded_by, &recorded_at]);
        cells.push(entry.withdrawn.as_deref().unwrap_or_default());
        csv::row(&mut out, &cells);
    }
    Ok(download(out, &csv::plain_file_name(here.id.as_str(), book.id)))
}

fn state(book: &Book, entry: &Entry, here: &Here) -> &'static str {
    state_of(book, entry, here.today()).1
}

fn form(here: Here, shelf: &Shelf, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let (book, list) = (shelf.book, shelf.list(&here));
    let heading = "Paste rows from a spreadsheet";
    let columns: Vec<&str> = book.fields.iter().map(|field| field.name).collect();
    let hint = format!(
        "First a row of headings: {}. Then a row for each entry, copied from a spreadsheet or as CSV. All rows are recorded, or none. No names of pupils.",
        columns.join(", ")
    );
    let page = FormPage {
        frame: FormPage::frame(&format!("{heading}: {}", book.title), &wrong),
        heading,
        lede: vec!["Rows are added as new entries. To change an entry that is there, open it."],
        action: format!("{list}/paste"),
        back: (list, book.title),
        fields: filled(vec![Field::new("rows", "Rows", &hint, Takes::Rows)], typed, &wrong),
        button: "Record these rows",
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn paste_form(here: Here, shelf: Shelf) -> Result<Response, PageError> {
    form(here, &shelf, &Typed::default(), Wrong::default())
}

pub(super) async fn paste(here: Here, shelf: Shelf, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let (Form(typed), book) = (typed?, shelf.book);
    let rows = match rows_of(book, typed.of("rows")) {
        Ok(rows) => rows,
        Err(words) => return form(here, &shelf, &typed, Wrong::one("rows", words)),
    };
    let entries: Vec<NewEntry> = rows.iter().map(|(_, entry)| entry.clone()).collect();
    let by = here.by(shelf.writes)?;
    match here.register().record_entries(by, &here.id, book, &entries, here.now(), here.today()).await {
        Ok(_) => Ok(Redirect::to(&shelf.list(&here)).into_response()),
        Err((at, RecordError::Wrong(faults))) => {
            let line = rows.get(at).map_or(0, |(line, _)| *line);
            let said = faults.iter().map(|fault| match book.field(fault.field) {
                Some(field) => format!("{}: {}", field.name, accepted(field, fault.words)),
                None => fault.words.to_owned(),
            });
            let words = format!("Row {line}. {}", said.collect::<Vec<_>>().join(" "));
            form(here, &shelf, &typed, Wrong::one("rows", words))
        }
        Err((_, error)) => {
            super::wrong(error)?;
            Err(PageError::NotFound)
        }
    }
}

/// What is wrong with a field, with what it takes where that is a list.
fn accepted(field: &BookField, words: &str) -> String {
    match field.holds {
        Holds::OneOf(of) => {
            let list: Vec<&str> = of.iter().map(|(word, _)| *word).collect();
            format!("use one of {}.", list.join(", "))
        }
        _ => words.to_owned(),
    }
}

/// The entries that pasted rows hold, each with its line from 1; otherwise what is wrong, in words.
fn rows_of(book: &'static Book, text: &str) -> Result<Vec<(u64, NewEntry)>, String> {
    let columns: Vec<Column> = book.fields.iter().map(|field| Column { name: field.name, label: field.label }).collect();
    let rows = table(text, &columns, &OWN_COLUMNS)?.into_iter().map(|(line, cells)| {
        let typed = book.fields.iter().fold(cells.clone(), |typed, field| match cells.has(field.name) {
            true => typed.with(field.name, word_of(field, cells.of(field.name))),
            false => typed,
        });
        (line, typed_entry(book, &typed))
    });
    Ok(rows.collect())
}

/// A cell's word: as it is kept, or as pages say it.
fn word_of(field: &BookField, cell: &str) -> String {
    let Holds::OneOf(of) = field.holds else { return cell.to_owned() };
    let known = of.iter().find(|(word, words)| word.eq_ignore_ascii_case(cell) || words.eq_ignore_ascii_case(cell));
    known.map_or(cell, |(word, _)| word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_from_a_spreadsheet_and_from_a_download() {
        let book = Book::of("training").unwrap();
        let tabs = "What it was about\tfor whom\ton\nReporting a site\tAll staff\t2 9 2026\n\n";
        let commas =
            "school_id,entry,what,whom,on,came,of,by,again,state\noak,7,\"'=Reporting\",staff,2026-09-02,\"1,010\",,,,recorded\n";
        let rows = rows_of(book, tabs).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].0, rows[0].1.values["what"].as_str(), rows[0].1.values["whom"].as_str(), rows[0].1.values["on"].as_str()),
            (2, "Reporting a site", "staff", "2026-09-02")
        );
        let rows = rows_of(book, commas).unwrap();
        assert_eq!((rows[0].1.values["what"].as_str(), rows[0].1.values["came"].as_str()), ("=Reporting", "1010"));
        for (text, said) in [
            ("colour\nred\n", "There is no column \"colour\" in this list; use what, whom, on, came, of, by, again."),
            ("what,what\na,b\n", "The column \"what\" stands twice."),
            ("what\n", "There is no row under the headings."),
            ("what,on\na,b,c\n", "Row 2 has 3 cells under 2 headings."),
        ] {
            assert_eq!(rows_of(book, text).unwrap_err(), said);
        }
    }
}
