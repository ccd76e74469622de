//! What an entry of a book says, for whoever reads it: in full for those who write there; numbers of few people as one mark for all others.

use weir_register::records::{Book, BookField, Entry, Holds};

use crate::words;

/// Numbers below this are not told apart for those who only read.
const FEW: u32 = 5;

/// What a field of an entry says; empty where it says nothing, or where the reader may not read it.
pub(super) fn value_words(book: &Book, entry: &Entry, field: &BookField, writes: bool) -> String {
    let value = entry.value(field.name);
    if value.is_empty() || !(writes || field.is_open) {
        return String::new();
    }
    match field.holds {
        Holds::Line | Holds::Text => value.to_owned(),
        Holds::Day | Holds::Due => entry.day(field.name).map_or_else(|| value.to_owned(), words::day),
        Holds::OneOf(of) => of.iter().find(|(word, _)| *word == value).map_or(value, |(_, words)| words).to_owned(),
        Holds::People if writes => value.to_owned(),
        Holds::People => people_words(book, entry, field),
    }
}

/// A number of people, with what could be worked out from it and the whole.
fn people_words(book: &Book, entry: &Entry, field: &BookField) -> String {
    let count = |field: &BookField| entry.value(field.name).parse::<u32>().ok();
    let Some(people) = count(field) else { return String::new() };
    let whole = book.whole_of(field).and_then(count);
    if people < FEW {
        return "fewer than 5, perhaps none".into();
    }
    match whole {
        Some(whole) if whole.saturating_sub(people) < FEW => "all, or nearly all".into(),
        _ => people.to_string(),
    }
}

/// Where an entry begins: what its first field says.
pub(super) fn head_words(book: &Book, entry: &Entry) -> String {
    let first = book.fields.first().map(|field| value_words(book, entry, field, false)).unwrap_or_default();
    words::capital(&first)
}

/// An entry as one line of the review: its head, then the open fields that are asked for, small numbers only in full. None where these say
/// nothing.
pub(super) fn line_words(book: &Book, entry: &Entry, says: &[&str], in_full: bool) -> Option<String> {
    let asked = book.fields.iter().skip(1).filter(|field| says.is_empty() || says.contains(&field.name));
    let said: Vec<String> = asked
        .map(|field| (field, value_words(book, entry, field, in_full && field.is_open)))
        .filter(|(_, value)| !value.is_empty())
        .map(|(field, value)| format!("{}: {value}", small(field.label)))
        .collect();
    let head = head_words(book, entry);
    match (said.is_empty(), says.is_empty()) {
        (true, true) => Some(format!("{head}.")),
        (true, false) => None,
        _ => Some(format!("{head}. {}.", words::capital(&said.join("; ")).trim_end_matches('.'))),
    }
}

/// A label inside a sentence.
fn small(label: &str) -> String {
    let mut letters = label.chars();
    let second = label.chars().nth(1);
    match letters.next() {
        // "IT support" stays as it is.
        Some(first) if second.is_none_or(char::is_lowercase) => first.to_lowercase().chain(letters).collect(),
        _ => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn entry(values: &[(&str, &str)]) -> Entry {
        Entry {
            id: 1,
            replaces: None,
            replaced_by: None,
            values: values.iter().map(|(field, value)| ((*field).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>(),
            recorded_by: String::new(),
            recorded_at: 0,
            withdrawn: None,
        }
    }

    #[test]
    fn few_people_are_one_mark_for_those_who_only_read() {
        let book = Book::of("training").unwrap();
        let came = book.field("came").unwrap();
        let table = [
            ("0", "40", "fewer than 5, perhaps none"),
            ("4", "40", "fewer than 5, perhaps none"),
            ("5", "40", "5"),
            ("35", "40", "35"),
            // 36 of 40 would tell that 4 were not there.
            ("36", "40", "all, or nearly all"),
            ("40", "40", "all, or nearly all"),
            ("12", "", "12"),
        ];
        for (some, all, said) in table {
            let entry = entry(&[("came", some), ("of", all)]);
            assert_eq!(value_words(book, &entry, came, false), said, "{some} of {all}");
            assert_eq!(value_words(book, &entry, came, true), some);
        }
    }

    #[test]
    fn a_line_says_open_fields_alone() {
        let book = Book::of("responsible").unwrap();
        let entry = entry(&[("duty", "dsl"), ("name", "Quill Beispiel"), ("since", "2025-09-01"), ("reach", "by bell")]);
        assert_eq!(
            line_words(book, &entry, &[], false).as_deref(),
            Some("Safeguarding lead. Name: Quill Beispiel; since: 1 September 2025.")
        );
        assert_eq!(line_words(book, &entry, &["trained_on"], false), None);
        assert_eq!(value_words(book, &entry, book.field("reach").unwrap(), false), "");
    }
}
