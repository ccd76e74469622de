use std::io::Write;

use super::*;
use crate::input::Input;
use crate::inspect::inspect;
use crate::report::FileStatus;

#[test]
fn one_bad_input_stops_no_other_and_leaves_nothing() {
    let home = Home::new();
    let text: String = (0..9000).map(|n| squid(f64::from(n), "apatel", &format!("p{n}")) + "\n").collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.replace("apatel", "rokafor").as_bytes()).unwrap();
    let mut cut = gzip.finish().unwrap();
    cut.truncate(cut.len() - 9);
    let paths = [
        home.file("a.log", &text),
        home.file("b.gz", cut),
        home.file("c.log", ""),
        home.file("d.bin", b"\x89PNG\r\n\x1a\n0000"),
        home.path("missing.log"),
        home.file("e.log", text.replace("apatel", "y9-fern")),
    ];
    let report = home.try_ingest(&paths, How { unit: 65_536, ..PLAINLY }).unwrap();
    let statuses: Vec<_> = report.files.iter().map(|file| file.status).collect();
    use FileStatus::{Empty, Read, Refused};
    assert_eq!(statuses, [Read, Refused, Empty, Refused, Refused, Read]);
    assert!(report.files[1].message.as_ref().unwrap().contains("ends too early"), "{:?}", report.files[1]);
    assert_eq!(report.total.events, 18_000);
    assert_eq!(home.rows(Table::Events, true).len(), 18_000);
    assert_eq!(home.receipts().len(), 2);
    assert_eq!(home.index_entries(), 18_000);
    assert!(report.has_findings());
}

#[test]
fn an_unknown_format_names_what_to_do() {
    let home = Home::new();
    let path = home.file("x.log", "some words\nthat no filter\never wrote\n");
    let options = IngestOptions { format: FormatChoice::Auto, ..home.options() };
    let report = super::super::ingest(&home.estate, &home.lake, &home.vault, &home.catalogue, &[path], &options).unwrap();
    assert_eq!(report.files[0].status, FileStatus::Refused);
    assert!(report.files[0].message.as_ref().unwrap().contains("weir formats list"));
    assert_eq!(report.lake_version, None);
}

#[test]
fn an_inferred_format_has_to_be_named() {
    let home = Home::new();
    let text = "timestamp,domain,query_type,client_ip,status\n2026-11-05T09:14:02Z,dice.example,A,10.20.30.41,blocked\n";
    let path = home.file("x.csv", text);
    let mut options = IngestOptions { format: FormatChoice::Auto, settled: true, ..home.options() };
    let read = |options: &IngestOptions| {
        super::super::ingest(&home.estate, &home.lake, &home.vault, &home.catalogue, std::slice::from_ref(&path), options)
            .unwrap()
    };
    let report = read(&options);
    assert_eq!((report.files[0].status, report.lake_version), (FileStatus::Refused, None));
    assert!(report.files[0].message.as_ref().unwrap().contains("name it with --format nextdns"), "{:?}", report.files[0].message);
    options.format = FormatChoice::Id(FormatId::parse("nextdns").unwrap());
    assert_eq!(read(&options).total.events, 1);
}

#[test]
fn a_detected_format_is_read() {
    let home = Home::new();
    let path = home.file("x.log", squid(1.0, "apatel", "a") + "\n");
    let options = IngestOptions { format: FormatChoice::Auto, settled: true, ..home.options() };
    let report = super::super::ingest(&home.estate, &home.lake, &home.vault, &home.catalogue, &[path], &options).unwrap();
    assert_eq!(report.files[0].format.as_deref(), Some("squid"));
    assert_eq!(report.total.events, 1);
}

#[test]
fn a_school_that_is_not_there_is_refused() {
    let home = Home::new();
    let mut options = home.options();
    options.source.school = SchoolOf::One(SchoolId::parse("elm").unwrap());
    let path = home.file("x.log", squid(1.0, "apatel", "a"));
    let error = super::super::ingest(&home.estate, &home.lake, &home.vault, &home.catalogue, &[path], &options).unwrap_err();
    assert_eq!(error.to_string(), "source gate: school \"elm\" is not in schools.csv; add it there, or name one of ash");
}

#[test]
fn no_name_reaches_the_lake_and_inspect_shows_it() {
    let home = Home::new();
    let path = home.file("x.log", squid(1.0, "SCH\\\\RareName", "a") + "\nrubbish RareName\n\n");
    home.ingest(&path, PLAINLY);
    let everything = |folder: &Path| -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut folders = vec![folder.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { bytes.extend(fs::read(path).unwrap().to_ascii_lowercase()) }
            }
        }
        bytes
    };
    let bytes = everything(home.lake.root());
    assert!(memchr::memmem::find(&bytes, b"rarename").is_none());
    // Compressed pages would hide it: rows as read back.
    assert!(!home.rows(Table::Events, true).join("\n").to_lowercase().contains("rarename"));

    let mut lines = Vec::new();
    let ledger =
        inspect(&home.estate, &home.catalogue, &Input::file(&path), &home.options(), &mut |line| lines.push(line.to_value()))
            .unwrap()
            .ledger;
    assert_eq!((ledger.lines, ledger.events, ledger.quarantined), (3, 1, 1));
    assert_eq!(lines[0]["user"], "rarename");
    assert_eq!(lines[0]["event_time"], "2026-11-05T09:00:01.000Z");
    assert_eq!(lines[0]["event_date"], "2026-11-05");
    assert_eq!(lines[0]["outcome"], "event");
    assert_eq!(lines[0]["line_no"], 1);
    assert_eq!(lines[0]["bytes_in"], 8811);
    assert_eq!(lines[1]["outcome"], "quarantined");
    assert_eq!(lines[2]["reason"], "blank");
}
