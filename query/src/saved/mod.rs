//! Saved queries: questions in plain words, each one SQL file whose header says what it asks for, who may run it and what its answer means.

mod header;
mod own;
mod parameter;
mod run;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::LazyLock;

use serde::Serialize;

pub use own::{Refused, SavedQueries};
pub use parameter::{Kind, Parameter};
pub use run::{Answered, Asked};

pub use crate::words::TOPICS;

use crate::embedded;
use crate::error::QueryError;

/// Who may run a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The safeguarding lead and deputies.
    Dsl,
    /// The head.
    Head,
    /// A governor or trustee.
    Governor,
    /// Who runs the filter.
    Technician,
    /// Who runs Weir: every query.
    Administrator,
}

impl Role {
    /// The role of a word in a header.
    pub fn parse(text: &str) -> Option<Role> {
        Some(match text {
            "dsl" => Role::Dsl,
            "head" => Role::Head,
            "governor" => Role::Governor,
            "technician" => Role::Technician,
            "administrator" => Role::Administrator,
            _ => return None,
        })
    }

    /// Its name for people.
    pub const fn words(self) -> &'static str {
        match self {
            Role::Dsl => "safeguarding lead",
            Role::Head => "head",
            Role::Governor => "governor",
            Role::Technician => "technician",
            Role::Administrator => "administrator",
        }
    }
}

/// How an answer may be drawn, by the names of its columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Chart {
    /// A table says it best.
    None,
    /// A bar a row.
    Bars {
        /// What a bar is of.
        label: String,
        /// How long it is.
        value: String,
    },
    /// Points along periods, a line each.
    Line {
        /// The period.
        x: String,
        /// The height.
        value: String,
        /// Which line, where there are several.
        series: Option<String>,
        /// What it is compared with at the same place.
        before: Option<String>,
    },
    /// What happened, in order of time.
    Timeline {
        /// When.
        time: String,
    },
    /// Shades in a grid.
    Heat {
        /// Its rows.
        row: String,
        /// Its columns.
        column: String,
        /// How dark.
        value: String,
    },
}

/// One saved query, as its file says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SavedQuery {
    /// Id, the file's stem.
    pub id: String,
    /// The question it answers, in plain words.
    pub title: String,
    /// What the answer means.
    pub explanation: String,
    /// What it can't tell.
    pub limits: String,
    /// Who may run it, besides administrators.
    pub audience: Vec<Role>,
    /// What it asks for, besides the school.
    pub parameters: Vec<Parameter>,
    /// How the answer may be drawn.
    pub chart: Chart,
    /// Whether it shows what was typed: a reason is needed, and written down.
    pub needs_reason: bool,
    /// Longest time from `from` to `to`, in days, where it has both.
    pub most_days: Option<u32>,
    /// Version of the definition.
    pub version: u32,
    /// Where the file lies; none for a shipped one.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// The file's text.
    #[serde(skip)]
    pub sql: String,
}

static SHIPPED: LazyLock<Result<Vec<SavedQuery>, String>> = LazyLock::new(|| {
    let parsed: Result<Vec<SavedQuery>, header::Wrong> =
        embedded::SAVED.iter().map(|(name, text)| header::parse(name, text)).collect();
    parsed.map_err(|wrong| format!("line {}: {}", wrong.line, wrong.reason))
});

impl SavedQuery {
    /// Every shipped query, by id.
    pub fn shipped() -> Result<&'static [SavedQuery], QueryError> {
        match &*SHIPPED {
            Ok(queries) => Ok(queries),
            Err(problem) => Err(QueryError::BadHeader { file: "saved queries".into(), problem: problem.clone() }),
        }
    }

    /// Whether someone of a role may run it.
    pub fn may_be_run_by(&self, role: Role) -> bool {
        role == Role::Administrator || self.audience.contains(&role)
    }

    /// Names of its parameters that stand in the text as `$name`.
    fn placeholders(&self) -> Vec<&str> {
        placeholders(&self.sql)
    }
}

/// The `$names` of a text, outside comments and quotes.
fn placeholders(sql: &str) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for line in sql.lines() {
        let line = line.split("--").next().unwrap_or_default();
        for (place, part) in line.split('$').enumerate().skip(1) {
            // An odd number of quotes before it: it stands inside a text.
            let before: usize = line.split('$').take(place).map(|part| part.matches('\'').count()).sum();
            let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(part.len());
            if let Some(name) = part.get(..end).filter(|name| !name.is_empty() && before.is_multiple_of(2)) {
                names.push(name);
            }
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}
