//! Reads quarantined lines again once their format was mended: a line leaves quarantine in the very commit in which its row arrives.
//!
//! Of each file the receipt is replaced by its next revision, which accounts for the same lines. What can't be read now either stays, and
//! so does a line of a closed date.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, PoisonError};

use weir_lake::estate::{Estate, People};
use weir_lake::failpoint;
use weir_lake::ids::{FileId, FormatId, SchoolId, SourceId};
use weir_lake::index::segment_tag;
use weir_lake::lake::{Change, ChangeKind, DataFile, Lake, LakeError, Receipt, Slice, Snapshot};
use weir_lake::quarantine::SealedLine;
use weir_lake::schema::Table;
use weir_lake::vault::{OpenedLine, Vault, VaultError};

use super::days::{InputDays, SourceDays};
use super::error::IngestError;
use super::input_run::unit;
use super::run::{Run, Uncommitted, check_schools};
use super::side_rows::SideRows;
use super::tally::Tally;
use super::worker::{Again, InputPlan, QUARANTINED_BYTES, Reading, Stop, Worker};
use super::{Cutter, FormatChoice, IngestOptions, MAX_RECORD_BYTES};
use crate::format::{Catalogue, Format};
use crate::identity::{IdentityFields, IdentityKey};
use crate::normalise::{FileContext, Reference};
use crate::report::{ReplayReport, Replayed};

/// Times a replay is done over when another run changed the lake first.
const ATTEMPTS: usize = 3;

/// Bytes of opened lines that are read as one piece of a file.
const PIECE_BYTES: usize = 8 << 20;

/// What no mending of a format brings back: such a line is not whole.
const NEVER: [&str; 3] = ["line_too_long", "too_long", "nul_bytes"];

/// Reads a source's lines in quarantine again; those of one reason only, where one is given. `options.format` says as which format: `Auto`
/// for the one each was read as before.
pub fn replay(
    estate: &Estate,
    lake: &Lake,
    vault: &Vault,
    catalogue: &Catalogue,
    options: &IngestOptions,
    reason: Option<&str>,
) -> Result<ReplayReport, IngestError> {
    let school_zone = check_schools(estate, options)?;
    let run = Run {
        estate,
        lake,
        vault,
        catalogue,
        options,
        reference: Reference::of_estate(estate)?,
        people: Arc::new(People::new(estate)),
        shared_names: Arc::default(),
        school_zone,
        identity_key: IdentityKey::new(&vault.source_key(&options.source.id)),
        unit: unit(),
    };
    let mut attempt = 1;
    loop {
        match run.replay_once(reason, attempt) {
            Err(IngestError::Lake(LakeError::LostRace { .. }) | IngestError::Vault(VaultError::KeyMadeElsewhere { .. }))
                if attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
            other => return other,
        }
    }
}

/// Lines of one segment, read as one format under the same names of columns.
struct Piece {
    receipt: usize,
    format: FormatId,
    heading: Vec<Vec<u8>>,
    /// Where each stands in its file of `quarantine`, why, its number, and the line.
    lines: Vec<(usize, String, i64, Vec<u8>)>,
    bytes: usize,
}

/// What a replay holds on its way to the commit.
struct Replaying<'r, 'l> {
    run: &'r Run<'l>,
    snapshot: &'r Snapshot,
    receipts: &'r [Receipt],
    days: &'r SourceDays<'l>,
    worker: Worker,
    side: SideRows<'l>,
    uncommitted: Uncommitted<'l>,
    formats: BTreeMap<FormatId, Arc<Format>>,
    /// Which lines of the file of `quarantine` underway stay.
    stays: Vec<bool>,
    /// What left quarantine, by receipt.
    left: BTreeMap<usize, Tally>,
    versions: BTreeMap<usize, u32>,
    told: BTreeMap<(String, String), Replayed>,
}

