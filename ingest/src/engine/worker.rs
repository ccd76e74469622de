//! One worker: turns blocks into rows of its own batch, counts every line, and writes full batches as sorted row groups.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use weir_lake::batch::EventBatch;
use weir_lake::ids::FileId;
use weir_lake::lake::{DataFile, LakeError};
use weir_lake::schema::Table;
use weir_lake::vault::{LineSealer, VaultError};

use super::blocks::Block;
use super::content_hash::{UnitHash, hash_unit};
use super::day_table::{DROPPED, DayTable};
use super::days::InputDays;
use super::evidence;
use super::late::Late;
use super::order::{by_date, sort_rows};
use super::parts::Parts;
use super::quarantine::{Quarantine, QuarantinedLine};
use super::records::Cutter;
use super::spread_sort::sort_spread;
use super::tally::Tally;
use crate::decode::{Lines, lines};
use crate::decoded::{LineReader, Outcome};
use crate::identity::{Identifier, IdentityFields, IdentityKey};
use crate::normalise::{AdminRow, FileContext, Normaliser, Notes, Pushed, UnknownZone};
use crate::report::Evidence;

mod again;
mod dropped;
mod odd;

pub(crate) use again::Again;

/// Rows after which a batch is written: a block's rows more and it is still one row group of at most 128 Ki.
pub(crate) const FLUSH_ROWS: usize = 112 * 1024;

/// Bytes of stored text after which a batch is written however few its rows are: a log of 8 kB addresses would otherwise fill memory.
const FLUSH_TEXT_BYTES: usize = 48 << 20;

/// Bytes of interned strings after which they are forgotten with the rows: past this, hosts and users of days ago are mostly unused.
const STRING_BYTES: usize = 48 << 20;

/// Bytes of a line kept in quarantine. A line that is longer is no event that a format's mending would bring back.
pub(crate) const QUARANTINED_BYTES: usize = 64 << 10;

/// Bytes of the lines that name the columns up to which they are sealed with each quarantined line: those of any table fit.
const HEADING_BYTES: usize = 16 << 10;

/// Different lines that name columns which are remembered of a file.
const HEADING_LINES: usize = 16;

/// Names of what stops a worker.
#[derive(Debug)]
pub(crate) enum Stop {
    Lake(LakeError),
    Vault(VaultError),
    /// The lines can't be read by several workers: a header changed on the way, or the order decides a repeated hour.
    NeedsOrder,
}

impl From<LakeError> for Stop {
    fn from(error: LakeError) -> Self {
        Self::Lake(error)
    }
}

impl From<VaultError> for Stop {
    fn from(error: VaultError) -> Self {
        Self::Vault(error)
    }
}

/// What all workers of an input share.
pub(crate) struct InputPlan<'i, 'd, 'l> {
    pub(crate) context: Arc<FileContext>,
    pub(crate) days: &'i InputDays<'d, 'l>,
    pub(crate) cutter: Cutter,
    pub(crate) unit: usize,
    /// Lines that name the columns, from the beginning of the file.
    pub(crate) headers: &'i [Vec<u8>],
    /// Another worker reads other blocks of this input.
    pub(crate) is_shared: bool,
    /// The file may grow, so duplicates are remembered for its next segment.
    pub(crate) may_grow: bool,
}

/// What a worker found in an input.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) tally: Tally,
    pub(crate) units: Vec<UnitHash>,
    pub(crate) admin: Vec<AdminRow>,
    pub(crate) quarantine: Quarantine,
    pub(crate) notes: Notes,
    /// Lines ignored because their date is closed, by date and school.
    pub(crate) late: Late,
}

/// One worker.
pub(crate) struct Worker {
    root: PathBuf,
    name: String,
    parts_made: usize,
    normaliser: Normaliser,
    sealer: LineSealer,
    batch: EventBatch,
    /// First row of the input underway; those before are of inputs read to their end.
    rows_from: usize,
    /// Files with rows of inputs read to their end.
    done: Parts,
    /// Files with rows of the input underway only.
    underway: Option<Parts>,
    slices: BTreeSet<(i32, String)>,
    slices_underway: BTreeSet<(i32, String)>,
    evidence: Evidence,
    evidence_underway: Evidence,
    found: Found,
    identities: Vec<(i32, Vec<u128>)>,
    day: Option<(i32, Option<Arc<DayTable>>)>,
    /// The lines that name the columns of the input underway, in the order in which they were met.
    heading: Vec<Vec<u8>>,
    order: Vec<u32>,
    transcoded: String,
    /// Where the lines of a block end.
    newlines: Vec<u32>,
}

