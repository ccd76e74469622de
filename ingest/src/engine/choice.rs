//! Chooses the format of an input from its beginning, and finds the lines there that name the columns.

use std::sync::Arc;

use super::FormatChoice;
use super::error::IngestError;
use super::records::Cutter;
use super::totals::{self, Totals};
use crate::decoded::{LineReader, Outcome};
use crate::format::{Catalogue, Format, Lacks, Mixed, Nearly};

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
        (
            IngestError::UnknownFormat { .. } | IngestError::NearlyFits { .. } | IngestError::FormatToConfirm { .. },
            Some(Totals { headings }),
        ) => IngestError::TotalsOnly { path: label.to_owned(), headings },
        _ => error,
    })
}

fn chosen(catalogue: &Catalogue, choice: &FormatChoice, label: &str, beginning: &[u8]) -> Result<Chosen, IngestError> {
    if let FormatChoice::Id(id) = choice {
        return Ok(Chosen { format: catalogue.get(id.as_str())?.as_named(), mixed_with: None });
    }
    let detection = catalogue.detect(beginning)?;
    let lines = detection.lines;
    if let Some(format) = detection.format {
        return Ok(Chosen { format, mixed_with: detection.mixed_with });
    }
    let path = label.to_owned();
    if let Some(guess) = detection.to_confirm {
        return Err(IngestError::FormatToConfirm { path, format: guess.id().to_owned(), title: guess.title().to_owned() });
    }
    if let Some(Nearly { formats, lacks }) = catalogue.nearly(beginning)? {
        let titles = formats.iter().map(|format| format.title()).collect::<Vec<_>>().join(" or ");
        let lacks = match lacks {
            Lacks::Time => {
                "but its lines hold no time that can be read; have the product write it, or the system that kept the log"
            }
            Lacks::FieldsLine => {
                "but without the #Fields line that names its columns; send the file with that line, or have the product write a log of fixed columns"
            }
        };
        return Err(IngestError::NearlyFits { path, lines, titles, lacks, formats });
    }
    let nearest: Vec<String> = detection
        .candidates
        .iter()
        .take(3)
        .map(|candidate| format!("{} (claims {} of them)", candidate.id, candidate.claimed))
        .collect();
    let nearest = if nearest.is_empty() { String::new() } else { format!("; nearest: {}", nearest.join(", ")) };
    Err(IngestError::UnknownFormat { path, lines, nearest })
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
