//! Figures from the lake: opens a snapshot, asks the query engine, and puts its answers into the words of a page.
//!
//! A snapshot is looked for again every few seconds, and so are the estate's files; what was computed for one is kept until
//! either changes, and computed before anybody asks where [`EngineFigures::keep_ready`] runs. Pages say which lake version they were made
//! from.

mod groups;
mod records;
mod words;

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OnceCell};
use weir_lake::clock;
use weir_lake::estate::{AcademicYear, Estate};
use weir_lake::ids::{SchoolId, UserKey};
use weir_lake::lake::{Lake, Snapshot};
use weir_lake::verification::Standing;
use weir_query::alerts::{Lateness, Moment, Wanted};
use weir_query::cells::Cells;
use weir_query::engine::{Engine, EngineOptions, Reason};
use weir_query::error::QueryError;
use weir_query::indicator::Indicator;
use weir_query::output::{rows_as_json, to_csv};
use weir_query::records::Records;
use weir_query::saved::{self, SavedQueries, SavedQuery};
use weir_query::suppression::Audience;
use weir_query::unclaimed::{UnclaimedSource, unclaimed};
use weir_query::{compare, page};
use weir_register::Register;

use crate::evidence::{Evidence, Keeping, SeenChanges};
use crate::figures::{Asked, Figures, FiguresError};
use crate::questions::{Reply, Told};
use crate::view::{Group, GroupLink, Method, Overview, SchoolRef, SchoolYear};

pub use records::records_of;

/// How long an opened snapshot is used before the lake and the estate's files are looked at again. A person who reloads a page
/// after a run sees it; a page of several requests sees one state.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// How long what people recorded is used for figures before it is looked at again. Every record would otherwise have all pages of all
/// schools computed anew; the pages of records themselves show it at once.
const RECORDS_AGAIN: Duration = Duration::from_secs(600);

/// How long whoever keeps figures ready waits before lake and estate are looked at again: every look reads the estate's files.
const READY_AGAIN: Duration = Duration::from_secs(20);

/// School years, and comparisons of a group's year, that are kept at most of one state, some hundred kilobytes each. Whoever asks for more
/// years than there are has them made anew.
const MOST_KEPT: usize = 512;

/// Up to this many schools the overview also says what to look at in each; beyond, computing their pages would keep the machine
/// busy for many minutes after each run.
const SCHOOLS_WITH_FINDINGS: usize = 60;

/// A school and year, computed once however many ask at the same time.
type YearCell = Arc<OnceCell<Arc<page::SchoolYear>>>;

/// Each school's newest year.
type Pages = HashMap<String, Arc<page::SchoolYear>>;

type LoadEstate = dyn Fn() -> Result<Estate, FiguresError> + Send + Sync;

/// Figures of a lake. A clone shares what was computed.
#[derive(Clone)]
pub struct EngineFigures {
    load: Arc<LoadEstate>,
    options: EngineOptions,
    /// Where people record.
    register: Option<Register>,
    opened: Arc<Mutex<Option<Looked>>>,
}

/// When lake and estate were last looked at, when the register was, and what was found.
struct Looked {
    at: Instant,
    records_at: Instant,
    state: Arc<Opened>,
}

/// One state of lake, estate and records, and what was computed from it.
struct Opened {
    version: u64,
    estate_digest: u64,
    records: Records,
    engine: Engine,
    /// Where the estate's own questions may lie.
    home: PathBuf,
    kept: Kept,
}

#[derive(Default)]
struct Kept {
    /// Whether a task computes the pages that the overview needs.
    is_looking: AtomicBool,
    overview: OnceCell<Arc<page::Overview>>,
    questions: OnceCell<SavedQueries>,
    groups: OnceCell<Vec<compare::GroupRef>>,
    comparisons: std::sync::Mutex<HashMap<(String, String), Arc<compare::Comparison>>>,
    years: std::sync::Mutex<HashMap<(String, String), YearCell>>,
}

