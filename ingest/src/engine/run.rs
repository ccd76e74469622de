//! One ingest from end to end: every input in turn, then names, index and files made durable, then one commit; again if another won.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use weir_lake::estate::{Estate, People, SchoolOf, SharedNames};
use weir_lake::failpoint;
use weir_lake::ids::SchoolId;
use weir_lake::lake::{DataFile, IndexFile, Lake, LakeError, Receipt, Slice};
use weir_lake::schema::Table;
use weir_lake::vault::{Vault, VaultError, VaultSession};

use super::IngestOptions;
use super::days::SourceDays;
use super::error::IngestError;
use super::input_run::{InputRead, InputResult, unit};
use super::known::Known;
use super::late;
use super::people::{EstatePeople, OnePerson};
use super::side_rows::SideRows;
use super::worker::Worker;
use crate::format::{Catalogue, Format, Mends, Mixed};
use crate::identity::IdentityKey;
use crate::input::{self, InputError};
use crate::normalise::{Normaliser, Notes, Reference};
use crate::report::{Evidence, FileReport, FileStatus, IngestReport, Ledger};

/// Times an ingest is done over when another run changed the lake first.
const ATTEMPTS: usize = 3;

/// What an ingest works with.
pub(crate) struct Run<'a> {
    pub(crate) estate: &'a Estate,
    pub(crate) lake: &'a Lake,
    pub(crate) vault: &'a Vault,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) options: &'a IngestOptions,
    pub(crate) reference: Arc<Reference>,
    pub(crate) people: Arc<People>,
    pub(crate) shared_names: Arc<Mutex<SharedNames>>,
    pub(crate) school_zone: String,
    pub(crate) identity_key: IdentityKey,
    pub(crate) unit: usize,
}

/// Reads `paths` into the lake: all of what can be read in one commit, or nothing. An input that can't be read is refused in the
/// report and stops no other.
pub fn ingest(
    estate: &Estate,
    lake: &Lake,
    vault: &Vault,
    catalogue: &Catalogue,
    paths: &[PathBuf],
    options: &IngestOptions,
) -> Result<IngestReport, IngestError> {
    ingest_in_units(estate, lake, vault, catalogue, paths, options, unit())
}

/// The same with blocks of another size, for tests.
pub(crate) fn ingest_in_units(
    estate: &Estate,
    lake: &Lake,
    vault: &Vault,
    catalogue: &Catalogue,
    paths: &[PathBuf],
    options: &IngestOptions,
    unit: usize,
) -> Result<IngestReport, IngestError> {
    ingest_under(Reference::of_estate(estate)?, estate, lake, vault, catalogue, paths, options, unit)
}

/// The same under other reference data, for tests.
#[expect(clippy::too_many_arguments, reason = "what an ingest is given, and two things that only tests choose")]
pub(crate) fn ingest_under(
    reference: Arc<Reference>,
    estate: &Estate,
    lake: &Lake,
    vault: &Vault,
    catalogue: &Catalogue,
    paths: &[PathBuf],
    options: &IngestOptions,
    unit: usize,
) -> Result<IngestReport, IngestError> {
    let started = Instant::now();
    let school_zone = check_schools(estate, options)?;
    let run = Run {
        estate,
        lake,
        vault,
        catalogue,
        options,
        reference,
        people: Arc::new(People::new(estate)),
        shared_names: Arc::default(),
        school_zone,
        identity_key: IdentityKey::new(&vault.source_key(&options.source.id)),
        unit,
    };
    let mut attempt = 1;
    let mut report = loop {
        match run.attempt(paths, attempt) {
            // Another run was first: at the lake, or at making a school's key.
            Err(IngestError::Lake(LakeError::LostRace { .. }) | IngestError::Vault(VaultError::KeyMadeElsewhere { .. }))
                if attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
            other => break other?,
        }
    };
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// Every school of the source is in schools.csv; gives the zone of their dates.
pub fn check_schools(estate: &Estate, options: &IngestOptions) -> Result<String, IngestError> {
    let source = &options.source;
    let schools: Vec<&SchoolId> = match &source.school {
        SchoolOf::One(school) => vec![school],
        SchoolOf::Map(rules) => rules.iter().map(|rule| &rule.school).collect(),
    };
    for school in &schools {
        if !estate.schools.contains_key(*school) {
            let known: Vec<&str> = estate.schools.keys().take(8).map(SchoolId::as_str).collect();
            return Err(IngestError::UnknownSchool {
                source_id: source.id.to_string(),
                school: school.to_string(),
                known: known.join(", "),
            });
        }
    }
    let zone = schools.first().and_then(|school| estate.schools.get(*school)).map(|school| school.timezone.clone());
    Ok(zone.unwrap_or_else(|| source.tz.clone()))
}

/// Files that no commit names yet; removed unless one does.
pub(super) struct Uncommitted<'l> {
    pub(super) lake: &'l Lake,
    pub(super) files: Vec<(Table, DataFile)>,
    pub(super) index: Vec<IndexFile>,
}

