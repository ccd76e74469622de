//! The fast way from an event batch to a Parquet file: interned ids are bit-packed straight into pages, and no value is hashed again.
//!
//! Every file reads back equal to what the plain writer ([`crate::event_file`]) makes of the same rows; a test holds the two against each
//! other. One dictionary page and data pages of format 1 a column, so that every common reader takes them.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use parquet::arrow::ArrowSchemaConverter;
use parquet::basic::Encoding;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::statistics::Statistics;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor};

use crate::batch::{DictColumn, EventBatch, NULL_ID, NumberColumn, TextColumn};
use crate::data_file::{StagedFile, writer_properties};
use crate::event_file::{Extent, GroupExtent, own_words};
use crate::lake::{DataFile, LakeError};
use crate::page_encoding::{bit_width, delta_binary_packed, levels, pack, pack_run};
use crate::schema::Table;

mod chunk;

use chunk::{Chunk, ZSTD_LEVEL};

/// Values in a data page of text. Readers hold a page whole: 16 Ki paths are about a megabyte.
const TEXT_PAGE_ROWS: usize = 16 * 1024;

/// Writes one file of `events`: one event date, one row group an append.
pub struct EventPagesWriter {
    staged: StagedFile,
    writer: SerializedFileWriter<BufWriter<File>>,
    date: i32,
    extent: Extent,
    scratch: Scratch,
}

/// Buffers that live from page to page.
struct Scratch {
    compressor: zstd::bulk::Compressor<'static>,
    ids: Vec<u32>,
    renumbered: Vec<u32>,
    indices: Vec<u32>,
    numbers: Vec<i64>,
    valid: Vec<bool>,
}

impl EventPagesWriter {
    /// Starts `<date>-<name>.parquet` in the lake at `root`; nothing is visible before a commit names the finished file.
    pub fn create(root: &Path, date: i32, name: &str) -> Result<Self, LakeError> {
        let staged = StagedFile::create(root, Table::Events, date, name)?;
        let failed = |error: ParquetError| LakeError::parquet(staged.path(), &error);
        let schema = ArrowSchemaConverter::new().schema_root("weir").convert(&Table::Events.arrow_schema()).map_err(failed)?;
        let properties = Arc::new(writer_properties(Table::Events));
        let file = BufWriter::with_capacity(1 << 20, staged.handle()?);
        let writer = SerializedFileWriter::new(file, schema.root_schema_ptr(), properties).map_err(failed)?;
        let compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL).map_err(|error| LakeError::io(staged.path(), error))?;
        let scratch = Scratch {
            compressor,
            ids: Vec::new(),
            renumbered: Vec::new(),
            indices: Vec::new(),
            numbers: Vec::new(),
            valid: Vec::new(),
        };
        Ok(Self { staged, writer, date, extent: Extent::default(), scratch })
    }

    /// Appends rows of a batch as one row group. `rows` selects them in the order (school_id, event_time), all of this file's date.
    pub fn append(&mut self, batch: &EventBatch, rows: &[u32]) -> Result<(), LakeError> {
        if rows.is_empty() {
            return Ok(());
        }
        let group = self.extent.take_in(batch, rows, self.date)?;
        let path = self.staged.path();
        write_group(&mut self.writer, &mut self.scratch, batch, rows, &group).map_err(|error| LakeError::parquet(path, &error))
    }

    /// Finishes the file: footer with `key_values`, fsync, footer read again, name. Refused if no row was appended.
    pub fn finish(mut self, key_values: &[(String, String)]) -> Result<DataFile, LakeError> {
        let (rows, statistics) = self.extent.finish(self.date)?;
        for (key, value) in own_words(rows).into_iter().chain(key_values.iter().cloned()) {
            self.writer.append_key_value_metadata(KeyValue::new(key, value));
        }
        self.writer.finish().map_err(|error| LakeError::parquet(self.staged.path(), &error))?;
        self.writer.inner_mut().flush().map_err(|error| LakeError::io(self.staged.path(), error))?;
        drop(self.writer);
        self.staged.seal(rows, statistics)
    }
}

