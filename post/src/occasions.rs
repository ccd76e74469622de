//! The occasions for a letter, and who gets it. Each may be called as often as anybody likes: nobody hears of one thing twice.
//!
//! Without `[mail]` in weir.toml nothing is written.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use weir_lake::estate::Estate;
use weir_lake::ids::SchoolId;
use weir_register::Actor;
use weir_register::accounts::Accounts;
use weir_register::outbox::{LetterKind, NewLetter};

use crate::PostError;
use crate::deliver::schools_of;

/// A half-term whose figures are published.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HalfTermOver {
    /// Where.
    pub school: SchoolId,
    /// Its last day.
    pub ended: Date,
    /// Which: its academic year and number.
    pub which: String,
}

/// For whom something waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaitsFor {
    /// The safeguarding leads.
    Leads,
    /// The head.
    Head,
    /// The chair of governors.
    Chair,
}

/// Something that waits at a school.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting<'a> {
    /// Where.
    pub school: &'a SchoolId,
    /// For whom: the safeguarding leads, the head, or the chair of governors.
    pub to: WaitsFor,
    /// How many things in all.
    pub items: u32,
    /// Whether one of them is urgent.
    pub urgent: bool,
    /// What the newest is, so that the same is not told twice. It stands in no letter.
    pub newest: &'a str,
}

/// Tells that something waits. Gives how many people are written to.
pub async fn waiting(accounts: &Accounts, estate: &Estate, actor: &Actor, what: &Waiting<'_>) -> Result<u32, PostError> {
    let kind = match what.to {
        WaitsFor::Leads => LetterKind::Waiting,
        WaitsFor::Head => LetterKind::WaitingForHead,
        WaitsFor::Chair => LetterKind::WaitingForChair,
    };
    each(accounts, estate, actor, kind, |schools| {
        let is_theirs = schools.contains(&what.school);
        is_theirs.then(|| Occasion {
            school: Some(what.school.clone()),
            about: what.newest.to_owned(),
            items: what.items,
            urgent: what.urgent,
        })
    })
    .await
}

/// The week before a day is over, for the safeguarding leads of these schools. One letter a person and week.
pub async fn digest(
    accounts: &Accounts,
    estate: &Estate,
    actor: &Actor,
    schools: &BTreeSet<SchoolId>,
    day: Date,
) -> Result<u32, PostError> {
    let week = day.iso_week_date();
    let about = format!("{}-W{:02}", week.year(), week.week());
    each(accounts, estate, actor, LetterKind::Digest, |own| {
        let has_one = own.iter().any(|school| schools.contains(*school));
        has_one.then(|| Occasion { school: None, about: about.clone(), items: 0, urgent: false })
    })
    .await
}

/// Feeds without logs, by school: each technician is told how many of theirs, once a day.
pub async fn feeds_silent(
    accounts: &Accounts,
    estate: &Estate,
    actor: &Actor,
    feeds: &[BTreeSet<SchoolId>],
    day: Date,
) -> Result<u32, PostError> {
    each(accounts, estate, actor, LetterKind::FeedSilent, |own| {
        let theirs = feeds.iter().filter(|schools| own.iter().any(|school| schools.contains(*school))).count();
        let items = u32::try_from(theirs).unwrap_or(u32::MAX);
        (items > 0).then(|| Occasion { school: None, about: day.to_string(), items, urgent: true })
    })
    .await
}

/// A night failed, or left steps out: technicians are told, once a day.
pub async fn night_failed(accounts: &Accounts, estate: &Estate, actor: &Actor, day: Date) -> Result<u32, PostError> {
    each(accounts, estate, actor, LetterKind::NightFailed, |_| {
        Some(Occasion { school: None, about: day.to_string(), items: 1, urgent: true })
    })
    .await
}

/// Half-terms whose figures are published: each governor is told of their newest.
pub async fn termly_review(accounts: &Accounts, estate: &Estate, actor: &Actor, over: &[HalfTermOver]) -> Result<u32, PostError> {
    let mut newest: BTreeMap<&SchoolId, &HalfTermOver> = BTreeMap::new();
    for half_term in over {
        let slot = newest.entry(&half_term.school).or_insert(half_term);
        if slot.ended < half_term.ended {
            *slot = half_term;
        }
    }
    each(accounts, estate, actor, LetterKind::TermlyReview, |own| {
        let which = own.iter().filter_map(|school| newest.get(*school)).max_by_key(|over| over.ended)?;
        Some(Occasion { school: None, about: which.which.clone(), items: 1, urgent: false })
    })
    .await
}

/// A letter but for whom it is for.
struct Occasion {
    school: Option<SchoolId>,
    about: String,
    items: u32,
    urgent: bool,
}

/// Writes to each person who holds the role today, where there is an occasion for them.
async fn each(
    accounts: &Accounts,
    estate: &Estate,
    actor: &Actor,
    kind: LetterKind,
    occasion: impl Fn(&[&SchoolId]) -> Option<Occasion>,
) -> Result<u32, PostError> {
    if estate.mail.is_none() {
        return Ok(0);
    }
    let mut written = 0;
    for account in accounts.list().await? {
        let schools = schools_of(&account, kind, estate, accounts.today());
        if schools.is_empty() {
            continue;
        }
        let Some(Occasion { school, about, items, urgent }) = occasion(&schools) else { continue };
        let new = NewLetter { account: account.id, kind, school, about, items, urgent };
        if accounts.register().write_letter(actor.clone(), &new, accounts.now()).await? {
            written += 1;
        }
    }
    Ok(written)
}
