//! The checks of a school: the grid of what was tested, what is to be done, and the list of checks for those who write it.

use askama::Template;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use weir_register::Ability;
use weir_register::records::{Cell, CellState, Check, CheckBook, Grid, Spot, Test};

use super::Here;
use super::fields::{Entry, Field, Takes, Typed, filled};
use super::listed::{Paging, Sought, Ways, chosen};
use crate::account::form::Wrong;
use crate::chart::{Svg, tone_shape};
use crate::csv;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::routes::download;
use crate::view::Tone;
use crate::words;

/// A cell of the grid.
struct CellView {
    tone: Option<Tone>,
    words: &'static str,
    /// When it was tested last, and by when again.
    dates: Vec<String>,
    /// Where somebody who writes records this test.
    link: Option<String>,
    test: &'static str,
}

impl CellView {
    fn class(&self) -> &'static str {
        self.tone.map_or("cant", Tone::class)
    }

    fn shape(&self) -> Option<Svg> {
        self.tone.map(tone_shape)
    }
}

struct RowView {
    place: String,
    group: &'static str,
    cells: Vec<CellView>,
}

/// A check in the list.
struct CheckLine {
    link: String,
    day: String,
    place: String,
    passed: String,
    failed: String,
    by: String,
    state: &'static str,
    class: &'static str,
    todo: String,
}

