//! Reads positional text by a pattern such as `{time:number} {client} {result:caps}/{status:int}`; backtracks where a field may hold blanks.
//!
//! A pattern is literal text and `{name:shape}` fields, and must match the whole record. A blank stands for one or more blanks. Shapes:
//! `word` (no blanks; the usual one, and may be left out), `int`, `number` (with a fraction), `date` (digits parted by two of `-`, `.`, `/`),
//! `clock` (digits parted by two colons, perhaps with a fraction), `caps` (`A-Z`, digits, `_` and `-`),
//! `address` (hex digits, dots, colons), `url` (a word with `://` in it), `agent` (a word with a `/` in it),
//! `text` (anything, as short as the rest allows) and `long` (anything, as long as the rest allows). A word, like any shape without
//! blanks, ends before the literal character that follows it. `{:text}` skips.
//!
//! Why not regular expressions: fields that hold blanks need captures, which cost several times as much as this and allocate.

use super::class::Class;
use super::marks::{mark, pieces};
use super::{LONGEST_RECORD, NO_SLOT, Shape, Slots, Span, find_byte, find_either, slot_of};

/// Steps a record may cost for each of its bytes before it counts as unreadable: an unlucky or hostile line must not stall the reader.
const STEPS_PER_BYTE: usize = 24;

/// Words of 64 bytes in which blanks are marked, a power of two; longer records are matched without.
const BLANK_WORDS: usize = 32;

/// Fields in a pattern that may be tried at several lengths.
const MOST_CHOICES: usize = 16;

/// Why a pattern is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    /// A brace without its partner.
    #[error("pattern {0:?}: a brace has no partner")]
    Brace(String),
    /// A shape nobody knows.
    #[error(
        "pattern field {0:?}: found shape {1:?}; use word, int, number, date, clock, caps, address, url, agent, text or long"
    )]
    Shape(String, String),
    /// Too many fields of open length.
    #[error("pattern {0:?}: more than {MOST_CHOICES} fields of shape text or long")]
    Choices(String),
}

#[derive(Debug, Clone)]
enum Element {
    Literal(Box<[u8]>),
    Blanks,
    Run { slot: u16, class: Class, stop: u8 },
    Shortest { slot: u16 },
    Longest { slot: u16 },
}

/// One compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    elements: Vec<Element>,
}

/// Names of the fields of a pattern, in order.
pub(crate) fn names(text: &str) -> Vec<&str> {
    text.split('{').skip(1).filter_map(|part| part.split(['}', ':']).next()).filter(|name| !name.is_empty()).collect()
}

