//! A school's requests about the rows kept of somebody, what is held back, and what was erased: records with days and proof, without a name or
//! a key. Erasing itself is done at the machine, by somebody else.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use weir_register::Ability;
use weir_register::records::{NewEnd, NewSubjectRequest, SubjectKind, SubjectOutcome, SubjectRequest};

use crate::account::form::Wrong;
use crate::csv;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::record::check::{lines, number};
use crate::record::check_form::FormPage;
use crate::record::fields::{Entry, Field, Takes, Typed, filled};
use crate::record::{Here, wrong};
use crate::routes::download;
use crate::words::{self, capital, plural};

struct RequestLine {
    link: String,
    kind: String,
    from_whom: String,
    file: String,
    asked: String,
    state: String,
    class: &'static str,
}

#[derive(Template)]
#[template(path = "subject_requests.html")]
struct RequestsPage {
    frame: Frame,
    school: String,
    base: String,
    lede: String,
    requests: Vec<RequestLine>,
    holds: Vec<String>,
    erasures: Vec<String>,
}

#[derive(Template)]
#[template(path = "subject_request.html")]
struct RequestPage {
    frame: Frame,
    school: String,
    base: String,
    wrong: Wrong,
    id: i64,
    heading: String,
    state: String,
    class: &'static str,
    facts: Vec<(&'static str, Vec<String>)>,
    ending: Vec<Field>,
    is_erasure: bool,
}

fn state(request: &SubjectRequest, here: &Here) -> (String, &'static str) {
    match &request.ended {
        Some((on, outcome, _)) => (format!("{}, {}", outcome.words(), words::day(*on)), "cant"),
        None if request.due_on < here.today() => (format!("past the day, {}", words::day(request.due_on)), "urgent"),
        None => (format!("due {}", words::day(request.due_on)), "higher"),
    }
}

pub(super) async fn page(here: Here) -> Result<Response, PageError> {
    let requests = here.register().subject_requests(&here.id).await?;
    let open = requests.iter().filter(|request| request.ended.is_none()).count() as u32;
    let people = here.gate.accounts.list().await?;
    let name = |id: weir_register::AccountId| {
        people.iter().find(|account| account.id == id).map_or_else(|| "somebody".to_owned(), |account| account.name.clone())
    };
    let holds = here.register().holds(here.today()).await?;
    let erasures = here.register().erasures().await?;
    let line = |request: &SubjectRequest| {
        let (state, class) = state(request, &here);
        RequestLine {
            link: format!("{}/data-protection/{}", here.base, request.id),
            kind: capital(request.kind.words()),
            from_whom: request.from_whom.clone(),
            file: request.file.clone(),
            asked: words::day(request.asked_on),
            state: capital(&state),
            class,
        }
    };
    let page = RequestsPage {
        frame: Frame { section: "protection", ..Frame::plain(&format!("Requests, holds and erasures, {}", here.name)) },
        lede: match open {
            0 => "No request waits.".into(),
            open => format!("{} to be answered.", plural(open, "request")),
        },
        requests: requests.iter().map(line).collect(),
        holds: holds
            .iter()
            .filter(|hold| hold.school == here.id)
            .map(|hold| {
                format!("Hold {}, by {}, to be looked at again by {}", hold.id, name(hold.placed_by), words::day(hold.review_on))
            })
            .collect(),
        erasures: erasures
            .iter()
            .filter(|erasure| erasure.school == here.id)
            .map(|erasure| {
                let asked =
                    format!("Erasure {}, asked by {}, {}", erasure.id, name(erasure.asked_by), words::moment(erasure.asked_at));
                match (erasure.done_at, erasure.rows_gone) {
                    (Some(at), Some(rows)) => {
                        let rows = plural(u32::try_from(rows).unwrap_or(u32::MAX), "row");
                        format!("{asked}: done {}, {rows} went", words::moment(at))
                    }
                    _ => format!("{asked}: not done yet. At the machine: weir erase run {}", erasure.id),
                }
            })
            .collect(),
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn list_csv(here: Here) -> Result<Response, PageError> {
    let mut out =
        String::from("request,school_id,kind,from_whom,file,asked_on,due_on,note,erasure,ended_on,outcome,proof,recorded_by\r\n");
    for request in here.register().subject_requests(&here.id).await? {
        let ended = request.ended.as_ref();
        csv::row(
            &mut out,
            &[
                &request.id.to_string(),
                here.id.as_str(),
                request.kind.word(),
                &request.from_whom,
                &request.file,
                &request.asked_on.to_string(),
                &request.due_on.to_string(),
                &request.note,
                &request.erasure.map(|id| id.to_string()).unwrap_or_default(),
                &ended.map(|(on, _, _)| on.to_string()).unwrap_or_default(),
                ended.map_or("", |(_, outcome, _)| outcome.word()),
                ended.map_or("", |(_, _, proof)| proof.as_str()),
                &request.recorded_by,
            ],
        );
    }
    Ok(download(out, &csv::plain_file_name(here.id.as_str(), "subject-requests")))
}

fn form(here: Here, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let kinds = SubjectKind::ALL.iter().map(|kind| Entry::new(kind.word(), capital(kind.words()))).collect();
    let fields = vec![
        Field::new("kind", "What is asked for", "", Takes::OneOf(kinds)),
        Field::new(
            "from_whom",
            "Who asks",
            "In general words, such as a parent, or a pupil themselves. No name.",
            Takes::Line(100),
        ),
        Field::new("file", "Your own file", "Its number. Names belong there, not here.", Takes::Line(60)),
        Field::new(
            "asked_on",
            "Asked on",
            "For example 23 11 2026. Leave it empty for today. It is due a month later.",
            Takes::Day,
        ),
        Field::new("note", "Note (if any)", "No names.", Takes::Lines),
    ];
    let heading = "Record a request";
    let page = FormPage {
        frame: Frame { section: "protection", ..FormPage::frame(heading, &wrong) },
        heading,
        lede: vec!["What you type here stays. It holds no name and no key: your own file says who it is."],
        action: format!("{}/data-protection/add", here.base),
        back: (format!("{}/data-protection", here.base), "Requests, holds and erasures"),
        fields: filled(fields, typed, &wrong),
        button: "Record it",
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn add_form(here: Here) -> Result<Response, PageError> {
    form(here, &Typed::default(), Wrong::default())
}

pub(super) async fn add(here: Here, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let mut faults = Wrong::default();
    let asked_on = typed.day("asked_on", &mut faults);
    if !faults.is_empty() {
        return form(here, &typed, faults);
    }
    let new = NewSubjectRequest {
        kind: SubjectKind::parse(typed.of("kind")),
        from_whom: typed.of("from_whom").into(),
        file: typed.of("file").into(),
        asked_on,
        note: typed.of("note").into(),
    };
    let by = here.by(Ability::Erase)?;
    match here.register().record_subject_request(by, &here.id, &new, here.now(), here.today()).await {
        Ok(id) => Ok(Redirect::to(&format!("{}/data-protection/{id}", here.base)).into_response()),
        Err(error) => form(here, &typed, wrong(error)?),
    }
}

async fn page_of(here: Here, id: i64, typed: Typed, wrong: Wrong) -> Result<Response, PageError> {
    let all = here.register().subject_requests(&here.id).await?;
    let request = all.iter().find(|request| request.id == id).ok_or(PageError::NotFound)?;
    let (state, class) = state(request, &here);
    let mut facts = vec![
        ("Who asks", vec![request.from_whom.clone()]),
        ("Your own file", vec![request.file.clone()]),
        ("Asked on", vec![words::day(request.asked_on)]),
        ("Due", vec![words::day(request.due_on)]),
        ("Note", lines(&request.note)),
        ("Recorded by", vec![request.recorded_by.clone()]),
    ];
    if let Some((_, _, proof)) = &request.ended {
        facts.push(("Proof", lines(proof)));
    }
    facts.extend(request.erasure.map(|erasure| ("Erasure", vec![erasure.to_string()])));
    facts.retain(|(_, lines)| !lines.is_empty());
    let outcomes = SubjectOutcome::ALL.iter().map(|outcome| Entry::new(outcome.word(), capital(outcome.words()))).collect();
    let is_erasure = request.kind == SubjectKind::Erasure;
    let mut ending = vec![
        Field::new("outcome", "What came of it", "", Takes::OneOf(outcomes)),
        Field::new("ended_on", "Answered on", "For example 23 11 2026. Leave it empty for today.", Takes::Day),
        Field::new("proof", "What shows it", "What was sent and how, or why not. No name.", Takes::Lines),
    ];
    if is_erasure {
        ending.push(Field::new(
            "erasure",
            "Number of the erasure",
            "As the list of erasures has it, once it is done.",
            Takes::Line(10),
        ));
    }
    let heading = format!("Request {}: {}", request.id, request.kind.words());
    let page = RequestPage {
        frame: Frame {
            section: "protection",
            ..Frame::plain(&if wrong.is_empty() { heading.clone() } else { format!("Error: {heading}") })
        },
        id,
        heading,
        state: capital(&state),
        class,
        facts,
        ending: if request.ended.is_none() { filled(ending, &typed, &wrong) } else { Vec::new() },
        is_erasure,
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn one(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    page_of(here, number(&id)?, Typed::default(), Wrong::default()).await
}

pub(super) async fn end(
    here: Here,
    Path((_, id)): Path<(String, String)>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let (Form(typed), id) = (typed?, number(&id)?);
    let mut faults = Wrong::default();
    let on = typed.day("ended_on", &mut faults);
    let erasure = typed.of("erasure").trim();
    let erasure = match (erasure.is_empty(), erasure.parse()) {
        (true, _) => None,
        (false, Ok(number)) => Some(number),
        (false, Err(_)) => {
            faults.0.push(("erasure", "Use a number.".into()));
            None
        }
    };
    if !faults.is_empty() {
        return page_of(here, id, typed, faults).await;
    }
    let new = NewEnd { outcome: SubjectOutcome::parse(typed.of("outcome")), on, proof: typed.of("proof").into(), erasure };
    let by = here.by(Ability::Erase)?;
    match here.register().end_subject_request(by, &here.id, id, &new, here.today()).await {
        Ok(()) => Ok(Redirect::to(&format!("{}/data-protection/{id}", here.base)).into_response()),
        Err(error) => page_of(here, id, typed, wrong(error)?).await,
    }
}
