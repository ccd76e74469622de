//! Stormshield and WatchGuard. From their vendors' log references.

use super::{END, WORDS};
use crate::shape::{BASE, Field, Is, LEEF, Layout, Login, Quote, Record, Shape, V, Verdict};

/// What passed the firewall, and its word for it.
const STORMSHIELD: &[Field] = &[
    ("id", V::Lit("firewall")),
    ("time", V::Local("%Y-%m-%d %H:%M:%S")),
    ("fw", V::Lit("gate-1")),
    ("tz", V::Local("%z")),
    ("startime", V::Local("%Y-%m-%d %H:%M:%S")),
    ("pri", V::Num(5)),
    ("proto", V::Lit("https")),
    ("op", V::Verb),
    ("result", V::WordAs("status", 1)),
    ("user", V::Name),
    ("domain", V::Lit("sch.example")),
    ("src", V::Client),
    ("srcport", V::Num(55_008)),
    ("srcname", V::Device),
    ("dst", V::Server),
    ("dstport", V::Port),
    ("dstname", V::Host),
    ("arg", V::PathQuery),
    ("sent", V::Out),
    ("rcvd", V::In),
    ("action", V::Word(0)),
    ("msg", V::Word(2)),
    ("cat_site", V::Category),
    ("ruleid", V::Num(7)),
    ("urlruleid", V::Rule),
    ("rulename", V::Profile),
    ("logtype", V::Lit("web")),
];

const STORMSHIELD_ADMIN: &[Field] = &[
    ("id", V::Lit("firewall")),
    ("time", V::Local("%Y-%m-%d %H:%M:%S")),
    ("fw", V::Lit("gate-1")),
    ("tz", V::Local("%z")),
    ("startime", V::Local("%Y-%m-%d %H:%M:%S")),
    ("error", V::Num(0)),
    ("user", V::Says("actor", "it.admin")),
    ("address", V::Lit("10.1.1.1")),
    ("msg", V::WordAs("detail", 0)),
    ("logtype", V::Says("object", "server")),
];

/// Message id, disposition, message.
const WATCHGUARD: &[Verdict] = &[
    (Is::Allowed, &["1AFF-0024", "Allow", "HTTP request", "1AFF0024"]),
    (Is::Blocked, &["1AFF-0021", "Deny", "ProxyDeny: HTTP Request categories", "1AFF0021"]),
    (Is::Blocked, &["1AFF-0021", "Drop", "ProxyDrop: HTTP Request categories", "1AFF0021"]),
];

const WATCHGUARD_WEB: &[Field] = &[
    ("<140>", V::Local("%b %e %H:%M:%S")),
    (" box-1 80BE00000000 (", V::Local("%Y-%m-%dT%H:%M:%S")),
    (") http-proxy[2453]: msg_id=\"", V::Word(0)),
    ("\" ", V::Word(1)),
    (" 1-Trusted 0-External tcp ", V::Client),
    (" ", V::Server),
    (" 50790 ", V::Port),
    (" msg=\"", V::Word(2)),
    ("\" proxy_act=\"", V::Profile),
    ("\" cats=\"", V::Category),
    ("\" op=\"", V::Verb),
    ("\" dstname=\"", V::Host),
    ("\" arg=\"", V::PathQuery),
    ("\" content_type=\"", V::ContentType),
    ("\" app_name=\"", V::App),
    ("\" sent_bytes=\"", V::Out),
    ("\" rcvd_bytes=\"", V::In),
    ("\" src_user=\"", V::User),
    ("\" (", V::Rule),
    (")", END),
];

const WATCHGUARD_DNS: &[Field] = &[
    ("<140>", V::Local("%b %e %H:%M:%S")),
    (" box-1 80BE00000000 (", V::Local("%Y-%m-%dT%H:%M:%S")),
    (") dns-proxy[2453]: msg_id=\"1DFF-000E\" ", V::Word(1)),
    (" 1-Trusted 0-External udp ", V::Client),
    (" ", V::Server),
    (" 50790 53 msg=\"", V::Lit("ProxyAllow: DNS question match")),
    ("\" proxy_act=\"", V::Profile),
    ("\" rule_name=\"Default\" query_type=\"A\" question=\"", V::Host),
    ("\" (", V::Rule),
    (")", END),
];

