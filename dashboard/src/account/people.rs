//! People as an administrator looks after them: who there is, what they may do where, and their links. Only those within the
//! administrator's own schools exist here.

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use serde::Deserialize;
use weir_lake::estate::School;
use weir_register::accounts::{Account, AccountError, Held, Link, NewAccount};
use weir_register::{Ability, AccountId, Place, Reach, Role};

use super::Signed;
use super::form::{About, Wrong, typed_day, wrong};
use super::ways_in::WaysIn;
use crate::error::PageError;
use crate::gate::{Gate, Person, Schools};
use crate::pages::{Frame, html};
use crate::{Dashboard, words};

/// A role somebody holds, as it is shown.
pub(super) struct RoleLine {
    id: i64,
    pub(super) words: String,
    pub(super) place: String,
    pub(super) days: String,
    is_over: bool,
}

impl RoleLine {
    pub(super) fn new(held: &Held, today: Date, place: String) -> Self {
        let days = match held.to {
            Some(to) => format!("{} to {}", words::day(held.from), words::day(to)),
            None => format!("from {}", words::day(held.from)),
        };
        let days = if held.given_by.is_some() { format!("{days}, by a group elsewhere") } else { days };
        Self { id: held.id, words: words::capital(held.role.words()), place, days, is_over: held.to.is_some_and(|to| to < today) }
    }
}

/// A place in words.
pub(super) fn place_words(place: &Place, schools: &Schools) -> String {
    match place {
        Place::Everywhere => "all schools".into(),
        Place::School(id) => schools.get(id).map_or_else(|| format!("{id} (no such school now)"), |school| school.name.clone()),
        Place::Trust(name) => format!("schools of the trust {name}"),
        Place::Authority(name) => format!("schools of the authority {name}"),
        Place::Board(name) => format!("schools of the governing body {name}"),
    }
}

/// An entry of a select.
struct Entry {
    value: String,
    words: String,
    chosen: bool,
}

struct PersonLine {
    link: String,
    name: String,
    email: String,
    roles: Vec<String>,
    state: String,
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    people: Vec<PersonLine>,
    summary: String,
}

#[derive(Template)]
#[template(path = "person_add.html")]
struct AddPage {
    frame: Frame,
    wrong: Wrong,
    typed: Typed,
    roles: Vec<Entry>,
    places: Vec<Entry>,
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    frame: Frame,
    wrong: Wrong,
    id: String,
    name: String,
    email: String,
    state: String,
    is_closed: bool,
    has_second_step: bool,
    ways: WaysIn,
    held: Vec<RoleLine>,
    typed: Typed,
    roles: Vec<Entry>,
    places: Vec<Entry>,
}

/// A link, shown this once.
#[derive(Template)]
#[template(path = "person_link.html")]
struct LinkPage {
    frame: Frame,
    name: String,
    base: String,
    link: String,
    back: String,
}

/// What is typed about a person or a role.
#[derive(Debug, Default, Clone, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

pub(super) fn gate(dashboard: &Dashboard) -> Result<&Gate, PageError> {
    dashboard.gate.as_deref().ok_or(PageError::NotFound)
}

/// Whether an administrator looks after somebody: whatever that person holds, past or to come, lies within the administrator's own
/// schools. So nobody takes over an account that reaches further than their own.
fn looks_after(person: &Person, account: &Account, schools: &Schools) -> bool {
    let over = |reach: &Reach| person.access.role_over(Ability::People, reach).is_some();
    if account.roles.is_empty() {
        over(&Reach::Everywhere)
    } else {
        account.roles.iter().all(|held| over(&held.place.reach(schools)))
    }
}

pub(super) async fn somebody(gate: &Gate, person: &Person, id: &str) -> Result<Account, PageError> {
    let id = AccountId::parse(id).ok_or(PageError::NotFound)?;
    let account = gate.accounts.get(id).await?.ok_or(PageError::NotFound)?;
    let schools = gate.schools()?;
    if looks_after(person, &account, &schools) { Ok(account) } else { Err(PageError::NotFound) }
}

fn state_words(account: &Account) -> String {
    match (account.is_closed, account.has_password, account.last_sign_in) {
        (true, _, _) => "account closed".into(),
        (_, false, _) => "link not used yet".into(),
        (_, _, Some(at)) => format!("last signed in {}", words::moment(at)),
        (_, true, None) => "never signed in".into(),
    }
}

