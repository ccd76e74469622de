//! Invented words beside invented alerts.

use std::collections::BTreeSet;

use jiff::civil::date;
use weir_lake::ids::{SchoolId, UserKey};
use weir_query::alerts::{Lateness, Moment, Wanted};

use super::Example;
use crate::evidence::{Evidence, SeenChanges};
use crate::figures::Asked;

fn moment(time: &str, what: &str, of_what: &str, about: &str, times: u64) -> Moment {
    Moment {
        line: None,
        day: String::new(),
        time: time.into(),
        what: what.into(),
        of_what: of_what.into(),
        about: about.into(),
        times,
    }
}

impl Evidence for Example {
    fn words_of<'a>(&'a self, wanted: &'a Wanted, _: &'a str) -> Asked<'a, Vec<Moment>> {
        Box::pin(async move {
            let told = |line: &(String, i64)| Moment {
                line: Some(line.clone()),
                day: wanted.days.1.to_string(),
                ..moment("10:42:07", "searched for", "an invented search <b>", "", 1)
            };
            Ok(wanted.lines.iter().map(told).collect())
        })
    }

    fn before_and_after<'a>(&'a self, _: &'a SchoolId, _: &'a UserKey, _: i64, _: &'a str) -> Asked<'a, Vec<Moment>> {
        Box::pin(async {
            Ok(vec![
                moment("10:31:00", "opened", "www.mathsburrow.example", "Education", 3),
                moment("10:40:12", "opened", "private support site", "", 1),
                moment("10:42:07", "searched for", "an invented search", "Self-harm", 1),
                moment("11:00:00", "background, opened by nobody", "", "", 240),
            ])
        })
    }

    fn lateness<'a>(&'a self, school: &'a SchoolId) -> Asked<'a, Lateness> {
        let lateness = match school.as_str() {
            "oakfield" => Lateness::Late,
            "ashdown" => Lateness::NoLogs,
            _ => Lateness::InTime,
        };
        Box::pin(async move { Ok(lateness) })
    }

    fn changes_seen<'a>(&'a self, school: &'a SchoolId) -> Asked<'a, Vec<SeenChanges>> {
        let seen = |day, things, unblocked| SeenChanges { day, things, settings: 1, policies: things - unblocked - 1, unblocked };
        let days = match school.as_str() {
            "oakfield" => vec![seen(date(2026, 11, 23), 3, 1), seen(date(2026, 11, 12), 1, 0)],
            _ => Vec::new(),
        };
        Box::pin(async move { Ok(days) })
    }

    fn user_types<'a>(&'a self, _: &'a SchoolId, key: &'a UserKey) -> Asked<'a, BTreeSet<String>> {
        // Keys of staff end in these letters here.
        let of = if key.as_str().ends_with("57aff") { "staff" } else { "pupil" };
        Box::pin(async move { Ok(BTreeSet::from([of.to_owned()])) })
    }
}
