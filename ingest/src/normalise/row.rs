//! The normaliser: one worker's caches, and the push of a row's every column.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_lake::batch::{EventBatch, NULL_ID};
use weir_lake::ids::SchoolId;
use weir_lake::names::Pseudonyms;

use super::cache::{ByteCache, LastText, UNSET};
use super::furniture::{Answer, Seen};
use super::lexicon::{Finding, Hits};
use super::people::PeopleLookup;
use super::school::Schools;
use super::search::ENGINES;
use super::taxonomy::Mapped;
use super::text::{as_text, lower};
use super::theme::THEMES;
use super::time::{Clock, TimeOrder, UnknownZone, When, ZoneTable};
use super::url;
use super::{FileContext, Notes, Pushed, Reference};
use crate::decoded::{Decoded, Field, Kind};

mod meaning;
mod numbered;
mod stored;
mod what;
mod who;

use meaning::Told;
use numbered::Numbered;
pub(crate) use stored::{StoredCategory, StoredRow};

/// No category, engine or school.
const NONE: u8 = u8::MAX;

/// Categories that no school may allow; their rows are never furniture.
const ALWAYS_BLOCKED: [&str; 4] = ["csam", "terrorism", "illegal_other", "ai_undress"];

/// Categories that are furniture.
const BACKGROUND: [&str; 2] = ["adv", "infra"];

#[derive(Clone, Copy)]
struct HostEntry {
    host: u32,
    domain: u32,
    engine: u8,
    own_category: u8,
}

const NO_HOST: HostEntry = HostEntry { host: NULL_ID, domain: NULL_ID, engine: NONE, own_category: NONE };

#[derive(Clone, Copy)]
struct UserEntry {
    user_key: u32,
    user_type: u32,
    year_group: u32,
    /// Device key of a machine account; [`NULL_ID`] for people.
    device_key: u32,
    /// The line names somebody else than the person whose export it is said to be.
    contradicts: bool,
}

#[derive(Clone, Copy)]
struct CategoryEntry {
    vendor_category: u32,
    mapped: Option<Mapped>,
    /// Number of the list of unmapped names, plus one; 0 for none.
    unmapped: u32,
}

/// Whose a row is and who is behind it, as ids of the batch.
#[derive(Clone, Copy)]
struct WhoIds {
    school: u16,
    user: UserEntry,
    device: u32,
    user_group: u32,
    profile: u32,
    src_ip: u32,
}

/// What was asked for, the address apart, as ids of the batch.
#[derive(Clone, Copy)]
struct WhatIds {
    rule: u32,
    method: u32,
    content_type: u32,
    app: u32,
    category: CategoryEntry,
    answer: Answer,
}

/// Ids of a category's columns in the batch.
#[derive(Clone, Copy)]
struct CategoryIds {
    category: u32,
    theme: u32,
    risk_area: u32,
}

const NO_IDS: CategoryIds = CategoryIds { category: UNSET, theme: UNSET, risk_area: UNSET };

/// Ids that are the same for all lines of a file.
#[derive(Clone, Copy)]
struct FileIds {
    source: u32,
    format: u32,
    file: u32,
}

/// What is known of a category for furniture.
#[derive(Clone, Copy, Default)]
struct CategoryFlags {
    is_background: bool,
    is_always_blocked: bool,
}

/// Last values of the columns that are stored as they come.
#[derive(Default)]
struct LastTexts {
    user_group: LastText,
    profile: LastText,
    rule: LastText,
    method: LastText,
    scheme: LastText,
    content_type: LastText,
    app: LastText,
}

/// Everything of one file.
struct OpenFile {
    context: Arc<FileContext>,
    schools_of: Schools,
    /// Number of each of the file's schools among all schools seen.
    numbers: Vec<u16>,
    clock: Clock,
    ids: Option<FileIds>,
}

/// One worker's normaliser.
pub struct Normaliser {
    reference: Arc<Reference>,
    people: Box<dyn PeopleLookup>,
    pseudonyms: Box<dyn Pseudonyms>,
    zones: Vec<(String, Arc<ZoneTable>)>,
    flags: Vec<CategoryFlags>,
    file: Option<OpenFile>,
    schools: Vec<SchoolId>,
    ambiguous_times: u64,
    repeated_times: u64,
    names_people: bool,
    contradicts: bool,
    unmapped: Vec<(Vec<String>, u64)>,
    vendor: Option<String>,

