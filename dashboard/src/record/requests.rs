//! What somebody asked for at a school: a site that is blocked by mistake, one that should be blocked, or a bypass for teaching. Each sees
//! their own requests alone. Whoever sees no figures finds it all on one page.

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use weir_register::Ability;
use weir_register::records::{Change, ChangeState, Kind, NewChange, UserGroup};

use super::change::{ask_fields, asked};
use super::changes::{days_words, state_words};
use super::check::number;
use super::check_form::FormPage;
use super::fields::{Entry, Field, Takes, Typed, filled};
use super::{Here, wrong};
use crate::Dashboard;
use crate::account::Signed;
use crate::account::form::Wrong;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::words::{self, capital};

/// What may be asked for here: whoever does not write the register asks for no change of the policy.
const KINDS: [Kind; 2] = [Kind::Unblock, Kind::Bypass];

struct RequestLine {
    id: i64,
    what: String,
    about: String,
    asked: String,
    state: &'static str,
    class: &'static str,
    answer: Option<String>,
    withdraws: bool,
}

#[derive(Template)]
#[template(path = "requests.html")]
struct RequestsPage {
    frame: Frame,
    school: String,
    base: String,
    requests: Vec<RequestLine>,
}

fn line(change: &Change, today: Date) -> RequestLine {
    let state = change.state(today);
    let (words, class) = match state {
        // Whoever asked takes nothing back.
        ChangeState::Late => ("ended", "cant"),
        ChangeState::Approved => ("approved, to be made by IT support", "higher"),
        state => state_words(state),
    };
    RequestLine {
        id: change.id,
        what: change.what.clone(),
        about: format!("{}, for {}, {}", capital(change.kind.words()), change.group.words(), days_words(change)),
        asked: words::day(change.asked_on),
        state: words,
        class,
        answer: change.decision.as_ref().map(|decision| {
            let word = if decision.is_approved { "Approved" } else { "Refused" };
            format!("{word} by {} on {}: {}", decision.by, words::day(decision.on), decision.why)
        }),
        withdraws: state == ChangeState::Waiting,
    }
}

pub(super) async fn page(here: Here) -> Result<Response, PageError> {
    let book = here.register().changes(&here.id).await?;
    let own = here.person.session.account.id;
    let requests = book.changes.iter().filter(|change| change.asked_by == own).map(|change| line(change, here.today())).collect();
    let page = RequestsPage {
        frame: Frame { section: "register", ..Frame::plain(&format!("Your requests, {}", here.name)) },
        requests,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

fn ask_page(here: Here, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let heading = "Ask for a site or a bypass";
    let page = FormPage {
        frame: FormPage::frame(heading, &wrong),
        heading,
        lede: vec!["The safeguarding lead decides. You see the answer on the page of your requests."],
        action: format!("{}/requests/ask", here.base),
        back: (format!("{}/requests", here.base), "Your requests"),
        fields: filled(ask_fields(&KINDS), typed, &wrong),
        button: "Ask for this",
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn ask_form(here: Here) -> Result<Response, PageError> {
    ask_page(here, &Typed::default(), Wrong::default())
}

pub(super) async fn ask(here: Here, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let today = here.today();
    let new = match asked(&typed, &KINDS, today) {
        Ok(new) => new,
        Err(faults) => return ask_page(here, &typed, faults),
    };
    let by = here.by(Ability::Request)?;
    match here.register().ask_change(by, &here.id, &new, today).await {
        Ok(_) => Ok(Redirect::to(&format!("{}/requests", here.base)).into_response()),
        Err(error) => ask_page(here, &typed, wrong(error)?),
    }
}

pub(super) async fn withdraw(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    let by = here.by(Ability::Request)?;
    match here.register().withdraw_change(by, &here.id, number(&id)?, here.today()).await {
        Ok(()) => Ok(Redirect::to(&format!("{}/requests", here.base)).into_response()),
        Err(error) => {
            wrong(error)?;
            Err(PageError::NotFound)
        }
    }
}

fn report_page(here: Here, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let heading = "Report a site";
    let groups = UserGroup::ALL.iter().map(|group| Entry::new(group.word(), capital(group.words()))).collect();
    let fields = vec![
        Field::new(
            "what",
            "Which site",
            "The address, or what the site is called. Don\u{2019}t open it again.",
            Takes::Line(300),
        ),
        Field::new("group", "Who could open it", "", Takes::OneOf(groups)),
        Field::new(
            "reason",
            "What is wrong with it",
            "No names of pupils. If you worry about a pupil, tell the safeguarding lead now, in person.",
            Takes::Lines,
        ),
    ];
    let page = FormPage {
        frame: FormPage::frame(heading, &wrong),
        heading,
        lede: vec![
            "For a site that was let through and should be blocked.",
            "The safeguarding lead decides, and you see the answer on the page of your requests.",
            "Weir is not an emergency service. If it could be illegal, don\u{2019}t look further: tell the safeguarding lead at once.",
        ],
        action: format!("{}/requests/report", here.base),
        back: (format!("{}/requests", here.base), "Your requests"),
        fields: filled(fields, typed, &wrong),
        button: "Report this site",
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn report_form(here: Here) -> Result<Response, PageError> {
    report_page(here, &Typed::default(), Wrong::default())
}

pub(super) async fn report(here: Here, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let today = here.today();
    let new = NewChange {
        kind: Some(Kind::Report),
        what: typed.of("what").into(),
        group: UserGroup::parse(typed.of("group")),
        reason: typed.of("reason").into(),
        risk: String::new(),
        from: today,
        until: None,
    };
    let by = here.by(Ability::Request)?;
    match here.register().ask_change(by, &here.id, &new, today).await {
        Ok(_) => Ok(Redirect::to(&format!("{}/requests", here.base)).into_response()),
        Err(error) => report_page(here, &typed, wrong(error)?),
    }
}

/// A school at which somebody asks.
struct AskAt {
    name: String,
    base: String,
    requests: Vec<RequestLine>,
}

#[derive(Template)]
#[template(path = "ask.html")]
struct AskPage {
    frame: Frame,
    schools: Vec<AskAt>,
}

/// The first page of whoever sees no figures; others find the schools of their roles on it.
pub(crate) async fn home(Signed(person): Signed, State(dashboard): State<Dashboard>) -> Result<Response, PageError> {
    let gate = dashboard.gate.clone().ok_or(PageError::NotFound)?;
    let today = gate.accounts.today();
    let own = person.session.account.id;
    let mut schools = Vec::new();
    for (id, school) in gate.schools()?.iter().filter(|(id, _)| person.access.sees(Ability::Request, id)) {
        // Whoever is at many schools chooses one first.
        let asked = if person.access.sees(Ability::Figures, id) {
            Vec::new()
        } else {
            gate.accounts.register().changes(id).await?.changes
        };
        let requests = asked.iter().filter(|change| change.asked_by == own).map(|change| line(change, today)).collect();
        schools.push(AskAt { name: school.name.clone(), base: format!("/school/{id}"), requests });
    }
    let page = AskPage { frame: Frame { section: "ask", ..Frame::plain("Report a site, or ask for one") }, schools };
    Ok(html(&page)?.into_response())
}
