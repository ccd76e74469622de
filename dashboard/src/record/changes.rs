//! The changes of a school's filter: what waits, what is past its time, how long decisions take, and the list for those who write it.

use askama::Template;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use weir_lake::estate::AcademicYear;
use weir_register::Ability;
use weir_register::records::{Change, ChangeBook, ChangeState, ChangeTally, Kind};

use super::Here;
use super::explain::{Unrecorded, unrecorded};
use super::listed::{Paging, Sought, Ways, chosen};
use crate::chart::{Svg, tone_shape};
use crate::csv;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::routes::download;
use crate::view::Tone;
use crate::words;

/// A change in the list.
struct ChangeLine {
    id: i64,
    link: String,
    what: String,
    kind: &'static str,
    group: &'static str,
    days: String,
    asked: String,
    decided: String,
    state: &'static str,
    class: &'static str,
}

/// A kind of change, counted.
struct KindLine {
    kind: String,
    cells: [String; 6],
}

#[derive(Template)]
#[template(path = "changes.html")]
struct ChangesPage {
    frame: Frame,
    school: String,
    base: String,
    writes: bool,
    year: String,
    lede: Vec<String>,
    todo: Vec<(Svg, &'static str, String, Option<String>)>,
    kinds: Vec<KindLine>,
    has_any: bool,
    unrecorded: Unrecorded,
    ways: Ways,
    sorts: Ways,
    /// How it is shown and sorted now.
    now: (&'static str, &'static str),
    paging: Option<Paging>,
    changes: Vec<ChangeLine>,
}

/// How a change stands, with the class of its colour.
pub(super) fn state_words(state: ChangeState) -> (&'static str, &'static str) {
    match state {
        ChangeState::Late => ("time is up: take it back", "urgent"),
        ChangeState::Waiting => ("waits for a decision", "higher"),
        ChangeState::Approved => ("approved, not made yet", "higher"),
        ChangeState::Made => ("in force", "usual"),
        ChangeState::Refused => ("refused", "cant"),
        ChangeState::Ended => ("ended", "cant"),
        ChangeState::Withdrawn => ("withdrawn", "cant"),
    }
}

/// Its days in words.
pub(super) fn days_words(change: &Change) -> String {
    match change.until {
        Some(until) => format!("{} to {}", words::day(change.from), words::day(until)),
        None => format!("from {}, for good", words::day(change.from)),
    }
}

/// "half of them within 2.5 weekdays".
pub(super) fn median_words(tally: &ChangeTally) -> Option<String> {
    let days = tally.median_weekdays?;
    let decimals = usize::from(days.fract() != 0.0);
    Some(if days == 0.0 {
        "half of them on the same day".into()
    } else if days == 1.0 {
        "half of them within 1 weekday".into()
    } else {
        format!("half of them within {} weekdays", words::number(days, decimals))
    })
}

fn line(change: &Change, base: &str, today: Date) -> ChangeLine {
    let (state, class) = state_words(change.state(today));
    let decided = change.decision.as_ref().map_or_else(String::new, |decision| {
        let word = if decision.is_approved { "approved" } else { "refused" };
        format!("{word} by {}, {}", decision.by, words::day(decision.on))
    });
    ChangeLine {
        id: change.id,
        link: format!("{base}/changes/{}", change.id),
        what: change.what.clone(),
        kind: change.kind.words(),
        group: change.group.words(),
        days: days_words(change),
        asked: format!("{}, {}", change.asker, words::day(change.asked_on)),
        decided,
        state,
        class,
    }
}

fn kind_line(kind: Kind, tally: &ChangeTally) -> KindLine {
    let count = |count: u32| words::number(f64::from(count), 0);
    let median = tally.median_weekdays.map_or_else(|| "[z]".into(), |days| words::number(days, usize::from(days.fract() != 0.0)));
    KindLine {
        kind: words::capital(kind.words()),
        cells: [
            count(tally.asked),
            count(tally.granted),
            count(tally.refused),
            count(tally.waiting),
            median,
            count(tally.temporary + tally.late),
        ],
    }
}

pub(super) async fn page(here: Here, sought: Result<Query<Sought>, QueryRejection>) -> Result<Response, PageError> {
    let Query(sought) = sought.unwrap_or_default();
    let book = here.register().changes(&here.id).await?;
    let (today, writes) = (here.today(), here.may(Ability::WriteRegister));
    let year = AcademicYear::of(today, &here.nation);
    let of_year = |day: Date| AcademicYear::of(day, &here.nation) == year;
    // What is sought is one of these; anything else is all.
    let (shown, ways) =
        chosen(&[("all", "All"), ("waiting", "Waiting"), ("force", "In force"), ("over", "Over or refused")], &sought.show);
    let (sorted, sorts) = chosen(
        &[("newest", "Newest first"), ("oldest", "Oldest first"), ("what", "By site or category"), ("until", "By last day")],
        &sought.sort,
    );
    let is_listed = |change: &&Change| {
        let state = change.state(today);
        match shown {
            "waiting" => matches!(state, ChangeState::Waiting | ChangeState::Approved),
            "force" => matches!(state, ChangeState::Made | ChangeState::Late),
            "over" => matches!(state, ChangeState::Refused | ChangeState::Ended | ChangeState::Withdrawn),
            _ => true,
        }
    };
    let mut listed: Vec<&Change> = if writes { book.changes.iter().filter(is_listed).collect() } else { Vec::new() };
    match sorted {
        "oldest" => listed.reverse(),
        "what" => listed.sort_by_cached_key(|change| change.what.to_lowercase()),
        "until" => listed.sort_by_key(|change| (change.until.is_none(), change.until)),
        _ => {}
    }
    let (listed, paging) = sought.part(listed);
    let changes = listed.into_iter().map(|change| line(change, &here.base, today)).collect();
    let all = book.tally(Kind::ALL, of_year, today);
    let mut lede = Vec::new();
    if book.changes.is_empty() {
        lede.push("No change has been asked for here yet.".into());
    } else {
        lede.push(format!("{} asked for this school year.", words::plural(all.asked, "change")));
        if let Some(median) = median_words(&all) {
            lede.push(format!("{} decided, {median}.", all.granted + all.refused));
        }
    }
    let unrecorded = unrecorded(&here, &book, writes).await?;
    let page = ChangesPage {
        frame: Frame { section: "register", ..Frame::plain(&format!("Changes, {}", here.name)) },
        year: words::year_words(year),
        lede,
        todo: todo(&book, &here, today, writes),
        kinds: Kind::ALL.iter().map(|kind| kind_line(*kind, &book.tally(&[*kind], of_year, today))).collect(),
        has_any: !book.changes.is_empty(),
        unrecorded,
        ways,
        sorts,
        now: (shown, sorted),
        paging,
        changes,
        writes,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

/// What asks for somebody, the most pressing first. Numbers alone: everybody who opens the register reads this.
fn todo(book: &ChangeBook, here: &Here, today: Date, writes: bool) -> Vec<(Svg, &'static str, String, Option<String>)> {
    let count = |wanted: ChangeState| book.changes.iter().filter(|change| change.state(today) == wanted).count() as u32;
    let link = |way: &str| writes.then(|| format!("{}/changes?show={way}#list", here.base));
    [
        (count(ChangeState::Late), Tone::Urgent, "made for a time that is up, to be taken back", link("force")),
        (count(ChangeState::Waiting), Tone::Notice, "waiting for a decision", link("waiting")),
        (count(ChangeState::Approved), Tone::Notice, "approved and not made yet", link("waiting")),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, tone, words, link)| {
        (tone_shape(tone), tone.class(), format!("{} {words}", words::plural(count, "change")), link)
    })
    .collect()
}

pub(super) async fn list_csv(here: Here) -> Result<Response, PageError> {
    let (book, today) = (here.register().changes(&here.id).await?, here.today());
    let mut out = String::from(
        "school_id,change,kind,what,user_group,reason,risk,from,until,asked_by,asked_on,decision,decided_by,decided_on,decided_because,weekdays_to_decision,made_by,made_on,ended_on,state\r\n",
    );
    for change in &book.changes {
        let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        let decision = change.decision.as_ref();
        let decided = decision.map_or("", |decision| if decision.is_approved { "approved" } else { "refused" });
        csv::row(
            &mut out,
            &[
                here.id.as_str(),
                &change.id.to_string(),
                change.kind.word(),
                &change.what,
                change.group.word(),
                &change.reason,
                &change.risk,
                &change.from.to_string(),
                &day(change.until),
                &change.asker,
                &change.asked_on.to_string(),
                decided,
                decision.map_or("", |decision| &decision.by),
                &day(decision.map(|decision| decision.on)),
                decision.map_or("", |decision| &decision.why),
                &change.weekdays_to_decision().map(|days| days.to_string()).unwrap_or_default(),
                change.made.as_ref().map_or("", |(_, by)| by),
                &day(change.made.as_ref().map(|(on, _)| *on)),
                &day(change.ended_on),
                state_words(change.state(today)).0,
            ],
        );
    }
    Ok(download(out, &csv::plain_file_name(here.id.as_str(), "changes")))
}
