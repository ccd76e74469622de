//! What people record about their filter, as far as figures need it: days, kinds and numbers as small tables; no text that anybody
//! typed and nobody's name or key.
//!
//! Given by the caller, because the register is the people's and no part of the lake: what opens it stands above both.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array};
use jiff::civil::Date;
use weir_lake::calendar::epoch_day;
use weir_lake::ids::SchoolId;

use crate::engine::Tables;
use crate::error::QueryError;
use crate::tables::{in_memory, text};

/// What people recorded, of all schools. Nothing by default: then no figure says anything of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Records {
    /// Tests that are planned.
    pub plan: Vec<PlannedTest>,
    /// Tests that were made.
    pub tests: Vec<TestMade>,
    /// Changes that were asked for.
    pub changes: Vec<ChangeAsked>,
    /// Alerts.
    pub alerts: Vec<Alert>,
    /// Names that were revealed.
    pub reveals: Vec<Reveal>,
    /// Since when reveals are written down; none: nobody knows of any.
    pub trail_since: Option<Date>,
}

/// A test that is planned at a place: a kind of device, at a site, for a group of people.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlannedTest {
    /// School.
    pub school: SchoolId,
    /// The place's number.
    pub place: i64,
    /// What is tested.
    pub test: String,
    /// At least every how many days.
    pub every_days: u16,
    /// Since when.
    pub since: Date,
    /// The first day on which it no longer is; none while it is.
    pub until: Option<Date>,
}

/// A test that was made. One that was withdrawn is none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TestMade {
    /// School.
    pub school: SchoolId,
    /// The place's number.
    pub place: i64,
    /// What was tested.
    pub test: String,
    /// When.
    pub day: Date,
    /// Whether it passed.
    pub passed: bool,
}

/// A change that was asked for. One that was withdrawn is none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChangeAsked {
    /// School.
    pub school: SchoolId,
    /// Its number.
    pub number: i64,
    /// `policy`, `bypass` or `unblock`.
    pub kind: String,
    /// When it was asked for.
    pub asked: Date,
    /// When somebody decided.
    pub decided: Option<Date>,
    /// Whether it was approved.
    pub granted: bool,
    /// When it was made.
    pub made: Option<Date>,
    /// When it was taken back.
    pub ended: Option<Date>,
}

/// An alert about a pupil.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Alert {
    /// School.
    pub school: SchoolId,
    /// Its number.
    pub number: i64,
    /// A number that tells the pupils of these rows apart, and says nothing else of them. Never a key.
    pub pupil: i64,
    /// 1 low to 4 urgent.
    pub severity: u8,
    /// When what it tells of happened, by the school's clock: day, and minute of that day.
    pub happened: (Date, u16),
    /// When somebody acknowledged it.
    pub acknowledged: Option<(Date, u16)>,
    /// What came of it, by the register's word; `false_positive` is a false alarm.
    pub outcome: Option<String>,
    /// The day on which that was said.
    pub closed: Option<Date>,
}

/// A name that was revealed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reveal {
    /// School.
    pub school: SchoolId,
    /// When.
    pub day: Date,
    /// The role under which it was.
    pub role: String,
    /// A number that tells the people of these rows apart, and says nothing else of them. Never a key.
    pub person: i64,
}

fn days(days: impl Iterator<Item = Option<Date>>) -> ArrayRef {
    Arc::new(days.map(|day| day.map(epoch_day)).collect::<Date32Array>())
}

fn numbers(numbers: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(numbers))
}

fn small(numbers: impl Iterator<Item = Option<i32>>) -> ArrayRef {
    Arc::new(numbers.collect::<Int32Array>())
}

fn truths(truths: impl Iterator<Item = bool>) -> ArrayRef {
    Arc::new(truths.map(Some).collect::<BooleanArray>())
}

impl Records {
    /// The tables `register_plan`, `register_checks`, `register_changes`, `register_alerts`, `register_reveals` and `register_trail`.
    pub(crate) fn tables(&self) -> Result<Tables, QueryError> {
        let mut tables = Tables::new();
        let (plan, tests, changes) = (|| self.plan.iter(), || self.tests.iter(), || self.changes.iter());
        let (alerts, reveals) = (|| self.alerts.iter(), || self.reveals.iter());
        tables.insert(
            "register_plan",
            in_memory(vec![
                ("school_id", text(plan().map(|row| Some(row.school.as_str())))),
                ("place", numbers(plan().map(|row| row.place))),
                ("test", text(plan().map(|row| Some(row.test.as_str())))),
                ("every_days", small(plan().map(|row| Some(i32::from(row.every_days))))),
                ("since", days(plan().map(|row| Some(row.since)))),
                ("until", days(plan().map(|row| row.until))),
            ])?,
        );
        tables.insert(
            "register_checks",
            in_memory(vec![
                ("school_id", text(tests().map(|row| Some(row.school.as_str())))),
                ("place", numbers(tests().map(|row| row.place))),
                ("test", text(tests().map(|row| Some(row.test.as_str())))),
                ("day", days(tests().map(|row| Some(row.day)))),
                ("passed", truths(tests().map(|row| row.passed))),
            ])?,
        );
        tables.insert(
            "register_changes",
            in_memory(vec![
                ("school_id", text(changes().map(|row| Some(row.school.as_str())))),
                ("number", numbers(changes().map(|row| row.number))),
                ("kind", text(changes().map(|row| Some(row.kind.as_str())))),
                ("asked", days(changes().map(|row| Some(row.asked)))),
                ("decided", days(changes().map(|row| row.decided))),
                ("granted", truths(changes().map(|row| row.granted))),
                ("made", days(changes().map(|row| row.made))),
                ("ended", days(changes().map(|row| row.ended))),
            ])?,
        );
        tables.insert(
            "register_alerts",
            in_memory(vec![
                ("school_id", text(alerts().map(|row| Some(row.school.as_str())))),
                ("number", numbers(alerts().map(|row| row.number))),
                ("pupil", numbers(alerts().map(|row| row.pupil))),
                ("severity", small(alerts().map(|row| Some(i32::from(row.severity))))),
                ("happened", days(alerts().map(|row| Some(row.happened.0)))),
                ("happened_minute", small(alerts().map(|row| Some(i32::from(row.happened.1))))),
                ("acknowledged", days(alerts().map(|row| row.acknowledged.map(|at| at.0)))),
                ("acknowledged_minute", small(alerts().map(|row| row.acknowledged.map(|at| i32::from(at.1))))),
                ("outcome", text(alerts().map(|row| row.outcome.as_deref()))),
                ("closed", days(alerts().map(|row| row.closed))),
            ])?,
        );
        tables.insert(
            "register_reveals",
            in_memory(vec![
                ("school_id", text(reveals().map(|row| Some(row.school.as_str())))),
                ("day", days(reveals().map(|row| Some(row.day)))),
                ("role", text(reveals().map(|row| Some(row.role.as_str())))),
                ("person", numbers(reveals().map(|row| row.person))),
            ])?,
        );
        tables.insert("register_trail", in_memory(vec![("since", days(self.trail_since.into_iter().map(Some)))])?);
        Ok(tables)
    }
}
