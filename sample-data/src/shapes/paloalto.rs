//! Palo Alto Networks: the URL log as syslog CSV (PAN-OS 10 and 4), the browser's export, CEF, and JSON of the logging service.
//! From the vendor's syslog field descriptions and CEF templates.

use crate::shape::{BASE, CEF, CSV, Case, Epoch, Field, Is, Layout, Login, Quote, Record, Row, Shape, V, Verdict, When};

const WORDS: &[(&str, &str, &str)] =
    &[("gambling", "", "gambling"), ("social-networking", "", "social_media"), ("games", "", "games"), ("clwb-brecwast", "", "")];

const WEB: &[Verdict] = &[
    (Is::Allowed, &["alert"]),
    (Is::Allowed, &["allow"]),
    (Is::Blocked, &["block-url"]),
    (Is::Blocked, &["override-lockout"]),
    (Is::Warned, &["block-continue"]),
    (Is::Warned, &["block-override"]),
    (Is::Overridden, &["continue"]),
    (Is::Overridden, &["override"]),
    (Is::Quarantined("unknown_action"), &["mislaid"]),
];

/// The list of categories, with the risk level that the vendor puts last.
const RISKED: V = V::If(When::Category, &V::List(&[V::Category, V::Lit(",low-risk")]));

const WEB_FIELDS: &[Field] = &[
    ("", V::Num(1)),
    ("", V::Later("%Y/%m/%d %H:%M:%S")),
    ("", V::Lit("012000000001")),
    ("", V::Lit("THREAT")),
    ("", V::Lit("url")),
    ("", V::Num(2816)),
    ("", V::Local("%Y/%m/%d %H:%M:%S")),
    ("", V::Client),
    ("", V::Server),
    ("", V::Lit("203.0.113.9")),
    ("", V::Server),
    ("", V::Rule),
    ("", V::User),
    ("", V::Nil),
    ("", V::App),
    ("", V::Lit("vsys1")),
    ("", V::Lit("inside")),
    ("", V::Lit("outside")),
    ("", V::Lit("ethernet1/2")),
    ("", V::Lit("ethernet1/1")),
    ("", V::Lit("logs")),
    ("", V::Later("%Y/%m/%d %H:%M:%S")),
    ("", V::Serial),
    ("", V::Num(1)),
    ("", V::Num(54_344)),
    ("", V::Port),
    ("", V::Num(1618)),
    ("", V::Num(443)),
    ("", V::Lit("0x403000")),
    ("", V::Lit("tcp")),
    ("", V::Word(0)),
    ("", V::Address),
    ("", V::Lit("(9999)")),
    ("", V::FirstCategory),
    ("", V::Lit("informational")),
    ("", V::Lit("client-to-server")),
    ("", V::Serial),
    ("", V::Lit("0x8000000000000000")),
    ("", V::Lit("10.0.0.0-10.255.255.255")),
    ("", V::Lit("United Kingdom")),
    ("", V::Nil),
    ("", V::ContentType),
    ("", V::Num(0)),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Num(1)),
    ("", V::Agent),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Referrer),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Num(12)),
    ("", V::Num(0)),
    ("", V::Num(0)),
    ("", V::Num(0)),
    ("", V::Nil),
    ("", V::Lit("box-1")),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::By(method)),
    ("", V::Num(0)),
    ("", V::Nil),
    ("", V::Num(0)),
    ("", V::Nil),
    ("", V::Lit("N/A")),
    ("", V::Lit("unknown")),
    ("", V::Lit("AppThreat-0-0")),
    ("", V::Lit("0x0")),
    ("", V::Num(0)),
    ("", V::Num(4_294_967_295)),
    ("", V::Nil),
    ("", RISKED),
    ("", V::Lit("3f9c1d52-6a2b-51ee-b100-000000000011")),
    ("", V::Num(0)),
    ("", V::Group),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Device),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Num(0)),
    ("", V::Local("%Y-%m-%dT%H:%M:%S.%3f%:z")),
];