impl Pattern {
    /// Compiles `text`; fields nobody asked for among `names` are matched and dropped.
    pub(crate) fn new(text: &str, names: &[String]) -> Result<Self, PatternError> {
        let brace = || PatternError::Brace(text.to_string());
        let mut elements: Vec<Element> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (literal, more) = rest.split_once('{').map_or((rest, None), |(l, m)| (l, Some(m)));
            for (n, part) in literal.split(' ').enumerate() {
                if n > 0 && !matches!(elements.last(), Some(Element::Blanks)) {
                    elements.push(Element::Blanks);
                }
                if !part.is_empty() {
                    elements.push(Element::Literal(part.as_bytes().into()));
                }
            }
            let Some(more) = more else { break };
            let (field, after) = more.split_once('}').ok_or_else(brace)?;
            let (name, shape) = field.split_once(':').unwrap_or((field, "word"));
            let slot = slot_of(names, name.as_bytes());
            let class = match shape {
                "word" => Class::Word,
                "int" => Class::Int,
                "number" => Class::Number,
                "date" => Class::Date,
                "clock" => Class::Clock,
                "caps" => Class::Caps,
                "address" => Class::Address,
                "url" => Class::Url,
                "agent" => Class::Agent,
                "text" | "long" => {
                    elements.push(if shape == "text" { Element::Shortest { slot } } else { Element::Longest { slot } });
                    rest = after;
                    continue;
                }
                other => return Err(PatternError::Shape(name.to_string(), other.to_string())),
            };
            // A blank stops every run, and so stands for no stop.
            let stop = after.bytes().next().filter(|b| *b != b'{').unwrap_or(b' ');
            elements.push(Element::Run { slot, class, stop });
            rest = after;
        }
        let choices = elements.iter().filter(|e| matches!(e, Element::Shortest { .. } | Element::Longest { .. })).count();
        if choices > MOST_CHOICES {
            return Err(PatternError::Choices(text.to_string()));
        }
        Ok(Self { elements })
    }

    /// As [`Pattern::matches`], with each open field at its shortest: nearly all records match so, and without the bookkeeping of ways back.
    /// None where another length may match.
    fn matches_shortest(&self, record: &[u8], from: usize, spans: &mut [Span]) -> Option<bool> {
        // Where blanks stand, told for the whole record at once: most fields end at one.
        let mut blanks = [0_u64; BLANK_WORDS];
        if record.len() >= 64 * BLANK_WORDS {
            return None;
        }
        let words = record.len().div_ceil(64);
        // Masked, so that no word needs a check of its own.
        pieces(record, |number, piece| blanks[number & (BLANK_WORDS - 1)] = mark(piece, b' '));
        let next_blank = |at: usize| -> usize {
            let mut word = at / 64;
            let mut marks = blanks[word & (BLANK_WORDS - 1)] >> (at % 64) << (at % 64);
            while marks == 0 {
                word += 1;
                if word >= words {
                    return record.len();
                }
                marks = blanks[word & (BLANK_WORDS - 1)];
            }
            word * 64 + marks.trailing_zeros() as usize
        };
        let mut fill = |slot: u16, start: usize, end: usize| {
            if let Some(place) = spans.get_mut(slot as usize) {
                *place = Span::new(start, end);
            }
        };
        let mut at = from;
        let mut is_certain = true;
        let mut elements = self.elements.iter();
        while let Some(element) = elements.next() {
            let found = match element {
                Element::Blanks => {
                    let start = at;
                    while record.get(at) == Some(&b' ') {
                        at += 1;
                    }
                    at > start
                }
                Element::Run { slot, class, stop } => {
                    let start = at;
                    at = if *stop == b' ' { next_blank(start) } else { find_either(record, start, b' ', *stop) };
                    fill(*slot, start, at);
                    let (is_of_class, is_whole) = class.look(record, start, at);
                    // A run of a class that ends before the blank does so before what follows it: the general way sees to that.
                    if !is_of_class {
                        return None;
                    }
                    at > start && is_whole
                }
                Element::Literal(literal) => match &**literal {
                    [byte] => {
                        at += 1;
                        record.get(at - 1) == Some(byte)
                    }
                    literal => {
                        let rest = record.get(at..).unwrap_or(&[]);
                        at += literal.len();
                        rest.starts_with(literal)
                    }
                },
                Element::Shortest { slot } => {
                    is_certain = false;
                    let start = at;
                    at = match elements.as_slice().first() {
                        Some(Element::Blanks) => next_blank(at),
                        Some(Element::Literal(literal)) => find_text(record, at, literal).unwrap_or(record.len()),
                        _ => return None,
                    };
                    fill(*slot, start, at);
                    at < record.len()
                }
                Element::Longest { .. } => return None,
            };
            if !found {
                return if is_certain { Some(false) } else { None };
            }
        }
        if at == record.len() {
            Some(true)
        } else if is_certain {
            Some(false)
        } else {
            None
        }
    }

    /// Matches `record` from `from` to its end, and fills the slots.
    pub(crate) fn matches(&self, record: &[u8], from: usize, slots: &mut Slots) -> bool {
        if record.len() > LONGEST_RECORD {
            return false;
        }
        let matched = match self.matches_shortest(record, from, slots.spans_mut()) {
            Some(matched) => matched,
            None => {
                self.forget(slots);
                self.matches_any(record, from, slots)
            }
        };
        if !matched {
            self.forget(slots);
        }
        matched
    }

    /// Takes back what this pattern may have filled; what a frame gave stays.
    fn forget(&self, slots: &mut Slots) {
        for element in &self.elements {
            if let Element::Run { slot, .. } | Element::Shortest { slot } | Element::Longest { slot } = element
                && let Some(place) = slots.spans_mut().get_mut(*slot as usize)
            {
                *place = Span::default();
            }
        }
    }

    fn matches_any(&self, record: &[u8], from: usize, slots: &mut Slots) -> bool {
        #[derive(Clone, Copy, Default)]
        struct Choice {
            element: usize,
            start: usize,
            end: usize,
        }
        let spans = slots.spans_mut();
        let mut fill = |slot: u16, span: Span| {
            if let Some(place) = spans.get_mut(slot as usize) {
                *place = span;
            }
        };
        let mut choices = [Choice::default(); MOST_CHOICES];
        let mut depth = 0_usize;
        let mut steps = (record.len() + 64) * STEPS_PER_BYTE;
        let (mut element, mut at) = (0_usize, from);
        // Where a field of open length is to end next, when coming back to it.
        let mut again: Option<Choice> = None;
        loop {
            let cost_from = at;
            let matched = match self.elements.get(element) {
                None => at == record.len(),
                Some(Element::Literal(literal)) => {
                    let found = record.get(at..).is_some_and(|rest| rest.starts_with(literal));
                    at += if found { literal.len() } else { 0 };
                    found
                }
                Some(Element::Blanks) => {
                    let start = at;
                    while record.get(at) == Some(&b' ') {
                        at += 1;
                    }
                    at > start
                }
                Some(Element::Run { slot, class, stop }) => {
                    let start = at;
                    at = class.end(record, start, *stop);
                    let text = record.get(start..at).unwrap_or(&[]);
                    let found = !text.is_empty() && class.is_whole(text);
                    if found && *slot != NO_SLOT {
                        fill(*slot, Span::new(start, at));
                    }
                    found
                }
                Some(Element::Shortest { slot }) => {
                    let (start, least) = again.take().map_or((at, at), |c| (c.start, c.end + 1));
                    match self.next_place(record, element + 1, least) {
                        Some(end) => {
                            choices[depth] = Choice { element, start, end };
                            depth += 1;
                            fill(*slot, Span::new(start, end));
                            at = end;
                            true
                        }
                        None => {
                            at = record.len();
                            false
                        }
                    }
                }
                Some(Element::Longest { slot }) => {
                    let (start, most) = again.take().map_or((at, Some(record.len())), |c| (c.start, c.end.checked_sub(1)));
                    match most.filter(|m| *m >= start).and_then(|most| self.last_place(record, element + 1, start, most)) {
                        Some(end) => {
                            choices[depth] = Choice { element, start, end };
                            depth += 1;
                            fill(*slot, Span::new(start, end));
                            at = end;
                            true
                        }
                        None => {
                            at = record.len();
                            false
                        }
                    }
                }
            };
            steps = steps.saturating_sub(1 + at.abs_diff(cost_from) / 4);
            if matched {
                if element == self.elements.len() {
                    return true;
                }
                element += 1;
                continue;
            }
            if depth == 0 || steps == 0 {
                return false;
            }
            depth -= 1;
            again = Some(choices[depth]);
            element = choices[depth].element;
            at = choices[depth].end;
        }
    }

    /// The first place from `from` on where the element after an open field can start.
    fn next_place(&self, record: &[u8], element: usize, from: usize) -> Option<usize> {
        record.get(from..)?;
        match self.elements.get(element) {
            None => Some(record.len()).filter(|end| *end >= from),
            Some(Element::Literal(literal)) => find_text(record, from, literal),
            Some(Element::Blanks) => Some(find_either(record, from, b' ', b' ')).filter(|end| *end < record.len()),
            Some(_) => Some(from),
        }
    }

    /// The last place between `start` and `most` where the element after an open field can start.
    fn last_place(&self, record: &[u8], element: usize, start: usize, most: usize) -> Option<usize> {
        match self.elements.get(element) {
            None => Some(record.len()).filter(|end| *end <= most),
            Some(Element::Literal(literal)) => {
                let end = (most + literal.len()).min(record.len());
                memchr::memmem::rfind(record.get(start..end)?, literal).map(|n| n + start)
            }
            Some(Element::Blanks) => memchr::memrchr(b' ', record.get(start..(most + 1).min(record.len()))?).map(|n| n + start),
            Some(_) => Some(most),
        }
    }
}

