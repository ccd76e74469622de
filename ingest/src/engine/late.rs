//! Lines that came after their date had closed: counted by school and date, and told so that their file is kept.

use std::collections::BTreeMap;

use weir_lake::data_file::date_name;
use weir_lake::ids::{SchoolId, SourceId};

use crate::report::ClosedLines;

/// Lines ignored because their date is closed, by date and school.
pub(crate) type Late = BTreeMap<(i32, SchoolId), u64>;

/// What a person is told of them: one entry a school.
pub(crate) fn of_closed_dates(late: Late) -> Vec<ClosedLines> {
    let mut schools: BTreeMap<SchoolId, (i32, i32, u64)> = BTreeMap::new();
    for ((date, school), lines) in late {
        let told = schools.entry(school).or_insert((date, date, 0));
        *told = (told.0.min(date), told.1.max(date), told.2 + lines);
    }
    let lines = |(school, (from, to, lines)): (SchoolId, _)| ClosedLines {
        school_id: school.to_string(),
        from: date_name(from),
        to: date_name(to),
        lines,
    };
    schools.into_iter().map(lines).collect()
}

/// The same in words, with the way back.
pub(crate) fn words(source: &SourceId, late: &[ClosedLines]) -> String {
    let mut words = String::from("keep this file: ");
    for ClosedLines { school_id, from, to, lines } in late {
        words += &format!(
            "{lines} of its lines are of closed dates of {school_id} ({from} to {to}) and were not taken; after \
             `weir reopen {school_id} {source} {from} {to}` a full export of those days can be read; "
        );
    }
    words + "tell whoever answers for the figures first"
}
