//! Tells the rows of one data file again: who is behind each, and what it means.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::RecordBatch;
use weir_lake::batch::{DictColumn, EventBatch, NULL_ID};
use weir_lake::closed::ClosedDates;
use weir_lake::estate::{People, PeopleCache, RealmName, UserType};
use weir_lake::ids::{SchoolId, SourceId};
use weir_lake::lake::{DataFile, Lake, LakeError, Slice};
use weir_lake::names::{ClearName, Named, Pseudonyms};
use weir_lake::schema::Table;
use weir_lake::vault::SessionPseudonyms;

use super::ReclassifyReport;
use super::columns::{Retold, Text, text, value};
use crate::decoded::{Action, Kind};
use crate::normalise::people::{NobodyKnown, day, user_type_name};
use crate::normalise::taxonomy::Mapped;
use crate::normalise::{Normaliser, Reference, StoredCategory, StoredRow};

/// Key -> the name behind it.
pub(crate) type Names = HashMap<String, RealmName>;

/// Bytes of interned strings after which they are forgotten.
const STRING_BYTES: usize = 16 << 20;

/// Vendors' words remembered.
const MOST_CATEGORIES: usize = 50_000;

/// What of a format matters for rows that it read.
pub(crate) struct FormatFacts {
    /// Its taxonomy.
    pub(crate) vendor: Option<String>,
    /// Its lines may give a category as a number alone, which the lake does not keep.
    pub(crate) gives_category_ids: bool,
}

/// Why something stays as it was.
const SHARED: &str = "the person behind a shared sign-in or a device: no name was kept";
const NO_NAME: &str = "the person behind a key whose name is not in the vault";
const NO_IDS: &str = "the category of rows whose filter gave a number only: the number was not kept";
const NO_FORMAT: &str = "the meaning of rows whose format is not there any more";
const NO_WORDS: &str = "the meaning of a device monitor's findings: their words were not kept";
pub(crate) const NO_QUERY: &str = "the query of rows that are a concern only now: it was not kept";

/// What the vendor's words came to.
type Words = (Option<Mapped>, bool);

/// One worker.
pub(crate) struct RowsAgain {
    reference: Arc<Reference>,
    normaliser: Normaliser,
    people: PeopleCache,
    names: Arc<Names>,
    formats: Arc<HashMap<String, FormatFacts>>,
    pseudonyms: SessionPseudonyms,
    keep_allowed_queries: bool,
    /// Holds the strings that ids stand for; no row is ever in it.
    strings: EventBatch,
    categories: HashMap<String, Words>,
    key: String,
}

/// A file's outcome: the file that takes its place, the open slices in it, and what was counted.
pub(crate) type FileAgain = (Option<DataFile>, BTreeSet<Slice>, ReclassifyReport);

impl RowsAgain {
    pub(crate) fn new(
        reference: Arc<Reference>,
        people: Arc<People>,
        names: Arc<Names>,
        formats: Arc<HashMap<String, FormatFacts>>,
        pseudonyms: SessionPseudonyms,
        keep_allowed_queries: bool,
    ) -> Self {
        // Nobody is asked of the normaliser here, and it makes no key.
        let normaliser = Normaliser::new(Arc::clone(&reference), Box::new(NobodyKnown), Box::new(pseudonyms.clone()));
        Self {
            reference,
            normaliser,
            people: PeopleCache::new(people),
            names,
            formats,
            pseudonyms,
            keep_allowed_queries,
            strings: EventBatch::default(),
            categories: HashMap::new(),
            key: String::new(),
        }
    }

    /// Tells a file's rows again and writes it anew where one changed.
    pub(crate) fn file(
        &mut self,
        lake: &Lake,
        file: &DataFile,
        closed: &ClosedDates,
        look_only: bool,
    ) -> Result<FileAgain, LakeError> {
        let date = file.statistics.event_date;
        let (mut slices, mut report) = (BTreeSet::new(), ReclassifyReport::default());
        let written = lake.change_rows(Table::Events, file, |rows| {
            let changed = self.rows(rows, date, closed, &mut slices, &mut report)?;
            Ok(if look_only { None } else { changed })
        })?;
        Ok((written, slices, report))
    }

