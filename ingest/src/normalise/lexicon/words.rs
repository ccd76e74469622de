//! Finds where wordings stand in a search: a number for each word, then a walk along the wordings that begin with it.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use foldhash::fast::FixedState;

use super::pattern::{Standing, Wording};
use super::spelling::Spelling;

/// The number of a word that no wording has.
const UNKNOWN: u32 = 0;

/// Every wording as a way through a tree of words: the time a search takes follows its words and not the number of wordings.
#[derive(Debug)]
pub(super) struct Words {
    /// Per word of a wording its number, from 1.
    numbers: HashMap<Box<str>, u32, FixedState>,
    /// What is typed most: the wordings' own words and short ones that are written otherwise, each with what `meant` has of it.
    typed: HashMap<Packed, Range<u32>, FixedState>,
    /// Numbers of the words that are meant.
    meant: Vec<u32>,
    /// The node of a wording of one word has that word's number; the first is none, and the last only ends the one before.
    nodes: Vec<Node>,
    /// Of all nodes: the next word, in order, and the node behind it.
    edges: Vec<(u32, u32)>,
    /// Of all nodes: the parts of patterns that have the wording.
    parts: Vec<u32>,
}

/// Where a node's edges and parts begin; they end where those of the next begin.
#[derive(Debug, Clone, Copy)]
struct Node {
    edges: u32,
    parts: u32,
}

/// A word of sixteen bytes at most, compared and hashed without following it to its text. No normalised term holds a NUL.
type Packed = u128;

fn packed(word: &[u8]) -> Option<Packed> {
    let mut bytes = [0; size_of::<Packed>()];
    bytes.get_mut(..word.len())?.copy_from_slice(word);
    Some(Packed::from_le_bytes(bytes))
}

/// Per part the terms to look at once it stands, each behind two other parts of it. They lie side by side: a search looks at hundreds.
#[derive(Debug)]
pub(super) struct Candidates {
    /// Where a part's begin; they end where the next part's begin.
    from: Vec<u32>,
    all: Vec<(u32, u32, u32)>,
}

impl Candidates {
    pub fn new(by_part: Vec<Vec<(u32, u32, u32)>>) -> Self {
        let mut from = vec![0];
        from.extend(by_part.iter().scan(0, |at, terms| {
            *at += terms.len() as u32;
            Some(*at)
        }));
        Self { from, all: by_part.concat() }
    }

    /// How many parts there are.
    pub fn parts(&self) -> usize {
        self.from.len() - 1
    }

