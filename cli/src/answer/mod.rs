//! An answer as people see it: charts for a terminal, and a page of its own.

pub mod chart;
pub mod html;
pub mod layout;

pub use weir_query::cells::{Cells, Series, series};
