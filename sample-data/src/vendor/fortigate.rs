//! FortiGate: UTM web filter, traffic, system and configuration lines as key-value text (FortiOS 7.4, 7.0 and 6.0 orders) and as CEF.

use super::{Writer, client_port};
use crate::line::{Action, Admin, Line, What};
use crate::text::{address, clock, date, month_day, number, offset, put, puts, zero_padded};

/// What FortiOS calls a web filter decision.
struct Verdict {
    log_id: &'static str,
    event: &'static str,
    level: &'static str,
    action: &'static str,
    message: &'static str,
    severity: &'static str,
}

const fn verdict(what: What) -> Verdict {
    match what {
        What::Decision(Action::Blocked) => Verdict {
            log_id: "0316013056",
            event: "ftgd_blk",
            level: "warning",
            action: "blocked",
            message: "URL belongs to a denied category in policy",
            severity: "4",
        },
        What::Decision(Action::Warned) => Verdict {
            log_id: "0316013057",
            event: "ftgd_blk",
            level: "warning",
            action: "blocked",
            message: "URL belongs to a category with warnings enabled",
            severity: "4",
        },
        What::Damaged => {
            Verdict { log_id: "0317013312", event: "ftgd_allow", level: "notice", action: "mislaid", message: "", severity: "3" }
        }
        _ => Verdict {
            log_id: "0317013312",
            event: "ftgd_allow",
            level: "notice",
            action: "passthrough",
            message: "URL belongs to an allowed category in policy",
            severity: "3",
        },
    }
}

/// Policy numbers follow from the profile.
fn policy_id(profile: &str) -> u64 {
    match profile {
        "Staff" => 21,
        "Guests" => 31,
        _ => 11,
    }
}

fn put_event_time(out: &mut Vec<u8>, line: &Line<'_>) {
    number(out, line.time_ms as u64);
    zero_padded(out, line.session.wrapping_mul(7_919) % 1_000_000, 6);
}

fn put_tz(out: &mut Vec<u8>, line: &Line<'_>) {
    put(out, " tz=\"");
    offset(out, line.offset, false);
    out.push(b'"');
}

fn put_date_time(out: &mut Vec<u8>, line: &Line<'_>) {
    put(out, "date=");
    date(out, line.wall_ms(), b'-');
    put(out, " time=");
    clock(out, line.wall_ms());
}

fn put_user(out: &mut Vec<u8>, line: &Line<'_>) {
    if !line.login.is_empty() {
        puts(out, &[" user=\"", line.login, "\" group=\"", line.group, "\" authserver=\"School-AD\""]);
    }
}

/// Appends ` key=` and a number.
fn pair(out: &mut Vec<u8>, key: &str, value: u64) {
    put(out, key);
    number(out, value);
}

/// One key-value line.
pub(super) fn key_value(out: &mut Vec<u8>, line: &Line<'_>, writer: &Writer) {
    match line.what {
        What::Flow => flow(out, line, writer),
        What::Notice => notice(out, line, writer),
        What::Admin(admin) => admin_line(out, line, writer, admin),
        _ => web(out, line, writer),
    }
}

fn start(out: &mut Vec<u8>, line: &Line<'_>, writer: &Writer, log_id: &str, kind: &str, level: &str) {
    if writer.layout == 2 {
        // FortiOS 6: the log id stands before the event time.
        put_date_time(out, line);
        puts(out, &[" devname=\"", &writer.appliance, "\" devid=\"", &writer.serial, "\" logid=\"", log_id, "\" ", kind]);
        puts(out, &[" level=\"", level, "\" vd=\"root\" eventtime="]);
        put_event_time(out, line);
        put_tz(out, line);
    } else if writer.layout == 1 {
        put_date_time(out, line);
        puts(out, &[" devname=\"", &writer.appliance, "\" devid=\"", &writer.serial, "\" eventtime="]);
        put_event_time(out, line);
        put_tz(out, line);
        puts(out, &[" logid=\"", log_id, "\" ", kind, " level=\"", level, "\" vd=\"root\""]);
    } else {
        put_date_time(out, line);
        put(out, " eventtime=");
        put_event_time(out, line);
        put_tz(out, line);
        puts(out, &[" logid=\"", log_id, "\" devname=\"", &writer.appliance, "\" devid=\"", &writer.serial, "\" ", kind]);
        puts(out, &[" level=\"", level, "\" vd=\"root\""]);
    }
}

