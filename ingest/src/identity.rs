//! The identity of a decision: a keyed 128-bit hash of what a line says, whatever its column order, quoting or place in the file.
//!
//! SipHash-1-3 with 128 bits is the keyed function, not BLAKE3: on a row of 300 bytes it takes 75 ns against 290, and at half a
//! microsecond of work a row BLAKE3 would cost a third of the ingest. What is asked of it is that nobody without the key can make two
//! lines meet or test a guess against an index file, and that chance does not.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::decoded::{Action, Decoded, FIELD_COUNT, Field, Time, WHAT, WHO};

/// The key of one source's identities, kept outside the lake.
#[derive(Clone)]
pub struct IdentityKey {
    keyed: SipHasher13,
}

impl IdentityKey {
    /// The key from 32 secret bytes of the source.
    pub fn new(secret: &[u8; 32]) -> Self {
        let digest = blake3::derive_key("weir 2026 row identity of a source", secret);
        let mut key = [0; 16];
        key.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self { keyed: SipHasher13::new_with_key(&key) }
    }
}

/// What of a decision tells it from another: a bit a slot of [`Decoded::text`], and those below. Time, action and kind always do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentityFields(u32);

// A slot has a bit, and so has each of these.
const _: () = assert!(FIELD_COUNT <= 28);
const STATUS: u32 = 1 << 28;
const BYTES_IN: u32 = 1 << 29;
const BYTES_OUT: u32 = 1 << 30;
const TLS_INSPECTED: u32 = 1 << 31;

/// A canonical column that a format names in `identity` is none that a decision is told by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "identity column {found:?} is not one a decision is told by; use names such as \"user\", \"host\", \"url\", \"rule\" or \"bytes_in\""
)]
pub struct UnknownIdentityColumn {
    found: String,
}

impl IdentityFields {
    /// All that was decoded.
    pub const ALL: Self = Self(u32::MAX);

    /// The columns a format names; all of them where it names none.
    pub fn named(columns: &[String]) -> Result<Self, UnknownIdentityColumn> {
        if columns.is_empty() {
            return Ok(Self::ALL);
        }
        let mut mask = 0;
        for column in columns {
            let fields: &[Field] = match column.as_str() {
                "user" | "user_key" => &[Field::User, Field::UserDomain],
                "user_group" => &[Field::UserGroup],
                "profile" => &[Field::Profile],
                "rule" => &[Field::Rule],
                "device" | "device_key" => &[Field::Device],
                "src_ip" => &[Field::SrcIp],
                "method" => &[Field::Method],
                "url" | "scheme" | "host" | "domain" | "url_path" | "url_query" => {
                    &[Field::Scheme, Field::Url, Field::Host, Field::Path, Field::Query]
                }
                "content_type" => &[Field::ContentType],
                "referrer" | "referrer_domain" => &[Field::Referrer],
                "app" => &[Field::App],
                "vendor_category" | "category" => &[Field::VendorCategory, Field::VendorCategoryId],
                "search_term" => &[Field::SearchTerm],
                "site" => &[Field::Site],
                "concern" | "concern_id" => &[Field::Concern],
                _ => &[],
            };
            mask |= match column.as_str() {
                "event_time" | "time" | "action" | "kind" => 0,
                "status" => STATUS,
                "bytes_in" => BYTES_IN,
                "bytes_out" => BYTES_OUT,
                "tls_inspected" => TLS_INSPECTED,
                _ if fields.is_empty() => return Err(UnknownIdentityColumn { found: column.chars().take(80).collect() }),
                _ => fields.iter().fold(0, |mask, field| mask | 1 << (*field as u32)),
            };
        }
        Ok(Self(mask))
    }
}

/// Hashes of groups of fields by the number that a reader gave those that are alike.
#[derive(Default)]
struct Digests {
    epoch: u64,
    /// None where the number was not met yet.
    known: Vec<Option<u128>>,
}

