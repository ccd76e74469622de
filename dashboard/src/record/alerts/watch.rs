//! Who is told first, and whom to reach when nobody at school answers.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use weir_register::Role;
use weir_register::alerts::Watch;

use crate::account::form::Wrong;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::record::check_form::FormPage;
use crate::record::fields::{Entry, Field, Takes, Typed, filled};
use crate::record::{Here, wrong};

async fn leads(here: &Here) -> Result<Vec<Entry>, PageError> {
    let (today, schools) = (here.today(), here.gate.schools()?);
    let all = here.gate.accounts.list().await?;
    let is_dsl = |account: &&weir_register::accounts::Account| {
        account.roles_on(today).any(|held| held.role == Role::Dsl && held.place.reach(&schools).has(&here.id))
    };
    Ok(all.iter().filter(is_dsl).map(|account| Entry::new(account.id.to_string(), account.name.clone())).collect())
}

async fn show(here: Here, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let fields = vec![
        Field::new(
            "lead",
            "Safeguarding lead",
            "Told first. Everybody else with this role is a deputy.",
            Takes::OneOf(leads(&here).await?),
        ),
        Field::new(
            "contact",
            "Contact out of hours",
            "A person or a duty line that somebody answers at any hour. Leave it empty if there is none.",
            Takes::Line(100),
        ),
        Field::new("reach", "How to reach them", "A telephone number or an address.", Takes::Line(100)),
    ];
    let heading = "Who is watching?";
    let page = FormPage {
        frame: Frame { section: "today", ..FormPage::frame(heading, &wrong) },
        heading,
        lede: vec![
            "An urgent alert that nobody takes: the deputies are next after 30 minutes, the head after 60, then the contact out of hours.",
        ],
        action: format!("{}/alerts/watch", here.base),
        back: (format!("{}/alerts", here.base), "Alerts"),
        fields: filled(fields, typed, &wrong),
        button: "Save",
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn form(here: Here) -> Result<Response, PageError> {
    let watch = here.register().watch(&here.id).await?;
    let typed = Typed::default()
        .with("lead", watch.lead.map(|lead| lead.to_string()).unwrap_or_default())
        .with("contact", watch.contact)
        .with("reach", watch.reach);
    show(here, &typed, Wrong::default()).await
}

pub(super) async fn set(here: Here, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let by = here.reader()?;
    let fit = leads(&here).await?;
    let lead =
        fit.iter().find(|entry| entry.value == typed.of("lead")).and_then(|entry| weir_register::AccountId::parse(&entry.value));
    let new = Watch { lead, contact: typed.of("contact").into(), reach: typed.of("reach").into() };
    match here.register().set_watch(by, &here.id, &new, here.now()).await {
        Ok(()) => Ok(Redirect::to("/today").into_response()),
        Err(error) => show(here, &typed, wrong(error)?).await,
    }
}
