//! What is past its time goes: whole files of old dates, and the rows of one school where schools share a file, in one lake commit.
//!
//! How long each table is kept is in weir.toml. Rows go by their date, not by when they were read; raw rows also wait until their date is
//! rolled up and nothing has come for it for [`DAYS_UNTIL_CLOSING`] days, so that a first import of an old year gives its figures, and a
//! wrong import can be mended, before they are gone. A date whose raw rows go is closed by that: figures made from them stand, and a later
//! line would replace them by less.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{AsArray as _, BooleanArray};
use jiff::ToSpan;
use jiff::civil::Date;

use crate::calendar::{Calendar, date_of_epoch_day, epoch_day};
use crate::closed::{Closing, DAYS_UNTIL_CLOSING};
use crate::estate::{Estate, Retention};
use crate::ids::{RunId, SchoolId, SourceId};
use crate::lake::{Change, ChangeKind, DataFile, IndexFile, Lake, LakeError, Slice, Snapshot};
use crate::rows::{open_metadata, read_groups};
use crate::schema::Table;
use crate::undo::{MICROS_A_DAY, text};

/// What a retention run would take out, at one lake version; [`Lake::retain`] does exactly this or is refused.
#[derive(Debug, Clone)]
pub struct RetentionPlan {
    /// The lake version that was looked at.
    pub base: u64,
    /// What goes, by table.
    pub going: BTreeMap<Table, Going>,
    /// Raw dates past their time that can't go yet, and why.
    pub waiting: Vec<Waiting>,
    /// Slices that close without a verification, because their raw rows go and nobody verified them.
    pub unverified: BTreeSet<Slice>,
    files: Vec<(Table, DataFile, Part)>,
    index: BTreeSet<(SourceId, i32)>,
}

/// What goes of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Going {
    /// Rows.
    pub rows: u64,
    /// First date, days since 1970.
    pub first: i32,
    /// Last date.
    pub last: i32,
}

/// A date past its time whose raw rows stay for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Days since 1970.
    pub date: i32,
    /// Why.
    pub why: Why,
}

/// Why raw rows past their time stay for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// No rollup counts them yet.
    NotRolledUp,
    /// Lines of that date came less than 14 days ago.
    CameLately,
}

/// Which rows of a file go.
#[derive(Debug, Clone)]
enum Part {
    All,
    Schools(BTreeSet<String>),
}

impl RetentionPlan {
    /// Whether nothing is past its time.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// How a table's rows come of age.
enum Rule {
    /// The first date that stays, for every school.
    From(Date),
    /// Each school's own half-terms say.
    BySchool,
    /// Kept for good: no key, no name.
    Never,
}

fn rule(table: Table, retention: &Retention, today: Date) -> Rule {
    let days = |days: u32| Rule::From(today.saturating_sub(i64::from(days).days()));
    let months = |months: u32| Rule::From(today.saturating_sub(i64::from(months).months()));
    match table {
        Table::Events => days(retention.raw_days),
        Table::Quarantine => days(retention.quarantine_days),
        // A year's changes are evidence of the year's review; they hold keys, so no longer than other rows with keys may stay.
        Table::AdminEvents => months(retention.pupil_days_months),
        Table::PupilDays => Rule::BySchool,
        Table::ThemeWeeks | Table::ActivityHourly | Table::Figures => months(retention.theme_weeks_months),
        // What governors were shown stays shown.
        Table::Receipts | Table::PublishedFigures => Rule::Never,
    }
}

/// The first day on which a school's row of `pupil_days` is past its time: the day after the next half-term's end, and no later than the
/// months that weir.toml allows.
pub fn pupil_days_until(calendar: &Calendar, retention: &Retention, school: &SchoolId, date: Date) -> Date {
    let most = date.saturating_add(i64::from(retention.pupil_days_months).months());
    let next = calendar.all_half_terms(school).into_iter().find(|half_term| half_term.start > date);
    next.map_or(most, |next| next.end.saturating_add(1.day()).min(most))
}

impl Lake {
    /// Finds what is past its time on a day. `now_micros` is the clock.
    pub fn retention_plan(
        &self,
        snapshot: &Snapshot,
        estate: &Estate,
        today: Date,
        now_micros: i64,
    ) -> Result<RetentionPlan, LakeError> {
        let mut plan = RetentionPlan {
            base: snapshot.version,
            going: BTreeMap::new(),
            waiting: Vec::new(),
            unverified: BTreeSet::new(),
            files: Vec::new(),
            index: BTreeSet::new(),
        };
        let calendar = Calendar::new(estate);
        for (table, files) in &snapshot.files {
            match rule(*table, &estate.retention, today) {
                Rule::Never => {}
                Rule::From(first) if *table == Table::Events => {
                    self.raw_past(snapshot, files, epoch_day(first), now_micros, &mut plan)?;
                }
                Rule::From(first) => {
                    for file in files.iter().filter(|file| file.statistics.event_date < epoch_day(first)) {
                        plan.add(*table, file, file.rows, Part::All);
                    }
                }
                Rule::BySchool => {
                    let mut until: BTreeMap<(String, i32), bool> = BTreeMap::new();
                    let mut is_past = |school: &str, day: i32| {
                        *until.entry((school.to_owned(), day)).or_insert_with(|| {
                            let date = date_of_epoch_day(day);
                            // A school that schools.csv knows no more has no half-terms: the months count.
                            SchoolId::parse(school)
                                .is_ok_and(|school| pupil_days_until(&calendar, &estate.retention, &school, date) <= today)
                        })
                    };
                    for file in files {
                        self.schools_past(*table, file, &mut is_past, &mut plan)?;
                    }
                }
            }
        }
        plan.waiting.sort_by_key(|waiting| waiting.date);
        Ok(plan)
    }

