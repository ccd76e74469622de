//! Guesses which field is which column, how the time is written and what words of decision there are, by names first and values second.

use super::apart::{Decoder, FieldOf, Sheet};
use super::vocabulary::{Vocabulary, is_address, is_host, plain};
use crate::format::time::{Epoch, Layout};

/// Layouts tried in order; the first that reads every value wins, so the British order of day and month comes first.
const LAYOUTS: [&str; 27] = [
    "rfc3339",
    "%Y-%m-%dT%H:%M:%S%f",
    "%Y-%m-%d %H:%M:%S%f%z",
    "%Y-%m-%d %H:%M:%S%f %z",
    "%Y-%m-%d %H:%M:%S%f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %I:%M:%S %p",
    "%Y/%m/%d %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y, %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %I:%M:%S %p",
    "%d/%m/%Y %I:%M %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y, %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%d/%b/%Y:%H:%M:%S %z",
    "%d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M",
    "%d-%b-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%b %d, %Y %I:%M:%S %p",
    "%b %d %Y %H:%M:%S",
    "%a %b %d %H:%M:%S %Y",
];

/// More ways to write the time than this in one field, and it is not the time.
const MOST_LAYOUTS: usize = 3;

/// Words that stand for nobody.
const NOBODY: [&str; 7] = ["n/a", "none", "null", "(null)", "unknown", "anonymous", "undefined"];

/// How the time is written.
#[derive(Debug, Clone)]
pub(super) struct TimeGuess {
    pub(super) fields: Vec<usize>,
    /// One layout, or several of which each value has one; none for an epoch.
    pub(super) layouts: Vec<&'static str>,
    pub(super) epoch: &'static str,
    pub(super) is_utc: bool,
    /// Month and day could change places in every value.
    pub(super) is_ambiguous: bool,
}

/// What stands where.
#[derive(Debug, Clone, Default)]
pub(super) struct Guess {
    pub(super) time: Option<TimeGuess>,
    /// Column and field.
    pub(super) columns: Vec<(&'static str, usize)>,
    pub(super) action: Option<usize>,
    /// Words of decision and their meaning, as the vocabulary writes them.
    pub(super) verdicts: Vec<(String, &'static str)>,
    /// Words of decision nobody knows: for the screen alone.
    pub(super) unknown_verdicts: Vec<String>,
    /// Between the categories of one value.
    pub(super) category_split: Option<char>,
    /// Words for nobody among the users.
    pub(super) nobody: Vec<&'static str>,
}

fn values(field: &FieldOf) -> Vec<&str> {
    field.values.iter().map(String::as_str).filter(|value| !value.is_empty() && *value != "-").collect()
}

fn all(field: &FieldOf, is: impl Fn(&str) -> bool) -> bool {
    let values = values(field);
    !values.is_empty() && values.into_iter().all(is)
}

fn is_address_asked(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    is_host(host) || is_address(host) || (text.contains("://") && !host.is_empty() && !host.contains(' '))
}

fn is_number(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit())
}

fn is_method(text: &str) -> bool {
    ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "CONNECT"].contains(&text)
}

/// Whether what stands in a field can be the column its name says.
fn fits(column: &str, field: &FieldOf) -> bool {
    // An empty column keeps what its heading says.
    if values(field).is_empty() {
        return column != "action";
    }
    match column {
        "url" | "host" => all(field, is_address_asked),
        "src_ip" => all(field, is_address),
        "status" => all(field, |text| text.len() == 3 && is_number(text)),
        "method" => all(field, |text| is_method(&text.to_ascii_uppercase())),
        "content_type" => all(field, |text| text.contains('/')),
        "user" | "user_group" | "vendor_category" => !all(field, |text| is_address(text) || text.contains("://")),
        _ => true,
    }
}

impl Guess {
    /// Leaves out what stands in fields that may not be named.
    pub(super) fn keep(&mut self, may: impl Fn(usize) -> bool) {
        self.columns.retain(|(_, at)| may(*at));
        self.action = self.action.filter(|at| may(*at));
        if self.action.is_none() {
            self.verdicts.clear();
            self.unknown_verdicts.clear();
        }
        self.time = self.time.take().filter(|time| time.fields.iter().all(|at| may(*at)));
    }
}

