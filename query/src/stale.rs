//! The raw rows of stale slices as the table `stale_events`: read once for everything that is made from them.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use weir_lake::estate::Estate;
use weir_lake::lake::Slice;
use weir_lake::schema::Table;

use crate::engine::{Engine, Tables, with_parameters};
use crate::error::QueryError;
use crate::tables;

/// Most raw rows held in memory: some 300 bytes each of the columns that rollups and figures look at. More are read anew for each of them.
pub(crate) const ROWS_IN_MEMORY: u64 = 1_000_000;

/// Keeps the raw rows of stale slices.
const JOIN_STALE: &str =
    "JOIN stale s ON s.school_id = e.school_id AND s.source_id = e.source_id AND s.event_date = e.event_date";

/// Some stale slices.
pub(crate) struct Stale<'a> {
    pub slices: &'a [&'a Slice],
    /// First and last day of their weeks.
    pub days: (i32, i32),
    /// Whether every raw row of those weeks belongs to them. Then none is looked up among them, which would take half the time.
    pub is_everything: bool,
    /// Raw rows of those weeks.
    pub rows: u64,
}

impl Stale<'_> {
    /// For each time zone of its schools a context with `stale_events`, and the texts that will be asked there with the zone filled in.
    pub(crate) async fn contexts(
        &self,
        engine: &Engine,
        estate: &Estate,
        texts: &[&str],
    ) -> Result<Vec<(SessionContext, Vec<String>)>, QueryError> {
        // Local hours need the zone as a constant; nearly every estate has one.
        let mut zones: BTreeMap<&str, Vec<&Slice>> = BTreeMap::new();
        for slice in self.slices {
            let zone = estate.schools.get(&slice.school_id).map_or("Europe/London", |school| school.timezone.as_str());
            zones.entry(zone).or_default().push(slice);
        }
        let join = if self.is_everything && zones.len() == 1 { "" } else { JOIN_STALE };
        let mut contexts = Vec::new();
        for (zone, slices) in zones {
            if !zone.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'+')) {
                return Err(QueryError::Shape {
                    what: format!("timezone {zone:?} in schools.csv"),
                    expected: "an IANA name".into(),
                });
            }
            let texts: Vec<String> = texts.iter().map(|text| text.replace("{zone}", zone)).collect();
            let context = engine.context_with(Tables::from([("stale", tables::slices(slices.iter().copied())?)])).await?;
            let from = format!("FROM events e {join} WHERE e.event_date BETWEEN $from AND $to");
            let all = context.sql(&format!("SELECT e.* {from}")).await?;
            let days = [("from", ScalarValue::Date32(Some(self.days.0))), ("to", ScalarValue::Date32(Some(self.days.1)))];
            context.register_table("stale_events", with_parameters(all, &days)?.into_view())?;
            if self.rows <= ROWS_IN_MEMORY {
                let wanted: Vec<String> =
                    columns_read(&context, &texts).await?.into_iter().map(|name| format!("e.{name}")).collect();
                let rows = engine.in_memory(&context, &format!("SELECT {} {from}", wanted.join(", ")), &days).await?;
                context.deregister_table("stale_events")?;
                context.register_table("stale_events", rows)?;
            }
            contexts.push((context, texts));
        }
        Ok(contexts)
    }
}

/// The columns of `events` that some texts look at.
async fn columns_read(context: &SessionContext, texts: &[String]) -> Result<BTreeSet<String>, QueryError> {
    let mut columns = BTreeSet::new();
    for text in texts {
        let plan = context.sql(text).await?.into_optimized_plan()?;
        plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node
                && scan.table_name.table() == Table::Events.name()
            {
                columns.extend(scan.projected_schema.fields().iter().map(|field| field.name().clone()));
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
    }
    Ok(columns)
}