fn put_source(out: &mut Vec<u8>, line: &Line<'_>) {
    put(out, " srcip=");
    address(out, line.client);
    pair(out, " srcport=", client_port(line.session));
    put(out, " srcintf=\"vlan-curriculum\" srcintfrole=\"lan\"");
}

fn put_destination(out: &mut Vec<u8>, line: &Line<'_>) {
    put(out, " dstip=");
    address(out, line.server);
    pair(out, " dstport=", if line.https { 443 } else { 80 });
    put(out, " dstcountry=\"United Kingdom\" dstintf=\"wan1\" dstintfrole=\"wan\" proto=6");
}

fn web(out: &mut Vec<u8>, line: &Line<'_>, writer: &Writer) {
    let verdict = verdict(line.what);
    let (category_id, category) = line.category.words().fortiguard;
    let kind = kind_keys(verdict.event);
    start(out, line, writer, verdict.log_id, kind, verdict.level);
    pair(out, " policyid=", policy_id(line.profile));
    put(out, " policytype=\"policy\"");
    pair(out, " sessionid=", line.session);
    put_user(out, line);
    put_source(out, line);
    put_destination(out, line);
    if writer.layout < 2 {
        puts(out, &[" httpmethod=\"", line.method, "\""]);
    }
    puts(out, &[" service=\"", if line.https { "HTTPS" } else { "HTTP" }, "\" hostname=\"", line.host, "\""]);
    if writer.layout < 2 && !line.is_tunnel() && !line.agent.is_empty() {
        puts(out, &[" agent=\"", line.agent, "\""]);
    }
    puts(out, &[" profile=\"", line.profile, "\" action=\"", verdict.action, "\" reqtype=\"direct\" url=\""]);
    if writer.layout == 2 {
        if line.is_tunnel() { out.push(b'/') } else { line.put_path(out) }
    } else {
        line.put_url(out);
    }
    out.push(b'"');
    pair(out, " sentbyte=", u64::from(line.bytes_out));
    pair(out, " rcvdbyte=", if matches!(line.what, What::Decision(Action::Allowed)) { u64::from(line.bytes_in) } else { 0 });
    puts(
        out,
        &[" direction=\"outgoing\" msg=\"", verdict.message, "\" ", if writer.layout == 0 { "ratemethod" } else { "method" }],
    );
    pair(out, "=\"domain\" cat=", u64::from(category_id));
    puts(out, &[" catdesc=\"", category, "\""]);
    if !line.referrer.is_empty() && !line.is_tunnel() && writer.layout < 2 {
        puts(out, &[" referralurl=\"https://", line.referrer, "/\""]);
    }
}

/// The fixed triple of keys that says what kind of line it is.
fn kind_keys(event: &str) -> &'static str {
    if event == "ftgd_blk" {
        "type=\"utm\" subtype=\"webfilter\" eventtype=\"ftgd_blk\""
    } else {
        "type=\"utm\" subtype=\"webfilter\" eventtype=\"ftgd_allow\""
    }
}

fn flow(out: &mut Vec<u8>, line: &Line<'_>, writer: &Writer) {
    start(out, line, writer, "0000000013", "type=\"traffic\" subtype=\"forward\"", "notice");
    put_source(out, line);
    put_destination(out, line);
    pair(out, " sessionid=", line.session);
    pair(out, " action=\"close\" policyid=", policy_id(line.profile));
    put(out, " policytype=\"policy\" service=\"HTTPS\" trandisp=\"snat\" appcat=\"unscanned\"");
    pair(out, " duration=", u64::from(line.elapsed) / 100);
    pair(out, " sentbyte=", u64::from(line.bytes_out));
    pair(out, " rcvdbyte=", u64::from(line.bytes_in));
    pair(out, " sentpkt=", u64::from(line.bytes_out) / 900 + 3);
    pair(out, " rcvdpkt=", u64::from(line.bytes_in) / 1_300 + 3);
}

