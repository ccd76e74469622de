//! The duplicate index of a source and day: one sorted file of (row identity, input file), merged from sorted runs.
//!
//! An entry is 20 bytes, big-endian so that bytes sort as numbers: 16 of the row's identity, 4 of the input file's tag. A header
//! counts them and a BLAKE3 digest closes the file, so a torn or foreign file is refused and never taken for "no duplicates".

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::data_file::date_name;
use crate::ids::{FileId, SourceId};
use crate::lake::{IndexFile, Lake, LakeError, Snapshot};
use crate::storage::TEMPORARY;

/// One entry: the identity of a row and the tag of the input file it came from.
pub type Entry = (u128, u32);

const MAGIC: &[u8; 8] = b"WEIRIDX1";
const HEADER: usize = 16;
const ENTRY: usize = 20;
const DIGEST: usize = 32;

/// Bytes read or written at a time; a merge holds one such buffer a run.
const BUFFER: usize = 256 * 1024;

/// Entries held in memory before they go to a run on disk: 32 MB as tuples.
const ENTRIES_IN_MEMORY: usize = 1 << 20;

/// The tag of a segment of an input file. Two files that begin alike and then part share the tags of the segments they share, and no other.
pub fn segment_tag(head_id: &FileId, byte_from: u64, file_id: &FileId) -> u32 {
    let text = format!("{} {byte_from} {}", head_id.as_str(), file_id.as_str());
    let hash = blake3::hash(text.as_bytes());
    hash.as_bytes().first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// Builds one index file from runs; what does not fit in memory waits on disk.
pub struct IndexWriter {
    root: PathBuf,
    source_id: SourceId,
    date: i32,
    held: Vec<Entry>,
    spilt: Vec<PathBuf>,
    runs: Vec<IndexReader>,
}

impl IndexWriter {
    /// Starts an index of a source and day in the lake at `root`.
    pub fn new(root: &Path, source_id: &SourceId, date: i32) -> Self {
        Self {
            root: root.to_path_buf(),
            source_id: source_id.clone(),
            date,
            held: Vec::new(),
            spilt: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// Adds one entry, in any order.
    pub fn push(&mut self, entry: Entry) -> Result<(), LakeError> {
        self.held.push(entry);
        if self.held.len() >= ENTRIES_IN_MEMORY { self.spill() } else { Ok(()) }
    }

    /// Adds entries, in any order.
    pub fn add_run(&mut self, entries: impl IntoIterator<Item = Entry>) -> Result<(), LakeError> {
        entries.into_iter().try_for_each(|entry| self.push(entry))
    }

    /// Adds all entries of an index file: the day's index so far, or a run of one's own.
    pub fn add_file(&mut self, file: IndexReader) {
        self.runs.push(file);
    }

    /// Merges everything into the index file; it counts once a commit lists it.
    pub fn finish(self) -> Result<IndexFile, LakeError> {
        self.finish_without(|_| false)
    }

    /// The same without the entries that `gone` says yes to. With no entry left there is no file, and a commit that lists the result
    /// takes the day's index away.
    pub fn finish_without(mut self, gone: impl Fn(&Entry) -> bool) -> Result<IndexFile, LakeError> {
        let held = std::mem::take(&mut self.held);
        let folder = self.folder();
        let relative = format!("{folder}/{}.idx", uuid::Uuid::new_v4().simple());
        let mut runs = std::mem::take(&mut self.runs);
        for path in &self.spilt {
            runs.push(IndexReader::open(path)?);
        }
        let mut entries = 0;
        let folder = self.root.join(folder);
        fs::create_dir_all(&folder).map_err(|error| LakeError::io(&folder, error))?;
        let path = self.root.join(&relative);
        let mut file = EntryFile::create(&path)?;
        merge(held, runs, |entry| {
            if gone(&entry) {
                return Ok(());
            }
            entries += 1;
            file.push(entry)
        })?;
        if entries > 0 {
            file.seal()?;
        }
        Ok(IndexFile { source_id: self.source_id.clone(), date: self.date, path: relative, entries })
    }

    /// Writes entries that come in order, and nothing else: `each` hands them to the function it is given. For a caller that sorts
    /// them itself, on many threads and piece by piece.
    pub fn finish_sorted(
        self,
        each: impl FnOnce(&mut dyn FnMut(Entry) -> Result<(), LakeError>) -> Result<(), LakeError>,
    ) -> Result<IndexFile, LakeError> {
        let folder = self.root.join(self.folder());
        fs::create_dir_all(&folder).map_err(|error| LakeError::io(&folder, error))?;
        let relative = format!("{}/{}.idx", self.folder(), uuid::Uuid::new_v4().simple());
        let mut file = EntryFile::create(&self.root.join(&relative))?;
        let mut last = (0, 0);
        each(&mut |entry| {
            if entry < last {
                return Err(LakeError::Rejected { problem: String::from("entries of a duplicate index that are not in order") });
            }
            last = entry;
            file.push(entry)
        })?;
        let entries = file.entries;
        if entries > 0 {
            file.seal()?;
        }
        Ok(IndexFile { source_id: self.source_id.clone(), date: self.date, path: relative, entries })
    }

    fn folder(&self) -> String {
        format!("index/{}/{}", self.source_id, date_name(self.date))
    }

    fn spill(&mut self) -> Result<(), LakeError> {
        self.held.sort_unstable();
        let folder = self.root.join("index");
        fs::create_dir_all(&folder).map_err(|error| LakeError::io(&folder, error))?;
        let path = folder.join(format!("{TEMPORARY}{}", uuid::Uuid::new_v4().simple()));
        let mut file = EntryFile::create(&path)?;
        for entry in self.held.drain(..) {
            file.push(entry)?;
        }
        file.seal()?;
        self.spilt.push(path);
        Ok(())
    }
}

impl Drop for IndexWriter {
    fn drop(&mut self) {
        for path in &self.spilt {
            // What cannot be removed now is vacuum's.
            drop(fs::remove_file(path));
        }
    }
}

/// Hands the entries of all runs to `each` in order.
fn merge(
    mut held: Vec<Entry>,
    mut runs: Vec<IndexReader>,
    mut each: impl FnMut(Entry) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    held.sort_unstable();
    let mut held = held.into_iter();
    let mut heap = BinaryHeap::with_capacity(runs.len() + 1);
    let own = runs.len();
    for (run, reader) in runs.iter_mut().enumerate() {
        if let Some(entry) = reader.next().transpose()? {
            heap.push(Reverse((entry, run)));
        }
    }
    heap.extend(held.next().map(|entry| Reverse((entry, own))));
    while let Some(Reverse((entry, run))) = heap.pop() {
        each(entry)?;
        if heap.is_empty() {
            // One run is left: nothing to compare with any more.
            return match runs.get_mut(run) {
                Some(reader) => reader.try_for_each(|entry| each(entry?)),
                None => held.try_for_each(each),
            };
        }
        let next = match runs.get_mut(run) {
            Some(reader) => reader.next().transpose()?,
            None => held.next(),
        };
        heap.extend(next.map(|entry| Reverse((entry, run))));
    }
    Ok(())
}

/// A file of entries that is being written.
struct EntryFile {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
    /// Entries not yet hashed and written: both go faster by the block.
    block: Vec<u8>,
    hasher: blake3::Hasher,
    entries: u64,
    sealed: bool,
}

impl EntryFile {
    fn create(path: &Path) -> Result<Self, LakeError> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let temporary = path.with_file_name(format!("{TEMPORARY}{name}"));
        let failed = |error| LakeError::io(&temporary, error);
        let mut file = File::create_new(&temporary).map_err(failed)?;
        // The count is not known yet; the digest covers the entries and the count together.
        file.write_all(&[0; HEADER]).map_err(failed)?;
        let block = Vec::with_capacity(BUFFER + ENTRY);
        Ok(Self { path: path.to_path_buf(), temporary, file, block, hasher: blake3::Hasher::new(), entries: 0, sealed: false })
    }

    fn push(&mut self, (identity, tag): Entry) -> Result<(), LakeError> {
        self.block.extend_from_slice(&identity.to_be_bytes());
        self.block.extend_from_slice(&tag.to_be_bytes());
        self.entries += 1;
        if self.block.len() >= BUFFER { self.write_block() } else { Ok(()) }
    }

    fn write_block(&mut self) -> Result<(), LakeError> {
        self.hasher.update(&self.block);
        self.file.write_all(&self.block).map_err(|error| LakeError::io(&self.temporary, error))?;
        self.block.clear();
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "a writer: synced before, its folder synced by the commit")]
    fn seal(&mut self) -> Result<(), LakeError> {
        let header = header(self.entries);
        self.write_block()?;
        self.hasher.update(&header);
        let digest = self.hasher.finalize();
        let written = (|| {
            self.file.write_all(digest.as_bytes())?;
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(&header)?;
            self.file.sync_all()?;
            fs::rename(&self.temporary, &self.path)
        })();
        written.map_err(|error| LakeError::io(&self.temporary, error))?;
        self.sealed = true;
        Ok(())
    }
}

impl Drop for EntryFile {
    fn drop(&mut self) {
        if !self.sealed {
            drop(fs::remove_file(&self.temporary));
        }
    }
}

fn header(entries: u64) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..].copy_from_slice(&entries.to_be_bytes());
    header
}

