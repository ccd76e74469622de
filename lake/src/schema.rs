//! The canonical schema: every table and column once, from which the Arrow schema, the Delta schema and the docs page derive.

/// How a column's values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// UTF-8 text, stored with a Parquet dictionary.
    Dict,
    /// UTF-8 text.
    Text,
    /// Microseconds since 1970, UTC.
    Timestamp,
    /// Days since 1970.
    Date,
    /// 32-bit integer.
    Int32,
    /// 64-bit integer.
    Int64,
    /// 64-bit floating point.
    Float64,
    /// True or false.
    Bool,
    /// A list of text.
    TextList,
    /// Bytes (encrypted).
    Binary,
}

/// One column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name in SQL.
    pub name: &'static str,
    /// Storage type.
    pub column_type: ColumnType,
    /// Whether a row may have no value.
    pub nullable: bool,
    /// Meaning, in a line.
    pub meaning: &'static str,
}

const fn required(name: &'static str, column_type: ColumnType, meaning: &'static str) -> Column {
    Column { name, column_type, nullable: false, meaning }
}

const fn optional(name: &'static str, column_type: ColumnType, meaning: &'static str) -> Column {
    Column { name, column_type, nullable: true, meaning }
}

use ColumnType::{Binary, Bool, Date, Dict, Float64, Int32, Int64, Text, TextList, Timestamp};

/// Columns that may carry minimum and maximum statistics. A user's key must not stand in a footer, so all others carry none.
pub const STATISTICS_COLUMNS: [&str; 3] = ["event_time", "event_date", "school_id"];

/// The tables of the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One row a filtering decision.
    Events,
    /// Configuration and policy changes, administrators' sign-ins, list updates.
    AdminEvents,
    /// Lines that should have been events and could not be read.
    Quarantine,
    /// One row an input file or sealed segment.
    Receipts,
    /// One row a person, topic and day.
    PupilDays,
    /// Distinct people a school, week and topic, without keys.
    ThemeWeeks,
    /// Requests a source and hour.
    ActivityHourly,
    /// What only raw rows can give, computed with the other rollups and kept when the raw rows go.
    Figures,
    /// The cells that governors and the public may see, suppressed and kept.
    PublishedFigures,
}

impl Table {
    /// Every table, in the order a lake commit is applied.
    pub const ALL: [Table; 9] = [
        Table::Events,
        Table::AdminEvents,
        Table::Quarantine,
        Table::Receipts,
        Table::PupilDays,
        Table::ThemeWeeks,
        Table::ActivityHourly,
        Table::Figures,
        Table::PublishedFigures,
    ];

    /// The table's name in SQL and its folder under the lake's root.
    pub const fn name(self) -> &'static str {
        match self {
            Table::Events => "events",
            Table::AdminEvents => "admin_events",
            Table::Quarantine => "quarantine",
            Table::Receipts => "receipts",
            Table::PupilDays => "pupil_days",
            Table::ThemeWeeks => "theme_weeks",
            Table::ActivityHourly => "activity_hourly",
            Table::Figures => "figures",
            Table::PublishedFigures => "published_figures",
        }
    }

    /// The table of a name.
    pub fn from_name(name: &str) -> Option<Table> {
        Table::ALL.into_iter().find(|table| table.name() == name)
    }

    /// One row of it is what, for the docs page.
    pub const fn meaning(self) -> &'static str {
        match self {
            Table::Events => "one row a filtering decision on one request",
            Table::AdminEvents => "one row a configuration or policy change, unblock, administrator's sign-in or list update",
            Table::Quarantine => "one row a line that should have been an event and could not be read; the raw line is encrypted",
            Table::Receipts => "one row an input file or sealed segment: the ledger",
            Table::PupilDays => "one row a person, day, source and topic",
            Table::ThemeWeeks => "one row a school, week, topic, user type and year group, without keys",
            Table::ActivityHourly => "one row a school, source, hour and kind of traffic",
            Table::Figures => {
                "one row a source, day and indicator that only raw rows can give, for each combination of its dimensions"
            }
            Table::PublishedFigures => {
                "one row a school or group, half-term or year, figure and reader, suppressed once; a change is another revision"
            }
        }
    }

    /// The columns, in order. Each table is sorted by `event_date`, `school_id`, then `event_time` where it has one.
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Table::Events => EVENTS,
            Table::AdminEvents => ADMIN_EVENTS,
            Table::Quarantine => QUARANTINE,
            Table::Receipts => RECEIPTS,
            Table::PupilDays => PUPIL_DAYS,
            Table::ThemeWeeks => THEME_WEEKS,
            Table::ActivityHourly => ACTIVITY_HOURLY,
            Table::Figures => FIGURES,
            Table::PublishedFigures => PUBLISHED_FIGURES,
        }
    }

    /// The position of a column.
    pub fn column_index(self, name: &str) -> Option<usize> {
        self.columns().iter().position(|column| column.name == name)
    }
}

impl serde::Serialize for Table {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for Table {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Table::from_name(&name).ok_or_else(|| serde::de::Error::custom(format!("no table {name:?}")))
    }
}

