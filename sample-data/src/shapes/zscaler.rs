//! Zscaler Internet Access: the web, DNS and audit feeds in JSON, the web feed in CSV, key and value, and CEF. From the vendor's
//! guides to NSS feed output formats.

use super::WORDS;
use crate::shape::{BASE, CEF, Case, Field, Is, Layout, Login, Quote, Record, Row, Shape, Tunnel, V, Verdict, When};

/// Action, reason, status.
const WEB: &[Verdict] = &[
    (Is::Allowed, &["Allowed", "Allowed", "200"]),
    (Is::Allowed, &["Allowed", "Allowed", "404"]),
    (Is::Blocked, &["Blocked", "Not allowed to browse this category", "403"]),
    (Is::Warned, &["Blocked", "Internet access cautioned", "200"]),
    (Is::Overridden, &["Allowed", "Internet access cautioned", "200"]),
    (Is::Overridden, &["Allowed", "Allowed due to override", "200"]),
    (Is::Ignored("auth_challenge"), &["Blocked", "Fake Proxy Authentication", "407"]),
    (Is::Ignored("not_a_decision"), &["Blocked", "Dropped due to failed client SSL handshake", "0"]),
    (Is::Quarantined("unknown_action"), &["Mislaid", "Allowed", "200"]),
];

/// Of a row without a person the log-in is the name of the location.
fn user(case: &Case<'_>, row: &mut Row) -> Option<String> {
    match case.person() {
        Some(person) => {
            row.tell("user", person);
            Some(case.request.written_login())
        }
        None => Some("School".to_owned()),
    }
}

/// HTTPS was opened, SSL was left closed.
fn protocol(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.tell("scheme", if case.is_https() { "https" } else { "http" });
    if case.is_https() {
        row.tell("tls_inspected", !case.is_tunnel());
    }
    let word = if case.is_tunnel() {
        "SSL"
    } else if case.is_https() {
        "HTTPS"
    } else {
        "HTTP"
    };
    Some(word.to_owned())
}

/// Without a scheme; `host:port` of what was left closed.
const ADDRESS: V = V::List(&[V::If(When::Tunnel, &V::Url(Tunnel::HostPort)), V::If(When::Open, &V::Address)]);

const USER: V = V::By(user);
const DEPARTMENT: V = V::Group;

const JSON_WEB: &[Field] = &[
    ("sourcetype", V::Lit("zscalernss-web")),
    ("event.datetime", V::Local("%Y-%m-%d %H:%M:%S")),
    ("event.reason", V::Word(1)),
    ("event.protocol", V::By(protocol)),
    ("event.action", V::Word(0)),
    ("event.transactionsize", V::Lit("1031")),
    ("event.responsesize", V::Text(&V::In)),
    ("event.requestsize", V::Text(&V::Out)),
    ("event.urlcategory", V::Percent(&V::Category)),
    ("event.urlsupercategory", V::Lit("User-Defined")),
    ("event.requestmethod", V::Method),
    ("event.refererURL", V::Referrer),
    ("event.useragent", V::Agent),
    ("event.location", V::Lit("School")),
    ("event.ClientIP", V::Client),
    ("event.status", V::Text(&V::WordAs("status", 2))),
    ("event.user", USER),
    ("event.url", ADDRESS),
    ("event.hostname", V::Host),
    ("event.appname", V::App),
    ("event.department", V::Percent(&DEPARTMENT)),
    ("event.contenttype", V::ContentType),
    ("event.urlfilterrulelabel", V::Percent(&V::Rule)),
    ("event.devicehostname", V::Device),
];

/// The short names, and a log-in for a user.
const JSON_SHORT: &[Field] = &[
    ("sourcetype", V::Lit("zscalernss-web")),
    ("event.time", V::Local("%a %b %e %H:%M:%S %Y")),
    ("event.tz", V::Zone),
    ("event.login", USER),
    ("event.proto", V::By(protocol)),
    ("event.eurl", ADDRESS),
    ("event.action", V::Word(0)),
    ("event.reason", V::Word(1)),
    ("event.appname", V::App),
    ("event.reqsize", V::Text(&V::Out)),
    ("event.respsize", V::Text(&V::In)),
    ("event.urlcat", V::Category),
    ("event.location", V::Lit("School")),
    ("event.dept", DEPARTMENT),
    ("event.cip", V::Lit("192.0.2.1")),
    ("event.cintip", V::Client),
    ("event.reqmethod", V::Method),
    ("event.respcode", V::Text(&V::WordAs("status", 2))),
    ("event.ereferer", V::Referrer),
    ("event.rulelabel", V::Rule),
    ("event.contenttype", V::ContentType),
    ("event.devicehostname", V::Device),
];

