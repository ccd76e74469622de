//! Names in clear, their pseudonyms and the vault that joins the two, all outside the lake.

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

/// Where keys come from while events are read. One a thread; cheap to clone.
pub trait Pseudonyms: Send {
    /// The key of a normalised name within its realm, remembered for the vault.
    fn key(&mut self, school: &SchoolId, named: Named, realm: &str, name: &ClearName) -> UserKey;
}
