//! `weir mail`: whether mail can be sent, what waits, and sending it.

use std::path::Path;

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use weir_lake::clock;
use weir_lake::estate::Estate;
use weir_post::{Server, Text, Way};
use weir_register::accounts::Accounts;
use weir_register::{Act, Action, Actor};

use crate::Ended;
use crate::nightly::mail::sent;
use crate::output::{Output, print_rows};

/// Mail: that something waits, and where to sign in
#[derive(Args)]
#[command(after_help = "Examples:
  weir mail test anna@school.example     one letter, now, with what went wrong
  weir mail send                         what is due; a timer may run it every ten minutes
  weir mail list                         what was sent, what was read, and what waits

`weir nightly` writes and sends the letters of a night. What can't be sent waits, and is tried again for a week. docs/mail.md has
the settings for a password, Microsoft 365 and Google.")]
pub struct Mail {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Send a test to an address
    Test {
        /// The address
        address: String,
    },
    /// Send what is due
    Send,
    /// List letters, newest first
    List {
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// How to print them
        #[arg(long, value_enum, default_value_t = Output::Table)]
        output: Output,
    },
}

impl Mail {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        super::runtime()?.block_on(async {
            let accounts = Accounts::of_estate(&estate).await?;
            let ended = self.what.run(&estate, &accounts).await;
            accounts.register().close().await;
            ended
        })
    }
}

impl What {
    async fn run(self, estate: &Estate, accounts: &Accounts) -> anyhow::Result<Ended> {
        match self {
            Self::Test { address } => {
                let settings = estate.mail.as_ref().ok_or(weir_post::PostError::NotSetUp)?;
                let server = Server::new(settings)?;
                let act = Act::new(Actor::of_command(), Action::SendMail).with("kind", "test");
                let _receipt = accounts.register().audit(act).await?;
                let id = format!("weir-test-{}", clock::machine_now().as_microsecond());
                server.send(&address, &Text::Test, &Way::to_pages(&estate.serving), &id).await?;
                println!(
                    "{}:{} took the letter. Look whether it came to {address}, and not among the unwanted.",
                    settings.server, settings.port
                );
                Ok(Ended::Done)
            }
            Self::Send => {
                let (text, look) = sent(accounts, estate, &Actor::of_command()).await?;
                println!("{text}");
                for look in &look {
                    println!("  - {look}");
                }
                Ok(if look.is_empty() { Ended::Done } else { Ended::WithFindings })
            }
            Self::List { limit, output } => list(accounts, limit, output).await,
        }
    }
}

/// A letter as programs read it.
#[derive(serde::Serialize)]
struct Line {
    mail: i64,
    made: String,
    to: String,
    kind: &'static str,
    school: Option<String>,
    state: &'static str,
    sent: Option<String>,
    read: Option<String>,
    tries: u32,
    problem: Option<String>,
}

async fn list(accounts: &Accounts, limit: u32, output: Output) -> anyhow::Result<Ended> {
    let mut lines = Vec::new();
    for letter in accounts.register().letters(limit).await? {
        let state = match (letter.sent_at, letter.read_at, letter.dropped_at) {
            (_, Some(_), _) => "read",
            (Some(_), None, _) => "sent",
            (None, _, Some(_)) => "given up",
            (None, _, None) => "waits",
        };
        lines.push(Line {
            mail: letter.id,
            made: time(letter.made_at)?,
            to: format!("account:{}", letter.account),
            kind: letter.kind.word(),
            school: letter.school.map(|school| school.to_string()),
            state,
            sent: letter.sent_at.map(time).transpose()?,
            read: letter.read_at.map(time).transpose()?,
            tries: letter.tries,
            problem: letter.last_error,
        });
    }
    if lines.is_empty() && output == Output::Table {
        println!("No letter was ever written.");
        return Ok(Ended::Done);
    }
    print_rows(output, &lines, &["mail", "made", "to", "kind", "school", "state", "problem"], |line| {
        vec![
            line.mail.to_string(),
            line.made.clone(),
            line.to.clone(),
            line.kind.to_owned(),
            line.school.clone().unwrap_or_default(),
            match (line.state, &line.read, &line.sent) {
                ("read", Some(at), _) | ("sent", _, Some(at)) => format!("{} {at}", line.state),
                _ => line.state.to_owned(),
            },
            line.problem.clone().unwrap_or_default(),
        ]
    })?;
    Ok(Ended::Done)
}

/// To the minute, in the machine's default zone for schools: a person reads it.
fn time(micros: i64) -> anyhow::Result<String> {
    let zone = clock::zone(clock::DEFAULT_ZONE).context("the zone of schools")?;
    Ok(Timestamp::from_microsecond(micros)?.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string())
}
