//! Check Point: Log Exporter's syslog, key and value, and CEF. From the vendor's field reference and the exporter's guide.

use super::WORDS;
use crate::shape::{BASE, CEF, Case, Epoch, Is, Layout, Login, Quote, Record, Row, Shape, Tunnel, V, Verdict};

/// Check Point's decisions.
const CHECK_POINT: &[Verdict] = &[
    (Is::Allowed, &["Accept"]),
    (Is::Allowed, &["Detect"]),
    (Is::Blocked, &["Block"]),
    (Is::Blocked, &["Drop"]),
    (Is::Warned, &["Ask User"]),
    (Is::Warned, &["Inform User"]),
    (Is::Ignored("auth_challenge"), &["Redirect"]),
    (Is::Quarantined("unknown_action"), &["Mislay"]),
];

/// A person's name with the log-in in brackets.
fn named(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.tell("user", case.person()?);
    Some(format!("Asha Patel ({})", case.request.login))
}

/// A computer with its domain.
fn machine(case: &Case<'_>, row: &mut Row) -> Option<String> {
    let device = case.request.device;
    if device.is_empty() {
        return None;
    }
    row.tell("device", device.to_lowercase());
    Some(format!("{device}@sch.example"))
}

const CHECK_POINT_WEB: Record = Record {
    weight: 80,
    kind: "web",
    verdicts: CHECK_POINT,
    fields: &[
        ("action", V::Word(0)),
        ("ifdir", V::Lit("outbound")),
        ("loguid", V::Lit("{0x1,0x1,0x1,0x1}")),
        ("origin", V::Lit("10.1.1.1")),
        ("sequencenum", V::Num(1)),
        ("time", V::Epoch(Epoch::Seconds)),
        ("version", V::Num(5)),
        ("dst", V::Server),
        ("layer_name", V::Profile),
        ("matched_category", V::Category),
        ("method", V::Verb),
        ("app_rule_name", V::Rule),
        ("product", V::Lit("URL Filtering")),
        ("proto", V::Num(6)),
        ("resource", V::Url(Tunnel::Slash)),
        ("src", V::Client),
        ("src_machine_name", V::By(machine)),
        ("src_user_name", V::By(named)),
        ("src_user_group", V::Group),
        ("received_bytes", V::In),
        ("sent_bytes", V::Out),
        ("referrer", V::Referrer),
    ],
};

/// Without an address the host stands as the application.
const CHECK_POINT_HOST: Record = Record {
    weight: 8,
    kind: "web",
    verdicts: CHECK_POINT,
    fields: &[
        ("action", V::Word(0)),
        ("loguid", V::Lit("{0x1,0x1,0x1,0x2}")),
        ("time", V::Epoch(Epoch::Seconds)),
        ("product", V::Lit("URL Filtering")),
        ("appi_name", V::Host),
        ("src", V::Client),
        ("user", V::Name),
    ],
};

const CHECK_POINT_APP: Record = Record {
    weight: 6,
    kind: "app",
    verdicts: &[(Is::Allowed, &["Accept"]), (Is::Blocked, &["Block"])],
    fields: &[
        ("action", V::Word(0)),
        ("loguid", V::Lit("{0x1,0x1,0x1,0x3}")),
        ("time", V::Epoch(Epoch::Seconds)),
        ("product", V::Lit("Application Control")),
        ("appi_name", V::App),
        ("app_category", V::Category),
        ("rule_name", V::Rule),
        ("src", V::Client),
    ],
};

const CHECK_POINT_ADMIN: Record = Record {
    weight: 6,
    kind: "",
    verdicts: &[
        (Is::Admin("policy_change"), &["Object Manipulation", "Modify Object", "pupils", "access-rule"]),
        (Is::Admin("sign_in"), &["Administrator Login", "Log In", "mgmt", ""]),
        (Is::Admin("configuration"), &["", "Create Object", "printer", "host"]),
    ],
    fields: &[
        ("loguid", V::Lit("{0x1,0x1,0x1,0x4}")),
        ("time", V::Epoch(Epoch::Seconds)),
        ("product", V::Lit("SmartConsole")),
        ("administrator", V::Says("actor", "it.admin")),
        ("subject", V::Word(0)),
        ("operation", V::WordAs("detail", 1)),
        ("objectname", V::WordAs("object", 2)),
        ("objecttype", V::Word(3)),
    ],
};

