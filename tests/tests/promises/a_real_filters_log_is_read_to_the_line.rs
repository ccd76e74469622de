//! Logs that real Squid and e2guardian wrote give the counts that a right reading gives, and the ledger balances to the line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use weir_tests::Home;

fn real_filters() -> Option<PathBuf> {
    std::env::var_os("WEIR_REAL_FILTERS").map(PathBuf::from)
}

/// (log, expected file) of every log in the folder.
fn logs(root: &Path) -> Vec<(PathBuf, PathBuf)> {
    let squid = root.join("squid");
    let mut found: Vec<_> = ["access", "access-combined", "access-school"]
        .into_iter()
        .map(|name| (squid.join(format!("{name}.log")), squid.join(format!("expected-{name}.json"))))
        .collect();
    let mut variants: Vec<_> = std::fs::read_dir(root.join("e2guardian")).unwrap().map(|entry| entry.unwrap().path()).collect();
    variants.sort();
    found.extend(variants.into_iter().map(|folder| (folder.join("access.log"), folder.join("expected.json"))));
    found
}

fn counts(value: &Value) -> BTreeMap<String, i64> {
    value.as_object().map(|map| map.iter().map(|(k, v)| (k.clone(), v.as_i64().unwrap())).collect()).unwrap_or_default()
}

#[test]
fn counts_are_those_of_a_right_reading() {
    let Some(root) = real_filters() else { return };
    for (log, expected) in logs(&root) {
        let expected: Value = serde_json::from_str(&std::fs::read_to_string(&expected).unwrap()).unwrap();
        let home = Home::new();
        let name = log.display().to_string();
        let ran = home.ingest("auto", &log);
        assert_eq!(ran.status, 0, "{name}: {}{}", ran.stdout, ran.stderr);

        let receipt =
            &home.sql("SELECT lines, events, admin_events, ignored, ignored_lines, quarantined, format_id FROM receipts")[0];
        let ignored: Value = serde_json::from_str(receipt["ignored"].as_str().unwrap()).unwrap();
        let n = |field: &str| receipt[field].as_i64().unwrap();
        assert_eq!(n("lines"), expected["lines"].as_i64().unwrap(), "{name}: lines");
        assert_eq!(
            n("lines"),
            n("events") + n("admin_events") + n("ignored_lines") + n("quarantined"),
            "{name}: the ledger balances"
        );
        assert_eq!(n("quarantined"), 0, "{name}: nothing in quarantine");

        // A line with two acceptable readings may be counted either way; all others have one.
        let two = expected["lines_with_a_second_acceptable_reading"].as_array().map_or(0, Vec::len) as i64;
        let decisions = expected["decisions"].as_i64().unwrap();
        assert!(
            (n("events") - decisions).abs() <= two,
            "{name}: {} events, expected {decisions} give or take {two}",
            n("events")
        );
        for (reason, wanted) in counts(&expected["ignored"]) {
            let got = ignored[&reason].as_i64().unwrap_or(0);
            assert!((got - wanted).abs() <= two, "{name}: ignored {reason}: {got}, expected {wanted} give or take {two}");
        }
        let by_action: BTreeMap<String, i64> = home
            .sql("SELECT action, count(*) AS n FROM events GROUP BY action ORDER BY action")
            .iter()
            .map(|row| (row["action"].as_str().unwrap().to_owned(), row["n"].as_i64().unwrap()))
            .collect();
        for (action, wanted) in counts(&expected["by_action"]) {
            let got = by_action.get(&action).copied().unwrap_or(0);
            assert!((got - wanted).abs() <= two, "{name}: {action}: {got}, expected {wanted} give or take {two}");
        }
        if two == 0 {
            assert_eq!(by_action, counts(&expected["by_action"]), "{name}: actions");
            assert_eq!(
                home.number("SELECT count(DISTINCT user_key) AS n FROM events"),
                expected["distinct_users"].as_i64().unwrap(),
                "{name}: users"
            );
        }
    }
}
