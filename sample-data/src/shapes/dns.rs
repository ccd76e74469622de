//! Name servers that filter: AdGuard Home, DNSFilter, dnsmasq and Pi-hole, NextDNS, Unbound. From their documentation and sources.

use super::{END, WORDS};
use crate::shape::{BASE, CSV, Case, Epoch, Field, Is, Layout, Record, Row, Shape, V, Verdict, When};

/// Whether it was filtered, and the reason's number.
const ADGUARD_WORDS: &[Verdict] = &[
    (Is::Allowed, &["", ""]),
    (Is::Allowed, &["false", "1"]),
    (Is::Allowed, &["true", "7"]),
    (Is::Blocked, &["true", "3"]),
    (Is::Blocked, &["true", "5"]),
    (Is::Blocked, &["true", "8"]),
    (Is::Ignored("not_a_decision"), &["false", "6"]),
    (Is::Quarantined("unknown_action"), &["true", "77"]),
];

/// A list's rule, or the name of a service.
fn adguard_rule(case: &Case<'_>, row: &mut Row) -> Option<String> {
    let rule = format!("||{}^", case.request.target.host);
    row.tell("rule", rule.clone());
    Some(rule)
}

const ADGUARD: &[Field] = &[
    ("IP", V::Client),
    ("CID", V::Device),
    ("T", V::Local("%Y-%m-%dT%H:%M:%S.%6f%:z")),
    ("QH", V::Host),
    ("QT", V::Lit("A")),
    ("QC", V::Lit("IN")),
    ("CP", V::Lit("")),
    ("Answer", V::Lit("AAAA")),
    ("Result.IsFiltered", V::Word(0)),
    ("Result.Reason", V::By(|case, _| Some(case.word(1).to_owned()).filter(|word| !word.is_empty()))),
    ("Result.ServiceName", V::If(When::Word(1, "8"), &V::Says("rule", "video"))),
    ("Result.Rules[0].FilterListID", V::If(When::Word(1, "3"), &V::Num(42))),
    ("Result.Rules[0].Text", V::If(When::Word(1, "3"), &V::By(adguard_rule))),
    ("Upstream", V::Lit("tls://192.0.2.53:853")),
    ("Elapsed", V::Num(61_240)),
];

/// The machine stands before a local log-in.
fn local_login(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.tell("user", case.person()?);
    let (device, login) = (case.request.device, case.request.login);
    Some(if device.is_empty() { login.to_owned() } else { format!("{device}\\{login}") })
}

const DNSFILTER: &[Field] = &[
    ("id", V::Serial),
    ("time", V::Utc("%Y-%m-%d %H:%M:%S.%3f")),
    ("fqdn", V::Host),
    ("question_type", V::Lit("A")),
    ("result", V::Word(0)),
    ("code", V::Lit("NOERROR")),
    ("method_name", V::WordAs("rule", 1)),
    ("categories_names", V::Categories),
    ("threat", V::Lit("false")),
    ("policy_name", V::Profile),
    ("network_name", V::Lit("School")),
    ("collection_name", V::Group),
    ("agentname", V::Device),
    ("local_user_login", V::By(local_login)),
    ("local_ipv4_address", V::Client),
    ("request_address", V::Lit("192.0.2.1")),
    ("application_name", V::App),
];

const fn dnsmasq(record: &'static [Verdict], fields: &'static [Field], weight: usize) -> Record {
    Record { weight, kind: "dns", verdicts: record, fields }
}

const ASKED: &[Field] = &[
    ("", V::Local("%b %e %H:%M:%S")),
    (" dnsmasq[801]: ", V::Serial),
    (" ", V::Client),
    ("/51234 query[A] ", V::Host),
    (" from ", V::Client),
];
const FORWARDED: &[Field] = &[
    ("", V::Local("%b %e %H:%M:%S")),
    (" dnsmasq[801]: ", V::Serial),
    (" ", V::Client),
    ("/51234 ", V::Word(0)),
    (" ", V::Host),
    (" to 192.0.2.53", END),
];
const ANSWERED: &[Field] = &[
    ("", V::Local("%b %e %H:%M:%S")),
    (" dnsmasq[801]: ", V::Serial),
    (" ", V::Client),
    ("/51234 ", V::Word(0)),
    (" ", V::Host),
    (" is ", V::Server),
];
const LISTED: &[Field] = &[
    ("", V::Local("%b %e %H:%M:%S")),
    (" dnsmasq[801]: ", V::Serial),
    (" ", V::Client),
    ("/51234 ", V::WordAs("rule", 0)),
    (" ", V::Word(1)),
    (" ", V::Host),
    (" is 0.0.0.0", END),
];

