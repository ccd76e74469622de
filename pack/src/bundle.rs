//! What a signed review keeps: everything its documents are made from, already worded and already suppressed for whoever reads it.
//!
//! The pack sets type; it works out no figure and hides nothing. So whoever fills a bundle writes figures as they are to be read, and leaves out
//! keys, names of pupils, the text of incidents and rows of logs. There is one bundle for each audience of a revision. Its canonical JSON
//! ([`Bundle::to_json`]) is what is stored; the digest of those bytes is printed in every document made from them.
//!
//! Fields are only ever added, as options that are left out when empty: so an old bundle read by a newer Weir gives the same bytes again.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::error::BundleError;

mod check;
mod number;

pub use check::plain;
pub use number::Number;

/// The layout of a bundle that this Weir writes and reads.
pub const FORMAT: u32 = 1;

/// Bytes of canonical JSON at most. Time and memory of a PDF grow with them: 80 schools with full blocks have 2.7 million, and take ten
/// seconds of a processor and 1.2 GB.
pub const MOST_BYTES: usize = 4 << 20;

/// A frozen revision of a review, for one audience.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// The layout, [`FORMAT`].
    pub format: u32,
    /// The Weir that froze it; only the same version rebuilds the same bytes.
    pub weir_version: String,
    /// The lake it was worked out from. Where figures came from, not something that a rebuild needs.
    pub lake_version: u64,
    /// When it was frozen, to the second. Documents carry this time and no other.
    pub frozen_at: Timestamp,
    /// For whom it is worded and suppressed.
    pub audience: Audience,
    /// 1 for the first that was frozen.
    pub revision: u32,
    /// As people write it: 2025-26.
    pub year: String,
    /// The year's first day.
    pub first_day: Date,
    /// The year's last day.
    pub last_day: Date,
    /// Whose review it is.
    pub body: Body,
    /// The document's name, without the school's: "Annual review of filtering and monitoring".
    pub title: String,
    /// A few sentences: what happened, how sure that is, what to do.
    pub lead: Vec<String>,
    /// What the logs can't show, a sentence each.
    pub unseen: Vec<String>,
    /// What to ask the head, most pressing first.
    pub questions: Vec<String>,
    /// What stands out, most pressing first.
    pub findings: Vec<Finding>,
    /// The 21 blocks, once for a school, or once for each school of a trust or federation.
    pub sections: Vec<Section>,
    /// What is to be done.
    pub actions: Vec<Action>,
    /// Who signs; those without a day have not, and get a line to sign on.
    pub signatures: Vec<Signature>,
    /// The revision that this one takes the place of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub replaces: Option<Replaced>,
    /// What changed against it.
    pub differences: Vec<Difference>,
    /// The register's logs, and other long tables.
    pub appendices: Vec<Table>,
    /// How each figure is worked out.
    pub definitions: Vec<Definition>,
    /// Words and what they mean.
    pub glossary: Vec<Term>,
}

/// For whom a bundle is worded and suppressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Governors: 0 to 4 people are one mark. Written as if published.
    Governors,
    /// The safeguarding lead and the head: nothing is hidden.
    Safeguarding,
    /// Anyone: 0 to 9 people are one mark, and nothing below the whole school.
    Public,
}

/// Whose review it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The school's or the governing body's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The nation whose words the review uses: England, Wales, Scotland, Northern Ireland.
    pub nation: String,
}

/// How a figure or finding reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No clear difference.
    Usual,
    /// Higher than usual.
    Higher,
    /// Lower than usual.
    Lower,
    /// Can't say yet.
    CantSay,
    /// Someone should look, whatever is usual.
    Look,
}

/// Something that stands out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// How it reads.
    pub state: State,
    /// A few words.
    pub heading: String,
    /// What happened.
    pub text: String,
    /// What to ask about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ask: Option<String>,
}

/// The blocks of one school.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The school's name where there are several; none where the review is of one school.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub heading: Option<String>,
    /// Its blocks by number.
    pub blocks: Vec<Block>,
}

/// One of the 21 parts of a review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// 1 to 21.
    pub number: u8,
    /// Its heading.
    pub title: String,
    /// The question it answers.
    pub asks: String,
    /// Where its evidence comes from.
    pub basis: Basis,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// Its tables, beside those of figures.
    pub tables: Vec<Table>,
    /// What people wrote.
    pub notes: Vec<Note>,
    /// What nobody has supplied.
    pub missing: Vec<Missing>,
}

/// Where evidence comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The logs.
    Measured,
    /// People.
    Reported,
    /// Both.
    Both,
}

/// A figure as a card shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The definition's id, after a colon what it is of: `theme_rate:violence`. Small letters, digits, `_`, `-`, `:`; once in a section.
    pub id: String,
    /// Its name.
    pub title: String,
    /// How it reads, where that can be said of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub state: Option<State>,
    /// As it is read, with its unit; or in words why there is none: "fewer than 5, perhaps none", "no logs".
    pub value: String,
    /// With what it is compared: "same half-term last year: 1.2".
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub comparison: Option<String>,
    /// How much of the time it rests on: "logs on 28 of 30 days".
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub coverage: Option<String>,
    /// What it means.
    pub meaning: String,
    /// What to ask the head.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ask: Option<String>,
    /// From the logs; else from people.
    pub measured: bool,
    /// Its picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub chart: Option<Chart>,
    /// The numbers of the picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub table: Option<Table>,
}

