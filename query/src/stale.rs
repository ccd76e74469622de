//! The raw rows of stale slices as the table `stale_events`, in parts that fit in memory: each row is read once for everything that is
//! made from it, and each part is worked on by one thread.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use weir_lake::estate::Estate;
use weir_lake::ids::SchoolId;
use weir_lake::lake::{DataFile, Slice};
use weir_lake::schema::Table;

use crate::engine::{Asker, Engine, Tables};
use crate::error::QueryError;
use crate::file_rows::WantedRows;
use crate::scan::FilesTable;
use crate::tables;

/// Raw rows that one thread works on at a time, some 300 bytes each of the columns that are looked at. More make no question cheaper, and
/// the memory for them has to be cleared anew; with fewer, planning tells.
const ROWS_AT_ONCE: u64 = 192 * 1024;

/// Most raw rows held in memory at a time by one thread. A day of one source with more is read anew for each rollup and figure.
const ROWS_IN_MEMORY: u64 = 1_000_000;

/// The zone of a school that schools.csv does not name.
const USUAL_ZONE: &str = "Europe/London";

/// Keeps the raw rows of stale slices.
const JOIN_STALE: &str =
    "JOIN stale s ON s.school_id = e.school_id AND s.source_id = e.source_id AND s.event_date = e.event_date";

/// Some stale slices and the files that hold their raw rows.
pub(crate) struct Part<'a> {
    slices: Vec<&'a Slice>,
    files: Vec<&'a DataFile>,
    /// The schools of the slices, where the files are too large to be read for all of theirs.
    schools: Option<RangeInclusive<String>>,
    /// Raw rows, about.
    rows: u64,
}