impl<'l> Run<'l> {
    fn replay_once(&self, reason: Option<&str>, attempt: usize) -> Result<ReplayReport, IngestError> {
        let source = &self.options.source.id;
        let snapshot = self.lake.snapshot()?;
        let receipts = self.lake.receipts(&snapshot)?;
        let mut report = ReplayReport {
            run_id: self.options.run_id.to_string(),
            source_id: source.to_string(),
            lake_version: None,
            lines: Vec::new(),
        };
        if !receipts.iter().any(|receipt| receipt.source_id == *source && receipt.quarantined > 0) {
            return Ok(report);
        }
        let days = SourceDays::new(self.lake, &snapshot, source)?;
        let session = self.vault.session();
        let Some(worker) = self.workers(&session, attempt)?.into_iter().next() else { return Ok(report) };
        let mut replaying = Replaying {
            run: self,
            snapshot: &snapshot,
            receipts: &receipts,
            days: &days,
            worker,
            side: SideRows::new(self.lake, source.clone(), None, self.options.now_micros),
            uncommitted: Uncommitted { lake: self.lake, files: Vec::new(), index: Vec::new() },
            formats: BTreeMap::new(),
            stays: Vec::new(),
            left: BTreeMap::new(),
            versions: BTreeMap::new(),
            told: BTreeMap::new(),
        };
        let mut removes = Vec::new();
        for file in snapshot.files.get(&Table::Quarantine).into_iter().flatten() {
            if replaying.read_file(file, source, reason)? {
                let left = self.lake.quarantine_left(file, &replaying.stays)?;
                replaying.uncommitted.files.extend(left.map(|file| (Table::Quarantine, file)));
                removes.push((Table::Quarantine, file.path.clone()));
            }
        }
        report.lines = replaying.told.values().cloned().collect();
        if !removes.is_empty() {
            let (change, mut uncommitted) = replaying.finish(removes)?;
            failpoint::hit("ingest_rows_written");
            // A name is durable before its key reaches the lake.
            session.flush()?;
            failpoint::hit("ingest_before_commit");
            let committed = self.lake.commit(change);
            if matches!(committed, Ok(_) | Err(LakeError::Unfinished { .. })) {
                // They are the lake's now, even if a table has yet to follow.
                uncommitted.files.clear();
                uncommitted.index.clear();
            }
            report.lake_version = Some(committed?);
            failpoint::hit("ingest_after_commit");
        }
        Ok(report)
    }
}

