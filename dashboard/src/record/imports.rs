//! Checks and requests from rows that are pasted: all of them or none, and a bad one is told with its row, column and what it takes.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use weir_register::Ability;
use weir_register::records::{CheckBook, Device, Fault, Kind, NewChange, NewCheck, RecordError, Test, UserGroup, View};

use super::Here;
use super::check_form::FormPage;
use super::fields::{Field, Takes, Typed, filled};
use super::table::{Column, table};
use crate::account::form::{Wrong, typed_day};
use crate::error::PageError;
use crate::pages::html;

/// Columns of a list as it is downloaded that say nothing of a new row.
const CHECK_OWN: [&str; 7] = ["school_id", "check", "state", "closed_on", "what_was_done", "withdrawn_because", "recorded_by"];
const CHANGE_OWN: [&str; 13] = [
    "school_id",
    "change",
    "asked_by",
    "asked_on",
    "decision",
    "decided_by",
    "decided_on",
    "decided_because",
    "weekdays_to_decision",
    "made_by",
    "made_on",
    "ended_on",
    "state",
];

const CHECK_COLUMNS: [Column; 12] = [
    Column::named("day"),
    Column::named("site"),
    Column::named("device"),
    Column::named("user_group"),
    Column::named("passed"),
    Column::named("failed"),
    Column::named("done_by"),
    Column::named("view"),
    Column::named("found"),
    Column::named("action"),
    Column::named("owner"),
    Column::named("due"),
];

const CHANGE_COLUMNS: [Column; 7] = [
    Column::named("kind"),
    Column::named("what"),
    Column::named("user_group"),
    Column::named("reason"),
    Column::named("risk"),
    Column::named("from"),
    Column::named("until"),
];

/// A list that takes rows.
struct Import {
    heading: &'static str,
    lede: Vec<&'static str>,
    list: (&'static str, &'static str),
    columns: &'static [Column],
}

fn checks_import() -> Import {
    Import {
        heading: "Paste checks from a spreadsheet",
        lede: vec![
            "Each row is a check of a place that is planned. Tests stand in the columns passed and failed, with a semicolon between.",
        ],
        list: ("checks", "Checks"),
        columns: &CHECK_COLUMNS,
    }
}

fn changes_import() -> Import {
    Import {
        heading: "Paste requests from a spreadsheet",
        lede: vec![
            "Each row asks for a change in your name, and somebody else decides it here. What was decided elsewhere is not taken in.",
        ],
        list: ("changes", "Changes"),
        columns: &CHANGE_COLUMNS,
    }
}

