//! One entry of a book: recorded, changed, withdrawn, with what stood there before.

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use weir_register::records::{Book, BookField, Entry, Holds, NewEntry};

use super::book::{Shelf, state_of};
use super::book_words::{head_words, value_words};
use super::check::lines;
use super::check_form::FormPage;
use super::fields::{Entry as Choice, Field, Takes, Typed, filled};
use super::{Here, wrong};
use crate::account::form::{Wrong, typed_day};
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::words;

fn form_field(field: &'static BookField) -> Field {
    let takes = match field.holds {
        Holds::Line => Takes::Line(100),
        Holds::Text => Takes::Lines,
        Holds::Day | Holds::Due => Takes::Day,
        Holds::OneOf(of) => Takes::OneOf(of.iter().map(|(word, words)| Choice::new(*word, words::capital(words))).collect()),
        Holds::People => Takes::Line(6),
    };
    let label = if field.is_needed { field.label.to_owned() } else { format!("{} (if known)", field.label) };
    let hint = match (field.hint, field.holds) {
        ("", Holds::Day | Holds::Due) => "For example 23 11 2026.",
        ("", Holds::Text) => "Those who write in the register read this; governors do not.",
        (hint, _) => hint,
    };
    Field::new(field.name, label, hint, takes)
}

/// What was typed, with days as the register holds them.
pub(super) fn typed_entry(book: &'static Book, typed: &Typed) -> NewEntry {
    let value = |field: &BookField| {
        let text = typed.of(field.name).trim();
        match field.holds {
            Holds::Day | Holds::Due => typed_day(text).map_or_else(|| text.to_owned(), |day| day.to_string()),
            Holds::People => text.replace([',', ' '], ""),
            _ => text.to_owned(),
        }
    };
    NewEntry { values: book.fields.iter().map(|field| (field.name, value(field))).collect(), replaces: None }
}

fn form(here: Here, shelf: &Shelf, of: Option<i64>, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let (heading, button) =
        if of.is_some() { ("Change an entry", "Record the change") } else { ("Record an entry", "Record it") };
    let (book, list) = (shelf.book, shelf.list(&here));
    let page = FormPage {
        frame: FormPage::frame(&format!("{heading}: {}", book.title), &wrong),
        heading,
        lede: if of.is_some() {
            vec!["What stood here before stays in the register, with who recorded it."]
        } else {
            vec![book.what]
        },
        action: of.map_or_else(|| format!("{list}/add"), |id| format!("{list}/{id}/change")),
        back: of.map_or_else(|| (list.clone(), book.title), |id| (format!("{list}/{id}"), book.title)),
        fields: filled(book.fields.iter().map(form_field).collect(), typed, &wrong),
        button,
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn add_form(here: Here, shelf: Shelf) -> Result<Response, PageError> {
    form(here, &shelf, None, &Typed::default(), Wrong::default())
}

pub(super) async fn add(here: Here, shelf: Shelf, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    record(here, shelf, None, typed).await
}

async fn record(here: Here, shelf: Shelf, of: Option<i64>, typed: Typed) -> Result<Response, PageError> {
    let new = NewEntry { replaces: of, ..typed_entry(shelf.book, &typed) };
    let by = here.by(shelf.writes)?;
    match here.register().record_entry(by, &here.id, shelf.book, &new, here.now(), here.today()).await {
        Ok(id) => Ok(Redirect::to(&format!("{}/{id}", shelf.list(&here))).into_response()),
        Err(error) => form(here, &shelf, of, &typed, wrong(error)?),
    }
}

pub(super) async fn change_form(here: Here, shelf: Shelf) -> Result<Response, PageError> {
    let pages = here.register().book(&here.id, shelf.book).await?;
    let found = pages.entry(shelf.entry).filter(|entry| entry.counts()).ok_or(PageError::NotFound)?;
    let typed = shelf.book.fields.iter().fold(Typed::default(), |typed, field| typed.with(field.name, found.value(field.name)));
    form(here, &shelf, Some(shelf.entry), &typed, Wrong::default())
}

pub(super) async fn change(here: Here, shelf: Shelf, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let (Form(typed), entry) = (typed?, shelf.entry);
    record(here, shelf, Some(entry), typed).await
}

/// What stood in an entry's place before.
struct Before {
    when: String,
    said: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage {
    frame: Frame,
    school: String,
    base: String,
    wrong: Wrong,
    book: &'static Book,
    list: String,
    above: (String, &'static str),
    heading: String,
    id: i64,
    state: &'static str,
    class: &'static str,
    facts: Vec<(&'static str, Vec<String>)>,
    replaced_by: Option<i64>,
    before: Vec<Before>,
    withdrawing: Vec<Field>,
}

fn recorded(entry: &Entry) -> String {
    format!("{}, {}", entry.recorded_by, words::moment(entry.recorded_at))
}

async fn page_of(here: Here, shelf: Shelf, typed: Typed, wrong: Wrong) -> Result<Response, PageError> {
    let (book, id) = (shelf.book, shelf.entry);
    let pages = here.register().book(&here.id, book).await?;
    let entry = pages.entry(id).ok_or(PageError::NotFound)?;
    let heading = head_words(book, entry);
    let title = format!("{}{heading}, {}", if wrong.is_empty() { "" } else { "Error: " }, book.title);
    let (tone, state) = state_of(book, entry, here.today());
    let mut facts: Vec<_> =
        book.fields.iter().map(|field| (field.label, lines(&value_words(book, entry, field, true)))).collect();
    if let Some(why) = &entry.withdrawn {
        facts.push(("Withdrawn because", lines(why)));
    }
    facts.push(("Recorded", vec![recorded(entry)]));
    facts.retain(|(_, lines)| !lines.is_empty());
    // Of what stood there before, what differs from what came after it.
    let mut after = entry;
    let mut before = Vec::new();
    for earlier in pages.before(entry) {
        let differs = book.fields.iter().filter(|field| earlier.value(field.name) != after.value(field.name));
        let said = differs.map(|field| {
            let value = value_words(book, earlier, field, true);
            (field.label, if value.is_empty() { "(nothing)".to_owned() } else { value })
        });
        before.push(Before { when: recorded(earlier), said: said.collect() });
        after = earlier;
    }
    let why = Field::new(
        "why",
        "What was wrong with it",
        "The entry stays in the list, marked as withdrawn, and counts no longer. If something has changed, record the change instead.",
        Takes::Lines,
    );
    let page = EntryPage {
        frame: Frame { section: "register", ..Frame::plain(&title) },
        id,
        state,
        class: tone.class(),
        facts,
        replaced_by: entry.replaced_by,
        before,
        withdrawing: if entry.counts() && here.may(shelf.writes) { filled(vec![why], &typed, &wrong) } else { Vec::new() },
        heading,
        wrong,
        book,
        list: shelf.list(&here),
        above: shelf.above(&here),
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn page(here: Here, shelf: Shelf) -> Result<Response, PageError> {
    page_of(here, shelf, Typed::default(), Wrong::default()).await
}

pub(super) async fn withdraw(here: Here, shelf: Shelf, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let by = here.by(shelf.writes)?;
    match here.register().withdraw_entry(by, &here.id, shelf.book, shelf.entry, typed.of("why"), here.now()).await {
        Ok(()) => Ok(Redirect::to(&format!("{}/{}", shelf.list(&here), shelf.entry)).into_response()),
        Err(error) => page_of(here, shelf, typed, wrong(error)?).await,
    }
}