fn write_group(
    writer: &mut SerializedFileWriter<BufWriter<File>>,
    scratch: &mut Scratch,
    batch: &EventBatch,
    rows: &[u32],
    extent: &GroupExtent,
) -> Result<(), ParquetError> {
    let schema: SchemaDescriptor = writer.schema_descr().clone();
    let mut group = writer.next_row_group()?;
    // Rows in the order read, none left out, are the common case: then columns are taken as they lie.
    let from = rows[0] as usize;
    let together = rows.iter().enumerate().all(|(at, row)| *row as usize == from + at);
    let rows = Rows { list: rows, range: together.then(|| from..from + rows.len()) };
    let dictionaries = batch.dict_columns();
    for (index, column) in Table::Events.columns().iter().enumerate() {
        let descriptor = schema.column(index);
        let nullable = column.nullable;
        let group = &mut group;
        match column.name {
            "event_time" => {
                let values = rows.gather(&batch.event_time, &mut scratch.numbers);
                let mut chunk = Chunk::new(usize::MAX);
                let mut plain = Vec::with_capacity(values.len() * 2);
                delta_binary_packed(values.iter().copied(), values.len(), &mut plain);
                chunk.data(&mut scratch.compressor, plain, values.len(), Encoding::DELTA_BINARY_PACKED)?;
                let count = rows.len();
                let statistics = Statistics::int64(Some(extent.time.0), Some(extent.time.1), None, Some(0), false);
                chunk.close(group, descriptor, count, count, Some(statistics))?;
            }
            "event_date" => {
                let date = batch.event_date[rows.list[0] as usize];
                let mut chunk = Chunk::new(0);
                chunk.dictionary(&mut scratch.compressor, date.to_le_bytes().to_vec(), 1)?;
                let mut plain = vec![1];
                pack_run(0, rows.len(), 1, &mut plain);
                chunk.data(&mut scratch.compressor, plain, rows.len(), Encoding::RLE_DICTIONARY)?;
                let statistics = Statistics::int32(Some(date), Some(date), None, Some(0), false);
                chunk.close(group, descriptor, rows.len(), rows.len(), Some(statistics))?;
            }
            "url_path" => text(group, scratch, &batch.url_path, &rows, descriptor)?,
            "url_query" => text(group, scratch, &batch.url_query, &rows, descriptor)?,
            "search_term" => text(group, scratch, &batch.search_term, &rows, descriptor)?,
            "status" => numbers(group, scratch, &batch.status, &rows, descriptor, true)?,
            "concern_severity" => numbers(group, scratch, &batch.concern_severity, &rows, descriptor, true)?,
            "bytes_in" => numbers(group, scratch, &batch.bytes_in, &rows, descriptor, false)?,
            "bytes_out" => numbers(group, scratch, &batch.bytes_out, &rows, descriptor, false)?,
            "line_no" => {
                let values = rows.gather(&batch.line_no, &mut scratch.numbers);
                let mut chunk = Chunk::new(usize::MAX);
                let mut plain = Vec::with_capacity(values.len());
                delta_binary_packed(values.iter().copied(), values.len(), &mut plain);
                chunk.data(&mut scratch.compressor, plain, values.len(), Encoding::DELTA_BINARY_PACKED)?;
                chunk.close(group, descriptor, rows.len(), rows.len(), None)?;
            }
            "tls_inspected" => {
                scratch.valid.clear();
                scratch.valid.extend(rows.iter().map(|row| batch.tls_inspected[row] < 2));
                let values = rows.iter().filter(|row| batch.tls_inspected[*row] < 2).map(|row| batch.tls_inspected[row] == 1);
                let mut plain = Vec::new();
                levels(&scratch.valid, 1, &mut plain);
                bits(values, &mut plain);
                flags(group, &mut scratch.compressor, plain, rows.len(), descriptor)?;
            }
            "help_seeking" | "furniture" => {
                let column = if column.name == "furniture" { &batch.furniture } else { &batch.help_seeking };
                let mut plain = Vec::with_capacity(rows.len() / 8 + 1);
                bits(rows.iter().map(|row| column[row]), &mut plain);
                flags(group, &mut scratch.compressor, plain, rows.len(), descriptor)?;
            }
            "other_themes" => list(group, scratch, &batch.other_themes, &rows, descriptor)?,
            name => {
                let Some((_, column)) = dictionaries.iter().find(|(known, _)| *known == name) else {
                    return Err(ParquetError::General(format!("the event batch has no column {name}")));
                };
                let statistics = (name == "school_id").then(|| {
                    let (low, high) = (extent.school.0.as_str(), extent.school.1.as_str());
                    Statistics::byte_array(Some(ByteArray::from(low)), Some(ByteArray::from(high)), None, Some(0), false)
                });
                dictionary(group, scratch, column, &rows, descriptor, nullable, statistics)?;
            }
        }
    }
    group.close().map(drop)
}

/// The rows of a row group: a list, and the range they are if they lie together.
struct Rows<'a> {
    list: &'a [u32],
    range: Option<std::ops::Range<usize>>,
}

impl Rows<'_> {
    fn len(&self) -> usize {
        self.list.len()
    }

    fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.list.iter().map(|row| *row as usize)
    }

    fn gather<'v, T: Copy>(&self, column: &'v [T], scratch: &'v mut Vec<T>) -> &'v [T] {
        match &self.range {
            Some(range) => &column[range.clone()],
            None => {
                scratch.clear();
                scratch.extend(self.list.iter().map(|row| column[*row as usize]));
                scratch
            }
        }
    }
}