    // Ids of the batch below here; all void once its strings are cleared.
    batch: BatchMark,
    school_ids: Vec<u32>,
    kind_ids: [u32; 5],
    action_ids: [u32; 4],
    category_ids: Vec<CategoryIds>,
    theme_ids: [u32; THEMES.len()],
    engine_ids: Vec<u32>,
    concern_ids: Vec<u32>,
    hosts: ByteCache<HostEntry>,
    referrers: ByteCache<u32>,
    users: ByteCache<UserEntry>,
    devices: ByteCache<u32>,
    addresses: ByteCache<u32>,
    categories: ByteCache<CategoryEntry>,
    last: LastTexts,
    who_seen: Numbered<WhoIds>,
    what_seen: Numbered<WhatIds>,

    // No ids of the batch.
    school_of: ByteCache<u16>,
    terms: ByteCache<Option<Finding>>,
    key: Vec<u8>,
    text: Vec<u8>,
    term: String,
    hits: Hits,
}

/// Enough of a batch to notice that another one, or a cleared one, is given: ids of the last would be wrong there.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct BatchMark {
    address: usize,
    hosts: usize,
    users: usize,
    addresses: usize,
    files: usize,
}

impl BatchMark {
    fn of(batch: &EventBatch) -> Self {
        Self {
            address: std::ptr::from_ref(batch) as usize,
            hosts: batch.host.strings.len(),
            users: batch.user_key.strings.len(),
            addresses: batch.src_ip.strings.len(),
            files: batch.file_id.strings.len(),
        }
    }
}

impl Normaliser {
    /// A normaliser without caches yet; [`Normaliser::begin_file`] comes first.
    pub fn new(reference: Arc<Reference>, people: Box<dyn PeopleLookup>, pseudonyms: Box<dyn Pseudonyms>) -> Self {
        let flags = reference
            .taxonomies
            .categories()
            .iter()
            .map(|category| CategoryFlags {
                is_background: BACKGROUND.contains(&category.id.as_str()),
                is_always_blocked: ALWAYS_BLOCKED.contains(&category.id.as_str()),
            })
            .collect::<Vec<_>>();
        let mut normaliser = Self {
            category_ids: vec![NO_IDS; flags.len()],
            concern_ids: vec![UNSET; reference.lexicon.entries().count()],
            engine_ids: vec![UNSET; ENGINES.len()],
            reference,
            people,
            pseudonyms,
            zones: Vec::new(),
            flags,
            file: None,
            schools: Vec::new(),
            ambiguous_times: 0,
            repeated_times: 0,
            names_people: false,
            contradicts: false,
            unmapped: Vec::new(),
            vendor: None,
            batch: BatchMark::default(),
            school_ids: Vec::new(),
            kind_ids: [UNSET; 5],
            action_ids: [UNSET; 4],
            theme_ids: [UNSET; THEMES.len()],
            hosts: ByteCache::default(),
            referrers: ByteCache::default(),
            users: ByteCache::default(),
            devices: ByteCache::default(),
            addresses: ByteCache::default(),
            categories: ByteCache::default(),
            last: LastTexts::default(),
            who_seen: Numbered::default(),
            what_seen: Numbered::default(),
            school_of: ByteCache::default(),
            terms: ByteCache::default(),
            key: Vec::new(),
            text: Vec::new(),
            term: String::new(),
            hits: Hits::default(),
        };
        normaliser.clear_caches();
        normaliser
    }

    /// Begins a file, or a further block of one (then [`Normaliser::resume_time_order`] follows where its times are local).
    pub fn begin_file(&mut self, context: Arc<FileContext>) -> Result<(), UnknownZone> {
        let source_zone = self.zone(&context.zone)?;
        let school_zone = self.zone(&context.school_zone)?;
        let clock = Clock::new(source_zone, school_zone, context.written_at_micros, context.now_micros);
        let schools_of = Schools::new(&context.school);
        let numbers = schools_of.all().iter().map(|school| self.school_number(school)).collect();
        if self.vendor != context.vendor {
            self.vendor.clone_from(&context.vendor);
            self.categories.clear();
        }
        self.school_of.clear();
        self.file = Some(OpenFile { context, schools_of, numbers, clock, ids: None });
        Ok(())
    }

