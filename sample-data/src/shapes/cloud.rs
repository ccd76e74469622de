//! Cloud services: Cloudflare Gateway, Chrome's own log, Microsoft Defender and Entra, Censornet. From their schema references.

use super::WORDS;
use crate::shape::{BASE, CSV, Case, Epoch, Field, Is, Layout, Login, Record, Row, Shape, Tunnel, V, Verdict, When};

const GATEWAY_DNS: &[Field] = &[
    ("ApplicationName", V::App),
    ("Datetime", V::Utc("%Y-%m-%dT%H:%M:%SZ")),
    ("DeviceName", V::Device),
    ("Email", V::User),
    ("Location", V::Lit("Hall")),
    ("MatchedCategoryNames", V::If(When::Refused, &V::Categories)),
    ("PolicyName", V::Rule),
    ("PolicyID", V::Lit("")),
    ("QueryCategoryNames", V::Categories),
    ("QueryName", V::Host),
    ("QueryTypeName", V::Lit("A")),
    ("RCode", V::Num(0)),
    ("ResolverDecision", V::Word(0)),
    ("SrcIP", V::Client),
];

const GATEWAY_HTTP: &[Field] = &[
    ("AccountID", V::Lit("0001")),
    ("Action", V::Word(0)),
    ("ApplicationNames[0]", V::App),
    ("CategoryNames", V::Categories),
    ("Datetime", V::Epoch(Epoch::Nanos)),
    ("DestinationPort", V::Num(443)),
    ("DeviceName", V::Device),
    ("Email", V::User),
    ("HTTPHost", V::Host),
    ("HTTPMethod", V::Verb),
    ("HTTPStatusCode", V::Status),
    ("IsIsolated", V::Lit("false")),
    ("PolicyID", V::Word(2)),
    ("PolicyName", V::If(When::Word(1, "none"), &V::Rule)),
    ("Referer", V::Referrer),
    ("SourceIP", V::Lit("192.0.2.1")),
    ("SourceInternalIP", V::Client),
    ("URL", V::Url(Tunnel::Slash)),
    ("UntrustedCertificateAction", V::Word(1)),
];

const GATEWAY_AUDIT: &[Field] = &[
    ("ActionResult", V::Lit("true")),
    ("ActionType", V::WordAs("detail", 0)),
    ("ActorEmail", V::Says("actor", "it.admin@sch.example")),
    ("ActorIP", V::Lit("192.0.2.1")),
    ("ActorType", V::Lit("user")),
    ("ID", V::Text(&V::Serial)),
    ("Interface", V::Lit("UI")),
    ("ResourceID", V::Lit("r-1")),
    ("ResourceType", V::WordAs("object", 1)),
    ("When", V::Utc("%Y-%m-%dT%H:%M:%SZ")),
];

/// The browser's own zone.
fn browser_zone(case: &Case<'_>, _: &mut Row) -> Option<String> {
    Some(if case.request.offset == 0 { "GMT" } else { "GMT+1" }.to_owned())
}

/// Host alone, unless the browser is the vendor's.
const SEEN_URL: V = V::List(&[V::If(When::Tunnel, &V::Host), V::If(When::Open, &V::Url(Tunnel::Never))]);

const CHROME: &[Field] = &[
    ("Date", V::List(&[V::Local("%b %-d, %Y, %I:%M:%S %p"), V::Lit(" "), V::By(browser_zone)])),
    ("Event", V::Word(1)),
    ("Description", V::Lit("A visit to a page, as a rule asks")),
    ("Actor", V::User),
    ("URL", V::Url(Tunnel::Slash)),
    ("Tab URL", V::Referrer),
    ("URL category", V::Category),
    ("Event result", V::Word(0)),
    ("Event reason", V::Nil),
    ("Triggered rule names", V::Rule),
    ("Device name", V::Device),
    ("Profile user name", V::User),
    ("Organizational unit", V::Group),
];

/// Type, what the table's free column says, and the cause in it.
const DEFENDER: &[Verdict] = &[
    (
        Is::Blocked,
        &["ExploitGuardNetworkProtectionBlocked", "{\"IsAudit\":false,\"ResponseCategory\":\"CustomPolicy\"}", "CustomPolicy"],
    ),
    (Is::Blocked, &["SmartScreenUrlWarning", "{\"Experience\":\"CustomBlockList\"}", "CustomBlockList"]),
    (Is::Overridden, &["SmartScreenUserOverride", "", ""]),
    (
        Is::Allowed,
        &["ExploitGuardNetworkProtectionAudited", "{\"IsAudit\":true,\"ResponseCategory\":\"CustomPolicy\"}", "CustomPolicy"],
    ),
    (Is::Ignored("not_a_decision"), &["UsbDriveMounted", "{\"BusType\":\"7\"}", ""]),
];