pub(super) async fn list(State(dashboard): State<Dashboard>, Signed(person): Signed) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let (schools, today) = (gate.schools()?, gate.accounts.today());
    let all = gate.accounts.list().await?;
    let people: Vec<PersonLine> = all
        .iter()
        .filter(|account| looks_after(&person, account, &schools))
        .map(|account| PersonLine {
            link: format!("/people/{}", account.id),
            name: account.name.clone(),
            email: account.email.clone(),
            roles: account
                .roles_on(today)
                .map(|held| format!("{}, {}", words::capital(held.role.words()), place_words(&held.place, &schools)))
                .collect(),
            state: state_words(account),
        })
        .collect();
    let summary = words::plural(people.len() as u32, "account");
    Ok(html(&PeoplePage { frame: Frame { section: "people", ..Frame::plain("Who can see what?") }, people, summary })?
        .into_response())
}

fn role_entries(typed: &Typed) -> Vec<Entry> {
    Role::ALL
        .into_iter()
        .map(|role| Entry { value: role.word().into(), words: words::capital(role.words()), chosen: typed.role == role.word() })
        .collect()
}

/// The places an administrator may give roles for.
fn place_entries(person: &Person, schools: &Schools, typed: &Typed) -> Vec<Entry> {
    let mut places = vec![Place::Everywhere];
    let mut groups: Vec<Place> = Vec::new();
    let of = |school: &School| {
        [
            school.trust.clone().map(Place::Trust),
            school.authority.clone().map(Place::Authority),
            school.governing_body.clone().map(Place::Board),
        ]
    };
    groups.extend(schools.values().flat_map(of).flatten());
    groups.sort();
    groups.dedup();
    places.extend(groups);
    let mut own: Vec<&School> = schools.values().collect();
    own.sort_by(|a, b| a.name.cmp(&b.name));
    places.extend(own.into_iter().map(|school| Place::School(school.school_id.clone())));
    places
        .into_iter()
        .filter(|place| person.access.role_over(Ability::People, &place.reach(schools)).is_some())
        .map(|place| Entry {
            value: place.to_string(),
            words: words::capital(&place_words(&place, schools)),
            chosen: typed.place == place.to_string(),
        })
        .collect()
}

/// The role that was typed, if it may be given.
fn role_of(person: &Person, schools: &Schools, typed: &Typed, today: Date) -> Result<(Role, Place, Date, Option<Date>), Wrong> {
    let mut wrong = Wrong::default();
    let role = Role::parse(&typed.role);
    if role.is_none() {
        wrong.0.push(("role", "Choose a role.".into()));
    }
    let place =
        Place::parse(&typed.place).filter(|place| person.access.role_over(Ability::People, &place.reach(schools)).is_some());
    if place.is_none() {
        wrong.0.push(("place", "Choose the schools it is for.".into()));
    }
    let mut day = |field: &'static str, text: &str| match text.trim() {
        "" => None,
        text => match typed_day(text) {
            Some(day) => Some(day),
            None => {
                wrong.0.push((field, "Use a day such as 1 9 2026 or 2026-09-01.".into()));
                None
            }
        },
    };
    let from = day("from", &typed.from).unwrap_or(today);
    let to = day("to", &typed.to);
    if to.is_some_and(|to| to < from) {
        wrong.0.push(("to", "The last day is before the first.".into()));
    }
    match (role, place) {
        (Some(role), Some(place)) if wrong.is_empty() => Ok((role, place, from, to)),
        _ => Err(wrong),
    }
}

