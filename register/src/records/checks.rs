//! Checks of the filter: what is planned where, each check with its results, what was done about a failure, and its closing.

use std::collections::BTreeMap;

use jiff::civil::Date;
use sqlx::{Row as _, SqliteConnection};
use weir_lake::ids::SchoolId;

use super::typed::{LONGEST, LONGEST_NAME, day, line, maybe_day, must, needed, prose};
use super::{By, Device, Fault, RecordError, Test, UserGroup, View};
use crate::store::Writing;
use crate::{Register, RegisterError};

/// Longest name of a site.
const LONGEST_SITE: usize = 60;

/// A place to test: a kind of device, at a site, for a group of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Its number.
    pub id: i64,
    /// The site.
    pub site: String,
    /// The kind of device.
    pub device: Device,
    /// The people.
    pub group: UserGroup,
    /// Since when it is to be tested.
    pub added_on: Date,
    /// Until when; none while it is.
    pub ended_on: Option<Date>,
    /// What is to be tested there, and at least every how many days.
    pub plan: BTreeMap<Test, u16>,
}

/// A place to plan tests for, in place of what was planned there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSpot {
    /// The site.
    pub site: String,
    /// The kind of device.
    pub device: Option<Device>,
    /// The people.
    pub group: Option<UserGroup>,
    /// What is to be tested.
    pub tests: Vec<Test>,
    /// At least every how many days.
    pub every_days: u16,
}

impl NewSpot {
    /// What is wrong with it.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let missing = Fault::at("site", "Say which site it is, for example main building.");
        must(&mut faults, &line(&self.site), LONGEST_SITE, Some(missing), Fault::at("site", "Use at most 60 characters."));
        if self.device.is_none() {
            faults.push(Fault::at("device", "Choose a kind of device."));
        }
        if self.group.is_none() {
            faults.push(Fault::at("group", "Choose whose sign-in or profile it is."));
        }
        if self.tests.is_empty() {
            faults.push(Fault::at("tests", "Choose at least one thing to test."));
        }
        if !(1..=366).contains(&self.every_days) {
            faults.push(Fault::at("every", "Choose how often."));
        }
        faults
    }
}

/// A check to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCheck {
    /// Where.
    pub spot: Option<i64>,
    /// When.
    pub day: Date,
    /// Who made it.
    pub done_by: String,
    /// From whose view.
    pub view: Option<View>,
    /// What was tested, and whether it passed.
    pub results: BTreeMap<Test, bool>,
    /// What was seen.
    pub found: String,
    /// What is to be done.
    pub action: String,
    /// Who sees to it.
    pub owner: String,
    /// By when.
    pub due: Option<Date>,
}

impl NewCheck {
    /// Whether something failed.
    pub fn has_failed(&self) -> bool {
        self.results.values().any(|passed| !passed)
    }

    /// What is wrong with it, on this day.
    pub fn faults(&self, today: Date) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.spot.is_none() {
            faults.push(Fault::at("spot", "Choose where it was made."));
        }
        if self.day > today {
            faults.push(Fault::at("day", "This day is still to come. Record a check once it is made."));
        }
        let who = Fault::at("done_by", "Say who made it.");
        must(&mut faults, &line(&self.done_by), LONGEST_NAME, Some(who), Fault::at("done_by", "Use at most 100 characters."));
        if self.view.is_none() {
            faults.push(Fault::at("view", "Choose from whose view it was made."));
        }
        if self.results.is_empty() {
            faults.push(Fault::at("results", "Say of at least one thing whether it passed."));
        }
        let failed = self.has_failed();
        let if_failed = |field, words| failed.then_some(Fault::at(field, words));
        let found = if_failed("found", "Something failed: say what you saw.");
        must(&mut faults, &prose(&self.found), LONGEST, found, Fault::at("found", "Use at most 1,000 characters."));
        let action = if_failed("action", "Something failed: say what is to be done.");
        must(&mut faults, &prose(&self.action), LONGEST, action, Fault::at("action", "Use at most 1,000 characters."));
        let owner = if_failed("owner", "Something failed: say who sees to it.");
        must(&mut faults, &line(&self.owner), LONGEST_NAME, owner, Fault::at("owner", "Use at most 100 characters."));
        match self.due {
            None => faults.extend(if_failed("due", "Something failed: say by which day it is to be mended.")),
            Some(due) if due < self.day => faults.push(Fault::at("due", "This day is before the check.")),
            Some(_) => {}
        }
        faults
    }
}