/// The entries of an index file in order. The digest is checked with the last one.
pub struct IndexReader {
    path: PathBuf,
    file: File,
    block: Vec<u8>,
    at: usize,
    hasher: blake3::Hasher,
    entries: u64,
    left: u64,
    failed: bool,
}

impl IndexReader {
    /// Opens an index file.
    pub fn open(path: &Path) -> Result<Self, LakeError> {
        let failed = |error| LakeError::io(path, error);
        let mut file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let mut start = [0; HEADER];
        file.read_exact(&mut start).map_err(failed)?;
        let mut count = [0; 8];
        count.copy_from_slice(&start[8..]);
        let entries = u64::from_be_bytes(count);
        let wanted = entries.checked_mul(ENTRY as u64).and_then(|size| size.checked_add((HEADER + DIGEST) as u64));
        if &start[..8] != MAGIC || wanted != Some(bytes) {
            return Err(LakeError::Corrupt {
                path: path.to_path_buf(),
                problem: format!("{bytes} bytes are no index of {entries} entries"),
            });
        }
        Ok(Self {
            path: path.to_path_buf(),
            file,
            block: Vec::new(),
            at: 0,
            hasher: blake3::Hasher::new(),
            entries,
            left: entries,
            failed: false,
        })
    }

    /// Entries of the file.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Reads the next block, and the digest with the last one.
    fn fill(&mut self) -> Result<(), LakeError> {
        let entries = self.left.min((BUFFER / ENTRY) as u64);
        self.block.resize(entries as usize * ENTRY, 0);
        self.at = 0;
        self.file.read_exact(&mut self.block).map_err(|error| LakeError::io(&self.path, error))?;
        self.hasher.update(&self.block);
        self.left -= entries;
        if self.left == 0 {
            self.hasher.update(&header(self.entries));
            let mut digest = [0; DIGEST];
            self.file.read_exact(&mut digest).map_err(|error| LakeError::io(&self.path, error))?;
            if self.hasher.finalize() != digest {
                return Err(LakeError::Corrupt {
                    path: self.path.clone(),
                    problem: String::from("its digest does not fit its entries"),
                });
            }
        }
        Ok(())
    }
}