impl Digests {
    /// The hash under a number of an epoch, or `make`'s, which is then remembered. Number 0 stands for no number.
    #[inline]
    fn get(&mut self, epoch: u64, number: u32, make: impl FnOnce() -> u128) -> u128 {
        if number == 0 {
            return make();
        }
        if self.epoch != epoch {
            self.known.clear();
            self.epoch = epoch;
        }
        let place = number as usize;
        if let Some(Some(known)) = self.known.get(place) {
            return *known;
        }
        let made = make();
        if self.known.len() <= place {
            self.known.resize(place + 1, None);
        }
        self.known[place] = Some(made);
        made
    }
}

/// Fields that stand in no group, in the order hashed.
const SINGLE: [Field; 12] = [
    Field::Url,
    Field::Host,
    Field::Path,
    Field::Query,
    Field::Scheme,
    Field::Referrer,
    Field::SearchTerm,
    Field::Concern,
    Field::Actor,
    Field::Operation,
    Field::Object,
    Field::Detail,
];

// Every field is hashed once.
const _: () = assert!(SINGLE.len() + WHO.len() + WHAT.len() == FIELD_COUNT);

/// Computes identities; one a thread, with its own scratch.
pub struct Identifier {
    key: IdentityKey,
    fields: IdentityFields,
    scratch: Vec<u8>,
    who: Digests,
    what: Digests,
}

impl Identifier {
    /// For the rows of one source and format.
    pub fn new(key: IdentityKey, fields: IdentityFields) -> Self {
        Self { key, fields, scratch: Vec::with_capacity(1024), who: Digests::default(), what: Digests::default() }
    }

    /// The identity of one decision. Every value is written with its kind or length, so that no two decisions share a text; what repeats
    /// from row to row goes in by its own hash under the same key, which is taken once.
    pub fn identity(&mut self, decoded: &Decoded<'_>) -> u128 {
        let Self { key, fields, scratch, who, what } = self;
        let wanted = fields.0;
        let alike = decoded.alike;
        let who = who.get(alike.epoch, alike.who, || texts_hash(key, &WHO, wanted, decoded, scratch));
        let what = what.get(alike.epoch, alike.what, || texts_hash(key, &WHAT, wanted, decoded, scratch));
        let (time_kind, time) = match decoded.time {
            Time::Missing => (0, 0),
            Time::Instant(time) => (1, time),
            Time::Local(time) => (2, time),
            Time::LocalWithoutYear(time) => (3, time),
        };
        let action = match decoded.action {
            None => 0,
            Some(Action::Allowed) => 1,
            Some(Action::Blocked) => 2,
            Some(Action::Warned) => 3,
            Some(Action::Overridden) => 4,
        };
        let status = decoded.status.filter(|_| wanted & STATUS > 0).map(i64::from);
        let bytes_in = decoded.bytes_in.filter(|_| wanted & BYTES_IN > 0);
        let bytes_out = decoded.bytes_out.filter(|_| wanted & BYTES_OUT > 0);
        let tls = decoded.tls_inspected.filter(|_| wanted & TLS_INSPECTED > 0).map_or(2, u8::from);
        let given = u8::from(status.is_some()) | u8::from(bytes_in.is_some()) << 1 | u8::from(bytes_out.is_some()) << 2;
        let kinds = [time_kind, decoded.kind as u8, action, tls, given, 0, 0, 0];
        let words = [
            u64::from_le_bytes(kinds),
            time as u64,
            status.unwrap_or(0) as u64,
            bytes_in.unwrap_or(0) as u64,
            bytes_out.unwrap_or(0) as u64,
            who as u64,
            (who >> 64) as u64,
            what as u64,
            (what >> 64) as u64,
        ]
        .map(u64::to_le_bytes);
        scratch.clear();
        scratch.extend_from_slice(words.as_flattened());
        write_texts(&SINGLE, wanted, decoded, scratch);
        hash(key, scratch)
    }
}

/// The hash of the text of some fields.
fn texts_hash(key: &IdentityKey, fields: &[Field], wanted: u32, decoded: &Decoded<'_>, scratch: &mut Vec<u8>) -> u128 {
    scratch.clear();
    write_texts(fields, wanted, decoded, scratch);
    hash(key, scratch)
}

