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

#[test]
fn reports_that_are_no_logs() {
    let home = Home::new();
    let workbook = {
        // The first bytes of a zip whose first member is a workbook's list of parts.
        let python = "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1], 'w')\nz.writestr('[Content_Types].xml', '<Types/>')\nz.writestr('xl/workbook.xml', '<x/>')\n";
        let path = home.path().join("blocked.xlsx");
        let made = Command::new("python3").args(["-c", python]).arg(&path).status().is_ok_and(|status| status.success());
        made.then_some(path)
    };
    let file = |name: &str, bytes: &[u8]| {
        let path = home.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let pdf = file("blocked.pdf", b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n1 0 obj\n");
    let picture = file("screen.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    let page = file("report.csv", b"<!DOCTYPE html><html><head><title>Report</title></head></html>");
    let totals = file("categories.csv", b"Category,Requests,Blocked\nGambling,120,118\nNews,4011,2\n");
    for format in ["auto", "squid"] {
        refused(&home.ingest(format, &pdf), &["blocked.pdf", "found a PDF", "CSV instead, one row a request"]);
        refused(&home.ingest(format, &picture), &["screen.png", "found a picture", "CSV instead, one row a request"]);
        refused(&home.ingest(format, &page), &["report.csv", "found a web page", "export CSV from the filter"]);
        if let Some(workbook) = &workbook {
            refused(&home.ingest(format, workbook), &["blocked.xlsx", "an Office workbook", "save the sheet as CSV"]);
        }
        let words =
            ["categories.csv", "holds totals (\"Category\", \"Requests\", \"Blocked\")", "one row a request with its time"];
        refused(&home.ingest(format, &totals), &words);
    }
    nothing_in_the_lake(&home);
    if workbook.is_none() {
        not_run("reports_that_are_no_logs (workbook)", "python3");
    }
}

#[test]
fn an_export_that_its_portal_cut() {
    let home = Home::new();
    let row =
        |n: u32| format!("05/11/2026 09:{:02}:{:02},DESK-4,Allowed,p{n}.maps.example,Travel,1 KB,3 MB\n", n / 60 % 60, n % 60);
    let text =
        String::from("Date/Time,Machine Name,Verdict,Website,Type,Upload,Download\n") + &(0..10_000).map(row).collect::<String>();
    let log = home.path().join("ycharlton.csv");
    fs::write(&log, text).unwrap();
    let school = home.school();
    let words = ["ingest", "--school", &school, "--format", "linewize-timeline", "--user", "ycharlton", "--settled"];
    let ran = home.weir_ok(words.map(std::ffi::OsStr::new).into_iter().chain([log.as_os_str()]), 1);
    assert!(ran.stdout.contains("exactly 10,000 rows: the portal probably cut it; export shorter periods"), "{}", ran.stdout);
    assert_eq!(home.number("SELECT count(*) AS n FROM events WHERE user_key IS NOT NULL"), 10_000);
    // The name stands on the command line, in the file's own name and nowhere else.
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("ycharlton"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(home.number("SELECT count(*) AS n FROM receipts WHERE path LIKE '%charlton%'"), 0);
}

#[test]
fn a_name_for_an_export_that_names_others() {
    let home = Home::new();
    let log = home.path().join("access.log");
    let line =
        "1793869200.042 61 10.20.30.4 TCP_MISS/200 8811 GET http://www.maps.example/ rokafor HIER_DIRECT/192.0.2.8 text/html\n";
    fs::write(&log, line).unwrap();
    let ingest: Vec<&std::ffi::OsStr> = ["ingest", "--format", "squid", "--user", "apatel"].map(std::ffi::OsStr::new).to_vec();
    refused(
        &home.weir([ingest, vec![log.as_os_str()]].concat()),
        &["access.log".trim_start_matches("access"), "leave --user out"],
    );
    let inspect: Vec<&std::ffi::OsStr> = ["inspect", "--format", "squid", "--user", "apatel"].map(std::ffi::OsStr::new).to_vec();
    refused(&home.weir([inspect, vec![log.as_os_str()]].concat()), &["leave --user out"]);
    refused(&home.weir(["ingest", "--user", "-", "access.log"]), &["--user", "the log-in of one person"]);
    nothing_in_the_lake(&home);
}
