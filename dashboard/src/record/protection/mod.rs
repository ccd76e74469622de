//! The data protection officer's pages: what is kept how long and what goes next, what people asked, what is held back and what was erased,
//! and the audit trail, which auditors read too.

mod holds;
mod requests;
mod trail;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use weir_register::Ability;

use crate::Dashboard;
use crate::account::Signed;
use crate::error::PageError;
use crate::evidence::Keeping;
use crate::pages::{Frame, html};
use crate::words::{self, plural};

/// The addresses of this part. What each asks for stands in the gate's table.
pub(super) fn routes() -> Router<Dashboard> {
    Router::new()
        .route("/data-protection", get(page))
        .route("/school/{school}/data-protection", get(requests::page))
        .route("/school/{school}/data-protection/list.csv", get(requests::list_csv))
        .route("/school/{school}/data-protection/add", get(requests::add_form).post(requests::add))
        .route("/school/{school}/data-protection/{request}", get(requests::one).post(requests::end))
        .route("/school/{school}/holds", get(holds::page).post(holds::place))
        .route("/school/{school}/holds/{hold}/end", post(holds::end))
        .route("/audit", get(trail::page))
        .route("/audit/list.csv", get(trail::csv))
        .route("/audit/verify", post(trail::verify))
}

/// A school, with what waits there.
struct SchoolLine {
    link: String,
    name: String,
    waits: String,
    is_late: bool,
}

#[derive(Template)]
#[template(path = "data_protection.html")]
struct ProtectionPage {
    frame: Frame,
    kept: Vec<(&'static str, String, &'static str)>,
    next: Vec<String>,
    schools: Vec<SchoolLine>,
    reads_trail: bool,
}

/// How long what is kept, and why.
fn kept(keeping: &Keeping) -> Vec<(&'static str, String, &'static str)> {
    let retention = keeping.retention;
    let days = |days: u32| plural(days, "day");
    let months = |months: u32| plural(months, "month");
    vec![
        (
            "Single requests, with keys, searches and addresses",
            days(retention.raw_days),
            "to look at an alert and what was around it",
        ),
        (
            "A pupil\u{2019}s days by theme, with keys",
            format!("to the end of the next half-term, {} at most", months(retention.pupil_days_months)),
            "to see what came up again",
        ),
        (
            "Changes of the filter, with keys of whoever made them",
            months(retention.admin_events_months),
            "evidence of the year\u{2019}s review",
        ),
        ("Sums without keys", months(retention.theme_weeks_months), "to compare with the year before"),
        ("Lines that could not be read, sealed", days(retention.quarantine_days), "to read them once the reader is mended"),
        ("Exports that were read, with names", days(retention.exports_days), "to read them again after a mistake"),
        ("Published figures, without keys, small numbers hidden", "for good".into(), "what governors were shown stays shown"),
        (
            "Incidents, alerts and the audit trail",
            "until the school erases somebody".into(),
            "the school\u{2019}s own record of what it did",
        ),
    ]
}

fn going(rows: &[(String, u64)], when: &str) -> Vec<String> {
    let line =
        |(table, rows): &(String, u64)| format!("{} of {table} {when}.", plural(u32::try_from(*rows).unwrap_or(u32::MAX), "row"));
    rows.iter().map(line).collect()
}

async fn page(Signed(person): Signed, State(dashboard): State<Dashboard>) -> Result<Response, PageError> {
    let gate = dashboard.gate.clone().ok_or(PageError::NotFound)?;
    let evidence = dashboard.evidence.clone().ok_or(PageError::NotFound)?;
    let (register, today) = (gate.accounts.register(), gate.accounts.today());
    let held = register.holds(today).await?.into_iter().map(|hold| hold.key).collect();
    let keeping = evidence.keeping(held).await?;
    let mut schools = Vec::new();
    for (id, school) in gate.schools()?.iter().filter(|(id, _)| person.access.sees(Ability::Erase, id)) {
        let requests = register.subject_requests(id).await?;
        let open: Vec<_> = requests.iter().filter(|request| request.ended.is_none()).collect();
        let is_late = open.iter().any(|request| request.due_on < today);
        let waits = match open.first() {
            None => "nothing waits".to_owned(),
            Some(first) => format!("{} open, the next due {}", plural(open.len() as u32, "request"), words::day(first.due_on)),
        };
        schools.push(SchoolLine { link: format!("/school/{id}/data-protection"), name: school.name.clone(), waits, is_late });
    }
    schools.sort_by_key(|school| !school.is_late);
    let mut next = going(&keeping.now, "go tonight");
    next.extend(going(&keeping.week, "go within a week"));
    if keeping.waiting > 0 {
        next.push(format!(
            "Raw rows of {} past their time wait: their figures are not made yet, or lines came lately.",
            plural(keeping.waiting, "day")
        ));
    }
    if keeping.own_times > 0 {
        let schools =
            if keeping.own_times == 1 { "1 school has".to_owned() } else { format!("{} schools have", keeping.own_times) };
        next.push(format!("{schools} times of their own: weir retention --dry-run says what goes there."));
    }
    let page = ProtectionPage {
        frame: Frame { section: "protection", ..Frame::plain("What is kept, and what do people ask?") },
        kept: kept(&keeping),
        next,
        schools,
        reads_trail: person.access.role_for(Ability::ReadAudit).is_some(),
    };
    Ok(html(&page)?.into_response())
}
