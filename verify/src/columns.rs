//! Hands named columns of a data file over as plain values, row group by row group, read with Polars' Parquet reader.
//!
//! Nothing here comes from the reader that writes and queries the lake: a fault in one of them shows as a figure that differs.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Cursor, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use foldhash::fast::RandomState;
use polars_arrow::array::{Array, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, Utf8ViewArray};
use polars_arrow::compute::concatenate::concatenate;
use polars_arrow::datatypes::{ArrowDataType, Field};
use polars_parquet::read::{BasicDecompressor, PageReader, RowGroupMetadata, column_iter_to_arrays, read_metadata};
use weir_lake::schema::{ColumnType, Table};

use crate::error::VerifyError;

/// Words by number: texts that repeat are compared and hashed as numbers. [`NONE`] is no text at all.
#[derive(Default)]
pub(crate) struct Words {
    ids: HashMap<Arc<str>, u32, RandomState>,
    texts: Vec<Arc<str>>,
}

/// The number of a value that is not there.
pub(crate) const NONE: u32 = 0;

impl Words {
    /// The number of a text.
    pub(crate) fn id(&mut self, text: &str) -> u32 {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        // A day has no four thousand million texts: its rows would not fit the reader's memory.
        let id = self.texts.len() as u32;
        self.ids.insert(text, id);
        id
    }

    /// The text of a number.
    pub(crate) fn text(&self, id: u32) -> Option<&str> {
        self.texts.get((id as usize).checked_sub(1)?).map(AsRef::as_ref)
    }

    /// The text of a number; nothing for no text.
    pub(crate) fn shown(&self, id: u32) -> &str {
        self.text(id).unwrap_or_default()
    }

    /// The numbers of a column's texts.
    fn column(&mut self, array: &Utf8ViewArray) -> Vec<u32> {
        // Texts of a Parquet dictionary have one view each, and a view is cheaper to look up than its text.
        let mut known: HashMap<u128, u32, RandomState> = HashMap::default();
        let mut last = (0u128, NONE);
        let views = array.views();
        (0..array.len())
            .map(|row| {
                if array.is_null(row) {
                    return NONE;
                }
                let view = views[row].as_u128();
                if last.1 == NONE || last.0 != view {
                    last = (view, *known.entry(view).or_insert_with(|| self.id(array.value(row))));
                }
                last.1
            })
            .collect()
    }
}

/// Some columns of one row group.
pub(crate) struct Columns<'a> {
    path: &'a Path,
    names: &'a [&'static str],
    arrays: Vec<Box<dyn Array>>,
    /// Rows of the row group.
    pub(crate) rows: usize,
}

impl Columns<'_> {
    fn array<T: 'static>(&self, name: &str) -> Result<&T, VerifyError> {
        let found = self.names.iter().position(|known| *known == name).and_then(|at| self.arrays.get(at));
        found.and_then(|array| array.as_any().downcast_ref::<T>()).ok_or_else(|| VerifyError::Parquet {
            path: self.path.to_path_buf(),
            problem: format!("column {name} has another type"),
        })
    }

    /// A column of text as numbers.
    pub(crate) fn words(&self, name: &str, words: &mut Words) -> Result<Vec<u32>, VerifyError> {
        Ok(words.column(self.array::<Utf8ViewArray>(name)?))
    }

    /// A column of text.
    pub(crate) fn text(&self, name: &str) -> Result<&Utf8ViewArray, VerifyError> {
        self.array(name)
    }

    /// A column of lists of text.
    pub(crate) fn lists(&self, name: &str) -> Result<&ListArray<i64>, VerifyError> {
        self.array(name)
    }

    /// A column of truths; what is not there is false.
    pub(crate) fn truths(&self, name: &str) -> Result<Vec<bool>, VerifyError> {
        let array: &BooleanArray = self.array(name)?;
        Ok(array.iter().map(|value| value == Some(true)).collect())
    }

    /// A column of whole numbers, dates or times; what is not there is `absent`.
    pub(crate) fn numbers(&self, name: &str, absent: i64) -> Result<Vec<i64>, VerifyError> {
        if let Ok(array) = self.array::<Int32Array>(name) {
            return Ok(array.iter().map(|value| value.map_or(absent, |value| i64::from(*value))).collect());
        }
        if let Ok(array) = self.array::<Float64Array>(name) {
            // Counts, stored with room for a fraction: one that has a fraction is none, and agrees with nothing.
            let whole = |value: f64| if value.fract() == 0.0 { value as i64 } else { i64::MIN };
            return Ok(array.iter().map(|value| value.map_or(absent, |value| whole(*value))).collect());
        }
        let array: &Int64Array = self.array(name)?;
        Ok(array.iter().map(|value| value.copied().unwrap_or(absent)).collect())
    }
}