/// `events`; [`crate::batch::EventBatch`] holds the same columns.
pub const EVENTS: &[Column] = &[
    required("event_time", Timestamp, "when the request was decided"),
    required("event_date", Date, "the school's local date; one a file"),
    required("school_id", Dict, "whose"),
    required("source_id", Dict, "from where"),
    required("format_id", Dict, "read how"),
    required("kind", Dict, "web, dns, app, concern or flow"),
    optional("action", Dict, "allowed, blocked, warned or overridden; none for a concern"),
    optional("user_key", Dict, "keyed pseudonym of a person; none: not identified"),
    required("user_type", Dict, "pupil, staff, guest, shared, device or unknown, as valid that day"),
    optional("year_group", Dict, "year or phase, as valid that day"),
    optional("user_group", Dict, "the vendor's group"),
    optional("profile", Dict, "filter policy"),
    optional("rule", Dict, "rule name or id"),
    optional("device_key", Dict, "keyed pseudonym of a device's name"),
    optional("src_ip", Dict, "client address"),
    optional("method", Dict, "HTTP method"),
    optional("scheme", Dict, "URL scheme"),
    optional("host", Dict, "host asked for"),
    optional("domain", Dict, "registrable domain by the public suffix list"),
    optional("url_path", Text, "path of the URL"),
    optional("url_query", Text, "query of the URL; kept only on blocked, warned, overridden and concern rows unless configured"),
    optional("status", Int32, "HTTP status, never the decision"),
    optional("bytes_in", Int64, "bytes to the client"),
    optional("bytes_out", Int64, "bytes from the client"),
    optional("content_type", Dict, "media type"),
    optional("referrer_domain", Dict, "registrable domain of the referrer"),
    optional("app", Dict, "application named by the vendor"),
    optional("tls_inspected", Bool, "whether more than the host could be seen of an https request"),
    optional("vendor_category", Dict, "the vendor's own words, several joined by '; '"),
    optional("category", Dict, "canonical category"),
    optional("theme", Dict, "the most severe theme that applies"),
    optional("risk_area", Dict, "content, contact, conduct or commerce"),
    optional("other_themes", TextList, "the other themes that apply"),
    required("help_seeking", Bool, "the search asks for help"),
    optional("search_engine", Dict, "engine searched with"),
    optional("search_term", Text, "normalised search term"),
    optional("concern_id", Dict, "lexicon entry that matched"),
    optional("concern_severity", Int32, "1 low to 4 urgent"),
    required("furniture", Bool, "embedded, background or suggestion traffic rather than something a person opened"),
    required("file_id", Dict, "input file"),
    required("line_no", Int64, "line of the input file, from 1"),
];

/// `admin_events`.
pub const ADMIN_EVENTS: &[Column] = &[
    required("event_time", Timestamp, "when"),
    required("event_date", Date, "the school's local date"),
    required("school_id", Dict, "whose"),
    required("source_id", Dict, "from where"),
    optional("actor_key", Dict, "keyed pseudonym of the administrator"),
    required("operation", Dict, "configuration, policy_change, unblock, sign_in, list_update, licence, filter_down or filter_up"),
    optional("object", Text, "what was changed; people's names as keys"),
    optional("detail", Text, "the vendor's words; people's names as keys"),
    required("file_id", Dict, "input file"),
    required("line_no", Int64, "line of the input file, from 1"),
];

/// `quarantine`.
pub const QUARANTINE: &[Column] = &[
    required("event_date", Date, "date received"),
    required("school_id", Dict, "whose, or '-' where no school could be told"),
    required("source_id", Dict, "from where"),
    required("file_id", Dict, "input file"),
    required("line_no", Int64, "line of the input file, from 1"),
    required("format_id", Dict, "format tried"),
    required("reason", Dict, "why it could not be read"),
    required("received_at", Timestamp, "when it was read"),
    required("raw", Binary, "the line, encrypted with a key outside the lake"),
    optional(
        "unclaimed",
        Text,
        "of a line that no `school_map` rule claims, what a rule could go by, as JSON: the client's range (/24, IPv6 /48), group, profile, site",
    ),
];

/// `receipts`.
pub const RECEIPTS: &[Column] = &[
    required("event_date", Date, "date read"),
    required("school_id", Dict, "the source's school, or '*' where it serves many"),
    required("file_id", Dict, "BLAKE3 of the decompressed bytes read"),
    required("head_id", Dict, "BLAKE3 of the first 4 KiB read, so that a known file is recognised before it is read"),
    required("byte_from", Int64, "first byte read"),
    required("byte_to", Int64, "byte after the last one read"),
    required("line_from", Int64, "lines of the file before this segment"),
    required("path", Text, "where the file lay"),
    required("source_id", Dict, "source"),
    required("format_id", Dict, "format"),
    required("format_version", Int32, "version of the format"),
    required("lines", Int64, "lines read"),
    required("events", Int64, "lines that became events"),
    required("admin_events", Int64, "lines that became admin events"),
    required("ignored", Text, "JSON object: reason -> lines"),
    required("ignored_lines", Int64, "lines ignored, all reasons"),
    required("quarantined", Int64, "lines in quarantine"),
    optional("first_event_time", Timestamp, "earliest event or admin event, duplicates and lines of closed dates too"),
    optional("last_event_time", Timestamp, "latest of them"),
    required("run_id", Dict, "run that read it"),
    required("received_at", Timestamp, "when it was read"),
    required("revision", Int32, "1, and one more at each replay"),
    required("lake_version", Int64, "lake commit that made it visible"),
];

