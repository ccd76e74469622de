//! Web gateways: Arista (Untangle), iboss, McAfee and Skyhigh, Menlo, Netskope, Olfeo. From their vendors' log and API references.

use super::WORDS;
use crate::shape::{BASE, Case, Epoch, Field, Is, Layout, Login, Quote, Record, Row, Shape, Tunnel, V, Verdict, When};

/// The name of the client's computer; its address where that has none.
fn host_name(case: &Case<'_>, row: &mut Row) -> Option<String> {
    let device = case.request.device;
    if device.is_empty() {
        return Some(case.request.client.clone());
    }
    row.tell("device", device.to_lowercase());
    Some(device.to_owned())
}

/// The request line says http, whatever the port.
fn request_line(case: &Case<'_>, row: &mut Row) -> Option<String> {
    let (request, target) = (case.request, &case.request.target);
    let method = if request.is_post { "POST" } else { "GET" };
    row.tell("method", method);
    row.tell("host", target.host);
    if !target.domain.is_empty() {
        row.tell("domain", target.domain);
    }
    let path = if case.is_tunnel() { "/".to_owned() } else { request.path_query() };
    row.tell("url_path", if case.is_tunnel() { "/" } else { target.path });
    if !case.is_tunnel() && !target.query.is_empty() {
        row.tell("url_query", target.query);
    }
    Some(format!("{method} http://{}{path}", request.authority()))
}

const UNTANGLE_WORDS: &[(&str, &str, &str)] = &[
    ("Gambling", "27", "gambling"),
    ("Social Networking", "14", "social_media"),
    ("Games", "34", "games"),
    ("Clwb Brecwast", "901", ""),
];

const UNTANGLE_WEB: &[Field] = &[
    ("reason", V::Word(0)),
    ("appName", V::Lit("web_filter")),
    ("requestLine", V::By(request_line)),
    ("sessionEvent.entitled", V::Lit("true")),
    ("sessionEvent.hostname", V::By(host_name)),
    ("sessionEvent.CServerPort", V::Port),
    ("sessionEvent.CClientAddr", V::Client),
    ("sessionEvent.policyId", V::Says("profile", "1")),
    ("sessionEvent.username", V::User),
    ("timeStamp", V::Local("%Y-%m-%d %H:%M:%S.%3f")),
    ("flagged", V::Word(1)),
    ("blocked", V::Word(1)),
    ("category", V::Category),
    ("ruleId", V::Says("rule", "2")),
    ("class", V::Lit("class com.untangle.app.web_filter.WebFilterEvent")),
    ("categoryId", V::CategoryId),
];

const UNTANGLE_APP: &[Field] = &[
    ("application", V::App),
    ("sessionEvent.hostname", V::By(host_name)),
    ("sessionEvent.CClientAddr", V::Client),
    ("sessionEvent.username", V::User),
    ("timeStamp", V::Local("%Y-%m-%d %H:%M:%S.%3f")),
    ("blocked", V::Word(1)),
    ("category", V::Category),
    ("class", V::Lit("class com.untangle.app.application_control.ApplicationControlLogEvent")),
];

const UNTANGLE_ADMIN: &[Field] = &[
    ("login", V::Says("actor", "it.admin")),
    ("clientAddress", V::Says("object", "10.20.0.9")),
    ("succeeded", V::Lit("true")),
    ("timeStamp", V::Local("%Y-%m-%d %H:%M:%S.%3f")),
    ("class", V::Says("detail", "class com.untangle.uvm.event.AdminLoginEvent")),
];

/// Method by its first letter.
fn letter(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.tell("method", if case.request.is_post { "POST" } else { "GET" });
    Some(if case.request.is_post { "P" } else { "G" }.to_owned())
}

const UNTANGLE_CSV: &[Field] = &[
    ("time_stamp", V::Local("%Y-%m-%d %H:%M:%S.%3f")),
    ("hostname", V::By(host_name)),
    ("username", V::User),
    ("host", V::Host),
    ("uri", V::PathQuery),
    ("method", V::By(letter)),
    ("web_filter_blocked", V::Word(1)),
    ("web_filter_flagged", V::Word(1)),
    ("web_filter_reason", V::Word(0)),
    ("web_filter_category_id", V::CategoryId),
    ("web_filter_rule_id", V::Rule),
    ("policy_id", V::Profile),
    ("c_client_addr", V::Client),
    ("s_server_addr", V::Server),
    ("s_server_port", V::Port),
    ("s2c_content_type", V::ContentType),
    ("s2c_content_length", V::In),
    ("c2s_content_length", V::Out),
    ("referer", V::Referrer),
];

