//! Squid (native, combined, the format this project recommends), e2guardian's logs 1, 2, 4, 5, and squidGuard. From squid.conf's
//! documentation of logformat, e2guardian's notes on logfileformat, and squidGuard's log lines.

use crate::shape::{BASE, Case, Epoch, Field, Is, Layout, Login, Quote, Record, Row, Shape, Tunnel, V, Verdict};

/// Result code, status, and peer.
const SQUID: &[Verdict] = &[
    (Is::Allowed, &["TCP_MISS", "200", "HIER_DIRECT/198.51.100.7"]),
    (Is::Allowed, &["TCP_MEM_HIT", "200", "HIER_NONE/-"]),
    (Is::Allowed, &["TCP_REFRESH_UNMODIFIED", "304", "HIER_DIRECT/198.51.100.7"]),
    (Is::Blocked, &["TCP_DENIED", "403", "HIER_NONE/-"]),
    (Is::Blocked, &["TCP_DENIED_REPLY", "403", "HIER_DIRECT/198.51.100.7"]),
    (Is::Ignored("auth_challenge"), &["TCP_DENIED", "407", "HIER_NONE/-"]),
    (Is::Ignored("not_a_decision"), &["NONE_NONE", "000", "HIER_NONE/-"]),
];

const NATIVE: &[Field] = &[
    ("", V::Epoch(Epoch::Thousandths)),
    ("    ", V::Elapsed),
    (" ", V::Client),
    (" ", V::Word(0)),
    ("/", V::WordAs("status", 1)),
    (" ", V::In),
    (" ", V::Method),
    (" ", V::Url(Tunnel::HostPort)),
    (" ", V::User),
    (" ", V::Word(2)),
    (" ", V::ContentType),
];

/// With referrer and agent behind, as some put them.
const LONGER: &[Field] = &[
    ("", V::Epoch(Epoch::Thousandths)),
    ("    ", V::Elapsed),
    (" ", V::Client),
    (" ", V::Word(0)),
    ("/", V::WordAs("status", 1)),
    (" ", V::In),
    (" ", V::Method),
    (" ", V::Url(Tunnel::HostPort)),
    (" ", V::User),
    (" ", V::Word(2)),
    (" ", V::ContentType),
    (" \"", V::Referrer),
    ("\" \"", V::Agent),
    ("\"", V::By(|_, _| Some(String::new()))),
];

const COMBINED: &[Field] = &[
    ("", V::Client),
    (" - ", V::User),
    (" [", V::Local("%d/%b/%Y:%H:%M:%S %z")),
    ("] \"", V::Method),
    (" ", V::Url(Tunnel::HostPort)),
    (" HTTP/1.1\" ", V::WordAs("status", 1)),
    (" ", V::In),
    (" \"", V::Referrer),
    ("\" \"", V::Agent),
    ("\" ", V::Word(0)),
    (":", V::Lit("HIER_DIRECT")),
];

const SCHOOL: &[Field] = &[
    ("", V::Local("%Y-%m-%d %H:%M:%S")),
    (" ", V::Elapsed),
    (" ", V::Client),
    (" ", V::User),
    (" ", V::Word(0)),
    ("/", V::WordAs("status", 1)),
    (" ", V::Out),
    (" ", V::In),
    (" ", V::Method),
    (" ", V::Url(Tunnel::HostPort)),
    (" \"", V::Referrer),
    ("\" \"", V::Agent),
    ("\" ", V::ContentType),
];

/// What e2guardian's English language file says, and the status.
const E2GUARDIAN: &[Verdict] = &[
    (Is::Allowed, &["-", "200"]),
    (Is::Allowed, &["*EXCEPTION* Exception site match.", "200"]),
    (Is::Allowed, &["*SCANNED* ", "200"]),
    (Is::Allowed, &["*URLMOD* ", "302"]),
    (Is::Blocked, &["*DENIED* Blocked site: dice.example", "403"]),
    (Is::Blocked, &["*SCANNED* *DENIED* Weighted phrase limit of 100 : 310", "403"]),
    (Is::Overridden, &["*TRUSTED* -", "200"]),
    (Is::Ignored("not_a_decision"), &["*NETERROR* Unable to connect to upstream proxy", "403"]),
    (Is::Ignored("auth_challenge"), &["*TRUSTED* -", "407"]),
    (Is::Quarantined("unknown_action"), &["*VERBODEN* Geblokkeerde site", "403"]),
];

/// The name of the client's computer; its address where that has none.
fn client_host(case: &Case<'_>, row: &mut Row) -> Option<String> {
    let device = case.request.device;
    if device.is_empty() {
        return Some(case.request.client.clone());
    }
    row.tell("device", device.to_lowercase());
    Some(device.to_owned())
}

const ONE: &[Field] = &[
    ("", V::Local("%Y.%m.%d %H:%M:%S")),
    (" ", V::User),
    (" ", V::Client),
    (" ", V::Url(Tunnel::BarePort)),
    (" ", V::Word(0)),
    (" ", V::Method),
    (" ", V::In),
    (" ", V::Num(0)),
    (" ", V::Category),
    (" ", V::Num(1)),
    (" ", V::WordAs("status", 1)),
    (" ", V::ContentType),
    (" ", V::By(client_host)),
    (" ", V::Group),
    (" ", V::Agent),
    (" - - - -", V::By(|_, _| Some(String::new()))),
];