fn cause(case: &Case<'_>, row: &mut Row) -> Option<String> {
    if !case.word(2).is_empty() {
        row.tell("rule", case.word(2));
    }
    (!case.word(1).is_empty()).then(|| case.word(1).to_owned())
}

const DEFENDER_CSV: &[Field] = &[
    ("Timestamp", V::Utc("%Y-%m-%dT%H:%M:%S.%6f0Z")),
    ("DeviceName", V::Device),
    ("ActionType", V::Word(0)),
    ("RemoteUrl", SEEN_URL),
    ("LocalIP", V::Client),
    ("InitiatingProcessFileName", V::App),
    ("InitiatingProcessAccountUpn", V::User),
    ("AdditionalFields", V::By(cause)),
];

const DEFENDER_JSON: &[Field] = &[
    ("time", V::Lit("2026-11-20T00:00:00Z")),
    ("tenantId", V::Lit("t")),
    ("category", V::Lit("AdvancedHunting-DeviceEvents")),
    ("properties.Timestamp", V::Utc("%Y-%m-%dT%H:%M:%S.%3fZ")),
    ("properties.DeviceName", V::Device),
    ("properties.ActionType", V::Word(0)),
    ("properties.RemoteUrl", SEEN_URL),
    ("properties.LocalIP", V::Client),
    ("properties.InitiatingProcessFileName", V::App),
    ("properties.InitiatingProcessAccountName", V::Name),
    ("properties.InitiatingProcessAccountDomain", V::Realm),
    ("properties.MachineGroup", V::Lit("Pupils")),
    ("properties.AdditionalFields", V::By(cause)),
];

/// Action, kind of traffic, transaction, state of a connection.
const ENTRA: &[Verdict] = &[
    (Is::Allowed, &["Allowed", "internet", "x-1", ""]),
    (Is::Blocked, &["Denied", "internet", "x-1", ""]),
    (Is::Ignored("not_a_decision"), &["Allowed", "microsoft365", "x-1", ""]),
    (Is::Ignored("flow"), &["Allowed", "internet", "", "closed"]),
    (Is::Quarantined("unknown_action"), &["Mislaid", "internet", "x-1", ""]),
];

const ENTRA_JSON: &[Field] = &[
    ("time", V::Lit("2026-11-20T00:00:00Z")),
    ("category", V::Lit("NetworkAccessTrafficLogs")),
    ("properties.TimeGenerated", V::Utc("%Y-%m-%dT%H:%M:%S.%3fZ")),
    ("properties.UserPrincipalName", V::User),
    ("properties.DeviceId", V::Device),
    ("properties.SourceIp", V::Client),
    ("properties.TrafficType", V::Word(1)),
    ("properties.Action", V::Word(0)),
    ("properties.DestinationFqdn", V::Host),
    ("properties.DestinationUrl", V::If(When::Open, &V::Url(Tunnel::Never))),
    ("properties.DestinationWebCategories", V::Category),
    ("properties.HttpMethod", V::Verb),
    ("properties.ResponseCode", V::Status),
    ("properties.SentBytes", V::Out),
    ("properties.ReceivedBytes", V::In),
    ("properties.ReferrerHeader", V::Referrer),
    ("properties.CloudAppName", V::App),
    ("properties.RuleName", V::Rule),
    ("properties.FilteringProfileName", V::Profile),
    ("properties.TransactionId", V::Word(2)),
    ("properties.ConnectionStatus", V::Word(3)),
];

const ENTRA_CSV: &[Field] = &[
    ("TimeGenerated [UTC]", V::Utc("%Y-%m-%dT%H:%M:%S.%3fZ")),
    ("UserPrincipalName", V::User),
    ("DeviceId", V::Device),
    ("SourceIp", V::Client),
    ("TrafficType", V::Word(1)),
    ("Action", V::Word(0)),
    ("DestinationFqdn", V::Host),
    ("DestinationUrl", V::If(When::Open, &V::Url(Tunnel::Never))),
    ("DestinationWebCategories", V::Category),
    ("HttpMethod", V::Verb),
    ("ResponseCode", V::Status),
    ("SentBytes", V::Out),
    ("ReceivedBytes", V::In),
    ("CloudAppName", V::App),
    ("RuleName", V::Rule),
    ("FilteringProfileName", V::Profile),
    ("TransactionId", V::Word(2)),
    ("ConnectionStatus", V::Word(3)),
];

