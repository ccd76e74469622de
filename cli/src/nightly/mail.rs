//! The letters of a night: to technicians when a feed is silent or the night failed, to safeguarding leads when a week is over, to
//! governors when a half-term is published. None says more than that.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use jiff::ToSpan;
use jiff::civil::Date;
use weir_lake::calendar::Calendar;
use weir_lake::clock;
use weir_lake::estate::{CalendarState, Estate};
use weir_lake::ids::SchoolId;
use weir_lake::lake::Lake;
use weir_post::{HalfTermOver, WaitsFor};
use weir_query::engine::{Engine, EngineOptions};
use weir_query::output::rows_as_json;
use weir_register::Actor;
use weir_register::accounts::Accounts;
use weir_register::alerts::{Notice, To};

use super::Said;
use super::report::How;
use crate::commands;

/// A half-term that ended longer ago is no news: mail may have been set up since.
const NEWS_DAYS: i32 = 60;

/// Writes what there is to write and sends all that is due.
pub fn step(estate: &Estate, lake: &Lake, how: How, silent: Vec<(BTreeSet<SchoolId>, String)>) -> anyhow::Result<Said> {
    let over = half_terms_over(estate, lake);
    let today = clock::today_here();
    commands::runtime()?.block_on(async {
        let accounts = Accounts::of_estate(estate).await?;
        let actor = Actor::of_command();
        if matches!(how, How::Failed | How::Skipped) {
            weir_post::night_failed(&accounts, estate, &actor, today).await?;
        }
        let silent: Vec<BTreeSet<SchoolId>> = silent.into_iter().map(|(schools, _)| schools).collect();
        weir_post::feeds_silent(&accounts, estate, &actor, &silent, today).await?;
        alerts_told(&accounts, estate, &actor).await?;
        weir_post::digest(&accounts, estate, &actor, &had_school(estate, today), today).await?;
        // A lake that can't be asked keeps no technician from being told so.
        let look = match over {
            Ok(over) => weir_post::termly_review(&accounts, estate, &actor, &over).await.map(|_| None)?,
            Err(error) => Some(format!("whether a half-term was published could not be told: {error:#}")),
        };
        let (text, mut said) = sent(&accounts, estate, &actor).await?;
        said.extend(look);
        accounts.register().close().await;
        Ok((text, said))
    })
}

/// Tells technicians of a night that did not come to its steps.
pub fn night_did_not_begin(estate: &Estate) -> anyhow::Result<()> {
    if estate.mail.is_none() {
        return Ok(());
    }
    commands::runtime()?.block_on(async {
        let accounts = Accounts::of_estate(estate).await?;
        let actor = Actor::of_command();
        weir_post::night_failed(&accounts, estate, &actor, clock::today_here()).await?;
        let (text, look) = sent(&accounts, estate, &actor).await?;
        accounts.register().close().await;
        anyhow::ensure!(look.is_empty(), "{text}: {}", look.join("; "));
        Ok(())
    })
}

/// Tells of alerts that wait, and sends what is due: between nights.
pub fn of_alerts(estate: &Estate) -> anyhow::Result<Said> {
    commands::runtime()?.block_on(async {
        let accounts = Accounts::of_estate(estate).await?;
        let actor = Actor::of_command();
        alerts_told(&accounts, estate, &actor).await?;
        let said = sent(&accounts, estate, &actor).await?;
        accounts.register().close().await;
        Ok(said)
    })
}

/// Writes to whoever is to be told of an alert that nobody has taken. A contact out of hours who has no account stands on the page.
async fn alerts_told(accounts: &Accounts, estate: &Estate, actor: &Actor) -> anyhow::Result<()> {
    if estate.mail.is_none() {
        return Ok(());
    }
    let (register, now) = (accounts.register(), accounts.now());
    let due = register.due_notices(now).await?;
    let mut together: BTreeMap<(&SchoolId, WaitsFor), Vec<&Notice>> = BTreeMap::new();
    for notice in &due {
        let waits_for = match notice.to {
            To::Lead | To::Deputies => WaitsFor::Leads,
            To::Head => WaitsFor::Head,
            To::Chair => WaitsFor::Chair,
            To::Contact => continue,
        };
        together.entry((&notice.school, waits_for)).or_default().push(notice);
    }
    for ((school, to), notices) in together {
        let newest = notices.iter().map(|notice| notice.alert).max().unwrap_or_default();
        let urgent = notices.iter().any(|notice| notice.is_urgent);
        let items = u32::try_from(notices.len()).unwrap_or(u32::MAX);
        let newest = format!("alert {newest}, {}", if urgent { "urgent" } else { "in turn" });
        let waiting = weir_post::Waiting { school, to, items, urgent, newest: &newest };
        // Where nobody holds the role yet, nobody was told: a later look does it.
        if weir_post::waiting(accounts, estate, actor, &waiting).await? > 0 {
            for notice in notices {
                register.notice_sent(notice, now).await?;
            }
        }
    }
    Ok(())
}

/// Sends what is due, and says what came of it.
pub async fn sent(accounts: &Accounts, estate: &Estate, actor: &Actor) -> anyhow::Result<Said> {
    let delivery = weir_post::deliver(accounts, estate, actor).await?;
    let sent = match delivery.sent {
        0 => String::from("nothing was sent"),
        1 => String::from("1 letter sent"),
        many => format!("{many} letters sent"),
    };
    let text = match delivery.waiting {
        0 => sent,
        1 => format!("{sent}; 1 waits"),
        many => format!("{sent}; {many} wait"),
    };
    Ok((text, delivery.failures))
}

/// Schools with a school day in the week before this one. One whose term dates are unknown counts always.
fn had_school(estate: &Estate, today: Date) -> BTreeSet<SchoolId> {
    let calendar = Calendar::new(estate);
    let monday = today.saturating_sub(i64::from(today.weekday().to_monday_zero_offset()).days());
    let (first, last) = (monday.saturating_sub(7.days()), monday.saturating_sub(1.day()));
    let had = |school: &&SchoolId| calendar.state(school) == CalendarState::None || calendar.school_days(school, first, last) > 0;
    estate.schools.keys().filter(had).cloned().collect()
}

/// The half-terms whose figures governors can read since lately.
fn half_terms_over(estate: &Estate, lake: &Lake) -> anyhow::Result<Vec<HalfTermOver>> {
    let engine = Engine::open(&lake.snapshot()?, estate, &EngineOptions::default())?;
    let text = "SELECT school_id, academic_year, period, CAST(max(event_date) AS VARCHAR) AS ended FROM published_figures \
                WHERE audience = 'governor' AND grain = 'school' AND period > 0 GROUP BY school_id, academic_year, period";
    let answer = commands::runtime()?.block_on(engine.sql(text, None))?;
    let since = clock::today_here().saturating_sub(NEWS_DAYS.days());
    let mut over = Vec::new();
    for batch in &answer.batches {
        for row in rows_as_json(batch)? {
            let text =
                |name: &str| row.get(name).and_then(|value| value.as_str()).context("a published figure without its period");
            let ended: Date = text("ended")?.parse()?;
            let period =
                row.get("period").and_then(serde_json::Value::as_i64).context("a published figure without its period")?;
            if ended >= since {
                over.push(HalfTermOver {
                    school: SchoolId::parse(text("school_id")?)?,
                    ended,
                    which: format!("{} half-term {period}", text("academic_year")?),
                });
            }
        }
    }
    Ok(over)
}