    fn rows(
        &mut self,
        rows: &RecordBatch,
        date: i32,
        closed: &ClosedDates,
        slices: &mut BTreeSet<Slice>,
        report: &mut ReclassifyReport,
    ) -> Result<Option<RecordBatch>, LakeError> {
        if self.strings.string_bytes() > STRING_BYTES {
            self.strings.clear_strings();
            self.normaliser.clear_caches();
        }
        let columns = Columns::of(rows)?;
        let mut retold = Retold::new(rows)?;
        let mut last: Option<(Slice, bool)> = None;
        for row in 0..rows.num_rows() {
            let (school, source) = (columns.school.value(row), columns.source.value(row));
            let is_last =
                last.as_ref().is_some_and(|(slice, _)| slice.school_id.as_str() == school && slice.source_id.as_str() == source);
            if !is_last {
                let named = |error: weir_lake::ids::IdError| LakeError::Rejected { problem: error.to_string() };
                let school_id = SchoolId::parse(school).map_err(named)?;
                let slice = Slice { school_id, source_id: SourceId::parse(source).map_err(named)?, date };
                let is_closed = closed.has(&slice);
                if !is_closed {
                    slices.insert(slice.clone());
                }
                last = Some((slice, is_closed));
            }
            let Some((slice, is_closed)) = &last else { continue };
            if *is_closed {
                report.closed_rows += 1;
                keep_person(&mut retold);
                keep_meaning(&mut retold);
            } else {
                report.rows += 1;
                if let Some(kept) = self.person(&columns, row, &slice.school_id, date, &mut retold) {
                    *report.kept.entry(kept).or_default() += 1;
                }
                if let Some(kept) = self.meaning(&columns, row, &mut retold) {
                    *report.kept.entry(kept).or_default() += 1;
                }
            }
            retold.end_row();
        }
        report.changed_rows += retold.changed_rows;
        for (column, rows) in &retold.changed {
            *report.changed.entry(column).or_default() += rows;
        }
        retold.finish(rows)
    }

    /// Who is behind a row; says what could not be told.
    fn person(
        &mut self,
        columns: &Columns<'_>,
        row: usize,
        school: &SchoolId,
        date: i32,
        retold: &mut Retold<'_>,
    ) -> Option<&'static str> {
        let (key, old_type) = (retold.old(Text::UserKey), retold.old(Text::UserType).unwrap_or_default());
        let name = match key {
            Some(key) => match self.names.get(key) {
                Some(name) => Some(name),
                None => {
                    keep_person(retold);
                    return Some(NO_NAME);
                }
            },
            None if [UserType::Shared, UserType::Device].map(user_type_name).contains(&old_type) => {
                keep_person(retold);
                return Some(SHARED);
            }
            None => None,
        };
        let [group, profile] = [columns.group, columns.profile].map(|column| value(column, row).unwrap_or_default());
        let (_, facts) = self.people.find_known(school, name, group, profile, day(date));
        retold.put(Text::UserType, Some(user_type_name(facts.user_type)));
        retold.put(Text::YearGroup, facts.year_group.as_deref());
        let (Some(name), Some(known)) = (&facts.name, name) else {
            retold.keep(Text::UserKey);
            retold.keep(Text::DeviceKey);
            return None;
        };
        match facts.user_type {
            // A sign-in of many identifies nobody.
            UserType::Shared => {
                retold.put(Text::UserKey, None);
                retold.keep(Text::DeviceKey);
            }
            UserType::Device => {
                retold.put(Text::UserKey, None);
                if retold.old(Text::DeviceKey).is_some() {
                    retold.keep(Text::DeviceKey);
                } else {
                    let device = name.name.reveal_in_clear();
                    let device = ClearName::new(device.strip_suffix('$').unwrap_or(device).to_owned());
                    let key = self.pseudonyms.key(school, Named::Device, "", &device);
                    retold.put(Text::DeviceKey, Some(key.as_str()));
                }
            }
            UserType::Pupil | UserType::Staff | UserType::Guest | UserType::Unknown => {
                retold.keep(Text::DeviceKey);
                // The roster joins this log-in to another, whose key the person has.
                if (&known.realm, known.name.reveal_in_clear()) == (&name.realm, name.name.reveal_in_clear()) {
                    retold.keep(Text::UserKey);
                } else {
                    let key = self.pseudonyms.key(school, Named::Person, &name.realm, &name.name);
                    retold.put(Text::UserKey, Some(key.as_str()));
                }
            }
        }
        None
    }

    /// What a row means; says what could not be told.
    fn meaning(&mut self, columns: &Columns<'_>, row: usize, retold: &mut Retold<'_>) -> Option<&'static str> {
        let term = value(columns.search_term, row).unwrap_or_default();
        let kind = kind_of(columns.kind.value(row));
        let category = match self.category(columns.format.value(row), value(columns.vendor_category, row), retold) {
            _ if kind == Kind::Concern && term.is_empty() => Err(NO_WORDS),
            category => category,
        };
        let category = match category {
            Ok(category) => category,
            Err(kept) => {
                keep_meaning(retold);
                return Some(kept);
            }
        };
        let bytes = |column| value(column, row).unwrap_or_default().as_bytes();
        let stored = StoredRow {
            kind,
            action: value(columns.action, row).and_then(action_of),
            host: bytes(columns.host),
            path: bytes(columns.path),
            method: bytes(columns.method),
            content_type: bytes(columns.content_type),
            search_term: term,
            category,
            keep_allowed_queries: self.keep_allowed_queries,
        };
        let judged = self.normaliser.judge_stored(&stored, &mut self.strings);
        let strings = &self.strings;
        retold.put(Text::Category, string(&strings.category, judged.category));
        retold.put(Text::Theme, string(&strings.theme, judged.theme));
        retold.put(Text::RiskArea, string(&strings.risk_area, judged.risk_area));
        let was_concern = retold.old(Text::ConcernId).is_some();
        retold.put(Text::ConcernId, string(&strings.concern_id, judged.concern_id));
        let severity = judged.concern_severity.and_then(|severity| i32::try_from(severity).ok());
        let themes = string(&strings.other_themes, judged.other_themes);
        retold.put_judged(themes, severity, judged.help_seeking, judged.is_furniture);
        if judged.keeps_query {
            retold.keep(Text::UrlQuery);
        } else {
            // What is no concern any more is not kept as one.
            retold.put(Text::UrlQuery, None);
        }
        match category {
            StoredCategory::AsItStands(_) => Some(NO_IDS),
            StoredCategory::OfVendor(_) => {
                let is_new = !was_concern && judged.concern_id != NULL_ID && stored.action == Some(Action::Allowed);
                (is_new && judged.keeps_query && retold.old(Text::UrlQuery).is_none()).then_some(NO_QUERY)
            }
        }
    }

    /// What the vendor's words of a row come to today.
    fn category(&mut self, format: &str, words: Option<&str>, retold: &Retold<'_>) -> Result<StoredCategory, &'static str> {
        let Some(facts) = self.formats.get(format) else { return Err(NO_FORMAT) };
        let (mapped, is_known) = match words {
            None => (None, false),
            Some(words) => {
                self.key.clear();
                self.key.extend([facts.vendor.as_deref().unwrap_or_default(), "\u{1f}", words]);
                match self.categories.get(self.key.as_str()) {
                    Some(found) => *found,
                    None => {
                        let mut unknown = false;
                        let taxonomies = &self.reference.taxonomies;
                        let mapped = taxonomies.map(facts.vendor.as_deref(), words, "", &mut |_| unknown = true);
                        if self.categories.len() >= MOST_CATEGORIES {
                            self.categories.clear();
                        }
                        self.categories.insert(self.key.clone(), (mapped, mapped.is_some() || !unknown));
                        (mapped, mapped.is_some() || !unknown)
                    }
                }
            }
        };
        if is_known || !facts.gives_category_ids {
            return Ok(StoredCategory::OfVendor(mapped));
        }
        // The number may have told the category; then it stands, with what the category means today.
        match retold.old(Text::Category) {
            None => Ok(StoredCategory::OfVendor(None)),
            Some(old) => {
                let taxonomies = &self.reference.taxonomies;
                let number = taxonomies.number(old).ok_or(NO_IDS)?;
                let severity = taxonomies.categories().get(usize::from(number)).map_or(0, |category| category.severity);
                Ok(StoredCategory::AsItStands(Mapped { category: number, severity }))
            }
        }
    }
}

