//! Who is responsible for filtering and monitoring.

use super::{Book, BookField as Field, Holds, Spans};

const DUTIES: Holds = Holds::OneOf(&[
    ("governor", "governor for filtering and monitoring"),
    ("senior_leader", "senior leader for filtering and monitoring"),
    ("dsl", "safeguarding lead"),
    ("deputy", "deputy safeguarding lead"),
    ("out_of_hours", "whom to reach out of hours"),
    ("it", "IT support"),
    ("provider", "outside organisation that looks after the systems"),
    ("dpo", "data protection officer"),
]);

pub(super) const BOOK: Book = Book {
    id: "responsible",
    title: "Who is responsible",
    asks: "Who is responsible for filtering and monitoring",
    one: "person",
    what: "The standards ask that a governor and a senior leader are named, that the safeguarding lead leads, and that everyone knows their part. Without somebody to reach out of hours, nobody is watching at night.",
    spans: Spans::From("since", "until"),
    fields: &[
        Field::needed("duty", "Duty", DUTIES),
        Field::needed("name", "Name", Holds::Line).hint("A member of staff, a governor or an organisation. Never a pupil."),
        Field::needed("since", "Since", Holds::Day),
        Field::open("trained_on", "Last trained on", Holds::Day),
        Field::open("train_again", "Training due again", Holds::Due),
        Field::closed("reach", "How to reach them", Holds::Line),
        Field::open("until", "Until", Holds::Day).hint("Leave it empty while it lasts."),
    ],
};
