//! Arista NG Firewall (Untangle): events in JSON and exported lists. From the product's source and its wiki.

use super::{WORDS, one, share};
use crate::shape::{BASE, Case, Field, Is, Layout, Login, Quote, Row, Shape, V, Verdict, When};

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

const UNTANGLE: &[Verdict] = &[
    (Is::Allowed, &["DEFAULT", "false"]),
    (Is::Blocked, &["BLOCK_CATEGORY", "true"]),
    (Is::Overridden, &["PASS_UNBLOCK", "false"]),
];

const UNTANGLE_LETTERS: &[Verdict] =
    &[(Is::Allowed, &["N", "false"]), (Is::Blocked, &["D", "true"]), (Is::Overridden, &["B", "false"])];

const JSON: Shape = Shape { layout: Layout::Json, words: WORDS, rough: " ,\"|=\\", ..BASE };

pub(super) static SHAPES: [Shape; 3] = [
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
];
