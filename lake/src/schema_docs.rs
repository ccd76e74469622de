//! The page of tables and columns, made from the canonical schema.

use crate::schema::{ColumnType, Table};

/// `docs/columns.md` as it must stand. Set `WEIR_WRITE_DOCS=1` and run this crate's tests to write it again.
pub fn columns_page() -> String {
    let mut page = String::from(
        "# Tables and columns\n\n\
         Made from `lake/src/schema.rs`; do not edit by hand. Times are UTC with microseconds; dates are the school's local date. \
         Minimum and maximum statistics exist only for `event_time`, `event_date` and `school_id`, so that no key stands in a file's footer.\n",
    );
    for table in Table::ALL {
        page.push_str(&format!(
            "\n## {}\n\n{}.\n\n| column | type | may be empty | meaning |\n|---|---|---|---|\n",
            table.name(),
            upper_first(table.meaning())
        ));
        for column in table.columns() {
            let empty = if column.nullable { "yes" } else { "no" };
            page.push_str(&format!("| {} | {} | {empty} | {} |\n", column.name, type_name(column.column_type), column.meaning));
        }
    }
    page
}

const fn type_name(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Dict => "text, dictionary",
        ColumnType::Text => "text",
        ColumnType::Timestamp => "timestamp",
        ColumnType::Date => "date",
        ColumnType::Int32 => "32-bit integer",
        ColumnType::Int64 => "64-bit integer",
        ColumnType::Float64 => "64-bit float",
        ColumnType::Bool => "boolean",
        ColumnType::TextList => "list of text",
        ColumnType::Binary => "bytes",
    }
}

fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_up_to_date() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/columns.md");
        if std::env::var_os("WEIR_WRITE_DOCS").is_some() {
            std::fs::write(&path, columns_page()).unwrap();
        }
        let page = std::fs::read_to_string(&path).unwrap();
        assert_eq!(page, columns_page(), "docs/columns.md is out of date: run the tests of weir-lake with WEIR_WRITE_DOCS=1");
    }

    #[test]
    fn every_column_stands_on_the_page() {
        let page = columns_page();
        for table in Table::ALL {
            for column in table.columns() {
                assert!(page.contains(&format!("| {} | ", column.name)), "{} {}", table.name(), column.name);
            }
        }
    }
}
