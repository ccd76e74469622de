//! Records that are not plain UTF-8 text without NUL bytes: what ends them, and what their bytes stand for.

use memchr::{memchr, memchr_iter};

use super::{InputPlan, Reading, Stop, Worker};
use crate::decoded::Outcome;

impl Worker {
    /// A record of a block that has multi-line records, NUL bytes or text that is not UTF-8.
    pub(super) fn read_odd_record(
        &mut self,
        record: &[u8],
        line_no: i64,
        lines: u64,
        reading: &mut Reading,
        plan: &InputPlan<'_, '_, '_>,
        has_nul: bool,
    ) -> Result<(), Stop> {
        if has_nul && memchr(0, record).is_some() {
            if !reading.ends_at_nul {
                self.found.tally.ignore("continuation", lines - 1);
                // What is no decision is none with such bytes in it either; a decision that holds them was damaged on the way.
                if !reading.reader.is_header(record)
                    && let Outcome::Ignored(reason) = reading.reader.read(record).outcome
                {
                    self.found.tally.ignore(reason, 1);
                    return Ok(());
                }
                return self.quarantine("nul_bytes", record, line_no);
            }
            let ended = record.strip_suffix(b"\0").unwrap_or(record);
            self.found.tally.ended_by_nul += memchr_iter(0, ended).count() as u64;
            let mut lines = lines;
            for part in ended.split(|byte| *byte == 0) {
                self.read_decoded(part, line_no, lines, reading, plan)?;
                lines = 1;
            }
            return Ok(());
        }
        self.read_decoded(record, line_no, lines, reading, plan)
    }

    /// A record as UTF-8: one that is not is taken for Windows-1252, which gives every byte a character.
    fn read_decoded(
        &mut self,
        record: &[u8],
        line_no: i64,
        lines: u64,
        reading: &mut Reading,
        plan: &InputPlan<'_, '_, '_>,
    ) -> Result<(), Stop> {
        if std::str::from_utf8(record).is_ok() {
            return self.read_record(record, line_no, lines, reading, plan);
        }
        let mut transcoded = std::mem::take(&mut self.transcoded);
        transcoded.clear();
        transcoded.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(record).0);
        let read = self.read_record(transcoded.as_bytes(), line_no, lines, reading, plan);
        self.transcoded = transcoded;
        read
    }
}
