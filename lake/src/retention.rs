//! What is past its time goes: whole files of old dates, and the rows of one school where schools share a file, in one lake commit.
//!
//! How long each table is kept is in weir.toml, for all schools and, where one keeps less, for that one. A safeguarding lead's hold keeps
//! the rows of a pupil's open case until its review day. Rows go by their date, not by when they were read; raw rows also wait until their date is
//! rolled up and nothing has come for it for [`DAYS_UNTIL_CLOSING`] days, so that a first import of an old year gives its figures, and a
//! wrong import can be mended, before they are gone. A date whose raw rows go is closed by that: figures made from them stand, and a later
//! line would replace them by less.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array as _, BooleanArray, RecordBatch};
use jiff::ToSpan;
use jiff::civil::Date;

use crate::calendar::{Calendar, date_of_epoch_day, epoch_day};
use crate::closed::{Closing, DAYS_UNTIL_CLOSING};
use crate::estate::{Estate, Retention};
use crate::ids::{RunId, SchoolId, SourceId, UserKey};
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
    /// The same by school.
    pub by_school: BTreeMap<(String, Table), Going>,
    /// Rows past their time that a hold keeps, by table.
    pub held: BTreeMap<Table, u64>,
    /// Raw dates past their time that can't go yet, and why.
    pub waiting: Vec<Waiting>,
    /// Slices that close without a verification, because their raw rows go and nobody verified them.
    pub unverified: BTreeSet<Slice>,
    files: Vec<(Table, DataFile, Part)>,
    index: BTreeSet<(SourceId, i32)>,
    holds: BTreeSet<UserKey>,
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

/// A date past its time of which raw rows stay for now.
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
    /// Those of these schools, but for the held ones.
    Schools(BTreeSet<String>),
}

impl RetentionPlan {
    /// Whether nothing is past its time.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// The first date that stays of a table whose rows go by their age alone; none for the others.
fn first_that_stays(table: Table, retention: &Retention, today: Date) -> Option<Date> {
    let days = |days: u32| Some(today.saturating_sub(i64::from(days).days()));
    let months = |months: u32| Some(today.saturating_sub(i64::from(months).months()));
    match table {
        Table::Events => days(retention.raw_days),
        Table::Quarantine => days(retention.quarantine_days),
        // A year's changes are evidence of the year's review; they hold keys, so no longer than other rows with keys may stay.
        Table::AdminEvents => months(retention.admin_events_months),
        Table::ThemeWeeks | Table::ActivityHourly | Table::Figures => months(retention.theme_weeks_months),
        // Each school's own half-terms say; and what governors were shown stays shown.
        Table::PupilDays | Table::Receipts | Table::PublishedFigures => None,
    }
}

/// The first day on which a school's row of `pupil_days` is past its time: the day after the next half-term's end, and no later than the
/// months that weir.toml allows.
pub fn pupil_days_until(calendar: &Calendar, retention: &Retention, school: &SchoolId, date: Date) -> Date {
    let most = date.saturating_add(i64::from(retention.pupil_days_months).months());
    let next = calendar.all_half_terms(school).into_iter().find(|half_term| half_term.start > date);
    next.map_or(most, |next| next.end.saturating_add(1.day()).min(most))
}

/// Whether rows of a school (as text, `-` where none could be told) and day are past their time; asked once of each.
struct Past<'e> {
    estate: &'e Estate,
    calendar: Calendar,
    today: Date,
    known: BTreeMap<(Table, String, i32), bool>,
}

impl Past<'_> {
    fn is(&mut self, table: Table, school: &str, day: i32) -> bool {
        let key = (table, school.to_owned(), day);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        // A school that schools.csv knows no more has no half-terms and no time of its own.
        let id = SchoolId::parse(school).ok();
        let retention = id.as_ref().map_or(&self.estate.retention, |school| self.estate.retention_of(school));
        let is_past = match (table, &id) {
            (Table::PupilDays, Some(school)) => {
                pupil_days_until(&self.calendar, retention, school, date_of_epoch_day(day)) <= self.today
            }
            _ => first_that_stays(table, retention, self.today).is_some_and(|first| day < epoch_day(first)),
        };
        self.known.insert(key, is_past);
        is_past
    }
}