impl Drop for Uncommitted<'_> {
    fn drop(&mut self) {
        for (table, file) in &self.files {
            super::parts::discard(self.lake.root(), *table, std::slice::from_ref(file));
        }
        for index in &self.index {
            // What cannot be removed is vacuum's.
            drop(std::fs::remove_file(self.lake.root().join(&index.path)));
        }
    }
}

/// What the inputs read so far leave for the commit.
pub(super) struct Gathered<'l> {
    pub(super) uncommitted: Uncommitted<'l>,
    side: SideRows<'l>,
    pub(super) receipts: Vec<Receipt>,
    known: Known,
    notes: Notes,
    total: Ledger,
    files: Vec<FileReport>,
}

impl Run<'_> {
    fn attempt(&self, paths: &[PathBuf], attempt: usize) -> Result<IngestReport, IngestError> {
        let options = self.options;
        let source = &options.source;
        let snapshot = self.lake.snapshot()?;
        let receipts = self.lake.receipts(&snapshot)?;
        let days = SourceDays::new(self.lake, &snapshot, &source.id)?;
        let session = self.vault.session();
        let mut workers = self.workers(&session, attempt)?;
        let school = match &source.school {
            SchoolOf::One(school) => Some(school.to_string()),
            SchoolOf::Map(_) => None,
        };
        let mut gathered = Gathered {
            uncommitted: Uncommitted { lake: self.lake, files: Vec::new(), index: Vec::new() },
            side: SideRows::new(self.lake, source.id.clone(), school, options.now_micros),
            receipts: Vec::new(),
            known: Known::new(&receipts, &source.id),
            notes: Notes::default(),
            total: Ledger::default(),
            files: Vec::new(),
        };
        let one_person = OnePerson::of(options, &self.people, &session);
        for (number, input) in input::find(paths).into_iter().enumerate() {
            let (label, read) = match input {
                Ok(input) => (input.label(), self.read_input(number, &input, &gathered.known, &days, &mut workers)),
                Err(error) => (path_of(&error), Err(error.into())),
            };
            let shown = one_person.as_ref().map_or_else(|| label.clone(), |person| person.label(&label));
            match read {
                Ok(read) => self.take_in(shown, read, &days, &mut workers, &mut gathered)?,
                Err(error) if error.is_of_one_input() => {
                    let mut report = refused(shown.clone(), &error);
                    report.message = report.message.map(|message| message.replace(&label, &shown));
                    gathered.files.push(report);
                }
                Err(error) => return Err(error),
            }
            options.progress.end();
        }
        let mut report = IngestReport {
            run_id: options.run_id.to_string(),
            source_id: source.id.to_string(),
            lake_version: None,
            files: Vec::new(),
            total: Ledger::default(),
            evidence: Evidence::default(),
            is_first_of_source: !receipts.iter().any(|receipt| receipt.source_id == source.id),
            missing: Vec::new(),
            unmapped_categories: Default::default(),
            ambiguous_times: 0,
            warnings: Vec::new(),
            seconds: 0.0,
        };
        if !gathered.receipts.is_empty() {
            let slices = self.finish(workers, &days, &mut gathered, &mut report)?;
            failpoint::hit("ingest_rows_written");
            // A name is durable before its key reaches the lake.
            session.flush()?;
            failpoint::hit("ingest_before_commit");
            report.lake_version = Some(self.commit(&snapshot, &receipts, slices, &mut gathered)?);
            failpoint::hit("ingest_after_commit");
        }
        if report.is_first_of_source {
            report.missing = report.evidence.missing(&self.mends(&gathered.files));
        }
        report.files = gathered.files;
        report.total = gathered.total;
        report.unmapped_categories = gathered.notes.unmapped;
        report.ambiguous_times = gathered.notes.ambiguous_times;
        let shared = self.shared_names.lock().unwrap_or_else(PoisonError::into_inner);
        report.warnings.extend(shared.warnings(&self.estate.user_domains));
        let read = report.files.iter().filter(|file| file.status == FileStatus::Read).count();
        if options.user.is_some() && read > 1 {
            report.warnings.push(format!(
                "--user named one person for {read} files: all their rows are that person's now. If they are different people's, take them \
                 out with `weir undo {}` and read each with its own --user.",
                report.run_id
            ));
        }
        Ok(report)
    }

    pub(super) fn workers(&self, session: &VaultSession, attempt: usize) -> Result<Vec<Worker>, IngestError> {
        let options = self.options;
        let threads = match options.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let only: Option<Arc<str>> = options.user.as_ref().map(|user| user.reveal_in_clear().into());
        (0..threads)
            .map(|number| {
                let people = EstatePeople::new(Arc::clone(&self.people), only.clone(), Arc::clone(&self.shared_names));
                let normaliser = Normaliser::new(Arc::clone(&self.reference), Box::new(people), Box::new(session.pseudonyms()));
                let name = format!("{}-{attempt}-w{number}", options.run_id.as_str().replace('.', "_"));
                Ok(Worker::new(self.lake.root().to_path_buf(), name, normaliser, self.vault.line_sealer()?))
            })
            .collect()
    }

    /// The taxonomy of a format's vendor, if there is one.
    pub(crate) fn vendor_of(&self, format: &Format) -> Option<String> {
        vendor_of(&self.reference, format)
    }

    /// What to set at the product whose lines were read; nothing in particular where they were several products'.
    fn mends(&self, files: &[FileReport]) -> Mends {
        let formats: BTreeSet<&str> = files.iter().filter_map(|file| file.format.as_deref()).collect();
        let only = formats.first().filter(|_| formats.len() == 1).and_then(|id| self.catalogue.get(id).ok());
        only.map(|format| format.mends().clone()).unwrap_or_default()
    }

    fn take_in(
        &self,
        label: String,
        read: InputResult,
        days: &SourceDays<'_>,
        workers: &mut [Worker],
        gathered: &mut Gathered<'_>,
    ) -> Result<(), IngestError> {
        let mut report = FileReport {
            path: label,
            status: FileStatus::AlreadyRead,
            format: None,
            file_id: None,
            bytes_before: 0,
            bytes: 0,
            waiting_bytes: 0,
            ledger: Ledger::default(),
            closed: Vec::new(),
            cut_at: None,
            message: None,
        };
        match read {
            InputResult::Known(before) => {
                report.bytes_before = before.bytes;
                report.message = Some(String::from("already read; nothing was added"));
            }
            InputResult::Waiting { format, before, waiting } => {
                let what = if before > 0 {
                    "already read up to a last line that is not finished yet"
                } else {
                    "holds only a line that is not finished yet"
                };
                report.status = if before > 0 { FileStatus::AlreadyRead } else { FileStatus::Waiting };
                report.format = Some(format.to_string());
                report.bytes_before = before;
                report.waiting_bytes = waiting;
                report.message = Some(format!("{what}; a later run reads that line once the file has rested a minute"));
                workers.iter_mut().for_each(Worker::reject);
            }
            InputResult::Read(read) if read.is_unreadable() => {
                workers.iter_mut().for_each(Worker::reject);
                report = refused(report.path.clone(), &IngestError::nothing_readable(report.path, &read));
            }
            InputResult::Read(read) => self.accept(*read, &mut report, days, workers, gathered)?,
        }
        gathered.files.push(report);
        Ok(())
    }

    fn accept(
        &self,
        mut read: InputRead,
        report: &mut FileReport,
        days: &SourceDays<'_>,
        workers: &mut [Worker],
        gathered: &mut Gathered<'_>,
    ) -> Result<(), IngestError> {
        let options = self.options;
        let cut_at = read.is_cut_at();
        let is_nobodys = read.is_of_one_person && !read.notes.names_people && read.tally.events > 0;
        gathered.uncommitted.files.extend(read.files.into_iter().map(|file| (Table::Events, file)));
        workers.iter_mut().try_for_each(|worker| worker.accept(&read.file_id))?;
        let (byte_from, line_from) = read.before.as_ref().map_or((0, 0), |before| (before.bytes, before.lines));
        let tag = weir_lake::index::segment_tag(&read.head_id, byte_from, &read.file_id);
        days.run.write().unwrap_or_else(PoisonError::into_inner).accept(tag);
        let held = self.lake.quarantined_lines(days.snapshot, &read.again)?;
        let added = gathered.side.add(&read.file_id, &read.format, read.admin, read.quarantine, &held)?;
        gathered.uncommitted.files.extend(added.files);
        read.tally.quarantined -= added.held;
        if added.held > 0 {
            read.tally.ignore("duplicate", added.held);
        }
        let ledger = read.tally.ledger();
        let receipt = Receipt {
            file_id: read.file_id.clone(),
            head_id: read.head_id,
            byte_from,
            byte_to: byte_from + read.sealed.bytes,
            line_from,
            path: report.path.clone(),
            school_id: match &options.source.school {
                SchoolOf::One(school) => Some(school.clone()),
                SchoolOf::Map(_) => None,
            },
            source_id: options.source.id.clone(),
            format_id: read.format.clone(),
            format_version: read.format_version,
            lines: ledger.lines,
            events: ledger.events,
            admin_events: ledger.admin_events,
            ignored: ledger.ignored.clone(),
            quarantined: ledger.quarantined,
            first_event_time: read.tally.times.map(|times| times.0),
            last_event_time: read.tally.times.map(|times| times.1),
            run_id: options.run_id.clone(),
            received_at: options.now_micros,
            revision: 1,
            lake_version: 0,
        };
        gathered.known.add(&receipt);
        gathered.receipts.push(receipt);
        gathered.total.add(&ledger);
        gathered.notes.ambiguous_times += read.notes.ambiguous_times;
        for (name, rows) in read.notes.unmapped {
            *gathered.notes.unmapped.entry(name).or_insert(0) += rows;
        }
        report.status = FileStatus::Read;
        report.format = Some(read.format.to_string());
        report.file_id = Some(read.file_id.to_string());
        report.bytes_before = byte_from;
        report.bytes = read.sealed.bytes;
        report.waiting_bytes = read.sealed.waiting;
        if read.sealed.waiting > 0 {
            report.message = Some(String::from("its last line is not finished yet; a later run reads it"));
        }
        report.ledger = ledger;
        report.cut_at = cut_at;
        report.closed = late::of_closed_dates(read.late);
        if !report.closed.is_empty() {
            report.message = Some(late::words(&options.source.id, &report.closed));
        }
        let mixed = read.mixed_with.as_ref().filter(|_| report.ledger.quarantined > 0);
        for words in
            [cut_at.map(cut_words), is_nobodys.then(|| String::from(NOBODYS)), mixed.map(mixed_words)].into_iter().flatten()
        {
            report.message = Some(report.message.take().map_or_else(|| words.clone(), |message| format!("{message}; {words}")));
        }
        Ok(())
    }

    /// Makes rows, side rows and index files durable.
    fn finish(
        &self,
        workers: Vec<Worker>,
        days: &SourceDays<'_>,
        gathered: &mut Gathered<'_>,
        report: &mut IngestReport,
    ) -> Result<BTreeSet<Slice>, IngestError> {
        let mut slices = BTreeSet::new();
        let finished: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = workers.into_iter().map(|worker| scope.spawn(|| worker.finish())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        });
        let mut failed = None;
        for finished in finished {
            match finished {
                Ok(finished) => {
                    gathered.uncommitted.files.extend(finished.files.into_iter().map(|file| (Table::Events, file)));
                    report.evidence.add(&finished.evidence);
                    for (date, school) in finished.slices {
                        let school_id =
                            SchoolId::parse(&school).map_err(|error| LakeError::Rejected { problem: error.to_string() })?;
                        slices.insert(Slice { school_id, source_id: self.options.source.id.clone(), date });
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        let written = gathered.side.write()?;
        gathered.uncommitted.files.extend(written);
        let run = days.run.read().unwrap_or_else(PoisonError::into_inner);
        gathered.uncommitted.index = run.write(days)?;
        Ok(slices)
    }
}

/// The taxonomy of a format's vendor, if there is one.
pub fn vendor_of(reference: &Reference, format: &Format) -> Option<String> {
    let named = format.id().split('-').next().unwrap_or_default();
    let vendor = format.vendor().to_lowercase();
    let vendor = vendor.split([' ', ',']).next().unwrap_or_default();
    let known = |name: &str| reference.taxonomies.vendors().find(|known| *known == name).map(str::to_owned);
    format.taxonomy().and_then(known).or_else(|| known(format.id())).or_else(|| known(named)).or_else(|| known(vendor))
}

/// What is said of one person's export that names nobody.
const NOBODYS: &str =
    "it is one person's export and names nobody, so its rows are nobody's; to mend that, undo it and read it again with --user";

/// What is said of a file that holds two products' lines.
fn mixed_words(mixed: &Mixed) -> String {
    let Mixed { id, title, lines, of } = mixed;
    format!(
        "of its first {of} lines {lines} look like another product's ({title}, {id}) and are in quarantine: split the file by product, \
         undo it and read each part by itself"
    )
}

/// What is said of a file of exactly as many rows as its portal gives.
fn cut_words(rows: u64) -> String {
    let digits = rows.to_string();
    let grouped: Vec<String> =
        digits.as_bytes().rchunks(3).rev().map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    format!("exactly {} rows: the portal probably cut it; export shorter periods", grouped.join(","))
}

fn path_of(error: &InputError) -> String {
    let text = error.to_string();
    text.split_once(": ").map_or(text.clone(), |(path, _)| path.to_owned())
}

fn refused(path: String, error: &IngestError) -> FileReport {
    let is_empty = matches!(error, IngestError::Input(InputError::Empty { .. }));
    FileReport {
        path,
        status: if is_empty { FileStatus::Empty } else { FileStatus::Refused },
        format: None,
        file_id: None,
        bytes_before: 0,
        bytes: 0,
        waiting_bytes: 0,
        ledger: Ledger::default(),
        closed: Vec::new(),
        cut_at: None,
        message: Some(error.to_string()),
    }
}
