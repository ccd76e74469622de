//! `weir verify`: a second engine recomputes every figure, says which differ, and closes the dates on which both agree.

mod cells;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use jiff::civil::{Date, date};
use serde::Serialize;
use weir_lake::calendar::epoch_day;
use weir_lake::clock;
use weir_lake::closed::{Agreement, DAYS_UNTIL_CLOSING, FiguresDigest};
use weir_lake::data_file::date_name;
use weir_lake::estate::{AcademicYear, Estate};
use weir_lake::ids::SchoolId;
use weir_lake::lake::{Lake, Slice, Snapshot};
use weir_lake::verification::{Compared, Verified};
use weir_query::engine::{Engine, EngineOptions};
use weir_query::indicator::{FigureRow, Indicator, run_all};
use weir_query::records::Records;
use weir_register::Action;
use weir_verify::{Cell, Difference, Report, SchoolYear, Unchecked, Verification, compare};

use crate::output::{Output, table};
use crate::{Ended, progress};

/// Differences shown to people; programs get up to a thousand.
const SHOWN: usize = 20;

/// Dates closed in one step: a record of more would be slow to read for everyone after.
const CLOSED_AT_ONCE: usize = 10_000;

const MICROS_A_DAY: i64 = 86_400_000_000;

/// Recompute every figure with a second engine and say what differs
#[derive(Args)]
#[command(after_help = "Examples:
  weir verify                             every school and year
  weir verify oakfield 2026-27            one school and year
  weir verify oakfield 2026-27 --cells oakfield.ndjson
  weir verify --close                     then close the dates that both engines agree on

Rollups of open dates are recomputed from the raw rows, indicators from the rollups, by other code
than that which made them. Exit status 1: a value differs; both values are shown. A date closes
fourteen days after its last line came, and only if everything about it agrees; later lines of it
are ignored, counted, and their file kept. `weir reopen` opens it again.")]
pub struct Verify {
    /// A school of schools.csv; all of them without it
    #[arg(value_name = "SCHOOL", requires = "year")]
    school: Option<String>,
    /// An academic year, such as 2026-27
    #[arg(value_name = "YEAR")]
    year: Option<String>,
    /// Close the dates that are due and agree
    #[arg(long)]
    close: bool,
    /// Write every value that the second engine came to into this new file, a JSON object a line. No small number is hidden in it
    #[arg(long, value_name = "FILE")]
    cells: Option<PathBuf>,
    /// How to print: in words, or json or ndjson for programs
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
}

/// What a program is told.
#[derive(Serialize)]
struct Told<'a> {
    lake_version: u64,
    schools: usize,
    half_terms: usize,
    cells: u64,
    differing: u64,
    checked: &'a BTreeMap<String, weir_verify::Checked>,
    differences: &'a [Difference],
    unchecked: &'a BTreeSet<Unchecked>,
    closing: Option<&'a Closing>,
}

/// What became of the dates that could close.
#[derive(Default, Serialize)]
struct Closing {
    closed: u64,
    differing: u64,
    not_due: u64,
    /// The day from which the first of those that are not due may close.
    first_due: Option<String>,
    not_rolled_up: u64,
    closed_before: u64,
    without_raw_rows: u64,
    lake_version: Option<u64>,
}

/// What was verified, in numbers for people.
#[derive(Default)]
struct Extent {
    schools: BTreeSet<String>,
    half_terms: BTreeSet<(String, u32)>,
}

impl Verify {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        anyhow::ensure!(
            matches!(self.output, Output::Table | Output::Json | Output::Ndjson),
            "verify prints words, json or ndjson"
        );
        let estate = super::estate::load(config)?;
        let lake = super::estate::lake(&estate)?;
        let scope = self.scope(&estate)?;
        let snapshot = lake.snapshot()?;
        if self.cells.is_some() {
            // Numbers of few people go out: a row of the trail first.
            let act = super::act(Action::Export).with("verified", true);
            let act = match &scope {
                Some((school, year)) => act.at(school).on("cells", year),
                None => act,
            };
            super::audited(&estate, act)?;
        }
        let (mut report, extent, ours) = verified(&lake, &snapshot, &estate, scope.as_ref())?;
        leaves_out(&mut report);
        if let Some(file) = &self.cells {
            cells::write(file, &ours)?;
        }
        let closing = if self.close { Some(close(&lake, &snapshot, &report)?) } else { None };
        keep(&lake, &snapshot, &report, scope)?;
        self.print(&report, &extent, snapshot.version, closing.as_ref())?;
        Ok(if report.differing() == 0 { Ended::Done } else { Ended::WithFindings })
    }

    fn scope(&self, estate: &Estate) -> anyhow::Result<Option<(SchoolId, AcademicYear)>> {
        let (Some(school), Some(year)) = (&self.school, &self.year) else { return Ok(None) };
        let school = SchoolId::parse(school)?;
        anyhow::ensure!(
            estate.schools.contains_key(&school),
            "SCHOOL: found {:?}; there are: {}",
            school.as_str(),
            estate.schools.keys().map(SchoolId::as_str).collect::<Vec<_>>().join(", ")
        );
        let year = AcademicYear::parse(year).with_context(|| format!("YEAR: found {year:?}; use the form 2026-27"))?;
        Ok(Some((school, year)))
    }

    fn print(&self, report: &Report, extent: &Extent, lake_version: u64, closing: Option<&Closing>) -> anyhow::Result<()> {
        let told = Told {
            lake_version,
            schools: extent.schools.len(),
            half_terms: extent.half_terms.len(),
            cells: report.cells(),
            differing: report.differing(),
            checked: &report.checked,
            differences: &report.differences,
            unchecked: &report.unchecked,
            closing,
        };
        match self.output {
            Output::Json => println!("{}", serde_json::to_string_pretty(&told)?),
            Output::Ndjson => println!("{}", serde_json::to_string(&told)?),
            _ => in_words(&told),
        }
        Ok(())
    }
}