#[derive(Template)]
#[template(path = "checks.html")]
struct ChecksPage {
    frame: Frame,
    school: String,
    base: String,
    writes: bool,
    lede: Vec<String>,
    todo: Vec<(Svg, &'static str, String, Option<String>)>,
    has_plan: bool,
    tests: Vec<&'static str>,
    rows: Vec<RowView>,
    ending: Vec<Field>,
    ways: Ways,
    sorts: Ways,
    /// How it is shown and sorted now.
    now: (&'static str, &'static str),
    paging: Option<Paging>,
    checks: Vec<CheckLine>,
    has_checks: bool,
    made: Vec<String>,
}

/// A place in words.
pub(super) fn place_words(spot: &Spot) -> String {
    format!("{}, {}, {}", spot.site, spot.device.words(), spot.group.words())
}

/// A choice of the places in the plan.
pub(super) fn place_field(book: &CheckBook, label: &str) -> Field {
    let spots = book.spots.iter().filter(|spot| spot.ended_on.is_none());
    Field::new("spot", label, "", Takes::OneOf(spots.map(|spot| Entry::new(spot.id.to_string(), place_words(spot))).collect()))
}

/// A cell's state in words, and the days beside it.
fn cell_words(cell: Option<&Cell>) -> (Option<Tone>, &'static str, Vec<String>) {
    let Some(cell) = cell else { return (None, "not planned", Vec::new()) };
    let (tone, state, before_due) = match cell.state {
        CellState::Tested => (Tone::Fine, "tested", Some("by")),
        CellState::Failed => (Tone::Urgent, "failed", None),
        CellState::Overdue => (Tone::Notice, "overdue", Some("due")),
        CellState::Untested => (Tone::Quiet, "not tested", None),
    };
    let due = before_due.zip(cell.due).map(|(words, day)| format!("{words} {}", words::narrow_day(day)));
    (Some(tone), state, cell.last.map(words::narrow_day).into_iter().chain(due).collect())
}

fn grid_rows(grid: &Grid<'_>, here: &Here, writes: bool) -> Vec<RowView> {
    let row = |spot: &Spot, cells: Vec<CellView>| RowView {
        place: format!("{}, {}", spot.site, spot.device.words()),
        group: spot.group.words(),
        cells,
    };
    grid.rows
        .iter()
        .map(|of| {
            let cells = grid.tests.iter().map(|test| {
                let cell = of.cells.get(test);
                let (tone, words, dates) = cell_words(cell);
                let link = (writes && cell.is_some())
                    .then(|| format!("{}/checks/add?spot={}#test-{}", here.base, of.spot.id, test.word()));
                CellView { tone, words, dates, link, test: test.words() }
            });
            row(of.spot, cells.collect())
        })
        .collect()
}

/// What each test came to: "adult content is blocked: passed".
pub(super) fn results_words(check: &Check) -> Vec<String> {
    let came_to = |(test, passed): (&Test, &bool)| {
        format!("{}: {}", words::capital(test.words()), if *passed { "passed" } else { "failed" })
    };
    check.results.iter().map(came_to).collect()
}

/// How a check stands, with the class of its colour.
pub(super) fn state_of(check: &Check, today: Date) -> (&'static str, &'static str) {
    if check.withdrawn.is_some() {
        ("withdrawn", "cant")
    } else if check.is_late(today) {
        ("late", "urgent")
    } else if check.is_open() {
        ("to be done", "higher")
    } else if check.closed.is_some() {
        ("done", "usual")
    } else {
        ("passed", "usual")
    }
}

fn line(check: &Check, book: &CheckBook, base: &str, today: Date) -> CheckLine {
    let (state, class) = state_of(check, today);
    let due = check.due.map(|due| format!(", by {}", words::day(due))).unwrap_or_default();
    let tests = |wanted: bool| {
        let of = check.results.iter().filter(|(_, passed)| **passed == wanted).map(|(test, _)| test.short());
        of.collect::<Vec<_>>().join(", ")
    };
    let todo = if check.is_open() { format!("{} ({}{due})", check.action, check.owner) } else { String::new() };
    CheckLine {
        link: format!("{base}/checks/{}", check.id),
        day: words::day(check.day),
        place: book.spot(check.spot).map(place_words).unwrap_or_default(),
        passed: tests(true),
        failed: tests(false),
        by: format!("{}, {}", check.done_by, check.view.words()),
        state,
        class,
        todo,
    }
}

fn lede(book: &CheckBook, grid: &Grid<'_>) -> Vec<String> {
    let tally = grid.tally();
    if tally.planned == 0 {
        return vec!["Nobody has said yet what is to be tested here.".into()];
    }
    let mut parts = vec![format!("{} of {} passed in time.", tally.tested, words::plural(tally.planned, "planned test"))];
    let rest = [(tally.failed, "failed when last tested"), (tally.untested, "never tested"), (tally.overdue, "overdue")];
    let rest: Vec<String> =
        rest.iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")).collect();
    if !rest.is_empty() {
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        parts.push(format!("{}.", words::capital(&words::listed(&rest))));
    }
    if book.checks.is_empty() {
        parts.push("No check has been recorded yet.".into());
    }
    parts
}

/// What asks for somebody, the most pressing first. Numbers alone: everybody who opens the register reads this.
fn todo(
    book: &CheckBook,
    grid: &Grid<'_>,
    today: Date,
    base: &str,
    writes: bool,
) -> Vec<(Svg, &'static str, String, Option<String>)> {
    let count = |is_it: &dyn Fn(&Check) -> bool| book.checks.iter().filter(|check| is_it(check)).count() as u32;
    let late = count(&|check| check.is_late(today));
    let open = count(&|check| check.is_open()) - late;
    let tally = grid.tally();
    let list = writes.then(|| format!("{base}/checks?show=open#list"));
    [
        (late, Tone::Urgent, "to mend, past the day that was set", "thing", list.clone()),
        (tally.failed, Tone::Urgent, "failed when last tested", "planned test", None),
        (open, Tone::Notice, "to mend, with a day that was set", "thing", list),
        (tally.overdue, Tone::Notice, "passed too long ago", "planned test", None),
        (tally.untested, Tone::Notice, "never made", "planned test", None),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, tone, words, thing, link)| {
        (tone_shape(tone), tone.class(), format!("{} {words}", words::plural(count, thing)), link)
    })
    .collect()
}

/// How many checks were made, by whose view: for those who read no words.
fn made(book: &CheckBook) -> Vec<String> {
    let counting: Vec<&Check> = book.checks.iter().filter(|check| check.withdrawn.is_none()).collect();
    let mut lines = Vec::new();
    for view in weir_register::records::View::ALL {
        let of: Vec<_> = counting.iter().filter(|check| check.view == *view).collect();
        if let Some(newest) = of.first() {
            lines.push(format!(
                "{}: {}, the newest on {}.",
                words::capital(view.words()),
                words::plural(of.len() as u32, "check"),
                words::day(newest.day)
            ));
        }
    }
    lines
}