/// The list of searches.
const UNTANGLE_TERMS: &[Field] = &[
    ("time_stamp", V::Local("%Y-%m-%d %H:%M:%S.%3f")),
    ("hostname", V::By(host_name)),
    ("username", V::User),
    ("host", V::Host),
    ("uri", V::PathQuery),
    ("term", V::List(&[V::Term, V::If(When::Not(&When::Search), &V::Says("search_term", "castles"))])),
    ("blocked", V::Word(1)),
    ("c_client_addr", V::Client),
    ("s_server_port", V::Port),
];

const UNQUOTED: Layout = Layout::Table { delimiter: ",", header: Some(""), quote: Quote::Never, absent: "" };

const IBOSS: &[Verdict] = &[
    (Is::Allowed, &["Allowed", "200"]),
    (Is::Blocked, &["Blocked", "403"]),
    (Is::Warned, &["Soft-blocked", "302"]),
    (Is::Overridden, &["Soft-override", "200"]),
    (Is::Ignored("auth_challenge"), &["Blocked", "407"]),
    (Is::Quarantined("unknown_action"), &["Mislaid", "200"]),
];

const IBOSS_WEB: &[Field] = &[
    ("logType", V::Lit("WEB_LOG")),
    ("logTime", V::Local("%Y-%m-%d")),
    ("time", V::Local("%H:%M:%S")),
    ("username", V::User),
    ("filteringGroupName", V::Group),
    ("computerName", V::Device),
    ("privateIp", V::Client),
    ("publicIp", V::Lit("192.0.2.1")),
    ("location", V::Lit("north")),
    ("requestMethod", V::Method),
    ("scheme", V::Scheme),
    ("url", V::Url(Tunnel::Bare)),
    ("host", V::Host),
    ("uriPath", V::Path),
    ("uriQuery", V::Query),
    ("responseCode", V::Text(&V::WordAs("status", 1))),
    ("downstreamByteUsage", V::Text(&V::In)),
    ("upstreamByteUsage", V::Text(&V::Out)),
    ("contentTypeHeader", V::ContentType),
    ("referrerUrl", V::ReferrerHost),
    ("proxyRule", V::Rule),
    ("ztPolicyName", V::Profile),
    ("action", V::Word(0)),
    ("categoryName", V::Category),
];

const IBOSS_AUDIT: &[Field] = &[
    ("logType", V::Lit("AUDIT_LOG")),
    ("logSubType", V::Says("object", "POLICY")),
    ("logTime", V::Local("%Y-%m-%d")),
    ("time", V::Local("%H:%M:%S")),
    ("username", V::Says("actor", "it.admin")),
    ("description", V::Says("detail", "Allow list edited")),
];

const IBOSS_TEXT: &[Field] = &[
    ("", V::Local("%m/%d/%y %I:%M:%S %p")),
    (",URL_LOG_ENTRY,URL_LOG_ID=", V::Serial),
    (",IBOSS=box-1,URL=", V::Address),
    (",CATEGORIES_NAMES=", V::Category),
    (",ACTION=", V::Word(0)),
    (",SRC_IPADDR=", V::Client),
    (",COMP_NAME=", V::Device),
    (",USER=", V::User),
    (",REQUEST_METHOD=GET,BYTES=", V::In),
];

/// Status, number and reason of a block.
const MCAFEE: &[Verdict] = &[
    (Is::Allowed, &["200", "0", ""]),
    (Is::Blocked, &["403", "10", "Blocked by URL filtering"]),
    (Is::Warned, &["403", "15", "Coaching session required"]),
    (Is::Warned, &["403", "16", "Quota exceeded"]),
    (Is::Ignored("auth_challenge"), &["407", "81", "Authentication Required"]),
    (Is::Ignored("not_a_decision"), &["502", "20", "Cannot Connect"]),
];

const MCAFEE_WEB: &[Field] = &[
    ("date", V::Utc("%Y-%m-%dT%H:%M:%S.%3fZ")),
    ("hostname", V::Lit("mwg-1")),
    ("username", V::User),
    ("source_ip", V::Client),
    ("destination_ip", V::Server),
    ("destination_host", V::Lit("www.maps.example")),
    ("http_status_code", V::WordAs("status", 0)),
    ("media_type", V::ContentType),
    ("source_bytes", V::Out),
    ("destination_bytes", V::In),
    ("http_request_first_line", V::List(&[V::Method, V::Lit(" "), V::Url(Tunnel::HostPort), V::Lit(" HTTP/1.1")])),
    ("url_categories", V::Category),
    ("ruleset_name", V::Profile),
    ("rule_name", V::Rule),
    ("block_id", V::Word(1)),
    ("block_reason", V::Word(2)),
    ("application_name", V::App),
    ("http_referer", V::Referrer),
    ("user_agent", V::Agent),
];

