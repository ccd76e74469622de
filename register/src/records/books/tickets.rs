//! What was raised with the provider or the local authority.

use super::{Book, BookField as Field, Holds, Spans};

pub(super) const BOOK: Book = Book {
    id: "tickets",
    title: "Raised with the provider",
    asks: "What was raised with the provider or the authority, and what did they answer",
    one: "matter",
    what: "Whatever the provider or the authority has to mend: a site that should be blocked, a list that did not update, a log that stopped. With the ticket\u{2019}s number, so that nobody has to look for it.",
    spans: Spans::On("on"),
    fields: &[
        Field::needed("what", "What was raised", Holds::Line),
        Field::needed("on", "Raised on", Holds::Day),
        Field::needed("with", "With whom", Holds::Line),
        Field::open("ticket", "Ticket", Holds::Line),
        Field::closed("details", "Details", Holds::Text).hint("No names of pupils."),
        Field::open("by", "Answer wanted by", Holds::Due),
        Field::open("answered_on", "Answered on", Holds::Day),
        Field::closed("answer", "What they answered", Holds::Text),
    ],
};
