//! Changes of the filter: asked by one person, decided by another, made by somebody who did not decide, and taken back in time.

use jiff::civil::Date;
use sqlx::{Row as _, SqliteConnection};
use weir_lake::ids::SchoolId;

use super::typed::{LONGEST, LONGEST_NAME, day, line, maybe_day, must, prose};
use super::{By, Fault, Kind, RecordError, UserGroup};
use crate::store::Writing;
use crate::{AccountId, Register, RegisterError, may};

/// Longest address, category or setting.
const LONGEST_WHAT: usize = 300;

/// A change to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChange {
    /// What kind.
    pub kind: Option<Kind>,
    /// The address, category or setting.
    pub what: String,
    /// For which people.
    pub group: Option<UserGroup>,
    /// Why.
    pub reason: String,
    /// What could go wrong, and what is done against it.
    pub risk: String,
    /// From which day.
    pub from: Date,
    /// The last day; none for good.
    pub until: Option<Date>,
}

impl NewChange {
    /// What is wrong with it, on this day.
    pub fn faults(&self, today: Date) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.kind.is_none() {
            faults.push(Fault::at("kind", "Choose what is asked for."));
        }
        let what = Fault::at("what", "Say which site, category or setting.");
        must(&mut faults, &line(&self.what), LONGEST_WHAT, Some(what), Fault::at("what", "Use at most 300 characters."));
        if self.group.is_none() {
            faults.push(Fault::at("group", "Choose for whom."));
        }
        let reason = Fault::at("reason", "Say why it is needed.");
        must(&mut faults, &prose(&self.reason), LONGEST, Some(reason), Fault::at("reason", "Use at most 1,000 characters."));
        let is_bypass = self.kind == Some(Kind::Bypass);
        let risk = is_bypass.then_some(Fault::at("risk", "Say what could go wrong, and who watches."));
        must(&mut faults, &prose(&self.risk), LONGEST, risk, Fault::at("risk", "Use at most 1,000 characters."));
        if self.from < today {
            faults.push(Fault::at("from", "This day is over. Ask for a change before it is made."));
        }
        match self.until {
            None if is_bypass => faults.push(Fault::at("until", "A bypass is for a time: say its last day.")),
            Some(until) if until < self.from => faults.push(Fault::at("until", "The last day is before the first.")),
            _ => {}
        }
        faults
    }
}

/// How a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeState {
    /// It was made for a time, the time is up, and nobody has said that it was taken back.
    Late,
    /// Nobody has decided.
    Waiting,
    /// Approved, and not made yet.
    Approved,
    /// Made, and in force.
    Made,
    /// Refused.
    Refused,
    /// Taken back, or never made before its last day.
    Ended,
    /// Whoever asked no longer wants it.
    Withdrawn,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it was approved.
    pub is_approved: bool,
    /// By whom.
    pub by: String,
    /// When.
    pub on: Date,
    /// Why, and what else was weighed.
    pub why: String,
}

/// A change as it stands in the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number.
    pub id: i64,
    /// What kind.
    pub kind: Kind,
    /// The address, category or setting.
    pub what: String,
    /// For which people.
    pub group: UserGroup,
    /// Why.
    pub reason: String,
    /// What could go wrong.
    pub risk: String,
    /// From which day.
    pub from: Date,
    /// The last day; none for good.
    pub until: Option<Date>,
    /// Who asked: their account.
    pub asked_by: AccountId,
    /// Who asked: their name.
    pub asker: String,
    /// When.
    pub asked_on: Date,
    /// Whose account decided.
    pub decided_by: Option<AccountId>,
    /// What was decided.
    pub decision: Option<Decision>,
    /// When it was made, and by whom.
    pub made: Option<(Date, String)>,
    /// When it was taken back.
    pub ended_on: Option<Date>,
    /// When it was withdrawn.
    pub withdrawn_on: Option<Date>,
}

