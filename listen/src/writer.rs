//! Writes what was received to the spool, a thread a source: appended as it comes, made durable for many lines at once, sealed by size and
//! age. Its room in memory is bounded; while the disk is nearly full or refuses, it takes nothing more and whoever sends has to wait.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::counts::{Counts, OfSource, Way};
use crate::error::ListenError;
use crate::frame::Found;
use crate::segment::{Segment, make_folder, recover};
use crate::{Said, UNKNOWN};

/// How much is held, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Size at which a file of the spool is sealed. Ingest reads what is sealed once more to know it again, so it stays small.
    pub segment_bytes: u64,
    /// Age at which it is sealed.
    pub segment_age: Duration,
    /// How long a line waits until it is safe from a power cut.
    pub sync_after: Duration,
    /// How many bytes wait at most.
    pub sync_bytes: u64,
    /// Batches of lines that wait in memory for a source's disk; a batch is about 128 KiB.
    pub queue: usize,
    /// Open connections at most.
    pub connections: usize,
    /// Open connections of one address at most, so that no sender keeps the others out.
    pub per_sender: usize,
    /// Bytes of the disk that stay free.
    pub keep_free: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            segment_age: Duration::from_secs(3600),
            sync_after: Duration::from_millis(200),
            sync_bytes: 8 << 20,
            queue: 32,
            connections: 512,
            per_sender: 64,
            keep_free: 1_000_000_000,
        }
    }
}

/// Between two tries where the disk is full or refuses.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// How long a look at the free space holds.
const ROOM_HOLDS: Duration = Duration::from_millis(500);

/// Lines on their way to the disk.
pub(crate) struct Batch {
    pub(crate) way: Way,
    pub(crate) found: Found,
    pub(crate) bytes: Vec<u8>,
}

/// The way to a source's disk.
pub(crate) type Queue = mpsc::Sender<Batch>;

/// Where everything that was received is written.
pub(crate) struct Spool {
    folder: PathBuf,
    limits: Limits,
    counts: Arc<Counts>,
    said: Said,
    handle: Handle,
    stopping: Arc<AtomicBool>,
    writers: Mutex<BTreeMap<String, (Queue, JoinHandle<()>)>>,
}

impl Spool {
    /// Opens the spool; seals what a crash left open there.
    pub(crate) fn open(
        folder: PathBuf,
        limits: Limits,
        counts: Arc<Counts>,
        said: Said,
        handle: Handle,
    ) -> Result<Self, ListenError> {
        make_folder(&folder).map_err(|error| ListenError::io(&folder, error))?;
        let entries = std::fs::read_dir(&folder).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
        for entry in entries.map_err(|error| ListenError::io(&folder, error))? {
            let path = entry.path();
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            for recovered in recover(&path).map_err(|error| ListenError::io(&path, error))? {
                let source = entry.file_name().to_string_lossy().into_owned();
                if recovered.torn > 0 {
                    counts.source(&source).add(Way::Tcp, Found { torn: 1, ..Found::default() }, 0);
                    said(&format!(
                        "{source}: the last run was cut short in the middle of a line; its {} bytes were left out",
                        recovered.torn
                    ));
                }
            }
        }
        let stopping = Arc::default();
        Ok(Self { folder, limits, counts, said, handle, stopping, writers: Mutex::default() })
    }

    /// The spool itself.
    pub(crate) fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// The way to a source's disk; its writer begins with the first line.
    pub(crate) fn queue(&self, source: &str) -> Result<Queue, ListenError> {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((queue, _)) = writers.get(source) {
            return Ok(queue.clone());
        }
        let folder = self.folder.join(source);
        make_folder(&folder).map_err(|error| ListenError::io(&folder, error))?;
        let (queue, batches) = mpsc::channel(self.limits.queue);
        let writer = Writer {
            name: source.to_owned(),
            folder: folder.clone(),
            limits: self.limits,
            of_source: self.counts.source(source),
            counts: Arc::clone(&self.counts),
            said: Arc::clone(&self.said),
            stopping: Arc::clone(&self.stopping),
            segment: None,
            unsynced: None,
            looked: None,
        };
        let handle = self.handle.clone();
        let thread = std::thread::Builder::new()
            .name(format!("spool {source}"))
            .spawn(move || writer.run(batches, &handle))
            .map_err(|error| ListenError::io(&folder, error))?;
        writers.insert(source.to_owned(), (queue.clone(), thread));
        Ok(queue)
    }

    /// From now on nothing waits for a full disk.
    pub(crate) fn hurry(&self) {
        self.stopping.store(true, Relaxed);
    }

    /// Ends the writers once everything sent to them is written. Every other end of their queues must be gone.
    pub(crate) fn finish(&self) {
        let writers = std::mem::take(&mut *self.writers.lock().unwrap_or_else(PoisonError::into_inner));
        for (source, (queue, thread)) in writers {
            drop(queue);
            if thread.join().is_err() {
                (self.said)(&format!("{source}: writing to the spool ended by a fault of Weir's own"));
            }
        }
    }
}

