//! The bundle of a review: what its page shows, as values that documents are made from. Figures of periods that are not final yet are left
//! out, so that what is signed is what was published.

use jiff::Timestamp;
use weir_pack::bundle as pack;
use weir_pack::bundle::{Audience, Bundle, Cell, Column, ColumnKind, Mark, Number, Table};
use weir_register::Role;
use weir_register::records::{ActionState, Answer, Review, ReviewAction, Seat};

use crate::pages::{BlockView, review_questions};
use crate::record::Reported;
use crate::review::{BLOCKS, Basis};
use crate::view::{Figure, Finding, Point, SchoolYear, Shown, State, Tone};
use crate::words;

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DraftError {
    /// The year has no days: before or after any calendar.
    #[error("the school year can\u{2019}t be reckoned")]
    Year,
    /// A review of no school.
    #[error("a review needs a school")]
    NoSchool,
    /// The pack refuses it.
    #[error(transparent)]
    Pack(#[from] weir_pack::BundleError),
}

/// What is not final yet is taken out of a year's figures; the rest stays as it was shown.
pub(crate) fn published(page: &SchoolYear) -> SchoolYear {
    let mut page = page.clone();
    let labels: Vec<String> = page.periods.iter().map(|period| period.label.clone()).collect();
    // Some figures are never published. In a half-term of which others are, they are not available rather than to come.
    let is_over: Vec<bool> = (0..labels.len())
        .map(|at| page.figures.iter().any(|figure| figure.points.get(at).is_some_and(|point| point.is_final)))
        .collect();
    let mut open = Vec::new();
    for figure in &mut page.figures {
        let is_final: Vec<bool> = figure.points.iter().map(|point| point.is_final || !has_value(point)).collect();
        if figure.current.is_some_and(|now| is_final.get(now) == Some(&false)) {
            open.push(figure.id.clone());
            figure.state = State::CantSay;
            let is_over = figure.current.and_then(|now| is_over.get(now)) == Some(&true);
            let reason = if is_over { "it is not among the figures that are published" } else { "its half-term is not final" };
            figure.reason = Some(reason.into());
            (figure.comparison, figure.ask, figure.ratio, figure.interval) = (String::new(), String::new(), None, None);
        }
        for ((point, is_final), is_over) in figure.points.iter_mut().zip(&is_final).zip(&is_over) {
            if !is_final {
                let mark = if *is_over { Shown::NotAvailable } else { Shown::ToCome };
                (point.value, point.numerator, point.denominator) = (mark, mark, mark);
            }
        }
        figure.longer.retain(|longer| {
            let mut parts = labels.iter().zip(&is_final).filter(|(label, _)| {
                longer.label == "The year" || label.strip_prefix(&longer.label).is_some_and(|rest| rest.starts_with(' '))
            });
            parts.all(|(_, is_final)| *is_final)
        });
    }
    page.findings.retain(|finding| finding.figure.as_ref().is_none_or(|figure| !open.contains(figure)));
    page
}

fn has_value(point: &Point) -> bool {
    matches!(point.value, Shown::Number(_) | Shown::Hidden)
}

/// What is known of a school: its figures, and what people recorded.
pub(crate) struct Known {
    pub(crate) page: SchoolYear,
    pub(crate) reported: Reported,
}

/// The schools of a review, in the order of its sections, and whose it is where there are several.
pub(crate) struct Whose<'a> {
    pub(crate) schools: &'a [Known],
    /// The governing body of several schools.
    pub(crate) body: Option<&'a str>,
}

/// The bundle of a review as it stands now: nobody has signed it, and nothing is hidden that the page would not hide.
pub(crate) fn draft(whose: &Whose<'_>, revision: u32, at: Timestamp) -> Result<Bundle, DraftError> {
    let pages: Vec<SchoolYear> = whose.schools.iter().map(|known| published(&known.page)).collect();
    worded(whose, &pages, revision, at, Audience::Governors)
}

