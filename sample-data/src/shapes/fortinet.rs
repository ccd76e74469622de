//! Fortinet: FortiGate in key and value (7.x, 5.6, with commas) and in CEF, and FortiProxy. From the FortiOS log message reference.

use super::service;
use crate::shape::{BASE, CEF, Case, Epoch, Field, Is, Layout, Login, Quote, Record, Row, Shape, Tunnel, V, Verdict};

const WORDS: &[(&str, &str, &str)] = &[
    ("Gambling", "11", "gambling"),
    ("Social Networking", "37", "social_media"),
    ("Games", "20", "games"),
    ("Clwb Brecwast", "140", ""),
];

/// Action, event type, log id, message.
const WEB: &[Verdict] = &[
    (Is::Allowed, &["passthrough", "ftgd_allow", "0317013312", "URL belongs to an allowed category in policy"]),
    (Is::Allowed, &["exempt", "urlfilter", "0315012545", "URL was exempted because it is in the URL filter list"]),
    (Is::Blocked, &["blocked", "ftgd_blk", "0316013056", "URL belongs to a denied category in policy"]),
    (Is::Blocked, &["blocked", "urlfilter", "0315012544", "URL was blocked because it is in the URL filter list"]),
    (Is::Warned, &["blocked", "ftgd_blk", "0316013057", "URL belongs to a category with warnings enabled"]),
    (Is::Overridden, &["passthrough", "ftgd_blk", "0316013057", "URL belongs to a category with warnings enabled"]),
    (Is::Ignored("not_a_decision"), &["blocked", "ftgd_err", "0318012800", "A rating error occurs"]),
    (Is::Quarantined("unknown_action"), &["mislaid", "ftgd_allow", "0317013312", ""]),
];

const APP: &[Verdict] =
    &[(Is::Allowed, &["pass"]), (Is::Allowed, &["monitor"]), (Is::Blocked, &["block"]), (Is::Blocked, &["reset"])];
const DNS: &[Verdict] = &[(Is::Allowed, &["pass"]), (Is::Blocked, &["block"]), (Is::Blocked, &["redirect"])];

const fn pairs(between: &'static str) -> Layout {
    Layout::Pairs { between, assign: "=", quote: Quote::Texts, absent: None, escape: "" }
}

/// The path alone, as before FortiOS 7; `/` of a request that was not opened.
fn path_alone(case: &Case<'_>, row: &mut Row) -> Option<String> {
    let target = &case.request.target;
    if case.is_tunnel() {
        row.tell("url_path", "/");
        return Some("/".to_owned());
    }
    row.tell("url_path", target.path);
    if !target.query.is_empty() {
        row.tell("url_query", target.query);
    }
    Some(case.request.path_query())
}

const WEB_FIELDS: &[Field] = &[
    ("date", V::Local("%Y-%m-%d")),
    ("time", V::Local("%H:%M:%S")),
    ("devname", V::Lit("gate-1")),
    ("devid", V::Lit("FGT60F0000000001")),
    ("eventtime", V::Epoch(Epoch::Nanos)),
    ("tz", V::Local("%z")),
    ("logid", V::Word(2)),
    ("type", V::Lit("utm")),
    ("subtype", V::Lit("webfilter")),
    ("eventtype", V::Word(1)),
    ("level", V::Lit("notice")),
    ("vd", V::Lit("root")),
    ("policyid", V::Rule),
    ("sessionid", V::Serial),
    ("user", V::User),
    ("group", V::Group),
    ("authserver", V::Lit("School-AD")),
    ("srcip", V::Client),
    ("srcname", V::Device),
    ("srcport", V::Num(50_124)),
    ("dstip", V::Server),
    ("dstport", V::By(|case, _| Some(case.request.port().to_string()))),
    ("proto", V::Num(6)),
    ("httpmethod", V::Verb),
    ("service", V::By(service)),
    ("hostname", V::Host),
    ("agent", V::Agent),
    ("profile", V::Profile),
    ("action", V::Word(0)),
    ("reqtype", V::Lit("direct")),
    ("url", V::Url(Tunnel::Slash)),
    ("referralurl", V::Referrer),
    ("contenttype", V::ContentType),
    ("keyword", V::Term),
    ("sentbyte", V::Out),
    ("rcvdbyte", V::In),
    ("direction", V::Lit("outgoing")),
    ("msg", V::Word(3)),
    ("ratemethod", V::Lit("domain")),
    ("cat", V::CategoryId),
    ("catdesc", V::Category),
];

const WEB_RECORD: Record = Record { weight: 70, kind: "web", verdicts: WEB, fields: WEB_FIELDS };

