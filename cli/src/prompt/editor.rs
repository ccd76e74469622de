//! Reads what somebody types at a terminal: several lines of one statement, arrow keys, what was asked before, names completed.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Behavior, CompletionType, Config, Context, Helper};

use super::statements;

/// Words of SQL that are worth completing.
const WORDS: [&str; 22] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "HAVING",
    "LIMIT",
    "JOIN",
    "LEFT JOIN",
    "DISTINCT",
    "BETWEEN",
    "COUNT(*)",
    "SUM(",
    "MIN(",
    "MAX(",
    "CASE WHEN",
    "FILTER (WHERE",
    "WITH",
    "UNION ALL",
    "IS NULL",
    "IS NOT NULL",
    "DESC",
];

/// Statements kept to go back through.
const REMEMBERED: usize = 1000;

/// What is known while somebody types.
struct Names(Vec<String>);

impl Names {
    fn new(mut names: Vec<String>) -> Self {
        names.sort();
        names.dedup();
        Self(names)
    }

    /// Where the word before the cursor begins, and what it may become.
    fn after(&self, text: &str) -> (usize, Vec<String>) {
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let start = text.char_indices().rev().take_while(|(_, letter)| is_part(*letter)).last().map_or(text.len(), |(at, _)| at);
        let word = text.get(start..).unwrap_or_default().to_lowercase();
        if word.is_empty() {
            return (start, Vec::new());
        }
        let names = self.0.iter().filter(|name| name.to_lowercase().starts_with(&word)).cloned();
        // After `\d` stands a table.
        if text.trim_start().starts_with('\\') {
            return (start, names.collect());
        }
        let words = WORDS.iter().filter(|known| known.to_lowercase().starts_with(&word)).map(|known| (*known).to_string());
        (start, names.chain(words).collect())
    }
}

impl Completer for Names {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.after(line.get(..pos).unwrap_or(line)))
    }
}

/// Whether it can be answered as it stands: a command, or statements that end with `;`.
fn is_whole(text: &str) -> bool {
    let trimmed = text.trim();
    let is_command = trimmed.starts_with('\\') || matches!(trimmed, "" | "quit" | "exit" | "help");
    // On a line of its own a command ends what stands before it.
    let last = trimmed.lines().next_back().unwrap_or_default().trim_start();
    is_command || last.starts_with('\\') || statements(text).1.trim().is_empty()
}

impl Validator for Names {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_whole(context.input()) { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Hinter for Names {
    type Hint = String;
}

impl Highlighter for Names {}

impl Helper for Names {}

/// Somebody at a terminal.
pub(super) struct Editor {
    reads: rustyline::Editor<Names, FileHistory>,
    history: Option<PathBuf>,
}

impl Editor {
    /// Completes these names; keeps what was asked in a file where one is given.
    pub(super) fn new(names: Vec<String>, history: Option<&Path>) -> anyhow::Result<Self> {
        // An answer may go into a file while somebody types.
        let behavior = if io::stdout().is_terminal() { Behavior::Stdio } else { Behavior::PreferTerm };
        let config = Config::builder().completion_type(CompletionType::List).max_history_size(REMEMBERED)?.behavior(behavior);
        let mut reads = rustyline::Editor::<Names, FileHistory>::with_config(config.build())?;
        reads.set_helper(Some(Names::new(names)));
        if let Some(file) = history {
            make_folder_of(file)?;
            match reads.load_history(file) {
                Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
                loaded => loaded.with_context(|| file.display().to_string())?,
            }
        }
        Ok(Self { reads, history: history.map(Path::to_path_buf) })
    }

    /// What was typed, as far as it is whole; nothing at the end of input.
    pub(super) fn read(&mut self) -> anyhow::Result<Option<String>> {
        loop {
            match self.reads.readline("weir> ") {
                Ok(text) => {
                    if !text.trim().is_empty() {
                        self.reads.add_history_entry(text.trim_end())?;
                    }
                    if let Some(file) = &self.history {
                        self.reads.save_history(file).with_context(|| file.display().to_string())?;
                    }
                    return Ok(Some(text));
                }
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Where a person's own history goes: `$XDG_STATE_HOME/weir/sql-history`, by default under `~/.local/state`.
pub fn history_file() -> anyhow::Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")));
    Ok(state.context("--keep-history: neither XDG_STATE_HOME nor HOME names a folder")?.join("weir").join("sql-history"))
}

/// For its owner alone; the file itself is made so, too.
fn make_folder_of(file: &Path) -> anyhow::Result<()> {
    let Some(folder) = file.parent() else { return Ok(()) };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).with_context(|| folder.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_becomes_a_name() {
        let names = Names::new(["events", "event_date", "event_time", "schools"].map(String::from).into());
        let after = |text: &str| names.after(text);
        assert_eq!(after("SELECT ev"), (7, vec!["event_date".into(), "event_time".into(), "events".into()]));
        assert_eq!(after("SELECT e.EVENT_D"), (9, vec!["event_date".to_string()]));
        assert_eq!(after("\\d sch"), (3, vec!["schools".to_string()]));
        assert_eq!(after("se"), (0, vec!["SELECT".to_string()]));
        // Nothing after a blank: all names of the lake help nobody.
        assert_eq!(after("SELECT "), (7, Vec::new()));
        // In bytes: the accent takes two.
        assert_eq!(after("SELECT 'caf\u{e9} sch"), (14, vec!["schools".to_string()]));
    }

    #[test]
    fn a_statement_goes_on_until_its_semicolon() {
        for (text, whole) in [
            ("SELECT 1", false),
            ("SELECT ';'", false),
            ("SELECT 1;", true),
            ("SELECT 1;\n", true),
            ("SELECT 1; SELECT 2", false),
            ("SELECT 1\n\\c", true),
            ("\\d events", true),
            ("exit", true),
            ("", true),
        ] {
            assert_eq!(is_whole(text), whole, "{text:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_kept_is_its_owners() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state").join("sql-history");
        let mut editor = Editor::new(Vec::new(), Some(&file)).unwrap();
        editor.reads.add_history_entry("SELECT 1;").unwrap();
        editor.reads.save_history(&file).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        let mut again = Editor::new(Vec::new(), Some(&file)).unwrap();
        assert_eq!(again.reads.history_mut().iter().map(String::as_str).collect::<Vec<_>>(), ["SELECT 1;"]);
    }
}