/// The texts of one row of a column of lists.
pub(crate) fn list_of(lists: &ListArray<i64>, row: usize) -> Vec<String> {
    if lists.is_null(row) {
        return Vec::new();
    }
    let values = lists.value(row);
    let Some(texts) = values.as_any().downcast_ref::<Utf8ViewArray>() else { return Vec::new() };
    texts.iter().flatten().map(str::to_owned).collect()
}

fn field_of(table: Table, name: &'static str) -> Option<Field> {
    let column = table.columns().iter().find(|column| column.name == name)?;
    let data_type = match column.column_type {
        ColumnType::Dict | ColumnType::Text => ArrowDataType::Utf8View,
        ColumnType::Timestamp | ColumnType::Int64 => ArrowDataType::Int64,
        ColumnType::Date | ColumnType::Int32 => ArrowDataType::Int32,
        ColumnType::Float64 => ArrowDataType::Float64,
        ColumnType::Bool => ArrowDataType::Boolean,
        ColumnType::Binary => ArrowDataType::BinaryView,
        ColumnType::TextList => ArrowDataType::LargeList(Box::new(Field::new("element".into(), ArrowDataType::Utf8View, true))),
    };
    Some(Field::new(name.into(), data_type, column.nullable))
}

/// Hands columns of a file of `table` to `each`, row group by row group.
pub(crate) fn read(
    path: &Path,
    table: Table,
    names: &[&'static str],
    mut each: impl FnMut(&Columns<'_>) -> Result<(), VerifyError>,
) -> Result<(), VerifyError> {
    let io = |error| VerifyError::Io { path: path.to_path_buf(), error };
    let damaged = |problem: String| VerifyError::Parquet { path: path.to_path_buf(), problem };
    let mut file = File::open(path).map_err(io)?;
    let metadata = read_metadata(&mut file).map_err(|error| damaged(error.to_string()))?;
    for group in &metadata.row_groups {
        let mut arrays = Vec::with_capacity(names.len());
        for name in names {
            let field = field_of(table, name).ok_or_else(|| damaged(format!("{} has no column {name}", table.name())))?;
            let array = column(&mut file, group, field).map_err(|problem| damaged(format!("column {name}: {problem}")))?;
            if array.len() != group.num_rows() {
                return Err(damaged(format!("column {name} has {} values for {} rows", array.len(), group.num_rows())));
            }
            arrays.push(array);
        }
        each(&Columns { path, names, arrays, rows: group.num_rows() })?;
    }
    Ok(())
}

/// One column of a row group.
fn column(file: &mut File, group: &RowGroupMetadata, field: Field) -> Result<Box<dyn Array>, String> {
    let parts = group.columns_under_root_iter(&field.name).ok_or("the file lacks it")?;
    let (mut pages, mut types) = (Vec::new(), Vec::new());
    for part in parts {
        let range = part.byte_range();
        let length = usize::try_from(range.end.saturating_sub(range.start)).map_err(|error| error.to_string())?;
        let mut bytes = vec![0; length];
        file.seek(SeekFrom::Start(range.start)).and_then(|_| file.read_exact(&mut bytes)).map_err(|error| error.to_string())?;
        let reader = PageReader::new(Cursor::new(bytes.into()), part, Vec::new(), usize::MAX);
        pages.push(BasicDecompressor::new(reader, Vec::new()));
        types.push(&part.descriptor().descriptor.primitive_type);
    }
    let (mut arrays, _) = column_iter_to_arrays(pages, types, field, None).map_err(|error| error.to_string())?;
    match arrays.len() {
        1 => arrays.pop().ok_or_else(|| String::from("nothing was read")),
        _ => {
            let parts: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
            concatenate(&parts).map_err(|error| error.to_string())
        }
    }
}
