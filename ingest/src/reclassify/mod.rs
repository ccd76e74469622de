//! Applies today's roster, groups, categories and lexicon to the rows of open dates, in one lake commit; closed dates stay as they are.
//!
//! What a row means is decided by the normaliser's own code from the columns that the lake keeps, and who is behind it by the estate's
//! own look-up from the name that the vault keeps. File by file, so that memory does not grow with the lake.

mod columns;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde::Serialize;
use weir_lake::estate::{Estate, People};
use weir_lake::failpoint;
use weir_lake::ids::RunId;
use weir_lake::lake::{Change, ChangeKind, DataFile, Lake, LakeError, Slice, Snapshot};
use weir_lake::names::Named;
use weir_lake::schema::Table;
use weir_lake::vault::Vault;

use crate::decoded::Field;
use crate::engine::{IngestError, discard, vendor_of};
use crate::format::Catalogue;
use crate::normalise::Reference;
use rows::{FormatFacts, Names, RowsAgain};

/// Times a commit is tried when other runs change the lake meanwhile.
const ATTEMPTS: usize = 5;

/// What to reclassify.
pub struct ReclassifyOptions {
    /// The run.
    pub run_id: RunId,
    /// First and last day, days since 1970; all open dates by default.
    pub days: Option<(i32, i32)>,
    /// Worker threads; 0 for one a core.
    pub threads: usize,
    /// Look only, and change nothing.
    pub look_only: bool,
}

/// What it did, as plain data without any person's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReclassifyReport {
    /// The run.
    pub run_id: String,
    /// The lake version that shows it; none where nothing was open, or only looked at.
    pub lake_version: Option<u64>,
    /// Days with rows that were looked at.
    pub days: usize,
    /// Schools' and sources' days among them; their figures are made anew by the next roll-up.
    pub slices: usize,
    /// Rows looked at.
    pub rows: u64,
    /// Rows that changed.
    pub changed_rows: u64,
    /// Data files written again.
    pub files: usize,
    /// Column -> rows in which it changed.
    pub changed: BTreeMap<&'static str, u64>,
    /// What could not be told again from the lake -> rows in which it stays as it was.
    pub kept: BTreeMap<&'static str, u64>,
    /// Rows of closed dates, which stay as they are.
    pub closed_rows: u64,
}

impl ReclassifyReport {
    fn add(&mut self, other: &ReclassifyReport) {
        self.rows += other.rows;
        self.changed_rows += other.changed_rows;
        self.closed_rows += other.closed_rows;
        other.changed.iter().for_each(|(column, rows)| *self.changed.entry(column).or_default() += rows);
        other.kept.iter().for_each(|(what, rows)| *self.kept.entry(what).or_default() += rows);
    }
}

/// What one file came to.
struct Done {
    removed: Option<(DataFile, DataFile)>,
    slices: BTreeSet<Slice>,
}

