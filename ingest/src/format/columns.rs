//! Turns fields into canonical columns: alternatives, empty words, cutting, unescaping, splitting and value tables, as the format says.

use super::rules::{Conditions, ends_with, starts_with};
use crate::decode::{NO_SLOT, Slots, Span, find_byte};

/// Which part of a value is meant.
#[derive(Debug, Clone)]
pub(crate) enum Cut {
    /// What follows the first such text; nothing where it does not occur.
    After(Box<[u8]>),
    /// What follows the last such text; the whole where it does not occur.
    AfterLast(Box<[u8]>),
    /// What stands before the first such text; the whole where it does not occur.
    Before(Box<[u8]>),
    /// What stands before the last such text; the whole where it does not occur.
    BeforeLast(Box<[u8]>),
    /// Without such a beginning.
    StripPrefix(Box<[u8]>),
    /// Without such an end.
    StripSuffix(Box<[u8]>),
}

/// How escapes are undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unescape {
    /// `\\` is a backslash and `\"` a quotation mark; any other backslash stays, because it parts a domain from a name.
    Backslash,
    /// `%20` is a blank.
    Percent,
}

/// A value table: exact words first, then beginnings, the longest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table<T> {
    pub(crate) words: Vec<(Box<[u8]>, T)>,
    pub(crate) beginnings: Vec<(Box<[u8]>, T)>,
}

impl<T> Table<T> {
    /// The entry of `text`, ASCII case apart.
    #[inline]
    pub(crate) fn get(&self, text: &[u8]) -> Option<&T> {
        self.words
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(text))
            .or_else(|| self.beginnings.iter().find(|(word, _)| starts_with(text, word)))
            .map(|(_, value)| value)
    }
}

/// Words that stand for no value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nulls {
    words: Vec<Box<[u8]>>,
    beginnings: Vec<Box<[u8]>>,
    /// Length of the longest word: most values are longer, and need no comparison.
    longest: usize,
}

impl Nulls {
    /// A trailing `*` means "starts with".
    pub(crate) fn new<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut nulls = Self::default();
        for text in texts {
            match text.strip_suffix('*') {
                Some(beginning) => nulls.beginnings.push(beginning.as_bytes().into()),
                None => {
                    nulls.longest = nulls.longest.max(text.len());
                    nulls.words.push(text.as_bytes().into());
                }
            }
        }
        nulls
    }

    /// Whether `text` stands for no value.
    #[inline(always)]
    fn hold(&self, text: &[u8]) -> bool {
        text.is_empty()
            || (text.len() <= self.longest && self.words.iter().any(|word| text.eq_ignore_ascii_case(word)))
            || (!self.beginnings.is_empty() && self.beginnings.iter().any(|beginning| starts_with(text, beginning)))
    }
}

/// One way to fill a column.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    pub(crate) slots: Vec<u16>,
    pub(crate) value: Option<Box<[u8]>>,
    pub(crate) conditions: Conditions,
    pub(crate) null: Nulls,
    /// A field whose value, repeated here, is no value.
    pub(crate) unlike: Option<u16>,
    pub(crate) cuts: Vec<Cut>,
    pub(crate) unescape: Option<Unescape>,
    pub(crate) split: Option<Box<[u8]>>,
    pub(crate) join: Box<[u8]>,
    pub(crate) drop: Vec<Box<[u8]>>,
    pub(crate) table: Option<Table<Box<[u8]>>>,
    /// A field's value as it stands, but for the words that stand for none.
    pub(crate) is_plain: bool,
}

impl Source {
    /// The value before any table; empty where this source has none.
    #[inline]
    pub(crate) fn raw(&self, record: &[u8], slots: &mut Slots) -> Span {
        if !self.conditions.0.is_empty() && !self.conditions.hold(record, slots) {
            return Span::default();
        }
        if let Some(value) = &self.value {
            return slots.rewrite(|scratch| scratch.extend_from_slice(value));
        }
        for &slot in &self.slots {
            let span = slots.span(slot);
            if span.is_empty() || slot == NO_SLOT || self.unlike.is_some_and(|other| repeats(record, slots, span, other)) {
                continue;
            }
            let span = if self.cuts.is_empty() { span } else { self.cut(record, slots, span) };
            if !self.null.hold(span.of(record, &slots.scratch)) {
                return if self.unescape.is_none() && self.split.is_none() { span } else { self.finished(record, slots, span) };
            }
        }
        Span::default()
    }

    fn finished(&self, record: &[u8], slots: &mut Slots, span: Span) -> Span {
        let mut span = span;
        if let Some(unescape) = self.unescape {
            span = unescaped(unescape, record, slots, span);
        }
        if let Some(split) = &self.split {
            span = self.rejoined(split, record, slots, span);
        }
        span
    }