/// The bundle of these pages of the schools, for a reader.
pub(super) fn worded(
    whose: &Whose<'_>,
    pages: &[SchoolYear],
    revision: u32,
    at: Timestamp,
    audience: Audience,
) -> Result<Bundle, DraftError> {
    let ([first, ..], [known, ..]) = (pages, whose.schools) else { return Err(DraftError::NoSchool) };
    let nation = known.reported.nation;
    let (first_day, last_day) = Reported::days(first.year, nation.id()).ok_or(DraftError::Year)?;
    let review = known.reported.review.as_ref();
    let are_several = pages.len() > 1;
    let sections: Vec<pack::Section> = (0..)
        .zip(pages.iter().zip(whose.schools))
        // What people wrote, they wrote for all schools: it stands with the first.
        .map(|(place, (page, known))| section(page, &known.reported, at, (place == 0, are_several)))
        .collect();
    let missing: usize = sections.iter().flat_map(|section| &section.blocks).map(|block| block.missing.len()).sum();
    let of_school = |page: &SchoolYear, line: &str| {
        if are_several { plain(&format!("{}: {line}", page.school.name)) } else { plain(line) }
    };
    let bundle = Bundle {
        format: pack::FORMAT,
        weir_version: weir_pack::VERSION.into(),
        lake_version: first.as_of.map_or(0, |as_of| as_of.lake_version),
        frozen_at: whole_second(at),
        audience,
        revision,
        year: first.year.to_string(),
        first_day,
        last_day,
        body: pack::Body {
            id: first.school.id.to_string(),
            name: plain(whose.body.unwrap_or(&first.school.name)),
            nation: nation.name.into(),
        },
        title: "Annual review of filtering and monitoring".into(),
        lead: lead(whose, pages, missing, audience).iter().map(|line| plain(line)).collect(),
        unseen: pages.iter().flat_map(|page| page.unseen.iter().map(|line| of_school(page, line))).collect(),
        questions: pages
            .iter()
            .flat_map(|page| review_questions(page).into_iter().map(|question| of_school(page, &nation.says(&question))))
            .collect(),
        findings: pages
            .iter()
            .flat_map(|page| {
                page.findings.iter().map(|finding| {
                    let found = finding_of(finding);
                    pack::Finding { heading: of_school(page, &found.heading), ..found }
                })
            })
            .collect(),
        sections,
        actions: review
            .map(|review| review.actions.iter().map(|action| action_of(action, words::day_of(at.as_microsecond()))).collect())
            .unwrap_or_default(),
        signatures: Seat::ALL
            .iter()
            .map(|seat| pack::Signature {
                name: String::new(),
                role: plain(&nation.says(&words::capital(seat.words()))),
                on: None,
            })
            .collect(),
        replaces: None,
        differences: Vec::new(),
        appendices: Vec::new(),
        definitions: definitions(pages),
        glossary: glossary(nation, audience),
    };
    // Refused here rather than when it is signed.
    bundle.to_json()?;
    Ok(bundle)
}

/// The blocks of one school; what people wrote stands in it only where asked for.
fn section(page: &SchoolYear, reported: &Reported, at: Timestamp, (with_people, are_several): (bool, bool)) -> pack::Section {
    let nation = reported.nation;
    let review = reported.review.as_ref();
    let base = String::new();
    let blocks = (1..).zip(&BLOCKS).map(|(number, block)| {
        let shown = BlockView::new(usize::from(number), block, page, &base, reported);
        let ids: Vec<&str> = block.figures.iter().map(|(id, _)| *id).collect();
        let figures = ids.iter().flat_map(|id| page.figures.iter().filter(move |figure| figure.method.id == *id));
        pack::Block {
            number,
            title: plain(&nation.says(block.title)),
            asks: plain(&nation.says(block.asks)),
            basis: match block.basis {
                Basis::Measured => pack::Basis::Measured,
                Basis::Reported => pack::Basis::Reported,
                Basis::Both => pack::Basis::Both,
            },
            figures: figures.map(|figure| figure_of(figure, page)).collect(),
            tables: sources(&shown).into_iter().collect(),
            notes: notes(&shown, number, review.filter(|_| with_people), at),
            missing: shown.wanted.iter().map(|(what, who)| pack::Missing { what: plain(what), who: plain(who) }).collect(),
        }
    });
    pack::Section { heading: are_several.then(|| plain(&page.school.name)), blocks: blocks.collect() }
}

/// What people wrote, and what Weir itself says, as documents may show it.
pub(super) fn plain(text: &str) -> String {
    pack::plain(text)
}

