//! What happened in order of time, for the school's own record (CPOMS, MyConcern, a paper file): plain text or CSV, nobody named, nothing
//! that a program makes a link or a formula of. Each copy is a row of the trail before it goes out.

use axum::Form;
use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use weir_query::alerts::Moment;
use weir_register::alerts::{AlertFile, AlertState};
use weir_register::records::{By, Incident, IncidentField, incident_moment};
use weir_register::{Ability, Act, Action, Actor};

use super::alerts::{evidence, heading, safe};
use super::check::number;
use super::fields::Typed;
use super::incidents::moments_of;
use super::{Here, wrong};
use crate::Dashboard;
use crate::csv;
use crate::error::PageError;
use crate::plain::unlinked;
use crate::routes::download;
use crate::words;

/// The addresses of this part. What each asks for stands in the gate's table.
pub(super) fn routes() -> Router<Dashboard> {
    Router::new()
        .route("/school/{school}/alerts/{alert}/chronology/{form}", get(of_alert))
        .route("/school/{school}/incidents/{incident}/chronology/{form}", get(of_incident))
        .route("/school/{school}/names/day", post(of_day))
}

/// Something that happened, or that somebody did.
struct Line {
    /// Orders the lines: `2026-11-23 14:05:07`.
    when: String,
    what: String,
    /// What was searched for or opened, or what somebody wrote.
    of_what: String,
    /// Who wrote or did it; empty for what the logs hold.
    by: String,
}

/// What is copied.
struct Chronology {
    /// "Alert 3: self-harm: a pupil".
    title: String,
    /// Says what is not in it.
    limits: Vec<String>,
    lines: Vec<Line>,
}

/// As what it is copied.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AsWhat {
    Text,
    Csv,
}

fn form_of(form: &str) -> Result<AsWhat, PageError> {
    match form {
        "text" => Ok(AsWhat::Text),
        "csv" => Ok(AsWhat::Csv),
        _ => Err(PageError::NotFound),
    }
}

/// A moment of the machine's clock, as lines are ordered.
fn at(micros: i64) -> String {
    let clock = words::moment(micros);
    format!("{} {}", words::day_of(micros), clock.rsplit(", ").next().unwrap_or_default())
}

fn of_moment(moment: &Moment, day: &str) -> Line {
    let times = if moment.times > 1 { format!(" ({} times)", moment.times) } else { String::new() };
    let day = if moment.day.is_empty() { day } else { &moment.day };
    Line {
        when: format!("{day} {}", moment.time),
        what: format!("{}{times}", moment.what),
        of_what: moment.of_what.clone(),
        by: String::new(),
    }
}

impl Chronology {
    fn sorted(mut self) -> Self {
        self.lines.sort_by(|a, b| a.when.cmp(&b.when));
        self
    }

