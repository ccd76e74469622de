//! Arista (Untangle) NG Firewall: events as JSON under a syslog head; local time with a fraction of varying length.

use super::client_port;
use crate::line::{Action, Admin, Line, What};
use crate::text::{address, blank_padded, clock, date, month_day, number, put, puts, zero_padded};

fn put_time(out: &mut Vec<u8>, wall: i64) {
    date(out, wall, b'-');
    out.push(b' ');
    clock(out, wall);
    out.push(b'.');
    // The product drops trailing zeros of the milliseconds.
    let milliseconds = wall.rem_euclid(1_000) as u64;
    if milliseconds.is_multiple_of(100) {
        number(out, milliseconds / 100);
    } else if milliseconds.is_multiple_of(10) {
        zero_padded(out, milliseconds / 10, 2);
    } else {
        zero_padded(out, milliseconds, 3);
    }
}

fn put_session(out: &mut Vec<u8>, line: &Line<'_>) {
    let port = if line.https { 443 } else { 80 };
    puts(out, &["\"entitled\":true,\"protocol\":6,\"hostname\":\"", line.device, "\",\"CServerPort\":"]);
    number(out, port);
    put(out, ",\"protocolName\":\"TCP\",\"localAddr\":\"");
    address(out, line.client);
    put(out, "\",\"SServerAddr\":\"");
    address(out, line.server);
    put(out, "\",\"remoteAddr\":\"");
    address(out, line.server);
    put(out, "\",\"serverIntf\":1,\"CClientAddr\":\"");
    address(out, line.client);
    put(out, "\",\"serverCountry\":\"GB\",\"sessionId\":");
    number(out, 110_300_000_000_000 + line.session);
    put(out, ",\"SClientAddr\":\"203.0.113.60\",\"clientCountry\":\"XL\",\"policyRuleId\":0,\"CClientPort\":");
    number(out, client_port(line.session));
    put(out, ",\"timeStamp\":\"");
    put_time(out, line.wall_ms() - 20);
    put(out, "\",\"clientIntf\":2,\"policyId\":");
    number(out, if line.profile == "Staff" { 2 } else { 1 });
    put(out, ",\"SClientPort\":");
    number(out, client_port(line.session + 131));
    put(out, ",\"bypassed\":false,\"SServerPort\":");
    number(out, port);
    put(out, ",\"CServerAddr\":\"");
    address(out, line.server);
    out.push(b'"');
    if !line.login.is_empty() {
        puts(out, &[",\"username\":\"", line.login, "\""]);
    }
    put(out, ",\"tagsString\":\"\"");
}

/// One line.
pub(super) fn line(out: &mut Vec<u8>, line: &Line<'_>) {
    let wall = line.wall_ms();
    let (month, day, _) = month_day(wall);
    put(out, "<174>");
    put(out, month);
    out.push(b' ');
    blank_padded(out, u64::from(day), 2);
    out.push(b' ');
    clock(out, wall);
    put(out, " INFO  uvm[0]:  {");
    match line.what {
        What::Flow => {
            put_session(out, line);
            put(out, ",\"class\":\"class com.untangle.uvm.app.SessionEvent\"}");
            return;
        }
        What::Admin(Admin::SignIn | Admin::PolicyChange) => {
            put(out, "\"timeStamp\":\"");
            put_time(out, wall);
            puts(out, &["\",\"login\":\"", line.login, "\",\"clientAddress\":\""]);
            address(out, line.client);
            put(out, "\",\"class\":\"class com.untangle.uvm.event.AdminLoginEvent\",\"local\":false,\"succeeded\":true}");
            return;
        }
        _ => {}
    }
    let blocked = line.what == What::Decision(Action::Blocked);
    let (category, id) = line.category.words().untangle;
    puts(
        out,
        &[
            "\"reason\":\"",
            if blocked { "BLOCK_CATEGORY" } else { "DEFAULT" },
            "\",\"appName\":\"web_filter\",\"requestLine\":\"",
        ],
    );
    // The request line says http:// for inspected TLS too, and carries no path for a tunnel.
    puts(out, &[line.method, " http://", line.host]);
    if line.is_tunnel() {
        out.push(b'/');
    } else {
        line.put_path(out);
    }
    put(out, "\",\"sessionEvent\":{");
    put_session(out, line);
    put(out, "},\"timeStamp\":\"");
    put_time(out, wall);
    put(out, if blocked { "\",\"flagged\":true,\"blocked\":true" } else { "\",\"flagged\":false,\"blocked\":false" });
    puts(out, &[",\"category\":\"", category, "\",\"ruleId\":"]);
    number(out, u64::from(id));
    put(out, ",\"class\":\"class com.untangle.app.web_filter.WebFilterEvent\",\"categoryId\":");
    number(out, u64::from(id));
    out.push(b'}');
}
