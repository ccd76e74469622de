//! Who might need help today: open alerts of every school that the reader watches, most urgent first, with one thing to do each.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use weir_query::alerts::Lateness;
use weir_register::Ability;
use weir_register::alerts::{Alert, Listed, Watch};
use weir_register::{AccountId, Role};

use super::super::waits;
use super::{LIMITS, next, severity, state, title, when};
use crate::Dashboard;
use crate::account::Signed;
use crate::chart::{Svg, tone_shape};
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::words::{capital, plural};

/// What a page says of logs that come late.
const LATE: &str =
    "Alerts from this school arrive late. Keep your filter\u{2019}s own alerts on. Weir is not an emergency service.";
const NO_LOGS: &str = "No logs came from this school in the last two weeks, so no alert can. Keep your filter\u{2019}s own alerts on. Weir is not an emergency service.";

/// An alert in a list.
pub(super) struct Line {
    pub(super) link: String,
    pub(super) title: String,
    pub(super) shape: Svg,
    pub(super) class: &'static str,
    pub(super) severity: String,
    pub(super) when: String,
    pub(super) events: String,
    pub(super) state: String,
    pub(super) next: Option<String>,
    pub(super) action: &'static str,
}

struct SchoolToday {
    name: String,
    base: String,
    late: Option<&'static str>,
    /// Nobody is named for out of hours.
    is_unwatched: bool,
    is_lead: bool,
    is_head: bool,
    is_chair: bool,
    /// Nobody reads what is about the head.
    has_no_chair: bool,
    alerts: Vec<Line>,
    /// What else waits for the reader: how much, and where.
    waits: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    frame: Frame,
    schools: Vec<SchoolToday>,
    lede: String,
    limits: &'static str,
    several: bool,
}

/// A line of a list, for this account.
pub(super) fn line(alert: &Alert, base: &str, watch: &Watch, account: AccountId, now: i64) -> Line {
    let (word, tone) = severity(alert);
    let is_second = alert.closing.as_ref().is_some_and(|closing| closing.by != account);
    let action = match alert.state {
        weir_register::alerts::AlertState::New => "Look and take it",
        weir_register::alerts::AlertState::Taken if alert.is_held_by(account) => "Go on with it",
        weir_register::alerts::AlertState::Closing if is_second => "Agree or keep it open",
        _ => "Look at it",
    };
    Line {
        link: format!("{base}/alerts/{}", alert.id),
        title: title(alert),
        shape: tone_shape(tone),
        class: tone.class(),
        severity: capital(word),
        when: when(alert),
        events: plural(alert.events, "event"),
        state: capital(&state(alert)),
        next: next(alert, watch, now),
        action,
    }
}

pub(super) async fn page(Signed(person): Signed, State(dashboard): State<Dashboard>) -> Result<Response, PageError> {
    let gate = dashboard.gate.clone().ok_or(PageError::NotFound)?;
    let evidence = dashboard.evidence.clone().ok_or(PageError::NotFound)?;
    let (accounts, all) = (gate.accounts.list().await?, gate.schools()?);
    let (register, now) = (gate.accounts.register(), gate.accounts.now());
    let account = person.session.account.id;
    let mut schools = Vec::new();
    let mut counts: BTreeMap<bool, u32> = BTreeMap::new();
    for (id, school) in gate.schools()?.iter().filter(|(id, _)| person.access.sees(Ability::Alerts, id)) {
        let base = format!("/school/{id}");
        let watch = register.watch(id).await?;
        let is_lead = person.access.sees(Ability::RevealPupil, id);
        let is_head = person.access.sees(Ability::RevealStaff, id);
        let is_chair = person.access.sees(Ability::HeadMatters, id);
        let roles = [(Role::Dsl, is_lead), (Role::Leader, is_head), (Role::Chair, is_chair)];
        let mut alerts = register.alerts(id, Listed::Open).await?;
        alerts.retain(|alert| roles.iter().any(|(role, held)| *held && alert.is_for(*role, account, now)));
        // Alerts are shown whatever becomes of the figures behind the warning; where it can't be told, it is said.
        let late = match evidence.lateness(id).await {
            Ok(Lateness::InTime) => None,
            Ok(Lateness::NoLogs) => Some(NO_LOGS),
            Ok(Lateness::Late) | Err(_) => Some(LATE),
        };
        for alert in &alerts {
            *counts.entry(alert.is_urgent()).or_default() += 1;
        }
        let alerts = alerts.iter().map(|alert| line(alert, &base, &watch, account, now)).collect();
        let is_unwatched = watch.contact.is_empty() && (is_lead || is_head);
        let waits = waits::of(register, &person, id, gate.accounts.today()).await?;
        let chairs = |account: &weir_register::accounts::Account| {
            account.roles_on(gate.accounts.today()).any(|held| held.role == Role::Chair && held.place.reach(&all).has(id))
        };
        let has_no_chair = !accounts.iter().any(chairs);
        schools.push(SchoolToday {
            name: school.name.clone(),
            base,
            late,
            is_unwatched,
            is_lead,
            is_head,
            is_chair,
            has_no_chair,
            alerts,
            waits,
        });
    }
    let of = |is_urgent: bool| counts.get(&is_urgent).copied().unwrap_or(0);
    let lede = match (of(true), of(false)) {
        (0, 0) => {
            "No alert waits. What the logs don\u{2019}t show raises no alert: no alert is no proof that all is well.".into()
        }
        (0, others) => format!("{} open, none urgent.", plural(others, "alert")),
        (urgent, others) => format!("{} open, {urgent} urgent.", plural(urgent + others, "alert")),
    };
    // Those with something to do first.
    schools.sort_by_key(|school| (school.alerts.is_empty(), school.waits.is_empty()));
    let page = TodayPage {
        frame: Frame { section: "today", ..Frame::plain("Who might need help today?") },
        several: schools.len() > 1,
        schools,
        lede,
        limits: LIMITS,
    };
    Ok(html(&page)?.into_response())
}
