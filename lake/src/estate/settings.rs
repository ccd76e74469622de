//! weir.toml: the raw file as written, and the checked settings it becomes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Time;
use serde::Deserialize;
use toml::Spanned;

use super::backup::{self, Backup, RawBackup};
use super::error::{found_text, found_use, one_of};
use super::fetching::{self, Fetch, RawFetch};
use super::mail::{self, Mail, RawMail};
use super::places::{below, is_inside};
use super::receiving::{self, RawListen, RawSenders, RawWatch, Receiving};
use super::retention::{self, RawRetention, Retention};
use super::school_map::parse_range;
use super::serving::{self, RawServing, Serving};
use super::sign_in::{self, RawProvider, SignInProvider};
use super::table::Problems;
use super::{Layer, School, SchoolOf, SchoolRule, SchoolRuleOn, Source};
use crate::clock;
use crate::ids::{FormatId, SchoolId, SourceId};

/// File name of the settings.
pub(crate) const FILE: &str = "weir.toml";

/// School hours by school: from the first time on, up to and without the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolHours {
    /// Hours of a school without its own.
    pub default: (Time, Time),
    /// Schools with their own.
    pub by_school: BTreeMap<SchoolId, (Time, Time)>,
}

impl Default for SchoolHours {
    fn default() -> Self {
        Self { default: (Time::constant(8, 0, 0, 0), Time::constant(16, 0, 0, 0)), by_school: BTreeMap::new() }
    }
}

impl SchoolHours {
    /// The hours of a school.
    pub fn of(&self, school: &SchoolId) -> (Time, Time) {
        self.by_school.get(school).copied().unwrap_or(self.default)
    }
}

/// What runs the queries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Engine {
    /// This process.
    #[default]
    Local,
    /// A Ballista scheduler at this address.
    Ballista(String),
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSettings {
    lake: Option<String>,
    vault: Option<String>,
    register: Option<String>,
    formats: Option<PathBuf>,
    keep_allowed_queries: Option<bool>,
    #[serde(default)]
    retention: BTreeMap<String, Spanned<RawRetention>>,
    #[serde(default)]
    hours: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    user_domains: toml::Table,
    mail: Option<RawMail>,
    backup: Option<RawBackup>,
    engine: Option<RawEngine>,
    serve: Option<RawServing>,
    #[serde(default)]
    sign_in: Vec<RawProvider>,
    listen: Option<RawListen>,
    watch: Option<RawWatch>,
    keep_free: Option<Spanned<String>>,
    #[serde(default)]
    source: Vec<RawSource>,
    #[serde(default)]
    fetch: Vec<RawFetch>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEngine {
    kind: Spanned<String>,
    scheduler: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    id: Spanned<String>,
    school: Option<Spanned<String>>,
    school_map: Option<Vec<Spanned<RawRule>>>,
    format: Option<Spanned<String>>,
    inbox: Option<PathBuf>,
    tz: Option<Spanned<String>>,
    layer: Option<Spanned<String>>,
    logs_allowed: Option<bool>,
    keep_flows: Option<bool>,
    #[serde(default)]
    from: Vec<Spanned<String>>,
    tail: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    src_ip: Option<String>,
    group: Option<String>,
    profile: Option<String>,
    site: Option<String>,
    school: String,
}

/// weir.toml, checked.
pub(crate) struct Settings {
    pub(crate) lake_root: PathBuf,
    pub(crate) vault_root: PathBuf,
    pub(crate) register_path: PathBuf,
    pub(crate) formats: Option<PathBuf>,
    pub(crate) keep_allowed_queries: bool,
    pub(crate) retention: Retention,
    pub(crate) retention_by_school: BTreeMap<SchoolId, Retention>,
    pub(crate) hours: SchoolHours,
    pub(crate) user_domains: BTreeMap<String, String>,
    pub(crate) mail: Option<Mail>,
    pub(crate) backup: Option<Backup>,
    pub(crate) engine: Engine,
    pub(crate) serving: Serving,
    pub(crate) sign_in: Vec<SignInProvider>,
    pub(crate) receiving: Receiving,
    pub(crate) fetches: Vec<Fetch>,
    pub(crate) sources: BTreeMap<SourceId, Source>,
}

/// Says where in the file a value stands.
pub(crate) struct Place<'a> {
    text: &'a str,
}

