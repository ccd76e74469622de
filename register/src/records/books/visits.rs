//! Governors' visits and meetings about filtering and monitoring.

use super::{Book, BookField as Field, Holds, Spans};

const KIND: Holds = Holds::OneOf(&[
    ("visit", "visit to the school"),
    ("meeting", "meeting with the safeguarding lead"),
    ("it_meeting", "meeting with IT support or the provider"),
    ("committee", "committee or board meeting"),
]);

pub(super) const BOOK: Book = Book {
    id: "visits",
    title: "Visits and meetings",
    asks: "What did governors see, ask and hear",
    one: "visit or meeting",
    what: "Every visit or meeting about filtering and monitoring: the day, who was there, what they saw and asked, what they were told, and what comes next.",
    spans: Spans::On("on"),
    fields: &[
        Field::needed("kind", "What it was", KIND),
        Field::needed("on", "On", Holds::Day),
        Field::needed("who", "Who was there", Holds::Line).hint("Governors and staff. No names of pupils."),
        Field::open("seen", "What was seen", Holds::Text)
            .hint("For example the page of checks, or a test of a pupil\u{2019}s tablet. No names of pupils."),
        Field::open("asked", "What was asked", Holds::Text).hint("No names of pupils."),
        Field::open("answered", "What was answered", Holds::Text).hint("No names of pupils."),
        Field::open("next", "What comes next", Holds::Text).hint("Who does what. No names of pupils."),
        Field::open("next_on", "To be looked at again by", Holds::Due),
    ],
};
