//! Frozen revisions: their files as stored, what changed from one to the next, whether today's figures differ, and the way to a new revision.

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use weir_pack::Kind;
use weir_pack::bundle::{Bundle, Difference};
use weir_register::records::{Frozen, ReviewState, Revision};
use weir_register::{Ability, Act, Action};

use super::super::fields::{Field, Takes, Typed, filled};
use super::super::wrong;
use super::ReviewHere;
use crate::Dashboard;
use crate::account::form::Wrong;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::review::differences::differences;
use crate::review::files::{self, GOVERNORS};
use crate::words;

/// Forms in the order of the page, with what they are for.
const FORMS: [(&str, &str); 5] = [
    ("pdf", "PDF, to read and print"),
    ("xlsx", "Workbook (XLSX)"),
    ("html", "Page in one file (HTML)"),
    ("zip", "Every table (CSV, zipped)"),
    ("json", "Bundle (JSON): everything the others are made from"),
];

struct RevisionView {
    number: u32,
    on: String,
    why: String,
    digest: String,
    weir: String,
    signatures: Vec<(String, String, String)>,
    differences: Vec<Difference>,
    is_first: bool,
}

#[derive(Template)]
#[template(path = "review_signed.html")]
struct SignedPage {
    frame: Frame,
    school: String,
    base: String,
    school_base: String,
    wrong: Wrong,
    lede: String,
    forms: [(&'static str, &'static str); 5],
    revisions: Vec<RevisionView>,
    /// What today's figures and statements differ in from the newest frozen revision; none where that can't be told now.
    today: Option<Vec<Difference>>,
    revising: Vec<Field>,
}

fn view(revision: &Revision, frozen: &Frozen, at: &ReviewHere) -> Result<RevisionView, PageError> {
    let bundle = Bundle::from_json(&frozen.bundle).map_err(|error| {
        tracing::error!(%error, "a frozen bundle can't be read");
        PageError::Failed
    })?;
    let signatures = bundle.signatures.iter().map(|signature| {
        let on = signature.on.map(|on| words::moment(on.as_microsecond())).unwrap_or_default();
        (signature.role.clone(), signature.name.clone(), on)
    });
    Ok(RevisionView {
        number: revision.number,
        on: words::moment(frozen.at),
        why: at.nation.says(&revision.why),
        digest: frozen.digest.clone(),
        weir: frozen.weir.clone(),
        signatures: signatures.collect(),
        differences: bundle.differences,
        is_first: revision.number == 1,
    })
}

async fn page_of(dashboard: &Dashboard, at: ReviewHere, typed: Typed, wrong: Wrong) -> Result<Response, PageError> {
    let review = at.review().await?;
    let (newest, frozen) = review.frozen().ok_or(PageError::NotFound)?;
    let bundle = Bundle::from_json(&frozen.bundle).map_err(|_| PageError::Failed)?;
    let today = at.draft(dashboard, &review).await.ok().map(|draft| differences(&bundle, &draft));
    let views = review.revisions.iter().rev().filter_map(|revision| Some((revision, revision.frozen.as_ref()?)));
    let why = Field::new(
        "why",
        "Why the review must change",
        "The signed revision stays as it is. The new one is prepared and signed like the first, and shows what changed.",
        Takes::Lines,
    );
    let can_revise = review.state() == ReviewState::Frozen && at.role(Ability::WriteRegister).is_some();
    let heading = "Signed revisions";
    let title = if wrong.is_empty() { format!("{heading}, {}", at.here.name) } else { format!("Error: {heading}") };
    let page = SignedPage {
        frame: Frame { section: "register", ..Frame::plain(&title) },
        lede: format!("Revision {} was signed and frozen on {}.", newest.number, words::day_of_words(frozen.at)),
        forms: FORMS,
        revisions: views.map(|(revision, frozen)| view(revision, frozen, &at)).collect::<Result<_, _>>()?,
        today,
        revising: if can_revise { filled(vec![why], &typed, &wrong) } else { Vec::new() },
        wrong,
        school: at.here.name.clone(),
        school_base: at.here.base.clone(),
        base: at.base.clone(),
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn page(State(dashboard): State<Dashboard>, at: ReviewHere) -> Result<Response, PageError> {
    page_of(&dashboard, at, Typed::default(), Wrong::default()).await
}

pub(super) async fn revise(
    State(dashboard): State<Dashboard>,
    at: ReviewHere,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let by = at.by(Ability::WriteRegister)?;
    match at.here.register().revise_review(by, &at.here.id, at.year, typed.of("why"), at.here.now()).await {
        Ok(()) => Ok(at.to("/sign")),
        Err(error) => page_of(&dashboard, at, typed, wrong(error)?).await,
    }
}

/// A file goes out: a row of the trail first.
pub(super) async fn out(
    at: &ReviewHere,
    ability: Ability,
    what: &'static str,
    bytes: Vec<u8>,
    form: &str,
    kind: Option<Kind>,
    name: &str,
) -> Result<Response, PageError> {
    let role = at.role(ability);
    let act = Act::new(at.here.person.session.account.actor(role), Action::Export).at(&at.here.id);
    let known = FORMS.iter().find(|(known, _)| *known == form).map_or("", |(known, _)| *known);
    let _receipt = at.here.register().audit(act.on("review", format!("{}:{what}", at.year)).with("form", known)).await?;
    let media = kind.map_or("application/json", Kind::media_type);
    let mut response = ([(header::CONTENT_TYPE, media)], bytes).into_response();
    let name = format!("weir_{}_{}_{name}.{form}", at.here.id, at.year);
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// The stored bytes.
pub(super) async fn file(
    at: ReviewHere,
    Path((.., revision, form)): Path<(String, String, String, String)>,
) -> Result<Response, PageError> {
    let number: u32 = revision.parse().map_err(|_| PageError::NotFound)?;
    let kind = files::form(&form).ok_or(PageError::NotFound)?;
    let review = at.review().await?;
    let revision = review.revisions.iter().find(|revision| revision.number == number).ok_or(PageError::NotFound)?;
    let frozen = revision.frozen.as_ref().ok_or(PageError::NotFound)?;
    let bytes = match kind {
        None => frozen.bundle.clone(),
        Some(kind) => {
            let stored = at.here.register().frozen_file(&at.here.id, at.year, number, GOVERNORS, kind.extension()).await?;
            stored.ok_or(PageError::NotFound)?
        }
    };
    out(&at, Ability::ReadRegister, "signed", bytes, &form, kind, &format!("review-{number}")).await
}

/// What would be signed, marked as a draft; while it is being signed, exactly what is.
pub(super) async fn draft(
    State(dashboard): State<Dashboard>,
    at: ReviewHere,
    Path((.., form)): Path<(String, String, String)>,
) -> Result<Response, PageError> {
    let kind = files::form(&form).ok_or(PageError::NotFound)?;
    let review = at.review().await?;
    let round = review.revision().and_then(|revision| revision.round());
    let bundle = match round {
        Some(round) => Bundle::from_json(&round.bundle).map_err(|_| PageError::Failed)?,
        None => at.draft(&dashboard, &review).await?,
    };
    let bundle = files::marked(bundle);
    let bytes = match kind {
        None => bundle.to_json().map_err(|_| PageError::Failed)?,
        Some(kind) => files::file(bundle, kind).await?,
    };
    out(&at, Ability::ReadRegister, "draft", bytes, &form, kind, "review-draft").await
}
