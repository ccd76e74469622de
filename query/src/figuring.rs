//! From an indicator's cells, one a day or week, to the rows of each half-term or week of a school's year: adding up, how much weeks vary,
//! how many people stand behind a sum, and the row without a figure where there are no logs. Alike for all indicators.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, RecordBatch, StringArray};
use tokio::sync::OnceCell;
use weir_lake::estate::AcademicYear;

use crate::engine::Asker;
use crate::error::QueryError;
use crate::frame::{self, Asked, By, Grain, Question};
use crate::indicator::{Cells, FigureRow, Hides, Indicator};
use crate::rows::{numbers, rows, texts, wholes};
use crate::state::Unit;

/// A day of 1970's count, or a half-term's number: what a sum is of.
type Span = i64;

/// A half-term, or a week, of a school's year.
struct Told {
    year: String,
    span: Span,
    row: FigureRow,
}

/// Of each year: a day -> its half-term and week.
type Places = HashMap<String, HashMap<i64, (Span, Span)>>;

/// The school days and weeks of a school, and the half-terms and weeks that its figures are told of.
pub(crate) struct Terms {
    days: Places,
    weeks: Places,
    half_terms: Vec<Told>,
    told_weeks: Vec<Told>,
}

impl Terms {
    /// From the answers of [`frame::terms`].
    pub(crate) fn new(school: &str, answers: &[Vec<RecordBatch>]) -> Result<Self, QueryError> {
        let [days, weeks, half_terms, told_weeks] = answers else {
            return Err(QueryError::Shape { what: "a school's terms".into(), expected: "four answers".into() });
        };
        Ok(Self {
            days: placed(days)?,
            weeks: placed(weeks)?,
            half_terms: told(school, half_terms, "period_no")?,
            told_weeks: told(school, told_weeks, "week")?,
        })
    }
}

fn placed(answer: &[RecordBatch]) -> Result<Places, QueryError> {
    let mut places = Places::new();
    for batch in answer {
        let years = texts(batch, "academic_year")?;
        let (days, periods, weeks) = (wholes(batch, "day")?, wholes(batch, "period_no")?, wholes(batch, "week")?);
        for (at, ((day, period), week)) in days.into_iter().zip(periods).zip(weeks).enumerate() {
            if let (Some(day), Some(period), Some(week)) = (day, period, week) {
                places.entry(years.value(at).to_string()).or_default().insert(day, (period, week));
            }
        }
    }
    Ok(places)
}

fn told(school: &str, answer: &[RecordBatch], span: &str) -> Result<Vec<Told>, QueryError> {
    let mut all = Vec::new();
    for batch in answer {
        let spans = wholes(batch, span)?;
        for (row, span) in rows(std::slice::from_ref(batch)).zip(spans) {
            let year = row.required_text("academic_year")?;
            let (counted_days, logged_days) = (row.count("counted_days")? as u32, row.count("logged_days")? as u32);
            all.push(Told {
                year: year.clone(),
                span: span.unwrap_or_default(),
                row: FigureRow {
                    indicator: String::new(),
                    version: 0,
                    school_id: school.to_string(),
                    academic_year: year,
                    period_no: row.count("period_no")? as u32,
                    label: row.required_text("label")?,
                    week: row.day("week")?,
                    start: row.required_day("start_date")?,
                    end: row.required_day("end_date")?,
                    school_days: row.count("school_days")? as u32,
                    past_days: row.count("past_days")? as u32,
                    counted_days,
                    logged_days,
                    pupils: row.whole("pupils")?.map(|pupils| pupils.max(0) as u32),
                    dimension: None,
                    part: None,
                    numerator: None,
                    denominator: None,
                    value: None,
                    coverage: (counted_days > 0).then(|| f64::from(logged_days) / f64::from(counted_days)),
                    comparable: None,
                    people: None,
                    most_active: None,
                    dispersion: None,
                },
            });
        }
    }
    Ok(all)
}

