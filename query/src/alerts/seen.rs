//! One candidate event with its severity and weight, as the rules say before anything is joined.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use weir_lake::clock;

use crate::error::QueryError;
use crate::rows::Row;

/// Most that a category alone counts.
const MOST_OF_A_CATEGORY: i64 = 3;

/// Added to the score outside school hours, and for an entry that tells of a plan.
const OUT_OF_HOURS: i64 = 5;
const PLANNING: i64 = 10;

/// What a category's severity is worth beside the weights of entries, which go to 100.
const WEIGHT_OF_A_CATEGORY: i64 = 20;

/// Weight of an entry, and whether it tells of a plan.
type Weight<'a> = dyn Fn(&str) -> Option<(i64, bool)> + Send + Sync + 'a;

/// Severity of a vendor's words: format, the words, host, our category.
type Severity<'a> = dyn Fn(&str, &str, &str, &str) -> Option<i64> + Send + Sync + 'a;

/// What the reader's data say of entries and of vendors' words; given by the caller, because the files belong to reading.
pub struct Weights<'a> {
    /// Weight of an entry, and whether it tells of a plan.
    pub entry: Box<Weight<'a>>,
    /// Severity of a category where a vendor's words joined several: less than the category's own.
    pub vendor: Box<Severity<'a>>,
}

impl Default for Weights<'_> {
    fn default() -> Self {
        Self { entry: Box::new(|_| None), vendor: Box::new(|_, _, _, _| None) }
    }
}

/// A candidate.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub school: String,
    pub at: i64,
    pub day: Date,
    pub user_key: Option<String>,
    pub user_type: String,
    pub device_key: Option<String>,
    pub what: String,
    pub is_illegal: bool,
    pub theme: String,
    /// The term or the host: what a class may have in common. Goes nowhere but into digests.
    pub of_what: String,
    /// From what it may follow whether an alert is raised: of an entry, or of a category alone.
    pub severity: i64,
    pub score: i64,
    pub asks_for_help: bool,
    pub file_id: String,
    pub line_no: i64,
}

impl Seen {
    pub(crate) fn read(row: Row<'_>, weights: &Weights<'_>) -> Result<Self, QueryError> {
        let text = |name: &str| row.text(name);
        let plain = |name: &str| text(name).map(Option::unwrap_or_default);
        let truth = |name: &str| Ok::<_, QueryError>(text(name)?.as_deref() == Some("true"));
        let whole = |name: &str| row.whole(name).map(|number| number.unwrap_or(0));
        let (host, category) = (plain("host")?, plain("category")?);
        let entry = whole("entry_severity")?;
        let of_category = whole("category_severity")?;
        let of_vendor = text("vendor_category")?
            .filter(|_| of_category > 0)
            .and_then(|words| (weights.vendor)(&plain("format_id").ok()?, &words, &host, &category));
        let of_category = of_category.min(of_vendor.unwrap_or(of_category)).min(MOST_OF_A_CATEGORY);
        let (weight, is_plan) = text("concern_id")?.and_then(|id| (weights.entry)(&id)).unwrap_or((0, false));
        let day = row.required_day("day")?;
        let at = whole("at")?;
        let in_hours =
            truth("is_school_day")? && is_in_hours(at, &plain("timezone")?, &plain("hours_from")?, &plain("hours_to")?);
        let score = weight.max(of_category * WEIGHT_OF_A_CATEGORY)
            + if is_plan { PLANNING } else { 0 }
            + if in_hours { 0 } else { OUT_OF_HOURS };
        let is_illegal = truth("is_illegal")?;
        Ok(Self {
            school: row.required_text("school_id")?,
            at,
            day,
            user_key: text("user_key")?,
            user_type: plain("user_type")?,
            device_key: text("device_key")?,
            what: row.required_text("what")?,
            is_illegal,
            theme: row.required_text("theme")?,
            of_what: text("search_term")?.unwrap_or(host),
            // What is listed alerts at once, whatever list a vendor's words come from.
            severity: if is_illegal { entry.max(MOST_OF_A_CATEGORY) } else { entry.max(of_category) },
            score,
            asks_for_help: truth("help_seeking")?,
            file_id: row.required_text("file_id")?,
            line_no: whole("line_no")?,
        })
    }

    /// A search that asks for help and is not severe is a call for help and nothing else.
    pub(crate) fn is_only_a_call_for_help(&self) -> bool {
        self.asks_for_help && self.severity <= 2
    }
}

fn is_in_hours(at: i64, zone: &str, from: &str, to: &str) -> bool {
    let zone = clock::zone(zone).unwrap_or(TimeZone::UTC);
    let Ok(instant) = jiff::Timestamp::from_microsecond(at) else { return false };
    let time = instant.to_zoned(zone).time();
    let clock = |text: &str| text.parse::<Time>().ok();
    clock(from).is_none_or(|from| from <= time) && clock(to).is_none_or(|to| time < to)
}