/// What the fields of a log are.
pub(super) fn guess(sheet: &Sheet, vocabulary: &Vocabulary) -> Guess {
    let mut guess = Guess { time: time(sheet, vocabulary), ..Guess::default() };
    let mut taken: Vec<usize> = guess.time.iter().flat_map(|time| time.fields.clone()).collect();
    action(sheet, vocabulary, &mut guess);
    taken.extend(guess.action);
    let mut put = |column: &'static str, at: usize, guess: &mut Guess| {
        if !taken.contains(&at) && !guess.columns.iter().any(|(known, _)| *known == column) {
            taken.push(at);
            guess.columns.push((column, at));
        }
    };
    for (at, field) in sheet.fields.iter().enumerate() {
        let Some(column) = vocabulary.column(&field.name) else { continue };
        let column = match column {
            "url" | "host" if values(field).iter().any(|value| value.contains('/')) => "url",
            "url" => "host",
            "time" | "action" => continue,
            other => other,
        };
        if fits(column, field) {
            put(column, at, &mut guess);
        }
    }
    // By what stands there: only what can be nothing else.
    for (at, field) in sheet.fields.iter().enumerate() {
        let has_site = guess.columns.iter().any(|(column, _)| matches!(*column, "url" | "host"));
        if all(field, is_address) {
            if sheet.is_numbered {
                put("src_ip", at, &mut guess);
            }
        } else if all(field, is_method) {
            put("method", at, &mut guess);
        } else if !has_site && all(field, is_address_asked) {
            let column = if values(field).iter().any(|value| value.contains('/')) { "url" } else { "host" };
            put(column, at, &mut guess);
        }
    }
    for (column, at) in &guess.columns {
        let Some(field) = sheet.fields.get(*at) else { continue };
        match *column {
            "vendor_category" if !field.name.ends_with("[]") => {
                guess.category_split =
                    [';', '|', ','].into_iter().find(|mark| field.values.iter().any(|value| value.contains(*mark)));
            }
            "user" => {
                let has = |word: &&str| field.values.iter().any(|value| value.eq_ignore_ascii_case(word));
                guess.nobody = NOBODY.into_iter().filter(has).collect();
            }
            _ => {}
        }
    }
    guess
}

/// The field whose words are words of decision: one named so before one whose values are.
fn action(sheet: &Sheet, vocabulary: &Vocabulary, guess: &mut Guess) {
    let words = |field: &FieldOf| {
        let mut words: Vec<String> = values(field).into_iter().map(str::to_owned).collect();
        words.sort();
        words.dedup();
        words
    };
    let known = |field: &FieldOf| words(field).iter().filter(|word| vocabulary.verdict(word).is_some()).count();
    let is_truth = |field: &FieldOf| {
        plain(&field.name).ends_with("blocked") && all(field, |text| ["true", "false"].contains(&text.to_lowercase().as_str()))
    };
    let mut best: Option<(usize, usize)> = None;
    for (at, field) in sheet.fields.iter().enumerate() {
        let is_named = vocabulary.column(&field.name) == Some("action") && words(field).len() <= 20;
        let all_known = known(field) > 0 && known(field) == words(field).len();
        let score = match (is_named, all_known || is_truth(field)) {
            (true, true) => 3,
            (false, true) => 2,
            (true, false) if known(field) > 0 => 2,
            // A few words of which most are known are decisions, whatever the column is called.
            (false, false) if known(field) >= 2 && words(field).len() <= 12 && known(field) * 2 >= words(field).len() => 1,
            (true, false) if !words(field).is_empty() => 1,
            _ => continue,
        };
        if best.is_none_or(|(most, _)| score > most) {
            best = Some((score, at));
        }
    }
    let Some((field, at)) = best.and_then(|(_, at)| Some((sheet.fields.get(at)?, at))) else { return };
    guess.action = Some(at);
    let is_truth = is_truth(field);
    for word in words(field) {
        let small = word.to_lowercase();
        let verdict = match small.as_str() {
            "true" if is_truth => Some(("true", "blocked")),
            "false" if is_truth => Some(("false", "allowed")),
            _ => vocabulary.verdict(&small),
        };
        match verdict {
            Some((word, action)) if !guess.verdicts.iter().any(|(known, _)| known == word) => {
                guess.verdicts.push((word.to_owned(), action));
            }
            Some(_) => {}
            None => guess.unknown_verdicts.push(word),
        }
    }
}

