//! Opens closed dates again for a full re-export: their rows, rollups and index go in one commit, and no file that had a part in them
//! counts as read any more, so that what is read next makes the same lake as if it had been read alone.
//!
//! A file with rows on other dates too keeps its receipt, less the rows that went: those are told as [`REOPENED`]. A file that dropped
//! lines, as duplicates of what goes now or because the date was closed, is marked in the same way, with no lines. A marked file is
//! read from its beginning when it comes again; what of it is still there is then dropped as duplicate.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use arrow::array::{AsArray as _, BooleanArray, RecordBatch};
use arrow::datatypes::Int64Type;

use crate::closed::CLOSED_DATE;
use crate::data_file::date_name;
use crate::failpoint;
use crate::ids::{FileId, RunId, SchoolId, SourceId};
use crate::lake::{Change, ChangeKind, DataFile, IndexFile, Lake, LakeError, Receipt, Slice, Snapshot};
use crate::rows::{open_metadata, read_groups};
use crate::schema::Table;
use crate::undo::{MICROS_A_DAY, event_days, follow_one_another, may_hold, of_files, of_slices, others, text};

/// The reason in the ledger for lines whose rows a reopening took out. Where it stands, even with no lines, the file does not count
/// as read.
pub const REOPENED: &str = "reopened";

/// What a reopening would do, at one lake version; [`Lake::reopen`] does exactly this or is refused.
#[derive(Debug, Clone)]
pub struct ReopenPlan {
    /// The lake version that was looked at.
    pub base: u64,
    /// The source.
    pub source_id: SourceId,
    /// Dates that open, days since 1970.
    pub dates: BTreeSet<i32>,
    /// Closed slices that open. Where a source serves many schools all of them do: their lines stand in one export.
    pub opens: BTreeSet<Slice>,
    /// Slices whose rows go; with those that open the ones that were open already.
    pub slices: BTreeSet<Slice>,
    /// Rows that go, by table.
    pub rows: BTreeMap<Table, u64>,
    /// Receipts that go: files with rows on no other date.
    pub gone: Vec<Receipt>,
    /// Receipts that stay, as they will stand: files with rows on other dates, and files that dropped lines.
    pub kept: Vec<Receipt>,
    marked: BTreeSet<(FileId, u64)>,
    files: Vec<(Table, DataFile)>,
    quarantine: Vec<DataFile>,
    rollups: Vec<(Table, DataFile)>,
}

impl Lake {
    /// Finds what opening the closed dates of a school's source between two days (since 1970, both included) would take out.
    pub fn reopen_plan(
        &self,
        snapshot: &Snapshot,
        school: &SchoolId,
        source: &SourceId,
        (from, to): (i32, i32),
    ) -> Result<ReopenPlan, LakeError> {
        let closed: Vec<Slice> = snapshot.closed.of_source(source).collect();
        let own = closed.iter().filter(|slice| slice.school_id == *school).map(|slice| slice.date);
        let dates: BTreeSet<i32> = own.clone().filter(|date| (from..=to).contains(date)).collect();
        if dates.is_empty() {
            let closed = match own.clone().min().zip(own.max()) {
                None => String::from("; none of this source at this school is"),
                Some((first, last)) => format!("; closed are dates from {} to {}", date_name(first), date_name(last)),
            };
            let (from, to) = (date_name(from), date_name(to));
            return Err(LakeError::NothingClosed { school_id: school.clone(), source_id: source.clone(), from, to, closed });
        }
        let opens: BTreeSet<Slice> = closed.into_iter().filter(|slice| dates.contains(&slice.date)).collect();
        let mut plan = ReopenPlan {
            base: snapshot.version,
            source_id: source.clone(),
            slices: opens.clone(),
            opens,
            rows: BTreeMap::new(),
            gone: Vec::new(),
            kept: Vec::new(),
            marked: BTreeSet::new(),
            files: Vec::new(),
            quarantine: Vec::new(),
            rollups: Vec::new(),
            dates,
        };
        let mut went: HashMap<String, Went> = HashMap::new();
        for table in [Table::Events, Table::AdminEvents] {
            for file in snapshot.files.get(&table).into_iter().flatten() {
                if plan.dates.contains(&file.statistics.event_date) {
                    self.count_source_rows(table, file, &mut plan, &mut went)?;
                }
            }
        }
        self.sort_receipts(snapshot, &mut plan, went)?;
        let ids: HashSet<String> = plan.gone.iter().map(|receipt| receipt.file_id.to_string()).collect();
        for file in snapshot.files.get(&Table::Quarantine).into_iter().flatten() {
            if may_hold(Table::Quarantine, file, &plan.gone) {
                let found = self.count_of_files(Table::Quarantine, file, &ids)?.values().sum::<u64>();
                if found > 0 {
                    *plan.rows.entry(Table::Quarantine).or_default() += found;
                    plan.quarantine.push(file.clone());
                }
            }
        }
        for (table, file, found) in self.rollups_of(snapshot, &plan.slices)? {
            *plan.rows.entry(table).or_default() += found;
            plan.rollups.push((table, file));
        }
        Ok(plan)
    }

