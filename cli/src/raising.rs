//! Raising alerts: the lake's events, weighed by the reader's data, into the register. A function on one snapshot, so that a night and a
//! watch over inboxes raise them alike.

use std::collections::BTreeSet;

use weir_dashboard::{Names, VaultNames};
use weir_ingest::engine::vendor_of;
use weir_ingest::format::Catalogue;
use weir_ingest::normalise::Reference;
use weir_ingest::normalise::lexicon::Intent;
use weir_lake::clock;
use weir_lake::estate::Estate;
use weir_lake::ids::SchoolId;
use weir_lake::lake::Snapshot;
use weir_lake::vault::Vault;
use weir_query::alerts::{Days, Found, FoundEvent, Group, Person, Weights, days_since, found};
use weir_query::engine::{Engine, EngineOptions};
use weir_register::accounts::{Account, Accounts};
use weir_register::alerts::{NewEvent, NewGroup, Raised, What, Who};
use weir_register::{Action, Register, Role};

use crate::commands;

/// Which days are looked at.
#[derive(Debug, Clone, Copy)]
pub enum Look {
    /// Those that what came since the last look tells of, two weeks back at most.
    New,
    /// These, whether they were looked at or not.
    Days(Days),
}

/// What was looked at, and what came of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Report {
    /// The days; none where nothing new had come.
    pub days: Option<Days>,
    /// What came of them.
    pub raised: Raised,
}

/// Raises what the lake now holds and the register does not know. Running it again adds nothing.
pub async fn raise(
    estate: &Estate,
    snapshot: &Snapshot,
    catalogue: &Catalogue,
    register: &Register,
    look: Look,
) -> anyhow::Result<Report> {
    let options = EngineOptions { meanings: commands::meanings(estate)?, ..EngineOptions::default() };
    let engine = Engine::open(snapshot, estate, &options)?;
    let days = match look {
        Look::Days(days) => Some(days),
        Look::New => days_since(&engine, register.alerts_looked_at().await?).await?,
    };
    let Some(days) = days else { return Ok(Report::default()) };
    let reference = Reference::of_estate(estate)?;
    let groups = found(&engine, days, &weights(&reference, catalogue)).await?;
    let groups = groups.into_iter().map(group).collect::<anyhow::Result<Vec<_>>>()?;
    heads(estate, register, &groups).await?;
    // Looking at days that somebody names is no look at all that is new.
    let looked_at = matches!(look, Look::New).then(|| (engine.lake_version(), engine.today()));
    let raised = register.raise_alerts(commands::act(Action::RaiseAlerts), &groups, looked_at, clock::now_micros()).await?;
    Ok(Report { days: Some(days), raised })
}

/// Notes under which keys the heads of schools with alerts of staff stand in the logs, so that nobody reads of themselves.
async fn heads(estate: &Estate, register: &Register, groups: &[NewGroup]) -> anyhow::Result<()> {
    let schools: BTreeSet<&SchoolId> = groups.iter().filter(|group| group.who == Who::Staff).map(|group| &group.school).collect();
    if schools.is_empty() {
        return Ok(());
    }
    let vault = Vault::open(&estate.vault_root, &estate.lake_root)?;
    let accounts = Accounts::new(register.clone(), &vault);
    let today = accounts.today();
    let people = accounts.list().await?;
    let own = estate.clone();
    let names = VaultNames::new(vault, move || Ok(own.clone()));
    for school in schools {
        let leads = |account: &&Account| {
            let mut held = account.roles_on(today);
            held.any(|held| held.role == Role::Leader && held.place.reach(&estate.schools).has(school))
        };
        let mut keys = Vec::new();
        for account in people.iter().filter(leads) {
            keys.extend(names.find(school, &account.email, today).map_err(anyhow::Error::msg)?);
        }
        register.find_head_keys(school, &keys).await?;
    }
    Ok(())
}

/// What entries and vendors' words weigh.
fn weights<'a>(reference: &'a Reference, catalogue: &'a Catalogue) -> Weights<'a> {
    let entries: std::collections::HashMap<&str, (i64, bool)> = reference
        .lexicon
        .entries()
        .map(|(entry, _)| (entry.id.as_str(), (i64::from(entry.weight), entry.intent == Intent::Planning)))
        .collect();
    Weights {
        entry: Box::new(move |id| entries.get(id).copied()),
        vendor: Box::new(move |format, words, host, category| {
            let vendor = catalogue.get(format).ok().and_then(|format| vendor_of(reference, &format));
            let taxonomies = &reference.taxonomies;
            let mapped = taxonomies.join(taxonomies.map(vendor.as_deref(), words, "", &mut |_| {}), taxonomies.own(host))?;
            let name = &taxonomies.categories().get(usize::from(mapped.category))?.id;
            (name == category).then_some(i64::from(mapped.severity))
        }),
    }
}

fn group(found: Found) -> anyhow::Result<NewGroup> {
    let (who, subject, shared) = match found.group {
        Group::Lesson(shared) => (Who::Class, None, Some(shared)),
        Group::One(Person::Pupil(key)) => (Who::Pupil, Some(key), None),
        Group::One(Person::Staff(key)) => (Who::Staff, key, None),
        Group::One(Person::Unidentified(key)) => (Who::Unidentified, key, None),
    };
    Ok(NewGroup {
        school: SchoolId::parse(&found.school)?,
        who,
        subject,
        shared,
        theme: found.theme,
        is_illegal: found.is_illegal,
        score: found.score,
        events: found.events.into_iter().map(event).collect::<anyhow::Result<_>>()?,
    })
}

fn event(event: FoundEvent) -> anyhow::Result<NewEvent> {
    let what = What::parse(&event.what).ok_or_else(|| anyhow::anyhow!("an event of an unknown kind"))?;
    Ok(NewEvent {
        identity: event.identity,
        at: event.at,
        day: event.day,
        subject: event.subject,
        file_id: event.file_id,
        line_no: event.line_no,
        what,
        severity: u8::try_from(event.severity)?,
        asks_for_help: event.asks_for_help,
        raises: event.raises,
    })
}
