//! `weir keys`: which sealing keys there are, a new one, and forgetting old ones.

use std::path::Path;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use weir_lake::estate::Estate;
use weir_lake::vault::Vault;
use weir_register::accounts::Accounts;
use weir_register::{Act, Action, Actor, Register};

use crate::Ended;
use crate::nightly::turn::Turn;

/// Keys: seal names and secrets anew under a new key
#[derive(Args)]
#[command(after_help = "Examples:
  weir keys list                 the sealing keys there are
  weir keys rotate               make a new one, and seal names and second steps anew under it
  weir keys forget               forget older ones, once what they alone open is gone

Stop `weir serve` and `weir listen` before, and start them after: they hold the keys they began with. Pseudonyms do not change.
docs/keys.md says what rotates and what does not, and why.")]
pub struct Keys {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the sealing keys, newest first
    List,
    /// Make a new sealing key and seal anew under it
    Rotate,
    /// Forget sealing keys that are not used any more
    Forget {
        /// Do it without asking
        #[arg(long)]
        yes: bool,
    },
}

impl Keys {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        let vault = Vault::open(&estate.vault_root, &estate.lake_root)?;
        match self.what {
            What::List => list(&vault),
            What::Rotate => rotate(&estate, &vault)?,
            What::Forget { yes } => return forget(&estate, &vault, yes),
        }
        Ok(Ended::Done)
    }
}

fn list(vault: &Vault) {
    for (at, key) in vault.sealing_keys().into_iter().enumerate() {
        let made = key.made_at.and_then(|at| Timestamp::from_second(at).ok());
        let made = made.map_or_else(|| "from the root key".to_owned(), |at| format!("made {}", at.strftime("%Y-%m-%d %H:%MZ")));
        let use_of = if at == 0 { "seals" } else { "opens what was sealed before" };
        println!("{}  {made}, {use_of}", key.generation);
    }
}

fn rotate(estate: &Estate, vault: &Vault) -> anyhow::Result<()> {
    let _turn = Turn::of_rotation(estate)?;
    let (vault, names) = vault.rotate()?;
    let resealed = super::runtime()?.block_on(async {
        let accounts = Accounts::new(Register::of_estate(estate).await?, &vault);
        let resealed = accounts.reseal(Actor::of_command()).await;
        // What was deleted or sealed before may stand in the journal.
        accounts.register().fold_in().await?;
        accounts.register().close().await;
        anyhow::Ok(resealed?)
    })?;
    let generation = vault.sealing_keys().first().map_or(0, |key| key.generation);
    println!("Key {generation} seals from now on. Sealed anew: {names} names, {} second steps.", resealed.done);
    if resealed.left > 0 {
        println!("{} second steps open under no key; `weir user reset` makes a link for each.", resealed.left);
    }
    println!("Start `weir serve` and `weir listen` again, and copy the vault: an old copy does not open the new names.");
    Ok(())
}

fn forget(estate: &Estate, vault: &Vault, yes: bool) -> anyhow::Result<Ended> {
    let _turn = Turn::of_rotation(estate)?;
    let old = vault.sealing_keys().len().saturating_sub(1);
    println!(
        "What only older keys open is lost for good: lines put into quarantine before the last rotation, and second steps in copies of the register made before it."
    );
    if old == 0 || (!yes && !super::confirmed("Forget them")?) {
        println!("Nothing was forgotten.");
        return Ok(Ended::Done);
    }
    super::runtime()?.block_on(async {
        let register = Register::of_estate(estate).await?;
        let act = Act::new(Actor::of_command(), Action::RotateKeys).with("forgotten", true);
        let _receipt = register.audit(act).await?;
        register.close().await;
        anyhow::Ok(())
    })?;
    let gone = vault.forget_older_keys()?;
    println!("{gone} keys forgotten. The first one stays: it comes from the root key, which other things need.");
    Ok(Ended::Done)
}
