//! docs/vendors: a page for each vendor and an index, made from the format files; `WEIR_WRITE_DOCS=1` writes them again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Catalogue, Format};

const MADE: &str = "Made from the files in `ingest/formats/`; do not edit by hand.";

/// Columns in the words of people, in the order they are asked for.
const COLUMNS: [(&str, &[&str]); 17] = [
    ("the person", &["user"]),
    ("their group", &["user_group"]),
    ("the device", &["device"]),
    ("the client's address", &["src_ip"]),
    ("the whole address of a page", &["url", "path"]),
    ("the host", &["host"]),
    ("the filter's category", &["vendor_category"]),
    ("the category's number", &["vendor_category_id"]),
    ("search terms in a column of their own", &["search_term"]),
    ("the policy", &["profile"]),
    ("the rule", &["rule"]),
    ("the application", &["app"]),
    ("the page it was reached from", &["referrer"]),
    ("the answer's status", &["status"]),
    ("bytes", &["bytes_in", "bytes_out"]),
    ("whether the connection was opened (TLS)", &["tls_inspected"]),
    ("the finding", &["concern"]),
];

fn slug(vendor: &str) -> String {
    vendor.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

fn by_vendor() -> BTreeMap<String, Vec<Arc<Format>>> {
    let mut vendors: BTreeMap<String, Vec<Arc<Format>>> = BTreeMap::new();
    for format in Catalogue::embedded().all().unwrap() {
        vendors.entry(format.vendor().to_owned()).or_default().push(format);
    }
    vendors
}

fn evidence(format: &Format) -> &'static str {
    match format.evidence() {
        "real sample" => "real lines were seen",
        "documentation" => "the vendor's documentation; no real line was seen",
        _ => "inferred from screens or other programs; never taken without being named",
    }
}

fn logs(format: &Format) -> &'static str {
    match format.logs() {
        "blocked" => "refusals alone: nothing in it is a share of anything",
        "changes" => "changes by administrators; no requests",
        "findings" => "findings of a device monitor; no decisions",
        _ => "requests let through and refused, where the product is set to log both",
    }
}

fn shape(format: &Format) -> &'static str {
    match (format.spec.decode.as_str(), format.spec.frame.is_some()) {
        ("csv", false) => "a table (CSV)",
        ("csv", true) => "columns, in a file or by syslog",
        ("json", false) => "JSON, one object a line",
        ("json", true) => "JSON, one object a line, in a file or by syslog",
        ("cef", _) => "CEF, in a file or by syslog",
        ("leef", _) => "LEEF, in a file or by syslog",
        ("w3c", _) => "a W3C log with a #Fields line",
        ("kv" | "labelled", _) => "key and value pairs, in a file or by syslog",
        (_, true) => "lines of text, in a file or by syslog",
        _ => "lines of text",
    }
}

/// The decisions that its words and rules can tell apart.
fn decisions(format: &Format) -> Vec<&'static str> {
    let told = format.explain();
    let has = |action: &str| {
        told.actions.iter().any(|(_, meaning)| meaning == action)
            || told.rules.iter().any(|(_, then)| then.ends_with(&format!("action {action}")))
    };
    ["allowed", "blocked", "warned", "overridden"].into_iter().filter(|action| has(action)).collect()
}

fn cannot(format: &Format) -> Vec<&'static str> {
    if matches!(format.logs(), "changes") {
        return vec!["what anyone asked for"];
    }
    let gives = format.gives_what();
    let mut cannot: Vec<&str> = [
        ("user", "who asked"),
        ("category", "the filter's category; Weir's own list of hosts and search terms still hold"),
        ("search term", "search terms"),
        ("path", "more than the host of a page"),
        ("device", "the device's name"),
    ]
    .into_iter()
    .filter(|(what, _)| !gives.contains(what))
    .map(|(_, words)| words)
    .collect();
    if format.logs() == "blocked" {
        cannot.push("what was let through, so no share of blocked requests");
    }
    if format.logs() != "findings" && !decisions(format).contains(&"overridden") {
        cannot.push("who went past a block or a warning");
    }
    cannot
}

