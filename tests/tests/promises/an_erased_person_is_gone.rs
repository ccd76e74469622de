//! Somebody who is erased stands in no file of the estate any more, under key or name; everybody else does as before.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use weir_lake::estate::Estate;
use weir_lake::lake::Lake;
use weir_lake::vault::Vault;
use weir_tests::{Home, Ran, squid_line};

/// Early on Friday 6 November 2026, after the lines of `squid_line`.
const FRIDAY: &str = "2026-11-06T02:00:00Z";

const NAME: &str = "jleebrook";

fn on_friday(home: &Home, arguments: &[&str]) -> Ran {
    home.command().args(arguments).env("WEIR_NOW", FRIDAY).output().unwrap().into()
}

fn estate(home: &Home) -> Estate {
    Estate::load(&home.estate().join("weir.toml")).unwrap()
}

/// Every file of the estate in whose bytes a text stands, and every file of the lake in one of whose values it does.
fn files_with(home: &Home, needle: &str) -> Vec<String> {
    let mut found = Lake::open(&estate(home).lake_root).unwrap().files_with(&[needle]).unwrap();
    let mut folders = vec![home.estate()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.starts_with(home.estate().join("lake")) {
                let bytes = fs::read(&path).unwrap().to_ascii_lowercase();
                if bytes.windows(needle.len()).any(|window| window == needle.as_bytes()) {
                    found.push(path.strip_prefix(home.estate()).unwrap().display().to_string());
                }
            }
        }
    }
    found
}

fn names_in_the_vault(home: &Home) -> Vec<String> {
    let estate = estate(home);
    let vault = Vault::open(&estate.vault_root, &estate.lake_root).unwrap();
    vault.entries().unwrap().iter().map(|entry| entry.name.reveal_in_clear().to_owned()).collect()
}

/// Rows of the others, which no erasure touches.
fn of_others(home: &Home, key: &str) -> Vec<String> {
    let tables = [
        "SELECT event_time, host, url_path, user_key, search_term, line_no, file_id FROM events",
        "SELECT event_date, user_key, topic, requests FROM pupil_days",
        "SELECT file_id, lines, events, quarantined FROM receipts",
    ];
    let mut rows: Vec<String> = tables.iter().flat_map(|query| home.sql(query)).map(|row| row.to_string()).collect();
    rows.retain(|row| !row.contains(key));
    rows.sort_unstable();
    rows
}

fn put(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(folder).unwrap();
    fs::write(&path, text).unwrap();
    let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
    fs::File::options().write(true).open(&path).unwrap().set_modified(an_hour_ago).unwrap();
    path
}

