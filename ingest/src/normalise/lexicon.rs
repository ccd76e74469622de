//! Matches search terms against the lexicon: which entries apply, which themes follow, and whether the search asks for help.
//!
//! Entries are data (`ingest/lexicon/<theme>.toml`); `docs/lexicon.md` says how they are written. Whole words only.

use std::path::PathBuf;

use jiff::civil::Date;
use serde::Deserialize;

use super::term::normalise_term;
use super::theme::Theme;
use pattern::{Pattern, Sets, Standing, Vocabulary};
use spelling::Spelling;
use words::{Candidates, Words};

pub mod own;
mod pattern;
mod read;
mod spelling;
mod words;

/// Why a lexicon file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LexiconError {
    /// Not the shape of an entry file.
    #[error("lexicon/{file}.toml: {problem}")]
    Unreadable {
        /// File stem.
        file: String,
        /// What the reader says.
        problem: String,
    },
    /// An entry says something that can't be.
    #[error("lexicon/{file}.toml entry {entry}, field {field}: found {found:?}; use {accepted}")]
    Entry {
        /// File stem.
        file: String,
        /// Id of the entry.
        entry: String,
        /// Field.
        field: &'static str,
        /// What was found.
        found: String,
        /// What is accepted.
        accepted: &'static str,
    },
    /// A school's own file says something that can't be.
    #[error("lexicon/{file}.toml line {line}, entry {entry}: {problem}")]
    Own {
        /// File stem.
        file: String,
        /// Line in it, from 1.
        line: usize,
        /// Id of the entry.
        entry: String,
        /// What was found and what is accepted.
        problem: String,
    },
    /// The folder of a school's own files can't be read.
    #[error("{}: {problem}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        problem: String,
    },
    /// An entry's number is kept in two bytes.
    #[error("lexicon: more than 65,536 entries")]
    TooMany,
}

/// How an entry's terms are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matching {
    /// Any of the terms, each one word.
    Word,
    /// Any of the terms, its words together and in order.
    Phrase,
    /// All words of any of the terms in order, with a few others between.
    Order,
    /// All words of any of the terms, anywhere in the search.
    All,
}

/// What a search like this is likely to be about. Never a judgement on a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Reading about it.
    Research,
    /// Thinking of it.
    Ideation,
    /// Preparing it.
    Planning,
    /// Worried about someone else.
    ThirdParty,
    /// Getting over it.
    Recovery,
    /// Asking for help.
    HelpSeeking,
}

/// One entry as its file has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// As written in `events.concern_id`.
    pub id: String,
    /// What is looked for.
    pub terms: Vec<String>,
    /// How.
    #[serde(rename = "match")]
    pub matching: Matching,
    /// One of these words or phrases must stand there too, if any are given.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Any of these words or phrases cancels the entry.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Themes that say it better: where an entry of theirs applies to the same search, this one does not count.
    #[serde(default)]
    pub yields_to: Vec<String>,
    /// 0 to 100: orders a list for a person.
    pub weight: u8,
    /// 1 low to 4 urgent.
    pub severity: u8,
    /// What the search is likely to be about.
    pub intent: Intent,
    /// Phases it is meant for.
    pub phases: Vec<String>,
    /// Language, two letters.
    pub lang: String,
    /// Why it is an entry, in a sentence without any detail of harm.
    pub rationale: String,
    /// Public guidance behind it.
    pub source: String,
    /// First academic year in which it counts in rates.
    pub since: String,
    /// Date it was added.
    pub added: String,
    /// Date it was last looked at.
    pub reviewed: String,
    /// Searches it must match: one at least.
    pub hits: Vec<String>,
    /// Searches it must not match: two at least.
    pub misses: Vec<String>,
}

/// An entry that is not compiled yet.
#[derive(Debug)]
struct Read {
    theme: Theme,
    entry: Entry,
    /// The school wants nothing of it for now. It keeps its number, so that rows of before keep their meaning.
    is_muted: bool,
}

/// What is read before it is compiled.
#[derive(Debug, Default)]
struct Shelf {
    spelling: Spelling,
    sets: Sets,
    entries: Vec<Read>,
}

