//! Term dates into calendar rows: from six pairs of dates, or from a school's .ics file, with a question wherever it is ambiguous.

use jiff::ToSpan;
use jiff::civil::Date;

use super::{AcademicYear, CalendarKind, CalendarRow};
use crate::ids::SchoolId;

/// The usual names of the six half-terms.
const LABELS: [&str; 6] = ["Autumn 1", "Autumn 2", "Spring 1", "Spring 2", "Summer 1", "Summer 2"];

/// Rows read from a calendar, and what a person must decide.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TermDates {
    /// Rows for calendar.csv, by date.
    pub rows: Vec<CalendarRow>,
    /// Questions, each naming an entry and its date.
    pub questions: Vec<String>,
}

/// Why six pairs of dates are no six half-terms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{label}: found {start} to {end}; give an end not before the start, and a start after the half-term before it")]
pub struct HalfTermError {
    label: &'static str,
    start: Date,
    end: Date,
}

/// The six half-terms of an academic year, in order, as rows of calendar.csv; for every school where `school` is none.
pub fn six_half_terms(school: Option<&SchoolId>, pairs: [(Date, Date); 6]) -> Result<Vec<CalendarRow>, HalfTermError> {
    let mut rows: Vec<CalendarRow> = Vec::with_capacity(6);
    for ((start, end), label) in pairs.into_iter().zip(LABELS) {
        if end < start || rows.last().is_some_and(|before| start <= before.end) {
            return Err(HalfTermError { label, start, end });
        }
        rows.push(CalendarRow { school_id: school.cloned(), start, end, kind: CalendarKind::HalfTermBlock, label: label.into() });
    }
    Ok(rows)
}

/// One VEVENT: what it is called and its first and last day.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    summary: String,
    start: Date,
    end: Date,
}

/// What the words of a summary say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Inset,
    BankHoliday,
    Closure,
    /// Pupils are away: a half-term break or the holidays.
    Away,
    /// A term or half-term, from its first to its last day.
    Term,
    /// The first day of a term or half-term.
    Begins,
    /// The last day of a term or half-term.
    Ends,
    /// About terms, and it can't be told what.
    Unclear,
    /// A concert, a trip.
    Other,
}

/// Shortest span taken for a term or half-term rather than a break, days. The longest break but summer has 16.
const TERM_AT_LEAST: i64 = 21;

/// Longest span taken for one half-term, days; a longer one must have a break inside. The longest autumn half-terms have eight weeks.
const HALF_TERM_AT_MOST: i64 = 62;

/// Reads a school's .ics file. Dates are as written: a day is a day, whatever the zone of a time beside it.
pub fn half_terms_from_ics(school: Option<&SchoolId>, text: &str) -> TermDates {
    let mut found = TermDates::default();
    let mut terms: Vec<(Date, Date)> = Vec::new();
    let mut away: Vec<(Date, Date)> = Vec::new();
    let mut marks: Vec<(Date, bool, String)> = Vec::new();
    let row = |entry: &Entry, kind| CalendarRow {
        school_id: school.cloned(),
        start: entry.start,
        end: entry.end,
        kind,
        label: entry.summary.clone(),
    };
    for entry in entries(text, &mut found.questions) {
        match meaning(&entry) {
            Meaning::Inset => found.rows.push(row(&entry, CalendarKind::Inset)),
            Meaning::BankHoliday => found.rows.push(row(&entry, CalendarKind::Holiday)),
            Meaning::Closure => found.rows.push(row(&entry, CalendarKind::Closure)),
            Meaning::Away => away.push((entry.start, entry.end)),
            Meaning::Term => terms.push((entry.start, entry.end)),
            Meaning::Begins => marks.push((entry.start, true, entry.summary)),
            Meaning::Ends => marks.push((entry.end, false, entry.summary)),
            Meaning::Unclear => found.questions.push(format!(
                "{:?} ({} to {}): is it school time or a break? name it \"term\" or \"holiday\"",
                entry.summary, entry.start, entry.end
            )),
            Meaning::Other => {}
        }
    }
    pair_marks(marks, &mut terms, &mut found.questions);
    let blocks = blocks(terms, &away);
    add_blocks(school, &blocks, &mut found);
    found.rows.sort_by(|a, b| (a.start, a.kind, a.end, &a.label).cmp(&(b.start, b.kind, b.end, &b.label)));
    found.rows.dedup();
    found
}

