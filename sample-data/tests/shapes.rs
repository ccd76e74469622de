//! Awkward lines of every format: the same for a seed, counted as the truth counts them, and awkward in every way that was promised.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use weir_sample_data::{Format, TruthLine, format_ids, shapes_of, write_with_truth};

fn write(id: &str, shape: usize, rows: u64, seed: u64) -> (String, Vec<TruthLine>) {
    let (mut out, mut truth) = (Vec::new(), Vec::new());
    let bytes = write_with_truth(id, shape, rows, seed, &mut out, &mut |line| {
        truth.push(line.clone());
        Ok(())
    })
    .unwrap();
    assert_eq!(bytes, out.len() as u64, "{id}");
    (String::from_utf8(out).unwrap(), truth)
}

fn every_shape(mut check: impl FnMut(&str, usize)) {
    for id in format_ids() {
        for shape in 0..shapes_of(id) {
            check(id, shape);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    every_shape(|id, shape| {
        let (first, truth) = write(id, shape, 60, 7);
        assert_eq!((&first, &truth), (&write(id, shape, 60, 7).0, &write(id, shape, 60, 7).1), "{id}");
        assert_ne!(first, write(id, shape, 60, 8).0, "{id}");
    });
}

#[test]
fn every_line_has_its_truth_and_every_number_of_rows_can_be_had() {
    every_shape(|id, shape| {
        for rows in [0, 1, 250] {
            let (text, truth) = write(id, shape, rows, 3);
            assert_eq!(text.lines().count(), truth.len(), "{id}");
            assert!(truth.iter().zip(1..).all(|(line, number)| line.line_no == number), "{id}");
            let heads = truth.iter().filter(|line| matches!(line.reason, Some("comment" | "header"))).count();
            assert_eq!((truth.len() - heads) as u64, rows, "{id}");
        }
    });
}

#[test]
fn a_shape_that_is_not_there_is_refused() {
    for (id, shape) in [("nosuch", 0), ("squid", 99)] {
        let refused = write_with_truth(id, shape, 1, 1, &mut Vec::new(), &mut |_| Ok(())).unwrap_err();
        assert!(refused.to_string().contains(id), "{refused}");
    }
}

#[test]
fn the_formats_of_estates_can_be_written_with_their_truth_too() {
    let ids = format_ids();
    for format in Format::ALL {
        assert!(ids.contains(&format.id()), "{}", format.id());
    }
}

/// PAN-OS carries nearly everything, and quotes what needs it.
#[test]
fn the_rows_are_awkward_in_every_way() {
    let (text, truth) = write("paloalto", 0, 2_000, 7);
    let values = |column: &str| -> Vec<String> {
        let texts = truth.iter().filter_map(|line| line.columns.get(column)).filter(|value| !value.is_null());
        texts.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
    };
    let some = |column: &str, needle: &str| values(column).iter().any(|value| value.contains(needle));
    for (column, needle) in [
        ("user", "siân.rhys"),
        ("user", "laptop-07$"),
        ("user", "o'hara.m"),
        ("src_ip", "2001:db8:"),
        ("host", "192.0.2.77"),
        ("host", "xn--"),
        ("rule", "\"homework\""),
        ("rule", "No games, lessons"),
        ("user_group", "SCH\\Year 11"),
        ("user_group", "Staff|Teaching"),
        ("user_group", "a=b"),
        ("url_query", "x=1|2&y='z'"),
        ("url_query", "%C5%B7"),
        ("url_query", "\\a"),
        ("search_term", "tŷ haf llanâr"),
        ("search_term", "formula + proof"),
        ("vendor_category", "gambling; clwb-brecwast"),
        ("referrer_domain", "maps.example"),
        // The nights the clocks change, and a summer's evening that is the next day here.
        ("event_time", "2026-03-29T00:5"),
        ("event_time", "2026-03-29T01:0"),
        ("event_time", "2026-10-25T00:5"),
        ("event_time", "2026-10-25T01:0"),
        ("event_time", "2026-07-05T23:3"),
        ("event_date", "2026-07-06"),
    ] {
        assert!(some(column, needle), "{column} never holds {needle}");
    }
    assert!(values("url_path").iter().any(|path| path.len() > 500));
    for column in ["user", "user_group", "vendor_category", "content_type", "device"] {
        assert!(
            truth.iter().any(|line| line.columns.get(column).is_some_and(serde_json::Value::is_null)),
            "{column} is never absent"
        );
    }
    // Written as this vendor does: with and without a domain, with doubled quotation marks, on its own clock.
    for needle in [",SCH\\apatel,", ",apatel,", ",apatel@sch.example,", "\"Rule \"\"homework\"\"\"", "2026/07/06 00:3"] {
        assert!(text.contains(needle), "{needle}");
    }
}
