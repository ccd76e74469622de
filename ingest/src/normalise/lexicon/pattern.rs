//! Reads an entry's words into patterns: words, endings (`threaten~`) and sets of words (`{person}`), together, in order or anywhere.

use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::FixedState;

use super::spelling::Spelling;
use super::{Entry, LexiconError, Matching, Theme};

/// Other words that may stand between the parts of an entry that wants them in order. Searches are short: more joins what two halves
/// of a sentence say.
const MOST_BETWEEN: u16 = 4;

/// Sets within sets, at most: a set that holds itself would never end.
const MOST_NESTED: usize = 4;

/// Named sets of words, those of all files and those of one theme's file.
#[derive(Debug, Default)]
pub(super) struct Sets(BTreeMap<(Option<Theme>, String), Vec<String>>);

/// The shared set whose words stand in most searches. An entry is looked at only where a word stands that isn't one of these.
const EVERYDAY: &str = "everyday";

impl Sets {
    pub fn add(&mut self, theme: Option<Theme>, sets: BTreeMap<String, Vec<String>>) {
        self.0.extend(sets.into_iter().map(|(name, words)| ((theme, name), words)));
    }

    fn words(&self, theme: Theme, name: &str) -> Option<&[String]> {
        let own = self.0.get(&(Some(theme), name.to_owned()));
        own.or_else(|| self.0.get(&(None, name.to_owned()))).map(Vec::as_slice)
    }

    /// Whether all sets that a term names are there, and hold words.
    pub fn know(&self, theme: Theme, term: &str) -> bool {
        term.split_whitespace().filter_map(set_name).all(|name| {
            self.words(theme, name).is_some_and(|words| words.iter().all(|word| word.chars().any(char::is_alphanumeric)))
        })
    }

    /// Every wording of a set, endings written out.
    fn wordings(&self, theme: Theme, name: &str, nested: usize, into: &mut Vec<String>) {
        for word in self.words(theme, name).unwrap_or_default() {
            match set_name(word) {
                Some(inner) if nested < MOST_NESTED => self.wordings(theme, inner, nested + 1, into),
                Some(_) => {}
                None => into.extend(with_endings(word)),
            }
        }
    }
}

fn set_name(part: &str) -> Option<&str> {
    part.strip_prefix('{')?.strip_suffix('}')
}

/// A wording whose words may end in `~`, once with each ending.
fn with_endings(wording: &str) -> Vec<String> {
    if !wording.contains('~') {
        return vec![format!(" {wording}")];
    }
    let mut wordings = vec![String::new()];
    for word in wording.split_whitespace() {
        let forms = word.strip_suffix('~').map_or_else(|| vec![word.to_owned()], endings);
        wordings = wordings.iter().flat_map(|before| forms.iter().map(move |form| format!("{before} {form}"))).collect();
    }
    wordings
}

/// The usual endings of an English word: -s, -ing, -ed.
fn endings(word: &str) -> Vec<String> {
    let is_vowel = |letter: char| "aeiou".contains(letter);
    let mut letters = word.chars().rev();
    let (last, before, third) = (letters.next().unwrap_or(' '), letters.next().unwrap_or(' '), letters.next().unwrap_or(' '));
    let stem = word.strip_suffix(last).unwrap_or(word);
    let (plural, stem, i) = if last == 'y' && !is_vowel(before) {
        (format!("{stem}ies"), word.to_owned(), Some(format!("{stem}ied")))
    } else if last == 'e' && before != 'e' {
        (format!("{word}s"), stem.to_owned(), None)
    } else if "sxz".contains(last) || "cs".contains(before) && last == 'h' {
        (format!("{word}es"), word.to_owned(), None)
    } else if word.len() < 6 && is_vowel(before) && !is_vowel(third) && !is_vowel(last) && !"wxy".contains(last) {
        (format!("{word}s"), format!("{word}{last}"), None)
    } else {
        (format!("{word}s"), word.to_owned(), None)
    };
    vec![word.to_owned(), plural, format!("{stem}ing"), i.unwrap_or_else(|| format!("{stem}ed"))]
}

/// A way for an entry to apply: parts, each a word, a phrase or a set, by number.
#[derive(Debug)]
pub(super) struct Pattern {
    pub parts: Vec<u32>,
    /// Words that may stand between two parts; None where they may stand anywhere.
    between: Option<u16>,
}

