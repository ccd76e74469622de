//! `[retention]` of weir.toml: how long each table is kept, and schools that keep less.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::School;
use super::error::{found_use, one_of};
use super::settings::{Place, known_school, unknown_school};
use super::table::Problems;
use crate::ids::SchoolId;

/// How long rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Raw events, days.
    pub raw_days: u32,
    /// Rollups with keys, months at most.
    pub pupil_days_months: u32,
    /// Administrators' changes, months.
    pub admin_events_months: u32,
    /// Rollups without keys, months.
    pub theme_weeks_months: u32,
    /// Quarantined lines, days.
    pub quarantine_days: u32,
    /// Exports in done and failed folders, the spool and fetched mail, days.
    pub exports_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            raw_days: 90,
            pupil_days_months: 13,
            admin_events_months: 13,
            theme_weeks_months: 25,
            quarantine_days: 30,
            exports_days: 14,
        }
    }
}

/// A number of days or months, or, under `school`, those of each school.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum RawRetention {
    Time(u32),
    Schools(BTreeMap<String, BTreeMap<String, u32>>),
}

const KEYS: [&str; 6] =
    ["raw_days", "pupil_days_months", "admin_events_months", "theme_weeks_months", "quarantine_days", "exports_days"];

/// What a school may have of its own. Rollups without keys are kept alike, because figures set schools side by side.
const OF_A_SCHOOL: [&str; 5] = ["raw_days", "pupil_days_months", "admin_events_months", "quarantine_days", "exports_days"];

/// The setting of a name, with the least and most that it may be: raw rows a month to a year, keys at most 13 months, keyless rows at most 25.
fn field<'r>(retention: &'r mut Retention, key: &str) -> Option<(&'r mut u32, u32, u32)> {
    Some(match key {
        "raw_days" => (&mut retention.raw_days, 30, 365),
        "pupil_days_months" => (&mut retention.pupil_days_months, 1, 13),
        "admin_events_months" => (&mut retention.admin_events_months, 1, 13),
        "theme_weeks_months" => (&mut retention.theme_weeks_months, 13, 25),
        "quarantine_days" => (&mut retention.quarantine_days, 1, 30),
        "exports_days" => (&mut retention.exports_days, 0, 90),
        _ => return None,
    })
}

/// Checks all of it: what holds for every school, and what holds for some.
pub(crate) fn check(
    raw: &BTreeMap<String, Spanned<RawRetention>>,
    place: &Place<'_>,
    schools: &BTreeMap<SchoolId, School>,
    problems: &mut Problems,
) -> (Retention, BTreeMap<SchoolId, Retention>) {
    let mut retention = Retention::default();
    for (key, value) in raw {
        match (value.get_ref(), field(&mut retention, key)) {
            (RawRetention::Time(found), Some((field, least, most))) => {
                if (least..=most).contains(found) {
                    *field = *found;
                } else {
                    place.refuse(value, &format!("retention.{key}"), format!("found {found}; use {least} to {most}"), problems);
                }
            }
            (RawRetention::Schools(_), None) if key == "school" => {}
            (RawRetention::Schools(_), Some(_)) => {
                place.refuse(value, &format!("retention.{key}"), "found a table; use a number", problems);
            }
            _ => place.refuse(value, "retention", found_use(key, &KEYS), problems),
        }
    }
    let mut by_school = BTreeMap::new();
    if let Some(value) = raw.get("school")
        && let RawRetention::Schools(of_schools) = value.get_ref()
    {
        for (name, keys) in of_schools {
            let key = format!("retention.school.{name}");
            let Some(school) = known_school(name, schools) else {
                place.refuse(value, &key, unknown_school(name, false, schools), problems);
                continue;
            };
            let mut own = retention;
            for (name, found) in keys {
                let key = format!("{key}.{name}");
                let mut most = retention;
                let most = field(&mut most, name).map(|(most, ..)| *most);
                match field(&mut own, name).filter(|_| OF_A_SCHOOL.contains(&name.as_str())).zip(most) {
                    None => {
                        place.refuse(value, &key, format!("is none of a school's own; use {}", one_of(&OF_A_SCHOOL)), problems)
                    }
                    Some(((field, least, _), most)) if (least..=most).contains(found) => *field = *found,
                    Some(((_, least, _), most)) => {
                        let what =
                            format!("found {found}; use {least} to {most}: a school may keep less than the others, not more");
                        place.refuse(value, &key, what, problems);
                    }
                }
            }
            by_school.insert(school, own);
        }
    }
    (retention, by_school)
}