impl EngineFigures {
    /// Figures of the estate that `load` reads; it is read again when pages are asked for, so that an edited calendar shows at once.
    pub fn new<E: Display>(load: impl Fn() -> Result<Estate, E> + Send + Sync + 'static, options: EngineOptions) -> Self {
        Self {
            load: Arc::new(move || load().map_err(|error| FiguresError::Failed(error.to_string()))),
            options,
            register: None,
            opened: Arc::default(),
        }
    }

    /// With what people recorded here. Without it no figure says anything of that.
    #[must_use]
    pub fn with_register(self, register: Register) -> Self {
        Self { register: Some(register), ..self }
    }

    /// Computes what pages show before anybody asks, at once and whenever lake or estate has changed. Never ends; what could not be computed
    /// is tried again when a page asks for it.
    pub async fn keep_ready(self) {
        let mut ready: Weak<Opened> = Weak::new();
        loop {
            match self.state().await {
                Ok(state) if ready.as_ptr() != Arc::as_ptr(&state) => {
                    ready = Arc::downgrade(&state);
                    drop(state);
                    get_ready(&ready).await;
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "figures can't be got ready"),
            }
            tokio::time::sleep(READY_AGAIN).await;
        }
    }

    /// The newest state; opened again where lake or estate changed.
    async fn state(&self) -> Result<Arc<Opened>, FiguresError> {
        let mut opened = self.opened.lock().await;
        if let Some(looked) = opened.as_ref()
            && looked.at.elapsed() < LOOK_AGAIN
        {
            return Ok(Arc::clone(&looked.state));
        }
        let load = Arc::clone(&self.load);
        // Reading the estate and the lake's log are file operations.
        let (estate, estate_digest, snapshot) =
            tokio::task::spawn_blocking(move || look(&load)).await.map_err(|error| FiguresError::Failed(error.to_string()))??;
        let now = Instant::now();
        let (records, records_at) = match opened.as_ref() {
            Some(looked) if looked.records_at.elapsed() < RECORDS_AGAIN => (looked.state.records.clone(), looked.records_at),
            _ => (self.records(&estate).await?, now),
        };
        let is_same = |before: &Opened| {
            before.version == snapshot.version && before.estate_digest == estate_digest && before.records == records
        };
        let state = match opened.take() {
            Some(looked) if is_same(&looked.state) => looked.state,
            _ => {
                let options = EngineOptions { records: records.clone(), ..self.options.clone() };
                let engine = Engine::open(&snapshot, &estate, &options).map_err(failed)?;
                let home = estate.home.clone();
                Arc::new(Opened { version: snapshot.version, estate_digest, records, engine, home, kept: Kept::default() })
            }
        };
        *opened = Some(Looked { at: now, records_at, state: Arc::clone(&state) });
        Ok(state)
    }

    async fn records(&self, estate: &Estate) -> Result<Records, FiguresError> {
        match &self.register {
            None => Ok(Records::default()),
            Some(register) => {
                records_of(register, &estate.schools).await.map_err(|error| FiguresError::Failed(error.to_string()))
            }
        }
    }
}

fn look(load: &Arc<LoadEstate>) -> Result<(Estate, u64, Snapshot), FiguresError> {
    let estate = load()?;
    // These parts have no equality of their own, but their debug text holds every field. The roster is left out: pages need no names.
    let mut hasher = DefaultHasher::new();
    format!("{:?}", (&estate.schools, &estate.rolls, &estate.calendar, &estate.policy, &estate.sources)).hash(&mut hasher);
    // A page left open over midnight must not keep yesterday's "to come".
    weir_lake::clock::today_here().hash(&mut hasher);
    let estate_digest = hasher.finish();
    let snapshot = Lake::open(&estate.lake_root)
        .and_then(|lake| lake.snapshot())
        .map_err(|error| FiguresError::Failed(error.to_string()))?;
    Ok((estate, estate_digest, snapshot))
}