    fn zone(&mut self, name: &str) -> Result<Arc<ZoneTable>, UnknownZone> {
        if let Some((_, table)) = self.zones.iter().find(|(known, _)| known == name) {
            return Ok(Arc::clone(table));
        }
        let table = Arc::new(ZoneTable::new(name)?);
        self.zones.push((name.to_owned(), Arc::clone(&table)));
        Ok(table)
    }

    fn school_number(&mut self, school: &SchoolId) -> u16 {
        let number = self.schools.iter().position(|known| known == school).unwrap_or_else(|| {
            self.schools.push(school.clone());
            self.school_ids.push(UNSET);
            self.schools.len() - 1
        });
        number as u16
    }

    /// When a line was decided; otherwise the reason for quarantine. Called for every line that has a time, in file order.
    pub fn when(&mut self, decoded: &Decoded) -> Result<When, &'static str> {
        let Some(file) = &mut self.file else { return Err("bad_time") };
        let when = file.clock.when(decoded.time)?;
        self.ambiguous_times += u64::from(when.ambiguous);
        self.repeated_times += u64::from(when.repeated);
        Ok(when)
    }

    /// What the lines so far tell about a repeated hour, for the worker that reads on.
    pub fn time_order(&self) -> TimeOrder {
        self.file.as_ref().map(|file| file.clock.order()).unwrap_or_default()
    }

    /// Continues after lines of the same file that another worker read.
    pub fn resume_time_order(&mut self, order: TimeOrder) {
        if let Some(file) = &mut self.file {
            file.clock.resume(order);
        }
    }

    /// Forgets all ids of the batch; needed once [`EventBatch::clear_strings`] was called. Another batch is noticed by itself.
    pub fn clear_caches(&mut self) {
        self.batch = BatchMark::default();
        self.school_ids.fill(UNSET);
        self.kind_ids = [UNSET; 5];
        self.action_ids = [UNSET; 4];
        self.category_ids.fill(NO_IDS);
        self.theme_ids = [UNSET; THEMES.len()];
        self.engine_ids.fill(UNSET);
        self.concern_ids.fill(UNSET);
        self.hosts.clear();
        self.referrers.clear();
        self.users.clear();
        self.devices.clear();
        self.addresses.clear();
        self.categories.clear();
        let last = &mut self.last;
        for text in [
            &mut last.user_group,
            &mut last.profile,
            &mut last.rule,
            &mut last.method,
            &mut last.scheme,
            &mut last.content_type,
            &mut last.app,
        ] {
            text.clear();
        }
        self.who_seen = Numbered::default();
        self.what_seen = Numbered::default();
        if let Some(file) = &mut self.file {
            file.ids = None;
        }
    }

    /// What a person should hear about, since the last call.
    pub fn take_notes(&mut self) -> Notes {
        let mut unmapped = BTreeMap::new();
        for (names, rows) in &mut self.unmapped {
            let rows = std::mem::take(rows);
            for name in names.iter().filter(|_| rows > 0) {
                *unmapped.entry(name.clone()).or_insert(0) += rows;
            }
        }
        Notes {
            ambiguous_times: std::mem::take(&mut self.ambiguous_times),
            repeated_times: std::mem::take(&mut self.repeated_times),
            names_people: std::mem::take(&mut self.names_people),
            contradicts: std::mem::take(&mut self.contradicts),
            unmapped,
        }
    }

    /// Adds the row of an event line, every column once.
    pub fn push(&mut self, decoded: &Decoded, when: When, line_no: i64, batch: &mut EventBatch) -> Pushed {
        if self.batch != BatchMark::of(batch) {
            self.clear_caches();
        }
        let Some(who) = self.who(decoded, when.date, batch) else { return Pushed::Quarantined("no_school") };
        let what = self.what(decoded, batch);
        let Some(ids) = self.file_ids(batch) else { return Pushed::Quarantined("no_school") };

        let mut parts = url::of_row(decoded);
        let host = self.host(parts.host, batch);
        if host.host == NULL_ID {
            parts.scheme = &[];
        }
        let category = what.category;
        let own = (host.own_category != NONE).then_some(host.own_category);
        let mapped = self.reference.taxonomies.join(category.mapped, own);
        let searched = self.search(decoded, &parts, host.engine);
        let told = Told {
            seen: Seen { kind: decoded.kind, action: decoded.action, answer: what.answer, path: parts.path },
            mapped,
            finding: searched.finding,
            has_term: searched.has_term,
            is_suggestion: searched.is_suggestion,
            keep_allowed_queries: self.file.as_ref().is_some_and(|file| file.context.keep_allowed_queries),
        };
        let judged = self.judge(&told, batch);
        let meaning = judged.meaning;
        let WhoIds { school, user, device, .. } = who;

        let is_https = parts.scheme.eq_ignore_ascii_case(b"https");
        let tls_inspected = decoded.tls_inspected.or_else(|| is_https.then_some(!parts.path.is_empty()));

        batch.event_time.push(when.micros_utc);
        batch.event_date.push(when.date);
        let school_id = &mut self.school_ids[usize::from(school)];
        if *school_id == UNSET {
            *school_id = batch.school_id.strings.intern(self.schools[usize::from(school)].as_str().as_bytes());
        }
        batch.school_id.ids.push(*school_id);
        batch.source_id.ids.push(ids.source);
        batch.format_id.ids.push(ids.format);
        batch.file_id.ids.push(ids.file);
        let kind_id = &mut self.kind_ids[decoded.kind as usize];
        if *kind_id == UNSET {
            *kind_id = batch.kind.strings.intern(decoded.kind.as_str().as_bytes());
        }
        batch.kind.ids.push(*kind_id);
        // A monitor's finding is no decision, whatever word its log holds.
        batch.action.ids.push(match decoded.action.filter(|_| decoded.kind != Kind::Concern) {
            None => NULL_ID,
            Some(action) => {
                let id = &mut self.action_ids[action as usize];
                if *id == UNSET {
                    *id = batch.action.strings.intern(action.as_str().as_bytes());
                }
                *id
            }
        });
        batch.user_key.ids.push(user.user_key);
        batch.user_type.ids.push(user.user_type);
        batch.year_group.ids.push(user.year_group);
        batch.device_key.ids.push(if device == NULL_ID { user.device_key } else { device });
        batch.host.ids.push(host.host);
        batch.domain.ids.push(host.domain);
        let referrer = self.referrer(decoded.text(Field::Referrer), batch);
        batch.referrer_domain.ids.push(referrer);
        batch.src_ip.ids.push(who.src_ip);
        batch.user_group.ids.push(who.user_group);
        batch.profile.ids.push(who.profile);
        batch.rule.ids.push(what.rule);
        batch.method.ids.push(what.method);
        batch.content_type.ids.push(what.content_type);
        batch.app.ids.push(what.app);
        self.last.scheme.push(&mut batch.scheme, parts.scheme, lower);

        let path = as_text(parts.path, &mut self.text);
        batch.url_path.push(path);
        let query = if judged.keeps_query { as_text(parts.query, &mut self.text) } else { None };
        batch.url_query.push(query);
        batch.status.push(decoded.status.map(i64::from));
        batch.bytes_in.push(decoded.bytes_in);
        batch.bytes_out.push(decoded.bytes_out);
        batch.tls_inspected.push(tls_inspected.map_or(2, u8::from));
        batch.vendor_category.ids.push(category.vendor_category);
        batch.category.ids.push(meaning.category);
        batch.theme.ids.push(meaning.theme);
        batch.risk_area.ids.push(meaning.risk_area);
        batch.other_themes.ids.push(meaning.other_themes);
        batch.help_seeking.push(judged.help_seeking);
        batch.search_engine.ids.push(if searched.engine == NONE {
            NULL_ID
        } else {
            let id = &mut self.engine_ids[usize::from(searched.engine)];
            if *id == UNSET {
                *id = batch.search_engine.strings.intern(ENGINES[usize::from(searched.engine)].name.as_bytes());
            }
            *id
        });
        batch.search_term.push(searched.has_term.then_some(self.term.as_bytes()));
        batch.concern_id.ids.push(meaning.concern_id);
        batch.concern_severity.push(judged.concern_severity);
        batch.furniture.push(judged.is_furniture);
        batch.line_no.push(line_no);
        self.batch = BatchMark::of(batch);
        Pushed::Row
    }

    fn file_ids(&mut self, batch: &mut EventBatch) -> Option<FileIds> {
        let file = self.file.as_mut()?;
        let context = &file.context;
        Some(*file.ids.get_or_insert_with(|| FileIds {
            source: batch.source_id.strings.intern(context.source_id.as_str().as_bytes()),
            format: batch.format_id.strings.intern(context.format_id.as_str().as_bytes()),
            file: batch.file_id.strings.intern(context.file_id.as_str().as_bytes()),
        }))
    }
}
