//! SonicWall: enhanced syslog and CEF. From the vendor's log event reference.

use crate::shape::{BASE, CEF, Case, Field, Is, Layout, Login, Quote, Record, Row, Shape, V, Verdict, When};

/// Number of the message, what the firewall did.
const SONICWALL: &[Verdict] = &[(Is::Allowed, &["97", "NA"]), (Is::Blocked, &["14", "drop"]), (Is::Blocked, &["97", "drop"])];

fn sonic_source(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.tell("src_ip", case.request.client.clone());
    Some(format!("{}:64828:X0", case.request.client))
}

fn sonic_proto(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.tell("scheme", if case.is_https() { "https" } else { "http" });
    Some(if case.is_https() { "tcp/https" } else { "tcp/http" }.to_owned())
}

fn sonic_method(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.tell("method", if case.request.is_post { "POST" } else { "GET" });
    Some(if case.request.is_post { "2" } else { "1" }.to_owned())
}

fn sonic_note(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.tell("profile", case.request.profile);
    Some(format!("Policy: {}, Info: 6148 ", case.request.profile))
}

const SONIC_WORDS: &[(&str, &str, &str)] = &[
    ("Gambling", "11", "gambling"),
    ("Social Networking", "60", "social_media"),
    ("Games", "23", "games"),
    ("Clwb Brecwast", "200", ""),
];

const SONIC_START: [Field; 5] = [
    ("id", V::Lit("firewall")),
    ("sn", V::Lit("000000000001")),
    ("time", V::Utc("%Y-%m-%d %H:%M:%S UTC")),
    ("fw", V::Lit("192.0.2.1")),
    ("pri", V::Num(6)),
];

const SONIC_WEB: &[Field] = &[
    SONIC_START[0],
    SONIC_START[1],
    SONIC_START[2],
    SONIC_START[3],
    SONIC_START[4],
    ("c", V::Num(1024)),
    ("m", V::Word(0)),
    ("msg", V::Lit("Web site hit")),
    ("src", V::If(When::Not(&When::V6), &V::By(sonic_source))),
    ("srcV6", V::If(When::V6, &V::Client)),
    ("srcZone", V::Lit("Trusted")),
    ("dst", V::List(&[V::Server, V::Lit(":443:X1")])),
    ("usr", V::List(&[V::User, V::If(When::Not(&When::User), &V::Lit("Unknown (SSO failed)"))])),
    ("proto", V::By(sonic_proto)),
    ("op", V::By(sonic_method)),
    ("sent", V::Out),
    ("rcvd", V::In),
    ("dstname", V::Host),
    ("arg", V::PathQuery),
    ("code", V::CategoryId),
    ("Category", V::Category),
    ("rule", V::Rule),
    ("note", V::By(sonic_note)),
    ("n", V::Serial),
    ("fw_action", V::Word(1)),
];

const SONIC_APP: &[Field] = &[
    SONIC_START[0],
    SONIC_START[1],
    SONIC_START[2],
    SONIC_START[3],
    SONIC_START[4],
    ("m", V::Word(0)),
    ("msg", V::Lit("Application Control Detection Alert")),
    ("src", V::If(When::Not(&When::V6), &V::By(sonic_source))),
    ("srcV6", V::If(When::V6, &V::Client)),
    ("appName", V::App),
    ("appcat", V::Category),
];

const SONIC_ADMIN: &[Field] = &[
    SONIC_START[0],
    SONIC_START[1],
    SONIC_START[2],
    SONIC_START[3],
    SONIC_START[4],
    ("m", V::Word(0)),
    ("msg", V::WordAs("detail", 1)),
    ("sess", V::Says("object", "Web")),
    ("usr", V::Says("actor", "it.admin")),
];

const SONIC_SHAPE: Shape = Shape {
    id: "sonicwall",
    layout: Layout::Pairs { between: " ", assign: "=", quote: Quote::Needed, absent: None, escape: "" },
    head: &[("<129>", V::Nil)],
    words: SONIC_WORDS,
    logins: &[Login::Plain, Login::Domain],
    rough: " |=",
    records: &[
        Record { weight: 80, kind: "web", verdicts: SONICWALL, fields: SONIC_WEB },
        Record {
            weight: 10,
            kind: "app",
            verdicts: &[(Is::Allowed, &["1154"]), (Is::Blocked, &["1155"]), (Is::Ignored("flow"), &["98"])],
            fields: SONIC_APP,
        },
        Record {
            weight: 6,
            kind: "",
            verdicts: &[
                (Is::Admin("sign_in"), &["29", "Successful administrator login"]),
                (Is::Admin("configuration"), &["1382", "Configuration succeeded: filter profile edited"]),
            ],
            fields: SONIC_ADMIN,
        },
    ],
    ..BASE
};

