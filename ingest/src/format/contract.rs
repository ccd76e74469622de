//! What the rest of Weir relies on: files and lines in errors, folders, samples refused, headers, NUL bytes, detection of nothing.

use std::fs;
use std::sync::Arc;

use super::{Catalogue, Format, FormatError, test};
use crate::decoded::{Action, Field, Outcome, Time};

/// An invented format in the smallest form.
const LARK: &str = r#"
id = "larkfilter-csv"
title = "LarkFilter daily export"
vendor = "Lark Networks"
version = 2
url = "https://example.org/larkfilter/export"
decode = "csv"
header = true

[time]
column = "When"
layout = "%d/%m/%Y %H:%M:%S"

[columns]
user = { from = "Person", null = ["", "-"] }
host = "Site"
vendor_category = { from = "Groups", split = ",", join = "; " }
action = { from = "Verdict", table = "verdict" }

[table.verdict]
Passed = "allowed"
Stopped = "blocked"
Challenged = "ignored auth_challenge"

[[sample]]
header = 'When,Person,Site,Groups,Verdict'
line = '05/11/2026 09:14:02,apatel,maps.example,"Travel,Maps",Passed'
row = { event_time = "2026-11-05T09:14:02Z", user = "apatel", host = "maps.example", vendor_category = "Travel; Maps", action = "allowed" }

[[sample]]
header = 'Verdict,Site,WHEN,person'
line = 'Stopped,maps.example,05/07/2026 09:14:02,-'
row = { event_time = "2026-07-05T08:14:02Z", user = "", action = "blocked" }

[[reject]]
header = 'When,Person,Site,Groups,Verdict'
line = '05/11/2026 09:14:02,apatel,maps.example,Travel,Mislaid'
reason = "unknown_action"

[[reject]]
header = 'When,Person,Site,Groups,Verdict'
line = '05/11/2026 09:14:02,apatel,maps.example,Travel,Challenged'
reason = "auth_challenge"

[[reject]]
line = '05/11/2026 09:14:02,apatel,maps.example,Travel,Passed'
reason = "no_header"
"#;

#[test]
fn a_format_of_a_folder_takes_part() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lark.toml"), LARK).unwrap();
    fs::write(folder.path().join("notes.txt"), "not a format").unwrap();
    let catalogue = Catalogue::embedded().with_folder(folder.path()).unwrap();
    assert!(catalogue.ids().any(|id| id == "larkfilter-csv"));
    let head = b"LarkFilter report\nWhen,Person,Site,Groups,Verdict\n05/11/2026 09:14:02,apatel,maps.example,Travel,Passed\n05/11/2026 09:14:03,apatel,maps.example,Travel,Passed\n";
    let found = catalogue.detect(head).unwrap();
    assert_eq!(found.format.unwrap().id(), "larkfilter-csv");
    let mut reader = catalogue.get("larkfilter-csv").unwrap().reader();
    assert!(!reader.is_header(b"LarkFilter report"));
    assert!(reader.is_header(b"When,Person,Site,Groups,Verdict"));
    assert_eq!(reader.read(b"When,Person,Site,Groups,Verdict").outcome, Outcome::Ignored("header"));
    let row = reader.read(b"05/11/2026 09:14:02,apatel,maps.example,Travel,Passed\r");
    assert_eq!((row.outcome, row.action), (Outcome::Event, Some(Action::Allowed)));
    assert!(matches!(row.time, Time::Local(_)));
    assert_eq!(row.text(Field::Host), b"maps.example");
}

