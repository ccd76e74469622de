//! Cisco: Umbrella (DNS, proxy, audit), Secure Web Appliance (squid style and W3C), Secure Firewall, Meraki. From Umbrella's log
//! formats and versioning, the appliance's user guide, the syslog message guide of Firepower, and Meraki's syslog samples.

use crate::shape::{BASE, Case, Epoch, Field, Is, Layout, Login, Quote, Record, Row, Shape, Tunnel, V, Verdict, W3C, When};

const WORDS: &[(&str, &str, &str)] =
    &[("Gambling", "", "gambling"), ("Social Networking", "", "social_media"), ("Games", "", "games"), ("Clwb Brecwast", "", "")];

/// Who or what a policy was chosen by: a person with the log-in in brackets, a computer, or a network.
fn identity(case: &Case<'_>, row: &mut Row) -> Option<String> {
    if let Some(person) = case.person() {
        row.tell("user", person);
        return Some(format!("A Patel ({})", case.request.written_login()));
    }
    if !case.request.device.is_empty() {
        row.tell("device", case.request.device.to_lowercase());
        return Some(case.request.device.to_owned());
    }
    Some("Hall wifi".to_owned())
}

fn identity_type(case: &Case<'_>, _: &mut Row) -> Option<String> {
    let kind = if case.person().is_some() {
        "AD Users"
    } else if case.request.device.is_empty() {
        "Networks"
    } else {
        "Roaming Computers"
    };
    Some(kind.to_owned())
}

const DNS: &[Field] = &[
    ("Timestamp", V::Utc("%Y-%m-%d %H:%M:%S")),
    ("Policy Identity", V::By(identity)),
    ("Identities", V::By(identity)),
    ("InternalIp", V::Client),
    ("ExternalIp", V::Lit("192.0.2.1")),
    ("Action", V::Word(0)),
    ("QueryType", V::Lit("1 (A)")),
    ("ResponseCode", V::Lit("NOERROR")),
    ("Domain", V::Fqdn),
    ("Categories", V::Category),
    ("Policy Identity Type", V::By(identity_type)),
    ("Identity Types", V::By(identity_type)),
    ("Blocked Categories", V::Nil),
    ("Rule ID", V::Rule),
    ("Destination Countries", V::Lit("GB")),
    ("Organization ID", V::Lit("8230001")),
];

/// Verdict and warn status.
const PROXY_WORDS: &[Verdict] = &[
    (Is::Allowed, &["ALLOWED", ""]),
    (Is::Blocked, &["BLOCKED", ""]),
    (Is::Warned, &["ALLOWED", "warn"]),
    (Is::Overridden, &["ALLOWED", "warn-session"]),
    (Is::Ignored("not_a_decision"), &["ERROR", ""]),
    (Is::Quarantined("unknown_action"), &["MISLAID", ""]),
];

const PROXY: &[Field] = &[
    ("", V::Utc("%Y-%m-%d %H:%M:%S")),
    ("", V::By(identity)),
    ("", V::Client),
    ("", V::Lit("192.0.2.1")),
    ("", V::Server),
    ("", V::ContentType),
    ("", V::Word(0)),
    ("", V::Url(Tunnel::Slash)),
    ("", V::Referrer),
    ("", V::Agent),
    ("", V::Status),
    ("", V::Out),
    ("", V::In),
    ("", V::Num(1_200)),
    ("", V::Nil),
    ("", V::Category),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::By(identity_type)),
    ("", V::Nil),
    ("", V::By(identity)),
    ("", V::By(identity_type)),
    ("", V::Method),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Profile),
    ("", V::Rule),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Nil),
    ("", V::Word(1)),
];

/// What was touched, and what was done.
const AUDIT_WORDS: &[Verdict] = &[
    (Is::Admin("policy_change"), &["dnspolicies", "update"]),
    (Is::Admin("policy_change"), &["destinationlists", "create"]),
    (Is::Admin("unblock"), &["bypassusers", "create"]),
    (Is::Admin("sign_in"), &["userlogin", "login"]),
    (Is::Admin("configuration"), &["users", "delete"]),
];

