//! For the technician: an export dropped into the browser, what each line would become, and reading it in.

use std::sync::Arc;

use askama::Template;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use weir_register::{Ability, Act, Action};

use super::Here;
use super::fields::{Entry, Field, Takes, Typed, filled};
use crate::Dashboard;
use crate::account::form::Wrong;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::uploads::{Arriving, Held, Looked, Outcome, Shelf, Stage, Taken, UploadRefused, Uploads};
use crate::words;

/// Longest text field beside the file, in bytes.
const LONGEST_TEXT: usize = 200;

#[derive(Template)]
#[template(path = "upload.html")]
struct UploadPage {
    frame: Frame,
    school: String,
    base: String,
    wrong: Wrong,
    fields: Vec<Field>,
    most: u64,
}

struct OutcomeView {
    title: String,
    lines: String,
    why: Option<String>,
    /// Which lines come first, where there is no more to show of them.
    which: Option<String>,
    first: Vec<[String; 6]>,
}

#[derive(Template)]
#[template(path = "upload_look.html")]
struct LookPage {
    frame: Frame,
    school: String,
    base: String,
    wrong: Wrong,
    number: u64,
    name: String,
    source: String,
    lede: Vec<String>,
    refused: Option<String>,
    is_taking: bool,
    outcomes: Vec<OutcomeView>,
}

#[derive(Template)]
#[template(path = "upload_done.html")]
struct DonePage {
    frame: Frame,
    school: String,
    base: String,
    name: String,
    lede: Vec<String>,
    outcomes: Vec<OutcomeView>,
    notes: Vec<String>,
    undo: Option<String>,
}

fn uploads(dashboard: &Dashboard) -> Result<(Arc<dyn Uploads>, Arc<Shelf>), PageError> {
    dashboard.uploads.clone().ok_or(PageError::NotFound)
}

/// Work on files and the lake, away from the threads that answer.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PageError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "work on an upload was cut short");
        PageError::Failed
    })
}

/// What is wrong with the file, in words at its field; what is wrong with the program is a page of its own.
fn said(refused: UploadRefused) -> Result<Wrong, PageError> {
    match refused {
        UploadRefused::Said(words) => Ok(Wrong::one("file", words)),
        UploadRefused::Failed(error) => {
            tracing::error!(%error, "an upload failed");
            Err(PageError::Failed)
        }
    }
}

