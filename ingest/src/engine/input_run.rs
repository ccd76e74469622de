//! Reads one input with all workers: its format and headers, what of it is known, its blocks, its ledger and its id.

use std::io::{Cursor, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use weir_lake::ids::{FileId, FormatId};
use weir_lake::lake::{DataFile, LakeError};

use super::UNIT_BYTES;
use super::blocks::{Block, BlockSource, Cutting, Sealed};
use super::choice::{Chosen, choose_format, headers_of};
use super::content_hash::{UnitHash, join};
use super::days::{InputDays, SourceDays};
use super::error::IngestError;
use super::known::{HEAD_BYTES, Known, ReadBefore, head_id};
use super::late::Late;
use super::parts::{placeholder, set_file_id};
use super::quarantine::Quarantine;
use super::records::{Cutter, MAX_RECORD_BYTES};
use super::run::Run;
use super::tally::Tally;
use super::totals::{self, Totals};
use super::worker::{InputPlan, Reading, Stop, Worker};
use crate::format::{Format, Mixed};
use crate::identity::IdentityFields;
use crate::input::{self, Input, InputError, Opened};
use crate::normalise::{AdminRow, FileContext, Notes};

/// Bytes of a file's beginning that tell its format and hold its headers.
const BEGINNING_BYTES: usize = 96 << 10;

/// A file that nobody wrote to for so long is finished; its last line needs no newline.
const SETTLED_MICROS: i64 = 60_000_000;

/// What one input came to.
pub(crate) enum InputResult {
    /// Nothing of it is new.
    Known(ReadBefore),
    /// Nothing of it but a line that is not finished.
    Waiting { format: FormatId, before: u64, waiting: u64 },
    /// Read.
    Read(Box<InputRead>),
}

/// An input that was read; its rows wait in the workers and in `files`.
pub(crate) struct InputRead {
    pub(crate) format: FormatId,
    pub(crate) format_version: u32,
    /// Rows at which the portal cuts such an export.
    pub(crate) row_cap: Option<u64>,
    /// Such an export is one person's, who may not be named in it.
    pub(crate) is_of_one_person: bool,
    pub(crate) file_id: FileId,
    pub(crate) head_id: FileId,
    pub(crate) before: Option<ReadBefore>,
    /// Segments of the same file that were read before a reopening took rows of theirs out.
    pub(crate) again: Vec<FileId>,
    pub(crate) sealed: Sealed,
    pub(crate) tally: Tally,
    pub(crate) admin: Vec<AdminRow>,
    pub(crate) quarantine: Vec<Quarantine>,
    pub(crate) notes: Notes,
    pub(crate) late: Late,
    pub(crate) files: Vec<DataFile>,
    /// The columns of a table of totals, where the file begins as one.
    pub(crate) totals: Option<Totals>,
    /// Another product whose lines stand among its first.
    pub(crate) mixed_with: Option<Mixed>,
}

impl InputRead {
    /// Whether not one line could be read: then the format is wrong or a column is missing, which is a matter of the file.
    pub(crate) fn is_unreadable(&self) -> bool {
        let told = self.tally.events + self.tally.admin_events;
        let seen = self
            .tally
            .ignored()
            .into_iter()
            .any(|(reason, _)| !matches!(reason.as_str(), "blank" | "comment" | "header" | "continuation"));
        told == 0 && self.tally.quarantined > 0 && !seen
    }

    /// The number of rows at which the portal cuts such an export, if the file has exactly as many.
    pub(crate) fn is_cut_at(&self) -> Option<u64> {
        let is_whole = self.before.is_none() && self.sealed.waiting == 0;
        let no_rows = ["blank", "comment", "header", "continuation"].map(|reason| self.tally.ignored_as(reason));
        self.row_cap.filter(|cap| is_whole && self.tally.lines() - no_rows.into_iter().sum::<u64>() == *cap)
    }
}

/// Puts back what was read to look at it.
fn rejoin(front: Vec<u8>, rest: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
    Box::new(Cursor::new(front).chain(rest))
}

/// Everything fixed before the first block of an input is read.
struct Prepared {
    label: String,
    format: Arc<Format>,
    format_id: FormatId,
    headers: Vec<Vec<u8>>,
    cutter: Cutter,
    fields: IdentityFields,
    settled: bool,
    may_grow: bool,
    before: Option<ReadBefore>,
    again: Vec<FileId>,
    context: Arc<FileContext>,
    placeholder: FileId,
    totals: Option<Totals>,
    mixed_with: Option<Mixed>,
}

impl Run<'_> {
    /// Reads one input. After an error the workers hold nothing of it.
    pub(crate) fn read_input(
        &self,
        number: usize,
        input: &Input,
        known: &Known,
        days: &SourceDays<'_>,
        workers: &mut [Worker],
    ) -> Result<InputResult, IngestError> {
        let label = input.label();
        let opened = input::open(input, self.options.limits)?;
        self.options.progress.begin(&label, opened.disk_bytes);
        let (opened, beginning) = self.beginning(input, opened)?;
        let before = match known.may_know(beginning.get(..HEAD_BYTES).unwrap_or(&beginning)) {
            true => self.follow(input, known, &beginning)?,
            false => None,
        };
        if let Some(before) = &before
            && !self.has_more(input, before)?
        {
            return Ok(InputResult::Known(before.clone()));
        }
        let own = before.as_ref().map_or_else(Vec::new, |before| before.tags.clone());
        let mut prepared = self.prepare(number, label, &opened, &beginning, before.clone())?;
        prepared.again = self.read_again(input, known, &beginning, before.as_ref())?;
        let input_days = InputDays::new(days, own.clone());
        drop(opened);
        let many = workers.len();
        let mut read = self.read_blocks(input, &prepared, &input_days, &mut workers[..many]);
        if matches!(read, Err(Failed::NeedsOrder)) {
            // Rare: a header that changes on the way, or the repeated hour of October. One worker reads in order.
            self.reject(days, workers);
            let input_days = InputDays::new(days, own);
            read = self.read_blocks(input, &prepared, &input_days, &mut workers[..1]);
        }
        match read {
            Ok(read) => Ok(read),
            Err(failed) => {
                self.reject(days, workers);
                Err(match failed {
                    Failed::Stopped(error) => error,
                    Failed::NeedsOrder => IngestError::Changed { path: prepared.label },
                })
            }
        }
    }

    /// Nothing of the input underway stays.
    fn reject(&self, days: &SourceDays<'_>, workers: &mut [Worker]) {
        workers.iter_mut().for_each(Worker::reject);
        days.run.write().unwrap_or_else(PoisonError::into_inner).reject();
    }

    fn beginning(&self, input: &Input, mut opened: Opened) -> Result<(Opened, Vec<u8>), IngestError> {
        let mut beginning = Vec::with_capacity(BEGINNING_BYTES);
        let mut reader = opened.reader.take(BEGINNING_BYTES as u64);
        reader.read_to_end(&mut beginning).map_err(|error| InputError::of(&input.label(), error))?;
        opened.reader = reader.into_inner();
        Ok((opened, beginning))
    }

    pub(super) fn skipped(&self, input: &Input, bytes: u64) -> Result<Opened, IngestError> {
        let fault = |error| InputError::of(&input.label(), error);
        let mut opened = input::open(input, self.options.limits)?;
        let mut front = opened.reader.take(bytes);
        let skipped = std::io::copy(&mut front, &mut std::io::sink()).map_err(fault)?;
        if skipped != bytes {
            return Err(IngestError::Changed { path: input.label() });
        }
        opened.reader = front.into_inner();
        Ok(opened)
    }

    fn prepare(
        &self,
        number: usize,
        label: String,
        opened: &Opened,
        beginning: &[u8],
        before: Option<ReadBefore>,
    ) -> Result<Prepared, IngestError> {
        let options = self.options;
        let Chosen { format, mixed_with } = choose_format(self.catalogue, &options.format, &label, beginning)?;
        let format_id = FormatId::parse(format.id()).map_err(|error| LakeError::Rejected { problem: error.to_string() })?;
        let mut reader = format.reader_of(options.source.keep_flows);
        let cutter = Cutter { multiline: reader.is_multiline(), max_bytes: MAX_RECORD_BYTES };
        let headers = headers_of(&mut *reader, cutter, beginning, beginning.len() < BEGINNING_BYTES);
        let fields = IdentityFields::named(format.identity())
            .map_err(|error| IngestError::Identity { format: format.id().to_owned(), error })?;
        let written_at_micros = opened.modified.and_then(|time| {
            let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
            i64::try_from(since.as_micros()).ok()
        });
        let is_old = written_at_micros.is_some_and(|written| options.now_micros.saturating_sub(written) > SETTLED_MICROS);
        let placeholder = placeholder(options.run_id.as_str(), number);
        let context = Arc::new(FileContext {
            school: options.source.school.clone(),
            source_id: options.source.id.clone(),
            format_id: format_id.clone(),
            file_id: placeholder.clone(),
            zone: options.source.tz.clone(),
            school_zone: self.school_zone.clone(),
            vendor: self.vendor_of(&format),
            keep_allowed_queries: self.estate.keep_allowed_queries,
            written_at_micros,
            now_micros: options.now_micros,
        });
        let settled = !options.growing && (opened.compressed || options.settled || is_old);
        let may_grow = opened.plain;
        Ok(Prepared {
            label,
            format,
            format_id,
            headers,
            cutter,
            fields,
            settled,
            may_grow,
            before,
            again: Vec::new(),
            totals: totals::found(beginning),
            mixed_with,
            context,
            placeholder,
        })
    }

    fn read_blocks(
        &self,
        input: &Input,
        prepared: &Prepared,
        days: &InputDays<'_, '_>,
        workers: &mut [Worker],
    ) -> Result<InputResult, Failed> {
        let before = prepared.before.as_ref().map_or(0, |before| before.bytes);
        let mut opened = self.skipped(input, before)?;
        let fault = |error| Failed::Stopped(IngestError::Input(InputError::of(&prepared.label, error)));
        let mut head = Vec::with_capacity(HEAD_BYTES);
        opened.reader.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(fault)?;
        let cutting = Cutting {
            cutter: prepared.cutter,
            unit: self.unit,
            settled: prepared.settled,
            line_from: prepared.before.as_ref().map_or(0, |before| before.lines),
        };
        let mut source = BlockSource::new(rejoin(head.clone(), opened.reader), cutting);
        let mut first = Block::default();
        source.pull(&mut first).map_err(fault)?;
        // A file of one block is read by one worker: starting threads would take longer.
        let is_shared = source.sealed().is_none() && workers.len() > 1;
        let plan = InputPlan {
            context: Arc::clone(&prepared.context),
            days,
            cutter: prepared.cutter,
            unit: self.unit,
            headers: &prepared.headers,
            is_shared,
            may_grow: prepared.may_grow,
        };
        let count = if is_shared { workers.len() } else { 1 };
        let line = Line { source: Mutex::new(source), stopped: AtomicBool::new(false) };
        let fault = |error| IngestError::Input(InputError::of(&prepared.label, error));
        let consumed = Arc::clone(&opened.consumed);
        let tell = || self.options.progress.at(consumed.load(Ordering::Relaxed));
        let read = |worker: &mut Worker, mut first: Option<Block>| -> Result<_, Failed> {
            worker
                .begin(Arc::clone(&plan.context), &prepared.headers)
                .map_err(|error| IngestError::Zone { source_id: self.options.source.id.to_string(), error })?;
            let mut reading = Reading::new(
                prepared.format.reader_of(self.options.source.keep_flows),
                self.identity_key.clone(),
                prepared.fields,
                &prepared.headers,
            );
            let mut block = Block::default();
            let read = loop {
                if line.stopped.load(Ordering::Relaxed) {
                    break Ok(());
                }
                match first.take() {
                    Some(first) => block = first,
                    None => match line.pull(&mut block) {
                        Ok(true) => tell(),
                        Ok(false) => break Ok(()),
                        Err(error) => break Err(Failed::Stopped(fault(error))),
                    },
                }
                if let Err(stop) = worker.read_block(&block, &mut reading, &plan) {
                    break Err(Failed::from(stop));
                }
            };
            if read.is_err() {
                line.stopped.store(true, Ordering::Relaxed);
            }
            read?;
            Ok(worker.end(days)?)
        };
        let results: Vec<Result<_, Failed>> = match workers {
            [one, ..] if count == 1 => vec![read(one, Some(first))],
            many => std::thread::scope(|scope| {
                let mut first = Some(first);
                let read = &read;
                let threads: Vec<_> = many
                    .iter_mut()
                    .map(|worker| {
                        let first = first.take();
                        scope.spawn(move || read(worker, first))
                    })
                    .collect();
                threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
            }),
        };
        let source = line.source.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.close(input, prepared, &head, source, results, is_shared)
    }

    /// Adds up what the workers found, checks the ledger and names the segment.
    fn close(
        &self,
        input: &Input,
        prepared: &Prepared,
        head: &[u8],
        source: BlockSource,
        results: Vec<Result<(super::worker::Found, Vec<DataFile>), Failed>>,
        is_shared: bool,
    ) -> Result<InputResult, Failed> {
        let (mut tally, mut units, mut notes) = (Tally::default(), Vec::<UnitHash>::new(), Notes::default());
        let (mut admin, mut quarantine, mut files) = (Vec::new(), Vec::new(), Vec::new());
        let mut late = Late::new();
        let mut failed = None;
        for result in results {
            match result {
                Ok((found, written)) => {
                    tally.add(&found.tally);
                    units.extend(found.units);
                    admin.extend(found.admin);
                    quarantine.push(found.quarantine);
                    notes.ambiguous_times += found.notes.ambiguous_times;
                    notes.repeated_times += found.notes.repeated_times;
                    notes.names_people |= found.notes.names_people;
                    notes.contradicts |= found.notes.contradicts;
                    found.notes.unmapped.into_iter().for_each(|(name, rows)| *notes.unmapped.entry(name).or_insert(0) += rows);
                    found.late.into_iter().for_each(|(day, lines)| *late.entry(day).or_insert(0) += lines);
                    files.extend(written);
                }
                // A fault of reading says more than the stop of another worker that it caused.
                Err(error) => {
                    failed = Some(match failed {
                        None | Some(Failed::NeedsOrder) => error,
                        Some(first) => first,
                    });
                }
            }
        }
        let discard = |files: &[DataFile]| super::parts::discard(self.lake.root(), weir_lake::schema::Table::Events, files);
        if let Some(failed) = failed {
            discard(&files);
            return Err(failed);
        }
        if is_shared && (notes.ambiguous_times > 0 || notes.repeated_times > 0) {
            discard(&files);
            return Err(Failed::NeedsOrder);
        }
        if notes.contradicts {
            discard(&files);
            return Err(Failed::Stopped(IngestError::NamesOthers { path: prepared.label.clone() }));
        }
        let before = prepared.before.as_ref().map_or(0, |before| before.bytes);
        let closed = (|| {
            let sealed = source.sealed().ok_or_else(|| IngestError::Changed { path: prepared.label.clone() })?;
            let lines = sealed.lines + tally.ended_by_nul;
            if lines != tally.lines() {
                return Err(IngestError::Ledger { path: prepared.label.clone(), lines, counted: tally.lines() });
            }
            let digest = if sealed.rehash { Some(self.hash_of(input, before, sealed.bytes)?) } else { join(units) };
            let digest = digest.ok_or_else(|| IngestError::Changed { path: prepared.label.clone() })?;
            let file_id = FileId::from_digest(digest);
            set_file_id(self.lake.root(), &files, &prepared.placeholder, &file_id)?;
            Ok((sealed, file_id))
        })();
        let (sealed, file_id) = closed.inspect_err(|_| discard(&files))?;
        if sealed.bytes == 0 {
            return Ok(InputResult::Waiting { format: prepared.format_id.clone(), before, waiting: sealed.waiting });
        }
        let head = head.get(..usize::try_from(sealed.bytes).unwrap_or(usize::MAX).min(head.len())).unwrap_or(head);
        admin.sort_by_key(|row: &AdminRow| row.line_no);
        Ok(InputResult::Read(Box::new(InputRead {
            format: prepared.format_id.clone(),
            format_version: prepared.format.version(),
            row_cap: prepared.format.row_cap(),
            is_of_one_person: prepared.format.is_of_one_person(),
            file_id,
            head_id: head_id(head),
            before: prepared.before.clone(),
            again: prepared.again.clone(),
            sealed,
            tally,
            admin,
            quarantine,
            notes,
            late,
            files,
            totals: prepared.totals.clone(),
            mixed_with: prepared.mixed_with.clone(),
        })))
    }

    fn hash_of(&self, input: &Input, from: u64, bytes: u64) -> Result<[u8; 32], IngestError> {
        let opened = self.skipped(input, from)?;
        let mut hasher = blake3::Hasher::new();
        let read =
            std::io::copy(&mut opened.reader.take(bytes), &mut hasher).map_err(|error| InputError::of(&input.label(), error))?;
        if read != bytes {
            return Err(IngestError::Changed { path: input.label() });
        }
        Ok(*hasher.finalize().as_bytes())
    }
}

/// The stream, pulled by one worker at a time.
struct Line {
    source: Mutex<BlockSource>,
    stopped: AtomicBool,
}

impl Line {
    fn pull(&self, block: &mut Block) -> std::io::Result<bool> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner).pull(block)
    }
}

/// Why the blocks of an input were not all read.
enum Failed {
    Stopped(IngestError),
    NeedsOrder,
}

impl From<IngestError> for Failed {
    fn from(error: IngestError) -> Self {
        Self::Stopped(error)
    }
}

impl From<LakeError> for Failed {
    fn from(error: LakeError) -> Self {
        Self::Stopped(error.into())
    }
}

impl From<Stop> for Failed {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Lake(error) => Self::Stopped(error.into()),
            Stop::Vault(error) => Self::Stopped(error.into()),
            Stop::NeedsOrder => Self::NeedsOrder,
        }
    }
}

/// The unit of reading and hashing.
pub(crate) const fn unit() -> usize {
    UNIT_BYTES
}