/// `pupil_days`.
pub const PUPIL_DAYS: &[Column] = &[
    required("event_date", Date, "the school's local date"),
    required("school_id", Dict, "school"),
    required("source_id", Dict, "source"),
    required("user_key", Dict, "keyed pseudonym of a person"),
    required("user_type", Dict, "as valid that day"),
    optional("year_group", Dict, "as valid that day"),
    required("topic", Dict, "theme, or a watched category"),
    required("since", Dict, "academic year in which what matched first counts in rates"),
    required("severity", Int32, "the day's highest, 0 to 4"),
    required("search_severity", Int32, "the day's highest of a search, 0 to 4"),
    required("requests", Int64, "decisions"),
    required("blocked", Int64, "of them blocked or warned"),
    required("searches", Int64, "distinct searches, typing runs and repeats collapsed"),
    required("opened", Int64, "pages opened"),
    required("out_of_hours", Int64, "decisions outside school hours"),
    required("first_time", Timestamp, "first decision"),
    required("last_time", Timestamp, "last decision"),
];

/// `theme_weeks`.
pub const THEME_WEEKS: &[Column] = &[
    required("event_date", Date, "Monday of the school week"),
    required("school_id", Dict, "school"),
    required("topic", Dict, "theme, or a watched category"),
    required("since", Dict, "academic year in which what matched first counts in rates"),
    required("user_type", Dict, "as valid that day"),
    optional("year_group", Dict, "as valid that day"),
    required("people", Int64, "distinct people: pupil-weeks"),
    required("person_days", Int64, "distinct people a day, summed"),
    required("requests", Int64, "decisions"),
];

/// `activity_hourly`.
pub const ACTIVITY_HOURLY: &[Column] = &[
    required("event_date", Date, "the school's local date"),
    required("school_id", Dict, "school"),
    required("source_id", Dict, "source"),
    optional("profile", Dict, "filter policy"),
    required("user_type", Dict, "as valid that day"),
    optional("year_group", Dict, "as valid that day"),
    required("hour", Int32, "local hour, 0 to 23"),
    required("kind", Dict, "as in events"),
    optional("action", Dict, "as in events"),
    optional("category", Dict, "as in events"),
    required("furniture", Bool, "as in events"),
    required("requests", Int64, "rows"),
    required("identified", Int64, "rows with the key of one person"),
    required("https", Int64, "rows over TLS"),
    required("path_visible", Int64, "rows over TLS with more than the host"),
    required("categorised", Int64, "rows with a canonical category"),
    required("bytes", Int64, "bytes both ways"),
];

/// `figures`.
pub const FIGURES: &[Column] = &[
    required("event_date", Date, "day"),
    required("school_id", Dict, "school"),
    required("source_id", Dict, "source: which one decides for a school's day is told when a figure is asked for"),
    required("indicator", Dict, "indicator id"),
    required("version", Int32, "version of its definition"),
    required("dimensions", Text, "JSON object of text, keys in order; a quotation mark inside a value is written \\u0022"),
    required("numerator", Float64, "numerator"),
    required("denominator", Float64, "denominator"),
    required("lake_version", Int64, "lake version it was computed from"),
];

/// `published_figures`. A hidden cell holds no number at all.
pub const PUBLISHED_FIGURES: &[Column] = &[
    required("event_date", Date, "last day of the period"),
    required("school_id", Dict, "school, or '*' for a group of schools"),
    required("audience", Dict, "governor or public"),
    required("grain", Dict, "school, governing_body, trust, authority or estate"),
    optional("group_name", Dict, "the group's name in schools.csv; none for a school"),
    required("academic_year", Dict, "for example 2025-26"),
    required("period", Int32, "number of the half-term, 0 for the year"),
    required("label", Dict, "the half-term's name in calendar.csv, or Year"),
    required("indicator", Dict, "indicator id"),
    required("version", Int32, "version of its definition"),
    optional("dimension", Dict, "theme or source, where the figure is one of several"),
    required(
        "mark",
        Dict,
        "shown; c: fewer than the threshold, perhaps none, or hidden to protect such a number; x: not available",
    ),
    optional("value", Float64, "the figure; none where it is not shown"),
    optional("numerator", Float64, "what was counted; none where it is not shown"),
    optional("denominator", Float64, "what it was counted over; none where it is not shown"),
    required("threshold", Int32, "fewer people than this are hidden"),
    required("revision", Int32, "1, and one more each time late logs change what is shown; the newest one counts"),
    optional("change", Float64, "what the revision added to the value before it, where both are shown"),
    required("inputs", Dict, "digest of what it was computed from, so that a run knows what to look at again"),
    required("lake_version", Int64, "lake version it was computed from"),
];
