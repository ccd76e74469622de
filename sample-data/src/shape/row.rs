//! The truth beside a line: the row it must become, column by column, null where the line does not say.

use serde_json::{Map, Value};

/// Columns of a decision that a line may carry. What Weir makes of them (themes, furniture, kinds of people) has tests of its own.
pub(crate) const COLUMNS: [&str; 27] = [
    "event_time",
    "event_date",
    "kind",
    "action",
    "user",
    "user_group",
    "profile",
    "rule",
    "device",
    "src_ip",
    "method",
    "scheme",
    "host",
    "domain",
    "url_path",
    "url_query",
    "status",
    "bytes_in",
    "bytes_out",
    "content_type",
    "referrer_domain",
    "app",
    "tls_inspected",
    "vendor_category",
    "category",
    "search_engine",
    "search_term",
];

/// Columns of an administrator's doing.
pub(crate) const ADMIN_COLUMNS: [&str; 6] = ["event_time", "event_date", "actor", "operation", "object", "detail"];

/// What was written of one line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    values: Map<String, Value>,
    /// Microseconds below which the written time says nothing; 0 before any time was written.
    pub unit_us: i64,
    /// Whether the line calls itself a tunnel, of which no path can be told.
    pub is_connect: bool,
    /// Port of the request, where the line has it.
    pub port: Option<u16>,
}

impl Row {
    /// Says what the line tells of a column.
    pub fn tell(&mut self, column: &str, value: impl Into<Value>) {
        self.values.insert(column.to_owned(), value.into());
    }

    /// Says it only where nothing was said.
    pub fn tell_first(&mut self, column: &str, value: impl Into<Value>) {
        if !self.has(column) {
            self.tell(column, value);
        }
    }

    /// Takes back what was said.
    pub fn forget(&mut self, column: &str) {
        self.values.remove(column);
    }

    /// Whether something was said of a column.
    pub fn has(&self, column: &str) -> bool {
        self.values.get(column).is_some_and(|value| !value.is_null())
    }

    pub fn get(&self, column: &str) -> Option<&Value> {
        self.values.get(column)
    }

    /// The time was written to this precision; the finest counts.
    pub fn time_unit(&mut self, unit_us: i64) {
        self.unit_us = if self.unit_us == 0 { unit_us } else { self.unit_us.min(unit_us) };
    }

    /// The row with the given columns, null where nothing was said.
    pub fn columns(mut self, names: &[&str]) -> Map<String, Value> {
        names.iter().map(|name| ((*name).to_owned(), self.values.remove(*name).unwrap_or(Value::Null))).collect()
    }
}
