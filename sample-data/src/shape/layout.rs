//! Lays the values of a record out as text: pairs, tables, JSON or plain positions, with each one's own quoting.

use serde_json::Value;

use super::value::Written;

/// When a value stands in quotation marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quote {
    Never,
    /// Also numbers.
    Always,
    /// Text, not numbers.
    Texts,
    /// Where it holds what would end it.
    Needed,
}

/// How a record is laid out.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Layout {
    /// Each value after its own literal text; `-` for none.
    Text,
    /// Names and values.
    Pairs {
        between: &'static str,
        assign: &'static str,
        quote: Quote,
        /// Written for none; the pair is left out without it.
        absent: Option<&'static str>,
        /// Characters that a backslash stands before.
        escape: &'static str,
    },
    /// Values in columns.
    Table {
        delimiter: &'static str,
        /// What stands before the names in the header line; no header without it.
        header: Option<&'static str>,
        quote: Quote,
        /// Written for none.
        absent: &'static str,
    },
    /// One object a line. A dot in a name is an object within, `[0]` the first of a list.
    Json,
}

/// CEF's extension: pairs in which a backslash stands before `\` and `=`.
pub(crate) const CEF: Layout = Layout::Pairs { between: " ", assign: "=", quote: Quote::Never, absent: None, escape: "\\=" };

/// LEEF's attributes: pairs between tabs.
pub(crate) const LEEF: Layout = Layout::Pairs { between: "\t", assign: "=", quote: Quote::Never, absent: None, escape: "" };

/// Comma-separated, with names in the first line.
pub(crate) const CSV: Layout = Layout::Table { delimiter: ",", header: Some(""), quote: Quote::Needed, absent: "" };

/// W3C extended: blanks between, a dash for none, names behind `#Fields:`.
pub(crate) const W3C: Layout = Layout::Table { delimiter: " ", header: Some("#Fields: "), quote: Quote::Needed, absent: "-" };

