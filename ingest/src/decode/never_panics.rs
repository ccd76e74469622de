//! No decoder panics on any bytes, whatever it was asked for and whatever it learnt before.

use proptest::prelude::*;

use super::csv::{Columns, Csv, Layout};
use super::pattern::{Pattern, Patterns};
use super::syslog::Body;
use super::{NO_SLOT, Slots, cef::Cef, json::Json, kv::Kv, labelled::Labelled, leef::Leef, syslog, w3c::W3c};

fn names() -> Vec<String> {
    ["a", "b", "c.d", "e[]", "f{}", "g[0].h", "cef.id", "leef.id", "label.x", "cs1"].map(String::from).to_vec()
}

/// Bytes that look enough like records to reach the corners.
fn records() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let piece = prop_oneof![
        Just(b"a=".to_vec()),
        Just(b"a: ".to_vec()),
        Just(b"b:\"".to_vec()),
        Just(b"b=\"".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"\"\"".to_vec()),
        Just(b"\\".to_vec()),
        Just(b",".to_vec()),
        Just(b" ".to_vec()),
        Just(b"\t".to_vec()),
        Just(b"|".to_vec()),
        Just(b"{\"a\":".to_vec()),
        Just(b"{\"f\":{\"x\":[".to_vec()),
        Just(b"[".to_vec()),
        Just(b"]}".to_vec()),
        Just(b"\\u12".to_vec()),
        Just(b"CEF:0|v|p|1|i|n|s|cs1Label=x cs1=".to_vec()),
        Just(b"LEEF:2.0|v|p|1|i|x5|".to_vec()),
        Just(b"#Fields: a b".to_vec()),
        Just(b"<13>1 ".to_vec()),
        Just(b"Nov  5 10:00:00 host app[1]: ".to_vec()),
        Just(b"2026-11-05T10:00:00Z".to_vec()),
        Just(b"TCP_MISS/200".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..12),
    ];
    let record = proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat());
    proptest::collection::vec(record, 1..6)
}

fn columns(delimiter: u8, header: bool) -> Columns {
    Columns {
        delimiter,
        quoted: true,
        layouts: vec![Layout { tests: vec![(1, b"a".to_vec())], width: (1, 9), slots: vec![0, NO_SLOT, 2] }],
        header,
        plain_names: vec![b"a".to_vec(), b"b".to_vec()],
        key_slots: vec![0],
    }
}

proptest! {
    #![proptest_config(crate::properties::cases(400))]

    #[test]
    fn on_any_bytes(records in records()) {
        let names = names();
        let mut kv = Kv::new(&names, b" ,");
        let labelled = Labelled::new(&names, b',');
        let mut csv = Csv::new(columns(b',', true));
        let mut cef = Cef::new(&names);
        let mut leef = Leef::new(&names);
        let mut json = Json::new(&names);
        let mut w3c = W3c::new(&names, Csv::new(columns(b' ', false)));
        let patterns = Patterns(vec![
            Pattern::new("{a:number} {b:text} {cs1:caps}/{c.d:int}", &names).unwrap(),
            Pattern::new("\"{a:long}\",\"{b:text}\" {cs1:text}", &names).unwrap(),
        ]);
        for record in &records {
            for body in [Body::Text, Body::Columns(b','), Body::From("{")] {
                let header = syslog::header(record, body);
                prop_assert!(header.body <= record.len());
                let mut slots = Slots::new(names.len());
                let mut seen = 0;
                let mut look = |slots: &mut Slots| {
                    seen += (0..names.len()).map(|n| slots.bytes(record, n as u16).len()).sum::<usize>();
                    slots.clear();
                };
                kv.split(record, header.body, &mut slots); look(&mut slots);
                labelled.split(record, header.body, &mut slots); look(&mut slots);
                csv.split(record, header.body, &mut slots); look(&mut slots);
                cef.split(record, header.body, &mut slots); look(&mut slots);
                leef.split(record, header.body, &mut slots); look(&mut slots);
                json.split(record, header.body, &mut slots); look(&mut slots);
                w3c.split(record, header.body, &mut slots); look(&mut slots);
                patterns.split(record, header.body, &mut slots); look(&mut slots);
            }
        }
    }

    #[test]
    fn times_on_any_bytes(text in proptest::collection::vec(any::<u8>(), 0..40)) {
        let _ = syslog::time_length(&text);
        let _ = syslog::month(&text);
    }
}