/// In small letters, and without a word for a tunnel.
fn method(case: &Case<'_>, row: &mut Row) -> Option<String> {
    let method = if case.request.is_post { "post" } else { "get" };
    row.tell("method", method.to_uppercase());
    Some(method.to_owned())
}

const TRAFFIC: Record = Record {
    weight: 4,
    kind: "",
    verdicts: &[(Is::Ignored("flow"), &["allow"])],
    fields: &[
        ("", V::Num(1)),
        ("", V::Local("%Y/%m/%d %H:%M:%S")),
        ("", V::Lit("012000000001")),
        ("", V::Lit("TRAFFIC")),
        ("", V::Lit("end")),
        ("", V::Num(2816)),
        ("", V::Local("%Y/%m/%d %H:%M:%S")),
        ("", V::Client),
        ("", V::Server),
    ],
};

const CONFIG: Record = Record {
    weight: 5,
    kind: "",
    verdicts: &[
        (Is::Admin("policy_change"), &["vsys vsys1 profiles url-filtering pupils"]),
        (Is::Admin("configuration"), &["deviceconfig system timezone"]),
    ],
    fields: &[
        ("", V::Num(1)),
        ("", V::Later("%Y/%m/%d %H:%M:%S")),
        ("", V::Lit("012000000001")),
        ("", V::Lit("CONFIG")),
        ("", V::Num(0)),
        ("", V::Num(2816)),
        ("", V::Local("%Y/%m/%d %H:%M:%S")),
        ("", V::Lit("10.20.0.9")),
        ("", V::Nil),
        ("", V::Says("detail", "set")),
        ("", V::Says("actor", "it.admin")),
        ("", V::Lit("Web")),
        ("", V::Lit("Succeeded")),
        ("", V::WordAs("object", 0)),
        ("", V::Nil),
        ("", V::Nil),
    ],
};

const PANOS: Shape = Shape {
    id: "paloalto",
    layout: Layout::Table { delimiter: ",", header: None, quote: Quote::Needed, absent: "" },
    head: &[("<14>", V::Local("%b %e %H:%M:%S")), (" box-1 ", V::Nil)],
    words: WORDS,
    join: ",",
    logins: &[Login::Plain, Login::Domain, Login::Upn],
    rough: " ,\"|=\\",
    records: &[Record { weight: 91, kind: "web", verdicts: WEB, fields: WEB_FIELDS }, TRAFFIC, CONFIG],
    ..BASE
};

/// PAN-OS 4 to 7 end with the content type or before it: no list of categories, no method, the device's own time.
const OLD_FIELDS: &[Field] = WEB_FIELDS.split_at(42).0;

const EXPORT: Record = Record {
    weight: 9,
    kind: "web",
    verdicts: WEB,
    fields: &[
        ("Domain", V::Num(1)),
        ("Receive Time", V::Later("%Y/%m/%d %H:%M:%S")),
        ("Serial #", V::Lit("012000000001")),
        ("Type", V::Lit("THREAT")),
        ("Threat/Content Type", V::Lit("url")),
        ("Config Version", V::Num(1)),
        ("Generate Time", V::Local("%Y/%m/%d %H:%M:%S")),
        ("Source address", V::Client),
        ("Destination address", V::Server),
        ("Rule", V::Rule),
        ("Source User", V::User),
        ("Application", V::App),
        ("Destination Port", V::Port),
        ("Action", V::Word(0)),
        ("URL", V::Address),
        ("Threat/Content Name", V::Lit("(9999)")),
        ("Category", V::FirstCategory),
        ("Content Type", V::ContentType),
        ("Referer", V::Referrer),
        ("Device Name", V::Lit("box-1")),
        ("HTTP Method", V::By(method)),
        ("URL Category List", RISKED),
    ],
};

