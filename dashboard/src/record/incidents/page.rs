//! One incident: what is recorded, what happened in its alerts, who did what with it, and what may be done next. The row of the trail comes
//! first.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use weir_query::alerts::Moment;
use weir_register::records::{By, Incident, IncidentField, IncidentStep, RecordError, Step};

use super::{state_words, themes_words, value_words};
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::record::Here;
use crate::record::alerts::{evidence, heading, told};
use crate::record::check::{lines, number};
use crate::words::{self, capital};

/// Something that happened in an alert it takes up.
pub(in crate::record) struct AlertPart {
    pub(in crate::record) id: i64,
    pub(in crate::record) title: String,
    pub(in crate::record) moments: Vec<Moment>,
    pub(in crate::record) untold: Option<String>,
}

/// What somebody did with it.
struct StepLine {
    when: String,
    by: String,
    what: &'static str,
    /// Fields that said something else before: what they say since.
    changes: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage {
    frame: Frame,
    school: String,
    base: String,
    id: i64,
    title: String,
    state: &'static str,
    class: &'static str,
    about: &'static str,
    readers: &'static str,
    is_of_head: bool,
    facts: Vec<(&'static str, Vec<String>)>,
    told: Vec<(&'static str, String)>,
    keys: Vec<String>,
    alerts: Vec<AlertPart>,
    steps: Vec<StepLine>,
    is_open: bool,
}

/// What happened in the alerts that it takes up, as far as this reader sees them. Each is a row of the trail.
pub(in crate::record) async fn moments_of(here: &Here, incident: &Incident) -> Result<Vec<AlertPart>, PageError> {
    let mut parts = Vec::new();
    for id in &incident.alerts {
        let Ok((by, file)) = here.alert(*id).await else { continue };
        let _receipt = here.register().alert_seen(by, &here.id, *id).await?;
        let (moments, _, untold) = evidence(here, by, &file).await;
        parts.push(AlertPart { id: *id, title: capital(&heading(&file.alert)), moments, untold });
    }
    Ok(parts)
}

fn facts(incident: &Incident, is_told: bool) -> impl Iterator<Item = (&'static IncidentField, String)> {
    let of = move |field: &&'static IncidentField| field.name.starts_with("told_") == is_told;
    IncidentField::ALL
        .iter()
        .filter(of)
        .map(|field| (field, value_words(field, incident.says(field.name))))
        .filter(|(_, words)| !words.is_empty())
}

/// Steps, newest first, each with what it changed.
fn steps(incident: &Incident) -> Vec<StepLine> {
    let nothing = BTreeMap::new();
    let mut told = Vec::new();
    let mut before: Option<&Step> = None;
    for step in &incident.steps {
        let earlier = before.map_or(&nothing, |step| &step.said);
        let says = |said: &BTreeMap<String, String>, name: &str| said.get(name).cloned().unwrap_or_default();
        let changed = |field: &&'static IncidentField| says(&step.said, field.name) != says(earlier, field.name);
        let now = |field: &'static IncidentField| {
            let words = value_words(field, &says(&step.said, field.name));
            (field.label, if words.is_empty() { "nothing any more".to_owned() } else { capital(&words) })
        };
        let changes = match before {
            // What opening again takes back stands in the step before.
            _ if step.what == IncidentStep::Reopened => Vec::new(),
            None => Vec::new(),
            Some(_) => IncidentField::ALL.iter().filter(changed).map(now).collect(),
        };
        told.push(StepLine { when: words::moment(step.at), by: step.by.clone(), what: step.what.words(), changes });
        before = Some(step);
    }
    told.reverse();
    told
}

async fn page_of(here: Here, by: By, incident: Incident) -> Result<Response, PageError> {
    let _receipt = here.register().incident_seen(by, &here.id, incident.id).await?;
    let mut alerts = moments_of(&here, &incident).await?;
    for alert in &mut alerts {
        alert.moments = told(std::mem::take(&mut alert.moments), false);
    }
    let (state, class) = state_words(&incident);
    let title = format!("Incident {}: {}", incident.id, themes_words(&incident));
    let mut facts_of: Vec<(&'static str, Vec<String>)> =
        facts(&incident, false).map(|(field, words)| (field.label, lines(&capital(&words)))).collect();
    if let Some(same_day) = incident.was_told_same_day() {
        facts_of.push(("Lead told the same day", vec![if same_day { "Yes".into() } else { "No, on a later day".into() }]));
    }
    let page = IncidentPage {
        frame: Frame { section: "today", ..Frame::plain(&title) },
        id: incident.id,
        title,
        state,
        class,
        about: incident.about.words(),
        readers: incident.about.readers(),
        is_of_head: incident.about == weir_register::records::IncidentAbout::Head,
        facts: facts_of,
        told: facts(&incident, true).map(|(field, words)| (field.label, words)).collect(),
        keys: incident.keys.iter().map(|key| key.as_str().to_owned()).collect(),
        alerts,
        steps: steps(&incident),
        is_open: incident.is_open(),
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn page(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    let (by, incident) = here.incident(number(&id)?).await?;
    page_of(here, by, incident).await
}

pub(super) async fn reopen(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    let (by, incident) = here.incident(number(&id)?).await?;
    match here.register().reopen_incident(by, &here.id, incident.id, here.now()).await {
        Ok(()) => Ok(Redirect::to(&format!("{}/incidents/{}", here.base, incident.id)).into_response()),
        Err(RecordError::Register(error)) => Err(error.into()),
        Err(_) => Err(PageError::NotFound),
    }
}
