//! What the rest of Weir stands on: the canonical schema, the lake and its one commit, the estate, the calendar and pseudonyms.

pub mod batch;
pub mod estate;
pub mod ids;
pub mod lake;
pub mod names;
pub mod schema;
