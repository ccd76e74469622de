//! Forcepoint: Web Security on premises in CEF and LEEF, and the cloud's export. From the vendor's SIEM integration and reporting guides.

use crate::shape::{BASE, CEF, Case, Epoch, Field, Is, LEEF, Layout, Login, Quote, Record, Row, Shape, Tunnel, V, When};

/// A whole directory path, of which the end is the log-in.
fn directory_path(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.tell("user", case.person()?);
    Some(format!("LDAP://sch/OU=Pupils,DC=sch/{}", case.request.login))
}

const fn transaction(login: V, name: V) -> [Field; 21] {
    [
        ("act", V::Word(0)),
        ("app", V::Scheme),
        ("dvc", V::Lit("192.0.2.5")),
        ("dst", V::Server),
        ("dhost", V::Host),
        ("src", V::Client),
        ("suser", name),
        ("loginID", login),
        ("rt", V::Epoch(Epoch::Millis)),
        ("in", V::In),
        ("out", V::Out),
        ("requestMethod", V::Method),
        ("requestClientApplication", V::Agent),
        ("cs1Label", V::Lit("Policy")),
        ("cs1", V::Profile),
        ("cs3Label", V::Lit("ContentType")),
        ("cs3", V::ContentType),
        ("cn1Label", V::Lit("DispositionCode")),
        ("cn1", V::WordAs("rule", 1)),
        ("refererUrl", V::Referrer),
        ("request", V::Url(Tunnel::BarePort)),
    ]
}

static SIGNED_IN: [Field; 21] = transaction(V::Name, V::By(directory_path));
static BY_PATH: [Field; 21] = transaction(V::Lit("-"), V::By(directory_path));

const WORDS: &[(&str, &str, &str)] = &[("13", "", ""), ("21", "", ""), ("204", "", "")];

const LEEF_FIELDS: &[Field] = &[
    ("sev", V::Num(1)),
    ("cat", V::Category),
    ("usrName", V::Lit("-")),
    ("loginID", V::User),
    ("src", V::Client),
    ("srcPort", V::Num(0)),
    ("srcBytes", V::Out),
    ("dstBytes", V::In),
    ("dst", V::Server),
    ("dstPort", V::By(|case, _| Some(case.request.port().to_string()))),
    ("proxyStatus-code", V::Status),
    ("serverStatus-code", V::Num(200)),
    ("duration", V::Num(0)),
    ("method", V::Method),
    ("disposition", V::WordAs("rule", 1)),
    ("contentType", V::ContentType),
    ("reason", V::Lit("-")),
    ("policy", V::Profile),
    ("role", V::Num(0)),
    ("RefererURL", V::Referrer),
    ("userAgent", V::Agent),
    ("url", V::Url(Tunnel::BarePort)),
];

const fn cloud(words: [&'static str; 17]) -> [Field; 17] {
    [
        (words[0], V::Local("%d/%m/%Y")),
        (words[1], V::Local("%H:%M:%S")),
        (words[2], V::User),
        (words[3], V::Device),
        (words[4], V::Category),
        (words[5], V::Word(0)),
        (words[6], V::Lit("Productivity Loss")),
        (words[7], V::Profile),
        (
            words[8],
            V::List(&[V::If(When::Tunnel, &V::List(&[V::Url(Tunnel::HostPort), V::Lit("/")])), V::If(When::Open, &V::Address)]),
        ),
        (words[9], V::Lit("192.0.2.1")),
        (words[10], V::Server),
        (words[11], V::Client),
        (words[12], V::Nil),
        (words[13], V::Nil),
        (words[14], V::Agent),
        (words[15], V::WordAs("status", 1)),
        (words[16], V::By(method)),
    ]
}

/// A capital and small letters.
fn method(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.is_connect = case.is_tunnel();
    let method = if case.is_tunnel() {
        "Connect"
    } else if case.request.is_post {
        "Post"
    } else {
        "Get"
    };
    row.tell("method", method.to_uppercase());
    Some(method.to_owned())
}

static UNNAMED: [Field; 17] = cloud([""; 17]);
static NAMED: [Field; 17] = cloud([
    "date",
    "time",
    "user",
    "workstation",
    "category",
    "action",
    "risk_class",
    "policy_name",
    "url",
    "connection_ip",
    "destination_ip",
    "source_ip",
    "threat_type",
    "threat_name",
    "user_agent_string",
    "http_status_code",
    "http_request_method",
]);

const CLOUD: Shape = Shape {
    id: "forcepoint-csv",
    layout: Layout::Table { delimiter: ",", header: None, quote: Quote::Always, absent: "Not available" },
    words: super::WORDS,
    join: ",",
    logins: &[Login::Upn],
    rough: " ,\"|=\\",
    records: &[Record {
        weight: 1,
        kind: "web",
        verdicts: &[
            (Is::Allowed, &["Allowed", "200"]),
            (Is::Allowed, &["Isolated", "200"]),
            (Is::Blocked, &["Blocked", "403"]),
            (Is::Warned, &["Quota", "200"]),
            (Is::Warned, &["Confirm", "200"]),
            (Is::Overridden, &["Confirmed", "200"]),
            (Is::Ignored("auth_challenge"), &["Blocked", "407"]),
            (Is::Ignored("auth_challenge"), &["Authentication required", "401"]),
            (Is::Quarantined("unknown_action"), &["Mislaid", "200"]),
        ],
        fields: &UNNAMED,
    }],
    ..BASE
};

const CEF_SHAPE: Shape = Shape {
    id: "forcepoint-cef",
    layout: CEF,
    head: &[("CEF:0|Forcepoint|Security|8.5.5|", V::Category), ("|Transaction ", V::Word(0)), ("|1|", V::Nil)],
    words: WORDS,
    rough: " ,|=\\",
    records: &[
        Record {
            weight: 2,
            kind: "web",
            verdicts: &[
                (Is::Allowed, &["permitted", "1026"]),
                (Is::Blocked, &["blocked", "1025"]),
                (Is::Quarantined("unknown_action"), &["mislaid", "0"]),
            ],
            fields: &SIGNED_IN,
        },
        Record {
            weight: 1,
            kind: "web",
            verdicts: &[(Is::Allowed, &["permitted", "1026"]), (Is::Blocked, &["blocked", "1025"])],
            fields: &BY_PATH,
        },
    ],
    ..BASE
};

pub(super) static SHAPES: [Shape; 4] = [
    CEF_SHAPE,
    Shape {
        id: "forcepoint-leef",
        layout: LEEF,
        head: &[
            ("<159>", V::Local("%b %e %H:%M:%S")),
            (" box LEEF:1.0|Forcepoint|Security|8.5.0|transaction:", V::Word(0)),
            ("|", V::Nil),
        ],
        records: &[Record {
            weight: 1,
            kind: "web",
            verdicts: &[(Is::Allowed, &["permitted", "1026"]), (Is::Blocked, &["blocked", "1025"])],
            fields: LEEF_FIELDS,
        }],
        ..CEF_SHAPE
    },
    CLOUD,
    Shape {
        layout: Layout::Table { delimiter: ",", header: Some(""), quote: Quote::Needed, absent: "Not available" },
        records: &[Record { weight: 1, kind: "web", verdicts: CLOUD.records[0].verdicts, fields: &NAMED }],
        ..CLOUD
    },
];
