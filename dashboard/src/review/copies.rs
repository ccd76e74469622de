//! Copies of a review for other readers than the governors who sign it: one that hides nothing, and a summary that anyone may read.

use jiff::Timestamp;
use weir_pack::bundle as pack;
use weir_pack::bundle::{Audience, Bundle, Cell, Column, ColumnKind, Table};

use super::BLOCKS;
use super::bundle::{DraftError, Known, Whose, definition, figure_of, glossary, is_in_a_block, plain, whole_second, worded};
use super::nation::Nation;
use crate::record::Reported;
use crate::view::{Figure, SchoolYear};
use crate::words;

/// What stands first in the copy that hides nothing.
const HIDES_NOTHING: &str = "This copy hides no number, however small, so it can tell who a pupil is. It is for the safeguarding lead and the head: it was not signed, and is not the copy that governors read.";
/// And what it has beyond the governors' copy.
const NOT_FINAL: &str = "Figures of half-terms that are not final stand in it too; late logs may still change them.";

/// The copy for the safeguarding lead and the head, of pages on which nothing is hidden.
pub(crate) fn whole(schools: &[Known], body: Option<&str>, revision: u32, at: Timestamp) -> Result<Bundle, DraftError> {
    let whose = Whose { schools, body };
    let pages: Vec<SchoolYear> = schools.iter().map(|known| known.page.clone()).collect();
    let mut bundle = worded(&whose, &pages, revision, at, Audience::Safeguarding)?;
    let nation = schools.first().map_or_else(|| Nation::of(""), |known| known.reported.nation);
    bundle.title = format!("{}: with small numbers", bundle.title);
    bundle.lead.splice(0..0, [HIDES_NOTHING, NOT_FINAL].map(|line| plain(&nation.says(line))));
    // Nobody signs it.
    bundle.signatures.clear();
    for (place, page) in (1..).zip(&pages) {
        let others: Vec<&Figure> = page.figures.iter().filter(|figure| !is_in_a_block(figure)).collect();
        if others.is_empty() {
            continue;
        }
        let of = if pages.len() > 1 { format!(", {}", page.school.name) } else { String::new() };
        bundle.appendices.push(more(place, &format!("More figures{of}"), &others, page));
        for figure in others {
            if !bundle.definitions.iter().any(|known| known.id == figure.method.id) {
                bundle.definitions.push(definition(figure));
            }
        }
    }
    bundle.definitions.sort_by(|a, b| a.id.cmp(&b.id));
    bundle.to_json()?;
    Ok(bundle)
}

/// Figures that stand in no block, a row each.
fn more(place: usize, title: &str, figures: &[&Figure], page: &SchoolYear) -> Table {
    let text = |title: &str| Column { title: plain(title), kind: ColumnKind::Text };
    let periods = page.periods.iter().map(|period| text(&period.label));
    let rows = figures.iter().map(|figure| {
        let cells = figure.points.iter().map(|point| Cell::Text(words::cell(point.value, &figure.unit)));
        [Cell::Text(plain(&figure.title)), Cell::Text(plain(&format!("{} {}", figure.unit.sign, figure.unit.words)))]
            .into_iter()
            .chain(cells)
            .collect()
    });
    Table {
        id: format!("more-{place}"),
        title: plain(title),
        columns: [text("Figure"), text("Unit")].into_iter().chain(periods).collect(),
        rows: rows.collect(),
    }
}

/// When a review was signed, and as which revision.
pub(crate) type Signed = Option<(u32, i64)>;

/// Whether a figure is of the whole school: not of a source, a kind of people or a part.
fn is_of_the_whole(figure: &Figure) -> bool {
    match figure.id.split_once(':') {
        None => true,
        Some((indicator, theme)) => indicator == "theme_rate" && !theme.contains(':'),
    }
}

