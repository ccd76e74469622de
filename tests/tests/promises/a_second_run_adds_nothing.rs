//! The same file again, renamed or gzipped, adds nothing and says so.

use std::process::Command;

use weir_tests::{Home, sample_data_bin};

#[test]
fn same_renamed_or_gzipped() {
    let home = Home::new();
    let log = home.path().join("access.log");
    let made = Command::new(sample_data_bin())
        .args(["--format", "squid", "--rows", "3000", "--seed", "11", "--out"])
        .arg(&log)
        .status()
        .unwrap();
    assert!(made.success());
    let first = home.ingest("squid", &log);
    assert!(first.status <= 1, "{}", first.stderr);
    let events = home.number("SELECT count(*) AS n FROM events");
    let receipts = home.number("SELECT count(*) AS n FROM receipts");
    assert!(events > 2000, "{events} events of 3000 lines");
    assert_eq!(receipts, 1);

    let renamed = home.path().join("copy-of-yesterday.txt");
    std::fs::copy(&log, &renamed).unwrap();
    let zipped = home.path().join("again.log.gz");
    let gzip = Command::new("gzip").arg("-c").arg(&log).output().unwrap();
    std::fs::write(&zipped, gzip.stdout).unwrap();
    for again in [&log, &renamed, &zipped] {
        let ran = home.ingest("squid", again);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains("already"), "says that the file is known: {}", ran.stdout);
        assert_eq!(home.number("SELECT count(*) AS n FROM events"), events);
        assert_eq!(home.number("SELECT count(*) AS n FROM receipts"), 1);
    }
}
