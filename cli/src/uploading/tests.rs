//! Uploads into an estate on disk: what is read is what the command would read, and what is no log leaves no trace.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use tempfile::TempDir;
use weir_dashboard::{Outcome, UploadRefused, Uploads};
use weir_lake::estate::Estate;
use weir_lake::ids::SchoolId;

use super::EstateUploads;
use crate::nightly::turn::Turn;

/// Two decisions of an invented person, one of nobody, and a line that is none.
const LOG: &str = "1762334042.327   2864 10.20.30.41 TCP_MISS/200 10182 GET http://www.maps.example/tiles/4.png quillb HIER_DIRECT/192.0.2.7 image/png
1762334043.001      0 10.20.30.41 TCP_DENIED/403 3912 GET http://dice.example/play? quillb HIER_NONE/- text/html
1762334044.100     12 10.20.30.42 TCP_DENIED/403 3912 GET http://files.example/a.exe - HIER_NONE/- text/html
1762334045.100 nonsense
";

struct Home {
    folder: TempDir,
    uploads: EstateUploads,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let toml = "[[source]]\nid = \"oak-filter\"\nschool = \"oak\"\nformat = \"squid\"\n\n[[source]]\nid = \"shared\"\nschool_map = [{ src_ip = \"10.9.0.0/16\", school = \"elm\" }]\n";
        fs::write(folder.path().join("weir.toml"), toml).unwrap();
        fs::write(folder.path().join("schools.csv"), "school_id,name,phase,nation\noak,Oak,primary,\nelm,Elm,primary,\n")
            .unwrap();
        let uploads = EstateUploads::new(folder.path().join("weir.toml"));
        Self { folder, uploads }
    }

    fn file(&self, bytes: &[u8]) -> PathBuf {
        let folder = self.uploads.folder().unwrap();
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("export-1-1-1");
        fs::write(&path, bytes).unwrap();
        path
    }

    fn estate(&self) -> Estate {
        Estate::load(&self.folder.path().join("weir.toml")).unwrap()
    }
}

fn oak() -> SchoolId {
    SchoolId::parse("oak").unwrap()
}

fn said<T: std::fmt::Debug>(refused: Result<T, UploadRefused>) -> String {
    match refused {
        Err(UploadRefused::Said(words)) => words,
        other => panic!("{other:?}"),
    }
}

fn counts(outcomes: &[Outcome]) -> Vec<(&str, Option<&str>, u64)> {
    outcomes.iter().map(|outcome| (outcome.outcome, outcome.reason.as_deref(), outcome.lines)).collect()
}

fn gzip(bytes: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bytes.into_iter().for_each(|bytes| packed.write_all(&bytes).unwrap());
    packed.finish().unwrap()
}

fn archive(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(bytes).unwrap();
    archive.finish().unwrap().into_inner()
}

#[test]
fn what_is_shown_first_is_what_is_read_and_a_second_time_adds_nothing() {
    let home = Home::new();
    let file = home.file(LOG.as_bytes());
    let looked = home.uploads.look(&oak(), "oak-filter", &file).unwrap();
    assert_eq!((looked.lines, looked.refused.as_deref()), (4, None));
    let shown = counts(&looked.outcomes);
    assert_eq!((shown[0], shown.len()), (("event", None, 3), 2), "{shown:?}");
    assert_eq!((shown[1].0, shown[1].2), ("quarantined", 1));
    assert_eq!(looked.days, Some((jiff::civil::date(2025, 11, 5), jiff::civil::date(2025, 11, 5))));
    let first: Vec<_> = looked.outcomes[0]
        .first
        .iter()
        .map(|line| (line.line_no, line.action.as_str(), line.has_person, line.has_site))
        .collect();
    assert_eq!(first, [(1, "allowed", true, true), (2, "blocked", true, true), (3, "blocked", false, true)]);
    // Nothing that the log says of anybody or any site.
    let told = format!("{looked:?}");
    assert!(!["quillb", "dice", "maps.example", "10.20"].iter().any(|word| told.contains(word)), "{told}");
    assert!(!home.estate().lake_root.join("_weir").exists(), "nothing is stored by looking");

    let taken = home.uploads.take(&oak(), "oak-filter", &file).unwrap();
    assert_eq!((taken.lines, taken.is_known), (4, false));
    assert_eq!(counts(&taken.outcomes), [("event", None, 3), ("quarantined", None, 1)]);
    let again = home.uploads.take(&oak(), "oak-filter", &file).unwrap();
    assert!(again.is_known && again.run != taken.run);
    // A longer export of the same box: what both hold counts once, and is said.
    let longer = format!(
        "{LOG}1762334050.001      0 10.20.30.41 TCP_DENIED/403 3912 GET http://new.example/ quillb HIER_NONE/- text/html\n"
    );
    let overlap = home.uploads.take(&oak(), "oak-filter", &home.file(format!("\n{longer}").as_bytes())).unwrap();
    let duplicates = overlap.outcomes.iter().find(|outcome| outcome.reason.as_deref() == Some("duplicate"));
    assert_eq!(duplicates.map(|outcome| outcome.lines), Some(3), "{overlap:?}");
    assert_eq!(overlap.outcomes[0].lines, 1);
}

