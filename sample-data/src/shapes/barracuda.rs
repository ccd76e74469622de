//! Barracuda: Web Security Gateway, CloudGen Firewall's activity log and its web stream. From the vendor's syslog field tables.

use super::{END, WORDS};
use crate::shape::{BASE, Case, Epoch, Field, Is, Layout, Quote, Record, Row, Shape, Tunnel, V, When};

const ACTIVITY: &[Field] = &[
    ("type", V::Lit("FWD")),
    ("proto", V::Lit("TCP")),
    ("srcIF", V::Lit("eth0")),
    ("srcIP", V::Client),
    ("srcPort", V::Num(54_915)),
    ("dstIP", V::Server),
    ("dstPort", V::Port),
    ("dstService", V::Lit("https")),
    ("rule", V::Rule),
    ("info", V::Lit("Normal Operation")),
    ("duration", V::Num(0)),
    ("receivedBytes", V::In),
    ("sentBytes", V::Out),
    ("user", V::User),
    ("protocol", V::Nil),
    ("application", V::App),
    ("target", V::Host),
    ("content", V::ContentType),
    ("urlcat", V::Category),
];

/// The user where one is signed in, with the type that says so; else the client's address.
fn user(case: &Case<'_>, row: &mut Row) -> Option<String> {
    match case.person() {
        Some(person) => {
            row.tell("user", person);
            Some(case.request.written_login())
        }
        None => Some(case.request.client.clone()),
    }
}

const STREAM: &[Field] = &[
    ("timestamp", V::Epoch(Epoch::Millis)),
    ("traffic_type", V::Num(0)),
    ("action", V::Word(0)),
    ("source_ip", V::Client),
    ("source_port", V::Lit("50646")),
    ("destination_ip", V::Server),
    ("destination_port", V::Lit("443")),
    ("method", V::Verb),
    ("status_code", V::Text(&V::Status)),
    ("user_agent", V::Agent),
    ("content_type", V::ContentType),
    ("name", V::Url(Tunnel::Slash)),
    ("size", V::In),
    ("domain", V::Host),
    ("category", V::CategoryIds),
    ("user", V::By(user)),
    ("user_type", V::By(|case, _| Some(if case.person().is_some() { "1" } else { "0" }.to_owned()))),
    ("fw_rule", V::Rule),
    ("app_rule", V::Profile),
];

const SCAN: &[Field] = &[
    ("<14>", V::Local("%b %e %H:%M:%S")),
    (" box-1 http_scan[6541]: ", V::Epoch(Epoch::Seconds)),
    (" ", V::Client),
    (" ", V::Server),
    (" ", V::ContentType),
    (" ", V::Lit("10.20.0.2")),
    (" ", V::Url(Tunnel::Slash)),
    (" ", V::In),
    (" BYF ", V::Word(0)),
    (" ", V::Says("rule", "CLEAN")),
    (" 2 0 0 0 0 - 0 -", END),
    (" 0 - 0 ", V::Host),
    (" ", V::Category),
    (" [", V::List(&[V::User, V::If(When::Not(&When::User), &V::Lit("ANON"))])),
    ("] ", V::Referrer),
    (" lessons.example education", END),
];

const SHAPE: Shape = Shape {
    id: "barracuda-cloudgen-activity",
    layout: Layout::Pairs { between: "|", assign: "=", quote: Quote::Never, absent: Some(""), escape: "" },
    head: &[("", V::Local("%Y %m %d %H:%M:%S")), (" Security ", V::Local("%:z")), (" ", V::Word(0)), (": ", V::Nil)],
    words: WORDS,
    join: ",",
    rough: " ,\"",
    records: &[Record {
        weight: 1,
        kind: "web",
        verdicts: &[
            (Is::Allowed, &["Allow"]),
            (Is::Allowed, &["Detect"]),
            (Is::Blocked, &["Block"]),
            (Is::Blocked, &["Deny"]),
            (Is::Ignored("flow"), &["Remove"]),
            (Is::Ignored("not_a_decision"), &["Fail"]),
            (Is::Quarantined("unknown_action"), &["Mislay"]),
        ],
        fields: ACTIVITY,
    }],
    ..BASE
};

pub(super) static SHAPES: [Shape; 3] = [
    SHAPE,
    Shape {
        id: "barracuda-cloudgen",
        layout: Layout::Json,
        head: &[],
        words: &[("", "29", ""), ("", "79", ""), ("", "12", "")],
        join: "; ",
        rough: " ,\"|=\\",
        records: &[Record {
            weight: 1,
            kind: "web",
            verdicts: &[(Is::Allowed, &["0"]), (Is::Blocked, &["1"]), (Is::Quarantined("unknown_action"), &["7"])],
            fields: STREAM,
        }],
        ..BASE
    },
    Shape {
        id: "barracuda-wsg",
        layout: Layout::Text,
        head: &[],
        words: &[("gambling", "", "gambling"), ("games", "", "games"), ("clwb-brecwast", "", "")],
        records: &[Record {
            weight: 1,
            kind: "web",
            verdicts: &[(Is::Allowed, &["ALLOWED"]), (Is::Allowed, &["DETECTED"]), (Is::Blocked, &["BLOCKED"])],
            fields: SCAN,
        }],
        ..SHAPE
    },
];
