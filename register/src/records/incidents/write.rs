//! Recording an incident, changing it, closing it and opening it again. Each step is written whole; what stood before stays.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use sqlx::SqliteConnection;
use weir_lake::ids::{SchoolId, UserKey};

use super::read::read_one;
use super::{Incident, IncidentAbout, IncidentField, IncidentHolds, IncidentStep, Said, moment};
use crate::records::typed::{LONGEST, LONGEST_NAME, line, prose};
use crate::records::{By, Fault, RecordError};
use crate::store::Writing;
use crate::{Register, RegisterError};

/// Most incidents taken at once from a file.
const MOST_AT_ONCE: usize = 500;

/// Most people one incident may be about, by key.
const MOST_KEYS: usize = 50;

/// An incident to be recorded: what was typed, by field. Moments are as the register holds them, `2026-11-23T14:05` or `2026-11-23`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewIncident {
    /// Whom it is about.
    pub about: Option<IncidentAbout>,
    /// What was typed.
    pub values: BTreeMap<&'static str, String>,
    /// Keys as they were typed, with blanks or commas between.
    pub keys: String,
    /// The alerts it takes up.
    pub alerts: BTreeSet<i64>,
}

impl NewIncident {
    fn typed(&self, field: &IncidentField) -> String {
        let text = self.values.get(field.name).map_or("", String::as_str);
        if field.holds == IncidentHolds::Text { prose(text) } else { line(text) }
    }

    /// The keys, where all of them are such.
    fn keys(&self) -> Option<BTreeSet<UserKey>> {
        let words = self.keys.split(|letter: char| letter.is_whitespace() || letter == ',').filter(|word| !word.is_empty());
        words.map(|word| UserKey::parse(word).ok()).collect()
    }

    /// What is wrong with it, on this day.
    pub fn faults(&self, today: Date) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.about.is_none() {
            faults.push(Fault::at("about", "Say whom it is about."));
        }
        faults.extend(self.faults_of(false, today));
        match self.keys() {
            None => faults.push(Fault::at("keys", "Use keys such as an alert prints: k1- and 32 letters and digits.")),
            Some(keys) if keys.len() > MOST_KEYS => faults.push(Fault::at("keys", "Give at most 50 keys.")),
            Some(_) => {}
        }
        faults
    }

    /// What is wrong with the fields of a closing, or with all others.
    fn faults_of(&self, is_closing: bool, today: Date) -> Vec<Fault> {
        let fields = IncidentField::ALL.iter().filter(|field| field.is_of_closing == is_closing);
        fields.filter_map(|field| fault(field, &self.typed(field), today).map(|words| Fault::at(field.name, words))).collect()
    }

    /// What its fields say, of a closing or all others.
    fn said(&self, is_closing: bool) -> Said {
        let fields = IncidentField::ALL.iter().filter(|field| field.is_of_closing == is_closing);
        let said = fields.map(|field| (field.name.to_owned(), self.typed(field)));
        said.filter(|(_, text)| !text.is_empty()).collect()
    }
}

/// What is wrong with what a field says.
fn fault(field: &IncidentField, text: &str, today: Date) -> Option<&'static str> {
    let is_word = |words: &[(&str, &str)], word: &str| words.iter().any(|(known, _)| *known == word);
    match field.holds {
        IncidentHolds::Line | IncidentHolds::Text if text.is_empty() && field.is_needed => Some("Fill this in."),
        IncidentHolds::Moment if text.is_empty() && field.is_needed => Some("Give a day."),
        IncidentHolds::OneOf(_) if text.is_empty() && field.is_needed => Some("Choose one of the list."),
        IncidentHolds::Several(_) if text.is_empty() && field.is_needed => Some("Choose one at least."),
        _ if text.is_empty() => None,
        IncidentHolds::Line => (text.chars().count() > LONGEST_NAME).then_some("Use at most 100 characters."),
        IncidentHolds::Text => (text.chars().count() > LONGEST).then_some("Use at most 1,000 characters."),
        IncidentHolds::Moment => match moment(text) {
            None => Some("Use a day such as 23 11 2026, and a time such as 14:05 after it."),
            Some((day, _)) => (day > today).then_some("This day is still to come."),
        },
        IncidentHolds::OneOf(words) => (!is_word(words, text)).then_some("Choose one of the list."),
        IncidentHolds::Several(words) => (!text.split(' ').all(|word| is_word(words, word))).then_some("Choose from the list."),
    }
}