pub(super) fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn lead(whose: &Whose<'_>, pages: &[SchoolYear], missing: usize, audience: Audience) -> Vec<String> {
    let names: Vec<&str> = pages.iter().map(|page| page.school.name.as_str()).collect();
    let mut lead: Vec<String> = pages
        .first()
        .map(|page| format!("The school year {}, at {}.", words::year_words(page.year), words::listed(&names)))
        .into_iter()
        .collect();
    if whose.body.is_some() {
        lead.push("One review for all schools of this governing body, with a section for each. Small numbers are hidden over all of them together, so that no school\u{2019}s can be worked out from the others\u{2019}.".into());
    }
    for page in pages {
        let of = if pages.len() > 1 { format!("{}: ", page.school.name) } else { String::new() };
        lead.extend(page.answers.iter().map(|answer| format!("{of}{} {}", answer.question, answer.lead)));
        let open = not_final(page);
        if !open.is_empty() {
            lead.push(format!("{of}Not final yet, and so left out: {}.", words::listed(&open)));
        }
    }
    let statements = words::capital(&words::plural(missing as u32, "statement"));
    lead.push(match audience {
        _ if missing == 0 => "Everything that people must supply is here.".into(),
        Audience::Governors => format!("{statements} are signed as missing; each block says which."),
        Audience::Safeguarding | Audience::Public => format!("{statements} are missing; each block says which."),
    });
    lead
}

/// The half-terms with logs whose figures are left out.
fn not_final(page: &SchoolYear) -> Vec<&str> {
    let is_left_out = |place: usize| {
        page.figures.iter().any(|figure| figure.points.get(place).is_some_and(|point| point.value == Shown::ToCome))
    };
    let open = page.periods.iter().enumerate().filter(|(place, period)| period.coverage.with_logs > 0 && is_left_out(*place));
    open.map(|(_, period)| period.label.as_str()).collect()
}

fn finding_of(finding: &Finding) -> pack::Finding {
    pack::Finding {
        state: match finding.tone {
            Tone::Urgent | Tone::Notice => pack::State::Look,
            Tone::Quiet => pack::State::CantSay,
            Tone::Fine => pack::State::Usual,
        },
        heading: plain(&finding.title),
        text: plain(&finding.detail),
        ask: (!finding.ask.is_empty()).then(|| plain(&words::capital(&finding.ask))),
    }
}

pub(super) fn figure_of(figure: &Figure, page: &SchoolYear) -> pack::Figure {
    let text = |text: &str| (!text.is_empty()).then(|| plain(text));
    let value = match (figure.now(), figure.shown()) {
        (Some(_), Shown::Number(_)) => format!("{} {}", words::spoken(figure.shown(), &figure.unit), figure.unit.words),
        (_, shown) => words::spoken(shown, &figure.unit),
    };
    let meaning = match &figure.reason {
        Some(reason) => format!("{} Can\u{2019}t say more: {reason}.", figure.meaning),
        None => figure.meaning.clone(),
    };
    pack::Figure {
        id: figure.id.clone(),
        title: plain(&figure.title),
        state: Some(match figure.state {
            State::Usual => pack::State::Usual,
            State::Higher => pack::State::Higher,
            State::Lower => pack::State::Lower,
            State::CantSay => pack::State::CantSay,
        }),
        value: plain(value.trim()),
        comparison: text(&figure.comparison),
        coverage: Some(words::logs_on(figure.coverage)),
        meaning: plain(&meaning),
        ask: text(&words::capital(&figure.ask)),
        measured: true,
        chart: chart(figure, page),
        table: Some(table(figure, page)),
    }
}

