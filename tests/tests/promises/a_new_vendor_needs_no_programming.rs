//! From a sample of an unknown log to rows in the lake, as docs/new-format.md tells it, and nothing of the sample in the format file.

use std::fs;

use weir_tests::Home;

const EXPORT: &str = "Report for,Year 9
Date/Time,Username,Computer,Website,Category,Outcome,Policy,Size
23/11/2026 10:00:01,rokonjo,ICT-07,rivers.example,\"Science, Otterwatch\",Allowed,Year 9,5120
23/11/2026 10:00:04,rokonjo,ICT-07,dice.example,Gambling,Stopped by policy,Year 9,0
23/11/2026 10:00:09,,ICT-08,papers.example,Otterwatch,Allowed,Year 9,911
23/11/2026 10:01:10,mfarrow,ICT-08,cards.example,Gambling,Denied,Year 9,0
";

/// The answers a technician gives.
fn answered(proposal: &str) -> String {
    let kept: Vec<&str> = proposal.lines().filter(|line| !line.starts_with("# question:")).collect();
    let text = kept.join("\n");
    let answers = [
        ("header = true\n", "header = true\ncomment = [\"Report for\"]\n"),
        ("[table.verdict]\n", "[table.verdict]\n\"Stopped by policy\" = \"blocked\"\n"),
        ("title = \"Unnamed filter log\"", "title = \"LarkFilter daily export\""),
        ("vendor = \"Unknown\"", "vendor = \"Lark Networks\""),
    ];
    answers.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from} is not in\n{text}");
        text.replacen(from, to, 1)
    })
}

#[test]
fn from_a_sample_to_rows() {
    let home = Home::new();
    let export = home.path().join("rokonjo-history.csv");
    fs::write(&export, EXPORT).unwrap();
    let folder = home.estate().join("formats");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("lark-export.toml");
    let words = ["formats".as_ref(), "new".as_ref(), export.as_os_str(), "--out".as_ref(), file.as_os_str()];
    let ran = home.weir_ok(words, 1);
    assert!(ran.stderr.contains("Stopped by policy"), "the screen shows what the file may not: {}", ran.stderr);
    let proposal = fs::read_to_string(&file).unwrap();
    for value in
        ["rokonjo", "mfarrow", "ICT-0", "rivers", "dice.ex", "Gambling", "Otterwatch", "Stopped", "Year 9", "23/11", "5120"]
    {
        assert!(!proposal.contains(value), "{value} stands in\n{proposal}");
    }
    assert_eq!(home.weir(words).status, 2, "a file that is there is not written over");
    assert_eq!(fs::read_to_string(&file).unwrap(), proposal);

    fs::write(&file, answered(&proposal)).unwrap();
    let ran = home.weir_ok(["formats".as_ref(), "test".as_ref(), file.as_os_str()], 0);
    assert!(ran.stdout.contains("3 of 3 samples hold"), "{}", ran.stdout);

    // The folder of weir.toml is enough.
    let settings = home.estate().join("weir.toml");
    let text = fs::read_to_string(&settings).unwrap().replacen("# formats = \"formats\"", "formats = \"formats\"", 1);
    fs::write(&settings, text).unwrap();
    let ran = home.ingest("lark-export", &export);
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    let rows = home.sql("SELECT action, host FROM events ORDER BY event_time");
    let rows: Vec<_> = rows.iter().map(|row| (row["action"].as_str().unwrap(), row["host"].as_str().unwrap())).collect();
    assert_eq!(
        rows,
        [("allowed", "rivers.example"), ("blocked", "dice.example"), ("allowed", "papers.example"), ("blocked", "cards.example")]
    );

    // Two rows hold the name no map knows; one of them has another that is known.
    let ran = home.weir_ok(["formats", "unmapped", "--output", "ndjson"], 0);
    let lines: Vec<serde_json::Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1, "{}", ran.stdout);
    assert_eq!(lines[0]["vendor_category"], "Otterwatch");
    assert_eq!((lines[0]["rows"].as_u64(), lines[0]["uncategorised"].as_u64()), (Some(2), Some(1)));
}

#[test]
fn a_failing_sample_is_taken_apart() {
    let home = Home::new();
    let export = home.path().join("export.csv");
    fs::write(&export, EXPORT).unwrap();
    let file = home.path().join("lark-export.toml");
    home.weir_ok(["formats".as_ref(), "new".as_ref(), export.as_os_str(), "--out".as_ref(), file.as_os_str()], 1);
    let text = fs::read_to_string(&file).unwrap();
    let table = [
        ("from = \"Date/Time\"", "from = \"When\"", ["no_header", "must come before and hold the names", "(not in the line)"]),
        ("%d/%m/%Y", "%d.%m.%Y", ["bad_time", "its layout does not fit", "05/11/2026 09:14:02"]),
        ("\"denied\" = \"blocked\"", "\"denied\" = \"allowed\"", ["became: event", "differs", "read by no column"]),
        ("from = \"Outcome\"", "from = \"Verdict\"", ["missing_action", "no rule gives an action", "Outcome"]),
    ];
    for (from, to, wanted) in table {
        assert!(text.contains(from), "{from}");
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
        let ran = home.weir_ok(["formats".as_ref(), "test".as_ref(), file.as_os_str()], 1);
        for words in wanted {
            assert!(ran.stdout.contains(words), "{to}: no {words:?} in\n{}", ran.stdout);
        }
    }
}

#[test]
fn the_list_says_what_a_format_gives() {
    let home = Home::new();
    let ran = home.weir_ok(["formats", "list", "--output", "ndjson"], 0);
    let line = ran.stdout.lines().find(|line| line.contains("\"id\":\"squidguard\"")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["logs"], "blocked");
    assert!(line["gives"].as_array().unwrap().contains(&"user".into()));
}
