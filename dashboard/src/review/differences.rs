//! What changed between two bundles of a review, in a reader's words: figures, statements, what is missing, actions.

use std::collections::BTreeMap;

use weir_pack::bundle::{Block, Bundle, Cell, Column, ColumnKind, Difference, Figure};

use crate::words;

/// What a side reads where the other has something and it has nothing.
const NOTHING: &str = "not there";

/// Every difference, in the order of the newer one; what is gone comes last.
pub(crate) fn differences(was: &Bundle, is: &Bundle) -> Vec<Difference> {
    let (before, after) = (texts(was), texts(is));
    let mut found = Vec::new();
    for (key, (what, text)) in &after.by_key {
        let earlier = before.by_key.get(key).map(|(_, text)| text.as_str());
        if earlier != Some(text.as_str()) {
            found.push((
                *after.order.get(key).unwrap_or(&usize::MAX),
                what.clone(),
                earlier.unwrap_or(NOTHING).to_owned(),
                text.clone(),
            ));
        }
    }
    let end = after.order.len();
    for (key, (what, text)) in &before.by_key {
        if !after.by_key.contains_key(key) {
            let place = before.order.get(key).copied().unwrap_or(0);
            found.push((end + place, what.clone(), text.clone(), NOTHING.to_owned()));
        }
    }
    found.sort_by_key(|(place, ..)| *place);
    found.into_iter().map(|(_, what, was, is)| Difference { what, was, is }).collect()
}

/// What a bundle says, each with a key that stays when its words change.
#[derive(Default)]
struct Texts {
    by_key: BTreeMap<String, (String, String)>,
    order: BTreeMap<String, usize>,
}

impl Texts {
    fn add(&mut self, key: String, what: String, text: String) {
        let place = self.order.len();
        self.order.entry(key.clone()).or_insert(place);
        // The same key twice is said twice.
        self.by_key.entry(key).and_modify(|(_, known)| *known = format!("{known}; {text}")).or_insert((what, text));
    }
}

fn texts(bundle: &Bundle) -> Texts {
    let mut texts = Texts::default();
    for section in &bundle.sections {
        let school = section.heading.as_deref().unwrap_or_default();
        for block in &section.blocks {
            for figure in &block.figures {
                figure_texts(&mut texts, school, figure);
            }
            note_texts(&mut texts, school, block);
            for missing in &block.missing {
                let about = missing.what.split_once(": ").map_or(missing.what.as_str(), |(about, _)| about);
                let key = format!("{school}/{}/item/{about}", block.number);
                texts.add(key, format!("Block {}: {about}", block.number), "missing".into());
            }
        }
    }
    for finding in &bundle.findings {
        texts.add(format!("finding/{}", finding.heading), finding.heading.clone(), finding.text.clone());
    }
    for action in &bundle.actions {
        let due = action.due.map(|due| format!(", by {}", words::day(due))).unwrap_or_default();
        let text = format!("{}{due}: {}", action.owner, action.state);
        texts.add(format!("action/{}", action.what), format!("Action: {}", action.what), text);
    }
    for definition in &bundle.definitions {
        let what = format!("Definition of {}", definition.title);
        texts.add(format!("definition/{}", definition.id), what, format!("version {}", definition.version));
    }
    texts
}

fn figure_texts(texts: &mut Texts, school: &str, figure: &Figure) {
    let Some(table) = &figure.table else {
        texts.add(format!("{school}/figure/{}", figure.id), figure.title.clone(), figure.value.clone());
        return;
    };
    for row in &table.rows {
        let mut cells = row.iter().zip(&table.columns);
        let Some((Cell::Text(period), _)) = cells.next() else { continue };
        let Some((value, column)) = cells.next() else { continue };
        let key = format!("{school}/figure/{}/{period}", figure.id);
        texts.add(key, format!("{}, {period}", figure.title), cell_words(value, column));
    }
}

fn cell_words(cell: &Cell, column: &Column) -> String {
    match (cell, column.kind) {
        (Cell::Number(number), ColumnKind::Percent { decimals }) => format!("{}%", words::figure(number.get(), decimals.into())),
        (Cell::Number(number), ColumnKind::Number { decimals }) => words::figure(number.get(), decimals.into()),
        (Cell::Number(number), _) => number.get().to_string(),
        (Cell::Text(text) | Cell::Mark(text), _) => text.clone(),
        (Cell::Date(day), _) => words::day(*day),
        (Cell::Empty, _) => String::new(),
    }
}

