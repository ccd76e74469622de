//! One run at a time: a night and a watch of the same estate take turns, and each says who holds it.
//!
//! The lock is the system's own and goes with its process, so a run that was killed blocks nobody. Who holds it stands in a file beside
//! it; found there by the next run, it says that the last one was cut short.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use weir_lake::clock;
use weir_lake::estate::Estate;
use weir_lake::storage::write_file;

/// A look of a watch takes seconds to some minutes; a night waits for it.
const WAIT_FOR_WATCH: Duration = Duration::from_secs(15 * 60);

/// How a watch's turns begin in the owner's file.
const WATCH: &str = "weir watch";

/// A turn: nobody else reads into this estate until it is dropped.
pub struct Turn {
    held: File,
    owner: PathBuf,
    /// Who held it last, where that run was cut short.
    pub cut_short: Option<String>,
}

impl Turn {
    /// Takes the turn for `weir nightly`; waits for a watch's look to end.
    pub fn of_night(estate: &Estate) -> anyhow::Result<Self> {
        Self::after_a_watch(estate, "weir nightly")
    }

    /// Takes the turn for an erasure; waits for a watch's look to end.
    pub fn of_erasure(estate: &Estate) -> anyhow::Result<Self> {
        Self::after_a_watch(estate, "weir erase")
    }

    /// Takes the turn for one upload; otherwise says who holds it.
    pub fn of_upload(estate: &Estate) -> anyhow::Result<Result<Self, String>> {
        Self::take(estate, "an upload")
    }

    /// Takes the turn for fetching alone; waits for a watch's look to end.
    pub fn of_fetch(estate: &Estate) -> anyhow::Result<Self> {
        Self::after_a_watch(estate, "weir fetch")
    }

    /// Takes the turn for a rotation of keys; waits for a watch's look to end.
    pub fn of_rotation(estate: &Estate) -> anyhow::Result<Self> {
        Self::after_a_watch(estate, "weir keys")
    }

    fn after_a_watch(estate: &Estate, what: &str) -> anyhow::Result<Self> {
        let since = std::time::Instant::now();
        loop {
            match Self::take(estate, what)? {
                Ok(turn) => return Ok(turn),
                Err(owner) if owner.starts_with(WATCH) && since.elapsed() < WAIT_FOR_WATCH => {
                    std::thread::sleep(Duration::from_secs(1));
                }
                Err(owner) => anyhow::bail!("another run is at work ({owner}); nothing was done"),
            }
        }
    }

    /// Takes the turn for one look of `weir watch`; otherwise says who holds it.
    pub fn of_watch(estate: &Estate) -> anyhow::Result<Result<Self, String>> {
        Self::take(estate, WATCH)
    }

    fn take(estate: &Estate, what: &str) -> anyhow::Result<Result<Self, String>> {
        let path = estate.home.join("run.lock");
        let owner = estate.home.join("run.owner");
        let held = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .with_context(|| path.display().to_string())?;
        match held.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Ok(Err(owner_in(&owner).unwrap_or_else(|| String::from("another process"))));
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(error).with_context(|| path.display().to_string()),
        }
        let cut_short = owner_in(&owner);
        let text = format!("{what}, process {} on {}, since {}\n", std::process::id(), machine(), clock::machine_now());
        write_file(&owner, text.as_bytes())?;
        Ok(Ok(Self { held, owner, cut_short }))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // What can't be removed says no worse than that this run was cut short.
        drop(std::fs::remove_file(&self.owner));
        drop(self.held.unlock());
    }
}

fn owner_in(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().next().map(str::to_owned)
}

fn machine() -> String {
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let told = told.or_else(|| std::env::var("COMPUTERNAME").ok()).or_else(|| std::env::var("HOSTNAME").ok());
    told.map_or_else(|| String::from("this machine"), |name| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_take_turns_and_a_cut_short_one_is_told() {
        let home = tempfile::tempdir().unwrap();
        let estate = Estate { home: home.path().to_path_buf(), ..Estate::default() };
        let turn = Turn::of_watch(&estate).unwrap().ok().unwrap();
        assert_eq!(turn.cut_short, None);
        let owner = Turn::of_watch(&estate).unwrap().err().unwrap();
        assert!(owner.starts_with(&format!("weir watch, process {} on ", std::process::id())), "{owner}");
        drop(turn);
        // A run that was killed: its lock is gone, its name is not.
        write_file(&home.path().join("run.owner"), b"weir nightly, process 12 on oak, since yesterday\n").unwrap();
        let turn = Turn::of_night(&estate).unwrap();
        assert_eq!(turn.cut_short.as_deref(), Some("weir nightly, process 12 on oak, since yesterday"));
        drop(turn);
        assert_eq!(Turn::of_night(&estate).unwrap().cut_short, None);
    }
}
