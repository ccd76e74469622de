//! Governors' questions over published cells: the newest revision of each, and a mark where there is no number.

use jiff::civil::date;
use weir_lake::schema::Table;

use super::{asked, of, shipped};
use crate::fixture::TestLake;
use crate::output::rows_as_json;
use crate::publish::block::Mark;
use crate::publish::cells::batch_of;
use crate::published::{Key, PublishedCell};
use crate::saved::{Asked, Role, SavedQuery};

fn cell(indicator: &str, dimension: Option<&str>, year: &str, period: u32, value: Option<f64>) -> PublishedCell {
    PublishedCell {
        key: Key {
            audience: "governor".into(),
            grain: "school".into(),
            school_id: "elm".into(),
            group: None,
            year: year.into(),
            period,
            indicator: indicator.into(),
            dimension: dimension.map(Into::into),
        },
        end: date(2025, 10, 10),
        label: format!("Autumn {period}"),
        version: 1,
        mark: if value.is_some() { Mark::Shown } else { Mark::Hidden },
        value,
        numerator: value,
        denominator: value.map(|_| 100.0),
        threshold: 5,
        revision: 1,
        change: None,
        inputs: "by hand".into(),
        lake_version: 1,
    }
}

async fn answer(lake: &TestLake, id: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let engine = lake.engine("2025-12-20");
    let asked = Asked { role: Role::Governor, reason: None, ..asked(&[("year", "2025-26")]) };
    let answered = shipped(id).prepare(&engine, &asked).await.unwrap().answer().await.unwrap();
    let plain = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    let rows = answered.answer.batches.iter().flat_map(|batch| rows_as_json(batch).unwrap());
    rows.map(|row| row.into_iter().map(|(name, value)| (name, plain(value))).collect()).collect()
}

#[tokio::test]
async fn governors_ask_what_is_published_and_nothing_else() {
    let lake = TestLake::new();
    let later = |cell: PublishedCell, value: f64, change: f64| PublishedCell {
        value: Some(value),
        revision: 2,
        change: Some(change),
        ..cell
    };
    let gambling = cell("theme_rate", Some("gambling"), "2025-26", 1, Some(2.0));
    let cells = [
        gambling.clone(),
        later(gambling, 2.5, 0.5),
        cell("theme_rate", Some("self_harm"), "2025-26", 1, None),
        cell("theme_rate", Some("gambling"), "2024-25", 1, Some(1.5)),
        cell("coverage_days", Some("elm-filter"), "2025-26", 1, Some(96.0)),
        cell("ai_use_rate", None, "2025-26", 1, Some(12.0)),
        // The year is another period, and what the public may see another reader's.
        PublishedCell { label: "2025-26".into(), ..cell("theme_rate", Some("gambling"), "2025-26", 0, Some(9.0)) },
        {
            let mut public = cell("theme_rate", Some("gambling"), "2025-26", 1, Some(8.0));
            public.key.audience = "public".into();
            public
        },
    ];
    let files = lake.lake.write_rows(Table::PublishedFigures, &batch_of(&cells).unwrap()).unwrap();
    lake.commit(files.into_iter().map(|file| (Table::PublishedFigures, file)).collect(), Default::default(), Vec::new());

    let rows = answer(&lake, "published_themes").await;
    assert_eq!(
        of(&rows, &["half_term", "figure", "value", "year_before", "why_no_number"]),
        [
            ["Autumn 1", "gambling", "2.5", "1.5", ""],
            ["Autumn 1", "self harm", "null", "null", "fewer than 5 people, perhaps none"],
        ]
    );
    let rows = answer(&lake, "published_coverage").await;
    assert_eq!(of(&rows, &["figure", "value"]), [["days with logs, elm-filter", "96.0"]]);
    let rows = answer(&lake, "published_ai").await;
    assert_eq!(of(&rows, &["value", "year_before"]), [["12.0", "null"]]);
    let rows = answer(&lake, "published_corrections").await;
    assert_eq!(
        of(&rows, &["half_term", "figure", "of_what", "times_changed", "value", "last_change"]),
        [["Autumn 1", "theme rate", "gambling", "1", "2.5", "0.5"]]
    );
    for id in ["published_filtering", "published_visibility", "published_ways_round"] {
        assert!(answer(&lake, id).await.is_empty(), "{id}");
    }
    let of_governors = SavedQuery::shipped().unwrap().iter().filter(|query| query.may_be_run_by(Role::Governor)).count();
    assert_eq!(of_governors, 7);
}
