//! A block of a review as a form: what people must add to it, and comments. Whoever only comments sees the comment alone.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Response};
use weir_register::Ability;
use weir_register::records::{Review, ReviewState};

use super::super::fields::{Field, Takes, Typed, filled};
use super::super::{Reported, wrong};
use super::ReviewHere;
use crate::account::form::Wrong;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::review::{BLOCKS, Block, block};
use crate::words;

/// Longest text of a field, in characters.
const LONGEST: usize = 1000;

#[derive(Template)]
#[template(path = "review_write.html")]
struct WritePage {
    frame: Frame,
    school: String,
    base: String,
    school_base: String,
    wrong: Wrong,
    heading: String,
    asks: String,
    number: u8,
    action: &'static str,
    /// What the register holds already.
    reported: Vec<String>,
    fields: Vec<Field>,
    /// Texts that were written anew since: what they are about, text, by whom.
    earlier: Vec<(String, String, String)>,
    comments: Vec<(String, String)>,
    before: Option<(u8, String)>,
    after: Option<(u8, String)>,
}

fn number(text: &str) -> Result<(u8, &'static Block), PageError> {
    let number: u8 = text.parse().map_err(|_| PageError::NotFound)?;
    Ok((number, block(number).ok_or(PageError::NotFound)?))
}

/// What is asked for beside a text that governors read.
fn hint(at: &ReviewHere, who: Option<&str>) -> String {
    let ask = who.map(|who| format!("Ask: {who}. ")).unwrap_or_default();
    at.nation.says(&format!("{ask}Write no pupil\u{2019}s name here; governors read this."))
}

fn comment_field(at: &ReviewHere) -> Field {
    Field::new("comment", "Comment or question", &hint(at, None), Takes::Lines)
}

