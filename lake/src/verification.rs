//! What the last verification found, kept beside the commits so that a page or an auditor can say when two engines last agreed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::SchoolId;
use crate::lake::{ChangeKind, Lake, LakeError, Snapshot};
use crate::state::read_record;

const VERIFIED: &str = "_weir/verified";

/// How much of a rollup or indicator was compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// Values compared.
    pub cells: u64,
    /// Of them different.
    pub differences: u64,
}

/// The outcome of a verification: counts alone, nothing of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// The lake version that was verified.
    pub lake_version: u64,
    /// When, microseconds since 1970.
    pub at: i64,
    /// The program's version.
    pub weir: String,
    /// The school and academic year, or none for all.
    pub of: Option<(SchoolId, String)>,
    /// By rollup and indicator.
    pub compared: BTreeMap<String, Compared>,
    /// What was left out, and why.
    pub unchecked: BTreeMap<String, String>,
}

impl Verified {
    /// Whether nothing differed.
    pub fn agrees(&self) -> bool {
        self.compared.values().all(|compared| compared.differences == 0)
    }
}

/// Whether two engines agree on the figures of a school as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// They agree, and nothing that could move a figure has come since.
    Agreed {
        /// When they were compared, microseconds since 1970.
        at: i64,
    },
    /// Some values differed when they were compared last.
    Differs {
        /// When.
        at: i64,
        /// How many.
        values: u64,
    },
    /// Something came since they were compared.
    Stale {
        /// When they were compared.
        at: i64,
    },
    /// Logs were read that no figure counts yet.
    NotRolledUp,
    /// They were never compared.
    Never,
}

fn path(of: Option<(&SchoolId, &str)>) -> String {
    match of {
        None => format!("{VERIFIED}/all.json"),
        Some((school, year)) => format!("{VERIFIED}/{school}-{year}.json"),
    }
}

impl Lake {
    /// Keeps the outcome of a verification in the place of the one before of the same school and year, or of all.
    pub fn keep_verified(&self, verified: &Verified) -> Result<(), LakeError> {
        let path = path(verified.of.as_ref().map(|(school, year)| (school, year.as_str())));
        let bytes = serde_json::to_vec_pretty(verified)
            .map_err(|error| LakeError::Rejected { problem: format!("a verification's outcome: {error}") })?;
        self.storage.make_folder(VERIFIED)?;
        self.storage.replace(&path, &bytes, || {})?;
        self.storage.sync_folder(VERIFIED)
    }

    /// The outcome of the last verification of a school and year, or of all; none where there was none.
    pub fn last_verified(&self, of: Option<(&SchoolId, &str)>) -> Result<Option<Verified>, LakeError> {
        let path = path(of);
        let Some(bytes) = self.storage.read(&path)? else { return Ok(None) };
        let damaged =
            |error: serde_json::Error| LakeError::Corrupt { path: self.storage.path(&path), problem: error.to_string() };
        serde_json::from_slice(&bytes).map(Some).map_err(damaged)
    }
}

impl Lake {
    /// Whether two engines agree on the figures of a school and year, as a snapshot has them. The newest comparison of that year, or of all,
    /// decides.
    pub fn standing(&self, snapshot: &Snapshot, school: &SchoolId, year: &str) -> Result<Standing, LakeError> {
        if snapshot.stale.iter().any(|slice| slice.school_id == *school) {
            return Ok(Standing::NotRolledUp);
        }
        let of_all = self.last_verified(None)?;
        let of_year = self.last_verified(Some((school, year)))?;
        let Some(newest) = of_all.into_iter().chain(of_year).max_by_key(|verified| (verified.lake_version, verified.at)) else {
            return Ok(Standing::Never);
        };
        let values = newest.compared.values().map(|compared| compared.differences).sum();
        Ok(if values > 0 {
            Standing::Differs { at: newest.at, values }
        } else if self.may_have_moved(school, newest.lake_version, snapshot.version)? {
            Standing::Stale { at: newest.at }
        } else {
            Standing::Agreed { at: newest.at }
        })
    }