impl Lake {
    /// Finds what is past its time on a day. `holds` are the keys whose rows stay for a case; `now_micros` is the clock.
    pub fn retention_plan(
        &self,
        snapshot: &Snapshot,
        estate: &Estate,
        holds: &BTreeSet<UserKey>,
        today: Date,
        now_micros: i64,
    ) -> Result<RetentionPlan, LakeError> {
        let mut plan = RetentionPlan {
            base: snapshot.version,
            going: BTreeMap::new(),
            by_school: BTreeMap::new(),
            held: BTreeMap::new(),
            waiting: Vec::new(),
            unverified: BTreeSet::new(),
            files: Vec::new(),
            index: BTreeSet::new(),
            holds: holds.clone(),
        };
        let mut past = Past { estate, calendar: Calendar::new(estate), today, known: BTreeMap::new() };
        for (table, files) in &snapshot.files {
            match table {
                Table::Receipts | Table::PublishedFigures => {}
                Table::Events => self.raw_past(snapshot, files, &mut past, now_micros, &mut plan)?,
                _ => {
                    for file in files {
                        self.rows_past(*table, file, &mut |school, day| past.is(*table, school, day), &mut plan)?;
                    }
                }
            }
        }
        plan.waiting.sort_by_key(|waiting| waiting.date);
        Ok(plan)
    }

    /// Raw rows past their time: of a school and date all or none.
    fn raw_past(
        &self,
        snapshot: &Snapshot,
        files: &[DataFile],
        past: &mut Past<'_>,
        now_micros: i64,
        plan: &mut RetentionPlan,
    ) -> Result<(), LakeError> {
        let shortest = past.estate.schools.keys().map(|school| past.estate.retention_of(school).raw_days);
        let shortest = shortest.chain([past.estate.retention.raw_days]).min().unwrap_or_default();
        let first = epoch_day(past.today.saturating_sub(i64::from(shortest).days()));
        let mut dates: BTreeMap<i32, (Vec<&DataFile>, BTreeSet<Slice>)> = BTreeMap::new();
        for file in files.iter().filter(|file| file.statistics.event_date < first) {
            let (files, slices) = dates.entry(file.statistics.event_date).or_default();
            files.push(file);
            slices.extend(self.slices_in(Table::Events, file)?);
        }
        let mut is_past = |slice: &Slice| past.is(Table::Events, slice.school_id.as_str(), slice.date);
        let due: BTreeSet<Slice> = dates.values().flat_map(|(_, all)| all).filter(|slice| is_past(slice)).cloned().collect();
        let open: Vec<&Slice> = due.iter().filter(|slice| !snapshot.closed.has(slice)).collect();
        let last_lines = self.last_lines(snapshot, open)?;
        let came_lately = |slice: &Slice| {
            let last = last_lines.get(slice).copied().flatten();
            last.is_some_and(|last| now_micros < last.saturating_add(DAYS_UNTIL_CLOSING * MICROS_A_DAY))
        };
        for (date, (files, all)) in &dates {
            let slices = || all.iter().filter(|slice| due.contains(*slice));
            let mut waits: BTreeMap<&SchoolId, Why> = BTreeMap::new();
            for slice in slices() {
                if snapshot.stale.contains(slice) {
                    waits.insert(&slice.school_id, Why::NotRolledUp);
                } else if came_lately(slice) {
                    waits.entry(&slice.school_id).or_insert(Why::CameLately);
                }
            }
            if let Some(why) = waits.values().min() {
                plan.waiting.push(Waiting { date: *date, why: *why });
            }
            let goes: BTreeSet<&Slice> = slices().filter(|slice| !waits.contains_key(&slice.school_id)).collect();
            let schools: BTreeSet<&str> = goes.iter().map(|slice| slice.school_id.as_str()).collect();
            let before = plan.files.len();
            for file in files {
                self.rows_past(Table::Events, file, &mut |school, _| schools.contains(school), plan)?;
            }
            if plan.files.len() == before {
                // What a hold keeps is all that is left of it.
                continue;
            }
            plan.unverified.extend(goes.iter().filter(|slice| !snapshot.closed.has(slice)).map(|slice| (*slice).clone()));
            // Where a source serves schools of which one keeps a day longer, its lines still need the day's index.
            let stay: BTreeSet<&SourceId> =
                all.iter().filter(|slice| !goes.contains(slice)).map(|slice| &slice.source_id).collect();
            let gone = goes.iter().filter(|slice| !stay.contains(&slice.source_id));
            plan.index.extend(gone.map(|slice| (slice.source_id.clone(), slice.date)));
        }
        Ok(())
    }

