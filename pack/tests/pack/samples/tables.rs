//! Tables of the invented reviews: the policy, what people recorded, the register's logs.

use jiff::civil::date;
use weir_pack::bundle::*;

use super::{School, columns, number, text};

pub(super) fn policy_table(school: &School) -> Table {
    let names = [
        "Adult content",
        "Gambling",
        "Violence and weapons",
        "Hate speech",
        "Piracy",
        "Anonymisers",
        "Social media",
        "Games",
        "AI assistants",
        "Web mail",
        "Streaming",
        "Advertising",
    ];
    let rows = names
        .iter()
        .enumerate()
        .map(|(place, name)| {
            let share = if school.is_hidden { Cell::Mark("[c]".into()) } else { Cell::Number(number(99.2 - place as f64 * 3.7)) };
            vec![
                text(*name),
                text("pupils"),
                text(if place < 6 { "block" } else { "the school decides" }),
                share,
                Cell::Number(Number::from(school.pupils * 3 + place as u32 * 11)),
                Cell::Date(date(2025, 9, 1 + place as i8)),
                text("Named in the policy on online safety, which governors agreed in July"),
            ]
        })
        .collect();
    Table {
        id: "policy".into(),
        title: "What the policy says, and what was seen".into(),
        columns: columns(&[
            ("Category", ColumnKind::Text),
            ("For", ColumnKind::Text),
            ("Policy", ColumnKind::Text),
            ("Blocked", ColumnKind::Percent { decimals: 1 }),
            ("Decisions", ColumnKind::Number { decimals: 0 }),
            ("Since", ColumnKind::Date),
            ("Reason", ColumnKind::Text),
        ]),
        rows,
    }
}

/// What people recorded for a block.
pub(super) fn recorded(number: u8) -> Table {
    let rows = (0..4)
        .map(|row| {
            let what =
                ["Statement of the provider", "Answer of the safeguarding lead", "Answer of IT support", "Seen by the governor"]
                    [row];
            let held = [
                "on file",
                "given in the meeting of June, with the figures of the year beside it",
                "yes, for all three sites",
                "not yet",
            ][row];
            vec![
                text(what),
                text(held),
                if row == 3 { Cell::Mark("[x]".into()) } else { Cell::Date(date(2026, 5, 4 + row as i8)) },
            ]
        })
        .collect();
    Table {
        id: format!("recorded-{number}"),
        title: "What is recorded".into(),
        columns: columns(&[("What", ColumnKind::Text), ("Held", ColumnKind::Text), ("On", ColumnKind::Date)]),
        rows,
    }
}

pub(super) fn appendices(rows: u32) -> Vec<Table> {
    let checks = (0..rows)
        .map(|row| {
            vec![
                Cell::Date(date(2025, 9, 8).checked_add(jiff::Span::new().days(i64::from(row) * 6)).unwrap()),
                text(["Main site", "Annexe", "Sixth-form centre"][row as usize % 3]),
                text(["school laptop", "tablet", "own device", "guest network"][row as usize % 4]),
                text(["pupils", "staff", "guests"][row as usize % 3]),
                text(
                    ["adult content", "terrorist content", "child abuse material", "safe search", "ways round"][row as usize % 5],
                ),
                text(if row % 17 == 9 { "failed" } else { "passed" }),
                text(if row % 17 == 9 {
                    "Told the provider; the rule was put back the same afternoon and tested again"
                } else {
                    ""
                }),
                text("T. Brandt"),
                text("R. Osei"),
            ]
        })
        .collect();
    let changes = (0..rows / 2)
        .map(|row| {
            vec![
                Cell::Number(Number::from(row + 1)),
                Cell::Date(date(2025, 9, 15).checked_add(jiff::Span::new().days(i64::from(row) * 9)).unwrap()),
                text(if row == 3 { "@cmd" } else { "Allow a site for a lesson" }),
                text("teacher"),
                text("deputy head"),
                text("IT support"),
                Cell::Number(number(0.5 + f64::from(row % 5))),
            ]
        })
        .collect();
    vec![
        Table {
            id: "checks".into(),
            title: "Checks of the filter".into(),
            columns: columns(&[
                ("Day", ColumnKind::Date),
                ("Site", ColumnKind::Text),
                ("Device", ColumnKind::Text),
                ("Group", ColumnKind::Text),
                ("Tested", ColumnKind::Text),
                ("Result", ColumnKind::Text),
                ("What was done", ColumnKind::Text),
                ("Tested by", ColumnKind::Text),
                ("Seen by", ColumnKind::Text),
            ]),
            rows: checks,
        },
        Table {
            id: "changes".into(),
            title: "Changes of the policy".into(),
            columns: columns(&[
                ("No.", ColumnKind::Number { decimals: 0 }),
                ("Day", ColumnKind::Date),
                ("What", ColumnKind::Text),
                ("Asked by", ColumnKind::Text),
                ("Approved by", ColumnKind::Text),
                ("Made by", ColumnKind::Text),
                ("School days", ColumnKind::Number { decimals: 1 }),
            ]),
            rows: changes,
        },
    ]
}
