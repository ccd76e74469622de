//! Each kind of bad input ends with a message that says what, where and the mend, with status 2, and with nothing in the lake.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use weir_tests::{Home, Ran, not_run, sample_data_bin};

fn squid_lines(rows: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines.log");
    let made = Command::new(sample_data_bin())
        .args(["--format", "squid", "--rows", rows, "--seed", "21", "--out"])
        .arg(&file)
        .status()
        .unwrap();
    assert!(made.success());
    fs::read(file).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plain");
    fs::write(&file, bytes).unwrap();
    Command::new("gzip").arg("-c").arg(&file).output().unwrap().stdout
}

#[track_caller]
fn refused(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.status, 2, "stdout: {}\nstderr: {}", ran.stdout, ran.stderr);
    let text = format!("{}{}", ran.stdout, ran.stderr).to_lowercase();
    for word in words {
        assert!(text.contains(&word.to_lowercase()), "no {word:?} in: {text}");
    }
    assert!(!text.contains("panicked"), "{text}");
}

#[track_caller]
fn nothing_in_the_lake(home: &Home) {
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), 0);
    assert_eq!(home.number("SELECT count(*) AS n FROM receipts"), 0);
}

#[test]
fn an_unknown_format() {
    let home = Home::new();
    let log = home.path().join("a.log");
    fs::write(&log, squid_lines("10")).unwrap();
    refused(&home.ingest("squib", &log), &["squib", "squid", "weir formats list"]);
    nothing_in_the_lake(&home);
}

#[test]
fn lines_that_no_format_claims() {
    let home = Home::new();
    let log = home.path().join("poem.log");
    fs::write(&log, "the owl went out\nand did not come home\n".repeat(40)).unwrap();
    refused(&home.ingest("auto", &log), &["poem.log", "format"]);
    nothing_in_the_lake(&home);
}

#[test]
fn an_empty_file() {
    let home = Home::new();
    let log = home.path().join("empty.log");
    fs::write(&log, "").unwrap();
    // A quiet night is no failure: it is said, and nothing else happens.
    let ran = home.weir_ok(
        ["ingest".as_ref(), "--school".as_ref(), home.school().as_ref(), "--format".as_ref(), "squid".as_ref(), log.as_os_str()],
        0,
    );
    assert!(ran.stdout.contains("empty.log: the file is empty; nothing was read"), "{}", ran.stdout);
    nothing_in_the_lake(&home);
}