impl Register {
    /// Records an incident; gives its number. Anybody who may record incidents may record one of any kind: who reads it then is another
    /// matter.
    pub async fn record_incident(
        &self,
        by: By,
        school: &SchoolId,
        new: &NewIncident,
        now: i64,
        today: Date,
    ) -> Result<i64, RecordError> {
        let faults = new.faults(today);
        if !faults.is_empty() {
            return Err(RecordError::Wrong(faults));
        }
        let mut writing = self.begin(by.records(school).with("incident", IncidentStep::Opened.word())).await?;
        let id = insert(writing.connection(), by, school, new, now).await?;
        writing.act().set_object("incident", id);
        let _receipt = writing.commit().await?;
        Ok(id)
    }

    /// Records many incidents at once, all of them or none; gives how many.
    ///
    /// # Errors
    /// The first that is wrong, with its place in `new`.
    pub async fn record_incidents(
        &self,
        by: By,
        school: &SchoolId,
        new: &[NewIncident],
        now: i64,
        today: Date,
    ) -> Result<usize, (usize, RecordError)> {
        if new.len() > MOST_AT_ONCE {
            return Err((MOST_AT_ONCE, RecordError::Wrong(vec![Fault::at("rows", "Give at most 500 rows at once.")])));
        }
        for (at, incident) in new.iter().enumerate() {
            let faults = incident.faults(today);
            if !faults.is_empty() {
                return Err((at, RecordError::Wrong(faults)));
            }
        }
        let begun = self.begin(by.records(school).with("incidents", new.len() as u64)).await;
        let mut writing = begun.map_err(|error| (0, error.into()))?;
        for (at, incident) in new.iter().enumerate() {
            insert(writing.connection(), by, school, incident, now).await.map_err(|error| (at, error))?;
        }
        let _receipt = writing.commit().await.map_err(|error| (0, error.into()))?;
        Ok(new.len())
    }