    fn cut(&self, record: &[u8], slots: &Slots, span: Span) -> Span {
        let mut span = span;
        for cut in &self.cuts {
            let text = span.of(record, &slots.scratch);
            let find = |what: &[u8]| memchr::memmem::find(text, what);
            let rfind = |what: &[u8]| memchr::memmem::rfind(text, what);
            let (from, to) = match cut {
                Cut::After(what) => match find(what) {
                    Some(at) => (at + what.len(), text.len()),
                    None => return Span::default(),
                },
                Cut::AfterLast(what) => (rfind(what).map_or(0, |at| at + what.len()), text.len()),
                Cut::Before(what) => (0, find(what).unwrap_or(text.len())),
                Cut::BeforeLast(what) => (0, rfind(what).unwrap_or(text.len())),
                Cut::StripPrefix(what) => (if starts_with(text, what) { what.len() } else { 0 }, text.len()),
                Cut::StripSuffix(what) => (0, if ends_with(text, what) { text.len() - what.len() } else { text.len() }),
            };
            let lead = text.get(from..to).map_or(0, |t| t.len() - t.trim_ascii_start().len());
            let length = text.get(from..to).map_or(0, |t| t.trim_ascii().len());
            span = span.part(from + lead, from + lead + length);
        }
        span
    }

    /// A list with this format's separator, joined as the canonical column joins.
    fn rejoined(&self, split: &[u8], record: &[u8], slots: &mut Slots, span: Span) -> Span {
        let text = span.of(record, &slots.scratch);
        if memchr::memmem::find(text, split).is_none() && self.drop.is_empty() {
            return span;
        }
        let start = slots.scratch.len();
        let mut at = 0;
        let mut first = true;
        loop {
            // The list may stand in the scratch that grows here, so it is looked up anew for each part.
            let text = span.of(record, &slots.scratch);
            let end = text.get(at..).and_then(|rest| memchr::memmem::find(rest, split)).map_or(text.len(), |n| n + at);
            let part = text.get(at..end).unwrap_or(&[]);
            let lead = part.len() - part.trim_ascii_start().len();
            let (from, to) = (at + lead, at + lead + part.trim_ascii().len());
            let ended = end >= text.len();
            let trimmed = text.get(from..to).unwrap_or(&[]);
            let keep =
                !trimmed.is_empty() && !self.null.hold(trimmed) && !self.drop.iter().any(|d| d.eq_ignore_ascii_case(trimmed));
            if keep {
                if !first {
                    slots.scratch.extend_from_slice(&self.join);
                }
                first = false;
                copy_within(record, &mut slots.scratch, span.part(from, to));
            }
            if ended {
                break;
            }
            at = end + split.len();
        }
        Span::in_scratch(start, slots.scratch.len())
    }
}

/// Whether `span` says what the field `other` says.
#[cold]
#[inline(never)]
fn repeats(record: &[u8], slots: &Slots, span: Span, other: u16) -> bool {
    span.of(record, &slots.scratch).eq_ignore_ascii_case(slots.bytes(record, other))
}

/// Appends a piece of the record, or of the scratch itself, to the scratch.
fn copy_within(record: &[u8], scratch: &mut Vec<u8>, piece: Span) {
    let length = piece.len();
    let at = scratch.len();
    scratch.resize(at + length, 0);
    let (old, new) = scratch.split_at_mut(at);
    let text = piece.of(record, old);
    if text.len() == new.len() {
        new.copy_from_slice(text);
    }
}

fn unescaped(how: Unescape, record: &[u8], slots: &mut Slots, span: Span) -> Span {
    let mark = match how {
        Unescape::Backslash => b'\\',
        Unescape::Percent => b'%',
    };
    if find_byte(span.of(record, &slots.scratch), 0, mark).is_none() {
        return span;
    }
    let start = slots.scratch.len();
    let mut at = 0;
    while at < span.len() {
        let text = span.of(record, &slots.scratch);
        let Some(&byte) = text.get(at) else { break };
        let (put, step) = match how {
            Unescape::Backslash if byte == b'\\' => match text.get(at + 1) {
                Some(&next) if next == b'\\' || next == b'"' => (next, 2),
                _ => (byte, 1),
            },
            Unescape::Percent if byte == b'%' => match hex(text.get(at + 1), text.get(at + 2)) {
                Some(code) => (code, 3),
                None => (byte, 1),
            },
            _ => (byte, 1),
        };
        slots.scratch.push(put);
        at += step;
    }
    Span::in_scratch(start, slots.scratch.len())
}

fn hex(high: Option<&u8>, low: Option<&u8>) -> Option<u8> {
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    Some((digit(high)? * 16 + digit(low)?) as u8)
}

/// A canonical column: sources in order, the first that has a value wins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Column {
    pub(crate) sources: Vec<Source>,
}

impl Source {
    /// The fields looked at.
    pub(crate) fn fields(&self) -> impl Iterator<Item = u16> {
        self.slots.iter().copied().chain(self.unlike).chain(self.conditions.fields())
    }
}

