//! Writes one value of a line, and tells the truth of what was written.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde_json::Value;

use super::request::{Request, Target};
use super::{Case, Epoch, Is, Login, Row, Tunnel, V};

/// A value as written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Written {
    /// There is none.
    Nothing,
    Text(String),
    /// A number or a truth value, where the layout tells them from text.
    Bare(String),
    /// Several texts.
    List(Vec<String>),
    /// Names of an object's members.
    Keys(Vec<String>),
}

impl Written {
    fn of(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Written::Nothing } else { Written::Text(text) }
    }

    /// As text, however it was written.
    pub fn text(self) -> Option<String> {
        match self {
            Written::Nothing => None,
            Written::Text(text) | Written::Bare(text) => Some(text),
            Written::List(parts) | Written::Keys(parts) => Some(parts.join("; ")),
        }
    }
}

/// The time in a form of `strftime`, on a clock so many seconds ahead of UTC.
fn clock(time_us: i64, offset: i32, form: &str) -> String {
    let zone = TimeZone::fixed(Offset::from_seconds(offset).unwrap_or(Offset::UTC));
    let Ok(time) = Timestamp::from_microsecond(time_us) else { return String::new() };
    jiff::fmt::strtime::format(form, &time.to_zoned(zone)).unwrap_or_default()
}

/// The finest unit of time that a form writes, in microseconds; none where it only says the day.
fn unit_of(form: &str) -> Option<i64> {
    let has = |part: &str| form.contains(part);
    if ["%6f", "%.6f", "%9f", "%.9f", "%N"].iter().any(|part| has(part)) {
        Some(1)
    } else if ["%3f", "%.3f"].iter().any(|part| has(part)) {
        Some(1_000)
    } else if has("%S") || has("%T") {
        Some(1_000_000)
    } else if has("%M") {
        Some(60_000_000)
    } else {
        None
    }
}

fn time(request: &Request, offset: i32, form: &str, row: &mut Row) -> Written {
    if let Some(unit) = unit_of(form) {
        row.time_unit(unit);
    }
    Written::of(clock(request.time_us, offset, form))
}

fn epoch(time_us: i64, unit: Epoch, row: &mut Row) -> Written {
    let (text, precision) = match unit {
        Epoch::Seconds => (format!("{}", time_us / 1_000_000), 1_000_000),
        Epoch::Thousandths => (format!("{}.{:03}", time_us / 1_000_000, time_us / 1_000 % 1_000), 1_000),
        Epoch::Millionths => (format!("{}.{:06}", time_us / 1_000_000, time_us % 1_000_000), 1),
        Epoch::Millis => (format!("{}", time_us / 1_000), 1_000),
        Epoch::Micros => (format!("{time_us}"), 1),
        Epoch::Nanos => (format!("{time_us}000"), 1),
    };
    row.time_unit(precision);
    Written::Bare(text)
}

/// A text column, told and written alike.
fn told(row: &mut Row, column: &str, text: &str) -> Written {
    if !text.is_empty() {
        row.tell(column, text);
    }
    Written::of(text)
}

/// A text that is a column's truth, as a number where the column is one.
fn said(row: &mut Row, column: &str, text: &str) -> Written {
    match text.parse::<i64>() {
        Ok(number) if matches!(column, "status" | "bytes_in" | "bytes_out") => {
            row.tell(column, number);
            Written::Bare(text.to_owned())
        }
        _ => told(row, column, text),
    }
}

fn tell_target(row: &mut Row, target: &Target) {
    row.tell("host", target.host.to_lowercase());
    if !target.domain.is_empty() {
        row.tell("domain", target.domain);
    }
}

fn tell_path(row: &mut Row, target: &Target) {
    row.tell("url_path", target.path);
    tell_query(row, target);
}

fn tell_query(row: &mut Row, target: &Target) {
    if !target.query.is_empty() {
        row.tell("url_query", target.query);
    }
}

