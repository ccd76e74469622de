//! All receipts in one file beside the tables, so that a run that starts opens one file and not one a day.
//!
//! It only repeats what the table of receipts holds: whatever is wrong with it, it is passed over and made again.

use std::collections::HashSet;
use std::sync::Arc;

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::metadata::KeyValue;

use crate::data_file::small_writer_properties;
use crate::lake::{DataFile, Lake, LakeError, Receipt};
use crate::receipts::{from_rows, to_rows};
use crate::rows::{open_metadata, read_groups};
use crate::schema::Table;

/// Where it lies.
pub(crate) const LEDGER: &str = "_weir/ledger.parquet";

/// Files of receipts that are read beside it before it is written again. Each takes about as long to read as hundred receipts here.
pub(crate) const FILES_BESIDE: usize = 24;

/// The footer's word for the files it repeats, as JSON: paths with their number of receipts, in order.
const COVERS: &str = "weir.covers";

/// Paths of files of receipts, each with its number of receipts.
type Covers = Vec<(String, usize)>;

impl Lake {
    /// Puts the receipts it holds of these files into memory.
    pub(crate) fn load_ledger(&self, files: &[DataFile]) {
        if files.len() <= FILES_BESIDE || files.iter().any(|file| self.cached().receipts.contains_key(&file.path)) {
            return;
        }
        let Some((covers, receipts)) = self.read_ledger() else { return };
        let wanted: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
        let mut receipts = receipts.into_iter();
        let mut cache = self.cached();
        for (path, count) in covers {
            let held: Vec<Receipt> = receipts.by_ref().take(count).collect();
            if wanted.contains(path.as_str()) {
                cache.receipts.insert(path, Arc::new(held));
            }
        }
    }

    fn read_ledger(&self) -> Option<(Covers, Vec<Receipt>)> {
        let path = self.storage.latest_copy(LEDGER).ok()??;
        let metadata = open_metadata(&path, Table::Receipts).ok()?;
        let covers = covers(&metadata)?;
        let groups = (0..metadata.metadata().num_row_groups()).collect();
        let mut receipts = Vec::new();
        for rows in read_groups(&path, &metadata, groups, None).ok()? {
            receipts.extend(from_rows(&rows.ok()?).ok()?);
        }
        let whole = covers.iter().map(|(_, count)| count).sum::<usize>() == receipts.len();
        whole.then_some((covers, receipts))
    }

    /// The files it repeats.
    pub(crate) fn ledger_covers(&self) -> Option<Covers> {
        covers(&open_metadata(&self.storage.latest_copy(LEDGER).ok()??, Table::Receipts).ok()?)
    }

    /// Writes it for these files. An account that may only read the lake goes without.
    pub(crate) fn save_ledger(&self, files: &[DataFile]) -> Result<(), LakeError> {
        let mut covers = Vec::with_capacity(files.len());
        let mut receipts = Vec::new();
        for file in files {
            let held = self.receipts_of(file)?;
            covers.push((file.path.as_str(), held.len()));
            receipts.extend(held.iter().cloned());
        }
        let path = self.storage.path(LEDGER);
        let failed = |error: parquet::errors::ParquetError| LakeError::parquet(&path, &error);
        let options =
            ArrowWriterOptions::new().with_properties(small_writer_properties(Table::Receipts)).with_skip_arrow_metadata(true);
        let mut writer =
            ArrowWriter::try_new_with_options(Vec::new(), Table::Receipts.plain_schema(), options).map_err(failed)?;
        writer.write(&to_rows(&receipts)?).map_err(failed)?;
        let covers = serde_json::to_string(&covers).map_err(|error| LakeError::Rejected { problem: error.to_string() })?;
        writer.append_key_value_metadata(KeyValue::new(String::from(COVERS), covers));
        let bytes = writer.into_inner().map_err(failed)?;
        match self.storage.replace(LEDGER, &bytes, || {}) {
            Err(LakeError::NoPermission { .. }) => Ok(()),
            other => other,
        }
    }
}

fn covers(metadata: &ArrowReaderMetadata) -> Option<Covers> {
    let words = metadata.metadata().file_metadata().key_value_metadata()?;
    let covers = words.iter().find(|word| word.key == COVERS)?.value.as_deref()?;
    serde_json::from_str(covers).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_rows::{change, receipt};

    /// One receipt a day, so that no day's files are merged.
    fn receipts_of_days(lake: &Lake, days: std::ops::Range<u64>) {
        for day in days {
            let mut one = receipt(&format!("{day:064x}"), day, (1, 2));
            one.received_at += day as i64 * 86_400_000_000;
            lake.commit(crate::lake::Change { receipts: vec![one], ..change(day) }).unwrap();
        }
    }

    #[test]
    fn it_tells_what_the_files_tell() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        receipts_of_days(&lake, 0..30);
        let fresh = || Lake::open(folder.path()).unwrap();
        let all = fresh().receipts(&lake.snapshot().unwrap()).unwrap();
        assert_eq!(all.iter().map(|r| r.events).collect::<Vec<_>>(), (0..30).collect::<Vec<_>>());
        assert_eq!(lake.ledger_covers().unwrap().len(), 30);

        receipts_of_days(&lake, 30..32);
        let reader = fresh();
        reader.load_ledger(&reader.snapshot().unwrap().files[&Table::Receipts]);
        assert_eq!(reader.cached().receipts.len(), 30, "30 of 32 files need not be opened");
        assert_eq!(reader.receipts(&reader.snapshot().unwrap()).unwrap().len(), 32);

        // A receipt that went is not told any more, nor is its file kept in the ledger once vacuum has passed.
        let gone = vec![(all[3].file_id.clone(), 0)];
        lake.commit(crate::lake::Change { receipt_removes: gone, ..change(32) }).unwrap();
        let left = fresh().receipts(&lake.snapshot().unwrap()).unwrap();
        assert!(left.len() == 31 && left.iter().all(|r| r.events != 3));
        lake.vacuum(std::time::Duration::ZERO).unwrap();
        assert!(lake.ledger_covers().is_none());

        std::fs::write(folder.path().join(LEDGER), b"torn").unwrap();
        assert_eq!(fresh().receipts(&lake.snapshot().unwrap()).unwrap(), left);
        assert_eq!(lake.ledger_covers().unwrap().len(), 31, "a damaged one is made again");
    }
}
