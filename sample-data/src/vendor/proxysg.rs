//! Symantec (Blue Coat) ProxySG: the `main` access log in W3C extended format, times in UTC.

use super::{FileHead, or_dash};
use crate::line::{Action, Line, What};
use crate::text::{address, clock, date, number, put, puts};

/// The directive lines at the head of a file.
pub(super) fn head(out: &mut Vec<u8>, first_ms: i64) -> FileHead {
    put(out, "#Software: SGOS 7.3.13.2\n#Version: 1.0\n#Date: ");
    date(out, first_ms, b'-');
    out.push(b' ');
    clock(out, first_ms);
    put(
        out,
        "\n#Fields: date time time-taken c-ip cs-username cs-auth-group x-exception-id sc-filter-result cs-categories cs(Referer) sc-status s-action cs-method rs(Content-Type) cs-uri-scheme cs-host cs-uri-port cs-uri-path cs-uri-query cs-uri-extension cs(User-Agent) s-ip sc-bytes cs-bytes x-virus-id\n",
    );
    FileHead { comments: 3, headers: 1 }
}

fn quoted(out: &mut Vec<u8>, text: &str) {
    if text.is_empty() {
        out.push(b'-');
    } else if text.contains(' ') {
        puts(out, &["\"", text, "\""]);
    } else {
        put(out, text);
    }
}

/// One line.
pub(super) fn line(out: &mut Vec<u8>, line: &Line<'_>) {
    date(out, line.time_ms, b'-');
    out.push(b' ');
    clock(out, line.time_ms);
    out.push(b' ');
    number(out, u64::from(line.elapsed));
    out.push(b' ');
    address(out, line.client);
    out.push(b' ');
    let challenge = line.what == What::Challenge;
    or_dash(out, if challenge { "" } else { line.login });
    out.push(b' ');
    quoted(out, if challenge { "" } else { line.group });
    let (exception, result, status, action) = match line.what {
        What::Decision(Action::Blocked) => ("content_filter_denied", "DENIED", 403, "TCP_DENIED"),
        What::Challenge => ("authentication_failed", "DENIED", 407, "TCP_DENIED"),
        _ if line.is_tunnel() => ("-", "OBSERVED", 200, "TCP_TUNNELED"),
        _ => ("-", "OBSERVED", u64::from(line.status), if line.session.is_multiple_of(7) { "TCP_HIT" } else { "TCP_NC_MISS" }),
    };
    puts(out, &[" ", exception, " ", result, " \"", line.category.words().proxysg, "\" "]);
    if line.referrer.is_empty() || line.is_tunnel() {
        out.push(b'-');
    } else {
        puts(out, &["https://", line.referrer, "/"]);
    }
    out.push(b' ');
    number(out, status);
    let (method, scheme) =
        if line.is_tunnel() { ("CONNECT", "tcp") } else { (line.method, if line.https { "https" } else { "http" }) };
    puts(out, &[" ", action, " ", method, " "]);
    or_dash(out, if result == "OBSERVED" && !line.is_tunnel() { line.content_type } else { "" });
    puts(out, &[" ", scheme, " ", line.host, if line.https { " 443 " } else { " 80 " }]);
    if line.is_tunnel() {
        put(out, "/ -");
    } else {
        out.extend_from_slice(line.path);
        out.push(b' ');
        if line.query.is_empty() {
            out.push(b'-');
        } else {
            out.push(b'?');
            out.extend_from_slice(line.query);
        }
    }
    let extension = line.path.rsplit(|&byte| byte == b'.').next().filter(|rest| rest.len() < 5 && rest.len() < line.path.len());
    out.push(b' ');
    match extension {
        Some(extension) if !line.is_tunnel() && !extension.contains(&b'/') => out.extend_from_slice(extension),
        _ => out.push(b'-'),
    }
    out.push(b' ');
    quoted(out, if line.is_tunnel() { "" } else { line.agent });
    out.push(b' ');
    address(out, [10, 90, 0, 2]);
    out.push(b' ');
    number(out, u64::from(line.bytes_in));
    out.push(b' ');
    number(out, u64::from(line.bytes_out));
    put(out, " -");
}
