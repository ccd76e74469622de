//! Invented words beside invented alerts.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use weir_lake::estate::AcademicYear;
use weir_lake::ids::{SchoolId, UserKey};
use weir_query::alerts::{Lateness, Moment, Wanted};
use weir_query::cells::Cells;
use weir_query::saved::{self, SavedQuery};

use super::Example;
use crate::evidence::{Evidence, Keeping, SeenChanges};
use crate::figures::{Asked, Figures as _, FiguresError};
use crate::questions::{Reply, Told};
use crate::view::{SchoolYear, Shown};
use crate::words::FEWER_THAN_5;

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

    /// Three of everything that governors may not see.
    fn whole_year<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, SchoolYear> {
        Box::pin(async move {
            let mut page = self.school_year(school, year).await?;
            for figure in &mut page.figures {
                figure.comparison = figure.comparison.replace(FEWER_THAN_5, "3.0");
                figure.reason.take_if(|reason| reason == FEWER_THAN_5);
                let points = figure.points.iter_mut();
                let numbers = points.flat_map(|point| [&mut point.value, &mut point.last_year, &mut point.numerator]);
                let longer = figure.longer.iter_mut().flat_map(|longer| [&mut longer.value, &mut longer.last_year]);
                for number in numbers.chain(longer).filter(|number| **number == Shown::Hidden) {
                    *number = Shown::Number(3.0);
                }
            }
            Ok(page)
        })
    }

    fn questions(&self) -> Asked<'_, Vec<SavedQuery>> {
        Box::pin(async { SavedQuery::shipped().map(<[_]>::to_vec).map_err(|error| FiguresError::Failed(error.to_string())) })
    }

    fn ask<'a>(&'a self, _: &'a str, asked: &'a saved::Asked, written: Asked<'a, ()>) -> Asked<'a, Told> {
        Box::pin(async move {
            if asked.values.values().any(|value| value == "nonsense") {
                return Ok(Told::Refused("parameter week (School week): found \"nonsense\"; use this week".into()));
            }
            written.await?;
            let row = |about: &str, pupils: &str| vec![Some(about.to_owned()), Some(pupils.to_owned()), Some("2".to_owned())];
            let names = ["about", "pupils", "week_before"].map(str::to_owned).to_vec();
            let cells =
                Cells { names, is_number: vec![false, true, true], rows: vec![row("Gambling <b>", "12"), row("Hate", "3")] };
            let csv = "about,pupils,week_before\r\nGambling <b>,12,2\r\nHate,3,2\r\n".to_owned();
            let parameters = vec![("School week".to_owned(), "16 to 22 November 2026".to_owned())];
            Ok(Told::Answer(Box::new(Reply { cells, csv, parameters, lake_version: 7 })))
        })
    }

    fn day_of<'a>(&'a self, school: &'a SchoolId, pupil: &'a UserKey, _: Date, why: &'a str) -> Asked<'a, Vec<Moment>> {
        self.before_and_after(school, pupil, 0, why)
    }

    fn keeping(&self, _: BTreeSet<UserKey>) -> Asked<'_, Keeping> {
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
