//! The identities a run adds to the duplicate index: kept by day, seen by the files after, merged into index files at the commit.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use weir_lake::index::Entry;
use weir_lake::lake::{IndexFile, Lake, LakeError};

use super::days::SourceDays;
use super::positioned::{read_exact_at, write_all_at};

/// What the lake's vacuum knows for a file that a crash left.
const TEMPORARY: &str = ".tmp-";

/// Identities held in memory (64 MB); what comes on top waits in a file.
const HELD_IDENTITIES: usize = 4 << 20;

enum Identities {
    Held(Vec<u128>),
    Spilt { offset: u64, count: usize },
}

struct Chunk {
    tag: u32,
    identities: Identities,
}

impl Chunk {
    fn len(&self) -> usize {
        match &self.identities {
            Identities::Held(identities) => identities.len(),
            Identities::Spilt { count, .. } => *count,
        }
    }
}

/// Entries sorted at once while an index is written: a megabyte.
const PIECE_ENTRIES: usize = 32 * 1024;

/// Identities read at once from the file of those that wait on disk.
const READ_IDENTITIES: usize = 8 * 1024;

/// A chunk that is read from front to back.
struct Cursor<'c> {
    tag: u32,
    held: &'c [u128],
    read: Vec<u128>,
    at: usize,
    rest: Option<Rest<'c>>,
}

/// What of a chunk is still on disk.
struct Rest<'c> {
    file: &'c File,
    path: &'c Path,
    offset: u64,
    left: usize,
}

impl Cursor<'_> {
    /// Moves the entries up to `end` to `piece`.
    fn take_up_to(&mut self, end: u128, piece: &mut Vec<Entry>) -> Result<(), LakeError> {
        let tag = self.tag;
        loop {
            let Some(rest) = &mut self.rest else {
                let (taken, left) = self.held.split_at(self.held.partition_point(|identity| *identity <= end));
                piece.extend(taken.iter().map(|identity| (*identity, tag)));
                self.held = left;
                return Ok(());
            };
            let waiting = self.read.get(self.at..).unwrap_or_default();
            let taken = waiting.partition_point(|identity| *identity <= end);
            piece.extend(waiting.iter().take(taken).map(|identity| (*identity, tag)));
            self.at += taken;
            if self.at < self.read.len() || rest.left == 0 {
                return Ok(());
            }
            let count = rest.left.min(READ_IDENTITIES);
            let mut bytes = vec![0; count * 16];
            read_exact_at(rest.file, &mut bytes, rest.offset).map_err(|error| LakeError::io(rest.path, error))?;
            self.read.clear();
            self.read.extend(bytes.as_chunks::<16>().0.iter().map(|identity| u128::from_le_bytes(*identity)));
            self.at = 0;
            rest.offset += bytes.len() as u64;
            rest.left -= count;
        }
    }
}

fn is_up_to(entry: &Result<Entry, LakeError>, end: u128) -> bool {
    entry.as_ref().map_or(true, |(identity, _)| *identity <= end)
}

/// What the run has read, by day; `underway` belongs to the input that may still fail.
pub(crate) struct RunIndex {
    root: PathBuf,
    done: BTreeMap<i32, Vec<Chunk>>,
    underway: BTreeMap<i32, Vec<Chunk>>,
    held: usize,
    spill: Option<(File, PathBuf, u64)>,
}

impl RunIndex {
    pub(crate) fn new(lake: &Lake) -> Self {
        Self { root: lake.root().to_path_buf(), done: BTreeMap::new(), underway: BTreeMap::new(), held: 0, spill: None }
    }

    /// Adds identities of a day, sorted, that the input underway brings.
    pub(crate) fn add(&mut self, date: i32, identities: Vec<u128>) -> Result<(), LakeError> {
        if identities.is_empty() {
            return Ok(());
        }
        self.held += identities.len();
        self.underway.entry(date).or_default().push(Chunk { tag: 0, identities: Identities::Held(identities) });
        if self.held > HELD_IDENTITIES { self.spill() } else { Ok(()) }
    }

    /// The input underway is read to its end: its identities count, under its tag.
    pub(crate) fn accept(&mut self, tag: u32) {
        for (date, chunks) in std::mem::take(&mut self.underway) {
            self.done.entry(date).or_default().extend(chunks.into_iter().map(|chunk| Chunk { tag, ..chunk }));
        }
    }

    /// The input underway failed: it brought nothing.
    pub(crate) fn reject(&mut self) {
        for chunk in std::mem::take(&mut self.underway).into_values().flatten() {
            if let Identities::Held(identities) = chunk.identities {
                self.held -= identities.len();
            }
        }
    }

    /// Whether files of this run brought rows of a day.
    pub(crate) fn has(&self, date: i32) -> bool {
        self.done.contains_key(&date)
    }

