//! Bundles: the same bytes again, and refusals.

use super::*;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn bundle() -> Bundle {
    Bundle {
        format: FORMAT,
        weir_version: "0.1.0".into(),
        lake_version: 7,
        frozen_at: "2026-07-14T15:30:00Z".parse().unwrap(),
        audience: Audience::Governors,
        revision: 1,
        year: "2025-26".into(),
        first_day: day("2025-09-01"),
        last_day: day("2026-08-31"),
        body: Body { id: "larkfield".into(), name: "Larkfield Infants".into(), nation: "England".into() },
        title: "Annual review".into(),
        lead: vec!["One.".into()],
        unseen: vec![],
        questions: vec![],
        findings: vec![],
        sections: vec![Section { heading: None, blocks: vec![] }],
        actions: vec![],
        signatures: vec![],
        replaces: None,
        differences: vec![],
        appendices: vec![],
        definitions: vec![],
        glossary: vec![],
    }
}

fn table(cell: Cell) -> Table {
    let columns = vec![Column { title: "Pupils".into(), kind: ColumnKind::Number { decimals: 1 } }];
    Table { id: "rolls".into(), title: "Rolls".into(), columns, rows: vec![vec![cell]] }
}

/// What makes a bundle wrong.
type Change = fn(&mut Bundle);

fn number(value: f64) -> Number {
    Number::new(value).unwrap()
}

#[test]
fn the_canonical_bytes_are_as_documented() {
    let mut bundle = bundle();
    bundle.appendices.push(table(Cell::Number(number(3.0))));
    let expected = concat!(
        r#"{"format":1,"weir_version":"0.1.0","lake_version":7,"frozen_at":"2026-07-14T15:30:00Z","audience":"governors","revision":1,"#,
        r#""year":"2025-26","first_day":"2025-09-01","last_day":"2026-08-31","#,
        r#""body":{"id":"larkfield","name":"Larkfield Infants","nation":"England"},"title":"Annual review","lead":["One."],"#,
        r#""unseen":[],"questions":[],"findings":[],"sections":[{"blocks":[]}],"actions":[],"signatures":[],"differences":[],"#,
        r#""appendices":[{"id":"rolls","title":"Rolls","columns":[{"title":"Pupils","kind":{"number":{"decimals":1}}}],"#,
        r#""rows":[[{"number":3.0}]]}],"definitions":[],"glossary":[]}"#
    );
    assert_eq!(String::from_utf8(bundle.to_json().unwrap()).unwrap(), expected);
    assert_eq!(Bundle::from_json(expected.as_bytes()).unwrap(), bundle);
}

#[test]
fn bytes_that_weir_would_write_otherwise_are_refused() {
    let bytes = String::from_utf8(bundle().to_json().unwrap()).unwrap();
    let spaced = bytes.replacen(':', ": ", 1);
    assert!(matches!(Bundle::from_json(spaced.as_bytes()), Err(BundleError::NotCanonical)));
    let more = bytes.replacen('{', r#"{"mood":"good","#, 1);
    assert!(matches!(Bundle::from_json(more.as_bytes()), Err(BundleError::Json(_))));
    let later = bytes.replacen(r#""format":1"#, r#""format":2"#, 1);
    assert!(matches!(Bundle::from_json(later.as_bytes()), Err(BundleError::Format { found: 2, .. })));
}

#[test]
fn numbers_read_back_as_they_were() {
    for value in [
        0.1,
        1.0 / 3.0,
        2.0 / 7.0,
        123_456_789.123_456_7,
        99.999_999_9,
        1e-6,
        999_999_999_999_999.0,
        4_503_599_627_370_497.5 / 8.0,
    ] {
        let kept = number(value);
        let text = serde_json::to_string(&kept).unwrap();
        let back: Number = serde_json::from_str(&text).unwrap();
        assert_eq!(back.get().to_bits(), kept.get().to_bits(), "{text}");
        assert!((kept.get() - value).abs() <= 0.5e-6 || value.abs() >= 1e9, "{value} became {text}");
    }
    assert_eq!(number(-0.0).get().to_bits(), 0.0_f64.to_bits());
    assert_eq!(number(-0.000_000_1).get().to_bits(), 0.0_f64.to_bits());
    for value in [f64::NAN, f64::INFINITY, 1e15, -1e300] {
        assert_eq!(Number::new(value), None);
    }
}

#[test]
fn what_cannot_be_shown_is_refused_with_its_place() {
    let refused = |change: Change| {
        let mut bundle = bundle();
        change(&mut bundle);
        bundle.to_json().unwrap_err().to_string()
    };
    let cases: [(Change, &str); 8] = [
        (|b| b.lead.push("a\u{7}b".into()), "lead.1: the character U+0007"),
        (|b| b.lead.push("a\u{202e}b".into()), "lead.1: the character U+202E"),
        (|b| b.appendices.push(table(Cell::Date(day("2026-01-01")))), "table rolls: row 1, column \"Pupils\""),
        (|b| b.appendices = vec![table(Cell::Empty), table(Cell::Empty)], "id \"rolls\": used twice"),
        (|b| b.sections.clear(), "sections: none"),
        (|b| b.sections.push(Section { heading: Some("B".into()), blocks: vec![] }), "sections: several"),
        (|b| b.frozen_at = "2026-07-14T15:30:00.5Z".parse().unwrap(), "frozen_at"),
        (
            |b| {
                let mut ragged = table(Cell::Empty);
                ragged.rows.push(vec![]);
                b.appendices.push(ragged);
            },
            "row 2 has 0 cells for 1 columns",
        ),
    ];
    for (change, expected) in cases {
        let error = refused(change);
        assert!(error.starts_with(expected) || error.contains(expected), "{error} instead of {expected}");
    }
}

#[test]
fn plain_keeps_what_a_reader_sees() {
    assert_eq!(plain("a\u{0}b\tc\r\nd\u{202e}e \u{175}y \u{1f600}"), "a b c\nd e \u{175}y \u{1f600}");
}