#[test]
fn while_another_run_holds_the_lock_nothing_is_read() {
    let home = Home::new();
    let file = home.file(LOG.as_bytes());
    let turn = Turn::of_night(&home.estate()).unwrap();
    let words = said(home.uploads.take(&oak(), "oak-filter", &file));
    assert!(words.contains("try again in some minutes"), "{words}");
    drop(turn);
    assert_eq!(home.uploads.take(&oak(), "oak-filter", &file).unwrap().lines, 4);
}

#[test]
fn a_bomb_a_picture_and_a_stranger_are_refused_without_a_word_of_where_they_lie() {
    let home = Home::new();
    // 80 MB of one letter come to some 80 KB.
    let bomb = gzip((0..80).map(|_| vec![b'a'; 1 << 20]));
    let picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01".to_vec();
    let stranger = b"some words that no filter writes\nand some more of them\n".to_vec();
    for (bytes, wanted) in [(bomb, "zip bomb"), (picture, "not a text log"), (Vec::new(), "empty")] {
        let words = said(home.uploads.look(&oak(), "oak-filter", &home.file(&bytes)));
        assert!(words.contains(wanted) && !words.contains("uploads/"), "{words}");
    }
    let looked = home.uploads.look(&oak(), "oak-filter", &home.file(&stranger));
    // With a format that the source names every line is put in quarantine, or the file is refused; it is never an event.
    assert!(looked.is_err() || looked.unwrap().outcomes.iter().all(|outcome| outcome.outcome != "event"));
}

#[test]
fn a_path_in_an_archive_leads_nowhere() {
    let home = Home::new();
    let file = home.file(&archive("../../../escaped.log", LOG.as_bytes()));
    let looked = home.uploads.look(&oak(), "oak-filter", &file).map(|looked| looked.lines);
    let taken = home.uploads.take(&oak(), "oak-filter", &file).map(|taken| taken.lines);
    // The member is read where it lies, or the archive is refused; looking and reading agree.
    assert_eq!(looked.as_ref().ok(), taken.as_ref().ok());
    assert!([None, Some(&4)].contains(&taken.as_ref().ok()), "{taken:?}");
    for folder in home.folder.path().ancestors().take(4) {
        assert!(!folder.join("escaped.log").exists(), "{}", folder.display());
    }
}

#[test]
fn only_a_source_of_the_school_alone_may_be_named() {
    let home = Home::new();
    let ids = |school: &str| {
        let sources = home.uploads.sources(&SchoolId::parse(school).unwrap()).unwrap();
        sources.into_iter().map(|source| source.id).collect::<Vec<_>>()
    };
    assert_eq!(ids("oak"), ["oak-filter"]);
    // A school without a source gets one of its own name; one that serves several is read on the machine.
    assert_eq!(ids("elm"), ["elm"]);
    let file = home.file(LOG.as_bytes());
    for (school, source) in [("elm", "oak-filter"), ("elm", "shared"), ("oak", "shared"), ("oak", "../oak")] {
        let words = said(home.uploads.take(&SchoolId::parse(school).unwrap(), source, &file));
        assert!(words.contains("no such source"), "{words}");
    }
}
