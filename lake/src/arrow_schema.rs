//! The Arrow and Delta schemas of every table, derived from the canonical schema so that no second list of columns exists.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use deltalake_core::kernel::{ArrayType, DataType as DeltaType, PrimitiveType, StructField, StructType};

use crate::lake::LakeError;
use crate::schema::{Column, ColumnType, Table};

/// The zone of every stored time.
pub const UTC: &str = "UTC";

/// What a text column is in memory. The same Parquet file serves all three: the file itself says only "UTF-8 text".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextAs {
    /// Dictionary for `Dict`, plain otherwise: what a writer is fed.
    Dictionary,
    /// Plain everywhere: what rewriting and merging use.
    Plain,
    /// Views: what queries scan. Comparing and grouping views is what the query engine is fastest at.
    View,
}

fn data_type(column_type: ColumnType, text: TextAs) -> DataType {
    let plain = if text == TextAs::View { DataType::Utf8View } else { DataType::Utf8 };
    match column_type {
        ColumnType::Dict if text == TextAs::Dictionary => {
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
        }
        ColumnType::Dict | ColumnType::Text => plain,
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        ColumnType::Date => DataType::Date32,
        ColumnType::Int32 => DataType::Int32,
        ColumnType::Int64 => DataType::Int64,
        ColumnType::Float64 => DataType::Float64,
        ColumnType::Bool => DataType::Boolean,
        // Inside lists text stays plain: array functions know it everywhere, and few rows have a list. `element` is the name that
        // Parquet and Delta give the inner field.
        ColumnType::TextList => DataType::List(Arc::new(Field::new("element", DataType::Utf8, true))),
        ColumnType::Binary => DataType::Binary,
    }
}

fn field(column: &Column, text: TextAs) -> Field {
    Field::new(column.name, data_type(column.column_type, text), column.nullable)
}

fn schema(table: Table, text: TextAs) -> SchemaRef {
    Arc::new(Schema::new(table.columns().iter().map(|column| field(column, text)).collect::<Vec<_>>()))
}

type Schemas = BTreeMap<Table, [SchemaRef; 3]>;

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| {
    Table::ALL
        .into_iter()
        .map(|table| (table, [schema(table, TextAs::Dictionary), schema(table, TextAs::Plain), schema(table, TextAs::View)]))
        .collect()
});

impl Table {
    /// The schema of rows handed to a Parquet writer: `Dict` columns as dictionaries.
    pub fn arrow_schema(self) -> SchemaRef {
        SCHEMAS[&self][0].clone()
    }

    /// The schema with plain text, for rows that are read in order to be written again.
    pub fn plain_schema(self) -> SchemaRef {
        SCHEMAS[&self][1].clone()
    }

    /// The schema that a scan for queries declares; it is given, never inferred from a file.
    pub fn scan_schema(self) -> SchemaRef {
        SCHEMAS[&self][2].clone()
    }

    /// The schema as the Delta log states it.
    pub fn delta_schema(self) -> Result<StructType, LakeError> {
        let fields = self.columns().iter().map(|column| {
            StructField::new(column.name, delta_type(column.column_type), column.nullable)
                .with_metadata([("comment", column.meaning)])
        });
        StructType::try_new(fields).map_err(|error| LakeError::Delta { table: self, error: error.to_string() })
    }

    /// The columns that this table may have statistics on.
    pub fn statistics_columns(self) -> impl Iterator<Item = &'static str> {
        crate::schema::STATISTICS_COLUMNS.into_iter().filter(move |name| self.column_index(name).is_some())
    }
}

fn delta_type(column_type: ColumnType) -> DeltaType {
    let primitive = match column_type {
        ColumnType::Dict | ColumnType::Text => PrimitiveType::String,
        ColumnType::Timestamp => PrimitiveType::Timestamp,
        ColumnType::Date => PrimitiveType::Date,
        ColumnType::Int32 => PrimitiveType::Integer,
        ColumnType::Int64 => PrimitiveType::Long,
        ColumnType::Float64 => PrimitiveType::Double,
        ColumnType::Bool => PrimitiveType::Boolean,
        ColumnType::Binary => PrimitiveType::Binary,
        ColumnType::TextList => return ArrayType::new(DeltaType::Primitive(PrimitiveType::String), true).into(),
    };
    DeltaType::Primitive(primitive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_has_the_canonical_columns_in_order() {
        for table in Table::ALL {
            let names: Vec<_> = table.columns().iter().map(|column| column.name).collect();
            for schema in [table.arrow_schema(), table.plain_schema(), table.scan_schema()] {
                assert_eq!(schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(), names);
            }
            let delta = table.delta_schema().unwrap();
            assert_eq!(delta.fields().map(|field| field.name.as_str()).collect::<Vec<_>>(), names);
        }
    }

    #[test]
    fn statistics_are_only_on_day_time_and_school() {
        assert_eq!(Table::Events.statistics_columns().collect::<Vec<_>>(), ["event_time", "event_date", "school_id"]);
        assert_eq!(Table::PupilDays.statistics_columns().collect::<Vec<_>>(), ["event_date", "school_id"]);
    }

    #[test]
    fn a_scan_sees_views_and_times_in_utc() {
        let schema = Table::Events.scan_schema();
        assert_eq!(schema.field_with_name("host").unwrap().data_type(), &DataType::Utf8View);
        assert_eq!(
            schema.field_with_name("event_time").unwrap().data_type(),
            &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        );
        assert!(!schema.field_with_name("event_date").unwrap().is_nullable());
    }
}
