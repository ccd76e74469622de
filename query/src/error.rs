//! What can go wrong with a question, in words that name the mend.

use std::path::PathBuf;

/// Why a question got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The school has no row in calendar.csv for the year, so nothing can be said per school week.
    #[error("{school} has no half-term blocks in calendar.csv for {year}; add its term dates, without them there are no rates")]
    NoCalendar {
        /// School.
        school: String,
        /// Academic year, for example `2025-26`.
        year: String,
    },
    /// No such school in schools.csv.
    #[error("no school {0:?} in schools.csv; `weir sql \"SELECT school_id, name FROM schools\"` lists them")]
    UnknownSchool(String),
    /// No such indicator.
    #[error("no indicator {found:?}; there are {known}")]
    UnknownIndicator {
        /// What was asked for.
        found: String,
        /// The ids there are, joined.
        known: String,
    },
    /// No such saved query.
    #[error("no query {0:?}; `weir query list` names them")]
    UnknownQuery(String),
    /// A file of the query folder breaks its own contract.
    #[error("{file}: {problem}")]
    BadHeader {
        /// Which file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The text asks for more than reading.
    #[error("{what} is refused: questions only read; use SELECT, WITH, EXPLAIN, SHOW or DESCRIBE")]
    ReadOnly {
        /// What was found.
        what: String,
    },
    /// Asked for what a signed-in reader may not do.
    #[error("refused: {0}")]
    Refused(String),
    /// The engine failed on a signed-in reader's question; why it did could tell what a row holds.
    #[error(
        "this question could not be answered: a value does not fit what is asked of it (text taken as a number, a share of nothing). Use TRY_CAST instead of CAST, and nullif before you divide"
    )]
    NotAnswered,
    /// More rows than an answer may have.
    #[error("the answer has more than {most} rows; group them, ask for fewer days, or add a LIMIT")]
    TooManyRows {
        /// The limit.
        most: usize,
    },
    /// The text is not SQL, or names what is not there.
    #[error("{0}")]
    Sql(String),
    /// The answer took longer than allowed.
    #[error("no answer within {seconds} seconds; ask for fewer days or schools, or raise the time limit")]
    TimedOut {
        /// The limit.
        seconds: u64,
    },
    /// The answer needs more memory than allowed, even when it spills to disk.
    #[error("the answer needs more than {megabytes} MB of memory; ask for fewer days, or raise the memory limit")]
    OutOfMemory {
        /// The limit.
        megabytes: usize,
    },
    /// A file the snapshot names is gone: an erasure or a vacuum ran meanwhile.
    #[error("a file of this view of the lake is gone ({0}); the lake changed meanwhile, ask again")]
    FileGone(PathBuf),
    /// The engine failed.
    #[error("the query engine failed: {0}")]
    Engine(String),
    /// An answer has not the shape that its reader relies on.
    #[error("{what}: expected {expected}")]
    Shape {
        /// Where.
        what: String,
        /// What should have been there.
        expected: String,
    },
    /// The lake refused.
    #[error(transparent)]
    Lake(#[from] weir_lake::lake::LakeError),
    /// A suppressed table could be solved; it must not be published.
    #[error("a hidden cell of {0} can be worked out from what is shown; nothing was published")]
    Solvable(String),
}