#[test]
fn a_binary_file() {
    let home = Home::new();
    let log = home.path().join("photo.log");
    let bytes: Vec<u8> = (0..200_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(&log, bytes).unwrap();
    refused(&home.ingest("squid", &log), &["photo.log", "binary"]);
    nothing_in_the_lake(&home);
}

#[test]
fn a_truncated_gzip_counts_nothing() {
    let home = Home::new();
    let log = home.path().join("half.log.gz");
    let whole = gzip(&squid_lines("5000"));
    fs::write(&log, &whole[..whole.len() / 2]).unwrap();
    refused(&home.ingest("squid", &log), &["half.log.gz"]);
    nothing_in_the_lake(&home);
    // The whole file, fetched again, is read as if nothing had happened.
    fs::write(&log, whole).unwrap();
    assert!(home.ingest("squid", &log).status <= 1);
    assert_eq!(home.number("SELECT lines AS n FROM receipts"), 5000);
}

#[test]
fn a_zip_bomb_is_refused() {
    let Some(python) = std::iter::once("python3").find(|python| Command::new(python).arg("--version").output().is_ok()) else {
        return not_run("a_zip_bomb_is_refused", "python3");
    };
    let home = Home::new();
    let log = home.path().join("bomb.zip");
    let make = "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED)\nwith z.open('access.log', 'w', force_zip64=True) as f:\n    for _ in range(3000): f.write(b'0' * (1 << 20))\n";
    assert!(Command::new(python).arg("-c").arg(make).arg(&log).status().unwrap().success());
    refused(&home.ingest("squid", &log), &["bomb.zip"]);
    nothing_in_the_lake(&home);
}

#[test]
fn a_calendar_with_overlapping_rows() {
    let home = Home::new();
    let calendar = home.estate().join("calendar.csv");
    let mut text = fs::read_to_string(&calendar).unwrap();
    text.push_str("*,2026-09-01,2026-10-23,half_term_block,Autumn 1\n*,2026-10-20,2026-12-18,half_term_block,Autumn 2\n");
    fs::write(&calendar, text).unwrap();
    let log = home.path().join("a.log");
    fs::write(&log, squid_lines("10")).unwrap();
    refused(&home.ingest("squid", &log), &["calendar.csv", "line", "overlap"]);
}

#[test]
fn a_calendar_row_of_an_unknown_kind() {
    let home = Home::new();
    let calendar = home.estate().join("calendar.csv");
    let mut text = fs::read_to_string(&calendar).unwrap();
    text.push_str("*,2026-09-01,2026-10-23,half-term,Autumn 1\n");
    fs::write(&calendar, text).unwrap();
    refused(
        &home.weir(["sql", "SELECT 1"]),
        &["calendar.csv", "kind", "half-term", "half_term_block, holiday, inset or closure"],
    );
}

#[test]
fn an_unknown_school() {
    let home = Home::new();
    let log = home.path().join("a.log");
    fs::write(&log, squid_lines("10")).unwrap();
    let ran = home.weir([
        "ingest".as_ref(),
        "--school".as_ref(),
        "atlantis-primary".as_ref(),
        "--format".as_ref(),
        "squid".as_ref(),
        log.as_os_str(),
    ]);
    refused(&ran, &["atlantis-primary", &home.school()]);
}

#[test]
fn a_file_that_is_not_there() {
    let home = Home::new();
    refused(&home.ingest("squid", Path::new("/no/such/access.log")), &["access.log"]);
}

#[test]
fn a_lake_without_permission() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let log = home.path().join("a.log");
    fs::write(&log, squid_lines("10")).unwrap();
    let lake = home.estate().join("lake");
    fs::create_dir_all(&lake).unwrap();
    fs::set_permissions(&lake, fs::Permissions::from_mode(0o555)).unwrap();
    // Root may write anywhere, so the command runs as somebody else where it can.
    let is_root = fs::write(lake.join("probe"), "x").is_ok();
    if is_root {
        drop(fs::remove_file(lake.join("probe")));
        let Ok(as_nobody) = Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(weir_tests::weir_bin())
            .arg("--config")
            .arg(home.estate().join("weir.toml"))
            .args(["ingest", "--school", &home.school(), "--format", "squid"])
            .arg(&log)
            .output()
        else {
            return not_run("a_lake_without_permission", "setpriv");
        };
        let ran: Ran = as_nobody.into();
        assert_eq!(ran.status, 2, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.to_lowercase().contains("permission"), "{}", ran.stderr);
    } else {
        refused(&home.ingest("squid", &log), &["permission"]);
    }
}

#[test]
fn a_full_disk_leaves_nothing_half_done() {
    let home = Home::new();
    let lake = home.estate().join("lake");
    fs::create_dir_all(&lake).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
        .arg(&lake)
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        return not_run("a_full_disk_leaves_nothing_half_done", "a tmpfs mount (root)");
    }
    let log = home.path().join("big.log");
    fs::write(&log, squid_lines("200000")).unwrap();
    let full = home.ingest("squid", &log);
    let sound = home.weir(["sql", "--output", "ndjson", "SELECT count(*) AS n FROM events"]);
    drop(Command::new("umount").arg(&lake).status());
    refused(&full, &["space"]);
    assert!(sound.stdout.contains("{\"n\":0}"), "{}{}", sound.stdout, sound.stderr);
}

#[test]
fn a_csv_whose_column_went_missing() {
    // A W3C log names its columns: without the one that decides, it is refused, not guessed.
    let home = Home::new();
    let log = home.path().join("proxy.log");
    let mut file = fs::File::create(&log).unwrap();
    writeln!(file, "#Software: SGOS 7.3\n#Version: 1.0\n#Fields: date time c-ip cs-username cs-host").unwrap();
    writeln!(file, "2026-11-05 09:14:02 10.1.2.3 apatel maps.example").unwrap();
    let ran = home.ingest("bluecoat", &log);
    assert_eq!(ran.status, 2, "stdout: {}\nstderr: {}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("sc-filter-result") || ran.stderr.contains("column"), "{}", ran.stderr);
    nothing_in_the_lake(&home);
}
