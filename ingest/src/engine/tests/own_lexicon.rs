//! A school's own lexicon files count when lines are read and when they are told again.

use super::*;
use crate::normalise::Reference;
use crate::reclassify::{ReclassifyOptions, reclassify};

const OWN: &str = r#"
[[entry]]
id = "own.kite"
terms = ["red kite"]
match = "phrase"
weight = 5
severity = 2
intent = "research"
phases = ["secondary"]
lang = "en"
rationale = "a test"
source = "none"
since = "2026-27"
added = "2026-11-01"
reviewed = "2026-11-01"
hits = ["red kite"]
misses = ["kite", "blue kite"]
"#;

/// A search of an invented Squid log.
const SEARCH: &str = "1793869200.000     61 10.20.30.41 TCP_MISS/200 8811 GET http://www.bing.com/search?q=red+kite apatel \
                      HIER_DIRECT/192.0.2.8 text/html\n";

fn concerns(home: &Home) -> Vec<String> {
    let at = Table::Events.column_index("concern_id").unwrap();
    home.rows(Table::Events, true).iter().map(|row| row.split('|').nth(at).unwrap().to_owned()).collect()
}

#[test]
fn an_own_entry_counts_for_reading_and_for_telling_again() {
    let mut home = Home::new();
    home.estate.home = home.folder.path().to_path_buf();
    fs::create_dir(home.path("lexicon")).unwrap();
    home.file("lexicon/bullying.toml", OWN);
    let log = home.file("access.log", SEARCH);
    home.ingest(&log, PLAINLY);
    assert_eq!(concerns(&home), ["own.kite"]);

    fs::remove_file(home.path("lexicon/bullying.toml")).unwrap();
    let options = ReclassifyOptions { run_id: RunId::parse("again").unwrap(), days: None, threads: 2, look_only: false };
    let reference = Reference::of_estate(&home.estate).unwrap();
    reclassify(&home.estate, &home.lake, &home.vault, &home.catalogue, &reference, &options, &|_, _| {}).unwrap();
    assert_eq!(concerns(&home), ["-"]);
}

#[test]
fn a_bad_own_file_stops_an_ingest_before_anything_is_read() {
    let mut home = Home::new();
    home.estate.home = home.folder.path().to_path_buf();
    fs::create_dir(home.path("lexicon")).unwrap();
    home.file("lexicon/bullying.toml", OWN.replace("severity = 2", "severity = 9"));
    let log = home.file("access.log", SEARCH);
    let error = home.try_ingest(&[log], PLAINLY).unwrap_err().to_string();
    assert!(error.contains("lexicon/bullying.toml line 3, entry own.kite: field severity"), "{error}");
    assert!(home.rows(Table::Events, true).is_empty());
}
