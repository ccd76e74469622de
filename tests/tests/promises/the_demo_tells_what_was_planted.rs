//! The demo's estate: the ledger equals the generator's truth source by source, a second run adds nothing, and the pages show what was
//! planted, in a real browser too.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use weir_tests::{Ran, not_run, weir_bin};

/// Stops the server when the test ends, however it ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn rows(estate: &Path, query: &str) -> Vec<Value> {
    let ran: Ran = Command::new(weir_bin())
        .arg("--config")
        .arg(estate.join("weir.toml"))
        .args(["sql", "--output", "ndjson", query])
        .output()
        .unwrap()
        .into();
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {}", answer.lines().next().unwrap_or_default());
    answer
}

/// A port nobody listens on.
fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

#[test]
fn ledger_and_pages() {
    let folder = tempfile::tempdir().unwrap();
    let estate = folder.path().join("demo");
    let began = Instant::now();
    let ran: Ran = Command::new(weir_bin()).args(["demo", "--prepare", "--dir"]).arg(&estate).output().unwrap().into();
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    eprintln!("the demo was ready in {:.0} s", began.elapsed().as_secs_f64());

    let truth: Value = serde_json::from_str(&std::fs::read_to_string(estate.join("truth.json")).unwrap()).unwrap();
    let ledger: BTreeMap<String, Value> = rows(
        &estate,
        "SELECT source_id, sum(lines) AS lines, sum(events) AS events, sum(admin_events) AS admin_events, sum(quarantined) AS quarantined, \
         sum(ignored_lines) AS ignored FROM receipts GROUP BY source_id ORDER BY source_id",
    )
    .into_iter()
    .map(|row| (row["source_id"].as_str().unwrap().to_owned(), row))
    .collect();
    let mut actions: BTreeMap<(String, String), i64> = BTreeMap::new();
    for row in
        rows(&estate, "SELECT source_id, action, count(*) AS n FROM events GROUP BY source_id, action ORDER BY source_id, action")
    {
        actions.insert(
            (row["source_id"].as_str().unwrap().into(), row["action"].as_str().unwrap().into()),
            row["n"].as_i64().unwrap(),
        );
    }
    for source in truth["sources"].as_array().unwrap() {
        let id = source["source_id"].as_str().unwrap();
        let told = &ledger[id];
        for field in ["lines", "events", "admin_events", "quarantined"] {
            assert_eq!(told[field].as_i64(), source[field].as_i64(), "{id}: {field}");
        }
        let ignored: i64 = source["ignored"].as_object().unwrap().values().map(|n| n.as_i64().unwrap()).sum();
        assert_eq!(told["ignored"].as_i64(), Some(ignored), "{id}: ignored");
        for (action, wanted) in source["actions"].as_object().unwrap() {
            let got = actions.get(&(id.to_owned(), action.clone())).copied().unwrap_or(0);
            assert_eq!(Some(got), wanted.as_i64(), "{id}: {action}");
        }
    }

    // Pupil-weeks by theme, over all schools: the unit of every theme rate.
    let mut wanted: BTreeMap<String, i64> = BTreeMap::new();
    for theme in truth["schools"].as_array().unwrap().iter().flat_map(|school| school["themes"].as_array().unwrap()) {
        *wanted.entry(theme["theme"].as_str().unwrap().to_owned()).or_default() += theme["pupil_weeks"].as_i64().unwrap();
    }
    let told: BTreeMap<String, i64> = rows(
        &estate,
        "SELECT topic, count(*) AS n FROM (SELECT DISTINCT school_id, topic, user_key, date_trunc('week', event_date) AS week FROM pupil_days \
         WHERE user_type = 'pupil' AND (severity >= 1 OR topic = 'help_seeking')) GROUP BY topic ORDER BY topic",
    )
    .into_iter()
    .map(|row| (row["topic"].as_str().unwrap().to_owned(), row["n"].as_i64().unwrap()))
    .filter(|(topic, _)| wanted.contains_key(topic))
    .collect();
    assert_eq!(told, wanted, "pupil-weeks by theme");

    // Every row of every format, told again from the lake under the same files, is what it was.
    let mut again = Command::new(weir_bin());
    again.arg("--config").arg(estate.join("weir.toml")).args(["reclassify", "--look", "--output", "json"]);
    let again: Ran = again.output().unwrap().into();
    assert_eq!(again.status, 0, "{}", again.stderr);
    let again: Value = serde_json::from_str(&again.stdout).unwrap();
    let events: i64 = ledger.values().filter_map(|row| row["events"].as_i64()).sum();
    assert_eq!((again["rows"].as_i64(), again["changed_rows"].as_i64()), (Some(events), Some(0)), "{}", again["changed"]);

    // A second engine, which shares nothing with the first but the lake, makes the same of every value.
    let mut verify = Command::new(weir_bin());
    verify.arg("--config").arg(estate.join("weir.toml")).args(["verify", "--output", "json"]);
    let verified: Ran = verify.output().unwrap().into();
    assert_eq!(verified.status, 0, "{}{}", verified.stderr, verified.stdout.chars().take(4000).collect::<String>());
    let verified: Value = serde_json::from_str(&verified.stdout).unwrap();
    assert_eq!(
        (verified["differing"].as_u64(), verified["schools"].as_u64()),
        (Some(0), Some(truth["schools"].as_array().unwrap().len() as u64))
    );
    for (table, least) in [("activity_hourly", 100_000), ("pupil_days", 10_000), ("theme_weeks", 1_000), ("theme_rate", 1_000)] {
        assert!(verified["checked"][table]["cells"].as_u64() > Some(least), "{table}: {}", verified["checked"]);
    }

    let port = free_port();
    let child = Command::new(weir_bin())
        .args(["demo", "--dir"])
        .arg(&estate)
        .args(["--port", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _server = Server(child);
    let until = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until, "the pages are not served");
        std::thread::sleep(Duration::from_millis(50));
    }
    let all = get(port, "/");
    let schools = rows(&estate, "SELECT name FROM schools ORDER BY name");
    assert_eq!(schools.len(), truth["schools"].as_array().unwrap().len());
    for school in &schools {
        let name = school["name"].as_str().unwrap();
        assert!(all.contains(name) || all.contains(&name.replace('\'', "&#39;")), "{name} is on the first page");
    }
    // Log-ins as the estate's roster has them: none may stand on a page.
    let roster = std::fs::read_to_string(estate.join("roster.csv")).unwrap();
    let logins: Vec<&str> =
        roster.lines().filter(|line| !line.starts_with('#')).skip(1).flat_map(|line| line.split(',').nth(2)).collect();
    let logins: Vec<&str> = logins.iter().flat_map(|logins| logins.split(';')).filter(|login| login.len() > 4).collect();
    assert!(logins.len() > 50, "the roster names people: {}", logins.len());
    // Each planted finding is on its school's page, in words.
    for (school, words) in [
        ("oakfield-juniors", "No logs from"),
        ("kestrel-academy", "gambling"),
        ("kestrel-academy", "change of the filter"),
        ("st-brannocks", "Stopped although"),
        ("harbour-secondary", "Self-harm"),
        ("ysgol-nant-y-coed", "AI"),
        ("ysgol-cwm-derw", "round the filter"),
    ] {
        let page = get(port, &format!("/school/{school}/2026-27"));
        assert!(page.to_lowercase().contains(&words.to_lowercase()), "{school}: no {words:?}");
        assert!(!page.contains("k1-"), "{school}: a key stands on the page");
        for login in &logins {
            assert!(!page.contains(login), "{school}: a log-in stands on the page");
        }
    }

    let Ok(browser) = Command::new("chromium").arg("--version").output() else {
        return not_run("the_demo_tells_what_was_planted (in a browser)", "chromium");
    };
    assert!(browser.status.success());
    let profile = tempfile::tempdir().unwrap();
    let dom = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
        ])
        .args(["--disable-component-update", "--disable-sync", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("http://localhost:{port}/school/kestrel-academy/2026-27"))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&dom.stdout).into_owned();
    assert!(
        dom.contains("<h1") && dom.contains("Kestrel Vale Academy"),
        "the browser shows the page: {}",
        dom.chars().take(400).collect::<String>()
    );
    assert_eq!(dom.matches("<h1").count(), 1);
    assert!(!dom.contains("<script"), "the page needs no script");
}
