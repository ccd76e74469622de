//! Takes a person out of the lake: every row with one of their keys in one commit, and the files that held them from the disk at once.
//!
//! Receipts stay as they are: they say what was read, and the line was. So do figures without keys; those of open dates are made again
//! from what is left. Names typed into addresses and searches of other people's rows are not looked for.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use arrow::array::{Array as _, AsArray as _, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;

use crate::ids::{RunId, SchoolId, SourceId, UserKey};
use crate::lake::{Change, ChangeKind, DataFile, Lake, LakeError, Slice, Snapshot};
use crate::rows::{open_metadata, read_groups};
use crate::schema::Table;
use crate::undo::text;

/// What stands in the place of a key inside the words of an administrator's change.
const ERASED: &str = "(erased)";

/// Whose rows go.
pub struct Subject<'a> {
    /// Whether a key is theirs.
    pub key: &'a dyn Fn(&UserKey) -> bool,
    /// Whether a sealed line in quarantine is about them: whoever has the vault opens it and looks.
    pub line: &'a dyn Fn(&[u8]) -> Result<bool, LakeError>,
}

/// What an erasure would take out, at one lake version; [`Lake::erase`] does exactly this or is refused.
#[derive(Debug, Clone)]
pub struct ErasurePlan {
    /// The lake version that was looked at.
    pub base: u64,
    /// Rows that go, or lose a key, by table.
    pub rows: BTreeMap<Table, u64>,
    /// Days of sources whose figures are to be made again: open ones that have their raw rows.
    pub slices: BTreeSet<Slice>,
    files: Vec<(Table, DataFile)>,
}

impl ErasurePlan {
    /// Whether the lake holds nothing of them.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

impl Lake {
    /// Finds what is about somebody.
    pub fn erasure_plan(&self, snapshot: &Snapshot, subject: &Subject<'_>) -> Result<ErasurePlan, LakeError> {
        let mut plan = ErasurePlan { base: snapshot.version, rows: BTreeMap::new(), slices: BTreeSet::new(), files: Vec::new() };
        for table in [Table::Events, Table::AdminEvents, Table::Quarantine, Table::PupilDays] {
            for file in snapshot.files.get(&table).into_iter().flatten() {
                let (found, slices) = self.rows_about(table, file, subject)?;
                if found > 0 {
                    *plan.rows.entry(table).or_default() += found;
                    plan.slices.extend(slices.into_iter().filter(|slice| !snapshot.closed.has(slice)));
                    plan.files.push((table, file.clone()));
                }
            }
        }
        Ok(plan)
    }

    /// Does what a plan says, in one commit, removes the files that held the rows, and gives the lake version. Refused if the lake has
    /// changed since the plan was made. A query that is running may fail; asked again it finds the rows gone.
    pub fn erase(&self, plan: &ErasurePlan, subject: &Subject<'_>, run_id: &RunId) -> Result<u64, LakeError> {
        let mut change = Change::new(ChangeKind::Erasure, run_id.clone(), plan.base);
        for (table, file) in &plan.files {
            let left = if *table == Table::AdminEvents {
                self.change_rows(*table, file, |rows| without_keys(rows, subject).map(Some))?
            } else {
                self.rewrite_rows(*table, file, |rows| about(*table, rows, subject).map(|hit| crate::undo::others(&hit)))?
            };
            change.adds.extend(left.map(|file| (*table, file)));
            change.removes.push((*table, file.path.clone()));
        }
        change.stale = plan.slices.clone();
        let version = self.commit(change)?;
        self.vacuum(Duration::ZERO)?;
        Ok(version)
    }

    fn rows_about(&self, table: Table, file: &DataFile, subject: &Subject<'_>) -> Result<(u64, BTreeSet<Slice>), LakeError> {
        let path = self.path_of(table, file)?;
        let metadata = open_metadata(&path, table)?;
        let groups = (0..metadata.metadata().num_row_groups()).collect();
        let mut found = 0;
        let mut seen: HashSet<(String, String)> = HashSet::new();
        for rows in read_groups(&path, &metadata, groups, Some(looked_at(table)))? {
            let rows = rows.map_err(|error| LakeError::arrow(&path, &error))?;
            let hits = about(table, &rows, subject)?;
            found += hits.true_count() as u64;
            if table == Table::Events && hits.true_count() > 0 {
                let (schools, sources) = (text(&rows, "school_id")?, text(&rows, "source_id")?);
                for row in hits.values().set_indices() {
                    seen.insert((schools.value(row).to_owned(), sources.value(row).to_owned()));
                }
            }
        }
        let named = |error: crate::ids::IdError| LakeError::Corrupt { path: path.clone(), problem: error.to_string() };
        let mut slices = BTreeSet::new();
        for (school, source) in seen {
            slices.insert(Slice {
                school_id: SchoolId::parse(&school).map_err(named)?,
                source_id: SourceId::parse(&source).map_err(named)?,
                date: file.statistics.event_date,
            });
        }
        Ok((found, slices))
    }
}

/// The columns that tell whether a row is about somebody, and of which slice it is.
fn looked_at(table: Table) -> &'static [&'static str] {
    match table {
        Table::Events => &["school_id", "source_id", "user_key", "device_key"],
        Table::AdminEvents => &["actor_key", "object", "detail"],
        Table::Quarantine => &["raw"],
        _ => &["user_key"],
    }
}

