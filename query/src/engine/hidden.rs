//! `events` for whoever gives no reason: what somebody typed, and where they went on a site, is replaced.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::prelude::SessionContext;
use weir_lake::schema::Table;

use crate::error::QueryError;

/// Columns that may hold names or what someone typed: hidden unless a reason is given.
const HIDDEN: [&str; 3] = ["url_path", "url_query", "search_term"];

/// `events` with terms and paths replaced, where there is one.
pub(super) async fn hidden_events(context: &SessionContext) -> Result<Arc<dyn TableProvider>, QueryError> {
    let columns: Vec<String> = Table::Events
        .scan_schema()
        .fields()
        .iter()
        .map(|field| {
            let name = field.name();
            if HIDDEN.contains(&name.as_str()) {
                format!("CASE WHEN {name} IS NULL THEN NULL ELSE '[hidden]' END AS {name}")
            } else {
                name.clone()
            }
        })
        .collect();
    Ok(context.sql(&format!("SELECT {} FROM events", columns.join(", "))).await?.into_view())
}