fn add_page(person: &Person, schools: &Schools, typed: Typed, wrong: Wrong) -> Result<Response, PageError> {
    let title = if wrong.is_empty() { "Add a person" } else { "Error: Add a person" };
    let page = AddPage {
        frame: Frame { section: "people", ..Frame::plain(title) },
        wrong,
        roles: role_entries(&typed),
        places: place_entries(person, schools, &typed),
        typed,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn add_form(State(dashboard): State<Dashboard>, Signed(person): Signed) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    add_page(&person, &*gate.schools()?, Typed::default(), Wrong::default())
}

const ACCOUNT_FIELDS: &[About] = &[
    ("email", |error| matches!(error, AccountError::Email | AccountError::Taken)),
    ("to", |error| matches!(error, AccountError::Days)),
];

pub(super) async fn add(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    headers: HeaderMap,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let Form(typed) = typed?;
    let schools = gate.schools()?;
    let (role, place, from, to) = match role_of(&person, &schools, &typed, gate.accounts.today()) {
        Ok(role) => role,
        Err(wrong) => return add_page(&person, &schools, typed, wrong),
    };
    let new = NewAccount { email: typed.email.clone(), name: typed.name.clone(), role, place, from, to };
    match gate.accounts.add(person.actor(Ability::People), &new).await {
        Ok((id, link)) => link_page(&gate.base(&headers), &typed.name, &link, id),
        Err(error) => {
            let wrong = wrong(error, ("name", "A name is needed."), ACCOUNT_FIELDS)?;
            add_page(&person, &schools, typed, wrong)
        }
    }
}

fn link_page(base: &str, name: &str, link: &Link, id: AccountId) -> Result<Response, PageError> {
    let page = LinkPage {
        frame: Frame { section: "people", ..Frame::plain("Hand over this link") },
        name: name.into(),
        base: base.into(),
        link: link.path(),
        back: format!("/people/{id}"),
    };
    Ok(html(&page)?.into_response())
}

async fn person_page(
    dashboard: &Dashboard,
    person: &Person,
    id: &str,
    typed: Typed,
    wrong: Wrong,
) -> Result<Response, PageError> {
    let gate = gate(dashboard)?;
    let account = somebody(gate, person, id).await?;
    let (schools, today) = (gate.schools()?, gate.accounts.today());
    let title = if wrong.is_empty() { account.name.clone() } else { format!("Error: {}", account.name) };
    let page = PersonPage {
        frame: Frame { section: "people", ..Frame::plain(&title) },
        wrong,
        id: account.id.to_string(),
        name: account.name.clone(),
        email: account.email.clone(),
        state: state_words(&account),
        is_closed: account.is_closed,
        has_second_step: account.has_second_step,
        ways: WaysIn::read(dashboard, gate, account.id).await?,
        held: account.roles.iter().map(|held| RoleLine::new(held, today, place_words(&held.place, &schools))).collect(),
        roles: role_entries(&typed),
        places: place_entries(person, &schools, &typed),
        typed,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn person(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    person_page(&dashboard, &person, &id, Typed::default(), Wrong::default()).await
}

pub(super) async fn give_role(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    Path(id): Path<String>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let Form(typed) = typed?;
    let account = somebody(gate, &person, &id).await?;
    let schools = gate.schools()?;
    let (role, place, from, to) = match role_of(&person, &schools, &typed, gate.accounts.today()) {
        Ok(role) => role,
        Err(wrong) => return person_page(&dashboard, &person, &id, typed, wrong).await,
    };
    let done = gate.accounts.give_role(person.actor(Ability::People), account.id, role, &place, from, to).await;
    finish(&dashboard, &person, &account, done, typed, "role").await
}

#[derive(Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    held: String,
    #[serde(default)]
    forgets: String,
}

pub(super) async fn end_role(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    Path(id): Path<String>,
    typed: Result<Form<Which>, FormRejection>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let Form(typed) = typed?;
    let account = somebody(gate, &person, &id).await?;
    let held = typed.held.parse().map_err(|_| PageError::NotFound)?;
    let done = gate.accounts.end_role(person.actor(Ability::People), account.id, held).await;
    finish(&dashboard, &person, &account, done, Typed::default(), "roles").await
}

pub(super) async fn link(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    typed: Result<Form<Which>, FormRejection>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let Form(typed) = typed?;
    let account = somebody(gate, &person, &id).await?;
    match gate.accounts.make_link(person.actor(Ability::People), account.id, typed.forgets == "yes").await {
        Ok(link) => link_page(&gate.base(&headers), &account.name, &link, account.id),
        Err(error) => finish(&dashboard, &person, &account, Err(error), Typed::default(), "roles").await,
    }
}

pub(super) async fn close(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let account = somebody(gate, &person, &id).await?;
    let done = gate.accounts.close(person.actor(Ability::People), account.id).await;
    finish(&dashboard, &person, &account, done, Typed::default(), "roles").await
}

pub(super) async fn reopen(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let account = somebody(gate, &person, &id).await?;
    let done = gate.accounts.reopen(person.actor(Ability::People), account.id).await;
    finish(&dashboard, &person, &account, done, Typed::default(), "roles").await
}

/// Back to the person's page: anew when it was done, with what is wrong when not.
pub(super) async fn finish(
    dashboard: &Dashboard,
    person: &Person,
    account: &Account,
    done: Result<(), AccountError>,
    typed: Typed,
    field: &'static str,
) -> Result<Response, PageError> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/people/{}", account.id)).into_response()),
        Err(error) => {
            let wrong = wrong(error, (field, "This can't be done."), &[("to", |error| matches!(error, AccountError::Days))])?;
            person_page(dashboard, person, &account.id.to_string(), typed, wrong).await
        }
    }
}