    /// Raw rows of dates before `first`, all files of a date or none.
    fn raw_past(
        &self,
        snapshot: &Snapshot,
        files: &[DataFile],
        first: i32,
        now_micros: i64,
        plan: &mut RetentionPlan,
    ) -> Result<(), LakeError> {
        let mut dates: BTreeMap<i32, (Vec<&DataFile>, BTreeSet<Slice>)> = BTreeMap::new();
        for file in files.iter().filter(|file| file.statistics.event_date < first) {
            let (files, slices) = dates.entry(file.statistics.event_date).or_default();
            files.push(file);
            slices.extend(self.slices_in(Table::Events, file)?);
        }
        let open: Vec<&Slice> =
            dates.values().flat_map(|(_, slices)| slices).filter(|slice| !snapshot.closed.has(slice)).collect();
        let last_lines = self.last_lines(snapshot, open)?;
        let came_lately = |slice: &Slice| {
            let last = last_lines.get(slice).copied().flatten();
            last.is_some_and(|last| now_micros < last.saturating_add(DAYS_UNTIL_CLOSING * MICROS_A_DAY))
        };
        for (date, (files, slices)) in &dates {
            let why = if slices.iter().any(|slice| snapshot.stale.contains(slice)) {
                Some(Why::NotRolledUp)
            } else {
                slices.iter().any(came_lately).then_some(Why::CameLately)
            };
            if let Some(why) = why {
                plan.waiting.push(Waiting { date: *date, why });
                continue;
            }
            for file in files {
                plan.add(Table::Events, file, file.rows, Part::All);
            }
            plan.unverified.extend(slices.iter().filter(|slice| !snapshot.closed.has(slice)).cloned());
            plan.index.extend(slices.iter().map(|slice| (slice.source_id.clone(), slice.date)));
        }
        Ok(())
    }

    /// The schools of a file whose rows are past their time.
    fn schools_past(
        &self,
        table: Table,
        file: &DataFile,
        is_past: &mut impl FnMut(&str, i32) -> bool,
        plan: &mut RetentionPlan,
    ) -> Result<(), LakeError> {
        let (low, high) = &file.statistics.school_id;
        if low == high {
            if is_past(low, file.statistics.event_date) {
                plan.add(table, file, file.rows, Part::All);
            }
            return Ok(());
        }
        let (mut gone, mut rows) = (BTreeSet::new(), 0);
        self.read_columns(table, file, &["school_id"], |batch| {
            for school in text(batch, "school_id")?.iter().flatten() {
                if gone.contains(school) || is_past(school, file.statistics.event_date) {
                    rows += 1;
                    if !gone.contains(school) {
                        gone.insert(school.to_owned());
                    }
                }
            }
            Ok(())
        })?;
        if rows > 0 {
            plan.add(table, file, rows, if rows == file.rows { Part::All } else { Part::Schools(gone) });
        }
        Ok(())
    }