const APP_RECORD: Record = Record {
    weight: 8,
    kind: "app",
    verdicts: APP,
    fields: &[
        ("date", V::Local("%Y-%m-%d")),
        ("time", V::Local("%H:%M:%S")),
        ("devid", V::Lit("FGT60F0000000001")),
        ("eventtime", V::Epoch(Epoch::Nanos)),
        ("tz", V::Local("%z")),
        ("logid", V::Lit("1059028704")),
        ("type", V::Lit("utm")),
        ("subtype", V::Lit("app-ctrl")),
        ("eventtype", V::Lit("signature")),
        ("policyid", V::Rule),
        ("user", V::User),
        ("group", V::Group),
        ("srcip", V::Client),
        ("applist", V::Profile),
        ("action", V::Word(0)),
        ("appcat", V::Says("vendor_category", "Proxy")),
        ("app", V::App),
        ("hostname", V::Host),
        ("url", V::Nil),
        ("msg", V::List(&[V::Says("category", "circumvention"), V::Lit(": Proxy")])),
    ],
};

const DNS_RECORD: Record = Record {
    weight: 8,
    kind: "dns",
    verdicts: DNS,
    fields: &[
        ("date", V::Local("%Y-%m-%d")),
        ("time", V::Local("%H:%M:%S")),
        ("devid", V::Lit("FGT60F0000000001")),
        ("eventtime", V::Epoch(Epoch::Nanos)),
        ("tz", V::Local("%z")),
        ("logid", V::Lit("1501054802")),
        ("type", V::Lit("utm")),
        ("subtype", V::Lit("dns")),
        ("eventtype", V::Lit("dns-response")),
        ("policyid", V::Rule),
        ("user", V::User),
        ("srcip", V::Client),
        ("profile", V::Profile),
        ("qname", V::Host),
        ("qtype", V::Lit("A")),
        ("action", V::Word(0)),
        ("cat", V::CategoryId),
        ("catdesc", V::Category),
    ],
};

const QUESTION_RECORD: Record = Record {
    weight: 3,
    kind: "dns",
    verdicts: &[(Is::Ignored("not_a_decision"), &[])],
    fields: &[
        ("date", V::Local("%Y-%m-%d")),
        ("time", V::Local("%H:%M:%S")),
        ("devid", V::Lit("FGT60F0000000001")),
        ("type", V::Lit("utm")),
        ("subtype", V::Lit("dns")),
        ("eventtype", V::Lit("dns-query")),
        ("srcip", V::Client),
        ("qname", V::Host),
    ],
};

const TRAFFIC_RECORD: Record = Record {
    weight: 4,
    kind: "flow",
    verdicts: &[(Is::Ignored("flow"), &["close"])],
    fields: &[
        ("date", V::Local("%Y-%m-%d")),
        ("time", V::Local("%H:%M:%S")),
        ("devid", V::Lit("FGT60F0000000001")),
        ("logid", V::Lit("0000000013")),
        ("type", V::Lit("traffic")),
        ("subtype", V::Lit("forward")),
        ("srcip", V::Client),
        ("dstip", V::Server),
        ("action", V::Word(0)),
        ("sentbyte", V::Out),
        ("rcvdbyte", V::In),
    ],
};

/// What was changed: the object; else the path, else the description of what happened.
fn changed(case: &Case<'_>, row: &mut Row) -> Option<String> {
    let [path, object] = [case.word(2), case.word(3)];
    let told = [object, path, case.word(1)].into_iter().find(|text| !text.is_empty());
    row.tell("object", told.unwrap_or_default());
    (!object.is_empty()).then(|| object.to_owned())
}

/// Operation by the verdict: log id, description, action, path, object, message.
const ADMIN_RECORD: Record = Record {
    weight: 7,
    kind: "",
    verdicts: &[
        (
            Is::Admin("sign_in"),
            &["0100032001", "Admin login successful", "", "", "Administrator it.admin logged in successfully"],
        ),
        (
            Is::Admin("policy_change"),
            &["0100044547", "Object attribute configured", "webfilter.profile", "pupils", "Edit webfilter.profile pupils"],
        ),
        (Is::Admin("configuration"), &["0100044546", "Attribute configured", "system.global", "", "Edit system.global"]),
    ],
    fields: &[
        ("date", V::Local("%Y-%m-%d")),
        ("time", V::Local("%H:%M:%S")),
        ("devid", V::Lit("FGT60F0000000001")),
        ("eventtime", V::Epoch(Epoch::Nanos)),
        ("tz", V::Local("%z")),
        ("logid", V::Word(0)),
        ("type", V::Lit("event")),
        ("subtype", V::Lit("system")),
        ("logdesc", V::Word(1)),
        ("user", V::Says("actor", "it.admin")),
        ("cfgpath", V::Word(2)),
        ("cfgobj", V::By(changed)),
        ("msg", V::WordAs("detail", 4)),
    ],
};