fn page(here: Here, import: Import, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let columns: Vec<&str> = import.columns.iter().map(|column| column.name).collect();
    let hint = format!(
        "First a row of headings: {}. Then a row each, copied from a spreadsheet or as CSV. All rows are recorded, or none. No names of pupils.",
        columns.join(", ")
    );
    let list = format!("{}/{}", here.base, import.list.0);
    let page = FormPage {
        frame: FormPage::frame(import.heading, &wrong),
        heading: import.heading,
        lede: import.lede,
        action: format!("{list}/paste"),
        back: (list, import.list.1),
        fields: filled(vec![Field::new("rows", "Rows", &hint, Takes::Rows)], typed, &wrong),
        button: "Record these rows",
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn checks_form(here: Here) -> Result<Response, PageError> {
    page(here, checks_import(), &Typed::default(), Wrong::default())
}

pub(super) async fn changes_form(here: Here) -> Result<Response, PageError> {
    page(here, changes_import(), &Typed::default(), Wrong::default())
}

/// A day of a cell; none where it is empty.
fn day(line: u64, cells: &Typed, column: &str) -> Result<Option<Date>, String> {
    let text = cells.of(column);
    match typed_day(text) {
        None if !text.is_empty() => Err(format!("Row {line}. {column}: use a day such as 1 9 2026 or 2026-09-01.")),
        day => Ok(day),
    }
}

/// One of a list, by the word that is kept or as pages say it.
fn one_of<T: Copy>(
    line: u64,
    cells: &Typed,
    column: &str,
    all: &[T],
    says: impl Fn(T) -> [&'static str; 2],
) -> Result<T, String> {
    let text = cells.of(column);
    let found = all.iter().copied().find(|of| says(*of).iter().any(|word| word.eq_ignore_ascii_case(text)));
    let words = || all.iter().map(|of| says(*of)[0]).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| format!("Row {line}. {column}: use one of {}.", words()))
}

fn check_of(line: u64, cells: &Typed, book: &CheckBook, today: Date) -> Result<NewCheck, String> {
    let device = one_of(line, cells, "device", Device::ALL, |device| [device.word(), device.words()])?;
    let group = one_of(line, cells, "user_group", UserGroup::ALL, |group| [group.word(), group.words()])?;
    let view = one_of(line, cells, "view", View::ALL, |view| [view.word(), view.words()])?;
    let site = cells.of("site");
    let spot = book.spots.iter().find(|spot| {
        spot.ended_on.is_none() && spot.site.eq_ignore_ascii_case(site) && spot.device == device && spot.group == group
    });
    let spot =
        spot.ok_or_else(|| format!("Row {line}. site: no place of this site, device and group is planned; plan it first."))?;
    let mut results = std::collections::BTreeMap::new();
    for (column, passed) in [("passed", true), ("failed", false)] {
        for word in cells.of(column).split(';').map(str::trim).filter(|word| !word.is_empty()) {
            let cell = Typed::default().with(column, word);
            let test = one_of(line, &cell, column, Test::ALL, |test| [test.word(), test.short()])?;
            if results.insert(test, passed).is_some() {
                return Err(format!("Row {line}. {column}: {} stands twice.", test.word()));
            }
        }
    }
    Ok(NewCheck {
        spot: Some(spot.id),
        day: day(line, cells, "day")?.unwrap_or(today),
        done_by: cells.of("done_by").into(),
        view: Some(view),
        results,
        found: cells.of("found").into(),
        action: cells.of("action").into(),
        owner: cells.of("owner").into(),
        due: day(line, cells, "due")?,
    })
}

fn change_of(line: u64, cells: &Typed, today: Date) -> Result<NewChange, String> {
    Ok(NewChange {
        kind: Some(one_of(line, cells, "kind", Kind::ALL, |kind| [kind.word(), kind.words()])?),
        what: cells.of("what").into(),
        group: Some(one_of(line, cells, "user_group", UserGroup::ALL, |group| [group.word(), group.words()])?),
        reason: cells.of("reason").into(),
        risk: cells.of("risk").into(),
        from: day(line, cells, "from")?.unwrap_or(today),
        until: day(line, cells, "until")?,
    })
}

/// What was refused, with the row it stands in.
fn told(lines: &[u64], at: usize, error: RecordError) -> Result<String, PageError> {
    match error {
        RecordError::Wrong(faults) => {
            let said = faults.iter().map(|fault: &Fault| match fault.field {
                "rows" => fault.words.to_owned(),
                field => format!("{field}: {}", fault.words),
            });
            let said = said.collect::<Vec<_>>().join(" ");
            Ok(lines.get(at).map_or_else(|| said.clone(), |line| format!("Row {line}. {said}")))
        }
        error => {
            super::wrong(error)?;
            Err(PageError::NotFound)
        }
    }
}

pub(super) async fn checks(here: Here, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let (book, today) = (here.register().checks(&here.id).await?, here.today());
    let read = table(typed.of("rows"), &CHECK_COLUMNS, &CHECK_OWN).and_then(|rows| {
        let one = |(line, cells): &(u64, Typed)| Ok((*line, check_of(*line, cells, &book, today)?));
        rows.iter().map(one).collect::<Result<Vec<_>, String>>()
    });
    let rows = match read {
        Ok(rows) => rows,
        Err(words) => return page(here, checks_import(), &typed, Wrong::one("rows", words)),
    };
    let (lines, new): (Vec<u64>, Vec<NewCheck>) = rows.into_iter().unzip();
    let by = here.by(Ability::WriteRegister)?;
    match here.register().record_checks(by, &here.id, &new, here.now(), today).await {
        Ok(_) => Ok(Redirect::to(&format!("{}/checks#list", here.base)).into_response()),
        Err((at, error)) => page(here, checks_import(), &typed, Wrong::one("rows", told(&lines, at, error)?)),
    }
}

pub(super) async fn changes(here: Here, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let today = here.today();
    let read = table(typed.of("rows"), &CHANGE_COLUMNS, &CHANGE_OWN).and_then(|rows| {
        let one = |(line, cells): &(u64, Typed)| Ok((*line, change_of(*line, cells, today)?));
        rows.iter().map(one).collect::<Result<Vec<_>, String>>()
    });
    let rows = match read {
        Ok(rows) => rows,
        Err(words) => return page(here, changes_import(), &typed, Wrong::one("rows", words)),
    };
    let (lines, new): (Vec<u64>, Vec<NewChange>) = rows.into_iter().unzip();
    let by = here.by(Ability::WriteRegister)?;
    match here.register().ask_changes(by, &here.id, &new, today).await {
        Ok(_) => Ok(Redirect::to(&format!("{}/changes#list", here.base)).into_response()),
        Err((at, error)) => page(here, changes_import(), &typed, Wrong::one("rows", told(&lines, at, error)?)),
    }
}
