//! Merges a day's files into a few large ones in sort order, with bounded memory, in one commit; no row changes.

use std::fs;
use std::path::PathBuf;

use arrow::array::{RecordBatch, StringArray};
use arrow::buffer::ScalarBuffer;
use arrow::compute::interleave_record_batch;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader};

use crate::ids::RunId;
use crate::lake::{Change, ChangeKind, DataFile, Lake, LakeError, Snapshot};
use crate::rows::{READ_ROWS, RowWriter, open_metadata, read_groups, sort_key};
use crate::schema::Table;

/// Files of at least this size are left alone: merging them again costs more than readers gain.
const LARGE_ENOUGH: u64 = 256 << 20;

/// A file is closed at about this size, so that none passes 512 MB.
const TARGET: u64 = 384 << 20;

/// Sorted runs merged at once. Each holds its open pages, some ten megabytes; more runs are merged in several passes.
const FAN_IN: usize = 8;

/// Several files of one day that could be fewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactionDue {
    /// Table.
    pub table: Table,
    /// Days since 1970.
    pub date: i32,
    /// Files that would be merged.
    pub files: Vec<DataFile>,
}

impl Lake {
    /// The days of a snapshot that have at least `small_files` files (two or more) which are not large enough.
    pub fn compaction_due(&self, snapshot: &Snapshot, small_files: usize) -> Vec<CompactionDue> {
        let mut due: Vec<CompactionDue> = Vec::new();
        // Receipts merge themselves.
        for (table, files) in snapshot.files.iter().filter(|(table, _)| **table != Table::Receipts) {
            let mut small: Vec<&DataFile> = files.iter().filter(|file| file.bytes < LARGE_ENOUGH).collect();
            small.sort_by_key(|file| file.statistics.event_date);
            for day in small.chunk_by(|a, b| a.statistics.event_date == b.statistics.event_date) {
                if day.len() >= small_files.max(2) {
                    let files = day.iter().map(|file| (*file).clone()).collect();
                    due.push(CompactionDue { table: *table, date: day[0].statistics.event_date, files });
                }
            }
        }
        due
    }

    /// Merges every day that has at least `small_files` small files, a commit a day, and gives the days merged. Another run that commits
    /// meanwhile ends it early: what is left is due again next time.
    pub fn compact_due(&self, small_files: usize, run_id: &RunId) -> Result<usize, LakeError> {
        let mut merged = 0;
        loop {
            let snapshot = self.snapshot()?;
            let due = self.compaction_due(&snapshot, small_files);
            let Some(day) = due.first() else { return Ok(merged) };
            match self.compact(&snapshot, day, run_id) {
                Ok(_) => merged += 1,
                Err(LakeError::LostRace { .. }) => return Ok(merged),
                Err(error) => return Err(error),
            }
        }
    }

    /// Merges the files of one day and gives the lake version. Refused with [`LakeError::LostRace`] if the lake has moved on from the
    /// snapshot; the files written until then are vacuum's.
    pub fn compact(&self, snapshot: &Snapshot, due: &CompactionDue, run_id: &RunId) -> Result<u64, LakeError> {
        let mut runs = Vec::new();
        for file in &due.files {
            runs.extend(self.runs_of(due.table, file)?);
        }
        let mut between: Vec<DataFile> = Vec::new();
        while runs.len() > FAN_IN {
            let rest = runs.split_off(FAN_IN);
            let merged = self.merge(due, runs, u64::MAX)?;
            runs = rest;
            for file in merged {
                runs.extend(self.runs_of(due.table, &file)?);
                between.push(file);
            }
        }
        let merged = self.merge(due, runs, TARGET)?;
        for file in &between {
            let path = self.path_of(due.table, file)?;
            fs::remove_file(&path).map_err(|error| LakeError::io(&path, error))?;
        }
        let rows = |files: &[DataFile]| files.iter().map(|file| file.rows).sum::<u64>();
        if rows(&merged) != rows(&due.files) {
            return Err(LakeError::Corrupt {
                path: self.root().join(due.table.name()),
                problem: format!("{} rows were merged to {}; nothing was changed", rows(&due.files), rows(&merged)),
            });
        }
        self.commit(Change {
            adds: merged.into_iter().map(|file| (due.table, file)).collect(),
            removes: due.files.iter().map(|file| (due.table, file.path.clone())).collect(),
            ..Change::new(ChangeKind::Compaction, run_id.clone(), snapshot.version)
        })
    }

