//! The address that stands in a letter. Whoever it was sent to opens it, signed in, and that is kept: the proof that it was read.

use axum::extract::{Path, State};
use axum::response::Redirect;

use super::Signed;
use crate::Dashboard;
use crate::error::PageError;
use crate::gate;

/// Notes that it was read, and goes on to the reader's first page. Another person's letter is no address at all.
pub(super) async fn open(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    Path(mail): Path<String>,
) -> Result<Redirect, PageError> {
    let gate = dashboard.gate.as_ref().ok_or(PageError::NotFound)?;
    let id = mail.parse().map_err(|_| PageError::NotFound)?;
    let accounts = &gate.accounts;
    let account = &person.session.account;
    let letter = accounts.register().read_letter(account.id, id, accounts.now()).await?.ok_or(PageError::NotFound)?;
    let school = letter.school.filter(|school| person.access.sees(weir_register::Ability::Figures, school));
    Ok(school.map_or_else(|| Redirect::to(gate::home(&person.access)), |school| Redirect::to(&format!("/school/{school}"))))
}