#[test]
fn key_and_name_are_in_no_file_and_a_copy_of_before_is_erased_again() {
    let home = Home::new();
    let school = home.school();
    let inbox = home.estate().join("inbox/my-school-filter");
    let mut lines = String::new();
    for n in 0..12 {
        let user = if n % 3 == 0 { "SCH\\JLeeBrook" } else { "apatel" };
        lines.push_str(&squid_line(n * 60, user, &format!("http://maps.example/p{n}")));
        lines.push('\n');
        lines.push_str(&squid_line(n * 60 + 5, user, "http://www.bing.com/search?q=online+casino"));
        lines.push('\n');
    }
    // Lines that can't be read go into quarantine as they are.
    lines.push_str(&squid_line(900, NAME, "http://maps.example/").replace("1793", "17x3"));
    lines.push('\n');
    lines.push_str(&squid_line(901, "apatel", "http://maps.example/").replace("1793", "17x3"));
    lines.push('\n');
    put(&inbox, "thursday.log", &lines);
    let night = on_friday(&home, &["nightly"]);
    assert!(night.status <= 1, "{}{}", night.stdout, night.stderr);
    for (email, role) in [("dpo@oak.example", "data-protection"), ("lead@oak.example", "dsl")] {
        let at = format!("school:{school}");
        home.weir_ok(["user", "add", email, "--name", "Quill Beispiel", "--role", role, "--at", &at], 0);
    }
    let key = home.sql("SELECT DISTINCT user_key AS k FROM events WHERE url_path = '/p0'")[0]["k"].as_str().unwrap().to_owned();
    let hold = ["erase", "hold", "--by", "lead@oak.example", "--school", &school, "--key", &key, "--until", "2199-01-01"];
    home.weir_ok(hold.into_iter().chain(["--why", "a case is open"]), 0);
    let ask = |by: &str| {
        home.weir([
            "erase",
            "ask",
            "--by",
            by,
            "--school",
            &school,
            "--login",
            "jleebrook@sch.example",
            "--why",
            "asked, file 12",
        ])
    };
    let refused = ask("lead@oak.example");
    assert!(refused.status == 2 && refused.stderr.contains("is no data protection officer"), "{}", refused.stderr);
    assert_eq!(ask("dpo@oak.example").status, 0);
    let copies = home.path().join("copies");
    home.weir_ok(["backup".as_ref(), "--to".as_ref(), copies.as_os_str()], 0);

    // A request of access comes first, and gives what is theirs and nobody else's.
    let export = |by: &str, out: &Path| {
        let words =
            ["export-subject", "--by", by, "--school", &school, "--login", "jleebrook", "--why", "asked, file 11", "--out"];
        home.command().args(words).arg(out).output().unwrap().status.code()
    };
    let out = home.path().join("subject.json");
    assert_eq!(export("lead@oak.example", &out), Some(2), "for the data protection officer alone");
    assert!(!out.exists());
    assert_eq!(export("dpo@oak.example", &out), Some(0));
    assert_eq!(export("dpo@oak.example", &out), Some(2), "what is there is not overwritten");
    let text = fs::read_to_string(&out).unwrap();
    let subject: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(subject["rows"]["events"].as_array().unwrap().len(), 8);
    assert!(text.contains("online casino") && subject["rows"]["pupil_days"].as_array().is_some_and(|days| !days.is_empty()));
    let rows = ["events", "pupil_days"].iter().flat_map(|table| subject["rows"][table].as_array().unwrap());
    assert!(rows.into_iter().all(|row| row["user_key"] == key.as_str()), "nobody else's");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&out).unwrap().permissions());
    assert_eq!(mode & 0o077, 0);

    // What the searches below find as long as it is there.
    let with_key = files_with(&home, &key);
    for table in ["events/", "pupil_days/", "register.sqlite"] {
        assert!(with_key.iter().any(|path| path.starts_with(table)), "{table}: {with_key:?}");
    }
    assert_eq!(files_with(&home, NAME), ["done/my-school-filter/thursday.log"]);
    assert_eq!(home.number("SELECT count(*) AS n FROM quarantine"), 2);
    assert!(names_in_the_vault(&home).iter().any(|name| name == NAME));

    let held = on_friday(&home, &["erase", "run", "1", "--yes"]);
    assert!(held.status == 2 && held.stderr.contains("hold 1 of account"), "{}", held.stderr);
    home.weir_ok(["erase", "release", "1"], 0);
    let waiting = put(&inbox, "friday.log", &(squid_line(1000, NAME, "http://maps.example/") + "\n"));
    let waits = on_friday(&home, &["erase", "run", "1", "--yes"]);
    assert!(waits.status == 2 && waits.stderr.contains("run `weir nightly` first"), "{}", waits.stderr);
    fs::remove_file(waiting).unwrap();
    // What is being received: a line of theirs there would come back with the next night.
    let spool = home.estate().join("spool");
    let open = put(
        &spool.join("my-school-filter"),
        "20261105T180000Z-000001-0001.open",
        &(squid_line(1100, NAME, "http://maps.example/") + "\n"),
    );
    let waits = on_friday(&home, &["erase", "run", "1", "--yes"]);
    assert!(waits.status == 2 && waits.stderr.contains("is still being received and names them"), "{}", waits.stderr);
    fs::write(&open, squid_line(1100, "apatel", "http://maps.example/") + "\n").unwrap();
    let sealed = put(
        &spool.join("my-school-filter"),
        "20261105T170000Z-000001-0001.log",
        &(squid_line(1200, "apatel", "http://maps.example/") + "\n"),
    );
    let waits = on_friday(&home, &["erase", "run", "1", "--yes"]);
    assert!(waits.status == 2 && waits.stderr.contains("waits and may name them"), "{}", waits.stderr);
    fs::remove_file(sealed).unwrap();
    // From a sender that no source names, and an export that could not be read.
    put(
        &spool.join("unknown-senders"),
        "20261105T180000Z-000001-0001.log",
        &(squid_line(1100, NAME, "http://maps.example/") + "\n"),
    );
    put(&home.estate().join("failed/my-school-filter"), "jleebrook-history.log", "not a log of jleebrook\n");
    let mut with_name = files_with(&home, NAME);
    with_name.sort();
    assert_eq!(
        with_name,
        [
            "done/my-school-filter/thursday.log",
            "failed/my-school-filter/jleebrook-history.log",
            "spool/unknown-senders/20261105T180000Z-000001-0001.log"
        ]
    );
    let others = of_others(&home, &key);
    let shown = on_friday(&home, &["erase", "run", "1", "--dry-run"]);
    assert!(shown.status == 0 && shown.stdout.contains("8 rows of events"), "{}{}", shown.stdout, shown.stderr);
    assert_eq!(files_with(&home, &key), with_key, "a look takes nothing out");

    let done = on_friday(&home, &["erase", "run", "1", "--yes"]);
    assert_eq!(done.status, 0, "{}{}", done.stdout, done.stderr);
    assert_eq!(files_with(&home, &key), Vec::<String>::new());
    assert_eq!(files_with(&home, NAME), Vec::<String>::new());
    assert!(fs::read_dir(home.estate().join("failed/my-school-filter")).unwrap().next().is_none(), "no name of a file either");
    assert_eq!(names_in_the_vault(&home).iter().filter(|name| *name == NAME).count(), 0);
    assert_eq!(home.number("SELECT count(*) AS n FROM quarantine"), 1, "the other's line stays");
    assert_eq!(of_others(&home, &key), others);
    assert_eq!(home.number("SELECT sum(requests) AS n FROM activity_hourly"), 16, "open figures are made again without them");
    assert!(home.weir_ok(["audit", "verify"], 0).stdout.contains("The trail is whole"));
    let verified = on_friday(&home, &["verify"]);
    assert_eq!(verified.status, 0, "two engines agree: {}{}", verified.stdout, verified.stderr);
    let again = on_friday(&home, &["erase", "run", "1", "--yes"]);
    assert!(again.status == 2 && again.stderr.contains("done already"), "{}", again.stderr);

    let copy = fs::read_dir(&copies).unwrap().next().unwrap().unwrap().path();
    let in_copy = fs::read(copy.join("register.sqlite")).unwrap();
    assert!(in_copy.windows(key.len()).any(|window| window == key.as_bytes()), "the copy is of before");
    let restored = home.weir_ok(["restore".as_ref(), copy.as_os_str(), "--yes".as_ref()], 0);
    assert!(restored.stdout.contains("1 key that was erased since is erased again"), "{}", restored.stdout);
    let left: Vec<String> = files_with(&home, &key);
    assert_eq!(left, Vec::<String>::new(), "the register of before, which is kept aside, holds it no more either");
    assert!(home.weir_ok(["audit", "verify"], 0).stdout.contains("The trail is whole"));
}
