//! Sophos: Firewall (SFOS) old and new, UTM 9, Web Appliance. From the vendor's log guides.

use crate::shape::{BASE, Epoch, Is, Layout, Login, Quote, Record, Shape, Tunnel, V, Verdict};

const WORDS: &[(&str, &str, &str)] =
    &[("Gambling", "", "gambling"), ("Social Networks", "", "social_media"), ("Games", "", "games"), ("Clwb Brecwast", "", "")];

const PAIRS: Layout = Layout::Pairs { between: " ", assign: "=", quote: Quote::Texts, absent: None, escape: "" };

/// Log id and subtype.
const WEB: &[Verdict] = &[
    (Is::Allowed, &["050901616001", "Allowed"]),
    (Is::Blocked, &["050902616002", "Denied"]),
    (Is::Warned, &["050927616005", "Warned"]),
    (Is::Overridden, &["050901616006", "Allowed"]),
    (Is::Quarantined("unknown_action"), &["050901616001", "Mislaid"]),
];

const NEW: Record = Record {
    weight: 85,
    kind: "web",
    verdicts: WEB,
    fields: &[
        ("device_name", V::Lit("SFW")),
        ("timestamp", V::Local("%Y-%m-%dT%H:%M:%S%z")),
        ("device_model", V::Lit("XGS116")),
        ("device_serial_id", V::Lit("C01000000001SAMPLE")),
        ("log_id", V::Word(0)),
        ("log_type", V::Lit("Content Filtering")),
        ("log_component", V::Lit("HTTP")),
        ("log_subtype", V::Word(1)),
        ("log_version", V::Num(1)),
        ("severity", V::Lit("Information")),
        ("fw_rule_id", V::Rule),
        ("user_name", V::User),
        ("user_group", V::Group),
        ("web_policy_id", V::Profile),
        ("http_category", V::Category),
        ("http_category_type", V::Lit("Acceptable")),
        ("url", V::Url(Tunnel::Bare)),
        ("content_type", V::ContentType),
        ("src_ip", V::Client),
        ("dst_ip", V::Server),
        ("protocol", V::Lit("TCP")),
        ("bytes_sent", V::Out),
        ("bytes_received", V::In),
        ("domain", V::Host),
        ("app_name", V::App),
        ("http_user_agent", V::Agent),
        ("http_referrer", V::Referrer),
        ("http_status", V::Text(&V::Status)),
        ("con_id", V::Serial),
        ("used_quota", V::Lit("0")),
    ],
};

const APP: Record = Record {
    weight: 5,
    kind: "app",
    verdicts: &[(Is::Blocked, &["Denied"]), (Is::Allowed, &["Allowed"])],
    fields: &[
        ("timestamp", V::Local("%Y-%m-%dT%H:%M:%S%z")),
        ("log_id", V::Lit("054402617051")),
        ("log_type", V::Lit("Content Filtering")),
        ("log_component", V::Lit("Application")),
        ("log_subtype", V::Word(0)),
        ("fw_rule_id", V::Rule),
        ("user_name", V::User),
        ("app_filter_policy_id", V::Profile),
        ("app_name", V::App),
        ("app_category", V::Category),
        ("src_ip", V::Client),
    ],
};

const ADMIN: Record = Record {
    weight: 5,
    kind: "",
    verdicts: &[
        (Is::Admin("sign_in"), &["User it.admin logged in successfully to Web Admin Console"]),
        (Is::Admin("policy_change"), &["Web policy 'Pupils' was changed by 'it.admin' using 'GUI'"]),
        (Is::Admin("configuration"), &["Time zone was changed by 'it.admin' using 'GUI'"]),
    ],
    fields: &[
        ("timestamp", V::Local("%Y-%m-%dT%H:%M:%S%z")),
        ("log_id", V::Lit("062009617502")),
        ("log_type", V::Lit("Event")),
        ("log_component", V::Says("object", "GUI")),
        ("log_subtype", V::Lit("Admin")),
        ("status", V::Lit("Successful")),
        ("user_name", V::Says("actor", "it.admin")),
        ("message", V::WordAs("detail", 0)),
    ],
};

