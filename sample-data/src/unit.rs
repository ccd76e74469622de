//! Writes the log files of a group of schools that share a box, day by day, counting every line by what it should become.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::calendar;
use crate::category::Category;
use crate::days::{Day, civil, iso, monday};
use crate::findings::{Stories, is_silent};
use crate::line::{Action, Line, What};
use crate::people::{Kind, People};
use crate::school_day::{Request, SchoolDay};
use crate::schools::{SCHOOLS, School, SharedFirewall};
use crate::themes::{Incident, ThemeCount, plan_week, play};
use crate::truth::{FileTruth, Finding, SchoolTruth, SourceTruth};
use crate::vendor::{Format, Writer};
use crate::{Error, EstateOptions};

/// Bytes kept before they go to the file.
const FLUSH_AT: usize = 1 << 20;

/// Schools generated together, and the firewall they share, if any.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub schools: Vec<usize>,
    pub firewall: Option<&'static SharedFirewall>,
}

/// What a unit leaves behind, by position in [`SCHOOLS`].
pub(crate) struct UnitTruth {
    pub schools: Vec<(usize, SchoolTruth)>,
    pub sources: Vec<SourceTruth>,
    pub findings: Vec<Finding>,
}

/// One source's open file and counts.
struct Sink<'a> {
    home: &'a Path,
    writer: Writer,
    truth: SourceTruth,
    buffer: Vec<u8>,
    file: Option<(File, String)>,
    month: (i32, u32),
    lines_in_file: u64,
    bytes_in_file: u64,
}

impl<'a> Sink<'a> {
    fn new(home: &'a Path, source: &str, format: Format, appliance: &str, layer: &str, schools: Vec<String>) -> Self {
        let truth = SourceTruth {
            source_id: source.to_owned(),
            school_ids: schools,
            format: format.id().to_owned(),
            layer: layer.to_owned(),
            ..SourceTruth::default()
        };
        let writer = Writer::new(format, appliance);
        Self {
            home,
            writer,
            truth,
            buffer: Vec::with_capacity(FLUSH_AT * 2),
            file: None,
            month: (0, 0),
            lines_in_file: 0,
            bytes_in_file: 0,
        }
    }

    /// Opens the month's file when the day is the first of a new month with lines.
    #[expect(clippy::disallowed_methods, reason = "a sample estate is made again after a crash")]
    fn begin(&mut self, day: Day) -> Result<(), Error> {
        let (year, month, _) = civil(day);
        if self.file.is_some() && self.month == (year, month) {
            return Ok(());
        }
        self.finish()?;
        self.month = (year, month);
        let extension = if self.truth.format.starts_with("umbrella") { "csv" } else { "log" };
        let relative = format!("inbox/{}/{}-{year}-{month:02}.{extension}", self.truth.source_id, self.truth.source_id);
        let path = self.home.join(&relative);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| Error::io(folder, error))?;
        }
        let file = File::create(&path).map_err(|error| Error::io(&path, error))?;
        self.file = Some((file, relative));
        let head = self.writer.file_head(&mut self.buffer, i64::from(day) * 86_400_000);
        self.truth.ignore("comment", head.comments);
        self.truth.ignore("header", head.headers);
        self.lines_in_file = head.comments + head.headers;
        self.truth.lines += self.lines_in_file;
        Ok(())
    }

    fn write(&mut self, line: &Line<'_>) -> Result<(), Error> {
        self.writer.line(&mut self.buffer, line);
        self.lines_in_file += 1;
        self.truth.lines += 1;
        match line.what {
            What::Decision(action) => {
                self.truth.events += 1;
                // Counting in a map by text a line would cost more than writing it.
                match self.truth.actions.get_mut(action.as_str()) {
                    Some(count) => *count += 1,
                    None => {
                        self.truth.actions.insert(action.as_str().to_owned(), 1);
                    }
                }
            }
            What::Challenge => self.truth.ignore("auth_challenge", 1),
            What::Failure | What::Notice => self.truth.ignore("not_a_decision", 1),
            What::Flow => self.truth.ignore("flow", 1),
            What::Admin(_) => self.truth.admin_events += 1,
            What::Damaged => self.truth.quarantined += 1,
        }
        if self.buffer.len() > FLUSH_AT { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        if let Some((file, relative)) = &mut self.file {
            file.write_all(&self.buffer).map_err(|error| Error::io(&self.home.join(relative), error))?;
        }
        self.bytes_in_file += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.flush()?;
        if let Some((_, path)) = self.file.take() {
            self.truth.files.push(FileTruth { path, lines: self.lines_in_file, bytes: self.bytes_in_file });
        }
        self.bytes_in_file = 0;
        Ok(())
    }
}