async fn form(here: Here, uploads: Arc<dyn Uploads>, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let (asked, school) = (uploads.clone(), here.id.clone());
    let sources = aside(move || asked.sources(&school)).await?;
    let sources = match sources {
        Ok(sources) => sources,
        Err(refused) => {
            let wrong = said(refused)?;
            tracing::error!(why = ?wrong, "no source for an upload");
            return Err(PageError::Failed);
        }
    };
    // One source needs no choice, but it is said which it is.
    let only = sources.first().filter(|_| sources.len() == 1).map(|source| source.id.clone());
    let typed = match only {
        Some(only) if typed.of("source").is_empty() => typed.clone().with("source", only),
        _ => typed.clone(),
    };
    let choices = sources.into_iter().map(|source| Entry::new(source.id, source.words)).collect();
    let source = Field::new(
        "source",
        "Where it comes from",
        "The box whose log it is. Lines count once for each source.",
        Takes::OneOf(choices),
    );
    let title = format!("{}Upload, {}", if wrong.is_empty() { "" } else { "Error: " }, here.name);
    let page = UploadPage {
        frame: Frame { section: "register", ..Frame::plain(&title) },
        fields: filled(vec![source], &typed, &wrong),
        wrong,
        most: uploads.most_bytes() >> 20,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn page(here: Here, State(dashboard): State<Dashboard>) -> Result<Response, PageError> {
    let (uploads, _) = uploads(&dashboard)?;
    form(here, uploads, &Typed::default(), Wrong::default()).await
}

/// What came with the form.
#[derive(Default)]
struct Came {
    source: String,
    name: String,
    file: Option<Arriving>,
}

/// Reads the form part by part; the file goes to disk as it comes.
async fn receive(
    mut parts: Multipart,
    uploads: &Arc<dyn Uploads>,
    shelf: &Arc<Shelf>,
    came: &mut Came,
) -> Result<Result<(), UploadRefused>, PageError> {
    let broken = |_| PageError::NotUnderstood;
    while let Some(mut part) = parts.next_field().await.map_err(broken)? {
        match part.name() {
            Some("source") => {
                let mut text = Vec::new();
                while let Some(bytes) = part.chunk().await.map_err(broken)? {
                    if text.len() + bytes.len() > LONGEST_TEXT {
                        return Err(PageError::NotUnderstood);
                    }
                    text.extend_from_slice(&bytes);
                }
                came.source = String::from_utf8(text).map_err(|_| PageError::NotUnderstood)?;
            }
            Some("file") if came.file.is_none() => {
                came.name = shown_name(part.file_name().unwrap_or_default());
                let (kept, asked) = (shelf.clone(), uploads.clone());
                let mut file = match aside(move || kept.begin(asked.as_ref())).await? {
                    Ok(file) => file,
                    Err(refused) => return Ok(Err(refused)),
                };
                let most = uploads.most_bytes();
                while let Some(bytes) = part.chunk().await.map_err(broken)? {
                    let (back, added) = aside(move || {
                        let added = file.add(&bytes, most);
                        (file, added)
                    })
                    .await?;
                    if let Err(refused) = added {
                        return Ok(Err(refused));
                    }
                    file = back;
                }
                came.file = Some(file);
            }
            _ => return Err(PageError::NotUnderstood),
        }
    }
    Ok(Ok(()))
}

/// A file's name to be shown, and for nothing else: its last part, with no sign that reads otherwise than it is written.
fn shown_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String =
        last.chars().map(|c| if c.is_alphanumeric() || " .-_()".contains(c) { c } else { '_' }).take(80).collect();
    if plain.trim_matches(['.', ' ']).is_empty() { "the file".into() } else { plain }
}

pub(super) async fn send(
    here: Here,
    State(dashboard): State<Dashboard>,
    parts: Result<Multipart, MultipartRejection>,
) -> Result<Response, PageError> {
    let (uploads, shelf) = uploads(&dashboard)?;
    let parts = parts.map_err(|_| PageError::NotUnderstood)?;
    let by = here.by(Ability::Upload)?;
    let mut came = Came::default();
    let received = receive(parts, &uploads, &shelf, &mut came).await?;
    let typed = Typed::default().with("source", came.source.clone());
    if let Err(refused) = received {
        return form(here, uploads, &typed, said(refused)?).await;
    }
    let Some(file) = came.file.take().filter(|file| !file.is_empty()) else {
        return form(here, uploads, &typed, Wrong::one("file", "Choose a file with at least one line.")).await;
    };
    let (asked, school, source) = (uploads.clone(), here.id.clone(), came.source.clone());
    let known = aside(move || asked.sources(&school)).await?;
    if !known.is_ok_and(|known| known.iter().any(|known| known.id == source)) {
        return form(here, uploads, &typed, Wrong::one("source", "Choose where it comes from.")).await;
    }
    let act = Act::new(here.person.session.account.actor(Some(by.role)), Action::Inspect).at(&here.id);
    let _receipt = here.register().audit(act.with("uploaded", true)).await?;
    let (asked, school, source) = (uploads.clone(), here.id.clone(), came.source.clone());
    let (file, looked) = aside(move || {
        let looked = asked.look(&school, &source, file.path());
        (file, looked)
    })
    .await?;
    match looked {
        Ok(looked) => {
            let number = shelf.keep(by.id, &here.id, &came.source, &came.name, file, looked);
            Ok(Redirect::to(&format!("{}/upload/{number}", here.base)).into_response())
        }
        Err(refused) => form(here, uploads, &typed, said(refused)?).await,
    }
}

/// Why lines are ignored or can't be read.
fn reason_words(reason: &str) -> String {
    let known = match reason {
        "duplicate" => "they are in Weir already, from another export",
        "closed_date" => "their day is closed",
        "comment" => "they are comments",
        "header" => "they are headings",
        "blank" => "they are empty",
        "not_a_decision" => "they are no decision of the filter",
        "auth_challenge" => "they ask for a log-in and decide nothing",
        "flow" => "they are connections without a site",
        "implausible_time" => "their time can\u{2019}t be right",
        "no_school" => "no rule gives them to a school",
        "unknown_action" => "what the filter did is in no list of ours",
        other => return other.replace('_', " "),
    };
    known.into()
}

fn outcome_view(outcome: &Outcome) -> OutcomeView {
    let title = match outcome.outcome {
        "event" => "Decisions of the filter",
        "admin_event" => "Changes and sign-ins of administrators",
        "ignored" => "Passed over",
        _ => "Can\u{2019}t be read: kept apart, for a later look",
    };
    let yes = |is_there: bool| if is_there { "yes" } else { "no" }.to_owned();
    let is_row = matches!(outcome.outcome, "event" | "admin_event");
    let numbers: Vec<String> = outcome.first.iter().map(|line| words::number(line.line_no as f64, 0)).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let which = (!is_row && !numbers.is_empty())
        .then(|| format!("The first: {} {}.", if numbers.len() == 1 { "line" } else { "lines" }, words::listed(&numbers)));
    let first = outcome.first.iter().filter(|_| is_row).map(|line| {
        let time = if line.time.is_empty() { "\u{2013}".to_owned() } else { line.time.clone() };
        let action = if line.action.is_empty() { "\u{2013}".to_owned() } else { line.action.clone() };
        let category = if line.category.is_empty() { "none" } else { &line.category };
        let what = if line.has_search {
            "site and search"
        } else if line.has_site {
            "site"
        } else {
            "no site"
        };
        [words::number(line.line_no as f64, 0), time, action, category.replace('_', " "), what.into(), yes(line.has_person)]
    });
    OutcomeView {
        title: title.into(),
        lines: count(outcome.lines),
        why: outcome.reason.as_deref().map(reason_words),
        which,
        first: first.collect(),
    }
}

fn count(lines: u64) -> String {
    if lines == 1 { "1 line".into() } else { format!("{} lines", words::number(lines as f64, 0)) }
}

fn look_lede(looked: &Looked, bytes: u64) -> Vec<String> {
    let size = if bytes < 1 << 20 { format!("{} KB", (bytes >> 10).max(1)) } else { format!("{} MB", bytes >> 20) };
    let mut lede = vec![format!("{}, {size}, read as {}.", words::capital(&count(looked.lines)), looked.formats.join(" and "))];
    if let Some((first, last)) = looked.days {
        lede.push(if first == last {
            format!("All of {}.", words::day(first))
        } else {
            format!("From {} to {}.", words::day(first), words::day(last))
        });
    }
    lede.push("Nothing is in Weir yet.".into());
    lede
}

async fn page_of(here: Here, shelf: &Shelf, number: u64, wrong: Wrong) -> Result<Response, PageError> {
    let account = here.person.session.account.id;
    let see = |held: &mut Held| (held.source.clone(), held.name.clone(), held.bytes, held.stage.clone());
    let (source, name, bytes, stage) = shelf.with(number, account, &here.id, see).ok_or(PageError::NotFound)?;
    let (looked, is_taking) = match stage {
        Stage::Taken(taken) => return done(here, name, &taken),
        Stage::Looked(looked) => (looked, false),
        Stage::Taking(looked) => (looked, true),
    };
    let title = format!("{}What would each line become?", if wrong.is_empty() { "" } else { "Error: " });
    let page = LookPage {
        frame: Frame { section: "register", ..Frame::plain(&title) },
        lede: look_lede(&looked, bytes),
        outcomes: looked.outcomes.iter().map(outcome_view).collect(),
        refused: looked.refused,
        is_taking,
        number,
        name,
        source,
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

fn done(here: Here, name: String, taken: &Taken) -> Result<Response, PageError> {
    let duplicates: u64 =
        taken.outcomes.iter().filter(|outcome| outcome.reason.as_deref() == Some("duplicate")).map(|outcome| outcome.lines).sum();
    let mut lede = Vec::new();
    if taken.is_known {
        lede.push("This file was read before. Nothing was added, and nothing counts twice.".into());
    } else {
        lede.push(format!("{} read in, each accounted for below.", words::capital(&count(taken.lines))));
        if duplicates > 0 {
            lede.push(format!("{} were in Weir already, from another export: they count once.", count(duplicates)));
        }
        lede.push("Figures follow with the next night\u{2019}s run.".into());
    }
    let page = DonePage {
        frame: Frame { section: "register", ..Frame::plain("What became of the upload?") },
        lede,
        outcomes: taken.outcomes.iter().map(outcome_view).collect(),
        notes: taken.notes.clone(),
        undo: (!taken.is_known).then(|| format!("weir undo {}", taken.run)),
        name,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

fn number(text: &str) -> Result<u64, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}

pub(super) async fn look(
    here: Here,
    State(dashboard): State<Dashboard>,
    Path((_, upload)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let (_, shelf) = uploads(&dashboard)?;
    page_of(here, &shelf, number(&upload)?, Wrong::default()).await
}

pub(super) async fn take(
    here: Here,
    State(dashboard): State<Dashboard>,
    Path((_, upload)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let ((uploads, shelf), upload) = (uploads(&dashboard)?, number(&upload)?);
    let by = here.by(Ability::Upload)?;
    // Taken once, whoever presses twice.
    let begin = |held: &mut Held| match held.stage.clone() {
        Stage::Looked(looked) if looked.refused.is_none() => {
            held.stage = Stage::Taking(looked);
            held.path().map(|file| (file, held.source.clone(), held.bytes))
        }
        _ => None,
    };
    let begun = shelf.with(upload, by.id, &here.id, begin).ok_or(PageError::NotFound)?;
    let Some((file, source, bytes)) = begun else { return Ok(back(&here, upload)) };
    let act = Act::new(here.person.session.account.actor(Some(by.role)), Action::Ingest).at(&here.id).with("bytes", bytes);
    if let Err(error) = here.register().audit(act).await {
        shelf.not_taken(upload);
        return Err(error.into());
    }
    let (kept, school) = (shelf.clone(), here.id.clone());
    // What becomes of it is noted where it is done: a browser that left changes nothing.
    let reading = aside(move || match uploads.take(&school, &source, file.path()) {
        Ok(taken) => {
            drop(file);
            kept.taken(upload, taken);
            None
        }
        Err(refused) => {
            kept.not_taken(upload);
            Some(refused)
        }
    })
    .await;
    match reading {
        Err(error) => {
            shelf.not_taken(upload);
            Err(error)
        }
        Ok(None) => Ok(back(&here, upload)),
        Ok(Some(refused)) => page_of(here, &shelf, upload, said(refused)?).await,
    }
}

pub(super) async fn discard(
    here: Here,
    State(dashboard): State<Dashboard>,
    Path((_, upload)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let (_, shelf) = uploads(&dashboard)?;
    if shelf.drop_one(number(&upload)?, here.person.session.account.id, &here.id) {
        Ok(Redirect::to(&format!("{}/upload", here.base)).into_response())
    } else {
        Err(PageError::NotFound)
    }
}

fn back(here: &Here, upload: u64) -> Response {
    Redirect::to(&format!("{}/upload/{upload}", here.base)).into_response()
}

#[cfg(test)]
mod tests {
    use super::shown_name;

    #[test]
    fn a_name_is_shown_and_is_no_path() {
        for (name, shown) in [
            ("export.csv", "export.csv"),
            ("../../etc/passwd", "passwd"),
            ("C:\\logs\\a b.csv", "a b.csv"),
            ("..", "the file"),
            ("", "the file"),
            ("a\u{202e}vsc.<b>", "a_vsc._b_"),
        ] {
            assert_eq!(shown_name(name), shown, "{name:?}");
        }
    }
}
