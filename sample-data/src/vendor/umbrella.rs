//! Cisco Umbrella: DNS and proxy logs as they arrive in S3, quoted CSV without a header, times in UTC.

use super::Writer;
use crate::category::Category;
use crate::line::{Action, Line, What};
use crate::text::{address, clock, date, number, put, puts};

fn put_time(out: &mut Vec<u8>, line: &Line<'_>) {
    out.push(b'"');
    date(out, line.time_ms, b'-');
    out.push(b' ');
    clock(out, line.time_ms);
    put(out, "\",\"");
}

/// The identity the policy matched and its kind: the person, or the school's network.
fn identity<'a>(line: &Line<'a>, writer: &'a Writer) -> (&'a str, &'static str) {
    if line.login.is_empty() { (&writer.appliance, "Networks") } else { (line.login, "AD Users") }
}

fn put_identities(out: &mut Vec<u8>, line: &Line<'_>, writer: &Writer) {
    if line.login.is_empty() {
        put(out, &writer.appliance);
    } else {
        puts(out, &[line.login, ",", &writer.appliance]);
    }
}

const fn identity_types(line: &Line<'_>) -> &'static str {
    if line.login.is_empty() { "Networks" } else { "AD Users,Networks" }
}

fn put_categories(out: &mut Vec<u8>, line: &Line<'_>) {
    put(out, line.category.words().umbrella);
    // Umbrella lists every set a site is in; content networks come with an application too.
    if line.category == Category::Delivery {
        put(out, ",Application");
    }
}

fn blocked_categories(line: &Line<'_>) -> &'static str {
    if line.what == What::Decision(Action::Blocked) { line.category.words().umbrella } else { "" }
}

/// One DNS line.
pub(super) fn dns(out: &mut Vec<u8>, line: &Line<'_>, writer: &Writer) {
    let (identity, identity_type) = identity(line, writer);
    put_time(out, line);
    puts(out, &[identity, "\",\""]);
    put_identities(out, line, writer);
    put(out, "\",\"");
    address(out, line.client);
    put(out, "\",\"203.0.113.40\",\"");
    put(out, if line.what == What::Decision(Action::Blocked) { "Blocked" } else { "Allowed" });
    put(out, if line.session.is_multiple_of(3) { "\",\"28 (AAAA)\",\"NOERROR\",\"" } else { "\",\"1 (A)\",\"NOERROR\",\"" });
    puts(out, &[line.host, ".\",\""]);
    put_categories(out, line);
    puts(out, &["\",\"", identity_type, "\",\"", identity_types(line), "\",\"", blocked_categories(line), "\""]);
}

/// One proxy line.
pub(super) fn proxy(out: &mut Vec<u8>, line: &Line<'_>, writer: &Writer) {
    let (identity, identity_type) = identity(line, writer);
    let blocked = line.what == What::Decision(Action::Blocked);
    put_time(out, line);
    puts(out, &[identity, "\",\""]);
    address(out, line.client);
    put(out, "\",\"203.0.113.41\",\"");
    if !blocked {
        address(out, line.server);
    }
    puts(out, &["\",\"", if blocked { "" } else { line.content_type }, "\",\""]);
    put(
        out,
        match line.what {
            What::Decision(Action::Blocked) => "BLOCKED",
            What::Damaged => "MISLAID",
            _ => "ALLOWED",
        },
    );
    put(out, "\",\"");
    line.put_url(out);
    put(out, "\",\"");
    if !line.referrer.is_empty() {
        puts(out, &["https://", line.referrer, "/"]);
    }
    puts(out, &["\",\"", line.agent, "\",\""]);
    number(out, if blocked { 403 } else { u64::from(line.status) });
    put(out, "\",\"");
    number(out, u64::from(line.bytes_out));
    put(out, "\",\"");
    number(out, if blocked { 0 } else { u64::from(line.bytes_in) });
    put(out, "\",\"");
    number(out, if blocked { 0 } else { u64::from(line.bytes_in.saturating_sub(300)) });
    put(out, "\",\"\",\"");
    put_categories(out, line);
    puts(out, &["\",\"\",\"\",\"\",\"\",\"\",\"", identity_type, "\",\"", blocked_categories(line), "\",\""]);
    put_identities(out, line, writer);
    puts(out, &["\",\"", identity_types(line), "\",\"", line.method, "\",\"\",\"\",\"\",\"\",\"718220\",\"\""]);
}
