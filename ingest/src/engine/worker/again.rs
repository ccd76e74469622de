//! One record that was quarantined before, read again: it becomes a row, or is told why it is none, or stays where it is.

use weir_lake::closed::CLOSED_DATE;

use super::{InputPlan, Reading, Stop, Worker};
use crate::engine::quarantine::Quarantine;

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Again {
    /// A row of `events`.
    Event,
    /// A row of `admin_events`.
    Admin,
    /// No row, for a reason that a ledger knows: its format ignores it, or another file has brought it.
    Ignored(&'static str),
    /// Its date is closed: it stays.
    Closed,
    /// It can't be read now either: it stays.
    Stays,
}

impl Worker {
    /// Reads a record of a file that was read before. The tally counts only what leaves quarantine.
    pub(crate) fn read_again(
        &mut self,
        record: &[u8],
        line_no: i64,
        reading: &mut Reading,
        plan: &InputPlan<'_, '_, '_>,
    ) -> Result<Again, Stop> {
        let mut before = std::mem::take(&mut self.found.tally);
        // Lines of its own further on were counted when the file was read.
        if std::str::from_utf8(record).is_ok() {
            self.read_record(record, line_no, 1, reading, plan)?;
        } else {
            self.read_odd_record(record, line_no, 1, reading, plan, false)?;
        }
        let one = std::mem::take(&mut self.found.tally);
        let again = match one.reason() {
            _ if one.events > 0 => Again::Event,
            _ if one.admin_events > 0 => Again::Admin,
            Some(CLOSED_DATE) => Again::Closed,
            Some(reason) => Again::Ignored(reason),
            None => Again::Stays,
        };
        if again == Again::Stays {
            // It is sealed in the lake already.
            self.found.quarantine = Quarantine::default();
        }
        if !matches!(again, Again::Stays | Again::Closed) {
            before.add(&one);
        }
        self.found.tally = before;
        Ok(again)
    }
}
