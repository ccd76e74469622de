//! Removes files that no reader can need any more: those that commits took out, and those that no commit ever named.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use crate::lake::{Lake, LakeError};
use crate::ledger::LEDGER;
use crate::schema::Table;
use crate::state::{COMMITS, STATES, STATES_KEPT, State, read_record, state_path, state_versions};
use crate::storage::{Entry, TEMPORARY};

/// A file that no commit names may be one that is being written now; only after this time is it taken for a left-over.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// What vacuum did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vacuumed {
    /// Files removed.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Paths that commits of the last day took out, by when.
struct Removed {
    /// Too recently for readers to be done.
    lately: HashSet<String>,
    /// Long enough ago.
    before: HashSet<String>,
}

impl Lake {
    /// Removes files that a commit took out more than `unreferenced_for` ago (24 hours by rule, since queries end within one; zero for
    /// an erasure), and left-overs of crashed runs after a day.
    pub fn vacuum(&self, unreferenced_for: Duration) -> Result<Vacuumed, LakeError> {
        let now = SystemTime::from(crate::clock::machine_now());
        let state = self.newest_state()?;
        let removed = self.removed_lately(&state, unreferenced_for)?;
        let live: HashSet<String> = state
            .files
            .iter()
            .flat_map(|(table, files)| files.iter().map(|file| format!("{}/{}", table.name(), file.path)))
            .chain(state.index.values().flat_map(|days| days.values().map(|entry| entry.path.clone())))
            .collect();
        let mut done = Vacuumed::default();
        let mut consider = |folder: &str, whole: bool| -> Result<(), LakeError> {
            for file in self.storage.list(folder)? {
                let path = if folder.is_empty() { file.name.clone() } else { format!("{folder}/{}", file.name) };
                let left_over = if whole { !live.contains(&path) } else { file.name.starts_with(TEMPORARY) };
                if left_over && !removed.lately.contains(&path) && (removed.before.contains(&path) || abandoned(&file, now)) {
                    self.storage.remove(&path)?;
                    done.files += 1;
                    done.bytes += file.bytes;
                }
            }
            Ok(())
        };
        for table in Table::ALL {
            consider(table.name(), true)?;
            consider(&format!("{}/_delta_log", table.name()), false)?;
        }
        for folder in [COMMITS, STATES, "index"] {
            consider(folder, false)?;
        }
        for source in self.storage.folders("index")? {
            for day in self.storage.folders(&format!("index/{source}"))? {
                consider(&format!("index/{source}/{day}"), true)?;
            }
        }
        for version in state_versions(&self.storage)? {
            // A crash can leave a state that its commit would have removed.
            if version + STATES_KEPT <= state.version {
                self.storage.remove(&state_path(version))?;
            }
        }
        // The ledger repeats receipts; of those that are gone it must not.
        let ledger = self.ledger_covers().unwrap_or_default();
        if ledger.iter().any(|(path, _)| !live.contains(&format!("{}/{path}", Table::Receipts.name()))) {
            self.storage.remove(LEDGER)?;
        }
        Ok(done)
    }

    fn removed_lately(&self, state: &State, unreferenced_for: Duration) -> Result<Removed, LakeError> {
        let now = crate::commit::now();
        let micros = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let horizon = now.saturating_sub(micros(unreferenced_for.max(ABANDONED_AFTER)));
        let cutoff = now.saturating_sub(micros(unreferenced_for));
        let mut removed = Removed { lately: HashSet::new(), before: HashSet::new() };
        for version in (1..=state.version).rev() {
            let Some(record) = read_record(&self.storage, version)? else { break };
            if record.at < horizon {
                break;
            }
            let paths = if record.at > cutoff { &mut removed.lately } else { &mut removed.before };
            for (table, files) in record.removes {
                paths.extend(files.iter().map(|file| format!("{}/{file}", table.name())));
            }
            paths.extend(record.index_removes);
        }
        Ok(removed)
    }
}

fn abandoned(file: &Entry, now: SystemTime) -> bool {
    now.duration_since(file.modified).is_ok_and(|age| age >= ABANDONED_AFTER)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;
    use crate::ids::SourceId;
    use crate::lake_tests::{contents, ingest};
    use crate::test_rows::{FILE, change, receipt};

    fn names(folder: &std::path::Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn only_what_nobody_needs_goes() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        ingest(&lake, "one", FILE).unwrap();
        ingest(&lake, "two", &"bb".repeat(32)).unwrap();
        let before = contents(&lake);
        let events = folder.path().join("events");
        let old = SystemTime::now() - Duration::from_secs(25 * 60 * 60);
        for (name, modified) in
            [(".tmp-old", old), ("2026-11-05-never.parquet", old), ("2026-11-05-new.parquet", SystemTime::now())]
        {
            let file = File::create(events.join(name)).unwrap();
            file.set_modified(modified).unwrap();
        }
        let index = folder.path().join("index/gate/2026-11-05");
        assert_eq!(names(&index).len(), 2, "the second ingest took the place of the first one's index");

        let done = lake.vacuum(Duration::from_secs(24 * 60 * 60)).unwrap();
        assert_eq!(done.files, 2);
        assert_eq!(names(&events), ["2026-11-05-new.parquet", "2026-11-05-one.parquet", "2026-11-05-two.parquet", "_delta_log"]);
        assert_eq!(names(&index).len(), 2, "a reader may still hold the older version");

        let done = lake.vacuum(Duration::ZERO).unwrap();
        assert_eq!(done.files, 1, "the replaced index goes at once when asked, the file that is being written stays");
        assert_eq!(names(&index).len(), 1);
        assert!(events.join("2026-11-05-new.parquet").exists());
        assert_eq!(contents(&lake), before);
        let snapshot = lake.snapshot().unwrap();
        let held = lake.index(&snapshot, &SourceId::parse("gate").unwrap(), 20_762).unwrap().unwrap();
        assert_eq!(lake.read_index(&held).unwrap().len(), 6);
    }

    #[test]
    fn files_that_a_commit_took_out_go_after_their_time() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        lake.commit(crate::lake::Change { receipts: vec![receipt(FILE, 1, (1, 2))], ..change(0) }).unwrap();
        let removes =
            lake.snapshot().unwrap().files[&Table::Receipts].iter().map(|f| (Table::Receipts, f.path.clone())).collect();
        lake.commit(crate::lake::Change { removes, ..change(1) }).unwrap();
        assert_eq!(lake.vacuum(Duration::from_secs(60)).unwrap().files, 0);
        assert_eq!(lake.vacuum(Duration::ZERO).unwrap().files, 1);
        assert_eq!(names(&folder.path().join("receipts")), ["_delta_log"]);
    }
}
