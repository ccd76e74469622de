//! The nightly copy of the register.

use anyhow::Context;
use weir_lake::estate::Estate;
use weir_lake::vault::Vault;
use weir_register::backup::{Backup, back_up, forget_old};
use weir_register::{Actor, BlockingRegister};

use super::Said;

/// Makes a copy where weir.toml says, and lets go of old ones.
pub fn step(estate: &Estate) -> anyhow::Result<Said> {
    let settings = estate.backup.as_ref().context("weir.toml has no [backup]")?;
    let key = Vault::open(&estate.vault_root, &estate.lake_root)?.register_key();
    let backup = make(estate, &settings.to, &key)?;
    let gone = forget_old(&settings.to, usize::try_from(settings.keep)?, &key)?;
    let gone = match gone {
        0 => String::new(),
        1 => String::from("; 1 old copy is gone"),
        many => format!("; {many} old copies are gone"),
    };
    Ok((format!("the register is copied to {}; head {}{gone}", backup.folder.display(), backup.head), Vec::new()))
}

/// Makes one copy.
pub fn make(estate: &Estate, to: &std::path::Path, key: &[u8; 32]) -> anyhow::Result<Backup> {
    let register = BlockingRegister::of_estate(estate)?;
    Ok(register.wait(back_up(register.register(), &estate.register_path, to, key, Actor::of_command()))?)
}
