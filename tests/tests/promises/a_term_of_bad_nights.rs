//! A term of nights in which nearly everything goes wrong once: at its end the lake holds what it would have held had nothing gone
//! wrong, and each fault was told to somebody. `WEIR_SEED` draws another term, `WEIR_LONG` a hundred nights of it.

mod faults;
mod logs;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use faults::{Export, Machine, Plan};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use logs::{SCHOOLS, School};
use serde_json::Value;
use weir_tests::dice::Dice;
use weir_tests::mail_server::{MailServer, make_due, python, set_mail};
use weir_tests::{Home, Ran, is_long};

const TEST: &str = "a_term_of_bad_nights";

/// The day before the first night. The clocks go back on 25 October.
const START: Date = date(2026, 10, 8);

const NIGHTS: u32 = 22;
const LONG_NIGHTS: u32 = 100;

/// A term of one estate.
struct Term {
    home: Home,
    seed: u64,
    /// What comes on a later night: when, whose inbox, name, bytes.
    owed: Vec<(u32, &'static School, String, Vec<u8>)>,
    /// What was not told, and should have been.
    silent: Vec<String>,
    /// Nights that did not get through when nothing stood in their way any more.
    refused: Vec<String>,
    faults: u32,
}

/// A night's report.
struct Told {
    status: i32,
    report: Value,
    text: String,
}

impl Told {
    fn looks(&self, step: &str) -> Vec<String> {
        let steps = self.report["steps"].as_array().into_iter().flatten();
        let own = steps.filter(|found| found["step"].as_str().is_some_and(|name| name.starts_with(step)));
        own.flat_map(|step| {
            let text = step["text"].as_str().unwrap_or_default().to_owned();
            let look = step["look"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
            std::iter::once(text).chain(look).collect::<Vec<_>>()
        })
        .collect()
    }

    fn says(&self, step: &str, words: &str) -> bool {
        self.looks(step).iter().any(|look| look.contains(words))
    }
}

impl Term {
    /// An estate of three schools, with a technician.
    fn new(seed: u64) -> Self {
        let home = Home::new();
        let estate = home.estate();
        let add = |file: &str, text: &str| {
            let path = estate.join(file);
            let before = fs::read_to_string(&path).unwrap();
            let kept: String =
                before.lines().filter(|line| !line.starts_with("my-school")).map(|line| format!("{line}\n")).collect();
            fs::write(path, kept + text).unwrap();
        };
        let schools = SCHOOLS.map(|School { id, .. }| format!("{id},{id} School,,secondary,england,Europe/London,,,,,\n"));
        add("schools.csv", &schools.concat());
        add("rolls.csv", &SCHOOLS.map(|School { id, .. }| format!("{id},2026-27,*,120\n")).concat());
        add("groups.csv", "*,user,p*,pupil,,no,,\n");
        let half_terms = "*,2026-09-01,2026-10-14,half_term_block,Autumn 1\n*,2026-10-15,2026-12-18,half_term_block,Autumn 2\n\
                          *,2027-01-04,2027-02-12,half_term_block,Spring 1\n*,2027-02-22,2027-07-21,half_term_block,Summer\n";
        add("calendar.csv", half_terms);
        let settings = fs::read_to_string(estate.join("weir.toml")).unwrap();
        let settings = settings.split("\n[[source]]").next().unwrap().to_owned();
        let source = |School { id, format, .. }: &School| {
            format!(
                "\n[[source]]\nid = \"{id}\"\nschool = \"{id}\"\nformat = \"{format}\"\ninbox = \"inbox/{id}\"\ntz = \"Europe/London\"\n\
                 layer = \"filter\"\nlogs_allowed = true\n"
            )
        };
        fs::write(estate.join("weir.toml"), settings + &SCHOOLS.iter().map(source).collect::<String>()).unwrap();
        home.weir_ok(["user", "add", "it@oak.example", "--name", "Quill Beispiel", "--role", "technician", "--at", "*"], 0);
        Self { home, seed, owed: Vec::new(), silent: Vec::new(), refused: Vec::new(), faults: 0 }
    }

