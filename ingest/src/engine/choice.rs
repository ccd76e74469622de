//! Chooses the format of an input from its beginning, and finds the lines there that name the columns.

use std::sync::Arc;

use super::FormatChoice;
use super::error::IngestError;
use super::records::Cutter;
use super::totals::{self, Totals};
use crate::decoded::{LineReader, Outcome};
use crate::format::{Catalogue, Format, Mixed};

/// Records of the beginning in which headers are looked for.
const HEADER_RECORDS: usize = 200;

/// How an input is read.
pub(crate) struct Chosen {
    pub(crate) format: Arc<Format>,
    /// Another product whose lines stand among the first, where the format was found from them.
    pub(crate) mixed_with: Option<Mixed>,
}

/// The format of an input that begins so. Where none fits, an export of totals is told so.
pub(crate) fn choose_format(
    catalogue: &Catalogue,
    choice: &FormatChoice,
    label: &str,
    beginning: &[u8],
) -> Result<Chosen, IngestError> {
    chosen(catalogue, choice, label, beginning).map_err(|error| match (&error, totals::found(beginning)) {
        (IngestError::UnknownFormat { .. } | IngestError::FormatToConfirm { .. }, Some(Totals { headings })) => {
            IngestError::TotalsOnly { path: label.to_owned(), headings }
        }
        _ => error,
    })
}

fn chosen(catalogue: &Catalogue, choice: &FormatChoice, label: &str, beginning: &[u8]) -> Result<Chosen, IngestError> {
    if let FormatChoice::Id(id) = choice {
        return Ok(Chosen { format: catalogue.get(id.as_str())?, mixed_with: None });
    }
    let detection = catalogue.detect(beginning)?;
    let (lines, candidates, to_confirm) = (detection.lines, detection.candidates, detection.to_confirm);
    let mixed_with = detection.mixed_with;
    detection.format.map(|format| Chosen { format, mixed_with }).ok_or_else(|| {
        if let Some(guess) = to_confirm {
            return IngestError::FormatToConfirm {
                path: label.to_owned(),
                format: guess.id().to_owned(),
                title: guess.title().to_owned(),
            };
        }
        let nearest: Vec<String> = candidates
            .iter()
            .take(3)
            .map(|candidate| format!("{} (claims {} of them)", candidate.id, candidate.claimed))
            .collect();
        let nearest = if nearest.is_empty() { String::new() } else { format!("; nearest: {}", nearest.join(", ")) };
        IngestError::UnknownFormat { path: label.to_owned(), lines, nearest }
    })
}

/// The lines among a file's first that name the columns of those after them.
pub(crate) fn headers_of(reader: &mut dyn LineReader, cutter: Cutter, beginning: &[u8], is_whole: bool) -> Vec<Vec<u8>> {
    let mut headers = Vec::new();
    let mut at = 0;
    for _ in 0..HEADER_RECORDS {
        let Some(record) = cutter.cut(beginning, at, is_whole) else { break };
        let line = beginning.get(at..record.end).unwrap_or_default();
        at = record.next;
        let is_header = reader.is_header(line);
        let outcome = reader.read(line).outcome;
        if is_header {
            headers.push(line.to_vec());
        } else if matches!(outcome, Outcome::Event | Outcome::AdminEvent) {
            break;
        }
    }
    headers
}