const AUDIT: &[Field] = &[
    ("ID", V::Serial),
    ("Time", V::Utc("%Y-%m-%d %H:%M:%S")),
    ("Email", V::Says("actor", "it.admin@sch.example")),
    ("User", V::Lit("IT")),
    ("Type", V::WordAs("object", 0)),
    ("Action", V::WordAs("detail", 1)),
    ("Logged in from", V::Lit("192.0.2.1")),
    ("Before", V::Lit("name: \"Pupils\"")),
    ("After", V::Lit("name: \"All, staff too\"")),
];

const QUOTED: Layout = Layout::Table { delimiter: ",", header: None, quote: Quote::Always, absent: "" };
const HEADED: Layout = Layout::Table { delimiter: ",", header: Some(""), quote: Quote::Always, absent: "" };

const UMBRELLA: Shape = Shape {
    id: "umbrella-dns",
    layout: QUOTED,
    words: WORDS,
    join: ",",
    rough: " ,\"|=\\",
    logins: &[Login::Upn, Login::Plain],
    records: &[Record {
        weight: 1,
        kind: "dns",
        verdicts: &[
            (Is::Allowed, &["Allowed"]),
            (Is::Allowed, &["Proxied"]),
            (Is::Blocked, &["Blocked"]),
            (Is::Quarantined("unknown_action"), &["Mislaid"]),
        ],
        fields: DNS,
    }],
    ..BASE
};

/// Result code, status, the ACL decision tag's beginning.
const WSA_WORDS: &[Verdict] = &[
    (Is::Allowed, &["TCP_MISS", "200", "DEFAULT_CASE_12"]),
    (Is::Allowed, &["TCP_HIT", "200", "ALLOW_CUSTOMCAT_12"]),
    (Is::Allowed, &["TCP_MISS_SSL", "304", "DECRYPT_WEBCAT_7"]),
    (Is::Blocked, &["TCP_DENIED", "403", "BLOCK_WEBCAT_12"]),
    (Is::Blocked, &["TCP_MISS", "200", "BLOCK_AMW_RESP_11"]),
    (Is::Warned, &["TCP_DENIED", "403", "BLOCK_CONTINUE_WEBCAT_12"]),
    (Is::Overridden, &["TCP_MISS", "200", "MONITOR_CONTINUE_WEBCAT_12"]),
    (Is::Ignored("auth_challenge"), &["TCP_DENIED", "407", "NO_AUTHORIZATION_12"]),
    (Is::Ignored("not_a_decision"), &["NONE", "504", "OTHER_NONE"]),
    (Is::Quarantined("unknown_action"), &["TCP_MISS", "200", "MISLAID_12"]),
];

fn squid_user(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.tell("user", case.person()?);
    Some(format!("\"SCH\\{}@AD\"", case.request.login))
}

/// The appliance writes a connection that it left closed as `tunnel://host:443/`.
fn tunnel_url(case: &Case<'_>, row: &mut Row) -> Option<String> {
    let target = &case.request.target;
    row.tell("host", target.host);
    if !target.domain.is_empty() {
        row.tell("domain", target.domain);
    }
    row.tell("scheme", "https");
    Some(format!("tunnel://{}:{}/", target.host, case.request.port()))
}

const ADDRESS: V = V::List(&[V::If(When::Open, &V::Url(Tunnel::Never)), V::If(When::Tunnel, &V::By(tunnel_url))]);

const WSA: &[Field] = &[
    ("", V::Epoch(Epoch::Thousandths)),
    (" ", V::Elapsed),
    (" ", V::Client),
    (" ", V::Word(0)),
    ("/", V::WordAs("status", 1)),
    (" ", V::In),
    (" ", V::Method),
    (" ", ADDRESS),
    (" ", V::By(squid_user)),
    (" DIRECT/", V::Server),
    (" ", V::ContentType),
    (" ", V::Word(2)),
    ("-", V::Profile),
    (
        "-Signed_in-NONE-NONE-NONE-DefaultGroup <",
        V::By(|case, row| {
            // Abbreviations, with IW_ before those of the vendor's list.
            let (name, _, ours) = *case.request.categories.first().and_then(|place| case.shape.words.get(*place))?;
            row.tell("vendor_category", name);
            if !ours.is_empty() {
                row.tell("category", ours);
            }
            Some(if ours.is_empty() { name.to_owned() } else { format!("IW_{name}") })
        }),
    ),
    (
        ",6.9,1,\"-\",-,-,-,-,\"-\",-,-,-,\"-\",-,-,\"-\",\"-\",-,-,-,-,\"-\",\"-\",\"-\",\"-\",\"-\",\"-\",5.00,0,-,\"-\",\"-\"> -",
        V::By(|_, _| Some(String::new())),
    ),
];

