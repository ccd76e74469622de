//! Invented words beside invented alerts.

use std::collections::BTreeSet;

use jiff::civil::Date;
use weir_lake::ids::{SchoolId, UserKey};
use weir_query::alerts::{Lateness, Moment, Wanted};

use super::Example;
use crate::evidence::{Evidence, Keeping};
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

    fn day_of<'a>(&'a self, school: &'a SchoolId, pupil: &'a UserKey, _: Date, why: &'a str) -> Asked<'a, Vec<Moment>> {
        self.before_and_after(school, pupil, 0, why)
    }

    fn keeping(&self) -> Asked<'_, Keeping> {
        let week = vec![("events".to_owned(), 12_400)];
        Box::pin(async move { Ok(Keeping { week, ..Keeping::default() }) })
    }

    fn lateness<'a>(&'a self, school: &'a SchoolId) -> Asked<'a, Lateness> {
        let lateness = match school.as_str() {
            "oakfield" => Lateness::Late,
            "ashdown" => Lateness::NoLogs,
            _ => Lateness::InTime,
        };
        Box::pin(async move { Ok(lateness) })
    }

    fn user_types<'a>(&'a self, _: &'a SchoolId, key: &'a UserKey) -> Asked<'a, BTreeSet<String>> {
        // Keys of staff end in these letters here.
        let of = if key.as_str().ends_with("57aff") { "staff" } else { "pupil" };
        Box::pin(async move { Ok(BTreeSet::from([of.to_owned()])) })
    }
}
