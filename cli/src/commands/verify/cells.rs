//! Every value that the second engine came to, for a program to compare with what is printed elsewhere.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use weir_verify::{Cell, SchoolYear};

/// A value with its half-term's name.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    cell: &'a Cell,
    half_term: Option<&'a str>,
}

/// Every value, a line each; a file that is there is never written over.
pub(super) fn write(file: &Path, years: &[SchoolYear]) -> anyhow::Result<()> {
    let mut text = Vec::new();
    for of in years {
        for cell in &of.cells {
            let half_term = of.periods.iter().find(|(number, ..)| *number == cell.period_no).map(|(_, label, ..)| label.as_str());
            serde_json::to_writer(&mut text, &Line { cell, half_term })?;
            text.push(b'\n');
        }
    }
    let written = std::fs::File::create_new(file).and_then(|mut open| {
        open.write_all(&text)?;
        open.sync_all()
    });
    written.with_context(|| format!("{}: can't be written; a file that is there is never written over", file.display()))
}