const WSA_COLUMNS: &[Field] = &[
    ("timestamp", V::Epoch(Epoch::Thousandths)),
    ("x-elapsed-time", V::Elapsed),
    ("c-ip", V::Client),
    ("cs-username", V::User),
    ("cs-auth-group", V::Group),
    ("sc-result-code", V::Word(0)),
    ("sc-http-status", V::WordAs("status", 1)),
    ("sc-bytes", V::In),
    ("cs-bytes", V::Out),
    ("cs-method", V::Method),
    ("cs-url", ADDRESS),
    ("cs-mime-type", V::ContentType),
    ("x-acltag", V::List(&[V::Word(2), V::Lit("-"), V::Profile, V::Lit("-Signed_in-NONE-NONE-NONE-DefaultGroup")])),
    ("x-webcat-code-full", V::Category),
    ("x-avc-app", V::App),
    ("cs(Referer)", V::Referrer),
];

const FTD: &[Field] = &[
    ("EventPriority", V::Lit("Low")),
    ("DeviceUUID", V::Lit("3f9c1d52-6a2b-51ee-b100-000000000011")),
    ("FirstPacketSecond", V::Utc("%Y-%m-%dT%H:%M:%SZ")),
    ("ConnectionID", V::Serial),
    ("AccessControlRuleAction", V::Word(1)),
    ("AccessControlRuleReason", V::Word(2)),
    ("SrcIP", V::Client),
    ("DstIP", V::Server),
    ("SrcPort", V::Num(46_000)),
    ("DstPort", V::By(|case, _| Some(case.request.port().to_string()))),
    ("Protocol", V::Lit("tcp")),
    ("ACPolicy", V::Profile),
    ("AccessControlRuleName", V::Rule),
    ("User", V::If(When::User, &V::User)),
    ("Client", V::Lit("SSL client")),
    ("ApplicationProtocol", V::Lit("HTTPS")),
    ("WebApplication", V::App),
    ("InitiatorBytes", V::Out),
    ("ResponderBytes", V::In),
    ("HTTPResponse", V::Status),
    ("HTTPReferer", V::Referrer),
    ("URLCategory", V::Category),
    ("URLReputation", V::Lit("Favorable")),
    ("URL", V::Url(Tunnel::Bare)),
];

/// Message number, action and reason.
const FTD_WORDS: &[Verdict] = &[
    (Is::Allowed, &["430003", "Allow", ""]),
    (Is::Blocked, &["430002", "Block", "URL Block"]),
    (Is::Blocked, &["430002", "Block with reset", "URL Block"]),
    (Is::Warned, &["430003", "Interactive Block", "URL Block"]),
    (Is::Overridden, &["430003", "Interactive Block", "User Bypass"]),
    (Is::Ignored("flow"), &["430002", "Allow", ""]),
    (Is::Quarantined("unknown_action"), &["430003", "Mislaid", ""]),
];

const FTD_DNS: &[Field] = &[
    ("FirstPacketSecond", V::Utc("%Y-%m-%dT%H:%M:%SZ")),
    ("AccessControlRuleAction", V::Word(1)),
    ("SrcIP", V::Client),
    ("ACPolicy", V::Profile),
    ("AccessControlRuleName", V::Rule),
    ("User", V::User),
    ("ApplicationProtocol", V::Says("app", "DNS")),
    ("DNSQuery", V::Host),
    ("DNSRecordType", V::Lit("a host address")),
];

const FTD_SHAPE: Shape = Shape {
    id: "cisco-ftd",
    layout: Layout::Pairs { between: ", ", assign: ": ", quote: Quote::Never, absent: None, escape: "" },
    head: &[("<113>", V::Utc("%Y-%m-%dT%H:%M:%SZ")), (" gate-1  %FTD-1-", V::Word(0)), (": ", V::Nil)],
    words: WORDS,
    logins: &[Login::Plain, Login::Domain],
    rough: " |=",
    records: &[
        Record { weight: 90, kind: "web", verdicts: FTD_WORDS, fields: FTD },
        Record {
            weight: 10,
            kind: "dns",
            verdicts: &[(Is::Allowed, &["430003", "Allow"]), (Is::Blocked, &["430002", "Block"])],
            fields: FTD_DNS,
        },
    ],
    ..BASE
};

