//! Roles and the accounts that hold them.

use std::fmt;

/// An account's number. The audit trail names people by it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub(crate) i64);

impl AccountId {
    /// Parses the number.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| *number > 0).map(Self)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a person does at a school, or at a group of schools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Governor or trustee.
    Governor,
    /// Head or senior leader.
    Leader,
    /// Designated safeguarding lead or a deputy (in Wales: designated safeguarding person).
    Dsl,
    /// Any other member of staff.
    Staff,
    /// Looks after the filter and Weir's feeds.
    Technician,
    /// Data protection officer.
    DataProtection,
    /// Officer of a trust or local authority.
    Officer,
    /// Auditor or inspector.
    Auditor,
    /// Gives accounts and roles.
    Administrator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 9] = [
        Self::Governor,
        Self::Leader,
        Self::Dsl,
        Self::Staff,
        Self::Technician,
        Self::DataProtection,
        Self::Officer,
        Self::Auditor,
        Self::Administrator,
    ];

    /// The word in the register and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Governor => "governor",
            Self::Leader => "leader",
            Self::Dsl => "dsl",
            Self::Staff => "staff",
            Self::Technician => "technician",
            Self::DataProtection => "data-protection",
            Self::Officer => "officer",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    /// The role in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Governor => "governor or trustee",
            Self::Leader => "head or senior leader",
            Self::Dsl => "safeguarding lead or deputy",
            Self::Staff => "staff",
            Self::Technician => "technician",
            Self::DataProtection => "data protection officer",
            Self::Officer => "trust or authority officer",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    /// The role of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
