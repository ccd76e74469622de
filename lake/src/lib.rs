//! What the rest of Weir stands on: the canonical schema, the lake and its one commit, the estate, the calendar and pseudonyms.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod batch;
pub mod calendar;
pub mod clock;
pub mod estate;
pub mod ids;
pub mod lake;
pub mod names;
pub mod schema;