    /// Does what a plan says, in one commit, and gives the lake version. Refused if the lake has changed since the plan was made.
    pub fn reopen(&self, plan: &ReopenPlan, run_id: &RunId) -> Result<u64, LakeError> {
        let mut change = Change::new(ChangeKind::Reopen, run_id.clone(), plan.base);
        let mut replace = |table: Table, file: &DataFile, gone: &dyn Fn(&RecordBatch) -> Result<BooleanArray, LakeError>| {
            let kept = self.rewrite_rows(table, file, |rows| gone(rows).map(|hit| others(&hit)))?;
            change.adds.extend(kept.map(|file| (table, file)));
            change.removes.push((table, file.path.clone()));
            Ok::<(), LakeError>(())
        };
        for (table, file) in &plan.files {
            replace(*table, file, &|rows| of_source(rows, &plan.source_id))?;
        }
        let ids: HashSet<String> = plan.gone.iter().map(|receipt| receipt.file_id.to_string()).collect();
        for file in &plan.quarantine {
            replace(Table::Quarantine, file, &|rows| of_files(rows, &ids))?;
        }
        for (table, file) in &plan.rollups {
            replace(*table, file, &|rows| of_slices(*table, rows, &plan.slices))?;
        }
        let state = self.state_at(plan.base)?.ok_or(LakeError::Gone { version: plan.base })?;
        let indexed = state.index.get(&plan.source_id);
        for date in plan.dates.iter().filter(|date| indexed.is_some_and(|days| days.contains_key(date))) {
            change.index.push(IndexFile { source_id: plan.source_id.clone(), date: *date, path: String::new(), entries: 0 });
        }
        change.receipt_removes = plan.marked.iter().cloned().collect();
        change.receipts = plan.kept.clone();
        change.stale = plan.slices.clone();
        change.opens = plan.opens.clone();
        failpoint::hit("reopen_rows_written");
        self.commit(change)
    }

    /// The line numbers that quarantine holds of some files: what a second reading of them need not quarantine again.
    pub fn quarantined_lines(&self, snapshot: &Snapshot, files: &[FileId]) -> Result<HashSet<i64>, LakeError> {
        let mut lines = HashSet::new();
        if files.is_empty() {
            return Ok(lines);
        }
        let ids: HashSet<String> = files.iter().map(FileId::to_string).collect();
        for file in snapshot.files.get(&Table::Quarantine).into_iter().flatten() {
            let path = self.path_of(Table::Quarantine, file)?;
            let metadata = open_metadata(&path, Table::Quarantine)?;
            let groups = (0..metadata.metadata().num_row_groups()).collect();
            for rows in read_groups(&path, &metadata, groups, Some(&["file_id", "line_no"]))? {
                let rows = rows.map_err(|error| LakeError::arrow(&path, &error))?;
                let numbers = rows.column_by_name("line_no").and_then(|column| column.as_primitive_opt::<Int64Type>());
                let numbers = numbers.ok_or_else(|| LakeError::Rejected { problem: String::from("rows have no line_no") })?;
                lines.extend(of_files(&rows, &ids)?.values().set_indices().map(|row| numbers.value(row)));
            }
        }
        Ok(lines)
    }