/// Result, status, reason of a block.
const SKYHIGH: &[Verdict] = &[
    (Is::Allowed, &["OBSERVED", "200", ""]),
    (Is::Blocked, &["DENIED", "403", "Blocked by URL filtering"]),
    (Is::Warned, &["DENIED", "403", "Coaching session required"]),
    (Is::Ignored("auth_challenge"), &["DENIED", "407", "Authentication Required"]),
    (Is::Quarantined("unknown_action"), &["MISLAID", "200", ""]),
];

const SKYHIGH_WEB: &[Field] = &[
    ("user_id", V::Num(-1)),
    ("username", V::User),
    ("source_ip", V::Lit("192.0.2.1")),
    ("http_action", V::Verb),
    ("server_to_client_bytes", V::In),
    ("client_to_server_bytes", V::Out),
    ("requested_host", V::Host),
    ("requested_path", V::PathQuery),
    ("result", V::Word(0)),
    ("virus", V::Nil),
    ("request_timestamp_epoch", V::Epoch(Epoch::Seconds)),
    ("request_timestamp", V::Utc("%Y-%m-%d %H:%M:%S")),
    ("uri_scheme", V::Scheme),
    ("category", V::Category),
    ("media_type", V::ContentType),
    ("application_type", V::App),
    ("reputation", V::Lit("Minimal Risk")),
    ("last_rule", V::Rule),
    ("http_status_code", V::WordAs("status", 1)),
    ("client_ip", V::Client),
    ("location", V::Lit("Hall")),
    ("block_reason", V::Word(2)),
    ("user_agent_comment", V::Agent),
    ("referer", V::Referrer),
    ("ssl_scanned", V::Inspected("t", "f")),
    ("client_system_name", V::Device),
    ("filename", V::Nil),
];

const MENLO: &[Field] = &[
    ("event.domain", V::Lit("maps.example")),
    ("event.protocol", V::Lit("https")),
    ("event.origin_ip", V::Client),
    ("event.event_time", V::Utc("%Y-%m-%dT%H:%M:%S.%6f")),
    ("event.vendor", V::Lit("Menlo Security")),
    ("event.product", V::Lit("MSIP")),
    ("event.request_type", V::Verb),
    ("event.referer", V::Referrer),
    ("event.content_type", V::ContentType),
    ("event.categories", V::Category),
    ("event.pe_rulename", V::Rule),
    ("event.pe_action", V::Word(0)),
    ("event.x-client-ip", V::Lit("192.0.2.1")),
    ("event.name", V::Lit("page_request")),
    ("event.url", V::Url(Tunnel::Slash)),
    ("event.userid", V::User),
    ("event.response_code", V::Text(&V::WordAs("status", 1))),
];

const NETSKOPE_PAGE: &[Field] = &[
    ("_id", V::Text(&V::Serial)),
    ("access_method", V::Lit("Client")),
    ("app", V::App),
    ("category", V::FirstCategory),
    ("other_categories", V::Categories),
    ("client_bytes", V::Out),
    ("server_bytes", V::In),
    ("hostname", V::Device),
    ("policy", V::Rule),
    ("dlp_profile", V::Profile),
    ("referer", V::Referrer),
    ("resp_content_type", V::ContentType),
    ("srcip", V::Lit("192.0.2.1")),
    ("src_location", V::Lit("Hall")),
    ("timestamp", V::Epoch(Epoch::Seconds)),
    ("traffic_type", V::Lit("Web")),
    ("type", V::Lit("page")),
    ("url", V::Address),
    ("user", V::User),
    ("organization_unit", V::Group),
    ("userip", V::Client),
];

/// Action, and a justification.
const NETSKOPE_WORDS: &[Verdict] = &[
    (Is::Allowed, &["alert", ""]),
    (Is::Allowed, &["bypass", ""]),
    (Is::Blocked, &["block", ""]),
    (Is::Warned, &["useralert", ""]),
    (Is::Overridden, &["useralert", "It is for a lesson"]),
    (Is::Overridden, &["proceed", ""]),
    (Is::Ignored("auth_challenge"), &["mfa", ""]),
    (Is::Quarantined("unknown_action"), &["mislay", ""]),
];

