//! What schools' own vendors show on a page: GoGuardian, Linewize, SurfProtect, and the device monitors Impero, NetSupport and Senso.
//! Nobody outside has seen their files: the columns are those of the pages.

use super::WORDS;
use crate::shape::{BASE, CSV, Case, Field, Is, Login, Record, Row, Shape, Tunnel, V, Verdict, When};

const FINDING: &[Verdict] = &[(Is::Finding, &["dice odds"]), (Is::Finding, &["odds, \"dice\""])];

/// A captured phrase stands as the vendor's words where there is no category.
fn phrase(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.tell_first("vendor_category", case.word(0));
    Some(case.word(0).to_owned())
}

const IMPERO: &[Field] = &[
    ("Date/Time", V::Local("%d/%m/%Y %H:%M:%S")),
    ("Username", V::User),
    ("Computer", V::Device),
    ("Keyword", V::By(phrase)),
    ("Policy", V::Rule),
    ("Application", V::App),
    ("URL", V::Url(Tunnel::Slash)),
    ("Severity", V::Lit("3")),
];

const NETSUPPORT: &[Field] = &[
    ("Category", V::Category),
    ("PC", V::Device),
    ("User", V::User),
    ("Phrase", V::By(phrase)),
    ("Context", V::Lit("...")),
    ("Time", V::Local("%d/%m/%Y %H:%M:%S")),
    ("Priority", V::Lit("High")),
    ("Accuracy", V::Lit("90%")),
];

const SENSO: &[Field] = &[
    ("Date & Time", V::Local("%d/%m/%Y %H:%M:%S")),
    ("Site", V::Lit("Hall")),
    ("PC Name", V::Device),
    ("Username", V::User),
    ("Phrase", V::By(phrase)),
    ("Severity", V::Lit("High")),
    ("Status", V::Lit("Unresolved")),
    ("Rule Set", V::Rule),
    ("IP Address", V::Client),
    ("Application", V::App),
    ("URL", V::Url(Tunnel::Slash)),
];

const GOGUARDIAN: &[Field] = &[
    ("URL", V::Url(Tunnel::Slash)),
    ("Date/Time", V::Local("%b %-d, %Y %I:%M:%S %p")),
    ("Type of Block", V::WordAs("rule", 0)),
    ("Category", V::Category),
    ("Policy", V::Profile),
    ("Student", V::Nil),
    ("Email", V::User),
];

const GOGUARDIAN_AUDIT: &[Field] = &[
    ("Action", V::WordAs("detail", 0)),
    ("Administrator", V::Says("actor", "it.admin@sch.example")),
    ("Kind", V::Lit("Filtering")),
    ("Policy", V::Says("object", "Year 9")),
    ("Time", V::Local("%Y-%m-%d %H:%M:%S")),
];

/// A website, or the words of a search.
const JOURNEY: &[Field] = &[
    ("Username", V::User),
    ("Timestamp", V::Local("%d/%m/%Y %H:%M:%S")),
    ("Result", V::Word(0)),
    ("Category", V::Category),
    ("Activity", V::Url(Tunnel::Slash)),
    ("Type", V::Lit("Website")),
];
const JOURNEY_SEARCH: &[Field] = &[
    ("Username", V::User),
    ("Timestamp", V::Local("%d/%m/%Y %H:%M:%S")),
    ("Result", V::Word(0)),
    ("Category", V::Category),
    ("Activity", V::List(&[V::Term, V::If(When::Not(&When::Search), &V::Says("search_term", "norman castles"))])),
    ("Type", V::Lit("Search")),
];

const TIMELINE: &[Field] = &[
    ("Date/Time", V::Local("%d/%m/%Y %H:%M:%S")),
    ("Machine Name", V::Device),
    ("Verdict", V::Word(0)),
    ("Website", V::Host),
    ("Type", V::Category),
    ("Upload", V::Lit("1.2 KB")),
    ("Download", V::Lit("3 MB")),
];

const SURFPROTECT: &[Field] = &[
    ("Date/Time", V::Local("%d/%m/%Y %H:%M:%S")),
    ("User", V::User),
    ("Internal IP", V::Client),
    ("URL", V::Url(Tunnel::Slash)),
    ("Category", V::Category),
    ("Decision", V::Word(0)),
];

const LINEWIZE: &[Verdict] = &[
    (Is::Allowed, &["Allowed"]),
    (Is::Blocked, &["Blocked"]),
    (Is::Blocked, &["Flagged"]),
    (Is::Quarantined("unknown_action"), &["Mislaid"]),
];

const fn page(id: &'static str, records: &'static [Record]) -> Shape {
    Shape { id, layout: CSV, words: WORDS, rough: " ,\"|=\\", records, ..BASE }
}

const fn one(kind: &'static str, verdicts: &'static [Verdict], fields: &'static [Field]) -> Record {
    Record { weight: 1, kind, verdicts, fields }
}

pub(super) static SHAPES: [Shape; 8] = [
    Shape {
        logins: &[Login::Upn],
        ..page("goguardian", &[one("web", &[(Is::Blocked, &["Category"]), (Is::Blocked, &["Custom rule"])], GOGUARDIAN)])
    },
    page(
        "goguardian",
        &[one("", &[(Is::Admin("policy_change"), &["Edited"]), (Is::Admin("policy_change"), &["Created"])], GOGUARDIAN_AUDIT)],
    ),
    page("impero", &[one("concern", FINDING, IMPERO)]),
    page("netsupport-dna", &[one("concern", FINDING, NETSUPPORT)]),
    page("senso", &[one("concern", FINDING, SENSO)]),
    page("linewize-journey", &[one("web", LINEWIZE, JOURNEY), one("web", LINEWIZE, JOURNEY_SEARCH)]),
    page("linewize-timeline", &[one("web", LINEWIZE.split_at(2).0, TIMELINE)]),
    Shape {
        join: ", ",
        ..page(
            "surfprotect",
            &[one(
                "web",
                &[
                    (Is::Allowed, &["Permit"]),
                    (Is::Allowed, &["Permitted"]),
                    (Is::Blocked, &["Reject"]),
                    (Is::Blocked, &["Rejected"]),
                    (Is::Quarantined("unknown_action"), &["Mislaid"]),
                ],
                SURFPROTECT,
            )],
        )
    },
];
