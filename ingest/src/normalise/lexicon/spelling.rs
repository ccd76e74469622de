//! Writes a search as entries are matched against it: plain words, texting spellings written out, misspellings of words that matter mended.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::super::term::normalise_term;
use super::LexiconError;

/// A watched word of fewer letters has too many neighbours that are words of their own.
const LEAST_WATCHED: usize = 6;

/// Letters of a word that is short enough to be listed with the entries' own words: most of what people type is, and is then known after
/// one look-up. Only the least watched words' misspellings with a letter left out are as short.
const SHORT: usize = LEAST_WATCHED - 1;

/// `ingest/lexicon-words/spelling.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// How it is typed, and the words it stands for.
    texting: HashMap<String, String>,
    /// Words that are recognised with one letter wrong.
    watched: Vec<String>,
    /// Words that are one letter from a watched one and mean themselves.
    keep: Vec<String>,
}

/// What words are written as before they are matched. Nothing of it is ever stored.
#[derive(Debug, Default)]
pub(super) struct Spelling {
    written: HashMap<Box<str>, Box<str>, FixedState>,
}

impl Spelling {
    pub fn new(text: &str) -> Result<Self, LexiconError> {
        let file: File = toml::from_str(text).map_err(|error| super::unreadable("spelling", &error))?;
        let mut spelling = Self::default();
        let mut known: HashSet<&str, FixedState> = file.keep.iter().chain(&file.watched).map(String::as_str).collect();
        known.extend(file.texting.keys().map(String::as_str));
        for word in &file.watched {
            if word.len() < LEAST_WATCHED || !word.bytes().all(|letter| letter.is_ascii_lowercase()) {
                return Err(super::unreadable_because(
                    "spelling",
                    format!("watched word {word:?}: use six letters a-z at least"),
                ));
            }
            for near in one_letter_wrong(word).into_iter().filter(|near| !known.contains(near.as_str())) {
                spelling.written.insert(near.into(), word.as_str().into());
            }
        }
        for (typed, meant) in file.texting {
            spelling.written.insert(typed.into(), meant.into());
        }
        Ok(spelling)
    }

    /// The key of a search or of an entry's own words: every word between blanks.
    pub fn key(&self, text: &str) -> String {
        let (mut normalised, mut key) = (String::with_capacity(text.len()), String::with_capacity(text.len() + 2));
        normalise_term(text.as_bytes(), &mut normalised);
        self.write_key(&normalised, &mut key);
        key
    }

    /// Writes the key of a normalised term.
    fn write_key(&self, term: &str, into: &mut String) {
        into.clear();
        into.push(' ');
        for chunk in term.split(' ') {
            self.write_chunk(chunk, into);
        }
    }

    /// Writes the words of what stands between two blanks of a normalised term, a blank after each.
    pub fn write_chunk(&self, chunk: &str, into: &mut String) {
        if is_plain(chunk) {
            return self.write_word(chunk, false, into);
        }
        let mut word = String::new();
        // 1984 stays a year; only among letters is a digit a letter.
        let swap = chunk.chars().any(char::is_alphabetic);
        for character in chunk.nfd().filter(|character| !is_combining_mark(*character)) {
            if character.is_alphanumeric() || swap && matches!(character, '@' | '$') {
                word.push(character);
            } else if !matches!(character, '\'' | '\u{2019}' | '\u{2018}' | '`') {
                self.write_word(&word, swap, into);
                word.clear();
            }
        }
        self.write_word(&word, swap, into);
    }

    /// Whether [`Spelling::write_chunk`] leaves this as it is, told without writing it. Short ones are not looked up: whoever asks knows
    /// those of [`Spelling::short`].
    pub fn leaves(&self, chunk: &str) -> bool {
        is_plain(chunk) && !has_run(chunk.as_bytes()) && (chunk.len() <= SHORT || !self.written.contains_key(chunk))
    }

    /// Short words that are written otherwise: texting and the shortest misspellings.
    pub fn short(&self) -> impl Iterator<Item = &str> {
        self.written.keys().map(|typed| &**typed).filter(|typed| typed.len() <= SHORT)
    }

    fn write_word(&self, word: &str, swap: bool, into: &mut String) {
        if word.is_empty() {
            return;
        }
        let mut folded = String::new();
        let mut written = self.written.get(word).map_or(word, |meant| meant);
        if written == word && swap && word.bytes().any(|byte| letter_for(byte) != byte) {
            // Every byte that is swapped is ASCII, so the rest stays whole.
            folded
                .extend(word.chars().map(|character| u8::try_from(character).map_or(character, |byte| letter_for(byte).into())));
            written = self.written.get(folded.as_str()).map_or(&folded, |meant| meant);
        }
        let short;
        if let Some(shortened) = without_runs(written) {
            short = shortened;
            written = self.written.get(short.as_str()).map_or(&short, |meant| meant);
        }
        into.push_str(written);
        into.push(' ');
    }

