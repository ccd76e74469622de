//! Reads filters' and firewalls' logs: open, decode, normalise, batch, commit. Loses no line, and can show it.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods))]

mod decode;
pub mod decoded;
pub mod engine;
pub mod format;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
pub mod identity;
pub mod input;
pub mod inspect;
pub mod normalise;
#[cfg(test)]
mod properties;
pub mod reclassify;
pub mod report;
pub mod unmapped;

/// The data folders as embedded at build time.
pub(crate) mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}
