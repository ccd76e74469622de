//! What stops an ingest, or refuses one input of it.

use std::sync::Arc;

use super::input_run::InputRead;
use super::quarantine::Quarantine;
use super::totals::Totals;
use weir_lake::lake::LakeError;
use weir_lake::vault::VaultError;

use crate::format::{Format, FormatError};
use crate::identity::UnknownIdentityColumn;
use crate::input::InputError;
use crate::normalise::{ReferenceError, UnknownZone};

/// Why an ingest stopped or an input was refused. Nothing of a refused input is in the lake.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The input can't be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// No known format fits.
    #[error(
        "{path}: no known format fits its first {lines} lines{nearest}; name one with --format (`weir formats list` shows them), or describe it in a format file"
    )]
    UnknownFormat {
        /// The input.
        path: String,
        /// Lines looked at.
        lines: usize,
        /// The nearest formats, as part of the sentence.
        nearest: String,
    },
    /// No known format fits, and one would if its lines lacked nothing.
    #[error("{path}: no known format fits its first {lines} lines; it looks like {titles}, {lacks}")]
    NearlyFits {
        /// The input.
        path: String,
        /// Lines looked at.
        lines: usize,
        /// What a person calls the formats.
        titles: String,
        /// What is lacking, and the mend, as part of the sentence.
        lacks: &'static str,
        /// The formats, one as likely as the other.
        formats: Vec<Arc<Format>>,
    },
    /// An inferred format fits: nobody has seen a file of it, so a person has to say that it is one.
    #[error(
        "{path}: looks like {title}, a format known from the product's screens only; if it is one, name it with --format {format}, and check what it reads with `weir inspect` first"
    )]
    FormatToConfirm {
        /// The input.
        path: String,
        /// The format's id.
        format: String,
        /// What a person calls it.
        title: String,
    },
    /// Not one line of an input could be read.
    #[error("{path}: none of its {lines} lines could be read as {format} ({reason}), so nothing was stored; {mend}")]
    NothingReadable {
        /// The input.
        path: String,
        /// Lines tried.
        lines: u64,
        /// The format.
        format: String,
        /// Why, most often.
        reason: String,
        /// The mend.
        mend: String,
    },
    /// Lines of an export that is said to be one person's name another.
    #[error(
        "{path}: --user says whose export this is, but its lines name other people, so nothing was stored; leave --user out: the names in the lines are taken"
    )]
    NamesOthers {
        /// The input.
        path: String,
    },
    /// Rows that count requests instead of being requests.
    #[error(
        "{path}: holds totals ({headings}) and no request with its time, so nothing was stored; ask for the detailed log instead, one row a request with its time, person, address, category and what was decided (Lightspeed: Website History or Web Activity Log; Linewize: User Journey; Netsweeper: a detail report; Smoothwall: the Web filter log)"
    )]
    TotalsOnly {
        /// The input.
        path: String,
        /// The columns that gave it away.
        headings: String,
    },
    /// A format file is not right, or its id is not known.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A format tells decisions apart by something that is no column.
    #[error("format {format}: {error}")]
    Identity {
        /// The format.
        format: String,
        /// What was found.
        error: UnknownIdentityColumn,
    },
    /// The taxonomies or the lexicon are not right.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The source's school is not in schools.csv.
    #[error("source {source_id}: school {school:?} is not in schools.csv; add it there, or name one of {known}")]
    UnknownSchool {
        /// The source.
        source_id: String,
        /// What was found.
        school: String,
        /// The schools there are.
        known: String,
    },
    /// A zone that no one knows.
    #[error("source {source_id}: {error}")]
    Zone {
        /// The source.
        source_id: String,
        /// Which.
        error: UnknownZone,
    },
    /// The lines of an input do not add up to what became of them: a fault of Weir.
    #[error(
        "{path}: {lines} lines were read but {counted} accounted for, so nothing was stored; this is a fault in weir, please report it"
    )]
    Ledger {
        /// The input.
        path: String,
        /// Lines read.
        lines: u64,
        /// Lines accounted for.
        counted: u64,
    },
    /// An input changed while it was read.
    #[error(
        "{path}: the file changed while it was read, so nothing of it was stored; read it again once its program has finished"
    )]
    Changed {
        /// The input.
        path: String,
    },
    /// The lake.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The vault of names.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl IngestError {
    /// An input of which no line could be read.
    pub(crate) fn nothing_readable(path: String, read: &InputRead) -> Self {
        if let Some(Totals { headings }) = &read.totals {
            return Self::TotalsOnly { path, headings: headings.clone() };
        }
        let format = read.format.to_string();
        let reason = read.quarantine.iter().find_map(Quarantine::first_reason).unwrap_or("unreadable");
        let mend = match reason {
            "missing_field" | "missing_action" | "missing_time" | "no_header" => {
                format!("the export lacks a column that the format needs (`weir formats show {format}` lists them)")
            }
            _ => String::from("see what they are with `weir inspect --format auto`"),
        };
        Self::NothingReadable { path, lines: read.tally.quarantined, format, reason: reason.replace('_', " "), mend }
    }

    /// A format that an input of no format nearly fits.
    pub(crate) fn nearest(&self) -> Option<&Arc<Format>> {
        if let Self::NearlyFits { formats, .. } = self { formats.first() } else { None }
    }

    /// Whether it concerns one input, so that the others go on.
    pub(crate) fn is_of_one_input(&self) -> bool {
        matches!(
            self,
            Self::Input(_)
                | Self::UnknownFormat { .. }
                | Self::NearlyFits { .. }
                | Self::FormatToConfirm { .. }
                | Self::NothingReadable { .. }
                | Self::NamesOthers { .. }
                | Self::TotalsOnly { .. }
                | Self::Changed { .. }
        )
    }
}
