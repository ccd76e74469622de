//! A format file as written: TOML and nothing checked but its shape. `docs/formats.md` explains every key to a technician.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One text or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Texts {
    One(String),
    Many(Vec<String>),
}

impl Texts {
    pub(crate) fn as_slice(&self) -> &[String] {
        match self {
            Texts::One(text) => std::slice::from_ref(text),
            Texts::Many(texts) => texts,
        }
    }
}

/// One item or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> OneOrMany<T> {
    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            OneOrMany::One(item) => std::slice::from_ref(item),
            OneOrMany::Many(items) => items,
        }
    }
}

/// The product's own settings, in plain words, for what a source does not give.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mends {
    /// So that lines name people.
    pub identity: Option<String>,
    /// So that more than the host of https pages is seen.
    pub decryption: Option<String>,
    /// So that allowed requests are logged.
    pub allowed: Option<String>,
    /// So that search terms are logged.
    pub search: Option<String>,
}

/// A whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) vendor: String,
    #[serde(default)]
    pub(crate) product: String,
    pub(crate) version: u32,
    pub(crate) url: String,
    /// The file of taxonomies/ to ask, where it is not the vendor's by name.
    #[serde(default)]
    pub(crate) taxonomy: Option<String>,
    #[serde(default = "filter")]
    pub(crate) layer: String,
    #[serde(default = "documentation")]
    pub(crate) evidence: String,
    /// Whether it logs all requests or refusals alone.
    #[serde(default = "all")]
    pub(crate) logs: String,
    /// Remarks for a person.
    #[serde(default)]
    pub(crate) notes: String,
    /// How to get the log out of the product, in plain words.
    #[serde(default)]
    pub(crate) export: String,
    /// What to set at the product where its log shows too little.
    #[serde(default)]
    pub(crate) mends: Mends,
    /// Canonical columns that make a row the same row in two overlapping exports; all decoded ones by default.
    #[serde(default)]
    pub(crate) identity: Vec<String>,

    pub(crate) decode: String,
    #[serde(default)]
    pub(crate) frame: Option<String>,
    /// Lines that start so are remarks.
    #[serde(default)]
    pub(crate) comment: Option<Texts>,
    #[serde(default)]
    pub(crate) pattern: Option<Texts>,
    /// Positional text around what the decoder reads, which is its field `body`.
    #[serde(default)]
    pub(crate) head: Option<Texts>,
    /// Between pairs or columns.
    #[serde(default)]
    pub(crate) delimiter: Option<Texts>,
    #[serde(default = "yes")]
    pub(crate) quotes: bool,
    #[serde(default)]
    pub(crate) header: bool,
    /// Columns by position.
    #[serde(default)]
    pub(crate) fields: Vec<String>,
    #[serde(default)]
    pub(crate) layout: Vec<LayoutSpec>,
    #[serde(default)]
    pub(crate) multiline: bool,
    /// A NUL byte ends a record as a newline does.
    #[serde(default)]
    pub(crate) nul_ends_record: bool,
    /// Length at which the product cuts records; a line of at least that length that does not match is `cut_record`.
    #[serde(default)]
    pub(crate) cut_at: Option<usize>,
    /// Rows at which the portal cuts an export without a word.
    #[serde(default)]
    pub(crate) row_cap: Option<u64>,
    /// An export is one person's, and may not name them.
    #[serde(default)]
    pub(crate) one_person: bool,
    /// Values that stand for none, in every column that does not say otherwise.
    #[serde(default = "usual_null")]
    pub(crate) null: Vec<String>,
    /// Fields without which a line is not of this format.
    #[serde(default)]
    pub(crate) require: Vec<String>,
    /// Fields that tell a line from another format's. Where a person names the format, a line may lack them.
    #[serde(default)]
    pub(crate) tells_apart: Vec<String>,

    #[serde(default)]
    pub(crate) when: Vec<WhenSpec>,
    /// What a line is that no rule decides; a web event by default.
    #[serde(default)]
    pub(crate) otherwise: Option<OutcomeSpec>,
    pub(crate) time: OneOrMany<TimeSpec>,
    pub(crate) columns: BTreeMap<String, OneOrMany<ColumnSpec>>,
    #[serde(default)]
    pub(crate) table: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) sample: Vec<SampleSpec>,
    #[serde(default)]
    pub(crate) reject: Vec<RejectSpec>,
}

fn yes() -> bool {
    true
}

fn filter() -> String {
    "filter".into()
}

fn all() -> String {
    "all".into()
}

fn documentation() -> String {
    "documentation".into()
}

fn usual_null() -> Vec<String> {
    vec!["-".into()]
}

