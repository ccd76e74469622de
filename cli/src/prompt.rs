//! The prompt of `weir sql`: a statement ends with `;`, over as many lines as it needs; a line that begins with `\` is a command.
//!
//! What was asked is kept until the prompt ends and not in a file, unless somebody asks for that: it may hold a child's name, and the
//! audit trail, which only some may read, has it already.

mod editor;

pub use editor::history_file;

use std::io::{self, BufRead, IsTerminal};
use std::path::Path;
use std::time::Instant;

use weir_query::engine::Answer;

use crate::output::{Output, print_answer};
use editor::Editor;

const HELP: &str = "A statement ends with ; and may take several lines. Only reading is possible.
  \\d            the tables
  \\d TABLE      its columns
  \\timing       say how long each answer took; again, and it stops
  \\s            what was asked, numbered
  \\g N          ask number N again; without a number, the last
  \\c            forget the lines of an unfinished statement
  \\h            this text
  \\q            leave; Ctrl-D too
Tab completes names of tables and columns; arrow keys edit, and go back through what was asked; Ctrl-R looks in it.
Ctrl-C stops an answer, or forgets what was typed.";

const TABLES: &str = "SELECT table_name AS \"table\", CASE table_type WHEN 'VIEW' THEN 'view' ELSE 'table' END AS kind
FROM information_schema.tables WHERE table_schema = 'lake' ORDER BY table_name";

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    /// More of a statement.
    More,
    /// Whole statements, in order.
    Ask(Vec<String>),
    Help,
    Timing,
    History,
    Again(Option<usize>),
    Forget,
    Leave,
    Unknown(String),
}

/// What was typed so far.
#[derive(Debug, Default)]
struct Typed {
    unfinished: String,
}

impl Typed {
    fn line(&mut self, line: &str) -> Line {
        let trimmed = line.trim();
        if let Some(command) = trimmed.strip_prefix('\\') {
            let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
            let rest = rest.trim().trim_end_matches(';');
            return match (name.trim_end_matches(';'), rest) {
                ("q", _) => Line::Leave,
                ("h" | "?", _) => Line::Help,
                ("timing", _) => Line::Timing,
                ("s", _) => Line::History,
                ("c", _) => {
                    self.unfinished.clear();
                    Line::Forget
                }
                ("g", "") => Line::Again(None),
                ("g", number) => {
                    number.parse().map_or_else(|_| Line::Unknown(trimmed.to_owned()), |number| Line::Again(Some(number)))
                }
                ("d", "") => Line::Ask(vec![TABLES.to_owned()]),
                ("d", table) if table.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => Line::Ask(vec![format!(
                    "SELECT column_name AS \"column\", data_type AS type, is_nullable AS may_be_empty
FROM information_schema.columns WHERE table_schema = 'lake' AND table_name = '{}' ORDER BY ordinal_position",
                    table.to_lowercase()
                )]),
                _ => Line::Unknown(trimmed.to_owned()),
            };
        }
        if self.unfinished.is_empty() {
            match trimmed.trim_end_matches(';') {
                "quit" | "exit" => return Line::Leave,
                "help" => return Line::Help,
                "" => return Line::More,
                _ => {}
            }
        }
        self.unfinished.push_str(line);
        self.unfinished.push('\n');
        let (whole, rest) = statements(&self.unfinished);
        self.unfinished = if rest.trim().is_empty() { String::new() } else { rest };
        if whole.is_empty() { Line::More } else { Line::Ask(whole) }
    }
}

/// The statements that end with `;`, and what follows the last; a `;` in quotes or a comment ends nothing.
fn statements(text: &str) -> (Vec<String>, String) {
    let (mut whole, mut current) = (Vec::new(), String::new());
    let (mut quote, mut is_comment) = (None, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            _ if is_comment => is_comment = letter != '\n',
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '-') if letters.peek() == Some(&'-') => is_comment = true,
            (None, ';') => {
                let statement = std::mem::take(&mut current);
                if !statement.trim().is_empty() {
                    whole.push(statement.trim().to_owned());
                }
                continue;
            }
            _ => {}
        }
        current.push(letter);
    }
    (whole, current)
}

/// What a line makes of the prompt.
enum Then {
    Goes,
    Leaves,
}

/// A prompt: what was typed and asked so far, and who answers.
struct Prompt<A> {
    output: Output,
    ask: A,
    is_terminal: bool,
    typed: Typed,
    asked: Vec<String>,
    is_timed: bool,
}