/// A picture of one series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chart {
    /// How it is drawn.
    pub kind: ChartKind,
    /// What it shows, with its unit: "Pupils in every 100, in a school week".
    pub title: String,
    /// The same in words, for those who don't see it: the course, the highest and lowest, what is hidden or missing.
    pub says: String,
    /// From left to right.
    pub points: Vec<Point>,
}

/// How a chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    /// A line through the points; it breaks where there is no value.
    Line,
    /// A bar for each point.
    Bars,
    /// A cell for each school day, Monday to Friday down and weeks across; points are labelled with ISO dates, in order.
    Strip,
}

/// A point of a chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Its place: "Autumn 1", or in a strip an ISO date.
    pub label: String,
    /// Its value, zero or more; none where `mark` says why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<Number>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mark: Option<Mark>,
    /// What is usual there, low and high.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub band: Option<(Number, Number)>,
}

/// Why a point has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Hidden: too few people.
    Hidden,
    /// No logs.
    NoLogs,
    /// Not over yet.
    NotOver,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Names its CSV file. Small letters, digits, `_`, `-`, `:`; once in a section, and once in the appendices.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// Its columns; the first names the rows.
    pub columns: Vec<Column>,
    /// Its rows, each with a cell for every column.
    pub rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its heading, with the unit.
    pub title: String,
    /// What its cells hold; any of them may be a mark, a text or empty instead.
    pub kind: ColumnKind,
}

/// What a column's cells hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Words.
    Text,
    /// Numbers with so many decimals.
    Number {
        /// Digits after the point.
        decimals: u8,
    },
    /// Parts of 100 with so many decimals: 12.5 is read 12.5%.
    Percent {
        /// Digits after the point.
        decimals: u8,
    },
    /// Days.
    Date,
}

/// A table's cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Words.
    Text(String),
    /// A number of its column's kind.
    Number(Number),
    /// A day.
    Date(Date),
    /// `[c]` hidden, `[x]` not available, `[z]` not applicable, or words as "no logs".
    Mark(String),
    /// Nothing.
    Empty,
}

/// What someone wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// What.
    pub text: String,
    /// Who.
    pub by: String,
    /// When.
    pub on: Date,
}

/// Evidence that nobody has supplied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// What.
    pub what: String,
    /// Who can.
    pub who: String,
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What.
    pub what: String,
    /// Who does it.
    pub owner: String,
    /// By when.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due: Option<Date>,
    /// In words: open, done, overdue.
    pub state: String,
    /// The year whose review asked for it first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub carried_from: Option<String>,
}

/// A person who signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The name; empty where nobody is named.
    pub name: String,
    /// As what.
    pub role: String,
    /// When; none while it is not signed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub on: Option<Timestamp>,
}

/// The revision before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replaced {
    /// Its number.
    pub revision: u32,
    /// When it was frozen.
    pub frozen_at: Timestamp,
    /// Its digest, 64 hexadecimal digits.
    pub digest: String,
}

/// A change against the revision before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// What changed.
    pub what: String,
    /// As it read.
    pub was: String,
    /// As it reads.
    pub is: String,
}

/// How a figure is worked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// The indicator's id, once.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Its unit.
    pub unit: String,
    /// What is counted.
    pub counts: String,
    /// Of what it is a share.
    pub of: String,
    /// What is left out.
    pub leaves_out: String,
    /// What to beware of.
    pub caveat: String,
    /// Which version of the definition.
    pub version: u32,
}

/// A word and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The word.
    pub word: String,
    /// What it means.
    pub meaning: String,
}

impl Bundle {
    /// The canonical bytes: fields in the order above, no spaces, one line. Refuses what no document could show faithfully.
    pub fn to_json(&self) -> Result<Vec<u8>, BundleError> {
        check::check(self)?;
        let bytes = serde_json::to_vec(self).map_err(BundleError::Json)?;
        if bytes.len() > MOST_BYTES {
            return Err(BundleError::TooLarge { bytes: bytes.len(), most: MOST_BYTES });
        }
        Ok(bytes)
    }

    /// Reads a stored bundle. Bytes that this Weir would have written otherwise are refused: their digest would be of something else.
    pub fn from_json(bytes: &[u8]) -> Result<Bundle, BundleError> {
        if bytes.len() > MOST_BYTES {
            return Err(BundleError::TooLarge { bytes: bytes.len(), most: MOST_BYTES });
        }
        let bundle: Bundle = serde_json::from_slice(bytes).map_err(BundleError::Json)?;
        if bundle.to_json()? != bytes {
            return Err(BundleError::NotCanonical);
        }
        Ok(bundle)
    }

    /// BLAKE3 of the canonical bytes, 64 hexadecimal digits.
    pub fn digest(&self) -> Result<String, BundleError> {
        Ok(digest(&self.to_json()?))
    }
}

/// BLAKE3 of stored bytes, 64 hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

#[cfg(test)]
mod tests;
