//! Answers questions over the lake: rollups, indicators, statistics, saved queries.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods))]

pub mod alerts;
mod assemble;
mod cards;
#[cfg(test)]
mod cards_tests;
pub mod cells;
pub mod compare;
pub mod engine;
pub mod error;
mod explain;
mod figures;
#[cfg(test)]
mod figures_tests;
mod figuring;
mod file_rows;
mod findings;
#[cfg(test)]
mod fixture;
mod frame;
pub mod indicator;
#[cfg(test)]
mod indicator_tests;
pub mod output;
mod overview;
pub mod page;
#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod properties;
pub mod publish;
mod published;
pub mod records;
pub mod rollup;
#[cfg(test)]
mod rollup_tests;
mod rows;
pub mod saved;
mod scan;
pub mod scope;
#[cfg(test)]
mod scope_tests;
mod session;
#[cfg(test)]
mod slt_tests;
mod stale;
pub mod state;
pub mod statistics;
pub mod suppression;
mod tables;
pub mod trend;
pub mod unclaimed;
mod words;

pub use tables::{CategoryMeaning, Meanings};

/// The data folders as embedded at build time.
pub(crate) mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}
