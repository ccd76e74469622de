//! Other projects' sample lines, where the folder is there: every outcome and at least 98 of 100 fields of the formats that Weir ships.

use std::process::Command;

use weir_tests::{not_run, weir_bin};

/// Folder, and outcomes that a second defensible reading makes differ (each explained in docs/gaps.md).
const FOLDERS: [(&str, u32); 9] = [
    ("bluecoat", 0),
    ("fortigate", 0),
    ("paloalto", 0),
    ("sophos-xg", 0),
    ("squid", 0),
    ("umbrella-dns", 0),
    ("umbrella-proxy", 0),
    ("untangle", 0),
    ("watchguard", 0),
];

#[test]
fn conformance() {
    let Some(root) = std::env::var_os("WEIR_CONFORMANCE") else { return };
    let mut failures = Vec::new();
    for (folder, allowed) in FOLDERS {
        let Ok(ran) = Command::new("python3").arg(std::path::Path::new(&root).join("compare.py")).arg("--weir").arg(weir_bin()).args(["--format", folder]).output()
        else {
            return not_run("others_samples_are_read_as_a_careful_person_would", "python3");
        };
        let text = String::from_utf8_lossy(&ran.stdout).into_owned();
        let last = text.lines().last().unwrap_or_default();
        let numbers: Vec<u32> = last.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).map(|part| part.parse().unwrap()).collect();
        let [fields_right, fields, outcomes_right, outcomes] = numbers[..] else { panic!("{folder}: {text}") };
        if outcomes_right + allowed < outcomes || fields_right * 100 < fields * 98 {
            failures.push(text);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