    /// The file, with a row of the trail that is on disk before it goes.
    async fn sent(self, here: &Here, by: By, of: (&'static str, i64), as_what: AsWhat) -> Result<Response, PageError> {
        let actor = Actor::Account { id: by.id, role: Some(by.role) };
        let act = Act::new(actor, Action::Export).at(&here.id).on(of.0, of.1).with("chronology", self.lines.len() as u64);
        let _receipt = here.register().audit(act).await?;
        Ok(self.file(here, &format!("{}-{}", of.0, of.1), as_what))
    }

    fn file(&self, here: &Here, name: &str, as_what: AsWhat) -> Response {
        let made = format!(
            "Copied from Weir on {} by {}. Nobody is named; addresses are written so that nothing opens them.",
            words::moment(here.now()),
            here.person.session.account.name
        );
        match as_what {
            AsWhat::Csv => {
                let mut out = String::from("when,what,of_what,by\r\n");
                for line in &self.lines {
                    csv::row(&mut out, &[&line.when, &unlinked(&line.what), &one_line(&line.of_what), &line.by]);
                }
                for note in std::iter::once(&made).chain(&self.limits) {
                    csv::row(&mut out, &["", "note", note, ""]);
                }
                download(out, &csv::plain_file_name(here.id.as_str(), &format!("{name}-chronology")))
            }
            AsWhat::Text => {
                let mut out = format!("{}, {}\r\n{made}\r\n", self.title, here.name);
                for note in &self.limits {
                    out.push_str(&format!("{note}\r\n"));
                }
                out.push_str("\r\n");
                for line in &self.lines {
                    let by = if line.by.is_empty() { String::new() } else { format!(" ({})", line.by) };
                    let said = one_line(&line.of_what);
                    let said = if said.is_empty() { said } else { format!(": {said}") };
                    out.push_str(&format!("{}  {}{said}{by}\r\n", line.when, unlinked(&line.what)));
                }
                as_text(out, &csv::plain_file_name(here.id.as_str(), &format!("{name}-chronology")).replace(".csv", ".txt"))
            }
        }
    }
}

/// Text of several lines in one, with nothing that opens.
fn one_line(text: &str) -> String {
    unlinked(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn as_text(text: String, name: &str) -> Response {
    let mut response = ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// What the logs hold of an alert and what people did about it.
fn lines_of_alert(file: &AlertFile, moments: &[Moment]) -> Vec<Line> {
    let alert = &file.alert;
    let mut lines: Vec<Line> =
        moments.iter().map(|moment| of_moment(moment, &words::day_of(alert.last_at).to_string())).collect();
    let done = |when: i64, what: String, of_what: String, by: String| Line { when: at(when), what, of_what, by };
    lines.push(done(alert.raised_at, format!("Weir raised alert {}", alert.id), heading(alert), String::new()));
    if let Some(when) = alert.acknowledged_at {
        lines.push(done(when, "somebody took it".into(), String::new(), String::new()));
    }
    lines.extend(file.notes.iter().map(|note| done(note.at, "note".into(), note.text.clone(), note.by.clone())));
    if let Some(closing) = alert.closing.as_ref().filter(|_| alert.state == AlertState::Closed) {
        let by = match &closing.second {
            Some(second) => format!("{}, with {second}", closing.by_name),
            None => closing.by_name.clone(),
        };
        lines.push(done(closing.at, format!("closed: {}", closing.outcome.words()), closing.why.clone(), by));
    }
    lines
}

async fn of_alert(here: Here, Path((_, id, form)): Path<(String, String, String)>) -> Result<Response, PageError> {
    let (id, form) = (number(&id)?, form_of(&form)?);
    let (by, file) = here.alert(id).await?;
    let (moments, around, untold) = evidence(&here, by, &file).await;
    let mut lines = lines_of_alert(&file, &moments);
    let day = words::day_of(file.alert.last_at).to_string();
    for moment in around.iter().flatten() {
        let line = of_moment(moment, &day);
        let is_there = lines.iter().any(|other| other.when == line.when && other.of_what == line.of_what);
        if !is_there {
            lines.push(line);
        }
    }
    let mut limits = vec![super::alerts::LIMITS.to_owned()];
    limits.extend(untold);
    limits.extend(file.alert.reference.as_ref().map(|number| format!("Child protection file {number}.")));
    let title = format!("Alert {id}: {}", heading(&file.alert));
    Chronology { title, limits, lines }.sorted().sent(&here, by, ("alert", id), form).await
}

/// When people said that something happened: `2026-11-23 14:05`, or the day alone.
fn said_at(text: &str) -> Option<String> {
    incident_moment(text).map(|(day, at)| at.map_or_else(|| day.to_string(), |at| at.strftime("%Y-%m-%d %H:%M").to_string()))
}

fn lines_of_incident(incident: &Incident) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(when) = said_at(incident.says("happened")) {
        let of_what = incident.says("what").to_owned();
        lines.push(Line { when, what: "what happened, as recorded".into(), of_what, by: String::new() });
    }
    for field in IncidentField::ALL.iter().filter(|field| field.name.starts_with("told_")) {
        if let Some(when) = said_at(incident.says(field.name)) {
            lines.push(Line { when, what: field.label.to_lowercase(), of_what: String::new(), by: String::new() });
        }
    }
    let mut before: Option<&weir_register::records::Step> = None;
    for step in &incident.steps {
        let says = |step: Option<&weir_register::records::Step>, name: &str| {
            step.and_then(|step| step.said.get(name)).cloned().unwrap_or_default()
        };
        let of_these = ["done", "referral", "closed_because"];
        let said: Vec<String> = of_these
            .iter()
            .map(|name| (says(Some(step), name), says(before, name)))
            .filter(|(now, earlier)| now != earlier && !now.is_empty())
            .map(|(now, _)| now)
            .collect();
        lines.push(Line {
            when: at(step.at),
            what: format!("incident {}", step.what.words()),
            of_what: said.join(" / "),
            by: step.by.clone(),
        });
        before = Some(step);
    }
    lines
}

async fn of_incident(here: Here, Path((_, id, form)): Path<(String, String, String)>) -> Result<Response, PageError> {
    let (id, form) = (number(&id)?, form_of(&form)?);
    let (by, incident) = here.incident(id).await?;
    let mut lines = lines_of_incident(&incident);
    let mut limits = vec![super::alerts::LIMITS.to_owned()];
    for part in moments_of(&here, &incident).await? {
        let day = incident.day("happened").map(|day| day.to_string()).unwrap_or_default();
        lines.extend(part.moments.iter().map(|moment| of_moment(moment, &day)));
        limits.extend(part.untold.map(|words| format!("Alert {}: {words}", part.id)));
    }
    let title = format!("Incident {id}");
    Chronology { title, limits, lines }.sorted().sent(&here, by, ("incident", id), form).await
}

/// A pupil's day by key, for a reason.
async fn of_day(here: Here, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let by = here.by(Ability::PupilDays)?;
    let (key, day, form) = match super::alerts::day_asked(&here, &typed) {
        Ok(asked) => asked,
        Err(faults) => return super::alerts::day_wrong(here, typed, faults).await,
    };
    let why = match weir_register::alerts::reason(typed.of("day_reason")) {
        Ok(why) => why,
        Err(error) => {
            wrong(error)?;
            let faults = crate::account::form::Wrong::one("day_reason", "Say why you need it.");
            return super::alerts::day_wrong(here, typed, faults).await;
        }
    };
    if here.evidence.user_types(&here.id, &key).await?.contains("staff") {
        let faults = crate::account::form::Wrong::one("day_key", super::alerts::OTHERS.0);
        return super::alerts::day_wrong(here, typed, faults).await;
    }
    let moments = {
        // First the row, then the logs.
        let actor = Actor::Account { id: by.id, role: Some(by.role) };
        let act = Act::new(actor, Action::Export).at(&here.id).about(&key).because(&why).with("chronology", true);
        let _receipt = here.register().audit(act).await?;
        safe(here.evidence.day_of(&here.id, &key, day, &why).await?, &std::collections::BTreeSet::new())
    };
    let lines = moments.iter().map(|moment| of_moment(moment, &day.to_string())).collect();
    let limits = vec![super::alerts::LIMITS.to_owned(), format!("By key {key}.")];
    let title = format!("A pupil\u{2019}s day, {}", words::day(day));
    let as_what = if form { AsWhat::Csv } else { AsWhat::Text };
    Ok(Chronology { title, limits, lines }.sorted().file(&here, "day", as_what))
}