impl Iterator for IndexReader {
    type Item = Result<Entry, LakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        if self.at == self.block.len() {
            if self.left == 0 {
                return None;
            }
            if let Err(error) = self.fill() {
                self.failed = true;
                return Some(Err(error));
            }
        }
        let entry = self.block.get(self.at..self.at + ENTRY).and_then(|entry| entry.split_first_chunk::<16>())?;
        self.at += ENTRY;
        let mut tag = [0; 4];
        tag.copy_from_slice(entry.1);
        Some(Ok((u128::from_be_bytes(*entry.0), u32::from_be_bytes(tag))))
    }
}

impl Lake {
    /// The index of a source and day at a snapshot.
    pub fn index(&self, snapshot: &Snapshot, source_id: &SourceId, date: i32) -> Result<Option<IndexFile>, LakeError> {
        let state = self.state_at(snapshot.version)?.ok_or(LakeError::Gone { version: snapshot.version })?;
        let entry = state.index.get(source_id).and_then(|days| days.get(&date));
        Ok(entry.map(|entry| IndexFile { source_id: source_id.clone(), date, path: entry.path.clone(), entries: entry.entries }))
    }

    /// The days of a source that have an index at a snapshot.
    pub fn indexed_days(&self, snapshot: &Snapshot, source_id: &SourceId) -> Result<Vec<i32>, LakeError> {
        let state = self.state_at(snapshot.version)?.ok_or(LakeError::Gone { version: snapshot.version })?;
        Ok(state.index.get(source_id).map(|days| days.keys().copied().collect()).unwrap_or_default())
    }

    /// Opens an index file, to read its entries in order without holding them.
    pub fn open_index(&self, file: &IndexFile) -> Result<IndexReader, LakeError> {
        IndexReader::open(&self.storage.local_copy(&file.path)?)
    }

    /// All entries of an index file, in order.
    pub fn read_index(&self, file: &IndexFile) -> Result<Vec<Entry>, LakeError> {
        self.open_index(file)?.collect()
    }

