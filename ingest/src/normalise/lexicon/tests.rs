//! The shipped entries against their own examples; the matching rules on made-up ones.

use super::*;

fn shipped() -> Lexicon {
    Lexicon::new(crate::embedded::LEXICON).unwrap()
}

#[test]
fn every_entry_agrees_with_its_examples() {
    shipped().check_examples().unwrap();
}

fn find(lexicon: &Lexicon, term: &str) -> Option<(String, u8, bool, Vec<&'static str>)> {
    let mut normalised = String::new();
    normalise_term(term.as_bytes(), &mut normalised);
    let finding = lexicon.find(&normalised, &mut Hits::default())?;
    let themes = super::super::theme::THEMES
        .iter()
        .zip(finding.themes)
        .filter(|(_, severity)| *severity > 0)
        .map(|((name, _), _)| *name)
        .collect();
    Some((lexicon.id(finding.entry).to_owned(), finding.severity, finding.help_seeking, themes))
}

#[test]
fn shipped_entries_stand_for_searches() {
    let lexicon = shipped();
    for (term, entry, severity, help, themes) in [
        ("unblocked games", "circumvention.unblocked", 1, false, vec!["circumvention"]),
        ("free vpn for school", "circumvention.vpn_school", 2, false, vec!["circumvention"]),
        ("self harm", "self_harm.words", 2, false, vec!["self_harm"]),
        ("i want to hurt myself", "self_harm.first_person", 3, false, vec!["self_harm"]),
        // asking takes a mild entry back and stands beside a severe one
        ("self harm helpline", "help_seeking.helpline", 1, true, vec![]),
        ("i want to hurt myself who can i talk to", "self_harm.first_person", 3, true, vec!["self_harm"]),
        ("childline", "help_seeking.lines", 1, true, vec![]),
        ("how do i get help with panic attacks", "help_seeking.asking", 1, true, vec![]),
        ("i want to die", "suicide.first_person", 4, false, vec!["suicide"]),
        ("i feel suicidal who can i talk to", "suicide.first_person", 4, true, vec!["suicide"]),
        ("my dad hits me", "abuse_home.disclosure", 4, false, vec!["abuse_home"]),
        ("how to hack school wifi", "hacking_piracy.hacking", 2, false, vec!["hacking_piracy"]),
        ("buy a knife online", "violence_weapons.buying", 3, false, vec!["violence_weapons"]),
        ("porn videos", "sexual_content.words", 2, false, vec!["sexual_content"]),
        ("bet365 free vpn for school", "circumvention.vpn_school", 2, false, vec!["gambling", "circumvention"]),
    ] {
        assert_eq!(find(&lexicon, term), Some((entry.to_owned(), severity, help, themes)), "{term}");
    }
    assert_eq!(find(&lexicon, "volcano facts"), None);
}

fn entry(id: &str, terms: &str, rest: &str) -> String {
    format!(
        "[[entry]]\nid = \"{id}\"\nterms = {terms}\n{rest}\nweight = 5\nseverity = 2\nintent = \"research\"\nphases = [\"secondary\"]\n\
         lang = \"en\"\nrationale = \"a test\"\nsource = \"none\"\nsince = \"2020-21\"\nadded = \"2026-11-22\"\nreviewed = \"2026-11-22\"\n\
         hits = [\"x\"]\nmisses = [\"y\", \"z\"]\n"
    )
}