impl<A: Fn(&str) -> anyhow::Result<Answer>> Prompt<A> {
    fn answer(&self, text: &str) -> anyhow::Result<()> {
        let began = Instant::now();
        match (self.ask)(text).and_then(|answer| print_answer(self.output, &answer)) {
            Ok(()) if self.is_timed => eprintln!("{:.3} seconds", began.elapsed().as_secs_f64()),
            Ok(()) => {}
            // A slip at the prompt is no reason to leave it; in a pipe it is.
            Err(error) if self.is_terminal => eprintln!("{error:#}"),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn line(&mut self, line: &str) -> anyhow::Result<Then> {
        match self.typed.line(line) {
            Line::More | Line::Forget => {}
            Line::Ask(statements) => {
                for statement in statements {
                    if !statement.contains("information_schema") {
                        self.asked.push(statement.clone());
                    }
                    self.answer(&statement)?;
                }
            }
            Line::Help => eprintln!("{HELP}"),
            Line::Timing => {
                self.is_timed = !self.is_timed;
                eprintln!("timing is {}", if self.is_timed { "on" } else { "off" });
            }
            Line::History => {
                for (at, text) in self.asked.iter().enumerate() {
                    eprintln!("{:>4}  {}", at + 1, text.replace('\n', " "));
                }
            }
            Line::Again(number) => {
                let at = number.unwrap_or(self.asked.len());
                match at.checked_sub(1).and_then(|at| self.asked.get(at)).cloned() {
                    Some(text) => {
                        eprintln!("{text}");
                        self.answer(&text)?;
                    }
                    None => eprintln!("nothing was asked under that number; \\s lists what was"),
                }
            }
            Line::Leave => return Ok(Then::Leaves),
            Line::Unknown(command) => eprintln!("no command {command:?}; \\h lists them"),
        }
        Ok(Then::Goes)
    }
}

/// Reads and answers until the end of input. `names` are those of tables and columns; `history` is a file to keep what was asked in.
pub fn run(
    output: Output,
    names: Vec<String>,
    history: Option<&Path>,
    ask: impl Fn(&str) -> anyhow::Result<Answer>,
) -> anyhow::Result<()> {
    let is_terminal = io::stdin().is_terminal();
    let mut prompt = Prompt { output, ask, is_terminal, typed: Typed::default(), asked: Vec::new(), is_timed: false };
    if is_terminal {
        eprintln!("A statement ends with ;  \\h helps, \\q leaves.");
        let mut editor = Editor::new(names, history)?;
        while let Some(text) = editor.read()? {
            for line in text.lines() {
                if let Then::Leaves = prompt.line(line)? {
                    return Ok(());
                }
            }
        }
        return Ok(());
    }
    for line in io::stdin().lock().lines() {
        if let Then::Leaves = prompt.line(&line?)? {
            return Ok(());
        }
    }
    // The last statement of a pipe needs no `;`.
    let last = prompt.typed.unfinished.trim().to_owned();
    if last.is_empty() { Ok(()) } else { prompt.answer(&last) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_ends_at_its_semicolon_and_nowhere_else() {
        let mut typed = Typed::default();
        assert_eq!(typed.line("SELECT ';' AS a, -- one; two"), Line::More);
        assert_eq!(typed.line("  1 AS \"b;\""), Line::More);
        assert_eq!(
            typed.line("FROM x; SELECT 2;"),
            Line::Ask(vec!["SELECT ';' AS a, -- one; two\n  1 AS \"b;\"\nFROM x".into(), "SELECT 2".into()])
        );
        assert_eq!(typed.unfinished, "");
        assert_eq!(typed.line("SELECT 3"), Line::More);
        assert_eq!(typed.line("\\c"), Line::Forget);
        assert_eq!(typed.line(";"), Line::More);
    }

    #[test]
    fn commands_are_known_or_named() {
        let mut typed = Typed::default();
        assert_eq!(typed.line("\\timing"), Line::Timing);
        assert_eq!(typed.line("\\g 2"), Line::Again(Some(2)));
        assert_eq!(typed.line("\\q"), Line::Leave);
        assert_eq!(typed.line("exit;"), Line::Leave);
        assert_eq!(typed.line("\\d x'; DROP"), Line::Unknown("\\d x'; DROP".into()));
        assert!(matches!(typed.line("\\d Events"), Line::Ask(text) if text[0].contains("'events'")));
    }
}
