//! What is blocked at a school, for whom and why; and changes of it, that one person asks for, another agrees to, and Weir writes to
//! policy.csv.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use weir_register::Ability;
use weir_register::records::{ChangeState, EXPECTED, Kind, NewChange, PolicyLine, RecordError, UserGroup};

use super::change::page_of as change_page;
use super::check::number;
use super::check_form::FormPage;
use super::fields::{Entry, Field, Takes, Typed, filled};
use super::table::{Column, table};
use super::{Here, wrong};
use crate::account::form::{Wrong, typed_day};
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::policy::{PolicyCategory, PolicyFile, PolicyRefused, PolicyStands};
use crate::routes::download;
use crate::words::{self, capital};
use crate::{Dashboard, csv};

const COLUMNS: [Column; 6] = [
    Column { name: "profile_or_user_type", label: "profile" },
    Column::named("category"),
    Column::named("expected"),
    Column::named("reason"),
    Column::named("from"),
    Column::named("to"),
];

struct PolicyRow {
    category: String,
    who: String,
    expected: &'static str,
    reason: String,
    days: String,
    whose: &'static str,
}

#[derive(Template)]
#[template(path = "policy.html")]
struct PolicyPage {
    frame: Frame,
    school: String,
    base: String,
    lede: String,
    writes: bool,
    /// What holds today, what is to come, and what is over: each with its word, what it is called, and its rows.
    parts: Vec<(&'static str, &'static str, Vec<PolicyRow>)>,
}

fn policy(dashboard: &Dashboard) -> Result<Arc<dyn PolicyFile>, PageError> {
    dashboard.policy.clone().ok_or(PageError::NotFound)
}

/// Asks the file away from the threads that answer.
async fn ask_file<T: Send + 'static>(
    file: Arc<dyn PolicyFile>,
    ask: impl FnOnce(&dyn PolicyFile) -> Result<T, PolicyRefused> + Send + 'static,
) -> Result<Result<T, String>, PageError> {
    let done = tokio::task::spawn_blocking(move || ask(file.as_ref())).await;
    match done {
        Ok(Ok(found)) => Ok(Ok(found)),
        Ok(Err(PolicyRefused::Said(words))) => Ok(Err(words)),
        Ok(Err(PolicyRefused::Failed(error))) => {
            tracing::error!(%error, "policy.csv could not be read or written");
            Err(PageError::Failed)
        }
        Err(error) => {
            tracing::error!(%error, "work on policy.csv was cut short");
            Err(PageError::Failed)
        }
    }
}

fn needed<T>(found: Result<T, String>) -> Result<T, PageError> {
    found.map_err(|error| {
        tracing::error!(%error, "policy.csv could not be read");
        PageError::Failed
    })
}

fn who_words(who: &str) -> String {
    match who {
        "*" => "Everybody".into(),
        "pupil" => "Pupils".into(),
        "guest" => "Guests".into(),
        who => capital(who),
    }
}

fn days_words(from: Option<Date>, to: Option<Date>) -> String {
    match (from, to) {
        (None, None) => "always".into(),
        (Some(from), None) => format!("from {}", words::day(from)),
        (None, Some(to)) => format!("until {}", words::day(to)),
        (Some(from), Some(to)) => format!("{} to {}", words::day(from), words::day(to)),
    }
}

fn row(of: &PolicyStands) -> PolicyRow {
    PolicyRow {
        category: capital(&of.category.replace('_', " ")),
        who: who_words(&of.who),
        expected: match of.expected {
            "block" => "blocked",
            "warn" => "a warning",
            _ => "allowed",
        },
        reason: of.reason.clone(),
        days: capital(&days_words(of.from, of.to)),
        whose: if of.is_for_all { "all schools" } else { "this school" },
    }
}

