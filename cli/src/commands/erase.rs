//! `weir erase`: a person taken out of everything that Weir keeps, asked for by one and done by another, with proof.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::civil::Date;
use weir_lake::erase::Subject;
use weir_lake::estate::{Estate, SchoolOf, normalise_login};
use weir_lake::ids::{SchoolId, UserKey};
use weir_lake::lake::{Lake, LakeError};
use weir_lake::vault::{Vault, VaultEntry};
use weir_register::accounts::Accounts;
use weir_register::erasure::{Erasure, NewHold};
use weir_register::{Act, Action, Actor, RegisterError, Role};

use crate::erased::Erased;
use crate::erased::folders::{Folders, SHORTEST, has_word};
use crate::nightly::inbox::Inbox;
use crate::output::{Output, print_rows};
use crate::{Ended, commands};

/// Take a person out of everything that Weir keeps
#[derive(Args)]
#[command(after_help = "Examples:
  weir erase ask --by dpo@school.example --school oak --login jbloggs --why \"asked by the parents, file 12\"
  weir erase list
  weir erase run 1 --dry-run           what would go
  weir erase run 1                     shows it, asks, does it, and looks whether anything is left
  weir erase hold --by lead@school.example --school oak --key k1-... --until 2026-12-18 --why \"a case is open\"

The data protection officer asks; somebody else does it at the machine. A safeguarding lead's hold on a pupil's rows keeps it from
being done until its last day. Write no name into --why: it stays in the audit trail. docs/erasure.md says what goes and what can't.")]
pub struct Erase {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Note that the data protection officer asks for it
    Ask {
        /// The officer's address
        #[arg(long, value_name = "EMAIL")]
        by: String,
        /// The school
        #[arg(long)]
        school: String,
        /// The person's log-in, as the filter writes it
        #[arg(long, conflicts_with = "key", required_unless_present = "key")]
        login: Option<String>,
        /// The person's keys
        #[arg(long)]
        key: Vec<String>,
        /// Why, without a name
        #[arg(long)]
        why: String,
    },
    /// List requests and holds
    List {
        /// How to print the requests
        #[arg(long, value_enum, default_value_t = Output::Table)]
        output: Output,
    },
    /// Hold a pupil's rows back
    Hold {
        /// The safeguarding lead's address
        #[arg(long, value_name = "EMAIL")]
        by: String,
        /// The school
        #[arg(long)]
        school: String,
        /// The pupil's key
        #[arg(long)]
        key: String,
        /// The last day it holds
        #[arg(long, value_name = "DATE")]
        until: Date,
        /// Why, without a name
        #[arg(long)]
        why: String,
    },
    /// End a hold
    Release {
        /// The hold's number
        hold: i64,
    },
    /// Do what was asked
    Run {
        /// The request's number
        request: i64,
        /// Only show what would go
        #[arg(long)]
        dry_run: bool,
        /// Do it without asking
        #[arg(long, conflicts_with = "dry_run")]
        yes: bool,
    },
}

impl Erase {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = commands::estate::load(config)?;
        let runtime = commands::runtime()?;
        let accounts = runtime.block_on(Accounts::of_estate(&estate))?;
        let ended = match self.what {
            What::Ask { by, school, login, key, why } => {
                let school = school_of(&estate, &school)?;
                let keys = keys(&estate, &accounts, &runtime, &school, login.as_deref(), &key, &why)?;
                runtime.block_on(ask(&estate, &accounts, &by, &school, &keys, &why))
            }
            What::List { output } => runtime.block_on(list(&accounts, output)),
            What::Hold { by, school, key, until, why } => {
                let new = NewHold {
                    placed_by: runtime.block_on(who(&estate, &accounts, &by, Role::Dsl, &school_of(&estate, &school)?))?,
                    school: school_of(&estate, &school)?,
                    key: UserKey::parse(&key)?,
                    review_on: until,
                };
                anyhow::ensure!(until >= accounts.today(), "the last day is past; use today or a later one");
                let id = runtime.block_on(accounts.register().hold(Actor::of_command(), &new, &why, accounts.now()))?;
                println!("Hold {id} stands until the end of {until}.");
                Ok(Ended::Done)
            }
            What::Release { hold } => {
                let ended = runtime.block_on(accounts.register().end_hold(Actor::of_command(), hold, accounts.today()))?;
                anyhow::ensure!(ended, "no hold {hold} stands; `weir erase list` shows those that do");
                println!("Hold {hold} is ended.");
                Ok(Ended::Done)
            }
            What::Run { request, dry_run, yes } => Run::of(&estate, &accounts, &runtime, request)?.go(dry_run, yes),
        };
        runtime.block_on(accounts.register().close());
        ended
    }
}