async fn look_at(state: Weak<Opened>, schools: Vec<(String, AcademicYear)>) {
    for (school, year) in schools {
        let Some(state) = state.upgrade() else { return };
        // One school that can't be computed must not hide the others; its line says that nothing was looked at.
        if let Err(error) = state.page(&school, year).await {
            tracing::error!(school, %error, "left out of the overview's findings");
        }
    }
}

/// The overview, the groups, and the newest year of each school.
async fn get_ready(opened: &Weak<Opened>) {
    let Some(state) = opened.upgrade() else { return };
    let first = async {
        let (_, waiting) = state.known().await?;
        let year = state.year_of_groups();
        for group in state.groups().await? {
            state.comparison(&group.slug, year).await?;
        }
        Ok::<_, FiguresError>(waiting)
    };
    match first.await {
        Ok(waiting) if !waiting.is_empty() && !state.kept.is_looking.swap(true, Ordering::Relaxed) => {
            drop(state);
            look_at(Weak::clone(opened), waiting).await;
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "figures can't be got ready"),
    }
}

fn failed(error: QueryError) -> FiguresError {
    match error {
        QueryError::UnknownSchool(_) => FiguresError::NotFound,
        busy @ (QueryError::TimedOut { .. } | QueryError::OutOfMemory { .. } | QueryError::FileGone(_)) => {
            FiguresError::Busy(busy.to_string())
        }
        other => FiguresError::Failed(other.to_string()),
    }
}

impl Opened {
    /// The saved questions, the estate's own among them; a file of those is read again once lake or estate change.
    async fn questions(&self) -> Result<&SavedQueries, FiguresError> {
        let folder = self.home.join("queries");
        let read = || async { SavedQueries::of(&self.engine, Some(&folder)).await.map_err(failed) };
        self.kept.questions.get_or_try_init(read).await
    }

    async fn overview(&self) -> Result<Arc<page::Overview>, FiguresError> {
        let made =
            self.kept.overview.get_or_try_init(|| async { page::overview(&self.engine).await.map(Arc::new).map_err(failed) });
        Ok(Arc::clone(made.await?))
    }

    async fn groups(&self) -> Result<&[compare::GroupRef], FiguresError> {
        let year = self.year_of_groups().to_string();
        let made = self.kept.groups.get_or_try_init(|| async { compare::groups(&self.engine, &year).await.map_err(failed) });
        Ok(made.await?)
    }

    /// The year under which groups stand on the page of all schools.
    fn year_of_groups(&self) -> AcademicYear {
        AcademicYear::of(self.engine.today(), "england")
    }

    async fn comparison(&self, group: &str, year: AcademicYear) -> Result<Arc<compare::Comparison>, FiguresError> {
        let key = (group.to_string(), year.to_string());
        let kept = || self.kept.comparisons.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(known) = kept().get(&key).cloned() {
            return Ok(known);
        }
        let found = compare::compare(&self.engine, group, &key.1).await.map_err(failed)?;
        let found = Arc::new(found.ok_or(FiguresError::NotFound)?);
        let mut kept = kept();
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(key, Arc::clone(&found));
        Ok(found)
    }

    async fn year_of(&self, of: &page::School<'_>, year: AcademicYear) -> Result<Arc<page::SchoolYear>, FiguresError> {
        let key = (of.id().to_string(), year.to_string());
        let cell = {
            let mut years = self.kept.years.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            if years.len() >= MOST_KEPT && !years.contains_key(&key) {
                years.clear();
            }
            Arc::clone(years.entry(key.clone()).or_default())
        };
        let made = cell.get_or_try_init(|| async { page::school_year(of, &key.1).await.map(Arc::new).map_err(failed) });
        Ok(Arc::clone(made.await?))
    }

