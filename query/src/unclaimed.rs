//! Lines that no `school_map` rule gave to a school, by what a rule could go by, with the rule to copy; nothing of a line but that.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::engine::{Answer, Engine};
use crate::error::QueryError;
use crate::output::rows_as_json;

/// What the lake keeps in clear of such lines.
const QUESTION: &str = "SELECT source_id, unclaimed, count(*) AS lines FROM quarantine
WHERE reason = 'no_school' GROUP BY source_id, unclaimed ORDER BY source_id, unclaimed";

/// The files they came in, the newest first.
const FILES: &str = "SELECT source_id, file_id, max(received_at) AS received FROM quarantine
WHERE reason = 'no_school' GROUP BY source_id, file_id ORDER BY source_id, received DESC, file_id";

/// Characters of a file id that stand for it; `weir undo` takes them.
const SHORT_ID: usize = 12;

/// What a rule can look at, as weir.toml calls it.
pub const RULE_KEYS: [&str; 4] = ["src_ip", "group", "profile", "site"];

/// The lines of a source that have no school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnclaimedSource {
    /// The source.
    pub source_id: String,
    /// Lines.
    pub lines: u64,
    /// Lines that say nothing a rule could go by.
    pub say_nothing: u64,
    /// Beginnings of the ids of the files they came in, newest first.
    pub files: Vec<String>,
    /// What would claim them, by key and then by lines. A line stands under each key it has a value for.
    pub claims: Vec<Claim>,
}

/// A value that lines without a school share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// Of [`RULE_KEYS`].
    pub key: &'static str,
    /// The range, group, profile or site.
    pub value: String,
    /// Lines.
    pub lines: u64,
    /// The rule for weir.toml, with `SCHOOL` for the school's id.
    pub rule: String,
}

/// Every source with such lines, by id.
pub async fn unclaimed(engine: &Engine) -> Result<Vec<UnclaimedSource>, QueryError> {
    let (lines, files) = (engine.sql(QUESTION, None).await?, engine.sql(FILES, None).await?);
    let mut sources: BTreeMap<String, (UnclaimedSource, Counts)> = BTreeMap::new();
    for row in rows(&lines)? {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let count = row.get("lines").and_then(Value::as_u64).unwrap_or_default();
        let id = text("source_id").to_owned();
        let empty = UnclaimedSource { source_id: id.clone(), lines: 0, say_nothing: 0, files: Vec::new(), claims: Vec::new() };
        let (source, counts) = sources.entry(id).or_insert_with(|| (empty, Counts::new()));
        source.lines += count;
        let facts: serde_json::Map<String, Value> = serde_json::from_str(text("unclaimed")).unwrap_or_default();
        let values = RULE_KEYS.iter().enumerate().filter_map(|(at, key)| Some((at, facts.get(*key)?.as_str()?)));
        let before = counts.values().sum::<u64>();
        for (at, value) in values {
            *counts.entry((at, value.to_owned())).or_insert(0) += count;
        }
        if counts.values().sum::<u64>() == before {
            source.say_nothing += count;
        }
    }
    for row in rows(&files)? {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        if let Some((source, _)) = sources.get_mut(text("source_id")) {
            source.files.push(text("file_id").chars().take(SHORT_ID).collect());
        }
    }
    Ok(sources.into_values().map(|(source, counts)| UnclaimedSource { claims: claims(counts), ..source }).collect())
}

/// Lines by number of the key and value.
type Counts = BTreeMap<(usize, String), u64>;

fn rows(answer: &Answer) -> Result<Vec<serde_json::Map<String, Value>>, QueryError> {
    Ok(answer.batches.iter().map(rows_as_json).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn claims(counts: Counts) -> Vec<Claim> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|((a, x), m), ((b, y), n)| a.cmp(b).then(n.cmp(m)).then_with(|| x.cmp(y)));
    counts
        .into_iter()
        .filter_map(|((at, value), lines)| {
            let key = RULE_KEYS.get(at)?;
            Some(Claim { key, rule: rule(key, &value), value, lines })
        })
        .collect()
}