pub(super) async fn page(here: Here, sought: Result<Query<Sought>, QueryRejection>) -> Result<Response, PageError> {
    let Query(sought) = sought.unwrap_or_default();
    let book = here.register().checks(&here.id).await?;
    let (today, writes) = (here.today(), here.may(Ability::WriteRegister));
    let grid = book.grid(today);
    // What is sought is one of these; anything else is all.
    let (shown, ways) =
        chosen(&[("all", "All"), ("open", "To be done"), ("failed", "With a failure"), ("withdrawn", "Withdrawn")], &sought.show);
    let (sorted, sorts) = chosen(
        &[("newest", "Newest first"), ("oldest", "Oldest first"), ("place", "By place"), ("due", "By day due")],
        &sought.sort,
    );
    let is_listed = |check: &&Check| match shown {
        "open" => check.is_open(),
        "failed" => check.withdrawn.is_none() && check.has_failed(),
        "withdrawn" => check.withdrawn.is_some(),
        _ => true,
    };
    let mut listed: Vec<&Check> = if writes { book.checks.iter().filter(is_listed).collect() } else { Vec::new() };
    match sorted {
        "oldest" => listed.reverse(),
        "place" => listed.sort_by_cached_key(|check| book.spot(check.spot).map(place_words)),
        // What is open comes first, and of that what was due first.
        "due" => listed.sort_by_key(|check| (!check.is_open(), check.due.is_none(), check.due)),
        _ => {}
    }
    let (listed, paging) = sought.part(listed);
    let checks = listed.into_iter().map(|check| line(check, &book, &here.base, today)).collect();
    let page = ChecksPage {
        frame: Frame { section: "register", ..Frame::plain(&format!("Checks, {}", here.name)) },
        lede: lede(&book, &grid),
        todo: todo(&book, &grid, today, &here.base, writes),
        has_plan: !grid.rows.is_empty(),
        tests: grid.tests.iter().map(|test| test.short()).collect(),
        rows: grid_rows(&grid, &here, writes),
        ending: if writes { filled(vec![place_field(&book, "Place")], &Typed::default(), &Wrong::default()) } else { Vec::new() },
        ways,
        sorts,
        now: (shown, sorted),
        paging,
        checks,
        has_checks: !book.checks.is_empty(),
        made: made(&book),
        writes,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

/// The grid without a word that somebody wrote, but for the names of sites.
pub(super) async fn grid_csv(here: Here) -> Result<Response, PageError> {
    let book = here.register().checks(&here.id).await?;
    let mut out = String::from("school_id,site,device,user_group,test,state,last_tested,due\r\n");
    for row in &book.grid(here.today()).rows {
        for (test, cell) in &row.cells {
            let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
            let (_, state, _) = cell_words(Some(cell));
            csv::row(
                &mut out,
                &[
                    here.id.as_str(),
                    &row.spot.site,
                    row.spot.device.word(),
                    row.spot.group.word(),
                    test.word(),
                    state,
                    &day(cell.last),
                    &day(cell.due),
                ],
            );
        }
    }
    Ok(download(out, &csv::plain_file_name(here.id.as_str(), "grid-of-checks")))
}

pub(super) async fn list_csv(here: Here) -> Result<Response, PageError> {
    let (book, today) = (here.register().checks(&here.id).await?, here.today());
    let mut out = String::from(
        "school_id,check,day,site,device,user_group,passed,failed,done_by,view,found,action,owner,due,state,closed_on,what_was_done,withdrawn_because,recorded_by\r\n",
    );
    for check in &book.checks {
        let Some(spot) = book.spot(check.spot) else { continue };
        let tests = |wanted: bool| {
            let of = check.results.iter().filter(|(_, passed)| **passed == wanted).map(|(test, _)| test.word());
            of.collect::<Vec<_>>().join("; ")
        };
        let (closed_on, done) = check.closed.as_ref().map(|(on, note)| (on.to_string(), note.clone())).unwrap_or_default();
        csv::row(
            &mut out,
            &[
                here.id.as_str(),
                &check.id.to_string(),
                &check.day.to_string(),
                &spot.site,
                spot.device.word(),
                spot.group.word(),
                &tests(true),
                &tests(false),
                &check.done_by,
                check.view.word(),
                &check.found,
                &check.action,
                &check.owner,
                &check.due.map(|due| due.to_string()).unwrap_or_default(),
                state_of(check, today).0,
                &closed_on,
                &done,
                check.withdrawn.as_deref().unwrap_or_default(),
                &check.recorded_by,
            ],
        );
    }
    Ok(download(out, &csv::plain_file_name(here.id.as_str(), "checks")))
}
