//! Mail: that something waits, and where to sign in; never whom it is about.
//!
//! Every letter is one of a few fixed texts. What may vary in it is a school's name, one number and the address of a page, so nothing
//! that stands in a log, the lake or the register can come into one.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::string_slice, clippy::disallowed_methods))]

mod deliver;
mod error;
mod occasions;
mod secret;
mod server;
mod text;

pub use deliver::{Delivery, deliver};
pub use error::PostError;
pub use occasions::{HalfTermOver, Waiting, WaitsFor, digest, feeds_silent, night_failed, termly_review, waiting};
pub use server::Server;
pub use text::{Text, Way};