type Group<'a> = parquet::file::writer::SerializedRowGroupWriter<'a, BufWriter<File>>;

fn dictionary(
    group: &mut Group<'_>,
    scratch: &mut Scratch,
    column: &DictColumn,
    rows: &Rows<'_>,
    descriptor: ColumnDescPtr,
    nullable: bool,
    statistics: Option<Statistics>,
) -> Result<(), ParquetError> {
    let ids = rows.gather(&column.ids, &mut scratch.ids);
    let count = ids.len();
    let first = ids[0];
    if ids.iter().all(|id| *id == first) {
        // One value, or none at all: a run of levels and a run of indices.
        let mut plain = Vec::with_capacity(16);
        if nullable {
            constant_levels(first != NULL_ID, count, &mut plain);
        }
        let mut chunk = Chunk::new(0);
        if first == NULL_ID {
            chunk.data(&mut scratch.compressor, plain, count, Encoding::PLAIN)?;
        } else {
            let mut values = Vec::new();
            plain_bytes(column.strings.get(first), &mut values)?;
            chunk.dictionary(&mut scratch.compressor, values, 1)?;
            plain.push(1);
            pack_run(0, count, 1, &mut plain);
            chunk.data(&mut scratch.compressor, plain, count, Encoding::RLE_DICTIONARY)?;
        }
        return chunk.close(group, descriptor, count, count, statistics);
    }
    scratch.renumbered.clear();
    scratch.renumbered.resize(column.strings.len(), NULL_ID);
    scratch.indices.clear();
    let mut values = Vec::new();
    let mut distinct = 0u32;
    for id in ids {
        if *id == NULL_ID {
            continue;
        }
        let slot = &mut scratch.renumbered[*id as usize];
        if *slot == NULL_ID {
            *slot = distinct;
            distinct += 1;
            plain_bytes(column.strings.get(*id), &mut values)?;
        }
        scratch.indices.push(*slot);
    }
    let mut plain = Vec::with_capacity(count * 2);
    if nullable {
        scratch.valid.clear();
        scratch.valid.extend(ids.iter().map(|id| *id != NULL_ID));
        levels(&scratch.valid, 1, &mut plain);
    } else if scratch.indices.len() != count {
        return Err(ParquetError::General(format!("column {} must have a value in every row", descriptor.name())));
    }
    let width = bit_width(distinct.saturating_sub(1)).max(1);
    plain.push(width as u8);
    pack(&scratch.indices, width, &mut plain);
    let mut chunk = Chunk::new(usize::MAX);
    chunk.dictionary(&mut scratch.compressor, values, distinct as usize)?;
    chunk.data(&mut scratch.compressor, plain, count, Encoding::RLE_DICTIONARY)?;
    chunk.close(group, descriptor, count, count, statistics)
}

fn text(
    group: &mut Group<'_>,
    scratch: &mut Scratch,
    column: &TextColumn,
    rows: &Rows<'_>,
    descriptor: ColumnDescPtr,
) -> Result<(), ParquetError> {
    let count = rows.len();
    let mut chunk;
    if rows.iter().all(|row| !column.valid[row]) {
        chunk = Chunk::new(0);
        let mut plain = Vec::with_capacity(16);
        constant_levels(false, count, &mut plain);
        chunk.data(&mut scratch.compressor, plain, count, Encoding::PLAIN)?;
        return chunk.close(group, descriptor, count, count, None);
    }
    chunk = Chunk::new(usize::MAX);
    for page in rows.list.chunks(TEXT_PAGE_ROWS) {
        scratch.valid.clear();
        scratch.valid.extend(page.iter().map(|row| column.valid[*row as usize]));
        scratch.numbers.clear();
        let mut together = Vec::new();
        for row in page {
            if let Some(value) = column.get(*row as usize) {
                scratch.numbers.push(value.len() as i64);
                together.extend_from_slice(value);
            }
        }
        if std::str::from_utf8(&together).is_err() {
            return Err(ParquetError::General(format!("column {} holds text that is not UTF-8", descriptor.name())));
        }
        let mut plain = Vec::with_capacity(together.len() + page.len() + 64);
        levels(&scratch.valid, 1, &mut plain);
        delta_binary_packed(scratch.numbers.iter().copied(), scratch.numbers.len(), &mut plain);
        plain.extend_from_slice(&together);
        chunk.data(&mut scratch.compressor, plain, page.len(), Encoding::DELTA_LENGTH_BYTE_ARRAY)?;
    }
    chunk.close(group, descriptor, count, count, None)
}