pub fn school_of(estate: &Estate, school: &str) -> anyhow::Result<SchoolId> {
    let id = SchoolId::parse(school)?;
    anyhow::ensure!(estate.schools.contains_key(&id), "no school {school} in schools.csv");
    Ok(id)
}

/// The account of whoever has this role at this school today.
pub async fn who(
    estate: &Estate,
    accounts: &Accounts,
    email: &str,
    role: Role,
    school: &SchoolId,
) -> anyhow::Result<weir_register::AccountId> {
    let account = accounts.with_email(email).await?.with_context(|| format!("nobody signs in with {email}"))?;
    let has = account.roles_on(accounts.today()).any(|held| held.role == role && held.place.reach(&estate.schools).has(school));
    anyhow::ensure!(has, "{email} is no {} at {school} today; `weir user list` shows who is", role.words());
    Ok(account.id)
}

/// The keys as given, or those that the vault has for a log-in at the school. Looking a name up is a row of the trail.
pub fn keys(
    estate: &Estate,
    accounts: &Accounts,
    runtime: &tokio::runtime::Runtime,
    school: &SchoolId,
    login: Option<&str>,
    given: &[String],
    why: &str,
) -> anyhow::Result<Vec<UserKey>> {
    let Some(login) = login else {
        return given.iter().map(|key| Ok(UserKey::parse(key)?)).collect();
    };
    let act = Act::new(Actor::of_command(), Action::Find).at(school).because(why);
    let _receipt = runtime.block_on(accounts.register().audit(act))?;
    let wanted = normalise_login(login).context("that is no log-in")?.name;
    let vault = Vault::open(&estate.vault_root, &estate.lake_root)?;
    let is_wanted = |entry: &VaultEntry| entry.school == *school && entry.name.reveal_in_clear() == wanted.reveal_in_clear();
    let keys: Vec<UserKey> = vault.entries()?.iter().filter(|entry| is_wanted(entry)).map(|entry| entry.key.clone()).collect();
    anyhow::ensure!(
        !keys.is_empty(),
        "the vault knows nobody of that log-in at {school}; with roster.csv it is the first of a person's"
    );
    Ok(keys)
}

async fn ask(
    estate: &Estate,
    accounts: &Accounts,
    by: &str,
    school: &SchoolId,
    keys: &[UserKey],
    why: &str,
) -> anyhow::Result<Ended> {
    let officer = who(estate, accounts, by, Role::DataProtection, school).await?;
    let id = accounts.register().ask_erasure(Actor::of_command(), officer, school, keys, why, accounts.now()).await?;
    let many = if keys.len() == 1 { String::from("1 key") } else { format!("{} keys", keys.len()) };
    println!("Request {id}: {many} at {school}. Somebody else does it: weir erase run {id}");
    Ok(Ended::Done)
}

/// A request as programs read it.
#[derive(serde::Serialize)]
struct Line {
    request: i64,
    school: String,
    asked_by: String,
    keys: usize,
    state: &'static str,
    rows_gone: Option<u64>,
}

async fn list(accounts: &Accounts, output: Output) -> anyhow::Result<Ended> {
    let lines: Vec<Line> = accounts
        .register()
        .erasures()
        .await?
        .into_iter()
        .map(|erasure| Line {
            request: erasure.id,
            school: erasure.school.to_string(),
            asked_by: format!("account:{}", erasure.asked_by),
            keys: erasure.keys.len(),
            state: if erasure.done_at.is_some() { "done" } else { "asked" },
            rows_gone: erasure.rows_gone,
        })
        .collect();
    if output == Output::Table && lines.is_empty() {
        println!("Nobody asked for anybody to be erased.");
    } else {
        print_rows(output, &lines, &["request", "school", "asked by", "keys", "state", "rows gone"], |line| {
            vec![
                line.request.to_string(),
                line.school.clone(),
                line.asked_by.clone(),
                line.keys.to_string(),
                line.state.to_owned(),
                line.rows_gone.map_or_else(String::new, |rows| rows.to_string()),
            ]
        })?;
    }
    if output == Output::Table {
        for hold in accounts.register().holds(accounts.today()).await? {
            println!("Hold {} of account:{} at {}, until {}: {}", hold.id, hold.placed_by, hold.school, hold.review_on, hold.key);
        }
    }
    Ok(Ended::Done)
}