/// An entry with its patterns.
#[derive(Debug)]
struct Compiled {
    entry: Entry,
    theme: Theme,
    is_help: bool,
    is_muted: bool,
    yields_to: Vec<Theme>,
    needs: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

impl Compiled {
    /// Whether it applies to a search in which one of its terms stands.
    fn applies(&self, standing: &Standing) -> bool {
        let stands = |pattern: &Pattern| pattern.stands(standing);
        !self.is_muted && (self.needs.is_empty() || self.needs.iter().any(stands)) && !self.exclude.iter().any(stands)
    }
}

/// What a search came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The entry that stands for it: the most severe, then the heaviest.
    pub entry: u16,
    /// Its severity.
    pub severity: u8,
    /// The search asks for help.
    pub help_seeking: bool,
    /// Severity of each theme that applies, 0 where it does not; [`Theme::HELP_SEEKING`] is told by `help_seeking`.
    pub themes: [u8; super::theme::THEMES.len()],
}

/// The entries of all themes, ready to match.
#[derive(Debug)]
pub struct Lexicon {
    entries: Vec<Compiled>,
    spelling: Spelling,
    words: Words,
    /// Every term of every entry, and the entry.
    terms: Vec<(Pattern, u16)>,
    /// Per part the terms to look at once it stands: those of which it is the rarest part, each behind two parts of it that have to
    /// stand too. One pass over a search names its candidates, so that its cost follows what stands in it and not the number of entries.
    candidates: Candidates,
}

/// Scratch of one thread.
#[derive(Debug, Default)]
pub struct Hits {
    /// A word that is written otherwise than it was typed.
    written: String,
    /// The search's words by number.
    words: Vec<u32>,
    standing: Standing,
    /// Entries that apply, in order.
    applying: Vec<u16>,
}

impl Lexicon {
    /// Reads files (stem, which is the theme, and text each) and compiles their entries.
    pub fn new(files: &[(&str, &str)]) -> Result<Self, LexiconError> {
        build(read::read(files, crate::embedded::LEXICON_WORDS)?)
    }

    /// The same with a school's own files (stem and text each) on top, as they hold on a day.
    pub fn with_own(files: &[(&str, &str)], own: &[(String, String)], today: Date) -> Result<Self, LexiconError> {
        own::with_own(files, own, today)
    }

    /// The entries and their themes, by number.
    pub fn entries(&self) -> impl Iterator<Item = (&Entry, Theme)> {
        self.entries.iter().map(|compiled| (&compiled.entry, compiled.theme))
    }

    /// The id of an entry that a finding names.
    pub fn id(&self, entry: u16) -> &str {
        self.entries.get(usize::from(entry)).map_or("", |compiled| compiled.entry.id.as_str())
    }

    /// Notes the entries that apply to a normalised search; false where there is none.
    fn mark(&self, term: &str, hits: &mut Hits) -> bool {
        let Hits { written, words, standing, applying } = hits;
        self.words.write_numbers(&self.spelling, term, written, words);
        standing.clear(self.candidates.parts());
        applying.clear();
        self.words.find(words, standing);
        for part in standing.stood() {
            let stand = |(second, third, _): &&(u32, u32, u32)| standing.stands(*second) && standing.stands(*third);
            for (_, _, candidate) in self.candidates.of(*part).iter().filter(stand) {
                let (pattern, entry) = &self.terms[*candidate as usize];
                if !applying.contains(entry) && pattern.stands(standing) && self.entries[usize::from(*entry)].applies(standing) {
                    applying.push(*entry);
                }
            }
        }
        applying.sort_unstable();
        !applying.is_empty()
    }

    /// Entries that apply after [`Lexicon::mark`], by number.
    fn applying_to<'a, 'h>(&'a self, hits: &'h Hits) -> impl Iterator<Item = (u16, &'a Compiled)> + use<'a, 'h> {
        hits.applying.iter().filter_map(|number| Some((*number, self.entries.get(usize::from(*number))?)))
    }

    /// Ids of all entries that apply to a search; for tests and for showing why.
    pub fn applying(&self, term: &str) -> Vec<&str> {
        let (mut hits, mut normalised) = (Hits::default(), String::new());
        normalise_term(term.as_bytes(), &mut normalised);
        self.mark(&normalised, &mut hits);
        self.applying_to(&hits).map(|(_, compiled)| compiled.entry.id.as_str()).collect()
    }

    /// Runs every entry's own hits and misses; the first that disagrees is the error.
    pub fn check_examples(&self) -> Result<(), LexiconError> {
        self.entries.iter().try_for_each(|compiled| self.check_examples_of(&compiled.entry.id))
    }

