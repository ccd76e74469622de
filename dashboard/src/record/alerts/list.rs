//! A school's alerts, open and over, as a list and as a file: nobody is named, and no key stands in it.

use askama::Template;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use weir_register::alerts::{Alert, AlertState, Listed};

use super::today::{Line, line};
use super::{LIMITS, heading, state};
use crate::csv;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::record::Here;
use crate::routes::download;
use crate::words;

#[derive(Template)]
#[template(path = "alerts.html")]
struct AlertsPage {
    frame: Frame,
    school: String,
    base: String,
    ways: Vec<(&'static str, &'static str, bool)>,
    alerts: Vec<Line>,
    limits: &'static str,
    is_open: bool,
    /// The reader watches over pupils' alerts.
    watches: bool,
}

/// Which alerts are listed.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sought {
    #[serde(default)]
    show: String,
}

pub(super) async fn page(here: Here, sought: Result<Query<Sought>, QueryRejection>) -> Result<Response, PageError> {
    let show = sought.map(|Query(sought)| sought.show).unwrap_or_default();
    let is_open = show != "over";
    let listed = if is_open { Listed::Open } else { Listed::Over };
    let alerts = here.only_theirs(here.register().alerts(&here.id, listed).await?);
    let watch = here.register().watch(&here.id).await?;
    let (account, now) = (here.person.session.account.id, here.now());
    let page = AlertsPage {
        frame: Frame { section: "today", ..Frame::plain(&format!("Alerts, {}", here.name)) },
        ways: vec![("open", "Open", is_open), ("over", "Over", !is_open)],
        alerts: alerts.iter().map(|alert| line(alert, &here.base, &watch, account, now)).collect(),
        limits: LIMITS,
        watches: here.may(weir_register::Ability::Watch),
        is_open,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn csv(here: Here) -> Result<Response, PageError> {
    let alerts = here.only_theirs(here.register().alerts(&here.id, Listed::All).await?);
    let mut out = String::from(
        "alert,school_id,about,severity,urgent,people,events,first,last,state,taken_by,first_taken,outcome,closed,second_person\r\n",
    );
    for alert in &alerts {
        row(&mut out, alert);
    }
    Ok(download(out, &csv::plain_file_name(here.id.as_str(), "alerts")))
}

fn row(out: &mut String, alert: &Alert) {
    let closing = alert.closing.as_ref().filter(|_| alert.state == AlertState::Closed);
    let holder = alert.holder.as_ref().map_or("", |(_, name)| name.as_str());
    csv::row(
        out,
        &[
            &alert.id.to_string(),
            alert.school.as_str(),
            &heading(alert),
            &alert.severity.to_string(),
            if alert.is_urgent() { "yes" } else { "no" },
            &alert.people.to_string(),
            &alert.events.to_string(),
            &words::moment(alert.first_at),
            &words::moment(alert.last_at),
            &state(alert),
            holder,
            &alert.acknowledged_at.map(words::moment).unwrap_or_default(),
            closing.map_or("", |closing| closing.outcome.words()),
            &closing.map(|closing| words::moment(closing.at)).unwrap_or_default(),
            closing.and_then(|closing| closing.second.as_deref()).unwrap_or(""),
        ],
    );
}
