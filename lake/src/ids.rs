//! Identifiers as types: parsing is the only way in, so an id that exists is well formed.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{kind} {found:?} is not accepted; use 1 to 64 characters of a-z, 0-9, '-', '_' and '.', starting with a letter or digit"
)]
pub struct IdError {
    kind: &'static str,
    found: String,
}

fn is_plain_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
        && text.as_bytes()[0].is_ascii_alphanumeric()
}

macro_rules! plain_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses the id; errors name what is accepted.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                if is_plain_id(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(IdError { kind: $kind, found: text.chars().take(80).collect() })
                }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.to_string()
            }
        }
    };
}

plain_id!(
    /// A school of the estate, as in schools.csv.
    SchoolId,
    "school id"
);
plain_id!(
    /// One exporter at one school, as in weir.toml.
    SourceId,
    "source id"
);
plain_id!(
    /// The shape of one kind of line, as in ingest/formats.
    FormatId,
    "format id"
);
plain_id!(
    /// One run of a command that changed the lake.
    RunId,
    "run id"
);

/// BLAKE3 of the decompressed bytes of an input file or sealed segment, 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileId(Arc<str>);

impl FileId {
    /// The id of a digest.
    pub fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest.iter().map(|b| format!("{b:02x}")).collect::<String>().into())
    }

    /// Parses 64 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.into()))
        } else {
            Err(IdError { kind: "file id", found: text.chars().take(80).collect() })
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for FileId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<FileId> for String {
    fn from(id: FileId) -> String {
        id.0.to_string()
    }
}

/// The keyed pseudonym of a person or device: a generation, then 128 bits in hex. It has no way back to a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UserKey(Arc<str>);

impl UserKey {
    /// A key as written in the lake, for example `k1-00112233445566778899aabbccddeeff`.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let well_formed = text.strip_prefix('k').and_then(|rest| rest.split_once('-')).is_some_and(|(generation, hex)| {
            !generation.is_empty()
                && generation.bytes().all(|b| b.is_ascii_digit())
                && hex.len() == 32
                && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        });
        if well_formed { Ok(Self(text.into())) } else { Err(IdError { kind: "user key", found: String::from("(not shown)") }) }
    }

    pub(crate) fn from_parts(generation: u32, digest: [u8; 16]) -> Self {
        Self(format!("k{generation}-{:032x}", u128::from_be_bytes(digest)).into())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
