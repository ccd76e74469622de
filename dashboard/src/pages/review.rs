//! The annual review: the questions to put to the head, then the 21 blocks with what the logs show and what people must add.

use askama::Template;

use weir_register::records::{Answer, Review, ReviewState, Seat};

use super::school::FindingBox;
use super::{Frame, NextStep, Picker};
use crate::chart::{Svg, state_shape};
use crate::record::Reported;
use crate::review::nation::Nation;
use crate::review::{BLOCKS, Basis, Block, Part};
use crate::view::{Figure, Finding, SchoolRef, SchoolYear, State, Tone};
use crate::words;

/// The page.
#[derive(Debug, Template)]
#[template(path = "review.html")]
pub(crate) struct ReviewPage {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) base: String,
    pub(crate) year: String,
    pub(crate) lede: Vec<String>,
    /// Where it is written, signed and kept, for those who open the register.
    pub(crate) ways: Vec<(String, &'static str)>,
    /// What the reader may do to it.
    pub(crate) rights: Rights,
    /// What the nation calls the safeguarding lead.
    pub(crate) lead: String,
    /// Nobody has opened it yet.
    pub(crate) can_open: bool,
    pub(crate) steps: Vec<NextStep>,
    pub(crate) questions: Vec<FindingBox>,
    pub(crate) periods: Vec<String>,
    pub(crate) blocks: Vec<BlockView>,
}

/// What a reader may do to a review.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rights {
    /// Answer what is open.
    pub(crate) writes: bool,
    /// Comment and ask.
    pub(crate) comments: bool,
    /// Open what is prepared and signed.
    pub(crate) reads: bool,
    /// Have the copy that hides nothing.
    pub(crate) small_numbers: bool,
}