    /// The rows of a file that are past their time, school by school.
    fn rows_past(
        &self,
        table: Table,
        file: &DataFile,
        is_past: &mut dyn FnMut(&str, i32) -> bool,
        plan: &mut RetentionPlan,
    ) -> Result<(), LakeError> {
        let (low, high) = &file.statistics.school_id;
        let date = file.statistics.event_date;
        let looks_for_holds = !plan.holds.is_empty() && has_user_key(table);
        if low == high && !(looks_for_holds && is_past(low, date)) {
            if is_past(low, date) {
                plan.add(table, file, BTreeMap::from([(low.clone(), file.rows)]), 0);
            }
            return Ok(());
        }
        let (mut gone, mut held) = (BTreeMap::<String, u64>::new(), 0);
        let columns: &[&str] = if looks_for_holds { &["school_id", "user_key"] } else { &["school_id"] };
        let holds = &plan.holds;
        self.read_columns(table, file, columns, |batch| {
            let schools = text(batch, "school_id")?;
            let is_held = held_rows(batch, looks_for_holds, holds)?;
            let (mut last, mut is_last_past) = ("", false);
            for (row, is_held) in is_held.iter().enumerate() {
                let school = schools.value(row);
                if school != last {
                    (last, is_last_past) = (school, is_past(school, date));
                }
                match (is_last_past, is_held) {
                    (true, true) => held += 1,
                    (true, false) => match gone.get_mut(school) {
                        Some(rows) => *rows += 1,
                        None => drop(gone.insert(school.to_owned(), 1)),
                    },
                    (false, _) => {}
                }
            }
            Ok(())
        })?;
        plan.add(table, file, gone, held);
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
                    let schools = text(rows, "school_id")?;
                    let is_held = held_rows(rows, !plan.holds.is_empty() && has_user_key(*table), &plan.holds)?;
                    let stays = |(row, is_held): (usize, bool)| is_held || !gone.contains(schools.value(row));
                    Ok(is_held.into_iter().enumerate().map(|row| Some(stays(row))).collect::<BooleanArray>())
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
    /// `gone` are the rows that go, by school.
    fn add(&mut self, table: Table, file: &DataFile, gone: BTreeMap<String, u64>, held: u64) {
        if held > 0 {
            *self.held.entry(table).or_default() += held;
        }
        let rows = gone.values().sum::<u64>();
        if rows == 0 {
            return;
        }
        let date = file.statistics.event_date;
        add_to(self.going.entry(table), rows, date);
        for (school, rows) in &gone {
            add_to(self.by_school.entry((school.clone(), table)), *rows, date);
        }
        let part = if rows == file.rows { Part::All } else { Part::Schools(gone.into_keys().collect()) };
        self.files.push((table, file.clone(), part));
    }
}

fn add_to<K: Ord>(going: std::collections::btree_map::Entry<'_, K, Going>, rows: u64, date: i32) {
    let going = going.or_insert(Going { rows: 0, first: date, last: date });
    going.rows += rows;
    going.first = going.first.min(date);
    going.last = going.last.max(date);
}

/// Tables whose rows a case may need, with the pupil's key in a column of its own.
fn has_user_key(table: Table) -> bool {
    matches!(table, Table::Events | Table::PupilDays)
}

/// Whether each row is of somebody whose rows are held.
fn held_rows(rows: &RecordBatch, looks: bool, holds: &BTreeSet<UserKey>) -> Result<Vec<bool>, LakeError> {
    if !looks {
        return Ok(vec![false; rows.num_rows()]);
    }
    let keys = text(rows, "user_key")?;
    let mut last = ("", false);
    Ok((0..rows.num_rows())
        .map(|row| {
            let key = if keys.is_valid(row) { keys.value(row) } else { "" };
            if key != last.0 {
                last = (key, UserKey::parse(key).is_ok_and(|key| holds.contains(&key)));
            }
            last.1
        })
        .collect())
}

#[cfg(test)]
#[path = "retention_tests.rs"]
mod tests;