/// Each field that has a value, with its number and length.
#[inline]
fn write_texts(fields: &[Field], wanted: u32, decoded: &Decoded<'_>, scratch: &mut Vec<u8>) {
    for field in fields {
        let text = decoded.text(*field);
        if !text.is_empty() && wanted >> (*field as u32) & 1 == 1 {
            scratch.extend_from_slice(&((*field as u64) << 32 | text.len() as u64).to_le_bytes());
            scratch.extend_from_slice(text);
        }
    }
}

fn hash(key: &IdentityKey, bytes: &[u8]) -> u128 {
    let mut hasher = key.keyed;
    hasher.write(bytes);
    let hash = hasher.finish128();
    u128::from(hash.h1) << 64 | u128::from(hash.h2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoded::{Kind, Outcome};

    fn decision<'a>() -> Decoded<'a> {
        let mut decoded = Decoded::empty(Outcome::Event);
        decoded.action = Some(Action::Allowed);
        decoded.time = Time::Instant(1_700_000_000_000_000);
        decoded.text[Field::User as usize] = b"apatel";
        decoded.text[Field::Host as usize] = b"maps.example";
        decoded
    }

    #[test]
    fn every_part_of_a_decision_changes_its_identity() {
        let mut identifier = Identifier::new(IdentityKey::new(&[1; 32]), IdentityFields::ALL);
        let plain = identifier.identity(&decision());
        assert_eq!(plain, identifier.identity(&decision()), "the same decision has the same identity");
        let changes: [fn(&mut Decoded<'static>); 10] = [
            |decoded| decoded.time = Time::Local(1_700_000_000_000_000),
            |decoded| decoded.time = Time::Instant(1_700_000_000_000_001),
            |decoded| decoded.action = None,
            |decoded| decoded.action = Some(Action::Blocked),
            |decoded| decoded.kind = Kind::Dns,
            |decoded| decoded.status = Some(0),
            |decoded| decoded.bytes_in = Some(1),
            |decoded| decoded.bytes_out = Some(1),
            |decoded| decoded.tls_inspected = Some(false),
            |decoded| {
                decoded.text[Field::User as usize] = b"";
                decoded.text[Field::UserDomain as usize] = b"apatel";
            },
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut changed = decision();
            change(&mut changed);
            assert_ne!(plain, identifier.identity(&changed), "change {number}");
        }
    }

    #[test]
    fn rows_told_to_be_alike_have_the_identity_they_have_without() {
        let mut identifier = Identifier::new(IdentityKey::new(&[1; 32]), IdentityFields::ALL);
        let mut plain = Identifier::new(IdentityKey::new(&[1; 32]), IdentityFields::ALL);
        for (epoch, users) in [(1, ["apatel", "bjones"]), (2, ["cmorgan", "apatel"])] {
            for (number, user) in users.into_iter().enumerate().chain(users.into_iter().enumerate()) {
                let mut decoded = decision();
                decoded.text[Field::User as usize] = user.as_bytes();
                decoded.text[Field::Method as usize] = b"GET";
                let wanted = plain.identity(&decoded);
                decoded.alike = crate::decoded::Alike { epoch, who: number as u32 + 1, what: 1 };
                assert_eq!(identifier.identity(&decoded), wanted, "{user} in epoch {epoch}");
            }
        }
    }

    #[test]
    fn fields_a_format_leaves_out_do_not_count() {
        let mut identifier =
            Identifier::new(IdentityKey::new(&[1; 32]), IdentityFields::named(&["user".into(), "host".into()]).unwrap());
        let plain = identifier.identity(&decision());
        let mut changed = decision();
        changed.bytes_in = Some(9);
        changed.text[Field::Rule as usize] = b"12";
        assert_eq!(plain, identifier.identity(&changed));
        changed.text[Field::Host as usize] = b"games.example";
        assert_ne!(plain, identifier.identity(&changed));
        assert!(IdentityFields::named(&["hots".into()]).is_err());
    }

    #[test]
    fn another_key_gives_other_identities() {
        let mut one = Identifier::new(IdentityKey::new(&[1; 32]), IdentityFields::ALL);
        let mut two = Identifier::new(IdentityKey::new(&[2; 32]), IdentityFields::ALL);
        assert_ne!(one.identity(&decision()), two.identity(&decision()));
    }
}