fn notice(out: &mut Vec<u8>, line: &Line<'_>, writer: &Writer) {
    start(out, line, writer, "0100040704", "type=\"event\" subtype=\"system\"", "notice");
    put(out, " logdesc=\"System performance statistics\" action=\"perf-stats\"");
    pair(out, " cpu=", line.session % 40);
    pair(out, " mem=", 30 + line.session % 30);
    pair(out, " totalsession=", 800 + line.session % 900);
    put(out, " disk=3 msg=\"Performance statistics\"");
}

fn admin_line(out: &mut Vec<u8>, line: &Line<'_>, writer: &Writer, admin: Admin) {
    match admin {
        Admin::SignIn => {
            start(out, line, writer, "0100032001", "type=\"event\" subtype=\"system\"", "information");
            puts(out, &[" logdesc=\"Admin login successful\" sn=\"1\" user=\"", line.login, "\" ui=\"https("]);
            address(out, line.client);
            put(out, ")\" method=\"https\" srcip=");
            address(out, line.client);
            puts(
                out,
                &[
                    " action=\"login\" status=\"success\" reason=\"none\" profile=\"super_admin\" msg=\"Administrator ",
                    line.login,
                ],
            );
            put(out, " logged in successfully from https(");
            address(out, line.client);
            put(out, ")\"");
        }
        Admin::PolicyChange => {
            start(out, line, writer, "0100044547", "type=\"event\" subtype=\"system\"", "information");
            puts(out, &[" logdesc=\"Object attribute configured\" user=\"", line.login, "\" ui=\"GUI("]);
            address(out, line.client);
            pair(out, ")\" action=\"Edit\" cfgtid=", line.session);
            puts(out, &[" cfgpath=\"webfilter.profile\" cfgobj=\"", line.profile, "\" cfgattr=\"", line.host, "\""]);
            puts(out, &[" msg=\"Edit webfilter.profile ", line.profile, "\""]);
        }
    }
}

