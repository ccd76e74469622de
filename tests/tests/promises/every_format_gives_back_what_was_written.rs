//! Lines of every format, written from the vendors' documents by code that knows nothing of the reader, come back as the rows they were
//! written from, in every column that the line carries.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use weir_sample_data::{TruthLine, format_ids, shapes_of, write_with_truth};
use weir_tests::weir_bin;

/// Lines of each shape: enough that every word of decision and every awkward value comes several times.
const ROWS: u64 = 400;

/// Shortly after the last written time, so that a line without a year gets the right one.
const NOW: &str = "2026-11-22T12:00:00Z";
const NOW_SECONDS: u64 = 1_795_348_800;

/// Columns that a format reads and that no line of these holds, with the reason.
const HOLES: [(&str, &[&str]); 1] = [
    // Its only lines with a client are flows, which have rows only where a source keeps them, and admin events, which have no client.
    ("unifi-cef", &["device", "src_ip"]),
];

/// Parts of other columns, or columns that `inspect` does not print.
const NOT_SHOWN: [&str; 3] = ["concern", "site", "user_domain"];

/// What came of all shapes of all formats.
#[derive(Default)]
struct Found {
    failures: Vec<String>,
    lines: usize,
    outcomes: BTreeSet<String>,
    actions: BTreeSet<String>,
}

fn weir(folder: &Path, arguments: &[&str]) -> String {
    let ran = Command::new(weir_bin()).current_dir(folder).env("WEIR_NOW", NOW).args(arguments).output().expect("weir starts");
    assert!(matches!(ran.status.code(), Some(0 | 1)), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("UTF-8")
}

/// Id and evidence of every format that Weir brings.
fn formats(folder: &Path) -> Vec<(String, String)> {
    let text = |format: &Value, name: &str| format[name].as_str().expect("a text").to_owned();
    let listed = weir(folder, &["formats", "list", "--output", "ndjson"]);
    listed
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object a line"))
        .map(|format: Value| (text(&format, "id"), text(&format, "evidence")))
        .collect()
}

/// Writes a shape's lines to a file whose time of writing is the same wherever the test runs.
fn written(folder: &Path, id: &str, shape: usize) -> (PathBuf, Vec<TruthLine>) {
    let path = folder.join(format!("{id}-{shape}.log"));
    let mut file = File::create(&path).expect("a file");
    let mut truth = Vec::new();
    write_with_truth(id, shape, ROWS, 7, &mut file, &mut |line| {
        truth.push(line.clone());
        Ok(())
    })
    .expect("lines");
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW_SECONDS)).expect("a time of writing");
    (path, truth)
}

/// What of the rows differs from the truth, a few examples of each kind; and the columns that were given rightly.
fn compare(rows: &str, truth: &[TruthLine], given: &mut BTreeSet<String>) -> Vec<String> {
    let mut by_line: BTreeMap<u64, Value> = BTreeMap::new();
    for row in rows.lines() {
        let row: Value = serde_json::from_str(row).expect("an object a line");
        let line_no = row["line_no"].as_u64().expect("a number");
        assert!(by_line.insert(line_no, row).is_none(), "line {line_no} comes twice");
    }
    let mut differing: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut differs = |what: String, example: String| differing.entry(what).or_insert((0, example)).0 += 1;
    for line in truth {
        let row = by_line.remove(&line.line_no).unwrap_or(Value::Null);
        let wanted = (Some(line.outcome), line.reason);
        let found = (row["outcome"].as_str(), row["reason"].as_str());
        if wanted != found {
            differs(format!("outcome {wanted:?}, found {found:?}"), format!("line {}", line.line_no));
            continue;
        }
        for (column, wanted) in &line.columns {
            let found = &row[column.as_str()];
            if found != wanted {
                differs(column.clone(), format!("line {}: wanted {wanted}, found {found}", line.line_no));
            } else if !wanted.is_null() {
                given.insert(column.clone());
            }
        }
    }
    for line in by_line.into_keys() {
        differs(String::from("a line that was not written"), format!("line {line}"));
    }
    differing.into_iter().map(|(what, (times, example))| format!("  {what}, {times} times ({example})")).collect()
}

/// The columns that a format's file reads, as `weir formats show` lists them.
fn read_columns(folder: &Path, id: &str) -> Vec<String> {
    let shown = weir(folder, &["formats", "show", id]);
    let table = shown.lines().skip_while(|line| *line != "Columns").take_while(|line| !line.starts_with('└'));
    let columns: Vec<String> = table
        .filter_map(|line| line.split_once('┆'))
        .map(|(column, _)| column.trim_matches(['│', ' ']).to_owned())
        .filter(|column| !column.is_empty() && column != "column")
        .collect();
    assert!(!columns.is_empty(), "{id}: no columns are shown");
    columns
}

/// The columns of a row that a column of a format's file fills.
fn fills(column: &str) -> Vec<&str> {
    match column {
        "url" => vec!["host"],
        "path" => vec!["url_path"],
        "query" => vec!["url_query"],
        "referrer" => vec!["referrer_domain"],
        "vendor_category_id" => vec!["category", "vendor_category"],
        column => vec![column],
    }
}

