//! The books of a school: what is recorded, missing and overdue; and one book with its entries.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use weir_register::Ability;
use weir_register::records::{Book, BookField, BookPages, Entry};

use super::Here;
use super::book_words::{head_words, value_words};
use super::check::number;
use crate::chart::{Svg, tone_shape};
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::view::Tone;
use crate::words;

/// A book in the index.
struct BookLine {
    link: String,
    title: &'static str,
    what: &'static str,
    count: String,
    newest: String,
    state: Option<(Svg, &'static str, String)>,
}

#[derive(Template)]
#[template(path = "books.html")]
struct IndexPage {
    frame: Frame,
    school: String,
    base: String,
    lede: String,
    books: Vec<BookLine>,
}

/// The book of an address, and which of its entries.
pub(super) struct Shelf {
    pub(super) book: &'static Book,
    /// The entry of the address; 0 where it names none.
    pub(super) entry: i64,
    /// Who writes in it.
    pub(super) writes: Ability,
    /// Its page, from the school's.
    path: String,
}

impl Shelf {
    /// The address of its page.
    pub(super) fn list(&self, here: &Here) -> String {
        format!("{}{}", here.base, self.path)
    }

    /// Where its page is led to from.
    pub(super) fn above(&self, here: &Here) -> (String, &'static str) {
        match self.writes {
            Ability::AskQuestions => (format!("{}/questions", here.base), "Questions and visits"),
            _ => (format!("{}/records", here.base), "What is recorded"),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Shelf {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let named = RawPathParams::from_request_parts(parts, state).await.map_err(|_| PageError::NotFound)?;
        let part = |wanted: &str| named.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
        let entry = part("entry").map_or(Ok(0), number)?;
        match part("book") {
            // What the school writes in is never the governors' own, whatever the address says.
            Some(id) => {
                let book = Book::ALL.into_iter().find(|book| book.id == id).ok_or(PageError::NotFound)?;
                Ok(Self { book, entry, writes: Ability::WriteRegister, path: format!("/records/{id}") })
            }
            None => Ok(Self { book: Book::VISITS, entry, writes: Ability::AskQuestions, path: "/visits".into() }),
        }
    }
}

fn entries_words(count: u32) -> String {
    if count == 1 { "1 entry".into() } else { format!("{count} entries") }
}

/// How an entry stands, with the class of its colour.
pub(super) fn state_of(book: &Book, entry: &Entry, today: jiff::civil::Date) -> (Tone, &'static str) {
    if entry.withdrawn.is_some() {
        (Tone::Quiet, "withdrawn")
    } else if entry.replaced_by.is_some() {
        (Tone::Quiet, "replaced")
    } else if entry.overdue(book, today).is_some() {
        (Tone::Urgent, "overdue")
    } else {
        (Tone::Fine, "recorded")
    }
}

pub(super) async fn index(here: Here) -> Result<Response, PageError> {
    let books = here.register().books(&here.id).await?;
    let today = here.today();
    let none = BookPages::default();
    let mut overdue = 0;
    let mut empty = 0;
    let lines = Book::ALL
        .into_iter()
        .map(|book| {
            let pages = books.get(book.id).unwrap_or(&none);
            let count = pages.counting().count() as u32;
            let late = pages.counting().filter(|entry| entry.overdue(book, today).is_some()).count() as u32;
            overdue += late;
            empty += u32::from(count == 0);
            let state = if late > 0 {
                Some((tone_shape(Tone::Urgent), Tone::Urgent.class(), format!("{late} overdue")))
            } else if count == 0 {
                Some((tone_shape(Tone::Notice), Tone::Notice.class(), "nothing recorded".into()))
            } else {
                None
            };
            let newest = pages.counting().map(|entry| entry.recorded_at).max().map(words::moment);
            BookLine {
                link: format!("{}/records/{}", here.base, book.id),
                title: book.title,
                what: book.what,
                count: entries_words(count),
                newest: newest.unwrap_or_default(),
                state,
            }
        })
        .collect();
    let lede = match (empty, overdue) {
        (0, 0) => "Every list has an entry, and nothing is overdue.".into(),
        (0, late) => format!("Every list has an entry; {} overdue.", entries_words(late)),
        (none, 0) => format!("{none} of {} lists {} empty.", Book::ALL.len(), if none == 1 { "is" } else { "are" }),
        (none, late) => {
            let are = if none == 1 { "is" } else { "are" };
            format!("{none} of {} lists {are} empty; {} overdue.", Book::ALL.len(), entries_words(late))
        }
    };
    let page = IndexPage {
        frame: Frame { section: "register", ..Frame::plain(&format!("What is recorded, {}", here.name)) },
        lede,
        books: lines,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

/// An entry in a list.
struct EntryLine {
    /// Where it opens, for those who write.
    link: Option<String>,
    head: String,
    facts: Vec<(&'static str, String)>,
    shape: Svg,
    class: &'static str,
    state: &'static str,
    due: Option<String>,
}

#[derive(Template)]
#[template(path = "book.html")]
struct BookPage {
    frame: Frame,
    school: String,
    base: String,
    book: &'static Book,
    list: String,
    above: (String, &'static str),
    is_governors: bool,
    writes: bool,
    count: String,
    overdue: u32,
    ways: Vec<(&'static str, &'static str, bool)>,
    entries: Vec<EntryLine>,
    is_empty: bool,
    has_closed: bool,
}

/// Which entries are listed.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sought {
    #[serde(default)]
    show: String,
}

fn entry_line(shelf: &Shelf, entry: &Entry, here: &Here, writes: bool) -> EntryLine {
    let (book, today) = (shelf.book, here.today());
    let (tone, state) = state_of(book, entry, today);
    let facts = book.fields.iter().skip(1).map(|field| (field.label, value_words(book, entry, field, writes)));
    EntryLine {
        link: writes.then(|| format!("{}/{}", shelf.list(here), entry.id)),
        head: head_words(book, entry),
        facts: facts.filter(|(_, value)| !value.is_empty()).collect(),
        shape: tone_shape(tone),
        class: tone.class(),
        state,
        due: entry.overdue(book, today).map(|(field, day)| late_words(field, day)),
    }
}

fn late_words(field: &BookField, day: jiff::civil::Date) -> String {
    format!("{}: {}", field.label, words::day(day))
}

pub(super) async fn page(here: Here, shelf: Shelf, sought: Result<Query<Sought>, QueryRejection>) -> Result<Response, PageError> {
    let Query(sought) = sought.unwrap_or_default();
    let (book, list) = (shelf.book, shelf.list(&here));
    let pages = here.register().book(&here.id, book).await?;
    let (today, writes) = (here.today(), here.may(shelf.writes));
    let ways = [("now", "What counts"), ("overdue", "Overdue"), ("all", "All, with what was replaced or withdrawn")];
    // What is no longer true is for those who write; others see what counts.
    let chosen = ways.iter().find(|(way, _)| writes && *way == sought.show).map_or("now", |(way, _)| *way);
    let listed = pages.entries.iter().filter(|entry| match chosen {
        "all" => true,
        "overdue" => entry.overdue(book, today).is_some(),
        _ => entry.counts(),
    });
    let entries: Vec<EntryLine> = listed.map(|entry| entry_line(&shelf, entry, &here, writes)).collect();
    let page = BookPage {
        frame: Frame { section: "register", ..Frame::plain(&format!("{}, {}", book.title, here.name)) },
        list,
        book,
        above: shelf.above(&here),
        is_governors: shelf.writes == Ability::AskQuestions,
        writes,
        count: entries_words(pages.counting().count() as u32),
        overdue: pages.counting().filter(|entry| entry.overdue(book, today).is_some()).count() as u32,
        ways: ways.into_iter().map(|(way, words)| (way, words, way == chosen)).collect(),
        entries,
        is_empty: pages.entries.is_empty(),
        has_closed: book.fields.iter().any(|field| !field.is_open),
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}
