//! A school's incidents: recorded from an alert or by hand, changed, closed with an outcome, opened again, listed and taken out as a file.
//!
//! Whoever opens one is a row of the trail. What is about staff is the head's, what is about the head the chair's.

mod form;
mod list;
mod page;
mod rows;

use axum::Router;
use axum::routing::{get, post};
use weir_register::records::{By, Incident, IncidentField, IncidentHolds, THEMES, incident_moment};
use weir_register::{Ability, Role};

use super::Here;
use crate::Dashboard;
use crate::error::PageError;
use crate::plain::marked;
use crate::words;

pub(super) use page::moments_of;

/// The addresses of this part. What each asks for stands in the gate's table.
pub(super) fn routes() -> Router<Dashboard> {
    Router::new()
        .route("/school/{school}/incidents", get(list::page))
        .route("/school/{school}/incidents/list.csv", get(rows::list_csv))
        .route("/school/{school}/incidents/add", get(form::add_form).post(form::add))
        .route("/school/{school}/incidents/paste", get(rows::paste_form).post(rows::paste))
        .route("/school/{school}/incidents/{incident}", get(page::page))
        .route("/school/{school}/incidents/{incident}/change", get(form::change_form).post(form::change))
        .route("/school/{school}/incidents/{incident}/close", get(form::close_form).post(form::close))
        .route("/school/{school}/incidents/{incident}/reopen", post(page::reopen))
}

impl Here {
    /// The roles under which this reader reads incidents and alerts here.
    pub(super) fn case_roles(&self) -> Vec<Role> {
        [Role::Dsl, Role::Leader, Role::Chair].into_iter().filter(|role| self.holds(*role)).collect()
    }

    /// One incident, where this reader may see it.
    pub(super) async fn incident(&self, id: i64) -> Result<(By, Incident), PageError> {
        let found = self.register().incident(&self.id, id).await?.ok_or(PageError::NotFound)?;
        let role = self.case_roles().into_iter().find(|role| found.about.is_for(*role)).ok_or(PageError::NotFound)?;
        Ok((By { id: self.person.session.account.id, role }, found))
    }

    /// The school's incidents that this reader may see.
    async fn own_incidents(&self) -> Result<Vec<Incident>, PageError> {
        let roles = self.case_roles();
        let mut all = self.register().incidents(&self.id).await?;
        all.retain(|incident| roles.iter().any(|role| incident.about.is_for(*role)));
        Ok(all)
    }

    /// As the one who records an incident.
    fn records_incidents(&self) -> Result<By, PageError> {
        self.by(Ability::Incidents)
    }
}

/// "self-harm and drugs".
fn themes_words(incident: &Incident) -> String {
    let words: Vec<&str> = incident
        .several("themes")
        .filter_map(|theme| THEMES.iter().find(|(word, _)| *word == theme).map(|(_, words)| *words))
        .collect();
    words::listed(&words)
}

/// What a field says, as people read it; empty where it says nothing.
fn value_words(field: &IncidentField, text: &str) -> String {
    let said = |of: &[(&'static str, &'static str)], word: &str| {
        of.iter().find(|(known, _)| *known == word).map_or_else(|| word.to_owned(), |(_, words)| (*words).to_owned())
    };
    match field.holds {
        IncidentHolds::Line | IncidentHolds::Text => text.lines().map(marked).collect::<Vec<_>>().join("\n"),
        IncidentHolds::OneOf(of) => said(of, text),
        IncidentHolds::Several(of) => {
            let all: Vec<String> = text.split(' ').filter(|word| !word.is_empty()).map(|word| said(of, word)).collect();
            words::listed(&all.iter().map(String::as_str).collect::<Vec<_>>())
        }
        IncidentHolds::Moment => match incident_moment(text) {
            Some((day, Some(at))) => format!("{}, {:02}:{:02}", words::day(day), at.hour(), at.minute()),
            Some((day, None)) => words::day(day),
            None => text.to_owned(),
        },
    }
}

/// How it stands, with the class of its colour.
fn state_words(incident: &Incident) -> (&'static str, &'static str) {
    match (incident.is_open(), incident.says("severity")) {
        (true, "urgent" | "high") => ("open", "urgent"),
        (true, _) => ("open", "higher"),
        (false, _) if incident.says("real") == "no" => ("closed: a false alarm", "cant"),
        (false, _) => ("closed", "cant"),
    }
}
