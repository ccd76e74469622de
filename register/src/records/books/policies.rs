//! Policies, with their dates.

use super::{Book, BookField as Field, Holds, Spans};

const KINDS: Holds = Holds::OneOf(&[
    ("safeguarding", "child protection and safeguarding"),
    ("online_safety", "online safety"),
    ("acceptable_use", "acceptable use"),
    ("behaviour", "behaviour"),
    ("anti_bullying", "anti-bullying"),
    ("ai", "use of artificial intelligence"),
    ("devices", "mobile phones and devices"),
    ("remote", "learning from home"),
    ("data", "data protection and retention"),
    ("other", "another"),
]);

pub(super) const BOOK: Book = Book {
    id: "policies",
    title: "Policies",
    asks: "Are the policies up to date",
    one: "policy",
    what: "Each policy that says something of life online, with the day it was agreed and the day it is due again.",
    spans: Spans::From("agreed_on", "until"),
    fields: &[
        Field::needed("kind", "Policy", KINDS),
        Field::open("name", "Its name here", Holds::Line),
        Field::open("version", "Version", Holds::Line),
        Field::needed("agreed_on", "Agreed on", Holds::Day),
        Field::open("by", "Agreed by", Holds::Line).hint("For example the full governing body."),
        Field::needed("again", "Due again by", Holds::Due),
        Field::open("place", "Where it is kept", Holds::Line),
        Field::open("until", "In force until", Holds::Day).hint("Leave it empty while it is in force."),
    ],
};
