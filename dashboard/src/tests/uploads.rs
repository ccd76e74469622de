//! Uploads through the pages: what a technician sees, who may not, and what of the file stays on the disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use jiff::civil::date;
use weir_lake::ids::SchoolId;
use weir_register::Role;

use super::Answered;
use super::house::{Browser, House};
use super::markup::check;
use crate::{Looked, LookedLine, Outcome, Taken, UploadRefused, UploadSource, Uploads};

const BASE: &str = "/school/oakfield/upload";

/// Reads nothing; remembers what it was given, and is busy when told.
#[derive(Clone)]
pub(super) struct Invented {
    folder: PathBuf,
    busy: Arc<AtomicBool>,
    taken: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Invented {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.join("uploads"), busy: Arc::default(), taken: Arc::default() }
    }

    fn files(&self) -> Vec<PathBuf> {
        fs::read_dir(&self.folder).map(|all| all.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
    }
}

impl Uploads for Invented {
    fn most_bytes(&self) -> u64 {
        1 << 20
    }

    fn folder(&self) -> Result<PathBuf, UploadRefused> {
        Ok(self.folder.clone())
    }

    fn sources(&self, school: &SchoolId) -> Result<Vec<UploadSource>, UploadRefused> {
        Ok(vec![UploadSource { id: format!("{school}-filter"), words: "the filter".into() }])
    }

    fn look(&self, _: &SchoolId, _: &str, file: &Path) -> Result<Looked, UploadRefused> {
        let bytes = fs::read(file).unwrap();
        if bytes.contains(&0) {
            return Err(UploadRefused::Said("Found a picture, not a text log.".into()));
        }
        let line = LookedLine {
            line_no: 1,
            time: "2026-11-20 09:00:00".into(),
            action: "blocked".into(),
            category: "games".into(),
            has_person: true,
            has_site: true,
            has_search: false,
        };
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        let day = date(2026, 11, 20);
        Ok(Looked {
            formats: vec!["Invented export".into()],
            lines,
            outcomes: vec![
                Outcome { outcome: "event", reason: None, lines: lines - 1, first: vec![line] },
                Outcome { outcome: "quarantined", reason: Some("implausible_time".into()), lines: 1, first: Vec::new() },
            ],
            days: Some((day, day)),
            refused: None,
        })
    }

    fn take(&self, _: &SchoolId, _: &str, file: &Path) -> Result<Taken, UploadRefused> {
        if self.busy.load(Ordering::SeqCst) {
            return Err(UploadRefused::Said("Weir is reading other logs at this moment.".into()));
        }
        self.taken.lock().unwrap().push(fs::read(file).unwrap());
        let outcomes = vec![
            Outcome { outcome: "event", reason: None, lines: 1, first: Vec::new() },
            Outcome { outcome: "ignored", reason: Some("duplicate".into()), lines: 2, first: Vec::new() },
        ];
        Ok(Taken { run: "upload-1".into(), outcomes, lines: 3, is_known: false, notes: vec!["A note.".into()] })
    }
}

/// Sends a form with a file as browsers do.
async fn send(browser: &mut Browser<'_>, source: &str, name: &str, bytes: &[u8]) -> Answered {
    let text = String::from_utf8_lossy(bytes);
    let body = format!(
        "--zz\r\nContent-Disposition: form-data; name=\"source\"\r\n\r\n{source}\r\n--zz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--zz--\r\n"
    );
    browser.kind = "multipart/form-data; boundary=zz";
    let answer = browser.ask("POST", BASE, body).await;
    browser.kind = super::house::FORM;
    answer
}

