//! The identities a run adds to the duplicate index: kept by day, seen by the files after, merged into index files at the commit.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use weir_lake::index::Entry;
use weir_lake::lake::{IndexFile, Lake, LakeError};

use super::days::SourceDays;

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

    /// Adds identities of a day that the input underway brings.
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
                    file.read_exact_at(&mut bytes, *offset).map_err(|error| LakeError::io(path, error))?;
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
            .keys()
            .map(|date| {
                let mut writer = days.lake.index_writer(days.source_id, *date);
                if let Some(known) = days.index(*date)? {
                    writer.add_file(days.lake.open_index(&known)?);
                }
                self.entries(*date, |entry| writer.push(entry))?;
                writer.finish()
            })
            .collect()
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
                file.write_all_at(&bytes, *end).map_err(|error| LakeError::io(path, error))?;
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
