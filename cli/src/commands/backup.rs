//! `weir backup`: a copy of the register, made while others work with it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use weir_lake::vault::Vault;

use crate::{Ended, nightly};

/// Copy the register to another place
#[derive(Args)]
#[command(after_help = "Examples:
  weir backup --to /mnt/backup/weir      a folder of its own below that one
  weir backup                            where [backup] in weir.toml says

The register holds accounts, roles, the audit trail and what people recorded. The copy is whole, whoever writes meanwhile, and is
sealed with a key of the vault. It holds no key and no name of a pupil: copy the vault apart, to another place. The lake is a folder
of files that any program can copy. `weir restore` goes back to a copy. docs/backup.md says what to copy and how often.")]
pub struct Backup {
    /// The folder for copies
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

impl Backup {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        let to = self.to.or_else(|| estate.backup.as_ref().map(|backup| backup.to.clone()));
        let to = to.context("say where to: --to DIR, or [backup] in weir.toml")?;
        anyhow::ensure!(
            !weir_lake::estate::is_inside(&to, &estate.lake_root),
            "{} lies inside the lake; people's accounts must stay outside it: choose another folder",
            to.display()
        );
        // Only what is there is copied: a register made now would look like a copy of something.
        estate
            .register_path
            .metadata()
            .with_context(|| format!("{}: there is no register yet", estate.register_path.display()))?;
        let key = Vault::open(&estate.vault_root, &estate.lake_root)?.register_key();
        let backup = nightly::backup::make(&estate, &std::path::absolute(&to)?, &key)?;
        println!("Copied to {}\nHead: {}", backup.folder.display(), backup.head);
        println!(
            "Note the head elsewhere: `weir audit verify --head` finds then whether anything was taken out of the trail since."
        );
        Ok(Ended::Done)
    }
}