/// Recomputes and compares all of it.
fn verified(
    lake: &Lake,
    snapshot: &Snapshot,
    estate: &Estate,
    scope: Option<&(SchoolId, AcademicYear)>,
) -> anyhow::Result<(Report, Extent, Vec<SchoolYear>)> {
    let meanings = super::meanings(estate)?;
    let second = weir_verify::Meanings {
        categories: (meanings.categories.iter())
            .map(|(id, meaning)| (id.clone(), (i64::from(meaning.severity), meaning.since.clone())))
            .collect(),
        entries_since: meanings.entries_since.clone(),
    };
    let records = super::records(estate)?;
    let recorded = recorded(&records);
    let days = scope.map(|(school, year)| days_of(estate, school, *year));
    let bar = progress::bar(1000, "recomputing rollups", false);
    let verification = Verification {
        lake,
        snapshot,
        estate,
        meanings: &second,
        records: &recorded,
        today: clock::today_here(),
        school: scope.map(|(school, _)| school),
        days,
        progress: &|done, of| bar.set_position((done * 1000 / of.max(1)) as u64),
    };
    let mut report = verification.rollups()?;
    bar.finish_and_clear();
    let year = scope.map(|(_, year)| year.to_string());
    let ours = verification.indicators(year.as_deref())?;
    let bar = progress::bar(ours.len() as u64, "recomputing figures", false);
    let options = EngineOptions { meanings, records, ..EngineOptions::default() };
    let engine = Engine::open(snapshot, estate, &options)?;
    let runtime = super::runtime()?;
    let mut extent = Extent::default();
    for school in ours.chunk_by(|a, b| a.school_id == b.school_id) {
        let Some(first) = school.first() else { continue };
        if first.academic_year.is_empty() {
            report.leaves_out(format!("indicators of {}", first.school_id), "calendar.csv has no term dates for it");
            extent.schools.insert(first.school_id.clone());
            continue;
        }
        let years: Vec<&str> = school.iter().map(|of| of.academic_year.as_str()).collect();
        let figures = runtime.block_on(run_all(&engine, Indicator::all()?, &first.school_id, &years))?;
        let theirs: Vec<Cell> = figures.iter().map(cell).collect();
        for of in school {
            let theirs: Vec<Cell> = theirs.iter().filter(|cell| cell.academic_year == of.academic_year).cloned().collect();
            compare(of, &theirs, question, &mut report);
            extent.schools.insert(of.school_id.clone());
            extent.half_terms.extend(of.periods.iter().map(|(number, ..)| (of.academic_year.clone(), *number)));
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok((report, extent, ours))
}

/// What people recorded, as the second engine takes it.
fn recorded(records: &Records) -> weir_verify::Records {
    let day = |day: Option<Date>| day.map(epoch_day);
    let at = |(day, minute): (Date, u16)| (epoch_day(day), i32::from(minute));
    let plan = records.plan.iter().map(|row| {
        let (school, every) = (row.school.as_str().to_owned(), i32::from(row.every_days));
        (school, row.place, row.test.clone(), every, epoch_day(row.since), day(row.until))
    });
    let tests = records.tests.iter();
    let changes = records.changes.iter().map(|row| weir_verify::Change {
        school: row.school.as_str().to_owned(),
        is_for_a_lesson: row.kind != "policy",
        asked: epoch_day(row.asked),
        decided: day(row.decided),
        granted: row.granted,
        made: day(row.made),
        ended: day(row.ended),
    });
    let alerts = records.alerts.iter().map(|row| weir_verify::Alert {
        school: row.school.as_str().to_owned(),
        severity: row.severity,
        happened: at(row.happened),
        acknowledged: row.acknowledged.map(at),
        is_false: row.outcome.as_ref().map(|outcome| outcome == "false_positive"),
        closed: day(row.closed),
    });
    let reveals = records.reveals.iter().map(|row| (row.school.as_str().to_owned(), epoch_day(row.day), row.person));
    weir_verify::Records {
        plan: plan.collect(),
        tests: tests
            .map(|row| (row.school.as_str().to_owned(), row.place, row.test.clone(), epoch_day(row.day), row.passed))
            .collect(),
        changes: changes.collect(),
        alerts: alerts.collect(),
        reveals: reveals.collect(),
        trail_since: day(records.trail_since),
    }
}

/// First and last day of an academic year.
fn days_of(estate: &Estate, school: &SchoolId, year: AcademicYear) -> (i32, i32) {
    let nation = estate.schools.get(school).map_or("england", |school| school.nation.as_str());
    let begins = |year: AcademicYear| -> Date { if nation == "scotland" { date(year.0, 8, 15) } else { date(year.0, 9, 1) } };
    (epoch_day(begins(year)), epoch_day(begins(year.next())) - 1)
}

fn cell(figure: &FigureRow) -> Cell {
    Cell {
        school_id: figure.school_id.clone(),
        academic_year: figure.academic_year.clone(),
        period_no: figure.period_no,
        indicator: figure.indicator.clone(),
        version: figure.version,
        dimension: figure.dimension.clone(),
        part: figure.part.clone(),
        numerator: figure.numerator,
        denominator: figure.denominator,
        value: figure.value,
    }
}

fn question(indicator: &str) -> Option<String> {
    Indicator::find(indicator).ok().map(|found| found.question.clone())
}

/// Names what no second engine has looked at.
fn leaves_out(report: &mut Report) {
    let many = |count: u64, one: &str, more: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {more}") };
    if report.stale > 0 {
        let what = many(report.stale, "day of a source", "days of sources");
        report.leaves_out(what, "not rolled up yet: run `weir rollup`, then verify again");
    }
    if report.without_raw > 0 {
        let what = many(report.without_raw, "day of a source", "days of sources");
        report.leaves_out(what, "their raw rows or days of people are past their time");
    }
    if report.weeks_without_days > 0 {
        let what = many(report.weeks_without_days, "week of themes", "weeks of themes");
        report.leaves_out(what, "the days of people they count are past their time");
    }
    if report.closed > 0 {
        let what = many(report.closed, "closed day of a source", "closed days of sources");
        report.leaves_out(what, "verified when they closed");
    }
}

/// Keeps the outcome in the lake.
fn keep(lake: &Lake, snapshot: &Snapshot, report: &Report, scope: Option<(SchoolId, AcademicYear)>) -> anyhow::Result<()> {
    let compared = report
        .checked
        .iter()
        .map(|(of, checked)| (of.clone(), Compared { cells: checked.cells, differences: checked.differences }));
    lake.keep_verified(&Verified {
        lake_version: snapshot.version,
        at: clock::now_micros(),
        weir: env!("CARGO_PKG_VERSION").into(),
        of: scope.map(|(school, year)| (school, year.to_string())),
        compared: compared.collect(),
        unchecked: report.unchecked.iter().map(|left| (left.what.clone(), left.why.clone())).collect(),
    })?;
    Ok(())
}

/// Closes what is due and agrees.
fn close(lake: &Lake, snapshot: &Snapshot, report: &Report) -> anyhow::Result<Closing> {
    let now = clock::now_micros();
    let mut closing = Closing {
        not_rolled_up: report.stale,
        closed_before: report.closed,
        without_raw_rows: report.without_raw,
        ..Closing::default()
    };
    let mut first_due: Option<i64> = None;
    let mut due: Vec<Slice> = Vec::new();
    for (slice, last) in lake.last_lines(snapshot, report.stored.keys())? {
        let opens = last.map(|last| last.saturating_add(DAYS_UNTIL_CLOSING * MICROS_A_DAY));
        match opens {
            Some(opens) if opens <= now => due.push(slice),
            _ => {
                closing.not_due += 1;
                first_due = [first_due, opens].into_iter().flatten().min();
            }
        }
    }
    closing.first_due = first_due.map(|at| date_name(i32::try_from((at - 1).div_euclid(MICROS_A_DAY) + 1).unwrap_or(i32::MAX)));
    let is_in_doubt = |slice: &Slice| {
        let spans = &report.differing_spans;
        spans.iter().any(|(school, from, to)| *school == slice.school_id && (*from..=*to).contains(&slice.date))
    };
    let run_id = super::run_id("verify")?;
    for part in due.chunks(CLOSED_AT_ONCE) {
        let stored = digests_of(&report.stored, part.iter());
        let recomputed = digests_of(&report.recomputed, part.iter().filter(|slice| !is_in_doubt(slice)));
        let (agreement, differing) = Agreement::between(snapshot, &stored, &recomputed);
        closing.differing += differing.len() as u64;
        let agreed = agreement.slices().count() as u64;
        if agreed > 0 {
            closing.lake_version = Some(lake.close(&agreement, now, &run_id)?);
            closing.closed += agreed;
        }
    }
    Ok(closing)
}

fn digests_of<'s>(
    digests: &BTreeMap<Slice, FiguresDigest>,
    slices: impl Iterator<Item = &'s Slice>,
) -> BTreeMap<Slice, FiguresDigest> {
    slices.filter_map(|slice| Some((slice.clone(), *digests.get(slice)?))).collect()
}

/// The night's own verification: closes what is due and agrees. What it says, and what a person should look at.
pub fn night(estate: &Estate, lake: &Lake) -> anyhow::Result<(String, Vec<String>)> {
    let snapshot = lake.snapshot()?;
    let (mut report, ..) = verified(lake, &snapshot, estate, None)?;
    leaves_out(&mut report);
    let closing = close(lake, &snapshot, &report)?;
    keep(lake, &snapshot, &report, None)?;
    let text =
        format!("{} agree, {} closed", counted(report.cells() - report.differing(), "value", "values"), grouped(closing.closed));
    let look = match report.differing() {
        0 => Vec::new(),
        differing => {
            vec![format!("{}: `weir verify` shows them", counted(differing, "value differs", "values differ"))]
        }
    };
    Ok((text, look))
}

/// 21340 as `21,340`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn counted(number: u64, one: &str, more: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { more })
}

