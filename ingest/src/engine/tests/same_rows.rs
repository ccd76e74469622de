use std::io::Write;

use proptest::prelude::*;

use super::*;
use crate::report::FileStatus;

fn log(lines: usize) -> String {
    (0..lines).map(|n| squid(n as f64 * 0.4, ["apatel", "y9-fern", "y7-basil", "-"][n % 4], &format!("p{n}")) + "\n").collect()
}

#[test]
fn every_line_is_a_row_and_a_second_run_adds_nothing() {
    let home = Home::new();
    let text = log(500) + "\nnot a line of any log\n";
    let path = home.file("access.log", &text);
    let report = home.ingest(&path, PLAINLY);
    assert_eq!((report.total.lines, report.total.events, report.total.quarantined), (502, 500, 1));
    assert_eq!(report.total.ignored.get("blank"), Some(&1));
    assert!(report.is_first_of_source);
    assert_eq!(home.rows(Table::Events, true).len(), 500);
    assert_eq!(home.rows(Table::Quarantine, true).len(), 1);
    assert_eq!(home.index_entries(), 500);
    let receipts = home.receipts();
    assert_eq!(receipts.len(), 1);
    assert_eq!(receipts[0].file_id.as_str(), blake3::hash(text.as_bytes()).to_hex().as_str());
    assert_eq!(receipts[0].head_id.as_str(), blake3::hash(&text.as_bytes()[..4096]).to_hex().as_str());
    assert_eq!((receipts[0].byte_from, receipts[0].byte_to), (0, text.len() as u64));

    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let zipped = home.file("renamed.gz", gzip.finish().unwrap());
    let copied = home.file("copy.txt", &text);
    let before = home.lake.snapshot().unwrap().version;
    for path in [path, zipped, copied] {
        let report = home.ingest(&path, PLAINLY);
        assert_eq!(report.files[0].status, FileStatus::AlreadyRead);
        assert_eq!(report.lake_version, None);
    }
    assert_eq!(home.lake.snapshot().unwrap().version, before);
    assert_eq!(home.rows(Table::Events, true).len(), 500);
}

#[test]
fn a_copy_in_the_same_run_adds_nothing() {
    let home = Home::new();
    let first = home.file("a.log", log(50));
    let second = home.file("b.log", log(50));
    let report = home.try_ingest(&[first, second], PLAINLY).unwrap();
    assert_eq!([report.files[0].status, report.files[1].status], [FileStatus::Read, FileStatus::AlreadyRead]);
    assert_eq!(home.rows(Table::Events, true).len(), 50);
}

#[test]
fn a_large_input_is_written_in_pieces_under_its_own_id() {
    let home = Home::new();
    let small = home.file("a-small.log", squid(1.0, "early", "x") + "\n");
    let lines = 260_000;
    let mut text = String::new();
    for n in 0..lines {
        text.push_str(&squid(f64::from(n) * 0.5, "y9-fern", &format!("p{n}")));
        text.push('\n');
    }
    let large = home.file("b-large.log", &text);
    let report = home.try_ingest(&[small, large], PLAINLY).unwrap();
    assert_eq!(report.total.events, u64::from(lines) + 1);
    let id = report.files[1].file_id.clone().unwrap();
    assert_eq!(id, blake3::hash(text.as_bytes()).to_hex().as_str());
    let rows = home.rows(Table::Events, true);
    assert_eq!(rows.iter().filter(|row| row.contains(&id)).count(), usize::try_from(lines).unwrap());
    let mut places: Vec<u32> =
        rows.iter().filter(|row| row.contains(&id)).map(|row| row.rsplit('|').next().unwrap().parse().unwrap()).collect();
    places.sort_unstable();
    assert!(places.iter().copied().eq(1..=lines), "every line once");
    assert!(home.lake.snapshot().unwrap().files[&Table::Events].len() >= 4, "two days, two workers");
    assert_eq!(home.index_entries(), u64::from(lines) + 1);
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let good = (0u32..100_000, "[a-z]{1,6}", "[a-z0-9]{0,80}")
        .prop_map(|(second, user, page)| squid(f64::from(second), &user, &page).into_bytes());
    prop_oneof![
        8 => good.clone(),
        1 => "[ -~]{0,60}".prop_map(String::into_bytes),
        1 => good.prop_map(|mut line| { line[60] = 0xE9; line }),
        1 => Just(Vec::new()),
        1 => Just(b"a\0b".to_vec()),
        1 => "[a-z]{3000,5000}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(crate::properties::cases(24))]
    #[test]
    fn blocks_and_threads_change_no_row_and_the_ledger_balances(
        lines in prop::collection::vec(line(), 1..120), crlf: bool, ends: bool,
    ) {
        let end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
        let mut bytes = lines.join(end);
        if ends {
            bytes.extend_from_slice(end);
        }
        prop_assume!(!bytes.is_empty() && bytes[0] != 0);
        let read = |how: How| {
            let home = Home::new();
            let path = home.file("access.log", &bytes);
            let report = home.ingest(&path, how);
            (home.rows(Table::Events, true), home.rows(Table::Quarantine, true), report.total, report.files[0].file_id.clone())
        };
        // Keys are each home's own, so the user's column differs: compared without it.
        let strip = |rows: Vec<String>| -> Vec<String> {
            let mut rows: Vec<String> = rows.iter().map(|row| {
                row.split('|').filter(|value| !value.starts_with("k1-") && !value.starts_with("k0-")).collect::<Vec<_>>().join("|")
            }).collect();
            rows.sort();
            rows
        };
        let (events, quarantine, ledger, id) = read(PLAINLY);
        prop_assert_eq!(ledger.lines, ledger.events + ledger.admin_events + ledger.ignored_lines() + ledger.quarantined);
        let newlines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + u64::from(bytes.last() != Some(&b'\n'));
        prop_assert!(ledger.lines >= newlines, "{} lines of {newlines}", ledger.lines);
        for how in [How { threads: 1, unit: 1024, ..PLAINLY }, How { threads: 3, unit: 2048, ..PLAINLY }] {
            let (other_events, other_quarantine, other_ledger, other_id) = read(how);
            prop_assert_eq!(strip(other_events), strip(events.clone()));
            prop_assert_eq!(&other_quarantine, &quarantine);
            prop_assert_eq!(&other_ledger, &ledger);
            prop_assert_eq!(&other_id, &id);
        }
    }
}
