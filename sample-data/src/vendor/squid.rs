//! Squid: the native access log and the combined format (`strip_query_terms off`, HTTPS opened by ssl_bump where inspected).

use super::or_dash;
use crate::line::{Action, Line, What};
use crate::text::{address, blank_padded, clock, month_day, number, offset, put, zero_padded};

const BROKEN: &str = "error:transaction-end-before-headers";

/// The result code Squid gives, and its peer code.
fn result(line: &Line<'_>) -> (&'static str, &'static str) {
    match line.what {
        What::Decision(Action::Blocked) => ("TCP_DENIED", "HIER_NONE"),
        What::Challenge => ("TCP_DENIED", "HIER_NONE"),
        What::Decision(_) if line.is_tunnel() => ("TCP_TUNNEL", "HIER_DIRECT"),
        What::Decision(_) if line.status == 304 => ("TCP_REFRESH_UNMODIFIED", "HIER_DIRECT"),
        What::Decision(_) if line.session.is_multiple_of(11) => ("TCP_MEM_HIT", "HIER_NONE"),
        What::Decision(_) => ("TCP_MISS", "HIER_DIRECT"),
        _ => ("NONE_NONE", "HIER_NONE"),
    }
}

fn status(line: &Line<'_>) -> u64 {
    match line.what {
        What::Decision(Action::Blocked) => 403,
        What::Challenge => 407,
        What::Decision(_) => u64::from(line.status),
        _ => 0,
    }
}

fn put_target(out: &mut Vec<u8>, line: &Line<'_>) {
    if line.is_tunnel() {
        put(out, line.host);
        put(out, ":443");
    } else {
        line.put_url(out);
    }
}

fn method<'a>(line: &Line<'a>) -> &'a str {
    if line.is_tunnel() { "CONNECT" } else { line.method }
}

fn login<'a>(line: &Line<'a>) -> &'a str {
    if line.what == What::Challenge { "" } else { line.login }
}

/// Native format. The time is when the request ended.
pub(super) fn native(out: &mut Vec<u8>, line: &Line<'_>) {
    let (result, peer) = result(line);
    let ended = line.time_ms + i64::from(line.elapsed);
    number(out, (ended / 1_000) as u64);
    out.push(b'.');
    zero_padded(out, (ended % 1_000) as u64, 3);
    out.push(b' ');
    blank_padded(out, u64::from(line.elapsed), 6);
    out.push(b' ');
    address(out, line.client);
    out.push(b' ');
    put(out, result);
    out.push(b'/');
    zero_padded(out, status(line), 3);
    out.push(b' ');
    if line.what == What::Failure {
        put(out, "0 - ");
        put(out, BROKEN);
        put(out, " - HIER_NONE/- -");
        return;
    }
    number(out, u64::from(line.bytes_in));
    out.push(b' ');
    put(out, method(line));
    out.push(b' ');
    put_target(out, line);
    out.push(b' ');
    or_dash(out, login(line));
    out.push(b' ');
    put(out, peer);
    out.push(b'/');
    if peer == "HIER_NONE" {
        out.push(b'-');
    } else {
        address(out, line.server);
    }
    out.push(b' ');
    let denied = matches!(line.what, What::Decision(Action::Blocked) | What::Challenge);
    or_dash(
        out,
        if denied {
            "text/html"
        } else if line.is_tunnel() {
            ""
        } else {
            line.content_type
        },
    );
}

/// `logformat combined`.
pub(super) fn combined(out: &mut Vec<u8>, line: &Line<'_>) {
    let (result, peer) = result(line);
    let wall = line.wall_ms() + i64::from(line.elapsed);
    let (month, day, year) = month_day(wall);
    address(out, line.client);
    put(out, " - ");
    or_dash(out, if line.what == What::Failure { "" } else { login(line) });
    put(out, " [");
    zero_padded(out, u64::from(day), 2);
    out.push(b'/');
    put(out, month);
    out.push(b'/');
    number(out, year as u64);
    out.push(b':');
    clock(out, wall);
    out.push(b' ');
    offset(out, line.offset, false);
    put(out, "] \"");
    if line.what == What::Failure {
        put(out, "- ");
        put(out, BROKEN);
        put(out, " NONE/0.0\" 0 0 \"-\" \"-\" NONE_NONE:HIER_NONE");
        return;
    }
    put(out, method(line));
    out.push(b' ');
    put_target(out, line);
    put(out, " HTTP/1.1\" ");
    number(out, status(line));
    out.push(b' ');
    number(out, u64::from(line.bytes_in));
    put(out, " \"");
    if line.referrer.is_empty() || line.is_tunnel() {
        out.push(b'-');
    } else {
        put(out, "https://");
        put(out, line.referrer);
        out.push(b'/');
    }
    put(out, "\" \"");
    or_dash(out, line.agent);
    put(out, "\" ");
    put(out, result);
    out.push(b':');
    put(out, peer);
}
