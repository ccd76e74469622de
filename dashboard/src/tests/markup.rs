//! A reader of our own HTML: enough to see tags, attributes and nesting, strict enough to refuse what is not closed.

use std::collections::{BTreeMap, BTreeSet};

const VOID: [&str; 5] = ["meta", "link", "input", "br", "img"];

/// One opening tag.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) attributes: BTreeMap<String, String>,
    /// Names of the elements around it, outermost first.
    pub(super) inside: Vec<String>,
    /// The text up to the next tag.
    pub(super) text: String,
}

impl Tag {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

/// Reads a page; panics where a tag is not closed, closed twice or an attribute is not quoted.
pub(super) fn read(page: &str) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = page.strip_prefix("<!doctype html>").expect("a page begins with its doctype");
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        assert!(!text.contains('>'), "a stray > in {text:?}");
        if let Some(tag) = tags.last_mut().filter(|tag| tag.text.is_empty()) {
            tag.text = text.trim().to_string();
        }
        let end = rest[start..].find('>').map(|end| start + end).expect("a tag ends");
        let inner = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = inner.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "closed out of order");
            continue;
        }
        let (inner, closed) = inner.strip_suffix('/').map_or((inner, false), |inner| (inner, true));
        let (name, mut attributes_text) = inner.split_once(|c: char| c.is_whitespace()).unwrap_or((inner, ""));
        let mut attributes = BTreeMap::new();
        attributes_text = attributes_text.trim();
        while !attributes_text.is_empty() {
            let stop = attributes_text.find(['=', ' ']).unwrap_or(attributes_text.len());
            let key = attributes_text[..stop].to_string();
            let value;
            if attributes_text[stop..].starts_with('=') {
                let quoted = attributes_text[stop + 1..].strip_prefix('"').expect("attributes are quoted");
                let close = quoted.find('"').expect("quotes close");
                value = quoted[..close].to_string();
                attributes_text = quoted[close + 1..].trim_start();
            } else {
                value = String::new();
                attributes_text = attributes_text[stop..].trim_start();
            }
            assert!(attributes.insert(key.clone(), value).is_none(), "{key} twice on {name}");
        }
        tags.push(Tag { name: name.into(), attributes, inside: open.clone(), text: String::new() });
        if !closed && !VOID.contains(&name) {
            open.push(name.into());
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    tags
}

/// What every page keeps to.
pub(super) fn check(path: &str, page: &str) {
    let tags = read(page);
    let named = |name: &str| tags.iter().filter(|tag| tag.name == name).collect::<Vec<_>>();
    assert_eq!(named("h1").len(), 1, "{path}: one h1");
    assert_eq!(named("main").len(), 1, "{path}: one main");
    assert_eq!(named("html")[0].get("lang"), Some("en-GB"), "{path}");
    for forbidden in ["script", "style", "iframe", "object", "embed", "base", "b-", "marquee"] {
        assert!(named(forbidden).is_empty(), "{path}: <{forbidden}>");
    }
    let mut level = 0;
    let mut ids = BTreeSet::new();
    for tag in &tags {
        for attribute in tag.attributes.keys() {
            assert!(attribute != "style" && !attribute.starts_with("on"), "{path}: {attribute} on {}", tag.name);
        }
        if let Some(id) = tag.get("id") {
            assert!(ids.insert(id.to_string()), "{path}: id {id} twice");
            assert!(!id.contains(' '), "{path}: id {id:?}");
        }
        if let ("h", Ok(next)) = (&tag.name[..1], tag.name[1..].parse::<u32>()) {
            assert!(next <= level + 1, "{path}: h{next} after h{level}");
            level = next;
        }
        if let Some(tabindex) = tag.get("tabindex") {
            assert!(["0", "-1"].contains(&tabindex), "{path}: tabindex {tabindex}");
        }
        for address in ["href", "src", "action"].into_iter().filter_map(|name| tag.get(name)) {
            assert!(
                address.starts_with('/') && !address.starts_with("//") || address.starts_with('#'),
                "{path}: leads to {address}"
            );
        }
        if tag.name == "table" {
            assert!(tag.inside.iter().any(|name| name == "div"), "{path}: a table scrolls in its own region");
        }
        if tag.name == "th" {
            assert!(tag.get("scope").is_some(), "{path}: th without scope");
        }
        if tag.name == "svg" {
            assert!(
                tag.get("role") == Some("img") || tag.get("aria-hidden") == Some("true"),
                "{path}: a drawing says what it is"
            );
        }
        if tag.get("role") == Some("region") {
            assert_eq!(tag.get("tabindex"), Some("0"), "{path}: a scrolling region can be reached by keyboard");
        }
        if ["select", "input", "textarea"].contains(&tag.name.as_str()) && tag.get("type") != Some("hidden") {
            let id = tag.get("id").expect("a field has an id");
            assert!(named("label").iter().any(|label| label.get("for") == Some(id)), "{path}: {id} has no label");
        }
    }
    assert_eq!(named("table").len(), named("caption").len(), "{path}: every table has its caption");
    for tag in &tags {
        for reference in tag.get("aria-labelledby").into_iter().flat_map(|ids| ids.split(' ')) {
            assert!(ids.contains(reference), "{path}: nothing has the id {reference}");
        }
    }
    let first_link = named("a")[0];
    assert_eq!((first_link.get("class"), first_link.get("href")), (Some("skip"), Some("#main")), "{path}: skip link first");
    drawings(path, page);
}

/// Every drawing is well-formed XML with a title and a description.
fn drawings(path: &str, page: &str) {
    let mut rest = page;
    while let Some(start) = rest.find("<svg") {
        let end = rest[start..].find("</svg>").map(|end| start + end + 6).expect("a drawing ends");
        let drawing = &rest[start..end];
        let mut reader = quick_xml::Reader::from_str(drawing);
        reader.config_mut().check_end_names = true;
        let mut depth = 0;
        loop {
            match reader.read_event().unwrap_or_else(|error| panic!("{path}: {error} in {drawing}")) {
                quick_xml::events::Event::Start(start) => {
                    depth += 1;
                    for attribute in start.attributes() {
                        attribute.expect("attributes are well formed");
                    }
                }
                quick_xml::events::Event::Empty(empty) => {
                    for attribute in empty.attributes() {
                        let value = attribute.expect("attributes are well formed").value;
                        assert!(!String::from_utf8_lossy(&value).contains("NaN"), "{path}: {drawing}");
                    }
                }
                quick_xml::events::Event::End(_) => depth -= 1,
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(depth, 0, "{path}: {drawing}");
        if drawing.contains("role=\"img\"") {
            assert!(drawing.contains("<title") && drawing.contains("<desc"), "{path}: {drawing}");
        }
        rest = &rest[end..];
    }
}

#[test]
#[should_panic(expected = "closed out of order")]
fn the_reader_sees_bad_nesting() {
    read("<!doctype html><p><b></p></b>");
}

#[test]
#[should_panic(expected = "one h1")]
fn the_check_sees_a_second_h1() {
    check("/x", "<!doctype html><html lang=\"en-GB\"><main><h1>a</h1><h1>b</h1></main></html>");
}