    /// The same estate once more: its keys, too, so that the same people have the same keys.
    fn twin(&self) -> Self {
        let home = Home::new();
        fs::remove_dir_all(home.estate()).unwrap();
        assert!(Command::new("cp").arg("-a").arg(self.home.estate()).arg(home.estate()).status().unwrap().success());
        Self { home, seed: self.seed, owed: Vec::new(), silent: Vec::new(), refused: Vec::new(), faults: 0 }
    }

    /// Puts an export into an inbox, written an hour ago.
    fn put(&self, school: &School, name: &str, bytes: &[u8]) {
        let folder = self.home.estate().join("inbox").join(school.id);
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
        fs::File::options().write(true).open(&path).unwrap().set_modified(an_hour_ago).unwrap();
    }

    /// The command of a night, at two in the morning of a day.
    fn nightly(&self, day: Date, minute: u32) -> Command {
        let mut command = self.home.command();
        command.args(["nightly", "--output", "json"]).env("WEIR_NOW", format!("{day}T02:{minute:02}:00Z"));
        command
    }

    fn told(mut command: Command) -> Told {
        let ran: Ran = command.output().unwrap().into();
        let report = serde_json::from_str(&ran.stdout).unwrap_or(Value::Null);
        Told { status: ran.status, report, text: format!("{}{}", ran.stdout, ran.stderr) }
    }

    /// Notes that something should have been told and was not.
    fn expect(&mut self, night: u32, what: &str, is_told: bool, told: &Told) {
        self.faults += 1;
        if !is_told {
            self.silent.push(format!("night {night}, {what} (status {}): {}", told.status, told.text));
        }
    }