/// What reads the lines of one input; made for each.
pub(crate) struct Reading {
    reader: Box<dyn LineReader>,
    identifier: Identifier,
    /// An administrator's change is told by all that a line says of it: a format's `identity` names fields of decisions.
    admin_identifier: Identifier,
    ends_at_nul: bool,
}

impl Reading {
    pub(crate) fn new(mut reader: Box<dyn LineReader>, key: IdentityKey, fields: IdentityFields, headers: &[Vec<u8>]) -> Self {
        for header in headers {
            reader.read(header);
        }
        let ends_at_nul = reader.nul_ends_record();
        let admin_identifier = Identifier::new(key.clone(), IdentityFields::ALL);
        Self { reader, identifier: Identifier::new(key, fields), admin_identifier, ends_at_nul }
    }
}

impl Worker {
    pub(crate) fn new(root: PathBuf, name: String, normaliser: Normaliser, sealer: LineSealer) -> Self {
        Self {
            done: Parts::new(&root, name.clone()),
            root,
            name,
            parts_made: 0,
            normaliser,
            sealer,
            batch: EventBatch::default(),
            rows_from: 0,
            underway: None,
            slices: BTreeSet::new(),
            slices_underway: BTreeSet::new(),
            evidence: Evidence::default(),
            evidence_underway: Evidence::default(),
            found: Found::default(),
            identities: Vec::new(),
            day: None,
            heading: Vec::new(),
            order: Vec::new(),
            transcoded: String::new(),
            newlines: Vec::new(),
        }
    }

    /// Begins an input, of which some lines name the columns of those that follow.
    pub(crate) fn begin(&mut self, context: Arc<FileContext>, heading: &[Vec<u8>]) -> Result<(), UnknownZone> {
        self.rows_from = self.batch.len();
        self.day = None;
        self.heading = heading.to_vec();
        self.normaliser.begin_file(context)
    }

    /// Reads a block's records and hashes its unit.
    pub(crate) fn read_block(&mut self, block: &Block, reading: &mut Reading, plan: &InputPlan<'_, '_, '_>) -> Result<(), Stop> {
        let unit = block.bytes.get(block.unit.clone()).unwrap_or_default();
        if !unit.is_empty() || block.unit_index == 0 {
            self.found.units.push(hash_unit(block.unit_index, plan.unit as u64, unit));
        }
        if let Some((line, kept)) = &block.too_long {
            self.quarantine("line_too_long", kept, *line as i64)?;
        }
        let records = block.bytes.get(..block.records.end).unwrap_or_default();
        let all = records.get(block.records.start..).unwrap_or_default();
        // One pass over the block, so that a line is looked at only where there is something to find.
        let mut newlines = std::mem::take(&mut self.newlines);
        let Lines { has_nul, is_ascii } = lines(all, &mut newlines);
        let is_utf8 = is_ascii || std::str::from_utf8(all).is_ok();
        let mut line_no = block.first_line as i64;
        if !plan.cutter.multiline && is_utf8 && !has_nul {
            let mut at = block.records.start;
            for newline in &newlines {
                let newline = block.records.start + *newline as usize;
                let line = records.get(at..newline).unwrap_or_default();
                self.read_record(line.strip_suffix(b"\r").unwrap_or(line), line_no, 1, reading, plan)?;
                at = newline + 1;
                line_no += 1;
            }
            if let Some(rest) = records.get(at..).filter(|rest| !rest.is_empty()) {
                self.read_record(rest, line_no, 1, reading, plan)?;
            }
        } else {
            let mut at = block.records.start;
            let mut cuts = block.cuts.iter();
            let mut next = |at| if plan.cutter.multiline { cuts.next().copied() } else { plan.cutter.cut(records, at, true) };
            while let Some(record) = next(at) {
                let line = records.get(at..record.end).unwrap_or_default();
                if is_utf8 && !has_nul {
                    self.read_record(line, line_no, record.lines, reading, plan)?;
                } else {
                    self.read_odd_record(line, line_no, record.lines, reading, plan, has_nul)?;
                }
                at = record.next;
                line_no += record.lines as i64;
            }
        }
        self.newlines = newlines;
        let texts = self.batch.url_path.bytes.len() + self.batch.url_query.bytes.len() + self.batch.search_term.bytes.len();
        if self.batch.len() >= FLUSH_ROWS || texts >= FLUSH_TEXT_BYTES {
            self.flush_underway(plan)?;
        }
        Ok(())
    }

