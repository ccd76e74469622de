//! Takes an input file or a run out of the lake again: rows, rollups, index and receipts go in one commit, after a plan that can be shown.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use arrow::array::{AsArray as _, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::Date32Type;

use crate::closed::is_closed;
use crate::ids::{FileId, RunId, SchoolId, SourceId};
use crate::index::segment_tag;
use crate::lake::{Change, ChangeKind, DataFile, IndexFile, Lake, LakeError, Receipt, Slice, Snapshot};
use crate::rows::{open_metadata, read_groups};
use crate::schema::Table;

/// Tables whose rows say which input file they came from.
const INPUT_TABLES: [Table; 3] = [Table::Events, Table::AdminEvents, Table::Quarantine];

pub(crate) const MICROS_A_DAY: i64 = 86_400_000_000;

/// What is to be taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoTarget {
    /// One input file, with all its segments.
    File(FileId),
    /// Everything that a run read.
    Run(RunId),
}

impl fmt::Display for UndoTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UndoTarget::File(file) => write!(f, "file {file}"),
            UndoTarget::Run(run) => write!(f, "run {run}"),
        }
    }
}

/// What an undo would do, at one lake version; [`Lake::undo`] does exactly this or is refused.
#[derive(Debug, Clone)]
pub struct UndoPlan {
    /// What is to be taken out.
    pub target: UndoTarget,
    /// The lake version that was looked at.
    pub base: u64,
    /// Receipts that go. A file that grew goes whole: its segments share their place in the duplicate index.
    pub receipts: Vec<Receipt>,
    /// Rows that go, by table: those read from the files, and the rollups of their slices.
    pub rows: BTreeMap<Table, u64>,
    /// Slices that become stale.
    pub slices: BTreeSet<Slice>,
    /// Receipts of other files of the same sources that dropped rows as duplicates over the same time. Some of those may have been
    /// duplicates of what goes now, so these files must be undone and read again.
    pub read_again: Vec<Receipt>,
    files: Vec<(Table, DataFile)>,
    rollups: Vec<(Table, DataFile)>,
    tags: BTreeMap<SourceId, Vec<u32>>,
}

impl Lake {
    /// Finds what an undo of a file or run would take out.
    pub fn undo_plan(&self, snapshot: &Snapshot, target: &UndoTarget) -> Result<UndoPlan, LakeError> {
        let all = self.receipts(snapshot)?;
        let asked = |receipt: &Receipt| match target {
            UndoTarget::File(file) => receipt.file_id == *file,
            UndoTarget::Run(run) => receipt.run_id == *run,
        };
        let (receipts, others) = with_segments(all, asked);
        if receipts.is_empty() {
            return Err(LakeError::Unknown { what: target.to_string() });
        }
        let mut plan = UndoPlan {
            target: target.clone(),
            base: snapshot.version,
            read_again: others.into_iter().filter(|other| dropped_over_the_same_time(other, &receipts)).collect(),
            rows: BTreeMap::new(),
            slices: BTreeSet::new(),
            files: Vec::new(),
            rollups: Vec::new(),
            tags: tags(&receipts),
            receipts,
        };
        for table in INPUT_TABLES {
            for file in snapshot.files.get(&table).into_iter().flatten() {
                if may_hold(table, file, &plan.receipts) {
                    self.count_rows(table, file, &mut plan)?;
                }
            }
        }
        if let Some(slice) = plan.slices.iter().find(|slice| snapshot.closed.has(slice)) {
            return Err(is_closed(slice));
        }
        for (table, file, found) in self.rollups_of(snapshot, &plan.slices)? {
            *plan.rows.entry(table).or_default() += found;
            plan.rollups.push((table, file));
        }
        Ok(plan)
    }

