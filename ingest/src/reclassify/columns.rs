//! The columns of `events` that are told again: the old values beside the new ones, compared row by row and counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray as _, BooleanArray, BooleanBuilder, Int32Array, Int32Builder, ListArray, ListBuilder, RecordBatch,
    StringArray, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Int32Type};
use weir_lake::lake::LakeError;

/// Text columns that are told again, in the order of [`Text`].
pub(crate) const TEXTS: [&str; 9] =
    ["user_key", "user_type", "year_group", "device_key", "url_query", "category", "theme", "risk_area", "concern_id"];

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    UserKey,
    UserType,
    YearGroup,
    DeviceKey,
    UrlQuery,
    Category,
    Theme,
    RiskArea,
    ConcernId,
}

fn missing(name: &str) -> LakeError {
    LakeError::Rejected { problem: format!("events have no column {name}") }
}

/// A text column of rows in the plain schema.
pub(crate) fn text<'r>(rows: &'r RecordBatch, name: &str) -> Result<&'r StringArray, LakeError> {
    rows.column_by_name(name).and_then(|column| column.as_string_opt::<i32>()).ok_or_else(|| missing(name))
}

/// The value of a row.
pub(crate) fn value(column: &StringArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

/// Builds the columns told again of one batch of rows.
pub(crate) struct Retold<'r> {
    old_texts: [&'r StringArray; TEXTS.len()],
    old_help: &'r BooleanArray,
    old_furniture: &'r BooleanArray,
    old_severity: &'r Int32Array,
    old_themes: &'r ListArray,
    texts: [StringBuilder; TEXTS.len()],
    help_seeking: BooleanBuilder,
    furniture: BooleanBuilder,
    severity: Int32Builder,
    themes: ListBuilder<StringBuilder>,
    row: usize,
    /// Column -> rows in which it changed.
    pub(crate) changed: BTreeMap<&'static str, u64>,
    /// Rows that changed.
    pub(crate) changed_rows: u64,
    row_changed: bool,
}

impl<'r> Retold<'r> {
    pub(crate) fn new(rows: &'r RecordBatch) -> Result<Self, LakeError> {
        let column = |name: &str| rows.column_by_name(name).ok_or_else(|| missing(name));
        let mut old_texts = [text(rows, TEXTS[0])?; TEXTS.len()];
        for (old, name) in old_texts.iter_mut().zip(TEXTS) {
            *old = text(rows, name)?;
        }
        let element = Arc::new(Field::new("element", DataType::Utf8, true));
        Ok(Self {
            old_texts,
            old_help: column("help_seeking")?.as_boolean_opt().ok_or_else(|| missing("help_seeking"))?,
            old_furniture: column("furniture")?.as_boolean_opt().ok_or_else(|| missing("furniture"))?,
            old_severity: column("concern_severity")?
                .as_primitive_opt::<Int32Type>()
                .ok_or_else(|| missing("concern_severity"))?,
            old_themes: column("other_themes")?.as_list_opt::<i32>().ok_or_else(|| missing("other_themes"))?,
            texts: std::array::from_fn(|_| StringBuilder::new()),
            help_seeking: BooleanBuilder::new(),
            furniture: BooleanBuilder::new(),
            severity: Int32Builder::new(),
            themes: ListBuilder::new(StringBuilder::new()).with_field(element),
            row: 0,
            changed: BTreeMap::new(),
            changed_rows: 0,
            row_changed: false,
        })
    }

    /// What the row underway holds now.
    pub(crate) fn old(&self, column: Text) -> Option<&'r str> {
        value(self.old_texts[column as usize], self.row)
    }

    fn note(&mut self, column: &'static str, is_changed: bool) {
        if is_changed {
            *self.changed.entry(column).or_default() += 1;
            self.row_changed = true;
        }
    }

    /// A text of the row underway.
    pub(crate) fn put(&mut self, column: Text, new: Option<&str>) {
        let is_changed = self.old(column) != new;
        self.texts[column as usize].append_option(new);
        self.note(TEXTS[column as usize], is_changed);
    }

    /// A text of the row underway as it was.
    pub(crate) fn keep(&mut self, column: Text) {
        let old = self.old(column);
        self.texts[column as usize].append_option(old);
    }

    /// The columns of the row underway that are no plain text.
    pub(crate) fn put_judged(&mut self, themes: Option<&str>, severity: Option<i32>, help_seeking: bool, furniture: bool) {
        let row = self.row;
        let old = self.old_themes.is_valid(row).then(|| self.old_themes.value(row));
        let old = old.as_ref().and_then(|list| list.as_string_opt::<i32>());
        let same = match (old, themes) {
            (None, None) => true,
            (Some(old), Some(new)) => old.iter().eq(new.split(';').map(Some)),
            _ => false,
        };
        if let Some(themes) = themes {
            themes.split(';').for_each(|theme| self.themes.values().append_value(theme));
        }
        self.themes.append(themes.is_some());
        self.note("other_themes", !same);
        let old = self.old_severity.is_valid(row).then(|| self.old_severity.value(row));
        self.severity.append_option(severity);
        self.note("concern_severity", old != severity);
        self.help_seeking.append_value(help_seeking);
        self.note("help_seeking", self.old_help.value(row) != help_seeking);
        self.furniture.append_value(furniture);
        self.note("furniture", self.old_furniture.value(row) != furniture);
    }

    /// Those of the row underway as they were.
    pub(crate) fn keep_judged(&mut self) {
        let row = self.row;
        let old = self.old_themes.is_valid(row).then(|| self.old_themes.value(row));
        let old = old.as_ref().and_then(|list| list.as_string_opt::<i32>());
        old.iter().flat_map(|list| list.iter()).for_each(|theme| self.themes.values().append_option(theme));
        self.themes.append(old.is_some());
        self.severity.append_option(self.old_severity.is_valid(row).then(|| self.old_severity.value(row)));
        self.help_seeking.append_value(self.old_help.value(row));
        self.furniture.append_value(self.old_furniture.value(row));
    }

    /// The row underway is complete.
    pub(crate) fn end_row(&mut self) {
        self.changed_rows += u64::from(std::mem::take(&mut self.row_changed));
        self.row += 1;
    }

    /// The rows with the columns told again; none where nothing changed.
    pub(crate) fn finish(mut self, rows: &RecordBatch) -> Result<Option<RecordBatch>, LakeError> {
        if self.changed_rows == 0 {
            return Ok(None);
        }
        let mut new: BTreeMap<&str, ArrayRef> = BTreeMap::new();
        for (name, builder) in TEXTS.into_iter().zip(&mut self.texts) {
            new.insert(name, Arc::new(builder.finish()));
        }
        new.insert("help_seeking", Arc::new(self.help_seeking.finish()));
        new.insert("furniture", Arc::new(self.furniture.finish()));
        new.insert("concern_severity", Arc::new(self.severity.finish()));
        new.insert("other_themes", Arc::new(self.themes.finish()));
        let schema = rows.schema();
        let columns = schema.fields().iter().zip(rows.columns());
        let columns = columns.map(|(field, old)| new.remove(field.name().as_str()).unwrap_or_else(|| Arc::clone(old))).collect();
        let retold = RecordBatch::try_new(Arc::clone(&schema), columns);
        retold.map(Some).map_err(|error| LakeError::Rejected { problem: error.to_string() })
    }
}
