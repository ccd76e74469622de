//! Words as people type them: trimmed, of bounded length, with no control characters but line ends.

use jiff::civil::Date;

use super::{Fault, RecordError};
use crate::RegisterError;

/// Longest text of a field, in characters.
pub(crate) const LONGEST: usize = 1000;

/// Longest name of somebody who did or will do something, or of a site.
pub(crate) const LONGEST_NAME: usize = 100;

/// Text of a field as it is kept.
pub(crate) fn prose(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.trim().chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

/// A name or label as it is kept: one line, single spaces.
pub(crate) fn line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Adds a fault where a text is missing, if it must be there, or too long.
pub(crate) fn must(faults: &mut Vec<Fault>, text: &str, longest: usize, missing: Option<Fault>, long: Fault) {
    match missing {
        Some(missing) if text.is_empty() => faults.push(missing),
        _ if text.chars().count() > longest => faults.push(long),
        _ => {}
    }
}

/// Text that has to be there, as it is kept; otherwise what is wrong with it.
pub(crate) fn needed(field: &'static str, text: &str, missing: &'static str) -> Result<String, RecordError> {
    let (mut faults, text) = (Vec::new(), prose(text));
    must(&mut faults, &text, LONGEST, Some(Fault::at(field, missing)), Fault::at(field, "Use at most 1,000 characters."));
    if faults.is_empty() { Ok(text) } else { Err(RecordError::Wrong(faults)) }
}

/// A day as the register holds it.
pub(crate) fn day(text: &str) -> Result<Date, RegisterError> {
    text.parse().map_err(|_| RegisterError::Damaged("a day that it can't read"))
}

/// A day that may be open.
pub(crate) fn maybe_day(text: Option<&str>) -> Result<Option<Date>, RegisterError> {
    text.map(day).transpose()
}
