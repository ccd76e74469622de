//! Reviews that were held because something happened.

use super::{Book, BookField as Field, Holds, Spans};

const BECAUSE: Holds = Holds::OneOf(&[
    ("incident", "an incident"),
    ("ai", "a new tool of artificial intelligence"),
    ("system", "a new or changed system"),
    ("feed", "logs that stopped"),
    ("working", "a change in how people work, as at home or on own devices"),
    ("risk", "a new risk"),
    ("other", "something else"),
]);

pub(super) const BOOK: Book = Book {
    id: "reviews-held",
    title: "Reviews in between",
    asks: "Which reviews were held between the yearly ones",
    one: "review",
    what: "The standards ask for a review at least once a year, and whenever a risk is found, work changes or technology is brought in.",
    spans: Spans::On("on"),
    fields: &[
        Field::needed("because", "Because of", BECAUSE),
        Field::needed("happened_on", "It happened on", Holds::Day),
        Field::needed("on", "Review held on", Holds::Day),
        Field::open("by", "By whom", Holds::Line),
        Field::open("came_to", "What it came to", Holds::Line).hint("Governors read this. No names of pupils."),
        Field::closed("details", "Details", Holds::Text).hint("No names of pupils."),
    ],
};
