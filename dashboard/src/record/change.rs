//! One change: the form that asks for it, and its page with what may be done next and by whom.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use weir_register::Ability;
use weir_register::records::{By, Change, ChangeState, Kind, NewChange, PolicyLine, RecordError, UserGroup};

use super::changes::{days_words, state_words};
use super::check::{lines, number};
use super::check_form::FormPage;
use super::fields::{Entry, Field, Takes, Typed, filled};
use super::policy::rows_words;
use super::{Here, wrong};
use crate::account::form::Wrong;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::words::{self, capital};

#[derive(Template)]
#[template(path = "change.html")]
struct ChangePage {
    frame: Frame,
    school: String,
    base: String,
    wrong: Wrong,
    heading: String,
    id: i64,
    state: &'static str,
    class: &'static str,
    facts: Vec<(&'static str, Vec<String>)>,
    /// Why nobody can decide here, where it waits.
    waits_for: Option<&'static str>,
    deciding: Vec<Field>,
    making: Vec<Field>,
    /// It asks for rows of policy.csv, which Weir writes.
    writes_policy: bool,
    agreed_it: bool,
    ending: Vec<Field>,
    withdraws: bool,
}

/// The fields that ask for a change of one of these kinds.
pub(super) fn ask_fields(kinds: &[Kind]) -> Vec<Field> {
    let kinds = kinds.iter().map(|kind| Entry::new(kind.word(), capital(kind.words()))).collect();
    let groups = UserGroup::ALL.iter().map(|group| Entry::new(group.word(), capital(group.words()))).collect();
    vec![
        Field::new(
            "kind",
            "What is asked for",
            "A bypass and a site are agreed with the safeguarding lead; a change of the policy with the lead or the head.",
            Takes::OneOf(kinds),
        ),
        Field::new(
            "what",
            "Which site, category or setting",
            "For example the category games, or one address.",
            Takes::Line(300),
        ),
        Field::new("group", "For whom", "", Takes::OneOf(groups)),
        Field::new("reason", "Why it is needed", "No names of pupils.", Takes::Lines),
        Field::new("risk", "What could go wrong, and who watches", "Needed for a bypass; otherwise as you like.", Takes::Lines),
        Field::new("from", "First day", "For example 23 11 2026. Leave it empty for today.", Takes::Day),
        Field::new("until", "Last day", "Needed for a bypass. Leave it empty for a change for good.", Takes::Day),
    ]
}

fn ask_page(here: Here, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let heading = "Ask for a change of the filter";
    let page = FormPage {
        frame: FormPage::frame(heading, &wrong),
        heading,
        lede: vec!["Somebody else decides, and whoever approves it does not make it."],
        action: format!("{}/changes/ask", here.base),
        back: (format!("{}/changes", here.base), "Changes"),
        fields: filled(ask_fields(Kind::ALL), typed, &wrong),
        button: "Ask for this change",
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn ask_form(here: Here) -> Result<Response, PageError> {
    ask_page(here, &Typed::default(), Wrong::default())
}

/// What was typed as a change of one of these kinds; all that is wrong with it where a day can't be read.
pub(super) fn asked(typed: &Typed, kinds: &[Kind], today: Date) -> Result<NewChange, Wrong> {
    let mut faults = Wrong::default();
    let (from, until) = (typed.day("from", &mut faults), typed.day("until", &mut faults));
    let new = NewChange {
        kind: Kind::parse(typed.of("kind")).filter(|kind| kinds.contains(kind)),
        what: typed.of("what").into(),
        group: UserGroup::parse(typed.of("group")),
        reason: typed.of("reason").into(),
        risk: typed.of("risk").into(),
        from: from.unwrap_or(today),
        until,
    };
    if faults.is_empty() {
        return Ok(new);
    }
    faults.and(new.faults(today));
    Err(faults)
}

pub(super) async fn ask(here: Here, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let today = here.today();
    let new = match asked(&typed, Kind::ALL, today) {
        Ok(new) => new,
        Err(faults) => return ask_page(here, &typed, faults),
    };
    let by = here.by(Ability::WriteRegister)?;
    match here.register().ask_change(by, &here.id, &new, today).await {
        Ok(id) => Ok(Redirect::to(&format!("{}/changes/{id}", here.base)).into_response()),
        Err(error) => ask_page(here, &typed, wrong(error)?),
    }
}

fn facts(change: &Change, rows: &[PolicyLine]) -> Vec<(&'static str, Vec<String>)> {
    let one = |text: String| vec![text];
    let mut facts = vec![
        ("Site, category or setting", one(change.what.clone())),
        ("Rows of policy.csv", rows_words(rows)),
        ("For whom", one(capital(change.group.words()))),
        ("Days", one(capital(&days_words(change)))),
        ("Why", lines(&change.reason)),
        ("What could go wrong", lines(&change.risk)),
        ("Asked by", one(format!("{}, {}", change.asker, words::day(change.asked_on)))),
    ];
    if let Some(decision) = &change.decision {
        let word = if decision.is_approved { "Approved by" } else { "Refused by" };
        facts.push((word, one(format!("{}, {}", decision.by, words::day(decision.on)))));
        if let Some(days) = change.weekdays_to_decision() {
            let took = if days == 0 { "the same day".into() } else { words::plural(days, "weekday") };
            facts.push(("Time to decide", one(capital(&took))));
        }
        facts.push(("Because", lines(&decision.why)));
    }
    if let Some((on, by)) = &change.made {
        facts.push(("Made by", one(format!("{by}, {}", words::day(*on)))));
    }
    facts.extend(change.ended_on.map(|on| ("Taken back on", one(words::day(on)))));
    facts.extend(change.withdrawn_on.map(|on| ("Withdrawn on", one(words::day(on)))));
    facts.retain(|(_, lines)| !lines.is_empty());
    facts
}

pub(super) async fn page_of(here: Here, id: i64, typed: Typed, wrong: Wrong) -> Result<Response, PageError> {
    let book = here.register().changes(&here.id).await?;
    let change = book.change(id).ok_or(PageError::NotFound)?;
    let rows = here.register().policy_rows(&here.id, id).await?;
    let heading = format!("Change {}: {}", change.id, change.kind.words());
    let title = if wrong.is_empty() { heading.clone() } else { format!("Error: {heading}") };
    let state = change.state(here.today());
    let (state_words, class) = state_words(state);
    let is_asker = change.asked_by == here.person.session.account.id;
    let decides = here.may(change.kind.decided_under());
    let waits_for = match state {
        ChangeState::Waiting if is_asker => Some("You asked for this, so somebody else decides."),
        ChangeState::Waiting if !decides && change.kind == Kind::Policy => Some("The head or the safeguarding lead decides."),
        ChangeState::Waiting if !decides => Some("The safeguarding lead or a deputy decides."),
        _ => None,
    };
    let shown = |is_shown: bool, fields: Vec<Field>| if is_shown { filled(fields, &typed, &wrong) } else { Vec::new() };
    let answers = vec![Entry::new("approved", "Approve"), Entry::new("refused", "Refuse")];
    let deciding = vec![
        Field::new("decision", "Decision", "", Takes::OneOf(answers)),
        Field::new("why", "Why", "For a bypass: which other ways were weighed.", Takes::Lines),
    ];
    let making = vec![
        Field::new("made_on", "Made on", "For example 23 11 2026. Leave it empty for today.", Takes::Day),
        Field::new(
            "firm",
            "Organisation that made it",
            "Leave it empty if you made it yourself. Whoever approved it must not.",
            Takes::Line(100),
        ),
    ];
    let ending = vec![Field::new("ended_on", "Taken back on", "For example 23 11 2026. Leave it empty for today.", Takes::Day)];
    let page = ChangePage {
        frame: Frame { section: "register", ..Frame::plain(&title) },
        id: change.id,
        state: state_words,
        class,
        facts: facts(change, &rows),
        deciding: shown(state == ChangeState::Waiting && decides && !is_asker, deciding),
        making: shown(state == ChangeState::Approved && rows.is_empty(), making),
        writes_policy: state == ChangeState::Approved && !rows.is_empty(),
        agreed_it: change.decided_by == Some(here.person.session.account.id),
        ending: shown(matches!(state, ChangeState::Made | ChangeState::Late), ending),
        withdraws: state == ChangeState::Waiting && is_asker,
        waits_for,
        heading,
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn page(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    page_of(here, number(&id)?, Typed::default(), Wrong::default()).await
}

/// As the one who decides: under the role that may decide this kind, where there is one; the register refuses any other.
async fn decider(here: &Here, id: i64) -> Result<By, PageError> {
    let book = here.register().changes(&here.id).await?;
    let kind = book.change(id).ok_or(PageError::NotFound)?.kind;
    here.by(kind.decided_under()).or_else(|_| here.by(Ability::DecideChanges))
}

pub(super) async fn decide(
    here: Here,
    Path((_, id)): Path<(String, String)>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let (Form(typed), id) = (typed?, number(&id)?);
    let approves = match typed.of("decision") {
        "approved" => Some(true),
        "refused" => Some(false),
        _ => None,
    };
    let by = decider(&here, id).await?;
    let done = here.register().decide_change(by, &here.id, id, approves, typed.of("why"), here.today()).await;
    finish(here, id, done, typed).await
}

pub(super) async fn made(
    here: Here,
    Path((_, id)): Path<(String, String)>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let (Form(typed), id) = (typed?, number(&id)?);
    let mut faults = Wrong::default();
    let on = typed.day("made_on", &mut faults).unwrap_or(here.today());
    if !faults.is_empty() {
        return page_of(here, id, typed, faults).await;
    }
    let by = here.by(Ability::WriteRegister)?;
    let done = here.register().change_made(by, &here.id, id, on, typed.of("firm"), here.today()).await;
    finish(here, id, done, typed).await
}

pub(super) async fn end(
    here: Here,
    Path((_, id)): Path<(String, String)>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let (Form(typed), id) = (typed?, number(&id)?);
    let mut faults = Wrong::default();
    let on = typed.day("ended_on", &mut faults).unwrap_or(here.today());
    if !faults.is_empty() {
        return page_of(here, id, typed, faults).await;
    }
    let by = here.by(Ability::WriteRegister)?;
    let done = here.register().change_ended(by, &here.id, id, on, here.today()).await;
    finish(here, id, done, typed).await
}

pub(super) async fn withdraw(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    let id = number(&id)?;
    let by = here.by(Ability::WriteRegister)?;
    let done = here.register().withdraw_change(by, &here.id, id, here.today()).await;
    finish(here, id, done, Typed::default()).await
}

/// Back to the change: anew when it was done, with what is wrong when not.
async fn finish(here: Here, id: i64, done: Result<(), RecordError>, typed: Typed) -> Result<Response, PageError> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("{}/changes/{id}", here.base)).into_response()),
        Err(error) => page_of(here, id, typed, wrong(error)?).await,
    }
}
