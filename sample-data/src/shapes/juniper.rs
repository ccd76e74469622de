//! Juniper SRX: web filtering in structured and plain syslog. From the vendor's system log messages.

use crate::shape::{BASE, Field, Is, Layout, Login, Quote, Record, Shape, V, Verdict, When};

/// The event, the reason, and the words of the plain form.
const JUNOS: &[Verdict] = &[
    (Is::Allowed, &["WEBFILTER_URL_PERMITTED", "BY_OTHER", "URL Permitted"]),
    (Is::Blocked, &["WEBFILTER_URL_BLOCKED", "BY_PRE_DEFINED", "URL Blocked"]),
    (Is::Blocked, &["WEBFILTER_URL_REDIRECTED", "BY_OTHER", "URL Redirected"]),
    (Is::Warned, &["WEBFILTER_URL_BLOCKED", "BY_QUARANTINE", "URL Quarantined"]),
];

const JUNOS_WORDS: &[(&str, &str, &str)] = &[
    ("Enhanced_Gambling", "", "gambling"),
    ("Enhanced_Social_Networking", "", "social_media"),
    ("Enhanced_Games", "", "games"),
    ("clwb-brecwast", "", ""),
];

const JUNOS_STRUCTURED: &[Field] = &[
    ("source-address", V::Client),
    ("source-port", V::Lit("58071")),
    ("destination-address", V::Server),
    ("destination-port", V::Text(&V::Port)),
    ("category", V::Category),
    ("reason", V::Word(1)),
    ("profile", V::Profile),
    ("url", V::Host),
    ("obj", V::PathQuery),
    ("username", V::User),
    ("roles", V::Group),
    ("application", V::App),
    ("policy-name", V::Rule),
];

const JUNOS_PLAIN: &[Field] = &[
    ("<12>", V::Local("%b %e %H:%M:%S")),
    (" gate-1 RT_UTM: ", V::Word(0)),
    (": WebFilter: ACTION=\"", V::Word(2)),
    ("\" ", V::Client),
    ("(58071)->", V::Server),
    ("(", V::Port),
    (") CATEGORY=\"", V::List(&[V::Category, V::If(When::Not(&When::Category), &V::Lit("N/A"))])),
    ("\" REASON=\"", V::Word(1)),
    ("\" PROFILE=\"", V::Profile),
    ("\" APPLICATION=\"", V::App),
    ("\" URL=", V::Host),
    (" OBJ=", V::List(&[V::PathQuery, V::If(When::Tunnel, &V::Lit("N/A"))])),
    (" username ", V::List(&[V::User, V::If(When::Not(&When::User), &V::Lit("N/A"))])),
    (" roles ", V::Group),
];

const JUNOS_SHAPE: Shape = Shape {
    id: "juniper-srx",
    layout: Layout::Pairs { between: " ", assign: "=", quote: Quote::Always, absent: Some("N/A"), escape: "\\\"]" },
    head: &[("<12>1 ", V::Local("%Y-%m-%dT%H:%M:%S.%3f%:z")), (" gate-1 RT_UTM - ", V::Word(0)), (" [junos@192.0.2.15 ", V::Nil)],
    tail: "]",
    words: JUNOS_WORDS,
    logins: &[Login::Plain, Login::Domain, Login::Upn],
    rough: " ,|=\"\\",
    records: &[Record { weight: 1, kind: "web", verdicts: JUNOS, fields: JUNOS_STRUCTURED }],
    ..BASE
};

const JUNOS_ADMIN: Record = Record {
    weight: 1,
    kind: "",
    verdicts: &[
        (Is::Admin("sign_in"), &["UI_LOGIN_EVENT", "User 'it.admin' login, class 'super-user'"]),
        (Is::Admin("configuration"), &["UI_COMMIT", "User 'it.admin' requested 'commit' operation"]),
    ],
    fields: &[("username", V::Says("actor", "it.admin")), ("message", V::WordAs("detail", 1))],
};

pub(super) static SHAPES: [Shape; 3] = [
    JUNOS_SHAPE,
    Shape {
        head: &[
            ("<14>1 ", V::Local("%Y-%m-%dT%H:%M:%S.%3f%:z")),
            (" gate-1 mgd 2101 ", V::WordAs("object", 0)),
            (" [junos@192.0.2.15 ", V::Nil),
        ],
        records: &[JUNOS_ADMIN],
        ..JUNOS_SHAPE
    },
    Shape {
        id: "juniper-srx-plain",
        layout: Layout::Text,
        head: &[],
        tail: "",
        rough: "",
        records: &[
            Record { weight: 9, kind: "web", verdicts: JUNOS, fields: JUNOS_PLAIN },
            Record {
                weight: 1,
                kind: "",
                verdicts: JUNOS_ADMIN.verdicts,
                fields: &[
                    ("<14>", V::Local("%b %e %H:%M:%S")),
                    (" gate-1 mgd[2101]: ", V::WordAs("object", 0)),
                    (": ", V::WordAs("detail", 1)),
                    (
                        "",
                        V::By(|_, row| {
                            row.tell("actor", "it.admin");
                            Some(String::new())
                        }),
                    ),
                ],
            },
        ],
        ..JUNOS_SHAPE
    },
];
