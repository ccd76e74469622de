//! Reads inputs into the lake: blocks, workers, batches, sorted files, duplicates, the ledger and one commit.

mod blocks;
mod content_hash;
mod records;
