//! For the technician: lines that no rule gives to a school, and the rules that would. Ranges, groups, policies and sites alone.

use askama::Template;
use weir_query::unclaimed::{Claim, RULE_KEYS, UnclaimedSource};

use super::Frame;
use crate::plain::seen;
use crate::words;

/// Values shown under one heading; those with the most lines come first.
const VALUES: usize = 50;

/// Files named; the command names more.
const FILES: usize = 5;

/// The page.
#[derive(Debug, Template)]
#[template(path = "unclaimed.html")]
pub(crate) struct UnclaimedPage {
    pub(crate) frame: Frame,
    pub(crate) sources: Vec<Source>,
}

/// A source and its tables.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) anchor: String,
    pub(crate) id: String,
    pub(crate) summary: String,
    pub(crate) nothing: Option<String>,
    pub(crate) tables: Vec<Table>,
    pub(crate) commands: String,
    pub(crate) more_files: Option<String>,
}

/// What one kind of rule would claim.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) anchor: String,
    pub(crate) title: &'static str,
    pub(crate) column: &'static str,
    pub(crate) rows: Vec<(String, String, String)>,
    pub(crate) more: Option<String>,
}

impl UnclaimedPage {
    /// The page.
    pub(crate) fn new(sources: &[UnclaimedSource]) -> Self {
        let frame = Frame::plain("Which lines does no school claim?");
        Self { frame, sources: sources.iter().enumerate().map(|(at, source)| Source::new(at, source)).collect() }
    }
}

impl Source {
    fn new(at: usize, source: &UnclaimedSource) -> Self {
        let count = |n: u64| words::number(n as f64, 0);
        let lines = if source.lines == 1 { "line waits" } else { "lines wait" };
        let files = if source.files.len() == 1 { "file" } else { "files" };
        let tables = RULE_KEYS.iter().filter_map(|key| {
            let claims: Vec<&Claim> = source.claims.iter().filter(|claim| claim.key == *key).collect();
            (!claims.is_empty()).then(|| Table::new(at, key, &claims))
        });
        let undo: Vec<String> = source.files.iter().take(FILES).map(|file| format!("weir undo {file}")).collect();
        Self {
            anchor: format!("source-{at}"),
            id: source.source_id.clone(),
            summary: format!(
                "{} {lines} for a school, in {} {files}.",
                count(source.lines),
                count(source.files.len() as u64)
            ),
            nothing: (source.say_nothing > 0).then(|| {
                format!(
                    "{} of them say nothing that a rule could go by. Set the filter to log the client\u{2019}s address, group, policy or site.",
                    count(source.say_nothing)
                )
            }),
            tables: tables.collect(),
            commands: undo.join("\n"),
            more_files: source.files.len().checked_sub(FILES).filter(|more| *more > 0).map(|more| format!("and {more} more")),
        }
    }
}

impl Table {
    fn new(at: usize, key: &str, claims: &[&Claim]) -> Self {
        let (title, column) = match key {
            "src_ip" => ("By the client\u{2019}s address", "Range"),
            "group" => ("By group", "Group"),
            "profile" => ("By policy", "Policy"),
            _ => ("By site", "Site"),
        };
        let row = |claim: &&Claim| (seen(&claim.value), words::number(claim.lines as f64, 0), seen(&claim.rule));
        Self {
            anchor: format!("by-{at}-{key}"),
            title,
            column,
            rows: claims.iter().take(VALUES).map(row).collect(),
            more: claims
                .len()
                .checked_sub(VALUES)
                .filter(|more| *more > 0)
                .map(|more| format!("{more} more with fewer lines: weir formats unclaimed lists them all.")),
        }
    }
}
