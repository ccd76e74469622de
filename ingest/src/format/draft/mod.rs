//! Proposes a format file from a sample of an unknown log; nothing of the sample reaches the file but the names of fields and known words.

mod apart;
mod guess;
mod invent;
#[cfg(test)]
mod tests;
mod vocabulary;
mod write;

use super::samples::{Report, test};
use super::{Catalogue, FormatError};
use vocabulary::Vocabulary;

/// A proposed format file, and what is for the screen alone.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The file's text.
    pub text: String,
    /// The decoder that fits.
    pub decoder: &'static str,
    /// Rows of the sample that were looked at.
    pub rows: usize,
    /// Column or `time`, and the field it was given.
    pub columns: Vec<(&'static str, String)>,
    /// Words in the column of decisions whose meaning is not known, as they stand in the sample: never to be stored.
    pub unknown_words: Vec<String>,
    /// Fields without a column, as they are called in the sample: never to be stored.
    pub unknown_fields: Vec<String>,
    /// What its own samples say of it.
    pub report: Report,
}

impl Draft {
    /// Questions left in the file.
    pub fn questions(&self) -> usize {
        questions(&self.text)
    }
}

/// Questions that `weir formats new` left in a format file.
pub fn questions(text: &str) -> usize {
    text.lines().filter(|line| line.trim_start().starts_with("# question:")).count()
}

/// Why there is no proposal.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DraftError {
    /// Positional text, an archive, a picture.
    #[error(
        "no decoder fits: the lines are no table, JSON, CEF, LEEF, W3C or key=value pairs; \
         write the file by hand with decode = \"pattern\", as docs/formats.md shows"
    )]
    NoDecoder,
    /// One line of many rows, or bytes that are no text.
    #[error("{0}")]
    NotLines(&'static str),
    /// A format that words are learnt from, or the proposal itself.
    #[error(transparent)]
    Format(#[from] FormatError),
}

/// Everything a line holds, by name, as far as the decoder gives names.
pub(super) fn fields_of(decode: &str, delimiter: Option<char>, header: &[&str], line: &str) -> Vec<(String, String)> {
    apart::fields_of(decode, delimiter, header, line)
}

/// Proposes a format file called `id` from the beginning of a log.
pub fn draft(catalogue: &Catalogue, sample: &[u8], id: &str) -> Result<Draft, DraftError> {
    let sample = sample.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample);
    if sample.contains(&0) {
        return Err(DraftError::NotLines("the file is no plain text: unpack it first, or export it as CSV in UTF-8"));
    }
    let text = String::from_utf8_lossy(sample);
    if text.trim_start().starts_with('[') && serde_json::from_str::<Vec<serde::de::IgnoredAny>>(&text).is_ok() {
        return Err(DraftError::NotLines("the file is one JSON array: Weir reads one object a line, so split it first"));
    }
    let vocabulary = Vocabulary::new(catalogue)?;
    let sheet = apart::take_apart(&text, &vocabulary).ok_or(DraftError::NoDecoder)?;
    if sheet.rows == 0 {
        return Err(DraftError::NotLines("there is a header and no row under it: give a sample with some rows"));
    }
    let mut guess = guess::guess(&sheet, &vocabulary);
    guess.keep(|at| sheet.fields.get(at).is_some_and(|field| sheet.may_name(field, &vocabulary)));
    let invention = invent::Invention::new(&text, &sheet);
    let written = write::written(id, &sheet, &guess, &vocabulary, &invention);
    let report = test("the proposal", &written)?;
    let name = |at: usize| sheet.fields.get(at).map(|field| field.name.clone()).unwrap_or_default();
    let times = guess.time.iter().flat_map(|time| &time.fields).map(|at| ("time", name(*at)));
    let action = guess.action.map(|at| ("action", name(at)));
    let columns: Vec<_> = times.chain(guess.columns.iter().map(|(column, at)| (*column, name(*at)))).chain(action).collect();
    let unknown_fields = sheet.fields.iter().map(|field| &field.name);
    let unknown_fields =
        unknown_fields.filter(|name| !name.is_empty() && !columns.iter().any(|(_, known)| known == *name)).cloned().collect();
    Ok(Draft {
        text: written,
        decoder: sheet.decoder.name(),
        rows: sheet.rows,
        columns,
        unknown_words: guess.unknown_verdicts,
        unknown_fields,
        report,
    })
}
