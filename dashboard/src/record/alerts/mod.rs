//! The safeguarding lead's pages: what waits today, one alert with what happened, names behind keys, and who was shown a name.
//!
//! Each view of an alert is a row of the trail before anything is shown. Addresses from logs are plain text.

mod act;
mod asked;
mod chair;
mod list;
mod names;
mod page;
mod reveals;
mod today;
mod watch;

use axum::Router;
use axum::routing::{get, post};
use weir_query::alerts::theme_words;
use weir_register::alerts::{Alert, AlertFile, AlertKind, AlertState, Watch, Who, next_for};
use weir_register::records::By;
use weir_register::{Ability, Role};

use super::Here;
use crate::Dashboard;
use crate::error::PageError;
use crate::view::Tone;
use crate::words::{self, capital, plural};

pub(super) use names::{OTHERS, day_asked, day_wrong};
pub(super) use page::{evidence, safe, told};

/// What every list and alert says of itself.
pub(super) const LIMITS: &str =
    "A word is not an intent: a search may be homework, a song or a game, and another child may have used the device.";

/// The addresses of this part. What each asks for stands in the gate's table.
pub(super) fn routes() -> Router<Dashboard> {
    Router::new()
        .route("/today", get(today::page))
        .route("/school/{school}/alerts", get(list::page))
        .route("/school/{school}/alerts/list.csv", get(list::csv))
        .route("/school/{school}/alerts/watch", get(watch::form).post(watch::set))
        .route("/school/{school}/alerts/{alert}", get(page::page))
        .route("/school/{school}/alerts/{alert}/take", post(act::take))
        .route("/school/{school}/alerts/{alert}/note", post(act::note))
        .route("/school/{school}/alerts/{alert}/close", post(act::close))
        .route("/school/{school}/alerts/{alert}/answer", post(act::answer))
        .route("/school/{school}/alerts/{alert}/reopen", post(act::reopen))
        .route("/school/{school}/alerts/{alert}/name", get(names::of_alert_form).post(names::of_alert))
        .route("/school/{school}/names", get(names::page))
        .route("/school/{school}/names/reveal", post(names::reveal))
        .route("/school/{school}/names/find", post(names::find))
        .route("/school/{school}/names/asked/{ask}", get(asked::page).post(asked::show))
        .route("/confirm", get(asked::to_confirm))
        .route("/confirm/{ask}", post(asked::answer))
        .route("/school/{school}/head", get(chair::form).post(chair::tell))
        .route("/school/{school}/head/forget", post(chair::forget))
        .route("/school/{school}/reveals", get(reveals::page))
        .route("/school/{school}/reveals/list.csv", get(reveals::csv))
}

impl Here {
    /// As the one who reads alerts here.
    fn reader(&self) -> Result<By, PageError> {
        self.by(Ability::Watch)
    }

    /// One alert, where this reader may see it.
    pub(super) async fn alert(&self, id: i64) -> Result<(By, AlertFile), PageError> {
        let found = self.register().alert(&self.id, id).await?.ok_or(PageError::NotFound)?;
        // Somebody may be head and safeguarding lead: each role is asked.
        let held = self.case_roles().into_iter();
        let account = self.person.session.account.id;
        let role = { held }.find(|role| found.alert.is_for(*role, account, self.now()));
        Ok((By { id: account, role: role.ok_or(PageError::NotFound)? }, found))
    }

    /// The alerts among these that this reader may see.
    fn only_theirs(&self, mut alerts: Vec<Alert>) -> Vec<Alert> {
        let account = self.person.session.account.id;
        let roles = self.case_roles();
        alerts.retain(|alert| roles.iter().any(|role| alert.is_for(*role, account, self.now())));
        alerts
    }

    /// Whether they hold one of the roles that read alerts at this school.
    pub(super) fn holds(&self, role: Role) -> bool {
        marks(role).is_some_and(|ability| self.may(ability))
    }
}

/// What somebody of a role alone may do, of the roles that read alerts.
const fn marks(role: Role) -> Option<Ability> {
    match role {
        Role::Dsl => Some(Ability::RevealPupil),
        Role::Leader => Some(Ability::RevealStaff),
        Role::Chair => Some(Ability::HeadMatters),
        _ => None,
    }
}

/// "self-harm, a pupil".
pub(super) fn heading(alert: &Alert) -> String {
    let about = theme_words(&alert.theme);
    match (alert.kind, alert.who) {
        (AlertKind::Lesson, _) => format!("{about}: {}, it looks like a lesson", plural(alert.people, "pupil")),
        (AlertKind::Illegal, _) if alert.is_of_head => "content listed as illegal: the head".into(),
        (_, Who::Staff) if alert.is_of_head => format!("{about}: the head"),
        (AlertKind::Illegal, Who::Staff) => "content listed as illegal: a member of staff".into(),
        (AlertKind::Illegal, Who::Pupil) => "content listed as illegal: a pupil".into(),
        (AlertKind::Illegal, _) => "content listed as illegal: nobody known".into(),
        (_, Who::Staff) => format!("{about}: a member of staff"),
        (_, Who::Unidentified) => format!("{about}: a sign-in that is no one person\u{2019}s"),
        _ => format!("{about}: a pupil"),
    }
}

/// How pressing it is, in a word, with the class of its colour.
fn severity(alert: &Alert) -> (&'static str, Tone) {
    match alert.severity {
        _ if alert.kind == AlertKind::Lesson => ("looks like a lesson", Tone::Quiet),
        _ if alert.is_urgent() => ("urgent", Tone::Urgent),
        3 => ("high", Tone::Notice),
        _ => ("lower", Tone::Quiet),
    }
}

/// How it stands.
fn state(alert: &Alert) -> String {
    let holder = alert.holder.as_ref().map_or("somebody", |(_, name)| name.as_str());
    match alert.state {
        AlertState::New => "nobody has taken this yet".into(),
        AlertState::Taken => format!("{holder} looks into it"),
        AlertState::Closing => "waits for a second person before it is closed".into(),
        AlertState::Folded => "part of a lesson".into(),
        AlertState::Closed => {
            let outcome = alert.closing.as_ref().map_or("", |closing| closing.outcome.words());
            format!("closed: {outcome}")
        }
    }
}

/// When it happened.
fn when(alert: &Alert) -> String {
    let first = words::moment(alert.first_at);
    let last = words::moment(alert.last_at);
    let day = |moment: &str| moment.rsplit_once(", ").map_or(String::new(), |(day, _)| day.to_owned());
    match alert.events == 1 || first == last {
        true => first,
        false if day(&first) == day(&last) => format!("{first} to {}", clock(alert.last_at)),
        false => format!("{first} to {last}"),
    }
}

/// What comes if nobody takes it.
fn next(alert: &Alert, watch: &Watch, now: i64) -> Option<String> {
    if alert.state != AlertState::New || !alert.is_urgent() || alert.who == Who::Staff {
        return None;
    }
    Some(match next_for(alert, watch, now) {
        Some((to, at)) => format!("If nobody takes it, next is {} at {}.", to.words(), clock(at)),
        None if watch.contact.is_empty() => {
            "Everybody at school who can be told has been. Nobody is named for out of hours, so nobody is watching.".into()
        }
        None => format!("{} is to be told out of hours: {}.", watch.contact, watch.reach),
    })
}

/// `14:05`.
fn clock(micros: i64) -> String {
    words::moment(micros).rsplit(", ").next().unwrap_or_default().to_owned()
}

/// The title of an alert's page and of its line in lists.
fn title(alert: &Alert) -> String {
    capital(&heading(alert))
}
