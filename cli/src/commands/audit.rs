//! `weir audit`: whether the trail is as it was written, and what stands in it.

use std::path::Path;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use weir_register::{Act, Action, Actor, AuditRow, BlockingRegister, Head, Outcome, Sought};

use crate::Ended;
use crate::output::{Output, print_rows};

/// Who did what, and whether the trail of it is whole
#[derive(Args)]
#[command(after_help = "Examples:
  weir audit verify                      any row altered, removed or moved; prints the head to note elsewhere
  weir audit verify --head 812:5be0...   also: nothing was cut off since that head was noted
  weir audit list --action reveal

Every write, sign-in, reveal, export and refused attempt is a row. Rows are only ever added, and each is bound to the one before.")]
pub struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Check every row of the trail
    Verify {
        /// A head noted elsewhere, as `weir audit verify` printed it
        #[arg(long, value_name = "NUMBER:HASH")]
        head: Option<String>,
    },
    /// Print rows of the trail, newest first
    List {
        /// Only this actor: account:7, command:anna or nobody
        #[arg(long)]
        actor: Option<String>,
        /// Only this action
        #[arg(long)]
        action: Option<String>,
        /// Only what was refused
        #[arg(long)]
        refused: bool,
        /// At most so many rows
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// How to print them
        #[arg(long, value_enum, default_value_t = Output::Table)]
        output: Output,
    },
}

impl Audit {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        let register = BlockingRegister::of_estate_existing(&estate)?;
        match self.what {
            What::Verify { head } => {
                let head = head.map(|text| parse_head(&text)).transpose()?;
                verify(&register, head.as_ref())
            }
            What::List { actor, action, refused, limit, output } => {
                if let Some(action) = &action
                    && !Action::ALL.iter().any(|known| known.word() == action)
                {
                    let known: Vec<_> = Action::ALL.iter().map(|action| action.word()).collect();
                    anyhow::bail!("no action {action:?}; use one of {}", known.join(", "));
                }
                // Who reads the trail stands in it.
                let _read = register.audit(Act::new(Actor::of_command(), Action::ReadAudit))?;
                let sought = Sought { actor, action, outcome: refused.then_some(Outcome::Refused), limit, ..Sought::default() };
                list(register.audit_rows(&sought)?, output)
            }
        }
    }
}

fn parse_head(text: &str) -> anyhow::Result<Head> {
    Head::parse(text).ok_or_else(|| {
        anyhow::anyhow!("found {text:?}; use a head as `weir audit verify` printed it: a number, a colon and 64 hex digits")
    })
}

fn verify(register: &BlockingRegister, noted: Option<&Head>) -> anyhow::Result<Ended> {
    let verified = register.verify_audit(noted)?;
    for finding in &verified.findings {
        println!("{finding}");
    }
    if !verified.findings.is_empty() {
        println!(
            "\nThe trail is NOT as it was written: see the {} above; {} rows were read.",
            findings(verified.findings.len()),
            verified.rows
        );
        return Ok(Ended::WithFindings);
    }
    let Some(head) = verified.head else {
        println!("The trail is empty.");
        return Ok(Ended::Done);
    };
    match noted {
        Some(noted) => println!("The trail is whole: {} rows, with the head noted at row {}.", verified.rows, noted.number()),
        None => println!("The trail is whole: {} rows, as far as it shows by itself.", verified.rows),
    }
    println!("Head: {head}");
    if noted.is_none() {
        println!(
            "Note the head outside this machine. With --head, the next check also finds a tail cut off or a trail written anew."
        );
    }
    Ok(Ended::Done)
}

fn findings(count: usize) -> String {
    if count == 1 { "finding".to_owned() } else { format!("{count} findings") }
}

/// A row as programs read it.
#[derive(serde::Serialize)]
struct Line {
    number: u64,
    at: String,
    actor: String,
    role: Option<String>,
    action: String,
    outcome: String,
    school: Option<String>,
    object: Option<String>,
    reason: Option<String>,
    detail: String,
    hash: String,
}

fn list(rows: Vec<AuditRow>, output: Output) -> anyhow::Result<Ended> {
    let lines: Vec<Line> = rows
        .into_iter()
        .map(|row| {
            Ok(Line {
                number: row.number,
                at: time(row.at)?,
                actor: row.actor,
                role: row.role,
                action: row.action,
                outcome: row.outcome,
                school: row.school,
                object: row.object,
                reason: row.reason,
                detail: row.detail,
                hash: row.hash,
            })
        })
        .collect::<anyhow::Result<_>>()?;
    let header = ["number", "at", "actor", "role", "action", "outcome", "school", "object", "reason", "detail"];
    print_rows(output, &lines, &header, |line| {
        let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            line.number.to_string(),
            line.at.clone(),
            line.actor.clone(),
            or_empty(&line.role),
            line.action.clone(),
            line.outcome.clone(),
            or_empty(&line.school),
            or_empty(&line.object),
            // What somebody typed must be no formula to a spreadsheet.
            if line.reason.as_ref().is_some_and(|reason| reason.starts_with(weir_pack::FORMULA_SIGNS)) {
                format!("'{}", or_empty(&line.reason))
            } else {
                or_empty(&line.reason)
            },
            if line.detail == "{}" { String::new() } else { line.detail.clone() },
        ]
    })?;
    Ok(Ended::Done)
}

fn time(micros: i64) -> anyhow::Result<String> {
    Ok(Timestamp::from_microsecond(micros)?.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