fn section(format: &Format) -> String {
    let spec = &format.spec;
    let mut text = format!("\n## {}\n\n", format.title());
    let mut fact = |what: &str, value: &str| text.push_str(&format!("- {what}: {value}\n"));
    fact("Format", &format!("`{}`, version {}", format.id(), format.version()));
    if !format.product().is_empty() {
        fact("Product", format.product());
    }
    fact("Shape", shape(format));
    fact("Stands as", format.layer());
    fact("Rests on", evidence(format));
    fact("Holds", logs(format));
    fact("Described at", &format!("<{}>", format.url()));
    let export = if spec.export.is_empty() { "Not written down here yet; see the address above." } else { &spec.export };
    text.push_str(&format!("\n**Getting the log out.** {export}\n"));
    let given = |names: &[&str]| names.iter().any(|name| spec.columns.contains_key(*name));
    let gets: Vec<&str> = COLUMNS.iter().filter(|(_, names)| given(names)).map(|(words, _)| *words).collect();
    let mut gets = if format.logs() == "changes" { "who changed what, and when".to_owned() } else { gets.join(", ") };
    let decisions = decisions(format);
    if !decisions.is_empty() {
        gets = format!("{gets}; told apart: {}", decisions.join(", "));
    }
    text.push_str(&format!("\n**What Weir gets**, where the line holds it: the time, {gets}.\n"));
    let cannot = cannot(format);
    if !cannot.is_empty() {
        text.push_str(&format!("\n**What it can't see.** {}.\n", cannot.join("; ")));
    }
    if !spec.notes.trim().is_empty() {
        text.push_str(&format!("\n**To know.** {}\n", spec.notes.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    let mends = format.mends();
    let settings = [
        ("So that lines name people", &mends.identity),
        ("So that more than the host is seen", &mends.decryption),
        ("So that allowed requests are logged", &mends.allowed),
        ("So that search terms are logged", &mends.search),
    ];
    if settings.iter().any(|(_, mend)| mend.is_some()) {
        text.push_str("\n**Settings.**\n\n");
        for (why, mend) in settings {
            if let Some(mend) = mend {
                text.push_str(&format!("- {why}: {mend}.\n"));
            }
        }
    }
    text
}

/// File name and text of every page.
fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut index = format!(
        "# Vendors\n\n{MADE}\n\nWhat Weir reads, what it gets from it and what it can't see. A log that is not here: [a new format in ten \
         minutes](../new-format.md), and [what to ask its vendor for](../vendors-without-a-format.md).\n\n| vendor | products | formats | stands as | rests on |\n|---|---|---|---|---|\n"
    );
    for (vendor, formats) in by_vendor() {
        let list = |of: &dyn Fn(&Format) -> String, between: &str| {
            let mut all: Vec<String> = Vec::new();
            for text in formats.iter().map(|format| of(format)).filter(|text| !text.is_empty()) {
                if !all.contains(&text) {
                    all.push(text);
                }
            }
            all.join(between)
        };
        index.push_str(&format!(
            "| [{vendor}]({}.md) | {} | {} | {} | {} |\n",
            slug(&vendor),
            list(&|format| format.product().replace('|', "/"), "; "),
            list(&|format| format!("`{}`", format.id()), ", "),
            list(&|format| format.layer().to_owned(), ", "),
            list(&|format| format.evidence().to_owned(), ", "),
        ));
        let sections: String = formats.iter().map(|format| section(format)).collect();
        pages.insert(format!("{}.md", slug(&vendor)), format!("# {vendor}\n\n{MADE} [All vendors](README.md).\n{sections}"));
    }
    pages.insert("README.md".into(), index);
    pages
}

#[test]
fn the_pages_are_up_to_date() {
    let folder: PathBuf = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/vendors");
    let pages = pages();
    let there = |folder: &PathBuf| -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    if std::env::var_os("WEIR_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        for name in there(&folder).iter().filter(|name| !pages.contains_key(*name)) {
            std::fs::remove_file(folder.join(name)).unwrap();
        }
        for (name, text) in &pages {
            std::fs::write(folder.join(name), text).unwrap();
        }
    }
    let again = "write it again: the tests of weir-ingest with WEIR_WRITE_DOCS=1";
    let mut wanted: Vec<String> = pages.keys().cloned().collect();
    wanted.sort();
    assert_eq!(there(&folder), wanted, "docs/vendors has other pages than vendors; {again}");
    for (name, text) in &pages {
        assert_eq!(&std::fs::read_to_string(folder.join(name)).unwrap(), text, "docs/vendors/{name} is out of date; {again}");
    }
}

#[test]
fn every_format_and_setting_stands_on_its_page() {
    let pages = pages();
    for format in Catalogue::embedded().all().unwrap() {
        let page = &pages[&format!("{}.md", slug(format.vendor()))];
        assert!(page.contains(&format!("`{}`", format.id())) && page.contains(format.url()), "{}", format.id());
        let mends = format.mends();
        for mend in [&mends.identity, &mends.decryption, &mends.allowed, &mends.search].into_iter().flatten() {
            assert!(page.contains(mend.as_str()), "{} {mend}", format.id());
        }
        assert!(pages["README.md"].contains(&format!("`{}`", format.id())));
    }
    assert!(pages["netgate.md"].contains("no share of blocked requests"));
    assert!(!pages["squid.md"].contains("no share of blocked requests"));
}
