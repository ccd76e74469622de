//! Symantec, now Broadcom: ProxySG in W3C and key=value form, and the cloud service in JSON. From the vendor's access log formats.

use super::WORDS;
use crate::shape::{BASE, Case, Field, Is, Layout, Login, Quote, Record, Row, Shape, V, Verdict, W3C, When};

/// Exception, filter result, status, proxy action.
const WEB: &[Verdict] = &[
    (Is::Allowed, &["", "OBSERVED", "200", "TCP_NC_MISS"]),
    (Is::Allowed, &["", "PROXIED", "304", "TCP_HIT"]),
    (Is::Blocked, &["content_filter_denied", "DENIED", "403", "TCP_DENIED"]),
    (Is::Blocked, &["policy_denied", "DENIED", "403", "TCP_DENIED"]),
    (Is::Warned, &["notify_coach", "OBSERVED", "200", "TCP_NC_MISS"]),
    (Is::Ignored("auth_challenge"), &["authentication_failed", "DENIED", "407", "TCP_DENIED"]),
    (Is::Ignored("not_a_decision"), &["tcp_error", "OBSERVED", "503", "TCP_ERR_MISS"]),
];

/// The scheme as the proxy has it: a tunnel is `tcp` in one log, `ssl` in another.
fn scheme(case: &Case<'_>, row: &mut Row, tunnel: &str) -> Option<String> {
    row.tell("scheme", if case.is_https() { "https" } else { "http" });
    Some(
        if case.is_tunnel() {
            tunnel
        } else if case.is_https() {
            "https"
        } else {
            "http"
        }
        .to_owned(),
    )
}

/// The path; `/` stands for a tunnel's too.
fn path(case: &Case<'_>, row: &mut Row) -> Option<String> {
    let path = if case.is_tunnel() { "/" } else { case.request.target.path };
    row.tell("url_path", path);
    Some(path.to_owned())
}

const MAIN: &[Field] = &[
    ("date", V::Utc("%Y-%m-%d")),
    ("time", V::Utc("%H:%M:%S")),
    ("time-taken", V::Elapsed),
    ("c-ip", V::Client),
    ("cs-username", V::User),
    ("cs-auth-group", V::Group),
    ("x-exception-id", V::WordAs("rule", 0)),
    ("sc-filter-result", V::Word(1)),
    ("cs-categories", V::Category),
    ("cs(Referer)", V::Referrer),
    ("sc-status", V::WordAs("status", 2)),
    ("s-action", V::Word(3)),
    ("cs-method", V::Method),
    ("rs(Content-Type)", V::ContentType),
    ("cs-uri-scheme", V::By(|case, row| scheme(case, row, "tcp"))),
    ("cs-host", V::Host),
    ("cs-uri-port", V::By(|case, _| Some(case.request.port().to_string()))),
    ("cs-uri-path", V::By(path)),
    ("cs-uri-query", V::MarkQuery),
    ("cs(User-Agent)", V::Agent),
    ("s-ip", V::Lit("10.90.0.2")),
    ("sc-bytes", V::In),
    ("cs-bytes", V::Out),
    ("x-virus-id", V::Nil),
    ("x-bluecoat-application-name", V::App),
    ("x-client-device-name", V::Device),
];

/// The order of the product's own main format, whose categories are percent-encoded.
const STANDARD: &[Field] = &[
    ("date", V::Utc("%Y-%m-%d")),
    ("time", V::Utc("%H:%M:%S")),
    ("time-taken", V::Elapsed),
    ("c-ip", V::Client),
    ("sc-status", V::WordAs("status", 2)),
    ("s-action", V::Word(3)),
    ("sc-bytes", V::In),
    ("cs-bytes", V::Out),
    ("cs-method", V::Method),
    ("cs-uri-scheme", V::By(|case, row| scheme(case, row, "tcp"))),
    ("cs-host", V::Host),
    ("cs-uri-path", V::By(path)),
    ("cs-uri-query", V::MarkQuery),
    ("cs-username", V::User),
    ("s-hierarchy", V::Lit("DIRECT")),
    ("s-supplier-name", V::Server),
    ("rs(Content-Type)", V::ContentType),
    ("cs(User-Agent)", V::Agent),
    ("sc-filter-result", V::Word(1)),
    ("sc-filter-category", V::Percent(&V::Category)),
    ("x-exception-id", V::WordAs("rule", 0)),
];

