//! A name behind a key, and the key behind a name: one person at a time, for a reason, with the row of the trail before the answer.
//!
//! Pupils are the safeguarding lead's matter. A member of staff's name takes two: see `asked`.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use weir_lake::ids::UserKey;
use weir_lake::names::ClearName;
use weir_register::alerts::{Alert, Who, reason};
use weir_register::records::By;
use weir_register::{Ability, AccountId, Action, Role};

use super::page::{may_know, named};
use super::{heading, severity};
use crate::account::form::Wrong;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::record::check::number;
use crate::record::check_form::FormPage;
use crate::record::fields::{Entry, Field, Takes, Typed, filled};
use crate::record::{Here, wrong};

type Sent = Result<Form<Typed>, FormRejection>;

#[derive(Template)]
#[template(path = "names.html")]
struct NamesPage {
    frame: Frame,
    school: String,
    base: String,
    wrong: Wrong,
    /// Whose names: "a pupil", "a member of staff".
    whose: &'static str,
    revealing: Vec<Field>,
    finding: Vec<Field>,
    /// Key and name, shown this once.
    name: Option<(String, ClearName)>,
    /// Keys of a name.
    keys: Option<Vec<String>>,
    /// What this head asked for lately.
    asked: Vec<(i64, String, &'static str)>,
    is_staff: bool,
    /// A pupil's day as a file.
    copying: Vec<Field>,
}

fn why_field(name: &'static str) -> Field {
    Field::new(name, "Why you need it", "It goes into the audit trail, which the head reads. No name.", Takes::Lines)
}

impl Here {
    /// Under which role they may come to a name here: a pupil's as safeguarding lead, a member of staff's as head.
    fn names_under(&self) -> Result<(By, bool), PageError> {
        match self.by(Ability::RevealPupil) {
            Ok(by) => Ok((by, false)),
            Err(_) => Ok((self.by(Ability::RevealStaff)?, true)),
        }
    }

    /// Somebody of this school who may stand beside a head: a safeguarding lead, another head, a governor, whoever protects data.
    async fn seconds(&self) -> Result<Vec<Entry>, PageError> {
        let (today, own) = (self.today(), self.person.session.account.id);
        let schools = self.gate.schools()?;
        let fit = [Role::Dsl, Role::Leader, Role::Governor, Role::Chair, Role::DataProtection];
        let all = self.gate.accounts.list().await?;
        let stands = |account: &&weir_register::accounts::Account| {
            account.id != own
                && account.roles_on(today).any(|held| fit.contains(&held.role) && held.place.reach(&schools).has(&self.id))
        };
        Ok(all.iter().filter(stands).map(|account| Entry::new(account.id.to_string(), account.name.clone())).collect())
    }

    async fn second_field(&self, is_staff: bool) -> Result<Vec<Field>, PageError> {
        if !is_staff {
            return Ok(Vec::new());
        }
        let hint = "They confirm it from their own account within 24 hours, and are not shown the name.";
        Ok(vec![Field::new("second", "Second person", hint, Takes::OneOf(self.seconds().await?))])
    }

