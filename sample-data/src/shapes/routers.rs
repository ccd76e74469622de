//! Routers: DrayTek Vigor, UniFi, and pfSense with its block lists. From their knowledge bases and, for UniFi, public readers of its log.

use super::END;
use crate::shape::{BASE, CEF, Case, Field, Is, Layout, Quote, Record, Row, Shape, V, Verdict};

const BLOCKS: &[Verdict] = &[(Is::Blocked, &["Block"]), (Is::Allowed, &["Pass"])];

/// The web filter writes the port behind the host, always.
fn target(case: &Case<'_>, row: &mut Row) -> Option<String> {
    let (request, target) = (case.request, &case.request.target);
    let scheme = if target.https { "https" } else { "http" };
    row.tell("host", target.host);
    if !target.domain.is_empty() {
        row.tell("domain", target.domain);
    }
    row.tell("scheme", scheme);
    let path = if case.is_tunnel() { "/".to_owned() } else { request.path_query() };
    row.tell("url_path", if case.is_tunnel() { "/" } else { target.path });
    if !case.is_tunnel() && !target.query.is_empty() {
        row.tell("url_query", target.query);
    }
    Some(format!("{scheme}://{}:{}{path}", target.host, request.port()))
}

fn category(case: &Case<'_>, row: &mut Row) -> Option<String> {
    let (name, _, ours) = *case.request.categories.first().and_then(|place| case.shape.words.get(*place))?;
    row.tell("vendor_category", name);
    if !ours.is_empty() {
        row.tell("category", ours);
    }
    Some(name.to_owned())
}

const DRAYTEK_WEB: &[Field] = &[
    ("<134>", V::Local("%b %e %H:%M:%S")),
    (" router-1 DrayTek [CSM_WF][", V::Word(0)),
    ("][Service_Provider=CYREN][Category=", V::By(category)),
    ("][@S:R=", V::Says("rule", "2:3")),
    (", ", V::Client),
    (":50426->", V::By(target)),
    ("][HTTP][HLen=20, TLen=1492, Flag=A, Seq=1, Ack=1, Win=1]", END),
];

const DRAYTEK_DNS: &[Field] = &[
    ("<134>", V::Local("%b %e %H:%M:%S")),
    (" router-1 DrayTek [CSM_DNSF][", V::Word(0)),
    ("][Type=KW(G:O=0:1)][@S:R=", V::Says("rule", "2:3")),
    (", ", V::Client),
    (":49316->http://", V::Host),
    (":53][DNS][HLen=20, TLen=62]", END),
];

const DRAYTEK_APP: &[Field] = &[
    ("<134>", V::Local("%b %e %H:%M:%S")),
    (" router-1 DrayTek [CSM_APPE][", V::Word(0)),
    ("][", V::App),
    ("][@S:R=", V::Says("rule", "2:3")),
    (", ", V::Client),
    (":49316->", V::Server),
    (":443][TCP][HLen=20, TLen=62]", END),
];

const UNIFI: &[Field] = &[
    ("timestamp", V::Local("%Y-%m-%dT%H:%M:%S%:z")),
    ("type", V::WordAs("rule", 0)),
    ("category", V::Category),
    ("domain", V::Fqdn),
    ("ip", V::Client),
    ("mac", V::Says("device", "00:00:5e:00:53:01")),
    ("src_ip", V::Client),
    ("src_port", V::Num(51_234)),
    ("dst_ip", V::Lit("10.20.30.1")),
    ("dst_port", V::Num(53)),
    ("protocol", V::Lit("udp")),
];

const UNIFI_ADMIN: &[Field] = &[
    ("UNIFIcategory", V::Lit("System")),
    ("UNIFIhost", V::Lit("gate-1")),
    ("UNIFIadmin", V::Says("actor", "Head Office")),
    ("UNIFIsettingsSection", V::WordAs("object", 1)),
    ("src", V::Client),
    ("UNIFIutcTime", V::Utc("%Y-%m-%dT%H:%M:%S.%3fZ")),
    ("msg", V::WordAs("detail", 2)),
];

