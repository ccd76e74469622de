//! Checks the rows of schools.csv, rolls.csv, calendar.csv, groups.csv and policy.csv; every fault is noted with the mend.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::error::found_text;
use super::settings::{known_school, unknown_school};
use super::table::{ColumnSpec, CsvTable, Problems, Row, optional, required};
use super::{AcademicYear, CalendarKind, CalendarRow, Expected, GroupRow, MatchOn, PolicyRow, Roll, School, UserType};
use crate::clock;
use crate::ids::SchoolId;

/// Schools by id.
pub(crate) type Schools = BTreeMap<SchoolId, School>;

/// Phases of schooling; funnels compare a school with others of its own.
pub(crate) const PHASES: [(&str, &str); 11] = [
    ("nursery", "nursery"),
    ("infant", "infant"),
    ("junior", "junior"),
    ("primary", "primary"),
    ("middle", "middle"),
    ("secondary", "secondary"),
    ("all_through", "all_through"),
    ("sixth_form", "sixth_form"),
    ("special", "special"),
    ("alternative", "alternative"),
    ("federation", "federation"),
];

const NATIONS: [(&str, &str); 3] = [("england", "england"), ("wales", "wales"), ("scotland", "scotland")];

const SCHOOL_COLUMNS: &[ColumnSpec] = &[
    required(&["school_id"]),
    required(&["name"]),
    optional(&["urn"]),
    required(&["phase"]),
    optional(&["nation"]),
    optional(&["timezone", "tz"]),
    optional(&["governing_body"]),
    optional(&["trust"]),
    optional(&["authority"]),
    optional(&["opens"]),
    optional(&["closes"]),
];

/// Reads schools.csv, the one file an estate can't do without.
pub(crate) fn schools(home: &Path, problems: &mut Problems) -> Schools {
    const FILE: &str = "schools.csv";
    let mut schools = Schools::new();
    let Some(table) = CsvTable::read(home, FILE, SCHOOL_COLUMNS, problems) else {
        problems.add(FILE, None, None, "is not there; `weir init DIR` writes one to start from");
        return schools;
    };
    let mut lines: HashMap<SchoolId, u64> = HashMap::new();
    for row in &table.rows {
        let text = table.text(row, "school_id");
        let id = match SchoolId::parse(text) {
            Ok(id) => Some(id),
            Err(error) => {
                problems.add(FILE, Some(row.line), Some("school_id"), error.to_string());
                None
            }
        };
        if let Some(id) = &id
            && let Some(first) = lines.insert(id.clone(), row.line)
        {
            problems.add(
                FILE,
                Some(row.line),
                Some("school_id"),
                format!("{} again, first on line {first}; keep one", found_text(text)),
            );
        }
        let timezone = table.optional_text(row, "timezone").unwrap_or_else(|| clock::DEFAULT_ZONE.to_owned());
        if clock::zone(&timezone).is_none() {
            table.refuse(row, "timezone", "use a zone such as Europe/London", problems);
        }
        let nation = match table.text(row, "nation") {
            "" => Some("england"),
            _ => table.choice(row, "nation", &NATIONS, problems),
        };
        let (opens, closes) = (table.optional_date(row, "opens", problems), table.optional_date(row, "closes", problems));
        if let (Some(Some(opens)), Some(Some(closes))) = (opens, closes)
            && opens > closes
        {
            table.refuse(row, "closes", &format!("use a date not before opens ({opens})"), problems);
        }
        let name = table.required_text(row, "name", problems);
        let phase = table.choice(row, "phase", &PHASES, problems);
        let (Some(school_id), Some(name), Some(phase), Some(nation), Some(opens), Some(closes)) =
            (id, name, phase, nation, opens, closes)
        else {
            continue;
        };
        let school = School {
            school_id: school_id.clone(),
            name,
            urn: table.optional_text(row, "urn"),
            phase: phase.to_owned(),
            nation: nation.to_owned(),
            timezone,
            governing_body: table.optional_text(row, "governing_body"),
            trust: table.optional_text(row, "trust"),
            authority: table.optional_text(row, "authority"),
            opens,
            closes,
        };
        schools.insert(school_id, school);
    }
    if schools.is_empty() && table.rows.is_empty() && problems.0.is_empty() {
        problems.add(FILE, None, None, "names no school; add at least one row");
    }
    schools
}