/// Applies today's estate and reference data to the rows of open dates. `progress` hears how many of how many files are done.
pub fn reclassify(
    estate: &Estate,
    lake: &Lake,
    vault: &Vault,
    catalogue: &Catalogue,
    reference: &Arc<Reference>,
    options: &ReclassifyOptions,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<ReclassifyReport, IngestError> {
    let snapshot = lake.snapshot()?;
    let (from, to) = options.days.unwrap_or((i32::MIN, i32::MAX));
    let events = snapshot.files.get(&Table::Events).map_or(&[][..], Vec::as_slice);
    let files: Vec<&DataFile> = events.iter().filter(|file| (from..=to).contains(&file.statistics.event_date)).collect();
    let session = vault.session();
    let names = Arc::new(names_of(vault)?);
    let people = Arc::new(People::new(estate));
    let formats = Arc::new(formats_of(catalogue, reference)?);
    let (next, failed, ended) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicUsize::new(0));
    let work = || -> Result<(Vec<Done>, ReclassifyReport), IngestError> {
        let (mut done, mut report) = (Vec::new(), ReclassifyReport::default());
        let mut again = RowsAgain::new(
            Arc::clone(reference),
            Arc::clone(&people),
            Arc::clone(&names),
            Arc::clone(&formats),
            session.pseudonyms(),
            estate.keep_allowed_queries,
        );
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)).filter(|_| !failed.load(Ordering::Relaxed)) {
            let one = again.file(lake, file, &snapshot.closed, options.look_only);
            let (written, slices, found) = one.inspect_err(|_| {
                failed.store(true, Ordering::Relaxed);
                done.iter().for_each(|done: &Done| throw_away(lake, done));
            })?;
            report.add(&found);
            done.push(Done { removed: written.map(|written| ((*file).clone(), written)), slices });
            progress(ended.fetch_add(1, Ordering::Relaxed) + 1, files.len());
        }
        Ok((done, report))
    };
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let found: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.min(files.len()).max(1)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut report = ReclassifyReport { run_id: options.run_id.to_string(), ..ReclassifyReport::default() };
    let (mut done, mut error) = (Vec::new(), None);
    for found in found {
        match found {
            Ok((of_worker, counted)) => {
                report.add(&counted);
                done.extend(of_worker);
            }
            Err(of_worker) => error = Some(of_worker),
        }
    }
    if let Some(error) = error {
        done.iter().for_each(|done| throw_away(lake, done));
        return Err(error);
    }
    let slices: BTreeSet<Slice> = done.iter().flat_map(|done| done.slices.iter().cloned()).collect();
    report.days = slices.iter().map(|slice| slice.date).collect::<BTreeSet<_>>().len();
    report.slices = slices.len();
    report.files = done.iter().filter(|done| done.removed.is_some()).count();
    if options.look_only || slices.is_empty() {
        return Ok(report);
    }
    failpoint::hit("reclassify_rows_written");
    let committed = session.flush().map_err(IngestError::from).and_then(|_| {
        let mut change = Change::new(ChangeKind::Reclassify, options.run_id.clone(), snapshot.version);
        for (old, new) in done.iter().filter_map(|done| done.removed.as_ref()) {
            change.removes.push((Table::Events, old.path.clone()));
            change.adds.push((Table::Events, new.clone()));
        }
        // Rollups follow severities and school hours too, which no column shows: all that was looked at is rolled up again.
        change.stale = slices;
        commit(lake, &snapshot, change)
    });
    if !matches!(committed, Ok(_) | Err(IngestError::Lake(LakeError::Unfinished { .. }))) {
        done.iter().for_each(|done| throw_away(lake, done));
    }
    report.lake_version = Some(committed?);
    Ok(report)
}

/// Commits; another run that changed nothing of what was looked at does not matter.
fn commit(lake: &Lake, read_at: &Snapshot, mut change: Change) -> Result<u64, IngestError> {
    let mut attempt = 1;
    loop {
        match lake.commit(change.clone()) {
            Err(LakeError::LostRace { newest }) if attempt < ATTEMPTS => {
                let now = lake.snapshot()?;
                let there: BTreeSet<&str> =
                    now.files.get(&Table::Events).into_iter().flatten().map(|file| file.path.as_str()).collect();
                let is_untouched = change.removes.iter().all(|(_, path)| there.contains(path.as_str()));
                if !is_untouched || now.closed != read_at.closed {
                    return Err(LakeError::LostRace { newest }.into());
                }
                change.base = now.version;
                attempt += 1;
            }
            other => return Ok(other?),
        }
    }
}

/// Removes a file that no commit will name.
fn throw_away(lake: &Lake, done: &Done) {
    if let Some((_, written)) = &done.removed {
        discard(lake.root(), Table::Events, std::slice::from_ref(written));
    }
}

/// The names behind the keys of people, as the vault keeps them. They stay in their own type and leave this process by no way.
fn names_of(vault: &Vault) -> Result<Names, IngestError> {
    let people = vault.entries()?.into_iter().filter(|entry| entry.named == Named::Person);
    Ok(people
        .map(|entry| {
            let name = weir_lake::estate::RealmName { realm: entry.realm, name: entry.name };
            (entry.key.as_str().to_owned(), name)
        })
        .collect())
}

fn formats_of(catalogue: &Catalogue, reference: &Reference) -> Result<HashMap<String, FormatFacts>, IngestError> {
    catalogue
        .ids()
        .map(|id| {
            let format = catalogue.get(id)?;
            let facts =
                FormatFacts { vendor: vendor_of(reference, &format), gives_category_ids: format.gives(Field::VendorCategoryId) };
            Ok((id.to_owned(), facts))
        })
        .collect()
}