const SPLUNK: &[Field] = &[
    ("c-ip", V::Client),
    ("rs-Content-Type", V::ContentType),
    ("cs-auth-groups", V::Group),
    ("cs-bytes", V::Out),
    ("cs-categories", V::Category),
    ("cs-host", V::Host),
    ("cs-ip", V::Server),
    ("cs-method", V::Verb),
    ("cs-uri-port", V::By(|case, _| Some(case.request.port().to_string()))),
    ("cs-uri-scheme", V::By(|case, row| scheme(case, row, "https"))),
    ("cs-User-Agent", V::Agent),
    ("cs-username", V::User),
    ("s-action", V::Word(3)),
    ("sc-bytes", V::In),
    ("sc-filter-result", V::Word(1)),
    ("sc-status", V::WordAs("status", 2)),
    ("x-exception-id", V::WordAs("rule", 0)),
    ("cs-Referer", V::Referrer),
    ("cs-uri-path", V::By(path)),
    ("cs-uri-query", V::MarkQuery),
    ("x-bluecoat-application-name", V::App),
];

const CLOUD: &[Field] = &[
    ("x-bluecoat-request-tenant-id", V::Lit("1")),
    ("date", V::Utc("%Y-%m-%d")),
    ("time", V::Utc("%H:%M:%S")),
    ("c-ip", V::Client),
    ("cs-userdn", V::User),
    ("cs-auth-groups", V::Group),
    ("x-exception-id", V::WordAs("rule", 0)),
    ("sc-filter-result", V::Word(1)),
    ("cs-categories", V::Category),
    ("cs(Referer)", V::Referrer),
    ("sc-status", V::Text(&V::WordAs("status", 2))),
    ("cs-method", V::If(When::Open, &V::Verb)),
    ("rs(Content-Type)", V::ContentType),
    ("cs-uri-scheme", V::By(|case, row| scheme(case, row, "ssl"))),
    ("cs-host", V::Host),
    ("cs-uri-port", V::By(|case, _| Some(case.request.port().to_string()))),
    ("cs-uri-path", V::By(path)),
    ("cs-uri-query", V::MarkQuery),
    ("sc-bytes", V::Text(&V::In)),
    ("cs-bytes", V::Text(&V::Out)),
    ("x-bluecoat-location-name", V::Lit("Main site")),
    ("x-bluecoat-application-name", V::App),
    ("x-client-device-name", V::Device),
];

const fn web(verdicts: &'static [Verdict], fields: &'static [Field]) -> Record {
    Record { weight: 1, kind: "web", verdicts, fields }
}

const PROXYSG: Shape = Shape {
    id: "bluecoat",
    layout: W3C,
    file_head: &[
        ("#Software: SGOS 7.3.13.2", "comment"),
        ("#Version: 1.0", "comment"),
        ("#Date: 2026-03-29 00:20:00", "comment"),
    ],
    words: WORDS,
    join: ";",
    logins: &[Login::Plain, Login::Domain],
    rough: " ,|=",
    records: &[web(WEB, MAIN)],
    ..BASE
};

pub(super) static SHAPES: [Shape; 4] = [
    PROXYSG,
    Shape { join: "", records: &[web(WEB, STANDARD)], ..PROXYSG },
    Shape {
        id: "bluecoat-kv",
        layout: Layout::Pairs { between: " ", assign: "=", quote: Quote::Needed, absent: Some("-"), escape: "" },
        file_head: &[],
        head: &[("<111>1 ", V::Utc("%Y-%m-%dT%H:%M:%SZ")), (" proxy-1 bluecoat - splunk_format - ", V::Nil)],
        records: &[web(WEB, SPLUNK)],
        ..PROXYSG
    },
    Shape {
        id: "bluecoat-cloud",
        layout: Layout::Json,
        file_head: &[],
        rough: " ,\"|=\\",
        logins: &[Login::Plain, Login::Domain, Login::Ldap],
        records: &[web(WEB.split_at(6).0, CLOUD)],
        ..PROXYSG
    },
];