const NETSKOPE_ALERT: &[Field] = &[
    ("_id", V::Text(&V::Serial)),
    ("action", V::Word(0)),
    ("justification_reason", V::Word(1)),
    ("alert", V::Lit("yes")),
    ("alert_type", V::Lit("policy")),
    ("app", V::App),
    ("category", V::FirstCategory),
    ("hostname", V::Device),
    ("policy", V::Rule),
    ("timestamp", V::Epoch(Epoch::Seconds)),
    ("type", V::Lit("nspolicy")),
    ("url", V::Address),
    ("user", V::User),
    ("userip", V::Client),
];

const NETSKOPE_AUDIT: &[Field] = &[
    ("_id", V::Text(&V::Serial)),
    ("type", V::Lit("admin_audit_logs")),
    ("audit_log_event", V::WordAs("detail", 0)),
    ("supporting_data.data_type", V::Says("object", "policy")),
    ("timestamp", V::Epoch(Epoch::Seconds)),
    ("user", V::Says("actor", "it.admin@sch.example")),
];

/// Status alone decides.
const BY_STATUS: &[Verdict] = &[
    (Is::Allowed, &["200"]),
    (Is::Allowed, &["304"]),
    (Is::Blocked, &["403"]),
    (Is::Ignored("auth_challenge"), &["407"]),
    (Is::Ignored("not_a_decision"), &["503"]),
];

/// Of what was left closed the port stands behind a whole address.
const OLFEO: &[Field] = &[
    ("<30>", V::Local("%b %e %H:%M:%S")),
    (" olfeo olfeo: ", V::Client),
    (" - ", V::User),
    (" [", V::Local("%d/%m/%Y %H:%M:%S")),
    ("] \"", V::Method),
    (" ", V::Url(Tunnel::BarePort)),
    (" HTTP/1.1\" ", V::WordAs("status", 0)),
    (" - - ", V::In),
    (" ", V::Category),
];

const OLFEO_CLOUD: &[Field] = &[
    ("user_id", V::Lit("u-1")),
    ("external_id", V::Nil),
    ("display_name", V::User),
    ("category_id", V::Lit("1")),
    ("category_label", V::List(&[V::Category, V::If(When::Not(&When::Category), &V::Lit("None"))])),
    ("url", V::Url(Tunnel::Slash)),
    ("action", V::Word(0)),
    ("domain", V::Host),
    ("src_ip", V::Client),
    ("timestamp", V::Epoch(Epoch::Millis)),
    ("policy_id", V::Lit("-")),
    ("rule_id", V::Rule),
    ("http_method", V::Verb),
    ("user_received_bytes", V::Text(&V::In)),
    ("user_sent_bytes", V::Text(&V::Out)),
    ("user_status_code", V::Text(&V::WordAs("status", 1))),
    ("groups_name[0]", V::Group),
    ("directory_name", V::Lit("School")),
    ("policy_name", V::Profile),
    ("type", V::Lit("proxy")),
];

const OLFEO_DNS: &[Field] = &[
    ("display_name", V::User),
    ("category_label", V::List(&[V::Category, V::If(When::Not(&When::Category), &V::Lit("None"))])),
    ("url", V::Lit("")),
    ("action", V::Word(0)),
    ("domain", V::Host),
    ("src_ip", V::Client),
    ("timestamp", V::Epoch(Epoch::Millis)),
    ("policy_name", V::Profile),
    ("type", V::Lit("dns")),
    ("dns_answer", V::Lit("")),
];

const fn one(kind: &'static str, verdicts: &'static [Verdict], fields: &'static [Field]) -> Record {
    Record { weight: 1, kind, verdicts, fields }
}

const fn share(record: Record, weight: usize) -> Record {
    Record { weight, ..record }
}

const JSON: Shape = Shape { layout: Layout::Json, words: WORDS, rough: " ,\"|=\\", ..BASE };

const UNTANGLE: &[Verdict] = &[
    (Is::Allowed, &["DEFAULT", "false"]),
    (Is::Blocked, &["BLOCK_CATEGORY", "true"]),
    (Is::Overridden, &["PASS_UNBLOCK", "false"]),
];

const UNTANGLE_LETTERS: &[Verdict] =
    &[(Is::Allowed, &["N", "false"]), (Is::Blocked, &["D", "true"]), (Is::Overridden, &["B", "false"])];