const FIREWALL: Record = Record {
    weight: 5,
    kind: "",
    verdicts: &[(Is::Ignored("flow"), &["Allowed"])],
    fields: &[
        ("timestamp", V::Local("%Y-%m-%dT%H:%M:%S%z")),
        ("log_id", V::Lit("010101600001")),
        ("log_type", V::Lit("Firewall")),
        ("log_component", V::Lit("Firewall Rule")),
        ("log_subtype", V::Word(0)),
        ("src_ip", V::Client),
        ("dst_ip", V::Server),
    ],
};

/// SFOS 16 and 17, in Cyberoam's words.
const OLD: Record = Record {
    weight: 1,
    kind: "web",
    verdicts: WEB,
    fields: &[
        ("device", V::Lit("SFW")),
        ("date", V::Local("%Y-%m-%d")),
        ("time", V::Local("%H:%M:%S")),
        ("timezone", V::Zone),
        ("device_name", V::Lit("XG115")),
        ("device_id", V::Lit("C01000000001SAMPLE")),
        ("log_id", V::Word(0)),
        ("log_type", V::Lit("Content Filtering")),
        ("log_component", V::Lit("HTTP")),
        ("log_subtype", V::Word(1)),
        ("priority", V::Lit("Information")),
        ("fw_rule_id", V::Rule),
        ("user_name", V::User),
        ("user_gp", V::Group),
        ("iap", V::Profile),
        ("category", V::Category),
        ("url", V::Url(Tunnel::Slash)),
        ("contenttype", V::ContentType),
        ("httpresponsecode", V::Lit("")),
        ("src_ip", V::Client),
        ("dst_ip", V::Server),
        ("sent_bytes", V::Out),
        ("recv_bytes", V::In),
        ("domain", V::Host),
        ("application", V::App),
        ("status_code", V::Text(&V::Status)),
        ("referer", V::Referrer),
    ],
};

const XG: Shape = Shape {
    id: "sophos-xg",
    layout: PAIRS,
    head: &[("<30>", V::Nil)],
    words: WORDS,
    logins: &[Login::Plain, Login::Upn],
    rough: " ,|=",
    records: &[NEW, APP, ADMIN, FIREWALL],
    ..BASE
};

/// Identity, action, what happened, status, reason, error.
const UTM: Record = Record {
    weight: 85,
    kind: "web",
    verdicts: &[
        (Is::Allowed, &["0001", "pass", "http access", "", ""]),
        (Is::Blocked, &["0060", "block", "web request blocked, forbidden category detected", "category", ""]),
        (Is::Warned, &["0071", "warn", "web request warned, forbidden category detected", "category", ""]),
        (Is::Ignored("not_a_decision"), &["0002", "block", "web request blocked", "", "Connection to server timed out"]),
    ],
    fields: &[
        ("id", V::Word(0)),
        ("severity", V::Lit("info")),
        ("sys", V::Lit("SecureWeb")),
        ("sub", V::Lit("http")),
        ("name", V::Word(2)),
        ("action", V::Word(1)),
        ("method", V::Method),
        ("srcip", V::Client),
        ("dstip", V::Server),
        ("user", V::Name),
        ("group", V::Group),
        ("ad_domain", V::Realm),
        ("statuscode", V::Text(&V::Status)),
        ("cached", V::Lit("0")),
        ("profile", V::Profile),
        ("filteraction", V::Lit("REF_Act (Pupils)")),
        ("size", V::Text(&V::In)),
        ("request", V::Lit("0x7fad10")),
        ("url", V::Url(Tunnel::Slash)),
        ("referer", V::Referrer),
        ("error", V::Word(4)),
        ("ua", V::Agent),
        ("category", V::CategoryId),
        ("reputation", V::Lit("trusted")),
        ("categoryname", V::Category),
        ("application", V::App),
        ("content-type", V::ContentType),
        ("reason", V::Word(3)),
    ],
};