const CHECK_POINT_FLOW: Record = Record {
    weight: 4,
    kind: "",
    verdicts: &[(Is::Ignored("flow"), &["Accept"])],
    fields: &[
        ("action", V::Word(0)),
        ("loguid", V::Lit("{0x1,0x1,0x1,0x5}")),
        ("time", V::Epoch(Epoch::Seconds)),
        ("product", V::Lit("VPN-1 & FireWall-1")),
        ("src", V::Client),
        ("dst", V::Server),
    ],
};

const CHECK_POINT_CEF: Record = Record {
    weight: 1,
    kind: "web",
    verdicts: CHECK_POINT,
    fields: &[
        ("act", V::Word(0)),
        ("deviceDirection", V::Num(1)),
        ("rt", V::Epoch(Epoch::Millis)),
        ("shost", V::By(machine)),
        ("suser", V::By(named)),
        ("cs2Label", V::Lit("Rule Name")),
        ("cs2", V::Rule),
        ("cs5Label", V::Lit("Matched Category")),
        ("cs5", V::Category),
        ("layer_name", V::Profile),
        ("origin", V::Lit("10.1.1.1")),
        ("dst", V::Server),
        ("product", V::Lit("URL Filtering")),
        ("requestMethod", V::Verb),
        ("request", V::Url(Tunnel::Slash)),
        ("requestContext", V::Referrer),
        ("src", V::Client),
        ("in", V::In),
        ("out", V::Out),
    ],
};

const CHECK_POINT_SHAPE: Shape = Shape {
    id: "checkpoint",
    layout: Layout::Pairs { between: "; ", assign: ":", quote: Quote::Always, absent: None, escape: "" },
    head: &[("<134>1 ", V::Utc("%Y-%m-%dT%H:%M:%SZ")), (" gate-1 CheckPoint 1930 - [", V::Nil)],
    tail: "]",
    words: WORDS,
    rough: " |=",
    records: &[CHECK_POINT_WEB, CHECK_POINT_HOST, CHECK_POINT_APP, CHECK_POINT_ADMIN, CHECK_POINT_FLOW],
    ..BASE
};

pub(super) static SHAPES: [Shape; 5] = [
    CHECK_POINT_SHAPE,
    Shape {
        id: "checkpoint-kv",
        layout: Layout::Pairs { between: "|", assign: "=", quote: Quote::Never, absent: None, escape: "" },
        head: &[("<134>", V::Local("%b %e %H:%M:%S")), (" relay ", V::Nil)],
        tail: "",
        rough: " ",
        unfit: "|",
        ..CHECK_POINT_SHAPE
    },
    Shape {
        id: "checkpoint-cef",
        layout: CEF,
        head: &[("CEF:0|Check Point|URL Filtering|Check Point|Log|Web|Unknown|", V::Nil)],
        tail: "",
        rough: " ,|=\\",
        records: &[CHECK_POINT_CEF],
        ..CHECK_POINT_SHAPE
    },
    Shape {
        id: "checkpoint-cef",
        layout: CEF,
        head: &[("CEF:0|Check Point|Application Control|Check Point|Log|App|Unknown|", V::Nil)],
        tail: "",
        records: &[Record {
            weight: 1,
            kind: "app",
            verdicts: &[(Is::Allowed, &["Accept"]), (Is::Blocked, &["Block"])],
            fields: &[
                ("act", V::Word(0)),
                ("rt", V::Epoch(Epoch::Millis)),
                ("appi_name", V::App),
                ("app_category", V::Category),
                ("src", V::Client),
            ],
        }],
        ..CHECK_POINT_SHAPE
    },
    Shape {
        id: "checkpoint-cef",
        layout: CEF,
        head: &[("CEF:0|Check Point|SmartConsole|Check Point|Log|Log|Unknown|", V::Nil)],
        tail: "",
        records: &[Record {
            weight: 1,
            kind: "",
            verdicts: CHECK_POINT_ADMIN.verdicts,
            fields: &[
                ("rt", V::Epoch(Epoch::Millis)),
                ("administrator", V::Says("actor", "it.admin")),
                ("subject", V::Word(0)),
                ("operation", V::WordAs("detail", 1)),
                ("objectname", V::WordAs("object", 2)),
                ("objecttype", V::Word(3)),
            ],
        }],
        ..CHECK_POINT_SHAPE
    },
];