/// A line of a source's `school_map`.
fn rule(key: &str, value: &str) -> String {
    // JSON's escapes are TOML's, but for the one character below that TOML wants escaped and JSON does not.
    let quoted = Value::from(value).to_string().replace('\u{7f}', "\\u007f");
    format!("{{ {key} = {quoted}, school = \"SCHOOL\" }},")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BinaryArray, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
    use weir_lake::schema::Table;

    use super::*;
    use crate::fixture::TestLake;

    /// Source, file, reason, facts.
    type Line<'l> = (&'l str, &'l str, &'l str, Option<&'l str>);

    fn quarantine(lines: &[Line<'_>]) -> RecordBatch {
        let texts = |at: fn(&Line<'_>) -> String| -> ArrayRef { Arc::new(StringArray::from_iter_values(lines.iter().map(at))) };
        let n = lines.len() as i64;
        let received = TimestampMicrosecondArray::from_iter_values(0..n).with_timezone("UTC");
        RecordBatch::try_from_iter_with_nullable(vec![
            ("event_date", Arc::new(Date32Array::from_iter_values(lines.iter().map(|_| 20_000))) as ArrayRef, false),
            ("school_id", texts(|_| "-".into()), false),
            ("source_id", texts(|line| line.0.into()), false),
            ("file_id", texts(|line| line.1.into()), false),
            ("line_no", Arc::new(Int64Array::from_iter_values(1..=n)), false),
            ("format_id", texts(|_| "squid".into()), false),
            ("reason", texts(|line| line.2.into()), false),
            ("received_at", Arc::new(received), false),
            ("raw", Arc::new(BinaryArray::from_iter_values(lines.iter().map(|_| b"sealed"))), false),
            ("unclaimed", Arc::new(lines.iter().map(|line| line.3).collect::<StringArray>()), true),
        ])
        .unwrap()
    }

    #[tokio::test]
    async fn lines_are_grouped_by_what_would_claim_them() {
        let lake = TestLake::new();
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        let rows = quarantine(&[
            ("trust", &a, "no_school", Some(r#"{"src_ip":"10.7.3.0/24","group":"Year 9"}"#)),
            ("trust", &a, "no_school", Some(r#"{"src_ip":"10.7.3.0/24","group":"Staff \"B\""}"#)),
            ("trust", &b, "no_school", Some(r#"{"src_ip":"10.9.0.0/24","group":"Year 9","site":"Elm"}"#)),
            ("trust", &b, "no_school", None),
            // Not a matter of schools.
            ("trust", &b, "bad_time", None),
            ("other", &b, "no_school", Some(r#"{"profile":"Guests"}"#)),
        ]);
        let files = lake.lake.write_rows(Table::Quarantine, &rows).unwrap();
        lake.commit(files.into_iter().map(|file| (Table::Quarantine, file)).collect(), Default::default(), Vec::new());
        let found = unclaimed(&lake.engine("2025-09-12")).await.unwrap();
        let [other, trust] = &found[..] else { panic!("{found:?}") };
        assert_eq!((other.lines, other.say_nothing, other.claims.len()), (1, 0, 1));
        assert_eq!(other.claims[0].rule, r#"{ profile = "Guests", school = "SCHOOL" },"#);
        assert_eq!((trust.lines, trust.say_nothing), (4, 1));
        assert_eq!(trust.files, ["bbbbbbbbbbbb", "aaaaaaaaaaaa"]);
        let told: Vec<_> = trust.claims.iter().map(|claim| (claim.key, claim.value.as_str(), claim.lines)).collect();
        assert_eq!(
            told,
            [
                ("src_ip", "10.7.3.0/24", 2),
                ("src_ip", "10.9.0.0/24", 1),
                ("group", "Year 9", 2),
                ("group", "Staff \"B\"", 1),
                ("site", "Elm", 1),
            ]
        );
        assert_eq!(trust.claims[3].rule, r#"{ group = "Staff \"B\"", school = "SCHOOL" },"#);
    }

    #[tokio::test]
    async fn where_every_line_has_a_school_there_is_nothing() {
        assert_eq!(unclaimed(&TestLake::new().engine("2025-09-12")).await.unwrap(), []);
    }
}
