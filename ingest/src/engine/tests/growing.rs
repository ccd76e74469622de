use super::*;
use crate::report::FileStatus;

const FRESH: How = How { settled: false, ..PLAINLY };

/// A path written to just now, as far as the ingest's clock knows.
fn touch(path: &Path) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_micros(NOW.unsigned_abs());
    fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn a_growing_file_is_read_in_segments_that_end_at_newlines() {
    let home = Home::new();
    let lines: Vec<String> = (0..600).map(|n| squid(f64::from(n), "apatel", &format!("p{n}"))).collect();
    let text = |upto: usize| lines[..upto].join("\n");
    let path = home.path("access.log");
    for (upto, whole) in [(1, 0), (100, 99), (101, 100), (600, 599)] {
        fs::write(&path, text(upto)).unwrap();
        touch(&path);
        let report = home.ingest(&path, FRESH);
        let wanted = if whole == 0 { FileStatus::Waiting } else { FileStatus::Read };
        assert_eq!(report.files[0].status, wanted);
        assert_eq!(report.files[0].waiting_bytes as usize, lines[upto - 1].len());
        assert_eq!(home.rows(Table::Events, true).len(), whole);
    }
    assert_eq!(home.ingest(&path, FRESH).files[0].status, FileStatus::AlreadyRead);
    // However long it rests, Weir's own receiver may not have written the line's end yet.
    let options = IngestOptions { growing: true, settled: true, ..home.options() };
    let report =
        crate::engine::ingest(&home.estate, &home.lake, &home.vault, &home.catalogue, std::slice::from_ref(&path), &options)
            .unwrap();
    assert_eq!(report.files[0].status, FileStatus::AlreadyRead);
    // It has rested: the last line is whole.
    let report = home.ingest(&path, PLAINLY);
    assert_eq!((report.total.lines, report.files[0].status), (1, FileStatus::Read));
    assert_eq!(home.rows(Table::Events, true).len(), 600);

    let receipts = home.receipts();
    let mut segments: Vec<_> = receipts.iter().map(|r| (r.byte_from, r.byte_to, r.line_from, r.lines)).collect();
    segments.sort_unstable();
    for pair in segments.windows(2) {
        assert_eq!(pair[0].1, pair[1].0, "segments meet");
        assert_eq!(pair[0].2 + pair[0].3, pair[1].2, "line numbers go on");
    }
    assert_eq!(segments.last().unwrap().1 as usize, text(600).len());

    // Every row knows its own line.
    for row in home.rows(Table::Events, true) {
        let line: usize = row.rsplit('|').next().unwrap().parse().unwrap();
        assert!(row.contains(&format!("|/p{}|", line - 1)), "{row}");
    }

    // The same file, rotated and packed, brings nothing; one more line in it does.
    let packed = home.file("access.log.1.zst", zstd::stream::encode_all(text(600).as_bytes(), 1).unwrap());
    assert_eq!(home.ingest(&packed, PLAINLY).files[0].status, FileStatus::AlreadyRead);
}

#[test]
fn a_changed_prefix_is_a_new_file_whose_known_rows_are_duplicates() {
    let home = Home::new();
    let lines: Vec<String> = (0..300).map(|n| squid(f64::from(n), "apatel", &format!("p{n}"))).collect();
    let path = home.file("access.log", lines.join("\n") + "\n");
    home.ingest(&path, PLAINLY);
    let mut changed = lines.clone();
    changed[150] = squid(150.0, "apatel", "another");
    fs::write(&path, changed.join("\n") + "\n").unwrap();
    let report = home.ingest(&path, PLAINLY);
    assert_eq!(report.total.lines, 300);
    assert_eq!(report.total.ignored.get("duplicate"), Some(&299));
    assert_eq!(report.total.events, 1);
    assert_eq!(home.rows(Table::Events, true).len(), 301);
}