    #[inline]
    fn read_record(
        &mut self,
        record: &[u8],
        line_no: i64,
        lines: u64,
        reading: &mut Reading,
        plan: &InputPlan<'_, '_, '_>,
    ) -> Result<(), Stop> {
        if lines > 1 {
            self.found.tally.ignore("continuation", lines - 1);
        }
        if record.len() > plan.cutter.max_bytes {
            return self.quarantine("line_too_long", record, line_no);
        }
        let decoded = reading.reader.read(record);
        match decoded.outcome {
            Outcome::Event => {}
            Outcome::AdminEvent => {
                return match self.normaliser.when(&decoded) {
                    Ok(when) => {
                        let identity = reading.admin_identifier.identity(&decoded);
                        if self.is_duplicate(identity, when, plan)? || self.is_closed(&decoded, when, plan) {
                            return Ok(());
                        }
                        self.note_identity(when.date, identity);
                        let row = self.normaliser.admin(&decoded, when, line_no);
                        self.found.tally.saw_time(row.event_time);
                        self.found.tally.admin_events += 1;
                        self.found.admin.push(row);
                        Ok(())
                    }
                    Err(reason) => self.quarantine(reason, record, line_no),
                };
            }
            Outcome::Ignored(reason) => {
                self.found.tally.ignore(reason, 1);
                if reason == "header" {
                    self.note_heading(record);
                }
                // Every worker was given the headers at the file's beginning; one that changes on the way they would miss.
                if reason == "header" && plan.is_shared && !plan.headers.iter().any(|header| header == record) {
                    return Err(Stop::NeedsOrder);
                }
                return Ok(());
            }
            Outcome::Quarantined(reason) => return self.quarantine(reason, record, line_no),
        }
        let when = match self.normaliser.when(&decoded) {
            Ok(when) => when,
            Err(reason) => return self.quarantine(reason, record, line_no),
        };
        let identity = reading.identifier.identity(&decoded);
        if self.is_duplicate(identity, when, plan)? {
            return Ok(());
        }
        if self.is_closed(&decoded, when, plan) {
            return Ok(());
        }
        match self.normaliser.push(&decoded, when, line_no, &mut self.batch) {
            Pushed::Row => {
                self.found.tally.events += 1;
                self.found.tally.saw_time(when.micros_utc);
                self.note_identity(when.date, identity);
                Ok(())
            }
            Pushed::Quarantined("no_school") => {
                let unclaimed = self.normaliser.unclaimed(&decoded).and_then(|text| self.found.quarantine.one_text(text));
                self.quarantine_line("no_school", record, line_no, unclaimed)
            }
            Pushed::Quarantined(reason) => self.quarantine(reason, record, line_no),
        }
    }

    fn quarantine(&mut self, reason: &'static str, record: &[u8], line_no: i64) -> Result<(), Stop> {
        self.quarantine_line(reason, record, line_no, None)
    }

    /// A line that names columns holds until another does; read in this order they say what the last of them said.
    #[cold]
    fn note_heading(&mut self, record: &[u8]) {
        self.heading.retain(|known| known != record);
        self.heading.push(record.to_vec());
        if self.heading.len() > HEADING_LINES {
            self.heading.remove(0);
        }
    }

    #[cold]
    fn quarantine_line(
        &mut self,
        reason: &'static str,
        record: &[u8],
        line_no: i64,
        unclaimed: Option<Arc<str>>,
    ) -> Result<(), Stop> {
        let is_small = self.heading.iter().map(Vec::len).sum::<usize>() <= HEADING_BYTES;
        let heading = if is_small { self.heading.as_slice() } else { &[] };
        let raw = self.sealer.seal_line(heading, record.get(..QUARANTINED_BYTES).unwrap_or(record))?;
        self.found.quarantine.push(
            QuarantinedLine { line_no, reason, unclaimed, raw },
            &self.root.join(Table::Quarantine.name()),
            &self.name,
        )?;
        self.found.tally.quarantined += 1;
        Ok(())
    }

    /// Writes the batch in the middle of an input: rows of inputs before it to their files, its own to files of its own, which
    /// vanish if it fails.
    fn flush_underway(&mut self, plan: &InputPlan<'_, '_, '_>) -> Result<(), Stop> {
        self.flush_done()?;
        self.hand_over_identities(plan.days)?;
        if !self.batch.is_empty() {
            self.write_underway(0..self.batch.len())?;
            self.empty_batch();
        }
        Ok(())
    }

    fn write_underway(&mut self, rows: Range<usize>) -> Result<(), LakeError> {
        let parts = self.underway.get_or_insert_with(|| {
            self.parts_made += 1;
            Parts::new(&self.root, format!("{}-i{}", self.name, self.parts_made))
        });
        write(&self.batch, rows, &mut self.order, parts, &mut self.slices_underway, &mut self.evidence_underway)
    }

