//! `weir restore`: back to a copy of the register, after showing what that takes away.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use weir_lake::clock;
use weir_lake::vault::Vault;
use weir_register::backup::{check, restore};
use weir_register::{Actor, BlockingRegister};

use crate::Ended;

/// Put a copy in the place of the register
#[derive(Args)]
#[command(after_help = "Examples:
  weir restore /mnt/backup/weir/register-20261123-013000

Put the vault back first, where it is gone too: a copy opens under its own vault alone. Stop `weir serve` before. The register of now
is kept beside the new one under another name. Everybody signs in anew; what was recorded since the copy is no longer there.")]
pub struct Restore {
    /// The copy's folder
    copy: PathBuf,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
}

impl Restore {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        let runtime = super::runtime()?;
        let key = Vault::open(&estate.vault_root, &estate.lake_root)?.register_key();
        let backup = runtime.block_on(check(&self.copy, &key))?;
        let zone = clock::zone(clock::DEFAULT_ZONE).unwrap_or(jiff::tz::TimeZone::UTC);
        let made = Timestamp::from_microsecond(backup.made_at)?.to_zoned(zone).strftime("%-d %B %Y, %H:%M");
        println!("The copy of {made} is whole: {} rows of the audit trail.", backup.head.number());
        match now(&estate.register_path) {
            Some(Ok(rows)) if rows > backup.head.number() => {
                println!("The register of now has {}; what the last {} tell of goes.", rows, rows - backup.head.number());
            }
            Some(Err(error)) => println!("The register of now can't be read: {error:#}"),
            Some(Ok(_)) | None => {}
        }
        if !self.yes && !super::confirmed("Put it in the place of the register")? {
            anyhow::bail!("nothing was changed; say --yes to do it");
        }
        let aside = runtime.block_on(restore(&estate.register_path, &self.copy, &key, Actor::of_command()))?;
        // Who was erased since the copy was made is erased in it again.
        match super::erase::again(&estate)? {
            0 => println!("Done. Everybody signs in anew."),
            1 => println!("Done. Everybody signs in anew; 1 key that was erased since is erased again."),
            erased => println!("Done. Everybody signs in anew; {erased} keys that were erased since are erased again."),
        }
        if let Some(aside) = aside {
            println!("The register of before is kept as {}; delete it once all is well.", aside.display());
        }
        Ok(Ended::Done)
    }
}

/// Rows of the trail of the register that is there now.
fn now(path: &Path) -> Option<anyhow::Result<u64>> {
    path.metadata().ok()?;
    let read = || {
        let register = BlockingRegister::open(path)?;
        Ok(register.verify_audit(None)?.rows)
    };
    Some(read())
}