struct Writer {
    name: String,
    folder: PathBuf,
    limits: Limits,
    of_source: Arc<OfSource>,
    counts: Arc<Counts>,
    said: Said,
    stopping: Arc<AtomicBool>,
    segment: Option<(Segment, Instant)>,
    /// Bytes that are not durable yet, and since when.
    unsynced: Option<(u64, Instant)>,
    /// When the free space was looked at, and whether there was enough.
    looked: Option<(Instant, bool)>,
}

impl Writer {
    fn run(mut self, mut batches: mpsc::Receiver<Batch>, handle: &Handle) {
        loop {
            let wait = self.unsynced.map_or(TRY_AGAIN, |(_, since)| self.limits.sync_after.saturating_sub(since.elapsed()));
            match handle.block_on(async { tokio::time::timeout(wait, batches.recv()).await }) {
                Ok(Some(batch)) => self.write(&batch),
                Ok(None) => break,
                Err(_no_batch_in_time) => {}
            }
            self.keep_time();
        }
        self.seal();
    }

    fn write(&mut self, batch: &Batch) {
        let mut is_told = false;
        loop {
            let error = match self.try_write(batch) {
                Ok(()) => break,
                Err(error) => error,
            };
            if !is_told {
                is_told = true;
                self.counts.paused.fetch_add(1, Relaxed);
                (self.said)(&format!("{}: nothing is written: {error}; senders wait where they can", self.name));
            }
            if self.stopping.load(Relaxed) {
                self.of_source.dropped.fetch_add(batch.found.lines, Relaxed);
                (self.said)(&format!("{}: {} lines are lost: {error}", self.name, batch.found.lines));
                self.counts.paused.fetch_sub(1, Relaxed);
                return;
            }
            std::thread::sleep(TRY_AGAIN);
        }
        if is_told {
            self.counts.paused.fetch_sub(1, Relaxed);
            (self.said)(&format!("{}: writing goes on", self.name));
        }
        self.of_source.add(batch.way, batch.found, batch.bytes.len());
    }

    fn try_write(&mut self, batch: &Batch) -> io::Result<()> {
        if batch.bytes.is_empty() {
            return Ok(());
        }
        self.has_room()?;
        let (segment, _) = match &mut self.segment {
            Some(segment) => segment,
            none => none.insert((Segment::create(&self.folder)?, Instant::now())),
        };
        segment.append(&batch.bytes)?;
        let more = batch.bytes.len() as u64;
        let (bytes, since) = self.unsynced.unwrap_or_else(|| {
            self.of_source.unsynced_since.store(self.counts.moment(), Relaxed);
            (0, Instant::now())
        });
        self.unsynced = Some((bytes + more, since));
        Ok(())
    }

    fn has_room(&mut self) -> io::Result<()> {
        let holds = self.looked.filter(|(when, _)| when.elapsed() < ROOM_HOLDS);
        let has_room = match holds {
            Some((_, has_room)) => has_room,
            None => {
                let has_room = fs4::available_space(&self.folder)? >= self.limits.keep_free;
                self.looked = Some((Instant::now(), has_room));
                has_room
            }
        };
        if has_room { Ok(()) } else { Err(io::Error::other("the disk has less free space than keep_free in weir.toml")) }
    }

    /// What is due by time or size.
    fn keep_time(&mut self) {
        let limits = self.limits;
        if self.unsynced.is_some_and(|(bytes, since)| bytes >= limits.sync_bytes || since.elapsed() >= limits.sync_after) {
            self.sync();
        }
        let is_due =
            |segment: &(Segment, Instant)| segment.0.bytes() >= limits.segment_bytes || segment.1.elapsed() >= limits.segment_age;
        if self.segment.as_ref().is_some_and(is_due) {
            self.seal();
        }
    }

    fn sync(&mut self) {
        if let Some((segment, _)) = &self.segment
            && let Err(error) = segment.sync()
        {
            (self.said)(&format!("{}: what was received could not be made safe from a power cut: {error}", self.name));
        }
        self.unsynced = None;
        self.of_source.unsynced_since.store(0, Relaxed);
    }

    fn seal(&mut self) {
        let Some((segment, _)) = self.segment.take() else { return };
        match segment.seal() {
            Ok(_) => {
                self.of_source.sealed.fetch_add(1, Relaxed);
            }
            // It stays open under its name; the next start seals it.
            Err(error) => (self.said)(&format!("{}: a file of the spool could not be sealed: {error}", self.name)),
        }
        self.unsynced = None;
        self.of_source.unsynced_since.store(0, Relaxed);
    }
}

/// The spool's folder of a sender: its source's, or the one for unknown senders.
pub(crate) fn folder_of(source: Option<&weir_lake::ids::SourceId>) -> &str {
    source.map_or(UNKNOWN, weir_lake::ids::SourceId::as_str)
}
