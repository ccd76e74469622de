//! The shipped entries against a corpus of invented searches: precision and recall by theme, and what must never be flagged.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Instant;

use super::*;
use crate::normalise::theme::THEMES;

/// What the whole corpus must reach, a theme.
const LEAST_PRECISION: f64 = 0.95;
const LEAST_RECALL: f64 = 0.9;

/// The part that nobody tunes on is to be about a third: less says little of searches nobody has seen.
const HELD_OUT_SHARE: std::ops::Range<f64> = 0.3..0.45;

/// Themes without entries of their own; `docs/lexicon.md` says why.
const BY_CATEGORY_ONLY: &[&str] = &["misinformation"];

/// The file of searches that no entry may match.
const MUST_PASS: &str = "must_pass";

/// The file of searches by an author who never saw the entries, and to which nobody has tuned them. All of it is held out.
const THIRD_AUTHOR: &str = "third_author";

/// A search as someone might type it.
struct Sentence {
    file: String,
    text: String,
    /// Themes it should be found under.
    wanted: BTreeSet<String>,
    /// Never tuned on, and never to be.
    is_held_out: bool,
}

fn corpus() -> Vec<Sentence> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("lexicon-corpus");
    let mut sentences = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("text,wanted,held_out"), "{file}");
        for line in lines {
            let [text, wanted, held_out] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{file}: {line}") };
            assert!(["yes", "no"].contains(&held_out), "{file}: {line}");
            let wanted: BTreeSet<String> = wanted.split(' ').filter(|theme| *theme != "none").map(str::to_owned).collect();
            assert!(wanted.iter().all(|theme| Theme::from_name(theme).is_some()), "{file}: {line}");
            sentences.push(Sentence { file: file.clone(), text: text.to_owned(), wanted, is_held_out: held_out == "yes" });
        }
    }
    sentences
}

/// The themes a search is found under, as a row of the lake would have them.
fn found(lexicon: &Lexicon, text: &str, hits: &mut Hits) -> BTreeSet<String> {
    let mut normalised = String::new();
    normalise_term(text.as_bytes(), &mut normalised);
    let Some(finding) = lexicon.find(&normalised, hits) else { return BTreeSet::new() };
    let themes = THEMES.iter().zip(finding.themes).filter(|(_, severity)| *severity > 0);
    let mut themes: BTreeSet<String> = themes.map(|((name, _), _)| (*name).to_owned()).collect();
    if finding.help_seeking {
        themes.insert(Theme::HELP_SEEKING.as_str().to_owned());
    }
    themes
}

#[derive(Default, Clone, Copy)]
struct Score {
    right: u32,
    wrong: u32,
    missed: u32,
}

impl Score {
    fn share(self, of: u32) -> f64 {
        let all = self.right + of;
        if all == 0 { 1.0 } else { f64::from(self.right) / f64::from(all) }
    }

    fn and(self, other: Self) -> Self {
        Self { right: self.right + other.right, wrong: self.wrong + other.wrong, missed: self.missed + other.missed }
    }

    fn precision(self) -> f64 {
        self.share(self.wrong)
    }

    fn recall(self) -> f64 {
        self.share(self.missed)
    }
}

/// Themes whose entries apply to the search of before and gave way to its call for help.
fn gave_way(lexicon: &Lexicon, hits: &Hits) -> BTreeSet<String> {
    lexicon.applying_to(hits).map(|(_, compiled)| compiled.theme.as_str().to_owned()).collect()
}

/// Every theme against the searches of every file: what lies near one theme must not be found under another either. Where a call for help
/// is wanted and found, a theme that gave way to it, as it has to, counts as found.
fn scores(lexicon: &Lexicon, sentences: &[Sentence], counts: impl Fn(&Sentence) -> bool) -> BTreeMap<&'static str, Score> {
    let mut hits = Hits::default();
    let help = Theme::HELP_SEEKING.as_str();
    let mut scores: BTreeMap<&'static str, Score> = THEMES.iter().map(|(name, _)| (*name, Score::default())).collect();
    for sentence in sentences.iter().filter(|sentence| counts(sentence)) {
        let mut found = found(lexicon, &sentence.text, &mut hits);
        if found.contains(help) && sentence.wanted.contains(help) {
            found.extend(gave_way(lexicon, &hits).intersection(&sentence.wanted).cloned());
        }
        for (theme, score) in &mut scores {
            match (sentence.wanted.contains(*theme), found.contains(*theme)) {
                (true, true) => score.right += 1,
                (false, true) => score.wrong += 1,
                (true, false) => score.missed += 1,
                (false, false) => {}
            }
        }
    }
    scores
}

#[test]
fn every_theme_finds_its_searches_and_leaves_the_others() {
    let lexicon = Lexicon::new(crate::embedded::LEXICON).unwrap();
    let sentences = corpus();
    let whole = scores(&lexicon, &sentences, |_| true);
    let held_out = scores(&lexicon, &sentences, |sentence| sentence.is_held_out);
    let third = scores(&lexicon, &sentences, |sentence| sentence.file == THIRD_AUTHOR);
    println!("| theme | whole: precision | recall | held out: precision | recall | third author: precision | recall |");
    println!("|---|---|---|---|---|---|---|");
    let mut short = Vec::new();
    for theme in whole.keys().copied().filter(|theme| !BY_CATEGORY_ONLY.contains(theme)) {
        let scores = [whole[theme], held_out[theme], third[theme]];
        println!("| {theme} |{}", scores.map(|score| format!(" {:.3} | {:.3} |", score.precision(), score.recall())).concat());
        let enough = [60, 30, 10];
        assert!(
            scores.iter().zip(enough).all(|(score, least)| score.right + score.missed >= least),
            "{theme}: too few searches to say anything"
        );
        if whole[theme].precision() < LEAST_PRECISION || whole[theme].recall() < LEAST_RECALL {
            short.push(theme);
        }
    }
    let all = [whole, held_out, third].map(|scores| scores.values().fold(Score::default(), |sum, score| sum.and(*score)));
    println!("| all |{}", all.map(|score| format!(" {:.3} | {:.3} |", score.precision(), score.recall())).concat());
    assert!(short.is_empty(), "short of {LEAST_PRECISION} and {LEAST_RECALL}: {short:?}");
}