/// A block as it is shown.
#[derive(Debug)]
pub(crate) struct BlockView {
    pub(crate) number: usize,
    pub(crate) title: String,
    pub(crate) asks: String,
    pub(crate) tag: &'static str,
    pub(crate) class: &'static str,
    pub(crate) summary: String,
    pub(crate) rows: Vec<FigureRow>,
    pub(crate) absent: Vec<&'static str>,
    pub(crate) lines: Vec<String>,
    /// Who signs, the name, and when.
    pub(crate) signatures: Vec<(String, String, String)>,
    pub(crate) sources: Vec<(String, String)>,
    /// What people recorded, in numbers and days.
    pub(crate) reported: Vec<String>,
    /// Where they recorded it.
    pub(crate) register: Vec<(String, &'static str)>,
    /// What people must add, and who can.
    pub(crate) wanted: Vec<(String, String)>,
    /// What people answered, with what they were asked.
    pub(crate) answers: Vec<(String, Answer)>,
    /// What was commented, by whom.
    pub(crate) comments: Vec<(String, String)>,
    pub(crate) nation: &'static Nation,
    pub(crate) method_link: bool,
}

impl BlockView {
    /// Who answered, under which role, and when.
    pub(crate) fn by(&self, answer: &Answer) -> String {
        format!("{}, {}, {}", answer.by, self.nation.says(answer.role.words()), words::day_of_words(answer.at))
    }
}

/// A figure over the year's half-terms.
#[derive(Debug)]
pub(crate) struct FigureRow {
    pub(crate) title: String,
    pub(crate) link: String,
    pub(crate) unit: String,
    pub(crate) cells: Vec<String>,
    pub(crate) class: &'static str,
    pub(crate) shape: Svg,
    pub(crate) state: &'static str,
    pub(crate) comparison: String,
}

/// Where a block has nothing but what people know.
const NOBODY_RECORDED: &str = "Nobody has recorded this yet.";

impl ReviewPage {
    /// The page.
    pub(crate) fn new(
        page: &SchoolYear,
        schools: &[SchoolRef],
        reported: &Reported,
        rights: Rights,
        joint: Option<(String, Vec<String>)>,
    ) -> Self {
        let base = format!("/school/{}/{}", page.school.id, page.year);
        let year = words::year_words(page.year);
        let blocks: Vec<BlockView> =
            (1..).zip(&BLOCKS).map(|(number, block)| BlockView::new(number, block, page, &base, reported)).collect();
        let measured = blocks.iter().filter(|block| !block.rows.is_empty()).count();
        let waiting: usize = blocks.iter().map(|block| block.wanted.len()).sum();
        let questions = questions(page, &base);
        Self {
            frame: Frame {
                picker: Some(Picker::new(schools, &page.school, page.year, None)),
                as_of: page.as_of,
                ..Frame::plain(&format!("Annual review, {}, {year}", page.school.name))
            },
            name: page.school.name.clone(),
            lede: [
                format!("The school year {year}. {}", standing(reported.review.as_ref())),
                format!(
                    "{measured} of 21 blocks hold figures from the logs. {} must come from people; each says who can supply it.",
                    words::capital(&words::plural(waiting as u32, "statement"))
                ),
            ]
            .into_iter()
            .chain(joint.map(|joint| of_several(joint, rights, reported)))
            .chain(
                reported
                    .is_closed
                    .then(|| "What people recorded is not shown here: your role does not open the register.".into()),
            )
            .collect(),
            ways: if rights.reads { ways(&base, reported) } else { Vec::new() },
            rights: Rights {
                writes: rights.writes && is_open(reported),
                comments: rights.comments && is_open(reported),
                ..rights
            },
            lead: reported.nation.says("safeguarding lead"),
            can_open: rights.writes && reported.review.is_none(),
            steps: page.missing.iter().map(|missing| NextStep::of(missing, &page.school, page.year)).collect(),
            questions,
            periods: page.periods.iter().map(|period| words::short_period(&period.label)).collect(),
            blocks,
            year,
            base,
        }
    }
}

/// Whose review it is, where it is one of several schools.
fn of_several((body, names): (String, Vec<String>), rights: Rights, reported: &Reported) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let whose =
        format!("One review for {}, signed once for {body}: this page has this school\u{2019}s part.", words::listed(&names));
    match (&reported.review, rights.reads) {
        (None, _) if !rights.writes => format!("{whose} Whoever may write for all of them opens it."),
        (Some(_), false) => format!("{whose} Who may see all of them reads the whole."),
        _ => whose,
    }
}

/// Whether it can be written to.
fn is_open(reported: &Reported) -> bool {
    reported.review.as_ref().is_some_and(|review| review.state() == ReviewState::Writing)
}

/// How it stands, in a sentence or two.
fn standing(review: Option<&Review>) -> String {
    let Some(review) = review else { return "A draft: nobody has signed it.".into() };
    let frozen = review.frozen().map(|(revision, frozen)| (revision.number, words::day_of_words(frozen.at)));
    match (review.state(), frozen) {
        (ReviewState::Frozen, Some((number, on))) => format!("Signed and frozen on {on}, as revision {number}."),
        (ReviewState::Signing, _) => "It is being signed: nobody can change it now.".into(),
        (_, Some((number, on))) => {
            format!("Revision {number} was signed on {on}. A new revision is being written; nobody has signed that.")
        }
        _ => "A draft, being prepared: nobody has signed it.".into(),
    }
}

/// Where a review is prepared, for whoever opens the register.
fn ways(base: &str, reported: &Reported) -> Vec<(String, &'static str)> {
    let Some(review) = &reported.review else { return Vec::new() };
    let mut ways = vec![
        (format!("{base}/review/sign"), "How far it is, and who signs"),
        (format!("{base}/review/actions"), "What is to be done"),
    ];
    if review.frozen().is_some() {
        ways.push((format!("{base}/review/signed"), "Signed revisions and downloads"));
    }
    ways
}

/// What to put to the head, most pressing first.
pub(crate) fn review_questions(page: &SchoolYear) -> Vec<String> {
    questions(page, "")
        .into_iter()
        .map(|question| format!("{}: {}", question.title.trim_end_matches('.'), question.ask))
        .collect()
}

