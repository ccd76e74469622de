//! Quarantined lines as the lake holds them, still sealed, file by file; and a file of them without those that were read since.

use arrow::array::{Array as _, ArrowPrimitiveType, AsArray as _, BinaryArray, BooleanArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int64Type};

use crate::lake::{DataFile, Lake, LakeError};
use crate::rows::read_table;
use crate::schema::Table;
use crate::undo::text;

/// One line in quarantine.
#[derive(Debug, Clone, Copy)]
pub struct SealedLine<'a> {
    /// Whose, or `-` where no school could be told.
    pub school_id: &'a str,
    /// The source.
    pub source_id: &'a str,
    /// The file it stood in.
    pub file_id: &'a str,
    /// The format it was read as.
    pub format_id: &'a str,
    /// Why it could not be read.
    pub reason: &'a str,
    /// Its number in the file, from 1.
    pub line_no: i64,
    /// The day it was read, since 1970.
    pub date: i32,
    /// The line, sealed.
    pub raw: &'a [u8],
}

impl Lake {
    /// Hands every line of a file of `quarantine` to `each`, in the file's order.
    pub fn quarantined<E: From<LakeError>>(
        &self,
        file: &DataFile,
        mut each: impl FnMut(SealedLine<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let path = self.path_of(Table::Quarantine, file)?;
        let mut stopped = None;
        let read = read_table(&path, Table::Quarantine, |rows| {
            if stopped.is_none() {
                stopped = lines(rows, &mut each)?.err();
            }
            Ok(())
        });
        match stopped {
            Some(error) => Err(error),
            None => Ok(read?),
        }
    }

    /// Writes a file of `quarantine` again with the lines that stay, in the file's order. None where no line does.
    pub fn quarantine_left(&self, file: &DataFile, stays: &[bool]) -> Result<Option<DataFile>, LakeError> {
        let mut at = 0;
        self.rewrite_rows(Table::Quarantine, file, |rows| {
            let these = stays.get(at..at + rows.num_rows());
            let these = these.ok_or_else(|| refused("fewer lines were read than the file has"))?;
            at += rows.num_rows();
            Ok(BooleanArray::from(these.to_vec()))
        })
    }
}

fn lines<E: From<LakeError>>(
    rows: &RecordBatch,
    each: &mut impl FnMut(SealedLine<'_>) -> Result<(), E>,
) -> Result<Result<(), E>, LakeError> {
    let (schools, sources, files) = (text(rows, "school_id")?, text(rows, "source_id")?, text(rows, "file_id")?);
    let (formats, reasons) = (text(rows, "format_id")?, text(rows, "reason")?);
    let numbers = values::<Int64Type>(rows, "line_no")?;
    let dates = values::<Date32Type>(rows, "event_date")?;
    let raw: &BinaryArray = rows
        .column_by_name("raw")
        .and_then(|column| column.as_binary_opt::<i32>())
        .ok_or_else(|| refused("rows have no column raw"))?;
    for row in 0..rows.num_rows() {
        let line = SealedLine {
            school_id: schools.value(row),
            source_id: sources.value(row),
            file_id: files.value(row),
            format_id: formats.value(row),
            reason: reasons.value(row),
            line_no: numbers.value(row),
            date: dates.value(row),
            raw: raw.value(row),
        };
        if let Err(error) = each(line) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

fn values<'a, T: ArrowPrimitiveType>(rows: &'a RecordBatch, name: &str) -> Result<&'a PrimitiveArray<T>, LakeError> {
    let column = rows.column_by_name(name).and_then(|column| column.as_primitive_opt::<T>());
    column.filter(|column| column.null_count() == 0).ok_or_else(|| refused(&format!("rows have no column {name}")))
}

fn refused(problem: &str) -> LakeError {
    LakeError::Rejected { problem: problem.to_owned() }
}
