//! The normaliser: one worker's caches, and the push of a row's every column.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_lake::batch::{EventBatch, NULL_ID};
use weir_lake::estate::{UserType, normalise_login};
use weir_lake::ids::SchoolId;
use weir_lake::names::{ClearName, Named, Pseudonyms};

use super::cache::{ByteCache, LastText, UNSET, plain, push_utf8};
use super::furniture::{self, Known};
use super::lexicon::{Finding, Hits};
use super::people::{Login, PeopleLookup, UserFields, is_nobody, user_type_name};
use super::school::Schools;
use super::search::{self, Asked, ENGINES, MatchKeys};
use super::taxonomy::Mapped;
use super::theme::{THEMES, Theme};
use super::time::{Clock, TimeOrder, UnknownZone, When, ZoneTable};
use super::url::{self, UrlParts};
use super::{AdminRow, FileContext, Notes, Pushed, Reference, admin};
use crate::decoded::{Action, Decoded, Field, Kind};

/// No category, engine or school.
const NONE: u8 = u8::MAX;

/// Between the parts of a cache key; no log writes it.
const UNIT: u8 = 0x1f;

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
}

#[derive(Clone, Copy)]
struct CategoryEntry {
    vendor_category: u32,
    mapped: Option<Mapped>,
    /// Number of the list of unmapped names, plus one; 0 for none.
    unmapped: u32,
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
    src_ip: LastText,
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
    categories: ByteCache<CategoryEntry>,
    last: LastTexts,

    // No ids of the batch.
    school_of: ByteCache<u16>,
    terms: ByteCache<Option<Finding>>,
    key: Vec<u8>,
    text: Vec<u8>,
    term: String,
    match_keys: MatchKeys,
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

/// What a row's search came to.
struct Searched {
    engine: u8,
    has_term: bool,
    is_suggestion: bool,
    finding: Option<Finding>,
}

/// Ids of the columns about what a row means.
struct Meaning {
    category: u32,
    theme: u32,
    risk_area: u32,
    other_themes: u32,
    concern_id: u32,
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
            categories: ByteCache::default(),
            last: LastTexts::default(),
            school_of: ByteCache::default(),
            terms: ByteCache::default(),
            key: Vec::new(),
            text: Vec::new(),
            term: String::new(),
            match_keys: MatchKeys::default(),
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
        self.categories.clear();
        let last = &mut self.last;
        for text in [
            &mut last.user_group,
            &mut last.profile,
            &mut last.rule,
            &mut last.src_ip,
            &mut last.method,
            &mut last.scheme,
            &mut last.content_type,
            &mut last.app,
        ] {
            text.clear();
        }
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
        Notes { ambiguous_times: std::mem::take(&mut self.ambiguous_times), unmapped }
    }

    /// Adds the row of an event line, every column once.
    pub fn push(&mut self, decoded: &Decoded, when: When, line_no: i64, batch: &mut EventBatch) -> Pushed {
        if self.batch != BatchMark::of(batch) {
            self.clear_caches();
        }
        let Some(school) = self.find_school(decoded) else { return Pushed::Quarantined("no_school") };
        let Some(ids) = self.file_ids(batch) else { return Pushed::Quarantined("no_school") };

        let mut parts = url::of_row(decoded);
        let host = self.host(parts.host, batch);
        if host.host == NULL_ID {
            parts.scheme = &[];
        }
        let category = self.category(decoded, batch);
        let own = (host.own_category != NONE).then_some(host.own_category);
        let mapped = self.reference.taxonomies.join(category.mapped, own);
        let searched = self.search(decoded, &parts, host.engine);
        let finding = searched.finding;
        let flags = mapped.map_or(CategoryFlags::default(), |mapped| self.flags[usize::from(mapped.category)]);
        let is_furniture = furniture::is_furniture(
            decoded,
            parts.path,
            Known {
                is_suggestion: searched.is_suggestion,
                is_search_or_concern: searched.has_term || finding.is_some(),
                is_background_category: flags.is_background,
                is_always_blocked: flags.is_always_blocked,
            },
        );
        let user = self.user(decoded, school, when.date, batch);
        let device = self.device(decoded, school, batch);
        let meaning = self.meaning(mapped, finding, batch);

        let is_risk = finding.is_some_and(|finding| finding.themes.iter().any(|severity| *severity > 0));
        let keep_query = decoded.kind == Kind::Concern
            || decoded.action != Some(Action::Allowed)
            || is_risk
            || self.file.as_ref().is_some_and(|file| file.context.keep_allowed_queries);
        let is_https = parts.scheme.eq_ignore_ascii_case(b"https");
        let tls_inspected = decoded.tls_inspected.or_else(|| is_https.then_some(!parts.path.is_empty()));
        let concern_severity = match finding {
            Some(finding) => Some(i64::from(finding.severity)),
            None if decoded.kind == Kind::Concern => {
                mapped.map(|mapped| i64::from(mapped.severity)).filter(|severity| *severity > 0)
            }
            None => None,
        };

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

        let last = &mut self.last;
        let raw = |field| decoded.text(field);
        last.user_group.push(&mut batch.user_group, raw(Field::UserGroup), plain);
        last.profile.push(&mut batch.profile, raw(Field::Profile), plain);
        last.rule.push(&mut batch.rule, raw(Field::Rule), plain);
        last.src_ip.push(&mut batch.src_ip, raw(Field::SrcIp), address);
        last.method.push(&mut batch.method, raw(Field::Method), upper);
        last.scheme.push(&mut batch.scheme, parts.scheme, lower);
        last.content_type.push(&mut batch.content_type, raw(Field::ContentType), media_type);
        last.app.push(&mut batch.app, raw(Field::App), plain);

        let path = as_text(parts.path, &mut self.text);
        batch.url_path.push(path);
        let query = if keep_query { as_text(parts.query, &mut self.text) } else { None };
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
        batch.help_seeking.push(finding.is_some_and(|finding| finding.help_seeking));
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
        batch.concern_severity.push(concern_severity);
        batch.furniture.push(is_furniture);
        batch.line_no.push(line_no);
        self.batch = BatchMark::of(batch);
        Pushed::Row
    }

