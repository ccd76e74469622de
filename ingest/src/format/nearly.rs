//! Says which format a file nearly fits, and what it lacks, where no format fits: for messages and for `weir inspect`. No file is ever
//! read into the lake by it.

use std::cmp::Reverse;
use std::sync::Arc;

use super::detect::{beginning, may_fit, share_of};
use super::plan::{ActionWord, DecoderPlan, Plan, TimeForm};
use super::{Catalogue, Format, FormatError};
use crate::decode::w3c::W3c;
use crate::decoded::Outcome;

/// Fields that a format must ask for before a line that has them all, and no time, is taken for one of its lines. One name stands in
/// many logs.
const LEAST_REQUIRED: usize = 2;

/// Formats named at most. What more of them fit is too common a shape to say anything.
const MOST_NAMED: usize = 3;

/// Times of the years 2000 to 2099, in microseconds: other numbers are no epoch.
const LIKELY_TIMES: std::ops::Range<i64> = 946_684_800_000_000..4_102_444_800_000_000;

/// What a file lacks that nearly fits a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacks {
    /// Its lines have all that the format asks for, and a decision, and no time that can be read.
    Time,
    /// The columns of a W3C log are named by its `#Fields` line alone.
    FieldsLine,
}

/// Formats that a file nearly fits.
#[derive(Debug, Clone)]
pub struct Nearly {
    /// The formats, one as likely as the other.
    pub formats: Vec<Arc<Format>>,
    /// What the file lacks.
    pub lacks: Lacks,
}

impl Catalogue {
    /// What a file that no format claims nearly fits.
    pub fn nearly(&self, head: &[u8]) -> Result<Option<Nearly>, FormatError> {
        let (whole, lines) = beginning(head);
        let lines: Vec<&[u8]> = lines.into_iter().filter(|line| !line.trim_ascii().is_empty()).collect();
        let mut found: Vec<(Lacks, usize, Arc<Format>)> = Vec::new();
        for (id, _) in self.texts().filter(|(_, text)| may_fit(text, whole)) {
            let format = self.get(id)?;
            if format.evidence() == "inferred" {
                continue;
            }
            let (lacks, fits) = match &format.plan.decoder {
                DecoderPlan::W3c(_) => (Lacks::FieldsLine, headless(&format, &lines)),
                _ => (Lacks::Time, timeless(&format, &lines)),
            };
            if fits > 0 && share_of(fits, lines.len()) {
                found.push((lacks, fits, format));
            }
        }
        // A line without a time is looked at before one without names: it has been read further.
        found.sort_by_key(|(lacks, fits, format)| (*lacks == Lacks::FieldsLine, Reverse(*fits), format.id().to_owned()));
        let Some((lacks, most, _)) = found.first() else { return Ok(None) };
        let (lacks, most) = (*lacks, *most);
        let alike = found.into_iter().filter(|(other, fits, _)| (*other, *fits) == (lacks, most));
        let formats: Vec<_> = alike.map(|(_, _, format)| format).collect();
        Ok((formats.len() <= MOST_NAMED).then_some(Nearly { formats, lacks }))
    }
}

/// Lines that lack nothing but a time.
fn timeless(format: &Format, lines: &[&[u8]]) -> usize {
    if format.plan.required.len() < LEAST_REQUIRED {
        return 0;
    }
    let mut reader = format.reader();
    lines.iter().filter(|line| matches!(reader.read(line).outcome, Outcome::Quarantined("missing_time" | "bad_time"))).count()
}

/// Lines that hold, wherever, a time as the format writes it and a word of its decision; none where a line names columns.
fn headless(format: &Format, lines: &[&[u8]]) -> usize {
    if lines.iter().any(|line| W3c::is_header(line)) {
        return 0;
    }
    let holds = |line: &&&[u8]| {
        let fields = fields_of(line);
        fields.iter().any(|field| is_decision(&format.plan, field)) && has_time(&format.plan, &fields)
    };
    lines.iter().filter(holds).count()
}