pub(super) async fn page(here: Here, State(dashboard): State<Dashboard>) -> Result<Response, PageError> {
    let (file, school) = (policy(&dashboard)?, here.id.clone());
    let rows = needed(ask_file(file, move |file| file.rows(&school)).await?)?;
    let today = here.today();
    let is_over = |of: &PolicyStands| of.to.is_some_and(|to| to < today);
    let comes = |of: &PolicyStands| of.from.is_some_and(|from| from > today);
    // A row that an earlier one covers wholly says nothing any more.
    let mut said: Vec<(&str, &str)> = Vec::new();
    let mut now = Vec::new();
    for of in rows.iter().filter(|of| !is_over(of) && !comes(of)) {
        let is_covered = said.iter().any(|(who, category)| *category == of.category && (*who == "*" || *who == of.who));
        if !is_covered {
            said.push((of.who.as_str(), of.category.as_str()));
            now.push(row(of));
        }
    }
    let lede = if now.is_empty() {
        "policy.csv says nothing of this school yet, so no page can say what should be blocked.".into()
    } else {
        format!(
            "{} of what is blocked or let through today, and why. For one category the first row that fits wins.",
            words::plural(now.len() as u32, "statement")
        )
    };
    let page = PolicyPage {
        frame: Frame { section: "register", ..Frame::plain(&format!("What is blocked and why, {}", here.name)) },
        lede,
        writes: here.may(Ability::WriteRegister),
        parts: vec![
            ("now", "Today", now),
            ("coming", "To come", rows.iter().filter(|of| comes(of)).map(row).collect()),
            ("over", "Over", rows.iter().filter(|of| is_over(of)).map(row).collect()),
        ],
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn list_csv(here: Here, State(dashboard): State<Dashboard>) -> Result<Response, PageError> {
    let (file, school) = (policy(&dashboard)?, here.id.clone());
    let rows = needed(ask_file(file, move |file| file.rows(&school)).await?)?;
    let mut out = String::from("school_id,profile_or_user_type,category,expected,reason,from,to\r\n");
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    for of in &rows {
        let school = if of.is_for_all { "*" } else { here.id.as_str() };
        csv::row(&mut out, &[school, &of.who, &of.category, of.expected, &of.reason, &day(of.from), &day(of.to)]);
    }
    Ok(download(out, &csv::plain_file_name(here.id.as_str(), "policy")))
}

fn ask_page(here: Here, categories: &[PolicyCategory], typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let heading = "Ask for a change of the policy";
    let categories = categories.iter().map(|category| Entry::new(category.id.clone(), category.words.clone())).collect();
    let expected = EXPECTED.iter().zip(["Blocked", "A warning is shown", "Allowed"]);
    let fields = vec![
        Field::new("category", "Category", "", Takes::OneOf(categories)),
        Field::new(
            "expected",
            "What the filter should do",
            "",
            Takes::OneOf(expected.map(|(word, words)| Entry::new(*word, words)).collect()),
        ),
        Field::new(
            "who",
            "For whom",
            "pupil, staff or guest, or a profile of the filter by its name. Leave it empty for everybody.",
            Takes::Line(100),
        ),
        Field::new("reason", "Why", "One line, in words for governors: the annual review prints it.", Takes::Line(300)),
        Field::new(
            "from",
            "First day",
            "For example 23 11 2026. Leave it empty for today; figures of days before stay as they are.",
            Takes::Day,
        ),
        Field::new("to", "Last day", "Leave it empty for good.", Takes::Day),
    ];
    let page = FormPage {
        frame: FormPage::frame(heading, &wrong),
        heading,
        lede: vec!["Somebody else agrees to it first. Then it is written to policy.csv, before the school\u{2019}s other rows."],
        action: format!("{}/policy/ask", here.base),
        back: (format!("{}/policy", here.base), "What is blocked and why"),
        fields: filled(fields, typed, &wrong),
        button: "Ask for this change",
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

fn paste_page(here: Here, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let heading = "Paste rows of policy.csv";
    let columns: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
    let hint = format!(
        "First a row of headings: {}. Then a row each, copied from a spreadsheet or as CSV. All are asked for together.",
        columns.join(", ")
    );
    let fields = vec![
        Field::new("reason", "Why these rows", "For whoever decides.", Takes::Lines),
        Field::new("rows", "Rows", &hint, Takes::Rows),
    ];
    let page = FormPage {
        frame: FormPage::frame(heading, &wrong),
        heading,
        lede: vec![
            "Somebody else agrees to them first. Then they are written to policy.csv, before the school\u{2019}s other rows.",
        ],
        action: format!("{}/policy/paste", here.base),
        back: (format!("{}/policy", here.base), "What is blocked and why"),
        fields: filled(fields, typed, &wrong),
        button: "Ask for these rows",
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

async fn categories(dashboard: &Dashboard) -> Result<Vec<PolicyCategory>, PageError> {
    needed(ask_file(policy(dashboard)?, |file| file.categories()).await?)
}

pub(super) async fn ask_form(here: Here, State(dashboard): State<Dashboard>) -> Result<Response, PageError> {
    let categories = categories(&dashboard).await?;
    ask_page(here, &categories, &Typed::default(), Wrong::default())
}

pub(super) async fn paste_form(here: Here, State(dashboard): State<Dashboard>) -> Result<Response, PageError> {
    policy(&dashboard)?;
    paste_page(here, &Typed::default(), Wrong::default())
}

/// A row as it was typed: everybody where nobody is named.
fn typed_row(typed: &Typed, who: &str, from: Option<Date>, to: Option<Date>, today: Date) -> PolicyLine {
    let who = typed.of(who).trim();
    let known = ["pupil", "staff", "guest"].into_iter().find(|known| known.eq_ignore_ascii_case(who));
    PolicyLine {
        who: known.unwrap_or(if who.is_empty() { "*" } else { who }).to_owned(),
        category: typed.of("category").trim().to_lowercase(),
        expected: typed.of("expected").trim().to_lowercase(),
        reason: typed.of("reason").trim().to_owned(),
        from: from.unwrap_or(today),
        to,
    }
}

/// The change that asks for these rows.
fn change_of(rows: &[PolicyLine], reason: &str, today: Date) -> NewChange {
    let what = match rows {
        [one] => format!("{} for {}: {}", one.category, who_words(&one.who).to_lowercase(), one.expected),
        rows => format!("{} rows of policy.csv", rows.len()),
    };
    let all = |who: &str| rows.iter().all(|row| row.who == who);
    let group = match () {
        () if all("staff") => UserGroup::Staff,
        () if all("pupil") => UserGroup::Pupils,
        () if all("guest") => UserGroup::Visitors,
        () => UserGroup::Everybody,
    };
    NewChange {
        kind: Some(Kind::Policy),
        what,
        group: Some(group),
        reason: reason.to_owned(),
        risk: String::new(),
        from: rows.iter().map(|row| row.from).min().unwrap_or(today),
        until: rows.iter().map(|row| row.to).max().flatten().filter(|_| rows.iter().all(|row| row.to.is_some())),
    }
}

pub(super) async fn ask(
    here: Here,
    State(dashboard): State<Dashboard>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let categories = categories(&dashboard).await?;
    let (today, mut faults) = (here.today(), Wrong::default());
    let (from, to) = (typed.day("from", &mut faults), typed.day("to", &mut faults));
    let row = typed_row(&typed, "who", from, to, today);
    if !categories.iter().any(|category| category.id == row.category) {
        faults.0.push(("category", "Choose one of the list.".into()));
    }
    faults.and(row.faults(today));
    if !faults.is_empty() {
        return ask_page(here, &categories, &typed, faults);
    }
    let by = here.by(Ability::WriteRegister)?;
    let (new, rows) = (change_of(std::slice::from_ref(&row), &row.reason, today), [row]);
    match here.register().ask_policy_rows(by, &here.id, &new, &rows, today).await {
        Ok(id) => Ok(Redirect::to(&format!("{}/changes/{id}", here.base)).into_response()),
        Err((_, error)) => ask_page(here, &categories, &typed, wrong(error)?),
    }
}

/// The rows that were pasted; otherwise what is wrong with the first that is, with its line and column.
fn pasted(text: &str, categories: &[PolicyCategory], school: &str, today: Date) -> Result<Vec<PolicyLine>, String> {
    let known = COLUMNS.into_iter().chain([Column::named("school_id")]).collect::<Vec<_>>();
    let mut rows = Vec::new();
    for (line, cells) in table(text, &known, &[])? {
        let at = |column: &str, words: &str| format!("Row {line}. {column}: {words}");
        if !["", school].contains(&cells.of("school_id")) {
            return Err(at(
                "school_id",
                &format!("use {school}, or leave it out; rows for every school stand in the file alone."),
            ));
        }
        let day = |column: &'static str| match (cells.of(column), typed_day(cells.of(column))) {
            ("", _) => Ok(None),
            (_, None) => Err(at(column, "use a day such as 1 9 2026 or 2026-09-01.")),
            (_, day) => Ok(day),
        };
        let row = typed_row(&cells, "profile_or_user_type", day("from")?, day("to")?, today);
        if !categories.iter().any(|category| category.id == row.category) {
            let ids: Vec<&str> = categories.iter().map(|category| category.id.as_str()).collect();
            return Err(at("category", &format!("use one of {}.", ids.join(", "))));
        }
        if let Some(fault) = row.faults(today).first() {
            let column = if fault.field == "who" { "profile_or_user_type" } else { fault.field };
            return Err(at(column, fault.words));
        }
        rows.push(row);
    }
    Ok(rows)
}

pub(super) async fn paste(
    here: Here,
    State(dashboard): State<Dashboard>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let (categories, today) = (categories(&dashboard).await?, here.today());
    let rows = match pasted(typed.of("rows"), &categories, here.id.as_str(), today) {
        Ok(rows) => rows,
        Err(words) => return paste_page(here, &typed, Wrong::one("rows", words)),
    };
    let by = here.by(Ability::WriteRegister)?;
    let new = change_of(&rows, typed.of("reason"), today);
    match here.register().ask_policy_rows(by, &here.id, &new, &rows, today).await {
        Ok(id) => Ok(Redirect::to(&format!("{}/changes/{id}", here.base)).into_response()),
        Err((_, error)) => paste_page(here, &typed, wrong(error)?),
    }
}

/// What a change asks of policy.csv, in words.
pub(super) fn rows_words(rows: &[PolicyLine]) -> Vec<String> {
    let line = |row: &PolicyLine| {
        let days = days_words(Some(row.from), row.to);
        format!("{}, {}: {}, {days}. {}", row.category, who_words(&row.who).to_lowercase(), row.expected, row.reason)
    };
    rows.iter().map(line).collect()
}

/// Writes what a change asks for to policy.csv, once it is agreed and never by whoever agreed.
pub(super) async fn write(
    here: Here,
    State(dashboard): State<Dashboard>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let (file, id, today) = (policy(&dashboard)?, number(&id)?, here.today());
    let book = here.register().changes(&here.id).await?;
    let change = book.change(id).ok_or(PageError::NotFound)?;
    let rows = here.register().policy_rows(&here.id, id).await?;
    if rows.is_empty() || change.state(today) != ChangeState::Approved {
        return Err(PageError::NotFound);
    }
    let by = here.by(Ability::WriteRegister)?;
    // The register refuses whoever agreed, and writes that down; only what it would take is written to the file.
    if change.decided_by != Some(by.id) {
        // What is written a few days later holds from then on: no figure of before changes.
        let late = rows.into_iter().map(|row| PolicyLine { from: row.from.max(today), ..row }).collect::<Vec<_>>();
        let rows: Vec<PolicyLine> = late.into_iter().filter(|row| row.to.is_none_or(|to| to >= row.from)).collect();
        let school = here.id.clone();
        if let Err(words) = ask_file(file, move |file| file.write(&school, &rows)).await? {
            return change_page(here, id, Typed::default(), Wrong::one("policy", words)).await;
        }
    }
    match here.register().change_made(by, &here.id, id, today, "", today).await {
        Ok(()) => Ok(Redirect::to(&format!("{}/changes/{id}", here.base)).into_response()),
        Err(RecordError::Wrong(faults)) => {
            let words = faults.first().map_or("", |fault| fault.words);
            change_page(here, id, Typed::default(), Wrong::one("policy", words)).await
        }
        Err(error) => {
            wrong(error)?;
            Err(PageError::NotFound)
        }
    }
}
