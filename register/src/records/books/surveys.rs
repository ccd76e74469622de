//! What pupils, parents and staff were asked, and said.

use super::{Book, BookField as Field, Holds, Spans};

const WHOM: Holds =
    Holds::OneOf(&[("pupils", "pupils"), ("parents", "parents and carers"), ("staff", "staff"), ("governors", "governors")]);

pub(super) const BOOK: Book = Book {
    id: "surveys",
    title: "Surveys",
    asks: "What did pupils, parents and staff say",
    one: "survey",
    what: "What was asked and what came back, summed: never one person\u{2019}s answer.",
    spans: Spans::On("on"),
    fields: &[
        Field::needed("whom", "Who was asked", WHOM),
        Field::needed("on", "On", Holds::Day),
        Field::open("asked", "People asked", Holds::People),
        Field::open("answered", "People who answered", Holds::People),
        Field::needed("found", "What they said, in sum", Holds::Line)
            .hint("Governors read this. No names, and nothing that one person alone said."),
        Field::closed("answers", "Summed answers", Holds::Text),
        Field::open("led_to", "What it led to", Holds::Line),
    ],
};