/// Numbers of which some may be missing, added up: none only where all are.
fn add(sum: &mut Option<f64>, one: Option<f64>) {
    if let Some(one) = one {
        *sum = Some(sum.unwrap_or(0.0) + one);
    }
}

/// What is known of one half-term or week.
#[derive(Default)]
struct Sum {
    numerator: Option<f64>,
    denominator: Option<f64>,
    value: Option<f64>,
    comparable: Option<f64>,
    people: Option<i64>,
    dispersion: Option<f64>,
}

/// Theme or source, and part: empty for none.
type Kind = (String, String);

/// The sums of each kind by half-term or week.
type Sums = BTreeMap<Kind, BTreeMap<Span, Sum>>;

/// Numerator and denominator of each week of a sum.
type Weeks = BTreeMap<Span, [Option<f64>; 2]>;

/// How many people stand behind a sum, and the most active one's part.
type People = HashMap<(Kind, Span), (u64, f64)>;

/// One figure of a school's year.
pub(crate) struct Figured<'a> {
    pub indicator: &'a Indicator,
    pub year: AcademicYear,
    pub grain: Grain,
}

impl Figured<'_> {
    /// Every half-term or week of the year, with what was found of it: what has no logs has no figure.
    pub(crate) fn rows(
        &self,
        terms: &Terms,
        cells: &[RecordBatch],
        persons: Option<&[RecordBatch]>,
    ) -> Result<Vec<FigureRow>, QueryError> {
        let year = self.year.to_string();
        let places = match self.indicator.cells {
            Cells::SchoolDays | Cells::SchoolDaysSummed => &terms.days,
            Cells::SchoolWeeks | Cells::SchoolWeeksSummed => &terms.weeks,
        };
        let places = places.get(&year);
        // Days of other years, of holidays and to come have no place in it.
        let place = |day: i64| {
            let (half_term, week) = *places?.get(&day)?;
            Some((if self.grain == Grain::Week { week } else { half_term }, week))
        };
        let sums = match self.indicator.cells {
            Cells::SchoolDays | Cells::SchoolWeeks => self.added(cells, place)?,
            Cells::SchoolDaysSummed | Cells::SchoolWeeksSummed => given(cells)?,
        };
        let people = persons.map_or_else(|| Ok(People::new()), |persons| people(persons, place))?;
        let told = match self.grain {
            Grain::HalfTerm => &terms.half_terms,
            Grain::Week => &terms.told_weeks,
        };
        // What has a theme, source or part first, by name.
        let mut kinds: Vec<&Kind> = sums.keys().collect();
        let last = |text: &String| (text.is_empty(), text.clone());
        kinds.sort_by_key(|(dimension, part)| (last(dimension), last(part)));
        let none = (String::new(), String::new());
        if kinds.is_empty() {
            kinds.push(&none);
        }
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        let mut rows = Vec::new();
        for kind in kinds {
            for told in told.iter().filter(|told| told.year == year) {
                let sum = sums.get(kind).and_then(|sums| sums.get(&told.span));
                let behind = people.get(&(kind.clone(), told.span)).copied().filter(|_| !sums.is_empty());
                let counted = behind.map_or(0, |(people, _)| people);
                let mut row = FigureRow {
                    indicator: self.indicator.id.clone(),
                    version: self.indicator.version,
                    dimension: some(&kind.0),
                    part: some(&kind.1),
                    most_active: behind.map(|(_, most)| most),
                    ..told.row.clone()
                };
                if let Some(sum) = sum {
                    (row.numerator, row.denominator, row.value) = (sum.numerator, sum.denominator, sum.value);
                    (row.comparable, row.dispersion) = (sum.comparable, sum.dispersion);
                    let told_people = sum.people.unwrap_or(0).max(0).unsigned_abs();
                    row.people = (self.indicator.hides == Hides::People).then(|| counted.max(told_people));
                }
                rows.push(row);
            }
        }
        Ok(rows)
    }

    /// Cells added up to half-terms or weeks.
    fn added(&self, cells: &[RecordBatch], place: impl Fn(i64) -> Option<(Span, Span)>) -> Result<Sums, QueryError> {
        let mut sums = Sums::new();
        let mut weekly: BTreeMap<(Kind, Span), Weeks> = BTreeMap::new();
        for batch in cells {
            let (days, dimensions, parts) = (wholes(batch, "day")?, texts(batch, "dimension")?, texts(batch, "part")?);
            let (numerators, denominators) = (numbers(batch, "numerator")?, numbers(batch, "denominator")?);
            let (comparables, peoples) = (numbers(batch, "comparable")?, wholes(batch, "people")?);
            for (at, day) in days.into_iter().enumerate() {
                let Some((span, week)) = day.and_then(&place) else { continue };
                let kind = kind(&dimensions, &parts, at);
                let week = weekly.entry((kind.clone(), span)).or_default().entry(week).or_default();
                add(&mut week[0], numerators[at]);
                add(&mut week[1], denominators[at]);
                let sum = sums.entry(kind).or_default().entry(span).or_default();
                add(&mut sum.numerator, numerators[at]);
                add(&mut sum.denominator, denominators[at]);
                add(&mut sum.comparable, comparables[at]);
                sum.people = sum.people.max(peoples[at]);
            }
        }
        for (kind, sums) in &mut sums {
            for (span, sum) in sums {
                sum.value = match self.indicator.unit {
                    Unit::Count | Unit::Days | Unit::Hours | Unit::Minutes => sum.numerator,
                    unit => sum
                        .numerator
                        .zip(sum.denominator.filter(|denominator| *denominator != 0.0))
                        .map(|(numerator, denominator)| unit.scale() * numerator / denominator),
                };
                let weeks = weekly.get(&(kind.clone(), *span)).map(|weeks| weeks.values().copied().collect::<Vec<_>>());
                sum.dispersion = dispersion(sum, &weeks.unwrap_or_default());
            }
        }
        Ok(sums)
    }
}

