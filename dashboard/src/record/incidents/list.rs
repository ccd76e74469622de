//! The list of incidents: what is open first, narrowed by state, theme and whom it is about.

use askama::Template;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use weir_register::records::{Incident, IncidentAbout, IncidentField, THEMES};

use super::{state_words, themes_words, value_words};
use crate::error::PageError;
use crate::pages::{Choice, Frame, html};
use crate::record::Here;
use crate::words::{self, capital, plural};

struct IncidentLine {
    link: String,
    id: i64,
    themes: String,
    about: &'static str,
    when: String,
    severity: String,
    told: String,
    state: &'static str,
    class: &'static str,
}

#[derive(Template)]
#[template(path = "incidents.html")]
struct IncidentsPage {
    frame: Frame,
    school: String,
    base: String,
    lede: String,
    reads: String,
    has_any: bool,
    is_chair: bool,
    shows: Vec<Choice>,
    themes: Vec<Choice>,
    incidents: Vec<IncidentLine>,
}

/// Which incidents are listed.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sought {
    #[serde(default)]
    show: String,
    #[serde(default)]
    theme: String,
}

impl Sought {
    fn has(&self, incident: &Incident) -> bool {
        let is_shown = match self.show.as_str() {
            "open" => incident.is_open(),
            "closed" => !incident.is_open(),
            _ => true,
        };
        is_shown && (self.theme.is_empty() || incident.several("themes").any(|theme| theme == self.theme))
    }
}

fn line(incident: &Incident, base: &str) -> IncidentLine {
    let (state, class) = state_words(incident);
    let of = |name: &str| IncidentField::of(name).map(|field| value_words(field, incident.says(name))).unwrap_or_default();
    let mut told: Vec<String> = incident.told_outside().map(|field| capital(field.label)).collect();
    match incident.was_told_same_day() {
        Some(true) => told.insert(0, "Lead told the same day".into()),
        Some(false) => told.insert(0, "Lead told later".into()),
        None => {}
    }
    IncidentLine {
        link: format!("{base}/incidents/{}", incident.id),
        id: incident.id,
        themes: capital(&themes_words(incident)),
        about: incident.about.words(),
        when: of("happened"),
        severity: capital(&of("severity")),
        told: told.join("; "),
        state,
        class,
    }
}

pub(super) async fn page(here: Here, sought: Result<Query<Sought>, QueryRejection>) -> Result<Response, PageError> {
    let Query(sought) = sought.unwrap_or_default();
    let all = here.own_incidents().await?;
    let open = all.iter().filter(|incident| incident.is_open()).count() as u32;
    let lede = match (all.len() as u32, open) {
        (0, _) => "Nothing is recorded yet.".to_owned(),
        (count, 0) => format!("{} recorded, none open.", plural(count, "incident")),
        (count, open) => format!("{} recorded, {open} open.", plural(count, "incident")),
    };
    let roles = here.case_roles();
    let reads: Vec<&str> = IncidentAbout::ALL
        .iter()
        .filter(|about| roles.iter().any(|role| about.is_for(*role)))
        .map(|about| about.short())
        .collect();
    let choice =
        |value: &str, words: &str, chosen: &str| Choice { value: value.into(), words: words.into(), chosen: value == chosen };
    let mut listed: Vec<&Incident> = all.iter().filter(|incident| sought.has(incident)).collect();
    listed.sort_by_key(|incident| !incident.is_open());
    let page = IncidentsPage {
        frame: Frame { section: "today", ..Frame::plain(&format!("Incidents, {}", here.name)) },
        lede,
        reads: words::listed(&reads),
        has_any: !all.is_empty(),
        is_chair: roles.as_slice() == [weir_register::Role::Chair],
        shows: [("", "All"), ("open", "Open"), ("closed", "Closed")]
            .map(|(value, words)| choice(value, words, &sought.show))
            .into(),
        themes: std::iter::once(choice("", "Everything", &sought.theme))
            .chain(THEMES.iter().map(|(word, words)| choice(word, &capital(words), &sought.theme)))
            .collect(),
        incidents: listed.into_iter().map(|incident| line(incident, &here.base)).collect(),
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}
