//! Lines of every format have the shape their vendor documents, in the number, order and width asked for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::collections::BTreeSet;

use regex::Regex;
use weir_sample_data::{Format, LineOptions, write_export, write_lines};

fn write(format: Format, rows: u64, options: LineOptions) -> Vec<String> {
    let mut out = Vec::new();
    let bytes = write_lines(format, rows, 7, &mut out, options).unwrap();
    assert_eq!(bytes, out.len() as u64);
    String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
}

/// The shape of a decision or of the other lines a format mixes in.
fn shape(format: Format) -> Regex {
    let ip = r"[0-9]{1,3}(\.[0-9]{1,3}){3}";
    let date = r"2026-11-18";
    let clock = r"(0[7-9]|1[0-9]):[0-5][0-9]:[0-5][0-9]";
    let pattern = match format {
        Format::Squid => format!(
            r"^1[0-9]{{9}}\.[0-9]{{3}} +[0-9]+ {ip} TCP_[A-Z_]+/[0-9]{{3}} [0-9]+ (GET|POST|CONNECT) [^ ]+ [^ ]+ (HIER_NONE/-|HIER_DIRECT/{ip}) [^ ]+$"
        ),
        Format::SquidCombined => format!(
            r#"^{ip} - [^ ]+ \[18/Nov/2026:{clock} \+0000\] "(GET|POST|CONNECT) [^ "]+ HTTP/1.1" [0-9]{{3}} [0-9]+ "[^"]*" "[^"]*" TCP_[A-Z_]+:HIER_[A-Z]+$"#
        ),
        Format::E2guardian1 => format!(
            r"^2026\.11\.18 {clock} [^ ]+ {ip} https?://[^ ]+ (-|\*DENIED\* .+|\*TRUSTED\* -) (GET|POST|CONNECT) [0-9]+ 0 .+ [123] [0-9]{{3}} - {ip} Pupils .+ - - - -$"
        ),
        Format::E2guardian5 => format!(
            "^1[0-9]{{9}}\\.[0-9]{{3}}\t\t[^\t]+\t{ip}\t{ip}\thttps?://[^\t]+\t(GET|POST|CONNECT)\t[0-9]{{3}}\t[0-9]+\t-\t[^\t]+\t-\t[0-9]+\t-\t[0-9]+\t[^\t]+\t0\t[^\t]+\tPupils\t1$"
        ),
        Format::Fortigate => format!(
            r#"^date={date} time={clock} (eventtime=[0-9]{{19}} tz="\+0000" |)(logid="[0-9]{{10}}" |).*type="(utm|traffic)" subtype="(webfilter|forward)".* srcip={ip} .*action="[a-z-]+".*sentbyte=[0-9]+ rcvdbyte=[0-9]+"#
        ),
        Format::FortigateCef => format!(
            r"^<190>Nov 18 {clock} sample-box-1 CEF:0\|Fortinet\|Fortigate\|v7\.2\.8\|[0-9]{{5}}\|(utm|traffic):[a-z_ ]+\|[0-9]\|deviceExternalId=.* src={ip} .* act=[a-z]+ "
        ),
        Format::Sophos => format!(
            r#"^Nov 18 {clock} sample-box-1 device_name="SFW" timestamp="{date}T{clock}\+0000" .*log_subtype="(Allowed|Denied|Warned)" .*url="https?://[^"]+" .*src_ip="{ip}" .*bytes_sent=[0-9]+ bytes_received=[0-9]+ domain="[^"]+""#
        ),
        Format::Paloalto => format!(
            r#"^Nov 18 {clock} sample-box-1 1,2026/11/18 {clock},[0-9]{{12}},THREAT,url,2305,2026/11/18 {clock},{ip},{ip},.*,tcp,(alert|block-url|block-continue|continue),"[^"]+",\(9999\),[a-z-]+,informational,"#
        ),
        Format::UmbrellaDns => format!(
            r#"^"{date} {clock}","[^"]+","[^"]+","{ip}","{ip}","(Allowed|Blocked)","[0-9]+ \([A-Z]+\)","NOERROR","[^"]+\.","[^"]*","[^"]+","[^"]+","[^"]*"$"#
        ),
        Format::UmbrellaProxy => {
            format!(
                r#"^"{date} {clock}","[^"]+","{ip}","{ip}","[^"]*","[^"]*","(ALLOWED|BLOCKED)","https?://[^"]+"(,"[^"]*"){{24}}$"#
            )
        }
        Format::Untangle => {
            format!(r#"^<174>Nov 18 {clock} INFO  uvm\[0\]:  \{{.*"timeStamp":"{date} {clock}\.[0-9]{{1,3}}".*\}}$"#)
        }
        Format::Watchguard => format!(
            "^LEEF:1\\.0\\|WatchGuard\\|XTM\\|12\\.10\\.4\\.B700001\\|[0-9A-F]{{8}}\\|serial=.*\tdevTime=Nov 18 2026 {clock} \\+0000\tpolicy=.*\tdisp=(Allow|Deny)\t.*\tsrc={ip}\t"
        ),
        Format::Proxysg => format!(
            r#"^(#.*|{date} {clock} [0-9]+ {ip} [^ ]+ ("[^"]+"|-) [a-z_-]+ (OBSERVED|DENIED) "[^"]+" [^ ]+ [0-9]{{3}} TCP_[A-Z_]+ (GET|POST|CONNECT) [^ ]+ (tcp|https?) [^ ]+ (443|80) /[^ ]* [^ ]+ [^ ]+ ("[^"]+"|-) {ip} [0-9]+ [0-9]+ -)$"#
        ),
    };
    Regex::new(&pattern).unwrap()
}

#[test]
fn every_line_of_every_format_is_plausible() {
    for format in Format::ALL {
        let shape = shape(format);
        let lines = write(format, 3_000, LineOptions::default());
        let heads = if format == Format::Proxysg { 4 } else { 0 };
        assert_eq!(lines.len(), 3_000 + heads, "{}", format.id());
        for line in &lines {
            assert!(shape.is_match(line), "{}: {line}", format.id());
        }
    }
}

#[test]
fn json_and_csv_lines_parse_with_ordinary_readers() {
    for line in write(Format::Untangle, 500, LineOptions::default()) {
        let json: serde_json::Value = serde_json::from_str(line.split_once("uvm[0]:  ").unwrap().1).unwrap();
        assert!(json["class"].as_str().unwrap().starts_with("class com.untangle."));
        assert!(json["timeStamp"].is_string() && (json["sessionEvent"].is_object() || json["sessionId"].is_number()));
    }
    let columns = |format, wanted: usize| {
        for line in write(format, 500, LineOptions::default()) {
            let mut quoted = false;
            let commas = line.bytes().filter(|&byte| {
                quoted ^= byte == b'"';
                byte == b',' && !quoted
            });
            assert_eq!(commas.count() + 1, wanted, "{line}");
        }
    };
    columns(Format::UmbrellaDns, 13);
    columns(Format::UmbrellaProxy, 32);
    // Counted in the field list of PAN-OS 9.1, up to the HTTP/2 connection.
    columns(Format::Paloalto, 78);
}

#[test]
fn the_lengths_are_near_those_of_public_samples() {
    for (format, wanted) in [(Format::Squid, 147), (Format::Fortigate, 870), (Format::UmbrellaProxy, 333)] {
        let lines = write(format, 20_000, LineOptions::default());
        let mean = lines.iter().map(|line| line.len() + 1).sum::<usize>() / lines.len();
        assert!((wanted * 9 / 10..=wanted * 11 / 10).contains(&mean), "{}: {mean}", format.id());
    }
}

#[test]
fn order_is_of_time_unless_shuffled_and_days_are_as_asked() {
    let times = |options: LineOptions| -> Vec<String> {
        write(Format::UmbrellaDns, 4_000, options).iter().map(|line| line.get(1..20).unwrap().to_owned()).collect()
    };
    let ordered = times(LineOptions { days: 5, ..LineOptions::default() });
    assert!(ordered.is_sorted());
    assert_eq!(ordered.iter().map(|time| time.get(..10).unwrap()).collect::<BTreeSet<_>>().len(), 5);
    let shuffled = times(LineOptions { shuffle: true, ..LineOptions::default() });
    assert!(!shuffled.is_sorted());
}

#[test]
fn the_wide_case_is_wide() {
    let lines = write(Format::Fortigate, 60_000, LineOptions::wide());
    let value =
        |line: &str, key: &str| line.split(key).nth(1).and_then(|rest| rest.split('"').nth(1)).unwrap_or_default().to_owned();
    let web: Vec<&String> = lines.iter().filter(|line| line.contains("subtype=\"webfilter\"")).collect();
    let hosts: BTreeSet<String> = web.iter().map(|line| value(line, " hostname=")).collect();
    let users: BTreeSet<String> = web.iter().map(|line| value(line, " user=")).collect();
    let urls: BTreeSet<String> = web.iter().map(|line| value(line, " url=")).collect();
    assert!(hosts.len() > 10_000, "{}", hosts.len());
    assert!(users.len() > 8_000, "{}", users.len());
    assert!(urls.len() * 10 > web.len() * 6, "{} of {}", urls.len(), web.len());
    // The third key tells the layouts apart.
    let layouts: BTreeSet<&str> = web
        .iter()
        .map(|line| {
            if line.contains(" eventtime=") && line.find("logid=") < line.find("eventtime=") {
                "6.0"
            } else if line.find("devname=") < line.find("eventtime=") {
                "7.0"
            } else {
                "7.4"
            }
        })
        .collect();
    assert_eq!(layouts.len(), 3);
}

#[test]
fn the_same_seed_gives_the_same_lines() {
    for format in Format::ALL {
        assert_eq!(write(format, 200, LineOptions::default()), write(format, 200, LineOptions::default()), "{}", format.id());
    }
}

#[test]
fn the_kept_exports_are_what_the_generator_writes() {
    for format in Format::ALL {
        let mut out = Vec::new();
        write_export(format, &mut out).unwrap();
        let path = format!("{}/exports/{}.log", env!("CARGO_MANIFEST_DIR"), format.id());
        let kept = std::fs::read(&path).unwrap();
        assert!(kept == out, "{path}: write it again with `sample-data --exports sample-data/exports`");
    }
}