    async fn refs(&self) -> Result<Vec<SchoolRef>, FiguresError> {
        let overview = self.overview().await?;
        let mut schools: Vec<SchoolRef> = overview
            .schools
            .iter()
            .filter_map(|summary| words::school_ref(&summary.school, std::slice::from_ref(&summary.newest_year)))
            .collect();
        schools.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.id.cmp(&b.id)));
        Ok(schools)
    }

    /// What was computed of a school and year so far, without computing it.
    fn ready(&self, school: &str, year: AcademicYear) -> Option<Arc<page::SchoolYear>> {
        let years = self.kept.years.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        years.get(&(school.to_string(), year.to_string())).and_then(|cell| cell.get().cloned())
    }

    /// All schools with what is known by now. Findings need a school's whole page, some seconds each: they are computed one school
    /// after another behind the page's back, so that the first look at the schools never waits for them.
    async fn list(state: &Arc<Self>) -> Result<Overview, FiguresError> {
        let (pages, waiting) = state.known().await?;
        if !waiting.is_empty() && !state.kept.is_looking.swap(true, Ordering::Relaxed) {
            // Not a strong reference: once the lake has changed and nobody shows this state any more, the work ends.
            tokio::spawn(look_at(Arc::downgrade(state), waiting));
        }
        Ok(words::overview(state.overview().await?.as_ref(), &pages))
    }

    /// The newest year of each school as far as it is known by now, and those that are still to be computed, where that can be waited for.
    async fn known(&self) -> Result<(Pages, Vec<(String, AcademicYear)>), FiguresError> {
        let overview = self.overview().await?;
        let (mut pages, mut waiting) = (Pages::new(), Vec::new());
        for summary in &overview.schools {
            let Some(year) = AcademicYear::parse(&summary.newest_year) else { continue };
            match self.ready(&summary.school.school_id, year) {
                Some(page) => drop(pages.insert(summary.school.school_id.clone(), page)),
                None => waiting.push((summary.school.school_id.clone(), year)),
            }
        }
        if overview.schools.len() > SCHOOLS_WITH_FINDINGS {
            waiting.clear();
        }
        Ok((pages, waiting))
    }

    async fn page(&self, school: &str, year: AcademicYear) -> Result<SchoolYear, FiguresError> {
        let of = page::School::new(&self.engine, school);
        let now = self.year_of(&of, year).await?;
        // Last year's half-terms stand beside this year's in charts and tables; a year without logs adds nothing.
        let before = year.previous();
        let last = if now.years.contains(&before.to_string()) { Some(self.year_of(&of, before).await?) } else { None };
        words::school_year(&now, last.as_deref(), year, Audience::Governor).ok_or(FiguresError::NotFound)
    }

    /// The same for another reader than governors: made anew each time, and kept nowhere.
    async fn page_for(&self, school: &str, year: AcademicYear, audience: Audience) -> Result<SchoolYear, FiguresError> {
        let of = page::School::new(&self.engine, school);
        let now = page::school_year_for(&of, &year.to_string(), audience).await.map_err(failed)?;
        let before = year.previous().to_string();
        let last = if now.years.contains(&before) {
            Some(page::school_year_for(&of, &before, audience).await.map_err(failed)?)
        } else {
            None
        };
        words::school_year(&now, last.as_ref(), year, audience).ok_or(FiguresError::NotFound)
    }
}

fn reason(why: &str) -> Result<Reason, FiguresError> {
    Reason::new(why).ok_or_else(|| FiguresError::Failed("no reason was given".into()))
}

/// How far back a change that nobody recorded is looked for.
const CHANGES_SINCE_DAYS: i64 = 366;

async fn changes_seen(engine: &Engine, school: &SchoolId) -> Result<Vec<SeenChanges>, QueryError> {
    let since = engine.today().saturating_sub(jiff::Span::new().days(CHANGES_SINCE_DAYS));
    // A school's id is letters, digits and hyphens: it ends no text.
    let text = format!(
        "SELECT CAST(event_date AS VARCHAR) AS day, count(DISTINCT coalesce(object, '')) AS things,
                count(*) FILTER (WHERE operation = 'configuration') AS settings,
                count(*) FILTER (WHERE operation = 'policy_change') AS policies,
                count(*) FILTER (WHERE operation = 'unblock') AS unblocked
         FROM admin_events
         WHERE school_id = '{school}' AND operation IN ('configuration', 'policy_change', 'unblock') AND event_date >= DATE '{since}'
         GROUP BY event_date ORDER BY event_date DESC"
    );
    let mut seen = Vec::new();
    for batch in &engine.sql(&text, None).await?.batches {
        for row in rows_as_json(batch)? {
            let count = |name: &str| {
                row.get(name).and_then(|value| value.as_u64()).and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
            };
            let Some(day) = row.get("day").and_then(|day| day.as_str()).and_then(|day| day.parse().ok()) else { continue };
            seen.push(SeenChanges {
                day,
                things: count("things"),
                settings: count("settings"),
                policies: count("policies"),
                unblocked: count("unblocked"),
            });
        }
    }
    Ok(seen)
}