const NEXTDNS: &[Field] = &[
    ("timestamp", V::Utc("%Y-%m-%dT%H:%M:%S.%3fZ")),
    ("domain", V::Host),
    ("query_type", V::Lit("A")),
    ("dnssec", V::Lit("false")),
    ("protocol", V::Lit("DNS-over-HTTPS")),
    ("client_ip", V::Lit("192.0.2.1")),
    ("status", V::Word(0)),
    ("reasons", V::WordAs("rule", 1)),
    ("destination_country", V::Lit("GB")),
    ("root_domain", V::Nil),
    ("device_id", V::Nil),
    ("device_name", V::Device),
    ("device_model", V::Nil),
    ("device_local_ip", V::Client),
    ("matched_name", V::Nil),
    ("client_name", V::Nil),
];

const UNBOUND: &[Field] =
    &[("[", V::Epoch(Epoch::Seconds)), ("] unbound[901:0] info: ", V::Client), (" ", V::Fqdn), (" A IN", END)];
const UNBOUND_LOCAL: &[Field] = &[
    ("[", V::Epoch(Epoch::Seconds)),
    ("] unbound[901:0] info: ", V::Says("rule", "dice.example.")),
    (" ", V::Word(0)),
    (" ", V::Client),
    ("@51234 ", V::Fqdn),
    (" A IN", END),
];
const UNBOUND_ITSELF: &[Field] =
    &[("[", V::Epoch(Epoch::Seconds)), ("] unbound[901:0] info: start of service (unbound 1.19.2).", END)];

pub(super) static SHAPES: [Shape; 5] = [
    Shape {
        id: "adguard-home",
        layout: Layout::Json,
        records: &[Record { weight: 1, kind: "dns", verdicts: ADGUARD_WORDS, fields: ADGUARD }],
        ..BASE
    },
    Shape {
        id: "dnsfilter",
        layout: Layout::Json,
        words: WORDS,
        join: "; ",
        rough: " ,\"|=\\",
        records: &[Record {
            weight: 1,
            kind: "dns",
            verdicts: &[
                (Is::Allowed, &["allowed", ""]),
                (Is::Blocked, &["blocked", "Category"]),
                (Is::Quarantined("unknown_action"), &["mislaid", ""]),
            ],
            fields: DNSFILTER,
        }],
        ..BASE
    },
    Shape {
        id: "dnsmasq",
        records: &[
            dnsmasq(&[(Is::Ignored("not_a_decision"), &[])], ASKED, 4),
            dnsmasq(&[(Is::Allowed, &["forwarded"])], FORWARDED, 4),
            dnsmasq(&[(Is::Allowed, &["cached"]), (Is::Ignored("not_a_decision"), &["reply"])], ANSWERED, 4),
            dnsmasq(&[(Is::Blocked, &["gravity", "blocked"]), (Is::Blocked, &["regex", "denied"])], LISTED, 2),
        ],
        ..BASE
    },
    Shape {
        id: "nextdns",
        layout: CSV,
        records: &[Record {
            weight: 1,
            kind: "dns",
            verdicts: &[
                (Is::Allowed, &["", ""]),
                (Is::Allowed, &["allowed", "allowlist"]),
                (Is::Blocked, &["blocked", "blocklist:School list"]),
                (Is::Ignored("not_a_decision"), &["error", ""]),
                (Is::Quarantined("unknown_action"), &["mislaid", ""]),
            ],
            fields: NEXTDNS,
        }],
        ..BASE
    },
    Shape {
        id: "unbound",
        records: &[
            dnsmasq(&[(Is::Allowed, &[])], UNBOUND, 8),
            dnsmasq(
                &[(Is::Blocked, &["always_nxdomain"]), (Is::Blocked, &["always_refuse"]), (Is::Blocked, &["redirect"])],
                UNBOUND_LOCAL,
                3,
            ),
            dnsmasq(&[(Is::Ignored("not_a_decision"), &[])], UNBOUND_ITSELF, 1),
        ],
        ..BASE
    },
];
