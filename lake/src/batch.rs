//! Event rows in columns, text interned: what decoding fills and what a Parquet writer turns into pages.
//!
//! The plain writer turns a batch into Arrow arrays; the page writer packs the ids as they stand. Both read this one shape.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

/// The id that stands for "no value" in a [`DictColumn`].
pub const NULL_ID: u32 = u32::MAX;

/// A slot of the table that holds nothing.
const EMPTY: u64 = u64::MAX;

/// Distinct byte strings, numbered in the order first seen.
///
/// An open-addressing table of (hash, id) pairs in one word each: a probe reads the string only when 32 bits of its hash agree, and
/// growing never hashes again. Interning is most of what a row costs, so this is kept apart from a general map.
pub struct Interner {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    /// 32 bits of hash, then the id; [`EMPTY`] for none.
    slots: Vec<u64>,
    hasher: RandomState,
}

impl Default for Interner {
    fn default() -> Self {
        Self { bytes: Vec::new(), ends: vec![0], slots: vec![EMPTY; 64], hasher: RandomState::default() }
    }
}

impl Interner {
    /// The id of `text`, new or known.
    #[inline]
    pub fn intern(&mut self, text: &[u8]) -> u32 {
        let hash = self.hasher.hash_one(text) >> 32;
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == EMPTY {
                return self.insert(text, hash, at);
            }
            if slot >> 32 == hash && self.get(slot as u32) == text {
                return slot as u32;
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn insert(&mut self, text: &[u8], hash: u64, at: usize) -> u32 {
        let id = self.len() as u32;
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u32);
        self.slots[at] = (hash << 32) | u64::from(id);
        if self.ends.len() * 2 > self.slots.len() {
            self.grow();
        }
        id
    }

    /// The bytes of an id that this interner gave.
    #[inline]
    pub fn get(&self, id: u32) -> &[u8] {
        let id = id as usize;
        &self.bytes[self.ends[id] as usize..self.ends[id + 1] as usize]
    }

    /// Distinct strings held.
    pub fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// Whether nothing was interned yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes held, for memory limits.
    pub fn heap_bytes(&self) -> usize {
        self.bytes.capacity() + 4 * self.ends.capacity() + 8 * self.slots.capacity()
    }

    /// Forgets everything; ids given before are void.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.truncate(1);
        self.slots.clear();
        self.slots.resize(64, EMPTY);
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 2;
        let old = std::mem::replace(&mut self.slots, vec![EMPTY; size]);
        for slot in old.into_iter().filter(|slot| *slot != EMPTY) {
            let mut at = (slot >> 32) as usize & (size - 1);
            while self.slots[at] != EMPTY {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = slot;
        }
    }
}

/// A column of interned text: one id a row, [`NULL_ID`] for none. Values are UTF-8 (the reader saw to it).
#[derive(Default)]
pub struct DictColumn {
    /// One id a row.
    pub ids: Vec<u32>,
    /// What the ids mean; survives [`EventBatch::clear`].
    pub strings: Interner,
}

/// A column of text stored as it is. Values are UTF-8; a row without a value has `valid` false and no bytes.
#[derive(Default)]
pub struct TextColumn {
    /// All values, one after the other.
    pub bytes: Vec<u8>,
    /// End of each row's value in `bytes`.
    pub ends: Vec<u32>,
    /// Whether each row has a value.
    pub valid: Vec<bool>,
}

impl TextColumn {
    /// Appends a row.
    #[inline]
    pub fn push(&mut self, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.bytes.extend_from_slice(value);
        }
        self.ends.push(self.bytes.len() as u32);
        self.valid.push(value.is_some());
    }

    /// The value of a row.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        let from = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        self.valid[row].then(|| &self.bytes[from..self.ends[row] as usize])
    }

    fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows);
        self.valid.truncate(rows);
        self.bytes.truncate(self.ends.last().map_or(0, |end| *end as usize));
    }
}

/// A column of numbers; `none` rows are those where `valid` is false.
#[derive(Default)]
pub struct NumberColumn {
    /// One value a row, 0 where there is none.
    pub values: Vec<i64>,
    /// Whether each row has a value.
    pub valid: Vec<bool>,
}

impl NumberColumn {
    /// Appends a row.
    #[inline]
    pub fn push(&mut self, value: Option<i64>) {
        self.values.push(value.unwrap_or(0));
        self.valid.push(value.is_some());
    }
}

