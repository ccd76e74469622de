//! What people recorded of a school and year, as lines of the annual review: numbers and days, never a word that somebody wrote.

use std::collections::BTreeMap;

use jiff::civil::Date;
use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;
use weir_register::alerts::{AlertFact, AlertTally, RevealFact};
use weir_register::records::{
    Book as List, BookPages, ChangeBook, Check, CheckBook, CountedPart, Incident, IncidentAbout, IncidentCounts, Kind, Question,
    Review, Test, UserGroup, View,
};
use weir_register::{Ability, Register, RegisterError, Role};

use super::book_words::line_words;
use super::changes::median_words;
use crate::Dashboard;
use crate::error::PageError;
use crate::gate::Viewer;
use crate::review::nation::Nation;
use crate::review::{Kept, Sought};
use crate::words;

/// What the register holds of a school, for whoever may open it.
pub(crate) struct Reported {
    book: Option<Book>,
    /// There is a register, and the reader's role does not open it.
    pub(crate) is_closed: bool,
    /// The words of the school's nation.
    pub(crate) nation: &'static Nation,
    /// The review that people write; none that nobody opened, or that the reader may not open.
    pub(crate) review: Option<Review>,
    /// When an earlier year's review was frozen last, and which year's.
    pub(crate) last_review: Option<(AcademicYear, Date)>,
}

struct Book {
    base: String,
    checks: CheckBook,
    changes: ChangeBook,
    alerts: Vec<AlertFact>,
    reveals: Vec<RevealFact>,
    incidents: Vec<Incident>,
    reads_reveals: bool,
    questions: Vec<Question>,
    reads_questions: bool,
    lists: BTreeMap<&'static str, BookPages>,
    year: AcademicYear,
    nation: String,
    /// Under so many people nothing is told; 0 where nothing is hidden.
    few: u32,
    /// The day the grid is shown for: today, or the last of a year that is over.
    on: Date,
}

impl Reported {
    /// Reads it; nothing where there is no sign-in, and nothing for a reader whose role does not open it.
    pub(crate) async fn read(dashboard: &Dashboard, school: &SchoolId, year: AcademicYear) -> Result<Self, PageError> {
        let Some(gate) = &dashboard.gate else { return Ok(Self::none("", false)) };
        let nation = gate.schools()?.get(school).map(|school| school.nation.clone()).unwrap_or_default();
        if !Viewer::opens_register(school) {
            return Ok(Self::none(&nation, true));
        }
        let today = gate.accounts.today();
        Ok(Self::of(gate.accounts.register(), school, &nation, year, today).await?)
    }

    /// What the register holds of a school and year on a day, for whoever has asked before whether it may be read.
    pub(crate) async fn of(
        register: &Register,
        school: &SchoolId,
        nation: &str,
        year: AcademicYear,
        today: Date,
    ) -> Result<Self, RegisterError> {
        let (checks, changes) = (register.checks(school).await?, register.changes(school).await?);
        let reads_reveals = Viewer::may(Ability::ReadReveals, school);
        let span = span_of(year, nation);
        let (alerts, reveals) = (register.alert_facts(school, span).await?, register.reveals(school, span, None).await?);
        let (questions, lists) = (register.questions(school).await?, register.books(school).await?);
        let incidents = register.incidents(school).await?;
        let last = last_day(year, nation).unwrap_or(today);
        let book = Book {
            base: format!("/school/{school}"),
            checks,
            changes,
            alerts,
            reveals,
            incidents,
            reads_reveals,
            questions,
            reads_questions: Viewer::may(Ability::ReadQuestions, school),
            lists,
            year,
            nation: nation.to_owned(),
            few: FEW,
            on: today.min(last),
        };
        let last_review = register.last_frozen_before(school, year).await?;
        Ok(Self {
            book: Some(book),
            is_closed: false,
            nation: Nation::of(nation),
            review: register.review(school, year).await?,
            last_review: last_review.map(|(year, at)| (year, words::day_of(at))),
        })
    }

    /// The same with nothing hidden.
    pub(crate) fn in_full(mut self) -> Self {
        if let Some(book) = &mut self.book {
            book.few = 0;
        }
        self
    }

    fn none(nation: &str, is_closed: bool) -> Self {
        Self { book: None, is_closed, nation: Nation::of(nation), review: None, last_review: None }
    }

