//! The forms of an incident: recorded by hand or filled in from an alert, changed, and closed once somebody says that it is complete.

use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use weir_register::alerts::{AlertFile, Who};
use weir_register::records::{By, Incident, IncidentAbout, IncidentField, IncidentHolds, NewIncident};

use crate::account::form::{Wrong, typed_day};
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::record::alerts::heading;
use crate::record::check::number;
use crate::record::check_form::FormPage;
use crate::record::fields::{Entry, Field, Takes, Typed, filled};
use crate::record::{Here, wrong};
use crate::words::{self, capital};

type Sent = Result<Form<Typed>, FormRejection>;

/// What every form says of names.
const NO_NAMES: &str = "What you type here stays as you typed it, and Weir takes no name out of it. Write no name of a pupil: the keys say whom it is about.";

/// The name of the tick of one of several words.
fn tick_of(field: &str, word: &str) -> String {
    format!("{field}-{word}")
}

fn form_field(field: &'static IncidentField) -> Field {
    let takes = match field.holds {
        IncidentHolds::Line => Takes::Line(100),
        IncidentHolds::Text => Takes::Lines,
        IncidentHolds::Moment => Takes::Day,
        IncidentHolds::OneOf(of) => Takes::OneOf(of.iter().map(|(word, words)| Entry::new(*word, capital(words))).collect()),
        IncidentHolds::Several(of) => {
            Takes::Ticks(of.iter().map(|(word, words)| Entry::new(tick_of(field.name, word), capital(words))).collect())
        }
    };
    let label = if field.is_needed { field.label.to_owned() } else { format!("{} (if known)", field.label) };
    let hint = match field.holds {
        IncidentHolds::Several(_) => "Tick all that apply. It is counted under the first of them in this list.",
        _ => field.hint,
    };
    Field::new(field.name, label, hint, takes)
}

/// A moment as it was typed, as the register holds it: `23 11 2026 14:05` is `2026-11-23T14:05`. What can't be read stays as it was typed.
pub(super) fn moment_typed(text: &str) -> String {
    let text = text.trim();
    let (day, time) = match text.rsplit_once([' ', 'T', ',']) {
        Some((day, time)) if time.contains(':') => (day.trim_end_matches([' ', ',']), Some(time)),
        _ => (text, None),
    };
    let clock = |time: &str| {
        let (hours, minutes) = time.split_once(':')?;
        let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.get(..2)?.parse().ok()?);
        (hours < 24 && minutes < 60).then(|| format!("{hours:02}:{minutes:02}"))
    };
    match (typed_day(day), time.map(clock)) {
        (Some(day), None) => day.to_string(),
        (Some(day), Some(Some(time))) => format!("{day}T{time}"),
        _ => text.to_owned(),
    }
}

/// What a form of these fields holds.
fn typed_incident(typed: &Typed, is_closing: bool) -> NewIncident {
    let value = |field: &IncidentField| match field.holds {
        IncidentHolds::Moment => moment_typed(typed.of(field.name)),
        IncidentHolds::Several(of) => {
            let ticked = of.iter().filter(|(word, _)| typed.of(&tick_of(field.name, word)) == "yes");
            ticked.map(|(word, _)| *word).collect::<Vec<_>>().join(" ")
        }
        _ => typed.of(field.name).to_owned(),
    };
    let fields = IncidentField::ALL.iter().filter(|field| field.is_of_closing == is_closing);
    let alerts = typed.of("alerts").split(|sign: char| !sign.is_ascii_digit()).filter_map(|number| number.parse().ok());
    NewIncident {
        about: IncidentAbout::parse(typed.of("about")),
        values: fields.map(|field| (field.name, value(field))).collect(),
        keys: typed.of("keys").to_owned(),
        alerts: alerts.collect(),
    }
}

/// A form as if an incident had been typed into it.
fn typed_of(incident: &Incident) -> Typed {
    let mut typed = Typed::default();
    for field in IncidentField::ALL.iter().filter(|field| !field.is_of_closing) {
        let text = incident.says(field.name);
        typed = match field.holds {
            IncidentHolds::Several(_) => text
                .split(' ')
                .filter(|word| !word.is_empty())
                .fold(typed, |typed, word| typed.with(&tick_of(field.name, word), "yes")),
            IncidentHolds::Moment => typed.with(field.name, text.replace('T', " ")),
            _ => typed.with(field.name, text),
        };
    }
    let keys: Vec<&str> = incident.keys.iter().map(weir_lake::ids::UserKey::as_str).collect();
    let alerts: Vec<String> = incident.alerts.iter().map(i64::to_string).collect();
    typed.with("keys", keys.join("\n")).with("alerts", alerts.join(", "))
}

