//! What people recorded of a school and year, as lines of the annual review: numbers and days, never a word that somebody wrote.

use std::collections::BTreeMap;

use jiff::civil::Date;
use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;
use weir_register::records::{Book as List, BookPages, ChangeBook, Check, CheckBook, Kind, Test, UserGroup, View};

use super::book_words::line_words;
use super::changes::median_words;
use crate::Dashboard;
use crate::error::PageError;
use crate::gate::Viewer;
use crate::review::{Kept, Sought};
use crate::words;

/// What the register holds of a school, for whoever may open it.
pub(crate) struct Reported {
    book: Option<Book>,
    /// There is a register, and the reader's role does not open it.
    pub(crate) is_closed: bool,
}

struct Book {
    base: String,
    checks: CheckBook,
    changes: ChangeBook,
    lists: BTreeMap<&'static str, BookPages>,
    year: AcademicYear,
    nation: String,
    /// The day the grid is shown for: today, or the last of a year that is over.
    on: Date,
}

impl Reported {
    /// Reads it; nothing where there is no sign-in, and nothing for a reader whose role does not open it.
    pub(crate) async fn read(dashboard: &Dashboard, school: &SchoolId, year: AcademicYear) -> Result<Self, PageError> {
        let Some(gate) = dashboard.gate.as_ref().filter(|_| Viewer::opens_register(school)) else {
            return Ok(Self { book: None, is_closed: dashboard.gate.is_some() });
        };
        let nation = gate.schools()?.get(school).map(|school| school.nation.clone()).unwrap_or_default();
        let today = gate.accounts.today();
        let register = gate.accounts.register();
        let (checks, changes) = (register.checks(school).await?, register.changes(school).await?);
        let lists = register.books(school).await?;
        let last = last_day(year, &nation).unwrap_or(today);
        let book = Book { base: format!("/school/{school}"), checks, changes, lists, year, nation, on: today.min(last) };
        Ok(Self { book: Some(book), is_closed: false })
    }

    /// What it says; nothing where nobody recorded anything of the kind in this year.
    pub(crate) fn lines(&self, of: Kept) -> Vec<String> {
        let Some(book) = &self.book else { return Vec::new() };
        match of {
            Kept::Checks => book.checks(),
            Kept::Mends => book.mends(),
            Kept::IllegalTests => book.illegal_tests(),
            Kept::Requests => book.requests(),
            Kept::Changes => book.changes(),
            Kept::Entries(sought) => book.entries(&sought),
        }
    }

    /// Where it is recorded, for those who may open it.
    pub(crate) fn page(&self, of: Kept) -> Option<(String, &'static str)> {
        let book = self.book.as_ref()?;
        Some(match of {
            Kept::Checks | Kept::Mends | Kept::IllegalTests => (format!("{}/checks", book.base), "Checks of the filter"),
            Kept::Requests | Kept::Changes => (format!("{}/changes", book.base), "Changes of the filter"),
            Kept::Entries(sought) => {
                let list = List::of(sought.book)?;
                (format!("{}/records/{}", book.base, list.id), list.title)
            }
        })
    }
}

/// The last day of a school year, as [`AcademicYear::of`] has it.
fn last_day(year: AcademicYear, nation: &str) -> Option<Date> {
    let end = Date::new(year.next().0, 8, 31).ok()?;
    if AcademicYear::of(end, nation) == year { Some(end) } else { Date::new(year.next().0, 8, 14).ok() }
}

/// The first day of a school year.
fn first_day(year: AcademicYear, nation: &str) -> Option<Date> {
    last_day(AcademicYear(year.0 - 1), nation)?.tomorrow().ok()
}

impl Book {
    /// What entries of this year say that governors may read.
    fn entries(&self, sought: &Sought) -> Vec<String> {
        let (Some(list), Some(pages)) = (List::of(sought.book), self.lists.get(sought.book)) else { return Vec::new() };
        let (Some(first), Some(last)) = (first_day(self.year, &self.nation), last_day(self.year, &self.nation)) else {
            return Vec::new();
        };
        let (field, words) = sought.only;
        pages
            .counting()
            .filter(|entry| entry.is_within(list, first, last))
            .filter(|entry| words.is_empty() || words.contains(&entry.value(field)))
            .filter_map(|entry| line_words(list, entry, sought.says))
            .collect()
    }

    fn is_in_year(&self, day: Date) -> bool {
        AcademicYear::of(day, &self.nation) == self.year
    }

    fn of_year(&self) -> Vec<&Check> {
        self.checks.checks.iter().filter(|check| check.withdrawn.is_none() && self.is_in_year(check.day)).collect()
    }

