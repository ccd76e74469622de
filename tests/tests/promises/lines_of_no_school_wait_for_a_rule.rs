//! A filter of many schools: lines that no rule gives to a school wait, Weir proposes the rule, and with it they find their school.

use std::fs;

use serde_json::Value;
use weir_tests::Home;

fn line(n: u32, address: &str, user: &str) -> String {
    format!(
        "{}.042     61 {address} TCP_MISS/200 8811 GET http://www.maps.example/p{n} {user} HIER_DIRECT/192.0.2.8 text/html\n",
        1_793_869_200 + n
    )
}

#[test]
fn the_rule_that_is_proposed_claims_them() {
    let home = Home::new();
    let school = home.school();
    let weir_toml = home.estate().join("weir.toml");
    let before = fs::read_to_string(&weir_toml).unwrap();
    let with = |rules: &str| {
        let source = format!(
            "\n[[source]]\nid = \"trust-filter\"\nformat = \"squid\"\nlayer = \"filter\"\nschool_map = [\n    {rules}\n    {{ src_ip = \"10.20.0.0/16\", school = \"{school}\" }},\n]\n"
        );
        // A list of tables ends where the next table begins, so the source may stand at the end.
        fs::write(&weir_toml, format!("{before}{source}")).unwrap();
    };
    with("");
    let text: String = (0..5)
        .map(|n| line(n, "10.20.30.7", "apatel"))
        .chain((5..12).map(|n| line(n, &format!("10.44.7.{n}"), "ycharlton")))
        .chain([line(12, "10.44.8.1", "-")])
        .collect();
    let log = home.path().join("access.log");
    fs::write(&log, text).unwrap();
    let ingest =
        || home.weir(["ingest".as_ref(), "--source".as_ref(), "trust-filter".as_ref(), "--settled".as_ref(), log.as_os_str()]);
    let ran = ingest();
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("weir formats unclaimed"), "{}", ran.stdout);
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), 5);
    assert_eq!(home.number("SELECT count(*) AS n FROM quarantine WHERE reason = 'no_school'"), 8);

    let proposed = home.weir_ok(["formats", "unclaimed", "--output", "json"], 1).stdout;
    let proposed: Vec<Value> = serde_json::from_str(&proposed).unwrap();
    let told: Vec<_> =
        proposed.iter().map(|claim| (claim["value"].as_str().unwrap(), claim["lines"].as_u64().unwrap())).collect();
    assert_eq!(told, [("10.44.7.0/24", 7), ("10.44.8.0/24", 1)]);
    // Nothing of a person, and of no single machine.
    let kept = home.sql("SELECT DISTINCT unclaimed FROM quarantine ORDER BY unclaimed");
    assert_eq!(
        kept,
        [
            serde_json::json!({"unclaimed": "{\"src_ip\":\"10.44.7.0/24\"}"}),
            serde_json::json!({"unclaimed": "{\"src_ip\":\"10.44.8.0/24\"}"})
        ]
    );
    let table = home.weir_ok(["formats", "unclaimed"], 1).stdout;
    assert!(table.contains("8 lines wait for a school, in 1 file.") && !table.contains("charlton"), "{table}");
    let undo = table.lines().find_map(|line| line.trim().strip_prefix("weir undo ")).unwrap().to_owned();

    // Copied as they stand, with the school's id.
    let rules: Vec<String> = proposed.iter().map(|claim| claim["rule"].as_str().unwrap().replace("SCHOOL", &school)).collect();
    with(&rules.join("\n    "));
    home.weir_ok(["undo", undo.as_str(), "--yes"], 0);
    let ran = ingest();
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), 13);
    assert_eq!(home.weir_ok(["formats", "unclaimed"], 0).stdout.trim(), "Every line has found its school.");
}