fn scheme_of(target: &Target) -> &'static str {
    if target.https { "https" } else { "http" }
}

fn url(case: &Case<'_>, tunnel: Tunnel, row: &mut Row) -> Written {
    let request = case.request;
    let target = &request.target;
    tell_target(row, target);
    let (host, port) = (target.host, request.port());
    // Of a bare `host:port` only the well-known port tells that it is encrypted.
    if !(case.is_tunnel() && tunnel == Tunnel::HostPort && port != 443) {
        row.tell("scheme", scheme_of(target));
    }
    if case.is_tunnel() && tunnel != Tunnel::Never {
        if tunnel == Tunnel::Slash {
            row.tell("url_path", "/");
        }
        return Written::of(match tunnel {
            Tunnel::HostPort => format!("{host}:{port}"),
            Tunnel::BarePort => format!("https://{host}:{port}"),
            Tunnel::Slash => format!("https://{}/", request.authority()),
            Tunnel::Bare | Tunnel::Never => format!("https://{}", request.authority()),
        });
    }
    tell_path(row, target);
    Written::of(format!("{}://{}{}", scheme_of(target), request.authority(), request.path_query()))
}

/// Names or numbers of the categories, and the truth of them.
fn categories(case: &Case<'_>, is_number: bool, row: &mut Row) -> Vec<String> {
    let words: Vec<_> = case.request.categories.iter().filter_map(|place| case.shape.words.get(*place)).collect();
    let written: Vec<String> =
        words.iter().map(|(name, number, _)| (if is_number { *number } else { *name }).to_owned()).collect();
    let ours = words.iter().map(|(_, _, ours)| *ours).find(|ours| !ours.is_empty());
    if let Some(ours) = ours {
        row.tell("category", ours);
    }
    if !written.is_empty() {
        if !is_number {
            row.tell("vendor_category", written.join("; "));
        } else if ours.is_none() {
            // A bare number says nothing, unless it is all there is.
            row.tell_first("vendor_category", written.join("; "));
        }
    }
    written
}

fn login(case: &Case<'_>, row: &mut Row, written: String) -> Written {
    if let Some(person) = case.person() {
        row.tell("user", person);
    }
    Written::of(written)
}

fn number(row: &mut Row, column: &str, value: u64) -> Written {
    row.tell(column, value);
    Written::Bare(value.to_string())
}

