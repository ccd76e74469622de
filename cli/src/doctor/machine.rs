//! The machine: who else can read what, what time it says it is, and how much room there is.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use weir_lake::clock as weir_clock;
use weir_lake::estate::Estate;

use super::Finding;

/// What is written may be this much ahead of the clock: two machines at one disk never agree to the second.
const AHEAD: Duration = Duration::from_secs(5 * 60);

/// Less than this, or less than one part in twenty, is too little: a night writes anew what it merges.
const LEAST_BYTES: u64 = 2 << 30;
const LEAST_SHARE: u64 = 20;

/// Who else can read names and keys, or change what Weir goes by.
#[cfg(unix)]
pub fn permissions(estate: &Estate) -> anyhow::Result<Vec<Finding>> {
    use std::os::unix::fs::PermissionsExt as _;
    let home = &estate.home;
    let vault = &estate.vault_root;
    let register = &estate.register_path;
    let beside = |ending: &str| PathBuf::from(format!("{}{ending}", register.display()));
    let private = [
        (vault.clone(), "700"),
        (vault.join("vault.key"), "600"),
        (vault.join("school.keys"), "600"),
        (vault.join("names.vault"), "600"),
        (register.clone(), "600"),
        (beside("-wal"), "600"),
        (beside("-shm"), "600"),
        (home.join("roster.csv"), "600"),
    ];
    let files = ["weir.toml", "schools.csv", "rolls.csv", "calendar.csv", "groups.csv", "policy.csv"];
    let settings = files.map(|name| (home.join(name), "644"));
    let exports = ["done", "failed"].map(|name| (home.join(name), "700"));
    let mut findings = Vec::new();
    let mut look = |path: &Path, forbidden: u32, right: &str, what: &str| -> anyhow::Result<()> {
        match path.metadata() {
            Ok(metadata) => {
                let mode = metadata.permissions().mode() & 0o777;
                if mode & forbidden != 0 {
                    let found = format!("{} {what} (mode {mode:o})", path.display());
                    findings.push(Finding::new(found, format!("chmod {right} {}", path.display())));
                }
                Ok(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    };
    for (path, right) in &private {
        look(path, 0o077, right, "can be read by other accounts of this machine; it is for names and keys")?;
    }
    for (path, right) in &settings {
        look(path, 0o022, right, "can be changed by other accounts of this machine")?;
    }
    for (path, right) in &exports {
        look(path, 0o007, right, "can be read by every account of this machine; exports hold names")?;
    }
    Ok(findings)
}

/// Windows: files take the folder's list of who may enter, which is not looked at.
#[cfg(not(unix))]
pub fn permissions(_estate: &Estate) -> anyhow::Result<Vec<Finding>> {
    Ok(Vec::new())
}

/// Whether the clock can be right.
pub fn clock(estate: &Estate) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    if let Ok(fixed) = std::env::var("WEIR_NOW")
        && !fixed.is_empty()
    {
        findings.push(Finding::new(format!("WEIR_NOW is set: for Weir it is {fixed}"), "take the variable away, but for tests"));
    }
    let machine: SystemTime = weir_clock::machine_now().into();
    let mut newest: Option<(SystemTime, PathBuf)> = None;
    for folder in [estate.home.join("nights"), estate.lake_root.join("_weir/commits")] {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.filter_map(Result::ok) {
            let Ok(modified) = entry.metadata().and_then(|metadata| metadata.modified()) else { continue };
            if newest.as_ref().is_none_or(|(at, _)| *at < modified) {
                newest = Some((modified, entry.path()));
            }
        }
    }
    if let Some((at, path)) = newest
        && at.duration_since(machine).is_ok_and(|ahead| ahead > AHEAD)
    {
        findings.push(Finding::new(
            format!("the clock is behind: {} was written later than it says now", path.display()),
            "set the clock, and let the machine ask a time server; lines of today are refused as implausible otherwise",
        ));
    }
    Ok(findings)
}

/// Whether there is room for a night's work.
pub fn disk(estate: &Estate) -> anyhow::Result<Vec<Finding>> {
    let mut folders = vec![("the lake", estate.lake_root.clone()), ("the vault", estate.vault_root.clone())];
    folders.push(("the estate's files", estate.home.clone()));
    if let Some(backup) = &estate.backup {
        folders.push(("copies of the register", backup.to.clone()));
    }
    let mut findings: Vec<Finding> = Vec::new();
    let mut seen: Vec<(u64, u64)> = Vec::new();
    for (what, folder) in folders {
        // A store has no end, and a folder that is still to be made lies where the one above it does.
        if folder.to_string_lossy().contains("://") {
            continue;
        }
        let Some(there) = folder.ancestors().find(|folder| folder.metadata().is_ok()) else { continue };
        let space = fs4::statvfs(there).with_context(|| there.display().to_string())?;
        let (free, total) = (space.available_space(), space.total_space());
        // The same disk is said once.
        if (free < LEAST_BYTES || free < total / LEAST_SHARE) && !seen.contains(&(free, total)) {
            seen.push((free, total));
            findings.push(Finding::new(
                format!("{what}, {}: {} left of {}", folder.display(), bytes(free), bytes(total)),
                "free some, or move the folder to another disk and say so in weir.toml; a night that finds no room does nothing",
            ));
        }
    }
    Ok(findings)
}

fn bytes(bytes: u64) -> String {
    let gigabytes = bytes as f64 / 1e9;
    if gigabytes >= 10.0 { format!("{gigabytes:.0} GB") } else { format!("{gigabytes:.1} GB") }
}