/// A cell with a school's id or `*`. The outer `None` says that a problem was noted.
fn school_or_all(table: &CsvTable, row: &Row, schools: &Schools, problems: &mut Problems) -> Option<Option<SchoolId>> {
    match table.text(row, "school_id") {
        "*" => Some(None),
        text => {
            let school = known_school(text, schools);
            if school.is_none() {
                problems.add(table.file, Some(row.line), Some("school_id"), unknown_school(text, true, schools));
            }
            school.map(Some)
        }
    }
}

const ROLL_COLUMNS: &[ColumnSpec] =
    &[required(&["school_id"]), required(&["academic_year"]), required(&["year_group"]), required(&["pupils"])];

/// Reads rolls.csv.
pub(crate) fn rolls(home: &Path, schools: &Schools, problems: &mut Problems) -> Option<Vec<Roll>> {
    let table = CsvTable::read(home, "rolls.csv", ROLL_COLUMNS, problems)?;
    let mut rolls = Vec::new();
    let mut lines: HashMap<(SchoolId, AcademicYear, String), u64> = HashMap::new();
    for row in &table.rows {
        let school = known_school(table.text(row, "school_id"), schools);
        if school.is_none() {
            let what = unknown_school(table.text(row, "school_id"), false, schools);
            problems.add(table.file, Some(row.line), Some("school_id"), what);
        }
        let academic_year = AcademicYear::parse(table.text(row, "academic_year"));
        if academic_year.is_none() {
            table.refuse(row, "academic_year", "use a year such as 2026-27", problems);
        }
        let pupils: Option<u32> = table.text(row, "pupils").parse().ok();
        if pupils.is_none() {
            table.refuse(row, "pupils", "use a whole number", problems);
        }
        let year_group = table.required_text(row, "year_group", problems);
        let (Some(school_id), Some(academic_year), Some(year_group), Some(pupils)) = (school, academic_year, year_group, pupils)
        else {
            continue;
        };
        if let Some(first) = lines.insert((school_id.clone(), academic_year, year_group.to_lowercase()), row.line) {
            let what = format!("found the same school, year and group as on line {first}; keep one");
            problems.add(table.file, Some(row.line), Some("year_group"), what);
        }
        rolls.push(Roll { school_id, academic_year, year_group, pupils });
    }
    Some(rolls)
}

const CALENDAR_COLUMNS: &[ColumnSpec] =
    &[required(&["school_id"]), required(&["start"]), required(&["end"]), required(&["kind"]), optional(&["label"])];

const KINDS: [(&str, CalendarKind); 4] = [
    ("half_term_block", CalendarKind::HalfTermBlock),
    ("holiday", CalendarKind::Holiday),
    ("inset", CalendarKind::Inset),
    ("closure", CalendarKind::Closure),
];

/// Reads calendar.csv.
pub(crate) fn calendar(home: &Path, schools: &Schools, problems: &mut Problems) -> Option<Vec<CalendarRow>> {
    let table = CsvTable::read(home, "calendar.csv", CALENDAR_COLUMNS, problems)?;
    let mut rows: Vec<(u64, CalendarRow)> = Vec::new();
    for row in &table.rows {
        let school_id = school_or_all(&table, row, schools, problems);
        let kind = table.choice(row, "kind", &KINDS, problems);
        let (start, end) = (table.date(row, "start", problems), table.date(row, "end", problems));
        if let (Some(start), Some(end)) = (start, end)
            && start > end
        {
            table.refuse(row, "end", &format!("use a date not before start ({start})"), problems);
            continue;
        }
        let label = table.text(row, "label").to_owned();
        if kind == Some(CalendarKind::HalfTermBlock) && label.is_empty() {
            table.refuse(row, "label", "name the half-term, for example Autumn 1", problems);
        }
        let (Some(school_id), Some(kind), Some(start), Some(end)) = (school_id, kind, start, end) else { continue };
        rows.push((row.line, CalendarRow { school_id, start, end, kind, label }));
    }
    refuse_overlaps(&table, &rows, problems);
    Some(rows.into_iter().map(|(_, row)| row).collect())
}

