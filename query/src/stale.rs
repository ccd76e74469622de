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

/// Most raw rows held in memory: some 300 bytes each of the columns that rollups and figures look at. A day of more is read anew for each of
/// them.
pub(crate) const ROWS_IN_MEMORY: u64 = 1_000_000;

/// Keeps the raw rows of stale slices.
const JOIN_STALE: &str =
    "JOIN stale s ON s.school_id = e.school_id AND s.source_id = e.source_id AND s.event_date = e.event_date";

/// Some stale slices.
pub(crate) struct Stale<'a> {
    pub slices: Vec<&'a Slice>,
    /// First and last of their days.
    pub days: (i32, i32),
    /// Whether every raw row from the one to the other belongs to them. Then none is looked up among them, which would take half the time.
    pub is_everything: bool,
    /// Raw rows of those days.
    pub rows: u64,
}

impl<'a> Stale<'a> {
    /// Slices in parts of whole days that can be held in memory, as far as a day can: each raw row is read once.
    pub(crate) fn parts(slices: &[&'a Slice], rows_of_day: &BTreeMap<i32, u64>, is_everything: bool) -> Vec<Self> {
        let mut by_day: BTreeMap<i32, Vec<&'a Slice>> = BTreeMap::new();
        for slice in slices {
            by_day.entry(slice.date).or_default().push(*slice);
        }
        let mut parts: Vec<Self> = Vec::new();
        for (day, slices) in by_day {
            let rows_to = |from: i32| rows_of_day.range(from..=day).map(|(_, rows)| rows).sum::<u64>();
            match parts.last_mut().filter(|part| rows_to(part.days.0) <= ROWS_IN_MEMORY) {
                Some(part) => {
                    part.slices.extend(slices);
                    part.rows = rows_to(part.days.0);
                    part.days.1 = day;
                }
                None => parts.push(Self { slices, days: (day, day), is_everything, rows: rows_to(day) }),
            }
        }
        parts
    }

    /// For each time zone of its schools a context with `stale_events`, and the texts that will be asked there with the zone filled in.
    pub(crate) async fn contexts(
        &self,
        engine: &Engine,
        estate: &Estate,
        texts: &[&str],
    ) -> Result<Vec<(SessionContext, Vec<String>)>, QueryError> {
        // Local hours need the zone as a constant; nearly every estate has one.
        let mut zones: BTreeMap<&str, Vec<&Slice>> = BTreeMap::new();
        for slice in &self.slices {
            let zone = estate.schools.get(&slice.school_id).map_or("Europe/London", |school| school.timezone.as_str());
            zones.entry(zone).or_default().push(*slice);
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
            let context = engine.context_with(Tables::from([("stale", tables::slices(slices.iter().copied())?)]))?;
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

#[cfg(test)]
mod tests {
    use weir_lake::ids::{SchoolId, SourceId};

    use super::*;

    fn slice(school: &str, date: i32) -> Slice {
        Slice { school_id: SchoolId::parse(school).unwrap(), source_id: SourceId::parse("filter").unwrap(), date }
    }

    #[test]
    fn days_are_read_together_as_far_as_they_fit_and_never_cut() {
        let slices = [slice("elm", 1), slice("oak", 1), slice("elm", 2), slice("elm", 4), slice("elm", 5), slice("elm", 6)];
        let slices: Vec<&Slice> = slices.iter().collect();
        // The third day is not stale, but lies between days that are read together; the fifth fits nowhere.
        let rows = BTreeMap::from([(1, 400_000), (2, 600_000), (3, 1), (4, 300_000), (5, 3_000_000), (6, 10)]);
        let parts = Stale::parts(&slices, &rows, true);
        let told: Vec<(usize, (i32, i32), u64)> = parts.iter().map(|part| (part.slices.len(), part.days, part.rows)).collect();
        assert_eq!(told, [(3, (1, 2), 1_000_000), (1, (4, 4), 300_000), (1, (5, 5), 3_000_000), (1, (6, 6), 10)]);
        // What lies between counts, for it is read too.
        let rows = BTreeMap::from([(1, 400_000), (2, 200_000), (3, 100_000), (4, 300_000)]);
        let told: Vec<(i32, i32)> = Stale::parts(&slices[..4], &rows, true).iter().map(|part| part.days).collect();
        assert_eq!(told, [(1, 4)], "exactly as many as are held");
    }
}