/// A picture of the half-terms; none where a place in it would have neither a value nor a mark that says why.
fn chart(figure: &Figure, page: &SchoolYear) -> Option<pack::Chart> {
    let points: Option<Vec<pack::Point>> = page
        .periods
        .iter()
        .zip(&figure.points)
        .map(|(period, point)| {
            let mark = match point.value {
                Shown::Number(_) => None,
                Shown::Hidden => Some(Mark::Hidden),
                Shown::NoLogs => Some(Mark::NoLogs),
                Shown::ToCome => Some(Mark::NotOver),
                Shown::NotAvailable | Shown::NotApplicable => return None,
            };
            let value = match point.value.number() {
                Some(number) => Some(Number::new(number).filter(|_| number >= 0.0)?),
                None => None,
            };
            let band = point.usual.and_then(|(low, high)| Number::new(low).zip(Number::new(high)));
            let band = band.filter(|(low, high)| low <= high && low.get() >= 0.0);
            Some(pack::Point { label: plain(&period.label), value, mark, band })
        })
        .collect();
    let points = points.filter(|points| points.iter().any(|point| point.value.is_some()))?;
    let said: Vec<String> = page
        .periods
        .iter()
        .zip(&figure.points)
        .map(|(period, point)| format!("{}: {}", period.label, words::spoken(point.value, &figure.unit)))
        .collect();
    let title = format!("{} {}", figure.title, figure.unit.words);
    Some(pack::Chart {
        kind: pack::ChartKind::Line,
        title: plain(title.trim()),
        says: plain(&format!("{}.", said.join("; "))),
        points,
    })
}

pub(super) fn table(figure: &Figure, page: &SchoolYear) -> Table {
    let decimals = u8::try_from(figure.unit.decimals).unwrap_or(u8::MAX);
    let kind = if figure.unit.sign == "%" { ColumnKind::Percent { decimals } } else { ColumnKind::Number { decimals } };
    let cell = |value: Shown| match value.number().and_then(Number::new) {
        Some(number) => Cell::Number(number),
        None => Cell::Mark(words::cell(value, &figure.unit)),
    };
    let text = |words: &str| Cell::Text(plain(words));
    let half_terms = page.periods.iter().zip(&figure.points).map(|(period, point)| {
        vec![text(&period.label), cell(point.value), cell(point.last_year), text(&words::days_of(period.coverage))]
    });
    let longer = figure.longer.iter().map(|longer| {
        vec![text(&longer.label), cell(longer.value), cell(longer.last_year), text(&words::days_of(longer.coverage))]
    });
    let unit = format!("{} {}", figure.unit.sign, figure.unit.words);
    Table {
        id: figure.id.clone(),
        title: plain(&figure.title),
        columns: vec![
            Column { title: "Half-term".into(), kind: ColumnKind::Text },
            Column { title: plain(format!("This year {}", unit.trim()).trim()), kind },
            Column { title: "Last year".into(), kind },
            Column { title: "Days with logs".into(), kind: ColumnKind::Text },
        ],
        rows: half_terms.chain(longer).collect(),
    }
}

fn sources(block: &BlockView) -> Option<Table> {
    if block.sources.is_empty() {
        return None;
    }
    let column = |title: &str| Column { title: title.into(), kind: ColumnKind::Text };
    let rows = block.sources.iter().map(|(source, about)| vec![Cell::Text(plain(source)), Cell::Text(plain(about))]);
    Some(Table {
        id: "sources".into(),
        title: "Sources of logs".into(),
        columns: vec![column("Source"), column("What it is, and its logs")],
        rows: rows.collect(),
    })
}

/// What stands in a block in words: from the logs, from the register in numbers, from people by name.
fn notes(block: &BlockView, number: u8, review: Option<&Review>, at: Timestamp) -> Vec<pack::Note> {
    let today = words::day_of(at.as_microsecond());
    let by = |by: &str| {
        let by = by.to_owned();
        move |line: &String| pack::Note { text: plain(line), by: by.clone(), on: today }
    };
    let mut notes: Vec<pack::Note> = block.lines.iter().map(by("Weir, from logs and school files")).collect();
    notes.extend(block.reported.iter().map(by("Weir, from the school\u{2019}s register")));
    let role = |role: Role| block.nation.says(role.words());
    let answered = |answer: &Answer, what: &str| pack::Note {
        text: plain(&format!("{what}: {}", answer.text)),
        by: plain(&format!("{}, {}", answer.by, role(answer.role))),
        on: words::day_of(answer.at),
    };
    if review.is_some() {
        notes.extend(block.answers.iter().map(|(what, answer)| answered(answer, what)));
    }
    let comments = review.into_iter().flat_map(|review| review.comments(number));
    notes.extend(comments.map(|comment| pack::Note {
        text: plain(&format!("Comment: {}", comment.text)),
        by: plain(&format!("{}, {}", comment.by, role(comment.role))),
        on: words::day_of(comment.at),
    }));
    notes
}

