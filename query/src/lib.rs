//! Answers questions over the lake: rollups, indicators, statistics, saved queries.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod engine;
pub mod error;
pub mod page;
pub mod rollup;
mod scan;
pub mod state;
mod tables;

pub use tables::{CategoryMeaning, Meanings};

/// The data folders as embedded at build time.
pub(crate) mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}
