//! Marks of who was erased, beside the vault: they say nothing to anybody, and let a copy that comes back be erased again.

pub mod folders;

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Context;
use weir_lake::estate::Estate;
use weir_lake::ids::UserKey;
use weir_lake::storage::write_file;
use weir_lake::vault::Vault;

/// The list.
pub struct Erased {
    path: PathBuf,
    key: [u8; 32],
}

impl Erased {
    /// The list of an estate.
    pub fn of(estate: &Estate, vault: &Vault) -> Self {
        Self { path: estate.vault_root.with_file_name("erased.marks"), key: vault.erasure_key() }
    }

    /// The mark of a key: without the vault it can't be told from any other.
    pub fn mark(&self, key: &UserKey) -> String {
        weir_lake::vault::mark(&self.key, key)
    }

    /// Every mark.
    pub fn marks(&self) -> anyhow::Result<BTreeSet<String>> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeSet::new()),
            Err(error) => Err(error).with_context(|| self.path.display().to_string()),
        }
    }

    /// Adds marks; durable once it returns.
    pub fn add(&self, keys: &[UserKey]) -> anyhow::Result<()> {
        let mut marks = self.marks()?;
        marks.extend(keys.iter().map(|key| self.mark(key)));
        let text: String = marks.iter().map(|mark| format!("{mark}\n")).collect();
        Ok(write_file(&self.path, text.as_bytes())?)
    }
}
