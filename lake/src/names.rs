//! Names in clear, their pseudonyms and what joins the two while events are read; the vault keeps them, outside the lake.

use crate::ids::{SchoolId, UserKey};
use zeroize::Zeroizing;

/// A person's or device's name in clear. It can't be printed, logged or serialised: there is no `Debug`, `Display` or `Serialize`,
/// and the one way to the text says so in its name.
pub struct ClearName(Zeroizing<String>);

impl ClearName {
    /// Takes a normalised name.
    pub fn new(name: String) -> Self {
        Self(Zeroizing::new(name))
    }

    /// The name in clear, for the vault, for `inspect` on the technician's own screen and for an audited reveal; nothing else.
    pub fn reveal_in_clear(&self) -> &str {
        &self.0
    }
}

/// What a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Named {
    /// A person's log-in.
    Person,
    /// A device.
    Device,
}

impl Named {
    /// The kind's number in keys and in the vault; never changed, or every key would change.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Person => 1,
            Self::Device => 2,
        }
    }

    /// The kind of a number.
    pub(crate) const fn of_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Person),
            2 => Some(Self::Device),
            _ => None,
        }
    }
}

/// Where keys come from while events are read. One a thread; cheap to clone.
pub trait Pseudonyms: Send {
    /// The key of a normalised name within its realm, remembered for the vault.
    fn key(&mut self, school: &SchoolId, named: Named, realm: &str, name: &ClearName) -> UserKey;
}
