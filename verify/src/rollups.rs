//! Recomputes the rollups of open dates from raw rows, date by date, and compares every value with what is stored.
//!
//! A date is read whole and forgotten again, so memory grows with the busiest day and not with the lake.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use foldhash::fast::RandomState;
use weir_lake::calendar::{Calendar, epoch_day};
use weir_lake::closed::FiguresDigest;
use weir_lake::estate::Estate;
use weir_lake::ids::{SchoolId, SourceId};
use weir_lake::lake::{DataFile, Lake, Slice, Snapshot};
use weir_lake::schema::Table;

use crate::activity::{self, Known};
use crate::cells::Cells;
use crate::columns::{NONE, Words, list_of, read};
use crate::error::VerifyError;
use crate::figures;
use crate::local_time::LocalTime;
use crate::meanings::Meanings;
use crate::pupil_days::{self, AI, Definition, SchoolDays, Seen};
use crate::records::Records;
use crate::report::Report;
use crate::terms::{half_terms, school_days};

/// Dates worked on at once. Each holds its rows in memory; more than these would not be quicker from one disk.
const MOST_AT_ONCE: usize = 4;

/// What is verified, and against what.
pub struct Verification<'a> {
    /// The lake.
    pub lake: &'a Lake,
    /// Its version.
    pub snapshot: &'a Snapshot,
    /// The estate.
    pub estate: &'a Estate,
    /// What categories and entries mean.
    pub meanings: &'a Meanings,
    /// What people recorded.
    pub records: &'a Records,
    /// Today.
    pub today: jiff::civil::Date,
    /// One school, or all.
    pub school: Option<&'a SchoolId>,
    /// First and last day (since 1970), or all.
    pub days: Option<(i32, i32)>,
    /// Told how many of how many steps are done.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// The columns of raw rows that rollups are made of.
const RAW: &[&str] = &[
    "event_time",
    "school_id",
    "source_id",
    "kind",
    "action",
    "user_key",
    "user_type",
    "year_group",
    "profile",
    "scheme",
    "tls_inspected",
    "bytes_in",
    "bytes_out",
    "category",
    "furniture",
    "theme",
    "other_themes",
    "help_seeking",
    "search_engine",
    "search_term",
    "concern_id",
    "concern_severity",
    "line_no",
    "domain",
    "host",
    "url_query",
    "src_ip",
    "device_key",
    "file_id",
];

/// What is made of a date's raw rows.
struct Made {
    activity: Cells<10, 6>,
    seen: Vec<Seen>,
    figures: figures::Day,
}

/// What holds for every date.
struct Lasting<'a> {
    school_days: SchoolDays,
    received: Received,
    calendar: &'a Calendar,
}

/// When each input file was first read, microseconds since 1970.
type Received = HashMap<String, i64>;

/// Monday of the week of days since 1970, a Thursday.
pub(crate) fn monday(date: i32) -> i32 {
    date - (date + 3).rem_euclid(7)
}

/// Which slices of a date are compared.
struct Places<'a> {
    of: &'a Verification<'a>,
    date: i32,
    known: HashMap<(u32, u32), Option<Slice>, RandomState>,
    stale: u64,
    closed: u64,
}

impl<'a> Places<'a> {
    fn new(of: &'a Verification<'a>, date: i32) -> Self {
        Self { of, date, known: HashMap::default(), stale: 0, closed: 0 }
    }

    /// The slice of a school and source, where it is to be compared.
    fn slice(&mut self, school: u32, source: u32, words: &Words) -> Result<Option<&Slice>, VerifyError> {
        if !self.known.contains_key(&(school, source)) {
            let found = self.find(words.shown(school), words.shown(source))?;
            self.known.insert((school, source), found);
        }
        Ok(self.known.get(&(school, source)).and_then(Option::as_ref))
    }

    fn find(&mut self, school: &str, source: &str) -> Result<Option<Slice>, VerifyError> {
        let bad = |problem: String| VerifyError::Parquet { path: self.of.snapshot.root.clone(), problem };
        let slice = Slice {
            school_id: SchoolId::parse(school).map_err(|error| bad(error.to_string()))?,
            source_id: SourceId::parse(source).map_err(|error| bad(error.to_string()))?,
            date: self.date,
        };
        if self.of.school.is_some_and(|only| *only != slice.school_id) {
            return Ok(None);
        }
        if self.of.snapshot.stale.contains(&slice) {
            self.stale += 1;
            return Ok(None);
        }
        if self.of.snapshot.closed.has(&slice) {
            self.closed += 1;
            return Ok(None);
        }
        Ok(Some(slice))
    }

    fn told(&self, report: &mut Report) {
        report.closed += self.closed;
        report.stale += self.stale;
    }
}