/// One school's running state.
struct Running {
    index: usize,
    people: People,
    devices: Vec<String>,
    plan: Vec<Incident>,
    planned: Option<Day>,
    themes: ThemeCount,
    stories: Stories,
    lookalikes: u64,
    staff_searches: u64,
    shared_searches: u64,
    ai_first_seen: BTreeMap<&'static str, Day>,
    school_days: BTreeMap<String, u64>,
}

impl Running {
    fn new(index: usize, seed: u64) -> Self {
        let school = &SCHOOLS[index];
        let people = People::of(school, seed);
        let kinds = ["LT", "CB", "IPAD"];
        let devices =
            (0..(school.cohort * 2).clamp(24, 380)).map(|n| format!("{}-{}-{n:03}", school.site, kinds[n % 3])).collect();
        Self {
            index,
            people,
            devices,
            plan: Vec::new(),
            planned: None,
            themes: ThemeCount::default(),
            stories: Stories::default(),
            lookalikes: 0,
            staff_searches: 0,
            shared_searches: 0,
            ai_first_seen: BTreeMap::new(),
            school_days: BTreeMap::new(),
        }
    }

    /// All requests of the day in order, whether the filter sends its log or not.
    fn day<'b>(&'b mut self, options: &EstateOptions, date: Day, buffers: (Vec<Request>, Vec<u8>)) -> (SchoolDay<'b>, bool) {
        let school: &School = &SCHOOLS[self.index];
        let silent = is_silent(school.id, date);
        if self.planned != Some(monday(date)) {
            self.plan = if options.plants { plan_week(school, &self.people, options.seed, monday(date)) } else { Vec::new() };
            self.planned = Some(monday(date));
        }
        let lines = ((school.lines as f64) * options.scale).round() as usize;
        let mut today = SchoolDay::new(school, &self.people, &self.devices, options.seed, date, buffers);
        let school_day = today.is_school_day();
        if school_day {
            if let Some(block) = calendar::block_of(school.nation, date) {
                *self.school_days.entry(block.title()).or_default() += 1;
            }
            today.fill_school_day(lines);
        } else {
            today.fill_quiet_day(lines);
        }
        if !silent {
            for incident in self.plan.iter().filter(|incident| incident.day == date) {
                let (searches, pages) = play(&mut today, incident);
                match self.people.all.get(incident.person as usize).map(|person| person.kind) {
                    Some(Kind::Pupil) => self.themes.add(school, date, incident.person, incident.theme.id, searches, pages),
                    Some(Kind::Staff) => self.staff_searches += searches,
                    _ => self.shared_searches += searches,
                }
            }
            if options.plants {
                self.stories.play(options.seed, &mut today, &mut self.themes);
            }
            self.lookalikes += today.lookalikes;
        } else if school_day {
            self.stories.silent_day(date);
        }
        if school.format.can_log(What::Notice) {
            today.box_lines(school_day);
        } else if school.format.can_log(What::Flow) && school_day {
            today.firewall_flows();
        }
        if school.format.can_log(What::Damaged) && civil(date).2 == 12 && school_day {
            let time = today.at(700);
            today.push_plain(time, What::Damaged, "");
        }
        today.sort();
        if !silent {
            for request in &today.requests {
                if request.category == Category::AiAssistant {
                    self.ai_first_seen.entry(request.host).or_insert(date);
                }
            }
        }
        (today, silent)
    }

    fn truth(&self) -> SchoolTruth {
        let school = &SCHOOLS[self.index];
        let pupils =
            [2025, 2026].into_iter().map(|year| (calendar::academic_year(year), self.people.roll(year) as u64)).collect();
        SchoolTruth {
            school_id: school.id.to_owned(),
            pupils,
            school_days: self.school_days.clone(),
            themes: self.themes.rows(),
            lookalike_searches: if school.format.shows_paths() { self.lookalikes } else { 0 },
            staff_theme_searches: self.staff_searches,
            shared_theme_searches: self.shared_searches,
            ai_first_seen: self.ai_first_seen.iter().map(|(host, day)| ((*host).to_owned(), iso(*day))).collect(),
        }
    }
}

