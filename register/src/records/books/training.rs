//! Training: who was told what, and how many of them.

use super::{Book, BookField as Field, Holds, Spans};

const WHOM: Holds = Holds::OneOf(&[
    ("staff", "all staff"),
    ("new_staff", "new staff"),
    ("dsl", "the safeguarding team"),
    ("it", "IT support"),
    ("governors", "governors"),
    ("pupils", "pupils"),
    ("parents", "parents and carers"),
]);

pub(super) const BOOK: Book = Book {
    id: "training",
    title: "Training",
    asks: "Do staff and governors know what to do",
    one: "training",
    what: "Staff are trained when they begin and every year, also in how to report what filtering missed. Governors are trained too.",
    spans: Spans::On("on"),
    fields: &[
        Field::needed("what", "What it was about", Holds::Line),
        Field::needed("whom", "For whom", WHOM),
        Field::needed("on", "On", Holds::Day),
        Field::open("came", "People who took part", Holds::People),
        Field::open("of", "Of how many", Holds::People),
        Field::open("by", "Given by", Holds::Line),
        Field::open("again", "Due again by", Holds::Due),
    ],
};