/// The summary for anyone, of pages that hold nothing but what was published for everyone.
pub(crate) fn summary(page: &SchoolYear, nation: &str, signed: Signed, at: Timestamp) -> Result<Bundle, DraftError> {
    let nation = Nation::of(nation);
    let (first_day, last_day) = Reported::days(page.year, nation.id()).ok_or(DraftError::Year)?;
    let figures: Vec<Figure> =
        page.figures.iter().filter(|figure| is_of_the_whole(figure)).filter_map(|figure| newest(figure, page)).collect();
    let blocks = (1..).zip(&BLOCKS).filter_map(|(number, block)| {
        let of_block = block.figures.iter().flat_map(|(id, _)| figures.iter().filter(move |figure| figure.method.id == *id));
        let figures: Vec<pack::Figure> = of_block.map(|figure| for_anyone(figure_of(figure, page), figure, page)).collect();
        (!figures.is_empty()).then(|| pack::Block {
            number,
            title: plain(&nation.says(block.title)),
            asks: plain(&nation.says(block.asks)),
            basis: pack::Basis::Measured,
            figures,
            tables: Vec::new(),
            notes: Vec::new(),
            missing: Vec::new(),
        })
    });
    let section = pack::Section { heading: None, blocks: blocks.collect() };
    let mut definitions: Vec<pack::Definition> = Vec::new();
    for figure in figures.iter().filter(|figure| is_in_a_block(figure)) {
        if !definitions.iter().any(|known| known.id == figure.method.id) {
            definitions.push(definition(figure));
        }
    }
    definitions.sort_by(|a, b| a.id.cmp(&b.id));
    let mut lead = vec![
        format!("The school year {}, at {}.", words::year_words(page.year), page.school.name),
        match signed {
            Some((revision, on)) => format!(
                "Governors signed the annual review of this year on {}, as revision {revision}. This summary has its figures for the whole school; it has neither findings nor names.",
                words::day_of_words(on)
            ),
            None => "Governors have not signed the annual review of this year yet.".into(),
        },
    ];
    lead.extend(page.answers.iter().map(|answer| format!("{} {} {}", answer.question, answer.lead, answer.text)));
    if section.blocks.is_empty() {
        lead.push("No figure of this year is final yet: each is published two weeks after its half-term.".into());
    }
    let bundle = Bundle {
        format: pack::FORMAT,
        weir_version: weir_pack::VERSION.into(),
        lake_version: page.as_of.map_or(0, |as_of| as_of.lake_version),
        frozen_at: whole_second(at),
        audience: Audience::Public,
        revision: signed.map_or(1, |(revision, _)| revision),
        year: page.year.to_string(),
        first_day,
        last_day,
        body: pack::Body { id: page.school.id.to_string(), name: plain(&page.school.name), nation: nation.name.into() },
        title: "Filtering and monitoring: a summary for everyone".into(),
        lead: lead.iter().map(|line| plain(&nation.says(line))).collect(),
        unseen: page.unseen.iter().map(|line| plain(line)).collect(),
        questions: Vec::new(),
        findings: Vec::new(),
        sections: vec![section],
        actions: Vec::new(),
        signatures: Vec::new(),
        replaces: None,
        differences: Vec::new(),
        appendices: Vec::new(),
        definitions,
        glossary: glossary(nation, Audience::Public),
    };
    bundle.to_json()?;
    Ok(bundle)
}

/// A figure as anyone reads it: not judged, not compared, and of a half-term that it names.
fn for_anyone(made: pack::Figure, figure: &Figure, page: &SchoolYear) -> pack::Figure {
    let of = figure.current.and_then(|at| page.periods.get(at)).map(|period| period.label.clone()).unwrap_or_default();
    let few = |text: &str| text.replace(words::FEWER_THAN_5, "fewer than 10, perhaps none");
    pack::Figure {
        state: None,
        comparison: None,
        ask: None,
        value: few(&made.value),
        coverage: Some(plain(&format!("{of}, {}", words::logs_on(figure.coverage)))),
        chart: made.chart.map(|chart| pack::Chart { says: few(&chart.says), ..chart }),
        ..made
    }
}

/// The figure as of the newest half-term that was published; none where none was.
fn newest(figure: &Figure, page: &SchoolYear) -> Option<Figure> {
    let at = figure.points.iter().rposition(|point| point.is_final)?;
    let coverage = page.periods.get(at)?.coverage;
    Some(Figure { current: Some(at), coverage, reason: None, ..figure.clone() })
}
