//! Recomputes the weeks of themes from the stored days of people, and compares every value with what is stored.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use weir_lake::calendar::{Calendar, date_of_epoch_day};
use weir_lake::ids::{SchoolId, SourceId};
use weir_lake::lake::DataFile;
use weir_lake::retention::pupil_days_until;
use weir_lake::schema::Table;

use crate::cells::Cells;
use crate::columns::Words;
use crate::error::VerifyError;
use crate::pupil_days;
use crate::report::Report;
use crate::rollups::{Verification, monday};
use crate::theme_weeks::{self, Week};

impl Verification<'_> {
    /// Weeks with people's days or theme weeks, with their files.
    pub(crate) fn weeks(&self) -> BTreeMap<i32, Vec<(Table, DataFile)>> {
        let mut weeks: BTreeMap<i32, Vec<(Table, DataFile)>> = BTreeMap::new();
        for table in [Table::PupilDays, Table::ThemeWeeks] {
            for file in self.files(table) {
                let week = monday(file.statistics.event_date);
                // A week belongs to a span if its Monday or its Sunday does.
                if self.is_wanted(week) || self.is_wanted(week + 6) {
                    weeks.entry(week).or_default().push((table, file.clone()));
                }
            }
        }
        weeks
    }

    /// Whether a school's days of people of a date are past their time, so that they may have been taken out.
    pub(crate) fn is_past_its_time(&self, calendar: &Calendar, school: &str, date: i32) -> bool {
        let until = |id: SchoolId| pupil_days_until(calendar, self.estate.retention_of(&id), &id, date_of_epoch_day(date));
        SchoolId::parse(school).is_ok_and(|id| until(id) <= self.today)
    }

    pub(crate) fn week(&self, calendar: &Calendar, week: i32, files: &[(Table, DataFile)]) -> Result<Report, VerifyError> {
        let (mut report, mut words) = (Report::default(), Words::default());
        let stale: BTreeSet<&str> =
            self.snapshot.stale.iter().filter(|slice| monday(slice.date) == week).map(|slice| slice.school_id.as_str()).collect();
        let is_wanted = |school: &str| self.school.is_none_or(|only| only.as_str() == school) && !stale.contains(school);
        let mut days = Week::default();
        // Schools that have a day of people in this week, and whether any of those is open.
        let mut open: HashMap<u32, bool> = HashMap::new();
        // Schools whose days are past their time and there all the same: retention has not run.
        let mut kept: BTreeSet<u32> = BTreeSet::new();
        for (_, file) in files.iter().filter(|(table, _)| *table == Table::PupilDays) {
            let date = file.statistics.event_date;
            let path = self.lake.path_of(Table::PupilDays, file)?;
            let mut rows = Cells::default();
            let mut keep = |key: &[u32; 7], words: &Words| Ok(is_wanted(words.shown(key[0])));
            pupil_days::SHAPE.stored(&path, &mut words, &mut rows, &mut keep, &mut Vec::new())?;
            let mut places: BTreeSet<(u32, u32)> = rows.keys().map(|key| (key[0], key[1])).collect();
            while let Some((school, source)) = places.pop_first() {
                let ids = (SchoolId::parse(words.shown(school)), SourceId::parse(words.shown(source)));
                let is_closed = matches!(&ids, (Ok(school), Ok(source)) if self.snapshot.closed.contains(school, source, date));
                *open.entry(school).or_default() |= !is_closed;
                if self.is_past_its_time(calendar, words.shown(school), date) {
                    kept.insert(school);
                }
            }
            days.add(date, &rows, self.estate, &mut words);
        }
        let is_open = |school: u32| open.get(&school).copied().unwrap_or(true);
        let mut recomputed = days.rows(&mut words);
        recomputed.retain(|key, _| is_open(key[0]));
        let (mut stored, mut twice) = (Cells::default(), Vec::new());
        for (_, file) in files.iter().filter(|(table, _)| *table == Table::ThemeWeeks) {
            let path = self.lake.path_of(Table::ThemeWeeks, file)?;
            let mut keep = |key: &[u32; 5], words: &Words| Ok(is_wanted(words.shown(key[0])) && is_open(key[0]));
            theme_weeks::SHAPE.stored(&path, &mut words, &mut stored, &mut keep, &mut twice)?;
        }
        let schools: BTreeSet<u32> = recomputed.keys().chain(stored.keys()).map(|key| key[0]).collect();
        for school in schools {
            if self.is_past_its_time(calendar, words.shown(school), week) && !kept.contains(&school) {
                recomputed.retain(|key, _| key[0] != school);
                stored.retain(|key, _| key[0] != school);
                report.weeks_without_days += 1;
            }
        }
        let differing = theme_weeks::SHAPE.compare(week, &recomputed, &stored, &twice, &words, &mut report);
        for key in differing {
            if let Ok(school) = SchoolId::parse(words.shown(key[0])) {
                report.differing_spans.insert((school, week, week + 6));
            }
        }
        Ok(report)
    }
}