    /// Writes the rows of inputs read to their end; those of the input underway move to the front.
    fn flush_done(&mut self) -> Result<(), LakeError> {
        if self.rows_from == 0 {
            return Ok(());
        }
        write(&self.batch, 0..self.rows_from, &mut self.order, &mut self.done, &mut self.slices, &mut self.evidence)?;
        if self.rows_from == self.batch.len() {
            self.empty_batch();
            self.rows_from = 0;
            return Ok(());
        }
        let rows = self.rows_from..self.batch.len();
        self.write_underway(rows)?;
        self.empty_batch();
        self.rows_from = 0;
        Ok(())
    }

    fn empty_batch(&mut self) {
        self.batch.clear();
        if self.batch.string_bytes() > STRING_BYTES {
            self.batch.clear_strings();
            self.normaliser.clear_caches();
        }
    }

    /// Gives the identities of the input underway to the run's index.
    fn hand_over_identities(&mut self, days: &InputDays<'_, '_>) -> Result<(), LakeError> {
        // Sorted here, where all workers do it at once and it fits the cache.
        self.identities.iter_mut().for_each(|(_, identities)| sort_spread(identities));
        let mut run = days.run().write().unwrap_or_else(PoisonError::into_inner);
        self.identities.drain(..).try_for_each(|(date, identities)| run.add(date, identities))
    }

    /// The blocks of the input are read: hands over what is found, and finishes the files that are the input's own. They still hold
    /// its placeholder for an id.
    pub(crate) fn end(&mut self, days: &InputDays<'_, '_>) -> Result<(Found, Vec<DataFile>), LakeError> {
        weir_lake::failpoint::hit("ingest_after_block");
        self.hand_over_identities(days)?;
        let mut files = Vec::new();
        if self.underway.is_some() {
            let rows = 0..self.batch.len();
            if !rows.is_empty() {
                self.write_underway(rows)?;
                self.empty_batch();
            }
            if let Some(parts) = self.underway.take() {
                files = parts.finish()?;
            }
        }
        self.found.notes = self.normaliser.take_notes();
        Ok((std::mem::take(&mut self.found), files))
    }

    /// The input counts: its rows get its id.
    pub(crate) fn accept(&mut self, id: &FileId) -> Result<(), LakeError> {
        if self.rows_from < self.batch.len() {
            let number = self.batch.file_id.strings.intern(id.as_str().as_bytes());
            if let Some(ids) = self.batch.file_id.ids.get_mut(self.rows_from..) {
                ids.fill(number);
            }
        }
        self.rows_from = self.batch.len();
        self.slices.append(&mut self.slices_underway);
        self.evidence.add(&std::mem::take(&mut self.evidence_underway));
        // Half full, so that an input of a few blocks needs no files of its own.
        if self.batch.len() >= FLUSH_ROWS / 2 { self.flush_done() } else { Ok(()) }
    }

    /// The input does not count: nothing of it stays.
    pub(crate) fn reject(&mut self) {
        self.batch.truncate(self.rows_from);
        self.underway = None;
        self.slices_underway.clear();
        self.evidence_underway = Evidence::default();
        self.found = Found::default();
        self.identities.clear();
        self.day = None;
        self.normaliser.take_notes();
    }

    /// Writes what is left and finishes all files.
    pub(crate) fn finish(mut self) -> Result<Finished, LakeError> {
        self.flush_done()?;
        Ok(Finished { files: self.done.finish()?, slices: self.slices, evidence: self.evidence })
    }
}

/// What a worker leaves at the end of a run.
pub(crate) struct Finished {
    pub(crate) files: Vec<DataFile>,
    pub(crate) slices: BTreeSet<(i32, String)>,
    pub(crate) evidence: Evidence,
}

fn write(
    batch: &EventBatch,
    rows: Range<usize>,
    order: &mut Vec<u32>,
    parts: &mut Parts,
    slices: &mut BTreeSet<(i32, String)>,
    evidence: &mut Evidence,
) -> Result<(), LakeError> {
    evidence::count(batch, rows.clone(), evidence);
    sort_rows(batch, rows, order);
    for (date, rows) in by_date(batch, order) {
        parts.append(batch, date, rows)?;
        // Sorted by school within a date.
        for school in rows.chunk_by(|a, b| batch.school_id.ids[*a as usize] == batch.school_id.ids[*b as usize]) {
            let Some(first) = school.first() else { continue };
            let id = batch.school_id.ids[*first as usize];
            let school = String::from_utf8_lossy(batch.school_id.strings.get(id));
            if !slices.contains(&(date, school.to_string())) {
                slices.insert((date, school.into_owned()));
            }
        }
    }
    Ok(())
}
