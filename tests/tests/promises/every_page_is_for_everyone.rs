//! Every page that somebody of each role is led to can be read and used by everyone: by eye, at any size of type and screen, by
//! keyboard, with a screen reader as far as a program can tell. Asked of the demo, once it stands.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use weir_tests::browser::Browser;
use weir_tests::everyone::{axe, empty_forms, listed, made_of, send_empty_form, ways_on, wrongs, wrongs_by_keyboard};
use weir_tests::sign_in::{SignIn, code_of};
use weir_tests::{is_long, not_run};

const TEST: &str = "every_page_is_for_everyone";

/// Roles that must be led to more than the account and a first page. Who sees no figure has few.
const AT_LEAST: &[(&str, usize)] =
    &[("governor", 12), ("leader", 25), ("dsl", 30), ("staff", 3), ("technician", 20), ("officer", 8)];

/// What has been looked at already.
#[derive(Default)]
struct Looked {
    /// Pages of one kind that are made of the same parts.
    alike: BTreeSet<(String, String)>,
    /// Kinds that the keyboard went through.
    by_keyboard: BTreeSet<String>,
    found: Vec<String>,
    pages: usize,
}

impl Looked {
    /// Looks at the page the browser shows, unless one like it was looked at.
    fn at(&mut self, browser: &mut Browser, axe: &str, who: &str) {
        let path = browser.value("location.pathname").as_str().unwrap().to_owned();
        let kind = kind(&path);
        let parts = made_of(browser);
        let is_new_to_keys = self.by_keyboard.insert(kind.clone());
        if self.alike.insert((kind, parts)) {
            self.pages += 1;
            let found = wrongs(browser, axe);
            self.found.extend(found.into_iter().map(|wrong| format!("{who}, {path}: {wrong}")));
        }
        if is_new_to_keys {
            let found = wrongs_by_keyboard(browser);
            self.found.extend(found.into_iter().map(|wrong| format!("{who}, {path}: {wrong}")));
        }
    }
}

/// An address without what differs between pages of one kind.
fn kind(path: &str) -> String {
    let words: Vec<&str> = path.split('/').collect();
    let is_year = |word: &str| word.len() == 7 && word.as_bytes()[4] == b'-' && word.starts_with("20");
    let is_id = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
    let generic = words.iter().enumerate().map(|(at, word)| match (words[at.saturating_sub(1)], *word) {
        ("school" | "group", _) => "{one}",
        (_, word) if is_year(word) => "{year}",
        (_, word) if is_id(word) => "{id}",
        (_, word) => word,
    });
    generic.collect::<Vec<_>>().join("/")
}

/// How many pages of a kind are opened for one role: all figures of one school for governors, who read no other page as often.
fn most(kind: &str, role: &str) -> usize {
    match kind {
        _ if is_long() => 40,
        _ if kind.contains("/figure/") => usize::from(role == "governor"),
        "/school/{one}/{year}" | "/school/{one}/{year}/review" => 2,
        _ => 1,
    }
}

/// Walks the demo's pages as each of these people.
pub fn check(origin: &str, people: &[SignIn]) {
    let Some(axe) = axe() else {
        return not_run(TEST, "axe-core (WEIR_AXE)");
    };
    let mut looked = Looked::default();
    for person in people {
        let Some(mut browser) = Browser::start() else {
            return not_run(TEST, "chromium");
        };
        let who = person.email.split('@').next().unwrap();
        comes_in(&mut browser, &axe, origin, person, &mut looked);
        let pages = walks(&mut browser, &axe, origin, who, &mut looked);
        let least = AT_LEAST.iter().find(|(role, _)| *role == who).map_or(2, |(_, least)| *least);
        assert!(pages >= least, "{who} was led to {pages} pages only");
        // A form that was refused is a page of its own kind. What the refusal allowed is the role's own doing, so it comes last.
        let complaints: Vec<_> = browser.complaints().iter().filter(|words| !words.contains("40")).cloned().collect();
        assert!(complaints.is_empty(), "{who}: {complaints:?}");
    }
    eprintln!("{} kinds of pages were looked at", looked.pages);
    assert!(looked.found.is_empty(), "{}", listed(&looked.found));
}

fn comes_in(browser: &mut Browser, axe: &str, origin: &str, person: &SignIn, looked: &mut Looked) {
    browser.open(&format!("{origin}/sign-in"));
    looked.at(browser, axe, "anyone");
    if looked.pages < 2 {
        browser.send(&[("email", &person.email), ("password", "not this one")], "Sign in");
        looked.at(browser, axe, "anyone");
        browser.open(&format!("{origin}/sign-in"));
    }
    browser.send(&[("email", &person.email), ("password", &person.password)], "Sign in");
    if browser.address().ends_with("/sign-in/second-step") {
        looked.at(browser, axe, &person.email);
        let key = browser.text(".secret");
        browser.send(&[("code", &code_of(&key, 0))], "Continue");
        assert_eq!(browser.text("h1"), "Keep your recovery codes", "{}", person.email);
        looked.at(browser, axe, &person.email);
        browser.send(&[], "I have kept them: go on");
    }
}

/// Opens every kind of page that links lead to; gives how many were opened.
fn walks(browser: &mut Browser, axe: &str, origin: &str, who: &str, looked: &mut Looked) -> usize {
    let mut opened: BTreeMap<String, usize> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut with_forms = Vec::new();
    let first = browser.value("location.pathname").as_str().unwrap().to_owned();
    let mut waiting = VecDeque::from([first, String::from("/"), String::from("/nowhere")]);
    while let Some(path) = waiting.pop_front() {
        let kind = kind(path.split('?').next().unwrap());
        let count = opened.entry(kind.clone()).or_default();
        if *count >= most(&kind, who) || path.starts_with("/sign-") || !seen.insert(path.clone()) {
            continue;
        }
        *count += 1;
        browser.open(&format!("{origin}{path}"));
        looked.at(browser, axe, who);
        // The newest year first: older ones hold less.
        let mut ways = ways_on(browser);
        ways.sort_by(|a, b| b.cmp(a));
        waiting.extend(ways);
        if empty_forms(browser) > 0 {
            with_forms.push(path);
        }
    }
    for path in with_forms {
        let mut number = 0;
        loop {
            browser.open(&format!("{origin}{path}"));
            if number >= empty_forms(browser) {
                break;
            }
            send_empty_form(browser, number);
            looked.at(browser, axe, who);
            number += 1;
        }
    }
    seen.len()
}