#[test]
fn entries_match_as_they_say() {
    let text = [
        entry("w", r#"["kite"]"#, r#"match = "word""#),
        entry("p", r#"["red kite"]"#, r#"match = "phrase""#),
        entry("a", r#"["wind string"]"#, r#"match = "all""#),
        entry("n", r#"["stunt"]"#, "match = \"word\"\nneeds = [\"two lines\", \"four lines\"]"),
        entry("e", r#"["dragon"]"#, "match = \"word\"\nexclude = [\"boat race\", \"chinese new year\"]"),
    ]
    .concat();
    let lexicon = Lexicon::new(&[("bullying", &text)]).unwrap();
    for (term, want) in [
        ("kite", vec!["w"]),
        ("Kite!", vec!["w"]),
        ("k1te", vec!["w"]),
        ("kïte", vec!["w"]),
        ("kites", vec![]),
        ("mykite", vec![]),
        ("red kite", vec!["w", "p"]),
        ("red-kite", vec!["w", "p"]),
        ("kite red", vec!["w"]),
        ("red big kite", vec!["w"]),
        ("string in the wind", vec!["a"]),
        ("windy string", vec![]),
        ("stunt", vec![]),
        ("stunt on two lines", vec!["n"]),
        ("dragon", vec!["e"]),
        ("dragon boat", vec!["e"]),
        ("dragon boat race", vec![]),
        ("", vec![]),
        ("123 456", vec![]),
    ] {
        assert_eq!(lexicon.applying(term), want, "{term}");
    }
    // Its examples are none of its own, and that is noticed.
    assert!(lexicon.check_examples().unwrap_err().to_string().contains("lexicon/bullying.toml entry w, field hits"));
}

#[test]
fn sets_endings_and_orders_widen_an_entry() {
    let sets = "[sets]\nflier = [\"kite\", \"red kite\", \"{bird}\"]\nbird = [\"heron\", \"swan~\"]\n";
    let text = [
        sets.to_owned(),
        entry("p", r#"["my {flier} dives"]"#, r#"match = "phrase""#),
        entry("o", r#"["{flier} steal~ lunch"]"#, r#"match = "order""#),
        entry("a", r#"["{flier} nest~"]"#, "match = \"all\"\nexclude = [\"{flier} house\"]"),
        entry("y", r#"["lunch"]"#, "match = \"word\"\nyields_to = [\"scams\"]"),
    ]
    .concat();
    let other = entry("s", r#"["voucher"]"#, r#"match = "word""#);
    let lexicon = Lexicon::new(&[("bullying", &text), ("scams", &other)]).unwrap();
    for (term, want) in [
        ("my heron dives", vec!["p"]),
        ("my red kite dives", vec!["p"]),
        ("my big heron dives", vec![]),
        ("a swan stole our lunch", vec!["y"]),
        ("the red kite is stealing my lunch", vec!["o", "y"]),
        ("kites stealing lunch", vec!["y"]),
        ("dont let swans steal ur lunch", vec!["o", "y"]),
        // in that order only, and four words between at most
        ("steal lunch from a kite", vec!["y"]),
        ("kite that likes to always wait then steals lunch", vec!["y"]),
        ("nesting of the heron", vec!["a"]),
        ("heron house nests", vec![]),
        // a typist's spelling
        ("swannn stealin my lunch", vec!["o", "y"]),
    ] {
        assert_eq!(lexicon.applying(term), want, "{term}");
    }
    // Which entries stand for a search that one of them leaves to the other.
    assert_eq!(find(&lexicon, "lunch"), Some((String::from("y"), 2, false, vec!["bullying"])));
    assert_eq!(find(&lexicon, "lunch voucher"), Some((String::from("s"), 2, false, vec!["scams"])));
}

#[test]
fn a_shipped_set_is_known_to_every_theme() {
    let text = entry("w", r#"["{friend} flies kites"]"#, r#"match = "order""#);
    assert_eq!(Lexicon::new(&[("bullying", &text)]).unwrap().applying("my cousin flies two kites"), ["w"]);
}

#[test]
fn a_bad_entry_is_refused() {
    let good = entry("w", r#"["kite"]"#, r#"match = "word""#);
    for (file, text, want) in [
        ("bullying", good.replace("severity = 2", "severity = 5"), "field severity: found \"5\"; use 1 to 4"),
        ("bullying", good.replace("[\"kite\"]", "[]"), "field terms"),
        ("bullying", good.replace("[\"kite\"]", "[\"red kite\"]"), "single words where match is word"),
        ("bullying", good.replace("[\"kite\"]", "[\"--\"]"), "words with a letter or digit"),
        ("bullying", good.replace("[\"kite\"]", "[\"{kites}\"]"), "found \"{kites}\"; use sets that sets.toml"),
        ("bullying", format!("[sets]\nkites = [\"kite\", \"-\"]\n{}", good.replace("[\"kite\"]", "[\"{kites}\"]")), "sets that"),
        ("bullying", good.replace("match =", "yields_to = [\"kites\"]\nmatch ="), "field yields_to: found \"kites\""),
        ("bullying", good.replace("match =", "yields_to = [\"bullying\"]\nmatch ="), "field yields_to"),
        ("bullying", good.replace("[\"y\", \"z\"]", "[\"y\"]"), "one hit and two misses at least"),
        ("bullying", good.replace("a test", " "), "every entry has its reason"),
        ("bullying", format!("{good}{good}"), "field id"),
        ("bullying", good.replace("lang =", "tongue ="), "lexicon/bullying.toml"),
        ("kites", good.clone(), "no theme"),
    ] {
        let error = Lexicon::new(&[(file, &text)]).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
}