    fn slices_in(&self, table: Table, file: &DataFile) -> Result<BTreeSet<Slice>, LakeError> {
        let mut found: BTreeSet<(String, String)> = BTreeSet::new();
        self.read_columns(table, file, &["school_id", "source_id"], |batch| {
            let (schools, sources) = (text(batch, "school_id")?, text(batch, "source_id")?);
            let mut last = ("", "");
            for row in 0..batch.num_rows() {
                let pair = (schools.value(row), sources.value(row));
                if pair != last {
                    found.insert((pair.0.to_owned(), pair.1.to_owned()));
                    last = pair;
                }
            }
            Ok(())
        })?;
        let bad = |problem: String| LakeError::Rejected { problem };
        let slice = |(school, source): (String, String)| {
            Ok(Slice {
                school_id: SchoolId::parse(&school).map_err(|error| bad(error.to_string()))?,
                source_id: SourceId::parse(&source).map_err(|error| bad(error.to_string()))?,
                date: file.statistics.event_date,
            })
        };
        found.into_iter().map(slice).collect()
    }

    fn read_columns(
        &self,
        table: Table,
        file: &DataFile,
        columns: &[&str],
        mut each: impl FnMut(&arrow::array::RecordBatch) -> Result<(), LakeError>,
    ) -> Result<(), LakeError> {
        let path = self.path_of(table, file)?;
        let metadata = open_metadata(&path, table)?;
        let groups = (0..metadata.metadata().num_row_groups()).collect();
        for batch in read_groups(&path, &metadata, groups, Some(columns))? {
            each(&batch.map_err(|error| LakeError::arrow(&path, &error))?)?;
        }
        Ok(())
    }

    /// Does what a plan says, in one commit, and gives the lake version. Refused if the lake has changed since the plan was made.
    ///
    /// From then on no query finds the rows; their files leave the disk with [`Lake::vacuum`], a day later or when asked.
    pub fn retain(&self, plan: &RetentionPlan, run_id: &RunId) -> Result<u64, LakeError> {
        let mut change = Change::new(ChangeKind::Retention, run_id.clone(), plan.base);
        for (table, file, part) in &plan.files {
            change.removes.push((*table, file.path.clone()));
            if let Part::Schools(gone) = part {
                let kept = self.rewrite_rows(*table, file, |rows| {
                    let schools = rows.column_by_name("school_id").and_then(|column| column.as_string_opt::<i32>());
                    let schools =
                        schools.ok_or_else(|| LakeError::Rejected { problem: String::from("rows have no school_id") })?;
                    Ok(schools
                        .iter()
                        .map(|school| Some(!school.is_some_and(|school| gone.contains(school))))
                        .collect::<BooleanArray>())
                })?;
                change.adds.extend(kept.map(|file| (*table, file)));
            }
        }
        change.closes = plan.unverified.iter().map(|slice| Closing::unverified(slice.clone())).collect();
        change.index = plan
            .index
            .iter()
            .map(|(source_id, date)| IndexFile { source_id: source_id.clone(), date: *date, path: String::new(), entries: 0 })
            .collect();
        self.commit(change)
    }
}

impl RetentionPlan {
    fn add(&mut self, table: Table, file: &DataFile, rows: u64, part: Part) {
        let date = file.statistics.event_date;
        let going = self.going.entry(table).or_insert(Going { rows: 0, first: date, last: date });
        going.rows += rows;
        going.first = going.first.min(date);
        going.last = going.last.max(date);
        self.files.push((table, file.clone(), part));
    }
}

#[cfg(test)]
#[path = "retention_tests.rs"]
mod tests;
