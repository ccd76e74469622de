//! roster.csv: who holds which log-ins, in clear names that can't be printed.

use std::fmt;
use std::path::Path;

use jiff::civil::Date;

use super::UserType;
use super::logins::{Login, normalise_login};
use super::rows::Schools;
use super::settings::{known_school, unknown_school};
use super::table::{ColumnSpec, CsvTable, Problems, optional};
use crate::ids::SchoolId;
use crate::names::ClearName;

/// One row of roster.csv.
pub struct RosterRow {
    /// None where the row holds for every school.
    pub school_id: Option<SchoolId>,
    /// The person, as people write it; rows with the same text (case folded) are one person.
    pub person: ClearName,
    /// The person's log-ins, the first being the one whose key the person keeps.
    pub logins: Vec<Login>,
    /// The type it gives.
    pub user_type: Option<UserType>,
    /// The year group it gives.
    pub year_group: Option<String>,
    /// First day it holds.
    pub from: Option<Date>,
    /// Last day it holds.
    pub to: Option<Date>,
}

/// All of roster.csv. It prints as a count.
#[derive(Default)]
pub struct Roster {
    /// Rows in file order.
    pub rows: Vec<RosterRow>,
}

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roster({} rows)", self.rows.len())
    }
}

const COLUMNS: &[ColumnSpec] = &[
    optional(&["school_id"]),
    ColumnSpec { names: &["person", "name"], required: true, personal: true },
    ColumnSpec { names: &["logins", "log_ins", "login"], required: true, personal: true },
    optional(&["user_type"]),
    optional(&["year_group"]),
    optional(&["from"]),
    optional(&["to"]),
];

/// Reads roster.csv; `None` where there is none.
pub(crate) fn read(home: &Path, schools: &Schools, problems: &mut Problems) -> Option<Roster> {
    let table = CsvTable::read(home, "roster.csv", COLUMNS, problems)?;
    let mut roster = Roster::default();
    for row in &table.rows {
        let school_id = match table.text(row, "school_id") {
            "" | "*" => Some(None),
            text => {
                let school = known_school(text, schools);
                if school.is_none() {
                    problems.add(table.file, Some(row.line), Some("school_id"), unknown_school(text, true, schools));
                }
                school.map(Some)
            }
        };
        let person = table.required_text(row, "person", problems);
        let logins: Vec<Login> = table.text(row, "logins").split(';').filter_map(normalise_login).collect();
        if logins.is_empty() {
            table.refuse(row, "logins", "give at least one log-in, several with ; between them", problems);
        }
        let user_type = match table.text(row, "user_type") {
            "" => Some(None),
            _ => table.choice(row, "user_type", &UserType::WORDS, problems).map(Some),
        };
        let validity = table.validity(row, problems);
        let (Some(school_id), Some(person), Some(user_type), Some((from, to))) = (school_id, person, user_type, validity) else {
            continue;
        };
        roster.rows.push(RosterRow {
            school_id,
            person: ClearName::new(person),
            logins,
            user_type,
            year_group: table.optional_text(row, "year_group"),
            from,
            to,
        });
    }
    Some(roster)
}
