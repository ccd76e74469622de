//! A bundle as it is read: every number, day and mark in words, in the order of the document. The PDF and the page are both set from this.

use std::collections::HashSet;

use serde::Serialize;

use crate::bundle::{self, Bundle, ColumnKind, Point};
use crate::strip::{self, Strip};
use crate::{lists, words};

/// The whole document.
#[derive(Debug, Serialize)]
pub(crate) struct Document {
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) nation: String,
    pub(crate) year: String,
    pub(crate) period: String,
    pub(crate) audience: &'static str,
    pub(crate) audience_says: &'static str,
    /// What stands on every page; nothing where anybody may read it.
    pub(crate) warning: &'static str,
    /// A summary has figures and their limits: no questions, findings, actions or signatures.
    pub(crate) is_summary: bool,
    pub(crate) marks: Vec<(&'static str, &'static str)>,
    pub(crate) revision: u32,
    pub(crate) frozen: String,
    pub(crate) digest: String,
    /// The digest in eights, for eyes.
    pub(crate) digest_groups: Vec<String>,
    /// The Weir that froze it, and this one.
    pub(crate) weir_version: String,
    pub(crate) this_version: &'static str,
    pub(crate) lake_version: u64,
    pub(crate) lead: Vec<String>,
    pub(crate) unseen: Vec<String>,
    pub(crate) questions: Vec<String>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) sections: Vec<Section>,
    pub(crate) actions: Table,
    pub(crate) signatures: Vec<Signature>,
    pub(crate) replaces: Option<Replaced>,
    pub(crate) differences: Table,
    pub(crate) appendices: Vec<Table>,
    pub(crate) appendices_title: &'static str,
    pub(crate) definitions: Vec<bundle::Definition>,
    pub(crate) glossary: Vec<bundle::Term>,
    /// Whether characters are written as their numbers.
    pub(crate) has_numbered_characters: bool,
}