#[tokio::test]
async fn an_export_is_shown_first_and_then_read_in_once() {
    let (house, uploads) = House::with_uploads().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let page = technician.get(BASE).await;
    check(BASE, &page.body);
    assert!(page.body.contains("At most 1 MB.") && page.body.contains("<option value=\"oakfield-filter\" selected>"));
    let log = b"jsmith games.example\njsmith games.example\nodd\n";
    let sent = send(&mut technician, "oakfield-filter", "../../<b>jsmith.csv", log).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    let one = sent.header("location").to_owned();
    // On the disk it has a name of ours, in a folder of its owner's.
    let [kept] = <[PathBuf; 1]>::try_from(uploads.files()).unwrap();
    assert!(kept.file_name().unwrap().to_string_lossy().starts_with("export-"));
    assert_eq!(fs::read(&kept).unwrap(), log);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&kept), mode(kept.parent().unwrap())), (0o600, 0o700));
    }
    let page = technician.get(&one).await;
    check(&one, &page.body);
    assert!(page.body.contains("3 lines, 1 KB, read as Invented export. All of 20 November 2026. Nothing is in Weir yet."));
    assert!(
        page.body.contains("Decisions of the filter: 2 lines") && page.body.contains("Because their time can\u{2019}t be right.")
    );
    assert!(!page.body.contains("games.example") && !page.body.contains("<b>"), "nothing of a line");
    // While another run holds the lock nothing happens, and the file stays.
    uploads.busy.store(true, Ordering::SeqCst);
    let busy = technician.post(&format!("{one}/take"), &[]).await;
    check(&one, &busy.body);
    assert!(busy.body.contains("<a href=\"#file\">Weir is reading other logs at this moment.</a>"));
    assert_eq!(uploads.files().len(), 1);
    uploads.busy.store(false, Ordering::SeqCst);
    for _ in 0..2 {
        let done = technician.post(&format!("{one}/take"), &[]).await;
        assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, one.as_str()));
    }
    assert_eq!(*uploads.taken.lock().unwrap(), [log.to_vec()], "once, whoever presses twice");
    let page = technician.get(&one).await;
    check(&one, &page.body);
    assert!(page.body.contains("2 lines were in Weir already") && page.body.contains("weir undo upload-1"));
    assert!(page.body.contains("A note."));
    assert!(uploads.files().is_empty(), "read, and gone from the disk");
    let trail = house.trail().await;
    assert_eq!(trail.iter().filter(|row| row.contains(" ingest done at oakfield")).count(), 2, "each try is a row");
    assert_eq!(trail.iter().filter(|row| row.contains(" inspect done at oakfield")).count(), 1);
}

#[tokio::test]
async fn what_is_no_log_too_large_or_for_another_source_is_refused_and_leaves_nothing() {
    let (house, uploads) = House::with_uploads().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let large = vec![b'x'; (1 << 20) + 1];
    for (source, bytes, words) in [
        ("oakfield-filter", &b""[..], "<a href=\"#file\">Choose a file with at least one line.</a>"),
        ("oakfield-filter", &b"\x00\x01"[..], "<a href=\"#file\">Found a picture, not a text log.</a>"),
        ("oakfield-filter", &large, "<a href=\"#file\">The file is larger than 1 MB."),
        ("millbrook-filter", &b"a\n"[..], "<a href=\"#source\">Choose where it comes from.</a>"),
        ("", &b"a\n"[..], "<a href=\"#source\">Choose where it comes from.</a>"),
    ] {
        let answer = send(&mut technician, source, "a.csv", bytes).await;
        assert_eq!(answer.status, StatusCode::OK);
        check(BASE, &answer.body);
        assert!(answer.body.contains(words), "{words}");
        assert!(uploads.files().is_empty(), "{words}");
    }
    // A form of another kind, and one that is cut off.
    for (kind, body) in [
        ("application/x-www-form-urlencoded", "source=oakfield-filter"),
        ("multipart/form-data", "--zz--"),
        ("multipart/form-data; boundary=zz", "--zz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc"),
        ("multipart/form-data; boundary=zz", "--zz\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nabc\r\n--zz--\r\n"),
    ] {
        technician.kind = kind;
        let answer = technician.ask("POST", BASE, body.into()).await;
        technician.kind = super::house::FORM;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{kind} {body}");
        assert!(uploads.files().is_empty(), "{kind} {body}");
    }
}

#[tokio::test]
async fn an_upload_is_its_technicians_alone_and_goes_when_it_is_dropped() {
    let (house, uploads) = House::with_uploads().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let mut other = house.signed_in(Role::Technician, "*").await;
    let first = send(&mut technician, "oakfield-filter", "a.csv", b"a\nb\n").await.header("location").to_owned();
    for path in [first.clone(), first.replace("oakfield", "millbrook")] {
        assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        for end in ["take", "drop"] {
            assert_eq!(other.post(&format!("{path}/{end}"), &[]).await.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
    // A newer one takes the place of the one that waits.
    let second = send(&mut technician, "oakfield-filter", "b.csv", b"a\nb\n").await.header("location").to_owned();
    assert_eq!(technician.get(&first).await.status, StatusCode::NOT_FOUND);
    assert_eq!(uploads.files().len(), 1);
    let dropped = technician.post(&format!("{second}/drop"), &[]).await;
    assert_eq!((dropped.status, dropped.header("location")), (StatusCode::SEE_OTHER, BASE));
    assert!(uploads.files().is_empty() && uploads.taken.lock().unwrap().is_empty());
    assert_eq!(technician.post(&format!("{second}/take"), &[]).await.status, StatusCode::NOT_FOUND);
}
