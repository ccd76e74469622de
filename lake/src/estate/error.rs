//! Everything wrong with the estate's files at once, each with file, line, column, what was found and the mend.

use std::fmt;
use std::path::PathBuf;

/// One thing wrong in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// File name below the estate's folder.
    pub file: String,
    /// Line, from 1.
    pub line: Option<u64>,
    /// Column of a CSV file or key of weir.toml.
    pub column: Option<String>,
    /// What was found and what is accepted.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, " line {line}")?;
        }
        if let Some(column) = &self.column {
            let word = if self.file.ends_with(".toml") { "key" } else { "column" };
            let comma = if self.line.is_some() { "," } else { "" };
            write!(f, "{comma} {word} {column}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Why an estate was not loaded or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EstateError {
    /// Bad rows and keys, of all files together.
    #[error("{}", list(problems))]
    Refused {
        /// In the order of the files and their lines.
        problems: Vec<Problem>,
    },
    /// No weir.toml in a folder or any folder above it.
    #[error("no weir.toml in {start} or any folder above it; run `weir init DIR` to make one, or name it with --config")]
    NotFound {
        /// Where the search began.
        start: PathBuf,
    },
    /// A file that `init` would have overwritten.
    #[error("{path} is there already and was left as it is; choose an empty folder")]
    AlreadyThere {
        /// Which.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

impl EstateError {
    /// The single problems, for pages and tests; empty for the other kinds of error.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Refused { problems } => problems,
            _ => &[],
        }
    }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

/// Longest part of a found value that a message repeats.
const SHOWN: usize = 60;

/// `found "half-term"; use a, b or c`.
pub(crate) fn found_use(found: &str, accepted: &[&str]) -> String {
    format!("{}; use {}", found_text(found), one_of(accepted))
}

/// `found "half-term"`, shortened; `found nothing` for empty text.
pub(crate) fn found_text(found: &str) -> String {
    if found.is_empty() {
        return "found nothing".to_owned();
    }
    let shown: String = found.chars().take(SHOWN).collect();
    format!("found {shown:?}")
}

/// `a, b or c`.
pub(crate) fn one_of(accepted: &[&str]) -> String {
    match accepted {
        [] => "nothing: none are known yet".to_owned(),
        [one] => (*one).to_owned(),
        // A trust's list of schools can be long; a message names the first few.
        [..] if accepted.len() > 12 => format!("{} ... ({} in all)", accepted[..10].join(", "), accepted.len()),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_where_what_and_the_mend() {
        let problem = Problem {
            file: "calendar.csv".into(),
            line: Some(14),
            column: Some("kind".into()),
            what: found_use("half-term", &["half_term_block", "holiday", "inset", "closure"]),
        };
        assert_eq!(
            problem.to_string(),
            r#"calendar.csv line 14, column kind: found "half-term"; use half_term_block, holiday, inset or closure"#
        );
        assert_eq!(found_use("", &["yes", "no"]), "found nothing; use yes or no");
    }
}