/// A state: its name in templates, and in words.
#[derive(Debug, Serialize)]
pub(crate) struct State {
    pub(crate) id: &'static str,
    pub(crate) words: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) state: State,
    pub(crate) heading: String,
    pub(crate) text: String,
    pub(crate) ask: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Section {
    /// Names its places in a document.
    pub(crate) id: String,
    pub(crate) heading: Option<String>,
    pub(crate) blocks: Vec<Block>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Block {
    pub(crate) number: u8,
    pub(crate) title: String,
    pub(crate) asks: String,
    pub(crate) basis: &'static str,
    pub(crate) figures: Vec<Figure>,
    pub(crate) tables: Vec<Table>,
    pub(crate) notes: Vec<Note>,
    pub(crate) missing: Vec<bundle::Missing>,
    pub(crate) is_empty: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) title: String,
    pub(crate) state: Option<State>,
    pub(crate) value: String,
    pub(crate) comparison: Option<String>,
    pub(crate) meaning: String,
    pub(crate) ask: Option<String>,
    /// Measured or reported, and coverage.
    pub(crate) source: String,
    /// The id of its definition, and whether that is in the document.
    pub(crate) definition: String,
    pub(crate) is_defined: bool,
    pub(crate) chart: Option<Chart>,
    pub(crate) table: Option<Table>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Chart {
    pub(crate) kind: bundle::ChartKind,
    pub(crate) title: String,
    pub(crate) says: String,
    /// The axis's upper end, above every value and band.
    pub(crate) top: f64,
    /// It in words.
    pub(crate) top_words: String,
    pub(crate) points: Vec<Point>,
    /// A year's days by week, for a strip.
    pub(crate) strip: Option<Strip>,
    /// Which marks it has.
    pub(crate) has_hidden: bool,
    pub(crate) has_no_logs: bool,
    pub(crate) has_not_over: bool,
    pub(crate) has_band: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<String>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Column {
    pub(crate) title: String,
    pub(crate) is_number: bool,
    pub(crate) is_date: bool,
    /// Letters of its longest cell, and of its longest word: they share out the width.
    pub(crate) longest: usize,
    pub(crate) longest_word: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct Note {
    pub(crate) text: String,
    pub(crate) by: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Signature {
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) on: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Replaced {
    pub(crate) revision: u32,
    pub(crate) frozen: String,
    pub(crate) digest: String,
}

impl Document {
    /// The document of a bundle with this digest.
    pub(crate) fn new(bundle: &Bundle, digest: String) -> Document {
        let defined = bundle.definitions.iter().map(|definition| definition.id.as_str()).collect();
        Document {
            title: bundle.title.clone(),
            body: bundle.body.name.clone(),
            nation: bundle.body.nation.clone(),
            year: bundle.year.clone(),
            period: format!("{} to {}", words::day(bundle.first_day), words::day(bundle.last_day)),
            audience: words::audience(bundle.audience),
            audience_says: words::audience_says(bundle.audience),
            warning: words::warning(bundle.audience),
            is_summary: bundle.audience == bundle::Audience::Public,
            marks: words::marks(bundle.audience),
            revision: bundle.revision,
            frozen: words::moment(bundle.frozen_at),
            digest_groups: groups(&digest),
            digest,
            weir_version: bundle.weir_version.clone(),
            this_version: crate::VERSION,
            lake_version: bundle.lake_version,
            lead: bundle.lead.clone(),
            unseen: bundle.unseen.clone(),
            questions: bundle.questions.clone(),
            findings: bundle.findings.iter().map(finding).collect(),
            sections: (1..).zip(&bundle.sections).map(|(place, section)| self::section(place, section, &defined)).collect(),
            actions: table(&lists::actions(bundle)),
            signatures: bundle
                .signatures
                .iter()
                .map(|signature| Signature {
                    name: signature.name.clone(),
                    role: signature.role.clone(),
                    on: signature.on.map(words::moment),
                })
                .collect(),
            replaces: bundle.replaces.as_ref().map(|replaced| Replaced {
                revision: replaced.revision,
                frozen: words::moment(replaced.frozen_at),
                digest: groups(&replaced.digest).join(" "),
            }),
            differences: table(&lists::differences(bundle)),
            appendices: bundle.appendices.iter().map(table).collect(),
            appendices_title: words::appendices(bundle.audience),
            definitions: bundle.definitions.clone(),
            glossary: bundle.glossary.clone(),
            has_numbered_characters: false,
        }
    }
}

/// Sixty-four digits as eight times eight.
fn groups(digest: &str) -> Vec<String> {
    let digits: Vec<char> = digest.chars().collect();
    digits.chunks(8).map(|group| group.iter().collect()).collect()
}

fn state(state: bundle::State) -> State {
    State { id: words::state_id(state), words: words::state(state) }
}

fn finding(finding: &bundle::Finding) -> Finding {
    Finding {
        state: state(finding.state),
        heading: finding.heading.clone(),
        text: finding.text.clone(),
        ask: finding.ask.clone(),
    }
}

fn section(place: usize, section: &bundle::Section, defined: &HashSet<&str>) -> Section {
    let blocks = section.blocks.iter().map(|block| self::block(block, defined)).collect();
    Section { id: format!("s{place}"), heading: section.heading.clone(), blocks }
}

fn block(block: &bundle::Block, defined: &HashSet<&str>) -> Block {
    Block {
        number: block.number,
        title: block.title.clone(),
        asks: block.asks.clone(),
        basis: words::basis(block.basis),
        figures: block.figures.iter().map(|figure| self::figure(figure, defined)).collect(),
        tables: block.tables.iter().map(table).collect(),
        notes: block
            .notes
            .iter()
            .map(|note| Note { text: note.text.clone(), by: format!("{}, {}", note.by, words::day(note.on)) })
            .collect(),
        missing: block.missing.clone(),
        is_empty: block.figures.is_empty() && block.tables.is_empty() && block.notes.is_empty() && block.missing.is_empty(),
    }
}

fn figure(figure: &bundle::Figure, defined: &HashSet<&str>) -> Figure {
    let mut source = vec![if figure.measured { "measured".to_owned() } else { "reported by people".to_owned() }];
    source.extend(figure.coverage.clone());
    let definition = figure.id.split(':').next().unwrap_or_default().to_owned();
    Figure {
        title: figure.title.clone(),
        state: figure.state.map(state),
        value: figure.value.clone(),
        comparison: figure.comparison.clone(),
        meaning: figure.meaning.clone(),
        ask: figure.ask.clone(),
        source: source.join(" \u{b7} "),
        is_defined: defined.contains(definition.as_str()),
        definition,
        chart: figure.chart.as_ref().map(chart),
        table: figure.table.as_ref().map(table),
    }
}

fn chart(chart: &bundle::Chart) -> Chart {
    let highest = chart
        .points
        .iter()
        .flat_map(|point| [point.value, point.band.map(|band| band.1)])
        .flatten()
        .fold(0.0_f64, |highest, value| highest.max(value.get()));
    let (top, decimals) = round_top(highest);
    let has = |mark: bundle::Mark| chart.points.iter().any(|point| point.mark == Some(mark));
    Chart {
        kind: chart.kind,
        title: chart.title.clone(),
        says: chart.says.clone(),
        top,
        top_words: words::number(top, decimals),
        points: chart.points.clone(),
        strip: (chart.kind == bundle::ChartKind::Strip).then(|| strip::lay_out(&chart.points, highest)),
        has_hidden: has(bundle::Mark::Hidden),
        has_no_logs: has(bundle::Mark::NoLogs),
        has_not_over: has(bundle::Mark::NotOver),
        has_band: chart.points.iter().any(|point| point.band.is_some()),
    }
}

/// The next of 1, 2, 4, 5, 10 and so on at or above the highest value, and its decimals.
fn round_top(highest: f64) -> (f64, u8) {
    if highest <= 0.0 {
        return (1.0, 0);
    }
    let power = highest.max(0.001).log10().floor() as i32;
    for (power, step) in [power, power + 1].into_iter().flat_map(|power| [1.0, 2.0, 4.0, 5.0, 8.0].map(|step| (power, step))) {
        // Dividing keeps 0.2 what it is; multiplying by a tenth would not.
        let top = if power < 0 { step / 10_f64.powi(-power) } else { step * 10_f64.powi(power) };
        if top >= highest {
            return (top, u8::try_from(-power.min(0)).unwrap_or_default());
        }
    }
    (highest, 1)
}

pub(crate) fn table(table: &bundle::Table) -> Table {
    let shown =
        |row: &Vec<bundle::Cell>| table.columns.iter().zip(row).map(|(column, cell)| words::cell(column.kind, cell)).collect();
    let rows: Vec<Vec<String>> = table.rows.iter().map(shown).collect();
    let columns = table
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let cells = || rows.iter().filter_map(|row| row.get(place)).chain([&column.title]);
            let longest_word = cells().flat_map(|text| text.split_whitespace()).map(|word| word.chars().count()).max();
            Column {
                title: column.title.clone(),
                is_number: matches!(column.kind, ColumnKind::Number { .. } | ColumnKind::Percent { .. }),
                is_date: column.kind == ColumnKind::Date,
                longest: cells().map(|text| text.chars().count()).max().unwrap_or_default(),
                longest_word: longest_word.unwrap_or_default(),
            }
        })
        .collect();
    Table { title: table.title.clone(), columns, rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        for (highest, top, decimals) in [
            (0.0, 1.0, 0),
            (0.0004, 0.001, 3),
            (0.16, 0.2, 1),
            (0.9, 1.0, 0),
            (3.1, 4.0, 0),
            (8.1, 10.0, 0),
            (100.0, 100.0, 0),
            (101.0, 200.0, 0),
            (0.2, 0.2, 1),
        ] {
            let (found, found_decimals) = round_top(highest);
            assert_eq!((found, found_decimals), (top, decimals), "{highest}");
        }
    }
}