fn quoted_user(case: &Case<'_>, row: &mut Row) -> Option<String> {
    let Some(person) = case.person() else { return Some("\"Unknown (SSO failed)\"".to_owned()) };
    row.tell("user", person);
    Some(format!("\"{}\"", case.request.written_login()))
}

const SONIC_CEF: &[Field] = &[
    ("cat", V::Num(1024)),
    ("gcat", V::Num(2)),
    ("src", V::Client),
    ("deviceInboundInterface", V::Lit("X0")),
    ("dst", V::Server),
    ("dpt", V::Port),
    ("susr", V::By(quoted_user)),
    ("proto", V::Lit("tcp/https")),
    ("out", V::Out),
    ("in", V::In),
    ("request", V::List(&[V::Lit("\""), V::Address, V::Lit("\"")])),
    ("code", V::CategoryId),
    ("Category", V::If(When::Category, &V::List(&[V::Lit("\""), V::Category, V::Lit("\"")]))),
    ("cs1", V::List(&[V::Lit("\""), V::Rule, V::Lit("\"")])),
    ("cs1Label", V::Lit("rule")),
    ("fw_action", V::List(&[V::Lit("\""), V::Word(1), V::Lit("\"")])),
];

/// The older way: host and path apart.
const SONIC_CEF_APART: &[Field] = &[
    ("src", V::Client),
    ("dst", V::Server),
    ("dpt", V::Port),
    ("susr", V::By(quoted_user)),
    ("dstname", V::Host),
    ("arg", V::PathQuery),
    ("code", V::CategoryId),
    ("Category", V::If(When::Category, &V::List(&[V::Lit("\""), V::Category, V::Lit("\"")]))),
    ("fw_action", V::List(&[V::Lit("\""), V::Word(1), V::Lit("\"")])),
];

const SONIC_CEF_APP: &[Field] = &[
    ("src", V::Client),
    ("dpt", V::Num(443)),
    ("appName", V::List(&[V::Lit("\""), V::App, V::Lit("\"")])),
    ("appcat", V::If(When::Category, &V::List(&[V::Lit("\""), V::Category, V::Lit("\"")]))),
    ("fw_action", V::Lit("\"NA\"")),
];

fn sonic_event(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.tell("object", case.word(0));
    row.tell("detail", case.word(2));
    Some(case.word(0).to_owned())
}

pub(super) static SHAPES: [Shape; 3] = [
    SONIC_SHAPE,
    Shape {
        id: "sonicwall-cef",
        layout: CEF,
        head: &[
            ("<134>", V::Local("%b %e %H:%M:%S")),
            (" box-1 CEF:0|SonicWall|NSa 2700|7.0.1|", V::Word(0)),
            ("|Website|4|", V::Nil),
        ],
        rough: " ,|=",
        records: &[
            Record { weight: 6, kind: "web", verdicts: SONICWALL, fields: SONIC_CEF },
            Record { weight: 3, kind: "web", verdicts: SONICWALL, fields: SONIC_CEF_APART },
            Record {
                weight: 1,
                kind: "app",
                verdicts: &[(Is::Allowed, &["1154"]), (Is::Blocked, &["1155"])],
                fields: SONIC_CEF_APP,
            },
        ],
        ..SONIC_SHAPE
    },
    Shape {
        id: "sonicwall-cef",
        layout: CEF,
        head: &[
            ("<134>", V::Local("%b %e %H:%M:%S")),
            (" box-1 CEF:0|SonicWall|NSa 2700|7.0.1|", V::By(sonic_event)),
            ("|", V::Word(2)),
            ("|4|", V::Nil),
        ],
        records: &[Record {
            weight: 1,
            kind: "",
            verdicts: &[
                (Is::Admin("sign_in"), &["29", "", "Successful administrator login"]),
                (Is::Admin("configuration"), &["1382", "", "Configuration succeeded"]),
            ],
            fields: &[("susr", V::Says("actor", "it.admin"))],
        }],
        ..SONIC_SHAPE
    },
];
