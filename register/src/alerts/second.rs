//! The name behind a key of staff: a head asks, a second person confirms it from their own account within a day, and only then is it shown,
//! once, within a day more.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use weir_lake::ids::{SchoolId, UserKey};

use super::{Alert, reason};
use crate::records::{By, Fault, RecordError};
use crate::{AccountId, Act, Action, Actor, Receipt, Register, RegisterError, Role};

/// How long a second person has to answer, and a head then to look: a day.
pub const ASKED_FOR: i64 = 24 * 60 * super::MINUTE;

/// A head's wish to know a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffReveal {
    /// Its number.
    pub id: i64,
    /// School.
    pub school: SchoolId,
    /// Whose name. The second person is not shown it.
    pub key: UserKey,
    /// From which alert.
    pub alert: Option<i64>,
    /// Why.
    pub why: String,
    /// Who asks: account and name.
    pub asked_by: (AccountId, String),
    /// When, microseconds.
    pub asked_at: i64,
    /// Who is to confirm it: account and name.
    pub second: (AccountId, String),
    /// When they answered, and whether they agree.
    pub answer: Option<(i64, bool)>,
    /// When the name was shown.
    pub shown_at: Option<i64>,
}

/// How such a wish stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevealState {
    /// The second person has not answered.
    Waiting,
    /// Confirmed: the head may look.
    Confirmed,
    /// The second person said no.
    Declined,
    /// The name was shown.
    Shown,
    /// Nobody answered, or nobody looked, within a day.
    Lapsed,
}

impl StaffReveal {
    /// How it stands at a time.
    pub fn state(&self, now: i64) -> RevealState {
        match (self.shown_at, self.answer) {
            (Some(_), _) => RevealState::Shown,
            (None, Some((_, false))) => RevealState::Declined,
            (None, Some((at, true))) if now - at <= ASKED_FOR => RevealState::Confirmed,
            (None, None) if now - self.asked_at <= ASKED_FOR => RevealState::Waiting,
            _ => RevealState::Lapsed,
        }
    }
}

const COLUMNS: &str = "SELECT r.*, a.name AS asker, s.name AS second_name FROM staff_reveals AS r
     JOIN accounts AS a ON a.id = r.asked_by JOIN accounts AS s ON s.id = r.second";