impl Change {
    /// How it stands on a day.
    pub fn state(&self, on: Date) -> ChangeState {
        let is_over = self.until.is_some_and(|until| until < on);
        match (&self.decision, &self.made) {
            _ if self.withdrawn_on.is_some() => ChangeState::Withdrawn,
            (None, _) => ChangeState::Waiting,
            (Some(decision), _) if !decision.is_approved => ChangeState::Refused,
            (Some(_), _) if self.ended_on.is_some() => ChangeState::Ended,
            (Some(_), Some(_)) if is_over => ChangeState::Late,
            (Some(_), Some(_)) => ChangeState::Made,
            (Some(_), None) if is_over => ChangeState::Ended,
            (Some(_), None) => ChangeState::Approved,
        }
    }

    /// Days from Monday to Friday between asking and deciding.
    pub fn weekdays_to_decision(&self) -> Option<u32> {
        self.decision.as_ref().map(|decision| weekdays(self.asked_on, decision.on))
    }
}

/// Days from Monday to Friday after one day, up to and with another.
fn weekdays(after: Date, until: Date) -> u32 {
    let days = after.series(jiff::Span::new().days(1)).skip(1).take_while(|day| *day <= until);
    days.filter(|day| day.weekday().to_monday_zero_offset() < 5).count() as u32
}

/// How many changes came to what.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChangeTally {
    /// Asked for, those withdrawn left out.
    pub asked: u32,
    /// Not decided.
    pub waiting: u32,
    /// Approved.
    pub granted: u32,
    /// Refused.
    pub refused: u32,
    /// Made for a time and still in force.
    pub temporary: u32,
    /// Made for a time that is up, and not taken back.
    pub late: u32,
    /// Half of the decisions took at most so many weekdays.
    pub median_weekdays: Option<f64>,
}

/// A school's changes, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeBook {
    /// Changes, those refused and withdrawn included.
    pub changes: Vec<Change>,
}

impl ChangeBook {
    /// A change.
    pub fn change(&self, id: i64) -> Option<&Change> {
        self.changes.iter().find(|change| change.id == id)
    }

    /// Changes of these kinds that were asked for on such days, as they stand today.
    pub fn tally(&self, kinds: &[Kind], asked_on: impl Fn(Date) -> bool, today: Date) -> ChangeTally {
        let mut tally = ChangeTally::default();
        let mut took = Vec::new();
        let of_these = |change: &&Change| kinds.contains(&change.kind) && asked_on(change.asked_on);
        for change in self.changes.iter().filter(of_these) {
            let state = change.state(today);
            if state == ChangeState::Withdrawn {
                continue;
            }
            tally.asked += 1;
            tally.waiting += u32::from(state == ChangeState::Waiting);
            tally.late += u32::from(state == ChangeState::Late);
            tally.temporary += u32::from(state == ChangeState::Made && change.until.is_some());
            match &change.decision {
                Some(decision) if decision.is_approved => tally.granted += 1,
                Some(_) => tally.refused += 1,
                None => {}
            }
            took.extend(change.weekdays_to_decision());
        }
        took.sort_unstable();
        let middle = took.len() / 2;
        tally.median_weekdays = match (took.get(middle), middle.checked_sub(1).and_then(|before| took.get(before))) {
            (Some(upper), Some(lower)) if took.len() % 2 == 0 => Some(f64::from(upper + lower) / 2.0),
            (upper, _) => upper.map(|upper| f64::from(*upper)),
        };
        tally
    }
}