/// Which rows are about somebody.
fn about(table: Table, rows: &RecordBatch, subject: &Subject<'_>) -> Result<BooleanArray, LakeError> {
    let mut hits = vec![false; rows.num_rows()];
    match table {
        Table::Quarantine => {
            let lines = rows.column_by_name("raw").and_then(|column| column.as_binary_opt::<i32>());
            let lines = lines.ok_or_else(|| LakeError::Rejected { problem: String::from("rows have no column raw") })?;
            for (row, hit) in hits.iter_mut().enumerate() {
                *hit = (subject.line)(lines.value(row))?;
            }
        }
        Table::AdminEvents => {
            for column in ["actor_key", "object", "detail"] {
                let values = text(rows, column)?;
                for (row, hit) in hits.iter_mut().enumerate() {
                    *hit = *hit || (values.is_valid(row) && keys_in(values.value(row)).any(|(_, key)| (subject.key)(&key)));
                }
            }
        }
        _ => {
            for column in ["user_key", "device_key"].into_iter().filter(|column| table.column_index(column).is_some()) {
                let values = text(rows, column)?;
                // Rows of one person often follow one another, and asking may take a hash.
                let mut last: (&str, bool) = ("", false);
                for (row, hit) in hits.iter_mut().enumerate().filter(|(row, _)| values.is_valid(*row)) {
                    let now = values.value(row);
                    if now != last.0 {
                        last = (now, UserKey::parse(now).is_ok_and(|key| (subject.key)(&key)));
                    }
                    *hit = *hit || last.1;
                }
            }
        }
    }
    Ok(BooleanArray::from(hits))
}

/// An administrator's changes stay as evidence of what was changed; who it was, or whom it was about, goes.
fn without_keys(rows: &RecordBatch, subject: &Subject<'_>) -> Result<RecordBatch, LakeError> {
    let mut columns = rows.columns().to_vec();
    for name in ["actor_key", "object", "detail"] {
        let values = text(rows, name)?;
        let masked: StringArray = values
            .iter()
            .map(|value| match (name, value.map(|value| masked(value, subject))) {
                ("actor_key", Some(Some(_))) => None,
                (_, Some(Some(masked))) => Some(masked),
                _ => value.map(str::to_owned),
            })
            .collect();
        if let Some(at) = rows.schema().fields().iter().position(|field| field.name() == name) {
            columns[at] = std::sync::Arc::new(masked);
        }
    }
    RecordBatch::try_new(rows.schema(), columns).map_err(|error| LakeError::Rejected { problem: error.to_string() })
}

/// The text without their keys; none where it has none of them.
fn masked(text: &str, subject: &Subject<'_>) -> Option<String> {
    let mut out = String::new();
    let mut from = 0;
    for (at, key) in keys_in(text).filter(|(_, key)| (subject.key)(key)) {
        out.push_str(text.get(from..at)?);
        out.push_str(ERASED);
        from = at + key.as_str().len();
    }
    (from > 0).then(|| out + text.get(from..).unwrap_or_default())
}

/// The keys in a text, with where they begin.
fn keys_in(text: &str) -> impl Iterator<Item = (usize, UserKey)> {
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.split(move |c: char| !is_of_key(c)).filter_map(move |part| {
        let at = part.as_ptr() as usize - text.as_ptr() as usize;
        UserKey::parse(part).ok().map(|key| (at, key))
    })
}

impl Lake {
    /// The files of a lake in a folder in which one of these texts stands, whatever its letters' case: in the bytes as they are, and in
    /// every value of a Parquet file. For the proof that somebody is gone.
    pub fn files_with(&self, needles: &[&str]) -> Result<Vec<String>, LakeError> {
        let needles: Vec<String> = needles.iter().map(|needle| needle.to_ascii_lowercase()).filter(|n| !n.is_empty()).collect();
        let mut found = Vec::new();
        let mut folders = vec![self.root().to_path_buf()];
        while let Some(folder) = folders.pop() {
            let entries = std::fs::read_dir(&folder).map_err(|error| LakeError::io(&folder, error))?;
            for entry in entries {
                let path = entry.map_err(|error| LakeError::io(&folder, error))?.path();
                let metadata = path.symlink_metadata().map_err(|error| LakeError::io(&path, error))?;
                if metadata.is_dir() {
                    folders.push(path);
                } else if holds(&path, &needles)? {
                    let below = path.strip_prefix(self.root()).unwrap_or(&path);
                    found.push(below.to_string_lossy().replace('\\', "/"));
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

fn holds(path: &std::path::Path, needles: &[String]) -> Result<bool, LakeError> {
    let has = |text: &[u8]| {
        let lower = text.to_ascii_lowercase();
        needles.iter().any(|needle| memchr::memmem::find(&lower, needle.as_bytes()).is_some())
    };
    let bytes = std::fs::read(path).map_err(|error| LakeError::io(path, error))?;
    if has(&bytes) {
        return Ok(true);
    }
    if path.extension().is_none_or(|ending| ending != "parquet") {
        return Ok(false);
    }
    // Pages are compressed: every value of every column, Delta's checkpoints included, as text.
    let file = std::fs::File::open(path).map_err(|error| LakeError::io(path, error))?;
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::build)
        .map_err(|error| LakeError::parquet(path, &error))?;
    for rows in reader {
        let rows = rows.map_err(|error| LakeError::arrow(path, &error))?;
        for column in rows.columns() {
            if column.as_primitive_opt::<Int64Type>().is_some() {
                continue;
            }
            if let Some(values) = column.as_binary_opt::<i32>() {
                if values.iter().flatten().any(has) {
                    return Ok(true);
                }
                continue;
            }
            let options = arrow::util::display::FormatOptions::default();
            let values = arrow::util::display::ArrayFormatter::try_new(column, &options)
                .map_err(|error| LakeError::arrow(path, &error))?;
            if (0..column.len()).any(|row| has(values.value(row).to_string().as_bytes())) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
#[path = "erase_tests.rs"]
mod tests;
