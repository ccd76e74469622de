//! Writes a line in the words and order of one vendor's product, from its documentation; knows nothing of how Weir reads it.

mod e2guardian;
mod fortigate;
mod paloalto;
mod proxysg;
mod sophos;
mod squid;
mod umbrella;
mod untangle;
mod watchguard;

use crate::category::Category;
use crate::line::{Action, Admin, Line, What};

/// The shape of one kind of line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Squid's native access log.
    Squid,
    /// Squid with `logformat combined`.
    SquidCombined,
    /// e2guardian `logfileformat = 1`.
    E2guardian1,
    /// e2guardian `logfileformat = 5`.
    E2guardian5,
    /// FortiGate key-value.
    Fortigate,
    /// FortiGate as CEF under a syslog head.
    FortigateCef,
    /// Sophos Firewall (SFOS 18 and later).
    Sophos,
    /// Palo Alto PAN-OS URL log, CSV under a syslog head.
    Paloalto,
    /// Cisco Umbrella DNS log of S3, without header.
    UmbrellaDns,
    /// Cisco Umbrella proxy log of S3, without header.
    UmbrellaProxy,
    /// Arista (Untangle) NG Firewall JSON under a syslog head.
    Untangle,
    /// WatchGuard LEEF.
    Watchguard,
    /// Symantec ProxySG, W3C extended.
    Proxysg,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 13] = [
        Format::Squid,
        Format::SquidCombined,
        Format::E2guardian1,
        Format::E2guardian5,
        Format::Fortigate,
        Format::FortigateCef,
        Format::Sophos,
        Format::Paloalto,
        Format::UmbrellaDns,
        Format::UmbrellaProxy,
        Format::Untangle,
        Format::Watchguard,
        Format::Proxysg,
    ];

    /// The format's id, as in weir.toml.
    pub const fn id(self) -> &'static str {
        match self {
            Format::Squid => "squid",
            Format::SquidCombined => "squid-combined",
            Format::E2guardian1 => "e2guardian-1",
            Format::E2guardian5 => "e2guardian-5",
            Format::Fortigate => "fortigate",
            Format::FortigateCef => "fortigate-cef",
            Format::Sophos => "sophos-xg",
            Format::Paloalto => "paloalto",
            Format::UmbrellaDns => "umbrella-dns",
            Format::UmbrellaProxy => "umbrella-proxy",
            Format::Untangle => "untangle",
            Format::Watchguard => "watchguard-leef",
            Format::Proxysg => "bluecoat",
        }
    }

    /// The format of an id.
    pub fn from_id(id: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.id() == id)
    }

    /// Whether the product can log such a thing at all; others are left out rather than faked.
    pub const fn can_log(self, what: What) -> bool {
        use Format::{
            E2guardian1, E2guardian5, Fortigate, Paloalto, Proxysg, Sophos, Squid, SquidCombined, UmbrellaProxy, Untangle,
        };
        match what {
            What::Decision(Action::Allowed | Action::Blocked) => true,
            What::Decision(Action::Warned) => matches!(self, Fortigate | Format::FortigateCef | Sophos | Paloalto),
            What::Decision(Action::Overridden) => matches!(self, Sophos | Paloalto | E2guardian1 | E2guardian5),
            What::Challenge => matches!(self, Squid | SquidCombined | E2guardian1 | E2guardian5 | Proxysg),
            What::Failure => matches!(self, Squid | SquidCombined | E2guardian1 | E2guardian5),
            What::Flow => matches!(self, Fortigate | Format::FortigateCef | Untangle | Format::Watchguard),
            What::Notice => matches!(self, Fortigate | Format::FortigateCef),
            What::Admin(Admin::SignIn) => matches!(self, Fortigate | Format::FortigateCef | Untangle | Sophos),
            What::Admin(Admin::PolicyChange) => matches!(self, Fortigate | Format::FortigateCef | Sophos),
            What::Damaged => matches!(self, Fortigate | Sophos | UmbrellaProxy),
        }
    }

    /// Whether the product logs paths, and so search terms, of opened traffic.
    pub const fn shows_paths(self) -> bool {
        !matches!(self, Format::UmbrellaDns)
    }

    /// Whether a refused line names the category in a word of its own: Squid knows none, and two vendors put extremism under hate.
    pub(crate) fn names_category(self, category: Category) -> bool {
        match self {
            Format::Squid | Format::SquidCombined => false,
            Format::Untangle | Format::Proxysg => category != Category::Extremism,
            _ => true,
        }
    }
}

/// Writes lines of one source.
#[derive(Debug, Clone)]
pub struct Writer {
    /// The format.
    pub format: Format,
    /// The appliance's own name.
    pub appliance: String,
    /// Which of the format's field orders to write; only FortiGate has several (0 to 2, oldest last).
    pub layout: u8,
    serial: String,
    counter: u64,
}

impl Writer {
    /// A writer for an appliance of the given name.
    pub fn new(format: Format, appliance: &str) -> Self {
        // Serial numbers look like the vendor's and say "sample" by their zeros.
        let digits = appliance.bytes().fold(7_u64, |hash, byte| (hash * 31 + u64::from(byte)) % 1_000_000);
        let serial = match format {
            Format::Fortigate | Format::FortigateCef => format!("FGT60F0000{digits:06}"),
            Format::Paloalto => format!("012000{digits:06}"),
            Format::Sophos => format!("C0100{digits:06}SAMPLE"),
            _ => format!("8000{digits:08}"),
        };
        Self { format, appliance: appliance.to_owned(), layout: 0, serial, counter: 0 }
    }

    /// Lines that stand at the start of each file, and how many of them are a header rather than a comment.
    pub fn file_head(&self, out: &mut Vec<u8>, first_ms: i64) -> FileHead {
        match self.format {
            Format::Proxysg => proxysg::head(out, first_ms),
            _ => FileHead::default(),
        }
    }

    /// Appends one line with its newline. The caller has asked [`Format::can_log`].
    pub fn line(&mut self, out: &mut Vec<u8>, line: &Line<'_>) {
        self.counter += 1;
        match self.format {
            Format::Squid => squid::native(out, line),
            Format::SquidCombined => squid::combined(out, line),
            Format::E2guardian1 => e2guardian::format_1(out, line),
            Format::E2guardian5 => e2guardian::format_5(out, line, self.counter),
            Format::Fortigate => fortigate::key_value(out, line, self),
            Format::FortigateCef => fortigate::cef(out, line, self),
            Format::Sophos => sophos::line(out, line, self),
            Format::Paloalto => paloalto::line(out, line, self),
            Format::UmbrellaDns => umbrella::dns(out, line, self),
            Format::UmbrellaProxy => umbrella::proxy(out, line, self),
            Format::Untangle => untangle::line(out, line),
            Format::Watchguard => watchguard::line(out, line, self),
            Format::Proxysg => proxysg::line(out, line),
        }
        out.push(b'\n');
    }
}

/// Lines at the head of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileHead {
    /// Comment lines.
    pub comments: u64,
    /// Lines that name the fields.
    pub headers: u64,
}

/// Appends `text`, or a dash when it is empty.
fn or_dash(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(if text.is_empty() { b"-" } else { text.as_bytes() });
}

/// A client port that follows from the session.
const fn client_port(session: u64) -> u64 {
    49_152 + session % 16_000
}
