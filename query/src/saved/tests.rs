//! Saved queries: each shipped one plans and runs, parameters are understood or refused in words, a school's own are taken or named.

use std::collections::BTreeMap;

use super::parameter::{Context, HalfTerm};
use super::*;
use crate::engine::{Engine, Reason};
use crate::fixture::{EVENT, Event, TestLake, day};
use crate::output::rows_as_json;
use crate::scope::Scope;

const KEY_A: &str = "k1-000000000000000000000000000000aa";
const KEY_B: &str = "k1-000000000000000000000000000000bb";

fn asked(values: &[(&str, &str)]) -> Asked {
    Asked {
        school: "elm".into(),
        values: values.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        role: Role::Dsl,
        reason: Reason::new("end of term check"),
    }
}

fn shipped(id: &str) -> &'static SavedQuery {
    SavedQuery::shipped().unwrap().iter().find(|query| query.id == id).unwrap()
}

async fn rows_of(engine: &Engine, id: &str, values: &[(&str, &str)]) -> Vec<BTreeMap<String, String>> {
    let mut asked = asked(values);
    if !shipped(id).may_be_run_by(Role::Dsl) {
        asked.role = Role::Administrator;
    }
    let answered = shipped(id).prepare(engine, &asked).await.unwrap().answer().await.unwrap();
    let plain = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    let of_batch = |batch| rows_as_json(batch).unwrap().into_iter();
    let all = answered.answer.batches.iter().flat_map(of_batch);
    all.map(|row| row.into_iter().map(|(name, value)| (name, plain(value))).collect()).collect()
}

/// A value for a parameter that must be given.
fn given(query: &SavedQuery) -> Vec<(&str, &str)> {
    let missing = query.parameters.iter().filter(|parameter| parameter.default.is_none());
    missing
        .map(|parameter| {
            let value = match parameter.kind {
                Kind::UserKey => KEY_A,
                Kind::Time => "09:30",
                _ => "fern",
            };
            (parameter.name.as_str(), value)
        })
        .collect()
}

#[tokio::test]
async fn every_shipped_query_plans_and_its_defaults_are_good() {
    let lake = TestLake::new();
    let engine = lake.engine("2025-12-20");
    let session = engine.signed_in(&Scope::All);
    let all = SavedQuery::shipped().unwrap();
    assert!(all.len() >= 30, "{} queries", all.len());
    for query in all {
        if let Err(wrong) = own::check(&session, query).await {
            panic!("{}.sql line {}: {}", query.id, wrong.line, wrong.reason);
        }
        assert!(query.title.ends_with('?'), "{}: a title is a question", query.id);
        for word in ["user", "anomal", "offend", "KPI", "entity"] {
            let told = format!("{} {} {}", query.title, query.explanation, query.limits).to_lowercase();
            assert!(!told.contains(&word.to_lowercase()), "{}: says {word}", query.id);
        }
        // Raw rows are read for days or a few weeks only.
        let body: String = query.sql.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
        if body.contains("FROM events") || body.contains("FROM decisions") {
            let is_bounded = query.most_days.is_some() || body.contains("$day") || body.contains("$week_end");
            assert!(is_bounded && body.contains("event_date"), "{}: reads raw rows without bounds", query.id);
        }
    }
}

#[tokio::test]
async fn every_shipped_query_runs_on_an_empty_lake() {
    let lake = TestLake::new();
    let engine = lake.engine("2025-12-20");
    for query in SavedQuery::shipped().unwrap() {
        let rows = rows_of(&engine, &query.id, &given(query)).await;
        assert!(rows.len() <= 20, "{}: {rows:?}", query.id);
    }
}
