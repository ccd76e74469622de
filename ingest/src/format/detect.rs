//! Says which format a file is in, from its beginning: each format reads it, the one that makes most of it wins, and of equals the one
//! whose samples the other also claims (the more specific one).

use std::sync::Arc;

use super::{Catalogue, Format, FormatError};
use crate::decoded::{Decoded, FIELD_COUNT, Outcome};

/// Bytes looked at; what stands behind says the same again.
const HEAD: usize = 64 * 1024;

/// Lines tried: enough to meet the rarer kinds, few enough that sixty formats cost milliseconds.
const LINES: usize = 200;

/// One line in so many has to be another product's before a file is called mixed: a relay adds a line of its own here and there.
const MIXED_ONE_IN: usize = 20;

/// Share of the tried lines a format must claim. A few lines of another shape are a relay's doing; half are another format.
const LEAST_SHARE: f64 = 0.5;

/// How a format fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its id.
    pub id: String,
    /// Lines it claimed.
    pub claimed: usize,
    /// Fields those lines gave.
    pub fields: usize,
}

/// What a file's beginning looks like.
#[derive(Debug, Clone)]
pub struct Detection {
    /// The format, if one was found.
    pub format: Option<Arc<Format>>,
    /// Lines tried.
    pub lines: usize,
    /// The formats that claimed something, best first; for messages.
    pub candidates: Vec<Candidate>,
    /// The format that fits but rests on guessed names, so that a person has to confirm it.
    pub to_confirm: Option<Arc<Format>>,
    /// Another format that claims lines which the one found does not: two products' logs in one file.
    pub mixed_with: Option<Mixed>,
}

/// A second product's lines in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mixed {
    /// The format's id.
    pub id: String,
    /// What a person calls it.
    pub title: String,
    /// Lines it claims that the file's format does not.
    pub lines: usize,
    /// Lines looked at.
    pub of: usize,
}

/// Whether a format recognises what it read as its own, apart from blank lines and remarks, which prove nothing.
fn is_claim(decoded: &Decoded<'_>) -> bool {
    match decoded.outcome {
        Outcome::Event | Outcome::AdminEvent => true,
        Outcome::Ignored(reason) => !matches!(reason, "blank" | "comment"),
        Outcome::Quarantined(reason) => reason == "cut_record",
    }
}

fn fields(decoded: &Decoded<'_>) -> usize {
    let numbers = [decoded.status.is_some(), decoded.bytes_in.is_some(), decoded.bytes_out.is_some(), decoded.action.is_some()];
    decoded.text.iter().take(FIELD_COUNT).filter(|text| !text.is_empty()).count() + numbers.into_iter().filter(|n| *n).count()
}

/// Lines claimed and fields given of `lines`.
fn score<'a>(format: &Format, lines: impl Iterator<Item = &'a [u8]>) -> (usize, usize) {
    let mut reader = format.reader();
    let (mut claimed, mut given) = (0, 0);
    for line in lines {
        let decoded = reader.read(line);
        if is_claim(&decoded) {
            claimed += 1;
            given += fields(&decoded);
        }
    }
    (claimed, given)
}

impl Format {
    /// Whether this format claims every sample of `other`.
    pub(crate) fn claims_samples_of(&self, other: &Format) -> bool {
        other.sample_lines().all(|(header, line)| {
            let mut reader = self.reader();
            for line in &header {
                reader.read(line.as_bytes());
            }
            is_claim(&reader.read(line.as_bytes()))
        })
    }
}

/// What is looked at of a file's beginning, and its lines.
pub(super) fn beginning(head: &[u8]) -> (&[u8], Vec<&[u8]>) {
    let cut = head.len() > HEAD;
    let head = head.get(..HEAD).unwrap_or(head);
    // The last line may be cut off.
    let whole = if cut { memchr::memrchr(b'\n', head).and_then(|end| head.get(..end)).unwrap_or(head) } else { head };
    (whole, whole.split(|b| *b == b'\n').take(LINES).collect())
}

/// Whether so many of the tried lines make a file one of a format's.
pub(super) fn share_of(claimed: usize, tried: usize) -> bool {
    claimed as f64 >= LEAST_SHARE * tried as f64
}

