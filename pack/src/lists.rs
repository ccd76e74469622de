//! The lists of a bundle as tables: every document sets them the same way, and each has a sheet and a file.

use jiff::tz::TimeZone;

use crate::bundle::{Bundle, Cell, Column, ColumnKind, Figure, Missing, Note, Number, Table};
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

const FIGURE: [(&str, ColumnKind); 9] = [
    ("Figure", TEXT),
    ("Value", TEXT),
    ("State", TEXT),
    ("Compared with", TEXT),
    ("Coverage", TEXT),
    ("Source", TEXT),
    ("What it means", TEXT),
    ("What to ask", TEXT),
    ("Id", TEXT),
];

fn figure(figure: &Figure) -> [Cell; 9] {
    let option = |text: &Option<String>| self::text(text.as_deref().unwrap_or_default());
    [
        text(&figure.title),
        text(&figure.value),
        text(figure.state.map_or("", words::state)),
        option(&figure.comparison),
        option(&figure.coverage),
        text(if figure.measured { "measured" } else { "reported by people" }),
        text(&figure.meaning),
        option(&figure.ask),
        text(&figure.id),
    ]
}

/// The figures of a block.
pub(crate) fn figures(figures: &[Figure]) -> Table {
    table("figures", "Figures", FIGURE, figures.iter().map(figure).collect())
}

/// All figures, with their schools and blocks.
pub(crate) fn all_figures(bundle: &Bundle) -> Table {
    let mut all = figures(&[]);
    let number = ColumnKind::Number { decimals: 0 };
    all.columns.splice(0..0, [("School", TEXT), ("Block", number)].map(|(title, kind)| Column { title: title.to_owned(), kind }));
    for (school, block) in blocks(bundle) {
        for figure in &block.figures {
            let place = [text(school), Cell::Number(Number::from(u32::from(block.number)))];
            all.rows.push(place.into_iter().chain(self::figure(figure)).collect());
        }
    }
    all
}

/// The blocks with their schools' names.
fn blocks(bundle: &Bundle) -> impl Iterator<Item = (&str, &crate::bundle::Block)> {
    bundle.sections.iter().flat_map(|section| {
        let school = section.heading.as_deref().unwrap_or(&bundle.body.name);
        section.blocks.iter().map(move |block| (school, block))
    })
}

/// What people wrote in a block.
pub(crate) fn notes(notes: &[Note]) -> Table {
    let rows = notes.iter().map(|note| [text(&note.text), text(&note.by), Cell::Date(note.on)]).collect();
    table("notes", "Notes", [("Note", TEXT), ("By", TEXT), ("On", ColumnKind::Date)], rows)
}

/// What nobody supplied for a block.
pub(crate) fn missing(missing: &[Missing]) -> Table {
    let rows = missing.iter().map(|missing| [text(&missing.what), text(&missing.who)]).collect();
    table("missing", "Not supplied", [("What", TEXT), ("Who can supply it", TEXT)], rows)
}

/// The sentences of the beginning, all notes, and all that is missing.
pub(crate) fn lines(bundle: &Bundle) -> Table {
    let mut rows = Vec::new();
    for (kind, lines) in
        [("in short", &bundle.lead), ("can\u{2019}t be seen", &bundle.unseen), ("question to the head", &bundle.questions)]
    {
        rows.extend(
            lines.iter().map(|line| [text(&bundle.body.name), Cell::Empty, text(kind), text(line), Cell::Empty, Cell::Empty]),
        );
    }
    for (school, block) in blocks(bundle) {
        let at = || (text(school), Cell::Number(Number::from(u32::from(block.number))));
        for note in &block.notes {
            let (school, number) = at();
            rows.push([school, number, text("note"), text(&note.text), text(&note.by), Cell::Date(note.on)]);
        }
        for missing in &block.missing {
            let (school, number) = at();
            rows.push([school, number, text("not supplied"), text(&missing.what), text(&missing.who), Cell::Empty]);
        }
    }
    let number = ColumnKind::Number { decimals: 0 };
    let columns = [("School", TEXT), ("Block", number), ("Kind", TEXT), ("Text", TEXT), ("Who", TEXT), ("On", ColumnKind::Date)];
    table("lines", "In short, notes, and what is missing", columns, rows)
}