/// What an alert already says.
fn typed_of_alert(file: &AlertFile) -> Typed {
    let alert = &file.alert;
    let about = match alert.who {
        _ if alert.is_of_head => IncidentAbout::Head,
        Who::Staff => IncidentAbout::Staff,
        _ => IncidentAbout::Pupil,
    };
    let moment = |at: i64| {
        let (day, clock) = (words::day_of(at), words::moment(at));
        format!("{day} {}", clock.rsplit(", ").next().unwrap_or_default())
    };
    let severity = match alert.severity {
        _ if alert.is_urgent() => "urgent",
        3 => "high",
        2 => "middling",
        _ => "low",
    };
    let mut typed = Typed::default()
        .with("about", about.word())
        .with("happened", moment(alert.first_at))
        .with("source", "alert")
        .with(&tick_of("themes", &alert.theme), "yes")
        .with("severity", severity)
        .with("what", format!("Alert {}, {}.", alert.id, heading(alert)))
        .with("alerts", alert.id.to_string());
    if alert.who == Who::Pupil
        && let Some(at) = alert.acknowledged_at
    {
        typed = typed.with("told_lead", moment(at));
    }
    if let Some(key) = alert.subject.as_ref().filter(|_| alert.who != Who::Unidentified) {
        typed = typed.with("keys", key.as_str());
    }
    typed.with("reference", alert.reference.clone().unwrap_or_default())
}

fn fields(of: Option<&Incident>) -> Vec<Field> {
    let abouts = IncidentAbout::ALL
        .iter()
        .map(|about| Entry::new(about.word(), format!("{} (read by {})", capital(about.words()), about.readers())));
    let about = Field::new(
        "about",
        "Whom it is about",
        "This says who reads it from then on, and can\u{2019}t be changed. About the head: tell the chair of governors or the local authority designated officer (LADO) yourself too.",
        Takes::OneOf(abouts.collect()),
    );
    let of_it = IncidentField::ALL.iter().filter(|field| !field.is_of_closing).map(form_field);
    let keys = Field::new(
        "keys",
        "Keys of the people (if known)",
        "As an alert prints them, one a line. Keys are only added, never taken away.",
        Takes::Lines,
    );
    let alerts = Field::new(
        "alerts",
        "Alerts it takes up (if any)",
        "Their numbers. What happened in them is shown beside the incident.",
        Takes::Line(100),
    );
    let about = of.is_none().then_some(about);
    about.into_iter().chain(of_it).chain([keys, alerts]).collect()
}

/// With the field's name before what is wrong with it: many fields lack the same.
fn named(wrong: Wrong) -> Wrong {
    let told = |(field, words): (&'static str, String)| match IncidentField::of(field) {
        Some(of) => (field, format!("{}: {}", of.label, small(&words))),
        None => (field, words),
    };
    Wrong(wrong.0.into_iter().map(told).collect())
}