const JSON_DNS: &[Field] = &[
    ("sourcetype", V::Lit("zscalernss-dns")),
    ("event.datetime", V::Local("%a %b %e %H:%M:%S %Y")),
    ("event.user", USER),
    ("event.department", DEPARTMENT),
    ("event.location", V::Lit("School")),
    ("event.reqaction", V::Word(0)),
    ("event.resaction", V::Word(1)),
    ("event.reqrulelabel", V::Rule),
    ("event.dns_reqtype", V::Lit("A")),
    ("event.dns_req", V::Fqdn),
    ("event.clt_sip", V::Client),
    ("event.category", V::Category),
    ("event.devicehostname", V::Device),
];

const JSON_AUDIT: &[Field] = &[
    ("sourcetype", V::Lit("zscalernss-audit")),
    ("event.time", V::Local("%a %b %e %H:%M:%S %Y")),
    ("event.action", V::WordAs("detail", 0)),
    ("event.category", V::Word(1)),
    ("event.subcategory", V::Lit("URL_AND_CLOUD_APP_CONTROL")),
    ("event.resource", V::Says("object", "Pupils")),
    ("event.adminid", V::Says("actor", "it.admin@sch.example")),
    ("event.clientip", V::Client),
];

const NONE: V = V::Lit("None");

const COLUMNS: &[Field] = &[
    ("time", V::Local("%a %b %e %H:%M:%S %Y")),
    ("login", USER),
    ("proto", V::By(protocol)),
    ("eurl", ADDRESS),
    ("action", V::Word(0)),
    ("appname", V::App),
    ("appclass", V::Lit("Consumer Apps")),
    ("reqsize", V::Out),
    ("respsize", V::In),
    ("stime", V::Num(0)),
    ("ctime", V::Num(0)),
    ("urlclass", V::Lit("Bandwidth Loss")),
    ("urlsupercat", V::Lit("User-Defined")),
    ("urlcat", V::Category),
    ("malwarecat", NONE),
    ("threatname", NONE),
    ("riskscore", V::Num(0)),
    ("dlpeng", NONE),
    ("dlpdict", NONE),
    ("location", V::Lit("School")),
    ("dept", DEPARTMENT),
    ("cip", V::Client),
    ("sip", V::Server),
    ("reqmethod", V::Method),
    ("respcode", V::WordAs("status", 2)),
    ("ua", V::Agent),
    ("ereferer", V::Referrer),
    ("ruletype", V::Lit("UrlCat")),
    ("rulelabel", V::Rule),
    ("contenttype", V::ContentType),
    ("unscannabletype", NONE),
    ("deviceowner", V::Lit("NA")),
    ("devicehostname", V::Device),
    ("keyprotectiontype", V::Lit("N/A")),
];

/// The reason is no column of the usual template.
const COLUMN_WORDS: &[Verdict] = &[
    (Is::Allowed, &["Allowed", "", "200"]),
    (Is::Blocked, &["Blocked", "", "403"]),
    (Is::Ignored("auth_challenge"), &["Blocked", "", "407"]),
    (Is::Quarantined("unknown_action"), &["Mislaid", "", "200"]),
];

const NAMED_COLUMNS: &[Field] = &[
    ("time", V::Local("%Y-%m-%d %H:%M:%S")),
    ("tz", V::Zone),
    ("login", USER),
    ("proto", V::By(protocol)),
    ("eurl", ADDRESS),
    ("action", V::Word(0)),
    ("reason", V::Word(1)),
    ("respcode", V::WordAs("status", 2)),
    ("urlcat", V::Category),
    ("location", V::Lit("School")),
    ("cintip", V::Client),
];

const PAIRS: &[Field] = &[
    ("datetime", V::Local("%a %b %d %H:%M:%S %Y")),
    ("tz", V::Zone),
    ("reason", V::Word(1)),
    ("event_id", V::Serial),
    ("protocol", V::By(protocol)),
    ("action", V::Word(0)),
    ("responsesize", V::In),
    ("requestsize", V::Out),
    ("urlcategory", V::Category),
    ("serverip", V::Server),
    ("requestmethod", V::Method),
    ("refererURL", V::Referrer),
    ("useragent", V::Agent),
    ("product", V::Lit("NSS")),
    ("location", V::Lit("School")),
    ("ClientIP", V::Client),
    ("status", V::WordAs("status", 2)),
    ("user", USER),
    ("url", ADDRESS),
    ("vendor", V::Lit("Zscaler")),
    ("hostname", V::Lit("www.maps.example")),
    ("appname", V::App),
    ("department", DEPARTMENT),
    ("urlfilterrulelabel", V::Rule),
    ("contenttype", V::ContentType),
    ("devicehostname", V::Device),
];

