//! The shape of a vendor's lines, said as data: names, values, words and layout, from the vendor's documents and not from Weir's reader.
//!
//! A value that a shape writes is a column that the line carries; the truth beside a line is made of what was written, so a shape
//! can't promise a column that it leaves out.

mod layout;
mod request;
mod row;
mod value;
mod write;

pub(crate) use layout::{CEF, CSV, LEEF, Layout, Quote, W3C};
pub(crate) use request::Request;
pub(crate) use row::Row;
pub use write::{TruthLine, write_with_truth};

/// One kind of log of one product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// The format's id, as in weir.toml. Several shapes may share one: releases, or the columns that an administrator chose.
    pub id: &'static str,
    /// How a record is laid out.
    pub layout: Layout,
    /// What stands before each record, such as a syslog header: literal text, and the value after it.
    pub head: &'static [Field],
    /// What stands after it.
    pub tail: &'static str,
    /// Lines at the beginning of a file, with the reason they are no record.
    pub file_head: &'static [(&'static str, &'static str)],
    /// How people's names are written.
    pub logins: &'static [Login],
    /// The vendor's categories: name, number, and our category, empty where a school or the vendor has one that nobody maps. More severe
    /// ones first.
    pub words: &'static [(&'static str, &'static str, &'static str)],
    /// What stands between several categories; empty where a line has one.
    pub join: &'static str,
    /// Characters that names of groups and rules may hold here.
    pub rough: &'static str,
    /// Characters that an address never holds here, because the product writes them otherwise or can't.
    pub unfit: &'static str,
    /// The kinds of record.
    pub records: &'static [Record],
}

/// Its parts that most shapes share.
pub(crate) const BASE: Shape = Shape {
    id: "",
    layout: Layout::Text,
    head: &[],
    tail: "",
    file_head: &[],
    logins: &[Login::Plain],
    words: &[],
    join: "",
    rough: " ",
    unfit: "",
    records: &[],
};

/// One kind of record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    /// How many of a hundred, roughly.
    pub weight: usize,
    /// `web`, `dns`, `app` or `concern`; of no meaning for records that are no event.
    pub kind: &'static str,
    /// What it says happened, in the vendor's words.
    pub verdicts: &'static [Verdict],
    /// Its fields in order.
    pub fields: &'static [Field],
}

/// A field: its name (in positional text what stands before it) and what it holds.
pub(crate) type Field = (&'static str, V);

/// What happened, and the words that say so, for [`V::Word`].
pub(crate) type Verdict = (Is, &'static [&'static str]);

/// What a line must become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Is {
    Allowed,
    Blocked,
    Warned,
    Overridden,
    /// A monitor's finding: an event without a decision.
    Finding,
    /// An administrator's doing: the operation.
    Admin(&'static str),
    /// No decision: the reason.
    Ignored(&'static str),
    /// Not to be read: the reason.
    Quarantined(&'static str),
}

/// How a log-in is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Login {
    /// `apatel`
    Plain,
    /// `SCH\apatel`
    Domain,
    /// `apatel@sch.example`
    Upn,
    /// `CN=apatel,OU=Pupils,DC=sch,DC=example`
    Ldap,
}

/// How the address of an encrypted request is written of which only the host is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tunnel {
    /// `host:443`
    HostPort,
    /// `https://host:443`
    BarePort,
    /// `https://host`
    Bare,
    /// `https://host/`
    Slash,
    /// Everything is seen: there are no tunnels in this log.
    Never,
}

/// Parts of a second that an epoch counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Epoch {
    Seconds,
    /// Seconds with three digits after the point.
    Thousandths,
    /// Seconds with six digits after the point.
    Millionths,
    Millis,
    Micros,
    Nanos,
}