const UTM_ADMIN: Record = Record {
    weight: 8,
    kind: "",
    verdicts: &[
        (Is::Admin("policy_change"), &["http", "object changed"]),
        (Is::Admin("configuration"), &["ntp", "object changed"]),
    ],
    fields: &[
        ("id", V::Lit("310a")),
        ("severity", V::Lit("info")),
        ("sys", V::Lit("System")),
        ("sub", V::Lit("confd")),
        ("name", V::WordAs("detail", 1)),
        ("user", V::Says("actor", "it.admin")),
        ("class", V::Word(0)),
        ("objname", V::Says("object", "Pupils")),
    ],
};

const UTM_APP: Record = Record {
    weight: 4,
    kind: "app",
    verdicts: &[(Is::Blocked, &["drop"]), (Is::Allowed, &["log"])],
    fields: &[
        ("id", V::Lit("2017")),
        ("severity", V::Lit("info")),
        ("sys", V::Lit("SecureNet")),
        ("sub", V::Lit("packetfilter")),
        ("name", V::Lit("AFC Alert")),
        ("action", V::Word(0)),
        ("fwrule", V::Rule),
        ("app", V::Says("app", "816")),
        ("srcip", V::Client),
        ("dstip", V::Server),
    ],
};

/// Act: codes of the vendor's table.
const SWA: Record = Record {
    weight: 1,
    kind: "web",
    verdicts: &[
        (Is::Allowed, &["1"]),
        (Is::Blocked, &["-1"]),
        (Is::Blocked, &["-3"]),
        (Is::Warned, &["-2"]),
        (Is::Overridden, &["2"]),
        (Is::Overridden, &["5"]),
        (Is::Quarantined("unknown_action"), &["17"]),
    ],
    fields: &[
        ("h=", V::Client),
        (
            " u=\"",
            V::By(|case, row| {
                if let Some(person) = case.person() {
                    row.tell("user", person);
                    return Some(case.request.written_login().replace('\\', "\\\\"));
                }
                Some("-".to_owned())
            }),
        ),
        ("\" s=", V::Status),
        (" X=- t=", V::Epoch(Epoch::Seconds)),
        (" T=284453 Ts=0 act=", V::Word(0)),
        (" cat=\"", V::CategoryId),
        ("\" app=\"", V::App),
        ("\" rsn=- threat=\"-\" type=\"", V::ContentType),
        ("\" ctype=\"", V::ContentType),
        ("\" cache=- in=", V::Out),
        (" out=", V::In),
        (" meth=", V::Method),
        (" ref=\"", V::Referrer),
        ("\" ua=\"", V::Agent),
        ("\" req=\"", V::List(&[V::Method, V::Lit(" "), V::Url(Tunnel::HostPort), V::Lit(" HTTP/1.1")])),
        ("\" dom=\"", V::Host),
        ("\" filetype=\"-\" rule=\"", V::Rule),
        ("\" filesize=25815", V::By(|_, _| Some(" os=Windows".to_owned()))),
    ],
};

pub(super) const SHAPES: [Shape; 4] = [
    XG,
    Shape { records: &[OLD], head: &[], ..XG },
    Shape {
        id: "sophos-utm",
        head: &[("<30>", V::Local("%Y:%m:%d-%H:%M:%S")), (" box-1 httpproxy[6267]: ", V::Nil)],
        words: &[
            ("Gambling", "122", "gambling"),
            ("Social Networking", "178", "social_media"),
            ("Games", "121", "games"),
            ("Clwb Brecwast", "9001", ""),
        ],
        join: ",",
        logins: &[Login::Plain, Login::Domain],
        records: &[UTM, UTM_ADMIN, UTM_APP],
        ..XG
    },
    Shape {
        id: "sophos-swa",
        layout: Layout::Text,
        head: &[],
        words: &[("", "0x2200000010", ""), ("", "0x220000002a", "")],
        logins: &[Login::Plain, Login::Domain],
        rough: " ",
        records: &[SWA],
        ..BASE
    },
];
