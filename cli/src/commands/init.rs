//! `weir init`: a new estate's files, with bank holidays filled in and half-terms asked for or read from a calendar.

use std::fs::OpenOptions;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use weir_lake::clock;
use weir_lake::estate::{AcademicYear, CalendarKind, CalendarRow, TermDates, half_terms_from_ics, init_for, six_half_terms};

use crate::Ended;

/// Make the files that say whose logs these are
#[derive(Args)]
#[command(after_help = "Examples:
  weir init my-schools
  weir init my-schools --nation wales --term-dates terms.ics

Then open my-schools/schools.csv and name your school; every file explains itself. Nothing that exists is overwritten.")]
pub struct Init {
    /// Folder to make them in
    dir: PathBuf,
    /// Whose bank holidays and school year
    #[arg(long, value_enum, default_value = "england")]
    nation: Nation,
    /// A calendar file (.ics) with the term dates; most councils and schools publish one
    #[arg(long, value_name = "FILE.ics")]
    term_dates: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Nation {
    England,
    Wales,
    Scotland,
}

impl Nation {
    fn name(self) -> &'static str {
        match self {
            Nation::England => "england",
            Nation::Wales => "wales",
            Nation::Scotland => "scotland",
        }
    }
}

impl Init {
    pub fn run(self) -> anyhow::Result<Ended> {
        let zone = clock::zone(clock::DEFAULT_ZONE).context("the time zone data lack Europe/London")?;
        let today = clock::today(&zone);
        // Read before anything is written: a calendar that can't be read leaves no half-made estate.
        let from_file = self.term_dates.as_deref().map(read_calendar).transpose()?;
        let written = init_for(&self.dir, self.nation.name(), today)?;
        for path in &written {
            println!("wrote {}", path.display());
        }
        let (rows, questions) = match from_file {
            Some(dates) => (dates.rows, dates.questions),
            None if io::stdin().is_terminal() && io::stdout().is_terminal() => (ask(today, self.nation)?, Vec::new()),
            None => (Vec::new(), Vec::new()),
        };
        append(&self.dir.join("calendar.csv"), &rows)?;
        let blocks = rows.iter().filter(|row| row.kind == CalendarKind::HalfTermBlock).count();
        println!(
            "\nBank holidays are filled in. Half-terms: {}.",
            if blocks == 0 { String::from("none yet") } else { blocks.to_string() }
        );
        if blocks == 0 {
            println!(
                "Without them Weir shows no rates. Add them to {}, six rows a year.",
                self.dir.join("calendar.csv").display()
            );
        }
        for question in &questions {
            println!("To decide: {question}");
        }
        println!(
            "\nNext: name your school in {}, then try\n  weir --config {} inspect YOUR-LOG-FILE",
            self.dir.join("schools.csv").display(),
            self.dir.join("weir.toml").display()
        );
        Ok(if questions.is_empty() { Ended::Done } else { Ended::WithFindings })
    }
}

fn read_calendar(path: &Path) -> anyhow::Result<TermDates> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}: can't be read as a calendar", path.display()))?;
    let dates = half_terms_from_ics(None, &text);
    anyhow::ensure!(
        !dates.rows.is_empty() || !dates.questions.is_empty(),
        "{}: no term, half-term, INSET day or holiday found in it; check that it is the term dates' calendar",
        path.display()
    );
    Ok(dates)
}

/// Asks for the six half-terms; an empty answer leaves them for later.
fn ask(today: Date, nation: Nation) -> anyhow::Result<Vec<CalendarRow>> {
    let year = AcademicYear::of(today, nation.name());
    println!(
        "\nHalf-terms of {year}: first and last day of each, like 2026-09-01 2026-10-23.\nPress Enter to leave them for later."
    );
    let mut pairs = Vec::new();
    let mut lines = io::stdin().lock().lines();
    for label in ["Autumn 1", "Autumn 2", "Spring 1", "Spring 2", "Summer 1", "Summer 2"] {
        loop {
            print!("  {label}: ");
            io::stdout().flush()?;
            let Some(line) = lines.next().transpose()? else { return Ok(Vec::new()) };
            let line = line.trim();
            if line.is_empty() {
                return Ok(Vec::new());
            }
            let mut dates = line.split_whitespace().map(str::parse::<Date>);
            match (dates.next(), dates.next(), dates.next()) {
                (Some(Ok(start)), Some(Ok(end)), None) if start <= end => {
                    pairs.push((start, end));
                    break;
                }
                _ => println!("    two dates please, year first: 2026-09-01 2026-10-23"),
            }
        }
    }
    let pairs: [(Date, Date); 6] = pairs.try_into().map_err(|_| anyhow::anyhow!("six half-terms are needed"))?;
    Ok(six_half_terms(None, pairs)?)
}

fn append(path: &Path, rows: &[CalendarRow]) -> anyhow::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let file = OpenOptions::new().append(true).open(path).with_context(|| path.display().to_string())?;
    let mut writer = csv::Writer::from_writer(file);
    for row in rows {
        let school = row.school_id.as_ref().map_or("*", |school| school.as_str());
        let (start, end) = (row.start.to_string(), row.end.to_string());
        writer.write_record([school, start.as_str(), end.as_str(), row.kind.as_str(), row.label.as_str()])?;
    }
    writer.flush().with_context(|| path.display().to_string())
}