    /// Runs the hits and misses of one entry; a muted one has nothing to say.
    fn check_examples_of(&self, id: &str) -> Result<(), LexiconError> {
        for compiled in self.entries.iter().filter(|compiled| compiled.entry.id == id && !compiled.is_muted) {
            let entry = &compiled.entry;
            let disagrees = |field, found: &String, accepted| {
                Err(LexiconError::Entry {
                    file: compiled.theme.as_str().to_owned(),
                    entry: entry.id.clone(),
                    field,
                    found: found.clone(),
                    accepted,
                })
            };
            for hit in &entry.hits {
                if !self.applying(hit).contains(&entry.id.as_str()) {
                    return disagrees("hits", hit, "a search that the entry matches");
                }
            }
            for miss in &entry.misses {
                if self.applying(miss).contains(&entry.id.as_str()) {
                    return disagrees("misses", miss, "a search that the entry does not match");
                }
            }
        }
        Ok(())
    }

    /// What a normalised search comes to; None where no entry applies.
    pub fn find(&self, term: &str, hits: &mut Hits) -> Option<Finding> {
        if !self.mark(term, hits) {
            return None;
        }
        let help_seeking = self.applying_to(hits).any(|(_, compiled)| compiled.is_help);
        let yields = |one: &Compiled| {
            // Never to a milder entry; and two that would yield to each other both stand, so that a search is never left without one.
            let gives_way = |other: &Compiled| {
                one.yields_to.contains(&other.theme)
                    && !other.yields_to.contains(&one.theme)
                    && other.entry.severity >= one.entry.severity
            };
            !one.yields_to.is_empty() && self.applying_to(hits).any(|(_, other)| gives_way(other))
        };
        let mut finding: Option<Finding> = None;
        let mut best = (false, 0, 0);
        for (number, compiled) in self.applying_to(hits) {
            let entry = &compiled.entry;
            // Who asks for help in the same search is asking for help; only severe words still stand beside it.
            if help_seeking && !compiled.is_help && entry.severity < 3 || yields(compiled) {
                continue;
            }
            let finding = finding.get_or_insert(Finding {
                entry: number,
                severity: entry.severity,
                help_seeking,
                themes: [0; super::theme::THEMES.len()],
            });
            if !compiled.is_help {
                let theme = &mut finding.themes[compiled.theme.number()];
                *theme = (*theme).max(entry.severity);
            }
            let rank = (!compiled.is_help, entry.severity, entry.weight);
            if rank > best {
                best = rank;
                (finding.entry, finding.severity) = (number, entry.severity);
            }
        }
        finding
    }
}

fn unreadable(file: &str, error: &toml::de::Error) -> LexiconError {
    unreadable_because(file, error.to_string().trim_end().replace('\n', "; "))
}

fn unreadable_because(file: &str, problem: String) -> LexiconError {
    LexiconError::Unreadable { file: file.to_owned(), problem }
}

fn build(shelf: Shelf) -> Result<Lexicon, LexiconError> {
    let Shelf { mut spelling, sets, entries: read } = shelf;
    let mut vocabulary = Vocabulary::new(&sets, &spelling);
    let (mut entries, mut terms) = (Vec::with_capacity(read.len()), Vec::new());
    for Read { theme, entry, is_muted } in read {
        let number = u16::try_from(entries.len()).map_err(|_| LexiconError::TooMany)?;
        terms.extend(entry.terms.iter().map(|term| (vocabulary.pattern(theme, term, entry.matching), number)));
        let mut phrases = |terms: &[String]| -> Vec<Pattern> {
            terms.iter().map(|term| vocabulary.pattern(theme, term, Matching::Phrase)).collect()
        };
        let (needs, exclude) = (phrases(&entry.needs), phrases(&entry.exclude));
        let is_help = theme == Theme::HELP_SEEKING || entry.intent == Intent::HelpSeeking;
        let yields_to = entry.yields_to.iter().filter_map(|name| Theme::from_name(name)).collect();
        entries.push(Compiled { entry, theme, is_help, is_muted, yields_to, needs, exclude });
    }
    let mut candidates = vec![Vec::new(); vocabulary.len()];
    for (number, (pattern, _)) in (0..).zip(&terms) {
        if let Some([rarest, second, third]) = vocabulary.rarest(pattern) {
            candidates[rarest as usize].push((second, third, number));
        }
    }
    let candidates = Candidates::new(candidates);
    let wordings = vocabulary.wordings;
    spelling.drop_final_g(wordings.iter().flat_map(|wording| wording.key.split_whitespace()));
    let words = Words::new(&wordings, &spelling);
    Ok(Lexicon { entries, spelling, words, terms, candidates })
}

#[cfg(test)]
mod corpus_tests;
#[cfg(test)]
mod own_tests;
#[cfg(test)]
mod tests;