fn numbers(
    group: &mut Group<'_>,
    scratch: &mut Scratch,
    column: &NumberColumn,
    rows: &Rows<'_>,
    descriptor: ColumnDescPtr,
    narrow: bool,
) -> Result<(), ParquetError> {
    let count = rows.len();
    scratch.valid.clear();
    scratch.valid.extend(rows.iter().map(|row| column.valid[row]));
    scratch.numbers.clear();
    scratch.numbers.extend(rows.iter().filter(|row| column.valid[*row]).map(|row| column.values[row]));
    if narrow && let Some(value) = scratch.numbers.iter().find(|value| i32::try_from(**value).is_err()) {
        return Err(ParquetError::General(format!("{} {value} does not fit 32 bits", descriptor.name())));
    }
    let mut plain = Vec::with_capacity(count * 2);
    levels(&scratch.valid, 1, &mut plain);
    let (mut chunk, encoding) = if scratch.numbers.is_empty() {
        (Chunk::new(0), Encoding::PLAIN)
    } else {
        delta_binary_packed(scratch.numbers.iter().copied(), scratch.numbers.len(), &mut plain);
        (Chunk::new(plain.len()), Encoding::DELTA_BINARY_PACKED)
    };
    chunk.data(&mut scratch.compressor, plain, count, encoding)?;
    chunk.close(group, descriptor, count, count, None)
}

fn flags(
    group: &mut Group<'_>,
    compressor: &mut zstd::bulk::Compressor<'_>,
    plain: Vec<u8>,
    count: usize,
    descriptor: ColumnDescPtr,
) -> Result<(), ParquetError> {
    let mut chunk = Chunk::new(plain.len());
    chunk.data(compressor, plain, count, Encoding::PLAIN)?;
    chunk.close(group, descriptor, count, count, None)
}

/// Lists of text: a row without a list is definition level 0; an element is level 3 (list, entry, value all there).
fn list(
    group: &mut Group<'_>,
    scratch: &mut Scratch,
    column: &DictColumn,
    rows: &Rows<'_>,
    descriptor: ColumnDescPtr,
) -> Result<(), ParquetError> {
    let count = rows.len();
    let ids = rows.gather(&column.ids, &mut scratch.ids);
    let element = descriptor.max_def_level() as u32;
    let (mut repetitions, mut definitions) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut values = Vec::new();
    for id in ids {
        if *id == NULL_ID {
            repetitions.push(0);
            definitions.push(0);
            continue;
        }
        for (at, part) in column.strings.get(*id).split(|byte| *byte == b';').enumerate() {
            repetitions.push(u32::from(at > 0));
            definitions.push(element);
            plain_bytes(part.trim_ascii(), &mut values)?;
        }
    }
    let mut plain = Vec::new();
    for (levels, most) in [(&repetitions, 1), (&definitions, element)] {
        let mut packed = Vec::new();
        match levels.first() {
            Some(first) if levels.iter().all(|level| level == first) => {
                pack_run(*first, levels.len(), bit_width(most), &mut packed)
            }
            _ => pack(levels, bit_width(most), &mut packed),
        }
        plain.extend_from_slice(&(packed.len() as u32).to_le_bytes());
        plain.extend_from_slice(&packed);
    }
    plain.extend_from_slice(&values);
    let mut chunk = Chunk::new(plain.len());
    chunk.data(&mut scratch.compressor, plain, definitions.len(), Encoding::PLAIN)?;
    chunk.close(group, descriptor, count, definitions.len(), None)
}

fn constant_levels(valid: bool, count: usize, out: &mut Vec<u8>) {
    let mut run = Vec::with_capacity(8);
    pack_run(u32::from(valid), count, 1, &mut run);
    out.extend_from_slice(&(run.len() as u32).to_le_bytes());
    out.extend_from_slice(&run);
}

/// PLAIN encoding of text: length, bytes. Refuses what is not UTF-8, as the plain writer does.
fn plain_bytes(value: &[u8], out: &mut Vec<u8>) -> Result<(), ParquetError> {
    if std::str::from_utf8(value).is_err() {
        return Err(ParquetError::General(String::from("text that is not UTF-8")));
    }
    out.extend_from_slice(&(value.len() as u32).to_le_bytes());
    out.extend_from_slice(value);
    Ok(())
}

/// PLAIN encoding of booleans: a bit each, lowest first.
fn bits(values: impl Iterator<Item = bool>, out: &mut Vec<u8>) {
    let (mut byte, mut filled) = (0u8, 0);
    for value in values {
        byte |= u8::from(value) << filled;
        filled += 1;
        if filled == 8 {
            out.push(byte);
            (byte, filled) = (0, 0);
        }
    }
    if filled > 0 {
        out.push(byte);
    }
}

#[cfg(test)]
mod tests;
