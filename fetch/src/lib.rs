#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods))]
//! Pulls exports from where a filter leaves them into a source's inbox, each once and whole, whenever it is cut short.
//!
//! A file comes under a name that no reader looks at, is safe from a power cut, and then appears in the inbox under its own. What was
//! fetched is remembered by name, size and version, so that nothing comes twice, and a file that changed comes again. It goes nowhere but
//! to the addresses of weir.toml: no redirect is followed, and nothing that a log or a listing says becomes an address.

mod arrival;
mod days;
mod error;
mod http;
mod keys;
mod memory;
mod remote;
mod run;
mod s3;
mod sftp;

pub use error::FetchError;
pub use run::{Fetched, When, check, fetch};