    /// The sorted runs of a file: row groups that follow one another in order are one.
    fn runs_of(&self, table: Table, file: &DataFile) -> Result<Vec<Run>, LakeError> {
        let path = self.path_of(table, file)?;
        let metadata = open_metadata(&path, table)?;
        let mut runs: Vec<Run> = Vec::new();
        let mut last: Option<(String, i64)> = None;
        for group in 0..metadata.metadata().num_row_groups() {
            let mut first = None;
            let mut end = None;
            for rows in read_groups(&path, &metadata, vec![group], Some(&["school_id", "event_time"]))? {
                let rows = rows.map_err(|error| LakeError::arrow(&path, &error))?;
                if rows.num_rows() > 0 {
                    first.get_or_insert(key(&rows, 0)?);
                    end = Some(key(&rows, rows.num_rows() - 1)?);
                }
            }
            match runs.last_mut() {
                Some(run) if last <= first => run.groups.push(group),
                _ => runs.push(Run { path: path.clone(), metadata: metadata.clone(), groups: vec![group] }),
            }
            last = end;
        }
        Ok(runs)
    }

    /// Merges sorted runs into files of about `target` bytes.
    fn merge(&self, due: &CompactionDue, runs: Vec<Run>, target: u64) -> Result<Vec<DataFile>, LakeError> {
        let mut cursors = Vec::new();
        for run in runs {
            cursors.extend(Cursor::open(run)?);
        }
        let mut files = Vec::new();
        let mut writer = RowWriter::create(self.root(), due.table, due.date, u64::MAX)?;
        let mut order: Vec<(usize, usize)> = Vec::with_capacity(READ_ROWS);
        while !cursors.is_empty() {
            let least = least(&cursors);
            order.push((least, cursors[least].at));
            cursors[least].at += 1;
            let spent = cursors[least].at == cursors[least].rows.num_rows();
            if !spent && order.len() < READ_ROWS {
                continue;
            }
            // The order points into the cursors' present batches, so it is written before any of them moves on.
            let batches: Vec<&RecordBatch> = cursors.iter().map(|cursor| &cursor.rows).collect();
            let merged =
                interleave_record_batch(&batches, &order).map_err(|error| LakeError::arrow(&cursors[least].path, &error))?;
            order.clear();
            writer.append(&merged)?;
            if writer.bytes() >= target {
                files.extend(writer.finish(&[])?);
                writer = RowWriter::create(self.root(), due.table, due.date, u64::MAX)?;
            }
            if spent && !cursors[least].advance()? {
                cursors.remove(least);
            }
        }
        files.extend(writer.finish(&[])?);
        Ok(files)
    }
}

struct Run {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    groups: Vec<usize>,
}

/// A place in a run.
struct Cursor {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    rows: RecordBatch,
    /// The key columns of `rows`, found once a batch and not once a row.
    schools: StringArray,
    times: Option<ScalarBuffer<i64>>,
    at: usize,
}

impl Cursor {
    fn open(run: Run) -> Result<Option<Self>, LakeError> {
        let reader = read_groups(&run.path, &run.metadata, run.groups, None)?;
        let rows = RecordBatch::new_empty(reader_schema(&reader));
        let mut cursor = Self { path: run.path, reader, rows, schools: StringArray::new_null(0), times: None, at: 0 };
        Ok(cursor.advance()?.then_some(cursor))
    }

    fn key(&self) -> (&str, i64) {
        (self.schools.value(self.at), self.times.as_ref().map_or(0, |times| times[self.at]))
    }

