//! Firewalls that filter: Check Point, Juniper SRX, SonicWall, Stormshield, WatchGuard. From their vendors' log references.

use super::{END, WORDS};
use crate::shape::{BASE, CEF, Case, Epoch, Field, Is, LEEF, Layout, Login, Quote, Record, Row, Shape, Tunnel, V, Verdict, When};

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

/// The event, the reason, and the words of the plain form.
const JUNOS: &[Verdict] = &[
    (Is::Allowed, &["WEBFILTER_URL_PERMITTED", "BY_OTHER", "URL Permitted"]),
    (Is::Blocked, &["WEBFILTER_URL_BLOCKED", "BY_PRE_DEFINED", "URL Blocked"]),
    (Is::Blocked, &["WEBFILTER_URL_REDIRECTED", "BY_OTHER", "URL Redirected"]),
    (Is::Warned, &["WEBFILTER_URL_BLOCKED", "BY_QUARANTINE", "URL Quarantined"]),
];

const JUNOS_WORDS: &[(&str, &str, &str)] = &[
    ("Enhanced_Gambling", "", "gambling"),
    ("Enhanced_Social_Networking", "", "social_media"),
    ("Enhanced_Games", "", "games"),
    ("clwb-brecwast", "", ""),
];

const JUNOS_STRUCTURED: &[Field] = &[
    ("source-address", V::Client),
    ("source-port", V::Lit("58071")),
    ("destination-address", V::Server),
    ("destination-port", V::Text(&V::Port)),
    ("category", V::Category),
    ("reason", V::Word(1)),
    ("profile", V::Profile),
    ("url", V::Host),
    ("obj", V::PathQuery),
    ("username", V::User),
    ("roles", V::Group),
    ("application", V::App),
    ("policy-name", V::Rule),
];

const JUNOS_PLAIN: &[Field] = &[
    ("<12>", V::Local("%b %e %H:%M:%S")),
    (" gate-1 RT_UTM: ", V::Word(0)),
    (": WebFilter: ACTION=\"", V::Word(2)),
    ("\" ", V::Client),
    ("(58071)->", V::Server),
    ("(", V::Port),
    (") CATEGORY=\"", V::List(&[V::Category, V::If(When::Not(&When::Category), &V::Lit("N/A"))])),
    ("\" REASON=\"", V::Word(1)),
    ("\" PROFILE=\"", V::Profile),
    ("\" APPLICATION=\"", V::App),
    ("\" URL=", V::Host),
    (" OBJ=", V::List(&[V::PathQuery, V::If(When::Tunnel, &V::Lit("N/A"))])),
    (" username ", V::List(&[V::User, V::If(When::Not(&When::User), &V::Lit("N/A"))])),
    (" roles ", V::Group),
];

const JUNOS_SHAPE: Shape = Shape {
    id: "juniper-srx",
    layout: Layout::Pairs { between: " ", assign: "=", quote: Quote::Always, absent: Some("N/A"), escape: "\\\"]" },
    head: &[("<12>1 ", V::Local("%Y-%m-%dT%H:%M:%S.%3f%:z")), (" gate-1 RT_UTM - ", V::Word(0)), (" [junos@192.0.2.15 ", V::Nil)],
    tail: "]",
    words: JUNOS_WORDS,
    logins: &[Login::Plain, Login::Domain, Login::Upn],
    rough: " ,|=\"\\",
    records: &[Record { weight: 1, kind: "web", verdicts: JUNOS, fields: JUNOS_STRUCTURED }],
    ..BASE
};

const JUNOS_ADMIN: Record = Record {
    weight: 1,
    kind: "",
    verdicts: &[
        (Is::Admin("sign_in"), &["UI_LOGIN_EVENT", "User 'it.admin' login, class 'super-user'"]),
        (Is::Admin("configuration"), &["UI_COMMIT", "User 'it.admin' requested 'commit' operation"]),
    ],
    fields: &[("username", V::Says("actor", "it.admin")), ("message", V::WordAs("detail", 1))],
};

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

pub(super) static SHAPES: [Shape; 14] = [
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
    JUNOS_SHAPE,
    Shape {
        head: &[
            ("<14>1 ", V::Local("%Y-%m-%dT%H:%M:%S.%3f%:z")),
            (" gate-1 mgd 2101 ", V::WordAs("object", 0)),
            (" [junos@192.0.2.15 ", V::Nil),
        ],
        records: &[JUNOS_ADMIN],
        ..JUNOS_SHAPE
    },
    Shape {
        id: "juniper-srx-plain",
        layout: Layout::Text,
        head: &[],
        tail: "",
        rough: "",
        records: &[
            Record { weight: 9, kind: "web", verdicts: JUNOS, fields: JUNOS_PLAIN },
            Record {
                weight: 1,
                kind: "",
                verdicts: JUNOS_ADMIN.verdicts,
                fields: &[
                    ("<14>", V::Local("%b %e %H:%M:%S")),
                    (" gate-1 mgd[2101]: ", V::WordAs("object", 0)),
                    (": ", V::WordAs("detail", 1)),
                    (
                        "",
                        V::By(|_, row| {
                            row.tell("actor", "it.admin");
                            Some(String::new())
                        }),
                    ),
                ],
            },
        ],
        ..JUNOS_SHAPE
    },
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
