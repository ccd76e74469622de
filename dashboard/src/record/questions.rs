//! What governors asked the head, about a figure or not, and what was answered; open ones first, the oldest before.

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use weir_lake::estate::AcademicYear;
use weir_register::Ability;
use weir_register::records::{AskedAbout, Book, Question};

use super::check::{lines, number};
use super::check_form::{FormPage, WordedPage};
use super::fields::{Field, Takes, Typed, filled};
use super::{Here, wrong};
use crate::account::form::Wrong;
use crate::chart::{Svg, tone_shape};
use crate::error::PageError;
use crate::pages::{Card, Frame, html};
use crate::routes::download;
use crate::view::Tone;
use crate::words;
use crate::{Dashboard, csv};

/// A question in the list, or on its own page.
struct QuestionView {
    id: i64,
    text: Vec<String>,
    about: Option<String>,
    figure: Option<String>,
    asked: String,
    shape: Svg,
    class: &'static str,
    state: &'static str,
    /// Who answered and when, and what; the newest first.
    answers: Vec<(String, Vec<String>)>,
}

#[derive(Template)]
#[template(path = "questions.html")]
struct QuestionsPage {
    frame: Frame,
    school: String,
    base: String,
    lede: Vec<String>,
    asks: bool,
    answers: bool,
    open: Vec<QuestionView>,
    answered: Vec<QuestionView>,
    visits: String,
}

#[derive(Template)]
#[template(path = "question.html")]
struct QuestionPage {
    frame: Frame,
    school: String,
    base: String,
    wrong: Wrong,
    question: QuestionView,
    answering: Vec<Field>,
    is_answered: bool,
    withdraws: bool,
}

/// What a question is about: the figure, its half-term, and what could be read that day.
fn about_words(about: &AskedAbout) -> String {
    let year = words::year_words(about.year);
    let period = if about.period.is_empty() { year } else { format!("{}, {year}", about.period) };
    format!("{}, {period}: {}", about.title, about.value)
}

fn view(question: &Question, here: &Here) -> QuestionView {
    let (tone, state) = match (question.is_withdrawn, question.answers.is_empty()) {
        (true, _) => (Tone::Quiet, "withdrawn"),
        (false, true) => (Tone::Notice, "waits for an answer"),
        (false, false) => (Tone::Fine, "answered"),
    };
    QuestionView {
        id: question.id,
        text: lines(&question.text),
        about: question.about.as_ref().map(about_words),
        figure: question.about.as_ref().map(|about| format!("{}/{}/figure/{}", here.base, about.year, about.figure)),
        asked: format!("{}, {}, {}", question.asker, question.role.words(), words::day_of_words(question.asked_at)),
        shape: tone_shape(tone),
        class: tone.class(),
        state,
        answers: question
            .answers
            .iter()
            .rev()
            .map(|reply| {
                let by = format!("{}, {}, {}", reply.by, reply.role.words(), words::day_of_words(reply.at));
                (by, lines(&reply.text))
            })
            .collect(),
    }
}