pub(super) static SHAPES: [Shape; 11] = [
    Shape {
        id: "untangle",
        head: &[("<174>", V::Local("%b %e %H:%M:%S")), (" INFO  uvm[0]:  ", V::Nil)],
        words: UNTANGLE_WORDS,
        logins: &[Login::Plain, Login::Domain],
        records: &[
            share(one("web", UNTANGLE, UNTANGLE_WEB), 8),
            share(one("app", &[(Is::Allowed, &["", "false"]), (Is::Blocked, &["", "true"])], UNTANGLE_APP), 1),
            share(one("", &[(Is::Admin("sign_in"), &[])], UNTANGLE_ADMIN), 1),
        ],
        ..JSON
    },
    Shape {
        id: "untangle-csv",
        layout: UNQUOTED,
        words: UNTANGLE_WORDS,
        rough: " |",
        unfit: ",",
        records: &[one("web", UNTANGLE_LETTERS, UNTANGLE_CSV)],
        ..BASE
    },
    Shape {
        id: "untangle-csv",
        layout: UNQUOTED,
        rough: " |",
        unfit: ",",
        records: &[one("web", &[(Is::Allowed, &["", "f"]), (Is::Blocked, &["", "t"])], UNTANGLE_TERMS)],
        ..BASE
    },
    Shape {
        id: "iboss",
        head: &[("<46>", V::Local("%b %e %H:%M:%S")), (" node.iboss.example ", V::Nil)],
        join: ";",
        records: &[share(one("web", IBOSS, IBOSS_WEB), 9), share(one("", &[(Is::Admin("configuration"), &[])], IBOSS_AUDIT), 1)],
        ..JSON
    },
    Shape {
        id: "iboss-kv",
        words: WORDS,
        join: ",",
        unfit: ",",
        records: &[one("web", IBOSS.split_at(3).0, IBOSS_TEXT)],
        ..BASE
    },
    Shape {
        id: "mcafee-wg",
        layout: Layout::Pairs { between: " ", assign: "=", quote: Quote::Texts, absent: Some(""), escape: "" },
        head: &[("<30>", V::Local("%b %e %H:%M:%S")), (" mwg-1 mwg: ", V::Nil)],
        words: WORDS,
        join: ", ",
        rough: " ,|=",
        records: &[one("web", MCAFEE, MCAFEE_WEB)],
        ..BASE
    },
    Shape {
        id: "skyhigh",
        layout: Layout::Pairs { between: " ", assign: "=", quote: Quote::Never, absent: Some(""), escape: "" },
        words: WORDS,
        join: ", ",
        rough: " ,|",
        records: &[one("web", SKYHIGH, SKYHIGH_WEB)],
        ..BASE
    },
    Shape {
        id: "menlo",
        join: ", ",
        records: &[one(
            "web",
            &[
                (Is::Allowed, &["allow", "200"]),
                (Is::Allowed, &["isolate", "200"]),
                (Is::Blocked, &["block", "403"]),
                (Is::Ignored("auth_challenge"), &["block", "407"]),
                (Is::Quarantined("unknown_action"), &["mislay", "200"]),
            ],
            MENLO,
        )],
        ..JSON
    },
    Shape {
        id: "netskope",
        words: &[("Gambling", "", "gambling"), ("Social", "", "social_media"), ("Games", "", "games"), ("Clwb Brecwast", "", "")],
        join: "; ",
        logins: &[Login::Upn],
        records: &[
            share(one("web", &[(Is::Allowed, &[])], NETSKOPE_PAGE), 5),
            share(one("web", NETSKOPE_WORDS, NETSKOPE_ALERT), 4),
            share(
                one(
                    "",
                    &[
                        (Is::Admin("sign_in"), &["Login Successful"]),
                        (Is::Admin("policy_change"), &["Edited real-time policy"]),
                        (Is::Admin("configuration"), &["Created user"]),
                    ],
                    NETSKOPE_AUDIT,
                ),
                1,
            ),
        ],
        ..JSON
    },
    Shape { id: "olfeo-proxy", words: WORDS, rough: "", records: &[one("web", BY_STATUS, OLFEO)], ..BASE },
    Shape {
        id: "olfeo-saas",
        records: &[
            share(
                one(
                    "web",
                    &[
                        (Is::Allowed, &["allow", "200"]),
                        (Is::Blocked, &["block", "403"]),
                        (Is::Blocked, &["deny", "403"]),
                        (Is::Ignored("auth_challenge"), &["block", "407"]),
                        (Is::Quarantined("unknown_action"), &["mislay", "200"]),
                    ],
                    OLFEO_CLOUD,
                ),
                8,
            ),
            share(one("dns", &[(Is::Allowed, &["allow"]), (Is::Blocked, &["block"])], OLFEO_DNS), 2),
        ],
        ..JSON
    },
];