const SYSTEM_RECORD: Record = Record {
    weight: 2,
    kind: "",
    verdicts: &[(Is::Ignored("not_a_decision"), &[])],
    fields: &[
        ("date", V::Local("%Y-%m-%d")),
        ("time", V::Local("%H:%M:%S")),
        ("devid", V::Lit("FGT60F0000000001")),
        ("logid", V::Lit("0100040704")),
        ("type", V::Lit("event")),
        ("subtype", V::Lit("system")),
        ("logdesc", V::Lit("System performance statistics")),
        ("action", V::Lit("perf-stats")),
        ("cpu", V::Num(7)),
    ],
};

const FORTIGATE: Shape = Shape {
    id: "fortigate",
    layout: pairs(" "),
    head: &[("<189>", V::Nil)],
    words: WORDS,
    logins: &[Login::Plain, Login::Upn],
    rough: " ,|=",
    records: &[WEB_RECORD, APP_RECORD, DNS_RECORD, QUESTION_RECORD, TRAFFIC_RECORD, ADMIN_RECORD, SYSTEM_RECORD],
    ..BASE
};

/// FortiOS 5.6: no event time, the path alone, no zone.
const OLD_RECORD: Record = Record {
    weight: 1,
    kind: "web",
    verdicts: WEB,
    fields: &[
        ("date", V::Local("%Y-%m-%d")),
        ("time", V::Local("%H:%M:%S")),
        ("devname", V::Lit("gate-1")),
        ("devid", V::Lit("FGT60E0000000001")),
        ("logid", V::Word(2)),
        ("type", V::Lit("utm")),
        ("subtype", V::Lit("webfilter")),
        ("eventtype", V::Word(1)),
        ("policyid", V::Rule),
        ("unauthuser", V::User),
        ("srcip", V::Client),
        ("service", V::By(service)),
        ("hostname", V::Host),
        ("profile", V::Profile),
        ("action", V::Word(0)),
        ("url", V::By(path_alone)),
        ("httpcode", V::Status),
        ("sentbyte", V::Out),
        ("rcvdbyte", V::In),
        ("msg", V::Word(3)),
        ("cat", V::CategoryId),
        ("catdesc", V::Category),
    ],
};

/// CEF puts `FTNTFGT` before the names that CEF has no word for.
const CEF_WEB: Record = Record {
    weight: 80,
    kind: "web",
    verdicts: WEB,
    fields: &[
        ("deviceExternalId", V::Lit("FGT60F0000000001")),
        ("FTNTFGTeventtime", V::Epoch(Epoch::Nanos)),
        ("FTNTFGTtz", V::Local("%z")),
        ("FTNTFGTlogid", V::Word(2)),
        ("cat", V::Lit("utm:webfilter")),
        ("FTNTFGTsubtype", V::Lit("webfilter")),
        ("FTNTFGTeventtype", V::Word(1)),
        ("FTNTFGTpolicyid", V::Rule),
        ("externalId", V::Serial),
        ("duser", V::User),
        ("FTNTFGTgroup", V::Group),
        ("src", V::Client),
        ("shost", V::Nil),
        ("dst", V::Server),
        ("app", V::By(service)),
        ("dhost", V::Host),
        ("FTNTFGTprofile", V::Profile),
        ("act", V::Word(0)),
        ("request", V::Url(Tunnel::Slash)),
        ("out", V::Out),
        ("in", V::In),
        ("msg", V::Word(3)),
        ("FTNTFGTcat", V::CategoryId),
        ("requestContext", V::Category),
    ],
};

const CEF_APP: Record = Record {
    weight: 8,
    kind: "app",
    verdicts: APP,
    fields: &[
        ("deviceExternalId", V::Lit("FGT60F0000000001")),
        ("FTNTFGTeventtime", V::Epoch(Epoch::Nanos)),
        ("cat", V::Lit("utm:app-ctrl")),
        ("FTNTFGTpolicyid", V::Rule),
        ("duser", V::User),
        ("src", V::Client),
        ("dhost", V::Host),
        ("FTNTFGTapplist", V::Nil),
        ("act", V::Word(0)),
        ("FTNTFGTappcat", V::Says("vendor_category", "Proxy")),
        ("FTNTFGTapp", V::App),
        ("msg", V::List(&[V::Says("category", "circumvention"), V::Lit(": Proxy")])),
    ],
};

const CEF_ADMIN: Record = Record {
    weight: 6,
    kind: "",
    verdicts: ADMIN_RECORD.verdicts,
    fields: &[
        ("deviceExternalId", V::Lit("FGT60F0000000001")),
        ("FTNTFGTeventtime", V::Epoch(Epoch::Nanos)),
        ("cat", V::Lit("event:system")),
        ("FTNTFGTlogdesc", V::Word(1)),
        ("duser", V::Says("actor", "it.admin")),
        ("FTNTFGTcfgpath", V::Word(2)),
        ("FTNTFGTcfgobj", V::By(changed)),
        ("msg", V::WordAs("detail", 4)),
    ],
};

