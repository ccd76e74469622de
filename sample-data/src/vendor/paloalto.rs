//! Palo Alto PAN-OS 9.1: the URL filtering log (type THREAT, subtype url), comma-separated under a syslog head.

use super::{Writer, client_port};
use crate::line::{Action, Line, What};
use crate::text::{address, blank_padded, clock, date, month_day, number, put, puts};

fn put_time(out: &mut Vec<u8>, wall: i64) {
    date(out, wall, b'/');
    out.push(b' ');
    clock(out, wall);
}

/// One line. `url` has no scheme; the times are the firewall's own local time.
pub(super) fn line(out: &mut Vec<u8>, line: &Line<'_>, writer: &Writer) {
    let wall = line.wall_ms();
    let (month, day, _) = month_day(wall);
    put(out, month);
    out.push(b' ');
    blank_padded(out, u64::from(day), 2);
    out.push(b' ');
    clock(out, wall);
    puts(out, &[" ", &writer.appliance, " 1,"]);
    put_time(out, wall + 1_000);
    puts(out, &[",", &writer.serial, ",THREAT,url,2305,"]);
    put_time(out, wall);
    out.push(b',');
    address(out, line.client);
    out.push(b',');
    address(out, line.server);
    put(out, ",203.0.113.9,");
    address(out, line.server);
    puts(out, &[",web-", line.profile, ",", line.login, ",,"]);
    put(out, if line.https && !line.inspected { "ssl" } else { "web-browsing" });
    put(out, ",vsys1,curriculum,internet,ethernet1/2,ethernet1/1,log-to-weir,");
    put_time(out, wall + 1_000);
    out.push(b',');
    number(out, line.session);
    put(out, ",1,");
    number(out, client_port(line.session));
    put(out, if line.https { ",443," } else { ",80," });
    number(out, client_port(line.session + 77));
    put(out, if line.https { ",443,0x1403000,tcp," } else { ",80,0x403000,tcp," });
    put(
        out,
        match line.what {
            What::Decision(Action::Blocked) => "block-url",
            What::Decision(Action::Warned) => "block-continue",
            What::Decision(Action::Overridden) => "continue",
            _ => "alert",
        },
    );
    puts(out, &[",\"", line.host]);
    if line.is_tunnel() {
        out.push(b'/');
    } else {
        line.put_path(out);
    }
    let category = line.category.words().pan;
    puts(out, &["\",(9999),", category, ",informational,client-to-server,"]);
    number(out, 7_000_000_000_000 + line.session);
    put(out, ",0x8000000000000000,10.0.0.0-10.255.255.255,United Kingdom,,");
    if !line.is_tunnel() && line.what == What::Decision(Action::Allowed) {
        put(out, line.content_type);
    }
    put(out, ",0,,,1,");
    if !line.is_tunnel() && !line.agent.is_empty() {
        puts(out, &["\"", line.agent, "\""]);
    }
    put(out, ",,,");
    if !line.is_tunnel() && !line.referrer.is_empty() {
        puts(out, &["\"https://", line.referrer, "/\""]);
    }
    puts(out, &[",,,,0,12,0,0,0,,", &writer.appliance, ",,,,"]);
    put(
        out,
        if line.is_tunnel() {
            "connect"
        } else if line.method == "POST" {
            "post"
        } else {
            "get"
        },
    );
    put(out, ",0,,0,,N/A,unknown,AppThreat-0-0,0x0,0,4294967295,,\"");
    puts(out, &[category, ",low-risk\",3f9c1d52-6a2b-51ee-b100-000000000011,0"]);
}
