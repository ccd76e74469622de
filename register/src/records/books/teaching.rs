//! What was taught about life online.

use super::{Book, BookField as Field, Holds, Spans};

const ABOUT: Holds = Holds::OneOf(&[
    ("online_safety", "staying safe online in general"),
    ("bullying", "bullying"),
    ("nudes", "sharing pictures"),
    ("grooming", "strangers and grooming"),
    ("wellbeing", "wellbeing, and where to find help"),
    ("extremism", "extremism and hate"),
    ("misinformation", "what is true"),
    ("gambling", "gambling and spending"),
    ("scams", "scams"),
    ("ai", "artificial intelligence"),
    ("privacy", "privacy and reputation"),
    ("piracy", "copyright and hacking"),
]);

pub(super) const BOOK: Book = Book {
    id: "teaching",
    title: "Teaching",
    asks: "What are pupils taught about life online",
    one: "lesson or unit",
    what: "Filtering is not enough: pupils are taught. What, for which years, and when; it stands beside a theme that rose.",
    spans: Spans::On("on"),
    fields: &[
        Field::needed("about", "About", ABOUT),
        Field::needed("years", "Year groups", Holds::Line).hint("For example years 3 to 6."),
        Field::needed("on", "On, or from", Holds::Day),
        Field::open("how", "How", Holds::Line).hint("For example a unit of six lessons, an assembly, a visit."),
        Field::closed("notes", "Notes", Holds::Text).hint("No names of pupils."),
    ],
};