fn action_of(action: &ReviewAction, today: jiff::civil::Date) -> pack::Action {
    let state = match &action.ended {
        _ if action.is_late(today) => "overdue".to_owned(),
        Some((on, why)) => format!("{} on {}: {why}", action.state.words(), words::day(*on)),
        None => ActionState::Open.words().to_owned(),
    };
    pack::Action {
        what: plain(&action.what),
        owner: plain(&action.owner),
        due: Some(action.due),
        state: plain(&state),
        carried_from: action.carried_from.map(|year| year.to_string()),
    }
}

/// Whether a figure stands in one of the blocks.
pub(super) fn is_in_a_block(figure: &Figure) -> bool {
    BLOCKS.iter().any(|block| block.figures.iter().any(|(id, _)| *id == figure.method.id))
}

/// How a figure is worked out.
pub(super) fn definition(figure: &Figure) -> pack::Definition {
    let method = &figure.method;
    pack::Definition {
        id: method.id.clone(),
        title: plain(&method.title),
        unit: plain(&method.unit),
        counts: plain(&method.numerator),
        of: plain(&method.denominator),
        leaves_out: plain(&method.leaves_out),
        caveat: plain(&method.caveat),
        version: method.version,
    }
}

fn definitions(pages: &[SchoolYear]) -> Vec<pack::Definition> {
    let mut definitions: Vec<pack::Definition> = Vec::new();
    for figure in pages.iter().flat_map(|page| &page.figures).filter(|figure| is_in_a_block(figure)) {
        if !definitions.iter().any(|known| known.id == figure.method.id) {
            definitions.push(definition(figure));
        }
    }
    definitions.sort_by(|a, b| a.id.cmp(&b.id));
    definitions
}

pub(super) fn glossary(nation: &super::nation::Nation, audience: Audience) -> Vec<pack::Term> {
    let term = |word: &str, meaning: String| pack::Term { word: word.into(), meaning };
    let few = match audience {
        Audience::Governors => Some(5),
        Audience::Public => Some(10),
        Audience::Safeguarding => None,
    };
    let hidden = few.map(|few| term("[c]", format!("Fewer than {few}, perhaps none, or hidden to protect such a number.")));
    let rest = [
        term("[x]", "Not available.".into()),
        term("[z]", "Does not apply here.".into()),
        term("Guidance", format!("{}.", nation.guidance.join("; "))),
        term("Inspected by", format!("{}.", nation.inspector)),
        term("Measured", "Counted from the logs.".into()),
        term("Pupil-week", "One pupil with at least one event of a theme in one school week.".into()),
        term("Self-reported", "What people of the school wrote.".into()),
        term("Usual", "No clear difference from the same half-term last year, or from earlier half-terms.".into()),
    ];
    hidden.into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use weir_lake::estate::AcademicYear;
    use weir_lake::ids::SchoolId;

    use super::*;
    use crate::{Example, Figures as _};

    async fn oakfield() -> SchoolYear {
        let oakfield = SchoolId::parse("oakfield").unwrap();
        Example::estate().school_year(&oakfield, AcademicYear(2025)).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_not_final_is_left_out() {
        let before = oakfield().await;
        let is_open = |point: &Point| !point.is_final && has_value(point);
        let opened = before.figures.iter().flat_map(|figure| &figure.points).filter(|point| is_open(point)).count();
        let kept = before.figures.iter().flat_map(|figure| &figure.points).filter(|point| point.is_final).count();
        assert!(opened > 0 && kept > 0, "{opened} {kept}");
        let after = published(&before);
        for (figure, earlier) in after.figures.iter().zip(&before.figures) {
            for (point, was) in figure.points.iter().zip(&earlier.points) {
                if is_open(was) {
                    assert!(!has_value(point) && !has_value(&Point { value: point.numerator, ..point.clone() }), "{}", figure.id);
                } else {
                    assert_eq!(point, was, "{}", figure.id);
                }
            }
            if earlier.now().is_some_and(is_open) {
                assert_eq!((figure.state, figure.comparison.as_str(), figure.ratio.as_ref()), (State::CantSay, "", None));
            } else {
                assert_eq!(figure.state, earlier.state);
            }
        }
    }
}