/// Writes everything of a unit; calls `day_done` once a day and school.
pub(crate) fn run(
    unit: &Unit,
    home: &Path,
    options: &EstateOptions,
    days: &[Day],
    day_done: &dyn Fn(),
) -> Result<UnitTruth, Error> {
    let mut running: Vec<Running> = unit.schools.iter().map(|&index| Running::new(index, options.seed)).collect();
    let mut sinks: Vec<Sink<'_>> = unit
        .schools
        .iter()
        .map(|&index| {
            let school = &SCHOOLS[index];
            let layer = if school.format == Format::UmbrellaDns { "dns" } else { "filter" };
            Sink::new(home, school.source, school.format, school.appliance, layer, vec![school.id.to_owned()])
        })
        .collect();
    let mut firewall = unit.firewall.map(|firewall| {
        let schools = firewall.schools.iter().map(|&id| id.to_owned()).collect();
        Sink::new(home, firewall.source, firewall.format, firewall.appliance, "firewall", schools)
    });
    let mut silent_days: Vec<BTreeSet<Day>> = vec![BTreeSet::new(); unit.schools.len()];
    let mut buffers: Vec<(Vec<Request>, Vec<u8>)> = vec![Default::default(); unit.schools.len()];
    for &date in days {
        let mut todays = Vec::with_capacity(running.len());
        for (school, buffers) in running.iter_mut().zip(&mut buffers) {
            todays.push(school.day(options, date, std::mem::take(buffers)));
        }
        for (place, (today, silent)) in todays.iter().enumerate() {
            let sink = &mut sinks[place];
            if *silent {
                silent_days[place].insert(date);
                continue;
            }
            for request in &today.requests {
                if sink.writer.format.can_log(request.what) {
                    sink.begin(date)?;
                    sink.write(&today.line(request))?;
                }
            }
        }
        if let Some(sink) = &mut firewall {
            through_firewall(sink, &mut todays, date)?;
        }
        for (place, (today, _)) in todays.into_iter().enumerate() {
            buffers[place] = today.into_buffers();
            day_done();
        }
    }
    let mut sources = Vec::new();
    for (sink, silent) in sinks.into_iter().zip(&silent_days) {
        sources.push(close(sink, silent)?);
    }
    if let Some(sink) = firewall {
        sources.push(close(sink, &BTreeSet::new())?);
    }
    let findings = running
        .iter()
        .flat_map(|school| school.stories.findings(SCHOOLS[school.index].id, SCHOOLS[school.index].source))
        .collect();
    Ok(UnitTruth { schools: running.iter().map(|school| (school.index, school.truth())).collect(), sources, findings })
}

fn close(mut sink: Sink<'_>, silent: &BTreeSet<Day>) -> Result<SourceTruth, Error> {
    sink.finish()?;
    sink.truth.silent_school_days = silent.iter().map(|&day| iso(day)).collect();
    Ok(sink.truth)
}

/// What the schools' filters let through passes the shared firewall, which sees hosts only.
fn through_firewall(sink: &mut Sink<'_>, todays: &mut [(SchoolDay<'_>, bool)], date: Day) -> Result<(), Error> {
    if let Some((first, _)) = todays.first_mut() {
        let school_day = first.is_school_day();
        let start = first.requests.len();
        first.box_lines(school_day);
        if civil(date).2 == 12 && school_day {
            let time = first.at(700);
            first.push_plain(time, What::Damaged, "");
        }
        // The filters have been written; what follows is the firewall's alone.
        first.mark_from(start);
    }
    let mut passing: Vec<(i64, usize, usize)> = Vec::new();
    for (school, (today, _)) in todays.iter().enumerate() {
        for (place, request) in today.requests.iter().enumerate() {
            let passes = matches!(request.what, What::Decision(Action::Allowed | Action::Overridden));
            if passes || today.is_firewalls_own(place) {
                passing.push((request.time_ms, school, place));
            }
        }
    }
    passing.sort_unstable();
    for (_, school, place) in passing {
        let (today, _) = &todays[school];
        let Some(request) = today.requests.get(place) else { continue };
        let line = today.line(request);
        let own = today.is_firewalls_own(place);
        let what = if own { line.what } else { What::Decision(Action::Allowed) };
        // Behind a proxy the firewall knows neither person nor path, and names are those of the proxy's session.
        let seen = Line {
            what,
            inspected: false,
            login: if own { line.login } else { "" },
            group: "",
            profile: "Trust",
            agent: "",
            referrer: "",
            ..line
        };
        if sink.writer.format.can_log(what) {
            sink.begin(date)?;
            sink.write(&seen)?;
        }
    }
    Ok(())
}