    fn find_school(&mut self, decoded: &Decoded) -> Option<u16> {
        let file = self.file.as_ref()?;
        if file.schools_of.is_one() {
            return file.numbers.first().copied();
        }
        const NO_SCHOOL: u16 = u16::MAX;
        self.key.clear();
        for field in [Field::SrcIp, Field::UserGroup, Field::Profile, Field::Site] {
            self.key.extend_from_slice(decoded.text(field));
            self.key.push(UNIT);
        }
        let found = match self.school_of.get(&self.key) {
            Some(found) => found,
            None => {
                let found = file.schools_of.find(decoded).and_then(|index| file.numbers.get(index).copied());
                let found = found.unwrap_or(NO_SCHOOL);
                self.school_of.insert(&self.key, found);
                found
            }
        };
        (found != NO_SCHOOL).then_some(found)
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

    fn host(&mut self, raw: &[u8], batch: &mut EventBatch) -> HostEntry {
        if raw.is_empty() {
            return NO_HOST;
        }
        if let Some(entry) = self.hosts.get(raw) {
            return entry;
        }
        url::clean_host(raw, &mut self.text);
        let host = self.text.as_slice();
        let entry = if host.is_empty() || host == b"-" {
            NO_HOST
        } else {
            let domain = url::registrable_domain(host);
            HostEntry {
                host: batch.host.strings.intern(host),
                domain: domain.map_or(NULL_ID, |domain| batch.domain.strings.intern(domain)),
                engine: search::engine_of(host, domain).unwrap_or(NONE),
                own_category: std::str::from_utf8(host).ok().and_then(|host| self.reference.taxonomies.own(host)).unwrap_or(NONE),
            }
        };
        self.hosts.insert(raw, entry);
        entry
    }

    fn referrer(&mut self, raw: &[u8], batch: &mut EventBatch) -> u32 {
        let host = url::split(raw).host;
        if host.is_empty() || host == b"-" {
            return NULL_ID;
        }
        if let Some(id) = self.referrers.get(host) {
            return id;
        }
        url::clean_host(host, &mut self.text);
        let id = url::registrable_domain(&self.text).map_or(NULL_ID, |domain| batch.referrer_domain.strings.intern(domain));
        self.referrers.insert(host, id);
        id
    }

    fn category(&mut self, decoded: &Decoded, batch: &mut EventBatch) -> CategoryEntry {
        let mut names = decoded.text(Field::VendorCategory);
        let ids = decoded.text(Field::VendorCategoryId);
        if names.is_empty() && decoded.kind == Kind::Concern {
            names = decoded.text(Field::Concern);
        }
        if names.is_empty() && ids.is_empty() {
            return CategoryEntry { vendor_category: NULL_ID, mapped: None, unmapped: 0 };
        }
        self.key.clear();
        self.key.extend_from_slice(names);
        self.key.push(UNIT);
        self.key.extend_from_slice(ids);
        let entry = match self.categories.get(&self.key) {
            Some(entry) => entry,
            None => {
                let (names, ids) = (String::from_utf8_lossy(names), String::from_utf8_lossy(ids));
                let mut unknown = Vec::new();
                let mapped = self
                    .reference
                    .taxonomies
                    .map(self.vendor.as_deref(), &names, &ids, &mut |name| unknown.push(name.to_owned()));
                let unmapped = if unknown.is_empty() {
                    0
                } else {
                    let number = self.unmapped.iter().position(|(known, _)| *known == unknown).unwrap_or_else(|| {
                        self.unmapped.push((unknown, 0));
                        self.unmapped.len() - 1
                    });
                    number as u32 + 1
                };
                self.text.clear();
                let has_text = plain(names.as_bytes(), &mut self.text) || plain(ids.as_bytes(), &mut self.text);
                let vendor_category = if has_text { batch.vendor_category.strings.intern(&self.text) } else { NULL_ID };
                let entry = CategoryEntry { vendor_category, mapped, unmapped };
                self.categories.insert(&self.key, entry);
                entry
            }
        };
        if entry.unmapped > 0 {
            self.unmapped[entry.unmapped as usize - 1].1 += 1;
        }
        entry
    }

    /// Reads the row's search; its term, if there is one, stands in `self.term`.
    fn search(&mut self, decoded: &Decoded, parts: &UrlParts, engine: u8) -> Searched {
        let mut searched = Searched { engine: NONE, has_term: false, is_suggestion: false, finding: None };
        if !matches!(decoded.kind, Kind::Web | Kind::Concern) {
            return searched;
        }
        let asked = match ENGINES.get(usize::from(engine)) {
            Some(engine) => engine.read(parts.path, parts.query),
            None => Asked::Nothing,
        };
        let given = decoded.text(Field::SearchTerm).trim_ascii();
        let given = if given == b"-" { &[] } else { given };
        let raw = match asked {
            Asked::Suggestion => {
                searched.is_suggestion = true;
                return searched;
            }
            _ if !given.is_empty() => given,
            Asked::Term(raw) => raw,
            Asked::Page | Asked::Nothing => &[],
        };
        if asked != Asked::Nothing || !given.is_empty() {
            searched.engine = engine;
        }
        if !raw.is_empty() {
            search::normalise_term(raw, &mut self.term);
            searched.has_term = !self.term.is_empty();
        }
        if searched.has_term {
            searched.finding = self.finding();
        } else if decoded.kind == Kind::Concern && !decoded.text(Field::Concern).is_empty() {
            search::normalise_term(decoded.text(Field::Concern), &mut self.term);
            searched.finding = self.finding();
        }
        searched
    }

    /// What the lexicon says of `self.term`.
    fn finding(&mut self) -> Option<Finding> {
        if let Some(finding) = self.terms.get(self.term.as_bytes()) {
            return finding;
        }
        search::match_keys(&self.term, &mut self.match_keys);
        let finding = self.reference.lexicon.find(&self.match_keys, &mut self.hits);
        self.terms.insert(self.term.as_bytes(), finding);
        finding
    }

    fn user(&mut self, decoded: &Decoded, school: u16, date: i32, batch: &mut EventBatch) -> UserEntry {
        self.key.clear();
        self.key.extend_from_slice(&school.to_le_bytes());
        self.key.extend_from_slice(&date.to_le_bytes());
        for field in [Field::User, Field::UserDomain, Field::UserGroup, Field::Profile] {
            self.key.extend_from_slice(decoded.text(field));
            self.key.push(UNIT);
        }
        if let Some(entry) = self.users.get(&self.key) {
            return entry;
        }
        let [name, domain, group, profile] = [Field::User, Field::UserDomain, Field::UserGroup, Field::Profile]
            .map(|field| String::from_utf8_lossy(decoded.text(field)));
        let school = &self.schools[usize::from(school)];
        let fields = UserFields { user: &name, domain: &domain, group: &group, profile: &profile };
        let who = self.people.who(school, fields, date);
        let mut entry = UserEntry {
            user_key: NULL_ID,
            user_type: batch.user_type.strings.intern(user_type_name(who.user_type).as_bytes()),
            year_group: who.year_group.map_or(NULL_ID, |year| batch.year_group.strings.intern(year.as_bytes())),
            device_key: NULL_ID,
        };
        if let Some(login) = who.login {
            match who.user_type {
                // A sign-in of many identifies nobody.
                UserType::Shared => {}
                UserType::Device => {
                    let name = login.name.strip_suffix('$').unwrap_or(&login.name).to_owned();
                    let key = self.pseudonyms.key(school, Named::Device, "", &ClearName::new(name));
                    entry.device_key = batch.device_key.strings.intern(key.as_str().as_bytes());
                }
                UserType::Pupil | UserType::Staff | UserType::Guest | UserType::Unknown => {
                    let Login { name, realm } = login;
                    let key = self.pseudonyms.key(school, Named::Person, &realm, &ClearName::new(name));
                    entry.user_key = batch.user_key.strings.intern(key.as_str().as_bytes());
                }
            }
        }
        self.users.insert(&self.key, entry);
        entry
    }

    fn device(&mut self, decoded: &Decoded, school: u16, batch: &mut EventBatch) -> u32 {
        let raw = decoded.text(Field::Device);
        if raw.is_empty() {
            return NULL_ID;
        }
        self.key.clear();
        self.key.extend_from_slice(&school.to_le_bytes());
        self.key.extend_from_slice(raw);
        if let Some(id) = self.devices.get(&self.key) {
            return id;
        }
        let id = match device_name(raw) {
            None => NULL_ID,
            Some(name) => {
                let school = &self.schools[usize::from(school)];
                let key = self.pseudonyms.key(school, Named::Device, "", &ClearName::new(name));
                batch.device_key.strings.intern(key.as_str().as_bytes())
            }
        };
        self.devices.insert(&self.key, id);
        id
    }

    fn meaning(&mut self, mapped: Option<Mapped>, finding: Option<Finding>, batch: &mut EventBatch) -> Meaning {
        let reference = Arc::clone(&self.reference);
        let ids = match mapped {
            None => CategoryIds { category: NULL_ID, theme: NULL_ID, risk_area: NULL_ID },
            Some(mapped) => {
                let ids = &mut self.category_ids[usize::from(mapped.category)];
                if ids.category == UNSET {
                    let category = &reference.taxonomies.categories()[usize::from(mapped.category)];
                    *ids = CategoryIds {
                        category: batch.category.strings.intern(category.id.as_bytes()),
                        theme: category.theme.map_or(NULL_ID, |theme| batch.theme.strings.intern(theme.as_str().as_bytes())),
                        risk_area: category
                            .risk_area
                            .map_or(NULL_ID, |area| batch.risk_area.strings.intern(area.as_str().as_bytes())),
                    };
                }
                *ids
            }
        };
        let mut meaning = Meaning {
            category: ids.category,
            theme: ids.theme,
            risk_area: ids.risk_area,
            other_themes: NULL_ID,
            concern_id: NULL_ID,
        };
        let Some(finding) = finding else { return meaning };

        let concern = &mut self.concern_ids[usize::from(finding.entry)];
        if *concern == UNSET {
            *concern = batch.concern_id.strings.intern(reference.lexicon.id(finding.entry).as_bytes());
        }
        meaning.concern_id = *concern;

        let by_category = mapped.and_then(|mapped| {
            reference.taxonomies.categories()[usize::from(mapped.category)].theme.map(|theme| (theme, mapped.severity))
        });
        let mut severities = finding.themes;
        let mut asks_help = finding.help_seeking;
        let mut winner = strongest(&severities);
        let mut is_category = false;
        match by_category {
            Some((Theme::HELP_SEEKING, _)) => asks_help = true,
            Some((theme, severity)) => {
                // A person's own words stand before the site's category when they are as severe.
                if winner.is_none_or(|(_, most)| severity > most) {
                    winner = Some((theme.number(), severity));
                    is_category = true;
                }
                severities[theme.number()] = severities[theme.number()].max(severity);
            }
            None => {}
        }
        let theme = match winner {
            Some((theme, _)) => theme,
            None if asks_help => Theme::HELP_SEEKING.number(),
            None => return meaning,
        };
        let theme_id = &mut self.theme_ids[theme];
        if *theme_id == UNSET {
            *theme_id = batch.theme.strings.intern(THEMES[theme].0.as_bytes());
        }
        meaning.theme = *theme_id;
        if !is_category {
            meaning.risk_area = THEMES[theme].1.map_or(NULL_ID, |area| batch.risk_area.strings.intern(area.as_str().as_bytes()));
        }
        if asks_help {
            severities[Theme::HELP_SEEKING.number()] = 1;
        }
        self.text.clear();
        for (number, (name, _)) in THEMES.iter().enumerate() {
            if number != theme && severities[number] > 0 {
                if !self.text.is_empty() {
                    self.text.push(b';');
                }
                self.text.extend_from_slice(name.as_bytes());
            }
        }
        if !self.text.is_empty() {
            meaning.other_themes = batch.other_themes.strings.intern(&self.text);
        }
        meaning
    }

    /// The row of an admin event; names go to the vault and come back as keys.
    pub fn admin(&mut self, decoded: &Decoded, when: When, line_no: i64) -> AdminRow {
        let number = self.find_school(decoded);
        let school = number.map(|number| self.schools[usize::from(number)].clone());
        let text = |field| {
            self.text.clear();
            plain(decoded.text(field), &mut self.text).then(|| String::from_utf8_lossy(&self.text).into_owned())
        };
        let [actor, user, domain, operation, object, detail] =
            [Field::Actor, Field::User, Field::UserDomain, Field::Operation, Field::Object, Field::Detail].map(text);
        let domain = domain.unwrap_or_default();
        let mut known = Vec::new();
        for name in [&actor, &user].into_iter().flatten().filter(|name| !is_nobody(name)) {
            known.extend(normalise_login(name).map(|login| login.name.reveal_in_clear().to_owned()));
            known.push(name.clone());
        }
        let (people, pseudonyms) = (&mut self.people, &mut self.pseudonyms);
        let mut key_of = |name: &str| {
            let school = school.as_ref()?;
            let fields = UserFields { user: name, domain: &domain, ..UserFields::default() };
            let Login { name, realm } = people.who(school, fields, when.date).login?;
            Some(pseudonyms.key(school, Named::Person, &realm, &ClearName::new(name)))
        };
        let actor_key = actor.as_deref().or(user.as_deref()).and_then(&mut key_of);
        // Without a school there is no key; the name must go all the same.
        let mut in_text = |name: &str| Some(key_of(name).map_or_else(|| String::from("(name)"), |key| key.to_string()));
        let object = object.map(|object| admin::with_keys(&object, &known, &mut in_text));
        let detail = detail.map(|detail| admin::with_keys(&detail, &known, &mut in_text));
        AdminRow {
            event_time: when.micros_utc,
            event_date: when.date,
            actor_key,
            operation: operation.unwrap_or_else(|| String::from("configuration")),
            object,
            detail,
            line_no,
            school_id: school,
        }
    }

    /// The normalised log-in of a row, for `inspect` on the technician's own screen only.
    pub fn user_in_clear(&self, decoded: &Decoded) -> Option<ClearName> {
        let user = String::from_utf8_lossy(decoded.text(Field::User));
        if is_nobody(&user) { None } else { normalise_login(&user).map(|login| login.name) }
    }

    /// The normalised device name of a row, for `inspect` only.
    pub fn device_in_clear(&self, decoded: &Decoded) -> Option<ClearName> {
        device_name(decoded.text(Field::Device)).map(ClearName::new)
    }
}

/// The most severe theme of a search; of equals the first in the table.
fn strongest(severities: &[u8; THEMES.len()]) -> Option<(usize, u8)> {
    severities.iter().enumerate().filter(|(_, severity)| **severity > 0).fold(None, |best, (theme, severity)| match best {
        Some((_, most)) if most >= *severity => best,
        _ => Some((theme, *severity)),
    })
}

/// Bytes as text, itself where it is UTF-8 already; None where there is nothing.
fn as_text<'a>(raw: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    if raw.is_empty() {
        return None;
    }
    if std::str::from_utf8(raw).is_ok() {
        return Some(raw);
    }
    scratch.clear();
    push_utf8(raw, scratch);
    Some(scratch)
}

fn device_name(raw: &[u8]) -> Option<String> {
    let name = String::from_utf8_lossy(raw).trim().trim_end_matches('$').to_lowercase();
    let is_nothing = matches!(name.as_str(), "" | "-" | "n/a" | "na" | "none" | "unknown");
    (!is_nothing).then_some(name)
}

/// An IPv4 address in IPv6's clothes is the IPv4 address.
fn address(raw: &[u8], into: &mut Vec<u8>) -> bool {
    let raw = raw.trim_ascii();
    plain(raw.strip_prefix(b"::ffff:").filter(|rest| rest.contains(&b'.')).unwrap_or(raw), into)
}

fn upper(raw: &[u8], into: &mut Vec<u8>) -> bool {
    let is_given = plain(raw, into);
    into.make_ascii_uppercase();
    is_given
}

fn lower(raw: &[u8], into: &mut Vec<u8>) -> bool {
    let is_given = plain(raw, into);
    into.make_ascii_lowercase();
    is_given
}

/// A media type without its parameters.
fn media_type(raw: &[u8], into: &mut Vec<u8>) -> bool {
    lower(raw.split(|byte| *byte == b';').next().unwrap_or_default(), into)
}
