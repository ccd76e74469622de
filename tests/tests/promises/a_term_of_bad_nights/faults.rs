//! What goes wrong in a term, and on which night: drawn from a seed.

use std::collections::BTreeMap;

use super::logs::{SCHOOLS, School};
use weir_tests::dice::Dice;

/// What goes wrong with one school's export of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// It comes so many nights late.
    Late(u32),
    /// It comes twice, and once more inside an export that reaches back into the day before.
    Twice,
    /// The copying broke off; the whole comes a night later.
    Cut,
    /// It lies in another school's inbox; it is moved when the report was read.
    Elsewhere,
    /// The filter writes it in another way for a night.
    Changed,
}

/// What goes wrong with the machine in a night.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// The disk has less free space than is to be kept.
    NearlyFull,
    /// No file can grow beyond a page or two: what a disk without room does to a writer.
    Full,
    /// Killed after this share of a night's time, in hundredths.
    Killed(u64),
    /// Killed at a point where a power cut hurts most.
    KilledAt(&'static str),
    /// The clock says an earlier day.
    ClockBack(i32),
    /// The vault's key is not there.
    KeyGone,
    /// The mail server does not answer.
    MailDown,
}

/// The points at which a process ends, from before anything was written to after all was.
const POINTS: [&str; 6] = [
    "ingest_before_commit",
    "after_data_files",
    "before_commit_record",
    "after_commit_record",
    "between_tables_1",
    "before_state",
];

/// The nights, from 1, and what befalls them.
#[derive(Debug, Default)]
pub struct Plan {
    pub exports: BTreeMap<u32, (&'static School, Export)>,
    pub machine: BTreeMap<u32, Machine>,
}

impl Plan {
    /// Every fault at least once; the last four nights have none, so that all that is owed comes.
    pub fn draw(seed: u64, nights: u32, is_school_day: impl Fn(u32) -> bool) -> Self {
        let mut dice = Dice::new(seed);
        let mut plan = Plan::default();
        let last = nights - 4;
        let (mut exports, mut machine) = (Vec::new(), Vec::new());
        for _ in 0..nights.div_ceil(25) {
            exports.extend([
                Export::Late(1),
                Export::Late(2 + dice.below(2) as u32),
                Export::Twice,
                Export::Cut,
                Export::Cut,
                Export::Elsewhere,
                Export::Changed,
            ]);
            machine.extend([
                Machine::NearlyFull,
                Machine::Full,
                Machine::Killed(10 + dice.below(40)),
                Machine::Killed(50 + dice.below(50)),
                Machine::KilledAt(POINTS[dice.below(POINTS.len() as u64) as usize]),
                Machine::KilledAt(POINTS[dice.below(POINTS.len() as u64) as usize]),
                Machine::ClockBack(1 + dice.below(2) as i32),
                Machine::ClockBack(40),
                Machine::KeyGone,
                Machine::MailDown,
            ]);
        }
        // A late export is missed on school days only.
        let mut school_nights: Vec<u32> = (2..=last).filter(|night| is_school_day(*night)).collect();
        dice.shuffle(&mut school_nights);
        for (fault, night) in exports.into_iter().zip(school_nights) {
            plan.exports.insert(night, (dice.one(&SCHOOLS), fault));
        }
        let mut all: Vec<u32> = (2..=last).collect();
        dice.shuffle(&mut all);
        for (fault, night) in machine.into_iter().zip(all) {
            plan.machine.insert(night, fault);
        }
        plan
    }
}
