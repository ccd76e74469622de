//! Who is told first at a school, and whom to reach when nobody there answers.

use sqlx::Row as _;
use weir_lake::ids::SchoolId;

use crate::records::typed::{LONGEST_NAME, line, must};
use crate::records::{By, Fault, RecordError};
use crate::{AccountId, Register, RegisterError};

/// Who watches at a school.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watch {
    /// The safeguarding lead's account; the others with that role are deputies. None: all of them are told at once.
    pub lead: Option<AccountId>,
    /// Whom to reach out of hours; empty where nobody is named.
    pub contact: String,
    /// How: a telephone number or an address.
    pub reach: String,
}

impl Register {
    /// Who watches at a school; nobody named by default.
    pub async fn watch(&self, school: &SchoolId) -> Result<Watch, RegisterError> {
        let row = sqlx::query("SELECT lead, contact, reach FROM alert_watch WHERE school = ?")
            .bind(school.as_str())
            .fetch_optional(self.readers())
            .await?;
        let Some(row) = row else { return Ok(Watch::default()) };
        let lead: Option<i64> = row.try_get("lead")?;
        Ok(Watch { lead: lead.map(AccountId), contact: row.try_get("contact")?, reach: row.try_get("reach")? })
    }

    /// Says who watches.
    pub async fn set_watch(&self, by: By, school: &SchoolId, new: &Watch, now: i64) -> Result<(), RecordError> {
        let (contact, reach) = (line(&new.contact), line(&new.reach));
        let mut faults = Vec::new();
        let missing = (!reach.is_empty()).then_some(Fault::at("contact", "Say who that is."));
        must(&mut faults, &contact, LONGEST_NAME, missing, Fault::at("contact", "Use at most 100 characters."));
        let missing = (!contact.is_empty()).then_some(Fault::at("reach", "Say how to reach them."));
        must(&mut faults, &reach, LONGEST_NAME, missing, Fault::at("reach", "Use at most 100 characters."));
        if !faults.is_empty() {
            return Err(RecordError::Wrong(faults));
        }
        let mut writing = self.begin(by.records(school).on("watch", school.as_str())).await?;
        sqlx::query(
            "INSERT INTO alert_watch (school, lead, contact, reach, set_by, set_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET lead = ?2, contact = ?3, reach = ?4, set_by = ?5, set_at = ?6",
        )
        .bind(school.as_str())
        .bind(new.lead.map(|lead| lead.0))
        .bind(&contact)
        .bind(&reach)
        .bind(by.id.0)
        .bind(now)
        .execute(writing.connection())
        .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }
}
