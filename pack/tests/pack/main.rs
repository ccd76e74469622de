//! What a pack promises: the same bytes for the same bundle, every text as it was typed, nothing that a program would run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test that fails should stop, and starts programs and writes files of its own"
)]

mod samples;
mod texts;

use std::fs::OpenOptions;
use std::io::{Cursor, Read, Write};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use weir_pack::bundle::{Bundle, digest};
use weir_pack::{Kind, Limits, PackError, rebuild, write};

/// Notes a test that can't run here; `tests/run` lists them, and that fails in CI.
fn not_run(test: &str, needs: &str) {
    eprintln!("NOT RUN {test}: needs {needs}");
    if let Some(path) = std::env::var_os("WEIR_NOT_RUN") {
        writeln!(OpenOptions::new().append(true).create(true).open(path).unwrap(), "{test}: needs {needs}").unwrap();
    }
}

/// The samples with their PDFs, which take longest to make.
static SAMPLES: LazyLock<Vec<(&str, Bundle, Vec<u8>)>> = LazyLock::new(|| {
    let with_pdf = |(name, bundle): (&'static str, Bundle)| {
        let pdf = made(&bundle, Kind::Pdf);
        (name, bundle, pdf)
    };
    samples::all().into_iter().map(with_pdf).collect()
});

fn sample(name: &str) -> (&'static Bundle, &'static [u8]) {
    SAMPLES.iter().find(|sample| sample.0 == name).map(|(_, bundle, pdf)| (bundle, pdf.as_slice())).unwrap()
}

fn made(bundle: &Bundle, kind: Kind) -> Vec<u8> {
    write(bundle, kind, Limits::default()).unwrap()
}

/// The digests of all documents of all samples, a line each.
fn digests() -> String {
    let line = |(name, bundle): &(&str, Bundle)| {
        Kind::ALL.map(|kind| format!("made {name}.{} {}\n", kind.extension(), digest(&made(bundle, kind)))).concat()
    };
    samples::all().iter().map(line).collect()
}

const ASKED: &str = "WEIR_PACK_DIGESTS";

#[test]
fn the_same_bundle_gives_the_same_bytes_in_any_place() {
    let here = digests();
    if std::env::var_os(ASKED).is_some() {
        println!("{here}");
        return;
    }
    assert_eq!(here.lines().count(), 16);
    for (name, _, pdf) in SAMPLES.iter() {
        assert!(here.contains(&format!("made {name}.pdf {}\n", digest(pdf))), "{name} a second time in the same process");
    }
    let folder = tempfile::tempdir().unwrap();
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_same_bundle_gives_the_same_bytes_in_any_place", "--nocapture"])
        .env(ASKED, "1")
        .envs([
            ("TZ", "Asia/Tokyo"),
            ("LANG", "cy_GB.UTF-8"),
            ("LC_ALL", "cy_GB.UTF-8"),
            ("SOURCE_DATE_EPOCH", "1"),
            ("RAYON_NUM_THREADS", "1"),
        ])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let there = String::from_utf8(ran.stdout).unwrap();
    let there: Vec<&str> = there.lines().filter(|line| line.starts_with("made ")).collect();
    assert_eq!(there, here.lines().collect::<Vec<_>>(), "in a process of its own, with another zone, language and folder");
}

#[test]
fn stored_bytes_rebuild_what_was_written() {
    let (bundle, pdf) = sample("large");
    let stored = bundle.to_json().unwrap();
    assert!(rebuild(&stored, Kind::Pdf, Limits::default()).unwrap() == pdf);
    for kind in [Kind::Xlsx, Kind::Html, Kind::Csv] {
        assert!(rebuild(&stored, kind, Limits::default()).unwrap() == made(bundle, kind), "{kind:?}");
    }
    let changed = String::from_utf8(stored).unwrap().replacen("2.8 in every 100", "1.8 in every 100", 1);
    let changed_pdf = rebuild(changed.as_bytes(), Kind::Pdf, Limits::default()).unwrap();
    assert!(changed_pdf != pdf);
    assert_ne!(Bundle::from_json(changed.as_bytes()).unwrap().digest().unwrap(), bundle.digest().unwrap());
}

#[test]
fn the_pdf_prints_every_text_as_it_was_typed() {
    for (name, bundle, pdf) in SAMPLES.iter() {
        let Some(read) = poppler("pdftotext", &["-raw", "-enc", "UTF-8"], pdf, &["-"]) else {
            return not_run("the_pdf_prints_every_text_as_it_was_typed", "pdftotext (poppler-utils)");
        };
        let read = texts::without_breaks(&texts::without_furniture(&read));
        for text in texts::of(bundle) {
            let text = text.replace('\u{1f600}', "[U+1F600]").replace('漢', "[U+6F22]").replace('字', "[U+5B57]");
            assert!(read.contains(&texts::without_breaks(&text)), "{name}: {text:?}");
        }
        let groups = bundle.digest().unwrap();
        assert!(read.contains(&groups), "{name}: its digest");
    }
}

