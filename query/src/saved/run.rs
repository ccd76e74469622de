//! Runs a saved query: who may, for which school, with which values; all of it checked before the first row is read.

use std::collections::BTreeMap;

use datafusion::common::ScalarValue;
use weir_lake::ids::SchoolId;

use super::parameter::{Context, HalfTerm};
use super::{Role, SavedQuery};
use crate::engine::{Answer, Engine, Reason};
use crate::error::QueryError;
use crate::rows::rows;
use crate::scope::Scope;

/// What someone asks.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Of which school.
    pub school: String,
    /// Values given, by parameter.
    pub values: BTreeMap<String, String>,
    /// As whom.
    pub role: Role,
    /// Why, where what was typed is shown.
    pub reason: Option<Reason>,
}

/// A question that may be put, with its values as they will be taken.
pub struct Prepared<'a> {
    query: &'a SavedQuery,
    session: Engine,
    bound: Vec<(String, ScalarValue)>,
    reason: Option<Reason>,
    /// The school's name.
    pub school: String,
    /// Each parameter's words and value.
    pub parameters: Vec<(String, String)>,
}

/// The answer, with what it was asked of.
#[derive(Debug, Clone)]
pub struct Answered {
    /// Rows.
    pub answer: Answer,
    /// The school's name.
    pub school: String,
    /// Each parameter's words and value.
    pub parameters: Vec<(String, String)>,
    /// The lake version read.
    pub lake_version: u64,
}

fn refused(text: String) -> QueryError {
    QueryError::Refused(text)
}

impl SavedQuery {
    /// Checks who asks, the school and every value. Reads no log.
    pub async fn prepare<'a>(&'a self, engine: &Engine, asked: &Asked) -> Result<Prepared<'a>, QueryError> {
        if !self.may_be_run_by(asked.role) {
            let who: Vec<&str> = self.audience.iter().map(|role| role.words()).collect();
            return Err(refused(format!("{} is for the {}, not for a {}", self.id, who.join(" and the "), asked.role.words())));
        }
        if self.needs_reason && asked.reason.is_none() {
            return Err(refused(format!(
                "{} shows what was typed, so it needs a reason in words, for example --reason \"concern raised on 3 November\"",
                self.id
            )));
        }
        if let Some(unknown) = asked.values.keys().find(|name| !self.parameters.iter().any(|known| &known.name == *name)) {
            let known: Vec<&str> = self.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
            let known = if known.is_empty() { "none".into() } else { known.join(", ") };
            return Err(refused(format!("{} has no parameter {unknown:?}; it has {known}", self.id)));
        }
        let school = SchoolId::parse(&asked.school).map_err(|_| QueryError::UnknownSchool(asked.school.clone()))?;
        let of_school = [("school", ScalarValue::from(school.as_str()))];
        let found = engine.rows("SELECT s.name FROM schools s WHERE s.school_id = $school", &of_school).await?;
        let Some(name) = rows(&found).next().map(|row| row.required_text("name")).transpose()? else {
            return Err(QueryError::UnknownSchool(asked.school.clone()));
        };
        let context = context(engine, &of_school).await?;
        let named = self.placeholders();
        let mut bound = vec![("school".to_string(), ScalarValue::from(school.as_str()))];
        let mut parameters = Vec::new();
        for parameter in &self.parameters {
            let value = parameter.value(asked.values.get(&parameter.name).map(String::as_str), &context).map_err(refused)?;
            bound.extend(value.bound);
            parameters.push((parameter.label.clone(), value.words));
        }
        self.check_span(&bound)?;
        // A value that the text does not name is refused by the engine.
        bound.retain(|(name, _)| named.contains(&name.as_str()));
        let session = engine.signed_in(&Scope::one(school));
        let reason = asked.reason.clone().filter(|_| self.needs_reason);
        Ok(Prepared { query: self, session, bound, reason, school: name, parameters })
    }

    /// `from` is not after `to`, and not too long before it.
    fn check_span(&self, bound: &[(String, ScalarValue)]) -> Result<(), QueryError> {
        let day = |wanted: &str| {
            bound.iter().find_map(|(name, value)| match value {
                ScalarValue::Date32(Some(day)) if name == wanted => Some(*day),
                _ => None,
            })
        };
        let (Some(from), Some(to)) = (day("from"), day("to")) else { return Ok(()) };
        if from > to {
            return Err(refused("parameter from is later than parameter to; give the first day first".into()));
        }
        let days = i64::from(to) - i64::from(from) + 1;
        match self.most_days {
            Some(most) if days > i64::from(most) => Err(refused(format!(
                "{days} days from first to last; {} reads every line of those days, so it takes {most} days at most",
                self.id
            ))),
            _ => Ok(()),
        }
    }
}

async fn context(engine: &Engine, of_school: &[(&str, ScalarValue)]) -> Result<Context, QueryError> {
    let text = "SELECT h.academic_year, h.half_term, h.half_term_start, h.half_term_end FROM half_terms h
                WHERE h.school_id = $school ORDER BY h.half_term_start";
    let half_terms = rows(&engine.rows(text, of_school).await?)
        .map(|row| {
            Ok(HalfTerm {
                year: row.required_text("academic_year")?,
                label: row.required_text("half_term")?,
                start: row.required_day("half_term_start")?,
                end: row.required_day("half_term_end")?,
            })
        })
        .collect::<Result<_, QueryError>>()?;
    let categories = rows(&engine.rows("SELECT c.category FROM categories c", &[]).await?)
        .map(|row| row.required_text("category"))
        .collect::<Result<_, _>>()?;
    Ok(Context { today: engine.today(), half_terms, categories })
}

impl Prepared<'_> {
    /// The answer. Whoever calls has written down that it is asked.
    pub async fn answer(self) -> Result<Answered, QueryError> {
        let answer = self.session.ask(&self.query.sql, &self.bound, self.reason.as_ref()).await?;
        Ok(Answered { answer, school: self.school, parameters: self.parameters, lake_version: self.session.lake_version() })
    }
}