/// Who signs, and who has.
fn signatures(reported: &Reported) -> Vec<(String, String, String)> {
    let revision = reported.review.as_ref().and_then(|review| review.revision());
    let round = revision.and_then(|revision| revision.round());
    Seat::ALL
        .iter()
        .map(|seat| {
            let who = reported.nation.says(&words::capital(seat.words()));
            match round.and_then(|round| round.signature(*seat)) {
                None => (who, "not signed".into(), String::new()),
                Some(signature) => {
                    let name = match &signature.why_not {
                        Some(why) => format!("nobody signs here: {why} ({})", signature.name),
                        None => signature.name.clone(),
                    };
                    (who, name, words::day_of_words(signature.at))
                }
            }
        })
        .collect()
}

/// Findings first, the most pressing before; then every figure that is not as usual.
fn questions(page: &SchoolYear, base: &str) -> Vec<FindingBox> {
    let link = |figure: &Figure| (format!("{base}/figure/{}", figure.id), figure.title.clone());
    let findings = page.findings.iter().filter(|finding| !finding.ask.is_empty() && finding.tone <= Tone::Notice);
    let mut questions: Vec<FindingBox> = findings
        .clone()
        .map(|finding: &Finding| FindingBox {
            ask: words::capital(&finding.ask),
            ..FindingBox::new(finding, base, &page.figures)
        })
        .collect();
    let told: Vec<&str> = findings.filter_map(|finding| finding.figure.as_deref()).collect();
    let changed = page.figures.iter().filter(|figure| matches!(figure.state, State::Higher | State::Lower));
    questions.extend(changed.filter(|figure| !figure.ask.is_empty() && !told.contains(&figure.id.as_str())).map(|figure| {
        FindingBox {
            class: figure.state.class(),
            shape: state_shape(figure.state),
            words: figure.state.words(),
            title: figure.title.clone(),
            detail: figure.meaning.clone(),
            ask: words::capital(&figure.ask),
            link: Some(link(figure)),
        }
    }));
    questions
}