/// Columns of formats 2 and 4; with `logtimestamp` an epoch stands behind the clock.
const fn columns(time: V) -> [Field; 19] {
    [
        ("", time),
        ("", V::User),
        ("", V::Client),
        ("", V::Url(Tunnel::BarePort)),
        ("", V::Word(0)),
        ("", V::Method),
        ("", V::In),
        ("", V::Num(0)),
        ("", V::Category),
        ("", V::Num(1)),
        ("", V::WordAs("status", 1)),
        ("", V::ContentType),
        ("", V::By(client_host)),
        ("", V::Group),
        ("", V::Agent),
        ("", V::Nil),
        ("", V::Nil),
        ("", V::Nil),
        ("", V::Nil),
    ]
}

static PLAIN_COLUMNS: [Field; 19] = columns(V::Local("%Y.%m.%d %H:%M:%S"));
static STAMPED_COLUMNS: [Field; 19] =
    columns(V::List(&[V::Local("%Y.%m.%d %H:%M:%S"), V::Lit(" "), V::Epoch(Epoch::Thousandths)]));

const FIVE: &[Field] = &[
    ("", V::Epoch(Epoch::Thousandths)),
    ("", V::Lit("filter.example")),
    ("", V::User),
    ("", V::Client),
    ("", V::By(client_host)),
    ("", V::Url(Tunnel::BarePort)),
    ("", V::Method),
    ("", V::WordAs("status", 1)),
    ("", V::In),
    ("", V::ContentType),
    ("", V::Agent),
    ("", V::Nil),
    ("", V::Elapsed),
    ("", V::Nil),
    ("", V::Num(0)),
    ("", V::Word(0)),
    ("", V::Num(0)),
    ("", V::Category),
    ("", V::Group),
    ("", V::Num(1)),
];

const GUARD: &[Field] = &[
    ("", V::Local("%Y-%m-%d %H:%M:%S")),
    (" [4711] Request(", V::Group),
    ("/", V::Category),
    ("/-) ", V::Url(Tunnel::HostPort)),
    (" ", V::Client),
    ("/", V::Lit("desk-4.sch.example")),
    (
        " ",
        V::By(|case, row| {
            row.tell("user", case.person()?);
            Some(case.request.written_login().replace('\\', "%5c"))
        }),
    ),
    (" ", V::Method),
    (" ", V::Word(0)),
];

const NAMES: &[(&str, &str, &str)] = &[("gambling", "", "gambling"), ("games", "", "games"), ("Clwb-brecwast", "", "")];

const fn web(verdicts: &'static [Verdict], fields: &'static [Field]) -> Record {
    Record { weight: 1, kind: "web", verdicts, fields }
}

const SQUID_SHAPE: Shape =
    Shape { id: "squid", logins: &[Login::Plain, Login::Domain, Login::Upn], rough: "", records: &[web(SQUID, NATIVE)], ..BASE };

const GUARDIAN: Shape = Shape {
    id: "e2guardian-1",
    logins: &[Login::Plain, Login::Domain],
    words: NAMES,
    join: ", ",
    rough: "",
    records: &[web(E2GUARDIAN, ONE)],
    ..BASE
};

const QUOTED: Layout = Layout::Table { delimiter: ",", header: None, quote: Quote::Always, absent: "-" };
const TABBED: Layout = Layout::Table { delimiter: "\t", header: None, quote: Quote::Never, absent: "-" };

pub(super) static SHAPES: [Shape; 11] = [
    SQUID_SHAPE,
    Shape { records: &[web(SQUID, LONGER)], ..SQUID_SHAPE },
    Shape { id: "squid-combined", records: &[web(SQUID, COMBINED)], ..SQUID_SHAPE },
    Shape { id: "squid-school", records: &[web(SQUID, SCHOOL)], ..SQUID_SHAPE },
    GUARDIAN,
    Shape { id: "e2guardian-2", layout: QUOTED, rough: " ,|=", records: &[web(E2GUARDIAN, &PLAIN_COLUMNS)], ..GUARDIAN },
    Shape { id: "e2guardian-2", layout: QUOTED, rough: " ,|=", records: &[web(E2GUARDIAN, &STAMPED_COLUMNS)], ..GUARDIAN },
    Shape { id: "e2guardian-4", layout: TABBED, rough: " ,|=\"", records: &[web(E2GUARDIAN, &PLAIN_COLUMNS)], ..GUARDIAN },
    Shape { id: "e2guardian-4", layout: TABBED, rough: " ,|=\"", records: &[web(E2GUARDIAN, &STAMPED_COLUMNS)], ..GUARDIAN },
    Shape { id: "e2guardian-5", layout: TABBED, rough: " ,|=\"", records: &[web(E2GUARDIAN, FIVE)], ..GUARDIAN },
    Shape {
        id: "squidguard",
        join: "",
        records: &[web(&[(Is::Blocked, &["REDIRECT"]), (Is::Allowed, &["PASS"])], GUARD)],
        ..GUARDIAN
    },
];