fn meaning(entry: &Entry) -> Meaning {
    let text = entry.summary.to_lowercase().replace(['-', '\u{2013}', '\u{2019}', '\''], " ");
    let has = |words: &[&str]| words.iter().any(|word| contains_word(&text, word));
    let days = days_of(entry.start, entry.end);
    if has(&[
        "inset",
        "staff training",
        "training day",
        "non pupil",
        "non pupil day",
        "in service",
        "teacher day",
        "staff day",
        "staff development",
    ]) {
        return Meaning::Inset;
    }
    if has(&["bank holiday", "may day", "public holiday", "occasional day"]) {
        return Meaning::BankHoliday;
    }
    let term_words = has(&["term", "half term", "terms", "autumn", "spring", "summer", "school", "pupils", "students"]);
    if !term_words && !has(&["holiday", "holidays", "break", "christmas", "easter"]) {
        return Meaning::Other;
    }
    if has(&["closure", "snow", "polling", "election", "strike"]) || (has(&["school closed", "closed to pupils"]) && days <= 3) {
        return Meaning::Closure;
    }
    let one_day = days == 1;
    if one_day
        && has(&["starts", "start", "begins", "begin", "opens", "reopens", "re opens", "return", "returns", "first day", "back"])
    {
        return Meaning::Begins;
    }
    if one_day && has(&["ends", "end", "closes", "finishes", "breaks up", "break up", "last day"]) {
        return Meaning::Ends;
    }
    let is_break = has(&["holiday", "holidays", "break", "vacation", "christmas", "easter", "closed"]);
    let is_term = has(&["term", "terms", "half term", "autumn", "spring", "summer"]);
    match (is_break, is_term, days) {
        (true, _, days) if days >= 3 => Meaning::Away,
        // "Half term" alone is the week off to most families, and half a term of lessons to a timetable; its length tells.
        (false, true, days) if days >= TERM_AT_LEAST => Meaning::Term,
        (false, true, 3..=16) if has(&["half term"]) => Meaning::Away,
        (false, true, _) if has(&["term", "terms", "half term"]) => Meaning::Unclear,
        _ => Meaning::Other,
    }
}

/// Whether a text holds words as words.
fn contains_word(text: &str, words: &str) -> bool {
    let padded: String = text.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let padded = format!(" {} ", padded.split_whitespace().collect::<Vec<_>>().join(" "));
    padded.contains(&format!(" {words} "))
}

fn days_of(start: Date, end: Date) -> i64 {
    i64::from(crate::calendar::epoch_day(end) - crate::calendar::epoch_day(start)) + 1
}

/// "Term begins" and "term ends" entries into spans; one without its fellow is a question.
fn pair_marks(mut marks: Vec<(Date, bool, String)>, terms: &mut Vec<(Date, Date)>, questions: &mut Vec<String>) {
    marks.sort();
    marks.dedup_by_key(|(date, begins, _)| (*date, *begins));
    let mut open: Option<(Date, String)> = None;
    let mut alone = |date: Date, summary: &str, wanted: &str| {
        questions.push(format!("{summary:?} ({date}): found no {wanted} for it; add the other day or leave it out"));
    };
    for (date, begins, summary) in marks {
        match (begins, open.take()) {
            (true, None) => open = Some((date, summary)),
            (true, Some((start, before))) => {
                alone(start, &before, "last day");
                open = Some((date, summary));
            }
            (false, Some((start, _))) => terms.push((start, date)),
            (false, None) => alone(date, &summary, "first day"),
        }
    }
    if let Some((start, summary)) = open {
        alone(start, &summary, "last day");
    }
}

/// Terms with the breaks inside them cut out, by date, none twice.
fn blocks(mut terms: Vec<(Date, Date)>, away: &[(Date, Date)]) -> Vec<(Date, Date)> {
    terms.sort_unstable();
    terms.dedup();
    // A calendar may list a term and its halves; the halves say more.
    let whole = terms.clone();
    terms.retain(|term| whole.iter().filter(|half| *half != term && term.0 <= half.0 && half.1 <= term.1).count() < 2);
    let mut blocks = terms;
    for (start, end) in away {
        blocks = blocks
            .into_iter()
            .flat_map(|(from, to)| {
                if *end < from || to < *start {
                    return vec![(from, to)];
                }
                let before = (from, start.saturating_sub(1.day()));
                let after = (end.saturating_add(1.day()), to);
                [before, after].into_iter().filter(|(from, to)| from <= to).collect()
            })
            .collect();
    }
    let mut blocks: Vec<(Date, Date)> = blocks.into_iter().map(without_weekends).filter(|(from, to)| from <= to).collect();
    blocks.sort_unstable();
    blocks.dedup();
    blocks
}

/// A block begins and ends on a weekday.
fn without_weekends((mut from, mut to): (Date, Date)) -> (Date, Date) {
    let is_weekend = |date: Date| date.weekday().to_monday_zero_offset() >= 5;
    while is_weekend(from) && from <= to {
        from = from.saturating_add(1.day());
    }
    while is_weekend(to) && from <= to {
        to = to.saturating_sub(1.day());
    }
    (from, to)
}

