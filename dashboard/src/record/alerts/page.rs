//! One alert: what happened in plain words, the hour before and after, and what may be done next. The row of the trail comes first.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use weir_lake::ids::UserKey;
use weir_lake::names::ClearName;
use weir_query::alerts::{Moment, Wanted};
use weir_register::alerts::{Alert, AlertFile, AlertKind, AlertState, Note, What, Who};
use weir_register::records::{AlertOutcome, By};
use weir_register::{Ability, Action};

use super::{LIMITS, next, severity, state, title, when};
use crate::account::form::Wrong;
use crate::chart::{Svg, tone_shape};
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::plain::{DO_NOT_OPEN, marked, seen};
use crate::record::Here;
use crate::record::check::{lines, number};
use crate::record::fields::{Entry, Field, Takes, Typed, filled};
use crate::words::{self, capital, plural};

/// Most events told one by one; the newest.
const MOST: usize = 60;

struct NoteLine {
    by: String,
    at: String,
    lines: Vec<String>,
}

#[derive(Template)]
#[template(path = "alert.html")]
struct AlertPage {
    frame: Frame,
    school: String,
    base: String,
    wrong: Wrong,
    id: i64,
    title: String,
    shape: Svg,
    class: &'static str,
    severity: String,
    state: String,
    next: Option<String>,
    warning: Option<&'static str>,
    /// It is about the head, and read by the chair.
    is_of_head: bool,
    asks_for_help: bool,
    facts: Vec<(&'static str, String)>,
    /// The name, while whoever was shown it holds the alert.
    name: Option<ClearName>,
    /// The way to the name.
    may_ask_name: bool,
    moments: Vec<Moment>,
    /// Events that the lake no longer holds, or more than are told.
    untold: Option<String>,
    around: Option<Vec<Moment>>,
    limits: &'static str,
    notes: Vec<NoteLine>,
    takes: Option<&'static str>,
    noting: Vec<Field>,
    closing: Vec<Field>,
    /// Who wants to close it and how, for the second person.
    answers: Option<String>,
    /// Waits for somebody else than the reader.
    waits: bool,
    reopens: bool,
}

/// What the events and the hour around the last of them say. That it can't be read just now must not hide the alert.
pub(in crate::record) async fn evidence(
    here: &Here,
    by: By,
    file: &AlertFile,
) -> (Vec<Moment>, Option<Vec<Moment>>, Option<String>) {
    let alert = &file.alert;
    let why = format!("alert {}, opened by a {}", alert.id, by.role.words());
    let newest = file.events.iter().rev().take(MOST);
    let lines: BTreeSet<(String, i64)> = newest.map(|event| (event.file_id.clone(), event.line_no)).collect();
    let days = file.events.iter().rev().take(MOST).map(|event| event.day);
    let (Some(first), Some(last)) = (days.clone().min(), days.max()) else { return (Vec::new(), None, None) };
    let wanted = Wanted {
        school: here.id.clone(),
        subject: alert.subject.as_ref().map(|key| key.as_str().to_owned()),
        lines,
        days: (first, last),
    };
    let told = here.evidence.words_of(&wanted, &why).await;
    let around = match (&alert.subject, alert.who) {
        (Some(pupil), Who::Pupil) => here
            .evidence
            .before_and_after(&here.id, pupil, alert.last_at, &why)
            .await
            .ok()
            .map(|moments| safe(moments, &BTreeSet::new())),
        _ => None,
    };
    let missing = |moments: &[Moment]| {
        let told = moments.len();
        match file.events.len() {
            all if all > told && told == 0 => {
                Some("What was typed or opened is past its time in the logs and is gone.".to_owned())
            }
            all if all > told => {
                Some(format!("{} not told here: past their time, or more than {MOST}.", plural((all - told) as u32, "event")))
            }
            _ => None,
        }
    };
    match told {
        Ok(moments) => {
            let missing = missing(&moments);
            let listed = file.events.iter().filter(|event| event.what == What::Listed);
            let listed = listed.map(|event| (event.file_id.clone(), event.line_no)).collect();
            (safe(moments, &listed), around, missing)
        }
        Err(_) => (Vec::new(), around, Some("The logs can\u{2019}t be read just now. Open this page again in a minute.".into())),
    }
}

/// Moments with nothing in them that hides or misleads, and no address of what is listed as illegal: the session that reads them hides it
/// too, and this does not rely on it.
pub(in crate::record) fn safe(mut moments: Vec<Moment>, listed: &BTreeSet<(String, i64)>) -> Vec<Moment> {
    for moment in &mut moments {
        let is_listed = moment.line.as_ref().is_some_and(|line| listed.contains(line));
        moment.of_what = if is_listed { DO_NOT_OPEN.to_owned() } else { seen(&moment.of_what) };
        moment.about = seen(&moment.about);
    }
    moments
}

/// Moments as people read them: days in words, and of a class the same thing of one day in one line.
pub(in crate::record) fn told(moments: Vec<Moment>, is_class: bool) -> Vec<Moment> {
    let mut told: Vec<Moment> = Vec::new();
    for mut moment in moments {
        moment.day = moment.day.parse().map_or_else(|_| moment.day.clone(), words::day);
        let same = |other: &Moment| (&other.day, &other.what, &other.of_what) == (&moment.day, &moment.what, &moment.of_what);
        let is_more = is_class && told.last().is_some_and(same);
        match told.last_mut().filter(|_| is_more) {
            Some(other) => other.times += moment.times,
            None => told.push(moment),
        }
    }
    told
}

/// The name, where this reader was shown it and holds the alert; with a row of the trail each time.
async fn name_again(here: &Here, by: By, file: &AlertFile) -> Result<Option<ClearName>, PageError> {
    let Some(key) = file.alert.subject.as_ref() else { return Ok(None) };
    let is_kept = file.alert.is_held_by(by.id) && file.revealed_to.contains(&by.id);
    let Some(names) = here.names.clone().filter(|_| is_kept && may_know(here, &file.alert)) else { return Ok(None) };
    let receipt = here.register().reveal_again(by, &here.id, key, &file.alert).await?;
    receipt.spend(Action::Reveal, Some(key))?;
    named(names, key.clone(), here).await
}

/// The name behind a key of this school.
pub(super) async fn named(
    names: std::sync::Arc<dyn crate::evidence::Names>,
    key: UserKey,
    here: &Here,
) -> Result<Option<ClearName>, PageError> {
    let (school, today) = (here.id.clone(), here.today());
    // Opening the vault is work with files.
    let known = tokio::task::spawn_blocking(move || names.reveal(&key, today)).await.map_err(|_| PageError::Failed)?;
    let known = known.map_err(|error| {
        tracing::error!(%error, "the vault could not be read");
        PageError::Failed
    })?;
    Ok(known.filter(|known| known.school == school).map(|known| known.name))
}

/// Whether this reader may know whose alert it is.
pub(super) fn may_know(here: &Here, alert: &Alert) -> bool {
    if alert.is_of_head {
        return false;
    }
    match alert.who {
        Who::Pupil => here.may(Ability::RevealPupil),
        Who::Staff => here.may(Ability::RevealStaff),
        Who::Unidentified | Who::Class => false,
    }
}

fn facts(alert: &Alert) -> Vec<(&'static str, String)> {
    let mut facts = vec![("When", when(alert)), ("Events", plural(alert.events, "event"))];
    if alert.people > 1 {
        facts.push(("People", plural(alert.people, "pupil")));
    }
    if let Some(key) = &alert.subject {
        facts.push((if alert.who == Who::Unidentified { "Device, by key" } else { "Person, by key" }, key.as_str().to_owned()));
    }
    facts.push(("Raised", words::moment(alert.raised_at)));
    facts.extend(alert.acknowledged_at.map(|at| ("First taken", words::moment(at))));
    facts.extend(alert.reference.clone().map(|number| ("Child protection file", number)));
    if let Some(closing) = alert.closing.as_ref().filter(|_| alert.state == AlertState::Closed) {
        facts.push(("Outcome", capital(closing.outcome.words())));
        facts.push(("Closed by", format!("{}, {}", closing.by_name, words::moment(closing.at))));
        facts.extend(closing.second.clone().map(|second| ("Second person", second)));
        if !closing.why.is_empty() {
            facts.push(("Why", closing.why.clone()));
        }
    }
    facts
}

pub(super) async fn page_of(here: Here, id: i64, typed: Typed, wrong: Wrong) -> Result<Response, PageError> {
    let (by, file) = here.alert(id).await?;
    let _receipt = here.register().alert_seen(by, &here.id, id).await?;
    let watch = here.register().watch(&here.id).await?;
    let (moments, around, untold) = evidence(&here, by, &file).await;
    let name = name_again(&here, by, &file).await?;
    let alert = &file.alert;
    let (word, tone) = severity(alert);
    let heading = title(alert);
    let outcomes = AlertOutcome::ALL.iter().map(|one| Entry::new(one.word(), capital(one.words()))).collect();
    let reference =
        || Field::new("reference", "Child protection file", "Its number, where there is one. No name.", Takes::Line(60));
    let noting = vec![
        Field::new("note", "Note", "What was done or seen. Read by whoever may open this alert.", Takes::Lines),
        reference(),
    ];
    let hint = if alert.is_urgent() { "Needed: a second person reads it and must agree." } else { "As you like." };
    let closing = vec![
        Field::new("outcome", "What came of it", "", Takes::OneOf(outcomes)),
        Field::new("why", "Why it can be closed", hint, Takes::Lines),
    ];
    let shown = |is_shown: bool, fields: Vec<Field>| if is_shown { filled(fields, &typed, &wrong) } else { Vec::new() };
    let is_second = alert.closing.as_ref().is_some_and(|closing| closing.by != by.id);
    let answers = alert.closing.as_ref().filter(|_| alert.state == AlertState::Closing && is_second).map(|closing| {
        format!("{} wants to close this as {}, because: {}", closing.by_name, closing.outcome.words(), closing.why)
    });
    let note = |note: &Note| NoteLine {
        by: note.by.clone(),
        at: words::moment(note.at),
        lines: lines(&note.text).iter().map(|line| marked(line)).collect(),
    };
    let takes = match alert.state {
        AlertState::New => Some("Take it"),
        AlertState::Taken if !alert.is_held_by(by.id) => Some("Take it over"),
        _ => None,
    };
    let page = AlertPage {
        frame: Frame {
            section: "today",
            ..Frame::plain(&if wrong.is_empty() { heading.clone() } else { format!("Error: {heading}") })
        },
        id,
        shape: tone_shape(tone),
        class: tone.class(),
        severity: capital(word),
        state: capital(&state(alert)),
        next: next(alert, &watch, here.now()),
        warning: (alert.kind == AlertKind::Illegal).then_some(DO_NOT_OPEN),
        is_of_head: alert.is_of_head,
        asks_for_help: alert.asks_for_help,
        facts: facts(alert),
        may_ask_name: name.is_none() && alert.is_held_by(by.id) && may_know(&here, alert) && here.names.is_some(),
        name,
        moments: told(moments, alert.who == Who::Class),
        untold,
        around,
        limits: LIMITS,
        notes: file.notes.iter().map(note).collect(),
        takes,
        noting: shown(alert.state.is_open(), noting),
        closing: shown(alert.state == AlertState::Taken, closing),
        waits: alert.state == AlertState::Closing && !is_second,
        answers,
        reopens: alert.state == AlertState::Closed,
        title: heading,
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn page(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    page_of(here, number(&id)?, Typed::default(), Wrong::default()).await
}