impl Place<'_> {
    fn line(&self, byte: usize) -> Option<u64> {
        Some(1 + self.text.bytes().take(byte).filter(|b| *b == b'\n').count() as u64)
    }

    pub(crate) fn refuse<T>(&self, at: &Spanned<T>, key: &str, what: impl Into<String>, problems: &mut Problems) {
        problems.add(FILE, self.line(at.span().start), Some(key), what);
    }
}

/// Reads the file's text; a fault of the TOML itself leaves the defaults and one problem.
pub(crate) fn parse(text: &str, problems: &mut Problems) -> RawSettings {
    match toml::from_str(text) {
        Ok(raw) => raw,
        Err(error) => {
            let line = error.span().and_then(|span| Place { text }.line(span.start));
            problems.add(FILE, line, None, reword(error.message()));
            RawSettings::default()
        }
    }
}

/// Serde's words for an unknown key, in ours.
fn reword(message: &str) -> String {
    let message = message.lines().next().unwrap_or_default();
    match message.strip_prefix("unknown field ").and_then(|rest| rest.split_once(", expected ")) {
        Some((found, accepted)) => {
            format!("found the unknown key {found}; use {}", accepted.trim_start_matches("one of "))
        }
        None => message.to_owned(),
    }
}

/// Checks the raw settings against the schools.
pub(crate) fn check(
    raw: RawSettings,
    text: &str,
    home: &Path,
    schools: &BTreeMap<SchoolId, School>,
    problems: &mut Problems,
) -> Settings {
    let place = Place { text };
    let lake_root = below(home, raw.lake.as_deref().unwrap_or("lake"));
    let vault_root = below(home, raw.vault.as_deref().unwrap_or("vault"));
    // Beside the vault: what is said of keys and names there, who may read the folder and what is backed up, holds for people's accounts.
    let register_path =
        raw.register.as_deref().map_or_else(|| vault_root.with_file_name("register.sqlite"), |file| home.join(file));
    if is_inside(&vault_root, &lake_root) {
        problems.add(
            FILE,
            None,
            Some("vault"),
            "lies inside the lake; names and keys must stay outside it: choose another folder, for example vault = \"vault\" beside lake = \"lake\"",
        );
    } else if is_inside(&register_path, &lake_root) {
        problems.add(
            FILE,
            None,
            Some("register"),
            "lies inside the lake; people's accounts must stay outside it: choose another place, for example register = \"register.sqlite\"",
        );
    }
    let mut sources = BTreeMap::new();
    let mut lines: BTreeMap<String, Option<u64>> = BTreeMap::new();
    let mut senders = Vec::new();
    for mut source in raw.source {
        let line = place.line(source.id.span().start);
        if let Some(first) = lines.insert(source.id.get_ref().clone(), line) {
            let what = format!("{} again, first on line {}; keep one", found_text(source.id.get_ref()), first.unwrap_or(0));
            place.refuse(&source.id, "source.id", what, problems);
            continue;
        }
        let from = std::mem::take(&mut source.from);
        senders.push(RawSenders { source: source.id.clone(), from, tail: source.tail.take() });
        if let Some(source) = check_source(source, &place, home, schools, problems) {
            sources.insert(source.id.clone(), source);
        }
    }
    let (retention, retention_by_school) = retention::check(&raw.retention, &place, schools, problems);
    Settings {
        mail: raw.mail.and_then(|raw| mail::check(raw, home, &lake_root, &place, problems)),
        backup: raw.backup.and_then(|raw| backup::check(raw, home, &lake_root, &place, problems)),
        serving: raw.serve.map(|serve| serving::check(serve, home, &lake_root, &place, problems)).unwrap_or_default(),
        sign_in: sign_in::check(raw.sign_in, home, &lake_root, &place, problems),
        lake_root,
        vault_root,
        register_path,
        formats: raw.formats.map(|folder| home.join(folder)),
        keep_allowed_queries: raw.keep_allowed_queries.unwrap_or(false),
        retention,
        retention_by_school,
        hours: check_hours(&raw.hours, &place, schools, problems),
        user_domains: check_domains(&raw.user_domains, problems),
        receiving: receiving::check(raw.listen, raw.watch, raw.keep_free, senders, home, &place, problems),
        fetches: fetching::check(raw.fetch, home, &sources, &place, problems),
        engine: raw.engine.map_or(Engine::Local, |engine| check_engine(engine, &place, problems)),
        sources,
    }
}