/// Statements by what they are about: the words before the first colon stay when the statement changes.
fn note_texts(texts: &mut Texts, school: &str, block: &Block) {
    for note in &block.notes {
        let (about, text) = note.text.split_once(": ").unwrap_or(("", &note.text));
        let is_short = about.len() <= 200 && !about.is_empty();
        let (what, text) = if is_short { (about, text) } else { (note.by.as_str(), note.text.as_str()) };
        // The day of a count is no difference, what it comes to is.
        let text = text.split_once(" As of ").map_or(text, |(count, _)| count);
        let key = format!("{school}/{}/item/{what}", block.number);
        texts.add(key, format!("Block {}: {what}", block.number), text.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::date;
    use weir_pack::bundle::{Action, Audience, Basis, Body, FORMAT, Missing, Note, Number, Section, Table};

    use super::*;

    fn bundle(value: f64, answer: Option<&str>) -> Bundle {
        let columns = vec![
            Column { title: "Half-term".into(), kind: ColumnKind::Text },
            Column { title: "This year".into(), kind: ColumnKind::Percent { decimals: 1 } },
        ];
        let row = |period: &str, value: f64| vec![Cell::Text(period.into()), Cell::Number(Number::new(value).unwrap())];
        let rows = vec![row("Autumn 1", 97.0), row("Autumn 2", value)];
        let figure = Figure {
            id: "coverage_days".into(),
            title: "Days with logs".into(),
            state: None,
            value: format!("{value}%"),
            comparison: None,
            coverage: None,
            meaning: "x".into(),
            ask: None,
            measured: true,
            chart: None,
            table: Some(Table { id: "coverage_days".into(), title: "Days with logs".into(), columns, rows }),
        };
        let on = date(2026, 7, 6);
        let note = answer.map(|text| Note { text: format!("Who looks after it: {text}"), by: "Quill, head".into(), on });
        let missing = answer.is_none().then(|| Missing { what: "Who looks after it".into(), who: "head".into() });
        let block = Block {
            number: 5,
            title: "Logs".into(),
            asks: "All?".into(),
            basis: Basis::Both,
            figures: vec![figure],
            tables: Vec::new(),
            notes: note.into_iter().collect(),
            missing: missing.into_iter().collect(),
        };
        Bundle {
            format: FORMAT,
            weir_version: "0.1.0".into(),
            lake_version: 1,
            frozen_at: Timestamp::from_second(1_783_328_400).unwrap(),
            audience: Audience::Governors,
            revision: 1,
            year: "2025-26".into(),
            first_day: date(2025, 9, 1),
            last_day: date(2026, 8, 31),
            body: Body { id: "oak".into(), name: "Oak".into(), nation: "England".into() },
            title: "Review".into(),
            lead: Vec::new(),
            unseen: Vec::new(),
            questions: Vec::new(),
            findings: Vec::new(),
            sections: vec![Section { heading: None, blocks: vec![block] }],
            actions: vec![Action {
                what: "test".into(),
                owner: "IT".into(),
                due: Some(on),
                state: "open".into(),
                carried_from: None,
            }],
            signatures: Vec::new(),
            replaces: None,
            differences: Vec::new(),
            appendices: Vec::new(),
            definitions: Vec::new(),
            glossary: Vec::new(),
        }
    }

    #[test]
    fn a_changed_figure_and_a_new_answer_are_differences() {
        let was = bundle(98.24, None);
        assert_eq!(differences(&was, &was), []);
        let mut is = bundle(91.5, Some("IT support"));
        is.actions[0].state = "done".into();
        let found: Vec<(String, String, String)> =
            differences(&was, &is).into_iter().map(|found| (found.what, found.was, found.is)).collect();
        let wanted = [
            ("Days with logs, Autumn 2", "98.2%", "91.5%"),
            ("Block 5: Who looks after it", "missing", "IT support"),
            ("Action: test", "IT, by 6 July 2026: open", "IT, by 6 July 2026: done"),
        ];
        let wanted: Vec<_> = wanted.map(|(what, was, is)| (what.to_owned(), was.to_owned(), is.to_owned())).into();
        assert_eq!(found, wanted);
    }
}
