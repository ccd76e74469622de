//! e2guardian: `logfileformat` 1 (blank-separated) and 5 (tab-separated).

use super::or_dash;
use crate::line::{Action, Line, What};
use crate::text::{address, clock, number, put, puts, zero_padded};

/// Appends the marker and reason.
fn put_what(out: &mut Vec<u8>, line: &Line<'_>) {
    match line.what {
        What::Decision(Action::Blocked) => puts(out, &["*DENIED* Blocked site: ", line.host]),
        What::Decision(Action::Overridden) | What::Challenge => put(out, "*TRUSTED* -"),
        What::Failure => put(out, "*NETERROR* Unable to connect to upstream proxy (network error)"),
        _ => out.push(b'-'),
    }
}

fn status(line: &Line<'_>) -> u64 {
    match line.what {
        What::Decision(Action::Blocked) | What::Failure => 403,
        What::Challenge => 407,
        _ => u64::from(line.status),
    }
}

fn bytes(line: &Line<'_>) -> u64 {
    match line.what {
        What::Decision(Action::Blocked) | What::Failure => 0,
        What::Challenge => 3_091,
        _ => u64::from(line.bytes_in),
    }
}

fn put_url(out: &mut Vec<u8>, line: &Line<'_>) {
    if line.is_tunnel() {
        puts(out, &["https://", line.host, ":443"]);
    } else if line.path == b"/" && line.query.is_empty() {
        // A URL of nothing but a host has no closing slash.
        puts(out, &[if line.https { "https://" } else { "http://" }, line.host]);
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

fn categories(line: &Line<'_>) -> &'static str {
    if line.what == What::Decision(Action::Allowed) { "" } else { line.category.words().e2guardian }
}

/// The number of the filter group, from its name.
fn group_number(profile: &str) -> &'static str {
    match profile {
        "Staff" => "2",
        "Guests" => "3",
        _ => "1",
    }
}

/// `logfileformat = 1`.
pub(super) fn format_1(out: &mut Vec<u8>, line: &Line<'_>) {
    let wall = line.wall_ms();
    crate::text::date(out, wall, b'.');
    out.push(b' ');
    clock(out, wall);
    out.push(b' ');
    or_dash(out, login(line));
    out.push(b' ');
    address(out, line.client);
    out.push(b' ');
    put_url(out, line);
    out.push(b' ');
    put_what(out, line);
    out.push(b' ');
    put(out, method(line));
    out.push(b' ');
    number(out, bytes(line));
    put(out, " 0 ");
    or_dash(out, categories(line));
    out.push(b' ');
    put(out, group_number(line.profile));
    out.push(b' ');
    number(out, status(line));
    put(out, " - ");
    address(out, line.client);
    out.push(b' ');
    or_dash(out, line.profile);
    out.push(b' ');
    or_dash(out, line.agent);
    put(out, " - - - -");
}

/// `logfileformat = 5`.
pub(super) fn format_5(out: &mut Vec<u8>, line: &Line<'_>, _counter: u64) {
    number(out, (line.time_ms / 1_000) as u64);
    out.push(b'.');
    zero_padded(out, (line.time_ms % 1_000) as u64, 3);
    put(out, "\t\t");
    or_dash(out, login(line));
    out.push(b'\t');
    address(out, line.client);
    out.push(b'\t');
    address(out, line.client);
    out.push(b'\t');
    put_url(out, line);
    out.push(b'\t');
    put(out, method(line));
    out.push(b'\t');
    number(out, status(line));
    out.push(b'\t');
    number(out, bytes(line));
    put(out, "\t-\t");
    or_dash(out, line.agent);
    put(out, "\t-\t");
    number(out, u64::from(line.elapsed));
    put(out, "\t-\t");
    put(
        out,
        match line.what {
            What::Decision(Action::Blocked) => "500",
            What::Failure => "202",
            _ => "0",
        },
    );
    out.push(b'\t');
    put_what(out, line);
    put(out, "\t0\t");
    or_dash(out, categories(line));
    out.push(b'\t');
    or_dash(out, line.profile);
    out.push(b'\t');
    put(out, group_number(line.profile));
}