    /// Does what a plan says, in one commit, and gives the lake version. Refused if the lake has changed since the plan was made.
    pub fn undo(&self, plan: &UndoPlan, run_id: &RunId) -> Result<u64, LakeError> {
        let ids = file_ids(&plan.receipts);
        let (mut adds, mut removes) = (Vec::new(), Vec::new());
        for (table, file) in &plan.files {
            let kept = self.rewrite_rows(*table, file, |rows| of_files(rows, &ids).map(|hit| others(&hit)))?;
            adds.extend(kept.map(|file| (*table, file)));
            removes.push((*table, file.path.clone()));
        }
        for (table, file) in &plan.rollups {
            let kept = self.rewrite_rows(*table, file, |rows| of_slices(*table, rows, &plan.slices).map(|hit| others(&hit)))?;
            adds.extend(kept.map(|file| (*table, file)));
            removes.push((*table, file.path.clone()));
        }
        self.commit(Change {
            adds,
            removes,
            receipt_removes: plan.receipts.iter().map(|receipt| (receipt.file_id.clone(), receipt.byte_from)).collect(),
            index: self.index_without(plan)?,
            stale: plan.slices.clone(),
            ..Change::new(ChangeKind::Undo, run_id.clone(), plan.base)
        })
    }

    fn count_rows(&self, table: Table, file: &DataFile, plan: &mut UndoPlan) -> Result<(), LakeError> {
        let ids: HashSet<String> = file_ids(&plan.receipts);
        let path = self.path_of(table, file)?;
        let metadata = open_metadata(&path, table)?;
        let groups = (0..metadata.metadata().num_row_groups()).collect();
        let mut found = 0u64;
        let mut seen: HashSet<(String, String)> = HashSet::new();
        for rows in read_groups(&path, &metadata, groups, Some(&["file_id", "school_id", "source_id"]))? {
            let rows = rows.map_err(|error| LakeError::arrow(&path, &error))?;
            let hits = of_files(&rows, &ids)?;
            if hits.true_count() == 0 {
                continue;
            }
            found += hits.true_count() as u64;
            let (schools, sources) = (text(&rows, "school_id")?, text(&rows, "source_id")?);
            let mut last = ("", "");
            for row in hits.values().set_indices() {
                let now = (schools.value(row), sources.value(row));
                if now != last {
                    seen.insert((now.0.to_owned(), now.1.to_owned()));
                    last = now;
                }
            }
        }
        if found == 0 {
            return Ok(());
        }
        *plan.rows.entry(table).or_default() += found;
        plan.files.push((table, file.clone()));
        // A quarantined line has no school, and no rollup counts it.
        if table != Table::Quarantine {
            for (school, source) in seen {
                let named = |error: crate::ids::IdError| LakeError::Corrupt { path: path.clone(), problem: error.to_string() };
                plan.slices.insert(Slice {
                    school_id: SchoolId::parse(&school).map_err(named)?,
                    source_id: SourceId::parse(&source).map_err(named)?,
                    date: file.statistics.event_date,
                });
            }
        }
        Ok(())
    }

    /// The rollup files that hold rows of some slices, and how many.
    pub(crate) fn rollups_of(
        &self,
        snapshot: &Snapshot,
        slices: &BTreeSet<Slice>,
    ) -> Result<Vec<(Table, DataFile, u64)>, LakeError> {
        let mut rollups = Vec::new();
        for table in [Table::PupilDays, Table::ThemeWeeks, Table::ActivityHourly, Table::Figures] {
            let days: HashSet<i32> = slices.iter().map(|slice| rollup_day(table, slice.date)).collect();
            for file in snapshot.files.get(&table).into_iter().flatten() {
                let found = match days.contains(&file.statistics.event_date) {
                    true => self.count_rollups(table, file, slices)?,
                    false => 0,
                };
                if found > 0 {
                    rollups.push((table, file.clone(), found));
                }
            }
        }
        Ok(rollups)
    }