    /// Notes what of a data file is the source's: rows by input file, and whose.
    fn count_source_rows(
        &self,
        table: Table,
        file: &DataFile,
        plan: &mut ReopenPlan,
        went: &mut HashMap<String, Went>,
    ) -> Result<(), LakeError> {
        let path = self.path_of(table, file)?;
        let metadata = open_metadata(&path, table)?;
        let groups = (0..metadata.metadata().num_row_groups()).collect();
        let mut found = 0u64;
        for rows in read_groups(&path, &metadata, groups, Some(&["file_id", "school_id", "source_id"]))? {
            let rows = rows.map_err(|error| LakeError::arrow(&path, &error))?;
            let hits = of_source(&rows, &plan.source_id)?;
            let (schools, files) = (text(&rows, "school_id")?, text(&rows, "file_id")?);
            let mut last = "";
            for row in hits.values().set_indices() {
                let school = schools.value(row);
                // An admin event of a shared box may be of no school; no rollup counts it.
                if school != last
                    && let Ok(school_id) = SchoolId::parse(school)
                {
                    let date = file.statistics.event_date;
                    plan.slices.insert(Slice { school_id, source_id: plan.source_id.clone(), date });
                }
                last = school;
                match went.get_mut(files.value(row)) {
                    Some(known) => known.add(table),
                    None => went.entry(files.value(row).to_owned()).or_default().add(table),
                }
            }
            found += hits.true_count() as u64;
        }
        if found > 0 {
            *plan.rows.entry(table).or_default() += found;
            plan.files.push((table, file.clone()));
        }
        Ok(())
    }

    fn count_of_files(&self, table: Table, file: &DataFile, ids: &HashSet<String>) -> Result<HashMap<String, u64>, LakeError> {
        let path = self.path_of(table, file)?;
        let metadata = open_metadata(&path, table)?;
        let groups = (0..metadata.metadata().num_row_groups()).collect();
        let mut found: HashMap<String, u64> = HashMap::new();
        for rows in read_groups(&path, &metadata, groups, Some(&["file_id"]))? {
            let rows = rows.map_err(|error| LakeError::arrow(&path, &error))?;
            let files = text(&rows, "file_id")?;
            for row in of_files(&rows, ids)?.values().set_indices() {
                *found.entry(files.value(row).to_owned()).or_default() += 1;
            }
        }
        Ok(found)
    }

    /// Parts the receipts that have to do with the dates into those that go and those that stay, marked.
    fn sort_receipts(
        &self,
        snapshot: &Snapshot,
        plan: &mut ReopenPlan,
        mut went: HashMap<String, Went>,
    ) -> Result<(), LakeError> {
        let own: Vec<Receipt> =
            self.receipts(snapshot)?.into_iter().filter(|receipt| receipt.source_id == plan.source_id).collect();
        let touched = |receipt: &Receipt| {
            went.contains_key(receipt.file_id.as_str()) || (has_dropped(receipt) && may_be_of(receipt, &plan.dates))
        };
        // The segments of a grown file share their place in the duplicate index: they go or are marked together.
        let chains: Vec<Vec<Receipt>> = chains(own).into_iter().filter(|chain| chain.iter().any(touched)).collect();
        let elsewhere = self.files_elsewhere(snapshot, plan, &chains)?;
        for chain in chains {
            plan.marked.extend(chain.iter().map(|receipt| (receipt.file_id.clone(), receipt.byte_from)));
            let stays = |receipt: &Receipt| {
                let of_other_days = utc_days(receipt).is_some_and(|(from, to)| (from..=to).any(|day| !plan.dates.contains(&day)));
                elsewhere.contains(receipt.file_id.as_str()) || (receipt.quarantined > 0 && of_other_days)
            };
            if !chain.iter().any(stays) {
                plan.gone.extend(chain);
                continue;
            }
            for receipt in chain {
                plan.kept.push(less(receipt, &mut went));
            }
        }
        Ok(())
    }