const CEF_WEB: Record = Record {
    weight: 9,
    kind: "web",
    verdicts: WEB,
    fields: &[
        ("dtz", V::Lit("UTC")),
        ("rt", V::Utc("%b %d %Y %H:%M:%S")),
        ("deviceExternalId", V::Lit("012000000001")),
        ("PanOSDynamicUserGroupName", V::Group),
        ("PanOSSourceDeviceHost", V::Device),
        ("sntdom", V::Realm),
        ("suser", V::Name),
        ("start", V::Utc("%b %d %Y %H:%M:%S")),
        ("src", V::Client),
        ("dst", V::Server),
        ("cs1", V::Rule),
        ("cs1Label", V::Lit("Rule")),
        ("app", V::App),
        ("cs3", V::Lit("vsys1")),
        ("cs3Label", V::Lit("VirtualLocation")),
        ("dpt", V::Port),
        ("proto", V::Lit("tcp")),
        ("act", V::Word(0)),
        ("request", V::Address),
        ("cs2", V::FirstCategory),
        ("cs2Label", V::Lit("URLCategory")),
        ("requestContext", V::ContentType),
        ("dvchost", V::Lit("box-1")),
        ("requestMethod", V::By(method)),
        ("PanOSReferer", V::Referrer),
        ("PanOSURLCategoryList", RISKED),
        ("PanOSTimeGeneratedHighResolution", V::Utc("%b %d %Y %H:%M:%S.%3f")),
    ],
};

const JSON_WEB: Record = Record {
    weight: 9,
    kind: "web",
    verdicts: WEB,
    fields: &[
        ("TimeReceived", V::Lit("2026-11-06T00:00:00.000000Z")),
        ("DeviceSN", V::Lit("012000000001")),
        ("LogType", V::Lit("THREAT")),
        ("Subtype", V::Lit("url")),
        ("TimeGenerated", V::Utc("%Y-%m-%dT%H:%M:%S.000000Z")),
        ("TimeGeneratedHighResolution", V::Utc("%Y-%m-%dT%H:%M:%S.%6fZ")),
        ("SourceAddress", V::Client),
        ("DestinationAddress", V::Server),
        ("Rule", V::Rule),
        ("SourceUser", V::User),
        ("SourceDeviceHost", V::Device),
        ("DynamicUserGroupName", V::Group),
        ("Application", V::App),
        ("DestinationPort", V::Port),
        ("Action", V::Word(0)),
        ("URL", V::Address),
        ("URLCategory", V::FirstCategory),
        ("URLCategoryList", RISKED),
        ("ContentType", V::ContentType),
        ("Referer", V::Referrer),
        ("HTTPMethod", V::By(method)),
        ("DeviceName", V::Lit("box-1")),
    ],
};

/// Configuration and system records of the logging service.
const JSON_CONFIG: Record = Record {
    weight: 1,
    kind: "",
    verdicts: &[
        (Is::Admin("policy_change"), &["CONFIG", "/config/profiles/url-filtering/entry[pupils]", "", "set"]),
        (Is::Admin("configuration"), &["CONFIG", "/config/deviceconfig/system", "", "edit"]),
        (Is::Admin("sign_in"), &["SYSTEM", "auth", "auth", "User it.admin logged in via Web"]),
    ],
    fields: &[
        ("DeviceSN", V::Lit("012000000001")),
        ("LogType", V::Word(0)),
        ("Subtype", V::Word(2)),
        ("TimeGenerated", V::Utc("%Y-%m-%dT%H:%M:%S.%6fZ")),
        ("AdminUsername", V::Says("actor", "it.admin")),
        ("EventPath", V::WordAs("object", 1)),
        ("EventDescription", V::WordAs("detail", 3)),
    ],
};