    /// Takes the next batch that has rows.
    fn advance(&mut self) -> Result<bool, LakeError> {
        for rows in self.reader.by_ref() {
            let rows = rows.map_err(|error| LakeError::arrow(&self.path, &error))?;
            if rows.num_rows() > 0 {
                let (schools, times) = sort_key(&rows)?;
                (self.schools, self.times) = (schools.clone(), times.cloned());
                (self.rows, self.at) = (rows, 0);
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn reader_schema(reader: &ParquetRecordBatchReader) -> arrow::datatypes::SchemaRef {
    arrow::array::RecordBatchReader::schema(reader)
}

/// The cursor with the least row; of equal ones the first, so that equal rows keep the order of their files.
fn least(cursors: &[Cursor]) -> usize {
    let mut best = 0;
    for index in 1..cursors.len() {
        if cursors[index].key() < cursors[best].key() {
            best = index;
        }
    }
    best
}

fn key(rows: &RecordBatch, row: usize) -> Result<(String, i64), LakeError> {
    let (schools, times) = sort_key(rows)?;
    Ok((schools.value(row).to_owned(), times.map_or(0, |times| times[row])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_file::EventFileWriter;
    use crate::lake_tests::{assert_delta_agrees, contents};
    use crate::rows::read_table;
    use crate::test_rows::{FILE, batch_from, change, run};

    #[test]
    fn merging_keeps_every_row_and_sorts_them() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        let mut adds = Vec::new();
        // More runs than are merged at once; two row groups a file, out of order with each other in every second file; equal keys.
        for number in 0..9i64 {
            let rows: Vec<(&str, i32, i64)> =
                (0..50).map(|n| (["ash", "beech", "cedar"][(n % 3) as usize], 20_762, (n * 37 + number * 11) % 64)).collect();
            let batch = batch_from(&rows, FILE);
            let mut order: Vec<u32> = (0..50).collect();
            order.sort_by_key(|row| (rows[*row as usize].0, rows[*row as usize].2));
            let mut writer = EventFileWriter::create(folder.path(), 20_762, &format!("f{number}")).unwrap();
            let (first, second) = order.split_at(25);
            let groups = if number % 2 == 0 { [first, second] } else { [second, first] };
            for group in groups {
                writer.append(&batch, group).unwrap();
            }
            adds.push((Table::Events, writer.finish(&[]).unwrap()));
        }
        let other_day = batch_from(&[("ash", 20_763, 1)], FILE);
        let mut writer = EventFileWriter::create(folder.path(), 20_763, "other").unwrap();
        writer.append(&other_day, &[0]).unwrap();
        adds.push((Table::Events, writer.finish(&[]).unwrap()));
        lake.commit(Change { adds, ..change(0) }).unwrap();
        let before = contents(&lake);

        let snapshot = lake.snapshot().unwrap();
        let due = lake.compaction_due(&snapshot, 2);
        assert_eq!(due.iter().map(|due| (due.date, due.files.len())).collect::<Vec<_>>(), [(20_762, 9)]);
        lake.compact(&snapshot, &due[0], &run()).unwrap();

        assert_eq!(contents(&lake), before);
        assert_delta_agrees(&lake);
        let snapshot = lake.snapshot().unwrap();
        assert_eq!(snapshot.files[&Table::Events].len(), 2);
        assert!(lake.compaction_due(&snapshot, 2).is_empty());
        let merged = snapshot.files[&Table::Events].iter().find(|file| file.rows == 450).unwrap();
        let mut keys = Vec::new();
        read_table(&lake.path_of(Table::Events, merged).unwrap(), Table::Events, |rows| {
            keys.extend((0..rows.num_rows()).map(|row| key(rows, row).unwrap()));
            Ok(())
        })
        .unwrap();
        assert!(keys.is_sorted());
        assert_eq!(merged.statistics.event_time, Some((0, 63)));
        let files = std::fs::read_dir(folder.path().join("events")).unwrap().count();
        assert_eq!(files, 1 + 10 + 1, "log folder, files before, merged file: nothing between stays");
    }

    #[test]
    fn a_merge_that_comes_late_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        for name in ["one", "two"] {
            let base = lake.snapshot().unwrap().version;
            let mut writer = EventFileWriter::create(folder.path(), 1, name).unwrap();
            writer.append(&batch_from(&[("ash", 1, 5)], FILE), &[0]).unwrap();
            lake.commit(Change { adds: vec![(Table::Events, writer.finish(&[]).unwrap())], ..change(base) }).unwrap();
        }
        let snapshot = lake.snapshot().unwrap();
        let due = lake.compaction_due(&snapshot, 2);
        lake.commit(change(2)).unwrap();
        assert!(matches!(lake.compact(&snapshot, &due[0], &run()), Err(LakeError::LostRace { newest: 3 })));
        assert_eq!(lake.snapshot().unwrap().files[&Table::Events].len(), 2);
        assert_eq!(lake.compact_due(3, &run()).unwrap(), 0, "two are not yet worth it");
        assert_eq!(lake.compact_due(2, &run()).unwrap(), 1);
        assert_eq!(lake.snapshot().unwrap().files[&Table::Events].len(), 1);
    }
}