    /// Whether a commit after one version, up to another, could have moved a figure of a school. Closing, merging files and taking rows out
    /// that are past their time move none.
    fn may_have_moved(&self, school: &SchoolId, after: u64, to: u64) -> Result<bool, LakeError> {
        for version in after + 1..=to {
            // One that is no longer there can't be asked.
            let Some(record) = read_record(&self.storage, version)? else { return Ok(true) };
            let moves = match record.kind {
                ChangeKind::Close | ChangeKind::Compaction | ChangeKind::Retention => false,
                ChangeKind::Ingest | ChangeKind::Rollup => {
                    record.stale.iter().chain(&record.rolled).any(|slice| slice.school_id == *school)
                }
                ChangeKind::Publish | ChangeKind::Undo | ChangeKind::Reclassify | ChangeKind::Reopen | ChangeKind::Erasure => {
                    true
                }
            };
            if moves {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_of_each_scope_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        let elm = SchoolId::parse("elm").unwrap();
        assert_eq!(lake.last_verified(None).unwrap(), None);
        let mut all = Verified {
            lake_version: 3,
            at: 1,
            weir: "0.1.0".into(),
            of: None,
            compared: BTreeMap::from([("requests".into(), Compared { cells: 9, differences: 1 })]),
            unchecked: BTreeMap::new(),
        };
        let one = Verified { of: Some((elm.clone(), "2026-27".into())), compared: BTreeMap::new(), ..all.clone() };
        lake.keep_verified(&all).unwrap();
        lake.keep_verified(&one).unwrap();
        all.lake_version = 4;
        lake.keep_verified(&all).unwrap();
        assert_eq!(lake.last_verified(None).unwrap(), Some(all.clone()));
        assert_eq!(lake.last_verified(Some((&elm, "2026-27"))).unwrap(), Some(one.clone()));
        assert_eq!(lake.last_verified(Some((&elm, "2025-26"))).unwrap(), None);
        assert!(!all.agrees() && one.agrees());
    }

    #[test]
    fn what_came_since_makes_a_comparison_stale() {
        use std::collections::BTreeSet;

        use crate::ids::{RunId, SourceId};
        use crate::lake::{Change, Slice};

        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        let (elm, oak) = (SchoolId::parse("elm").unwrap(), SchoolId::parse("oak").unwrap());
        let standing = |school: &SchoolId| lake.standing(&lake.snapshot().unwrap(), school, "2026-27").unwrap();
        let slice = Slice { school_id: elm.clone(), source_id: SourceId::parse("gate").unwrap(), date: 20_000 };
        let commit = |kind: ChangeKind, stale: bool| {
            let base = lake.snapshot().unwrap().version;
            let mut change = Change::new(kind, RunId::parse("test").unwrap(), base);
            let slices = BTreeSet::from([slice.clone()]);
            if stale {
                change.stale = slices
            } else if kind == ChangeKind::Rollup {
                change.rolled = slices
            }
            lake.commit(change).unwrap()
        };
        let verify = |differences: u64, of: Option<(SchoolId, String)>| {
            let verified = Verified {
                lake_version: lake.snapshot().unwrap().version,
                at: 7,
                weir: "0.1.0".into(),
                of,
                compared: BTreeMap::from([("requests".into(), Compared { cells: 9, differences })]),
                unchecked: BTreeMap::new(),
            };
            lake.keep_verified(&verified).unwrap();
        };
        assert_eq!(standing(&elm), Standing::Never);
        commit(ChangeKind::Ingest, true);
        assert_eq!(standing(&elm), Standing::NotRolledUp);
        commit(ChangeKind::Rollup, false);
        verify(2, None);
        assert_eq!(standing(&elm), Standing::Differs { at: 7, values: 2 });
        // A later look at this school and year alone decides for it, and for no other.
        commit(ChangeKind::Compaction, false);
        verify(0, Some((elm.clone(), "2026-27".into())));
        assert_eq!(standing(&elm), Standing::Agreed { at: 7 });
        assert_eq!(standing(&oak), Standing::Differs { at: 7, values: 2 });
        verify(0, None);
        for kind in [ChangeKind::Compaction, ChangeKind::Retention] {
            commit(kind, false);
            assert_eq!(standing(&elm), Standing::Agreed { at: 7 }, "{kind:?}");
        }
        // Another school's logs move nothing here.
        commit(ChangeKind::Ingest, true);
        commit(ChangeKind::Rollup, false);
        assert_eq!(standing(&elm), Standing::Stale { at: 7 });
        assert_eq!(standing(&oak), Standing::Agreed { at: 7 });
        verify(0, None);
        commit(ChangeKind::Publish, false);
        assert_eq!(standing(&oak), Standing::Stale { at: 7 });
    }
}