fn add_blocks(school: Option<&SchoolId>, blocks: &[(Date, Date)], found: &mut TermDates) {
    let mut in_season: Vec<((AcademicYear, &str), usize)> = Vec::new();
    let mut in_year: Vec<(AcademicYear, usize)> = Vec::new();
    let mut before: Option<Date> = None;
    for (start, end) in blocks {
        if before.is_some_and(|before| *start <= before) {
            found
                .questions
                .push(format!("the half-term from {start} to {end} overlaps the one before it; which dates are right?"));
            continue;
        }
        before = Some(*end);
        if days_of(*start, *end) > HALF_TERM_AT_MOST {
            found.questions.push(format!("{start} to {end} is longer than a half-term; when is the half-term break?"));
        }
        let season = match start.month() {
            8..=12 => "Autumn",
            1..=3 => "Spring",
            _ => "Summer",
        };
        let year = AcademicYear::of(*end, "england");
        let number = 1 + in_season.iter().filter(|(key, _)| *key == (year, season)).count();
        in_season.push(((year, season), number));
        match in_year.iter_mut().find(|(known, _)| *known == year) {
            Some((_, count)) => *count += 1,
            None => in_year.push((year, 1)),
        }
        let label = format!("{season} {number}");
        let kind = CalendarKind::HalfTermBlock;
        found.rows.push(CalendarRow { school_id: school.cloned(), start: *start, end: *end, kind, label });
    }
    for (year, count) in in_year {
        if count != 6 {
            found.questions.push(format!("{year} has {count} half-terms and six are usual; is the calendar whole?"));
        }
    }
    if blocks.is_empty() {
        found.questions.push("no term or half-term was found; which entries are school time?".to_owned());
    }
}

/// The events of an iCalendar file (RFC 5545): folded lines joined, `DTEND` of whole days exclusive. A small reader of the four
/// properties wanted here; repeats and alarms are not read.
fn entries(text: &str, questions: &mut Vec<String>) -> Vec<Entry> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    let mut entries = Vec::new();
    let (mut summary, mut start, mut end) = (String::new(), None, None);
    let mut repeats = false;
    for line in &lines {
        let Some((head, value)) = line.split_once(':') else { continue };
        let name = head.split(';').next().unwrap_or(head);
        match name.to_ascii_uppercase().as_str() {
            "BEGIN" if value.eq_ignore_ascii_case("VEVENT") => {
                (summary, start, end, repeats) = (String::new(), None, None, false);
            }
            "SUMMARY" => summary = unescape(value),
            "DTSTART" => start = ics_day(value),
            "DTEND" => end = ics_day(value),
            "RRULE" => repeats = true,
            "END" if value.eq_ignore_ascii_case("VEVENT") => {
                let Some((first, is_day)) = start else {
                    questions.push(format!("{summary:?}: has no first day that can be read; when is it?"));
                    continue;
                };
                let last = match end {
                    // The end of whole days is the day after the last.
                    Some((end, true)) if is_day => end.saturating_sub(1.day()).max(first),
                    Some((end, _)) => end.max(first),
                    None => first,
                };
                let entry = Entry { summary: summary.clone(), start: first, end: last };
                if repeats && meaning(&entry) != Meaning::Other {
                    questions
                        .push(format!("{summary:?} ({first}): repeats, and only the first day was read; add the others by hand"));
                }
                entries.push(entry);
            }
            _ => {}
        }
    }
    entries
}

/// The date of `20260901` or `20260901T090000Z`, and whether it is a whole day.
fn ics_day(value: &str) -> Option<(Date, bool)> {
    let value = value.trim();
    let digits = value.get(..8).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let date =
        Date::new(digits.get(..4)?.parse().ok()?, digits.get(4..6)?.parse().ok()?, digits.get(6..8)?.parse().ok()?).ok()?;
    Some((date, value.len() == 8))
}