/// The names of the schema itself.
const JSON_SCHEMA: &[Field] = &[
    ("log_type.id", V::Num(3)),
    ("log_type.value", V::Lit("threat")),
    ("sub_type.value", V::Lit("url")),
    ("time_generated", V::Epoch(Epoch::Micros)),
    ("source_user", V::User),
    ("source_ip.value", V::Client),
    ("dest_port", V::Port),
    ("action.value", V::Word(0)),
    ("url", V::Address),
    ("url_category.value", V::FirstCategory),
    ("app", V::App),
    ("rule_matched", V::Rule),
    ("http_method.value", V::By(method)),
    ("content_type", V::ContentType),
    ("http_referer", V::Referrer),
    ("source_device_host", V::Device),
    ("dynamic_user_group_name", V::Group),
];

/// The firewall's own template: the time in GMT, the log-in with its domain, backslashes doubled, labels with a blank.
const CEF_OWN: &[Field] = &[
    ("rt", V::Utc("%b %d %Y %H:%M:%S GMT")),
    ("deviceExternalId", V::Lit("012000000001")),
    ("src", V::Client),
    ("dst", V::Server),
    ("cs1Label", V::Lit("Rule")),
    ("cs1", V::Rule),
    ("suser", V::User),
    ("duser", V::Nil),
    ("app", V::App),
    ("dpt", V::Port),
    ("act", V::Word(0)),
    ("request", V::Address),
    ("cs2Label", V::Lit("URL Category")),
    ("cs2", V::FirstCategory),
];

const CEF_CONFIG: Record = Record {
    weight: 1,
    kind: "",
    verdicts: &[
        (Is::Admin("policy_change"), &["", "0|CONFIG", "set profiles url-filtering pupils", "config"]),
        (Is::Admin("sign_in"), &["", "auth|SYSTEM", "User it.admin logged in via Web", "auth"]),
    ],
    fields: &[
        ("rt", V::Utc("%b %d %Y %H:%M:%S GMT")),
        ("dvchost", V::Lit("box-1")),
        ("duser", V::Says("actor", "it.admin")),
        ("fname", V::WordAs("object", 3)),
        ("msg", V::WordAs("detail", 2)),
    ],
};

pub(super) const SHAPES: [Shape; 8] = [
    PANOS,
    Shape { join: "", head: &[], records: &[Record { weight: 1, kind: "web", verdicts: WEB, fields: OLD_FIELDS }], ..PANOS },
    Shape { id: "paloalto-csv", layout: CSV, head: &[], records: &[EXPORT], ..PANOS },
    Shape {
        id: "paloalto-cef",
        layout: CEF,
        head: &[("<14>", V::Local("%b %e %H:%M:%S")), (" box-1 CEF:0|Palo Alto Networks|LF|2.0|THREAT|url|1|", V::Nil)],
        rough: " ,|=",
        logins: &[Login::Plain, Login::Domain],
        records: &[CEF_WEB],
        ..PANOS
    },
    Shape {
        id: "paloalto-cef",
        layout: CEF,
        head: &[("CEF:0|Palo Alto Networks|PAN-OS|10.1.6|", V::Word(1)), ("|1|", V::Nil)],
        records: &[CEF_CONFIG],
        ..PANOS
    },
    Shape {
        id: "paloalto-cef",
        layout: CEF,
        head: &[("<14>", V::Local("%b %e %H:%M:%S")), (" box-1 CEF:0|Palo Alto Networks|PAN-OS|10.1.6|url|THREAT|1|", V::Nil)],
        rough: " ,|=\\",
        records: &[Record { weight: 1, kind: "web", verdicts: WEB, fields: CEF_OWN }],
        ..PANOS
    },
    Shape {
        id: "paloalto-json",
        layout: Layout::Json,
        head: &[],
        records: &[Record { weight: 1, kind: "web", verdicts: WEB, fields: JSON_SCHEMA }],
        ..PANOS
    },
    Shape { id: "paloalto-json", layout: Layout::Json, head: &[], records: &[JSON_WEB, JSON_CONFIG], ..PANOS },
];
