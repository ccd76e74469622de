//! Answers questions over the lake: rollups, indicators, statistics, saved queries.

/// The data folders as embedded at build time.
pub(crate) mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}