    /// Of the files of these receipts those with rows on other dates than the plan's.
    fn files_elsewhere(
        &self,
        snapshot: &Snapshot,
        plan: &ReopenPlan,
        chains: &[Vec<Receipt>],
    ) -> Result<HashSet<String>, LakeError> {
        let receipts: Vec<Receipt> = chains.iter().flatten().cloned().collect();
        let ids: HashSet<String> = receipts.iter().map(|receipt| receipt.file_id.to_string()).collect();
        let mut elsewhere = HashSet::new();
        for table in [Table::Events, Table::AdminEvents] {
            for file in snapshot.files.get(&table).into_iter().flatten() {
                if !plan.dates.contains(&file.statistics.event_date) && may_hold(table, file, &receipts) {
                    elsewhere.extend(self.count_of_files(table, file, &ids)?.into_keys());
                }
            }
        }
        Ok(elsewhere)
    }
}

/// Rows of an input file that go.
#[derive(Debug, Clone, Copy, Default)]
struct Went {
    events: u64,
    admin_events: u64,
}

impl Went {
    fn add(&mut self, table: Table) {
        match table {
            Table::AdminEvents => self.admin_events += 1,
            _ => self.events += 1,
        }
    }
}

/// A receipt without the rows that go, and marked. Two readings of one file share its rows; each gives up what it has.
fn less(mut receipt: Receipt, went: &mut HashMap<String, Went>) -> Receipt {
    let mut lines = 0;
    if let Some(went) = went.get_mut(receipt.file_id.as_str()) {
        for (held, going) in [(&mut receipt.events, &mut went.events), (&mut receipt.admin_events, &mut went.admin_events)] {
            let taken = (*held).min(*going);
            *held -= taken;
            *going -= taken;
            lines += taken;
        }
    }
    *receipt.ignored.entry(String::from(REOPENED)).or_default() += lines;
    receipt
}

/// Whether a file dropped lines that a lake without the plan's rows, or with its dates open, would take.
fn has_dropped(receipt: &Receipt) -> bool {
    ["duplicate", CLOSED_DATE].into_iter().any(|reason| receipt.ignored.get(reason).is_some_and(|lines| *lines > 0))
}

/// Whether lines of a file may be of one of the dates. A file without any time has told nothing, so it may.
fn may_be_of(receipt: &Receipt, dates: &BTreeSet<i32>) -> bool {
    receipt.first_event_time.is_none() || event_days(receipt).any(|day| dates.contains(&day))
}

fn utc_days(receipt: &Receipt) -> Option<(i32, i32)> {
    let day = |time: i64| i32::try_from(time.div_euclid(MICROS_A_DAY)).unwrap_or(0);
    receipt.first_event_time.zip(receipt.last_event_time).map(|(from, to)| (day(from), day(to)))
}

/// Receipts by file: the segments of one that grew, and repeated readings, together.
fn chains(mut receipts: Vec<Receipt>) -> Vec<Vec<Receipt>> {
    let mut chains = Vec::new();
    while let Some(first) = receipts.pop() {
        let mut chain = vec![first];
        let mut at = 0;
        while at < chain.len() {
            let (joined, left) = receipts.into_iter().partition(|other| follow_one_another(&chain[at], other));
            chain.extend::<Vec<Receipt>>(joined);
            receipts = left;
            at += 1;
        }
        chains.push(chain);
    }
    chains
}

fn of_source(rows: &RecordBatch, source: &SourceId) -> Result<BooleanArray, LakeError> {
    let sources = text(rows, "source_id")?;
    Ok((0..rows.num_rows()).map(|row| Some(sources.value(row) == source.as_str())).collect())
}
