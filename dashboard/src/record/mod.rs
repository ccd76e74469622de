//! The register's pages of a school: what people record, list and mend. Everything here is behind sign-in, and every address stands in
//! the gate's table.

mod alerts;
mod book;
mod book_entry;
mod book_rows;
mod book_words;
mod change;
mod changes;
mod check;
mod check_form;
mod checks;
mod chronology;
mod digest;
mod explain;
mod feeds;
mod fields;
mod imports;
mod incidents;
mod listed;
mod panels;
mod policy;
mod protection;
mod questions;
mod reported;
mod requests;
mod review;
mod saved;
mod table;
mod upload;
mod waits;
mod which;

pub(crate) use reported::Reported;
pub(crate) use review::{governing_body, joint};

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::routing::{get, post};
use jiff::civil::Date;
use weir_lake::ids::SchoolId;
use weir_register::records::{By, RecordError};
use weir_register::{Ability, Register};

use crate::Dashboard;
use crate::account::form::Wrong;
use crate::error::PageError;
use crate::evidence::{Evidence, Names};
use crate::gate::{Gate, Person, Viewer};

/// The addresses of this part. What each asks for stands in the gate's table.
pub(crate) fn routes() -> Router<Dashboard> {
    Router::new()
        .route("/school/{school}/checks", get(checks::page))
        .route("/school/{school}/checks/grid.csv", get(checks::grid_csv))
        .route("/school/{school}/checks/list.csv", get(checks::list_csv))
        .route("/school/{school}/checks/add", get(check_form::add_form).post(check_form::add))
        .route("/school/{school}/checks/plan", get(check_form::plan_form).post(check_form::plan))
        .route("/school/{school}/checks/paste", get(imports::checks_form).post(imports::checks))
        .route("/school/{school}/changes/paste", get(imports::changes_form).post(imports::changes))
        .route("/school/{school}/checks/end", post(check_form::end))
        .route("/school/{school}/checks/{check}", get(check::page))
        .route("/school/{school}/checks/{check}/close", post(check::close))
        .route("/school/{school}/checks/{check}/withdraw", post(check::withdraw))
        .route("/school/{school}/changes", get(changes::page))
        .route("/school/{school}/changes/list.csv", get(changes::list_csv))
        .route("/school/{school}/changes/ask", get(change::ask_form).post(change::ask))
        .route("/school/{school}/changes/{change}", get(change::page))
        .route("/school/{school}/changes/{change}/decide", post(change::decide))
        .route("/school/{school}/changes/{change}/made", post(change::made))
        .route("/school/{school}/changes/{change}/end", post(change::end))
        .route("/school/{school}/changes/{change}/write", post(policy::write))
        .route("/school/{school}/changes/explain/{day}", get(explain::form).post(explain::record))
        .route("/school/{school}/policy", get(policy::page))
        .route("/school/{school}/policy/list.csv", get(policy::list_csv))
        .route("/school/{school}/policy/ask", get(policy::ask_form).post(policy::ask))
        .route("/school/{school}/policy/paste", get(policy::paste_form).post(policy::paste))
        .route("/school/{school}/changes/{change}/withdraw", post(change::withdraw))
        .route("/school/{school}/records", get(book::index))
        .route("/school/{school}/records/{book}", get(book::page))
        .route("/school/{school}/records/{book}/list.csv", get(book_rows::list_csv))
        .route("/school/{school}/records/{book}/add", get(book_entry::add_form).post(book_entry::add))
        .route("/school/{school}/records/{book}/paste", get(book_rows::paste_form).post(book_rows::paste))
        .route("/school/{school}/records/{book}/{entry}", get(book_entry::page))
        .route("/school/{school}/records/{book}/{entry}/change", get(book_entry::change_form).post(book_entry::change))
        .route("/school/{school}/records/{book}/{entry}/withdraw", post(book_entry::withdraw))
        .route("/feeds", get(which::feeds))
        .route("/saved", get(which::saved))
        .route("/school/{school}/feeds", get(feeds::page))
        .route("/school/{school}/digest", get(digest::page))
        .route("/school/{school}/digest/read", post(digest::read))
        .route("/school/{school}/saved", get(saved::page))
        .route("/school/{school}/saved/{question}", get(saved::form).post(saved::answer))
        .route("/school/{school}/questions", get(questions::page))
        .route("/school/{school}/questions/list.csv", get(questions::list_csv))
        .route("/school/{school}/questions/ask", get(questions::ask_form).post(questions::ask))
        .route("/school/{school}/questions/{question}", get(questions::one))
        .route("/school/{school}/questions/{question}/answer", post(questions::answer))
        .route("/school/{school}/questions/{question}/withdraw", post(questions::withdraw))
        .route("/school/{school}/{year}/figure/{figure}/ask", get(questions::ask_about_form).post(questions::ask_about))
        .route("/school/{school}/visits", get(book::page))
        .route("/school/{school}/visits/list.csv", get(book_rows::list_csv))
        .route("/school/{school}/visits/add", get(book_entry::add_form).post(book_entry::add))
        .route("/school/{school}/visits/paste", get(book_rows::paste_form).post(book_rows::paste))
        .route("/school/{school}/visits/{entry}", get(book_entry::page))
        .route("/school/{school}/visits/{entry}/change", get(book_entry::change_form).post(book_entry::change))
        .route("/school/{school}/visits/{entry}/withdraw", post(book_entry::withdraw))
        .route("/school/{school}/requests", get(requests::page))
        .route("/school/{school}/requests/ask", get(requests::ask_form).post(requests::ask))
        .route("/school/{school}/requests/report", get(requests::report_form).post(requests::report))
        .route("/ask", get(requests::home))
        .route("/school/{school}/requests/{change}/withdraw", post(requests::withdraw))
        // As large as the setting allows; what comes is counted while it is written.
        .route("/school/{school}/upload", get(upload::page).post(upload::send).layer(DefaultBodyLimit::disable()))
        .route("/school/{school}/upload/{upload}", get(upload::look))
        .route("/school/{school}/upload/{upload}/take", post(upload::take))
        .route("/school/{school}/upload/{upload}/drop", post(upload::discard))
        .merge(review::routes())
        .merge(alerts::routes())
        .merge(incidents::routes())
        .merge(chronology::routes())
        .merge(protection::routes())
}