fn unescape(value: &str) -> String {
    value.replace("\\n", " ").replace("\\N", " ").replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ics(entries: &[(&str, &str, &str)]) -> String {
        let mut text = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n");
        for (summary, start, end) in entries {
            let end = if end.is_empty() { String::new() } else { format!("DTEND;VALUE=DATE:{end}\r\n") };
            text += &format!("BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:{start}\r\n{end}SUMMARY:{summary}\r\nEND:VEVENT\r\n");
        }
        text + "END:VCALENDAR\r\n"
    }

    fn rows(dates: &TermDates) -> Vec<String> {
        dates.rows.iter().map(|row| format!("{} {} {} {}", row.start, row.end, row.kind.as_str(), row.label)).collect()
    }

    const YEAR: [&str; 6] = [
        "2026-09-01 2026-10-23 half_term_block Autumn 1",
        "2026-11-02 2026-12-18 half_term_block Autumn 2",
        "2027-01-04 2027-02-12 half_term_block Spring 1",
        "2027-02-22 2027-03-25 half_term_block Spring 2",
        "2027-04-12 2027-05-28 half_term_block Summer 1",
        "2027-06-07 2027-07-21 half_term_block Summer 2",
    ];

    #[test]
    fn terms_with_their_breaks_give_six_half_terms() {
        let text = ics(&[
            ("Autumn Term", "20260901", "20261219"),
            ("October half-term", "20261024", "20261102"),
            ("Christmas holidays", "20261219", "20270104"),
            ("Spring Term", "20270104", "20270326"),
            ("Half term", "20270213", "20270222"),
            ("Summer Term", "20270412", "20270722"),
            ("Half Term Break", "20270529", "20270607"),
            ("Harvest concert", "20261001", "20261002"),
        ]);
        let found = half_terms_from_ics(None, &text);
        assert_eq!(rows(&found), YEAR);
        assert_eq!(found.questions, Vec::<String>::new());
    }

    #[test]
    fn first_and_last_days_are_paired_and_insets_stand_apart() {
        let text = ics(&[
            ("Autumn term begins", "20260901", ""),
            ("School closes for half term", "20261023", "20261024"),
            ("School re-opens", "20261102", ""),
            ("Last day of term", "20261218", ""),
            ("Spring term starts", "20270104", ""),
            ("Term ends for half-term", "20270212", ""),
            ("Pupils return", "20270222", ""),
            ("Spring term ends", "20270325", ""),
            ("Summer term starts", "20270412", ""),
            ("School breaks up", "20270528", ""),
            ("School returns", "20270607", ""),
            ("End of term", "20270721", ""),
            ("INSET day (school closed to pupils)", "20260901", "20260903"),
            ("May Day bank holiday", "20270503", "20270504"),
        ]);
        let found = half_terms_from_ics(None, &text);
        let mut wanted: Vec<String> = YEAR.iter().map(|row| (*row).to_owned()).collect();
        wanted.insert(1, "2026-09-01 2026-09-02 inset INSET day (school closed to pupils)".to_owned());
        wanted.insert(6, "2027-05-03 2027-05-03 holiday May Day bank holiday".to_owned());
        assert_eq!(rows(&found), wanted);
        assert_eq!(found.questions, Vec::<String>::new());
    }

    #[test]
    fn what_is_unclear_is_asked() {
        let text = ics(&[
            ("Autumn 1", "20260901", "20261024"),
            ("Term day", "20261104", "20261106"),
            ("Spring term starts", "20270104", ""),
        ]) + "BEGIN:VEVENT\nSUMMARY:Half\n  term\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART:20260902T090000Z\nRRULE:FREQ=WEEKLY\nSUMMARY:Staff training\nEND:VEVENT\n";
        let found = half_terms_from_ics(None, &text);
        assert_eq!(rows(&found), [YEAR[0], "2026-09-02 2026-09-02 inset Staff training"]);
        assert_eq!(
            found.questions,
            [
                r#""Half term": has no first day that can be read; when is it?"#,
                r#""Staff training" (2026-09-02): repeats, and only the first day was read; add the others by hand"#,
                r#""Term day" (2026-11-04 to 2026-11-05): is it school time or a break? name it "term" or "holiday""#,
                r#""Spring term starts" (2027-01-04): found no last day for it; add the other day or leave it out"#,
                "2026-27 has 1 half-terms and six are usual; is the calendar whole?",
            ]
        );
    }

    #[test]
    fn six_pairs_must_follow_each_other() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let mut pairs = [
            ("2026-09-01", "2026-10-23"),
            ("2026-11-02", "2026-12-18"),
            ("2027-01-04", "2027-02-12"),
            ("2027-02-22", "2027-03-25"),
            ("2027-04-12", "2027-05-28"),
            ("2027-06-07", "2027-07-21"),
        ]
        .map(|(start, end)| (day(start), day(end)));
        let rows = six_half_terms(Some(&SchoolId::parse("oak").unwrap()), pairs).unwrap();
        assert_eq!(rows.iter().map(|row| row.label.as_str()).collect::<Vec<_>>(), LABELS);
        pairs[3].0 = day("2027-02-12");
        let error = six_half_terms(None, pairs).unwrap_err().to_string();
        assert!(error.starts_with("Spring 2: found 2027-02-12 to 2027-03-25; give an end"), "{error}");
    }
}
