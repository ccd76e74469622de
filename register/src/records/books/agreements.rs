//! Acceptable-use agreements, by group.

use super::{Book, BookField as Field, Holds, Spans};

const WHOM: Holds = Holds::OneOf(&[
    ("early", "early years and key stage 1"),
    ("ks2", "key stage 2"),
    ("secondary", "key stage 3 and above"),
    ("pupils", "all pupils"),
    ("staff", "staff"),
    ("governors", "governors"),
    ("visitors", "visitors and volunteers"),
    ("parents", "parents and carers"),
]);

pub(super) const BOOK: Book = Book {
    id: "agreements",
    title: "Acceptable-use agreements",
    asks: "Who has agreed to the rules of use",
    one: "agreement",
    what: "For each group the version in use, and how many of them have signed it.",
    spans: Spans::On("on"),
    fields: &[
        Field::needed("whom", "Group", WHOM),
        Field::needed("version", "Version", Holds::Line),
        Field::needed("on", "As of", Holds::Day),
        Field::open("signed", "People who signed", Holds::People),
        Field::open("of", "Of how many", Holds::People),
        Field::open("again", "To be signed again by", Holds::Due),
    ],
};