fn check(folder: &Path, id: &str, evidence: &str, found: &Mutex<Found>) {
    let mut failures = Vec::new();
    let mut given = BTreeSet::new();
    let shapes = shapes_of(id);
    if shapes == 0 {
        failures.push(format!("{id}: sample-data has no writer of it; add one to sample-data/src/shapes"));
    }
    for shape in 0..shapes {
        let (path, truth) = written(folder, id, shape);
        let file = path.to_str().expect("a path in UTF-8");
        let named = weir(folder, &["inspect", "--format", id, "--output", "ndjson", file]);
        let differing = compare(&named, &truth, &mut given);
        if !differing.is_empty() {
            failures.push(format!("{id}, shape {shape}:\n{}", differing.join("\n")));
        }
        // A format of guessed names is never taken by itself.
        if evidence != "inferred" {
            let detected = weir_or_error(folder, file);
            if detected != named {
                let first = detected.lines().next().unwrap_or_default().chars().take(300).collect::<String>();
                failures.push(format!("{id}, shape {shape}: detection reads it otherwise: {first}"));
            }
        }
        let mut found = found.lock().expect("no check panicked");
        found.lines += truth.len();
        found.outcomes.extend(truth.iter().map(|line| line.outcome.to_owned()));
        found.actions.extend(truth.iter().filter_map(|line| line.columns.get("action")?.as_str().map(str::to_owned)));
    }
    let known: &[&str] = HOLES.iter().find(|(format, _)| *format == id).map_or(&[], |(_, columns)| columns);
    for column in read_columns(folder, id) {
        if NOT_SHOWN.contains(&column.as_str()) {
            continue;
        }
        let is_given = fills(&column).into_iter().any(|name| given.contains(name));
        if is_given == known.contains(&column.as_str()) {
            let what = if is_given { "is filled: take it from HOLES" } else { "is read, and no written line fills it" };
            failures.push(format!("{id}: column {column} {what}"));
        }
    }
    found.lock().expect("no check panicked").failures.extend(failures);
}

/// What `inspect` makes of a file whose format it has to find out, or what it says.
fn weir_or_error(folder: &Path, file: &str) -> String {
    let ran = Command::new(weir_bin())
        .current_dir(folder)
        .env("WEIR_NOW", NOW)
        .args(["inspect", "--format", "auto", "--output", "ndjson", file])
        .output()
        .expect("weir starts");
    String::from_utf8_lossy(if ran.stdout.is_empty() { &ran.stderr } else { &ran.stdout }).into_owned()
}

#[test]
fn round_trip() {
    let folder = tempfile::tempdir().expect("a folder");
    let formats = formats(folder.path());
    let ids: BTreeSet<&str> = formats.iter().map(|(id, _)| id.as_str()).collect();
    let unknown: Vec<&str> = format_ids().into_iter().filter(|id| !ids.contains(id)).collect();
    assert!(unknown.is_empty(), "sample-data writes formats that Weir does not bring: {unknown:?}");

    let found = Mutex::new(Found::default());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((id, evidence)) = formats.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check(folder.path(), id, evidence, &found);
                }
            });
        }
    });
    let mut found = found.into_inner().expect("no check panicked");
    found.failures.sort();
    assert!(found.failures.is_empty(), "{}", found.failures.join("\n"));
    // The comparison compared something: every outcome, every action, and lines of every format.
    assert!(found.lines as u64 >= ROWS * formats.len() as u64, "{} lines", found.lines);
    assert_eq!(found.outcomes.into_iter().collect::<Vec<_>>(), ["admin_event", "event", "ignored", "quarantined"]);
    assert_eq!(found.actions.into_iter().collect::<Vec<_>>(), ["allowed", "blocked", "overridden", "warned"]);
}

/// A difference that were overlooked would make the round trip worthless.
#[test]
fn a_difference_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, mut truth) = written(folder.path(), "squid", 0);
    let rows = weir(folder.path(), &["inspect", "--format", "squid", "--output", "ndjson", path.to_str().expect("a path")]);
    assert_eq!(compare(&rows, &truth, &mut BTreeSet::new()), Vec::<String>::new());
    let event = truth.iter().position(|line| line.columns.contains_key("user")).expect("an event");
    truth[event].columns.insert("user".to_owned(), Value::from("someone.else"));
    let found = compare(&rows, &truth, &mut BTreeSet::new());
    assert!(found.len() == 1 && found[0].contains("user, 1 times"), "{found:?}");
    truth.remove(event);
    let found = compare(&rows, &truth, &mut BTreeSet::new());
    assert!(found.len() == 1 && found[0].contains("was not written"), "{found:?}");
    // A file that was cut short is found too.
    fs::write(&path, fs::read(&path).expect("the file").split_at(200).0).expect("a shorter file");
    let short = weir(folder.path(), &["inspect", "--format", "squid", "--output", "ndjson", path.to_str().expect("a path")]);
    assert!(!compare(&short, &truth, &mut BTreeSet::new()).is_empty());
}
