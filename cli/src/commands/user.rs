//! `weir user`: accounts from the command line, for the first person and for when nobody can sign in.

use std::path::Path;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use weir_lake::estate::Estate;
use weir_register::accounts::{Account, Accounts, Link, NewAccount};
use weir_register::{Actor, Place, Role};

use crate::Ended;
use crate::output::{Output, print_rows};

/// People's accounts and roles
#[derive(Args)]
#[command(after_help = "Examples:
  weir user add anna@school.example --name \"Anna Beispiel\" --role dsl --at school:oak
  weir user list
  weir user reset anna@school.example

add and reset print a one-time link, good for three days. Hand it to the person themselves: whoever has it can sign in as them. docs/roles.md says who sees what.")]
pub struct User {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Add a person and print the link by which they choose their password
    Add {
        /// What they sign in with
        email: String,
        /// Their name
        #[arg(long)]
        name: String,
        /// Their role: governor, leader, dsl, staff, technician, data-protection, officer, auditor or administrator
        #[arg(long, value_parser = role)]
        role: Role,
        /// For which schools: school:ID, trust:NAME, authority:NAME, board:NAME, or * for all
        #[arg(long, value_name = "PLACE", value_parser = place)]
        at: Place,
        /// First day, today by default
        #[arg(long)]
        from: Option<Date>,
        /// Last day
        #[arg(long)]
        to: Option<Date>,
    },
    /// List people with their roles
    List {
        /// How to print them
        #[arg(long, value_enum, default_value_t = Output::Table)]
        output: Output,
    },
    /// Print a new link for somebody who can't sign in
    Reset {
        /// What they sign in with
        email: String,
        /// Also take their second step away: they lost their phone and their recovery codes
        #[arg(long)]
        second_step: bool,
        /// Do it without asking
        #[arg(long)]
        yes: bool,
    },
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| format!("use one of {}", Role::ALL.map(Role::word).join(", ")))
}

fn place(text: &str) -> Result<Place, String> {
    Place::parse(text).ok_or_else(|| "use *, school:ID, trust:NAME, authority:NAME or board:NAME".into())
}

impl User {
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
            Self::Add { email, name, role, at, from, to } => {
                if let weir_register::Reach::Schools(schools) = at.reach(&estate.schools)
                    && schools.is_empty()
                {
                    anyhow::bail!("no school of schools.csv is meant by {at}");
                }
                let new = NewAccount { email, name, role, place: at, from: from.unwrap_or(accounts.today()), to };
                let (_, link) = accounts.add(Actor::of_command(), &new).await?;
                print_link(estate, &new.email, &link);
            }
            Self::List { output } => list(&accounts.list().await?, accounts.today(), output)?,
            Self::Reset { email, second_step, yes } => {
                let account = accounts.with_email(&email).await?;
                let account =
                    account.ok_or_else(|| anyhow::anyhow!("nobody signs in with {email}; `weir user list` shows who does"))?;
                let question = if second_step {
                    format!("Make a link by which whoever has it can sign in as {email}, without the second step of now")
                } else {
                    format!("Make a link by which whoever has it can set the password of {email}")
                };
                if !yes && !super::confirmed(&question)? {
                    anyhow::bail!("nothing was changed; say --yes to do it");
                }
                let link = accounts.make_link(Actor::of_command(), account.id, second_step).await?;
                print_link(estate, &email, &link);
            }
        }
        Ok(Ended::Done)
    }
}

fn print_link(estate: &Estate, email: &str, link: &Link) {
    let start = estate.serving.url.clone().unwrap_or_else(|| "http://localhost:8600".into());
    println!(
        "One-time link for {email}, good for three days (with another --port, change the number):\n\n  {start}{}\n",
        link.path()
    );
}

/// A person as programs read it.
#[derive(serde::Serialize)]
struct Line {
    account: String,
    email: String,
    name: String,
    roles: String,
    second_step: bool,
    state: &'static str,
}

fn list(all: &[Account], today: Date, output: Output) -> anyhow::Result<()> {
    let lines: Vec<Line> = all
        .iter()
        .map(|account| Line {
            account: account.id.to_string(),
            email: account.email.clone(),
            name: account.name.clone(),
            roles: account.roles_on(today).map(|held| format!("{} at {}", held.role, held.place)).collect::<Vec<_>>().join("; "),
            second_step: account.has_second_step,
            state: match (account.is_closed, account.has_password) {
                (true, _) => "closed",
                (false, false) => "link not used yet",
                (false, true) => "open",
            },
        })
        .collect();
    print_rows(output, &lines, &["account", "e-mail", "name", "roles today", "second step", "state"], |line| {
        let second_step = if line.second_step { "yes" } else { "no" };
        vec![
            line.account.clone(),
            line.email.clone(),
            line.name.clone(),
            line.roles.clone(),
            second_step.into(),
            line.state.into(),
        ]
    })
}