/// One CEF line under a syslog head.
pub(super) fn cef(out: &mut Vec<u8>, line: &Line<'_>, writer: &Writer) {
    let wall = line.wall_ms();
    let (month, day, _) = month_day(wall);
    put(out, "<190>");
    put(out, month);
    out.push(b' ');
    crate::text::blank_padded(out, u64::from(day), 2);
    out.push(b' ');
    clock(out, wall);
    puts(out, &[" ", &writer.appliance, " CEF:0|Fortinet|Fortigate|v7.2.8|"]);
    let verdict = verdict(line.what);
    let (id, title, kind, severity) = match line.what {
        What::Flow => ("0000000013", "traffic:forward close", "traffic:forward", "3"),
        What::Notice => ("0100040704", "event:system perf-stats", "event:system", "3"),
        What::Admin(Admin::SignIn) => ("0100032001", "event:system login success", "event:system", "2"),
        What::Admin(Admin::PolicyChange) => ("0100044547", "event:system Edit", "event:system", "2"),
        What::Decision(Action::Blocked | Action::Warned) => {
            (verdict.log_id, "utm:webfilter ftgd_blk blocked", "utm:webfilter", verdict.severity)
        }
        _ => (verdict.log_id, "utm:webfilter ftgd_allow passthrough", "utm:webfilter", verdict.severity),
    };
    // The signature id is the log id without its leading type digits.
    puts(
        out,
        &[id.get(5..).unwrap_or(id), "|", title, "|", severity, "|deviceExternalId=", &writer.serial, " FTNTFGTeventtime="],
    );
    put_event_time(out, line);
    put(out, " FTNTFGTtz=");
    offset(out, line.offset, false);
    puts(out, &[" FTNTFGTlogid=", id, " cat=", kind]);
    match line.what {
        What::Flow => {
            put(out, " FTNTFGTsubtype=forward FTNTFGTlevel=notice FTNTFGTvd=root src=");
            address(out, line.client);
            pair(out, " spt=", client_port(line.session));
            put(out, " dst=");
            address(out, line.server);
            pair(out, " dpt=443 externalId=", line.session);
            pair(out, " proto=6 act=close app=HTTPS out=", u64::from(line.bytes_out));
            pair(out, " in=", u64::from(line.bytes_in));
        }
        What::Notice => put(
            out,
            " FTNTFGTsubtype=system FTNTFGTlevel=notice FTNTFGTvd=root FTNTFGTlogdesc=System performance statistics act=perf-stats",
        ),
        What::Admin(admin) => {
            put(out, " FTNTFGTsubtype=system FTNTFGTlevel=information FTNTFGTvd=root");
            match admin {
                Admin::SignIn => {
                    puts(out, &[" FTNTFGTlogdesc=Admin login successful duser=", line.login, " sproc=https("]);
                    address(out, line.client);
                    puts(out, &[") act=login outcome=success msg=Administrator ", line.login, " logged in successfully"]);
                }
                Admin::PolicyChange => {
                    puts(out, &[" FTNTFGTlogdesc=Object attribute configured duser=", line.login, " sproc=GUI("]);
                    address(out, line.client);
                    puts(out, &[") act=Edit FTNTFGTcfgpath=webfilter.profile FTNTFGTcfgobj=", line.profile]);
                    puts(out, &[" FTNTFGTcfgattr=", line.host, " msg=Edit webfilter.profile ", line.profile]);
                }
            }
        }
        _ => cef_web(out, line, &verdict),
    }
}

fn cef_web(out: &mut Vec<u8>, line: &Line<'_>, verdict: &Verdict) {
    let (category_id, category) = line.category.words().fortiguard;
    puts(
        out,
        &[" FTNTFGTsubtype=webfilter FTNTFGTeventtype=", verdict.event, " FTNTFGTlevel=", verdict.level, " FTNTFGTvd=root"],
    );
    pair(out, " FTNTFGTpolicyid=", policy_id(line.profile));
    pair(out, " externalId=", line.session);
    if !line.login.is_empty() {
        puts(out, &[" duser=", line.login, " FTNTFGTgroup=", line.group]);
    }
    put(out, " src=");
    address(out, line.client);
    pair(out, " spt=", client_port(line.session));
    put(out, " deviceInboundInterface=vlan-curriculum FTNTFGTsrcintfrole=lan dst=");
    address(out, line.server);
    pair(out, " dpt=", if line.https { 443 } else { 80 });
    puts(out, &[" deviceOutboundInterface=wan1 FTNTFGTdstintfrole=wan proto=6 app=", if line.https { "HTTPS" } else { "HTTP" }]);
    puts(
        out,
        &[" dhost=", line.host, " FTNTFGTprofile=", line.profile, " act=", verdict.action, " FTNTFGTreqtype=direct request="],
    );
    let from = out.len();
    line.put_url(out);
    escape_equals(out, from);
    pair(out, " out=", u64::from(line.bytes_out));
    pair(out, " in=", if matches!(line.what, What::Decision(Action::Allowed)) { u64::from(line.bytes_in) } else { 0 });
    puts(out, &[" deviceDirection=1 msg=", verdict.message]);
    pair(out, " FTNTFGTmethod=domain FTNTFGTcat=", u64::from(category_id));
    puts(out, &[" requestContext=", category]);
}

/// CEF writes `=` inside a value as `\=`.
fn escape_equals(out: &mut Vec<u8>, from: usize) {
    let mut at = from;
    while at < out.len() {
        if out[at] == b'=' {
            out.insert(at, b'\\');
            at += 1;
        }
        at += 1;
    }
}
