//! Event rows in columns, text interned: what decoding fills and what a Parquet writer turns into pages.
//!
//! The plain writer turns a batch into Arrow arrays; the page writer packs the ids as they stand. Both read this one shape.

use std::hash::{BuildHasher, RandomState};

/// The id that stands for "no value" in a [`DictColumn`].
pub const NULL_ID: u32 = u32::MAX;

/// Distinct byte strings, numbered in the order first seen.
pub struct Interner {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    slots: Vec<u32>,
    hasher: RandomState,
}

impl Default for Interner {
    fn default() -> Self {
        Self { bytes: Vec::new(), ends: Vec::new(), slots: vec![NULL_ID; 64], hasher: RandomState::new() }
    }
}

impl Interner {
    /// The id of `text`, new or known.
    pub fn intern(&mut self, text: &[u8]) -> u32 {
        if (self.ends.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let mut at = self.hasher.hash_one(text) as usize & mask;
        loop {
            match self.slots[at] {
                NULL_ID => break,
                id if self.get(id) == text => return id,
                _ => at = (at + 1) & mask,
            }
        }
        let id = self.ends.len() as u32;
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u32);
        self.slots[at] = id;
        id
    }

    /// The bytes of an id that this interner gave.
    pub fn get(&self, id: u32) -> &[u8] {
        let id = id as usize;
        let from = if id == 0 { 0 } else { self.ends[id - 1] as usize };
        &self.bytes[from..self.ends[id] as usize]
    }

    /// Distinct strings held.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether nothing was interned yet.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes held, for memory limits.
    pub fn heap_bytes(&self) -> usize {
        self.bytes.capacity() + 4 * (self.ends.capacity() + self.slots.capacity())
    }

    /// Forgets everything; ids given before are void.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.slots.clear();
        self.slots.resize(64, NULL_ID);
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 2;
        self.slots.clear();
        self.slots.resize(size, NULL_ID);
        for id in 0..self.ends.len() as u32 {
            let mut at = self.hasher.hash_one(self.get(id)) as usize & (size - 1);
            while self.slots[at] != NULL_ID {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = id;
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
    pub fn push(&mut self, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.bytes.extend_from_slice(value);
        }
        self.ends.push(self.bytes.len() as u32);
        self.valid.push(value.is_some());
    }

    /// The value of a row.
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
            $(#[allow(missing_docs, reason = "named and described in schema.rs")] pub $field: DictColumn,)*
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
    school_id, source_id, format_id, kind, action, user_key, user_type, year_group, user_group, profile, rule, device_key, src_ip,
    method, scheme, host, domain, content_type, referrer_domain, app, vendor_category, category, theme, risk_area, search_engine,
    concern_id, file_id,
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