    fn checks(&self) -> Vec<String> {
        let made = self.of_year();
        if made.is_empty() {
            return Vec::new();
        }
        let of = |view: View| made.iter().filter(|check| check.view == view).count();
        let views = View::ALL.iter().map(|view| (of(*view), view.words())).filter(|(count, _)| *count > 0);
        let views: Vec<String> = views.map(|(count, words)| format!("{count} by {words}")).collect();
        let views: Vec<&str> = views.iter().map(String::as_str).collect();
        let mut lines = vec![format!("{} recorded: {}.", words::plural(made.len() as u32, "check"), words::listed(&views))];
        let tally = self.checks.grid(self.on).tally();
        if tally.planned > 0 {
            lines.push(format!(
                "Of {}, {} passed in time, {} failed when last tested, {} never made, {} overdue. As of {}, by the plan of today.",
                words::plural(tally.planned, "planned test"),
                tally.tested,
                tally.failed,
                tally.untested,
                tally.overdue,
                words::day(self.on)
            ));
        }
        lines
    }

    fn mends(&self) -> Vec<String> {
        let made = self.of_year();
        if made.is_empty() {
            return Vec::new();
        }
        let failed: Vec<_> = made.iter().filter(|check| check.has_failed()).collect();
        if failed.is_empty() {
            return vec!["No recorded check found a failure.".into()];
        }
        let count = |is_it: &dyn Fn(&Check) -> bool| failed.iter().filter(|check| is_it(check)).count();
        let (mended, late) = (count(&|check| check.closed.is_some()), count(&|check| check.is_late(self.on)));
        let open = failed.len() - mended;
        vec![format!(
            "{} found a failure: {mended} mended, {open} still to be mended, {late} of these past the day that was set.",
            words::plural(failed.len() as u32, "check")
        )]
    }

    /// The newest test of each list of illegal content, for each group that was ever tested or is planned.
    fn illegal_tests(&self) -> Vec<String> {
        let made = self.of_year();
        let mut lines = Vec::new();
        for test in [Test::AbuseImages, Test::Terrorism] {
            for group in UserGroup::ALL {
                let is_of = |check: &&&Check| self.checks.spot(check.spot).is_some_and(|spot| spot.group == *group);
                let newest = made.iter().filter(is_of).find_map(|check| Some((check.day, *check.results.get(&test)?)));
                if let Some((day, passed)) = newest {
                    let came_to = if passed { "passed" } else { "failed" };
                    lines.push(format!(
                        "{}, tested for {}: {came_to} on {}.",
                        words::capital(test.words()),
                        group.words(),
                        words::day(day)
                    ));
                }
            }
        }
        lines
    }

    fn requests(&self) -> Vec<String> {
        let tally = self.changes.tally(&[Kind::Bypass, Kind::Unblock], |day| self.is_in_year(day), self.on);
        if tally.asked == 0 {
            return Vec::new();
        }
        let median = median_words(&tally).map(|words| format!("; decided, {words}")).unwrap_or_default();
        vec![format!(
            "{} for a site or a bypass: {} approved, {} refused, {} waiting{median}.",
            words::plural(tally.asked, "request"),
            tally.granted,
            tally.refused,
            tally.waiting
        )]
    }

    fn changes(&self) -> Vec<String> {
        let tally = self.changes.tally(&[Kind::Policy], |day| self.is_in_year(day), self.on);
        let all = self.changes.tally(Kind::ALL, |day| self.is_in_year(day), self.on);
        if all.asked == 0 {
            return Vec::new();
        }
        let mut lines = vec![format!(
            "{} of the policy asked for: {} approved, {} refused, {} waiting.",
            words::plural(tally.asked, "change"),
            tally.granted,
            tally.refused,
            tally.waiting
        )];
        if all.granted + all.refused > 0 {
            lines.push("Whoever decided a change neither asked for it nor made it: the register takes no other.".into());
        }
        lines.push(format!("Made for a time: {} in force, {} past the last day and not taken back.", all.temporary, all.late));
        lines
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_school_year_ends_where_the_next_begins() {
        assert_eq!(last_day(AcademicYear(2025), "england"), Some(date(2026, 8, 31)));
        assert_eq!(last_day(AcademicYear(2025), "scotland"), Some(date(2026, 8, 14)));
        assert_eq!(first_day(AcademicYear(2025), "england"), Some(date(2025, 9, 1)));
        assert_eq!(first_day(AcademicYear(2025), "scotland"), Some(date(2025, 8, 15)));
    }
}
