//! Reads the wanted members of one JSON object by path, without building a tree; broken JSON gives what was read before the break.
//!
//! Paths are member names joined by dots (`sessionEvent.username`). `name[]` joins the texts of an array, `name{}` the member names of an
//! object, both by `; `; `name[0]` is the first item; `name[].part` joins one member of each object in an array.

use super::{LONGEST_RECORD, NO_SLOT, Shape, Slots, Span};

/// Nesting that is followed; deeper text is skipped, so that a hostile line cannot exhaust the stack.
const DEEPEST: usize = 48;

/// Between the parts of a joined value.
const JOINT: &[u8] = b"; ";

#[derive(Debug, Default)]
struct Node {
    name: Box<[u8]>,
    /// The value itself.
    slot: Option<u16>,
    /// Member names, joined.
    keys: Option<u16>,
    /// Items of an array: what to do with each, or only with the first.
    items: Option<usize>,
    first: Option<usize>,
    children: Vec<usize>,
}

/// Reads objects.
#[derive(Debug)]
pub(crate) struct Json {
    nodes: Vec<Node>,
    /// Slots that gather several values.
    gathers: Vec<bool>,
    parts: Vec<Vec<Span>>,
}

struct Cursor<'r> {
    record: &'r [u8],
    at: usize,
    broken: bool,
}

impl Json {
    /// A decoder for the wanted paths.
    pub(crate) fn new(names: &[String]) -> Self {
        let mut json = Self {
            nodes: vec![Node::default()],
            gathers: vec![false; names.len()],
            parts: names.iter().map(|_| Vec::new()).collect(),
        };
        for (slot, path) in names.iter().enumerate() {
            json.add(path, slot as u16);
        }
        json
    }

    fn add(&mut self, path: &str, slot: u16) {
        let mut node = 0;
        for part in path.split('.') {
            let (name, mark) = match part.find(['[', '{']) {
                Some(at) if at > 0 => part.split_at(at),
                _ => (part, ""),
            };
            node = self.child(node, name.as_bytes());
            match mark {
                "[]" => {
                    self.gathers[slot as usize] = true;
                    node = self.items(node, false);
                }
                "[0]" => node = self.items(node, true),
                "{}" => {
                    self.gathers[slot as usize] = true;
                    self.nodes[node].keys = Some(slot);
                    return;
                }
                _ => {}
            }
        }
        self.nodes[node].slot = Some(slot);
    }

    fn child(&mut self, parent: usize, name: &[u8]) -> usize {
        if let Some(&known) = self.nodes[parent].children.iter().find(|c| *self.nodes[**c].name == *name) {
            return known;
        }
        self.nodes.push(Node { name: name.into(), ..Node::default() });
        let new = self.nodes.len() - 1;
        self.nodes[parent].children.push(new);
        new
    }

    fn items(&mut self, parent: usize, first: bool) -> usize {
        let known = if first { self.nodes[parent].first } else { self.nodes[parent].items };
        if let Some(known) = known {
            return known;
        }
        self.nodes.push(Node::default());
        let new = self.nodes.len() - 1;
        if first {
            self.nodes[parent].first = Some(new);
        } else {
            self.nodes[parent].items = Some(new);
        }
        new
    }

    /// Splits `record` from `from` on, where the object opens.
    pub(crate) fn split(&mut self, record: &[u8], from: usize, slots: &mut Slots) -> Shape {
        if record.len() > LONGEST_RECORD {
            return Shape::Unreadable;
        }
        for parts in &mut self.parts {
            parts.clear();
        }
        let mut cursor = Cursor { record, at: from, broken: false };
        cursor.blanks();
        if cursor.peek() != Some(b'{') {
            return Shape::Unreadable;
        }
        self.value(&mut cursor, Some(0), 0, slots);
        for (slot, parts) in self.parts.iter().enumerate() {
            if parts.is_empty() {
                continue;
            }
            let start = slots.scratch.len();
            for (n, part) in parts.iter().enumerate() {
                if n > 0 {
                    slots.scratch.extend_from_slice(JOINT);
                }
                let length = part.len();
                if length > 0 {
                    // The part may itself stand in the scratch, so it is copied by position.
                    let at = slots.scratch.len();
                    slots.scratch.resize(at + length, 0);
                    let (old, new) = slots.scratch.split_at_mut(at);
                    new.copy_from_slice(part.of(record, old));
                }
            }
            let end = slots.scratch.len();
            slots.set(slot as u16, Span::in_scratch(start, end));
        }
        if cursor.broken { Shape::Unreadable } else { Shape::Record }
    }