impl<'a> Part<'a> {
    /// Slices in parts of whole slices that can be held in memory, as far as a slice can, with the files of their days.
    pub(crate) fn all(
        slices: &[&'a Slice],
        files_of_day: &BTreeMap<i32, Vec<&'a DataFile>>,
        schools_within: impl Fn(&str, &str) -> usize,
    ) -> Vec<Self> {
        let mut by_day: BTreeMap<i32, Vec<&'a Slice>> = BTreeMap::new();
        for slice in slices {
            by_day.entry(slice.date).or_default().push(*slice);
        }
        let mut parts: Vec<Self> = Vec::new();
        for (day, slices) in by_day {
            for files in apart(files_of_day.get(&day).map_or(&[][..], Vec::as_slice)) {
                for part in Self::of_files(&slices, files, &schools_within) {
                    let fits = |last: &&mut Self| {
                        last.schools.is_none() && part.schools.is_none() && last.rows + part.rows <= ROWS_AT_ONCE
                    };
                    match parts.last_mut().filter(fits) {
                        Some(last) => {
                            last.slices.extend(part.slices);
                            last.files.extend(part.files);
                            last.rows += part.rows;
                        }
                        None => parts.push(part),
                    }
                }
            }
        }
        parts
    }

    /// The slices of one day that some files hold: one part, or as many as keep each within bounds.
    fn of_files(slices: &[&'a Slice], files: Vec<&'a DataFile>, schools_within: &impl Fn(&str, &str) -> usize) -> Vec<Self> {
        let first = files.iter().map(|file| file.statistics.school_id.0.as_str()).min().unwrap_or_default();
        let last = files.iter().map(|file| file.statistics.school_id.1.as_str()).max().unwrap_or_default();
        let mut by_school: BTreeMap<&'a SchoolId, Vec<&'a Slice>> = BTreeMap::new();
        for slice in slices.iter().filter(|slice| (first..=last).contains(&slice.school_id.as_str())) {
            by_school.entry(&slice.school_id).or_default().push(*slice);
        }
        let rows: u64 = files.iter().map(|file| file.rows).sum();
        if by_school.is_empty() {
            return Vec::new();
        }
        let held = schools_within(first, last).max(by_school.len()) as u64;
        if rows <= ROWS_AT_ONCE || held == 1 {
            return vec![Self { slices: by_school.into_values().flatten().collect(), files, schools: None, rows }];
        }
        let of_school = rows.div_ceil(held);
        let together = usize::try_from(ROWS_AT_ONCE / of_school.max(1)).unwrap_or(1).max(1);
        let schools: Vec<(&SchoolId, Vec<&Slice>)> = by_school.into_iter().collect();
        schools
            .chunks(together)
            .filter_map(|schools| {
                let (first, last) = (schools.first()?.0.as_str(), schools.last()?.0.as_str());
                Some(Self {
                    slices: schools.iter().flat_map(|(_, slices)| slices.iter().copied()).collect(),
                    files: files.clone(),
                    schools: Some(first.to_string()..=last.to_string()),
                    rows: of_school * schools.len() as u64,
                })
            })
            .collect()
    }

    /// What answers the texts of `asked` over the part's raw rows; it owns what it needs. Where `is_everything`, every raw row of the files
    /// belongs to a slice of the part, so none is looked up among them, which would take half the time.
    pub(crate) fn work(&self, engine: &Engine, estate: &Estate, asked: &Asked, is_everything: bool) -> Result<Work, QueryError> {
        // Local hours need the zone as a constant; nearly every estate has one.
        let mut zones: BTreeMap<&str, Vec<&Slice>> = BTreeMap::new();
        for slice in &self.slices {
            let zone = estate.schools.get(&slice.school_id).map_or(USUAL_ZONE, |school| school.timezone.as_str());
            zones.entry(zone).or_default().push(*slice);
        }
        let is_read = self.rows <= ROWS_IN_MEMORY;
        let is_everything = is_everything && is_read && zones.len() == 1;
        let files = || self.files.iter().map(|file| (*file).clone()).collect();
        let mut asking = Vec::new();
        for (zone, slices) in zones {
            let mut replaced = Tables::from([("stale", tables::slices(slices.iter().copied())?)]);
            if !is_read {
                replaced.insert(Table::Events.name(), Arc::new(engine.files_table(Table::Events, files())?));
            }
            asking.push((engine.asker(&engine.context_with(replaced)?), in_zone(&asked.texts, zone)?));
        }
        let reading = is_read.then(|| engine.files_table(Table::Events, files())).transpose()?;
        let wanted = WantedRows { schools: self.schools.clone(), schema: Arc::clone(&asked.schema) };
        let reading = reading.map(|table| (table, wanted));
        Ok(Work { reading, is_everything, columns: asked.columns(), asking })
    }
}

/// Files in groups such that no school is in two of them.
fn apart<'a>(files: &[&'a DataFile]) -> Vec<Vec<&'a DataFile>> {
    let mut files = files.to_vec();
    files.sort_by(|a, b| (&a.statistics.school_id, &a.path).cmp(&(&b.statistics.school_id, &b.path)));
    let mut groups: Vec<(&str, Vec<&DataFile>)> = Vec::new();
    for file in files {
        let (first, last) = &file.statistics.school_id;
        match groups.last_mut().filter(|(end, _)| first.as_str() <= *end) {
            Some((end, group)) => {
                *end = (*end).max(last);
                group.push(file);
            }
            None => groups.push((last, vec![file])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn in_zone(texts: &[&str], zone: &str) -> Result<Vec<String>, QueryError> {
    if !zone.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'+')) {
        return Err(QueryError::Shape { what: format!("timezone {zone:?} in schools.csv"), expected: "an IANA name".into() });
    }
    Ok(texts.iter().map(|text| text.replace("{zone}", zone)).collect())
}

/// Texts over `stale_events`, and the columns of `events` that they look at.
pub(crate) struct Asked {
    texts: Vec<&'static str>,
    schema: SchemaRef,
}

impl Asked {
    /// Plans the texts to learn what they look at.
    pub(crate) async fn new(engine: &Engine, texts: Vec<&'static str>) -> Result<Self, QueryError> {
        let none = Tables::from([("stale", tables::slices(std::iter::empty())?)]);
        let context = engine.context_with(none)?;
        let all = context.sql(&format!("SELECT e.* FROM events e {JOIN_STALE}")).await?;
        context.register_table("stale_events", all.into_view())?;
        let columns = columns_read(&context, &in_zone(&texts, USUAL_ZONE)?).await?;
        let schema = tables::plain_texts(&Table::Events.scan_schema());
        let read: Vec<usize> =
            (0..schema.fields().len()).filter(|at| columns.contains(schema.field(*at).name().as_str())).collect();
        Ok(Self { texts, schema: Arc::new(schema.project(&read).map_err(|error| QueryError::Engine(error.to_string()))?) })
    }

    fn columns(&self) -> String {
        let columns: Vec<String> = self.schema.fields().iter().map(|field| format!("e.{}", field.name())).collect();
        columns.join(", ")
    }
}

/// The questions about one part, ready to be asked by whichever thread is free.
pub(crate) struct Work {
    /// The files to be held in memory; none where they are too large for that.
    reading: Option<(FilesTable, WantedRows)>,
    is_everything: bool,
    columns: String,
    /// For each time zone what asks, and the texts.
    asking: Vec<(Asker, Vec<String>)>,
}

impl Work {
    /// The answers by text, in the order of the texts.
    pub(crate) async fn answers(self) -> Result<Vec<Vec<RecordBatch>>, QueryError> {
        let mut read = None;
        if let (Some((table, wanted)), Some((asker, _))) = (&self.reading, self.asking.first()) {
            let rows = asker.rows_of(table, wanted).await?;
            read = Some(Arc::new(MemTable::try_new(Arc::clone(&wanted.schema), vec![rows])?));
        }
        let mut answers: Vec<Vec<RecordBatch>> = Vec::new();
        for (asker, texts) in self.asking {
            let context = asker.context();
            if let Some(read) = &read {
                context.deregister_table(Table::Events.name())?;
                context.register_table(Table::Events.name(), Arc::clone(read) as _)?;
            }
            let text = if self.is_everything {
                format!("SELECT {} FROM events e", self.columns)
            } else {
                format!("SELECT {} FROM events e {JOIN_STALE}", self.columns)
            };
            match &read {
                Some(read) if self.is_everything => drop(context.register_table("stale_events", Arc::clone(read) as _)?),
                Some(_) => drop(context.register_table("stale_events", asker.in_memory(&text).await?)?),
                None => drop(context.register_table("stale_events", context.sql(&text).await?.into_view())?),
            }
            answers.resize_with(texts.len(), Vec::new);
            for (answer, text) in answers.iter_mut().zip(&texts) {
                answer.extend(asker.rows(text, &[]).await?.into_iter().filter(|rows| rows.num_rows() > 0));
            }
        }
        Ok(answers)
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
    use weir_lake::ids::SourceId;
    use weir_lake::lake::FileStatistics;

    use super::*;

    fn slice(school: &str, date: i32) -> Slice {
        Slice { school_id: SchoolId::parse(school).unwrap(), source_id: SourceId::parse("filter").unwrap(), date }
    }

    fn file(name: &str, date: i32, schools: (&str, &str), rows: u64) -> DataFile {
        let school_id = (schools.0.to_string(), schools.1.to_string());
        let statistics = FileStatistics { event_date: date, event_time: None, school_id };
        DataFile { path: name.into(), bytes: rows, rows, statistics }
    }

    type Told<'a> = (Vec<&'a str>, Vec<&'a str>, Option<(&'a str, &'a str)>, u64);

    fn told<'a>(parts: &'a [Part<'_>]) -> Vec<Told<'a>> {
        let schools = |part: &'a Part<'_>| part.schools.as_ref().map(|of| (of.start().as_str(), of.end().as_str()));
        let slices = |part: &'a Part<'_>| part.slices.iter().map(|slice| slice.school_id.as_str()).collect();
        let files = |part: &'a Part<'_>| part.files.iter().map(|file| file.path.as_str()).collect();
        parts.iter().map(|part| (slices(part), files(part), schools(part), part.rows)).collect()
    }

    #[test]
    fn slices_are_read_together_as_far_as_they_fit_with_no_more_files_than_theirs() {
        let slices = [slice("elm", 1), slice("oak", 1), slice("elm", 2), slice("ash", 3), slice("yew", 4)];
        let slices: Vec<&Slice> = slices.iter().collect();
        let half = ROWS_AT_ONCE / 2;
        let files = [
            file("elm-1", 1, ("elm", "elm"), half - 1),
            file("fir-1", 1, ("fir", "fir"), 5),
            file("oak-1", 1, ("oak", "oak"), 1),
            file("elm-2", 2, ("elm", "elm"), half),
            file("ash-3", 3, ("ash", "ash"), 7),
            file("more-3", 3, ("alder", "ash"), 1),
        ];
        let mut files_of_day: BTreeMap<i32, Vec<&DataFile>> = BTreeMap::new();
        for file in &files {
            files_of_day.entry(file.statistics.event_date).or_default().push(file);
        }
        let parts = Part::all(&slices, &files_of_day, |_, _| 1);
        // Fir is not stale, so its file is left alone; the yew has no rows left. Up to the bound fits, one more does not.
        assert_eq!(
            told(&parts),
            [
                (vec!["elm", "oak", "elm"], vec!["elm-1", "oak-1", "elm-2"], None, ROWS_AT_ONCE),
                (vec!["ash"], vec!["more-3", "ash-3"], None, 8)
            ]
        );
    }

    #[test]
    fn a_large_file_of_many_schools_is_read_by_some_schools_at_a_time() {
        let slices = [slice("ash", 1), slice("elm", 1), slice("fir", 1), slice("oak", 1), slice("yew", 1)];
        let slices: Vec<&Slice> = slices.iter().collect();
        // Two files that share the fir belong together: 5 schools, half of what is held at a time each.
        let rows = ROWS_AT_ONCE / 2 * 5;
        let files = [file("a", 1, ("ash", "fir"), rows - 100), file("b", 1, ("fir", "yew"), 100)];
        let files_of_day = BTreeMap::from([(1, files.iter().collect())]);
        let parts = Part::all(&slices, &files_of_day, |_, _| 5);
        let all = vec!["a", "b"];
        assert_eq!(
            told(&parts),
            [
                (vec!["ash", "elm"], all.clone(), Some(("ash", "elm")), ROWS_AT_ONCE),
                (vec!["fir", "oak"], all.clone(), Some(("fir", "oak")), ROWS_AT_ONCE),
                (vec!["yew"], all.clone(), Some(("yew", "yew")), ROWS_AT_ONCE / 2)
            ]
        );
        // One slice is never cut.
        let files = [file("a", 1, ("ash", "ash"), ROWS_AT_ONCE * 9)];
        let files_of_day = BTreeMap::from([(1, files.iter().collect())]);
        let parts = Part::all(&slices, &files_of_day, |_, _| 1);
        assert_eq!(told(&parts), [(vec!["ash"], vec!["a"], None, ROWS_AT_ONCE * 9)]);
    }
}