/// One request being done.
struct Run<'a> {
    estate: &'a Estate,
    accounts: &'a Accounts,
    runtime: &'a tokio::runtime::Runtime,
    vault: Vault,
    lake: Lake,
    erasure: Erasure,
    /// The names behind the keys, while the vault has them.
    names: Vec<String>,
}

impl<'a> Run<'a> {
    fn of(
        estate: &'a Estate,
        accounts: &'a Accounts,
        runtime: &'a tokio::runtime::Runtime,
        request: i64,
    ) -> anyhow::Result<Self> {
        anyhow::ensure!(
            !estate.lake_root.to_string_lossy().contains("://"),
            "the lake lies in a bucket; erasing works on a lake in a folder only"
        );
        let erasures = runtime.block_on(accounts.register().erasures())?;
        let erasure = erasures.into_iter().find(|erasure| erasure.id == request);
        let erasure = erasure.with_context(|| format!("no request {request}; `weir erase list` shows them"))?;
        anyhow::ensure!(erasure.done_at.is_none(), "request {request} is done already");
        let vault = Vault::open(&estate.vault_root, &estate.lake_root)?;
        let names = vault
            .entries()?
            .iter()
            .filter(|entry| erasure.keys.contains(&entry.key))
            .map(|entry| entry.name.reveal_in_clear().to_lowercase())
            .collect();
        let lake = commands::estate::lake(estate)?;
        Ok(Self { estate, accounts, runtime, vault, lake, erasure, names })
    }

    fn go(&self, dry_run: bool, yes: bool) -> anyhow::Result<Ended> {
        let register = self.accounts.register();
        for hold in self.runtime.block_on(register.holds(self.accounts.today()))? {
            anyhow::ensure!(
                !self.erasure.keys.contains(&hold.key),
                "hold {} of account {} keeps their rows until {}; nothing was done",
                hold.id,
                hold.placed_by,
                hold.review_on
            );
        }
        // No night may read anybody in meanwhile.
        let _turn = crate::nightly::turn::Turn::of_erasure(self.estate)?;
        let inboxes = self.inboxes()?;
        for (source, inbox) in &inboxes {
            let waiting = inbox.waiting()?;
            anyhow::ensure!(
                waiting.ready.is_empty() && waiting.unsettled.is_empty(),
                "exports wait in the inbox of {source} and may name them; run `weir nightly` first"
            );
        }
        let folders = Folders::of(self.estate, &self.erasure.school);
        folders.refuse_unread(&self.names)?;
        let is_theirs = |key: &UserKey| self.erasure.keys.contains(key);
        let is_their_line = |sealed: &[u8]| self.is_their_line(sealed);
        let subject = Subject { key: &is_theirs, line: &is_their_line };
        let plan = self.lake.erasure_plan(&self.lake.snapshot()?, &subject)?;
        for (table, rows) in &plan.rows {
            println!("{rows:>8} rows of {}", table.name());
        }
        println!("{:>8} names in the vault, and every export put away or received of {}", self.names.len(), self.erasure.school);
        if dry_run {
            return Ok(Ended::Done);
        }
        if !yes && !commands::confirmed("Take them out for good")? {
            anyhow::bail!("nothing was taken out; say --yes to do it");
        }
        // First, so that whatever is cut short is known to have been begun, and a copy that comes back is erased again.
        Erased::of(self.estate, &self.vault).add(&self.erasure.keys)?;
        let run_id = commands::run_id("erase")?;
        if !plan.is_empty() {
            self.lake.erase(&plan, &subject, &run_id)?;
        }
        commands::rollup::run(&self.lake, self.estate)?;
        folders.empty()?;
        let mut left = self.left()?;
        left.1.extend(folders.with_names(&self.names)?);
        for key in &self.erasure.keys {
            self.vault.erase(key)?;
        }
        let rows = plan.rows.values().sum();
        let now = self.accounts.now();
        self.runtime.block_on(register.erasure_done(Actor::of_command(), self.erasure.id, rows, now))?;
        let folded = self.runtime.block_on(register.fold_in());
        self.say(&left, folded)
    }

