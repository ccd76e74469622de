//! The tables of kept rows that one input is checked against: loaded when a day is first met, dropped when memory asks for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use weir_lake::closed::ClosedDates;
use weir_lake::ids::SourceId;
use weir_lake::lake::{IndexFile, Lake, LakeError, Snapshot};

use super::day_table::{DayTable, Taken};
use super::run_index::RunIndex;

/// Bytes of tables held at once: some 10 million rows. Logs go by date, so a day whose table is dropped is seldom asked for again.
const HELD_BYTES: usize = 200 << 20;

/// What the lake and this run hold of a source's days.
pub(crate) struct SourceDays<'l> {
    pub(crate) lake: &'l Lake,
    pub(crate) snapshot: &'l Snapshot,
    pub(crate) source_id: &'l SourceId,
    indexed: BTreeSet<i32>,
    pub(crate) run: RwLock<RunIndex>,
}

impl<'l> SourceDays<'l> {
    pub(crate) fn new(lake: &'l Lake, snapshot: &'l Snapshot, source_id: &'l SourceId) -> Result<Self, LakeError> {
        let indexed = lake.indexed_days(snapshot, source_id)?.into_iter().collect();
        Ok(Self { lake, snapshot, source_id, indexed, run: RwLock::new(RunIndex::new(lake)) })
    }

    /// The index file of a day at the snapshot.
    pub(crate) fn index(&self, date: i32) -> Result<Option<IndexFile>, LakeError> {
        if self.indexed.contains(&date) { self.lake.index(self.snapshot, self.source_id, date) } else { Ok(None) }
    }

    fn has(&self, date: i32) -> bool {
        self.indexed.contains(&date) || self.run.read().unwrap_or_else(PoisonError::into_inner).has(date)
    }

    fn load(&self, date: i32, own: &[u32], taken: Option<Arc<Taken>>) -> Result<DayTable, LakeError> {
        let mut entries = match self.index(date)? {
            Some(index) => self.lake.read_index(&index)?,
            None => Vec::new(),
        };
        let run = self.run.read().unwrap_or_else(PoisonError::into_inner);
        run.entries(date, |entry| {
            entries.push(entry);
            Ok(())
        })?;
        Ok(DayTable::new(entries.into_iter(), own, taken))
    }
}

/// The tables of one input; shared by its workers.
pub(crate) struct InputDays<'d, 'l> {
    source: &'d SourceDays<'l>,
    own: Vec<u32>,
    has_closed: bool,
    loaded: Mutex<Loaded>,
}

#[derive(Default)]
struct Loaded {
    tables: BTreeMap<i32, Arc<DayTable>>,
    taken: HashMap<i32, Arc<Taken>>,
    bytes: usize,
}

impl<'d, 'l> InputDays<'d, 'l> {
    /// `own` are the tags of the input's segments that were read before.
    pub(crate) fn new(source: &'d SourceDays<'l>, own: Vec<u32>) -> Self {
        let has_closed = source.snapshot.closed.has_source(source.source_id);
        Self { source, own, has_closed, loaded: Mutex::default() }
    }

    /// The table of a day; none where no row of it is kept yet.
    pub(crate) fn table(&self, date: i32) -> Result<Option<Arc<DayTable>>, LakeError> {
        if !self.source.has(date) {
            return Ok(None);
        }
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = loaded.tables.get(&date) {
            return Ok(Some(Arc::clone(table)));
        }
        let taken = loaded.taken.get(&date).cloned();
        let table = Arc::new(self.source.load(date, &self.own, taken)?);
        if loaded.bytes + table.heap_bytes() > HELD_BYTES {
            loaded.tables.clear();
            loaded.bytes = 0;
        }
        loaded.bytes += table.heap_bytes();
        loaded.taken.insert(date, table.taken());
        loaded.tables.insert(date, Arc::clone(&table));
        Ok(Some(table))
    }
}

impl<'l> InputDays<'_, 'l> {
    /// The closed dates and the source, where any date of the source is closed.
    pub(crate) fn closed(&self) -> Option<(&ClosedDates, &SourceId)> {
        self.has_closed.then_some((&self.source.snapshot.closed, self.source.source_id))
    }

    /// What this run adds to the index.
    pub(crate) fn run(&self) -> &RwLock<RunIndex> {
        &self.source.run
    }
}