fn check_hours(
    raw: &BTreeMap<String, Spanned<String>>,
    place: &Place<'_>,
    schools: &BTreeMap<SchoolId, School>,
    problems: &mut Problems,
) -> SchoolHours {
    let mut hours = SchoolHours::default();
    for (key, value) in raw {
        let Some(span) = parse_hours(value.get_ref()) else {
            let what = format!("{}; use two times such as \"08:00-16:00\"", found_text(value.get_ref()));
            place.refuse(value, &format!("hours.{key}"), what, problems);
            continue;
        };
        if key == "default" {
            hours.default = span;
        } else if let Some(school) = known_school(key, schools) {
            hours.by_school.insert(school, span);
        } else {
            let mut accepted = vec!["default"];
            accepted.extend(schools.keys().map(SchoolId::as_str));
            place.refuse(value, "hours", found_use(key, &accepted), problems);
        }
    }
    hours
}

fn parse_hours(text: &str) -> Option<(Time, Time)> {
    let (from, to) = text.split_once('-')?;
    let time = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
    };
    let (from, to) = (time(from)?, time(to)?);
    (from < to).then_some((from, to))
}

fn check_domains(raw: &toml::Table, problems: &mut Problems) -> BTreeMap<String, String> {
    // `sch.uk = "pupils"` without quotes is a table in a table to TOML and a domain to a person; both spellings are taken.
    fn flatten(prefix: &str, table: &toml::Table, found: &mut Vec<(String, toml::Value)>) {
        for (key, value) in table {
            let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            match value {
                toml::Value::Table(table) => flatten(&key, table, found),
                value => found.push((key, value.clone())),
            }
        }
    }
    let mut found = Vec::new();
    flatten("", raw, &mut found);
    let mut domains: BTreeMap<String, String> = BTreeMap::new();
    for (domain, realm) in found {
        let key = format!("user_domains.{domain}");
        match realm.as_str().map(|realm| (realm, SchoolId::parse(realm))) {
            Some((realm, Ok(_))) => {
                if let Some(other) = domains.insert(domain.to_lowercase(), realm.to_owned())
                    && other != realm
                {
                    problems.add(FILE, None, Some(&key), format!("stands twice, as {other:?} and as {realm:?}; keep one"));
                }
            }
            Some((realm, Err(_))) => {
                let what = format!("{}; use a realm of a-z, 0-9, '-', '_' and '.', for example \"default\"", found_text(realm));
                problems.add(FILE, None, Some(&key), what);
            }
            None => {
                problems.add(FILE, None, Some(&key), format!("found {realm}; use a realm in quotes, for example \"default\""))
            }
        }
    }
    domains
}

fn check_engine(raw: RawEngine, place: &Place<'_>, problems: &mut Problems) -> Engine {
    match (raw.kind.get_ref().as_str(), raw.scheduler) {
        ("local", None) => Engine::Local,
        ("ballista", Some(scheduler)) => Engine::Ballista(scheduler),
        ("ballista", None) => {
            let what = "ballista needs scheduler, for example scheduler = \"df://localhost:50050\"";
            place.refuse(&raw.kind, "engine.kind", what, problems);
            Engine::Local
        }
        ("local", Some(_)) => {
            place.refuse(&raw.kind, "engine.scheduler", "is for kind = \"ballista\" only; leave it out", problems);
            Engine::Local
        }
        (found, _) => {
            place.refuse(&raw.kind, "engine.kind", found_use(found, &["local", "ballista"]), problems);
            Engine::Local
        }
    }
}

/// The school of that id, if there is one.
pub(crate) fn known_school(text: &str, schools: &BTreeMap<SchoolId, School>) -> Option<SchoolId> {
    let id = SchoolId::parse(text).ok()?;
    schools.contains_key(&id).then_some(id)
}

/// `found "x"; use one of the known schools`.
pub(crate) fn unknown_school(found: &str, star: bool, schools: &BTreeMap<SchoolId, School>) -> String {
    let mut accepted: Vec<&str> = if star { vec!["*"] } else { Vec::new() };
    accepted.extend(schools.keys().map(SchoolId::as_str));
    format!("{}; use {}", found_text(found), one_of(&accepted))
}

