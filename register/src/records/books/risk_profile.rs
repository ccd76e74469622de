//! Whom the school protects, and what raises the risk.

use super::{Book, BookField as Field, Holds, Spans, YES_NO};

pub(super) const BOOK: Book = Book {
    id: "risk-profile",
    title: "Our pupils and their risks",
    asks: "Whom do we protect, and what raises the risk",
    one: "profile",
    what: "Filtering must fit the pupils: their ages, those with special educational needs, those who learn English, boarders, devices of their own, work from home.",
    spans: Spans::On("on"),
    fields: &[
        Field::needed("on", "As of", Holds::Day),
        Field::open("send", "Pupils with special educational needs or disabilities", Holds::People),
        Field::open("eal", "Pupils with English as an additional language", Holds::People),
        Field::open("boarders", "Boarders", Holds::People),
        Field::open("own_devices", "Pupils use devices of their own", YES_NO),
        Field::open("at_home", "School devices go home", YES_NO),
        Field::open("ai", "Tools of artificial intelligence in use", Holds::Line),
        Field::closed("notes", "What else matters here", Holds::Text).hint("No names of pupils."),
        Field::open("again", "To be looked at again by", Holds::Due),
    ],
};
