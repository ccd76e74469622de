//! The forms that plan what is to be tested, and that record a check.

use askama::Template;
use axum::Form;
use axum::extract::Query;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::response::{IntoResponse, Redirect, Response};
use weir_register::Ability;
use weir_register::records::{CheckBook, Device, NewCheck, NewSpot, Test, UserGroup, View};

use super::checks::place_field;
use super::fields::{Entry, Field, Takes, Typed, filled};
use super::{Here, wrong};
use crate::account::form::Wrong;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::words::capital;

/// A page that is one form.
#[derive(Template)]
#[template(path = "record_form.html")]
pub(super) struct FormPage {
    pub(super) frame: Frame,
    pub(super) school: String,
    pub(super) base: String,
    pub(super) wrong: Wrong,
    pub(super) heading: &'static str,
    pub(super) lede: Vec<&'static str>,
    pub(super) action: String,
    pub(super) back: (String, &'static str),
    pub(super) fields: Vec<Field>,
    pub(super) button: &'static str,
}

/// The same where what it says depends on what it is about.
#[derive(Template)]
#[template(path = "record_form.html")]
pub(super) struct WordedPage {
    pub(super) frame: Frame,
    pub(super) school: String,
    pub(super) base: String,
    pub(super) wrong: Wrong,
    pub(super) heading: &'static str,
    pub(super) lede: Vec<String>,
    pub(super) action: String,
    pub(super) back: (String, String),
    pub(super) fields: Vec<Field>,
    pub(super) button: &'static str,
}

impl FormPage {
    pub(super) fn frame(heading: &str, wrong: &Wrong) -> Frame {
        let title = if wrong.is_empty() { heading.to_owned() } else { format!("Error: {heading}") };
        Frame { section: "register", ..Frame::plain(&title) }
    }
}

/// How often a test may be planned, in days.
const INTERVALS: [(&str, &str); 4] =
    [("31", "every month"), ("50", "every half-term"), ("122", "every term"), ("366", "every year")];

/// The name of the field of a test.
fn field_of(test: Test) -> String {
    format!("test-{}", test.word())
}

fn plan_fields() -> Vec<Field> {
    let devices = Device::ALL.iter().map(|device| Entry::new(device.word(), capital(device.words()))).collect();
    let groups = UserGroup::ALL.iter().map(|group| Entry::new(group.word(), capital(group.words()))).collect();
    let tests = Test::ALL.iter().map(|test| Entry::new(field_of(*test), capital(test.words()))).collect();
    let often = INTERVALS.iter().map(|(days, words)| Entry::new(*days, capital(words))).collect();
    vec![
        Field::new(
            "site",
            "Site",
            "A building or site, for example main building. Governors read it: no names of people.",
            Takes::Line(60),
        ),
        Field::new("device", "Kind of device", "", Takes::OneOf(devices)),
        Field::new(
            "group",
            "Signed in as",
            "Plan each profile of the filter by itself, staff and pupils at least.",
            Takes::OneOf(groups),
        ),
        Field::new(
            "tests",
            "What is to be tested",
            "The first three are the least that the standards ask for.",
            Takes::Ticks(tests),
        ),
        Field::new("every", "At least", "Security of the systems is always due every month.", Takes::OneOf(often)),
    ]
}

fn plan_page(here: Here, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let heading = "Plan what to test";
    let page = FormPage {
        frame: FormPage::frame(heading, &wrong),
        heading,
        lede: vec![
            "One place at a time: a kind of device, at a site, for a group of people.",
            "A place that is planned already gets this plan instead of the old one.",
        ],
        action: format!("{}/checks/plan", here.base),
        back: (format!("{}/checks", here.base), "Checks"),
        fields: filled(plan_fields(), typed, &wrong),
        button: "Plan these tests",
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn plan_form(here: Here) -> Result<Response, PageError> {
    let mut typed = Typed::default().with("every", "50");
    for test in Test::ALL.iter().filter(|test| test.is_least()) {
        typed = typed.with(&field_of(*test), "yes");
    }
    plan_page(here, &typed, Wrong::default())
}

pub(super) async fn plan(here: Here, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let new = NewSpot {
        site: typed.of("site").into(),
        device: Device::parse(typed.of("device")),
        group: UserGroup::parse(typed.of("group")),
        tests: Test::ALL.iter().copied().filter(|test| typed.of(&field_of(*test)) == "yes").collect(),
        every_days: INTERVALS
            .iter()
            .find(|(days, _)| *days == typed.of("every"))
            .and_then(|(days, _)| days.parse().ok())
            .unwrap_or(0),
    };
    let by = here.by(Ability::WriteRegister)?;
    match here.register().plan_checks(by, &here.id, &new, here.today()).await {
        Ok(_) => Ok(Redirect::to(&format!("{}/checks", here.base)).into_response()),
        Err(error) => plan_page(here, &typed, wrong(error)?),
    }
}

/// A place is no longer to be tested.
pub(super) async fn end(here: Here, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let spot = typed.of("spot").parse().map_err(|_| PageError::NotFound)?;
    let by = here.by(Ability::WriteRegister)?;
    match here.register().end_spot(by, &here.id, spot, here.today()).await {
        Ok(()) => Ok(Redirect::to(&format!("{}/checks", here.base)).into_response()),
        Err(error) => {
            wrong(error)?;
            Err(PageError::NotFound)
        }
    }
}

fn check_fields(book: &CheckBook) -> Vec<Field> {
    let tests = Test::ALL.iter().map(|test| Entry::new(field_of(*test), capital(test.words()))).collect();
    let answers = vec![Entry::new("", "Not tested"), Entry::new("passed", "Passed"), Entry::new("failed", "Failed")];
    let views = View::ALL.iter().map(|view| Entry::new(view.word(), capital(view.words()))).collect();
    vec![
        place_field(book, "Where"),
        Field::new("day", "Day of the check", "For example 23 11 2026. Leave it empty for today.", Takes::Day),
        Field::new("done_by", "Who made it", "", Takes::Line(100)),
        Field::new("view", "From whose view", "The standards ask for both: IT support, and safeguarding.", Takes::OneOf(views)),
        Field::new(
            "results",
            "What was tested",
            "Use the test pages that your provider or the UK Safer Internet Centre gives. Never open a site that could be illegal.",
            Takes::Each(tests, answers),
        ),
        Field::new(
            "found",
            "What you saw",
            "Needed where something failed; otherwise as you like. No names of pupils.",
            Takes::Lines,
        ),
        Field::new("action", "What is to be done", "Needed where something failed; otherwise leave it empty.", Takes::Lines),
        Field::new("owner", "Who sees to it", "Needed where something failed; otherwise leave it empty.", Takes::Line(100)),
        Field::new("due", "By which day", "Needed where something failed. For example 30 11 2026.", Takes::Day),
    ]
}

async fn add_page(here: Here, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let book = here.register().checks(&here.id).await?;
    if book.spots.iter().all(|spot| spot.ended_on.is_some()) {
        // Nothing to choose from: first say what is to be tested.
        return Ok(Redirect::to(&format!("{}/checks/plan", here.base)).into_response());
    }
    let heading = "Record a check";
    let page = FormPage {
        frame: FormPage::frame(heading, &wrong),
        heading,
        lede: vec!["One place on one day; any number of tests."],
        action: format!("{}/checks/add", here.base),
        back: (format!("{}/checks", here.base), "Checks"),
        fields: filled(check_fields(&book), typed, &wrong),
        button: "Record this check",
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn add_form(here: Here, asked: Result<Query<Typed>, QueryRejection>) -> Result<Response, PageError> {
    // A cell of the grid says where.
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    let typed = Typed::default().with("spot", asked.of("spot")).with("done_by", here.person.session.account.name.clone());
    add_page(here, &typed, Wrong::default()).await
}

pub(super) async fn add(here: Here, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let mut faults = Wrong::default();
    let result = |test: Test| match typed.of(&field_of(test)) {
        "passed" => Some((test, true)),
        "failed" => Some((test, false)),
        _ => None,
    };
    let (today, day, due) = (here.today(), typed.day("day", &mut faults), typed.day("due", &mut faults));
    let new = NewCheck {
        spot: typed.of("spot").parse().ok(),
        day: day.unwrap_or(today),
        done_by: typed.of("done_by").into(),
        view: View::parse(typed.of("view")),
        results: Test::ALL.iter().copied().filter_map(result).collect(),
        found: typed.of("found").into(),
        action: typed.of("action").into(),
        owner: typed.of("owner").into(),
        due,
    };
    if !faults.is_empty() {
        // What can't be read is said once, beside all else that is wrong.
        faults.and(new.faults(today));
        return add_page(here, &typed, faults).await;
    }
    let by = here.by(Ability::WriteRegister)?;
    match here.register().record_check(by, &here.id, &new, here.now(), today).await {
        Ok(id) => Ok(Redirect::to(&format!("{}/checks/{id}", here.base)).into_response()),
        Err(error) => add_page(here, &typed, wrong(error)?).await,
    }
}
