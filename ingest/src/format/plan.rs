//! A compiled format: slots instead of names, tables instead of words; shared by all readers of a format and never changed.

use super::columns::{Column, Source, Table};
use super::groups::Group;
use super::reader::Decoder;
use super::rules::{Conditions, Rule, Ruled};
use super::time::{Epoch, Layout as TimeLayout};
use crate::decode::{cef::Cef, csv, json::Json, kv::Kv, labelled::Labelled, leef::Leef, pattern, syslog::Body, w3c::W3c};
use crate::decoded::{Action, Field};

/// What an action word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActionWord {
    Action(Action),
    Ignored(&'static str),
    Quarantined(&'static str),
}

/// What rules and action words make of a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verdict {
    pub(crate) ruled: Ruled,
    /// For events that have one.
    pub(crate) action: Option<ActionWord>,
}

impl Default for Verdict {
    fn default() -> Self {
        Self { ruled: Ruled::Quarantined("unreadable"), action: None }
    }
}

/// One way to read the time.
#[derive(Debug, Clone)]
pub(crate) enum TimeForm {
    Epoch { slot: u16, unit: Epoch },
    Layout { slots: Vec<u16>, layouts: Vec<TimeLayout>, offset: Option<i32>, zone: Option<u16> },
}

/// A decoder and what it is told.
#[derive(Debug, Clone)]
pub(crate) enum DecoderPlan {
    Kv(Vec<u8>),
    Csv(csv::Columns),
    Json,
    Cef,
    Leef,
    W3c(csv::Columns),
    Pattern(pattern::Patterns),
    Labelled(u8),
}

/// Positional text around what the decoder reads.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) patterns: pattern::Patterns,
    /// The part that the decoder reads.
    pub(crate) body: u16,
    /// Its fields, which the decoder leaves alone.
    pub(crate) fields: Vec<u16>,
}

/// A column of truth values.
#[derive(Debug, Clone)]
pub(crate) enum Flag {
    /// As the words of the record say.
    Word(Column),
    /// By what else the record says: the first whose conditions hold.
    Fixed(Vec<(Conditions, Option<bool>)>),
}

/// A compiled format.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) names: Vec<String>,
    pub(crate) decoder: DecoderPlan,
    pub(crate) frame: Option<Body>,
    pub(crate) head: Option<Head>,
    pub(crate) frame_slots: [u16; 3],
    pub(crate) comments: Vec<Vec<u8>>,
    pub(crate) required: Vec<u16>,
    /// Those of them that only tell the format from others.
    pub(crate) tells_apart: Vec<u16>,
    /// Fields that vary from record to record.
    pub(crate) varying: Vec<u16>,
    pub(crate) multiline: bool,
    pub(crate) nul_ends_record: bool,
    pub(crate) cut_at: Option<usize>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) otherwise: Ruled,
    pub(crate) time: Vec<TimeForm>,
    /// Columns about who asked, made of fields that repeat together.
    pub(crate) who: Group,
    /// Columns about what was asked, and the verdict, made of fields that repeat together.
    pub(crate) what: Group,
    /// The other columns, taken from each record afresh.
    pub(crate) columns: Vec<(Field, Column)>,
    pub(crate) admin_columns: Vec<(Field, Column)>,
    pub(crate) action: Vec<(Source, Table<ActionWord>)>,
    /// Status, bytes to the client, bytes from the client.
    pub(crate) numbers: [Option<Column>; 3],
    pub(crate) tls_inspected: Option<Flag>,
}

impl Plan {
    /// A fresh decoder.
    pub(crate) fn decoder(&self) -> Decoder {
        match &self.decoder {
            DecoderPlan::Kv(separators) => Decoder::Kv(Kv::new(&self.body_names(), separators)),
            DecoderPlan::Csv(columns) => Decoder::Csv(csv::Csv::new(columns.clone())),
            DecoderPlan::Json => Decoder::Json(Json::new(&self.names)),
            DecoderPlan::Cef => Decoder::Cef(Cef::new(&self.names)),
            DecoderPlan::Leef => Decoder::Leef(Leef::new(&self.names)),
            DecoderPlan::W3c(columns) => Decoder::W3c(Box::new(W3c::new(&self.names, csv::Csv::new(columns.clone())))),
            DecoderPlan::Pattern(patterns) => Decoder::Pattern(patterns.clone()),
            DecoderPlan::Labelled(delimiter) => Decoder::Labelled(Labelled::new(&self.body_names(), *delimiter)),
        }
    }

    /// Whether a field varies from record to record: address, time, sizes.
    pub(crate) fn varies(&self, field: u16) -> bool {
        self.varying.contains(&field)
    }

    /// The names of fields, those of the head left empty.
    fn body_names(&self) -> Vec<String> {
        let mut names = self.names.clone();
        for field in self.head.iter().flat_map(|head| &head.fields) {
            if let Some(name) = names.get_mut(usize::from(*field)) {
                name.clear();
            }
        }
        names
    }

    pub(crate) fn status(&self) -> Option<&Column> {
        self.numbers[0].as_ref()
    }

    pub(crate) fn bytes_in(&self) -> Option<&Column> {
        self.numbers[1].as_ref()
    }

    pub(crate) fn bytes_out(&self) -> Option<&Column> {
        self.numbers[2].as_ref()
    }
}

/// The canonical text columns a format may fill, by their names in a format file.
pub(crate) const TEXT_COLUMNS: [(&str, Field); 25] = [
    ("user", Field::User),
    ("user_domain", Field::UserDomain),
    ("user_group", Field::UserGroup),
    ("profile", Field::Profile),
    ("rule", Field::Rule),
    ("device", Field::Device),
    ("src_ip", Field::SrcIp),
    ("method", Field::Method),
    ("scheme", Field::Scheme),
    ("url", Field::Url),
    ("host", Field::Host),
    ("path", Field::Path),
    ("query", Field::Query),
    ("content_type", Field::ContentType),
    ("referrer", Field::Referrer),
    ("app", Field::App),
    ("vendor_category", Field::VendorCategory),
    ("vendor_category_id", Field::VendorCategoryId),
    ("search_term", Field::SearchTerm),
    ("site", Field::Site),
    ("concern", Field::Concern),
    ("actor", Field::Actor),
    ("operation", Field::Operation),
    ("object", Field::Object),
    ("detail", Field::Detail),
];