/// When a field is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// The request is encrypted.
    Https,
    /// More than the host is seen.
    Open,
    /// Only the host of an encrypted request is seen.
    Tunnel,
    /// Someone is named.
    User,
    /// It has a category.
    Category,
    /// It was refused, by a page of any kind.
    Refused,
    /// It is a search.
    Search,
    /// The client's address is of IPv6.
    V6,
    /// A word of the verdict is this one.
    Word(usize, &'static str),
    /// It does not hold.
    Not(&'static When),
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum V {
    /// Always this text.
    Lit(&'static str),
    /// Always this number.
    Num(i64),
    /// Nothing, ever.
    Nil,
    /// The time on the school's clock.
    Local(&'static str),
    /// The time in UTC.
    Utc(&'static str),
    /// A part of the time that decides nothing: an offset, or a second time a little later.
    Later(&'static str),
    /// `GMT` or `BST`.
    Zone,
    /// The time as a number.
    Epoch(Epoch),
    /// A word of the verdict.
    Word(usize),
    /// A word of the verdict that is the truth of a column.
    WordAs(&'static str, usize),
    /// The log-in with its domain, as the shape's `logins` say.
    User,
    /// The log-in alone.
    Name,
    /// The domain of a log-in.
    Realm,
    Group,
    Profile,
    Rule,
    Device,
    /// The client's address.
    Client,
    /// GET, POST, and CONNECT of a tunnel.
    Method,
    /// GET and POST.
    Verb,
    Scheme,
    Url(Tunnel),
    /// Host, path and query.
    Address,
    Host,
    /// With a dot at the end, as DNS has it.
    Fqdn,
    Port,
    Path,
    PathQuery,
    Query,
    /// With its question mark.
    MarkQuery,
    Status,
    In,
    Out,
    ContentType,
    Referrer,
    /// The referrer's host alone.
    ReferrerHost,
    App,
    /// Categories by name.
    Category,
    /// The first category by name, where no list of all follows.
    FirstCategory,
    /// Categories by name, as a list (JSON).
    Categories,
    /// Categories by number.
    CategoryId,
    /// Categories by number, as a list (JSON).
    CategoryIds,
    /// What was searched for, as typed.
    Term,
    /// Whether more than the host of an encrypted request was seen, in these words.
    Inspected(&'static str, &'static str),
    /// The browser.
    Agent,
    /// The server's address.
    Server,
    /// A number that is no row's column.
    Serial,
    /// Milliseconds that it took.
    Elapsed,
    /// Several, one after the other.
    List(&'static [V]),
    /// Percent-encoded.
    Percent(&'static V),
    /// Always as text, also where the layout knows numbers.
    Text(&'static V),
    /// Only where it holds.
    If(When, &'static V),
    /// Always this text or number, which is the truth of a column.
    Says(&'static str, &'static str),
    /// The names of an object's members (JSON).
    Keys(&'static V),
    /// Written by a function of its own, which tells the truth of it too.
    By(fn(&Case<'_>, &mut Row) -> Option<String>),
}

/// What a value is written from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    pub shape: &'a Shape,
    pub record: &'a Record,
    pub verdict: Verdict,
    pub request: &'a Request,
}

impl Case<'_> {
    /// Whether only the host of an encrypted request is seen.
    pub fn is_tunnel(&self) -> bool {
        self.request.is_tunnel
    }

    pub fn is_https(&self) -> bool {
        self.request.target.https
    }

    /// The vendor's name of the first category.
    pub fn first_category(&self) -> Option<String> {
        let first = self.request.categories.first().and_then(|place| self.shape.words.get(*place));
        first.map(|(name, _, _)| (*name).to_owned())
    }

    /// Whether a condition holds.
    pub fn holds(&self, when: When) -> bool {
        match when {
            When::Https => self.is_https(),
            When::Open => !self.is_tunnel(),
            When::Tunnel => self.is_tunnel(),
            When::User => !self.request.login.is_empty(),
            When::Category => !self.request.categories.is_empty(),
            When::Refused => matches!(self.verdict.0, Is::Blocked | Is::Warned),
            When::Search => self.request.target.search.is_some(),
            When::V6 => self.request.client.contains(':'),
            When::Word(place, word) => self.word(place) == word,
            When::Not(inner) => !self.holds(*inner),
        }
    }

    /// A word of the verdict; empty where it has fewer.
    pub fn word(&self, number: usize) -> &'static str {
        self.verdict.1.get(number).copied().unwrap_or_default()
    }
}

/// All shapes of a format, oldest last.
pub(crate) fn of_format(id: &str) -> Vec<&'static Shape> {
    crate::shapes::all().filter(|shape| shape.id == id).collect()
}

/// The ids of every format that can be written with its truth.
pub fn format_ids() -> Vec<&'static str> {
    let mut ids: Vec<&str> = crate::shapes::all().map(|shape| shape.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// How many shapes a format has.
pub fn shapes_of(id: &str) -> usize {
    of_format(id).len()
}
