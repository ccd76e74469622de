//! `weir export-subject`: what Weir has about one person, for a request of access.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use weir_lake::clock;
use weir_lake::ids::UserKey;
use weir_query::engine::{Engine, EngineOptions, Reason};
use weir_query::output::rows_as_json;
use weir_register::accounts::Accounts;
use weir_register::{Act, Action, Actor, Detail, Role};

use super::erase::{keys, school_of, who};
use crate::{Ended, commands};

/// The tables that know people, and the column that says whom a row is about.
const TABLES: [(&str, &str); 4] =
    [("events", "user_key"), ("events", "device_key"), ("admin_events", "actor_key"), ("pupil_days", "user_key")];

/// Write what Weir has about one person into a file
#[derive(Args)]
#[command(after_help = "Examples:
  weir export-subject --by dpo@school.example --school oak --login jbloggs --why \"request of access, file 13\" --out jbloggs.json

For the data protection officer. The file holds searches and addresses of pages: it is readable by you alone, and read it before you
hand it over, since others may be named in it. The export is a row of the audit trail. Write no name into --why.")]
pub struct ExportSubject {
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
    /// The file to write; one that is there is not overwritten
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl ExportSubject {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = commands::estate::load(config)?;
        let runtime = commands::runtime()?;
        let accounts = runtime.block_on(Accounts::of_estate(&estate))?;
        let school = school_of(&estate, &self.school)?;
        let officer = runtime.block_on(who(&estate, &accounts, &self.by, Role::DataProtection, &school))?;
        let keys = keys(&estate, &accounts, &runtime, &school, self.login.as_deref(), &self.key, &self.why)?;
        for key in &keys {
            let act = Act::new(Actor::of_command(), Action::Export).at(&school).about(key).because(&self.why);
            let _receipt =
                runtime.block_on(accounts.register().audit(act.with("for", Detail::typed(&format!("account:{officer}")))))?;
        }
        let lake = commands::estate::lake(&estate)?;
        let engine = Engine::open(&lake.snapshot()?, &estate, &EngineOptions::default())?;
        let reason = Reason::new(&self.why).context("give a reason")?;
        let mut rows = 0;
        let mut about = serde_json::Map::new();
        for (table, column) in TABLES {
            let own: Vec<String> = keys.iter().map(|key| format!("'{key}'")).collect();
            // Keys are letters and digits by their type: nothing in them ends a text. At this school alone: a key is one school's.
            let text = format!(
                "SELECT * FROM {table} WHERE {column} IN ({}) AND school_id = '{school}' ORDER BY event_date",
                own.join(", ")
            );
            let answer = runtime.block_on(engine.sql(&text, Some(&reason)))?;
            let mut all = Vec::new();
            for batch in &answer.batches {
                all.extend(rows_as_json(batch)?.into_iter().map(serde_json::Value::Object));
            }
            rows += all.len();
            let name = if column == "device_key" { "events_of_the_device" } else { table };
            about.insert(name.to_owned(), all.into());
        }
        let register = runtime.block_on(accounts.register().kept_about(&school, &keys))?;
        let written = serde_json::json!({
            "made": clock::machine_now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "school": school.as_str(),
            "keys": keys.iter().map(UserKey::as_str).collect::<Vec<_>>(),
            "rows": about,
            "register": register,
        });
        let mut options = OpenOptions::new();
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.out).with_context(|| self.out.display().to_string())?;
        file.write_all(serde_json::to_string_pretty(&written)?.as_bytes())?;
        file.sync_all()?;
        runtime.block_on(accounts.register().close());
        println!(
            "{rows} rows of {} tables, with alerts and incidents, are in {}. Read it before you hand it over.",
            TABLES.len() - 1,
            self.out.display()
        );
        Ok(Ended::Done)
    }
}
