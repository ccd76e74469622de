//! What Weir was told and tells others: the estate's files, the nights, the feeds and the mail.

use weir_lake::clock;
use weir_lake::estate::Estate;
use weir_post::Server;
use weir_query::engine::{Engine, EngineOptions};
use weir_register::BlockingRegister;

use super::Finding;
use crate::commands;
use crate::nightly::fetching::when;
use crate::nightly::{feeds as nightly_feeds, report};

const HOUR: i64 = 3600 * 1_000_000;

/// A night that is longer ago than this did not come.
const NIGHT_HOURS: i64 = 36;

/// A letter that waits longer than this is no news to whoever should mend it.
const LETTER_HOURS: i64 = 24;

/// Letters looked at, newest first.
const LETTERS: u32 = 500;

/// Which of the estate's files are missing.
pub fn files(estate: &Estate) -> anyhow::Result<Vec<Finding>> {
    let what = |file: &str| match file {
        "rolls.csv" => "without it there is no rate per 100 pupils",
        "calendar.csv" => "without it there are no rates, no half-terms and no check for silent feeds",
        "groups.csv" => "without it nobody is told to be a pupil or staff",
        _ => "without it no page can say what should have been blocked",
    };
    Ok(estate
        .missing
        .iter()
        .map(|file| {
            let found = format!("{file} is not there: {}", what(file));
            Finding::new(found, "`weir init` in another folder writes one to begin from")
        })
        .collect())
}

/// Whether the last night came, and how it ended.
pub fn nights(estate: &Estate) -> anyhow::Result<Vec<Finding>> {
    let timer = "let a timer run `weir nightly`: docs/nightly.md shows one for Linux and one for Windows";
    let Some(last) = report::kept(estate)?.pop() else {
        return Ok(vec![Finding::new("no night has run yet", timer)]);
    };
    let report = report::read(&last)?;
    let ended = report::ended(&report)?;
    let mut findings = Vec::new();
    let hours = (clock::now_micros() - ended.as_microsecond()) / HOUR;
    if hours > NIGHT_HOURS {
        findings.push(Finding::new(format!("the last night was {} days ago", hours / 24), timer));
    }
    for (step, text) in report::failed(&report) {
        let found = format!("last night's step {step} failed: {text}");
        findings.push(Finding::new(found, "mend that, and run `weir nightly`"));
    }
    Ok(findings)
}

/// Which sources are silent, and which calendars end.
pub fn feeds(estate: &Estate) -> anyhow::Result<Vec<Finding>> {
    let lake = commands::estate::lake(estate)?;
    let engine = Engine::open(&lake.snapshot()?, estate, &EngineOptions::default())?;
    let feeds = commands::runtime()?.block_on(nightly_feeds::look(estate, &engine))?;
    let silent = feeds.silent.into_iter().map(|(_, found)| {
        Finding::new(found, "see whether the filter still writes its export, and whether it lands in the source's inbox")
    });
    let calendars = feeds.calendars.into_iter().map(|found| Finding::new(found, "add the half-terms to calendar.csv"));
    Ok(silent.chain(calendars).collect())
}

/// Whether each place that exports are pulled from can be reached with its key.
pub fn fetching(estate: &Estate) -> anyhow::Result<Vec<Finding>> {
    if estate.fetches.is_empty() {
        return Ok(Vec::new());
    }
    let runtime = commands::runtime()?;
    let failed = estate.fetches.iter().filter_map(|fetch| {
        let error = runtime.block_on(weir_fetch::check(estate, fetch, when(None))).err()?;
        Some(Finding::new(
            format!("{}: {error}", fetch.source),
            format!("then try `weir fetch --check --source {}`", fetch.source),
        ))
    });
    Ok(failed.collect())
}

/// Whether mail can be sent, as far as can be told without sending any.
pub fn mail(estate: &Estate) -> anyhow::Result<Vec<Finding>> {
    let Some(settings) = &estate.mail else { return Ok(Vec::new()) };
    let mut findings = Vec::new();
    if let Err(error) = Server::new(settings) {
        findings.push(Finding::new(error.to_string(), "then try `weir mail test ADDRESS`"));
    }
    if !estate.register_path.try_exists().unwrap_or(false) {
        return Ok(findings);
    }
    let register = BlockingRegister::of_estate_existing(estate)?;
    let letters = register.wait(register.register().letters(LETTERS))?;
    let since = clock::machine_now().as_microsecond() - LETTER_HOURS * HOUR;
    let why = |letter: &weir_register::outbox::Letter| letter.last_error.clone().unwrap_or_else(|| String::from("not tried yet"));
    let stuck: Vec<_> = letters
        .iter()
        .filter(|letter| letter.sent_at.is_none() && letter.dropped_at.is_none() && letter.made_at < since)
        .collect();
    if let Some(first) = stuck.first() {
        let found = format!("{} letters wait for more than a day: {}", stuck.len(), why(first));
        findings.push(Finding::new(found, "weir mail test ADDRESS"));
    }
    let week = clock::machine_now().as_microsecond() - 7 * 24 * HOUR;
    for letter in letters.iter().filter(|letter| letter.dropped_at.is_some_and(|at| at > week)) {
        let found = format!("mail {} to account {} was given up: {}", letter.id, letter.account, why(letter));
        findings.push(Finding::new(found, "see the person's address and role on the page of people"));
    }
    Ok(findings)
}
