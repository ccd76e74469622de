//! The indicators that look at a lake rather than at a week of it: new AI tools, late logs, lines not read, what came up again, retention.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use weir_lake::calendar::epoch_day;
use weir_lake::clock;
use weir_lake::estate::{Estate, SchoolOf};
use weir_lake::schema::Table;

use crate::columns::read;
use crate::error::VerifyError;
use crate::indicators::{Cell, Year};
use crate::rollups::{Verification, monday};
use crate::terms::HalfTerm;
use crate::weekly::{SchoolWeek, Weeks};

/// The parts of `alert_delay`: of how many of how many events the delay is told.
const DELAYS: [(&str, i64, i64); 2] = [("half", 1, 2), ("19 in 20", 19, 20)];

/// Stands for the step that has no end.
pub(crate) const MORE: i64 = 44_641;

/// Days of a month, at most.
const LONGEST_MONTH: i32 = 31;

/// A file that was read: local day of its last line, lines, lines in quarantine.
pub(crate) type FileRead = (i32, i64, i64);

/// A receipt: revision, source, school or `*`, local day of the last line, lines, quarantined.
type Receipt = (i64, String, String, i32, i64, i64);

impl Verification<'_> {
    /// The newest receipt of each file and part of a file, by the schools it is of.
    pub(crate) fn files_read(&self) -> Result<BTreeMap<String, Vec<FileRead>>, VerifyError> {
        const COLUMNS: [&str; 9] = [
            "file_id",
            "byte_from",
            "revision",
            "source_id",
            "school_id",
            "last_event_time",
            "received_at",
            "lines",
            "quarantined",
        ];
        let zone = clock::zone(clock::DEFAULT_ZONE).unwrap_or(jiff::tz::TimeZone::UTC);
        let mut newest: HashMap<(String, i64), Receipt> = HashMap::new();
        for file in self.snapshot.files.get(&Table::Receipts).into_iter().flatten() {
            read(&self.lake.path_of(Table::Receipts, file)?, Table::Receipts, &COLUMNS, |columns| {
                let text = |name: &str| -> Result<Vec<String>, VerifyError> {
                    Ok(columns.text(name)?.iter().map(|text| text.unwrap_or_default().to_owned()).collect())
                };
                let (files, sources, schools) = (text("file_id")?, text("source_id")?, text("school_id")?);
                let (parts, revisions) = (columns.numbers("byte_from", 0)?, columns.numbers("revision", 0)?);
                let (last, received) = (columns.numbers("last_event_time", i64::MIN)?, columns.numbers("received_at", 0)?);
                let (lines, quarantined) = (columns.numbers("lines", 0)?, columns.numbers("quarantined", 0)?);
                for row in 0..columns.rows {
                    let at = if last[row] == i64::MIN { received[row] } else { last[row] };
                    let day = epoch_day(Timestamp::from_microsecond(at).unwrap_or_default().to_zoned(zone.clone()).date());
                    let told = (revisions[row], sources[row].clone(), schools[row].clone(), day, lines[row], quarantined[row]);
                    let known = newest.entry((files[row].clone(), parts[row])).or_insert_with(|| told.clone());
                    if told.0 > known.0 {
                        *known = told;
                    }
                }
                Ok(())
            })?;
        }
        let mut read: BTreeMap<String, Vec<FileRead>> = BTreeMap::new();
        for (_, source, school, day, lines, quarantined) in newest.into_values() {
            for served in served_by(self.estate, &source).into_iter().filter(|served| school == "*" || *served == school) {
                read.entry(served).or_default().push((day, lines, quarantined));
            }
        }
        Ok(read)
    }

    /// The first day of which a file may hold raw rows of a school.
    pub(crate) fn oldest_raw(&self, school: &str) -> Option<i32> {
        let files = self.snapshot.files.get(&Table::Events).into_iter().flatten();
        let of =
            files.filter(|file| (file.statistics.school_id.0.as_str()..=file.statistics.school_id.1.as_str()).contains(&school));
        of.map(|file| file.statistics.event_date).min()
    }
}

/// The schools that a source serves.
fn served_by(estate: &Estate, source: &str) -> BTreeSet<String> {
    let of = estate.sources.values().filter(|known| known.id.as_str() == source);
    of.flat_map(|known| match &known.school {
        SchoolOf::One(own) => vec![own.as_str().to_owned()],
        SchoolOf::Map(rules) => rules.iter().map(|rule| rule.school.as_str().to_owned()).collect(),
    })
    .collect()
}

