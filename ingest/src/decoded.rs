//! One line as a format reads it: an outcome, a time, a decision and raw fields, before anything is normalised.

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A filtering decision, a concern or a kept flow.
    Event,
    /// A change of configuration or policy and its kin.
    AdminEvent,
    /// Not counted as a decision, with the reason: `comment`, `header`, `blank`, `not_a_decision`, `auth_challenge`, `flow`, ...
    Ignored(&'static str),
    /// Should have been an event and could not be read, with the reason: `unknown_action`, `bad_time`, `missing_field`, ...
    Quarantined(&'static str),
}

/// What kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// A URL or host decision.
    #[default]
    Web,
    /// A DNS decision.
    Dns,
    /// Application control.
    App,
    /// A device monitor's finding; never a decision.
    Concern,
    /// A firewall session with no host.
    Flow,
}

impl Kind {
    /// As written in `events.kind`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Web => "web",
            Kind::Dns => "dns",
            Kind::App => "app",
            Kind::Concern => "concern",
            Kind::Flow => "flow",
        }
    }
}

/// The decision on one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Let through, monitored and alert-only included.
    Allowed,
    /// Refused.
    Blocked,
    /// A warning, coaching or quota page was shown and the request did not go on.
    Warned,
    /// Someone went past a block or a warning.
    Overridden,
}

impl Action {
    /// As written in `events.action`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Allowed => "allowed",
            Action::Blocked => "blocked",
            Action::Warned => "warned",
            Action::Overridden => "overridden",
        }
    }
}

/// When, as far as the line alone can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// The line gives no time.
    Missing,
    /// An instant: microseconds since 1970, UTC.
    Instant(i64),
    /// A local time in the source's zone: microseconds since 1970-01-01T00:00:00 as a wall clock shows them.
    Local(i64),
    /// A local time without its year (a syslog header): microseconds since the start of a leap year; the year comes from the file's date.
    LocalWithoutYear(i64),
}

/// A raw text field. Its position is its slot in [`Decoded::text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
pub enum Field {
    /// Log-in as written.
    User,
    /// Domain part, where it stands in a column of its own.
    UserDomain,
    /// The vendor's group.
    UserGroup,
    /// Filter policy.
    Profile,
    /// Rule name or id.
    Rule,
    /// Device name.
    Device,
    /// Client address.
    SrcIp,
    /// HTTP method.
    Method,
    /// Scheme, where it stands apart from the URL.
    Scheme,
    /// A whole URL, a host with a path, or `host:port` of a CONNECT. Parts given apart win over the URL's.
    Url,
    /// Host, where it stands apart.
    Host,
    /// Path, where it stands apart; may carry a query after `?`.
    Path,
    /// Query without `?`, where it stands apart.
    Query,
    /// Media type.
    ContentType,
    /// Referrer URL or host.
    Referrer,
    /// Application.
    App,
    /// The vendor's categories, already joined by `; ` where several.
    VendorCategory,
    /// The vendor's category id, where the name is missing or the taxonomy goes by id.
    VendorCategoryId,
    /// A search term the log gives by itself.
    SearchTerm,
    /// A site column for `school_map`.
    Site,
    /// What a device monitor found (its own phrase or category).
    Concern,
    /// Admin events: actor's log-in.
    Actor,
    /// Admin events: `configuration`, `policy_change`, `unblock`, `sign_in`, `list_update`, `licence`, `filter_down`, `filter_up`.
    Operation,
    /// Admin events: what was changed.
    Object,
    /// Admin events: the vendor's words.
    Detail,
}

/// Number of slots of [`Decoded::text`].
pub const FIELD_COUNT: usize = Field::Detail as usize + 1;

/// Fields about who asked, which repeat together; see [`Alike::who`].
pub const WHO: [Field; 7] =
    [Field::User, Field::UserDomain, Field::UserGroup, Field::Profile, Field::Device, Field::SrcIp, Field::Site];

/// Fields about what was asked, which repeat together; see [`Alike::what`].
pub const WHAT: [Field; 6] =
    [Field::Rule, Field::Method, Field::ContentType, Field::App, Field::VendorCategory, Field::VendorCategoryId];

/// Which rows say the same: what was made of one such row holds for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Alike {
    /// Numbers are of this epoch only. No two readers share one.
    pub epoch: u64,
    /// Rows of an epoch with the same number have the same text in all fields of [`WHO`]; 0 says nothing.
    pub who: u32,
    /// Rows of an epoch with the same number have the same text in all fields of [`WHAT`]; 0 says nothing.
    pub what: u32,
}

/// What one line gave. Text borrows from the line or from the reader's scratch, is UTF-8 as far as the line is (the normaliser
/// replaces what is not), and is empty where there is no value.
pub struct Decoded<'a> {
    /// What the line is.
    pub outcome: Outcome,
    /// Kind of event.
    pub kind: Kind,
    /// The decision; none only for concerns.
    pub action: Option<Action>,
    /// When.
    pub time: Time,
    /// HTTP status, if given and not 0.
    pub status: Option<i32>,
    /// Bytes to the client.
    pub bytes_in: Option<i64>,
    /// Bytes from the client.
    pub bytes_out: Option<i64>,
    /// Whether TLS was opened, where the log says so.
    pub tls_inspected: Option<bool>,
    /// Which other rows say the same.
    pub alike: Alike,
    /// Raw text by [`Field`].
    pub text: [&'a [u8]; FIELD_COUNT],
}

impl<'a> Decoded<'a> {
    /// A line of which nothing is known yet.
    pub const fn empty(outcome: Outcome) -> Self {
        Self {
            outcome,
            kind: Kind::Web,
            action: None,
            time: Time::Missing,
            status: None,
            bytes_in: None,
            bytes_out: None,
            tls_inspected: None,
            alike: Alike { epoch: 0, who: 0, what: 0 },
            text: [&[]; FIELD_COUNT],
        }
    }

    /// A raw text field; empty where there is none.
    pub fn text(&self, field: Field) -> &'a [u8] {
        self.text[field as usize]
    }
}

/// A format compiled to a plan, reading one record at a time; one a thread, with its own scratch and layout memory.
pub trait LineReader: Send {
    /// Reads one record (a line without its end; a record of several physical lines where [`LineReader::is_multiline`]).
    /// A header line updates the plan and is `Ignored("header")`.
    fn read<'a>(&'a mut self, record: &'a [u8]) -> Decoded<'a>;

    /// Whether newlines inside quotes belong to the record, so that splitting must mind quotes.
    fn is_multiline(&self) -> bool;

    /// Whether a NUL byte ends a record as a newline does (a proxy that cuts long records writes one in place of the newline). Split
    /// there, and both parts are read; left whole, a record gives what stands after its last NUL, and the cut part is lost.
    fn nul_ends_record(&self) -> bool {
        false
    }

    /// Whether this line names the columns of those after it. Every reader of the same file must be given such a line, by
    /// [`LineReader::read`], before any line that follows it.
    fn is_header(&mut self, record: &[u8]) -> bool {
        let _ = record;
        false
    }
}
