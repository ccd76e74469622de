//! Whoever asks the lake, looks at lines in clear or takes something back stands in the audit trail before it is done.

use serde_json::Value;
use weir_tests::{Home, squid_line};

const KEY: &str = "k1-00112233445566778899aabbccddeeff";

fn trail(home: &Home, action: &str) -> Vec<Value> {
    let ran = home.weir_ok(["audit", "list", "--action", action, "--output", "ndjson"], 0);
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn before_it_is_answered() {
    let home = Home::new();
    let school = home.school();
    let log = home.path().join("access.log");
    std::fs::write(&log, format!("{}\n", squid_line(0, "fern", "http://moss.example/"))).unwrap();
    assert_eq!(home.ingest("squid", &log).status, 0);

    home.weir_ok(["sql", "SELECT count(*) AS n FROM events"], 0);
    home.weir_ok(
        ["sql", "--school", &school, "--sensitive", "concern raised on 3 November", "SELECT search_term FROM events"],
        0,
    );
    // A question that can't be answered was asked all the same.
    home.weir_ok(["sql", "SELECT nothing FROM nowhere"], 2);
    let asked = trail(&home, "sql");
    let said = |row: &Value| serde_json::from_str::<Value>(row["detail"].as_str().unwrap()).unwrap()["statement"].clone();
    let statements: Vec<Value> = asked.iter().map(said).collect();
    let wanted = ["SELECT nothing FROM nowhere", "SELECT search_term FROM events", "SELECT count(*) AS n FROM events"];
    assert_eq!(statements, wanted);
    assert_eq!(asked[1]["reason"], "concern raised on 3 November");
    assert_eq!(asked[1]["school"], school);
    assert!(asked[0]["reason"].is_null() && asked[0]["actor"].as_str().unwrap().starts_with("command:"), "{asked:?}");

    // Of a pupil's key the trail keeps a mark that goes with the pupil; never the key.
    let key = format!("pupil={KEY}");
    home.weir_ok(["query", "run", "pupil_day", "--param", &key, "--param", "day=2026-09-07", "--reason", "a concern"], 0);
    let run = trail(&home, "query");
    assert_eq!((run.len(), &run[0]["reason"]), (1, &"a concern".into()));
    let detail: Value = serde_json::from_str(run[0]["detail"].as_str().unwrap()).unwrap();
    assert_eq!((&detail["query"], &detail["asked"]), (&"pupil_day".into(), &"day=2026-09-07".into()));
    assert!(run[0]["object"].as_str().unwrap().starts_with("person:"), "{run:?}");
    let all = home.weir_ok(["audit", "list", "--output", "json"], 0).stdout;
    assert!(!all.contains(KEY), "{all}");

    home.weir_ok(["inspect".as_ref(), log.as_os_str()], 0);
    assert_eq!(trail(&home, "inspect").len(), 1);
    let file = home.sql("SELECT file_id FROM receipts")[0]["file_id"].as_str().unwrap().to_owned();
    home.weir_ok(["undo", file.as_str(), "--yes"], 0);
    assert_eq!(trail(&home, "undo").len(), 1);
    assert!(home.weir_ok(["audit", "verify"], 0).stdout.starts_with("The trail is whole"));
}

#[test]
fn or_not_at_all() {
    let home = Home::new();
    // A register that can't be opened: a folder stands where its file should be.
    std::fs::create_dir(home.estate().join("register.sqlite")).unwrap();
    let ran = home.weir_ok(["sql", "SELECT 1 AS n"], 2);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("the register can't be opened, so nothing was done"), "{}", ran.stderr);
}