fn check_source(
    raw: RawSource,
    place: &Place<'_>,
    home: &Path,
    schools: &BTreeMap<SchoolId, School>,
    problems: &mut Problems,
) -> Option<Source> {
    let before = problems.0.len();
    let name = raw.id.get_ref().clone();
    let key = |key: &str| format!("source {name}.{key}");
    let id = match SourceId::parse(&name) {
        Ok(id) => Some(id),
        Err(error) => {
            place.refuse(&raw.id, "source.id", error.to_string(), problems);
            None
        }
    };
    let format = match raw.format.as_ref().map(|format| (format, FormatId::parse(format.get_ref()))) {
        None => None,
        Some((text, _)) if text.get_ref() == "auto" => None,
        Some((_, Ok(format))) => Some(format),
        Some((text, Err(error))) => {
            place.refuse(text, &key("format"), format!("{error}; `weir formats list` shows them"), problems);
            None
        }
    };
    let tz = raw.tz.as_ref().map_or(clock::DEFAULT_ZONE, |tz| tz.get_ref().as_str()).to_owned();
    if let Some(found) = &raw.tz
        && clock::zone(&tz).is_none()
    {
        place.refuse(found, &key("tz"), format!("{}; use a zone such as Europe/London or UTC", found_text(&tz)), problems);
    }
    let layer = match &raw.layer {
        None => Layer::Filter,
        Some(found) => match Layer::WORDS.iter().find(|(word, _)| word == found.get_ref()) {
            Some((_, layer)) => *layer,
            None => {
                let accepted: Vec<&str> = Layer::WORDS.iter().map(|(word, _)| *word).collect();
                place.refuse(found, &key("layer"), found_use(found.get_ref(), &accepted), problems);
                Layer::Filter
            }
        },
    };
    let school = match (&raw.school, &raw.school_map) {
        (Some(found), None) => match known_school(found.get_ref(), schools) {
            Some(school) => Some(SchoolOf::One(school)),
            None => {
                place.refuse(found, &key("school"), unknown_school(found.get_ref(), false, schools), problems);
                None
            }
        },
        (None, Some(rules)) => {
            Some(SchoolOf::Map(rules.iter().filter_map(|rule| check_rule(rule, &name, place, schools, problems)).collect()))
        }
        _ => {
            place.refuse(&raw.id, &key("school"), "give either school or school_map", problems);
            None
        }
    };
    if problems.0.len() > before {
        return None;
    }
    Some(Source {
        id: id?,
        school: school?,
        format,
        inbox: raw.inbox.map(|inbox| home.join(inbox)),
        tz,
        layer,
        logs_allowed: raw.logs_allowed.unwrap_or(true),
        keep_flows: raw.keep_flows.unwrap_or(false),
    })
}

fn check_rule(
    rule: &Spanned<RawRule>,
    source: &str,
    place: &Place<'_>,
    schools: &BTreeMap<SchoolId, School>,
    problems: &mut Problems,
) -> Option<SchoolRule> {
    let key = format!("source {source}.school_map");
    let raw = rule.get_ref();
    let given: Vec<(SchoolRuleOn, &String)> = [
        (SchoolRuleOn::SrcIp, &raw.src_ip),
        (SchoolRuleOn::Group, &raw.group),
        (SchoolRuleOn::Profile, &raw.profile),
        (SchoolRuleOn::Site, &raw.site),
    ]
    .into_iter()
    .filter_map(|(on, value)| value.as_ref().map(|value| (on, value)))
    .collect();
    let [(on, pattern)] = given.as_slice() else {
        place.refuse(rule, &key, "give exactly one of src_ip, group, profile or site", problems);
        return None;
    };
    if *on == SchoolRuleOn::SrcIp && parse_range(pattern).is_none() {
        let what = format!("{}; use an address range such as 10.20.0.0/16 or 2001:db8::/48", found_text(pattern));
        place.refuse(rule, &format!("{key}.src_ip"), what, problems);
        return None;
    }
    let Some(school) = known_school(&raw.school, schools) else {
        place.refuse(rule, &format!("{key}.school"), unknown_school(&raw.school, false, schools), problems);
        return None;
    };
    Some(SchoolRule { on: *on, pattern: (*pattern).clone(), school })
}