    fn count_rollups(&self, table: Table, file: &DataFile, slices: &BTreeSet<Slice>) -> Result<u64, LakeError> {
        let path = self.path_of(table, file)?;
        let metadata = open_metadata(&path, table)?;
        let groups = (0..metadata.metadata().num_row_groups()).collect();
        let columns: Vec<&str> =
            ["event_date", "school_id", "source_id"].into_iter().filter(|name| table.column_index(name).is_some()).collect();
        let mut found = 0;
        for rows in read_groups(&path, &metadata, groups, Some(&columns))? {
            let rows = rows.map_err(|error| LakeError::arrow(&path, &error))?;
            found += of_slices(table, &rows, slices)?.true_count() as u64;
        }
        Ok(found)
    }

    fn index_without(&self, plan: &UndoPlan) -> Result<Vec<IndexFile>, LakeError> {
        let state = self.state_at(plan.base)?.ok_or(LakeError::Gone { version: plan.base })?;
        let days: BTreeSet<(&SourceId, i32)> =
            plan.receipts.iter().flat_map(|r| event_days(r).map(move |day| (&r.source_id, day))).collect();
        let mut changed = Vec::new();
        for (source, date) in days {
            let Some(entry) = state.index.get(source).and_then(|days| days.get(&date)) else { continue };
            let tags = plan.tags.get(source).map_or(&[][..], Vec::as_slice);
            let mut writer = self.index_writer(source, date);
            let old = IndexFile { source_id: source.clone(), date, path: entry.path.clone(), entries: entry.entries };
            writer.add_file(self.open_index(&old)?);
            changed.push(writer.finish_without(|(_, tag)| tags.contains(tag))?);
        }
        Ok(changed)
    }
}

pub(crate) fn others(hit: &BooleanArray) -> BooleanArray {
    BooleanArray::new(!hit.values(), None)
}

/// Parts receipts into those asked for, with all segments of their files, and the others.
fn with_segments(all: Vec<Receipt>, asked: impl Fn(&Receipt) -> bool) -> (Vec<Receipt>, Vec<Receipt>) {
    let mut goes: Vec<bool> = all.iter().map(asked).collect();
    let mut found: Vec<usize> = (0..all.len()).filter(|at| goes[*at]).collect();
    while let Some(at) = found.pop() {
        for other in 0..all.len() {
            if !goes[other] && follow_one_another(&all[at], &all[other]) {
                goes[other] = true;
                found.push(other);
            }
        }
    }
    let (taken, left): (Vec<_>, Vec<_>) = all.into_iter().zip(goes).partition(|(_, goes)| *goes);
    let receipts = |part: Vec<(Receipt, bool)>| part.into_iter().map(|(receipt, _)| receipt).collect();
    (receipts(taken), receipts(left))
}

/// Whether two receipts are neighbouring segments of one file, or two readings of the same one.
pub(crate) fn follow_one_another(a: &Receipt, b: &Receipt) -> bool {
    let same_reading = a.file_id == b.file_id && a.byte_from == b.byte_from;
    let neighbours = a.byte_to == b.byte_from || b.byte_to == a.byte_from;
    a.source_id == b.source_id && (same_reading || (a.path == b.path && neighbours && a.byte_from != b.byte_from))
}

fn times(receipt: &Receipt) -> Option<(i64, i64)> {
    receipt.first_event_time.zip(receipt.last_event_time)
}

fn dropped_over_the_same_time(other: &Receipt, undone: &[Receipt]) -> bool {
    let duplicates = other.ignored.get("duplicate").copied().unwrap_or(0);
    duplicates > 0
        && undone.iter().filter(|receipt| receipt.source_id == other.source_id).any(|receipt| {
            match (times(receipt), times(other)) {
                (Some((from, to)), Some((other_from, other_to))) => from <= other_to && other_from <= to,
                // A file whose every event was a duplicate has no time to compare.
                (Some(_), None) => true,
                (None, _) => false,
            }
        })
}

