//! Sophos Firewall (SFOS 18 and later): content filtering and administration lines in the central reporting format.

use super::{Writer, client_port};
use crate::line::{Action, Admin, Line, What};
use crate::text::{address, blank_padded, clock, date, month_day, number, offset, put, puts};

fn put_head(out: &mut Vec<u8>, line: &Line<'_>, writer: &Writer) {
    let wall = line.wall_ms();
    let (month, day, _) = month_day(wall);
    put(out, month);
    out.push(b' ');
    blank_padded(out, u64::from(day), 2);
    out.push(b' ');
    clock(out, wall);
    puts(out, &[" ", &writer.appliance, " device_name=\"SFW\" timestamp=\""]);
    date(out, wall, b'-');
    out.push(b'T');
    clock(out, wall);
    offset(out, line.offset, false);
    puts(out, &["\" device_model=\"XGS116\" device_serial_id=\"", &writer.serial, "\" log_id="]);
}

/// One line.
pub(super) fn line(out: &mut Vec<u8>, line: &Line<'_>, writer: &Writer) {
    put_head(out, line, writer);
    if let What::Admin(admin) = line.what {
        put(
            out,
            "062009617502 log_type=\"Event\" log_component=\"GUI\" log_subtype=\"Admin\" log_version=1 severity=\"Information\"",
        );
        puts(out, &[" status=\"Successful\" user_name=\"", line.login, "\" src_ip="]);
        address(out, line.client);
        match admin {
            Admin::SignIn => puts(out, &[" message=\"User ", line.login, " logged in successfully to Web Admin Console\""]),
            Admin::PolicyChange => {
                puts(out, &[" message=\"Web policy '", line.profile, "' was changed by '", line.login, "' using 'GUI'\""])
            }
        }
        return;
    }
    let (log_id, subtype) = match line.what {
        What::Decision(Action::Blocked) => ("050902616002", "Denied"),
        What::Decision(Action::Warned) => ("050927616005", "Warned"),
        What::Decision(Action::Overridden) => ("050901616006", "Allowed"),
        What::Damaged => ("050901616001", "Mislaid"),
        _ => ("050901616001", "Allowed"),
    };
    let allowed = subtype == "Allowed";
    puts(
        out,
        &[
            log_id,
            " log_type=\"Content Filtering\" log_component=\"HTTP\" log_subtype=\"",
            subtype,
            "\" log_version=1 severity=\"Information\"",
        ],
    );
    put(out, " fw_rule_id=\"");
    number(out, if line.profile == "Staff" { 7 } else { 5 });
    put(out, "\"");
    if !line.login.is_empty() {
        puts(out, &[" user_name=\"", line.login, "\" user_group=\"", line.group, "\""]);
    }
    put(out, " web_policy_id=");
    number(out, if line.profile == "Staff" { 13 } else { 12 });
    let kind = if allowed { "Acceptable" } else { "Objectionable" };
    puts(out, &[" http_category=\"", line.category.words().sophos, "\" http_category_type=\"", kind, "\" url=\""]);
    if line.is_tunnel() {
        puts(out, &["https://", line.host]);
    } else {
        line.put_url(out);
    }
    out.push(b'"');
    if allowed && !line.is_tunnel() && !line.content_type.is_empty() {
        puts(out, &[" content_type=\"", line.content_type, "\""]);
    }
    put(out, " src_ip=\"");
    address(out, line.client);
    put(out, "\" dst_ip=\"");
    address(out, line.server);
    put(out, "\" protocol=\"TCP\" src_port=");
    number(out, client_port(line.session));
    put(out, if line.https { " dst_port=443 bytes_sent=" } else { " dst_port=80 bytes_sent=" });
    number(out, u64::from(line.bytes_out));
    put(out, " bytes_received=");
    number(out, if allowed { u64::from(line.bytes_in) } else { 0 });
    puts(out, &[" domain=\"", line.host, "\""]);
    if !line.is_tunnel() && !line.agent.is_empty() {
        puts(out, &[" http_user_agent=\"", line.agent, "\""]);
    }
    put(out, " http_status=\"");
    number(
        out,
        if line.is_tunnel() {
            0
        } else if allowed {
            u64::from(line.status)
        } else {
            403
        },
    );
    put(out, "\" con_id=");
    number(out, line.session);
    put(
        out,
        " app_is_cloud=\"FALSE\" used_quota=\"0\" src_zone_type=\"LAN\" src_zone=\"LAN\" dst_zone_type=\"WAN\" dst_zone=\"WAN\" src_country=\"R1\" dst_country=\"GBR\"",
    );
}