impl Pattern {
    /// Whether it stands in a search.
    pub fn stands(&self, standing: &Standing) -> bool {
        self.parts.iter().all(|part| standing.stands(*part))
            && (self.parts.len() == 1 || self.between.is_none_or(|between| follow(&self.parts, None, between, standing)))
    }
}

/// A place of a part in a search.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Its first word.
    first: u16,
    /// The word after its last.
    after: u16,
    /// The place of the same part that was noted before, counted from 1; 0 where there is none.
    before: u32,
}

/// Where parts stand in a search.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Per part its latest place, counted from 1; 0 where it does not stand.
    latest: Vec<u32>,
    places: Vec<Place>,
    /// The parts that stand, each once.
    stood: Vec<u32>,
}

impl Standing {
    pub fn clear(&mut self, parts: usize) {
        for part in self.stood.drain(..) {
            self.latest[part as usize] = 0;
        }
        self.places.clear();
        self.latest.resize(parts, 0);
    }

    /// Notes a place.
    pub fn add(&mut self, part: u32, first: u16, after: u16) {
        let latest = &mut self.latest[part as usize];
        if *latest == 0 {
            self.stood.push(part);
        }
        self.places.push(Place { first, after, before: *latest });
        *latest = self.places.len() as u32;
    }

    pub fn stands(&self, part: u32) -> bool {
        self.latest.get(part as usize).is_some_and(|place| *place > 0)
    }

    /// The parts that stand, each once.
    pub fn stood(&self) -> &[u32] {
        &self.stood
    }

    /// Every place: the part, its first word and the one after its last.
    #[cfg(test)]
    pub fn all(&self) -> std::collections::BTreeSet<(u32, u16, u16)> {
        self.stood.iter().flat_map(|part| self.places(*part).map(|place| (*part, place.first, place.after))).collect()
    }

    fn places(&self, part: u32) -> impl Iterator<Item = Place> {
        let place = |number: u32| self.places.get((number as usize).checked_sub(1)?).copied();
        let latest = self.latest.get(part as usize).copied().unwrap_or(0);
        std::iter::successors(place(latest), move |one| place(one.before))
    }
}

/// Whether parts follow one another with at most so many words between.
fn follow(parts: &[u32], after: Option<u16>, between: u16, standing: &Standing) -> bool {
    let Some((part, rest)) = parts.split_first() else { return true };
    standing.places(*part).any(|place| {
        after.is_none_or(|after| place.first >= after && place.first - after <= between)
            && follow(rest, Some(place.after), between, standing)
    })
}

/// A wording that is looked for, and the parts it belongs to.
#[derive(Debug, Default)]
pub(super) struct Wording {
    pub key: String,
    pub parts: Vec<u32>,
}

/// Numbers parts and the wordings they stand for.
#[derive(Debug)]
pub(super) struct Vocabulary<'a> {
    sets: &'a Sets,
    spelling: &'a Spelling,
    parts: HashMap<String, u32, FixedState>,
    /// Per part how many wordings it has, and whether one of them is everyday.
    sizes: Vec<(usize, bool)>,
    numbers: HashMap<String, usize, FixedState>,
    pub wordings: Vec<Wording>,
    everyday: HashSet<String, FixedState>,
}

impl<'a> Vocabulary<'a> {
    pub fn new(sets: &'a Sets, spelling: &'a Spelling) -> Self {
        let words = sets.0.get(&(None, EVERYDAY.to_owned())).map(Vec::as_slice).unwrap_or_default();
        let everyday = words.iter().map(|word| spelling.key(word)).collect();
        let (parts, numbers) = (HashMap::default(), HashMap::default());
        Self { sets, spelling, parts, sizes: Vec::new(), numbers, wordings: Vec::new(), everyday }
    }