/// Whether a format file can be worth compiling for this beginning: most decoders need a mark that is easy to look for.
pub(super) fn may_fit(text: &str, head: &[u8]) -> bool {
    let decode = text.lines().find_map(|line| line.strip_prefix("decode")).unwrap_or("");
    let has = |mark: &[u8]| memchr::memmem::find(head, mark).is_some();
    match decode.split('"').nth(1) {
        Some("json") => has(b"{"),
        Some("cef") => has(b"CEF:") || has(b"0|") || has(b"1|"),
        Some("leef") => has(b"LEEF:"),
        Some("kv") => has(b"="),
        _ => true,
    }
}

impl Catalogue {
    /// Decides from the first 64 KB of a file.
    pub fn detect(&self, head: &[u8]) -> Result<Detection, FormatError> {
        let (whole, physical) = beginning(head);
        let tried = physical.iter().filter(|line| !line.trim_ascii().is_empty()).count();
        let mut found: Vec<(Candidate, Arc<Format>)> = Vec::new();
        for (id, text) in self.texts() {
            if !may_fit(text, whole) {
                continue;
            }
            let format = self.get(id)?;
            let (claimed, fields) = if format.plan.multiline {
                score(&format, joined_records(whole).into_iter().take(LINES))
            } else {
                score(&format, physical.iter().copied())
            };
            if claimed > 0 {
                found.push((Candidate { id: id.to_string(), claimed, fields }, format));
            }
        }
        found.sort_by(|(a, x), (b, y)| {
            b.claimed
                .cmp(&a.claimed)
                .then_with(|| specific_first(x, y))
                .then(b.fields.cmp(&a.fields))
                .then_with(|| a.id.cmp(&b.id))
        });
        let records = |format: &Format| if format.plan.multiline { joined_records(whole).len().min(LINES) } else { tried };
        let best = |is_inferred: bool| {
            found
                .iter()
                .find(|(_, format)| (format.evidence() == "inferred") == is_inferred)
                .filter(|(best, format)| share_of(best.claimed, records(format)))
        };
        // A format of guessed names may take a column for another, so it is only ever proposed, and only where it makes more of the lines.
        let (known, guessed) = (best(false), best(true));
        let to_confirm = guessed.filter(|(guess, _)| known.is_none_or(|(known, _)| guess.claimed > known.claimed));
        let format = known.filter(|_| to_confirm.is_none()).map(|(_, format)| Arc::clone(format));
        let to_confirm = to_confirm.map(|(_, format)| Arc::clone(format));
        let mixed_with = format.as_ref().and_then(|format| mixed_with(format, &found, &physical, tried));
        Ok(Detection {
            format,
            lines: tried,
            candidates: found.into_iter().map(|(candidate, _)| candidate).collect(),
            to_confirm,
            mixed_with,
        })
    }
}

/// The format that claims most of what `format` leaves, if that is more than stray lines.
fn mixed_with(format: &Format, found: &[(Candidate, Arc<Format>)], physical: &[&[u8]], tried: usize) -> Option<Mixed> {
    if format.plan.multiline {
        return None;
    }
    let mut reader = format.reader();
    let left: Vec<&[u8]> = physical
        .iter()
        .copied()
        .filter(|line| matches!(reader.read(line).outcome, Outcome::Quarantined(reason) if reason != "cut_record"))
        .collect();
    if left.len() * MIXED_ONE_IN < tried {
        return None;
    }
    let others = found.iter().filter(|(_, other)| other.id() != format.id() && other.evidence() != "inferred");
    let scored = others.map(|(_, other)| (score(other, left.iter().copied()), other));
    let ((lines, _), other) = scored.max_by_key(|(score, _)| *score)?;
    let is_many = lines > 1 && lines * MIXED_ONE_IN >= tried;
    is_many.then(|| Mixed { id: other.id().to_owned(), title: other.title().to_owned(), lines, of: tried })
}

/// The format whose samples the other claims as well, but not the reverse, is the more specific one.
fn specific_first(a: &Format, b: &Format) -> std::cmp::Ordering {
    let (b_claims_a, a_claims_b) = (b.claims_samples_of(a), a.claims_samples_of(b));
    a_claims_b.cmp(&b_claims_a)
}

/// Records where newlines inside quotation marks do not end them.
fn joined_records(text: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    let (mut start, mut in_quotes) = (0, false);
    for at in memchr::memchr2_iter(b'"', b'\n', text) {
        if text.get(at) == Some(&b'"') {
            in_quotes = !in_quotes;
        } else if !in_quotes {
            records.extend(text.get(start..at));
            start = at + 1;
        }
    }
    records.extend(text.get(start..).filter(|rest| !rest.trim_ascii().is_empty()));
    records
}