/// FortiProxy's own serial number, and its transaction lines beside those of the web filter.
const PROXY_WEB: Record = Record {
    weight: 70,
    kind: "web",
    verdicts: WEB,
    fields: &[
        ("date", V::Local("%Y-%m-%d")),
        ("time", V::Local("%H:%M:%S")),
        ("devname", V::Lit("proxy-1")),
        ("devid", V::Lit("FPX0000000000001")),
        ("eventtime", V::Epoch(Epoch::Nanos)),
        ("tz", V::Local("%z")),
        ("logid", V::Word(2)),
        ("type", V::Lit("utm")),
        ("subtype", V::Lit("webfilter")),
        ("eventtype", V::Word(1)),
        ("policyid", V::Rule),
        ("user", V::User),
        ("group", V::Group),
        ("srcip", V::Client),
        ("srcname", V::Device),
        ("service", V::By(service)),
        ("hostname", V::Host),
        ("profile", V::Profile),
        ("action", V::Word(0)),
        ("httpmethod", V::Verb),
        ("url", V::Url(Tunnel::Slash)),
        ("referralurl", V::Referrer),
        ("contenttype", V::ContentType),
        ("keyword", V::Term),
        ("app", V::App),
        ("sentbyte", V::Out),
        ("rcvdbyte", V::In),
        ("msg", V::Word(3)),
        ("cat", V::CategoryId),
        ("catdesc", V::Category),
    ],
};

/// Webs counted, what the filter did, what answered.
const TRANSACTION: Record = Record {
    weight: 20,
    kind: "web",
    verdicts: &[
        (Is::Ignored("not_a_decision"), &["1", "allow", "normal", "200"]),
        (Is::Ignored("auth_challenge"), &["0", "", "generated", "407"]),
        (Is::Ignored("not_a_decision"), &["0", "", "generated", "503"]),
        (Is::Blocked, &["0", "block", "generated", "403"]),
        (Is::Allowed, &["0", "", "normal", "200"]),
    ],
    fields: &[
        ("date", V::Local("%Y-%m-%d")),
        ("time", V::Local("%H:%M:%S")),
        ("devid", V::Lit("FPX0000000000001")),
        ("eventtime", V::Epoch(Epoch::Nanos)),
        ("tz", V::Local("%z")),
        ("logid", V::Lit("0010000099")),
        ("type", V::Lit("traffic")),
        ("subtype", V::Lit("http-transaction")),
        ("clientip", V::Client),
        ("scheme", V::Scheme),
        ("srcip", V::Lit("10.0.0.1")),
        ("hostname", V::Host),
        ("httpmethod", V::Verb),
        ("url", V::Url(Tunnel::Slash)),
        ("statuscode", V::WordAs("status", 3)),
        ("resptype", V::Word(2)),
        ("utmaction", V::Word(1)),
        ("countweb", V::Word(0)),
        ("policyid", V::Rule),
        ("user", V::User),
        ("sentbyte", V::Out),
        ("rcvdbyte", V::In),
    ],
};

const PROXY_ADMIN: Record = Record {
    weight: 6,
    kind: "",
    verdicts: ADMIN_RECORD.verdicts,
    fields: &[
        ("date", V::Local("%Y-%m-%d")),
        ("time", V::Local("%H:%M:%S")),
        ("devid", V::Lit("FPX0000000000001")),
        ("eventtime", V::Epoch(Epoch::Nanos)),
        ("logid", V::Word(0)),
        ("type", V::Lit("event")),
        ("subtype", V::Lit("system")),
        ("logdesc", V::Word(1)),
        ("user", V::Says("actor", "it.admin")),
        ("cfgpath", V::Word(2)),
        ("cfgobj", V::By(changed)),
        ("msg", V::WordAs("detail", 4)),
    ],
};

pub(super) const SHAPES: [Shape; 5] = [
    FORTIGATE,
    Shape { layout: pairs(","), head: &[], records: &[WEB_RECORD], ..FORTIGATE },
    Shape { head: &[], records: &[OLD_RECORD], ..FORTIGATE },
    Shape {
        id: "fortigate-cef",
        layout: CEF,
        head: &[
            ("<189>", V::Local("%b %e %H:%M:%S")),
            (" gate-1 CEF:0|Fortinet|Fortigate|v7.2.8|", V::Word(2)),
            ("|utm|3|", V::Nil),
        ],
        rough: " ,|=\\",
        records: &[CEF_WEB, CEF_APP, CEF_ADMIN],
        ..FORTIGATE
    },
    Shape { id: "fortiproxy", records: &[PROXY_WEB, TRANSACTION, PROXY_ADMIN], ..FORTIGATE },
];