const CENSORNET: &[Field] = &[
    ("utc_timestamp", V::Utc("%Y-%m-%d %H:%M:%S.%6f")),
    ("tz_offset", V::Num(0)),
    ("netbios_domain", V::If(When::User, &V::Lit("SCH"))),
    ("samaccountname", V::Name),
    ("tag", V::Group),
    ("ip_address", V::Client),
    ("mac_address", V::Lit("00:00:5e:00:53:01")),
    ("http_method", V::Verb),
    ("url_scheme", V::Scheme),
    ("url_domain", V::Host),
    ("url_path", V::Path),
    ("url_query", V::Query),
    ("device_name", V::Device),
    ("xhr_flag", V::Num(0)),
    ("filter_rule", V::Rule),
    ("final_action", V::Word(0)),
    ("log_level", V::Lit("Normal")),
    ("web_categories", V::Categories),
];

const fn one(id: &'static str, layout: Layout, records: &'static [Record]) -> Shape {
    Shape { id, layout, words: WORDS, join: "; ", rough: " ,\"|=\\", logins: &[Login::Upn], records, ..BASE }
}

pub(super) static SHAPES: [Shape; 9] = [
    one(
        "cloudflare-gateway-dns",
        Layout::Json,
        &[Record {
            weight: 1,
            kind: "dns",
            verdicts: &[
                (Is::Allowed, &["allowedOnNoPolicyMatch"]),
                (Is::Allowed, &["overrideForSafeSearch"]),
                (Is::Blocked, &["blockedByCategory"]),
                (Is::Blocked, &["blockedRule"]),
                (Is::Quarantined("unknown_action"), &["mislaid"]),
            ],
            fields: GATEWAY_DNS,
        }],
    ),
    one(
        "cloudflare-gateway-http",
        Layout::Json,
        &[Record {
            weight: 1,
            kind: "web",
            verdicts: &[
                (Is::Allowed, &["allow", "none", ""]),
                (Is::Allowed, &["isolate", "none", ""]),
                (Is::Allowed, &["bypass", "none", ""]),
                (Is::Blocked, &["block", "none", ""]),
                (Is::Blocked, &["redirect", "none", ""]),
                (Is::Ignored("not_a_decision"), &["block", "block", ""]),
                (Is::Quarantined("unknown_action"), &["mislay", "none", ""]),
            ],
            fields: GATEWAY_HTTP,
        }],
    ),
    one(
        "cloudflare-audit",
        Layout::Json,
        &[Record {
            weight: 1,
            kind: "",
            verdicts: &[
                (Is::Admin("sign_in"), &["login", "account"]),
                (Is::Admin("policy_change"), &["update", "teams.gateway_rules"]),
                (Is::Admin("configuration"), &["create", "api_token"]),
            ],
            fields: GATEWAY_AUDIT,
        }],
    ),
    Shape {
        join: ",",
        ..one(
            "chrome-events",
            CSV,
            &[Record {
                weight: 1,
                kind: "web",
                verdicts: &[
                    (Is::Allowed, &["EVENT_RESULT_DETECTED", "URL filtering interstitial"]),
                    (Is::Blocked, &["EVENT_RESULT_BLOCKED", "URL filtering interstitial"]),
                    (Is::Warned, &["EVENT_RESULT_WARNED", "URL filtering interstitial"]),
                    (Is::Overridden, &["EVENT_RESULT_BYPASSED", "URL filtering interstitial"]),
                    (Is::Ignored("not_a_decision"), &["EVENT_RESULT_DETECTED", "Password reuse"]),
                    (Is::Quarantined("unknown_action"), &["EVENT_RESULT_MISLAID", "URL filtering interstitial"]),
                ],
                fields: CHROME,
            }],
        )
    },
    one("defender-csv", CSV, &[Record { weight: 1, kind: "web", verdicts: DEFENDER, fields: DEFENDER_CSV }]),
    Shape {
        logins: &[Login::Plain, Login::Domain],
        ..one("defender-json", Layout::Json, &[Record { weight: 1, kind: "web", verdicts: DEFENDER, fields: DEFENDER_JSON }])
    },
    Shape {
        join: ", ",
        ..one("entra-internet-access", Layout::Json, &[Record { weight: 1, kind: "web", verdicts: ENTRA, fields: ENTRA_JSON }])
    },
    Shape {
        join: ",",
        ..one("entra-internet-access-csv", CSV, &[Record { weight: 1, kind: "web", verdicts: ENTRA, fields: ENTRA_CSV }])
    },
    one(
        "censornet",
        Layout::Json,
        &[Record {
            weight: 1,
            kind: "web",
            verdicts: &[
                (Is::Allowed, &["Allow"]),
                (Is::Blocked, &["Block"]),
                (Is::Blocked, &["Blocked"]),
                (Is::Quarantined("unknown_action"), &["Mislay"]),
            ],
            fields: CENSORNET,
        }],
    ),
];