#[test]
fn a_third_of_the_corpus_is_held_out() {
    let sentences: Vec<Sentence> = corpus().into_iter().filter(|sentence| sentence.file != MUST_PASS).collect();
    let held_out = sentences.iter().filter(|sentence| sentence.is_held_out).count();
    let share = held_out as f64 / sentences.len() as f64;
    println!("{held_out} of {} searches are held out", sentences.len());
    assert!(HELD_OUT_SHARE.contains(&share), "{share}");
    assert!(sentences.iter().all(|sentence| sentence.file != THIRD_AUTHOR || sentence.is_held_out));
}

#[test]
fn nothing_that_must_pass_is_flagged() {
    let lexicon = Lexicon::new(crate::embedded::LEXICON).unwrap();
    let must_pass: Vec<Sentence> = corpus().into_iter().filter(|sentence| sentence.file == MUST_PASS).collect();
    assert!(must_pass.len() > 200);
    for sentence in must_pass {
        assert!(sentence.wanted.is_empty(), "{}", sentence.text);
        assert_eq!(lexicon.applying(&sentence.text), Vec::<&str>::new(), "{}", sentence.text);
    }
}

#[test]
fn no_search_stands_in_the_corpus_twice() {
    let mut seen = BTreeSet::new();
    for sentence in corpus().into_iter().filter(|sentence| sentence.file != MUST_PASS) {
        assert!(seen.insert(sentence.text.clone()), "{}", sentence.text);
    }
}

/// The files with one ending in a folder of this crate, by name, as they are now.
fn files(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.extension().unwrap() == "toml");
    paths.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap())).collect()
}

/// For whoever writes entries: what the searches of a file (in the corpus's shape) come to under the entries as they are on disk, without
/// building anything. `LEXICON_CASES=FILE cargo test --release -p weir-ingest --lib cases_of_a_file -- --ignored --nocapture`
#[test]
#[ignore = "prints what a file comes to; nothing to hold"]
fn cases_of_a_file() {
    let (themes, words) = (files("lexicon"), files("lexicon-words"));
    let lent = |files: &[(String, String)]| -> Vec<(&'static str, &'static str)> {
        files.iter().map(|(stem, text)| (&*stem.clone().leak(), &*text.clone().leak())).collect()
    };
    let lexicon = build(super::read::read(&lent(&themes), &lent(&words)).unwrap()).unwrap();
    for compiled in &lexicon.entries {
        if let Err(error) = lexicon.check_examples_of(&compiled.entry.id) {
            println!("EXAMPLE {error}");
        }
    }
    let path = std::env::var("LEXICON_CASES").unwrap();
    let mut hits = Hits::default();
    for line in fs::read_to_string(path).unwrap().lines().skip(1) {
        let mut fields = line.split(',');
        let (text, wanted) = (fields.next().unwrap(), fields.next().unwrap());
        let found: Vec<String> = found(&lexicon, text, &mut hits).into_iter().collect();
        println!("CASE\t{text}\t{wanted}\t{}\t{}", found.join(" "), lexicon.applying(text).join(" "));
    }
}

/// Seconds that this thread has had a core to itself: others keep the machine busy. Where the system does not say, seconds that have passed.
fn processor_seconds(started: Instant) -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    nanos.map_or_else(|| started.elapsed().as_secs_f64(), |nanos| nanos as f64 / 1e9)
}

/// `cargo test --release -p weir-ingest --lib terms_a_second -- --ignored --nocapture`
#[test]
#[ignore = "prints a time; nothing to hold"]
fn terms_a_second() {
    const TERMS: usize = 1_000_000;
    const RUNS: usize = 5;
    let lexicon = Lexicon::new(crate::embedded::LEXICON).unwrap();
    let sentences = corpus();
    let (mut hits, mut normalised) = (Hits::default(), String::new());
    let begun = Instant::now();
    println!(
        "{} entries; millions of terms a second of one core, median of {RUNS} runs (least to most)",
        lexicon.entries().count()
    );
    for (name, wants) in
        [("whole corpus", None), ("searches that should pass", Some(false)), ("searches that should be found", Some(true))]
    {
        let terms: Vec<&Sentence> =
            sentences.iter().filter(|s| wants.is_none_or(|wanted| wanted != s.wanted.is_empty())).collect();
        for normalise in [true, false] {
            let mut found = 0_usize;
            let mut rates: Vec<f64> = (0..RUNS)
                .map(|_| {
                    let started = processor_seconds(begun);
                    for sentence in terms.iter().cycle().take(TERMS) {
                        if normalise {
                            normalise_term(sentence.text.as_bytes(), &mut normalised);
                        }
                        let term = if normalise { &normalised } else { &sentence.text };
                        found += usize::from(lexicon.find(term, &mut hits).is_some());
                    }
                    TERMS as f64 / (processor_seconds(begun) - started) / 1e6
                })
                .collect();
            rates.sort_by(f64::total_cmp);
            let how = if normalise { "normalised and matched" } else { "matched alone" };
            let (least, median, most) = (rates[0], rates[RUNS / 2], rates[RUNS - 1]);
            println!("{name}, {how}: {median:.2} ({least:.2} to {most:.2}), {} of a million found", found / RUNS);
        }
    }
}