/// A check as it stands in the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its number.
    pub id: i64,
    /// Where.
    pub spot: i64,
    /// When.
    pub day: Date,
    /// Who made it.
    pub done_by: String,
    /// From whose view.
    pub view: View,
    /// What was tested, and whether it passed.
    pub results: BTreeMap<Test, bool>,
    /// What was seen.
    pub found: String,
    /// What is to be done.
    pub action: String,
    /// Who sees to it.
    pub owner: String,
    /// By when.
    pub due: Option<Date>,
    /// Who recorded it.
    pub recorded_by: String,
    /// When, microseconds.
    pub recorded_at: i64,
    /// When what was to be done was done, and what that was.
    pub closed: Option<(Date, String)>,
    /// Why it counts no longer.
    pub withdrawn: Option<String>,
}

impl Check {
    /// Whether something failed.
    pub fn has_failed(&self) -> bool {
        self.results.values().any(|passed| !passed)
    }

    /// Whether something is still to be done about it.
    pub fn is_open(&self) -> bool {
        self.withdrawn.is_none() && self.closed.is_none() && (self.has_failed() || !self.action.is_empty())
    }

    /// Whether that is late.
    pub fn is_late(&self, today: Date) -> bool {
        self.is_open() && self.due.is_some_and(|due| due < today)
    }
}

/// A school's plan and its checks, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckBook {
    /// Places, by site, device and group.
    pub spots: Vec<Spot>,
    /// Checks, those withdrawn included.
    pub checks: Vec<Check>,
}

impl CheckBook {
    /// A place.
    pub fn spot(&self, id: i64) -> Option<&Spot> {
        self.spots.iter().find(|spot| spot.id == id)
    }

    /// A check.
    pub fn check(&self, id: i64) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == id)
    }
}

/// Adds a check within a write; gives its number.
pub(super) async fn insert(
    writing: &mut Writing,
    by: By,
    school: &SchoolId,
    new: &NewCheck,
    now: i64,
    today: Date,
) -> Result<i64, RecordError> {
    let faults = new.faults(today);
    let (Some(spot), Some(view), true) = (new.spot, new.view, faults.is_empty()) else {
        return Err(RecordError::Wrong(faults));
    };
    let is_here: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM check_spots WHERE id = ? AND school = ? AND ended_on IS NULL)")
            .bind(spot)
            .bind(school.as_str())
            .fetch_one(writing.connection())
            .await?;
    if !is_here {
        return Err(RecordError::Wrong(vec![Fault::at("spot", "Choose where it was made.")]));
    }
    let added = sqlx::query(
        "INSERT INTO checks (school, spot, day, done_by, view, found, action, owner, due, recorded_by, recorded_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(school.as_str())
    .bind(spot)
    .bind(new.day.to_string())
    .bind(line(&new.done_by))
    .bind(view.word())
    .bind(prose(&new.found))
    .bind(prose(&new.action))
    .bind(line(&new.owner))
    .bind(new.due.map(|due| due.to_string()))
    .bind(by.id.0)
    .bind(now)
    .execute(writing.connection())
    .await?;
    let id = added.last_insert_rowid();
    for (test, passed) in &new.results {
        sqlx::query("INSERT INTO check_results (check_id, test, passed) VALUES (?, ?, ?)")
            .bind(id)
            .bind(test.word())
            .bind(*passed)
            .execute(writing.connection())
            .await?;
    }
    Ok(id)
}

impl Register {
    /// A school's plan and its checks.
    pub async fn checks(&self, school: &SchoolId) -> Result<CheckBook, RegisterError> {
        let mut reading = self.readers().begin().await?;
        read_book(&mut reading, school).await
    }

