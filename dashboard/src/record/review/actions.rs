//! What a review says is to be done: the list with who and by when, and the forms that add to it and end it.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Response};
use weir_register::Ability;
use weir_register::records::{ActionState, NewAction, ReviewAction};

use super::super::check::number;
use super::super::fields::{Entry, Field, Takes, Typed, filled};
use super::super::wrong;
use super::ReviewHere;
use crate::account::form::Wrong;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::words;

struct ActionLine {
    id: i64,
    what: String,
    about: String,
    owner: String,
    due: String,
    state: String,
    class: &'static str,
    is_open: bool,
}

#[derive(Template)]
#[template(path = "review_actions.html")]
struct ActionsPage {
    frame: Frame,
    school: String,
    base: String,
    school_base: String,
    wrong: Wrong,
    lede: String,
    actions: Vec<ActionLine>,
    adding: Vec<Field>,
    writes: bool,
}

#[derive(Template)]
#[template(path = "review_action.html")]
struct EndPage {
    frame: Frame,
    school: String,
    base: String,
    school_base: String,
    wrong: Wrong,
    line: ActionLine,
    fields: Vec<Field>,
}

fn line(action: &ReviewAction, at: &ReviewHere) -> ActionLine {
    let today = at.here.today();
    let carried = action.carried_from.map(|year| format!("carried over from {}", words::year_words(year)));
    let ended = action.ended.as_ref().map(|(on, why)| format!("{}: {why}", words::day(*on)));
    let (state, class) = match action.state {
        _ if action.is_late(today) => ("overdue", "urgent"),
        ActionState::Open => ("open", "higher"),
        ActionState::Done => ("done", "usual"),
        ActionState::Dropped | ActionState::Carried => (action.state.words(), "cant"),
    };
    ActionLine {
        id: action.id,
        what: action.what.clone(),
        about: carried.into_iter().chain(ended).collect::<Vec<_>>().join("; "),
        owner: action.owner.clone(),
        due: words::day(action.due),
        state: state.to_owned(),
        class,
        is_open: action.state == ActionState::Open,
    }
}

async fn page_of(at: ReviewHere, typed: Typed, wrong: Wrong) -> Result<Response, PageError> {
    let review = at.review().await?;
    let today = at.here.today();
    let open = review.actions.iter().filter(|action| action.state == ActionState::Open).count() as u32;
    let late = review.actions.iter().filter(|action| action.is_late(today)).count() as u32;
    let lede = match (review.actions.len(), open) {
        (0, _) => "Nothing is to be done yet. Each gap that a review finds needs a person and a day.".to_owned(),
        (_, 0) => "Everything is done or dropped.".to_owned(),
        _ => format!("{} still to be done, {late} of them overdue.", words::plural(open, "action")),
    };
    let hint = at
        .nation
        .says("For example: test the filter on tablets taken home. Write no pupil\u{2019}s name here; governors read this.");
    let adding = vec![
        Field::new("what", "What is to be done", &hint, Takes::Lines),
        Field::new("owner", "Who sees to it", "A person or a role, such as IT support.", Takes::Line(100)),
        Field::new("due", "By", "For example 30 9 2026.", Takes::Day),
    ];
    let heading = "What is to be done";
    let title = if wrong.is_empty() { format!("{heading}, {}", at.here.name) } else { format!("Error: {heading}") };
    let page = ActionsPage {
        frame: Frame { section: "register", ..Frame::plain(&title) },
        lede,
        actions: review.actions.iter().map(|action| line(action, &at)).collect(),
        adding: filled(adding, &typed, &wrong),
        writes: at.role(Ability::WriteRegister).is_some(),
        wrong,
        school: at.here.name.clone(),
        school_base: at.here.base.clone(),
        base: at.base.clone(),
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn page(at: ReviewHere) -> Result<Response, PageError> {
    page_of(at, Typed::default(), Wrong::default()).await
}

pub(super) async fn add(at: ReviewHere, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let mut faults = Wrong::default();
    let due = typed.day("due", &mut faults);
    let new = NewAction { what: typed.of("what").into(), owner: typed.of("owner").into(), due };
    if !faults.is_empty() {
        faults.and(new.faults(at.here.today()));
        return page_of(at, typed, faults).await;
    }
    let by = at.by(Ability::WriteRegister)?;
    match at.here.register().add_review_action(by, &at.here.id, at.year, &new, at.here.today()).await {
        Ok(_) => Ok(at.to("/actions")),
        Err(error) => page_of(at, typed, wrong(error)?).await,
    }
}

async fn end_page(at: ReviewHere, id: i64, typed: Typed, wrong: Wrong) -> Result<Response, PageError> {
    let review = at.review().await?;
    let is_it = |action: &&ReviewAction| action.id == id && action.state == ActionState::Open;
    let action = review.actions.iter().find(is_it).ok_or(PageError::NotFound)?;
    let states = [ActionState::Done, ActionState::Dropped].map(|state| Entry::new(state.word(), words::capital(state.words())));
    let hint = at.nation.says("Write no pupil\u{2019}s name here; governors read this.");
    let fields = vec![
        Field::new("state", "What became of it", "", Takes::OneOf(states.into())),
        Field::new("why", "How, or why not", &hint, Takes::Lines),
    ];
    let heading = "End an action";
    let title = if wrong.is_empty() { heading.to_owned() } else { format!("Error: {heading}") };
    let page = EndPage {
        frame: Frame { section: "register", ..Frame::plain(&title) },
        line: line(action, &at),
        fields: filled(fields, &typed, &wrong),
        wrong,
        school: at.here.name.clone(),
        school_base: at.here.base.clone(),
        base: at.base.clone(),
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn end_form(at: ReviewHere, Path((.., id)): Path<(String, String, String)>) -> Result<Response, PageError> {
    end_page(at, number(&id)?, Typed::default(), Wrong::default()).await
}

pub(super) async fn end(
    at: ReviewHere,
    Path((.., id)): Path<(String, String, String)>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let (Form(typed), id) = (typed?, number(&id)?);
    let by = at.by(Ability::WriteRegister)?;
    let state = ActionState::parse(typed.of("state"));
    let done = at.here.register().end_review_action(by, &at.here.id, at.year, id, state, typed.of("why"), at.here.today()).await;
    match done {
        Ok(()) => Ok(at.to("/actions")),
        Err(error) => end_page(at, id, typed, wrong(error)?).await,
    }
}