#[test]
fn the_pdf_says_its_standards_its_language_and_its_time() {
    let (_, pdf) = sample("silent");
    // The metadata of a PDF for archives stands in it unpacked.
    let text = String::from_utf8_lossy(pdf);
    for said in [
        "<pdfaid:part>2</pdfaid:part>",
        "<pdfaid:conformance>A</pdfaid:conformance>",
        "<pdfuaid:part>1</pdfuaid:part>",
        "<rdf:li>en-GB</rdf:li>",
        "Annual review of filtering and monitoring: Ysgol Tŷ’r Felin, 2025-26",
        "<xmp:CreateDate>2026-07-14T15:30:00+00:00</xmp:CreateDate>",
    ] {
        assert!(text.contains(said), "{said}");
    }
}

#[test]
fn a_reader_of_the_pdf_hears_charts_and_the_headings_in_order() {
    let (bundle, pdf) = sample("tiny");
    let Some(tree) = poppler("pdfinfo", &["-struct-text"], pdf, &[]) else {
        return not_run("a_reader_of_the_pdf_hears_charts_and_the_headings_in_order", "pdfinfo (poppler-utils)");
    };
    let heard = texts::without_breaks(&tree);
    let mut from = 0;
    for heading in [
        "Contents",
        "In short",
        "Questions to put to the head",
        "What stands out",
        "1. Sign-off and dates",
        "9. What pupils met, by theme",
        "21. How it was worked out",
        "Actions",
        "Signatures",
        "A. Checks of the filter",
    ] {
        // Each stands in the contents too; the order of the last ones is that of the document.
        let at = heard.rfind(&texts::without_breaks(heading)).unwrap_or_else(|| panic!("{heading}"));
        assert!(at > from || heading == "In short" || heading == "Contents", "{heading} comes too early");
        from = at;
    }
    let charts = bundle
        .sections
        .iter()
        .flat_map(|section| &section.blocks)
        .flat_map(|block| &block.figures)
        .filter(|figure| figure.chart.is_some())
        .count();
    assert_eq!(tree.lines().filter(|line| line.trim_start().starts_with("Figure")).count(), charts);
}

/// What a program of poppler prints about a PDF; none where it is not installed.
fn poppler(program: &str, before: &[&str], pdf: &[u8], after: &[&str]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pack.pdf");
    std::fs::write(&path, pdf).unwrap();
    let ran = Command::new(program).args(before).arg(&path).args(after).output().ok()?;
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    // pdfinfo cuts what it prints of a structure tree in the middle of characters.
    Some(String::from_utf8_lossy(&ran.stdout).into_owned())
}

/// The files of an archive, by name.
fn unpacked(bytes: &[u8]) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|place| {
            let mut file = archive.by_index(place).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (file.name().unwrap().into_owned(), text)
        })
        .collect()
}

#[test]
fn the_workbook_holds_every_text_and_runs_none() {
    let bundle = samples::large();
    let files = unpacked(&made(&bundle, Kind::Xlsx));
    let file = |name: &str| &files.iter().find(|(found, _)| found == name).unwrap_or_else(|| panic!("{name}")).1;
    let strings = texts::shared_strings(file("xl/sharedStrings.xml"));
    for text in texts::of(&bundle) {
        assert!(strings.iter().any(|string| string == &text) || texts::is_composed(&text, &strings), "{text:?}");
    }
    assert!(strings.iter().any(|string| string == "=1+1"));
    let sheets: Vec<_> = files.iter().filter(|(name, _)| name.starts_with("xl/worksheets/sheet")).collect();
    // Read me, in short, figures, 21 blocks, actions, signatures, what changed, two appendices, definitions, words.
    assert_eq!(sheets.len(), 31);
    for (name, sheet) in &sheets {
        assert!(!sheet.contains("<f>") && !sheet.contains("<f "), "{name} holds a formula");
    }
    // 8 September 2025 is day 45,908 of a sheet: 45,658 is the first of that year, and 250 days follow.
    // The policy has that day too; the next check is six days later.
    assert!(
        sheets.iter().any(|(_, sheet)| sheet.contains("<v>45908</v>") && sheet.contains("<v>45914</v>")),
        "the days of the checks"
    );
    assert!(file("docProps/core.xml").contains("2026-07-14T15:30:00Z"));
}

#[test]
fn the_tables_hold_every_text_and_no_formula() {
    let bundle = samples::large();
    let files = unpacked(&made(&bundle, Kind::Csv));
    let all: String = files.iter().map(|(_, text)| text.as_str()).collect();
    for text in texts::of(&bundle) {
        let quoted = text.replace('"', "\"\"");
        assert!(all.contains(&quoted) || texts::is_document_furniture(&bundle, &text), "{text:?}");
    }
    assert!(all.contains("'=1+1") && all.contains("'=SUM(A1)") && all.contains("'@cmd"));
    for (name, text) in &files {
        let cell = |begin: char| text.contains(&format!("\n{begin}")) || text.contains(&format!(",{begin}"));
        assert!(!cell('=') && !cell('@'), "{name} has a cell that a spreadsheet runs");
    }
    let names: std::collections::HashSet<_> = files.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), files.len());
}

