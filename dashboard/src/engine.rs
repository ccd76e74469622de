//! Figures from the lake: opens a snapshot, asks the query engine, and puts its answers into the words of a page.
//!
//! A snapshot is looked for again every few seconds, and so are the estate's files; what was computed for one is kept until
//! either changes. Pages say which lake version they were made from.

mod words;

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fmt::Display;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OnceCell};
use weir_lake::estate::{AcademicYear, Estate};
use weir_lake::ids::SchoolId;
use weir_lake::lake::{Lake, Snapshot};
use weir_query::engine::{Engine, EngineOptions};
use weir_query::error::QueryError;
use weir_query::page;

use crate::figures::{Asked, Figures, FiguresError};
use crate::view::{Method, Overview, SchoolRef, SchoolYear};

/// How long an opened snapshot is used before the lake and the estate's files are looked at again. A person who reloads a page
/// after a run sees it; a page of several requests sees one state.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// Up to this many schools the overview also says what to look at in each; beyond it would compute too many pages at once.
const SCHOOLS_WITH_FINDINGS: usize = 24;

/// A school and year, computed once however many ask at the same time.
type YearCell = Arc<OnceCell<Arc<page::SchoolYear>>>;

type LoadEstate = dyn Fn() -> Result<Estate, FiguresError> + Send + Sync;

/// Figures of a lake.
pub struct EngineFigures {
    load: Arc<LoadEstate>,
    options: EngineOptions,
    opened: Mutex<Option<Arc<Opened>>>,
}

/// One state of lake and estate, and what was computed from it.
struct Opened {
    looked: Instant,
    version: u64,
    estate_digest: u64,
    engine: Arc<Engine>,
    kept: Arc<Kept>,
}

#[derive(Default)]
struct Kept {
    overview: OnceCell<Arc<page::Overview>>,
    years: std::sync::Mutex<HashMap<(String, String), YearCell>>,
}

impl EngineFigures {
    /// Figures of the estate that `load` reads; it is read again when pages are asked for, so that an edited calendar shows at once.
    pub fn new<E: Display>(load: impl Fn() -> Result<Estate, E> + Send + Sync + 'static, options: EngineOptions) -> Self {
        Self {
            load: Arc::new(move || load().map_err(|error| FiguresError::Failed(error.to_string()))),
            options,
            opened: Mutex::new(None),
        }
    }

    /// The newest state; opened again where lake or estate changed.
    async fn state(&self) -> Result<Arc<Opened>, FiguresError> {
        let mut opened = self.opened.lock().await;
        if let Some(state) = opened.as_ref().filter(|state| state.looked.elapsed() < LOOK_AGAIN) {
            return Ok(Arc::clone(state));
        }
        let (load, options, before) = (Arc::clone(&self.load), self.options.clone(), opened.clone());
        // Reading the estate and the lake's log are file operations.
        let (estate, estate_digest, snapshot) =
            tokio::task::spawn_blocking(move || look(&load)).await.map_err(|error| FiguresError::Failed(error.to_string()))??;
        let (looked, version) = (Instant::now(), snapshot.version);
        let (engine, kept) = match before.filter(|before| before.version == version && before.estate_digest == estate_digest) {
            Some(before) => (Arc::clone(&before.engine), Arc::clone(&before.kept)),
            None => (Arc::new(Engine::open(&snapshot, &estate, &options).map_err(failed)?), Arc::default()),
        };
        let state = Arc::new(Opened { looked, version, estate_digest, engine, kept });
        *opened = Some(Arc::clone(&state));
        Ok(state)
    }
}

fn look(load: &Arc<LoadEstate>) -> Result<(Estate, u64, Snapshot), FiguresError> {
    let estate = load()?;
    // These parts have no equality of their own, but their debug text holds every field. The roster is left out: pages need no names.
    let mut hasher = DefaultHasher::new();
    format!("{:?}", (&estate.schools, &estate.rolls, &estate.calendar, &estate.policy, &estate.sources)).hash(&mut hasher);
    // A page left open over midnight must not keep yesterday's "to come".
    jiff::Zoned::now().date().hash(&mut hasher);
    let estate_digest = hasher.finish();
    let snapshot = Lake::open(&estate.lake_root)
        .and_then(|lake| lake.snapshot())
        .map_err(|error| FiguresError::Failed(error.to_string()))?;
    Ok((estate, estate_digest, snapshot))
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
    async fn overview(&self) -> Result<Arc<page::Overview>, FiguresError> {
        let made =
            self.kept.overview.get_or_try_init(|| async { page::overview(&self.engine).await.map(Arc::new).map_err(failed) });
        Ok(Arc::clone(made.await?))
    }

    async fn school_year(&self, school: &str, year: AcademicYear) -> Result<Arc<page::SchoolYear>, FiguresError> {
        let key = (school.to_string(), year.to_string());
        let cell = {
            let mut years = self.kept.years.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            Arc::clone(years.entry(key.clone()).or_default())
        };
        let made = cell
            .get_or_try_init(|| async { page::school_year(&self.engine, &key.0, &key.1).await.map(Arc::new).map_err(failed) });
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

    async fn list(&self) -> Result<Overview, FiguresError> {
        let overview = self.overview().await?;
        let mut pages = HashMap::new();
        if overview.schools.len() <= SCHOOLS_WITH_FINDINGS {
            for summary in &overview.schools {
                if let Some(year) = AcademicYear::parse(&summary.newest_year) {
                    match self.school_year(&summary.school.school_id, year).await {
                        Ok(page) => drop(pages.insert(summary.school.school_id.clone(), page)),
                        // One school that can't be computed must not hide the others; its line says that nothing was looked at.
                        Err(error) => {
                            tracing::error!(school = summary.school.school_id, %error, "left out of the overview's findings")
                        }
                    }
                }
            }
        }
        Ok(words::overview(&overview, &pages))
    }

    async fn page(&self, school: &str, year: AcademicYear) -> Result<SchoolYear, FiguresError> {
        let now = self.school_year(school, year).await?;
        // Last year's half-terms stand beside this year's in charts and tables; a year without logs adds nothing.
        let before = year.previous();
        let last = if now.years.contains(&before.to_string()) { Some(self.school_year(school, before).await?) } else { None };
        words::school_year(&now, last.as_deref(), year).ok_or(FiguresError::NotFound)
    }
}

impl Figures for EngineFigures {
    fn schools(&self) -> Asked<'_, Vec<SchoolRef>> {
        Box::pin(async { self.state().await?.refs().await })
    }

    fn overview(&self) -> Asked<'_, Overview> {
        Box::pin(async { self.state().await?.list().await })
    }

    fn school_year<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, SchoolYear> {
        Box::pin(async move { self.state().await?.page(school.as_str(), year).await })
    }

    fn methods(&self) -> Asked<'_, Vec<Method>> {
        Box::pin(async {
            let state = self.state().await?;
            let overview = state.overview().await?;
            let mut methods: Vec<Method> = Vec::new();
            for summary in &overview.schools {
                let Some(year) = AcademicYear::parse(&summary.newest_year) else { continue };
                let page = state.school_year(&summary.school.school_id, year).await?;
                for figure in page.figures.iter().filter(|figure| words::is_for_governors(&figure.audience)) {
                    if methods.iter().all(|method| method.id != figure.indicator) {
                        methods.push(words::method(figure));
                    }
                }
                if !methods.is_empty() {
                    break;
                }
            }
            methods.sort_by(|a, b| a.title.cmp(&b.title));
            Ok(methods)
        })
    }
}