/// The tags of the segments in the duplicate index.
fn tags(receipts: &[Receipt]) -> BTreeMap<SourceId, Vec<u32>> {
    let mut tags: BTreeMap<SourceId, Vec<u32>> = BTreeMap::new();
    for receipt in receipts {
        let tag = segment_tag(&receipt.head_id, receipt.byte_from, &receipt.file_id);
        tags.entry(receipt.source_id.clone()).or_default().push(tag);
    }
    tags
}

/// The dates that a receipt's events may have: local dates differ from UTC's by one at most.
pub(crate) fn event_days(receipt: &Receipt) -> impl Iterator<Item = i32> + use<> {
    let day = |time: i64| i32::try_from(time.div_euclid(MICROS_A_DAY)).unwrap_or(0);
    let range = times(receipt).map_or(0..0, |(from, to)| day(from) - 1..day(to) + 2);
    range.into_iter()
}

/// Whether a data file can hold rows of these receipts, by its statistics alone.
pub(crate) fn may_hold(table: Table, file: &DataFile, receipts: &[Receipt]) -> bool {
    let date = file.statistics.event_date;
    receipts.iter().any(|receipt| {
        if table == Table::Quarantine {
            // Quarantine is dated by when the line was read.
            return (i64::from(date) - receipt.received_at.div_euclid(MICROS_A_DAY)).abs() <= 1;
        }
        let meets = match (times(receipt), file.statistics.event_time) {
            (Some((from, to)), Some((first, last))) => from <= last && first <= to,
            _ => true,
        };
        meets && event_days(receipt).any(|day| day == date)
    })
}

fn file_ids(receipts: &[Receipt]) -> HashSet<String> {
    receipts.iter().map(|receipt| receipt.file_id.as_str().to_owned()).collect()
}

pub(crate) fn text<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a StringArray, LakeError> {
    rows.column_by_name(name)
        .and_then(|column| column.as_string_opt::<i32>())
        .ok_or_else(|| LakeError::Rejected { problem: format!("rows have no text column {name}") })
}

/// Whether each row came from one of the files. Rows of a file mostly lie together, so the last answer is kept.
pub(crate) fn of_files(rows: &RecordBatch, ids: &HashSet<String>) -> Result<BooleanArray, LakeError> {
    let files = text(rows, "file_id")?;
    let mut last: Option<(&str, bool)> = None;
    Ok((0..rows.num_rows())
        .map(|row| {
            let file = files.value(row);
            let hit = match last {
                Some((known, hit)) if known == file => hit,
                _ => ids.contains(file),
            };
            last = Some((file, hit));
            Some(hit)
        })
        .collect())
}

/// The date under which a rollup table keeps what happened on a day.
pub(crate) fn rollup_day(table: Table, day: i32) -> i32 {
    // 1970-01-01 was a Thursday, so day -3 is a Monday.
    if table == Table::ThemeWeeks { day - (day + 3).rem_euclid(7) } else { day }
}