impl Column {
    /// The fields looked at.
    pub(crate) fn fields(&self) -> impl Iterator<Item = u16> {
        self.sources.iter().flat_map(Source::fields)
    }

    /// Where every source is a value that stands in the format: each with the conditions it holds under.
    pub(crate) fn fixed<T>(&self, read: impl Fn(&[u8]) -> T) -> Option<Vec<(Conditions, T)>> {
        let value =
            |source: &Source| source.value.as_deref().filter(|value| !value.is_empty() && source.table.is_none()).map(&read);
        self.sources.iter().map(|source| Some((source.conditions.clone(), value(source)?))).collect()
    }

    /// The value; empty where no source has one.
    #[inline]
    pub(crate) fn text(&self, record: &[u8], slots: &mut Slots) -> Span {
        if let [source] = self.sources.as_slice()
            && source.is_plain
            && let [slot] = *source.slots.as_slice()
        {
            let span = slots.span(slot);
            return if source.null.hold(span.of(record, &slots.scratch)) { Span::default() } else { span };
        }
        self.any_text(record, slots)
    }

    fn any_text(&self, record: &[u8], slots: &mut Slots) -> Span {
        for source in &self.sources {
            let span = source.raw(record, slots);
            if span.is_empty() {
                continue;
            }
            let Some(table) = &source.table else { return span };
            // A word the table does not know is kept as it is: only actions must be known.
            return match table.get(span.of(record, &slots.scratch)) {
                Some(value) if value.is_empty() => continue,
                Some(value) => slots.rewrite(|scratch| scratch.extend_from_slice(value)),
                None => span,
            };
        }
        Span::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(source: Source, value: &str) -> String {
        let mut slots = Slots::new(1);
        slots.set(0, Span::new(0, value.len()));
        let column = Column { sources: vec![Source { slots: vec![0], ..source }] };
        let span = column.text(value.as_bytes(), &mut slots);
        String::from_utf8_lossy(span.of(value.as_bytes(), &slots.scratch)).into_owned()
    }

    #[test]
    fn a_repeated_value_is_none() {
        let record = b"north North apatel";
        let mut slots = Slots::new(3);
        for (slot, (start, end)) in [(0, 5), (6, 11), (12, 18)].into_iter().enumerate() {
            slots.set(slot as u16, Span::new(start, end));
        }
        for (slot, wanted) in [(1, &b""[..]), (2, b"apatel")] {
            let source = Source { slots: vec![slot], unlike: Some(0), ..Source::default() };
            let span = source.raw(record, &mut slots);
            assert_eq!(span.of(record, &slots.scratch), wanted);
        }
    }

    #[test]
    fn values() {
        let bytes = |t: &str| -> Box<[u8]> { t.as_bytes().into() };
        let base = || Source { null: Nulls::new(["-"].into_iter()), join: bytes("; "), ..Source::default() };
        let table: Vec<(Source, &str, &str)> = vec![
            (base(), "apatel", "apatel"),
            (base(), "-", ""),
            (
                Source { cuts: vec![Cut::After(bytes("(")), Cut::Before(bytes(")"))], ..base() },
                "A Patel (apatel@sch.example)",
                "apatel@sch.example",
            ),
            (Source { cuts: vec![Cut::After(bytes("("))], ..base() }, "A Patel", ""),
            (Source { cuts: vec![Cut::AfterLast(bytes(r"\"))], ..base() }, r"SCH\apatel", "apatel"),
            (Source { cuts: vec![Cut::StripSuffix(bytes("."))], ..base() }, "a.example.", "a.example"),
            (Source { unescape: Some(Unescape::Backslash), ..base() }, r"SCH\\apatel", r"SCH\apatel"),
            (Source { unescape: Some(Unescape::Backslash), ..base() }, r#"SCH\tom "\"x\"""#, r#"SCH\tom ""x"""#),
            (Source { null: Nulls::new(["via *"].into_iter()), ..base() }, "via 10.0.0.1", ""),
            (Source { unescape: Some(Unescape::Percent), ..base() }, "News%20and%2", "News and%2"),
            (Source { split: Some(bytes(",")), ..base() }, "News, Sport,,-,Fun", "News; Sport; Fun"),
            (Source { split: Some(bytes(",")), drop: vec![bytes("low-risk")], ..base() }, "sports,low-risk", "sports"),
            (Source { split: Some(bytes(",")), unescape: Some(Unescape::Percent), ..base() }, "A%20B,C%20D", "A B; C D"),
            (
                Source { table: Some(Table { words: vec![(bytes("x"), bytes("long word"))], beginnings: vec![] }), ..base() },
                "X",
                "long word",
            ),
            (Source { table: Some(Table { words: vec![], beginnings: vec![] }), ..base() }, "X", "X"),
        ];
        for (source, value, wanted) in table {
            assert_eq!(text(source.clone(), value), wanted, "{source:?} of {value}");
        }
    }
}