    /// Parts so far.
    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    /// The pattern of a term.
    pub fn pattern(&mut self, theme: Theme, term: &str, matching: Matching) -> Pattern {
        let between = match matching {
            Matching::Word | Matching::Phrase => Some(0),
            Matching::Order => Some(MOST_BETWEEN),
            Matching::All => None,
        };
        let together = between == Some(0);
        let mut parts = Vec::new();
        let mut phrase = String::new();
        for word in term.split_whitespace() {
            if set_name(word).is_none() && !word.ends_with('~') && together {
                phrase.push(' ');
                phrase.push_str(word);
                continue;
            }
            self.push_phrase(&mut phrase, &mut parts);
            let part = match set_name(word) {
                Some(name) => self.set(theme, name),
                None if word.ends_with('~') => self.part(word.to_owned(), |_| with_endings(word)),
                // An entry may write `half-term`: two words are two parts.
                None => {
                    let key = self.spelling.key(word);
                    parts.extend(key.split_whitespace().map(|word| self.part(word.to_owned(), |_| vec![word.to_owned()])));
                    continue;
                }
            };
            parts.push(part);
        }
        self.push_phrase(&mut phrase, &mut parts);
        Pattern { parts, between }
    }

    fn push_phrase(&mut self, phrase: &mut String, parts: &mut Vec<u32>) {
        if !phrase.is_empty() {
            let phrase = std::mem::take(phrase);
            parts.push(self.part(phrase.trim().to_owned(), |_| vec![phrase]));
        }
    }

    fn set(&mut self, theme: Theme, name: &str) -> u32 {
        let owner = if self.sets.0.contains_key(&(Some(theme), name.to_owned())) { theme.as_str() } else { "" };
        self.part(format!("{{{owner}:{name}}}"), |sets| {
            let mut wordings = Vec::new();
            sets.wordings(theme, name, 0, &mut wordings);
            wordings
        })
    }

    /// The number of a part; its wordings are asked for once, since most entries name the same few sets.
    fn part(&mut self, name: String, wordings: impl FnOnce(&Sets) -> Vec<String>) -> u32 {
        let next = self.sizes.len() as u32;
        let number = *self.parts.entry(name).or_insert(next);
        if number == next {
            let keys: Vec<String> = wordings(self.sets).iter().map(|wording| self.spelling.key(wording)).collect();
            self.sizes.push((keys.len(), keys.iter().any(|key| self.everyday.contains(key))));
            for key in keys {
                let next = self.wordings.len();
                let at = *self.numbers.entry(key.clone()).or_insert(next);
                if at == next {
                    self.wordings.push(Wording { key, parts: Vec::new() });
                }
                let parts = &mut self.wordings[at].parts;
                if !parts.contains(&number) {
                    parts.push(number);
                }
            }
        }
        number
    }

    /// The three parts of a pattern that the fewest searches hold, as far as that can be told: not an everyday word, and of few wordings.
    /// A pattern of fewer parts has the last again.
    pub fn rarest(&self, pattern: &Pattern) -> Option<[u32; 3]> {
        let mut parts = pattern.parts.clone();
        parts.sort_by_key(|part| {
            let (wordings, is_everyday) = self.sizes[*part as usize];
            (is_everyday, wordings)
        });
        let last = *parts.last()?;
        Some([0, 1, 2].map(|at| parts.get(at).copied().unwrap_or(last)))
    }
}

/// The first of an entry's words that names a set nobody wrote.
pub(super) fn unknown_set<'e>(sets: &Sets, theme: Theme, entry: &'e Entry) -> Option<&'e String> {
    entry.terms.iter().chain(&entry.needs).chain(&entry.exclude).find(|term| !sets.know(theme, term))
}

/// A file of shared sets.
pub(super) fn read_sets(text: &str) -> Result<BTreeMap<String, Vec<String>>, LexiconError> {
    toml::from_str(text).map_err(|error| super::unreadable("sets", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_take_their_usual_endings() {
        for (word, want) in [
            ("threaten", ["threaten", "threatens", "threatening", "threatened"]),
            ("share", ["share", "shares", "sharing", "shared"]),
            ("stab", ["stab", "stabs", "stabbing", "stabbed"]),
            ("bully", ["bully", "bullies", "bullying", "bullied"]),
            ("punch", ["punch", "punches", "punching", "punched"]),
            ("annoy", ["annoy", "annoys", "annoying", "annoyed"]),
            ("kick", ["kick", "kicks", "kicking", "kicked"]),
            ("agree", ["agree", "agrees", "agreeing", "agreeed"]),
        ] {
            assert_eq!(endings(word)[..3], want[..3], "{word}");
            if word != "agree" {
                assert_eq!(endings(word)[3], want[3], "{word}");
            }
        }
        assert_eq!(with_endings("fly~ kite"), [" fly kite", " flies kite", " flying kite", " flied kite"]);
    }
}