    /// The inboxes of Weir's own that the school's exports come through.
    fn inboxes(&self) -> anyhow::Result<Vec<(String, Inbox)>> {
        let mut found = Vec::new();
        for source in self.estate.sources.values() {
            let is_of_school = match &source.school {
                SchoolOf::One(school) => *school == self.erasure.school,
                SchoolOf::Map(rules) => rules.iter().any(|rule| rule.school == self.erasure.school),
            };
            if is_of_school
                && let Some(inbox) = Inbox::of(self.estate, source)?
                && inbox.is_own()
            {
                found.push((source.id.to_string(), inbox));
            }
        }
        Ok(found)
    }

    /// Whether a line in quarantine has one of the names as a word.
    fn is_their_line(&self, sealed: &[u8]) -> Result<bool, LakeError> {
        let line = self.vault.open_line(sealed).map_err(|error| LakeError::Rejected { problem: error.to_string() })?;
        let all = line.heading.into_iter().chain([line.line]).collect::<Vec<_>>().join(&b'\n');
        let line = String::from_utf8_lossy(&all).to_lowercase();
        Ok(self.names.iter().any(|name| has_word(&line, name)))
    }

    /// Files of the lake in which a key still stands, and those in which the name does.
    fn left(&self) -> anyhow::Result<(Vec<String>, Vec<String>)> {
        let keys: Vec<&str> = self.erasure.keys.iter().map(UserKey::as_str).collect();
        let names: Vec<&str> = self.names.iter().map(String::as_str).filter(|name| name.len() >= SHORTEST).collect();
        Ok((self.lake.files_with(&keys)?, self.lake.files_with(&names)?))
    }

    fn say(
        &self,
        (with_key, with_name): &(Vec<String>, Vec<String>),
        folded: Result<(), RegisterError>,
    ) -> anyhow::Result<Ended> {
        let mut ended = Ended::Done;
        if with_key.is_empty() {
            println!("Done. No file of the lake holds their key any more; vault and register don't either.");
        } else {
            ended = Ended::WithFindings;
            println!("NOT everything is gone. Their key still stands in: {}", with_key.join(", "));
        }
        if !with_name.is_empty() {
            ended = Ended::WithFindings;
            println!(
                "The letters of their log-in also stand in these files, in others' rows or as part of another word: {}",
                with_name.join(", ")
            );
        }
        if self.names.iter().any(|name| name.len() < SHORTEST) {
            println!("A log-in of fewer than {SHORTEST} letters was not looked for: any file holds such by chance.");
        }
        if folded.is_err() {
            ended = Ended::WithFindings;
            println!("The register's journal still holds what went: stop `weir serve`, then run `weir audit verify`.");
        }
        println!(
            "Still to do by hand: the filter's own logs, copies of the vault, and roster.csv. Copies of the register are erased again when one is restored."
        );
        Ok(ended)
    }
}

/// Erases again who was erased before, in a register that came back from an older copy.
pub fn again(estate: &Estate) -> anyhow::Result<u32> {
    let vault = Vault::open(&estate.vault_root, &estate.lake_root)?;
    let erased = Erased::of(estate, &vault);
    let marks: BTreeSet<String> = erased.marks()?;
    let register = weir_register::BlockingRegister::of_estate(estate)?;
    let is_erased = |key: &UserKey| marks.contains(&erased.mark(key));
    let count = register.wait(register.register().erase_again(Actor::of_command(), &is_erased))?;
    for entry in vault.entries()?.iter().filter(|entry| is_erased(&entry.key)) {
        vault.erase(&entry.key)?;
    }
    register.wait(register.register().fold_in())?;
    Ok(count)
}