/// The columns of a row that tell what it means and whose it is.
struct Columns<'r> {
    school: &'r arrow::array::StringArray,
    source: &'r arrow::array::StringArray,
    format: &'r arrow::array::StringArray,
    kind: &'r arrow::array::StringArray,
    action: &'r arrow::array::StringArray,
    group: &'r arrow::array::StringArray,
    profile: &'r arrow::array::StringArray,
    method: &'r arrow::array::StringArray,
    host: &'r arrow::array::StringArray,
    path: &'r arrow::array::StringArray,
    content_type: &'r arrow::array::StringArray,
    vendor_category: &'r arrow::array::StringArray,
    search_term: &'r arrow::array::StringArray,
}

impl<'r> Columns<'r> {
    fn of(rows: &'r RecordBatch) -> Result<Self, LakeError> {
        Ok(Self {
            school: text(rows, "school_id")?,
            source: text(rows, "source_id")?,
            format: text(rows, "format_id")?,
            kind: text(rows, "kind")?,
            action: text(rows, "action")?,
            group: text(rows, "user_group")?,
            profile: text(rows, "profile")?,
            method: text(rows, "method")?,
            host: text(rows, "host")?,
            path: text(rows, "url_path")?,
            content_type: text(rows, "content_type")?,
            vendor_category: text(rows, "vendor_category")?,
            search_term: text(rows, "search_term")?,
        })
    }
}

fn keep_person(retold: &mut Retold<'_>) {
    [Text::UserKey, Text::UserType, Text::YearGroup, Text::DeviceKey].into_iter().for_each(|column| retold.keep(column));
}

fn keep_meaning(retold: &mut Retold<'_>) {
    let columns = [Text::UrlQuery, Text::Category, Text::Theme, Text::RiskArea, Text::ConcernId];
    columns.into_iter().for_each(|column| retold.keep(column));
    retold.keep_judged();
}

fn string(column: &DictColumn, id: u32) -> Option<&str> {
    if id == NULL_ID { None } else { std::str::from_utf8(column.strings.get(id)).ok() }
}

fn kind_of(text: &str) -> Kind {
    let kinds = [Kind::Dns, Kind::App, Kind::Concern, Kind::Flow];
    kinds.into_iter().find(|kind| kind.as_str() == text).unwrap_or(Kind::Web)
}

fn action_of(text: &str) -> Option<Action> {
    let actions = [Action::Allowed, Action::Blocked, Action::Warned, Action::Overridden];
    actions.into_iter().find(|action| action.as_str() == text)
}