/// What blanks part, quotation marks apart.
fn fields_of(line: &[u8]) -> Vec<&[u8]> {
    let mut in_quotes = false;
    let parts = line.trim_ascii().split(|byte| {
        in_quotes ^= *byte == b'"';
        !in_quotes && matches!(byte, b' ' | b'\t')
    });
    parts.filter(|part| !part.is_empty()).map(|part| part.strip_prefix(b"\"").unwrap_or(part)).collect()
}

fn is_decision(plan: &Plan, field: &[u8]) -> bool {
    let says = |word: &ActionWord| matches!(word, ActionWord::Action(_) | ActionWord::Ignored(_));
    plan.action.iter().any(|(_, table)| table.get(field).is_some_and(says))
}

fn has_time(plan: &Plan, fields: &[&[u8]]) -> bool {
    plan.time.iter().any(|form| match form {
        TimeForm::Epoch { unit, .. } => {
            fields.iter().any(|field| unit.read(field).is_some_and(|micros| LIKELY_TIMES.contains(&micros)))
        }
        TimeForm::Layout { slots, layouts, .. } => fields.windows(slots.len()).any(|window| {
            let text = window.join(&b' ');
            layouts.iter().any(|layout| layout.read(&text).is_some())
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearly(lines: &str) -> Option<(Vec<String>, Lacks)> {
        let catalogue = Catalogue::embedded();
        assert!(catalogue.detect(lines.as_bytes()).unwrap().format.is_none(), "{lines}");
        let nearly = catalogue.nearly(lines.as_bytes()).unwrap()?;
        Some((nearly.formats.iter().map(|format| format.id().to_owned()).collect(), nearly.lacks))
    }

    #[test]
    fn what_is_lacking_is_told_where_the_rest_fits() {
        let no_time = r#"proxy-1 c-ip=10.20.30.41 cs-host=dice.example cs-username=apatel s-action=TCP_DENIED sc-filter-result=DENIED sc-status=403
proxy-1 c-ip=10.20.30.42 cs-host=maps.example cs-username=rokafor s-action=TCP_MISS sc-filter-result=OBSERVED sc-status=200
"#;
        assert_eq!(nearly(no_time), Some((vec![String::from("bluecoat-kv")], Lacks::Time)));
        // The columns are in an order of the administrator's: only the line at the top would say which.
        let no_fields = "SCH\\apatel 1793870042.327 10.20.30.41 GET http://dice.example/ BLOCK_WEBCAT_12-Pupils-Signed_in-NONE-NONE-NONE-NONE 403\n";
        let (formats, lacks) = nearly(no_fields).unwrap();
        assert_eq!((formats[0].as_str(), lacks), ("cisco-wsa-w3c", Lacks::FieldsLine));
        // A word that two products write leaves both in question.
        let either = "1793870042.327 10.20.30.41 TCP_DENIED/403 GET http://dice.example/ BLOCK_WEBCAT_12-Pupils-NONE\n";
        assert_eq!(nearly(either), Some((vec![String::from("bluecoat"), String::from("cisco-wsa-w3c")], Lacks::FieldsLine)));
        // Half of a file is no file of it, and neither is a line with a decision's word and no time.
        assert_eq!(nearly(&format!("{no_fields}the owl went out\nand did not come home\n")), None);
        assert_eq!(nearly("SCH\\apatel 10.20.30.41 GET http://dice.example/ BLOCK_WEBCAT_12-Pupils-NONE 403\n"), None);
        // 4011 is no time.
        assert_eq!(nearly("SCH\\apatel 4011 10.20.30.41 GET http://dice.example/ BLOCK_WEBCAT_12-Pupils-NONE 403\n"), None);
        for unknown in
            ["the owl went out\nand did not come home\n", "a=1 b=2 c=3\n", "name,colour,size\nowl,brown,2\n", "{\"owl\": 1}\n"]
        {
            assert_eq!(nearly(unknown), None, "{unknown}");
        }
    }
}
