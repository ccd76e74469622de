//! Who is to be told of an alert that nobody has taken, and when. What carries the message is another's; it holds no name and no word of
//! the alert, only that something waits at a school.

use sqlx::Row as _;
use weir_lake::ids::SchoolId;

use super::read::alert;
use super::{Alert, AlertState, HEAD_SEES_AFTER, MINUTE, Watch, Who};
use crate::{Act, Action, Actor, Register, RegisterError};

/// Minutes until the deputies are told.
const DEPUTY_AFTER: i64 = 30;

/// Minutes until the contact out of hours is told: the head has had half an hour.
const CONTACT_AFTER: i64 = 90;

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum To {
    /// The safeguarding lead; everybody with that role where no lead is named.
    Lead,
    /// The deputies: everybody else with that role.
    Deputies,
    /// The head.
    Head,
    /// Whoever is named for out of hours.
    Contact,
    /// Whoever chairs the governors.
    Chair,
}

impl To {
    /// The word in the register.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Deputies => "deputies",
            Self::Head => "head",
            Self::Contact => "contact",
            Self::Chair => "chair",
        }
    }

    /// In words, for pages.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Lead => "the safeguarding lead",
            Self::Deputies => "the deputies",
            Self::Head => "the head",
            Self::Contact => "the contact out of hours",
            Self::Chair => "the chair of governors",
        }
    }
}

/// Somebody to be told that something waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Which alert. For the register; the message does not say it.
    pub alert: i64,
    /// At which school.
    pub school: SchoolId,
    /// Who.
    pub to: To,
    /// At once, or with the day's post.
    pub is_urgent: bool,
    /// Since when it is due, microseconds.
    pub due_at: i64,
    /// Who watches at the school: the lead's account, the contact.
    pub watch: Watch,
}

/// The steps of an alert that nobody takes, each with when it is due.
fn steps(alert: &Alert, watch: &Watch) -> Vec<(To, i64)> {
    let after = |minutes: i64| alert.raised_at + minutes * MINUTE;
    if alert.is_of_head {
        return vec![(To::Chair, after(0))];
    }
    if alert.who == Who::Staff {
        return vec![(To::Head, after(0))];
    }
    let mut steps = vec![(To::Lead, after(0))];
    if alert.is_urgent() {
        if watch.lead.is_some() {
            steps.push((To::Deputies, after(DEPUTY_AFTER)));
        }
        steps.push((To::Head, after(HEAD_SEES_AFTER)));
        if !watch.contact.is_empty() {
            steps.push((To::Contact, after(CONTACT_AFTER)));
        }
    }
    steps
}

/// Who is told next if nobody takes it, and when; none where everybody has been.
pub fn next_for(alert: &Alert, watch: &Watch, now: i64) -> Option<(To, i64)> {
    (alert.state == AlertState::New).then(|| steps(alert, watch).into_iter().find(|(_, due)| *due > now)).flatten()
}

impl Register {
    /// Who is to be told at this time and was not yet, most urgent first.
    pub async fn due_notices(&self, now: i64) -> Result<Vec<Notice>, RegisterError> {
        let rows = sqlx::query(
            "SELECT a.*, NULL AS holder_name, NULL AS closer_name, NULL AS second_name,
                    EXISTS (SELECT 1 FROM head_alerts WHERE alert = a.id) AS is_of_head FROM alerts AS a WHERE a.state = 'new'
             ORDER BY a.raised_at, a.id",
        )
        .fetch_all(self.readers())
        .await?;
        let mut due = Vec::new();
        for row in &rows {
            let alert = alert(row)?;
            let watch = self.watch(&alert.school).await?;
            // Since it was raised: what became urgent later is told anew.
            let told: Vec<String> = sqlx::query("SELECT stage FROM alert_told WHERE alert = ? AND at >= ?")
                .bind(alert.id)
                .bind(alert.raised_at)
                .fetch_all(self.readers())
                .await?
                .iter()
                .map(|row| row.try_get("stage"))
                .collect::<Result<_, _>>()?;
            for (to, due_at) in steps(&alert, &watch) {
                if due_at <= now && !told.iter().any(|stage| stage == to.word()) {
                    let (school, is_urgent) = (alert.school.clone(), alert.is_urgent());
                    due.push(Notice { alert: alert.id, school, to, is_urgent, due_at, watch: watch.clone() });
                }
            }
        }
        due.sort_by_key(|notice| (!notice.is_urgent, notice.due_at, notice.alert, notice.to));
        Ok(due)
    }

    /// Notes that somebody was told, so that nobody is told twice.
    pub async fn notice_sent(&self, notice: &Notice, now: i64) -> Result<(), RegisterError> {
        let act = Act::new(Actor::of_command(), Action::Record).at(&notice.school).on("alert", notice.alert);
        let mut writing = self.begin(act.with("told", notice.to.word())).await?;
        sqlx::query("INSERT INTO alert_told (alert, stage, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(notice.alert)
            .bind(notice.to.word())
            .bind(now)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }
}