    pub fn of(&self, part: u32) -> &[(u32, u32, u32)] {
        match self.from.get(part as usize..part as usize + 2) {
            Some([from, to]) => self.all.get(*from as usize..*to as usize).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// A node while the tree grows.
#[derive(Debug, Default)]
struct Growing {
    next: BTreeMap<u32, u32>,
    parts: Vec<u32>,
}

impl Words {
    /// The tree of these wordings, for searches of this spelling.
    pub fn new(wordings: &[Wording], spelling: &Spelling) -> Self {
        let mut numbers: HashMap<Box<str>, u32, FixedState> = HashMap::default();
        let words_of = |wording: &'_ Wording| wording.key.split_whitespace().map(Box::<str>::from).collect::<Vec<_>>();
        for word in wordings.iter().flat_map(words_of) {
            let next = numbers.len() as u32 + 1;
            numbers.entry(word).or_insert(next);
        }
        let mut growing: Vec<Growing> = Vec::new();
        growing.resize_with(numbers.len() + 1, Growing::default);
        for wording in wordings {
            let mut node = UNKNOWN;
            for word in wording.key.split_whitespace() {
                let word = numbers.get(word).copied().unwrap_or(UNKNOWN);
                if node == UNKNOWN {
                    node = word;
                    continue;
                }
                let next = growing.len() as u32;
                let behind = *growing[node as usize].next.entry(word).or_insert(next);
                if behind == next {
                    growing.push(Growing::default());
                }
                node = behind;
            }
            growing[node as usize].parts.extend(&wording.parts);
        }
        let mut words = Self {
            numbers,
            typed: HashMap::default(),
            meant: Vec::new(),
            nodes: Vec::new(),
            edges: Vec::new(),
            parts: Vec::new(),
        };
        for node in growing.into_iter().chain([Growing::default()]) {
            words.nodes.push(Node { edges: words.edges.len() as u32, parts: words.parts.len() as u32 });
            words.edges.extend(node.next);
            words.parts.extend(node.parts);
        }
        let own: Vec<Box<str>> = words.numbers.keys().cloned().chain(spelling.short().map(Box::from)).collect();
        let (mut meant, mut scratch) = (Vec::new(), String::new());
        for typed in own {
            let Some(packed) = packed(typed.as_bytes()) else { continue };
            let before = meant.len() as u32;
            words.push_slowly(spelling, &typed, &mut scratch, &mut meant);
            words.typed.insert(packed, before..meant.len() as u32);
        }
        words.meant = meant;
        words
    }

    /// Writes the numbers of a normalised search's words.
    pub fn write_numbers(&self, spelling: &Spelling, term: &str, scratch: &mut String, into: &mut Vec<u32>) {
        into.clear();
        for chunk in term.as_bytes().split(|byte| *byte == b' ') {
            if let Some(meant) = packed(chunk).and_then(|packed| self.typed.get(&packed)) {
                into.extend_from_slice(self.meant.get(meant.start as usize..meant.end as usize).unwrap_or_default());
                continue;
            }
            let chunk = str::from_utf8(chunk).unwrap_or_default();
            if chunk.len() <= size_of::<Packed>() && spelling.leaves(chunk) {
                into.push(UNKNOWN);
            } else {
                self.push_slowly(spelling, chunk, scratch, into);
            }
        }
    }

    fn push_slowly(&self, spelling: &Spelling, chunk: &str, scratch: &mut String, into: &mut Vec<u32>) {
        scratch.clear();
        spelling.write_chunk(chunk, scratch);
        into.extend(scratch.split_whitespace().map(|word| self.numbers.get(word).copied().unwrap_or(UNKNOWN)));
    }

    /// Notes every place of every part in a search of these words.
    pub fn find(&self, words: &[u32], standing: &mut Standing) {
        for (first, word) in words.iter().enumerate().filter(|(_, word)| **word != UNKNOWN) {
            let (mut node, mut after) = (*word as usize, first + 1);
            while let Some([this, next]) = self.nodes.get(node..node + 2) {
                for part in self.parts.get(this.parts as usize..next.parts as usize).unwrap_or_default() {
                    standing.add(*part, first as u16, after as u16);
                }
                let edges = self.edges.get(this.edges as usize..next.edges as usize).unwrap_or_default();
                let Some(word) = words.get(after).filter(|word| !edges.is_empty() && **word != UNKNOWN) else { break };
                let Ok(at) = edges.binary_search_by_key(word, |(word, _)| *word) else { break };
                node = edges[at].1 as usize;
                after += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aho_corasick::AhoCorasick;
    use proptest::prelude::*;

    use super::super::super::term::normalise_term;
    use super::*;

    const SPELLING: &str = r#"
        watched = ["lighthouse"]
        keep = []
        [texting]
        sum1 = "someone"
        dont = "do not"
        kyte = "kite"
        probably = "i do not know"
    "#;

    const TYPED: [&str; 15] = [
        "a",
        "do",
        "not",
        "dont",
        "don't",
        "kite",
        "k1te",
        "kyteee",
        "lighthouse",
        "lighthuose",
        "sum1",
        "zebra",
        "probably",
        "cafés",
        "half-lighthouses-of-kites",
    ];

    fn typed(words: std::ops::Range<usize>) -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(&TYPED[..]), words).prop_map(|words| words.join(" "))
    }

    /// Every place of every wording in a search, found in the text of its key.
    fn found_in_text(wordings: &[Wording], key: &str) -> BTreeSet<(u32, u16, u16)> {
        let matcher = AhoCorasick::new(wordings.iter().map(|wording| &wording.key)).unwrap();
        let words_before = |at: usize| key.as_bytes()[..at].iter().filter(|byte| **byte == b' ').count() as u16;
        let found = matcher.find_overlapping_iter(key);
        let places = found.flat_map(|found| {
            let parts = wordings[found.pattern().as_usize()].parts.clone();
            // A key begins and ends with a blank: a wording's first word is the one behind its first blank.
            parts.into_iter().map(move |part| (part, words_before(found.start()), words_before(found.end()) - 1))
        });
        places.collect()
    }

    proptest! {
        #![proptest_config(crate::properties::cases(512))]

        #[test]
        fn the_walk_finds_what_stands_in_the_text(entries in prop::collection::vec(typed(1..4), 1..12), search in typed(0..9)) {
            let spelling = Spelling::new(SPELLING).unwrap();
            let keys: BTreeSet<String> = entries.iter().map(|entry| spelling.key(entry)).collect();
            let wordings: Vec<Wording> =
                (0..).zip(keys).map(|(number, key)| Wording { key, parts: vec![2 * number, 2 * number + 1] }).collect();
            let words = Words::new(&wordings, &spelling);
            let (mut term, mut scratch, mut numbers, mut standing) =
                (String::new(), String::new(), Vec::new(), Standing::default());
            normalise_term(search.as_bytes(), &mut term);
            words.write_numbers(&spelling, &term, &mut scratch, &mut numbers);
            standing.clear(2 * wordings.len());
            words.find(&numbers, &mut standing);
            prop_assert_eq!(standing.all(), found_in_text(&wordings, &spelling.key(&search)));
        }
    }
}
