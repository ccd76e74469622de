//! The spans that figures are published for: a school's half-terms and its year, when they are over, and what they were made from.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use weir_lake::calendar::{epoch_day, school_week_monday};
use weir_lake::estate::{AcademicYear, Estate};
use weir_lake::lake::Snapshot;
use weir_lake::schema::Table;

use crate::engine::Engine;
use crate::error::QueryError;
use crate::rows::rows;

/// Days after a period's last day before its figures are published: late logs have come by then.
const DAYS_FOR_LATE_LOGS: i64 = 14;

/// A school's half-term, or its year.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub label: String,
    pub start: Date,
    pub end: Date,
    pub has_logs: bool,
}

/// Whether a school's figures of a span may be published: the one place that decides. Its last day is long enough past for late logs,
/// and nothing of it waits for a roll-up.
fn is_over(snapshot: &Snapshot, today: Date, school: &str, span: &Span) -> bool {
    let waits = (span.end - school_week_monday(span.start)).get_days();
    let first = epoch_day(school_week_monday(span.start));
    let is_stale =
        snapshot.stale.iter().any(|slice| slice.school_id.as_str() == school && (first..=first + waits).contains(&slice.date));
    today > span.end.saturating_add(DAYS_FOR_LATE_LOGS.days()) && !is_stale
}

/// The half-terms of a school year by number.
#[derive(Debug, Default)]
pub(super) struct Spans {
    pub half_terms: BTreeMap<usize, Span>,
}

impl Spans {
    pub fn year(&self) -> Option<Span> {
        let (first, last) = (self.half_terms.values().next()?, self.half_terms.values().next_back()?);
        let has_logs = self.half_terms.values().any(|span| span.has_logs);
        Some(Span { label: "Year".into(), start: first.start, end: last.end, has_logs })
    }

    pub fn of(&self, column: usize) -> Option<Span> {
        if column == 0 { self.year() } else { self.half_terms.get(&column).cloned() }
    }

    /// Whether a half-term, or the year, is over. One without any logs is over, too; there is nothing of it to publish.
    pub fn is_over(&self, snapshot: &Snapshot, today: Date, school: &str, year: AcademicYear, column: usize) -> bool {
        if column > 0 {
            return self.half_terms.get(&column).is_some_and(|span| is_over(snapshot, today, school, span));
        }
        // Term dates may be on file for the autumn only: the year is over when August has come.
        let is_past = today >= jiff::civil::date(year.0 + 1, 8, 1);
        is_past && !self.half_terms.is_empty() && self.half_terms.values().all(|span| is_over(snapshot, today, school, span))
    }
}

pub(super) type SpansOf = BTreeMap<String, Spans>;

pub(super) async fn spans(engine: &Engine) -> Result<BTreeMap<String, SpansOf>, QueryError> {
    let text = "SELECT p.school_id, p.academic_year, p.period_no, p.label, p.start_date, p.end_date, p.logged_days
                FROM periods p ORDER BY p.academic_year, p.school_id, p.period_no";
    let mut all: BTreeMap<String, SpansOf> = BTreeMap::new();
    for row in rows(&engine.rows(text, &[]).await?) {
        let spans =
            all.entry(row.required_text("academic_year")?).or_default().entry(row.required_text("school_id")?).or_default();
        let span = Span {
            label: row.required_text("label")?,
            start: row.required_day("start_date")?,
            end: row.required_day("end_date")?,
            has_logs: row.count("logged_days")? > 0,
        };
        spans.half_terms.insert(row.count("period_no")? as usize, span);
    }
    Ok(all)
}

/// A digest of everything a school's figures of a span are made from: files of its days, term dates, rolls, policy.
pub(super) fn inputs(snapshot: &Snapshot, estate: &Estate, school: &str, span: &Span) -> String {
    let days = epoch_day(school_week_monday(span.start))..=epoch_day(span.end);
    let mut parts: BTreeSet<String> = BTreeSet::new();
    for table in [Table::ActivityHourly, Table::ThemeWeeks] {
        let files = snapshot.files.get(&table).into_iter().flatten();
        let mine = files.filter(|file| {
            let (first, last) = &file.statistics.school_id;
            days.contains(&file.statistics.event_date) && (first.as_str()..=last.as_str()).contains(&school)
        });
        parts.extend(mine.map(|file| file.path.clone()));
    }
    let is_mine = |id: &Option<weir_lake::ids::SchoolId>| id.as_ref().is_none_or(|id| id.as_str() == school);
    parts.extend(estate.rolls.iter().filter(|roll| roll.school_id.as_str() == school).map(|roll| format!("{roll:?}")));
    parts.extend(estate.calendar.iter().filter(|row| is_mine(&row.school_id)).map(|row| format!("{row:?}")));
    parts.extend(estate.policy.iter().filter(|row| is_mine(&row.school_id)).map(|row| format!("{row:?}")));
    let text: Vec<String> = parts.into_iter().collect();
    format!("{:016x}", fingerprint(text.join("\n").as_bytes()))
}

/// FNV-1a: the same on every machine and in every version, which is all that is asked of it.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
