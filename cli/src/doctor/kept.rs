//! What Weir keeps: keys and names, the register, the lake, and copies.

use anyhow::Context;
use weir_lake::clock;
use weir_lake::estate::Estate;
use weir_lake::vault::Vault;
use weir_register::BlockingRegister;
use weir_register::backup::{backups, check};

use super::Finding;
use crate::commands;

const HOUR: i64 = 3600 * 1_000_000;

/// A nightly copy that is older than this did not come.
const COPY_HOURS: i64 = 48;

/// Whether the keys are there and the names can be opened with them.
pub fn keys(estate: &Estate) -> anyhow::Result<Vec<Finding>> {
    let key = estate.vault_root.join("vault.key");
    if !key.try_exists().with_context(|| key.display().to_string())? {
        let has_lake = estate.lake_root.join("_weir").try_exists().unwrap_or(false);
        return Ok(if has_lake {
            vec![Finding::new(
                format!("{} is not there, although the lake is", key.display()),
                "put the vault back from its backup before anything is read: a new one gives everybody another key",
            )]
        } else {
            Vec::new()
        });
    }
    let opened = Vault::open(&estate.vault_root, &estate.lake_root).and_then(|vault| vault.entries());
    Ok(match opened {
        Ok(_) => Vec::new(),
        Err(error) => vec![Finding::new(error.to_string(), "put the vault back from its backup, whole")],
    })
}

/// Whether the register opens and its trail is whole.
pub fn register(estate: &Estate) -> anyhow::Result<Vec<Finding>> {
    let path = &estate.register_path;
    if !path.try_exists().with_context(|| path.display().to_string())? {
        return Ok(Vec::new());
    }
    let mend = "note what is there, and go back to a copy: weir restore";
    let verified = match BlockingRegister::of_estate_existing(estate) {
        Ok(register) => register.verify_audit(None),
        Err(error) => Err(error),
    };
    Ok(match verified {
        Ok(verified) => {
            verified.findings.iter().map(|finding| Finding::new(format!("the audit trail: {finding}"), mend)).collect()
        }
        Err(error) => vec![Finding::new(error.to_string(), mend)],
    })
}

/// Whether every file of the lake is there in its size, and every ledger adds up.
pub fn lake(estate: &Estate) -> anyhow::Result<Vec<Finding>> {
    let is_store = estate.lake_root.to_string_lossy().contains("://");
    if !is_store && !estate.lake_root.join("_weir").try_exists().unwrap_or(false) {
        return Ok(Vec::new());
    }
    let lake = commands::estate::lake(estate)?;
    let snapshot = lake.snapshot()?;
    let mut findings: Vec<Finding> = lake
        .check(&snapshot)?
        .into_iter()
        .map(|problem| {
            Finding::new(problem, "put the lake's folder back from its backup; figures of those days can't be trusted")
        })
        .collect();
    for receipt in lake.receipts(&snapshot)?.iter().filter(|receipt| !receipt.balances()) {
        findings.push(Finding::new(
            format!("the ledger of file {} does not add up: {} lines", receipt.file_id, receipt.lines),
            "take the file out with `weir undo` and read it again",
        ));
    }
    Ok(findings)
}

/// Whether there is a copy of the register that is new and whole.
pub fn backup(estate: &Estate) -> anyhow::Result<Vec<Finding>> {
    let Some(settings) = &estate.backup else {
        return Ok(vec![Finding::new(
            "no night copies the register: weir.toml has no [backup]",
            "give a folder on another disk there; docs/backup.md says what else to copy",
        )]);
    };
    let key = Vault::open(&estate.vault_root, &estate.lake_root)?.register_key();
    let all = backups(&settings.to, &key)?;
    let Some(newest) = all.first() else {
        let found = format!("there is no copy of the register in {} that this vault knows", settings.to.display());
        return Ok(vec![Finding::new(found, "weir backup")]);
    };
    let mut findings = Vec::new();
    let hours = (clock::machine_now().as_microsecond() - newest.made_at) / HOUR;
    if hours > COPY_HOURS {
        let found = format!("the newest copy of the register is {} days old", hours / 24);
        findings.push(Finding::new(found, "see whether `weir nightly` runs, and why its step backup fails"));
    }
    if let Err(error) = commands::runtime()?.block_on(check(&newest.folder, &key)) {
        findings.push(Finding::new(error.to_string(), "weir backup, to another disk"));
    }
    Ok(findings)
}