/// How many times more the weeks vary than chance; none where it can't be told.
fn dispersion(sum: &Sum, weeks: &[[Option<f64>; 2]]) -> Option<f64> {
    let (all, over) = (sum.numerator.filter(|all| *all > 0.0)?, sum.denominator?);
    let mut count = 0_u32;
    let mut squares = 0.0;
    for [numerator, denominator] in weeks {
        let Some(denominator) = denominator.filter(|denominator| *denominator > 0.0) else { continue };
        count += 1;
        let expected = denominator * all / over;
        squares += numerator.map_or(0.0, |numerator| (numerator - expected).powi(2) / expected);
    }
    (count > 1).then(|| (squares / f64::from(count - 1)).max(1.0))
}

fn kind(dimensions: &StringArray, parts: &StringArray, at: usize) -> Kind {
    let text = |array: &StringArray| {
        if array.is_null(at) { String::new() } else { array.value(at).to_string() }
    };
    (text(dimensions), text(parts))
}

/// An indicator that gives the sums of each half-term or week itself, because its cells don't add up.
fn given(cells: &[RecordBatch]) -> Result<Sums, QueryError> {
    let mut sums = Sums::new();
    for batch in cells {
        let (spans, dimensions, parts) = (wholes(batch, "key")?, texts(batch, "dimension")?, texts(batch, "part")?);
        let (numerators, denominators) = (numbers(batch, "numerator")?, numbers(batch, "denominator")?);
        let (values, comparables, peoples) = (numbers(batch, "value")?, numbers(batch, "comparable")?, wholes(batch, "people")?);
        for (at, span) in spans.into_iter().enumerate() {
            let Some(span) = span else { continue };
            let sum = Sum {
                numerator: numerators[at],
                denominator: denominators[at],
                value: values[at],
                comparable: comparables[at],
                people: peoples[at],
                dispersion: None,
            };
            sums.entry(kind(&dimensions, &parts, at)).or_default().insert(span, sum);
        }
    }
    Ok(sums)
}