    /// What the register knows of the time since the last signed review.
    pub(crate) fn since_last(&self) -> Vec<String> {
        let Some(book) = &self.book else { return Vec::new() };
        let Some((year, on)) = self.last_review else {
            return vec!["No review of an earlier year was signed here.".into()];
        };
        let changes = book.changes.tally(&[Kind::Policy], |day| day > on, book.on).asked;
        vec![format!(
            "The last signed review is that of {}, of {}. Since then {} of the policy {} asked for.",
            words::year_words(year),
            words::day(on),
            words::plural(changes, "change"),
            if changes == 1 { "was" } else { "were" }
        )]
    }

    /// The first and last day of a school year.
    pub(crate) fn days(year: AcademicYear, nation: &str) -> Option<(Date, Date)> {
        let (before, last) = (last_day(year.previous(), nation)?, last_day(year, nation)?);
        Some((before.tomorrow().ok()?, last))
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
            Kept::Alerts => book.alerts(),
            Kept::Incidents => book.incidents(),
            Kept::Reveals => book.reveals(),
            Kept::Questions => book.questions(),
            Kept::Entries(sought) => book.entries(&sought),
        }
    }

    /// Where it is recorded, for those who may open it.
    pub(crate) fn page(&self, of: Kept) -> Option<(String, &'static str)> {
        let book = self.book.as_ref()?;
        Some(match of {
            Kept::Checks | Kept::Mends | Kept::IllegalTests => (format!("{}/checks", book.base), "Checks of the filter"),
            Kept::Requests | Kept::Changes => (format!("{}/changes", book.base), "Changes of the filter"),
            // Alerts and incidents are for those who watch; everybody else reads the numbers here.
            Kept::Alerts | Kept::Incidents => return None,
            Kept::Reveals if book.reads_reveals => (format!("{}/reveals", book.base), "Names revealed"),
            Kept::Reveals => return None,
            Kept::Questions if book.reads_questions => (format!("{}/questions", book.base), "Questions and visits"),
            Kept::Questions => return None,
            Kept::Entries(sought) if sought.book == List::VISITS.id => {
                return book.reads_questions.then(|| (format!("{}/visits", book.base), List::VISITS.title));
            }
            Kept::Entries(sought) => {
                let list = List::of(sought.book)?;
                (format!("{}/records/{}", book.base, list.id), list.title)
            }
        })
    }
}

/// A school year from its first moment to the first of the next, microseconds.
fn span_of(year: AcademicYear, nation: &str) -> (i64, i64) {
    let zone = weir_lake::clock::zone(weir_lake::clock::DEFAULT_ZONE).unwrap_or(jiff::tz::TimeZone::UTC);
    let begins = |year: AcademicYear| Some(first_day(year, nation)?.to_zoned(zone.clone()).ok()?.timestamp().as_microsecond());
    (begins(year).unwrap_or(i64::MIN), begins(year.next()).unwrap_or(i64::MAX))
}

/// The last day of a school year, as [`AcademicYear::of`] has it.
fn last_day(year: AcademicYear, nation: &str) -> Option<Date> {
    let end = Date::new(year.next().0, 8, 31).ok()?;
    if AcademicYear::of(end, nation) == year { Some(end) } else { Date::new(year.next().0, 8, 14).ok() }
}

/// Under so many people nothing is told to governors.
const FEW: u32 = 5;