/// The first place of `text` in `record` from `from` on. Literals are a few bytes, for which building a searcher costs more than searching.
fn find_text(record: &[u8], from: usize, text: &[u8]) -> Option<usize> {
    let (&first, _) = text.split_first()?;
    let mut at = from;
    loop {
        at = find_byte(record, at, first)?;
        if record.get(at..).is_some_and(|rest| rest.starts_with(text)) {
            return Some(at);
        }
        at += 1;
    }
}

/// Several patterns, tried in turn; their order is part of what a format means, so it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Patterns(pub(crate) Vec<Pattern>);

impl Patterns {
    /// Splits `record` from `from` on by the first pattern that matches.
    pub(crate) fn split(&self, record: &[u8], from: usize, slots: &mut Slots) -> Shape {
        for pattern in &self.0 {
            if pattern.matches(record, from, slots) {
                return Shape::Record;
            }
        }
        Shape::Unreadable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_fails_takes_back_only_its_own_fields() {
        let names = ["a", "b", "header"].map(String::from);
        let patterns = Patterns(["{a} {b} end", "{b}"].iter().map(|text| Pattern::new(text, &names).unwrap()).collect());
        let mut slots = Slots::new(3);
        slots.set(2, Span::new(0, 1));
        assert_eq!(patterns.split(b"one", 0, &mut slots), Shape::Record);
        assert_eq!([0, 1, 2].map(|slot| slots.bytes(b"one", slot).to_vec()), [b"".to_vec(), b"one".to_vec(), b"o".to_vec()]);
    }

    fn read(pattern: &str, line: &str) -> Option<Vec<(String, String)>> {
        let names: Vec<String> = names(pattern).into_iter().map(String::from).collect();
        let compiled = Pattern::new(pattern, &names).unwrap();
        let mut slots = Slots::new(names.len());
        compiled.matches(line.as_bytes(), 0, &mut slots).then(|| {
            names
                .iter()
                .enumerate()
                .map(|(n, name)| (name.clone(), String::from_utf8_lossy(slots.bytes(line.as_bytes(), n as u16)).into_owned()))
                .collect()
        })
    }

    #[test]
    fn fields_by_shape() {
        let proxy = "{t:number} {result:caps}/{status:int} {url} {user:text} {way:caps}/{peer} {type}";
        let table: &[(&str, &str, Option<&[&str]>)] = &[
            (
                proxy,
                "1.5   TCP_MISS/200 http://a.example/ apatel HIER_DIRECT/10.0.0.1 text/html",
                Some(&["1.5", "TCP_MISS", "200", "http://a.example/", "apatel", "HIER_DIRECT", "10.0.0.1", "text/html"]),
            ),
            (
                proxy,
                "1.5 TCP_MISS/200 http://a.example/ anna maria HIER_DIRECT/10.0.0.1 text/html",
                Some(&["1.5", "TCP_MISS", "200", "http://a.example/", "anna maria", "HIER_DIRECT", "10.0.0.1", "text/html"]),
            ),
            (
                proxy,
                "1.5 TCP_MISS/200 http://a.example/ a B/c d HIER_NONE/- -",
                Some(&["1.5", "TCP_MISS", "200", "http://a.example/", "a B/c d", "HIER_NONE", "-", "-"]),
            ),
            (proxy, "1.5 TCP_MISS/200 http://a.example/ apatel", None),
            (
                r#""{ref:text}" "{agent:text}" {r:caps}:{h:caps}"#,
                r#""-" "Kiosk "Library, 2" [7]" TCP_MISS:HIER_DIRECT"#,
                Some(&["-", r#"Kiosk "Library, 2" [7]"#, "TCP_MISS", "HIER_DIRECT"]),
            ),
            (
                r#""{url:long}","{what:text}","{method:caps}","{n:int}""#,
                r#""http://x.example/?a="b","c"","-","GET","3""#,
                Some(&[r#"http://x.example/?a="b","c""#, "-", "GET", "3"]),
            ),
            (
                "{user:text} {client:address} {url:url} {what:text} {m:caps} {n:int}",
                "anna maria 10.0.0.1 http://x.example/ *DENIED* Blocked site: x.example GET 0",
                Some(&["anna maria", "10.0.0.1", "http://x.example/", "*DENIED* Blocked site: x.example", "GET", "0"]),
            ),
            ("{a} {b}", "one", None),
            ("{a} {b}", "one two three", None),
            ("{a:text}", "", Some(&[""])),
            ("{a:int}:{b:int}", "12:5", Some(&["12", "5"])),
            ("{a:date} {b:clock} {c:number}", "2026.11.05 09:14:02 12.5", Some(&["2026.11.05", "09:14:02", "12.5"])),
            ("{a:date} {b:clock} {c:number}", "2026.11.05 09:14:02 10.0.0.1", None),
            ("{a:date} {b:clock}", "1793870042.327 09:14", None),
        ];
        for (pattern, line, wanted) in table {
            let found = read(pattern, line).map(|fields| fields.into_iter().map(|(_, value)| value).collect::<Vec<_>>());
            assert_eq!(
                found.as_deref(),
                wanted.map(|w| w.iter().map(ToString::to_string).collect::<Vec<_>>()).as_deref(),
                "{line}"
            );
        }
    }

    #[test]
    fn a_hostile_line_ends_soon() {
        let pattern = Pattern::new("{a:text} {b:text} {c:text} {d:text} {e:text} {f:text} END", &[]).unwrap();
        let line = "x ".repeat(4000);
        assert!(!pattern.matches(line.as_bytes(), 0, &mut Slots::new(0)));
    }

    #[test]
    fn bad_patterns_are_refused() {
        assert!(matches!(Pattern::new("{a", &[]), Err(PatternError::Brace(_))));
        assert!(matches!(Pattern::new("{a:wrod}", &[]), Err(PatternError::Shape(..))));
    }
}