macro_rules! dict_columns {
    ($($field:ident),* $(,)?) => {
        /// Up to some 128 Ki rows of `events`, in columns, in the order read.
        ///
        /// Times are microseconds since 1970 UTC, dates days since 1970. Every column has as many rows as `event_time`.
        #[derive(Default)]
        pub struct EventBatch {
            /// Microseconds since 1970, UTC.
            pub event_time: Vec<i64>,
            /// Days since 1970, the school's local date.
            pub event_date: Vec<i32>,
            $(#[expect(missing_docs, reason = "named and described in schema.rs")] pub $field: DictColumn,)*
            /// Path of the URL.
            pub url_path: TextColumn,
            /// Query of the URL.
            pub url_query: TextColumn,
            /// HTTP status.
            pub status: NumberColumn,
            /// Bytes to the client.
            pub bytes_in: NumberColumn,
            /// Bytes from the client.
            pub bytes_out: NumberColumn,
            /// 0 no, 1 yes, 2 no value.
            pub tls_inspected: Vec<u8>,
            /// Other themes, joined by `;` and interned as one string (few combinations exist); [`NULL_ID`] for none.
            pub other_themes: DictColumn,
            /// The search asks for help.
            pub help_seeking: Vec<bool>,
            /// Normalised search term.
            pub search_term: TextColumn,
            /// 1 to 4.
            pub concern_severity: NumberColumn,
            /// Background traffic.
            pub furniture: Vec<bool>,
            /// Line of the input file, from 1.
            pub line_no: Vec<i64>,
        }

        impl EventBatch {
            /// The interned columns with their names in [`crate::schema::EVENTS`].
            pub fn dict_columns(&self) -> Vec<(&'static str, &DictColumn)> {
                vec![$((stringify!($field), &self.$field),)*]
            }

            /// Drops rows from `rows` on, as if they had never been pushed.
            pub fn truncate(&mut self, rows: usize) {
                self.event_time.truncate(rows);
                self.event_date.truncate(rows);
                $(self.$field.ids.truncate(rows);)*
                self.url_path.truncate(rows);
                self.url_query.truncate(rows);
                for number in [&mut self.status, &mut self.bytes_in, &mut self.bytes_out, &mut self.concern_severity] {
                    number.values.truncate(rows);
                    number.valid.truncate(rows);
                }
                self.tls_inspected.truncate(rows);
                self.other_themes.ids.truncate(rows);
                self.help_seeking.truncate(rows);
                self.search_term.truncate(rows);
                self.furniture.truncate(rows);
                self.line_no.truncate(rows);
            }

            /// Forgets the interned strings too; only on an empty batch, and ids held elsewhere are void.
            pub fn clear_strings(&mut self) {
                debug_assert!(self.is_empty());
                $(self.$field.strings.clear();)*
                self.other_themes.strings.clear();
            }

            /// Bytes held by interned strings, for memory limits.
            pub fn string_bytes(&self) -> usize {
                0 $(+ self.$field.strings.heap_bytes())*
            }
        }
    };
}

dict_columns!(
    school_id,
    source_id,
    format_id,
    kind,
    action,
    user_key,
    user_type,
    year_group,
    user_group,
    profile,
    rule,
    device_key,
    src_ip,
    method,
    scheme,
    host,
    domain,
    content_type,
    referrer_domain,
    app,
    vendor_category,
    category,
    theme,
    risk_area,
    search_engine,
    concern_id,
    file_id,
);

impl EventBatch {
    /// Rows held.
    pub fn len(&self) -> usize {
        self.event_time.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.event_time.is_empty()
    }

    /// Drops the rows and keeps the interned strings, so that ids stay good for the next rows.
    pub fn clear(&mut self) {
        self.truncate(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_text_has_one_id_however_much_is_held() {
        let mut strings = Interner::default();
        let text = |n: u32| format!("{}.example", n.wrapping_mul(2_654_435_761));
        let ids: Vec<u32> = (0..20_000).map(|n| strings.intern(text(n).as_bytes())).collect();
        assert_eq!(ids, (0..20_000).collect::<Vec<_>>());
        for n in (0..20_000).step_by(7) {
            assert_eq!(strings.intern(text(n).as_bytes()), n);
            assert_eq!(strings.get(n), text(n).as_bytes());
        }
        assert_eq!(strings.intern(b""), 20_000);
        assert_eq!(strings.get(20_000), b"");
        strings.clear();
        assert!(strings.is_empty());
        assert_eq!(strings.intern(b"again"), 0);
    }
}