const EXTENSION: &[Field] = &[
    ("act", V::Word(0)),
    ("app", V::By(protocol)),
    ("cat", V::Category),
    ("dhost", V::Host),
    ("dst", V::Server),
    ("src", V::Lit("192.0.2.1")),
    ("in", V::In),
    ("outcome", V::WordAs("status", 2)),
    ("out", V::Out),
    ("request", ADDRESS),
    ("rt", V::Local("%b %d %Y %H:%M:%S")),
    ("sourceTranslatedAddress", V::Client),
    ("requestClientApplication", V::Agent),
    ("requestMethod", V::Method),
    ("suser", USER),
    ("spriv", V::Lit("School")),
    ("externalId", V::Serial),
    ("fileType", V::Lit("None")),
    ("reason", V::Word(1)),
    ("destinationServiceName", V::App),
    ("contentType", V::ContentType),
    ("cn1", V::Num(0)),
    ("cn1Label", V::Lit("riskscore")),
    ("cs1", DEPARTMENT),
    ("cs1Label", V::Lit("dept")),
    ("requestContext", V::Referrer),
];

const JSON: Shape = Shape {
    id: "zscaler",
    layout: Layout::Json,
    words: &[
        ("Gambling", "", "gambling"),
        ("Social Networking", "", "social_media"),
        ("Online and Other Games", "", "games"),
        ("Clwb Brecwast", "", ""),
    ],
    logins: &[Login::Upn],
    rough: " ,\"|=\\",
    records: &[
        Record { weight: 80, kind: "web", verdicts: WEB, fields: JSON_WEB },
        Record {
            weight: 10,
            kind: "dns",
            verdicts: &[
                (Is::Allowed, &["Allow", "Allow"]),
                (Is::Blocked, &["Block", "Allow"]),
                (Is::Blocked, &["Allow", "Block"]),
            ],
            fields: JSON_DNS,
        },
        Record {
            weight: 10,
            kind: "",
            verdicts: &[
                (Is::Admin("policy_change"), &["UPDATE", "URL_FILTERING_POLICY"]),
                (Is::Admin("sign_in"), &["SIGN_IN", "LOGIN"]),
                (Is::Admin("configuration"), &["CREATE", "LOCATION_MANAGEMENT"]),
            ],
            fields: JSON_AUDIT,
        },
    ],
    ..BASE
};

pub(super) static SHAPES: [Shape; 6] = [
    JSON,
    Shape { rough: " ,\"|=", records: &[Record { weight: 1, kind: "web", verdicts: WEB, fields: JSON_SHORT }], ..JSON },
    Shape {
        id: "zscaler-csv",
        layout: Layout::Table { delimiter: ",", header: None, quote: Quote::Always, absent: "None" },
        records: &[Record { weight: 1, kind: "web", verdicts: COLUMN_WORDS, fields: COLUMNS }],
        words: WORDS,
        ..JSON
    },
    Shape {
        id: "zscaler-csv",
        layout: Layout::Table { delimiter: ",", header: Some(""), quote: Quote::Always, absent: "None" },
        records: &[Record { weight: 1, kind: "web", verdicts: WEB, fields: NAMED_COLUMNS }],
        words: WORDS,
        ..JSON
    },
    Shape {
        id: "zscaler-kv",
        layout: Layout::Pairs { between: "\t", assign: "=", quote: Quote::Always, absent: Some("None"), escape: "" },
        rough: " ,|=",
        records: &[Record { weight: 1, kind: "web", verdicts: WEB, fields: PAIRS }],
        ..JSON
    },
    Shape {
        id: "zscaler-cef",
        layout: CEF,
        head: &[
            ("", V::Local("%b %d %H:%M:%S")),
            (" zscaler-nss CEF:0|Zscaler|NSSWeblog|5.0|", V::Word(0)),
            ("|", V::Word(1)),
            ("|3|", V::Nil),
        ],
        rough: " ,|=\\",
        records: &[Record { weight: 1, kind: "web", verdicts: WEB, fields: EXTENSION }],
        ..JSON
    },
];
