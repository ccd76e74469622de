//! What the engine's errors mean to whoever asked, and which of them a signed-in reader is told.

use std::path::PathBuf;

use datafusion::common::DataFusionError;

use crate::error::QueryError;

/// The limits of a question, as its errors name them.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) seconds: u64,
    pub(crate) megabytes: usize,
    /// An error of the engine may print a value of a row: a signed-in reader gets a fixed text.
    pub(crate) tells_nothing: bool,
}

impl Limits {
    pub(crate) fn timed_out(self) -> QueryError {
        QueryError::TimedOut { seconds: self.seconds }
    }

    pub(crate) fn explain(self, error: DataFusionError) -> QueryError {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => QueryError::OutOfMemory { megabytes: self.megabytes },
            _ if self.tells_nothing => match error.into() {
                gone @ QueryError::FileGone(_) => gone,
                _ => QueryError::NotAnswered,
            },
            _ => error.into(),
        }
    }
}

impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        if let Some(file) = gone(&error) {
            return QueryError::FileGone(file);
        }
        match error.find_root() {
            DataFusionError::SQL(error, _) => QueryError::Sql(format!("this is not SQL that can be read: {error}")),
            DataFusionError::Plan(text) => refused(text).unwrap_or_else(|| QueryError::Sql(first_lower(text))),
            DataFusionError::SchemaError(error, _) => QueryError::Sql(first_lower(&error.to_string())),
            DataFusionError::NotImplemented(text) => {
                QueryError::Sql(format!("this kind of SQL is not supported: {}", first_lower(text)))
            }
            DataFusionError::ResourcesExhausted(text) => QueryError::Engine(first_lower(text)),
            other => QueryError::Engine(first_lower(&other.strip_backtrace())),
        }
    }
}

/// The file that a scan did not find, below the folder of the tables. The readers between hand on a text only.
fn gone(error: &DataFusionError) -> Option<PathBuf> {
    let text = error.strip_backtrace();
    let missing = text.contains("not found: No such file") || text.contains("NotFound");
    let (_, rest) = text.split_once("for file ").or_else(|| text.split_once("Object at location "))?;
    let file = rest.split([' ', ':']).next()?;
    // Table and file only: no path of this machine in a message.
    let parts: Vec<&str> = file.rsplit('/').take(2).collect();
    missing.then(|| parts.into_iter().rev().collect())
}

/// The refusal behind the planner's words for what is not a question.
fn refused(text: &str) -> Option<QueryError> {
    let what = ["DDL", "DML", "Statement"].into_iter().find(|what| text.starts_with(&format!("{what} not supported")))?;
    let statement = text.split(": ").nth(1).unwrap_or(what);
    Some(QueryError::ReadOnly { what: statement.to_string() })
}

fn first_lower(text: &str) -> String {
    let mut letters = text.chars();
    let mut whole = String::with_capacity(text.len());
    // An acronym at the start keeps its capitals.
    let second_is_capital = text.chars().nth(1).is_some_and(char::is_uppercase);
    if let Some(first) = letters.next() {
        if second_is_capital {
            whole.push(first);
        } else {
            whole.extend(first.to_lowercase());
        }
    }
    whole.push_str(letters.as_str());
    whole.replace("weir.lake.", "").trim_end_matches('.').to_string()
}