impl BlockView {
    /// A block of a school's year, with what people recorded and answered.
    pub(crate) fn new(number: usize, block: &'static Block, page: &SchoolYear, base: &str, kept: &Reported) -> Self {
        let nation = kept.nation;
        let key = u8::try_from(number).unwrap_or(u8::MAX);
        let of = |id: &str| page.figures.iter().filter(|figure| figure.method.id == id).collect::<Vec<_>>();
        let rows: Vec<FigureRow> =
            block.figures.iter().flat_map(|(id, _)| of(id)).map(|figure| FigureRow::new(figure, base)).collect();
        let absent: Vec<&str> = block.figures.iter().filter(|(id, _)| of(id).is_empty()).map(|(_, name)| *name).collect();
        let has = |part: Part| block.parts.contains(&part);
        let mut lines = Vec::new();
        if has(Part::Roll) {
            lines.push(match page.pupils {
                Some(pupils) => format!("{} on roll.", words::plural(pupils, "pupil")),
                None => String::from("The number of pupils is missing: rolls.csv holds it."),
            });
        }
        if has(Part::Unseen) {
            lines.extend(page.unseen.iter().cloned());
        }
        if has(Part::Triggers) {
            lines.extend(kept.since_last());
            lines.extend(
                page.findings.iter().map(|finding| format!("{}. {}", finding.title.trim_end_matches('.'), finding.detail)),
            );
            if page.findings.is_empty() {
                lines.push("Nothing of that kind was found in what we can see.".into());
            }
        }
        if has(Part::Statement) {
            lines.extend(statement());
        }
        let sources = if has(Part::Sources) {
            page.sources
                .iter()
                .map(|source| {
                    let days = source.days.map_or_else(
                        || String::from("never sent a line"),
                        |(first, last)| format!("logs from {} to {}", words::day(first), words::day(last)),
                    );
                    (source.name.clone(), format!("{}, {days}", source.layer))
                })
                .collect()
        } else {
            Vec::new()
        };
        let (mut reported, mut wanted, mut register, mut answers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for want in block.wanted {
            let lines = want.kept.map(|what| kept.lines(what)).unwrap_or_default();
            let answer = kept.review.as_ref().and_then(|review| review.answer(key, want.id));
            if lines.is_empty() && answer.is_none() {
                wanted.push((nation.says(want.what), nation.says(want.who)));
            }
            reported.extend(lines);
            register.extend(want.kept.and_then(|what| kept.page(what)));
            answers.extend(answer.map(|answer| (nation.says(want.what), answer.clone())));
        }
        let comments = kept.review.iter().flat_map(|review| review.comments(key)).map(|comment| {
            let by = format!("{}, {}, {}", comment.by, nation.says(comment.role.words()), words::day_of_words(comment.at));
            (comment.text.clone(), by)
        });
        let comments = comments.collect();
        let is_reported = !reported.is_empty() || !answers.is_empty();
        register.dedup();
        let (tag, class) = match (block.basis, wanted.is_empty()) {
            (Basis::Measured, _) if rows.is_empty() && !block.figures.is_empty() => ("nothing to show yet", "cant"),
            (Basis::Measured, _) => ("measured", "usual"),
            (Basis::Both, true) if rows.is_empty() && is_reported => ("self-reported", "usual"),
            (Basis::Both, true) => ("measured and reported", "usual"),
            (Basis::Both, false) => ("people must add", "higher"),
            (Basis::Reported, true) => ("self-reported", "usual"),
            (Basis::Reported, false) => ("people must add", "higher"),
        };
        Self {
            number,
            title: nation.says(block.title),
            asks: nation.says(block.asks),
            tag,
            class,
            summary: summary(&rows, block, &reported, !answers.is_empty()),
            reported,
            register,
            absent,
            rows,
            lines,
            signatures: if has(Part::Signatures) { signatures(kept) } else { Vec::new() },
            sources,
            wanted,
            answers,
            comments,
            nation,
            method_link: has(Part::Method),
        }
    }
}

/// One sentence under the block's name.
fn summary(rows: &[FigureRow], block: &Block, reported: &[String], is_answered: bool) -> String {
    if rows.is_empty() {
        if let Some(first) = reported.first() {
            return first.clone();
        }
        return if is_answered || block.wanted.is_empty() || !block.parts.is_empty() {
            String::new()
        } else {
            NOBODY_RECORDED.into()
        };
    }
    let count = |state: State| rows.iter().filter(|row| row.state == state.words()).count() as u32;
    let parts = [State::Higher, State::Lower, State::Usual, State::CantSay]
        .into_iter()
        .map(|state| (count(state), state.words()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"));
    format!("{}: {}.", words::plural(rows.len() as u32, "figure"), parts.collect::<Vec<_>>().join(", "))
}

fn statement() -> Vec<String> {
    let of = |basis: Basis| {
        let titles = BLOCKS.iter().filter(|block| block.basis == basis).map(|block| block.title.to_lowercase());
        titles.collect::<Vec<_>>().join("; ")
    };
    vec![
        format!("Measured from the logs: {}.", of(Basis::Measured)),
        format!("Reported by people: {}.", of(Basis::Reported)),
        format!("Both: {}.", of(Basis::Both)),
        "A figure from the logs says what was asked for and what the filter did. It says nothing about why.".into(),
    ]
}

impl FigureRow {
    fn new(figure: &Figure, base: &str) -> Self {
        Self {
            title: figure.title.clone(),
            link: format!("{base}/figure/{}", figure.id),
            unit: format!("{} {}", figure.unit.sign, figure.unit.words).trim().to_string(),
            cells: figure.points.iter().map(|point| words::cell(point.value, &figure.unit)).collect(),
            class: figure.state.class(),
            shape: state_shape(figure.state),
            state: figure.state.words(),
            comparison: figure.comparison.clone(),
        }
    }
}