impl<'l> Replaying<'_, 'l> {
    /// Reads the source's lines of one file of `quarantine`; whether any leaves it.
    fn read_file(&mut self, file: &DataFile, source: &SourceId, reason: Option<&str>) -> Result<bool, IngestError> {
        self.stays.clear();
        let lake = self.run.lake;
        let mut piece: Option<Piece> = None;
        lake.quarantined::<IngestError>(file, |line| {
            let at = self.stays.len();
            self.stays.push(true);
            if line.source_id != source.as_str() || reason.is_some_and(|reason| reason != line.reason) {
                return Ok(());
            }
            let told = self.told(line.format_id, line.reason);
            told.lines += 1;
            told.stay += 1;
            let Some((receipt, opened)) = self.openable(line) else {
                self.told(line.format_id, line.reason).not_tried += 1;
                return Ok(());
            };
            let format = match &self.run.options.format {
                FormatChoice::Id(format) => format.clone(),
                FormatChoice::Auto => {
                    FormatId::parse(line.format_id).map_err(|error| LakeError::Rejected { problem: error.to_string() })?
                }
            };
            let is_more = piece.as_ref().is_some_and(|piece| {
                piece.receipt == receipt && piece.format == format && piece.heading == opened.heading && piece.bytes < PIECE_BYTES
            });
            if !is_more && let Some(whole) = piece.take() {
                self.read_piece(whole)?;
            }
            let piece =
                piece.get_or_insert_with(|| Piece { receipt, format, heading: opened.heading, lines: Vec::new(), bytes: 0 });
            piece.bytes += opened.line.len();
            piece.lines.push((at, line.reason.to_owned(), line.line_no, opened.line));
            Ok(())
        })?;
        if let Some(whole) = piece {
            self.read_piece(whole)?;
        }
        Ok(self.stays.contains(&false))
    }

    fn told(&mut self, format: &str, reason: &str) -> &mut Replayed {
        self.told.entry((format.to_owned(), reason.to_owned())).or_insert_with(|| Replayed {
            format_id: format.to_owned(),
            reason: reason.to_owned(),
            ..Replayed::default()
        })
    }

    /// The line and its segment's receipt; none where it is not whole, was sealed under another vault, or has no receipt.
    fn openable(&self, line: SealedLine<'_>) -> Option<(usize, OpenedLine)> {
        if NEVER.contains(&line.reason) {
            return None;
        }
        let number = u64::try_from(line.line_no).ok()?;
        let receipt = self.receipts.iter().rposition(|receipt| {
            receipt.source_id.as_str() == line.source_id
                && receipt.file_id.as_str() == line.file_id
                && receipt.quarantined > 0
                && (receipt.line_from + 1..=receipt.line_from + receipt.lines).contains(&number)
        })?;
        let opened = self.run.vault.open_line(line.raw).ok()?;
        let is_whole = opened.line.len() < QUARANTINED_BYTES && !opened.line.contains(&0);
        is_whole.then_some((receipt, opened))
    }

    fn read_piece(&mut self, piece: Piece) -> Result<(), IngestError> {
        let run = self.run;
        let receipt = &self.receipts[piece.receipt];
        let format = match self.formats.get(&piece.format) {
            Some(format) => Arc::clone(format),
            None => {
                let format = run.catalogue.get(piece.format.as_str())?.as_named();
                self.formats.insert(piece.format.clone(), Arc::clone(&format));
                format
            }
        };
        let fields = IdentityFields::named(format.identity())
            .map_err(|error| IngestError::Identity { format: format.id().to_owned(), error })?;
        let context = Arc::new(FileContext {
            school: run.options.source.school.clone(),
            source_id: receipt.source_id.clone(),
            format_id: piece.format.clone(),
            file_id: receipt.file_id.clone(),
            zone: run.options.source.tz.clone(),
            school_zone: run.school_zone.clone(),
            vendor: run.vendor_of(&format),
            keep_allowed_queries: run.estate.keep_allowed_queries,
            // The nearest that is still known.
            written_at_micros: Some(receipt.received_at),
            now_micros: run.options.now_micros,
        });
        let days = InputDays::new(self.days, chain_tags(self.receipts, piece.receipt));
        let mut reading =
            Reading::new(format.reader_of(run.options.source.keep_flows), run.identity_key.clone(), fields, &piece.heading);
        let plan = InputPlan {
            context: Arc::clone(&context),
            days: &days,
            cutter: Cutter { multiline: false, max_bytes: MAX_RECORD_BYTES },
            unit: run.unit,
            headers: &piece.heading,
            is_shared: false,
            may_grow: true,
        };
        self.worker
            .begin(context, &piece.heading)
            .map_err(|error| IngestError::Zone { source_id: run.options.source.id.to_string(), error })?;
        for (at, reason, line_no, line) in &piece.lines {
            let again = self.worker.read_again(line, *line_no, &mut reading, &plan).map_err(stopped)?;
            let told = self.told(receipt.format_id.as_str(), reason);
            match again {
                Again::Stays => continue,
                Again::Closed => {
                    told.closed += 1;
                    continue;
                }
                Again::Event => told.events += 1,
                Again::Admin => told.admin_events += 1,
                Again::Ignored(why) => *told.ignored.entry(why.to_owned()).or_insert(0) += 1,
            }
            told.stay -= 1;
            if let Some(stays) = self.stays.get_mut(*at) {
                *stays = false;
            }
        }
        let (found, files) = self.worker.end(&days)?;
        self.uncommitted.files.extend(files.into_iter().map(|file| (Table::Events, file)));
        let tag = segment_tag(&receipt.head_id, receipt.byte_from, &receipt.file_id);
        self.days.run.write().unwrap_or_else(PoisonError::into_inner).accept(tag);
        self.worker.accept(&receipt.file_id)?;
        let added = self.side.add(&receipt.file_id, &piece.format, found.admin, Vec::new(), &HashSet::new())?;
        self.uncommitted.files.extend(added.files);
        if found.tally.lines() > 0 {
            self.left.entry(piece.receipt).or_default().add(&found.tally);
            if piece.format == receipt.format_id {
                self.versions.insert(piece.receipt, format.version());
            }
        }
        Ok(())
    }

    /// Makes rows and index durable, and gives the change that makes them visible.
    fn finish(mut self, removes: Vec<(Table, String)>) -> Result<(Change, Uncommitted<'l>), IngestError> {
        let options = self.run.options;
        let mut uncommitted = self.uncommitted;
        let finished = self.worker.finish()?;
        uncommitted.files.extend(finished.files.into_iter().map(|file| (Table::Events, file)));
        let mut stale = BTreeSet::new();
        for (date, school) in finished.slices {
            let school_id = SchoolId::parse(&school).map_err(|error| LakeError::Rejected { problem: error.to_string() })?;
            stale.insert(Slice { school_id, source_id: options.source.id.clone(), date });
        }
        uncommitted.files.extend(self.side.write()?);
        uncommitted.index = self.days.run.read().unwrap_or_else(PoisonError::into_inner).write(self.days)?;
        // A receipt is named by its file alone, so whatever else is of that file goes and comes back as it was.
        let named = |receipt: &Receipt| (receipt.file_id.clone(), receipt.byte_from);
        let receipt_removes: BTreeSet<(FileId, u64)> =
            self.left.keys().filter_map(|at| self.receipts.get(*at)).map(named).collect();
        let receipts = (0..).zip(self.receipts).filter(|(_, receipt)| receipt_removes.contains(&named(receipt)));
        let change = Change {
            adds: uncommitted.files.clone(),
            removes,
            receipts: receipts.map(|(at, receipt)| revised(receipt, self.left.get(&at), self.versions.get(&at))).collect(),
            receipt_removes: receipt_removes.iter().cloned().collect(),
            index: uncommitted.index.clone(),
            stale,
            ..Change::new(ChangeKind::Ingest, options.run_id.clone(), self.snapshot.version)
        };
        Ok((change, uncommitted))
    }
}

