//! One school and one year: three plain answers, what to look at, the figure cards, how complete the logs are, the year by day.

use std::collections::BTreeMap;

use askama::Template;
use weir_query::indicator::Group;
use weir_register::Ability;

use super::{Frame, NextStep, Picker};
use crate::chart::{Scale, Svg, coverage_bar, legend, spark, state_shape, strip, tone_shape};
use crate::gate::Viewer;
use crate::view::{Answer, Block, DayKind, Figure, Finding, Missing, SchoolRef, SchoolYear, Shown, State, Tone};
use crate::words;

/// The page.
#[derive(Debug, Template)]
#[template(path = "school.html")]
pub(crate) struct SchoolPage {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) base: String,
    pub(crate) lede: Vec<String>,
    pub(crate) answers: Vec<AnswerRow>,
    pub(crate) steps: Vec<NextStep>,
    pub(crate) findings: Vec<FindingBox>,
    pub(crate) period: Option<String>,
    pub(crate) groups: Vec<CardGroup>,
    pub(crate) folded: Vec<Card>,
    pub(crate) differing: Vec<(String, String)>,
    pub(crate) periods: Vec<PeriodRow>,
    pub(crate) sources: Vec<SourceRow>,
    pub(crate) unseen: Vec<String>,
    pub(crate) year: Option<YearByDay>,
    pub(crate) has_logs: bool,
    /// Where the register's pages begin, for those who may open them.
    pub(crate) register: Option<String>,
    /// Where questions and visits are, for those who read them.
    pub(crate) questions: Option<String>,
    /// Where a technician uploads an export.
    pub(crate) upload: Option<String>,
}

/// One of the three answers.
#[derive(Debug)]
pub(crate) struct AnswerRow {
    pub(crate) question: String,
    pub(crate) class: &'static str,
    pub(crate) shape: Svg,
    pub(crate) lead: String,
    pub(crate) text: String,
}

/// Something to look at.
#[derive(Debug)]
pub(crate) struct FindingBox {
    pub(crate) class: &'static str,
    pub(crate) shape: Svg,
    pub(crate) words: &'static str,
    pub(crate) title: String,
    pub(crate) detail: String,
    pub(crate) ask: String,
    pub(crate) link: Option<(String, String)>,
}

/// The cards of one question.
#[derive(Debug)]
pub(crate) struct CardGroup {
    pub(crate) id: String,
    pub(crate) question: &'static str,
    /// How many there are, and how many are not as usual: for the list of questions above the cards.
    pub(crate) summary: String,
    pub(crate) cards: Vec<Card>,
}

/// A figure card, in the order in which it is read aloud.
#[derive(Debug)]
pub(crate) struct Card {
    pub(crate) id: String,
    pub(crate) link: String,
    pub(crate) class: &'static str,
    pub(crate) shape: Svg,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    pub(crate) title: String,
    pub(crate) figure: String,
    pub(crate) is_number: bool,
    pub(crate) unit: String,
    pub(crate) comparison: String,
    pub(crate) picture: Option<Svg>,
    pub(crate) plainly: Option<String>,
    pub(crate) meaning: String,
    pub(crate) ask: String,
    /// Where the reader asks the head about it, if they may.
    pub(crate) asks: Option<String>,
    pub(crate) provenance: String,
    pub(crate) logs: String,
}

/// A half-term in the table of logs.
#[derive(Debug)]
pub(crate) struct PeriodRow {
    pub(crate) label: String,
    pub(crate) dates: String,
    pub(crate) bar: Svg,
    pub(crate) logs: String,
    pub(crate) is_current: bool,
}

/// A source of logs.
#[derive(Debug)]
pub(crate) struct SourceRow {
    pub(crate) name: String,
    pub(crate) layer: String,
    pub(crate) days: String,
    pub(crate) logs: String,
}

/// The year by day: pictures, key and the same as a table.
#[derive(Debug)]
pub(crate) struct YearByDay {
    pub(crate) caption: &'static str,
    pub(crate) blocks: Vec<(String, Svg)>,
    pub(crate) key: Vec<(Svg, String)>,
    pub(crate) weeks: Vec<WeekRow>,
}

/// A week of that table.
#[derive(Debug)]
pub(crate) struct WeekRow {
    pub(crate) label: String,
    pub(crate) block: String,
    pub(crate) days: [String; 5],
}

