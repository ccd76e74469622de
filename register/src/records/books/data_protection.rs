//! Data protection: impact assessments, notices, requests.

use super::{Book, BookField as Field, Holds, Spans};

const KINDS: Holds = Holds::OneOf(&[
    ("dpia", "impact assessment of monitoring"),
    ("notice_pupils", "notice to pupils"),
    ("notice_parents", "notice to parents"),
    ("notice_staff", "notice to staff"),
    ("request", "request for access, answered"),
    ("erasure", "request for erasure, answered"),
    ("agreement", "agreement with a provider who processes data"),
]);

pub(super) const BOOK: Book = Book {
    id: "data-protection",
    title: "Data protection",
    asks: "Is what we hold about children lawful, and do they know",
    one: "document or request",
    what: "The impact assessment of monitoring, the notices to pupils, parents and staff, and requests for access that were answered: dates and numbers, never whose.",
    spans: Spans::On("on"),
    fields: &[
        Field::needed("kind", "What", KINDS),
        Field::needed("on", "Made, sent or answered on", Holds::Day),
        Field::open("place", "Where it is kept", Holds::Line),
        Field::closed("notes", "Notes", Holds::Text).hint("No names of pupils."),
        Field::open("again", "To be looked at again by", Holds::Due),
    ],
};
