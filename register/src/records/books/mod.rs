//! Books: lists that people keep about a school. Each is described in a file of its own, and pages, CSV and review follow from that.

mod agreements;
mod assessments;
mod data_protection;
mod entries;
mod learning;
mod policies;
mod provision;
mod responsible;
mod reviews_held;
mod risk_profile;
mod self_audit;
mod surveys;
mod teaching;
mod tickets;
mod training;
mod visits;

pub use entries::{BookPages, Entry, NewEntry};

/// What a field of a book takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A line of at most 100 characters.
    Line,
    /// Text of at most 1,000 characters.
    Text,
    /// A day.
    Day,
    /// A day by which it is to be done or looked at again: past it, the entry is overdue.
    Due,
    /// One of these: the word that is kept, and how it is said.
    OneOf(&'static [(&'static str, &'static str)]),
    /// How many people; governors read "fewer than 5, perhaps none" for a small one.
    People,
}

/// A field of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookField {
    /// Its name on forms, in CSV and in the register.
    pub name: &'static str,
    /// What it is called on pages.
    pub label: &'static str,
    /// What helps to fill it in; may be empty.
    pub hint: &'static str,
    /// What it takes.
    pub holds: Holds,
    /// Whether an entry needs it.
    pub is_needed: bool,
    /// Whether everybody who opens the register reads it; otherwise those alone who write there.
    pub is_open: bool,
}

impl BookField {
    /// A field that an entry needs and everybody reads.
    const fn needed(name: &'static str, label: &'static str, holds: Holds) -> Self {
        Self { name, label, hint: "", holds, is_needed: true, is_open: true }
    }

    /// A field that may stay empty and everybody reads.
    const fn open(name: &'static str, label: &'static str, holds: Holds) -> Self {
        Self { name, label, hint: "", holds, is_needed: false, is_open: true }
    }

    /// A field that may stay empty and that those alone read who write.
    const fn closed(name: &'static str, label: &'static str, holds: Holds) -> Self {
        Self { name, label, hint: "", holds, is_needed: false, is_open: false }
    }

    const fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }
}

/// To which school year an entry belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spans {
    /// It happened on the day in this field.
    On(&'static str),
    /// It holds from the day in the first field to the day in the second, or to this day.
    From(&'static str, &'static str),
}

/// A list that people keep about a school.
#[derive(Debug, Clone, Copy)]
pub struct Book {
    /// Its word in addresses, CSV and register.
    pub id: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// The question that its page answers.
    pub asks: &'static str,
    /// One entry of it, in words.
    pub one: &'static str,
    /// What belongs in it, and why: for an empty page.
    pub what: &'static str,
    /// The year an entry belongs to.
    pub spans: Spans,
    /// Its fields; the first heads an entry.
    pub fields: &'static [BookField],
}

impl Book {
    /// Every book that the school keeps, in the order of the review.
    pub const ALL: [&'static Self; 14] = [
        &responsible::BOOK,
        &provision::BOOK,
        &risk_profile::BOOK,
        &assessments::BOOK,
        &tickets::BOOK,
        &learning::BOOK,
        &reviews_held::BOOK,
        &data_protection::BOOK,
        &policies::BOOK,
        &training::BOOK,
        &self_audit::BOOK,
        &surveys::BOOK,
        &agreements::BOOK,
        &teaching::BOOK,
    ];

    /// The book that governors keep: the school reads it, and does not write there.
    pub const VISITS: &'static Self = &visits::BOOK;

    /// The book of a word.
    pub fn of(id: &str) -> Option<&'static Self> {
        Self::ALL.into_iter().chain([Self::VISITS]).find(|book| book.id == id)
    }

    /// The number of people of which a field counts some; none where it counts no part of another.
    pub fn whole_of(&self, field: &BookField) -> Option<&'static BookField> {
        let whole = match field.name {
            _ if field.holds != Holds::People => None,
            "came" | "signed" => Some("of"),
            "answered" => Some("asked"),
            // Each question of the self-audit is answered by some of those who answered.
            name if self.id == self_audit::BOOK.id && name != "asked" => Some("answered"),
            _ => None,
        };
        self.field(whole?)
    }

    /// A field.
    pub fn field(&self, name: &str) -> Option<&'static BookField> {
        self.fields.iter().find(|field| field.name == name)
    }
}

const YES_NO: Holds = Holds::OneOf(&[("yes", "yes"), ("no", "no"), ("unknown", "not known yet")]);