/// Distinct people behind each sum, and how much of it is the most active one's.
fn people(persons: &[RecordBatch], place: impl Fn(i64) -> Option<(Span, Span)>) -> Result<People, QueryError> {
    let mut each: HashMap<(Kind, Span), HashMap<String, f64>> = HashMap::new();
    for batch in persons {
        let (days, dimensions, parts) = (wholes(batch, "day")?, texts(batch, "dimension")?, texts(batch, "part")?);
        let (persons, shares) = (texts(batch, "person")?, numbers(batch, "share")?);
        for (at, day) in days.into_iter().enumerate() {
            let Some((span, _)) = day.and_then(&place) else { continue };
            let people = each.entry((kind(&dimensions, &parts, at), span)).or_default();
            let person = if persons.is_null(at) { String::new() } else { persons.value(at).to_string() };
            *people.entry(person).or_default() += shares[at].unwrap_or(0.0);
        }
    }
    let told = |people: HashMap<String, f64>| (people.len() as u64, people.into_values().fold(0.0, f64::max));
    Ok(each.into_iter().map(|(of, people)| (of, told(people))).collect())
}

/// Figures of one school in a context of the engine: what is the same for several years or indicators is asked once.
pub(crate) struct Figuring {
    asker: Asker,
    school: String,
    terms: OnceCell<Terms>,
    /// Answers of questions that name no year, by their text.
    known: Mutex<HashMap<String, Arc<Vec<RecordBatch>>>>,
}

impl Figuring {
    pub(crate) fn new(asker: Asker, school: &str) -> Self {
        Self { asker, school: school.to_string(), terms: OnceCell::new(), known: Mutex::default() }
    }

    async fn terms(&self) -> Result<&Terms, QueryError> {
        let asked = || async { Terms::new(&self.school, &self.asker.all(frame::terms(&self.school).into()).await?) };
        self.terms.get_or_try_init(asked).await
    }

    /// The rows of some indicators and years, in their order.
    pub(crate) async fn figures(
        &self,
        wanted: &[(&Indicator, AcademicYear)],
        (grain, by): (Grain, Option<By>),
    ) -> Result<Vec<Vec<FigureRow>>, QueryError> {
        let asked: Vec<Asked> =
            wanted.iter().map(|(indicator, year)| frame::asked(indicator, &self.school, *year, grain, by)).collect();
        let mut questions = Vec::new();
        for one in &asked {
            questions.push(one.cells.clone());
            questions.extend(one.persons.clone());
        }
        let answers = self.answers(questions).await?;
        let terms = self.terms().await?;
        let of = |question: &Question| answers.get(&name(question)).map_or(&[][..], |answer| answer.as_slice());
        wanted
            .iter()
            .zip(&asked)
            .map(|((indicator, year), asked)| {
                let figured = Figured { indicator, year: *year, grain };
                figured.rows(terms, of(&asked.cells), asked.persons.as_ref().map(of))
            })
            .collect()
    }

    /// Answers by the name of their question.
    async fn answers(&self, questions: Vec<Question>) -> Result<HashMap<String, Arc<Vec<RecordBatch>>>, QueryError> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut answers, mut open) = (HashMap::new(), BTreeMap::new());
        for question in questions {
            let name = name(&question);
            match known().get(&name) {
                Some(answer) => drop(answers.insert(name, Arc::clone(answer))),
                None => drop(open.insert(name, question)),
            }
        }
        let (names, questions): (Vec<String>, Vec<Question>) = open.into_iter().unzip();
        let of_no_year: Vec<bool> =
            questions.iter().map(|question| question.parameters.iter().all(|(name, _)| *name == "school")).collect();
        for ((name, answer), of_no_year) in names.into_iter().zip(self.asker.all(questions).await?).zip(of_no_year) {
            let answer = Arc::new(answer);
            if of_no_year {
                known().insert(name.clone(), Arc::clone(&answer));
            }
            answers.insert(name, answer);
        }
        Ok(answers)
    }
}

/// What tells questions of one school apart: the text and the year.
fn name(question: &Question) -> String {
    let years = question.parameters.iter().filter(|(name, _)| *name != "school");
    years.fold(question.text.clone(), |text, (name, value)| format!("{text}\n{name} {value}"))
}