async fn page_of(
    at: ReviewHere,
    (key, block): (u8, &'static Block),
    typed: Option<Typed>,
    wrong: Wrong,
    is_writer: bool,
) -> Result<Response, PageError> {
    let review = at.review().await?;
    if review.state() != ReviewState::Writing {
        return Ok(at.to("/sign"));
    }
    let here = &at.here;
    let reported = Reported::of(here.register(), &here.id, &here.nation, at.year, here.today()).await?;
    let mut lines = Vec::new();
    let (mut fields, mut kept) = (Vec::new(), Typed::default());
    for want in block.wanted {
        lines.extend(want.kept.map(|what| reported.lines(what)).unwrap_or_default());
        if is_writer {
            let text = review.answer(key, want.id).map_or("", |answer| answer.text.as_str());
            kept = kept.with(want.id, text);
            fields.push(Field::new(want.id, at.nation.says(want.what), &hint(&at, Some(want.who)), Takes::Lines));
        }
    }
    fields.push(comment_field(&at));
    let heading = format!("{key}. {}", at.nation.says(block.title));
    let title = if wrong.is_empty() { heading.clone() } else { format!("Error: {heading}") };
    let by = |name: &str, role: weir_register::Role, when: i64| {
        format!("{name}, {}, {}", at.nation.says(role.words()), words::day_of_words(when))
    };
    let neighbour = |to: Option<u8>| {
        let to = to.filter(|to| (1..=BLOCKS.len()).contains(&usize::from(*to)))?;
        crate::review::block(to).map(|block| (to, at.nation.says(block.title)))
    };
    let page = WritePage {
        frame: Frame { section: "register", ..Frame::plain(&title) },
        asks: at.nation.says(block.asks),
        number: key,
        action: if is_writer { "write" } else { "ask" },
        reported: lines,
        fields: filled(fields, &typed.unwrap_or(kept), &wrong),
        earlier: earlier(&review, key, block, by, at.nation),
        comments: review.comments(key).map(|comment| (comment.text.clone(), by(&comment.by, comment.role, comment.at))).collect(),
        before: neighbour(key.checked_sub(1)),
        after: neighbour(key.checked_add(1)),
        heading,
        wrong,
        school: here.name.clone(),
        school_base: here.base.clone(),
        base: at.base.clone(),
    };
    Ok(html(&page)?.into_response())
}

fn earlier(
    review: &Review,
    key: u8,
    block: &Block,
    by: impl Fn(&str, weir_register::Role, i64) -> String,
    nation: &crate::review::nation::Nation,
) -> Vec<(String, String, String)> {
    let of = |want: &crate::review::Wanted| {
        let texts = review.earlier(key, want.id).into_iter();
        let what = nation.says(want.what);
        texts.map(|answer| (what.clone(), answer.text.clone(), by(&answer.by, answer.role, answer.at))).collect::<Vec<_>>()
    };
    block.wanted.iter().flat_map(of).collect()
}

/// What is too long, at its field.
fn too_long(typed: &Typed, fields: impl Iterator<Item = &'static str>) -> Wrong {
    let long = fields.filter(|field| typed.of(field).trim().chars().count() > LONGEST);
    Wrong(long.map(|field| (field, "Use at most 1,000 characters.".to_owned())).collect())
}

pub(super) async fn form(at: ReviewHere, Path((.., key)): Path<(String, String, String)>) -> Result<Response, PageError> {
    page_of(at, number(&key)?, None, Wrong::default(), true).await
}

pub(super) async fn write(
    at: ReviewHere,
    Path((.., key)): Path<(String, String, String)>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let (Form(typed), (key, block)) = (typed?, number(&key)?);
    let faults = too_long(&typed, block.wanted.iter().map(|want| want.id).chain(["comment"]));
    if !faults.is_empty() {
        return page_of(at, (key, block), Some(typed), faults, true).await;
    }
    let (by, now) = (at.by(Ability::WriteRegister)?, at.here.now());
    let register = at.here.register();
    for want in block.wanted.iter().filter(|want| typed.has(want.id)) {
        if let Err(error) = register.answer_review(by, &at.here.id, at.year, key, want.id, typed.of(want.id), now).await {
            return refused(at, (key, block), typed, error, true).await;
        }
    }
    comment(at, (key, block), typed, by, true).await
}

pub(super) async fn ask_form(at: ReviewHere, Path((.., key)): Path<(String, String, String)>) -> Result<Response, PageError> {
    page_of(at, number(&key)?, None, Wrong::default(), false).await
}

pub(super) async fn ask(
    at: ReviewHere,
    Path((.., key)): Path<(String, String, String)>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let (Form(typed), of) = (typed?, number(&key)?);
    if typed.of("comment").trim().is_empty() {
        return page_of(at, of, Some(typed), Wrong::one("comment", "Write your comment or question."), false).await;
    }
    let by = at.by(Ability::AskQuestions)?;
    comment(at, of, typed, by, false).await
}

/// Keeps the comment, where there is one, and goes back to the block.
async fn comment(
    at: ReviewHere,
    of: (u8, &'static Block),
    typed: Typed,
    by: weir_register::records::By,
    is_writer: bool,
) -> Result<Response, PageError> {
    let text = typed.of("comment").trim();
    if !text.is_empty() {
        let done = at.here.register().comment_review(by, &at.here.id, at.year, of.0, text, at.here.now()).await;
        if let Err(error) = done {
            return refused(at, of, typed, error, is_writer).await;
        }
    }
    Ok(at.to(&format!("#block-{}", of.0)))
}

/// A review that is being signed meanwhile takes nothing; a text that is too long has one field only that can be meant.
async fn refused(
    at: ReviewHere,
    of: (u8, &'static Block),
    typed: Typed,
    error: weir_register::records::RecordError,
    is_writer: bool,
) -> Result<Response, PageError> {
    let words = wrong(error)?.0.into_iter().map(|(_, words)| ("comment", words)).collect();
    page_of(at, of, Some(typed), Wrong(words), is_writer).await
}
