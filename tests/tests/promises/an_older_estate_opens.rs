//! An estate that an earlier release wrote opens, answers what it answered then, and takes what comes next.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use weir_tests::{Ran, weir_bin};

/// Every release kept: `tests/make-release-fixture` makes one.
fn releases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.to_string_lossy().ends_with(".tar.gz"));
    found.sort();
    found
}

fn weir(home: &Path, arguments: &[&str]) -> Ran {
    Command::new(weir_bin()).arg("--config").arg(home.join("estate/weir.toml")).args(arguments).output().unwrap().into()
}

#[test]
fn it_answers_as_it_did_and_goes_on() {
    let releases = releases();
    assert!(!releases.is_empty());
    for release in releases {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        let opened = Command::new("tar").args(["--no-same-owner", "-xpzf"]).arg(&release).arg("-C").arg(home).status().unwrap();
        assert!(opened.success());
        let queries = fs::read_to_string(home.join("queries.txt")).unwrap();
        let answers = fs::read_to_string(home.join("answers.ndjson")).unwrap();
        let answers: Vec<&str> = answers.split("---\n").collect();
        for (query, wanted) in queries.lines().zip(&answers) {
            assert!(!wanted.is_empty(), "{query}");
            let ran = weir(home, &["sql", "--output", "ndjson", query]);
            assert_eq!((ran.status, ran.stdout.as_str()), (0, *wanted), "{}: {query}\n{}", release.display(), ran.stderr);
        }
        let trail = weir(home, &["audit", "verify"]);
        assert!(trail.stdout.contains("The trail is whole"), "{}{}", trail.stdout, trail.stderr);
        let verified = weir(home, &["verify"]);
        assert_eq!(verified.status, 0, "two engines agree: {}{}", verified.stdout, verified.stderr);

        // The same file adds nothing; a longer one adds its new lines alone.
        let school = weir(home, &["sql", "--output", "csv", "SELECT school_id FROM schools"]).stdout;
        let school = school.lines().nth(1).unwrap().trim().to_owned();
        let log = home.join("two.log").display().to_string();
        let ingest = ["ingest", "--settled", "--school", &school, "--format", "squid", &log];
        let again = weir(home, &ingest);
        assert!(again.stdout.contains("already read"), "{}{}", again.stdout, again.stderr);
        let count = || weir(home, &["sql", "--output", "csv", "SELECT count(*) AS n FROM events"]).stdout;
        let before: i64 = count().lines().nth(1).unwrap().trim().parse().unwrap();
        let text = fs::read_to_string(&log).unwrap() + &weir_tests::squid_line(0, "apatel", "http://maps.example/") + "\n";
        fs::write(&log, text).unwrap();
        let grown = weir(home, &ingest);
        assert!(grown.status <= 1, "{}{}", grown.stdout, grown.stderr);
        assert_eq!(count().lines().nth(1).unwrap().trim().parse::<i64>().unwrap(), before + 1);
    }
}
