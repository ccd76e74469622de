//! WatchGuard Firebox: HTTP and HTTPS proxy lines as LEEF 1.0, tab-separated, without a syslog head.

use super::{Writer, client_port};
use crate::line::{Action, Line, What};
use crate::text::{address, clock, month_day, number, offset, put, puts, zero_padded};

/// One line.
pub(super) fn line(out: &mut Vec<u8>, line: &Line<'_>, writer: &Writer) {
    let wall = line.wall_ms();
    let (month, day, year) = month_day(wall);
    let blocked = line.what == What::Decision(Action::Blocked);
    let id = match line.what {
        What::Flow => "30000148",
        _ if blocked => "1AFF0021",
        _ => "1AFF0024",
    };
    puts(out, &["LEEF:1.0|WatchGuard|XTM|12.10.4.B700001|", id, "|serial=", &writer.serial, "\tsys_name=", &writer.appliance]);
    puts(out, &["\tdevTimeFormat=MMM dd yyyy HH:mm:ss Z\tdevTime=", month, " "]);
    zero_padded(out, u64::from(day), 2);
    out.push(b' ');
    number(out, year as u64);
    out.push(b' ');
    clock(out, wall);
    out.push(b' ');
    offset(out, line.offset, false);
    let policy = if line.https { "HTTPS" } else { "HTTP" };
    puts(out, &["\tpolicy=", policy, "-", line.profile, "-00\tdisp=", if blocked { "Deny" } else { "Allow" }]);
    put(out, "\tin_if=Curriculum\tout_if=WAN1\tgeo_dst=GBR\tsrc=");
    address(out, line.client);
    put(out, "\tsrcPort=");
    number(out, client_port(line.session));
    put(out, "\tdst=");
    address(out, line.server);
    put(out, if line.https { "\tdstPort=443" } else { "\tdstPort=80" });
    if line.what == What::Flow {
        put(out, "\tip_len=52\tip_TTL=64\tproto=tcp\ttcp_offset=8\ttcp_flag=S");
        return;
    }
    put(out, "\tproto=tcp");
    if !line.login.is_empty() {
        puts(out, &["\tsrc_user=", line.login, "@school.example"]);
    }
    puts(out, &["\tproxy_act=HTTP-Client.", line.profile]);
    if blocked {
        puts(out, &["\tcats=", line.category.words().watchguard]);
    }
    puts(out, &["\top=", line.method, "\tdstname=", line.host, "\targ="]);
    if line.is_tunnel() {
        out.push(b'/');
    } else {
        line.put_path(out);
    }
    put(out, "\tsent_bytes=");
    number(out, u64::from(line.bytes_out));
    put(out, "\trcvd_bytes=");
    number(out, if blocked { 0 } else { u64::from(line.bytes_in) });
    if blocked {
        put(out, "\tmsg=ProxyDeny: HTTP Request categories");
    } else {
        put(out, "\telapsed_time=");
        number(out, u64::from(line.elapsed) / 1_000);
        out.push(b'.');
        zero_padded(out, u64::from(line.elapsed) % 1_000, 3);
        put(out, "000 sec(s)\treputation=-1\tmsg=HTTP request");
    }
}