    /// `doin` for `doing`, for each of an entry's own words that isn't already written otherwise.
    pub fn drop_final_g<'a>(&mut self, words: impl Iterator<Item = &'a str> + Clone) {
        let known: HashSet<&str, FixedState> = words.clone().collect();
        for word in words.filter(|word| word.len() > LEAST_WATCHED && word.ends_with("ing")) {
            if let Some(short) = word.strip_suffix('g').filter(|short| !known.contains(short)) {
                self.written.entry(short.into()).or_insert_with(|| word.into());
            }
        }
    }
}

/// Letters a-z alone: no sign parts or joins its words, and no letter has an accent.
fn is_plain(chunk: &str) -> bool {
    !chunk.is_empty() && chunk.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Whether a letter stands three times or more.
fn has_run(word: &[u8]) -> bool {
    word.windows(3).any(|three| three[0].is_ascii_lowercase() && three[0] == three[1] && three[1] == three[2])
}

/// A word without letters that stand three times or more, `pleaseee`; None where there are none, or nothing else (`xxx`).
fn without_runs(word: &str) -> Option<String> {
    let bytes = word.as_bytes();
    if !has_run(bytes) || bytes.iter().all(|byte| *byte == bytes[0]) {
        return None;
    }
    let mut short = String::with_capacity(word.len());
    let mut rest = word.chars().peekable();
    while let Some(character) = rest.next() {
        let mut run = 1;
        while rest.peek() == Some(&character) {
            rest.next();
            run += 1;
        }
        let kept = if run > 2 { 1 } else { run };
        short.extend(std::iter::repeat_n(character, kept));
    }
    Some(short)
}

/// Every way to type a word with one letter left out, put in, put wrong or put before its neighbour. The first letter stands: it is
/// seldom wrong, and most words that differ in it are other words.
fn one_letter_wrong(word: &str) -> Vec<String> {
    let letters = 'a'..='z';
    let mut near = Vec::new();
    for at in 1..word.len() {
        let (before, after) = word.split_at(at);
        let mut rest = after.chars();
        let first = rest.next();
        let rest = rest.as_str();
        near.push(format!("{before}{rest}"));
        let mut beyond = rest.chars();
        if let (Some(first), Some(second)) = (first, beyond.next()) {
            near.push(format!("{before}{second}{first}{}", beyond.as_str()));
        }
        near.extend(letters.clone().map(|letter| format!("{before}{letter}{rest}")));
        near.extend(letters.clone().map(|letter| format!("{before}{letter}{after}")));
    }
    // A letter after the last is an ending (`-s`), which is another word.
    near.retain(|typed| typed != word);
    near
}

fn letter_for(byte: u8) -> u8 {
    match byte {
        b'0' => b'o',
        b'1' => b'i',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'7' => b't',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WORDS: &str = r#"
        watched = ["lighthouse"]
        keep = ["lighthorse"]
        [texting]
        sum1 = "someone"
        dont = "do not"
        kyte = "kite"
    "#;

    #[test]
    fn words_are_written_as_they_are_meant() {
        let mut spelling = Spelling::new(WORDS).unwrap();
        spelling.drop_final_g(["sailing", "bring", "boating", "boatin"].into_iter());
        for (typed, key) in [
            ("blue whales", " blue whales "),
            ("don't stop!", " do not stop "),
            ("Don\u{2019}t  Stop", " do not stop "),
            ("café", " cafe "),
            ("pr0xy s1te", " proxy site "),
            ("p@rk", " park "),
            ("a @ b", " a b "),
            ("1984 book", " 1984 book "),
            ("half-term", " half term "),
            ("sum1 kyte", " someone kite "),
            ("k1teee", " kite "),
            ("xxx aaah", " xxx ah "),
            // one letter wrong, but not the first, not a word of its own, and not an ending
            ("lighthuose", " lighthouse "),
            ("lighthous", " lighthouse "),
            ("nighthouse lighthorse lighthouses lightouze", " nighthouse lighthorse lighthouses lightouze "),
            ("sailin brin boatin", " sailing brin boatin "),
            ("...", " "),
            ("", " "),
        ] {
            assert_eq!(spelling.key(typed), key, "{typed}");
        }
    }

    #[test]
    fn a_short_watched_word_is_refused() {
        let error = Spelling::new("watched = [\"kite\"]\nkeep = []\n[texting]\n").unwrap_err().to_string();
        assert!(error.contains("watched word \"kite\""), "{error}");
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn any_text_makes_words_between_blanks(text in "\\PC{0,80}") {
            let key = Spelling::new(WORDS).unwrap().key(&text);
            prop_assert!(key.starts_with(' ') && key.ends_with(' '));
            prop_assert!(!key.contains("  "));
        }
    }
}