impl Year<'_> {
    /// Sites of AI tools that were first asked for in these weeks; not in the half-term in which logs began.
    pub(crate) fn new_tools(&self, term: &HalfTerm, weeks: &Weeks<'_>, cells: &mut Vec<Cell>) {
        let has_logs = |term: &&HalfTerm| self.past(term).any(|day| self.logged.contains(&day));
        let began = self.half_terms.iter().filter(has_logs).map(|term| term.start).min();
        let logged: Vec<_> = weeks.iter().filter(|(_, week)| week.logged_days > 0).collect();
        if logged.is_empty() || began.is_none_or(|began| term.start <= began) {
            return;
        }
        let is_here = |day: &&i32| logged.iter().any(|(first, week)| (**first..=week.until).contains(*day));
        let new = self.school.ai_since.values().filter(is_here).count() as f64;
        let days: u32 = logged.iter().map(|(_, week)| week.logged_days).sum();
        let cell = self.cell(term, "ai_first_seen", None, Some(new), Some(f64::from(days)), 1.0);
        cells.push(Cell { value: Some(new), ..cell });
    }

    /// The step of delay within which half, and nineteen in twenty, of a source's events were read.
    pub(crate) fn delays(&self, term: &HalfTerm, cells: &mut Vec<Cell>) {
        for (source, dates) in &self.school.delays {
            let mut steps: BTreeMap<i64, i64> = BTreeMap::new();
            for (minutes, events) in self.past(term).filter_map(|day| dates.get(&day)).flatten() {
                *steps.entry(*minutes).or_default() += events;
            }
            let events: i64 = steps.values().sum();
            for (part, share, of) in DELAYS {
                let mut so_far = 0;
                let step = steps.iter().find(|(_, count)| {
                    so_far += **count;
                    so_far * of >= share * events
                });
                let Some((minutes, _)) = step else { continue };
                let (count, all) = (Some(so_far as f64), Some(events as f64));
                let cell = self.cell(term, "alert_delay", Some(source), count, all, 1.0);
                cells.push(Cell { value: Some(*minutes as f64), part: Some(part.to_owned()), ..cell });
            }
        }
    }

    /// Lines in quarantine, of all lines of the files whose last line falls into these weeks.
    pub(crate) fn unread(&self, term: &HalfTerm, weeks: &Weeks<'_>, cells: &mut Vec<Cell>) {
        let is_here = |day: i32| weeks.iter().any(|(first, week)| (*first..=week.until).contains(&day));
        let files: Vec<&FileRead> = self.files_read.iter().filter(|(day, ..)| is_here(*day)).collect();
        if !files.is_empty() {
            let quarantined = files.iter().map(|(.., quarantined)| quarantined).sum::<i64>() as f64;
            let lines = files.iter().map(|(_, lines, _)| lines).sum::<i64>() as f64;
            cells.push(self.cell(term, "quarantine_share", None, Some(quarantined), Some(lines), 100.0));
        }
    }

    /// Pupils with one theme, rated above 1, on three days inside seven; not where the people of a week are gone.
    pub(crate) fn again(&self, term: &HalfTerm, weeks: &Weeks<'_>, cells: &mut Vec<Cell>) {
        let school = self.school;
        let is_forgotten = weeks.keys().any(|week| school.theme_weeks.contains(week) && !school.people.contains_key(week));
        if is_forgotten || self.pupils.is_none() || weeks.values().all(|week| week.logged_days == 0) {
            return;
        }
        let mut pupils: BTreeSet<&str> = BTreeSet::new();
        for ((_, pupil), days) in &school.reached {
            let days: Vec<i32> = days.iter().copied().filter(|day| weeks.contains_key(&monday(*day))).collect();
            if days.windows(3).any(|three| three[2] - three[0] < 7) {
                pupils.insert(pupil);
            }
        }
        cells.push(self.cell(term, "repeat_attempts", None, Some(pupils.len() as f64), self.pupils, 100.0));
    }

    /// Days by which the oldest row that may tell of one person is past its time; told of today, under the newest half-term.
    pub(crate) fn retention(&self, all: &BTreeMap<i32, SchoolWeek>, cells: &mut Vec<Cell>) {
        // A week in which one half-term ends and the next begins is the first one's.
        let newest = all.values().filter(|week| week.year == self.year && week.past_days > 0).map(|week| week.number).max();
        let Some(term) = self.terms().find(|term| Some(term.number) == newest) else { return };
        let [raw_days, months] = self.kept_for;
        for (dimension, oldest, allowed) in
            [("lines", self.oldest_raw, raw_days), ("pupil_days", self.school.oldest_person, months * LONGEST_MONTH)]
        {
            let Some(oldest) = oldest else { continue };
            let age = self.today - oldest;
            let (of, over) = (Some(f64::from(age)), Some(f64::from(allowed)));
            let cell = self.cell(term, "retention_kept", Some(dimension), of, over, 1.0);
            cells.push(Cell { value: Some(f64::from((age - allowed).max(0))), ..cell });
        }
    }
}
