//! The lists of a bundle as tables: every document sets them the same way, and each has a sheet and a file.

use jiff::tz::TimeZone;

use crate::bundle::{Bundle, Cell, Column, ColumnKind, Number, Table};
use crate::words;

fn table<const N: usize>(id: &str, title: &str, columns: [(&str, ColumnKind); N], rows: Vec<[Cell; N]>) -> Table {
    Table {
        id: id.to_owned(),
        title: title.to_owned(),
        columns: columns.into_iter().map(|(title, kind)| Column { title: title.to_owned(), kind }).collect(),
        rows: rows.into_iter().map(Vec::from).collect(),
    }
}

const TEXT: ColumnKind = ColumnKind::Text;

fn text(text: &str) -> Cell {
    if text.is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) }
}

/// What stands out.
pub(crate) fn findings(bundle: &Bundle) -> Table {
    let rows = bundle.findings.iter().map(|finding| {
        let ask = finding.ask.as_deref().unwrap_or_default();
        [text(words::state(finding.state)), text(&finding.heading), text(&finding.text), text(ask)]
    });
    table(
        "findings",
        "What stands out",
        [("State", TEXT), ("Finding", TEXT), ("What happened", TEXT), ("What to ask", TEXT)],
        rows.collect(),
    )
}

/// What is to be done.
pub(crate) fn actions(bundle: &Bundle) -> Table {
    let rows = bundle.actions.iter().map(|action| {
        let due = action.due.map_or(Cell::Empty, Cell::Date);
        let from = action.carried_from.as_deref().unwrap_or_default();
        [text(&action.what), text(&action.owner), due, text(&action.state), text(from)]
    });
    table(
        "actions",
        "Actions",
        [("What", TEXT), ("Who", TEXT), ("By", ColumnKind::Date), ("State", TEXT), ("Carried over from", TEXT)],
        rows.collect(),
    )
}

/// Who signed.
pub(crate) fn signatures(bundle: &Bundle) -> Table {
    let rows = bundle.signatures.iter().map(|signature| {
        let on = signature.on.map_or_else(|| Cell::Mark("not signed".into()), |on| Cell::Date(on.to_zoned(TimeZone::UTC).date()));
        [text(&signature.role), text(&signature.name), on]
    });
    table("signatures", "Signatures", [("Role", TEXT), ("Name", TEXT), ("Signed on", ColumnKind::Date)], rows.collect())
}

/// What changed against the revision before.
pub(crate) fn differences(bundle: &Bundle) -> Table {
    let rows = bundle.differences.iter().map(|difference| [text(&difference.what), text(&difference.was), text(&difference.is)]);
    table("differences", "What changed", [("What", TEXT), ("It read", TEXT), ("It reads", TEXT)], rows.collect())
}

/// How each figure is worked out.
pub(crate) fn definitions(bundle: &Bundle) -> Table {
    let rows = bundle.definitions.iter().map(|definition| {
        [
            text(&definition.id),
            text(&definition.title),
            text(&definition.unit),
            text(&definition.counts),
            text(&definition.of),
            text(&definition.leaves_out),
            text(&definition.caveat),
            Cell::Number(Number::from(definition.version)),
        ]
    });
    table(
        "definitions",
        "How each figure is worked out",
        [
            ("Id", TEXT),
            ("Figure", TEXT),
            ("Unit", TEXT),
            ("What is counted", TEXT),
            ("Of what", TEXT),
            ("What is left out", TEXT),
            ("What to beware of", TEXT),
            ("Version", ColumnKind::Number { decimals: 0 }),
        ],
        rows.collect(),
    )
}

/// Words and what they mean.
pub(crate) fn glossary(bundle: &Bundle) -> Table {
    let rows = bundle.glossary.iter().map(|term| [text(&term.word), text(&term.meaning)]);
    table("glossary", "Words", [("Word", TEXT), ("What it means", TEXT)], rows.collect())
}
