//! Two processes that write one lake at once, and are killed at any moment, lose nothing and double nothing: in a folder and in a bucket.
//! `WEIR_SEED` draws another race.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use weir_tests::dice::Dice;
use weir_tests::{Home, Ran, is_long};

use crate::the_lake_may_lie_in_a_store::{Far, Store, log, parts};

/// What must come out as if one had read file by file: the rows without what tells which of two overlapping files each is of.
const ROWS: &str = "SELECT event_time, action, host, url_path, status, bytes_in, count(*) AS n, count(DISTINCT user_key) AS people FROM events \
                    GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6";
const LEDGER: &str = "SELECT count(*) AS files, sum(lines) AS lines, sum(events) AS events, sum(ignored_lines) AS ignored, sum(quarantined) AS quarantined FROM receipts";

/// Files to read: some of their own, and one that overlaps two others.
fn logs(folder: &Path, count: u32) -> Vec<PathBuf> {
    let mut logs: Vec<PathBuf> = (0..count).map(|n| log(folder, &(61 + n).to_string())).collect();
    let half = |path: &PathBuf, is_second: bool| {
        let text = fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let (first, second) = lines.split_at(lines.len() / 2);
        (if is_second { second } else { first }).iter().map(|line| format!("{line}\n")).collect::<String>()
    };
    let across = folder.join("across.log");
    fs::write(&across, half(&logs[0], true) + &half(&logs[1], false)).unwrap();
    logs.push(across);
    logs
}

/// Two writers, each with its own order of the same files; one of them killed now and then. Gives the kills.
fn race(ingest: &(dyn Fn(&Path) -> Command + Sync), logs: &[PathBuf], dice: &mut Dice, kills: u32) -> u32 {
    let began = Instant::now();
    let mut first = logs.to_vec();
    dice.shuffle(&mut first);
    let mut second = logs.to_vec();
    dice.shuffle(&mut second);
    let killed = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for order in [first, second] {
            let mut dice = Dice::new(dice.roll());
            let killed = &killed;
            scope.spawn(move || {
                for path in order {
                    loop {
                        assert!(began.elapsed() < Duration::from_secs(900), "{} was never read", path.display());
                        let mut command = ingest(&path);
                        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
                        if killed.load(Ordering::SeqCst) < kills && dice.below(2) == 0 {
                            std::thread::sleep(Duration::from_millis(20 + dice.below(600)));
                            if child.try_wait().unwrap().is_none() {
                                child.kill().unwrap();
                                child.wait().unwrap();
                                killed.fetch_add(1, Ordering::SeqCst);
                                continue;
                            }
                        }
                        let ran: Ran = child.wait_with_output().unwrap().into();
                        if ran.status <= 1 && ran.status >= 0 {
                            break;
                        }
                        // The loser of a race says so, and is run again.
                        let lost =
                            ["another run changed the lake first", "another run"].iter().any(|words| ran.stderr.contains(words));
                        assert!(lost, "{}: {}{}", path.display(), ran.stdout, ran.stderr);
                    }
                }
            });
        }
    });
    killed.into_inner()
}

/// The lake of one who reads file by file.
fn wanted(logs: &[PathBuf]) -> (Vec<Value>, Vec<Value>) {
    let home = Home::new();
    for path in logs {
        assert!(home.ingest("squid", path).status <= 1);
    }
    (home.sql(ROWS), home.sql(LEDGER))
}

fn of(row: &Value, names: &[&str]) -> Vec<i64> {
    names.iter().map(|name| row[*name].as_i64().unwrap()).collect()
}

fn same(seed: u64, found: &(Vec<Value>, Vec<Value>), wanted: &(Vec<Value>, Vec<Value>)) {
    assert!(found.0 == wanted.0, "seed {seed}: {} rows of {}", found.0.len(), wanted.0.len());
    let names = ["files", "lines", "events", "ignored", "quarantined"];
    assert_eq!(of(&found.1[0], &names), of(&wanted.1[0], &names), "seed {seed}");
}

#[test]
fn in_a_folder() {
    let seed = Dice::seed_or(5);
    let mut dice = Dice::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let logs = logs(folder.path(), if is_long() { 12 } else { 4 });
    let wanted = wanted(&logs);
    for _ in 0..if is_long() { 10 } else { 2 } {
        let home = Home::new();
        let school = home.school();
        let ingest = |path: &Path| {
            let mut command = home.command();
            command.args(["ingest", "--school", &school, "--format", "squid"]).arg(path);
            command
        };
        let kills = race(&ingest, &logs, &mut dice, 4);
        same(seed, &(home.sql(ROWS), home.sql(LEDGER)), &wanted);
        eprintln!("{} files, two writers, {kills} kills", logs.len());
    }
}

#[test]
fn in_a_bucket() {
    let Some((program, server)) = parts() else { return };
    let store = Store::start(&server);
    let seed = Dice::seed_or(6);
    let mut dice = Dice::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let logs = logs(folder.path(), if is_long() { 8 } else { 3 });
    let wanted = wanted(&logs);
    for round in 0..if is_long() { 6 } else { 1 } {
        let far = Far::new(&store, &program, &format!("race-{round}"));
        let kills = race(&|path| far.ingest(path), &logs, &mut dice, 3);
        same(seed, &(far.sql(ROWS), far.sql(LEDGER)), &wanted);
        eprintln!("{} files, two writers, {kills} kills, in a bucket", logs.len());
    }
}