impl Evidence for EngineFigures {
    fn words_of<'a>(&'a self, wanted: &'a Wanted, why: &'a str) -> Asked<'a, Vec<Moment>> {
        Box::pin(async { self.state().await?.engine.words_of(wanted, &reason(why)?).await.map_err(failed) })
    }

    fn before_and_after<'a>(&'a self, school: &'a SchoolId, pupil: &'a UserKey, at: i64, why: &'a str) -> Asked<'a, Vec<Moment>> {
        Box::pin(async move {
            let state = self.state().await?;
            state.engine.before_and_after(school, pupil.as_str(), at, &reason(why)?).await.map_err(failed)
        })
    }

    fn whole_year<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, SchoolYear> {
        Box::pin(async move { self.state().await?.page_for(school.as_str(), year, Audience::Dsl).await })
    }

    fn questions(&self) -> Asked<'_, Vec<SavedQuery>> {
        Box::pin(async { Ok(self.state().await?.questions().await?.good.clone()) })
    }

    fn ask<'a>(&'a self, question: &'a str, asked: &'a saved::Asked, written: Asked<'a, ()>) -> Asked<'a, Told> {
        Box::pin(async move {
            let state = self.state().await?;
            let questions = state.questions().await?;
            let question = questions.find(question).map_err(|_| FiguresError::NotFound)?;
            let prepared = match question.prepare(&state.engine, asked).await {
                Ok(prepared) => prepared,
                Err(QueryError::Refused(words)) => return Ok(Told::Refused(words)),
                Err(error) => return Err(failed(error)),
            };
            written.await?;
            let answered = match prepared.answer().await {
                Ok(answered) => answered,
                Err(error @ (QueryError::Refused(_) | QueryError::TooManyRows { .. })) => {
                    return Ok(Told::Refused(error.to_string()));
                }
                Err(error) => return Err(failed(error)),
            };
            Ok(Told::Answer(Box::new(Reply {
                cells: Cells::of(&answered.answer).map_err(failed)?,
                csv: to_csv(&answered.answer).map_err(failed)?,
                parameters: answered.parameters,
                lake_version: answered.lake_version,
            })))
        })
    }

    fn day_of<'a>(
        &'a self,
        school: &'a SchoolId,
        pupil: &'a UserKey,
        day: jiff::civil::Date,
        why: &'a str,
    ) -> Asked<'a, Vec<Moment>> {
        Box::pin(async move {
            let state = self.state().await?;
            state.engine.day_of(school, pupil.as_str(), day, &reason(why)?).await.map_err(failed)
        })
    }

    fn keeping(&self, held: BTreeSet<UserKey>) -> Asked<'_, Keeping> {
        Box::pin(async move {
            let load = Arc::clone(&self.load);
            let asked = tokio::task::spawn_blocking(move || {
                let failed = |error: weir_lake::lake::LakeError| FiguresError::Failed(error.to_string());
                let estate = load()?;
                let lake = Lake::open(&estate.lake_root).map_err(failed)?;
                let snapshot = lake.snapshot().map_err(failed)?;
                let (today, now) = (clock::today_here(), clock::now_micros());
                let plan = |day| lake.retention_plan(&snapshot, &estate, &held, day, now).map_err(failed);
                let (gone, going) = (plan(today)?, plan(today.saturating_add(jiff::Span::new().days(7)))?);
                let past = |table| gone.going.get(&table).map_or(0, |going| going.rows);
                let rows = |(table, rows): (&str, u64)| (rows > 0).then(|| (table.replace('_', " "), rows));
                Ok(Keeping {
                    retention: estate.retention,
                    own_times: u32::try_from(estate.retention_by_school.len()).unwrap_or(u32::MAX),
                    now: gone.going.iter().filter_map(|(table, going)| rows((table.name(), going.rows))).collect(),
                    week: going
                        .going
                        .iter()
                        .filter_map(|(table, going)| rows((table.name(), going.rows.saturating_sub(past(*table)))))
                        .collect(),
                    waiting: u32::try_from(gone.waiting.len()).unwrap_or(u32::MAX),
                })
            });
            asked.await.map_err(|error| FiguresError::Failed(error.to_string()))?
        })
    }

    fn lateness<'a>(&'a self, school: &'a SchoolId) -> Asked<'a, Lateness> {
        Box::pin(async move { self.state().await?.engine.lateness(school).await.map_err(failed) })
    }

    fn changes_seen<'a>(&'a self, school: &'a SchoolId) -> Asked<'a, Vec<SeenChanges>> {
        Box::pin(async move { changes_seen(&self.state().await?.engine, school).await.map_err(failed) })
    }

    fn user_types<'a>(&'a self, school: &'a SchoolId, key: &'a UserKey) -> Asked<'a, BTreeSet<String>> {
        Box::pin(async move { self.state().await?.engine.user_types(school, key.as_str()).await.map_err(failed) })
    }
}