pub(super) async fn page(here: Here) -> Result<Response, PageError> {
    let questions = here.register().questions(&here.id).await?;
    let visits = here.register().book(&here.id, Book::VISITS).await?;
    let open: Vec<QuestionView> =
        questions.iter().filter(|question| question.is_open()).map(|question| view(question, &here)).collect();
    let answered: Vec<QuestionView> =
        questions.iter().rev().filter(|question| question.answer().is_some()).map(|question| view(question, &here)).collect();
    let mut lede = Vec::new();
    if open.is_empty() && answered.is_empty() {
        lede.push("Nobody has asked anything here yet.".into());
    } else {
        lede.push(format!("{} answered, {} open.", words::plural(answered.len() as u32, "question"), open.len()));
    }
    lede.extend(questions.iter().find(|question| question.is_open()).map(|oldest| {
        format!(
            "The oldest open one is of {}. Open questions stay here until they are answered, also into the next school year.",
            words::day_of_words(oldest.asked_at)
        )
    }));
    let visits = match (visits.counting().count(), visits.counting().next()) {
        (count, Some(newest)) => {
            let on = newest.day("on").map(words::day).unwrap_or_default();
            let some = if count == 1 { "1 visit or meeting".into() } else { format!("{count} visits and meetings") };
            format!("{some} recorded, the newest of {on}.")
        }
        _ => "No visit or meeting is recorded yet.".into(),
    };
    let page = QuestionsPage {
        frame: Frame { section: "register", ..Frame::plain(&format!("Questions and visits, {}", here.name)) },
        lede,
        asks: here.may(Ability::AskQuestions),
        answers: here.may(Ability::AnswerQuestions),
        open,
        answered,
        visits,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn list_csv(here: Here) -> Result<Response, PageError> {
    let mut out = String::from(
        "school_id,question,figure,title,year,period,value,text,asked_by,asked_on,answer,answered_by,answered_on,state\r\n",
    );
    let day = |at: i64| words::day_of(at).to_string();
    for question in &here.register().questions(&here.id).await? {
        let about = question.about.as_ref();
        let of = |pick: fn(&AskedAbout) -> String| about.map(pick).unwrap_or_default();
        let answer = question.answer();
        csv::row(
            &mut out,
            &[
                here.id.as_str(),
                &question.id.to_string(),
                &of(|about| about.figure.clone()),
                &of(|about| about.title.clone()),
                &of(|about| about.year.to_string()),
                &of(|about| about.period.clone()),
                &of(|about| about.value.clone()),
                &question.text,
                &question.asker,
                &day(question.asked_at),
                answer.map_or("", |reply| &reply.text),
                answer.map_or("", |reply| &reply.by),
                &answer.map(|reply| day(reply.at)).unwrap_or_default(),
                view(question, &here).state,
            ],
        );
    }
    Ok(download(out, &csv::plain_file_name(here.id.as_str(), "questions")))
}

/// The form; about a figure where there is one.
fn ask_page(here: Here, about: Option<&AskedAbout>, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let heading = "Ask the head";
    let mut lede = about.map(|about| vec![format!("About {}.", about_words(about).trim_end_matches('.'))]).unwrap_or_default();
    if about.is_some() {
        lede.push("The figure is kept with your question as it stands today.".into());
    }
    let hint = "Governors, the head, the safeguarding lead, officers and auditors read it. No names of pupils.";
    let page = WordedPage {
        frame: FormPage::frame(heading, &wrong),
        heading,
        lede,
        action: about.map_or_else(
            || format!("{}/questions/ask", here.base),
            |about| format!("{}/{}/figure/{}/ask", here.base, about.year, about.figure),
        ),
        back: about.map_or_else(
            || (format!("{}/questions", here.base), "Questions and visits".into()),
            |about| (format!("{}/{}/figure/{}", here.base, about.year, about.figure), about.title.clone()),
        ),
        fields: filled(vec![Field::new("text", "Your question", hint, Takes::Lines)], typed, &wrong),
        button: "Ask this",
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

async fn record(here: Here, about: Option<AskedAbout>, typed: &Typed) -> Result<Response, PageError> {
    let by = here.by(Ability::AskQuestions)?;
    match here.register().ask_question(by, &here.id, typed.of("text"), about.as_ref(), here.now()).await {
        Ok(_) => Ok(Redirect::to(&format!("{}/questions", here.base)).into_response()),
        Err(error) => ask_page(here, about.as_ref(), typed, wrong(error)?),
    }
}

pub(super) async fn ask_form(here: Here) -> Result<Response, PageError> {
    ask_page(here, None, &Typed::default(), Wrong::default())
}

pub(super) async fn ask(here: Here, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    record(here, None, &typed).await
}

/// The figure of an address as the page shows it to whoever asks: what is hidden on the page is hidden here.
async fn figure(dashboard: &Dashboard, here: &Here, year: &str, id: &str) -> Result<AskedAbout, PageError> {
    let year = AcademicYear::parse(year).ok_or(PageError::NotFound)?;
    let page = dashboard.figures.school_year(&here.id, year).await?;
    let found = page.figures.iter().find(|figure| figure.id == id).ok_or(PageError::NotFound)?;
    let card = Card::new(found, &page, "");
    let period = found.current.and_then(|position| page.periods.get(position)).map(|period| period.label.clone());
    Ok(AskedAbout {
        figure: found.id.clone(),
        title: found.title.clone(),
        year,
        period: period.unwrap_or_default(),
        value: [card.figure.trim(), card.unit.trim(), &format!("({})", card.state)]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" "),
    })
}

pub(super) async fn ask_about_form(
    here: Here,
    State(dashboard): State<Dashboard>,
    Path((_, year, id)): Path<(String, String, String)>,
) -> Result<Response, PageError> {
    let about = figure(&dashboard, &here, &year, &id).await?;
    ask_page(here, Some(&about), &Typed::default(), Wrong::default())
}

pub(super) async fn ask_about(
    here: Here,
    State(dashboard): State<Dashboard>,
    Path((_, year, id)): Path<(String, String, String)>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let about = figure(&dashboard, &here, &year, &id).await?;
    record(here, Some(about), &typed).await
}

async fn page_of(here: Here, id: i64, typed: Typed, wrong: Wrong) -> Result<Response, PageError> {
    let questions = here.register().questions(&here.id).await?;
    let question = questions.iter().find(|question| question.id == id).ok_or(PageError::NotFound)?;
    let title = format!("{}Question {id}, {}", if wrong.is_empty() { "" } else { "Error: " }, here.name);
    let answering = if here.may(Ability::AnswerQuestions) && !question.is_withdrawn {
        let hint = "Governors read it, with your name and the day. No names of pupils.";
        filled(vec![Field::new("text", "Your answer", hint, Takes::Lines)], &typed, &wrong)
    } else {
        Vec::new()
    };
    let page = QuestionPage {
        frame: Frame { section: "register", ..Frame::plain(&title) },
        question: view(question, &here),
        answering,
        is_answered: question.answer().is_some(),
        withdraws: question.is_open() && question.asked_by == here.person.session.account.id,
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn one(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    page_of(here, number(&id)?, Typed::default(), Wrong::default()).await
}

pub(super) async fn answer(
    here: Here,
    Path((_, id)): Path<(String, String)>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let (Form(typed), id) = (typed?, number(&id)?);
    let by = here.by(Ability::AnswerQuestions)?;
    match here.register().answer_question(by, &here.id, id, typed.of("text"), here.now()).await {
        Ok(()) => Ok(Redirect::to(&format!("{}/questions/{id}", here.base)).into_response()),
        Err(error) => page_of(here, id, typed, wrong(error)?).await,
    }
}

pub(super) async fn withdraw(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    let by = here.by(Ability::AskQuestions)?;
    match here.register().withdraw_question(by, &here.id, number(&id)?, here.now()).await {
        Ok(()) => Ok(Redirect::to(&format!("{}/questions", here.base)).into_response()),
        Err(error) => {
            wrong(error)?;
            Err(PageError::NotFound)
        }
    }
}