fn escaped(text: &str, escape: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if escape.contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

impl Layout {
    /// The header line, where the layout has one.
    pub fn header(&self, names: &[&str]) -> Option<String> {
        let Layout::Table { delimiter, header: Some(before), quote, .. } = self else { return None };
        let cells: Vec<String> =
            names.iter().map(|name| cell(&Written::Text((*name).to_owned()), *quote, delimiter, "")).collect();
        Some(format!("{before}{}", cells.join(delimiter)))
    }

    /// Appends a record.
    pub fn put(&self, out: &mut String, values: Vec<(&'static str, Written)>) {
        match self {
            Layout::Text => {
                for (before, value) in values {
                    out.push_str(before);
                    out.push_str(&value.text().unwrap_or_else(|| "-".to_owned()));
                }
            }
            Layout::Pairs { between, assign, quote, absent, escape } => {
                let mut is_first = true;
                for (name, value) in values {
                    let value = match (value, absent) {
                        (Written::Nothing, None) => continue,
                        (Written::Nothing, Some(absent)) => Written::Text((*absent).to_owned()),
                        (value, _) => value,
                    };
                    if !std::mem::take(&mut is_first) {
                        out.push_str(between);
                    }
                    out.push_str(name);
                    out.push_str(assign);
                    let is_bare = matches!(value, Written::Bare(_));
                    let text = value.text().unwrap_or_default();
                    let is_quoted = match quote {
                        Quote::Never => false,
                        Quote::Always => true,
                        Quote::Texts => !is_bare,
                        Quote::Needed => text.is_empty() || text.contains(' ') || text.contains(between),
                    };
                    let text = escaped(&text, escape);
                    if is_quoted {
                        out.extend(["\"", &text, "\""]);
                    } else {
                        out.push_str(&text);
                    }
                }
            }
            Layout::Table { delimiter, quote, absent, .. } => {
                for (place, (_, value)) in values.iter().enumerate() {
                    if place > 0 {
                        out.push_str(delimiter);
                    }
                    out.push_str(&cell(value, *quote, delimiter, absent));
                }
            }
            Layout::Json => {
                let mut object = Node::Object(Vec::new());
                for (path, value) in values {
                    let node = match value {
                        Written::Nothing => continue,
                        Written::Text(text) => Node::Leaf(Value::from(text)),
                        Written::Bare(text) => Node::Leaf(serde_json::from_str(&text).unwrap_or(Value::from(text))),
                        Written::List(parts) => Node::Leaf(Value::from(parts)),
                        Written::Keys(names) => {
                            Node::Object(names.into_iter().map(|name| (name, Node::List(Vec::new()))).collect())
                        }
                    };
                    object.set(path, node);
                }
                object.put(out);
            }
        }
    }
}

/// JSON whose members stay in the order of writing.
enum Node {
    Leaf(Value),
    Object(Vec<(String, Node)>),
    List(Vec<Node>),
}

impl Node {
    fn put(&self, out: &mut String) {
        match self {
            Node::Leaf(value) => out.push_str(&value.to_string()),
            Node::Object(members) => {
                for (place, (name, node)) in members.iter().enumerate() {
                    out.push(if place == 0 { '{' } else { ',' });
                    out.push_str(&Value::from(name.as_str()).to_string());
                    out.push(':');
                    node.put(out);
                }
                out.push_str(if members.is_empty() { "{}" } else { "}" });
            }
            Node::List(items) => {
                for (place, node) in items.iter().enumerate() {
                    out.push(if place == 0 { '[' } else { ',' });
                    node.put(out);
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
        }
    }

    /// The member of a name, made where it is missing.
    fn member(&mut self, name: &str) -> &mut Node {
        if !matches!(self, Node::Object(_)) {
            *self = Node::Object(Vec::new());
        }
        let Node::Object(members) = self else { return self };
        let place = members.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            members.push((name.to_owned(), Node::Leaf(Value::Null)));
            members.len() - 1
        });
        &mut members[place].1
    }

    /// Puts a value at a path of names.
    fn set(&mut self, path: &str, value: Node) {
        let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
        let mut at = self.member(step.strip_suffix("[0]").unwrap_or(step));
        if step.ends_with("[0]") {
            if !matches!(at, Node::List(_)) {
                *at = Node::List(vec![Node::Leaf(Value::Null)]);
            }
            if let Node::List(items) = at {
                at = &mut items[0];
            }
        }
        match rest {
            Some(rest) => at.set(rest, value),
            None => *at = value,
        }
    }
}

/// A value in a column, its quotation marks doubled.
fn cell(value: &Written, quote: Quote, delimiter: &str, absent: &str) -> String {
    let is_bare = matches!(value, Written::Bare(_));
    let Some(text) = value.clone().text() else {
        return if quote == Quote::Always { format!("\"{absent}\"") } else { absent.to_owned() };
    };
    let is_quoted = match quote {
        Quote::Never => false,
        Quote::Always => true,
        Quote::Texts => !is_bare,
        Quote::Needed => text.contains(delimiter) || text.contains('"') || text.contains('\n'),
    };
    if is_quoted { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(layout: Layout, values: &[(&'static str, &str)]) -> String {
        let mut out = String::new();
        let written = |text: &str| match text {
            "" => Written::Nothing,
            text if text.parse::<i64>().is_ok() => Written::Bare(text.to_owned()),
            text => Written::Text(text.to_owned()),
        };
        layout.put(&mut out, values.iter().map(|(name, text)| (*name, written(text))).collect());
        out
    }

    #[test]
    fn records_are_laid_out() {
        let values = [("a", "x"), ("b", ""), ("c", "7"), ("d", "p=q, \"r\"")];
        let pairs = |quote, absent, escape| Layout::Pairs { between: " ", assign: "=", quote, absent, escape };
        let table = |delimiter, quote| Layout::Table { delimiter, header: None, quote, absent: "-" };
        for (layout, wanted) in [
            (CEF, r#"a=x c=7 d=p\=q, "r""#),
            (LEEF, "a=x\tc=7\td=p=q, \"r\""),
            (pairs(Quote::Texts, Some("N/A"), "\""), r#"a="x" b="N/A" c=7 d="p=q, \"r\"""#),
            (pairs(Quote::Needed, None, ""), r#"a=x c=7 d="p=q, "r"""#),
            (CSV, r#"x,,7,"p=q, ""r""""#),
            (table(" ", Quote::Always), r#""x" "-" "7" "p=q, ""r""""#),
            (table("\t", Quote::Never), "x\t-\t7\tp=q, \"r\""),
            (Layout::Text, "axb-c7dp=q, \"r\""),
            (Layout::Json, r#"{"a":"x","c":7,"d":"p=q, \"r\""}"#),
        ] {
            assert_eq!(laid_out(layout, &values), wanted, "{layout:?}");
        }
        assert_eq!(CSV.header(&["When", "Site, path"]).unwrap(), "When,\"Site, path\"");
        assert_eq!(W3C.header(&["date", "cs-host"]).unwrap(), "#Fields: date cs-host");
    }

    #[test]
    fn paths_make_objects_and_lists() {
        let values = [("a.b", "x"), ("a.c", "7"), ("r[0].t", "y"), ("l[0]", "z")];
        assert_eq!(laid_out(Layout::Json, &values), r#"{"a":{"b":"x","c":7},"r":[{"t":"y"}],"l":["z"]}"#);
    }
}