    /// Hands every entry that files of this run brought for a day to `each`.
    pub(crate) fn entries(&self, date: i32, mut each: impl FnMut(Entry) -> Result<(), LakeError>) -> Result<(), LakeError> {
        for chunk in self.done.get(&date).into_iter().flatten() {
            match &chunk.identities {
                Identities::Held(identities) => identities.iter().try_for_each(|identity| each((*identity, chunk.tag)))?,
                Identities::Spilt { offset, count } => {
                    let Some((file, path, _)) = &self.spill else { continue };
                    let mut bytes = vec![0; count * 16];
                    read_exact_at(file, &mut bytes, *offset).map_err(|error| LakeError::io(path, error))?;
                    for identity in bytes.as_chunks::<16>().0 {
                        each((u128::from_le_bytes(*identity), chunk.tag))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Merges each day's entries with those the lake has into its new index file.
    pub(crate) fn write(&self, days: &SourceDays<'_>) -> Result<Vec<IndexFile>, LakeError> {
        self.done
            .iter()
            .map(|(date, chunks)| {
                let mut known = match days.index(*date)? {
                    Some(known) => Some(days.lake.open_index(&known)?.peekable()),
                    None => None,
                };
                let mut cursors: Vec<Cursor<'_>> = chunks.iter().map(|chunk| self.cursor(chunk)).collect();
                let total: usize = chunks.iter().map(Chunk::len).sum();
                let pieces = (total / PIECE_ENTRIES).max(1) as u128;
                let mut piece: Vec<Entry> = Vec::new();
                days.lake.index_writer(days.source_id, *date).finish_sorted(|each| {
                    for number in 1..=pieces {
                        // The end of this stretch of identities; they are evenly spread.
                        let end = if number == pieces { u128::MAX } else { ((number << 64) / pieces) << 64 };
                        piece.clear();
                        while let Some(entry) = known.as_mut().and_then(|known| known.next_if(|entry| is_up_to(entry, end))) {
                            piece.push(entry?);
                        }
                        cursors.iter_mut().try_for_each(|cursor| cursor.take_up_to(end, &mut piece))?;
                        // A stable sort finds the sorted runs it is made of and merges them.
                        piece.sort();
                        piece.drain(..).try_for_each(&mut *each)?;
                    }
                    Ok(())
                })
            })
            .collect()
    }

    fn cursor<'c>(&'c self, chunk: &'c Chunk) -> Cursor<'c> {
        let (held, spilt) = match &chunk.identities {
            Identities::Held(identities) => (identities.as_slice(), None),
            Identities::Spilt { offset, count } => {
                (&[][..], self.spill.as_ref().map(|(file, path, _)| Rest { file, path, offset: *offset, left: *count }))
            }
        };
        Cursor { tag: chunk.tag, held, read: Vec::new(), at: 0, rest: spilt }
    }

    fn spill(&mut self) -> Result<(), LakeError> {
        if self.spill.is_none() {
            let folder = self.root.join("index");
            std::fs::create_dir_all(&folder).map_err(|error| LakeError::io(&folder, error))?;
            let path = folder.join(format!("{}{}", TEMPORARY, std::process::id()));
            let file = File::options().read(true).write(true).create(true).truncate(true).open(&path);
            self.spill = Some((file.map_err(|error| LakeError::io(&path, error))?, path, 0));
        }
        let Some((file, path, end)) = &mut self.spill else { return Ok(()) };
        let mut bytes = Vec::new();
        for chunk in self.done.values_mut().chain(self.underway.values_mut()).flatten() {
            if let Identities::Held(identities) = &mut chunk.identities {
                bytes.clear();
                bytes.extend(identities.iter().flat_map(|identity| identity.to_le_bytes()));
                write_all_at(file, &bytes, *end).map_err(|error| LakeError::io(path, error))?;
                let count = identities.len();
                chunk.identities = Identities::Spilt { offset: *end, count };
                *end += bytes.len() as u64;
            }
        }
        self.held = 0;
        Ok(())
    }
}

impl Drop for RunIndex {
    fn drop(&mut self) {
        if let Some((_, path, _)) = &self.spill {
            // What cannot be removed now is vacuum's.
            drop(std::fs::remove_file(path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_lake::ids::SourceId;

    #[test]
    fn what_is_held_and_what_waits_on_disk_merge_with_what_was_known() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        let snapshot = lake.snapshot().unwrap();
        let source = SourceId::parse("gate").unwrap();
        let days = SourceDays::new(&lake, &snapshot, &source).unwrap();
        let mut run = RunIndex::new(&lake);
        let mut wanted = Vec::new();
        for (tag, from) in [(7, 0u64), (8, 60_000), (9, 90_000)] {
            let mut identities: Vec<u128> = (from..from + 50_000)
                .map(|n| u128::from_le_bytes(blake3::hash(&n.to_le_bytes()).as_bytes()[..16].try_into().unwrap()))
                .collect();
            wanted.extend(identities.iter().map(|identity| (*identity, tag)));
            identities.sort_unstable();
            run.add(20_762, identities).unwrap();
            if tag == 8 {
                run.spill().unwrap();
            }
            run.accept(tag);
        }
        run.add(20_763, vec![1, 2, 3]).unwrap();
        run.reject();
        wanted.sort_unstable();
        let files = run.write(&days).unwrap();
        assert_eq!(files.len(), 1, "nothing of the input that failed");
        assert!(lake.read_index(&files[0]).unwrap() == wanted);
    }
}