fn time(sheet: &Sheet, vocabulary: &Vocabulary) -> Option<TimeGuess> {
    let is_named = |at: &usize| sheet.fields.get(*at).is_some_and(|field| vocabulary.column(&field.name) == Some("time"));
    let (named, others): (Vec<usize>, Vec<usize>) = (0..sheet.fields.len()).partition(is_named);
    let part = |words: &[&str]| sheet.fields.iter().position(|field| words.contains(&plain(&field.name).as_str()));
    let mut tries: Vec<Vec<usize>> = Vec::new();
    if let (Some(date), Some(clock)) = (part(&["date", "day", "logdate"]), part(&["time", "clock", "logtime"])) {
        tries.push(vec![date, clock]);
    }
    tries.extend(named.into_iter().map(|at| vec![at]));
    let by_name = tries.len();
    tries.extend(others.into_iter().map(|at| vec![at]));
    tries.into_iter().enumerate().find_map(|(n, fields)| written(sheet, fields, n < by_name))
}

/// How all values of these fields, joined by a blank, are a time.
fn written(sheet: &Sheet, fields: Vec<usize>, is_named: bool) -> Option<TimeGuess> {
    let mut texts = vec![String::new(); sheet.rows];
    let mut name = String::new();
    for at in &fields {
        let field = sheet.fields.get(*at)?;
        name.push_str(&field.name.to_ascii_lowercase());
        for (text, value) in texts.iter_mut().zip(&field.values) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(value);
        }
    }
    texts.retain(|text| !text.is_empty() && text != "-");
    if texts.is_empty() {
        return None;
    }
    // W3C times are UTC by definition.
    let is_utc = name.contains("utc") || name.contains("gmt") || sheet.decoder == Decoder::W3c;
    let guess = |layouts, epoch| TimeGuess { fields: fields.clone(), layouts, epoch, is_utc, is_ambiguous: false };
    // Ten digits may be anything; those of this century's years are an epoch where the field is called so or several lines agree.
    let unit = |text: &String| {
        let whole = text.split('.').next().unwrap_or_default();
        let is_epoch = whole.starts_with(['1', '2']) && Epoch::Auto.read(text.as_bytes()).is_some();
        [(10, "s"), (13, "ms"), (16, "us"), (19, "ns")].into_iter().find(|(digits, _)| is_epoch && whole.len() == *digits)
    };
    let units: Vec<_> = texts.iter().map_while(unit).map(|(_, unit)| unit).collect();
    if let Some(first) = units.first().filter(|_| units.len() == texts.len() && (is_named || texts.len() > 1)) {
        let epoch = if units.iter().all(|unit| unit == first) { *first } else { "auto" };
        return Some(guess(Vec::new(), epoch));
    }
    let reads = |layout: &str, text: &str| {
        Layout::parse(layout).is_ok_and(|layout| layout.read(text.as_bytes()).is_some_and(|wall| wall.has_year))
    };
    // The layout that reads most of what is left, the first of equals, until nothing is left.
    let mut left: Vec<&String> = texts.iter().collect();
    let mut layouts = Vec::new();
    while !left.is_empty() {
        let count = |layout: &str| left.iter().filter(|text| reads(layout, text)).count();
        let (most, layout) = LAYOUTS.into_iter().rev().map(|layout| (count(layout), layout)).max_by_key(|(most, _)| *most)?;
        if most == 0 || layouts.len() == MOST_LAYOUTS {
            return None;
        }
        left.retain(|text| !reads(layout, text));
        layouts.push(layout);
    }
    let is_ambiguous = layouts.iter().filter_map(|layout| layout.strip_prefix("%d/%m")).any(|rest| {
        let (day_first, month_first) = (format!("%d/%m{rest}"), format!("%m/%d{rest}"));
        texts.iter().filter(|text| reads(&day_first, text)).all(|text| reads(&month_first, text))
    });
    Some(TimeGuess { is_ambiguous, ..guess(layouts, "") })
}
