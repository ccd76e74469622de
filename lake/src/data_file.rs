//! A data file's way into a table: a temporary name, fsync, its footer read again and its rows counted, then its own name.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::lake::{DataFile, FileStatistics, LakeError};
use crate::schema::{ColumnType, Table};
use crate::storage::TEMPORARY;

/// Rows in a row group. Larger ones cost parallel reads, smaller ones compression and footer; a row group is also what one batch of
/// decoding fills.
pub const ROW_GROUP_ROWS: usize = 128 * 1024;

/// Level of zstd. Level 3 takes a tenth longer for 5 % less.
const ZSTD_LEVEL: i32 = 1;

/// The day as in file names: `2026-11-05`.
pub fn date_name(days: i32) -> String {
    jiff::civil::date(1970, 1, 1)
        .checked_add(jiff::Span::new().days(days))
        .map_or_else(|_| format!("day{days}"), |date| date.to_string())
}

/// A data file that is being written; dropped before it is sealed, it leaves nothing.
pub struct StagedFile {
    file: File,
    table: Table,
    folder: PathBuf,
    name: String,
    temporary: PathBuf,
    sealed: bool,
}

impl StagedFile {
    /// Starts `<date>-<name>.parquet` in the table's folder under the lake's root. The name must be unique in the lake.
    pub fn create(root: &Path, table: Table, date: i32, name: &str) -> Result<Self, LakeError> {
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if !plain {
            return Err(LakeError::Rejected {
                problem: format!("a data file's name may have letters, digits, '-' and '_' only, found {name:?}"),
            });
        }
        let folder = root.join(table.name());
        let name = format!("{}-{name}.parquet", date_name(date));
        let temporary = folder.join(format!("{TEMPORARY}{name}"));
        if folder.join(&name).try_exists().map_err(|error| LakeError::io(&folder, error))? {
            return Err(LakeError::Rejected { problem: format!("table {} has a file {name} already", table.name()) });
        }
        let file = match create_for_reading_too(&temporary) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                fs::create_dir_all(&folder).map_err(|error| LakeError::io(&folder, error))?;
                create_for_reading_too(&temporary)
            }
            other => other,
        }
        .map_err(|error| LakeError::io(&temporary, error))?;
        Ok(Self { file, table, folder, name, temporary, sealed: false })
    }

    /// A handle to write with; it shares its position with every other one.
    pub fn handle(&self) -> Result<File, LakeError> {
        self.file.try_clone().map_err(|error| LakeError::io(&self.temporary, error))
    }

    /// Where the bytes go until the file is sealed, for error messages.
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// Makes the file durable, reads its footer again, refuses it unless it holds `rows` rows of the table's columns, and gives it its
    /// name. The folder's own fsync is the commit's, once for all files.
    #[expect(clippy::disallowed_methods, reason = "the writer of data files: synced before, its folder synced by the commit")]
    pub fn seal(mut self, rows: u64, statistics: FileStatistics) -> Result<DataFile, LakeError> {
        let failed = |error| LakeError::io(&self.temporary, error);
        self.file.sync_all().map_err(failed)?;
        let bytes = self.file.metadata().map_err(failed)?.len();
        let footer = read_footer(&self.temporary)?;
        let held = u64::try_from(footer.file_metadata().num_rows()).unwrap_or(0);
        let in_groups: i64 = footer.row_groups().iter().map(|group| group.num_rows()).sum();
        let columns = footer.file_metadata().schema_descr().root_schema().get_fields().len();
        if held != rows || in_groups.unsigned_abs() != rows || columns != self.table.columns().len() {
            return Err(LakeError::Corrupt {
                path: self.temporary.clone(),
                problem: format!(
                    "{rows} rows of {} columns were written, {held} rows of {columns} columns read back",
                    self.table.columns().len()
                ),
            });
        }
        let path = self.folder.join(&self.name);
        fs::rename(&self.temporary, &path).map_err(|error| LakeError::io(&path, error))?;
        self.sealed = true;
        Ok(DataFile { path: self.name.clone(), bytes, rows, statistics })
    }
}

fn create_for_reading_too(path: &Path) -> std::io::Result<File> {
    File::options().read(true).write(true).create_new(true).open(path)
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if !self.sealed {
            // What cannot be removed now is vacuum's.
            drop(fs::remove_file(&self.temporary));
        }
    }
}

/// The footer of a Parquet file.
pub(crate) fn read_footer(path: &Path) -> Result<ParquetMetaData, LakeError> {
    let file = File::open(path).map_err(|error| LakeError::io(path, error))?;
    ParquetMetaDataReader::new().parse_and_finish(&file).map_err(|error| LakeError::parquet(path, &error))
}

/// How every data file is written: zstd, dictionaries where the schema says so, and statistics on day, time and school alone.
pub fn writer_properties(table: Table) -> WriterProperties {
    properties(table, Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default()))
}

/// The same for files of few rows. Making ready zstd for each of some 20 columns takes longer than all else about such a file, when it
/// is written and again whenever it is read; snappy needs no such thing.
pub(crate) fn small_writer_properties(table: Table) -> WriterProperties {
    properties(table, Compression::SNAPPY)
}

fn properties(table: Table, compression: Compression) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_created_by(format!("weir {}", env!("CARGO_PKG_VERSION")))
        .set_compression(compression)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::None)
        // Offsets of pages serve only a column index, and that would hold values of every column.
        .set_offset_index_disabled(true)
        .set_sorting_columns(Some(sorting_columns(table)));
    for column in table.columns() {
        let path = ColumnPath::from(column.name);
        let encoding = match column.column_type {
            ColumnType::Dict | ColumnType::TextList | ColumnType::Bool => None,
            ColumnType::Text | ColumnType::Binary => Some(Encoding::DELTA_LENGTH_BYTE_ARRAY),
            ColumnType::Timestamp | ColumnType::Int32 | ColumnType::Int64 => Some(Encoding::DELTA_BINARY_PACKED),
            ColumnType::Date | ColumnType::Float64 => None,
        };
        if let Some(encoding) = encoding {
            properties = properties
                .set_column_dictionary_enabled(path, false)
                .set_column_encoding(ColumnPath::from(column.name), encoding);
        }
    }
    for name in table.statistics_columns() {
        properties = properties.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::Chunk);
    }
    properties.build()
}

/// The order inside each row group, as its footer declares it: the date is one a file, so school, then time where there is one.
pub(crate) fn sorting_columns(table: Table) -> Vec<SortingColumn> {
    ["school_id", "event_time"]
        .into_iter()
        .filter_map(|name| table.column_index(name))
        .map(|index| SortingColumn { column_idx: index as i32, descending: false, nulls_first: false })
        .collect()
}