impl Register {
    /// A head asks for the name behind a key of staff and names who is to confirm it; gives the wish's number. Never about a head: that is the
    /// chair's matter.
    pub async fn ask_staff_name(
        &self,
        by: By,
        school: &SchoolId,
        key: &UserKey,
        (why, second): (&str, Option<AccountId>),
        alert: Option<&Alert>,
        now: i64,
    ) -> Result<i64, RecordError> {
        let why = reason(why)?;
        let second = second.filter(|second| *second != by.id);
        let Some(second) = second else {
            return Err(RecordError::Wrong(vec![Fault::at("second", "Name a second person, who is not you.")]));
        };
        let act = Act::new(Actor::Account { id: by.id, role: Some(by.role) }, Action::AskReveal).at(school).about(key);
        let act = act.because(&why).with("second", second.0);
        let is_of_head = self.head_keys(school).await?.iter().any(|own| own.key == *key);
        if by.role != Role::Leader || is_of_head {
            let _receipt = self.audit(act.refused()).await?;
            return Err(RecordError::NoSuch);
        }
        let mut writing = self.begin(act).await?;
        let added = sqlx::query(
            "INSERT INTO staff_reveals (school, user_key, alert, why, asked_by, asked_at, second) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(school.as_str())
        .bind(key.as_str())
        .bind(alert.map(|alert| alert.id))
        .bind(&why)
        .bind(by.id.0)
        .bind(now)
        .bind(second.0)
        .execute(writing.connection())
        .await?;
        let id = added.last_insert_rowid();
        writing.act().set("ask", id);
        let _receipt = writing.commit().await?;
        Ok(id)
    }

    /// What heads of a school asked for lately, newest first.
    pub async fn staff_names_asked(&self, school: &SchoolId) -> Result<Vec<StaffReveal>, RegisterError> {
        let text = format!("{COLUMNS} WHERE r.school = ? ORDER BY r.id DESC LIMIT 100");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(school.as_str()).fetch_all(self.readers()).await?;
        rows.iter().map(read).collect()
    }

    /// What somebody is to confirm, newest first; what is past its time left out.
    pub async fn to_confirm(&self, account: AccountId, now: i64) -> Result<Vec<StaffReveal>, RegisterError> {
        let text = format!("{COLUMNS} WHERE r.second = ? AND r.answered_at IS NULL ORDER BY r.id DESC LIMIT 100");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(account.0).fetch_all(self.readers()).await?;
        let all = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(all.into_iter().filter(|one| one.state(now) == RevealState::Waiting).collect())
    }

    /// The second person says whether the head may know the name. They are shown none.
    pub async fn answer_staff_name(&self, account: AccountId, id: i64, agrees: bool, now: i64) -> Result<(), RecordError> {
        let found = self.to_confirm(account, now).await?.into_iter().find(|one| one.id == id).ok_or(RecordError::NoSuch)?;
        let act = Act::new(Actor::Account { id: account, role: None }, Action::ConfirmReveal).at(&found.school);
        let mut writing = self.begin(act.about(&found.key).with("ask", id).with("agrees", agrees)).await?;
        let changed = sqlx::query(
            "UPDATE staff_reveals SET answered_at = ?, agrees = ? WHERE id = ? AND second = ? AND answered_at IS NULL",
        )
        .bind(now)
        .bind(agrees)
        .bind(id)
        .bind(account.0)
        .execute(writing.connection())
        .await?;
        if changed.rows_affected() == 0 {
            return Err(RecordError::NoSuch);
        }
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Writes down that a head is shown the name they asked for and somebody confirmed. Gives whose, and what the vault asks for.
    pub async fn staff_name_shown(
        &self,
        by: By,
        school: &SchoolId,
        id: i64,
        now: i64,
    ) -> Result<(UserKey, Receipt), RecordError> {
        let all = self.staff_names_asked(school).await?;
        let found = all.into_iter().find(|one| one.id == id && one.asked_by.0 == by.id).ok_or(RecordError::NoSuch)?;
        let act = Act::new(Actor::Account { id: by.id, role: Some(by.role) }, Action::Reveal).at(school).about(&found.key);
        let mut act = act.because(&found.why).with("of", "staff").with("second", found.second.0.0).with("ask", id);
        if let Some(alert) = found.alert {
            act.set("alert", alert);
        }
        if by.role != Role::Leader || found.state(now) != RevealState::Confirmed {
            let _receipt = self.audit(act.refused()).await?;
            return Err(RecordError::NoSuch);
        }
        let mut writing = self.begin(act).await?;
        let changed = sqlx::query("UPDATE staff_reveals SET shown_at = ? WHERE id = ? AND shown_at IS NULL")
            .bind(now)
            .bind(id)
            .execute(writing.connection())
            .await?;
        if changed.rows_affected() == 0 {
            return Err(RecordError::NoSuch);
        }
        if let Some(alert) = found.alert {
            sqlx::query("INSERT INTO alert_reveals (alert, account, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
                .bind(alert)
                .bind(by.id.0)
                .bind(now)
                .execute(writing.connection())
                .await?;
        }
        Ok((found.key, writing.commit().await?))
    }
}

fn read(row: &SqliteRow) -> Result<StaffReveal, RegisterError> {
    let damaged = || RegisterError::Damaged("a wish for a name that it can't read");
    let answered: Option<i64> = row.try_get("answered_at")?;
    let agrees: Option<bool> = row.try_get("agrees")?;
    Ok(StaffReveal {
        id: row.try_get("id")?,
        school: SchoolId::parse(row.try_get("school")?).map_err(|_| damaged())?,
        key: UserKey::parse(row.try_get("user_key")?).map_err(|_| damaged())?,
        alert: row.try_get("alert")?,
        why: row.try_get("why")?,
        asked_by: (AccountId(row.try_get("asked_by")?), row.try_get("asker")?),
        asked_at: row.try_get("asked_at")?,
        second: (AccountId(row.try_get("second")?), row.try_get("second_name")?),
        answer: answered.zip(agrees),
        shown_at: row.try_get("shown_at")?,
    })
}