/// Whether each rollup row counts one of the slices. Where a table has no source, all sources of the school and day go: what is left is
/// rolled up again.
pub(crate) fn of_slices(table: Table, rows: &RecordBatch, slices: &BTreeSet<Slice>) -> Result<BooleanArray, LakeError> {
    let by_source = table.column_index("source_id").is_some();
    let wanted: HashSet<(i32, &str, &str)> = slices
        .iter()
        .map(|slice| {
            (rollup_day(table, slice.date), slice.school_id.as_str(), if by_source { slice.source_id.as_str() } else { "" })
        })
        .collect();
    let schools = text(rows, "school_id")?;
    let sources = if by_source { Some(text(rows, "source_id")?) } else { None };
    let dates = rows
        .column_by_name("event_date")
        .and_then(|column| column.as_primitive_opt::<Date32Type>())
        .ok_or_else(|| LakeError::Rejected { problem: String::from("rows have no event_date") })?;
    Ok((0..rows.num_rows())
        .map(|row| {
            Some(wanted.contains(&(dates.value(row), schools.value(row), sources.map_or("", |sources| sources.value(row)))))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Float64Array, Int32Array, Int64Array};

    use super::*;
    use crate::event_file::EventFileWriter;
    use crate::lake_tests::{assert_delta_agrees, contents, ingest};
    use crate::test_rows::{FILE, batch_from, change, receipt, run};

    const SECOND: &str = "bb00000000000000000000000000000000000000000000000000000000000000";
    const THIRD: &str = "cc00000000000000000000000000000000000000000000000000000000000000";
    const DAY: i32 = 20_762;

    fn at(hours: i64) -> i64 {
        i64::from(DAY) * MICROS_A_DAY + hours * 3_600_000_000
    }

    fn figures(lake: &Lake, schools: &[&'static str]) -> Vec<DataFile> {
        let count = schools.len();
        let rows = RecordBatch::try_from_iter([
            ("event_date", Arc::new(Date32Array::from(vec![DAY; count])) as _),
            ("school_id", Arc::new(StringArray::from(schools.to_vec())) as _),
            ("source_id", Arc::new(StringArray::from(vec!["gate"; count])) as _),
            ("indicator", Arc::new(StringArray::from(vec!["searches"; count])) as _),
            ("version", Arc::new(Int32Array::from(vec![1; count])) as _),
            ("dimensions", Arc::new(StringArray::from(vec!["{}"; count])) as _),
            ("numerator", Arc::new(Float64Array::from(vec![1.0; count])) as _),
            ("denominator", Arc::new(Float64Array::from(vec![1.0; count])) as _),
            ("lake_version", Arc::new(Int64Array::from(vec![1; count])) as _),
        ])
        .unwrap();
        lake.write_rows(Table::Figures, &rows).unwrap()
    }

    /// Two files' rows in one data file, as after a merge.
    fn two_files(lake: &Lake) -> DataFile {
        let first = batch_from(&[("ash", DAY, at(9)), ("ash", DAY, at(10))], FILE);
        let second = batch_from(&[("ash", DAY, at(9)), ("beech", DAY, at(11))], SECOND);
        let mut writer = EventFileWriter::create(lake.root(), DAY, "both").unwrap();
        writer.append(&first, &[0, 1]).unwrap();
        writer.append(&second, &[0, 1]).unwrap();
        writer.finish(&[]).unwrap()
    }

    #[test]
    fn an_undone_file_leaves_only_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        let source = SourceId::parse("gate").unwrap();
        let mut index = lake.index_writer(&source, DAY);
        let first = receipt(FILE, 2, (at(9), at(10)));
        let mut second = receipt(SECOND, 2, (at(9), at(11)));
        let [one, other] = [&first, &second].map(|receipt| segment_tag(&receipt.head_id, receipt.byte_from, &receipt.file_id));
        index.add_run([(1, one), (2, one), (1, other), (3, other)]).unwrap();
        second.run_id = RunId::parse("run-2").unwrap();
        second.ignored.insert(String::from("duplicate"), 4);
        second.lines += 4;
        let mut adds = vec![(Table::Events, two_files(&lake))];
        adds.extend(figures(&lake, &["ash", "beech", "cedar"]).into_iter().map(|file| (Table::Figures, file)));
        let receipts = vec![first, second];
        lake.commit(Change { adds, receipts, index: vec![index.finish().unwrap()], ..change(0) }).unwrap();

        let snapshot = lake.snapshot().unwrap();
        let plan = lake.undo_plan(&snapshot, &UndoTarget::Run(run())).unwrap();
        assert_eq!(plan.rows, BTreeMap::from([(Table::Events, 2), (Table::Figures, 1)]));
        assert_eq!(plan.slices.iter().map(|s| (s.school_id.as_str(), s.date)).collect::<Vec<_>>(), [("ash", DAY)]);
        assert_eq!(plan.read_again.iter().map(|r| r.file_id.as_str()).collect::<Vec<_>>(), [SECOND]);
        assert_eq!(contents(&lake)["events"].len(), 4, "a plan changes nothing");

        assert_eq!(lake.undo(&plan, &run()).unwrap(), 2);
        let left = contents(&lake);
        assert_eq!(left["events"].len(), 2);
        assert!(left["events"].iter().all(|row| row.contains(SECOND)));
        assert_eq!(left["figures"].len(), 2);
        let snapshot = lake.snapshot().unwrap();
        assert_eq!(lake.receipts(&snapshot).unwrap().iter().map(|r| r.file_id.as_str()).collect::<Vec<_>>(), [SECOND]);
        assert_eq!(snapshot.stale, plan.slices);
        let index = lake.index(&snapshot, &source, DAY).unwrap().unwrap();
        assert_eq!(lake.read_index(&index).unwrap(), [(1, other), (3, other)]);
        assert_delta_agrees(&lake);
        assert!(matches!(lake.undo(&plan, &run()), Err(LakeError::LostRace { newest: 2 })), "a plan is good once");
        assert!(matches!(lake.undo_plan(&snapshot, &UndoTarget::Run(run())), Err(LakeError::Unknown { .. })));
    }

    #[test]
    fn undoing_everything_leaves_an_empty_lake() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        let mut whole = receipt(FILE, 2, (at(9), at(10)));
        whole.byte_to = 50;
        let grown = Receipt { byte_from: 50, byte_to: 80, line_from: 5, ..receipt(THIRD, 0, (at(10), at(11))) };
        let rows = batch_from(&[("ash", DAY, at(9)), ("ash", DAY, at(10))], FILE);
        let mut writer = EventFileWriter::create(folder.path(), DAY, "one").unwrap();
        writer.append(&rows, &[0, 1]).unwrap();
        let adds = vec![(Table::Events, writer.finish(&[]).unwrap())];
        let mut index = lake.index_writer(&whole.source_id, DAY);
        let [one, other] = [&whole, &grown].map(|receipt| segment_tag(&receipt.head_id, receipt.byte_from, &receipt.file_id));
        index.add_run([(1, one), (2, other)]).unwrap();
        let index = vec![index.finish().unwrap()];
        lake.commit(Change { adds, receipts: vec![whole, grown], index, ..change(0) }).unwrap();

        let snapshot = lake.snapshot().unwrap();
        let plan = lake.undo_plan(&snapshot, &UndoTarget::File(FileId::parse(THIRD).unwrap())).unwrap();
        assert_eq!(plan.receipts.len(), 2, "a grown file goes with its earlier segment");
        lake.undo(&plan, &run()).unwrap();
        let snapshot = lake.snapshot().unwrap();
        assert!(snapshot.files.is_empty(), "{:?}", snapshot.files);
        assert!(lake.index(&snapshot, &SourceId::parse("gate").unwrap(), DAY).unwrap().is_none());
        assert_delta_agrees(&lake);
    }

    #[test]
    fn quarantined_lines_go_too() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        ingest(&lake, "one", FILE).unwrap();
        let snapshot = lake.snapshot().unwrap();
        let plan = lake.undo_plan(&snapshot, &UndoTarget::File(FileId::parse(FILE).unwrap())).unwrap();
        assert_eq!(plan.rows.get(&Table::Quarantine), Some(&2));
    }

    #[test]
    fn a_week_is_kept_under_its_monday() {
        // 2026-11-05 was a Thursday; Monday was the 2nd, day 20759.
        for (day, monday) in [(20_762, 20_759), (20_759, 20_759), (20_765, 20_759), (20_766, 20_766), (-1, -3)] {
            assert_eq!(rollup_day(Table::ThemeWeeks, day), monday, "{day}");
            assert_eq!(rollup_day(Table::Figures, day), day);
        }
    }
}
