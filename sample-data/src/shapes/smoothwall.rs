//! Smoothwall: the appliance's access log (JSON) and the export of its web filter log.

use crate::shape::{BASE, CSV, Epoch, Is, Layout, Login, Record, Shape, Tunnel, V, When};

const WORDS: &[(&str, &str, &str)] =
    &[("Gambling", "", "gambling"), ("Social Networking", "", "social_media"), ("Games", "", "games"), ("Clwb Brecwast", "", "")];

pub(super) const SHAPES: [Shape; 2] = [
    Shape {
        id: "smoothwall-web-filter",
        layout: CSV,
        words: WORDS,
        join: ", ",
        rough: " ,\"|=\\",
        records: &[Record {
            weight: 1,
            kind: "web",
            verdicts: &[
                (Is::Allowed, &["200"]),
                (Is::Allowed, &["304"]),
                (Is::Blocked, &["403"]),
                (Is::Ignored("auth_challenge"), &["407"]),
                (Is::Ignored("not_a_decision"), &["504"]),
            ],
            fields: &[
                ("Time", V::Local("%d/%m/%Y %H:%M:%S")),
                ("Username", V::User),
                ("Source IP", V::Client),
                ("Group", V::Group),
                ("Code", V::WordAs("status", 0)),
                ("URL", V::Url(Tunnel::Slash)),
                ("Categories", V::Category),
                ("Domain", V::Host),
            ],
        }],
        ..BASE
    },
    Shape {
        id: "smoothwall-guardian",
        layout: Layout::Json,
        words: WORDS,
        join: "; ",
        rough: " ,\"|=",
        logins: &[Login::Plain, Login::Ldap],
        records: &[
            Record {
                weight: 9,
                kind: "web",
                verdicts: &[
                    (Is::Allowed, &["false", "200"]),
                    (Is::Blocked, &["true", "403"]),
                    (Is::Ignored("auth_challenge"), &["true", "407"]),
                    (Is::Quarantined("unknown_action"), &["perhaps", "200"]),
                ],
                fields: &[
                    ("v", V::Num(2)),
                    ("time", V::Text(&V::Epoch(Epoch::Millionths))),
                    ("clientip", V::Client),
                    ("clienthostname", V::Device),
                    ("destdomain", V::Host),
                    ("https", V::By(|case, _| Some(case.is_https().to_string()))),
                    ("mitmed", V::If(When::Https, &V::Inspected("true", "false"))),
                    ("method", V::Method),
                    ("httpcode", V::WordAs("status", 1)),
                    ("blocked", V::Word(0)),
                    ("url", V::Url(Tunnel::Slash)),
                    ("respbody[0].size", V::Text(&V::In)),
                    ("respbody[0].contenttype", V::ContentType),
                    ("ruleid[0].action", V::If(When::Refused, &V::Lit("block"))),
                    ("ruleid[0].reason", V::If(When::Refused, &V::Rule)),
                    ("tagset.username", V::Keys(&V::User)),
                    ("tagset.group", V::Keys(&V::Group)),
                    ("tagset.urlcategory", V::Keys(&V::Categories)),
                    ("took", V::Elapsed),
                ],
            },
            // A connection that was not opened: the server's name, and nothing of the page.
            Record {
                weight: 1,
                kind: "web",
                verdicts: &[(Is::Allowed, &["false"]), (Is::Blocked, &["true"])],
                fields: &[
                    ("v", V::Num(2)),
                    ("time", V::Text(&V::Epoch(Epoch::Millionths))),
                    ("clientip", V::Client),
                    ("destdomain", V::Host),
                    ("blocked", V::Word(0)),
                    ("requesttags.urlcategory", V::Keys(&V::Categories)),
                ],
            },
        ],
        ..BASE
    },
];
