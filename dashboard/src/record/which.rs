//! Pages of one school, reached without saying which: of whoever has one school it opens, of whoever has several it is chosen.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use weir_register::Ability;

use crate::Dashboard;
use crate::account::Signed;
use crate::error::PageError;
use crate::gate::Person;
use crate::pages::{Frame, html};

#[derive(Template)]
#[template(path = "which_school.html")]
struct WhichPage {
    frame: Frame,
    title: &'static str,
    schools: Vec<(String, String)>,
}

fn which(
    dashboard: &Dashboard,
    person: &Person,
    (ability, page, title): (Ability, &'static str, &'static str),
) -> Result<Response, PageError> {
    let gate = dashboard.gate.clone().ok_or(PageError::NotFound)?;
    let of_estate = gate.schools()?;
    let theirs = of_estate.iter().filter(|(id, _)| person.access.sees(ability, id));
    let mut schools: Vec<(String, String)> =
        theirs.map(|(id, school)| (format!("/school/{id}/{page}"), school.name.clone())).collect();
    if let [(only, _)] = schools.as_slice() {
        return Ok(Redirect::to(only).into_response());
    }
    schools.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(html(&WhichPage { frame: Frame { section: page, ..Frame::plain(title) }, title, schools })?.into_response())
}

pub(super) async fn feeds(Signed(person): Signed, State(dashboard): State<Dashboard>) -> Result<Response, PageError> {
    which(&dashboard, &person, (Ability::Feeds, "feeds", "Did last night work?"))
}

pub(super) async fn saved(Signed(person): Signed, State(dashboard): State<Dashboard>) -> Result<Response, PageError> {
    which(&dashboard, &person, (Ability::SavedQuestions, "saved", "What do you want to know?"))
}