    fn value(&mut self, cursor: &mut Cursor<'_>, node: Option<usize>, depth: usize, slots: &mut Slots) {
        cursor.blanks();
        match cursor.peek() {
            Some(b'{') if depth < DEEPEST && node.is_some() => self.object(cursor, node.unwrap_or(0), depth, slots),
            Some(b'[') if depth < DEEPEST && node.is_some() => self.array(cursor, node.unwrap_or(0), depth, slots),
            Some(b'{' | b'[') => cursor.skip_nested(),
            Some(b'"') => {
                let (span, escaped) = cursor.string();
                let Some(slot) = node.and_then(|n| self.nodes[n].slot) else { return };
                let span = if escaped { slots.rewrite(|scratch| unescape(span.of(cursor.record, &[]), scratch)) } else { span };
                self.give(slot, span, slots);
            }
            Some(_) => {
                let start = cursor.at;
                while cursor.peek().is_some_and(|b| !matches!(b, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')) {
                    cursor.at += 1;
                }
                if cursor.at == start {
                    cursor.fail();
                    return;
                }
                let text = &cursor.record[start..cursor.at];
                if let Some(slot) = node.and_then(|n| self.nodes[n].slot)
                    && text != b"null"
                {
                    self.give(slot, Span::new(start, cursor.at), slots);
                }
            }
            None => cursor.fail(),
        }
    }

    fn give(&mut self, slot: u16, span: Span, slots: &mut Slots) {
        if slot == NO_SLOT || span.is_empty() {
            return;
        }
        if self.gathers[slot as usize] {
            self.parts[slot as usize].push(span);
        } else {
            slots.set(slot, span);
        }
    }

    fn object(&mut self, cursor: &mut Cursor<'_>, node: usize, depth: usize, slots: &mut Slots) {
        cursor.at += 1;
        let mut hint = 0;
        loop {
            cursor.blanks();
            match cursor.peek() {
                Some(b'}') => {
                    cursor.at += 1;
                    return;
                }
                Some(b',') => {
                    cursor.at += 1;
                    continue;
                }
                Some(b'"') => {}
                _ => return cursor.fail(),
            }
            let (name, escaped) = cursor.string();
            cursor.blanks();
            if cursor.peek() != Some(b':') {
                return cursor.fail();
            }
            cursor.at += 1;
            if let Some(slot) = self.nodes[node].keys {
                let name = if escaped { slots.rewrite(|scratch| unescape(name.of(cursor.record, &[]), scratch)) } else { name };
                self.give(slot, name, slots);
            }
            let text = name.of(cursor.record, &[]);
            let children = &self.nodes[node].children;
            let found = (0..children.len())
                .map(|n| (hint + n) % children.len())
                .find(|&n| *self.nodes[children[n]].name == *text)
                .map(|n| (n, children[n]));
            if let Some((n, _)) = found {
                hint = n + 1;
            }
            self.value(cursor, found.map(|(_, child)| child), depth + 1, slots);
            if cursor.broken {
                return;
            }
        }
    }

    fn array(&mut self, cursor: &mut Cursor<'_>, node: usize, depth: usize, slots: &mut Slots) {
        cursor.at += 1;
        let (items, mut first) = (self.nodes[node].items, self.nodes[node].first);
        loop {
            cursor.blanks();
            match cursor.peek() {
                Some(b']') => {
                    cursor.at += 1;
                    return;
                }
                Some(b',') => {
                    cursor.at += 1;
                    continue;
                }
                None => return cursor.fail(),
                Some(_) => {}
            }
            self.value(cursor, first.take().or(items), depth + 1, slots);
            if cursor.broken {
                return;
            }
        }
    }
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.record.get(self.at).copied()
    }

