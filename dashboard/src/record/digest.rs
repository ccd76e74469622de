//! The week's digest for the safeguarding lead and the head: what was raised, what came of it, what pupils searched for or were stopped from, and
//! what the logs lack. Who read it is kept.

use askama::Template;
use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;
use weir_query::alerts::Lateness;
use weir_query::saved;
use weir_register::alerts::AlertTally;
use weir_register::{Ability, Act, Action, Role};

use super::Here;
use super::panels::{Panel, panel};
use crate::Dashboard;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::words;

/// Weeks whose readers are listed.
const WEEKS: i64 = 12;

#[derive(Template)]
#[template(path = "digest.html")]
struct DigestPage {
    frame: Frame,
    school: String,
    base: String,
    span: String,
    week: String,
    before: String,
    after: Option<String>,
    alerts: Vec<String>,
    late: Option<&'static str>,
    themes: Panel,
    silent: Panel,
    /// Who read this one.
    read: Vec<String>,
    has_read: bool,
    /// Weeks before it, and who read theirs.
    earlier: Vec<(String, String)>,
    asks: bool,
}

/// Which week.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    week: Option<String>,
}

fn monday(day: Date) -> Date {
    day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days())
}

/// The last week that is over, or the one asked for.
fn week_of(wanted: Option<&str>, today: Date) -> Result<Date, PageError> {
    let last = monday(today).saturating_sub(7.days());
    match wanted {
        None => Ok(last),
        Some(text) => {
            let day: Date = text.parse().map_err(|_| PageError::NotFound)?;
            if monday(day) != day || day > monday(today) { Err(PageError::NotFound) } else { Ok(day) }
        }
    }
}

/// A week's first moment and the next one's, microseconds.
fn span_of(week: Date) -> Result<(i64, i64), PageError> {
    let zone = weir_lake::clock::zone(weir_lake::clock::DEFAULT_ZONE).ok_or(PageError::Failed)?;
    let begins = |day: Date| day.to_zoned(zone.clone()).map(|at| at.timestamp().as_microsecond()).map_err(|_| PageError::Failed);
    Ok((begins(week)?, begins(week.saturating_add(7.days()))?))
}

fn alerts(tally: &AlertTally) -> Vec<String> {
    if tally.raised == 0 {
        return vec![
            "No alert was raised. What the logs don\u{2019}t show raises none: that is no proof that all is well.".into(),
        ];
    }
    let mut lines = vec![format!("{} raised, {} of them urgent.", words::plural(tally.raised, "alert"), tally.urgent)];
    lines.push(format!("{} taken by somebody, {} still open.", tally.acknowledged, tally.open));
    if tally.closed > 0 {
        lines.push(format!("{} closed; {} told of nothing: a false alarm or a lesson.", tally.closed, tally.false_alarms));
    }
    lines
}

pub(super) async fn page(
    State(dashboard): State<Dashboard>,
    here: Here,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, PageError> {
    let wanted = wanted.map(|Query(wanted)| wanted.week).unwrap_or_default();
    let week = week_of(wanted.as_deref(), here.today())?;
    let role = if here.person.access.holds(Role::Dsl, &here.id) { saved::Role::Dsl } else { saved::Role::Head };
    // It shows small numbers: a row of the trail before any is read.
    let by = here.person.access.role_at(Ability::Alerts, &here.id);
    let act = Act::new(here.person.session.account.actor(by), Action::Query).at(&here.id).on("digest", week);
    let _receipt = here.register().audit(act).await?;
    let themes = ("themes_this_week", "What pupils searched for or were stopped from", "");
    let themes = panel(&dashboard, &here, themes, role, &[("week", week.to_string())]).await?;
    let end = week.saturating_add(6.days());
    let silent = ("silent_days", "School days without logs", "");
    let days = [("from", week.to_string()), ("to", end.min(here.today()).to_string())];
    let silent = panel(&dashboard, &here, silent, role, &days).await?;
    let facts = here.register().alert_facts(&here.id, span_of(week)?).await?;
    let read = here.register().digests_read(&here.id, week.saturating_sub((7 * WEEKS).days()), week).await?;
    let of = |monday: Date| {
        let of_week = read.iter().filter(move |read| read.week == monday);
        of_week.map(|read| format!("{}, {}, on {}", read.by, read.role.words(), words::moment(read.at))).collect::<Vec<_>>()
    };
    let earlier = (1..=WEEKS).map(|weeks| week.saturating_sub((7 * weeks).days())).map(|monday| {
        let by = of(monday);
        (words::day(monday), if by.is_empty() { "nobody said so".to_owned() } else { by.join("; ") })
    });
    let own = &here.person.session.account.name;
    let page = DigestPage {
        frame: Frame { section: "today", ..Frame::plain(&format!("The week at {}", here.name)) },
        span: format!("{} to {}", words::weekday(week), words::weekday(end)),
        before: week.saturating_sub(7.days()).to_string(),
        after: Some(week.saturating_add(7.days())).filter(|next| *next <= monday(here.today())).map(|next| next.to_string()),
        alerts: alerts(&AlertTally::of(&facts)),
        late: match here.evidence.lateness(&here.id).await {
            Ok(Lateness::InTime) => None,
            Ok(Lateness::NoLogs) => Some("No logs came from this school in the last two weeks."),
            Ok(Lateness::Late) | Err(_) => Some("Logs from this school arrive late, and alerts with them."),
        },
        has_read: read.iter().any(|read| read.week == week && read.by == *own),
        read: of(week),
        earlier: earlier.collect(),
        week: week.to_string(),
        themes,
        silent,
        asks: here.may(Ability::SavedQuestions),
        school: here.name.clone(),
        base: here.base.clone(),
    };
    Ok(html(&page)?.into_response())
}

/// The week that somebody says to have read.
#[derive(Debug, Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    week: String,
}

pub(super) async fn read(here: Here, said: Result<Form<Said>, FormRejection>) -> Result<Response, PageError> {
    let Form(said) = said?;
    let week = week_of(Some(&said.week), here.today())?;
    let by = here.by(Ability::Alerts)?;
    if let Err(error) = here.register().read_digest(by, &here.id, week, here.now()).await {
        super::wrong(error)?;
    }
    Ok(Redirect::to(&format!("{}/digest?week={week}", here.base)).into_response())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_week_is_one_that_has_begun() {
        // 23 November 2026 is a Monday.
        let today = date(2026, 11, 25);
        assert_eq!(week_of(None, today).unwrap(), date(2026, 11, 16));
        assert_eq!(week_of(Some("2026-11-23"), today).unwrap(), date(2026, 11, 23));
        for wrong in ["2026-11-24", "2026-11-30", "x", ""] {
            assert!(week_of(Some(wrong), today).is_err(), "{wrong}");
        }
    }
}