impl Figures for EngineFigures {
    fn schools(&self) -> Asked<'_, Vec<SchoolRef>> {
        Box::pin(async { self.state().await?.refs().await })
    }

    fn overview(&self) -> Asked<'_, Overview> {
        Box::pin(async { Opened::list(&self.state().await?).await })
    }

    fn school_year<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, SchoolYear> {
        Box::pin(async move { self.state().await?.page(school.as_str(), year).await })
    }

    fn public_year<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, SchoolYear> {
        Box::pin(async move { self.state().await?.page_for(school.as_str(), year, Audience::Public).await })
    }

    fn standing<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, Standing> {
        Box::pin(async move {
            let (load, school) = (Arc::clone(&self.load), school.clone());
            let asked = tokio::task::spawn_blocking(move || {
                let failed = |error: weir_lake::lake::LakeError| FiguresError::Failed(error.to_string());
                let lake = Lake::open(&load()?.lake_root).map_err(failed)?;
                let snapshot = lake.snapshot().map_err(failed)?;
                lake.standing(&snapshot, &school, &year.to_string()).map_err(failed)
            });
            asked.await.map_err(|error| FiguresError::Failed(error.to_string()))?
        })
    }

    fn unclaimed(&self) -> Asked<'_, Vec<UnclaimedSource>> {
        Box::pin(async { unclaimed(&self.state().await?.engine).await.map_err(failed) })
    }

    fn groups(&self) -> Asked<'_, Vec<GroupLink>> {
        Box::pin(async {
            let state = self.state().await?;
            Ok(state.groups().await?.iter().map(groups::link).collect())
        })
    }

    fn group<'a>(&'a self, group: &'a str, year: AcademicYear) -> Asked<'a, Group> {
        Box::pin(async move {
            let state = self.state().await?;
            let found = state.comparison(group, year).await?;
            groups::group(&found, year).ok_or(FiguresError::NotFound)
        })
    }

    fn methods(&self) -> Asked<'_, Vec<Method>> {
        Box::pin(async {
            let mut methods: Vec<Method> = Indicator::all()
                .map_err(failed)?
                .iter()
                .filter(|indicator| words::is_for_governors(&indicator.audience))
                .map(words::definition)
                .collect();
            methods.sort_by(|a, b| a.title.cmp(&b.title));
            Ok(methods)
        })
    }
}