    /// Records an incident anew. Whom it is about stays; keys and alerts are only added to.
    pub async fn change_incident(
        &self,
        by: By,
        school: &SchoolId,
        id: i64,
        new: &NewIncident,
        now: i64,
        today: Date,
    ) -> Result<(), RecordError> {
        let (mut writing, found) = self.incident_to_write(by, school, id, IncidentStep::Changed).await?;
        if !found.is_open() {
            return Err(RecordError::NoSuch);
        }
        let new = NewIncident { about: Some(found.about), ..new.clone() };
        let faults = new.faults(today);
        if !faults.is_empty() {
            return Err(RecordError::Wrong(faults));
        }
        step(writing.connection(), id, IncidentStep::Changed, by, now, &new.said(false)).await?;
        link(writing.connection(), school, id, by, &new).await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Closes an incident with what came of it. Whoever does it has said that they are sure.
    #[expect(clippy::too_many_arguments, reason = "who, where, which, what and when are five things")]
    pub async fn close_incident(
        &self,
        by: By,
        school: &SchoolId,
        id: i64,
        new: &NewIncident,
        is_sure: bool,
        now: i64,
        today: Date,
    ) -> Result<(), RecordError> {
        let (mut writing, found) = self.incident_to_write(by, school, id, IncidentStep::Closed).await?;
        if !found.is_open() {
            return Err(RecordError::NoSuch);
        }
        let mut faults = new.faults_of(true, today);
        if !is_sure {
            faults.push(Fault::at("sure", "Say that what is recorded is complete."));
        }
        if new.values.get("outcome").is_some_and(|outcome| outcome == "referred") && found.told_outside().next().is_none() {
            faults.push(Fault::at("outcome", "No body outside is recorded as told: record which and when first."));
        }
        if !faults.is_empty() {
            return Err(RecordError::Wrong(faults));
        }
        let mut said = found.steps.last().map(|step| step.said.clone()).unwrap_or_default();
        said.extend(new.said(true));
        step(writing.connection(), id, IncidentStep::Closed, by, now, &said).await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Opens a closed incident again. What came of it is to be said anew.
    pub async fn reopen_incident(&self, by: By, school: &SchoolId, id: i64, now: i64) -> Result<(), RecordError> {
        let (mut writing, found) = self.incident_to_write(by, school, id, IncidentStep::Reopened).await?;
        if found.is_open() {
            return Err(RecordError::NoSuch);
        }
        let mut said = found.steps.last().map(|step| step.said.clone()).unwrap_or_default();
        said.retain(|name, _| !IncidentField::of(name).is_some_and(|field| field.is_of_closing));
        step(writing.connection(), id, IncidentStep::Reopened, by, now, &said).await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Begins to write to an incident that this role reads.
    async fn incident_to_write(
        &self,
        by: By,
        school: &SchoolId,
        id: i64,
        what: IncidentStep,
    ) -> Result<(Writing, Incident), RecordError> {
        let mut writing = self.begin(by.records(school).on("incident", id).with("incident", what.word())).await?;
        let found = read_one(writing.connection(), school, id).await?;
        Ok((writing, found.filter(|incident| incident.about.is_for(by.role)).ok_or(RecordError::NoSuch)?))
    }
}

async fn insert(
    connection: &mut SqliteConnection,
    by: By,
    school: &SchoolId,
    new: &NewIncident,
    now: i64,
) -> Result<i64, RecordError> {
    let about = new.about.ok_or(RecordError::NoSuch)?;
    let added = sqlx::query("INSERT INTO incidents (school, about, opened_by, opened_at) VALUES (?, ?, ?, ?)")
        .bind(school.as_str())
        .bind(about.word())
        .bind(by.id.0)
        .bind(now)
        .execute(&mut *connection)
        .await?;
    let id = added.last_insert_rowid();
    step(connection, id, IncidentStep::Opened, by, now, &new.said(false)).await?;
    link(connection, school, id, by, new).await?;
    Ok(id)
}

async fn step(
    connection: &mut SqliteConnection,
    id: i64,
    what: IncidentStep,
    by: By,
    now: i64,
    said: &Said,
) -> Result<(), RegisterError> {
    let said: serde_json::Map<String, serde_json::Value> =
        said.iter().map(|(name, text)| (name.clone(), text.as_str().into())).collect();
    sqlx::query("INSERT INTO incident_steps (incident, what, by, at, said) VALUES (?, ?, ?, ?, ?)")
        .bind(id)
        .bind(what.word())
        .bind(by.id.0)
        .bind(now)
        .bind(serde_json::Value::Object(said).to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes the keys, and the alerts with whom they are about. Another school's alert, or one that this role does not read, is none.
async fn link(
    connection: &mut SqliteConnection,
    school: &SchoolId,
    id: i64,
    by: By,
    new: &NewIncident,
) -> Result<(), RecordError> {
    let mut keys = new.keys().unwrap_or_default();
    for alert in &new.alerts {
        let found = crate::alerts::read_one(&mut *connection, school, *alert).await?.ok_or(RecordError::NoSuch)?;
        let is_theirs = match (found.who, found.is_of_head) {
            (_, true) => by.role == crate::Role::Chair,
            (crate::alerts::Who::Staff, _) => by.role == crate::Role::Leader,
            _ => matches!(by.role, crate::Role::Dsl | crate::Role::Leader),
        };
        if !is_theirs {
            return Err(RecordError::NoSuch);
        }
        // A device is nobody.
        if found.who != crate::alerts::Who::Unidentified {
            keys.extend(found.subject);
        }
        sqlx::query("INSERT INTO incident_alerts (incident, alert) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(id)
            .bind(alert)
            .execute(&mut *connection)
            .await?;
    }
    for key in keys {
        sqlx::query("INSERT INTO incident_keys (incident, user_key) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(id)
            .bind(key.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(crate::alerts::mark_heads(connection).await?)
}