fn small(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn form(here: Here, of: Option<&Incident>, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let wrong = named(wrong);
    let heading = if of.is_some() { "Change an incident" } else { "Record an incident" };
    let list = format!("{}/incidents", here.base);
    let page = FormPage {
        frame: Frame { section: "today", ..FormPage::frame(heading, &wrong) },
        heading,
        lede: vec![NO_NAMES],
        action: of.map_or_else(|| format!("{list}/add"), |of| format!("{list}/{}/change", of.id)),
        back: of.map_or_else(|| (list.clone(), "Incidents"), |of| (format!("{list}/{}", of.id), "The incident")),
        fields: filled(fields(of), typed, &wrong),
        button: if of.is_some() { "Record the change" } else { "Record it" },
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

/// From which alert.
#[derive(Debug, Default, Deserialize)]
pub(super) struct From {
    alert: Option<i64>,
}

pub(super) async fn add_form(here: Here, from: Result<Query<From>, QueryRejection>) -> Result<Response, PageError> {
    let typed = match from.ok().and_then(|Query(from)| from.alert) {
        Some(alert) => typed_of_alert(&here.alert(alert).await?.1),
        None => Typed::default(),
    };
    form(here, None, &typed, Wrong::default())
}

/// Under which role somebody records it: the one that reads its alerts, where it takes up any.
async fn recorder(here: &Here, new: &NewIncident) -> Result<By, PageError> {
    match new.alerts.first() {
        Some(alert) => Ok(here.alert(*alert).await?.0),
        None => here.records_incidents(),
    }
}

pub(super) async fn add(here: Here, typed: Sent) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let new = typed_incident(&typed, false);
    let Ok(by) = recorder(&here, &new).await else {
        return form(here, None, &typed, Wrong::one("alerts", NO_ALERT));
    };
    match here.register().record_incident(by, &here.id, &new, here.now(), here.today()).await {
        // Whoever records what is not theirs to read is told who reads it.
        Ok(id) if here.incident(id).await.is_err() => handed_on(here, new.about),
        Ok(id) => Ok(Redirect::to(&format!("{}/incidents/{id}", here.base)).into_response()),
        Err(weir_register::records::RecordError::NoSuch) => form(here, None, &typed, Wrong::one("alerts", NO_ALERT)),
        Err(error) => form(here, None, &typed, wrong(error)?),
    }
}

const NO_ALERT: &str = "You read no alert of this number at this school.";

fn handed_on(here: Here, about: Option<IncidentAbout>) -> Result<Response, PageError> {
    let readers = about.map_or("somebody else", IncidentAbout::readers);
    let page = crate::pages::ErrorPage {
        frame: Frame { section: "today", ..Frame::plain("Recorded") },
        title: "Recorded, and handed on".into(),
        lines: vec![
            format!("From now on it is read by {readers}."),
            "Weir sends nobody a text of it. Tell them yourself, today.".into(),
        ],
        with_way_back: here.may(weir_register::Ability::Figures),
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn change_form(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    let (by, incident) = here.incident(number(&id)?).await?;
    let _receipt = here.register().incident_seen(by, &here.id, incident.id).await?;
    if !incident.is_open() {
        return Err(PageError::NotFound);
    }
    let typed = typed_of(&incident);
    form(here, Some(&incident), &typed, Wrong::default())
}

pub(super) async fn change(here: Here, Path((_, id)): Path<(String, String)>, typed: Sent) -> Result<Response, PageError> {
    let (Form(typed), id) = (typed?, number(&id)?);
    let (by, incident) = here.incident(id).await?;
    let mut new = typed_incident(&typed, false);
    // Those it has stay, whether this reader still sees them or not.
    new.alerts.retain(|alert| !incident.alerts.contains(alert));
    match here.register().change_incident(by, &here.id, id, &new, here.now(), here.today()).await {
        Ok(()) => Ok(Redirect::to(&format!("{}/incidents/{id}", here.base)).into_response()),
        Err(weir_register::records::RecordError::NoSuch) if incident.is_open() => {
            form(here, Some(&incident), &typed, Wrong::one("alerts", NO_ALERT))
        }
        Err(error) => form(here, Some(&incident), &typed, wrong(error)?),
    }
}

fn close_page(here: Here, id: i64, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let wrong = named(wrong);
    let heading = "Close an incident";
    let mut fields: Vec<Field> = IncidentField::ALL.iter().filter(|field| field.is_of_closing).map(form_field).collect();
    let sure = vec![Entry::new("sure-yes", "What is recorded is complete, and whoever had to be told was told")];
    fields.push(Field::new(
        "sure",
        "Before you close it",
        "It can be opened again; what was said then stays.",
        Takes::Ticks(sure),
    ));
    let page = FormPage {
        frame: Frame { section: "today", ..FormPage::frame(heading, &wrong) },
        heading,
        lede: vec!["Governors read how many incidents came to what, and nothing of any one of them."],
        action: format!("{}/incidents/{id}/close", here.base),
        back: (format!("{}/incidents/{id}", here.base), "The incident"),
        fields: filled(fields, typed, &wrong),
        button: "Close it",
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn close_form(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    let (_, incident) = here.incident(number(&id)?).await?;
    if !incident.is_open() {
        return Err(PageError::NotFound);
    }
    close_page(here, incident.id, &Typed::default(), Wrong::default())
}

pub(super) async fn close(here: Here, Path((_, id)): Path<(String, String)>, typed: Sent) -> Result<Response, PageError> {
    let (Form(typed), id) = (typed?, number(&id)?);
    let (by, _) = here.incident(id).await?;
    let (new, is_sure) = (typed_incident(&typed, true), typed.of("sure-yes") == "yes");
    match here.register().close_incident(by, &here.id, id, &new, is_sure, here.now(), here.today()).await {
        Ok(()) => Ok(Redirect::to(&format!("{}/incidents/{id}", here.base)).into_response()),
        Err(error) => close_page(here, id, &typed, wrong(error)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_type_them() {
        for (typed, wanted) in [
            ("23 11 2026 14:05", "2026-11-23T14:05"),
            ("23/11/2026, 9:05", "2026-11-23T09:05"),
            ("2026-11-23T14:05", "2026-11-23T14:05"),
            ("2026-11-23 14:05:07", "2026-11-23T14:05"),
            (" 23 11 2026 ", "2026-11-23"),
            ("yesterday", "yesterday"),
            ("23 11 2026 25:00", "23 11 2026 25:00"),
            ("", ""),
        ] {
            assert_eq!(moment_typed(typed), wanted, "{typed}");
        }
    }
}