impl SchoolPage {
    /// The page.
    pub(crate) fn new(page: &SchoolYear, schools: &[SchoolRef]) -> Self {
        let base = format!("/school/{}/{}", page.school.id, page.year);
        let current = page.current.and_then(|position| page.periods.get(position));
        // A page of empty cards buries the others: what has no number is one list.
        // A theme's own card says how it changed; the review has the changes side by side.
        let figures = page.figures.iter().filter(|figure| figure.method.id != "theme_change");
        let (cards, folded) = figures.partition::<Vec<&Figure>, _>(|figure| figure.shown().number().is_some());
        let make = |figures: Vec<&Figure>| figures.into_iter().map(|figure| Card::new(figure, page, &base)).collect::<Vec<_>>();
        let mut grouped: BTreeMap<Group, Vec<&Figure>> = BTreeMap::new();
        for figure in cards {
            grouped.entry(figure.group).or_default().push(figure);
        }
        let groups = grouped
            .into_iter()
            .enumerate()
            .map(|(position, (group, figures))| CardGroup {
                id: format!("group-{}", position + 1),
                question: group.question(),
                summary: summary(&figures),
                cards: make(figures),
            })
            .collect();
        let folded = make(folded);
        let title = format!("{}, {}", page.school.name, words::year_words(page.year));
        Self {
            frame: Frame {
                picker: Some(Picker::new(schools, &page.school, page.year, None)),
                as_of: page.as_of,
                ..Frame::plain(&title)
            },
            name: page.school.name.clone(),
            lede: lede(page),
            answers: page
                .answers
                .iter()
                .map(|answer| (answer, answer_tone(answer)))
                .map(|(answer, tone)| AnswerRow {
                    question: answer.question.clone(),
                    class: tone.class(),
                    shape: tone_shape(tone),
                    lead: answer.lead.clone(),
                    text: answer.text.clone(),
                })
                .collect(),
            steps: page.missing.iter().map(|missing| NextStep::of(missing, &page.school, page.year)).collect(),
            findings: page.findings.iter().map(|finding| FindingBox::new(finding, &base, &page.figures)).collect(),
            period: current.map(|period| period.label.clone()),
            groups,
            folded,
            differing: page
                .figures
                .iter()
                .filter(|figure| matches!(figure.state, State::Higher | State::Lower))
                .map(|figure| (format!("{base}/figure/{}", figure.id), format!("{}: {}", figure.title, figure.state.words())))
                .collect(),
            periods: page
                .periods
                .iter()
                .enumerate()
                .map(|(position, period)| PeriodRow {
                    label: period.label.clone(),
                    dates: format!("{} to {}", words::short_day(period.start), words::day(period.end)),
                    bar: coverage_bar(period.coverage),
                    logs: words::days_of(period.coverage),
                    is_current: page.current == Some(position),
                })
                .collect(),
            sources: page
                .sources
                .iter()
                .map(|source| SourceRow {
                    name: source.name.clone(),
                    layer: source.layer.clone(),
                    days: source.days.map_or_else(
                        || String::from("never sent any"),
                        |(first, last)| format!("{} to {}", words::day(first), words::day(last)),
                    ),
                    logs: words::days_of(source.coverage),
                })
                .collect(),
            unseen: page.unseen.clone(),
            year: YearByDay::new(page),
            register: Viewer::may(Ability::ReadRegister, &page.school.id).then(|| format!("/school/{}", page.school.id)),
            questions: Viewer::may(Ability::ReadQuestions, &page.school.id)
                .then(|| format!("/school/{}/questions", page.school.id)),
            upload: Viewer::may(Ability::Upload, &page.school.id).then(|| format!("/school/{}/upload", page.school.id)),
            has_logs: !page.missing.iter().any(|missing| matches!(missing, Missing::NoLake | Missing::NoRows(_))),
            base,
        }
    }
}

/// "5 figures, 1 not as usual".
fn summary(figures: &[&Figure]) -> String {
    let differ = figures.iter().filter(|figure| matches!(figure.state, State::Higher | State::Lower)).count();
    let all = words::plural(u32::try_from(figures.len()).unwrap_or(u32::MAX), "figure");
    if differ == 0 { all } else { format!("{all}, {differ} not as usual") }
}

fn lede(page: &SchoolYear) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(period) = page.current.and_then(|position| page.periods.get(position)) {
        let so_far = if period.unfinished { " so far" } else { "" };
        parts.push(format!(
            "{}{so_far}, {} to {}{}.",
            period.label,
            words::short_day(period.start),
            words::day(period.end),
            compared(page)
        ));
        if let Some(pupils) = page.pupils {
            parts.push(format!("{} on roll.", words::plural(pupils, "pupil")));
        }
        parts.push(format!("{}.", words::capital(&words::logs_on(period.coverage))));
        let is_open = |figure: &Figure| figure.now().is_some_and(|point| point.value.number().is_some() && !point.is_final);
        if page.figures.iter().any(is_open) {
            parts.push("These figures are not final: late logs may still change them.".into());
        }
    } else {
        parts.push(format!("The school year {}.", words::year_words(page.year)));
        if let Some(pupils) = page.pupils {
            parts.push(format!("{} on roll.", words::plural(pupils, "pupil")));
        }
    }
    parts
}

/// Nothing says in green that filtering works: logs can show a failure, never that there is none.
fn answer_tone(answer: &Answer) -> Tone {
    match answer.tone {
        Tone::Fine if answer.question == "Is filtering working?" => Tone::Quiet,
        tone => tone,
    }
}

