//! What people record and who they are: one SQLite file with an audit trail, accounts, sessions, roles and their scope, the checks they
//! make of a filter, the changes they ask of it, what they do about alerts, and the mail that tells them something waits.
//!
//! Nothing is written here without a row in the trail, in the same transaction: the only way to a connection that writes is
//! [`Register::begin`], which takes the [`Act`]. What is to be shown, and not written, is audited first by [`Register::audit`];
//! functions that reveal take the [`Receipt`] it gives.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::string_slice, clippy::disallowed_methods))]

pub mod accounts;
pub mod alerts;
mod audit;
pub mod backup;
mod blocking;
pub mod erasure;
mod error;
mod file;
mod migrations;
pub mod outbox;
pub mod records;
mod roles;
mod store;
#[cfg(test)]
mod tests;

pub use audit::{Act, Action, Actor, AuditRow, Detail, Finding, Head, Outcome, Receipt, Sought, Verified};
pub use blocking::BlockingRegister;
pub use error::RegisterError;
pub use migrations::COPY_ENDING;
pub use roles::{Ability, Access, AccountId, Place, Reach, Role, may, roles_page};
pub use store::{Register, Writing};