/// A day in two half-terms would count twice in every rate.
fn refuse_overlaps(table: &CsvTable, rows: &[(u64, CalendarRow)], problems: &mut Problems) {
    let mut blocks: BTreeMap<Option<&SchoolId>, Vec<(u64, &CalendarRow)>> = BTreeMap::new();
    for (line, row) in rows.iter().filter(|(_, row)| row.kind == CalendarKind::HalfTermBlock) {
        blocks.entry(row.school_id.as_ref()).or_default().push((*line, row));
    }
    let mut found = Vec::new();
    for (school, blocks) in &mut blocks {
        blocks.sort_by_key(|(line, row)| (row.start, *line));
        for pair in blocks.windows(2) {
            let [(line, first), (other, next)] = pair else { continue };
            if next.start <= first.end {
                let (early, late) = (line.min(other), line.max(other));
                let whose = school.map_or("*", SchoolId::as_str);
                found.push((
                    *late,
                    format!("this half_term_block of {whose} overlaps the one on line {early}; change one of the two"),
                ));
            }
        }
    }
    found.sort();
    for (line, what) in found {
        problems.add(table.file, Some(line), Some("start"), what);
    }
}

const GROUP_COLUMNS: &[ColumnSpec] = &[
    required(&["school_id"]),
    required(&["match", "match_on", "on"]),
    ColumnSpec { names: &["pattern"], required: true, personal: true },
    required(&["user_type"]),
    optional(&["year_group"]),
    optional(&["boarder"]),
    optional(&["from"]),
    optional(&["to"]),
];

/// Reads groups.csv.
pub(crate) fn groups(home: &Path, schools: &Schools, problems: &mut Problems) -> Option<Vec<GroupRow>> {
    let table = CsvTable::read(home, "groups.csv", GROUP_COLUMNS, problems)?;
    let matches = [("group", MatchOn::Group), ("profile", MatchOn::Profile), ("user", MatchOn::User)];
    let answers = [("yes", true), ("no", false), ("true", true), ("false", false), ("1", true), ("0", false)];
    let mut groups = Vec::new();
    for row in &table.rows {
        let school_id = school_or_all(&table, row, schools, problems);
        let on = table.choice(row, "match", &matches, problems);
        let pattern = table.required_text(row, "pattern", problems);
        let user_type = table.choice(row, "user_type", &UserType::WORDS, problems);
        let boarder = match table.text(row, "boarder") {
            "" => Some(false),
            _ => table.choice(row, "boarder", &answers, problems),
        };
        let validity = table.validity(row, problems);
        let (Some(school_id), Some(on), Some(pattern), Some(user_type), Some(boarder), Some((from, to))) =
            (school_id, on, pattern, user_type, boarder, validity)
        else {
            continue;
        };
        let year_group = table.optional_text(row, "year_group");
        groups.push(GroupRow { school_id, on, pattern, user_type, year_group, boarder, from, to });
    }
    Some(groups)
}

const POLICY_COLUMNS: &[ColumnSpec] = &[
    required(&["school_id"]),
    required(&["profile_or_user_type", "profile", "user_type", "profile_or_type", "who"]),
    required(&["category"]),
    required(&["expected"]),
    optional(&["reason"]),
    optional(&["from"]),
    optional(&["to"]),
];

/// Reads policy.csv.
pub(crate) fn policy(home: &Path, schools: &Schools, problems: &mut Problems) -> Option<Vec<PolicyRow>> {
    let table = CsvTable::read(home, "policy.csv", POLICY_COLUMNS, problems)?;
    let expectations = [("block", Expected::Block), ("warn", Expected::Warn), ("allow", Expected::Allow)];
    let mut policy = Vec::new();
    for row in &table.rows {
        let school_id = school_or_all(&table, row, schools, problems);
        let category = table.required_text(row, "category", problems);
        let expected = table.choice(row, "expected", &expectations, problems);
        let reason = table.text(row, "reason").to_owned();
        if reason.is_empty() {
            table.refuse(row, "reason", "say why in a few words; the review prints it", problems);
        }
        let validity = table.validity(row, problems);
        let (Some(school_id), Some(category), Some(expected), Some((from, to))) = (school_id, category, expected, validity)
        else {
            continue;
        };
        let who = table.optional_text(row, "profile_or_user_type").filter(|who| who != "*");
        policy.push(PolicyRow {
            school_id,
            profile_or_user_type: who,
            category: category.to_lowercase(),
            expected,
            reason,
            from,
            to,
        });
    }
    Some(policy)
}