    /// Plans tests for a place, in place of what was planned there; gives its number.
    pub async fn plan_checks(&self, by: By, school: &SchoolId, new: &NewSpot, today: Date) -> Result<i64, RecordError> {
        let (faults, site) = (new.faults(), line(&new.site));
        let (Some(device), Some(group), true) = (new.device, new.group, faults.is_empty()) else {
            return Err(RecordError::Wrong(faults));
        };
        let mut writing = self.begin(by.records(school).with("plan", true).with("tests", new.tests.len() as u64)).await?;
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO check_spots (school, site, device, user_group, added_on) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (school, site, device, user_group) DO UPDATE
             SET ended_on = NULL, added_on = CASE WHEN ended_on IS NULL THEN added_on ELSE excluded.added_on END
             RETURNING id",
        )
        .bind(school.as_str())
        .bind(&site)
        .bind(device.word())
        .bind(group.word())
        .bind(today.to_string())
        .fetch_one(writing.connection())
        .await?;
        sqlx::query("DELETE FROM check_plan WHERE spot = ?").bind(id).execute(writing.connection()).await?;
        let tests: std::collections::BTreeSet<Test> = new.tests.iter().copied().collect();
        for test in tests {
            sqlx::query("INSERT INTO check_plan (spot, test, every_days) VALUES (?, ?, ?)")
                .bind(id)
                .bind(test.word())
                .bind(i64::from(new.every_days.min(test.at_least_every())))
                .execute(writing.connection())
                .await?;
        }
        writing.act().set_object("check-spot", id);
        let _receipt = writing.commit().await?;
        Ok(id)
    }

    /// Takes a place out of the plan: its devices are gone. Its checks stay.
    pub async fn end_spot(&self, by: By, school: &SchoolId, id: i64, today: Date) -> Result<(), RecordError> {
        let mut writing = self.begin(by.records(school).on("check-spot", id).with("ended", true)).await?;
        let changed = sqlx::query("UPDATE check_spots SET ended_on = ? WHERE id = ? AND school = ? AND ended_on IS NULL")
            .bind(today.to_string())
            .bind(id)
            .bind(school.as_str())
            .execute(writing.connection())
            .await?;
        if changed.rows_affected() == 0 {
            return Err(RecordError::NoSuch);
        }
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Records a check; gives its number.
    pub async fn record_check(
        &self,
        by: By,
        school: &SchoolId,
        new: &NewCheck,
        now: i64,
        today: Date,
    ) -> Result<i64, RecordError> {
        let faults = new.faults(today);
        if !faults.is_empty() {
            return Err(RecordError::Wrong(faults));
        }
        let failed = new.results.values().filter(|passed| !**passed).count() as u64;
        let act = by.records(school).with("tests", new.results.len() as u64).with("failed", failed);
        let mut writing = self.begin(act).await?;
        let id = insert(&mut writing, by, school, new, now, today).await?;
        writing.act().set_object("check", id);
        let _receipt = writing.commit().await?;
        Ok(id)
    }

    /// Says that what was to be done about a check is done, and what that was.
    pub async fn close_check(
        &self,
        by: By,
        school: &SchoolId,
        id: i64,
        on: Date,
        note: &str,
        today: Date,
    ) -> Result<(), RecordError> {
        let note = prose(note);
        let mut faults = Vec::new();
        let missing = Fault::at("note", "Say what was done.");
        must(&mut faults, &note, LONGEST, Some(missing), Fault::at("note", "Use at most 1,000 characters."));
        let mut writing = self.begin(by.records(school).on("check", id).with("closed", true)).await?;
        let book = read_book(writing.connection(), school).await?;
        let check = book.check(id).filter(|check| check.is_open()).ok_or(RecordError::NoSuch)?;
        if on > today || on < check.day {
            faults.push(Fault::at("closed_on", "Use a day from the check to today."));
        }
        if !faults.is_empty() {
            return Err(RecordError::Wrong(faults));
        }
        sqlx::query("UPDATE checks SET closed_on = ?, closed_note = ?, closed_by = ? WHERE id = ?")
            .bind(on.to_string())
            .bind(&note)
            .bind(by.id.0)
            .bind(id)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Takes a check that was recorded by mistake out of what counts. It stays in the list, with the reason.
    pub async fn withdraw_check(&self, by: By, school: &SchoolId, id: i64, why: &str, now: i64) -> Result<(), RecordError> {
        let why = needed("why", why, "Say what was wrong with it.")?;
        let mut writing = self.begin(by.records(school).on("check", id).with("withdrawn", true)).await?;
        let changed = sqlx::query(
            "UPDATE checks SET withdrawn_at = ?, withdrawn_why = ?, withdrawn_by = ?
             WHERE id = ? AND school = ? AND withdrawn_at IS NULL",
        )
        .bind(now)
        .bind(&why)
        .bind(by.id.0)
        .bind(id)
        .bind(school.as_str())
        .execute(writing.connection())
        .await?;
        if changed.rows_affected() == 0 {
            return Err(RecordError::NoSuch);
        }
        let _receipt = writing.commit().await?;
        Ok(())
    }
}

const UNKNOWN: RegisterError = RegisterError::Damaged("a word that it does not know");

async fn read_book(connection: &mut SqliteConnection, school: &SchoolId) -> Result<CheckBook, RegisterError> {
    let rows = sqlx::query(
        "SELECT id, site, device, user_group, added_on, ended_on FROM check_spots WHERE school = ? ORDER BY site, device, user_group",
    )
    .bind(school.as_str())
    .fetch_all(&mut *connection)
    .await?;
    let mut book = CheckBook::default();
    for row in rows {
        book.spots.push(Spot {
            id: row.try_get("id")?,
            site: row.try_get("site")?,
            device: Device::parse(row.try_get("device")?).ok_or(UNKNOWN)?,
            group: UserGroup::parse(row.try_get("user_group")?).ok_or(UNKNOWN)?,
            added_on: day(row.try_get("added_on")?)?,
            ended_on: maybe_day(row.try_get("ended_on")?)?,
            plan: BTreeMap::new(),
        });
    }
    let rows =
        sqlx::query("SELECT spot, test, every_days FROM check_plan WHERE spot IN (SELECT id FROM check_spots WHERE school = ?)")
            .bind(school.as_str())
            .fetch_all(&mut *connection)
            .await?;
    for row in rows {
        let (spot, every): (i64, i64) = (row.try_get("spot")?, row.try_get("every_days")?);
        let test = Test::parse(row.try_get("test")?).ok_or(UNKNOWN)?;
        if let Some(spot) = book.spots.iter_mut().find(|other| other.id == spot) {
            spot.plan.insert(test, u16::try_from(every).unwrap_or(u16::MAX));
        }
    }
    let mut results: BTreeMap<i64, BTreeMap<Test, bool>> = BTreeMap::new();
    let rows = sqlx::query(
        "SELECT check_id, test, passed FROM check_results WHERE check_id IN (SELECT id FROM checks WHERE school = ?)",
    )
    .bind(school.as_str())
    .fetch_all(&mut *connection)
    .await?;
    for row in rows {
        let test = Test::parse(row.try_get("test")?).ok_or(UNKNOWN)?;
        results.entry(row.try_get("check_id")?).or_default().insert(test, row.try_get("passed")?);
    }
    let rows = sqlx::query(
        "SELECT checks.*, accounts.name AS recorder FROM checks JOIN accounts ON accounts.id = recorded_by
         WHERE school = ? ORDER BY day DESC, checks.id DESC",
    )
    .bind(school.as_str())
    .fetch_all(connection)
    .await?;
    for row in rows {
        let id = row.try_get("id")?;
        let closed_on = maybe_day(row.try_get("closed_on")?)?;
        let closed_note: Option<String> = row.try_get("closed_note")?;
        book.checks.push(Check {
            id,
            spot: row.try_get("spot")?,
            day: day(row.try_get("day")?)?,
            done_by: row.try_get("done_by")?,
            view: View::parse(row.try_get("view")?).ok_or(UNKNOWN)?,
            results: results.remove(&id).unwrap_or_default(),
            found: row.try_get("found")?,
            action: row.try_get("action")?,
            owner: row.try_get("owner")?,
            due: maybe_day(row.try_get("due")?)?,
            recorded_by: row.try_get("recorder")?,
            recorded_at: row.try_get("recorded_at")?,
            closed: closed_on.zip(closed_note),
            withdrawn: row.try_get("withdrawn_why")?,
        });
    }
    Ok(book)
}
