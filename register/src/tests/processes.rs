//! Two processes at one register, and one that is killed in mid-write.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{Place, by_command};
use crate::{Action, BlockingRegister};

/// Names the file the second process writes to, and how many rows; 0 is without end.
const FILE: &str = "WEIR_TEST_REGISTER";
const ROWS: &str = "WEIR_TEST_ROWS";

/// Not a test by itself: the second process. Prints a row's number once it is told that the row stands.
#[test]
fn second_process() {
    let Some(path) = std::env::var_os(FILE) else { return };
    let rows: u64 = std::env::var(ROWS).unwrap().parse().unwrap();
    let register = BlockingRegister::open(Path::new(&path)).unwrap();
    let mut written = 0;
    while rows == 0 || written < rows {
        let receipt = register.audit(by_command(Action::Sql).with("row", written)).unwrap();
        println!("row {}", receipt.number());
        written += 1;
    }
}

pub(super) fn start(path: &Path, rows: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::processes::second_process", "--nocapture", "--test-threads=1"])
        .env(FILE, path)
        .env(ROWS, rows.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The numbers the second process was told of, read as they come.
pub(super) fn told(child: &mut Child) -> impl Iterator<Item = u64> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The test harness may write its own words before the first on the same line.
    lines.map_while(Result::ok).filter_map(|line| line.rsplit_once("row ").and_then(|(_, number)| number.parse().ok()))
}

#[tokio::test]
async fn two_processes_write_one_chain() {
    let place = Place::new().await;
    let mut others = [start(&place.path(), 60), start(&place.path(), 60)];
    let mut own = Vec::new();
    for _ in 0..60 {
        own.push(place.register.audit(by_command(Action::Query)).await.unwrap().number());
    }
    let mut all = own;
    for other in &mut others {
        all.extend(told(other));
        assert!(other.wait().unwrap().success());
    }
    all.sort_unstable();
    assert_eq!(all, (1..=180).collect::<Vec<_>>());
    let verified = place.register.verify_audit(None).await.unwrap();
    assert_eq!((verified.rows, verified.findings), (180, vec![]));
}

#[tokio::test]
async fn a_killed_process_loses_no_row_it_was_told_of() {
    for stop_after in [1, 7, 20] {
        let place = Place::new().await;
        let mut other = start(&place.path(), 0);
        let mut numbers = told(&mut other);
        let mut acknowledged: Vec<u64> = numbers.by_ref().take(stop_after).collect();
        // On Unix this is SIGKILL: nothing is flushed or tidied.
        other.kill().unwrap();
        acknowledged.extend(numbers);
        other.wait().unwrap();
        let last = *acknowledged.iter().max().unwrap();
        let verified = place.register.verify_audit(None).await.unwrap();
        assert_eq!(verified.findings, [], "killed after {stop_after}");
        assert!(verified.rows >= last, "{} rows, {last} acknowledged", verified.rows);
        // At most the row under way stands without having been told.
        assert!(verified.rows <= last + 1, "{} rows, {last} acknowledged", verified.rows);
        assert_eq!(place.register.audit(by_command(Action::Query)).await.unwrap().number(), verified.rows + 1);
    }
}

#[tokio::test]
async fn a_writer_waits_for_another_process() {
    let place = Place::new().await;
    let mut other = place.behind_its_back().await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let waiting = tokio::spawn({
        let register = place.register.clone();
        async move { register.audit(by_command(Action::Query)).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    // Readers do not wait.
    assert_eq!(place.register.verify_audit(None).await.unwrap().rows, 0);
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().number(), 1);
}