/// ", half of them within 3 hours".
fn hours_words(hours: f64) -> String {
    let rounded = hours.ceil() as u32;
    match rounded {
        0..=48 => format!(", half of them within {} of the event", words::plural(rounded.max(1), "hour")),
        _ => format!(", half of them within {} of the event", words::plural(rounded.div_ceil(24), "day")),
    }
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
            .filter_map(|entry| line_words(list, entry, sought.says, self.few == 0))
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
        let reports = self.changes.tally(&[Kind::Report], |day| self.is_in_year(day), self.on).asked;
        let reported = (reports > 0).then(|| format!("{} reported that should be blocked.", words::plural(reports, "site")));
        if tally.asked == 0 {
            return reported.into_iter().collect();
        }
        let median = median_words(&tally).map(|words| format!("; decided, {words}")).unwrap_or_default();
        vec![format!(
            "{} for a site or a bypass: {} approved, {} refused, {} waiting{median}.",
            words::plural(tally.asked, "request"),
            tally.granted,
            tally.refused,
            tally.waiting
        )]
        .into_iter()
        .chain(reported)
        .collect()
    }

    /// Counted over the whole year and all themes; under 5 people nothing is told, and nothing that a small number could be told from.
    fn alerts(&self) -> Vec<String> {
        let tally = AlertTally::of(&self.alerts);
        // None reads as a few do: a shown zero would tell of every other.
        if tally.people < self.few {
            return vec!["Alerts about fewer than 5 people, perhaps none.".into()];
        }
        let mut lines = vec![format!("{} raised from the logs.", words::plural(tally.raised, "alert"))];
        let others = tally.raised - tally.acknowledged;
        if tally.acknowledged >= self.few && (others == 0 || others >= self.few) {
            let hours = tally.median_hours.map(hours_words).unwrap_or_default();
            lines.push(format!("{} were taken by somebody{hours}.", tally.acknowledged));
        }
        let true_ones = tally.closed - tally.false_alarms;
        if tally.closed >= self.few && [tally.false_alarms, true_ones].iter().all(|count| *count >= self.few) {
            lines.push(format!(
                "Of {} with an outcome, {} told of nothing: a false alarm or a lesson.",
                tally.closed, tally.false_alarms
            ));
        } else if tally.closed > 0 {
            lines.push("How many of them told of nothing is not shown: fewer than 5, perhaps none, of one kind.".into());
        }
        lines
    }

    fn reveals(&self) -> Vec<String> {
        let shown: Vec<&RevealFact> = self.reveals.iter().filter(|fact| !fact.is_find).collect();
        let mut people: Vec<&str> = shown.iter().filter_map(|fact| fact.subject.as_deref()).collect();
        people.sort_unstable();
        people.dedup();
        if (people.len() as u32) < self.few {
            return vec!["Names of fewer than 5 people, perhaps none, were shown. Each is a row of the audit trail.".into()];
        }
        let heads = shown.iter().filter(|fact| fact.role == Some(Role::Leader)).count() as u32;
        let leads = shown.len() as u32 - heads;
        let by = match (leads, heads) {
            (_, 0) => " by the safeguarding lead",
            (0, _) => " by the head",
            // One of the two may be a single person: told apart only where both are many.
            (leads, heads) if leads.min(heads) < self.few => "",
            _ => " by the safeguarding lead and by the head",
        };
        vec![format!("{} shown{by}. Each is a row of the audit trail.", words::plural(shown.len() as u32, "name"))]
    }

    /// Numbers alone: a question in words is read on its own page.
    fn questions(&self) -> Vec<String> {
        let counts = |question: &&Question| !question.is_withdrawn;
        let asked_on = |question: &Question| words::day_of(question.asked_at);
        let count = |is_it: &dyn Fn(&Question) -> bool| {
            self.questions.iter().filter(counts).filter(|question| is_it(question)).count() as u32
        };
        let asked = count(&|question| self.is_in_year(asked_on(question)));
        let answered = count(&|question| self.is_in_year(asked_on(question)) && question.answer().is_some());
        let begins = first_day(self.year, &self.nation);
        let before = count(&|question| question.is_open() && begins.is_some_and(|first| asked_on(question) < first));
        let mut lines = Vec::new();
        if asked > 0 {
            lines.push(format!(
                "{} put to the head: {answered} answered, {} open.",
                words::plural(asked, "question"),
                asked - answered
            ));
        }
        if before > 0 {
            lines.push(format!("{} of an earlier year still open.", words::plural(before, "question")));
        }
        lines
    }

    /// What happened in the year to pupils, and failures of the filter. Of what is about staff nothing is counted: it would be few.
    fn incidents(&self) -> Vec<String> {
        let of_year = |incident: &&Incident| {
            let is_counted = matches!(incident.about, IncidentAbout::Pupil | IncidentAbout::Nobody);
            is_counted && incident.day("happened").is_some_and(|day| self.is_in_year(day))
        };
        let counts = IncidentCounts::of(&self.incidents.iter().filter(of_year).collect::<Vec<_>>());
        // None reads as a few do: a shown zero would tell of every other.
        let Some(all) = counts.all else { return vec!["Incidents about fewer than 5 people, perhaps none.".into()] };
        let mut lines = vec![format!("{} recorded.", words::plural(all, "incident"))];
        let parts = [
            ("By what they were about", counts.themes),
            ("By what came of them", counts.outcomes),
            ("A worry or not", counts.real),
            ("Bodies outside", counts.referred),
            ("The same day", counts.same_day),
            ("What changed", counts.learned),
        ];
        for (what, parts) in parts {
            let told: Vec<String> = parts.iter().map(|CountedPart { words, incidents }| format!("{incidents} {words}")).collect();
            lines.push(match told.is_empty() {
                true => format!("{what}: not shown, because it would tell of fewer than 5 people."),
                false => format!("{what}: {}.", told.join("; ")),
            });
        }
        lines
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