/// Adds a request within a write; gives its number.
pub(super) async fn insert(
    writing: &mut Writing,
    by: By,
    school: &SchoolId,
    new: &NewChange,
    today: Date,
) -> Result<i64, RecordError> {
    let faults = new.faults(today);
    let (Some(kind), Some(group), true) = (new.kind, new.group, faults.is_empty()) else {
        return Err(RecordError::Wrong(faults));
    };
    let added = sqlx::query(
        "INSERT INTO changes (school, kind, what, user_group, reason, risk, from_day, until_day, asked_by, asked_on)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(school.as_str())
    .bind(kind.word())
    .bind(line(&new.what))
    .bind(group.word())
    .bind(prose(&new.reason))
    .bind(prose(&new.risk))
    .bind(new.from.to_string())
    .bind(new.until.map(|until| until.to_string()))
    .bind(by.id.0)
    .bind(today.to_string())
    .execute(writing.connection())
    .await?;
    Ok(added.last_insert_rowid())
}

impl Register {
    /// A school's changes.
    pub async fn changes(&self, school: &SchoolId) -> Result<ChangeBook, RegisterError> {
        let mut connection = self.readers().acquire().await?;
        read_book(&mut connection, school).await
    }

    /// Asks for a change; gives its number.
    pub async fn ask_change(&self, by: By, school: &SchoolId, new: &NewChange, today: Date) -> Result<i64, RecordError> {
        let faults = new.faults(today);
        let (Some(kind), true) = (new.kind, faults.is_empty()) else { return Err(RecordError::Wrong(faults)) };
        let mut writing = self.begin(by.records(school).with("asked", kind.word())).await?;
        let id = insert(&mut writing, by, school, new, today).await?;
        writing.act().set_object("change", id);
        let _receipt = writing.commit().await?;
        Ok(id)
    }

    /// Decides a change that somebody else asked for. Whoever asked is refused, and the trail says so.
    pub async fn decide_change(
        &self,
        by: By,
        school: &SchoolId,
        id: i64,
        approves: Option<bool>,
        why: &str,
        today: Date,
    ) -> Result<(), RecordError> {
        let act = by.records(school).on("change", id);
        let mut writing = self.begin(act.clone()).await?;
        let change = of_school(&mut writing, school, id, |change| change.state(today) == ChangeState::Waiting).await?;
        let refused = if change.asked_by == by.id {
            Some("You asked for this yourself: somebody else must decide.")
        } else if !may(by.role, change.kind.decided_under()) {
            Some("This is agreed with the safeguarding lead or a deputy.")
        } else {
            None
        };
        if let Some(words) = refused {
            drop(writing);
            let _receipt = self.audit(act.refused()).await?;
            return Err(RecordError::Wrong(vec![Fault::at("decision", words)]));
        }
        let (mut faults, why) = (Vec::new(), prose(why));
        if approves.is_none() {
            faults.push(Fault::at("decision", "Choose whether to approve it."));
        }
        let missing = Fault::at("why", "Say why, and what other ways were weighed.");
        must(&mut faults, &why, LONGEST, Some(missing), Fault::at("why", "Use at most 1,000 characters."));
        let (Some(approves), true) = (approves, faults.is_empty()) else { return Err(RecordError::Wrong(faults)) };
        sqlx::query("UPDATE changes SET decision = ?, decided_by = ?, decided_on = ?, decided_why = ? WHERE id = ?")
            .bind(if approves { "approved" } else { "refused" })
            .bind(by.id.0)
            .bind(today.to_string())
            .bind(&why)
            .bind(id)
            .execute(writing.connection())
            .await?;
        writing.act().set("approved", approves);
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Says that an approved change was made: by whoever says it, or by a named organisation outside. Never by whoever approved it.
    pub async fn change_made(
        &self,
        by: By,
        school: &SchoolId,
        id: i64,
        on: Date,
        firm: &str,
        today: Date,
    ) -> Result<(), RecordError> {
        let act = by.records(school).on("change", id).with("made", true);
        let mut writing = self.begin(act.clone()).await?;
        let change = of_school(&mut writing, school, id, |change| change.state(today) == ChangeState::Approved).await?;
        let firm = line(firm);
        let approver = change.decision.as_ref().map_or("", |decision| decision.by.as_str());
        // Somebody else's name does not make it somebody else.
        let is_approver = change.decided_by == Some(by.id) && firm.is_empty() || firm.eq_ignore_ascii_case(approver);
        if is_approver {
            drop(writing);
            let _receipt = self.audit(act.refused()).await?;
            let words =
                "Whoever approved a change does not make it: name the organisation that did, or let somebody else say so.";
            return Err(RecordError::Wrong(vec![Fault::at("firm", words)]));
        }
        let mut faults = Vec::new();
        must(&mut faults, &firm, LONGEST_NAME, None, Fault::at("firm", "Use at most 100 characters."));
        let decided_on = change.decision.as_ref().map_or(today, |decision| decision.on);
        if on > today || on < decided_on {
            faults.push(Fault::at("made_on", "Use a day from the decision to today."));
        }
        if !faults.is_empty() {
            return Err(RecordError::Wrong(faults));
        }
        sqlx::query("UPDATE changes SET made_on = ?, made_by = ?, made_firm = ? WHERE id = ?")
            .bind(on.to_string())
            .bind(firm.is_empty().then_some(by.id.0))
            .bind((!firm.is_empty()).then_some(firm))
            .bind(id)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Says that a change was taken back.
    pub async fn change_ended(&self, by: By, school: &SchoolId, id: i64, on: Date, today: Date) -> Result<(), RecordError> {
        let mut writing = self.begin(by.records(school).on("change", id).with("ended", true)).await?;
        let is_in_force = |change: &Change| matches!(change.state(today), ChangeState::Made | ChangeState::Late);
        let change = of_school(&mut writing, school, id, is_in_force).await?;
        let made_on = change.made.as_ref().map_or(today, |(on, _)| *on);
        if on > today || on < made_on {
            return Err(RecordError::Wrong(vec![Fault::at("ended_on", "Use a day from the change to today.")]));
        }
        sqlx::query("UPDATE changes SET ended_on = ?, ended_by = ? WHERE id = ?")
            .bind(on.to_string())
            .bind(by.id.0)
            .bind(id)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Takes back a request that nobody has decided; only whoever asked may.
    pub async fn withdraw_change(&self, by: By, school: &SchoolId, id: i64, today: Date) -> Result<(), RecordError> {
        let mut writing = self.begin(by.records(school).on("change", id).with("withdrawn", true)).await?;
        let is_own = |change: &Change| change.asked_by == by.id && change.state(today) == ChangeState::Waiting;
        of_school(&mut writing, school, id, is_own).await?;
        sqlx::query("UPDATE changes SET withdrawn_on = ? WHERE id = ?")
            .bind(today.to_string())
            .bind(id)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }
}

/// A school's change of this number, if it is still as it must be.
async fn of_school(
    writing: &mut Writing,
    school: &SchoolId,
    id: i64,
    is_fit: impl Fn(&Change) -> bool,
) -> Result<Change, RecordError> {
    let book = read_book(writing.connection(), school).await?;
    book.changes.into_iter().find(|change| change.id == id).filter(is_fit).ok_or(RecordError::NoSuch)
}

const UNKNOWN: RegisterError = RegisterError::Damaged("a word that it does not know");

async fn read_book(connection: &mut SqliteConnection, school: &SchoolId) -> Result<ChangeBook, RegisterError> {
    let rows = sqlx::query(
        "SELECT changes.*, asker.name AS asker, decider.name AS decider, COALESCE(made_firm, maker.name) AS maker
         FROM changes JOIN accounts AS asker ON asker.id = asked_by LEFT JOIN accounts AS decider ON decider.id = decided_by
              LEFT JOIN accounts AS maker ON maker.id = made_by
         WHERE school = ? ORDER BY asked_on DESC, changes.id DESC",
    )
    .bind(school.as_str())
    .fetch_all(connection)
    .await?;
    let mut book = ChangeBook::default();
    for row in rows {
        let decision: Option<String> = row.try_get("decision")?;
        let decision = match decision {
            None => None,
            Some(word) => Some(Decision {
                is_approved: word == "approved",
                by: row.try_get("decider")?,
                on: day(row.try_get("decided_on")?)?,
                why: row.try_get("decided_why")?,
            }),
        };
        let maker: Option<String> = row.try_get("maker")?;
        book.changes.push(Change {
            id: row.try_get("id")?,
            kind: Kind::parse(row.try_get("kind")?).ok_or(UNKNOWN)?,
            what: row.try_get("what")?,
            group: UserGroup::parse(row.try_get("user_group")?).ok_or(UNKNOWN)?,
            reason: row.try_get("reason")?,
            risk: row.try_get("risk")?,
            from: day(row.try_get("from_day")?)?,
            until: maybe_day(row.try_get("until_day")?)?,
            asked_by: AccountId(row.try_get("asked_by")?),
            asker: row.try_get("asker")?,
            asked_on: day(row.try_get("asked_on")?)?,
            decided_by: row.try_get::<Option<i64>, _>("decided_by")?.map(AccountId),
            decision,
            made: maybe_day(row.try_get("made_on")?)?.zip(maker),
            ended_on: maybe_day(row.try_get("ended_on")?)?,
            withdrawn_on: maybe_day(row.try_get("withdrawn_on")?)?,
        });
    }
    Ok(book)
}
