//! Receives logs as they happen, syslog over UDP, TCP and TLS and files that grow, into a spool of plain files that ingest reads.
//!
//! A line of the spool is a message as its sender wrote it. Whose it is says the folder it lies in, when it came the file's name and
//! time: nothing is put into the line. What a line means is left to others.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods))]

mod counts;
mod drops;
mod error;
mod frame;
mod metrics;
mod receiver;
pub mod segment;
mod senders;
mod tail;
mod tcp;
mod tls;
#[cfg(test)]
mod tls_tests;
mod udp;
mod writer;

pub use counts::{Counts, Way};
pub use error::ListenError;
pub use receiver::{Config, Receiver};
pub use senders::Senders;
pub use writer::Limits;

/// Tells whoever looks after the machine what happened, a sentence each; names no person.
pub type Said = std::sync::Arc<dyn Fn(&str) + Send + Sync>;

/// The spool's folder for senders that no source names. Nothing reads it.
pub const UNKNOWN: &str = weir_lake::estate::UNKNOWN_SENDERS;
