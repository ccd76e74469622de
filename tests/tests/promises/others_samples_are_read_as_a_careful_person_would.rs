//! Other projects' sample lines, where the folder is there: every outcome and at least 98 of 100 fields of the formats that Weir ships.

use std::fs;
use std::path::Path;
use std::process::Command;

use weir_tests::{not_run, weir_bin};

/// Folder, set of samples, and outcomes known to differ, each explained in docs/gaps.md. A set of another shape (CEF beside CSV, say) is
/// left out until Weir reads that shape.
const SETS: [(&str, &str, u32); 48] = [
    ("adguard-home", "adguard-home", 0),
    ("barracuda-cloudgen", "barracuda-cloudgen", 0),
    ("bluecoat", "bluecoat-cloud-json", 0),
    ("bluecoat", "bluecoat-elff", 0),
    ("bluecoat", "bluecoat-kv", 0),
    ("checkpoint", "checkpoint-cef", 0),
    ("checkpoint", "checkpoint-syslog", 0),
    ("cisco-ftd", "cisco-ftd", 0),
    ("cisco-wsa", "cisco-wsa-squid", 0),
    ("cisco-wsa", "cisco-wsa-syslog", 0),
    ("cisco-wsa", "cisco-wsa-w3c", 0),
    ("cloudflare-gateway-dns", "cloudflare-gateway-dns", 0),
    ("cloudflare-gateway-http", "cloudflare-gateway-http", 0),
    ("forcepoint", "forcepoint-cef", 0),
    ("forcepoint", "forcepoint-csv", 0),
    ("fortigate", "fortigate-cef", 0),
    ("fortigate", "fortigate-comma", 0),
    ("fortigate", "fortigate-kv", 0),
    ("fortiproxy", "fortiproxy", 0),
    ("iboss", "iboss", 0),
    ("juniper-srx", "juniper-srx", 0),
    ("menlo", "menlo-web", 0),
    ("meraki", "meraki", 0),
    ("netskope", "netskope-events", 0),
    ("olfeo", "olfeo-proxy", 0),
    ("olfeo", "olfeo-saas", 0),
    ("paloalto", "paloalto-cef", 0),
    ("paloalto", "paloalto-csv", 0),
    ("paloalto", "paloalto-json", 0),
    ("skyhigh", "mcafee-wg", 0),
    ("skyhigh", "skyhigh-swg", 0),
    ("sonicwall", "sonicwall-cef", 0),
    ("sonicwall", "sonicwall-kv", 0),
    ("sophos-utm", "sophos-utm", 0),
    ("sophos-xg", "sophos-xg-new", 0),
    ("sophos-xg", "sophos-xg-old", 0),
    ("squid", "squid-native", 0),
    ("squidguard", "squidguard", 0),
    ("stormshield", "stormshield", 0),
    ("umbrella-dns", "umbrella-dns", 0),
    ("umbrella-dns", "umbrella-dns-multiline", 0),
    ("umbrella-proxy", "umbrella-proxy", 0),
    ("unbound", "unbound", 0),
    ("untangle", "untangle", 0),
    ("watchguard", "watchguard-leef", 0),
    ("watchguard", "watchguard-syslog", 0),
    ("zscaler", "zscaler-nss-web", 0),
    ("zscaler", "zscaler-nss-web-kv", 0),
];

#[test]
fn conformance() {
    let Some(root) = std::env::var_os("WEIR_CONFORMANCE") else { return };
    let root = Path::new(&root);
    let mut failures = Vec::new();
    for (folder, set, allowed) in SETS {
        // A folder of this set alone, since the script takes whole folders.
        let alone = tempfile::tempdir().unwrap();
        fs::create_dir(alone.path().join(folder)).unwrap();
        for ending in ["log", "expected.ndjson", "meta.json"] {
            let name = format!("{set}.{ending}");
            fs::copy(root.join(folder).join(&name), alone.path().join(folder).join(&name)).unwrap();
        }
        let script = root.join("compare.py");
        let ran = Command::new("python3").arg(script).arg("--weir").arg(weir_bin()).arg("--root").arg(alone.path()).output();
        let Ok(ran) = ran else { return not_run("others_samples_are_read_as_a_careful_person_would", "python3") };
        let text = String::from_utf8_lossy(&ran.stdout).into_owned();
        let last = text.lines().last().unwrap_or_default();
        let numbers: Vec<u32> =
            last.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).map(|part| part.parse().unwrap()).collect();
        let [fields_right, fields, outcomes_right, outcomes] = numbers[..] else { panic!("{set}: {text}") };
        assert!(outcomes > 0, "{set}: nothing was compared");
        // Both runs, by detection and by id, count.
        if outcomes_right + 2 * allowed < outcomes || fields_right * 100 < fields * 98 {
            failures.push(text);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