const WATCHGUARD_ADMIN: &[Field] = &[
    ("<140>", V::Local("%b %e %H:%M:%S")),
    (" box-1 80BE00000000 (", V::Local("%Y-%m-%dT%H:%M:%S")),
    (") sessiond[2453]: msg_id=\"", V::WordAs("object", 0)),
    (
        "\" ",
        V::By(|case, row| {
            row.tell("actor", "it.admin@Firebox-DB");
            row.tell("detail", case.word(1));
            Some(case.word(1).to_owned())
        }),
    ),
];

const WATCHGUARD_LEEF: &[Field] = &[
    ("sys_name", V::Lit("box")),
    ("devTimeFormat", V::Lit("MMM dd yyyy HH:mm:ss Z")),
    ("devTime", V::Local("%b %d %Y %H:%M:%S %z")),
    ("policy", V::Rule),
    ("disp", V::Word(1)),
    ("src", V::Client),
    ("srcPort", V::Num(50_790)),
    ("dst", V::Server),
    ("dstPort", V::Port),
    ("proto", V::Lit("tcp")),
    ("src_user", V::User),
    ("proxy_act", V::Profile),
    ("cats", V::Category),
    ("op", V::Verb),
    ("dstname", V::Host),
    ("arg", V::PathQuery),
    ("content_type", V::ContentType),
    ("app_name", V::App),
    ("sent_bytes", V::Out),
    ("rcvd_bytes", V::In),
    ("msg", V::Word(2)),
];

pub(super) static SHAPES: [Shape; 3] = [
    Shape {
        id: "stormshield",
        layout: Layout::Pairs { between: " ", assign: "=", quote: Quote::Texts, absent: None, escape: "" },
        words: WORDS,
        join: ",",
        rough: " ,|=",
        records: &[
            Record {
                weight: 9,
                kind: "web",
                verdicts: &[
                    (Is::Allowed, &["pass", "200", ""]),
                    (Is::Blocked, &["block", "403", "Blocked url"]),
                    (Is::Ignored("auth_challenge"), &["block", "407", ""]),
                    (Is::Ignored("not_a_decision"), &["pass", "502", "Cannot connect to the server"]),
                ],
                fields: STORMSHIELD,
            },
            Record {
                weight: 1,
                kind: "",
                verdicts: &[
                    (Is::Admin("policy_change"), &["CONFIG URLFILTERING ACTIVATE"]),
                    (Is::Admin("configuration"), &["CONFIG NTP ACTIVATE"]),
                ],
                fields: STORMSHIELD_ADMIN,
            },
        ],
        ..BASE
    },
    Shape {
        id: "watchguard",
        words: WORDS,
        join: ",",
        logins: &[Login::Plain, Login::Upn],
        rough: " ,|=",
        records: &[
            Record { weight: 80, kind: "web", verdicts: WATCHGUARD, fields: WATCHGUARD_WEB },
            Record {
                weight: 10,
                kind: "dns",
                verdicts: &[(Is::Allowed, &["", "Allow"]), (Is::Blocked, &["", "Deny"])],
                fields: WATCHGUARD_DNS,
            },
            Record {
                weight: 5,
                kind: "",
                verdicts: &[(
                    Is::Admin("sign_in"),
                    &["3E00-0002", "Management user it.admin@Firebox-DB from 10.20.0.9 logged in", ""],
                )],
                fields: WATCHGUARD_ADMIN,
            },
        ],
        ..BASE
    },
    Shape {
        id: "watchguard-leef",
        layout: LEEF,
        head: &[("LEEF:1.0|WatchGuard|XTM|12.8.2|", V::Word(3)), ("|", V::Nil)],
        words: WORDS,
        logins: &[Login::Plain, Login::Upn],
        rough: " ,|=",
        records: &[Record { weight: 1, kind: "web", verdicts: WATCHGUARD, fields: WATCHGUARD_LEEF }],
        ..BASE
    },
];