fn in_words(told: &Told<'_>) {
    let extent = format!(
        "{}, {}, {}",
        counted(told.schools as u64, "school", "schools"),
        counted(told.half_terms as u64, "half-term", "half-terms"),
        counted(told.cells, "value", "values")
    );
    if told.differing == 0 {
        println!("{extent}: all agree.");
    } else {
        println!("{extent}: {}.", counted(told.differing, "value differs", "values differ"));
        let shown = |value: Option<f64>| value.map_or_else(|| String::from("nothing"), |value| value.to_string());
        let rows: Vec<Vec<String>> = (told.differences.iter().take(SHOWN))
            .map(|difference| {
                let key: Vec<String> = difference.key.iter().map(|(name, value)| format!("{name} {value}")).collect();
                let of = difference.question.as_ref().map_or_else(String::new, |question| format!("\n{question}"));
                vec![
                    format!("{} {}{of}", difference.of, difference.measure),
                    key.join(", "),
                    shown(difference.stored),
                    shown(difference.recomputed),
                ]
            })
            .collect();
        println!("{}", table(&["figure", "where", "says", "recomputed"], &rows));
        if told.differing > rows.len() as u64 {
            println!("The first {} are shown; --output json tells up to a thousand.", rows.len());
        }
        println!("Do not use these figures until somebody has found out why, and tell whoever looks after Weir for you.");
    }
    if !told.unchecked.is_empty() {
        println!("\nNot checked:");
        for left in told.unchecked {
            println!("  {}: {}", left.what, left.why);
        }
    }
    if let Some(closing) = told.closing {
        println!();
        close_in_words(closing);
    }
}

fn close_in_words(closing: &Closing) {
    let days = |number: u64| counted(number, "day of a source", "days of sources");
    match closing.lake_version {
        None => println!("Nothing was closed."),
        Some(version) => println!("Closed {}; the lake is at version {version}.", days(closing.closed)),
    }
    if closing.differing > 0 {
        println!("  {}: something about them differs, so they stay open", days(closing.differing));
    }
    if closing.not_due > 0 {
        let from = closing.first_due.as_ref().map_or_else(String::new, |day| format!("; the first may close from {day} on"));
        println!("  {}: less than {DAYS_UNTIL_CLOSING} days since their last line came{from}", days(closing.not_due));
    }
    if closing.not_rolled_up > 0 {
        println!("  {}: not rolled up yet, run `weir rollup`", days(closing.not_rolled_up));
    }
    if closing.without_raw_rows > 0 {
        println!("  {}: rows of theirs are past their time, so they can't be recomputed", days(closing.without_raw_rows));
    }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_parted() {
        for (number, wanted) in [(0, "0"), (999, "999"), (1000, "1,000"), (21_340, "21,340"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), wanted);
        }
    }
}