    /// The second person of a form, if it is one who may stand there.
    async fn second(&self, typed: &Typed) -> Result<Option<AccountId>, PageError> {
        let fit = self.seconds().await?;
        Ok(fit.iter().find(|entry| entry.value == typed.of("second")).and_then(|entry| AccountId::parse(&entry.value)))
    }
}

/// What stands in the field before anything is typed: which alert, and no more.
fn prefilled(alert: &Alert) -> String {
    format!("Alert {}, {}, {}. To see whether this person needs help.", alert.id, severity(alert).0, heading(alert))
}

async fn alert_form(here: Here, alert: &Alert, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let mut fields = vec![why_field("reason")];
    fields.extend(here.second_field(alert.who == Who::Staff).await?);
    let heading = "Whose alert is this?";
    let page = FormPage {
        frame: Frame { section: "today", ..FormPage::frame(heading, &wrong) },
        heading,
        lede: vec![if alert.who == Who::Staff {
            "Somebody else confirms it first. Then the name is shown to you until the alert closes, and each time is written down."
        } else {
            "The name is shown to you until the alert closes, and each time you see it is written down."
        }],
        action: format!("{}/alerts/{}/name", here.base, alert.id),
        back: (format!("{}/alerts/{}", here.base, alert.id), "The alert"),
        fields: filled(fields, typed, &wrong),
        button: if alert.who == Who::Staff { "Ask for the name" } else { "Show the name" },
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

/// An alert that this reader holds, and whose name they may know.
async fn held(here: &Here, id: i64) -> Result<(By, Alert, UserKey), PageError> {
    let (by, file) = here.alert(id).await?;
    let is_fit = file.alert.is_held_by(by.id) && may_know(here, &file.alert) && here.names.is_some();
    let key = file.alert.subject.clone().filter(|_| is_fit).ok_or(PageError::NotFound)?;
    Ok((by, file.alert, key))
}

pub(super) async fn of_alert_form(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    let (_, alert, _) = held(&here, number(&id)?).await?;
    let typed = Typed::default().with("reason", prefilled(&alert));
    alert_form(here, &alert, &typed, Wrong::default()).await
}

pub(super) async fn of_alert(here: Here, Path((_, id)): Path<(String, String)>, typed: Sent) -> Result<Response, PageError> {
    let (Form(typed), id) = (typed?, number(&id)?);
    let (by, alert, key) = held(&here, id).await?;
    if alert.who == Who::Staff {
        let asks = (typed.of("reason"), here.second(&typed).await?);
        return match here.register().ask_staff_name(by, &here.id, &key, asks, Some(&alert), here.now()).await {
            Ok(ask) => Ok(Redirect::to(&format!("{}/names/asked/{ask}", here.base)).into_response()),
            Err(error) => alert_form(here, &alert, &typed, wrong(error)?).await,
        };
    }
    match here.register().reveal(by, &here.id, &key, typed.of("reason"), Some(&alert), here.now()).await {
        Ok(receipt) => {
            receipt.spend(Action::Reveal, Some(&key))?;
            Ok(Redirect::to(&format!("{}/alerts/{id}", here.base)).into_response())
        }
        Err(error) => alert_form(here, &alert, &typed, wrong(error)?).await,
    }
}

/// What the page of names shows below its forms.
#[derive(Default)]
struct Answer {
    name: Option<(String, ClearName)>,
    keys: Option<Vec<String>>,
}

/// Which of the two forms was sent: its fields keep what was typed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Neither,
    Reveal,
    Find,
    Day,
}

async fn names_page(here: Here, typed: Typed, wrong: Wrong, sent: Which, answer: Answer) -> Result<Response, PageError> {
    let (_, is_staff) = here.names_under()?;
    let mut revealing = vec![
        Field::new("key", "Key", "As an alert or a saved question prints it: k1- and 32 letters and digits.", Takes::Line(60)),
        why_field("reason"),
    ];
    revealing.extend(here.second_field(is_staff).await?);
    let log_in =
        Field::new("login", "Log-in", "As the filter writes it, for example jsmith. It is kept nowhere.", Takes::Line(100));
    let finding = vec![log_in, why_field("find_reason")];
    let copying = vec![
        Field::new("day_key", "Key", "", Takes::Line(60)),
        Field::new("day", "Day", "For example 23 11 2026.", Takes::Day),
        why_field("day_reason"),
        Field::new("day_form", "As", "", Takes::OneOf(vec![Entry::new("text", "Text"), Entry::new("csv", "CSV")])),
    ];
    let asked = if is_staff { own_asked(&here).await? } else { Vec::new() };
    let none = (Typed::default(), Wrong::default());
    let of = |form: Which| if form == sent { (typed.clone(), wrong.clone()) } else { none.clone() };
    let ((typed_reveal, wrong_reveal), (typed_find, wrong_find)) = (of(Which::Reveal), of(Which::Find));
    let (typed_day, wrong_day) = of(Which::Day);
    let title = if wrong.is_empty() { "Names behind keys" } else { "Error: Names behind keys" };
    let page = NamesPage {
        frame: Frame { section: "today", ..Frame::plain(title) },
        whose: if is_staff { "a member of staff" } else { "a pupil" },
        revealing: filled(revealing, &typed_reveal, &wrong_reveal),
        finding: filled(finding, &typed_find, &wrong_find),
        copying: if is_staff { Vec::new() } else { filled(copying, &typed_day, &wrong_day) },
        is_staff,
        asked,
        name: answer.name,
        keys: answer.keys,
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

/// What this head asked for: number, when, and how it stands.
async fn own_asked(here: &Here) -> Result<Vec<(i64, String, &'static str)>, PageError> {
    let (own, now) = (here.person.session.account.id, here.now());
    let all = here.register().staff_names_asked(&here.id).await?;
    let line = |one: &weir_register::alerts::StaffReveal| {
        (one.id, crate::words::moment(one.asked_at), super::asked::state_words(one.state(now)))
    };
    Ok(all.iter().filter(|one| one.asked_by.0 == own).map(line).collect())
}

/// Whose day is asked for, which, and whether as CSV; otherwise what is wrong.
pub(in crate::record) fn day_asked(here: &Here, typed: &Typed) -> Result<(UserKey, jiff::civil::Date, bool), Wrong> {
    let mut faults = Wrong::default();
    let key = UserKey::parse(typed.of("day_key").trim()).ok();
    if key.is_none() {
        faults.0.push(("day_key", "Use a key such as an alert prints.".into()));
    }
    let day = typed.day("day", &mut faults);
    if typed.of("day").trim().is_empty() || day.is_some_and(|day| day > here.today()) {
        faults.0.push(("day", "Give a day that is not still to come.".into()));
    }
    let form = match typed.of("day_form") {
        "text" => Some(false),
        "csv" => Some(true),
        _ => None,
    };
    if form.is_none() {
        faults.0.push(("day_form", "Choose how to copy it.".into()));
    }
    match (key, day, form) {
        (Some(key), Some(day), Some(form)) if faults.is_empty() => Ok((key, day, form)),
        _ => Err(faults),
    }
}

/// The page of names again, with what is wrong with the form of a day.
pub(in crate::record) async fn day_wrong(here: Here, typed: Typed, wrong: Wrong) -> Result<Response, PageError> {
    names_page(here, typed, wrong, Which::Day, Answer::default()).await
}

pub(super) async fn page(here: Here) -> Result<Response, PageError> {
    names_page(here, Typed::default(), Wrong::default(), Which::Neither, Answer::default()).await
}

/// Whether the logs show somebody else behind a key than this reader may know.
async fn is_others(here: &Here, key: &UserKey, is_staff: bool) -> Result<bool, PageError> {
    let types = here.evidence.user_types(&here.id, key).await?;
    Ok(types.contains("staff") != is_staff)
}

pub(in crate::record) const OTHERS: (&str, &str) = (
    "The logs show a member of staff behind this key: the head asks for that name.",
    "The logs show no member of staff behind this key: the safeguarding lead asks for a pupil\u{2019}s name.",
);

pub(super) async fn reveal(here: Here, typed: Sent) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let (by, is_staff) = here.names_under()?;
    let names = here.names.clone().ok_or(PageError::NotFound)?;
    let Ok(key) = UserKey::parse(typed.of("key").trim()) else {
        let wrong = Wrong::one("key", "Use a key such as an alert prints.");
        return names_page(here, typed, wrong, Which::Reveal, Answer::default()).await;
    };
    if is_others(&here, &key, is_staff).await? {
        let wrong = Wrong::one("key", if is_staff { OTHERS.1 } else { OTHERS.0 });
        return names_page(here, typed, wrong, Which::Reveal, Answer::default()).await;
    }
    if is_staff {
        let asks = (typed.of("reason"), here.second(&typed).await?);
        return match here.register().ask_staff_name(by, &here.id, &key, asks, None, here.now()).await {
            Ok(ask) => Ok(Redirect::to(&format!("{}/names/asked/{ask}", here.base)).into_response()),
            Err(error) => names_page(here, typed, wrong(error)?, Which::Reveal, Answer::default()).await,
        };
    }
    match here.register().reveal(by, &here.id, &key, typed.of("reason"), None, here.now()).await {
        Ok(receipt) => {
            receipt.spend(Action::Reveal, Some(&key))?;
            let found = named(names, key.clone(), &here).await?;
            let Some(name) = found else {
                let wrong = Wrong::one("key", "The vault has no name of this school behind this key.");
                return names_page(here, typed, wrong, Which::Reveal, Answer::default()).await;
            };
            let answer = Answer { name: Some((key.as_str().to_owned(), name)), keys: None };
            names_page(here, Typed::default(), Wrong::default(), Which::Neither, answer).await
        }
        Err(error) => names_page(here, typed, wrong(error)?, Which::Reveal, Answer::default()).await,
    }
}

pub(super) async fn find(here: Here, typed: Sent) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let (by, is_staff) = here.names_under()?;
    let names = here.names.clone().ok_or(PageError::NotFound)?;
    if typed.of("login").trim().is_empty() {
        return names_page(here, typed, Wrong::one("login", "Type a log-in."), Which::Find, Answer::default()).await;
    }
    if reason(typed.of("find_reason")).is_err() {
        return names_page(here, typed, Wrong::one("find_reason", "Say why you need the key."), Which::Find, Answer::default())
            .await;
    }
    let receipt = match here.register().find_key(by, &here.id, typed.of("find_reason")).await {
        Ok(receipt) => receipt,
        Err(error) => {
            wrong(error)?;
            return Err(PageError::NotUnderstood);
        }
    };
    receipt.spend(Action::Find, None)?;
    let (school, today, login) = (here.id.clone(), here.today(), typed.of("login").to_owned());
    let found = tokio::task::spawn_blocking(move || names.find(&school, &login, today)).await.map_err(|_| PageError::Failed)?;
    let found = found.map_err(|error| {
        tracing::error!(%error, "the vault could not be read");
        PageError::Failed
    })?;
    let mut keys = Vec::new();
    for key in found {
        if !is_others(&here, &key, is_staff).await? {
            keys.push(key.as_str().to_owned());
        }
    }
    names_page(here, Typed::default(), Wrong::default(), Which::Neither, Answer { name: None, keys: Some(keys) }).await
}