/// The receipt as it stands once some of its lines left quarantine.
fn revised(receipt: &Receipt, left: Option<&Tally>, version: Option<&u32>) -> Receipt {
    let mut revised = receipt.clone();
    let Some(left) = left else { return revised };
    revised.revision += 1;
    revised.format_version = version.copied().unwrap_or(receipt.format_version);
    revised.events += left.events;
    revised.admin_events += left.admin_events;
    for (reason, lines) in left.ignored() {
        *revised.ignored.entry(reason).or_insert(0) += lines;
    }
    revised.quarantined = revised.quarantined.saturating_sub(left.lines());
    if let Some((first, last)) = left.times {
        revised.first_event_time = Some(revised.first_event_time.map_or(first, |known| known.min(first)));
        revised.last_event_time = Some(revised.last_event_time.map_or(last, |known| known.max(last)));
    }
    revised
}

/// The tags of the segments of one file: equal lines in two of them are two events.
fn chain_tags(receipts: &[Receipt], of: usize) -> Vec<u32> {
    let mut chain = vec![of];
    let mut at = 0;
    while let Some(this) = chain.get(at).and_then(|this| receipts.get(*this)) {
        for (other, receipt) in receipts.iter().enumerate() {
            let meets = receipt.byte_to == this.byte_from || this.byte_to == receipt.byte_from;
            if meets && receipt.source_id == this.source_id && receipt.path == this.path && !chain.contains(&other) {
                chain.push(other);
            }
        }
        at += 1;
    }
    chain
        .iter()
        .filter_map(|at| receipts.get(*at))
        .map(|receipt| segment_tag(&receipt.head_id, receipt.byte_from, &receipt.file_id))
        .collect()
}

fn stopped(stop: Stop) -> IngestError {
    match stop {
        Stop::Lake(error) => error.into(),
        Stop::Vault(error) => error.into(),
        Stop::NeedsOrder => LakeError::Rejected { problem: String::from("a line in quarantine names columns") }.into(),
    }
}
