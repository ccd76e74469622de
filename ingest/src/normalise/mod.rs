//! Turns what a format read of a line into a canonical row: when, whose, who, what was asked for, what it was about.
//!
//! One [`Normaliser`] serves one worker thread and one batch at a time. What a value came to is remembered by its raw bytes, so a
//! row of known host, user and category costs look-ups and pushes only.

use std::sync::Arc;

use weir_lake::clock::DEFAULT_ZONE;
use weir_lake::estate::{Estate, SchoolOf};
use weir_lake::ids::{FileId, FormatId, SchoolId, SourceId, UserKey};

mod admin;
mod cache;
pub mod furniture;
pub mod lexicon;
pub mod people;
mod row;
#[cfg(test)]
mod row_tests;
mod school;
pub mod search;
pub mod taxonomy;
pub mod term;
mod text;
pub mod theme;
pub mod time;
pub mod url;

pub use people::{Login, NobodyKnown, PeopleLookup, UserFields, Who};
pub use row::Normaliser;
pub(crate) use row::{StoredCategory, StoredRow};
pub use time::{TimeOrder, UnknownZone, When};

use lexicon::{Lexicon, LexiconError};
use taxonomy::{Taxonomies, TaxonomyError};

/// Why reference data is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// A taxonomy file.
    #[error(transparent)]
    Taxonomy(#[from] TaxonomyError),
    /// A lexicon file.
    #[error(transparent)]
    Lexicon(#[from] LexiconError),
}

/// What rows are read against, shared by all workers and never changed.
#[derive(Debug)]
pub struct Reference {
    /// Categories, vendors' maps and own domains.
    pub taxonomies: Taxonomies,
    /// Search-term entries.
    pub lexicon: Lexicon,
}

impl Reference {
    /// The reference data that Weir ships.
    pub fn embedded() -> Result<Arc<Self>, ReferenceError> {
        Self::new(crate::embedded::TAXONOMIES, crate::embedded::LEXICON)
    }

    /// What Weir ships, with the lexicon files that stand beside the estate's weir.toml on top, as they hold today.
    pub fn of_estate(estate: &Estate) -> Result<Arc<Self>, ReferenceError> {
        let own = lexicon::own::files_beside(&estate.home)?;
        let today = weir_lake::clock::today(&weir_lake::clock::zone(DEFAULT_ZONE).unwrap_or(jiff::tz::TimeZone::UTC));
        Ok(Arc::new(Self {
            taxonomies: Taxonomies::new(crate::embedded::TAXONOMIES)?,
            lexicon: Lexicon::with_own(crate::embedded::LEXICON, &own, today)?,
        }))
    }

    /// Reference data from files: stem and text each.
    pub fn new(taxonomies: &[(&str, &str)], lexicon: &[(&str, &str)]) -> Result<Arc<Self>, ReferenceError> {
        Ok(Arc::new(Self { taxonomies: Taxonomies::new(taxonomies)?, lexicon: Lexicon::new(lexicon)? }))
    }
}

/// What holds for every line of a file.
#[derive(Debug, Clone)]
pub struct FileContext {
    /// The school, or the rules that find one.
    pub school: SchoolOf,
    /// The source.
    pub source_id: SourceId,
    /// The format.
    pub format_id: FormatId,
    /// The file.
    pub file_id: FileId,
    /// Zone of local times in the lines, an IANA name.
    pub zone: String,
    /// Zone of the school's dates, an IANA name. Schools that share one export share one zone.
    pub school_zone: String,
    /// Taxonomy of the vendor: a file stem of `ingest/taxonomies/`.
    pub vendor: Option<String>,
    /// Keep queries of allowed rows too.
    pub keep_allowed_queries: bool,
    /// When the file was last written, as far as known, for times without a year: microseconds since 1970, UTC.
    pub written_at_micros: Option<i64>,
    /// The clock: microseconds since 1970, UTC.
    pub now_micros: i64,
}

/// What became of an event line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// A row was added.
    Row,
    /// None was, with the reason.
    Quarantined(&'static str),
}

/// One row of `admin_events`; names are keys already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminRow {
    /// Microseconds since 1970, UTC.
    pub event_time: i64,
    /// Days since 1970, the school's local date.
    pub event_date: i32,
    /// The school; None where a shared box's line names none.
    pub school_id: Option<SchoolId>,
    /// Who did it.
    pub actor_key: Option<UserKey>,
    /// `configuration`, `policy_change`, `unblock`, ...
    pub operation: String,
    /// What was changed.
    pub object: Option<String>,
    /// The vendor's words.
    pub detail: Option<String>,
    /// Line of the input file, from 1.
    pub line_no: i64,
}

/// What a person should hear about after a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// Times in a repeated hour that order could not resolve.
    pub ambiguous_times: u64,
    /// Local times in a repeated hour at all. Where a worker did not read every line before them, order told nothing: such a file
    /// is to be read again by one worker.
    pub repeated_times: u64,
    /// Whether a row names a person.
    pub names_people: bool,
    /// Whether a row names somebody else than the person whose export it is said to be.
    pub contradicts: bool,
    /// Vendors' categories that no map knows, and their rows.
    pub unmapped: std::collections::BTreeMap<String, u64>,
}
