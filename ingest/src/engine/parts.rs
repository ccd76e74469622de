//! The Parquet files that one worker has open: rows go behind those of their date, or into another file, so that each is sorted inside.

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::file::metadata::ParquetMetaDataReader;
use weir_lake::batch::EventBatch;
use weir_lake::event_pages::EventPagesWriter;
use weir_lake::ids::FileId;
use weir_lake::lake::{DataFile, LakeError};
use weir_lake::schema::Table;

use super::positioned::{read_exact_at, write_all_at};

/// Files a worker holds open; one takes some 2 MB of buffers. Logs come by date, so more than a few are open only while an export
/// sorted by something else is read.
const OPEN_FILES: usize = 24;

struct Part {
    date: i32,
    writer: EventPagesWriter,
    last_school: Vec<u8>,
    last_time: i64,
}

/// Files of `events` that are being written or are finished; nothing of them is visible before a commit.
pub(crate) struct Parts {
    root: PathBuf,
    name: String,
    created: usize,
    open: Vec<Part>,
    finished: Vec<DataFile>,
}

impl Parts {
    /// Files named `<date>-<name>-<number>.parquet`; the name is unique in the lake.
    pub(crate) fn new(root: &Path, name: String) -> Self {
        Self { root: root.to_path_buf(), name, created: 0, open: Vec::new(), finished: Vec::new() }
    }

    /// Appends rows of one date, in order, as a row group.
    pub(crate) fn append(&mut self, batch: &EventBatch, date: i32, rows: &[u32]) -> Result<(), LakeError> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
        let key = |row: u32| (batch.school_id.strings.get(batch.school_id.ids[row as usize]), batch.event_time[row as usize]);
        let (first, last) = (key(*first), key(*last));
        let fits = |part: &Part| part.date == date && (part.last_school.as_slice(), part.last_time) <= first;
        let index = match self.open.iter().position(fits) {
            Some(index) => index,
            None => {
                if self.open.len() == OPEN_FILES {
                    let oldest = self.open.remove(0);
                    self.finished.push(oldest.writer.finish(&[])?);
                }
                let writer = EventPagesWriter::create(&self.root, date, &format!("{}-{}", self.name, self.created))?;
                self.created += 1;
                self.open.push(Part { date, writer, last_school: Vec::new(), last_time: i64::MIN });
                self.open.len() - 1
            }
        };
        let part = &mut self.open[index];
        part.writer.append(batch, rows)?;
        part.last_school = last.0.to_vec();
        part.last_time = last.1;
        Ok(())
    }

    /// Finishes all files.
    pub(crate) fn finish(mut self) -> Result<Vec<DataFile>, LakeError> {
        for part in std::mem::take(&mut self.open) {
            self.finished.push(part.writer.finish(&[])?);
        }
        Ok(std::mem::take(&mut self.finished))
    }
}

impl Drop for Parts {
    /// Files that no commit will name; what cannot be removed is vacuum's.
    fn drop(&mut self) {
        discard(&self.root, Table::Events, &self.finished);
    }
}

/// Removes files that no commit will name.
pub(crate) fn discard(root: &Path, table: Table, files: &[DataFile]) {
    for file in files {
        drop(std::fs::remove_file(root.join(table.name()).join(&file.path)));
    }
}

/// The id that stands in a large input's rows until all of it has been read and its own id is known. It lies alone and uncompressed in
/// the dictionary of each row group, where [`set_file_id`] puts the real one: reading the input twice would cost more than all of it.
pub(crate) fn placeholder(run: &str, input: usize) -> FileId {
    FileId::from_digest(*blake3::hash(format!("weir placeholder {run} {input}").as_bytes()).as_bytes())
}

/// Puts an input's id in the place of its placeholder, in every row group of files that hold this input's rows only.
pub(crate) fn set_file_id(root: &Path, files: &[DataFile], placeholder: &FileId, id: &FileId) -> Result<(), LakeError> {
    for file in files {
        let path = root.join(Table::Events.name()).join(&file.path);
        patch(&path, placeholder, id)?;
    }
    Ok(())
}

fn patch(path: &Path, placeholder: &FileId, id: &FileId) -> Result<(), LakeError> {
    let io = |error| LakeError::io(path, error);
    let corrupt = |problem: &str| LakeError::Corrupt { path: path.to_path_buf(), problem: problem.to_owned() };
    let file = File::options().read(true).write(true).open(path).map_err(io)?;
    let footer = ParquetMetaDataReader::new().parse_and_finish(&file).map_err(|error| corrupt(&error.to_string()))?;
    let column = Table::Events.column_index("file_id").ok_or_else(|| corrupt("no column file_id"))?;
    for group in footer.row_groups() {
        let (start, length) = group.column(column).byte_range();
        let mut chunk = vec![0; length as usize];
        read_exact_at(&file, &mut chunk, start).map_err(io)?;
        let found = memchr::memmem::find(&chunk, placeholder.as_str().as_bytes());
        let at = found.ok_or_else(|| corrupt("the place of the file id was not found"))?;
        write_all_at(&file, id.as_str().as_bytes(), start + at as u64).map_err(io)?;
    }
    file.sync_all().map_err(io)
}
