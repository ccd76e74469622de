//! Risk assessments: the yearly one, and one before a new tool.

use super::{Book, BookField as Field, Holds, Spans};

const KINDS: Holds = Holds::OneOf(&[
    ("yearly", "the yearly one of online safety"),
    ("ai", "a tool of artificial intelligence"),
    ("tool", "another tool or service"),
    ("device", "a kind of device"),
    ("other", "something else"),
]);

const CAME_TO: Holds = Holds::OneOf(&[
    ("used", "may be used"),
    ("limits", "may be used with limits"),
    ("not_used", "is not used"),
    ("open", "not decided yet"),
]);

pub(super) const BOOK: Book = Book {
    id: "assessments",
    title: "Risk assessments",
    asks: "What was assessed before it was used",
    one: "assessment",
    what: "One a year for online safety as a whole, and one for each new tool before pupils use it, above all tools of artificial intelligence.",
    spans: Spans::On("on"),
    fields: &[
        Field::needed("what", "What was assessed", Holds::Line),
        Field::needed("kind", "Kind", KINDS),
        Field::needed("on", "Assessed on", Holds::Day),
        Field::open("by", "By whom", Holds::Line),
        Field::needed("came_to", "What it came to", CAME_TO),
        Field::open("for_whom", "For whom", Holds::Line).hint("For example years 10 and 11, or staff only."),
        Field::closed("limits", "Limits, and what was told to pupils and staff", Holds::Text),
        Field::open("again", "To be assessed again by", Holds::Due),
    ],
};
