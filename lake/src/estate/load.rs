//! Loads an estate: weir.toml and the CSV files beside it, all of them checked before anything is said.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;

use super::error::EstateError;
use super::table::Problems;
use super::{CalendarKind, Estate, SchoolOf, Source, roster, rows, settings};
use crate::calendar::epoch_day;
use crate::ids::SchoolId;

/// Whether a school's term dates are known, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarState {
    /// No half-term at all: no rates.
    None,
    /// The last day of the last half-term.
    Ends(Date),
}

impl CalendarState {
    /// Days before a calendar's end from which pages ask for the next term dates.
    pub const WARN_DAYS: i32 = 30;

    /// What a page or report says of it on a day; none while all is well.
    pub fn warning(self, today: Date) -> Option<String> {
        match self {
            Self::None => Some("no term dates are known, so there are no rates; add half-terms to calendar.csv".to_owned()),
            Self::Ends(end) if end < today => {
                Some(format!("the calendar ended on {end}; add the next half-terms to calendar.csv"))
            }
            Self::Ends(end) if epoch_day(end) - epoch_day(today) <= Self::WARN_DAYS => {
                Some(format!("the calendar ends on {end}; add the next half-terms to calendar.csv"))
            }
            Self::Ends(_) => None,
        }
    }
}

impl Estate {
    /// Loads and checks weir.toml and the files beside it. What is wrong in any of them is reported together.
    pub fn load(weir_toml: &Path) -> Result<Estate, EstateError> {
        let io = |error| EstateError::Io { path: weir_toml.to_path_buf(), error };
        let text = match std::fs::read_to_string(weir_toml) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(EstateError::NotFound { start: weir_toml.parent().unwrap_or(weir_toml).to_path_buf() });
            }
            Err(error) => return Err(io(error)),
        };
        let home = std::path::absolute(weir_toml).map_err(io)?.parent().map(Path::to_path_buf).unwrap_or_default();
        let mut problems = Problems::default();
        let raw = settings::parse(&text, &mut problems);
        let schools = rows::schools(&home, &mut problems);
        let settings = settings::check(raw, &text, &home, &schools, &mut problems);
        let rolls = rows::rolls(&home, &schools, &mut problems);
        let calendar = rows::calendar(&home, &schools, &mut problems);
        let groups = rows::groups(&home, &schools, &mut problems);
        let policy = rows::policy(&home, &schools, &mut problems);
        let roster = roster::read(&home, &schools, &mut problems);
        if !problems.0.is_empty() {
            return Err(EstateError::Refused { problems: problems.0 });
        }
        let missing = [
            ("rolls.csv", rolls.is_none()),
            ("calendar.csv", calendar.is_none()),
            ("groups.csv", groups.is_none()),
            ("policy.csv", policy.is_none()),
        ];
        Ok(Estate {
            home,
            lake_root: settings.lake_root,
            vault_root: settings.vault_root,
            register_path: settings.register_path,
            sources: settings.sources,
            user_domains: settings.user_domains,
            keep_allowed_queries: settings.keep_allowed_queries,
            schools,
            rolls: rolls.unwrap_or_default(),
            calendar: calendar.unwrap_or_default(),
            groups: groups.unwrap_or_default(),
            policy: policy.unwrap_or_default(),
            roster: Arc::new(roster.unwrap_or_default()),
            hours: settings.hours,
            retention: settings.retention,
            retention_by_school: settings.retention_by_school,
            mail: settings.mail,
            backup: settings.backup,
            engine: settings.engine,
            serving: settings.serving,
            sign_in: settings.sign_in,
            receiving: settings.receiving,
            fetches: settings.fetches,
            formats: settings.formats,
            missing: missing.into_iter().filter(|(_, is_missing)| *is_missing).map(|(file, _)| file).collect(),
        })
    }

    /// The nearest weir.toml in a folder or a folder above it.
    pub fn find(start_dir: &Path) -> Result<PathBuf, EstateError> {
        let start = std::path::absolute(start_dir).map_err(|error| EstateError::Io { path: start_dir.to_path_buf(), error })?;
        for path in start.ancestors().map(|folder| folder.join(settings::FILE)) {
            match std::fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => return Ok(path),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                // An estate that may not be looked at is not an estate that is not there: another one above it would be taken for it.
                Err(error) => return Err(EstateError::Io { path, error }),
            }
        }
        Err(EstateError::NotFound { start: start_dir.to_path_buf() })
    }

    /// Whether a school's term dates are known, and until when.
    pub fn calendar_state(&self, school: &SchoolId) -> CalendarState {
        self.calendar
            .iter()
            .filter(|row| row.kind == CalendarKind::HalfTermBlock && row.school_id.as_ref().is_none_or(|own| own == school))
            .map(|row| row.end)
            .max()
            .map_or(CalendarState::None, CalendarState::Ends)
    }

    /// How long a school's rows are kept.
    pub fn retention_of(&self, school: &SchoolId) -> &super::Retention {
        self.retention_by_school.get(school).unwrap_or(&self.retention)
    }

    /// Days for which a source's exports are kept: of several schools the one that keeps least decides, since a file can't be parted.
    pub fn exports_days_of(&self, source: &Source) -> u32 {
        let schools: Vec<&SchoolId> = match &source.school {
            SchoolOf::One(school) => vec![school],
            SchoolOf::Map(rules) => rules.iter().map(|rule| &rule.school).collect(),
        };
        let days = schools.into_iter().map(|school| self.retention_of(school).exports_days);
        days.min().unwrap_or(self.retention.exports_days)
    }

    /// Pupils on roll in an academic year: the row for the whole school, or the year groups together. None without a row.
    pub fn pupils(&self, school: &SchoolId, year: super::AcademicYear) -> Option<u32> {
        let mut rows = self.rolls.iter().filter(|roll| roll.school_id == *school && roll.academic_year == year).peekable();
        rows.peek()?;
        let (mut whole, mut groups) = (None, 0);
        for roll in rows {
            if roll.year_group == "*" { whole = Some(roll.pupils) } else { groups += roll.pupils }
        }
        Some(whole.unwrap_or(groups))
    }
}

#[cfg(test)]
pub(crate) mod tests;