/// The whole message, which is the detail, and its number.
fn message(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.tell("actor", "it.admin");
    row.tell("object", case.word(0));
    row.tell("detail", case.word(1));
    Some(case.word(1).to_owned())
}

/// The client, with its hardware address for a name.
const MERAKI_CLIENT: V = V::Says("device", "00:00:5e:00:53:01");

fn meraki_request(case: &Case<'_>, row: &mut Row) -> Option<String> {
    let target = &case.request.target;
    if !case.is_tunnel() {
        return None;
    }
    // Of an encrypted request only the host stands there, and three dots for the rest.
    row.tell("host", target.host);
    row.tell("domain", target.domain);
    row.tell("scheme", "https");
    Some(format!("UNKNOWN https://{}/...", case.request.authority()))
}

const MERAKI_URLS: &[Field] = &[
    ("<134>1 ", V::Epoch(Epoch::Millionths)),
    (" MX84 urls src=", V::Client),
    (":56424 dst=", V::Server),
    (":443 mac=", MERAKI_CLIENT),
    (
        " request: ",
        V::List(&[
            V::If(When::Tunnel, &V::By(meraki_request)),
            V::If(When::Open, &V::List(&[V::Verb, V::Lit(" "), V::Url(Tunnel::Never)])),
        ]),
    ),
];

const MERAKI_BLOCKS: &[Field] = &[
    ("<134>1 ", V::Epoch(Epoch::Millionths)),
    (" MX84 events content_filtering_block url='", V::Url(Tunnel::Slash)),
    ("' category0='", V::If(When::Category, &V::Category)),
    ("' server='192.0.2.13:80' client_mac='", MERAKI_CLIENT),
    ("'", V::By(|_, _| Some(String::new()))),
];

pub(super) static SHAPES: [Shape; 10] = [
    UMBRELLA,
    Shape { layout: HEADED, ..UMBRELLA },
    Shape {
        id: "umbrella-proxy",
        records: &[Record { weight: 1, kind: "web", verdicts: PROXY_WORDS, fields: PROXY }],
        ..UMBRELLA
    },
    Shape { id: "umbrella-audit", records: &[Record { weight: 1, kind: "", verdicts: AUDIT_WORDS, fields: AUDIT }], ..UMBRELLA },
    Shape {
        id: "umbrella-audit",
        layout: HEADED,
        records: &[Record { weight: 1, kind: "", verdicts: AUDIT_WORDS, fields: AUDIT }],
        ..UMBRELLA
    },
    Shape {
        id: "cisco-wsa",
        words: &[("gamb", "", "gambling"), ("snet", "", "social_media"), ("game", "", "games"), ("C_Brec", "", "")],
        rough: "",
        records: &[Record { weight: 1, kind: "web", verdicts: WSA_WORDS, fields: WSA }],
        ..BASE
    },
    Shape {
        id: "cisco-wsa-w3c",
        layout: W3C,
        file_head: &[("#Version: 1.0", "comment"), ("#Software: AsyncOS for Web", "comment")],
        words: WORDS,
        logins: &[Login::Plain, Login::Domain],
        rough: "",
        records: &[Record { weight: 1, kind: "web", verdicts: WSA_WORDS, fields: WSA_COLUMNS }],
        ..BASE
    },
    FTD_SHAPE,
    Shape {
        layout: Layout::Text,
        records: &[Record {
            weight: 1,
            kind: "",
            verdicts: &[
                (
                    Is::Admin("configuration"),
                    &["111010", "User 'it.admin', running 'CLI' from IP 10.20.0.9, executed 'write memory'"],
                ),
                (
                    Is::Admin("sign_in"),
                    &["605005", "Login permitted from 10.20.0.9/5123 to inside:10.20.0.1/ssh for user \"it.admin\""],
                ),
            ],
            fields: &[("", V::By(message))],
        }],
        ..FTD_SHAPE
    },
    Shape {
        id: "meraki",
        words: WORDS,
        records: &[
            Record { weight: 8, kind: "web", verdicts: &[(Is::Allowed, &[])], fields: MERAKI_URLS },
            Record { weight: 2, kind: "web", verdicts: &[(Is::Blocked, &[])], fields: MERAKI_BLOCKS },
        ],
        ..BASE
    },
];
