//! Which lines a worker drops, and counts: those that are in the lake already, and those that came after their date had closed.

use weir_lake::closed::CLOSED_DATE;
use weir_lake::lake::LakeError;

use super::{DROPPED, InputPlan, Worker};
use crate::decoded::Decoded;
use crate::normalise::When;

impl Worker {
    /// Whether a line is in the lake already, from an overlapping export; then it is counted and ignored.
    #[inline]
    pub(super) fn is_duplicate(&mut self, identity: u128, when: When, plan: &InputPlan<'_, '_, '_>) -> Result<bool, LakeError> {
        let is_duplicate = match &self.day {
            Some((date, table)) if *date == when.date => table.as_ref().is_some_and(|table| table.take(identity)),
            _ => {
                let table = plan.days.table(when.date)?;
                let is_duplicate = table.as_ref().is_some_and(|table| table.take(identity));
                self.day = Some((when.date, table));
                is_duplicate
            }
        };
        if is_duplicate {
            self.found.tally.ignore("duplicate", 1);
            self.found.tally.saw_time(when.micros_utc);
            if plan.may_grow {
                self.note_identity(when.date, identity ^ DROPPED);
            }
        }
        Ok(is_duplicate)
    }

    /// Whether a line's date is closed; then it is counted and ignored. It is no duplicate: what was there before the date closed is
    /// told as such, so these are lines that the closed figures do not know.
    pub(super) fn is_closed(&mut self, decoded: &Decoded<'_>, when: When, plan: &InputPlan<'_, '_, '_>) -> bool {
        let Some((closed, source)) = plan.days.closed() else { return false };
        let Some(school) = self.normaliser.school_of(decoded).filter(|school| closed.contains(school, source, when.date)) else {
            return false;
        };
        *self.found.late.entry((when.date, school.clone())).or_insert(0) += 1;
        self.found.tally.ignore(CLOSED_DATE, 1);
        self.found.tally.saw_time(when.micros_utc);
        true
    }

    #[inline]
    pub(super) fn note_identity(&mut self, date: i32, identity: u128) {
        // Rows come by date, so the last list is nearly always the right one.
        if let Some((_, list)) = self.identities.last_mut().filter(|(last, _)| *last == date) {
            list.push(identity);
        } else if let Some(at) = self.identities.iter().position(|(known, _)| *known == date) {
            let last = self.identities.len() - 1;
            self.identities.swap(at, last);
            self.identities[last].1.push(identity);
        } else {
            self.identities.push((date, vec![identity]));
        }
    }
}