#[test]
fn the_page_holds_every_text_and_fetches_and_runs_nothing() {
    for (name, bundle) in samples::all() {
        let page = String::from_utf8(made(&bundle, Kind::Html)).unwrap();
        let read = texts::unescaped(&page);
        for text in texts::of(&bundle) {
            assert!(read.contains(&text) || texts::is_split(&text, &read), "{name}: {text:?}");
        }
        for forbidden in ["<script", "<b>bold", "src=", "<link", "url(", "javascript:"] {
            assert!(!page.to_lowercase().contains(forbidden), "{name}: {forbidden}");
        }
        assert!(!page.contains("href=\"http"), "{name} links to the outside");
        let mut reader = quick_xml::Reader::from_str(page.split_once("<main").unwrap().1.rsplit_once("</main>").unwrap().0);
        reader.config_mut().check_end_names = false;
        while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
    }
}

#[test]
fn limits_are_kept_and_said() {
    let bundle = samples::tiny();
    let error = write(&bundle, Kind::Pdf, Limits { pages: 3, ..Limits::default() }).unwrap_err();
    assert!(matches!(error, PackError::TooManyPages { most: 3, .. }), "{error}");
    let error = write(&samples::large(), Kind::Pdf, Limits { time: Duration::from_millis(1), ..Limits::default() }).unwrap_err();
    assert!(matches!(error, PackError::TooLong { .. } | PackError::Busy { .. }), "{error}");
}

#[test]
fn every_page_says_that_it_holds_small_numbers() {
    let warning = "Holds small numbers, which can tell who a pupil is.";
    let squeezed = texts::without_breaks(warning);
    let whole = Bundle { audience: weir_pack::bundle::Audience::Safeguarding, ..samples::large() };
    let pages = |pdf: &[u8]| poppler("pdftotext", &["-enc", "UTF-8"], pdf, &["-"]);
    let Some(read) = pages(&made(&whole, Kind::Pdf)) else {
        return not_run("every_page_says_that_it_holds_small_numbers", "pdftotext (poppler-utils)");
    };
    // A form feed ends each page.
    let read: Vec<&str> = read.split_terminator('\u{c}').collect();
    assert!(read.len() > 10, "{} pages", read.len());
    for (number, page) in (1..).zip(&read) {
        assert!(texts::without_breaks(page).contains(&squeezed), "page {number}: {page}");
    }
    let files = unpacked(&made(&whole, Kind::Xlsx));
    let sheets: Vec<_> = files.iter().filter(|(name, _)| name.starts_with("xl/worksheets/sheet")).collect();
    for (name, sheet) in &sheets {
        assert!(sheet.contains(&format!("<oddHeader>&amp;C{warning}")), "{name}");
    }
    assert_eq!(sheets.len(), 31);
    let tables = unpacked(&made(&whole, Kind::Csv));
    assert!(tables.iter().all(|(name, _)| name == "README.txt" || name.starts_with("small-numbers-")));
    assert!(tables[0].1.contains(warning));
    assert!(String::from_utf8(made(&whole, Kind::Html)).unwrap().contains(warning));
    // The governors' own says nothing of the kind.
    let (_, pdf) = sample("large");
    assert!(!pages(pdf).unwrap().contains("Holds small numbers"));
}

#[test]
fn a_summary_has_no_findings_to_be_empty() {
    let tiny = samples::tiny();
    let summary = Bundle {
        audience: weir_pack::bundle::Audience::Public,
        questions: vec![],
        findings: vec![],
        actions: vec![],
        signatures: vec![],
        appendices: vec![],
        ..tiny
    };
    let page = String::from_utf8(made(&summary, Kind::Html)).unwrap();
    let pdf = poppler("pdftotext", &["-raw", "-enc", "UTF-8"], &made(&summary, Kind::Pdf), &["-"]);
    if pdf.is_none() {
        not_run("a_summary_has_no_findings_to_be_empty", "pdftotext (poppler-utils)");
    }
    let sheets = unpacked(&made(&summary, Kind::Xlsx)).into_iter().map(|(_, text)| text).collect::<String>();
    for read in [Some(page), pdf, Some(sheets)].into_iter().flatten() {
        for left_out in ["Nothing stood out", "None came up", "No action is recorded", "Signatures", "nobody yet"] {
            assert!(!read.contains(left_out), "{left_out}");
        }
        assert!(read.contains("0 to 9 people are hidden"));
    }
    let names: Vec<String> = unpacked(&made(&summary, Kind::Csv)).into_iter().map(|(name, _)| name).collect();
    assert!(!names.iter().any(|name| ["findings.csv", "actions.csv", "signatures.csv"].contains(&name.as_str())));
}