    fn fail(&mut self) {
        self.broken = true;
        self.at = self.record.len();
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The string that opens here: its raw inside, and whether it holds escapes.
    fn string(&mut self) -> (Span, bool) {
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            let rest = self.record.get(at..).unwrap_or(&[]);
            match memchr::memchr2(b'"', b'\\', rest).map(|n| n + at) {
                Some(found) if self.record[found] == b'"' => {
                    self.at = found + 1;
                    return (Span::new(start, found), escaped);
                }
                Some(found) => {
                    escaped = true;
                    at = found + 2;
                }
                None => {
                    self.fail();
                    return (Span::default(), false);
                }
            }
        }
    }

    /// Leaves an object or array behind, however deep.
    fn skip_nested(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.string();
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        self.fail();
    }
}

fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if byte != b'\\' {
            out.push(byte);
            at += 1;
            continue;
        }
        at += 2;
        match text.get(at - 1) {
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(b'u') => {
                let first = hex4(text, at);
                at += 4;
                let mut code = first.unwrap_or(0xfffd);
                if (0xd800..0xdc00).contains(&code)
                    && text.get(at..at + 2) == Some(b"\\u")
                    && let Some(second) = hex4(text, at + 2)
                    && (0xdc00..0xe000).contains(&second)
                {
                    code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
                    at += 6;
                }
                let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Some(&other) => out.push(other),
            None => {}
        }
    }
}

fn hex4(text: &[u8], at: usize) -> Option<u32> {
    let digits = std::str::from_utf8(text.get(at..at + 4)?).ok()?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str, names: &[&str]) -> (Shape, Vec<String>) {
        let names: Vec<String> = names.iter().map(|n| n.to_string()).collect();
        let mut slots = Slots::new(names.len());
        let shape = Json::new(&names).split(line.as_bytes(), 0, &mut slots);
        let values =
            (0..names.len()).map(|n| String::from_utf8_lossy(slots.bytes(line.as_bytes(), n as u16)).into_owned()).collect();
        (shape, values)
    }

    #[test]
    fn objects() {
        let table: &[(&str, &[&str], &[&str])] = &[
            (r#"{"a":"x","b":2,"c":true,"d":null}"#, &["a", "b", "c", "d"], &["x", "2", "true", ""]),
            (r#" { "a" : { "b" : "x" , "c":{} } , "b":"y" } "#, &["a.b", "b"], &["x", "y"]),
            (r#"{"skip":{"a":"no","x":[{"a":"]}"}]},"a":"yes"}"#, &["a"], &["yes"]),
            (r#"{"c":["News","Sport \"x\""],"d":[{"n":"p"},{"n":"q"}]}"#, &["c[]", "d[].n"], &[r#"News; Sport "x""#, "p; q"]),
            (r#"{"c":["News","Sport"]}"#, &["c[0]"], &["News"]),
            (r#"{"t":{"user":{"apatel":[1]},"cat":{"News":[],"Fun":[]}}}"#, &["t.user{}", "t.cat{}"], &["apatel", "News; Fun"]),
            (r#"{"u":{"si\u00e2n":[],"a \"b\"":[],"c\/d":1}}"#, &["u{}"], &["siân; a \"b\"; c/d"]),
            (r#"{"u":"http:\/\/a.example\/","e":"\u00e9\ud83d\ude00\n"}"#, &["u", "e"], &["http://a.example/", "é😀\n"]),
        ];
        for (line, names, wanted) in table {
            assert_eq!(read(line, names), (Shape::Record, wanted.iter().map(ToString::to_string).collect()), "{line}");
        }
    }

    #[test]
    fn broken_objects() {
        for line in ["", "[1]", "{", r#"{"a""#, r#"{"a":"#, r#"{"a":"x"#, r#"{"a" 1}"#, r#"{"a":[1,"#, "{]"] {
            assert_eq!(read(line, &["a"]).0, Shape::Unreadable, "{line}");
        }
        assert_eq!(read(&"{\"a\":".repeat(100_000), &["a.a.a"]).0, Shape::Unreadable);
        assert_eq!(read(&format!("{{\"a\":{}1{}}}", "[".repeat(5000), "]".repeat(5000)), &["a[]", "b"]).0, Shape::Record);
    }
}