#[test]
fn a_failing_sample_refuses_the_format_with_line_and_field() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lark.toml"), LARK.replace(r#"Stopped = "blocked""#, r#"Stopped = "allowed""#)).unwrap();
    let error = Catalogue::embedded().with_folder(folder.path()).unwrap_err().to_string();
    assert!(error.contains("lark.toml line 30, sample 2: action: wanted \"blocked\", got \"allowed\""), "{error}");
    let report = test("lark.toml", &LARK.replace(r#""unknown_action""#, r#""bad_time""#)).unwrap();
    let failed: Vec<_> = report.checks.iter().filter(|check| !check.differences.is_empty()).collect();
    assert!(!report.passed());
    assert_eq!((failed.len(), failed[0].what.as_str()), (1, "reject 1"));
    assert_eq!((failed[0].differences[0].wanted.as_str(), failed[0].differences[0].got.as_str()), ("bad_time", "unknown_action"));
    assert!(test("lark.toml", LARK).unwrap().passed());
}

#[test]
fn errors_name_file_line_key_and_mend() {
    let table: &[(&str, &str, &str)] = &[
        (
            r#"decode = "csv""#,
            r#"decode = "cvs""#,
            r#"x.toml line 7, key decode: found cvs; use kv, labelled, csv, json, cef, leef, w3c or pattern"#,
        ),
        (r#"host = "Site""#, r#"hots = "Site""#, "x.toml line 16, key columns.hots: found hots; use user, "),
        (
            r#"table = "verdict""#,
            r#"table = "verdicts""#,
            r#"x.toml line 18, key columns.action: found table "verdicts"; use the name of a [table.NAME]"#,
        ),
        (
            r#"Stopped = "blocked""#,
            r#"Stopped = "stopped""#,
            "x.toml line 22, key table.verdict.Stopped: found stopped; use allowed, blocked, warned",
        ),
        (
            "header = true\n",
            "header = true\nhead = '{body:long}'\n",
            r#"key head: found decode = "csv"; use a head with kv or labelled"#,
        ),
        ("%d/%m/%Y", "%d/%q/%Y", "x.toml line 12, key time.layout: found %q; use %Y"),
        ("larkfilter-csv", "Lark Filter", "x.toml line 2, key id: found"),
        ("version = 2", "versoin = 2", "x.toml line 5: unknown field `versoin`, expected one of `id`, `title`"),
    ];
    for (from, to, wanted) in table {
        let error = Format::parse("x.toml", &LARK.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    let without_samples = LARK.split("[[sample]]").next().unwrap();
    assert!(matches!(Format::parse("x.toml", without_samples), Err(FormatError::Key { key, .. }) if key == "sample"));
    assert!(matches!(Catalogue::embedded().get("nothing"), Err(FormatError::Unknown { .. })));
}

/// An invented format whose pairs have positional text around them.
const HEADED: &str = r#"
id = "larkgate"
title = "LarkGate"
vendor = "Lark Networks"
version = 1
url = "https://example.org/larkgate"
decode = "DECODE"
frame = "syslog"
head = ["{client:address} [{body:long}] {policy}", "{client:address} {remark:long}"]
otherwise = { ignored = "not_a_decision" }

[time]
from = "syslog.time"
layout = "rfc3339"

[[when]]
if = { host = { present = true } }
event = "web"

[columns]
src_ip = "client"
host = "host"
rule = "policy"
site = "syslog.host"
action = { from = "verdict", table = "verdict" }

[table.verdict]
stopped = "blocked"

[[sample]]
line = '2026-11-05T09:14:02Z gate-1 10.20.30.41 [PAIRS] term-time'
row = { event_time = "2026-11-05T09:14:02Z", src_ip = "10.20.30.41", host = "dice.example", rule = "term-time", site = "gate-1", action = "blocked" }

[[reject]]
line = '2026-11-05T09:14:02Z gate-1 10.20.30.41 just text'
reason = "not_a_decision"

[[reject]]
line = '2026-11-05T09:14:02Z gate-1 10.20.30.41 [just text] term-time'
reason = "not_a_decision"

[[reject]]
line = '2026-11-05T09:14:02Z gate-1 just text'
reason = "unreadable"
"#;

#[test]
fn a_head_stands_around_pairs_and_labels() {
    for (decode, pairs) in [("kv", "host=dice.example verdict=stopped"), ("labelled", "host: dice.example, verdict: stopped")] {
        let text = HEADED.replace("DECODE", decode).replace("PAIRS", pairs);
        let report = test("larkgate.toml", &text).unwrap();
        assert!(report.passed(), "{decode}: {:?}", report.checks);
    }
}

#[test]
fn a_line_with_a_nul_gives_its_whole_record() {
    let catalogue = Catalogue::embedded();
    let mut reader = catalogue.get("squid").unwrap().reader();
    assert!(reader.nul_ends_record());
    let whole = "1793870042.327 2 10.20.30.41 TCP_MISS/200 10 GET http://maps.example/ apatel HIER_DIRECT/192.0.2.7 -";
    let cut = format!("1793870042.300 2 10.20.30.41 TCP_MISS/200 10 GET http://maps.example/{}", "x".repeat(8100));
    let both = [cut.as_bytes(), b"\0", whole.as_bytes()].concat();
    let row = reader.read(&both);
    assert_eq!((row.outcome, row.text(Field::Url)), (Outcome::Event, &b"http://maps.example/"[..]));
    assert_eq!(reader.read(cut.as_bytes()).outcome, Outcome::Quarantined("cut_record"));
}

#[test]
fn an_inferred_format_is_proposed_and_never_taken() {
    let mut catalogue = Catalogue::embedded();
    let inferred = LARK.replace("version = 2", "version = 2\nevidence = \"inferred\"");
    catalogue.add("lark.toml", inferred).unwrap();
    let head = b"When,Person,Site,Groups,Verdict\n05/11/2026 09:14:02,apatel,maps.example,Travel,Passed\n";
    let found = catalogue.detect(head).unwrap();
    assert!(found.format.is_none());
    assert_eq!(found.to_confirm.unwrap().id(), "larkfilter-csv");
    // A format that is known and reads as much is taken as if there were no guess.
    catalogue.add("heron.toml", LARK.replace("larkfilter-csv", "heron-csv")).unwrap();
    let found = catalogue.detect(head).unwrap();
    assert_eq!((found.format.unwrap().id(), found.to_confirm.is_none()), ("heron-csv", true));
}

#[test]
fn nothing_is_made_of_what_is_no_log() {
    let catalogue = Catalogue::embedded();
    for head in
        [&b""[..], b"\n\n", b"Dear Sir,\nplease find the minutes enclosed.\n", b"a,b,c\n1,2,3\n", b"{\"a\":1}\n", &[0xff; 300]]
    {
        let found = catalogue.detect(head).unwrap();
        assert!(found.format.is_none(), "{:?}", found.candidates);
    }
}

#[test]
fn a_few_lines_of_another_shape_do_no_harm() {
    let catalogue = Catalogue::embedded();
    let line = "1793870042.327 2 10.20.30.41 TCP_MISS/200 10 GET http://maps.example/ apatel HIER_DIRECT/192.0.2.7 -\n";
    let head = format!("{}*** log rotated ***\n{}", line.repeat(3), line.repeat(3));
    let found = catalogue.detect(head.as_bytes()).unwrap();
    assert_eq!((found.format.unwrap().id(), found.lines), ("squid", 7));
}

#[test]
fn a_field_that_only_tells_formats_apart_is_not_asked_for_of_a_named_format() {
    let format = Catalogue::embedded().get("fortiproxy").unwrap();
    let line = r#"eventtime=1793870042 type="utm" subtype="webfilter" srcip=10.20.30.41 hostname="dice.example" action="blocked" url="/""#;
    let other = line.replace("type=\"utm\"", "devid=\"FGT0000000000001\" type=\"utm\"");
    let unlike = line.replace("subtype=\"webfilter\" ", "");
    let outcome = |format: &Arc<Format>, line: &str| format.reader().read(line.as_bytes()).outcome;
    let missing = Outcome::Quarantined("missing_field");
    let named = format.as_named();
    assert_eq!((outcome(&format, line), outcome(&named, line)), (missing, Outcome::Event));
    // What the line does say still counts, and so does what the format cannot do without.
    assert_eq!((outcome(&named, &other), outcome(&named, &unlike)), (Outcome::Quarantined("other_product"), missing));
}
