//! Writes a new estate: weir.toml and the CSV files, each explaining itself, complete enough that the first ingest works.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::error::EstateError;
use super::{AcademicYear, bank_holidays};
use crate::clock;

const WEIR_TOML: &str = include_str!("templates/weir.toml");
const SCHOOLS: &str = include_str!("templates/schools.csv");
const ROLLS: &str = include_str!("templates/rolls.csv");
const CALENDAR: &str = include_str!("templates/calendar.csv");
const GROUPS: &str = include_str!("templates/groups.csv");
const POLICY: &str = include_str!("templates/policy.csv");

/// Writes an estate of one English school into a folder, with bank holidays for this academic year and the next. Gives the files
/// written; refuses, and writes nothing, where one of them is there already.
pub fn init(dir: &Path) -> Result<Vec<PathBuf>, EstateError> {
    let zone = clock::zone(clock::DEFAULT_ZONE).unwrap_or(jiff::tz::TimeZone::UTC);
    init_for(dir, "england", clock::today(&zone))
}

/// As [`init`], for a nation (`england`, `wales`, `scotland`) and a day.
pub fn init_for(dir: &Path, nation: &str, today: Date) -> Result<Vec<PathBuf>, EstateError> {
    let year = AcademicYear::of(today, nation);
    let fill = |template: &str| {
        template
            .replace("{nation}", nation)
            .replace("{academic_year}", &year.to_string())
            .replace("{year}", &year.0.to_string())
            .replace("{next}", &year.next().0.to_string())
    };
    let files = [
        ("weir.toml", fill(WEIR_TOML)),
        ("schools.csv", fill(SCHOOLS)),
        ("rolls.csv", fill(ROLLS)),
        ("calendar.csv", fill(CALENDAR) + &holiday_rows(year, nation)),
        ("groups.csv", fill(GROUPS)),
        ("policy.csv", fill(POLICY)),
    ];
    for (name, _) in &files {
        let path = dir.join(name);
        match path.symlink_metadata() {
            Ok(_) => return Err(EstateError::AlreadyThere { path }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(EstateError::Io { path, error }),
        }
    }
    std::fs::create_dir_all(dir).map_err(|error| EstateError::Io { path: dir.to_path_buf(), error })?;
    let mut written = Vec::new();
    for (name, text) in files {
        let path = dir.join(name);
        // Created only if absent, so that even a file that appeared meanwhile is left alone.
        let result = OpenOptions::new().write(true).create_new(true).open(&path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        match result {
            Ok(()) => written.push(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Err(EstateError::AlreadyThere { path }),
            Err(error) => return Err(EstateError::Io { path, error }),
        }
    }
    Ok(written)
}

/// Bank holidays on the weekdays of an academic year and the next.
fn holiday_rows(year: AcademicYear, nation: &str) -> String {
    let mut text = String::new();
    let holidays = (year.0..=year.0 + 2).flat_map(|year| bank_holidays(year, nation));
    for (date, name) in holidays {
        let of = AcademicYear::of(date, nation);
        if of == year || of == year.next() {
            text.push_str(&format!("*,{date},{date},holiday,{name}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{CalendarState, Estate, Expected, SchoolOf};
    use super::*;
    use crate::calendar::Calendar;
    use crate::ids::SchoolId;

    #[test]
    fn what_init_writes_loads_and_can_ingest_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("estate");
        let written = init_for(&dir, "england", "2026-11-22".parse().unwrap()).unwrap();
        assert_eq!(written.len(), 6);
        let estate = Estate::load(&dir.join("weir.toml")).unwrap();
        assert_eq!(estate.schools.len(), 1);
        assert_eq!(estate.missing, Vec::<&str>::new());
        let school = SchoolId::parse("my-school").unwrap();
        let source = estate.sources.values().next().unwrap();
        assert!(matches!(&source.school, SchoolOf::One(id) if *id == school));
        assert_eq!(estate.lake_root, estate.home.join("lake"));
        assert_eq!(estate.vault_root, estate.home.join("vault"));
        assert_eq!(estate.calendar_state(&school), CalendarState::None, "term dates are the school's to give");
        let dates: Vec<String> = estate.calendar.iter().map(|row| row.start.to_string()).collect();
        assert_eq!(dates.first().map(String::as_str), Some("2026-12-25"));
        assert_eq!(dates.last().map(String::as_str), Some("2028-08-28"));
        assert_eq!(dates.len(), 16);
        assert!(Calendar::new(&estate).rows(&school).len() == 16);
        let today: Date = "2026-11-22".parse().unwrap();
        for (who, category, wanted) in [
            ("pupil", "csam", Expected::Block),
            ("staff", "social_media", Expected::Allow),
            ("pupil", "help_lines", Expected::Allow),
        ] {
            assert_eq!(
                estate.expected(&school, None, who, category, today).map(|row| row.expected),
                Some(wanted),
                "{who} {category}"
            );
        }
        assert!(
            matches!(init_for(&dir, "england", today), Err(EstateError::AlreadyThere { path }) if path.ends_with("weir.toml"))
        );
    }

    #[test]
    fn one_file_that_is_there_stops_all() {
        let folder = tempfile::tempdir().unwrap();
        let policy = folder.path().join("policy.csv");
        std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), &policy).unwrap();
        let error = init(folder.path()).unwrap_err();
        assert!(
            error.to_string().ends_with("policy.csv is there already and was left as it is; choose an empty folder"),
            "{error}"
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