/// The school of the address, and whoever asked. The gate has seen to it that they may.
pub(super) struct Here {
    gate: Arc<Gate>,
    pub(super) person: Arc<Person>,
    pub(super) id: SchoolId,
    /// The school's name.
    pub(super) name: String,
    /// Its nation, which says when a school year turns.
    pub(super) nation: String,
    /// Before the addresses of its pages.
    pub(super) base: String,
    pub(super) evidence: Arc<dyn Evidence>,
    names: Option<Arc<dyn Names>>,
}

impl Here {
    pub(super) fn register(&self) -> &Register {
        self.gate.accounts.register()
    }

    pub(super) fn now(&self) -> i64 {
        self.gate.accounts.now()
    }

    pub(super) fn today(&self) -> Date {
        self.gate.accounts.today()
    }

    /// Whether they may do it at this school.
    pub(super) fn may(&self, ability: Ability) -> bool {
        self.person.access.sees(ability, &self.id)
    }

    /// As the one who records something, under the role that allows it here.
    pub(super) fn by(&self, ability: Ability) -> Result<By, PageError> {
        let role = self.person.access.role_at(ability, &self.id).ok_or(PageError::NotYours)?;
        Ok(By { id: self.person.session.account.id, role })
    }
}

impl FromRequestParts<Dashboard> for Here {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, dashboard: &Dashboard) -> Result<Self, PageError> {
        let gate = dashboard.gate.clone().ok_or(PageError::NotFound)?;
        let Some(Viewer::Person(person)) = parts.extensions.get::<Viewer>().cloned() else { return Err(PageError::NotYours) };
        let named = RawPathParams::from_request_parts(parts, dashboard).await.map_err(|_| PageError::NotFound)?;
        let school = named.iter().find(|(name, _)| *name == "school").and_then(|(_, id)| SchoolId::parse(id).ok());
        let id = school.ok_or(PageError::NotFound)?;
        let schools = gate.schools()?;
        let school = schools.get(&id).ok_or(PageError::NotFound)?;
        let (name, nation) = (school.name.clone(), school.nation.clone());
        let evidence = dashboard.evidence.clone().ok_or(PageError::NotFound)?;
        let names = dashboard.names.clone();
        Ok(Self { gate, person, base: format!("/school/{id}"), id, name, nation, evidence, names })
    }
}

/// A record's refusal as words at its fields; the register's own failures are a page of their own.
pub(super) fn wrong(error: RecordError) -> Result<Wrong, PageError> {
    match error {
        RecordError::Wrong(faults) => Ok(Wrong(faults.into_iter().map(|fault| (fault.field, fault.words.to_owned())).collect())),
        RecordError::Register(error) => Err(error.into()),
        _ => Err(PageError::NotFound),
    }
}
