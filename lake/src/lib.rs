#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods))]
//! What the rest of Weir stands on: the canonical schema, the lake and its one commit, the estate, the calendar and pseudonyms.

pub mod arrow_schema;
pub mod batch;
pub mod calendar;
mod check;
pub mod clock;
pub mod closed;
mod commit;
pub mod compaction;
pub mod data_file;
mod delta;
pub mod erase;
pub mod estate;
pub mod event_file;
pub mod event_pages;
pub mod failpoint;
pub mod ids;
pub mod index;
pub mod lake;
#[cfg(test)]
mod lake_tests;
mod ledger;
pub mod names;
mod page_encoding;
#[cfg(test)]
mod properties;
pub mod quarantine;
mod receipts;
mod remote;
#[cfg(test)]
mod remote_tests;
pub mod reopen;
pub mod retention;
pub mod rows;
pub mod schema;
pub mod schema_docs;
mod state;
pub mod storage;
#[cfg(test)]
mod test_rows;
pub mod undo;
pub mod vacuum;
pub mod vault;
pub mod verification;
