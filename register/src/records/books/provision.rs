//! What filters and monitors, and what its provider states.

use super::{Book, BookField as Field, Holds, Spans, YES_NO};

const KINDS: Holds = Holds::OneOf(&[
    ("filter", "web filter"),
    ("firewall", "firewall with web filtering"),
    ("dns", "DNS filter"),
    ("monitor", "monitoring on devices"),
    ("classroom", "classroom management"),
    ("other", "something else"),
]);

pub(super) const BOOK: Book = Book {
    id: "provision",
    title: "Systems in use",
    asks: "What filters and monitors, and what does its provider state",
    one: "system",
    what: "Each system that filters or monitors: who provides it, what they state about illegal content, until when their accreditation and your contract run.",
    spans: Spans::From("since", "until"),
    fields: &[
        Field::needed("product", "Product", Holds::Line),
        Field::needed("kind", "What it is", KINDS),
        Field::needed("provider", "Provider", Holds::Line),
        Field::open("version", "Version", Holds::Line),
        Field::open("covers", "What it covers", Holds::Line)
            .hint("Sites, devices and groups, for example all school devices, also at home."),
        Field::open("iwf", "Member of the Internet Watch Foundation, and blocks its list", YES_NO),
        Field::open("ctiru", "Blocks the police list of terrorist content", YES_NO),
        Field::open("locked", "Nobody at the school can switch these lists off", YES_NO),
        Field::open("stated_on", "Date of the provider\u{2019}s statement", Holds::Day),
        Field::open("accredited_until", "Accreditation runs until", Holds::Due),
        Field::open("contract_until", "Contract runs until", Holds::Due),
        Field::needed("since", "In use since", Holds::Day),
        Field::open("until", "In use until", Holds::Day).hint("Leave it empty while it is in use."),
    ],
};