/// As in a URL, where nothing but letters, digits and a few marks stands for itself.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Whether a text is a number or a truth value.
fn is_bare(text: &str) -> bool {
    matches!(text, "true" | "false" | "0")
        || (!text.starts_with('0') && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
}

/// Writes a value and tells its truth.
pub(crate) fn write(value: &V, case: &Case<'_>, row: &mut Row) -> Written {
    let request = case.request;
    let target = &request.target;
    match value {
        V::Lit(text) => Written::Text((*text).to_owned()),
        V::Num(number) => Written::Bare(number.to_string()),
        V::Nil => Written::Nothing,
        V::Local(form) => time(request, request.offset, form, row),
        V::Utc(form) => time(request, 0, form, row),
        V::Later(form) => Written::of(clock(request.time_us + 2_000_000, request.offset, form)),
        V::Zone => Written::of(if request.offset == 0 { "GMT" } else { "BST" }),
        V::Epoch(unit) => epoch(request.time_us, *unit, row),
        V::Word(place) => match case.word(*place) {
            word @ ("true" | "false") => Written::Bare(word.to_owned()),
            word => Written::of(word),
        },
        V::WordAs(column, place) => said(row, column, case.word(*place)),
        V::User => login(case, row, request.written_login()),
        V::Name => login(case, row, request.login.to_owned()),
        V::Realm => match request.login_form {
            _ if request.login.is_empty() => Written::Nothing,
            Some(Login::Domain) => Written::of("SCH"),
            Some(Login::Upn | Login::Ldap) => Written::of("sch.example"),
            _ => Written::Nothing,
        },
        V::Group => told(row, "user_group", request.group),
        V::Profile => told(row, "profile", request.profile),
        V::Rule => told(row, "rule", request.rule),
        V::Device => {
            if !request.device.is_empty() {
                row.tell("device", request.device.to_lowercase());
            }
            Written::of(request.device)
        }
        V::Client => told(row, "src_ip", &request.client),
        V::Method if case.is_tunnel() => {
            row.is_connect = true;
            told(row, "method", "CONNECT")
        }
        V::Method | V::Verb => told(row, "method", if request.is_post { "POST" } else { "GET" }),
        V::Scheme => told(row, "scheme", scheme_of(target)),
        V::Url(tunnel) => url(case, *tunnel, row),
        V::Address => {
            tell_target(row, target);
            tell_path(row, target);
            if case.is_tunnel() {
                row.tell("url_path", "/");
                row.forget("url_query");
                return Written::of(format!("{}/", request.authority()));
            }
            Written::of(format!("{}{}", request.authority(), request.path_query()))
        }
        V::Host => {
            tell_target(row, target);
            Written::of(target.host)
        }
        V::Fqdn => {
            tell_target(row, target);
            Written::of(format!("{}.", target.host))
        }
        V::Port => {
            row.port = Some(request.port());
            Written::Bare(request.port().to_string())
        }
        V::Path | V::PathQuery | V::Query | V::MarkQuery if case.is_tunnel() => Written::Nothing,
        V::Path => told(row, "url_path", target.path),
        V::PathQuery => {
            tell_path(row, target);
            Written::of(request.path_query())
        }
        V::Query => told(row, "url_query", target.query),
        V::MarkQuery => {
            tell_query(row, target);
            if target.query.is_empty() { Written::Nothing } else { Written::of(format!("?{}", target.query)) }
        }
        V::Status => number(row, "status", u64::from(request.status)),
        V::In => number(row, "bytes_in", request.bytes_in),
        V::Out => number(row, "bytes_out", request.bytes_out),
        V::ContentType => told(row, "content_type", request.content_type),
        V::Referrer | V::ReferrerHost => {
            let host = request.referrer.split('/').nth(2).unwrap_or_default();
            if !host.is_empty() {
                row.tell("referrer_domain", host.trim_start_matches("www."));
            }
            Written::of(if matches!(value, V::Referrer) { request.referrer } else { host })
        }
        V::App => told(row, "app", request.app),
        V::Category => Written::of(categories(case, false, row).join(case.shape.join)),
        V::FirstCategory => {
            let all = categories(case, false, row);
            let Some(first) = all.into_iter().next() else { return Written::Nothing };
            row.tell("vendor_category", first.clone());
            Written::of(first)
        }
        V::Categories => Written::List(categories(case, false, row)),
        V::CategoryId => Written::of(categories(case, true, row).join(case.shape.join)),
        V::CategoryIds => Written::List(categories(case, true, row)),
        V::Term => match target.search {
            Some((_, term)) => {
                row.tell("search_term", term);
                Written::of(term)
            }
            None => Written::Nothing,
        },
        V::Inspected(yes, no) => {
            let seen = !case.is_tunnel();
            row.tell("tls_inspected", seen);
            match if seen { *yes } else { *no } {
                word @ ("true" | "false") => Written::Bare(word.to_owned()),
                word => Written::of(word),
            }
        }
        V::Agent => Written::of(request.agent),
        V::Server => Written::of(format!("198.51.100.{}", request.serial % 250)),
        V::Serial => Written::Bare(request.serial.to_string()),
        V::Elapsed => Written::Bare((request.serial * 7 % 900).to_string()),
        V::List(parts) => Written::of(parts.iter().filter_map(|part| write(part, case, row).text()).collect::<String>()),
        V::Percent(inner) => write(inner, case, row).text().map_or(Written::Nothing, |text| Written::Text(percent(&text))),
        V::Text(inner) => write(inner, case, row).text().map_or(Written::Nothing, Written::Text),
        V::If(when, inner) => {
            if case.holds(*when) {
                write(inner, case, row)
            } else {
                Written::Nothing
            }
        }
        V::Says(column, text) => said(row, column, text),
        V::Keys(inner) => match write(inner, case, row) {
            Written::List(names) => Written::Keys(names),
            other => other.text().map_or(Written::Nothing, |name| Written::Keys(vec![name])),
        },
        V::By(function) => match function(case, row) {
            // Empty text stands for itself: the literal text around it goes on.
            Some(text) if text.is_empty() => Written::Text(text),
            Some(text) if is_bare(&text) => Written::Bare(text),
            text => text.map_or(Written::Nothing, Written::of),
        },
    }
}

/// What follows from all that a line wrote: the day, the decision, the tunnel, the search.
pub(crate) fn finish(case: &Case<'_>, row: &mut Row) {
    let request = case.request;
    let unit = row.unit_us.max(1);
    let time_us = request.time_us.div_euclid(unit) * unit;
    let digits = if time_us % 1_000 == 0 { 3 } else { 6 };
    let time = Timestamp::from_microsecond(time_us).map_or(Value::Null, |time| Value::from(format!("{time:.digits$}")));
    row.tell("event_time", time);
    row.tell("event_date", clock(time_us, request.offset, "%Y-%m-%d"));
    let action = match case.verdict.0 {
        Is::Allowed => "allowed",
        Is::Blocked => "blocked",
        Is::Warned => "warned",
        Is::Overridden => "overridden",
        Is::Admin(operation) => {
            row.tell("operation", operation);
            return;
        }
        Is::Finding | Is::Ignored(_) | Is::Quarantined(_) => "",
    };
    if !action.is_empty() {
        row.tell("action", action);
    }
    row.tell("kind", case.record.kind);
    let is_dns = case.record.kind == "dns";
    if row.is_connect || is_dns {
        for column in ["url_path", "url_query"] {
            row.forget(column);
        }
        if is_dns { row.forget("scheme") } else { row.tell("scheme", "https") }
    }
    match row.port {
        Some(443) if !is_dns => row.tell_first("scheme", "https"),
        Some(80) if !is_dns => row.tell_first("scheme", "http"),
        _ => {}
    }
    if row.get("scheme").and_then(Value::as_str) == Some("https") {
        let is_seen = row.has("url_path");
        row.tell_first("tls_inspected", is_seen);
    }
    if matches!(case.record.kind, "web" | "concern") {
        searched(request, row);
    }
}

/// A results page names its engine, and its term where the query is seen. Of a host that only searches, the host is enough.
fn searched(request: &Request, row: &mut Row) {
    let Some((engine, term)) = request.target.search else { return };
    let has_query = row.has("url_query");
    let only_host = !row.has("url_path") && !has_query;
    if row.has("host") && (row.has("search_term") || has_query || row.has("url_path") || (only_host && engine != "youtube")) {
        row.tell("search_engine", engine);
    }
    if has_query && row.has("host") {
        row.tell("search_term", term);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_say_how_fine_they_are() {
        for (form, unit) in [
            ("%Y-%m-%d", None),
            ("%H:%M", Some(60_000_000)),
            ("%b %d %H:%M:%S", Some(1_000_000)),
            ("%H:%M:%S.%3f", Some(1_000)),
            ("%H:%M:%S.%6f", Some(1)),
        ] {
            assert_eq!(unit_of(form), unit, "{form}");
        }
    }

    #[test]
    fn times_are_written_on_the_clock_asked_for() {
        // 2026-07-05T09:14:02.052907Z
        let time_us = 1_783_242_842_052_907;
        assert_eq!(clock(time_us, 3_600, "%d/%m/%Y %H:%M:%S.%3f %z"), "05/07/2026 10:14:02.052 +0100");
        assert_eq!(clock(time_us, 0, "%b %e %Y %I:%M:%S %p"), "Jul  5 2026 09:14:02 AM");
    }
}
