//! Rows of a rollup as numbers under a key of words, compared one by one with what is stored.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use weir_lake::schema::{ColumnType, Table};

use crate::columns::{Columns, NONE, Words, read};
use crate::error::VerifyError;
use crate::report::{Difference, Report};

/// What a rollup's rows are told apart by, and what they count. The date is one a file and stands beside them.
pub(crate) struct Shape<const K: usize, const M: usize> {
    pub(crate) table: Table,
    pub(crate) keys: [&'static str; K],
    pub(crate) measures: [&'static str; M],
}

/// Rows by key.
pub(crate) type Cells<const K: usize, const M: usize> = HashMap<[u32; K], [i64; M], RandomState>;

/// How many characters of a person's key are told: enough to find the row, too few to be the key.
const KEY_SHOWN: usize = 8;

impl<const K: usize, const M: usize> Shape<K, M> {
    /// Reads stored rows of a file that `keep` wants. A key that stands twice is reported: it would count twice.
    pub(crate) fn stored(
        &self,
        path: &std::path::Path,
        words: &mut Words,
        cells: &mut Cells<K, M>,
        keep: &mut impl FnMut(&[u32; K], &Words) -> Result<bool, VerifyError>,
        twice: &mut Vec<[u32; K]>,
    ) -> Result<(), VerifyError> {
        let names: Vec<&'static str> = self.keys.iter().chain(&self.measures).copied().collect();
        read(path, self.table, &names, |columns| {
            let keys = self.keys.map(|name| self.key_column(columns, name, words));
            let mut key_columns: Vec<Vec<u32>> = Vec::with_capacity(K);
            for column in keys {
                key_columns.push(column?);
            }
            let mut measures: Vec<Vec<i64>> = Vec::with_capacity(M);
            for name in self.measures {
                measures.push(columns.numbers(name, 0)?);
            }
            for row in 0..columns.rows {
                let mut key = [NONE; K];
                key.iter_mut().zip(&key_columns).for_each(|(slot, column)| *slot = column[row]);
                if !keep(&key, words)? {
                    continue;
                }
                let mut values = [0; M];
                values.iter_mut().zip(&measures).for_each(|(slot, column)| *slot = column[row]);
                if cells.insert(key, values).is_some() {
                    twice.push(key);
                }
            }
            Ok(())
        })
    }

    fn key_column(&self, columns: &Columns<'_>, name: &'static str, words: &mut Words) -> Result<Vec<u32>, VerifyError> {
        let kind = self.table.columns().iter().find(|column| column.name == name).map(|column| column.column_type);
        Ok(match kind {
            Some(ColumnType::Int32 | ColumnType::Int64) => {
                columns.numbers(name, -1)?.into_iter().map(|number| words.id(&number.to_string())).collect()
            }
            Some(ColumnType::Bool) => {
                columns.truths(name)?.into_iter().map(|truth| words.id(if truth { "true" } else { "false" })).collect()
            }
            _ => columns.words(name, words)?,
        })
    }

    /// Compares rows; gives the places (the first two parts of the key: school and source, say) of those that differ.
    pub(crate) fn compare(
        &self,
        date: i32,
        recomputed: &Cells<K, M>,
        stored: &Cells<K, M>,
        twice: &[[u32; K]],
        words: &Words,
        report: &mut Report,
    ) -> Vec<[u32; K]> {
        let mut differing: Vec<[u32; K]> = twice.to_vec();
        for key in twice {
            report.differs(self.difference(date, key, "rows", Some(1), Some(2), words));
        }
        for (key, ours) in recomputed {
            match stored.get(key) {
                None => {
                    differing.push(*key);
                    report.differs(self.difference(date, key, self.measures[0], ours.first().copied(), None, words));
                }
                Some(theirs) => {
                    for (at, measure) in self.measures.iter().enumerate().filter(|(at, _)| ours[*at] != theirs[*at]) {
                        differing.push(*key);
                        report.differs(self.difference(date, key, measure, Some(ours[at]), Some(theirs[at]), words));
                    }
                }
            }
        }
        for (key, theirs) in stored.iter().filter(|(key, _)| !recomputed.contains_key(*key)) {
            differing.push(*key);
            report.differs(self.difference(date, key, self.measures[0], None, theirs.first().copied(), words));
        }
        report.compared(self.table.name(), (recomputed.len().max(stored.len()) * M) as u64);
        differing
    }

    fn difference(
        &self,
        date: i32,
        key: &[u32; K],
        measure: &'static str,
        recomputed: Option<i64>,
        stored: Option<i64>,
        words: &Words,
    ) -> Difference {
        let mut shown = BTreeMap::from([("event_date", weir_lake::data_file::date_name(date))]);
        for (name, id) in self.keys.iter().zip(key).filter(|(_, id)| **id != NONE) {
            let text = words.shown(*id);
            let text = if *name == "user_key" { shortened(text) } else { text.to_owned() };
            shown.insert(*name, text);
        }
        let number = |value: i64| value as f64;
        Difference {
            of: self.table.name().to_owned(),
            question: None,
            key: shown,
            measure,
            recomputed: recomputed.map(number),
            stored: stored.map(number),
        }
    }

    /// Rows of each place in a fixed order as text: what a digest is made of.
    pub(crate) fn told(&self, cells: &Cells<K, M>, words: &Words, lines: &mut BTreeMap<(u32, u32), Vec<String>>) {
        for (key, values) in cells {
            let mut line = String::from(self.table.name());
            for id in key {
                line.push('\u{1f}');
                line.push_str(words.text(*id).unwrap_or("\u{1e}"));
            }
            for value in values {
                line.push('\u{1f}');
                line.push_str(&value.to_string());
            }
            lines.entry((key[0], key[1])).or_default().push(line);
        }
    }
}

fn shortened(key: &str) -> String {
    let mut text: String = key.chars().take(KEY_SHOWN).collect();
    text.push('…');
    text
}
