//! One logged request before any vendor's words: what happened, to whom, where and when.

use crate::category::Category;

/// The filter's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Let through.
    Allowed,
    /// Refused.
    Blocked,
    /// A warning page was shown.
    Warned,
    /// Someone went past a block or a warning.
    Overridden,
}

impl Action {
    /// The word used in truth.json, the same as in the lake.
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Allowed => "allowed",
            Action::Blocked => "blocked",
            Action::Warned => "warned",
            Action::Overridden => "overridden",
        }
    }
}

/// What a line reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A filtering decision.
    Decision(Action),
    /// A sign-in was asked for.
    Challenge,
    /// A technical failure: no decision.
    Failure,
    /// A firewall session without a host.
    Flow,
    /// A status message of the box itself.
    Notice,
    /// An administrator did something.
    Admin(Admin),
    /// An action word that the product does not have: damaged in transit, to be quarantined.
    Damaged,
}

/// What an administrator did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admin {
    /// Signed in.
    SignIn,
    /// Changed the filter policy named in the line's `host`.
    PolicyChange,
}

/// One line to write. Text borrows from the generator; empty means no value.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Milliseconds since 1970, UTC.
    pub time_ms: i64,
    /// Seconds the school's clock is ahead of UTC.
    pub offset: i32,
    /// What happened.
    pub what: What,
    /// Log-in as this product writes it.
    pub login: &'a str,
    /// Directory group.
    pub group: &'a str,
    /// Filter policy.
    pub profile: &'a str,
    /// Device name.
    pub device: &'a str,
    /// Client address.
    pub client: [u8; 4],
    /// Server address.
    pub server: [u8; 4],
    /// A number that is the same on the lines of one session.
    pub session: u64,
    /// HTTP method.
    pub method: &'a str,
    /// Whether the request was encrypted.
    pub https: bool,
    /// Whether more than the host of an encrypted request is seen.
    pub inspected: bool,
    /// Host.
    pub host: &'a str,
    /// Path, with its leading slash.
    pub path: &'a [u8],
    /// Query without `?`.
    pub query: &'a [u8],
    /// Status of the reply.
    pub status: u16,
    /// Bytes to the client.
    pub bytes_in: u32,
    /// Bytes from the client.
    pub bytes_out: u32,
    /// Milliseconds it took.
    pub elapsed: u32,
    /// Media type.
    pub content_type: &'a str,
    /// Browser.
    pub agent: &'a str,
    /// Host of the page it came from.
    pub referrer: &'a str,
    /// Category, in every vendor's own words when written.
    pub category: Category,
}

impl Line<'_> {
    /// Local time as milliseconds of a wall clock.
    pub(crate) fn wall_ms(&self) -> i64 {
        self.time_ms + i64::from(self.offset) * 1_000
    }

    /// Appends path and query as in a URL.
    pub(crate) fn put_path(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.path);
        if !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(self.query);
        }
    }

    /// Whether only a tunnel to the host is seen.
    pub(crate) fn is_tunnel(&self) -> bool {
        self.https && !self.inspected
    }

    /// Appends scheme, host, path and query.
    pub(crate) fn put_url(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.https { b"https://" } else { b"http://" });
        out.extend_from_slice(self.host.as_bytes());
        if self.is_tunnel() {
            out.push(b'/');
        } else {
            self.put_path(out);
        }
    }
}