const PFBLOCKER: &[Field] = &[
    ("", V::Lit("DNSBL-python")),
    ("", V::Local("%Y-%m-%d %H:%M:%S")),
    ("", V::Host),
    ("", V::Client),
    ("", V::Lit("Python")),
    ("", V::Lit("DNSBL_A")),
    ("", V::Category),
    ("", V::Host),
    ("", V::Says("rule", "Gambling_List")),
    ("", V::Lit("+")),
    ("", V::Lit("A")),
];

const FILTERLOG: &[Field] = &[
    ("", V::Num(5)),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Num(1_000_000_103)),
    ("", V::Lit("igb1")),
    ("", V::Lit("match")),
    ("", V::Lit("block")),
    ("", V::Lit("in")),
    ("", V::Num(4)),
    ("", V::Lit("0x0")),
    ("", V::Nil),
    ("", V::Num(64)),
    ("", V::Serial),
    ("", V::Num(0)),
    ("", V::Lit("DF")),
    ("", V::Num(6)),
    ("", V::Lit("tcp")),
    ("", V::Num(60)),
    ("", V::Lit("10.20.30.41")),
    ("", V::Server),
    ("", V::Num(51_234)),
    ("", V::Num(443)),
];

pub(super) static SHAPES: [Shape; 4] = [
    Shape {
        id: "draytek",
        words: &[
            ("Gambling", "", "gambling"),
            ("Social Networking", "", "social_media"),
            ("Games", "", "games"),
            ("Clwb Brecwast", "", ""),
        ],
        records: &[
            Record { weight: 8, kind: "web", verdicts: BLOCKS, fields: DRAYTEK_WEB },
            Record { weight: 2, kind: "dns", verdicts: BLOCKS, fields: DRAYTEK_DNS },
            Record { weight: 1, kind: "app", verdicts: BLOCKS, fields: DRAYTEK_APP },
        ],
        ..BASE
    },
    Shape {
        id: "unifi-dns",
        layout: Layout::Json,
        head: &[("<30>", V::Local("%b %e %H:%M:%S")), (" gate-1 coredns[2041]: ", V::Nil)],
        words: &[("GAMBLING", "", "gambling"), ("GAMES", "", "games"), ("CLWB_BRECWAST", "", "")],
        records: &[Record {
            weight: 1,
            kind: "dns",
            verdicts: &[(Is::Blocked, &["contentFilteringBlock"]), (Is::Blocked, &["dnsAdBlock"])],
            fields: UNIFI,
        }],
        ..BASE
    },
    Shape {
        id: "unifi-cef",
        layout: CEF,
        head: &[
            ("", V::Local("%b %e %H:%M:%S")),
            (" gate-1 CEF:0|Ubiquiti|UniFi Network|10.6.101|", V::Word(0)),
            ("|", V::Word(3)),
            ("|1|", V::Nil),
        ],
        records: &[Record {
            weight: 1,
            kind: "",
            verdicts: &[
                (
                    Is::Admin("sign_in"),
                    &["544", "Network", "Head Office accessed UniFi Network using the web.", "Admin Accessed UniFi Network"],
                ),
                (
                    Is::Admin("configuration"),
                    &["546", "Content Filter", "Head Office changed Content Filter.", "Admin Made Config Changes"],
                ),
                (Is::Ignored("flow"), &["203", "", "", "Blocked by Firewall"]),
                (Is::Ignored("not_a_decision"), &["201", "", "", "Threat Detected and Blocked"]),
            ],
            fields: UNIFI_ADMIN,
        }],
        ..BASE
    },
    Shape {
        id: "pfsense",
        layout: Layout::Table { delimiter: ",", header: None, quote: Quote::Never, absent: "" },
        words: &[("School_Gambling", "", ""), ("DNSBL_ADs", "", "")],
        records: &[
            Record { weight: 8, kind: "dns", verdicts: &[(Is::Blocked, &[])], fields: PFBLOCKER },
            Record { weight: 2, kind: "", verdicts: &[(Is::Ignored("flow"), &[])], fields: FILTERLOG },
        ],
        ..BASE
    },
];