    /// Brings a day's exports to the inboxes, as they come on this night.
    fn deliver(&mut self, night: u32, fault: Option<(&'static School, Export)>) {
        let day = START + i64::from(night - 1).days();
        let due: Vec<_> = self.owed.extract_if(.., |(when, ..)| *when <= night).collect();
        for (_, school, name, bytes) in due {
            self.put(school, &name, &bytes);
        }
        for school in &SCHOOLS {
            let (name, bytes) = logs::export(school, day, self.seed);
            let fault = fault.filter(|(one, _)| *one == school).map(|(_, fault)| fault);
            match fault {
                None => self.put(school, &name, &bytes),
                Some(Export::Late(nights)) => self.owed.push((night + nights, school, name, bytes)),
                Some(Export::Twice) => {
                    self.put(school, &name, &bytes);
                    self.put(school, &format!("copy-of-{name}"), &bytes);
                    let (name, bytes) = logs::overlapping(school, day, self.seed);
                    self.put(school, &name, &bytes);
                }
                Some(Export::Cut) => {
                    let (broken, part) = logs::cut(school, day, self.seed);
                    self.put(school, &broken, &part);
                    self.owed.push((night + 1, school, name, bytes));
                }
                Some(Export::Elsewhere) => {
                    self.put(next_to(school), &name, &bytes);
                    self.owed.push((night + 1, school, name, bytes));
                }
                Some(Export::Changed) => {
                    let (new, changed) = logs::changed(school, day, self.seed);
                    self.put(school, &new, &changed);
                    self.owed.push((night + 1, school, name, bytes));
                }
            }
        }
    }

    /// What the report of a night must say of a bad export; and what whoever reads it does.
    fn after_export(&mut self, night: u32, school: &'static School, fault: Export, told: &Told) {
        let read = format!("read {}", school.id);
        let day = START + i64::from(night - 1).days();
        match fault {
            Export::Late(_) => {
                let is_told = told.says("feeds", &format!("{} at", school.id));
                self.expect(night, "a late export", is_told && told.status == 1, told);
            }
            Export::Twice => self.expect(night, "an export that came twice", told.says(&read, "duplicate"), told),
            Export::Cut => {
                let (name, _) = logs::cut(school, day, self.seed);
                let is_refused = told.says(&read, &name);
                let is_in_quarantine = told.says(&read, "1 lines could not be read");
                self.expect(night, "a broken export", (is_refused || is_in_quarantine) && told.status == 1, told);
                self.undo_by_name(&name);
            }
            Export::Elsewhere => {
                let there = next_to(school);
                let (name, _) = logs::export(school, day, self.seed);
                let looks = told.looks(&format!("read {}", there.id));
                let is_told = looks.iter().any(|look| look.contains(&name) || look.contains("in quarantine"));
                self.expect(night, "another school's export", is_told && told.status == 1, told);
                self.undo_by_name(&name);
            }
            Export::Changed => {
                let (name, _) = logs::changed(school, day, self.seed);
                let looks = told.looks(&read);
                let is_told = looks.iter().any(|look| look.contains(&name) || look.contains("in quarantine"));
                self.expect(night, "a changed export", is_told && told.status == 1, told);
                self.undo_by_name(&name);
            }
        }
    }

    /// Takes out what was read of a bad file, as its report says.
    fn undo_by_name(&self, name: &str) {
        let rows = self.home.sql(&format!("SELECT file_id FROM receipts WHERE path LIKE '%/{name}'"));
        for row in rows {
            self.home.weir_ok(["undo", "--yes", row["file_id"].as_str().unwrap()], 0);
        }
    }

    /// One night under a fault of the machine; gives the report of the run that got through, where one did.
    fn bad_night(&mut self, night: u32, fault: Machine, usual: Duration) -> Told {
        let day = START + i64::from(night).days();
        let estate = self.home.estate();
        match fault {
            Machine::NearlyFull => {
                let settings = estate.join("weir.toml");
                let text = fs::read_to_string(&settings).unwrap();
                fs::write(&settings, format!("keep_free = \"900 TB\"\n{text}")).unwrap();
                let told = Self::told(self.nightly(day, 0));
                fs::write(&settings, text).unwrap();
                let is_told = told.status == 2 && told.says("read", "nothing was read");
                self.expect(night, "a disk that is nearly full", is_told, &told);
                self.tells_doctor(night, "a disk that was nearly full", "nights", "nothing was read");
                Self::told(self.nightly(day, 30))
            }
            Machine::Full => {
                let command = self.nightly(day, 0);
                let mut shell = Command::new("sh");
                shell
                    .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh"])
                    .arg(command.get_program())
                    .args(command.get_args());
                shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
                let told = Self::told(shell);
                self.expect(night, "a full disk", told.status == 2 && told.text.contains("too large"), &told);
                Self::told(self.nightly(day, 30))
            }
            Machine::Killed(share) => {
                let mut child =
                    self.nightly(day, 0).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap();
                std::thread::sleep(usual * share as u32 / 100);
                let was_running = child.try_wait().unwrap().is_none();
                child.kill().unwrap();
                child.wait().unwrap();
                self.is_told_cut_short(night, day, was_running)
            }
            Machine::KilledAt(point) => {
                let told = Self::told({
                    let mut command = self.nightly(day, 0);
                    command.env("WEIR_FAILPOINT", point);
                    command
                });
                let was_reached = told.status == -1;
                self.is_told_cut_short(night, day, was_reached)
            }
            Machine::ClockBack(days) => {
                let told = Self::told(self.nightly(day - i64::from(days).days(), 0));
                self.expect(night, "a clock that went back", told.status == 2 && told.text.contains("clock"), &told);
                Self::told(self.nightly(day, 30))
            }
            Machine::KeyGone => {
                let (key, away) = (estate.join("vault/vault.key"), self.home.path().join("vault.key"));
                fs::rename(&key, &away).unwrap();
                let told = Self::told(self.nightly(day, 0));
                self.expect(night, "a key that is gone", told.status == 2 && told.text.contains("vault.key"), &told);
                assert!(!key.exists(), "no new key takes the place of the one that is gone");
                self.tells_doctor(night, "a key that is gone", "keys", "vault.key");
                fs::rename(&away, &key).unwrap();
                Self::told(self.nightly(day, 30))
            }
            Machine::MailDown => Self::told(self.nightly(day, 0)),
        }
    }

    fn is_told_cut_short(&mut self, night: u32, day: Date, was_running: bool) -> Told {
        let mut command = self.home.command();
        // Only the table says it, so the report is read from where it is kept.
        command.arg("nightly").env("WEIR_NOW", format!("{day}T02:30:00Z"));
        let ran: Ran = command.output().unwrap().into();
        let report = fs::read_dir(self.home.estate().join("nights")).unwrap().map(|entry| entry.unwrap().path());
        let newest = report.max_by_key(|path| path.metadata().unwrap().modified().unwrap()).expect("a report");
        let report = serde_json::from_slice(&fs::read(newest).unwrap()).unwrap();
        let told = Told { status: ran.status, report, text: format!("{}{}", ran.stdout, ran.stderr) };
        if was_running {
            self.expect(night, "a night that was killed", told.text.contains("The last run was cut short"), &told);
        }
        told
    }

    fn tells_doctor(&mut self, night: u32, what: &str, check: &str, words: &str) {
        let ran = self.home.weir(["doctor", "--output", "json"]);
        let rows: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap_or_default();
        let is_told =
            rows.iter().any(|row| row["check"] == check && row["found"].as_str().is_some_and(|found| found.contains(words)));
        let told = Told { status: ran.status, report: Value::Null, text: format!("{}{}", ran.stdout, ran.stderr) };
        self.expect(night, &format!("{what}, by the doctor"), is_told && ran.status >= 1, &told);
    }
}

/// Whose inbox a misplaced export lands in.
fn next_to(school: &School) -> &'static School {
    let at = SCHOOLS.iter().position(|one| one == school).unwrap();
    &SCHOOLS[(at + 1) % SCHOOLS.len()]
}

/// The term as it should be: no night has anything to say but of alerts and of Sundays' silence.
fn plain(mut term: Term, nights: u32) -> Term {
    for night in 2..=nights {
        term.deliver(night, None);
        let told = Term::told(term.nightly(START + i64::from(night).days(), 0));
        assert!((0..=1).contains(&told.status), "night {night}: {}", told.text);
        for step in told.report["steps"].as_array().unwrap() {
            let is_quiet = step["look"].as_array().unwrap().is_empty() && step["how"] != "failed";
            if !is_quiet && step["step"] == "verify" {
                let mut verify = term.home.command();
                verify.arg("verify").env("WEIR_NOW", format!("{}T02:00:00Z", START + i64::from(night).days()));
                panic!("night {night}: {step}\n{}", String::from_utf8_lossy(&verify.output().unwrap().stdout));
            }
            assert!(is_quiet || step["step"] == "alerts", "night {night}: {step}");
        }
    }
    term
}

/// The same term with every fault of the plan.
fn bad(mut term: Term, nights: u32, plan: &Plan, python: Option<&Path>, usual: Duration) -> Term {
    let mut server = python.map(|python| MailServer::start(python, &term.home, "letters-1", &[]));
    let mut letters: Vec<Value> = Vec::new();
    let reach = |term: &Term, port: u16| set_mail(&term.home, &format!("port = {port}\nencryption = \"none\""));
    if let Some(server) = &server {
        reach(&term, server.port);
    }
    // Without its key, or without room for a letter, a night can write none: its exit status tells.
    let mut failed: BTreeSet<u32> = BTreeSet::new();
    for night in 2..=nights {
        let export = plan.exports.get(&night).copied();
        let machine = plan.machine.get(&night).copied();
        term.deliver(night, export);
        if machine == Some(Machine::MailDown)
            && let Some(down) = server.take()
        {
            letters.extend(down.letters());
        }
        let told = match machine {
            Some(fault) => term.bad_night(night, fault, usual),
            None => Term::told(term.nightly(START + i64::from(night).days(), 0)),
        };
        if !(0..=1).contains(&told.status) {
            term.refused.push(format!("night {night} did not get through after {machine:?}: {}", told.text));
        }
        if matches!(machine, Some(Machine::NearlyFull | Machine::ClockBack(_))) {
            failed.insert(night);
        }
        if let Some((school, fault)) = export {
            term.after_export(night, school, fault, &told);
        }
        if machine == Some(Machine::MailDown)
            && let Some(python) = python
        {
            server = Some(MailServer::start(python, &term.home, &format!("letters-{night}"), &[]));
            reach(&term, server.as_ref().unwrap().port);
            make_due(&term.home);
        }
    }
    letters.extend(server.iter().flat_map(MailServer::letters));
    if python.is_some() {
        let to_technician = letters.iter().filter(|letter| letter["to"][0] == "it@oak.example");
        let of_failed = to_technician.filter(|letter| letter["text"].as_str().unwrap().contains("run of Weir failed")).count();
        if of_failed < failed.len() {
            term.silent.push(format!("{of_failed} letters of failed nights {failed:?}"));
        }
        if !letters.iter().any(|letter| letter["headers"].to_string().contains("a feed is silent")) {
            term.silent.push(String::from("no letter said that a feed is silent"));
        }
        let raw = letters.iter().map(|letter| letter["raw"].as_str().unwrap()).collect::<String>();
        for never in ["hurt", "casino", "vault.key", "p1@", "ash-2026"] {
            assert!(!raw.contains(never), "{never} stands in a letter");
        }
    }
    term
}

/// What must be equal. A run's own marks (file, time of reading, lake version, revision) are not asked for.
const ASKED: [&str; 7] = [
    "SELECT school_id, source_id, event_time, event_date, kind, action, user_key, user_type, host, url_path, category, theme, search_term, \
     concern_id FROM events",
    "SELECT school_id, source_id, event_date, hour, action, category, user_type, sum(requests) AS n FROM activity_hourly GROUP BY 1, 2, 3, 4, 5, 6, 7",
    "SELECT school_id, event_date, user_key, topic, sum(requests) AS n FROM pupil_days GROUP BY 1, 2, 3, 4",
    "SELECT school_id, event_date, topic, people, requests FROM theme_weeks",
    "SELECT source_id, sum(events) AS events, sum(admin_events) AS admin_events, sum(quarantined) AS quarantined FROM receipts GROUP BY source_id",
    "SELECT school_id, audience, grain, academic_year, period, indicator, dimension, value, numerator, denominator FROM published_figures",
    "SELECT count(*) AS unbalanced FROM receipts WHERE lines <> events + admin_events + ignored_lines + quarantined",
];

fn asked(term: &Term, query: &str) -> Vec<String> {
    let mut rows: Vec<String> = term.home.sql(query).iter().map(Value::to_string).collect();
    rows.sort_unstable();
    rows
}

/// Alerts without their numbers and without what goes by the hour at which they were raised.
fn alerts(term: &Term) -> Vec<String> {
    let ran = term.home.weir(["alerts", "list", "--all", "--output", "json"]);
    let rows: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let of = |row: &Value| {
        let names = ["school", "severity", "urgent", "kind", "who", "theme", "people", "events", "first", "last"];
        names.map(|name| row[name].to_string()).join(" ")
    };
    let mut rows: Vec<String> = rows.iter().map(of).collect();
    rows.sort_unstable();
    rows
}

fn differences(a: &[String], b: &[String]) -> String {
    let (a, b): (BTreeSet<_>, BTreeSet<_>) = (a.iter().collect(), b.iter().collect());
    let only = |rows: Vec<&&String>| rows.into_iter().take(5).map(|row| format!("\n{row}")).collect::<String>();
    format!("only without faults:{}\nonly with faults:{}", only(a.difference(&b).collect()), only(b.difference(&a).collect()))
}

#[test]
#[ignore = "ends with two differences that docs/gaps.md names: an alert without its first event, and a refused file that no report tells of"]
fn ends_as_if_nothing_had_happened_and_every_fault_was_told() {
    let nights = if is_long() { LONG_NIGHTS } else { NIGHTS };
    let seed = Dice::seed_or(2026);
    let began = Instant::now();
    let python = python(TEST);
    // The first night is the same for both: it makes the keys.
    let mut first = Term::new(seed);
    first.deliver(1, None);
    let one_night = Instant::now();
    let told = Term::told(first.nightly(START + 1.day(), 0));
    let usual = one_night.elapsed();
    assert!((0..=1).contains(&told.status), "{}", told.text);
    let twin = first.twin();
    let plan = Plan::draw(seed, nights, |night| logs::is_weekday(START + i64::from(night - 1).days()));
    let (plain, bad) = std::thread::scope(|scope| {
        let quiet = scope.spawn(|| plain(first, nights));
        let bad = bad(twin, nights, &plan, python.as_deref(), usual);
        (quiet.join().expect("the term without faults"), bad)
    });
    let mut wrong = bad.silent.clone();
    wrong.extend(bad.refused.iter().cloned());

    // The generator's own count, by day: neither term lost or made up a line. The hour that came twice is told apart.
    for school in &SCHOOLS {
        for night in 1..=nights {
            let day = START + i64::from(night - 1).days();
            let text = format!(
                "SELECT CAST(event_time AS VARCHAR) AS at FROM events WHERE source_id = '{}' AND event_date = '{day}' ORDER BY event_time",
                school.id
            );
            if night % 7 != 1 && day != date(2026, 10, 25) {
                continue;
            }
            let rows = bad.home.sql(&text);
            if rows.is_empty() && nights > 90 {
                continue;
            }
            let count = logs::count(school, day, seed);
            if rows.len() != count {
                wrong.push(format!("{} on {day}: {} rows of {count}", school.id, rows.len()));
                continue;
            }
            let wanted = logs::times(school, day, seed).into_iter().map(|at| at.strftime("%Y-%m-%dT%H:%M:%S").to_string());
            for (row, wanted) in rows.iter().zip(wanted) {
                let found = row["at"].as_str().unwrap().replace(' ', "T");
                assert!(found.starts_with(&wanted), "{} on {day}: {found}, not {wanted}", school.id);
            }
        }
    }
    for query in ASKED {
        let (wanted, found) = (asked(&plain, query), asked(&bad, query));
        assert!(!wanted.is_empty() || query.contains("published"), "{query}");
        if wanted != found {
            wrong.push(format!("{query}\n{}", differences(&wanted, &found)));
        }
    }
    let (wanted, found) = (alerts(&plain), alerts(&bad));
    assert!(wanted.len() > 3, "alerts were raised: {wanted:?}");
    if wanted != found {
        wrong.push(format!("alerts\n{}", differences(&wanted, &found)));
    }
    assert!(wrong.is_empty(), "seed {seed}, of {} things to tell:\n\n{}", bad.faults, wrong.join("\n\n"));
    assert_eq!(
        bad.home.number("SELECT count(*) AS n FROM receipts WHERE lines <> events + admin_events + ignored_lines + quarantined"),
        0
    );
    bad.home.weir_ok(["verify"], 0);
    bad.home.weir_ok(["audit", "verify"], 0);
    eprintln!(
        "seed {seed}: {nights} nights, {} bad exports, {} bad machines, {} things told, {} events, {} alerts, {:.0} s",
        plan.exports.len(),
        plan.machine.len(),
        bad.faults,
        asked(&bad, "SELECT line_no FROM events").len(),
        found.len(),
        began.elapsed().as_secs_f64()
    );
}