    /// Starts an index of a source and day.
    pub fn index_writer(&self, source_id: &SourceId, date: i32) -> IndexWriter {
        IndexWriter::new(self.root(), source_id, date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> SourceId {
        SourceId::parse("gate").unwrap()
    }

    #[test]
    fn runs_merge_into_one_order_and_keep_equal_entries() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = IndexWriter::new(folder.path(), &source(), 20_762);
        first.add_run([(9, 1), (3, 1), (3, 1), (u128::MAX, 7)]).unwrap();
        let first = first.finish().unwrap();
        assert!(first.path.starts_with("index/gate/2026-11-05/"));
        assert_eq!(first.entries, 4);

        let mut second = IndexWriter::new(folder.path(), &source(), 20_762);
        second.add_file(IndexReader::open(&folder.path().join(&first.path)).unwrap());
        second.push((4, 2)).unwrap();
        second.spill().unwrap();
        second.add_run([(3, 2), (1, 2)]).unwrap();
        let second = second.finish().unwrap();
        let entries: Vec<Entry> =
            IndexReader::open(&folder.path().join(&second.path)).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(entries, [(1, 2), (3, 1), (3, 1), (3, 2), (4, 2), (9, 1), (u128::MAX, 7)]);
        let left: Vec<_> = fs::read_dir(folder.path().join("index")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["gate"], "runs on disk are tidied away");
    }

    #[test]
    fn entries_in_order_are_written_as_they_come_and_others_refused() {
        let folder = tempfile::tempdir().unwrap();
        let writer = || IndexWriter::new(folder.path(), &source(), 20_762);
        let entries: Vec<Entry> = (0..50_000).map(|n| (n / 2, n as u32 % 2)).collect();
        let file = writer().finish_sorted(|each| entries.iter().try_for_each(|entry| each(*entry))).unwrap();
        assert_eq!(file.entries, 50_000);
        let read: Vec<Entry> = IndexReader::open(&folder.path().join(&file.path)).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(read, entries);
        assert!(writer().finish_sorted(|each| [(2, 0), (1, 9)].into_iter().try_for_each(each)).is_err());
        assert_eq!(fs::read_dir(folder.path().join("index/gate/2026-11-05")).unwrap().count(), 1, "nothing of the refused one");
    }

    #[test]
    fn entries_of_a_file_can_be_taken_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = IndexWriter::new(folder.path(), &source(), 20_762);
        writer.add_run([(1, 7), (1, 8), (2, 7)]).unwrap();
        let file = writer.finish().unwrap();
        let reader = || IndexReader::open(&folder.path().join(&file.path)).unwrap();
        let mut without = IndexWriter::new(folder.path(), &source(), 20_762);
        without.add_file(reader());
        let without = without.finish_without(|(_, tag)| *tag == 7).unwrap();
        assert_eq!(
            IndexReader::open(&folder.path().join(&without.path)).unwrap().map(Result::unwrap).collect::<Vec<_>>(),
            [(1, 8)]
        );
        let mut none = IndexWriter::new(folder.path(), &source(), 20_762);
        none.add_file(reader());
        let none = none.finish_without(|_| true).unwrap();
        assert_eq!(none.entries, 0);
        assert!(!folder.path().join(&none.path).exists());
    }

    #[test]
    fn a_damaged_index_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = IndexWriter::new(folder.path(), &source(), 1);
        writer.add_run((0..100).map(|n| (n, 1))).unwrap();
        let path = folder.path().join(writer.finish().unwrap().path);
        let whole = fs::read(&path).unwrap();
        for damage in [0, 9, 17, 400, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[damage] ^= 1;
            fs::write(&path, &bytes).unwrap();
            let read = IndexReader::open(&path).and_then(|reader| reader.collect::<Result<Vec<_>, _>>());
            assert!(matches!(read, Err(LakeError::Corrupt { .. })), "byte {damage}");
        }
        fs::write(&path, &whole[..whole.len() - 20]).unwrap();
        assert!(matches!(IndexReader::open(&path), Err(LakeError::Corrupt { .. })), "cut short");
    }

    #[test]
    fn a_tag_is_the_first_four_bytes_of_the_id() {
        let [one, other] = ["0", "1"].map(|digit| FileId::parse(&digit.repeat(64)).unwrap());
        let tags =
            [segment_tag(&one, 0, &one), segment_tag(&one, 9, &one), segment_tag(&one, 0, &other), segment_tag(&other, 0, &one)];
        assert_eq!(tags[0], segment_tag(&one, 0, &one));
        assert_eq!(std::collections::BTreeSet::from(tags).len(), 4);
    }
}