impl Verification<'_> {
    pub(crate) fn is_wanted(&self, date: i32) -> bool {
        self.days.is_none_or(|(from, to)| from <= date && date <= to)
    }

    pub(crate) fn files(&self, table: Table) -> impl Iterator<Item = &DataFile> {
        let files = self.snapshot.files.get(&table).into_iter().flatten();
        files.filter(|file| {
            let (first, last) = &file.statistics.school_id;
            self.school.is_none_or(|only| first.as_str() <= only.as_str() && only.as_str() <= last.as_str())
        })
    }

    fn by_date(&self, table: Table) -> BTreeMap<i32, Vec<&DataFile>> {
        let mut dates: BTreeMap<i32, Vec<&DataFile>> = BTreeMap::new();
        for file in self.files(table).filter(|file| self.is_wanted(file.statistics.event_date)) {
            dates.entry(file.statistics.event_date).or_default().push(file);
        }
        dates
    }

    /// Recomputes and compares `activity_hourly`, `pupil_days`, `theme_weeks` and `figures`.
    pub fn rollups(&self) -> Result<Report, VerifyError> {
        let calendar = Calendar::new(self.estate);
        let school_days: SchoolDays = (self.estate.schools.keys())
            .map(|school| (school.as_str().to_owned(), school_days(&half_terms(self.estate, &calendar, school))))
            .collect();
        let (raw, activity, pupils) =
            (self.by_date(Table::Events), self.by_date(Table::ActivityHourly), self.by_date(Table::PupilDays));
        let figures = self.by_date(Table::Figures);
        let known = Lasting { school_days, received: self.received()?, calendar: &calendar };
        let dates: BTreeSet<i32> = [&raw, &activity, &pupils, &figures].into_iter().flat_map(BTreeMap::keys).copied().collect();
        let weeks = self.weeks();
        let steps = dates.len() + weeks.len();
        let done = AtomicUsize::new(0);
        let step = || (self.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, steps);
        let of = |files: &BTreeMap<i32, Vec<&DataFile>>, date: i32| -> Vec<DataFile> {
            files.get(&date).into_iter().flatten().map(|file| (*file).clone()).collect()
        };
        let by_date = in_parallel(dates.into_iter().collect(), |date| {
            let files = [&raw, &activity, &pupils, &figures].map(|files| of(files, date));
            let found = self.date(date, &known, &files);
            step();
            found
        })?;
        let by_week = in_parallel(weeks.into_iter().collect(), |(week, files)| {
            let found = self.week(&calendar, week, &files);
            step();
            found
        })?;
        let mut report = Report::default();
        by_date.into_iter().chain(by_week).for_each(|part| report.add(part));
        report.in_order();
        Ok(report)
    }

    /// When files were read, from every receipt.
    fn received(&self) -> Result<Received, VerifyError> {
        let mut received = Received::new();
        for file in self.snapshot.files.get(&Table::Receipts).into_iter().flatten() {
            read(&self.lake.path_of(Table::Receipts, file)?, Table::Receipts, &["file_id", "received_at"], |columns| {
                let (ids, times) = (columns.text("file_id")?, columns.numbers("received_at", 0)?);
                for (id, time) in ids.iter().zip(times) {
                    let first = received.entry(id.unwrap_or_default().to_owned()).or_insert(time);
                    *first = time.min(*first);
                }
                Ok(())
            })?;
        }
        Ok(received)
    }

    fn date(
        &self,
        date: i32,
        lasting: &Lasting<'_>,
        [raw, activity, pupils, kept]: &[Vec<DataFile>; 4],
    ) -> Result<Report, VerifyError> {
        let (mut report, mut words) = (Report::default(), Words::default());
        let mut places = Places::new(self, date);
        let made = self.raw_rows(raw, &lasting.received, &mut words, &mut places)?;
        let definition = Definition { estate: self.estate, school_days: &lasting.school_days, meanings: self.meanings, date };
        let mut days = definition.rows(made.seen, &mut words)?;
        let mut figures = made.figures.cells(&mut words);
        let mut stored = (Cells::default(), Cells::default(), Cells::default());
        let mut twice = (Vec::new(), Vec::new(), Vec::new());
        for file in activity {
            let path = self.lake.path_of(Table::ActivityHourly, file)?;
            let mut keep = |key: &[u32; 10], words: &Words| Ok(places.slice(key[0], key[1], words)?.is_some());
            activity::SHAPE.stored(&path, &mut words, &mut stored.0, &mut keep, &mut twice.0)?;
        }
        for file in pupils {
            let path = self.lake.path_of(Table::PupilDays, file)?;
            let mut keep = |key: &[u32; 7], words: &Words| Ok(places.slice(key[0], key[1], words)?.is_some());
            pupil_days::SHAPE.stored(&path, &mut words, &mut stored.1, &mut keep, &mut twice.1)?;
        }
        let mut unknown: BTreeSet<(String, String)> = BTreeSet::new();
        for file in kept {
            let path = self.lake.path_of(Table::Figures, file)?;
            let mut keep = |key: &[u32; 5], words: &Words| {
                let definition = (words.shown(key[2]), words.shown(key[3]));
                if !figures::COVERED.contains(&definition) {
                    unknown.insert((definition.0.to_owned(), definition.1.to_owned()));
                    return Ok(false);
                }
                Ok(places.slice(key[0], key[1], words)?.is_some())
            };
            figures::SHAPE.stored(&path, &mut words, &mut stored.2, &mut keep, &mut twice.2)?;
        }
        // Made by another definition than the one known here.
        figures.retain(|key, _| !unknown.iter().any(|(indicator, _)| indicator == words.shown(key[2])));
        for (indicator, version) in unknown {
            report.leaves_out(format!("figure {indicator}, version {version}"), "the second engine does not know it yet");
        }
        places.told(&mut report);
        let today = epoch_day(self.today);
        let raw_days = i32::try_from(self.estate.retention.raw_days).unwrap_or(i32::MAX);
        if raw.is_empty() && today.saturating_sub(date) > raw_days {
            // Their rollups are what is left of them.
            let open: BTreeSet<(u32, u32)> = stored.0.keys().map(|key| (key[0], key[1])).collect();
            report.without_raw += open.len() as u64;
            return Ok(report);
        }
        // Days of people go before raw rows do, where a half-term was short.
        let there: BTreeSet<(u32, u32)> = stored.1.keys().map(|key| (key[0], key[1])).collect();
        let gone: BTreeSet<(u32, u32)> = (days.keys().map(|key| (key[0], key[1])))
            .filter(|place| !there.contains(place) && self.is_past_its_time(lasting.calendar, words.shown(place.0), date))
            .collect();
        days.retain(|key, _| !gone.contains(&(key[0], key[1])));
        report.without_raw += gone.len() as u64;
        activity::SHAPE.compare(date, &made.activity, &stored.0, &twice.0, &words, &mut report);
        pupil_days::SHAPE.compare(date, &days, &stored.1, &twice.1, &words, &mut report);
        figures::SHAPE.compare(date, &figures, &stored.2, &twice.2, &words, &mut report);
        let (mut ours, mut theirs) = (BTreeMap::new(), BTreeMap::new());
        activity::SHAPE.told(&made.activity, &words, &mut ours);
        pupil_days::SHAPE.told(&days, &words, &mut ours);
        figures::SHAPE.told(&figures, &words, &mut ours);
        activity::SHAPE.told(&stored.0, &words, &mut theirs);
        pupil_days::SHAPE.told(&stored.1, &words, &mut theirs);
        figures::SHAPE.told(&stored.2, &words, &mut theirs);
        for ((school, source), slice) in &places.known {
            let Some(slice) = slice.as_ref().filter(|_| !gone.contains(&(*school, *source))) else { continue };
            let digest = |lines: &mut BTreeMap<(u32, u32), Vec<String>>| {
                let mut lines = lines.remove(&(*school, *source)).unwrap_or_default();
                lines.sort_unstable();
                FiguresDigest::of(lines.join("\n").as_bytes())
            };
            report.recomputed.insert(slice.clone(), digest(&mut ours));
            report.stored.insert(slice.clone(), digest(&mut theirs));
        }
        Ok(report)
    }

    /// The rows of `activity_hourly`, what may stand in `pupil_days` and the counts of figures, of one date's raw rows.
    fn raw_rows(
        &self,
        files: &[DataFile],
        received: &Received,
        words: &mut Words,
        places: &mut Places<'_>,
    ) -> Result<Made, VerifyError> {
        let known = Known {
            flow: words.id("flow"),
            https: words.id("https"),
            uncategorised: words.id("uncategorised"),
            shared: words.id("shared"),
            device: words.id("device"),
        };
        let (web, dns, concern, ai) = (words.id("web"), words.id("dns"), words.id("concern"), words.id(AI));
        let hours: Vec<u32> = (0..24).map(|hour| words.id(&hour.to_string())).collect();
        let (yes, no) = (words.id("true"), words.id("false"));
        let mut zones: HashMap<u32, LocalTime> = HashMap::new();
        let mut read_at: HashMap<u32, Option<i64>, RandomState> = HashMap::default();
        let mut made = Made { activity: Cells::default(), seen: Vec::new(), figures: figures::Day::default() };
        for file in files {
            let path = self.lake.path_of(Table::Events, file)?;
            read(&path, Table::Events, RAW, |columns| {
                let time = columns.numbers("event_time", 0)?;
                let (school, source) = (columns.words("school_id", words)?, columns.words("source_id", words)?);
                let (kind, action) = (columns.words("kind", words)?, columns.words("action", words)?);
                let (user, user_type) = (columns.words("user_key", words)?, columns.words("user_type", words)?);
                let (year_group, profile) = (columns.words("year_group", words)?, columns.words("profile", words)?);
                let (scheme, tls_inspected) = (columns.words("scheme", words)?, columns.truths("tls_inspected")?);
                let (bytes_in, bytes_out) = (columns.numbers("bytes_in", 0)?, columns.numbers("bytes_out", 0)?);
                let (category, furniture) = (columns.words("category", words)?, columns.truths("furniture")?);
                let (theme, help) = (columns.words("theme", words)?, columns.truths("help_seeking")?);
                let (engine, concern_id) = (columns.words("search_engine", words)?, columns.words("concern_id", words)?);
                let (severity, line) = (columns.numbers("concern_severity", 0)?, columns.numbers("line_no", 0)?);
                let (terms, other_themes) = (columns.text("search_term")?, columns.lists("other_themes")?);
                let (domain, host, query) = (columns.text("domain")?, columns.text("host")?, columns.text("url_query")?);
                let (address, device) = (columns.text("src_ip")?, columns.text("device_key")?);
                let file_id = columns.words("file_id", words)?;
                for row in 0..columns.rows {
                    if places.slice(school[row], source[row], words)?.is_none() {
                        continue;
                    }
                    let local = match zones.get_mut(&school[row]) {
                        Some(zone) => zone,
                        None => {
                            let zone = LocalTime::of(self.estate, words.shown(school[row]))?;
                            zones.entry(school[row]).or_insert(zone)
                        }
                    };
                    let hour = hours[(local.minute(time[row]) / 60) as usize];
                    let background = if furniture[row] { yes } else { no };
                    let counted = activity::Row {
                        key: [
                            school[row],
                            source[row],
                            profile[row],
                            user_type[row],
                            year_group[row],
                            hour,
                            kind[row],
                            action[row],
                            category[row],
                            background,
                        ],
                        user_key: user[row],
                        scheme: scheme[row],
                        tls_inspected: tls_inspected[row],
                        bytes: bytes_in[row] + bytes_out[row],
                    };
                    activity::count(&mut made.activity, &counted, &known);
                    let is_person = user[row] != NONE && user_type[row] != known.shared && user_type[row] != known.device;
                    let term = terms.get(row);
                    let read_at =
                        *read_at.entry(file_id[row]).or_insert_with(|| received.get(words.shown(file_id[row])).copied());
                    let figure_row = figures::Row {
                        school: school[row],
                        source: source[row],
                        kind: kind[row],
                        action: action[row],
                        category: category[row],
                        profile: profile[row],
                        user_type: user_type[row],
                        engine: engine[row],
                        furniture: furniture[row],
                        is_one_person: is_person,
                        has_address: address.get(row).is_some(),
                        has_device: device.get(row).is_some(),
                        has_term: term.is_some(),
                        host: host.get(row),
                        domain: domain.get(row),
                        query: query.get(row),
                        delay: read_at.map(|read_at| read_at - time[row]),
                    };
                    made.figures.count(&figure_row, words);
                    let is_kind = [web, dns, concern].contains(&kind[row]);
                    let has_topic = theme[row] != NONE || help[row] || category[row] == ai || term.is_some();
                    if furniture[row] || !is_person || !is_kind || !has_topic {
                        continue;
                    }
                    let others = list_of(other_themes, row);
                    made.seen.push(Seen {
                        school: school[row],
                        source: source[row],
                        user: user[row],
                        user_type: user_type[row],
                        year_group: year_group[row],
                        kind: kind[row],
                        action: action[row],
                        category: category[row],
                        theme: theme[row],
                        other_themes: if others.is_empty() { NONE } else { words.id(&others.join(" ")) },
                        help: help[row],
                        engine: engine[row],
                        term: term.map_or(NONE, |term| words.id(term)),
                        concern: concern_id[row],
                        severity: severity[row],
                        time: time[row],
                        line: line[row],
                    });
                }
                Ok(())
            })?;
        }
        Ok(made)
    }
}

/// Does each piece of work, several at once; gives what each thread found, in no order.
pub(crate) fn in_parallel<T: Send, F: Send>(
    work: Vec<T>,
    each: impl Fn(T) -> Result<F, VerifyError> + Sync,
) -> Result<Vec<F>, VerifyError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_AT_ONCE).min(work.len().max(1));
    let queue = Mutex::new(work.into_iter());
    let next = || queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
    let one = || -> Result<Vec<F>, VerifyError> {
        let mut found = Vec::new();
        while let Some(piece) = next() {
            found.push(each(piece)?);
        }
        Ok(found)
    };
    let parts: Vec<Result<Vec<F>, VerifyError>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut all = Vec::new();
    for part in parts {
        all.extend(part?);
    }
    Ok(all)
}
