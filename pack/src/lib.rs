//! The evidence pack: a frozen review as PDF, workbook, page and tables, made from its bundle and from nothing else.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails should stop"))]

pub mod bundle;
mod error;

pub use error::BundleError;
