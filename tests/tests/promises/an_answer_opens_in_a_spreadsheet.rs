//! A workbook holds numbers and dates as such, and nothing that a log's text could make a spreadsheet run.

use std::process::Command;

use weir_tests::{Home, not_run, python};

/// Cells of the only sheet, by place: type, style, value; and how each style looks.
const READ: &str = r#"
import io, json, sys, zipfile
import xml.etree.ElementTree as tree
book = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))
space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
read = lambda name: tree.fromstring(book.read(name))
shared = ["".join(t.text or "" for t in item.iter(space + "t")) for item in read("xl/sharedStrings.xml").iter(space + "si")]
sheet, styles = read("xl/worksheets/sheet1.xml"), read("xl/styles.xml")
formats = {f.get("numFmtId"): f.get("formatCode") for f in styles.iter(space + "numFmt")}
looks = [[formats.get(x.get("numFmtId")), x.get("quotePrefix")] for x in styles.find(space + "cellXfs")]
cells = {}
for cell in sheet.iter(space + "c"):
    assert cell.find(space + "f") is None, "no formula"
    kind, value = cell.get("t", "n"), cell.find(space + "v").text
    cells[cell.get("r")] = [kind, shared[int(value)] if kind == "s" else value] + looks[int(cell.get("s", "0"))]
print(json.dumps({"cells": cells, "files": book.namelist()}))
"#;

const QUESTION: &str = "SELECT * FROM (VALUES
  (1, 7, 0.25, DATE '2026-11-05', TIMESTAMP '2026-11-05T12:00:00Z', true, 'fern'),
  (2, -7, -1.5, DATE '2026-03-29', TIMESTAMP '2026-03-29T18:00:00Z', false, '=HYPERLINK(\"http://a.example\")'),
  (3, NULL, NULL, NULL, NULL, NULL, '+44 20'),
  (4, 9007199254740993, 1e300, NULL, NULL, NULL, '-1+1'),
  (5, 0, 0.0, NULL, NULL, NULL, '@SUM(A1)')) AS t(at, n, share, day, instant, truth, \"=term\") ORDER BY at";

#[test]
fn a_workbook_read_back_holds_what_was_asked() {
    let home = Home::new();
    let ran = home.command().args(["sql", "--output", "xlsx", QUESTION]).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let Some(python) = python() else {
        return not_run("an_answer_opens_in_a_spreadsheet", "Python");
    };
    let file = home.path().join("answer.xlsx");
    std::fs::write(&file, &ran.stdout).unwrap();
    let read = Command::new(python).args(["-c", READ]).stdin(std::fs::File::open(&file).unwrap()).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let book: serde_json::Value = serde_json::from_slice(&read.stdout).unwrap();
    let cell = |place: &str| {
        book["cells"][place].as_array().map(|cell| cell.iter().map(|part| part.as_str().map(str::to_owned)).collect::<Vec<_>>())
    };
    let wanted = |kind: &str, value: &str, format: Option<&str>, quoted: Option<&str>| {
        Some(vec![Some(kind.to_owned()), Some(value.to_owned()), format.map(str::to_owned), quoted.map(str::to_owned)])
    };
    // 5 November 2026 is day 46,331 of a sheet, 29 March 2026 day 46,110.
    let (day, instant) = (Some("yyyy-mm-dd"), Some("yyyy-mm-dd hh:mm:ss"));
    for (place, cell_wanted) in [
        ("B2", wanted("n", "7", None, None)),
        ("C2", wanted("n", "0.25", None, None)),
        ("D2", wanted("n", "46331", day, None)),
        ("E2", wanted("n", "46331.5", instant, None)),
        ("F2", wanted("b", "1", None, None)),
        ("G2", wanted("s", "fern", None, None)),
        ("B3", wanted("n", "-7", None, None)),
        ("E3", wanted("n", "46110.75", instant, None)),
        ("G3", wanted("s", "=HYPERLINK(\"http://a.example\")", None, Some("1"))),
        ("B4", None),
        ("G4", wanted("s", "+44 20", None, Some("1"))),
        ("B5", wanted("s", "9007199254740993", None, None)),
        ("G5", wanted("s", "-1+1", None, Some("1"))),
        ("G6", wanted("s", "@SUM(A1)", None, Some("1"))),
        ("G1", wanted("s", "=term", None, None)),
    ] {
        assert_eq!(cell(place), cell_wanted, "{place}");
    }
    let strange = book["files"].as_array().unwrap().iter().find(|name| name.as_str().unwrap().contains("external"));
    assert_eq!(strange, None, "a workbook that links nowhere");
}

#[test]
fn no_form_hands_on_a_formula_or_a_control_character() {
    let home = Home::new();
    let question = "SELECT '=1+1' AS term, chr(27) || '[2J' AS title, -5 AS n";
    let csv = home.weir_ok(["sql", "--output", "csv", question], 0).stdout;
    assert_eq!(csv.lines().nth(1).map(|line| line.split(',').next().unwrap().to_owned()).as_deref(), Some("'=1+1"));
    assert!(csv.contains(",-5"), "a number below zero stays one: {csv}");
    let table = home.weir_ok(["sql", "--output", "table", question], 0).stdout;
    assert!(!table.contains('\u{1b}') && table.contains("\\u{1b}[2J"), "{table}");
}