/// Columns by position for some records.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LayoutSpec {
    pub(crate) fields: Vec<String>,
    /// Column number, from 1, to the text it must hold.
    #[serde(default)]
    pub(crate) when: BTreeMap<String, String>,
    /// Number of columns: one, or from and to.
    #[serde(default)]
    pub(crate) width: Option<Width>,
}

/// Number of columns.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(crate) enum Width {
    Exactly(usize),
    Between([usize; 2]),
}

/// What a field must be.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum TestSpec {
    Is(Texts),
    Says(Says),
}

/// Tests of one field; all that are given must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Says {
    #[serde(default)]
    pub(crate) is: Option<Texts>,
    #[serde(default)]
    pub(crate) not: Option<Texts>,
    #[serde(default)]
    pub(crate) starts: Option<Texts>,
    #[serde(default)]
    pub(crate) ends: Option<Texts>,
    #[serde(default)]
    pub(crate) contains: Option<Texts>,
    #[serde(default)]
    pub(crate) present: Option<bool>,
    /// Whether the text is an IP address.
    #[serde(default)]
    pub(crate) address: Option<bool>,
    #[serde(default)]
    pub(crate) at_least: Option<i64>,
    #[serde(default)]
    pub(crate) below: Option<i64>,
}

/// Conditions on fields; all must hold.
pub(crate) type IfSpec = BTreeMap<String, TestSpec>;

/// A rule: the first with an outcome that holds says what the line is, the first with an action what was decided.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhenSpec {
    #[serde(rename = "if", default)]
    pub(crate) if_: IfSpec,
    #[serde(default)]
    pub(crate) event: Option<String>,
    #[serde(default)]
    pub(crate) admin: Option<String>,
    #[serde(default)]
    pub(crate) ignored: Option<String>,
    #[serde(default)]
    pub(crate) quarantined: Option<String>,
    #[serde(default)]
    pub(crate) action: Option<String>,
}

/// What a line is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutcomeSpec {
    #[serde(default)]
    pub(crate) event: Option<String>,
    #[serde(default)]
    pub(crate) ignored: Option<String>,
    #[serde(default)]
    pub(crate) quarantined: Option<String>,
}

/// One way to read the time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimeSpec {
    /// A field, or several joined by a blank. `syslog.time` is the header's.
    #[serde(alias = "column")]
    pub(crate) from: Texts,
    #[serde(default)]
    pub(crate) epoch: Option<String>,
    #[serde(default)]
    pub(crate) layout: Option<Texts>,
    /// The zone of all such times: `UTC` or an offset.
    #[serde(default)]
    pub(crate) zone: Option<String>,
    /// A field with an offset or the abbreviation of a zone.
    #[serde(default)]
    pub(crate) zone_from: Option<String>,
}

/// Where a column comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum ColumnSpec {
    From(String),
    Full(Box<FullColumnSpec>),
}

/// Where a column comes from, in full.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FullColumnSpec {
    #[serde(default)]
    pub(crate) from: Option<Texts>,
    /// A text of its own instead of a field.
    #[serde(default)]
    pub(crate) value: Option<String>,
    #[serde(rename = "if", default)]
    pub(crate) if_: IfSpec,
    #[serde(default)]
    pub(crate) null: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) table: Option<String>,
    /// A field whose value, repeated here, is no value.
    #[serde(default)]
    pub(crate) unlike: Option<String>,
    #[serde(default)]
    pub(crate) after: Option<String>,
    #[serde(default)]
    pub(crate) after_last: Option<String>,
    #[serde(default)]
    pub(crate) before: Option<String>,
    #[serde(default)]
    pub(crate) before_last: Option<String>,
    #[serde(default)]
    pub(crate) strip_prefix: Option<Texts>,
    #[serde(default)]
    pub(crate) strip_suffix: Option<Texts>,
    /// `backslash` (`\x` is x) or `percent`.
    #[serde(default)]
    pub(crate) unescape: Option<String>,
    #[serde(default)]
    pub(crate) split: Option<String>,
    #[serde(default)]
    pub(crate) join: Option<String>,
    /// Parts of a split value to leave out.
    #[serde(default)]
    pub(crate) drop: Vec<String>,
}

/// A line and the row it must give.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SampleSpec {
    #[serde(default)]
    pub(crate) header: Option<Texts>,
    pub(crate) line: String,
    #[serde(default)]
    pub(crate) zone: Option<String>,
    pub(crate) row: BTreeMap<String, toml::Value>,
}

/// A line and why it is no event.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RejectSpec {
    #[serde(default)]
    pub(crate) header: Option<Texts>,
    pub(crate) line: String,
    pub(crate) reason: String,
}
