//! Changes that the filter's own log shows and nobody recorded in time: the days, and the form that says what they were.

use std::collections::BTreeMap;

use axum::Form;
use axum::extract::Path;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use weir_register::Ability;
use weir_register::records::{ChangeBook, Explanation};

use super::check::lines;
use super::check_form::{FormPage, WordedPage};
use super::fields::{Entry, Field, Takes, Typed, filled};
use super::{Here, wrong};
use crate::account::form::{Wrong, typed_day};
use crate::error::PageError;
use crate::evidence::SeenChanges;
use crate::pages::html;
use crate::words;

/// A day with changes that no record accounts for.
pub(super) struct SeenDay {
    pub(super) day: String,
    pub(super) link: String,
    pub(super) what: String,
    /// What was said of it, by whom and when.
    pub(super) said: Vec<(Vec<String>, String)>,
}

/// What the filter's log shows and the register does not, the newest day first; none where it could not be asked.
pub(super) struct Unrecorded {
    pub(super) days: Vec<SeenDay>,
    /// How many there are, and how many of them nobody has explained.
    pub(super) lede: String,
    /// The log could not be read just now.
    pub(super) is_unknown: bool,
}

fn seen_words(seen: &SeenChanges) -> String {
    let parts = [(seen.settings, "setting"), (seen.policies, "change of a rule"), (seen.unblocked, "site unblocked")];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, thing)| match (*count, *thing) {
            (1, thing) => format!("1 {thing}"),
            (count, "change of a rule") => format!("{count} changes of rules"),
            (count, "site unblocked") => format!("{count} sites unblocked"),
            (count, thing) => format!("{count} {thing}s"),
        })
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    words::listed(&parts)
}

/// As the figure has it: one record of a day accounts for one thing that was changed on it.
fn recorded(book: &ChangeBook) -> BTreeMap<Date, u32> {
    let mut days: BTreeMap<Date, u32> = BTreeMap::new();
    for change in &book.changes {
        for day in change.made.as_ref().map(|(day, _)| *day).into_iter().chain(change.ended_on) {
            *days.entry(day).or_default() += 1;
        }
    }
    days
}

/// The days of a school with more changed than recorded.
pub(super) async fn unrecorded(here: &Here, book: &ChangeBook, writes: bool) -> Result<Unrecorded, PageError> {
    let Ok(seen) = here.evidence.changes_seen(&here.id).await else {
        return Ok(Unrecorded { days: Vec::new(), lede: String::new(), is_unknown: true });
    };
    let said = here.register().change_explanations(&here.id).await?;
    let known = recorded(book);
    let days: Vec<SeenChanges> =
        seen.into_iter().filter(|seen| seen.things > known.get(&seen.day).copied().unwrap_or(0)).collect();
    let of_day = |day: Date| said.iter().filter(move |said| said.day == day);
    let open = days.iter().filter(|seen| of_day(seen.day).next().is_none()).count() as u32;
    let view = |seen: &SeenChanges| {
        let on_record = known.get(&seen.day).copied().unwrap_or(0);
        SeenDay {
            day: words::day(seen.day),
            link: format!("{}/changes/explain/{}", here.base, seen.day),
            what: format!("{}; {on_record} on record", words::capital(&seen_words(seen))),
            said: if writes { of_day(seen.day).map(said_words).collect() } else { Vec::new() },
        }
    };
    let lede = format!("{} of the last year, {open} not explained.", words::plural(days.len() as u32, "day"));
    Ok(Unrecorded { days: days.iter().map(view).collect(), lede, is_unknown: false })
}

fn said_words(said: &Explanation) -> (Vec<String>, String) {
    let of = said.change.map(|change| format!("Belongs to change {change}."));
    let by = format!("{}, {}", said.by, words::day_of_words(said.at));
    (lines(&said.text).into_iter().chain(of).collect(), by)
}

async fn page(here: Here, day: Date, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let book = here.register().changes(&here.id).await?;
    let choices = book
        .changes
        .iter()
        .filter(|change| change.asked_on <= day.saturating_add(jiff::Span::new().days(60)))
        .take(200)
        .map(|change| {
            Entry::new(change.id.to_string(), format!("Change {}, {}: {}", change.id, words::day(change.asked_on), change.what))
        });
    let heading = "Say what was changed";
    let fields = vec![
        Field::new("text", "What it was, who asked for it, and who agreed", "No names of pupils.", Takes::Lines),
        Field::new(
            "change",
            "The record it belongs to, if there is one",
            "Ask for a change first where there is none, if it still holds.",
            Takes::OneOf(choices.collect()),
        ),
    ];
    let page = WordedPage {
        frame: FormPage::frame(&format!("{heading}, {}", words::day(day)), &wrong),
        heading,
        lede: vec![
            format!("The filter\u{2019}s own log shows a change on {} that nobody recorded in time.", words::day(day)),
            "The figure keeps counting it: it was not on record. What you say stands beside it.".into(),
        ],
        action: format!("{}/changes/explain/{day}", here.base),
        back: (format!("{}/changes", here.base), "Changes".into()),
        fields: filled(fields, typed, &wrong),
        button: "Record this",
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

/// A day of an address on which the log shows a change.
async fn day_of(here: &Here, text: &str) -> Result<Date, PageError> {
    let day = typed_day(text).ok_or(PageError::NotFound)?;
    let seen = here.evidence.changes_seen(&here.id).await?;
    if seen.iter().any(|seen| seen.day == day) { Ok(day) } else { Err(PageError::NotFound) }
}

pub(super) async fn form(here: Here, Path((_, day)): Path<(String, String)>) -> Result<Response, PageError> {
    let day = day_of(&here, &day).await?;
    page(here, day, &Typed::default(), Wrong::default()).await
}

pub(super) async fn record(
    here: Here,
    Path((_, day)): Path<(String, String)>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let day = day_of(&here, &day).await?;
    let change = match typed.of("change") {
        "" => None,
        id => Some(id.parse::<i64>().unwrap_or(0)),
    };
    let by = here.by(Ability::WriteRegister)?;
    match here.register().explain_changes(by, &here.id, day, change, typed.of("text"), here.now()).await {
        Ok(()) => Ok(Redirect::to(&format!("{}/changes#seen", here.base)).into_response()),
        Err(error) => page(here, day, &typed, wrong(error)?).await,
    }
}
