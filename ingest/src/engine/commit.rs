//! The commit of an ingest: tried again where another run changed nothing that this one looked at.

use std::collections::BTreeSet;

use weir_lake::lake::{Change, ChangeKind, IndexFile, LakeError, Receipt, Slice, Snapshot};

use super::error::IngestError;
use super::run::{Gathered, Run};

impl Run<'_> {
    pub(super) fn commit(
        &self,
        read_at: &Snapshot,
        receipts: &[Receipt],
        stale: BTreeSet<Slice>,
        gathered: &mut Gathered<'_>,
    ) -> Result<u64, IngestError> {
        let mut change = Change {
            adds: gathered.uncommitted.files.clone(),
            receipts: std::mem::take(&mut gathered.receipts),
            index: gathered.uncommitted.index.clone(),
            stale,
            ..Change::new(ChangeKind::Ingest, self.options.run_id.clone(), read_at.version)
        };
        let committed = loop {
            let committed = self.lake.commit(change.clone());
            let Err(LakeError::LostRace { .. }) = committed else { break committed };
            // Another source's ingest or a roll-up changes nothing that the duplicate check looked at, so the work stands.
            let now = self.lake.snapshot()?;
            if !self.is_untouched(read_at, receipts, &now, &change.index)? {
                break committed;
            }
            change.base = now.version;
        };
        if matches!(committed, Ok(_) | Err(LakeError::Unfinished { .. })) {
            // They are the lake's now, even if a table has yet to follow.
            gathered.uncommitted.files.clear();
            gathered.uncommitted.index.clear();
        }
        Ok(committed?)
    }

    /// Whether nothing of this source that an ingest looks at changed between two versions.
    fn is_untouched(
        &self,
        then: &Snapshot,
        receipts: &[Receipt],
        now: &Snapshot,
        index: &[IndexFile],
    ) -> Result<bool, LakeError> {
        let source_id = &self.options.source.id;
        let of_source = |receipts: &[Receipt]| -> Vec<(String, u64, u32)> {
            let own = receipts.iter().filter(|receipt| receipt.source_id == *source_id);
            own.map(|receipt| (receipt.file_id.to_string(), receipt.byte_from, receipt.revision)).collect()
        };
        if of_source(receipts) != of_source(&self.lake.receipts(now)?) {
            return Ok(false);
        }
        if then.closed.of_source(source_id).ne(now.closed.of_source(source_id)) {
            return Ok(false);
        }
        for file in index {
            if self.lake.index(then, source_id, file.date)? != self.lake.index(now, source_id, file.date)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
