//! docs/format.schema.json names exactly the keys that a format file may have, holds for every shipped format, and refuses wrong ones.

use std::collections::BTreeSet;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::draft::draft;
use super::plan::TEXT_COLUMNS;
use super::spec::{FullColumnSpec, LayoutSpec, Mends, OutcomeSpec, RejectSpec, SampleSpec, Says, Spec, TimeSpec, WhenSpec};
use super::{Catalogue, Format};

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/format.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Where `value` breaks `schema`; the part of JSON Schema that ours uses, and a panic at a word outside it.
fn faults(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    for (word, rule) in schema.as_object().unwrap() {
        match word.as_str() {
            "$schema" | "title" | "description" | "$defs" | "properties" => {}
            "$ref" => {
                let target = root.pointer(rule.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
                faults(root, target, value, at, found);
            }
            "type" => {
                let holds = match rule.as_str().unwrap() {
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_i64(),
                    "array" => value.is_array(),
                    "object" => value.is_object(),
                    other => panic!("type {other}"),
                };
                if !holds {
                    found.push(format!("{at}: is no {rule}"));
                }
            }
            "enum" if !rule.as_array().unwrap().contains(value) => found.push(format!("{at}: {value} is none of {rule}")),
            "anyOf" => {
                let fits = |rule: &Value| {
                    let mut found = Vec::new();
                    faults(root, rule, value, at, &mut found);
                    found.is_empty()
                };
                if !rule.as_array().unwrap().iter().any(fits) {
                    found.push(format!("{at}: fits nothing that may stand there"));
                }
            }
            "items" => {
                for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                    faults(root, rule, item, &format!("{at}[{n}]"), found);
                }
            }
            "minItems" if value.as_array().is_some_and(|items| (items.len() as u64) < rule.as_u64().unwrap()) => {
                found.push(format!("{at}: too few"));
            }
            "maxItems" if value.as_array().is_some_and(|items| (items.len() as u64) > rule.as_u64().unwrap()) => {
                found.push(format!("{at}: too many"));
            }
            "minimum" if value.as_i64().is_some_and(|n| n < rule.as_i64().unwrap()) => found.push(format!("{at}: too small")),
            "required" => {
                for key in rule.as_array().unwrap() {
                    if value.is_object() && value.get(key.as_str().unwrap()).is_none() {
                        found.push(format!("{at}: lacks {key}"));
                    }
                }
            }
            "additionalProperties" => {
                for (key, inner) in value.as_object().into_iter().flatten() {
                    let at = format!("{at}.{key}");
                    match schema.get("properties").and_then(|known| known.get(key)) {
                        Some(rule) => faults(root, rule, inner, &at, found),
                        None if rule == &Value::Bool(false) => found.push(format!("{at}: not known")),
                        None => faults(root, rule, inner, &at, found),
                    }
                }
            }
            // The pattern of ids is the newtype's, which its own tests hold.
            "enum" | "minItems" | "maxItems" | "minimum" | "pattern" => {}
            other => panic!("the checker does not know {other}"),
        }
    }
}

fn check(text: &str) -> Vec<String> {
    let schema = schema();
    let value = serde_json::to_value(toml::from_str::<toml::Value>(text).unwrap()).unwrap();
    let mut found = Vec::new();
    faults(&schema, &schema, &value, "", &mut found);
    found
}

#[test]
fn every_shipped_format_holds() {
    for (id, text) in Catalogue::embedded().texts() {
        assert_eq!(check(text), Vec::<String>::new(), "{id}");
    }
}

#[test]
fn what_the_reader_refuses_the_schema_refuses() {
    let catalogue = Catalogue::embedded();
    let (_, squid) = catalogue.texts().find(|(id, _)| *id == "squid").unwrap();
    for (from, to) in [
        ("layer = \"filter\"", "layer = \"bridge\""),
        ("version = ", "versoin = "),
        ("[columns]\n", "[columns]\nhots = \"x\"\n"),
        ("[time]\n", "[time]\nepohc = \"s\"\n"),
        ("decode = \"", "decode = \"x"),
        ("title = ", "multiline = 3\ntitle = "),
    ] {
        let text = squid.replacen(from, to, 1);
        assert_ne!(text, squid, "{from}");
        assert!(Format::parse("x.toml", &text).is_err(), "{to}");
        assert!(!check(&text).is_empty(), "{to}");
    }
}

#[test]
fn a_proposal_holds() {
    let sample = "Date/Time,Username,Website,Verdict\n23/11/2026 10:00:01,qvexley,zq.example,Allowed\n";
    assert_eq!(check(&draft(&Catalogue::embedded(), sample.as_bytes(), "lark").unwrap().text), Vec::<String>::new());
}

/// The keys that a struct takes, as its own refusal of an unknown one lists them.
fn keys<T: DeserializeOwned>() -> BTreeSet<String> {
    let message = toml::from_str::<T>("no_such_key = 1").err().unwrap().message().to_owned();
    let (before, list) = message.split_once("expected").unwrap();
    assert!(before.contains("no_such_key"), "{message}");
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_keys_are_those_of_the_reader() {
    let schema = schema();
    let named = |at: &str| -> BTreeSet<String> {
        schema.pointer(&format!("{at}/properties")).unwrap().as_object().unwrap().keys().cloned().collect()
    };
    let table = [
        ("", keys::<Spec>()),
        ("/$defs/mends", keys::<Mends>()),
        ("/$defs/layout", keys::<LayoutSpec>()),
        ("/$defs/says", keys::<Says>()),
        ("/$defs/when", keys::<WhenSpec>()),
        ("/$defs/otherwise", keys::<OutcomeSpec>()),
        ("/$defs/time", keys::<TimeSpec>()),
        ("/$defs/source", keys::<FullColumnSpec>()),
        ("/$defs/sample", keys::<SampleSpec>()),
        ("/$defs/reject", keys::<RejectSpec>()),
    ];
    for (at, mut wanted) in table {
        if at == "/$defs/time" {
            wanted.insert("column".into());
        }
        assert_eq!(named(at), wanted, "{at}");
    }
    let others = ["status", "bytes_in", "bytes_out", "action", "tls_inspected"];
    let columns: BTreeSet<String> = TEXT_COLUMNS.iter().map(|(name, _)| *name).chain(others).map(str::to_owned).collect();
    assert_eq!(named("/properties/columns"), columns);
}