/// What the figures were compared with, as far as one phrase can say it.
fn compared(page: &SchoolYear) -> &'static str {
    let mut with = page.figures.iter().map(|figure| figure.comparison.as_str()).filter(|comparison| !comparison.is_empty());
    match with.next() {
        None => "",
        Some(first) if first.contains("last year") || with.any(|other| other.contains("last year")) => {
            ", compared with the same half-term last year"
        }
        Some(_) => ", compared with earlier half-terms",
    }
}

impl FindingBox {
    pub(crate) fn new(finding: &Finding, base: &str, figures: &[Figure]) -> Self {
        let link = finding.figure.as_ref().and_then(|id| figures.iter().find(|figure| &figure.id == id));
        Self {
            class: finding.tone.class(),
            shape: tone_shape(finding.tone),
            words: finding.tone.words(),
            title: finding.title.clone(),
            detail: finding.detail.clone(),
            ask: finding.ask.clone(),
            link: link.map(|figure| (format!("{base}/figure/{}", figure.id), figure.title.clone())),
        }
    }
}

impl Card {
    /// A card.
    pub(crate) fn new(figure: &Figure, page: &SchoolYear, base: &str) -> Self {
        let shown = figure.shown();
        Self {
            id: figure.id.clone(),
            link: format!("{base}/figure/{}", figure.id),
            class: figure.state.class(),
            shape: state_shape(figure.state),
            state: figure.state.words().into(),
            // The number's place says it already where it is hidden.
            reason: figure.reason.clone().filter(|reason| reason != words::FEWER_THAN_5),
            title: figure.title.clone(),
            figure: words::spoken(shown, &figure.unit),
            is_number: matches!(shown, Shown::Number(_)),
            // "fewer than 5 in every 100 pupils" would be another statement, and a false one.
            unit: match shown {
                Shown::Number(_) => figure.unit.words.clone(),
                Shown::Hidden => "or hidden to protect such a number".into(),
                _ => String::new(),
            },
            comparison: figure.comparison.clone(),
            picture: spark(figure, &page.periods),
            plainly: words::plainly(figure),
            meaning: figure.meaning.clone(),
            ask: figure.ask.clone(),
            asks: Viewer::may(Ability::AskQuestions, &page.school.id).then(|| format!("{base}/figure/{}/ask", figure.id)),
            provenance: figure.provenance.clone(),
            logs: words::logs_on(figure.coverage),
        }
    }
}

impl YearByDay {
    fn new(page: &SchoolYear) -> Option<Self> {
        let any = page
            .blocks
            .iter()
            .flat_map(|block| &block.days)
            .any(|day| matches!(day.kind, DayKind::Stopped(_) | DayKind::Few | DayKind::NoLogs));
        if !any {
            return None;
        }
        let scale = Scale::of(&page.blocks);
        let caption = if page.days_per_hundred {
            "Requests stopped on each school day, all categories, for every 100 pupils"
        } else {
            "Requests stopped on each school day, all categories"
        };
        let unit = if page.days_per_hundred { "Requests stopped for every 100 pupils" } else { "Requests stopped" };
        Some(Self {
            caption,
            blocks: page
                .blocks
                .iter()
                .enumerate()
                .filter_map(|(position, block)| Some((block.label.clone(), strip(block, position, scale, unit)?)))
                .collect(),
            key: legend(scale),
            weeks: page.blocks.iter().flat_map(|block| weeks(block, scale.decimals())).collect(),
        })
    }
}

/// A block's days as rows of Monday to Friday.
fn weeks(block: &Block, decimals: usize) -> Vec<WeekRow> {
    let mut rows: Vec<(jiff::civil::Date, WeekRow)> = Vec::new();
    for day in &block.days {
        let offset = day.date.weekday().to_monday_zero_offset();
        let Ok(column) = usize::try_from(offset) else { continue };
        let monday = day.date.saturating_sub(jiff::Span::new().days(i64::from(offset)));
        if rows.last().is_none_or(|(week, _)| *week != monday) {
            let row = WeekRow {
                label: words::day(monday),
                block: block.label.clone(),
                days: std::array::from_fn(|_| String::from("\u{2013}")),
            };
            rows.push((monday, row));
        }
        if let Some((_, row)) = rows.last_mut()
            && let Some(cell) = row.days.get_mut(column)
        {
            *cell = match day.kind {
                DayKind::Stopped(value) => words::number(value, decimals),
                DayKind::Few => "[c]".into(),
                DayKind::NoLogs => "no logs".into(),
                DayKind::NoSchool => "no school".into(),
                DayKind::BeforeLogs => "before the first log".into(),
                DayKind::Ahead => "to come".into(),
            };
        }
    }
    rows.into_iter().map(|(_, row)| row).collect()
}
