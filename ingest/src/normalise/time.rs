//! Turns what a line says of time into an instant and the school's local date, a few integer comparisons a row.
//!
//! A zone's transitions are read once into a table of spans, so no zone arithmetic runs per row. The repeated hour of October is
//! resolved by order in the file: of its two readings the one is taken that keeps the file's order (oldest or newest first), or
//! where both do the one nearer to the line before. Where no earlier line of the file stands near enough to tell, the first
//! reading is taken and the line is counted as ambiguous. Local times that no clock showed (the gap of March) are read with the
//! offset before the gap.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::decoded::Time;

/// Microseconds of a second.
pub const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
/// Microseconds of a day.
pub const DAY: i64 = 24 * HOUR;

/// 2000-01-01T00:00:00Z. No filter log that a school still holds is older; an earlier time is an unset clock.
const EARLIEST: i64 = 946_684_800 * SECOND;

/// How far a clock may run ahead of ours before its time is not believed.
const AHEAD: i64 = DAY;

/// Seconds since 1970 of the first and last transition read: a year before the earliest time accepted, and 2100.
const TABLE_FROM: i64 = 915_148_800;
const TABLE_UNTIL: i64 = 4_102_444_800;

/// Steps that tell a file's direction: enough that one late line does not turn it.
const TREND: i8 = 8;

/// How far a line may stand out of order: logs written when a request ends, or by several processes, are not quite sorted.
const JITTER: i64 = MINUTE;

/// Years looked back for a time without a year: enough to meet a leap year from any year, 1900 and 2100 aside.
const YEARS_BACK: usize = 8;

/// When one row was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// Microseconds since 1970, UTC.
    pub micros_utc: i64,
    /// Days since 1970 of the school's local date.
    pub date: i32,
    /// Minute of the school's local day, 0 to 1439.
    pub local_minute_of_day: u16,
    /// A local time that the clocks showed twice.
    pub repeated: bool,
    /// A repeated local time that order could not resolve; the first reading was taken.
    pub ambiguous: bool,
}

/// What the lines so far tell about the repeated hour. Carried over when a file is read in blocks by several workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimeOrder {
    last: Option<i64>,
    certain: bool,
    /// Steps forward less steps back of late, within [`TREND`]: above 0 the file runs oldest first.
    trend: i8,
}

/// Why a zone can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("time zone {0:?} is not known; use an IANA name such as Europe/London")]
pub struct UnknownZone(pub String);

/// A stretch of time with one offset from UTC.
#[derive(Debug, Clone, Copy)]
struct Span {
    utc_from: i64,
    utc_until: i64,
    offset: i64,
    /// Local times from here until `local_until` are this span's alone.
    local_from: i64,
    local_until: i64,
}

/// A zone's offsets from 1999 to 2100.
#[derive(Debug)]
pub struct ZoneTable {
    spans: Vec<Span>,
}

impl ZoneTable {
    /// The table of an IANA zone.
    pub fn new(name: &str) -> Result<Self, UnknownZone> {
        let unknown = || UnknownZone(name.chars().take(80).collect());
        let zone = TimeZone::get(name).map_err(|_| unknown())?;
        let start = Timestamp::from_second(TABLE_FROM).map_err(|_| unknown())?;
        let end = Timestamp::from_second(TABLE_UNTIL).map_err(|_| unknown())?;
        let mut starts = vec![(i64::MIN / 4, i64::from(zone.to_offset(start).seconds()) * SECOND)];
        for transition in zone.following(start).take_while(|transition| transition.timestamp() < end) {
            let offset = i64::from(transition.offset().seconds()) * SECOND;
            // Changes of a zone's abbreviation alone are no change here.
            if starts.last().is_none_or(|(_, before)| *before != offset) {
                starts.push((transition.timestamp().as_microsecond(), offset));
            }
        }
        let spans = (0..starts.len())
            .map(|index| {
                let (utc_from, offset) = starts[index];
                let before = if index == 0 { offset } else { starts[index - 1].1 };
                let (utc_until, after) = starts.get(index + 1).copied().unwrap_or((i64::MAX / 4, offset));
                Span {
                    utc_from,
                    utc_until,
                    offset,
                    local_from: utc_from + offset.max(before),
                    local_until: utc_until + offset.min(after),
                }
            })
            .collect();
        Ok(Self { spans })
    }

    fn span_at(&self, micros_utc: i64) -> usize {
        self.spans.partition_point(|span| span.utc_from <= micros_utc).saturating_sub(1)
    }
}

/// How a wall-clock time was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// It has one reading.
    Only,
    /// Of two, order told which.
    ByOrder,
    /// Of two, the first for want of better.
    Guessed,
}

/// The clock of one file: its zones, its hints and the order of its lines.
#[derive(Debug)]
pub struct Clock {
    source: Arc<ZoneTable>,
    school: Arc<ZoneTable>,
    source_span: usize,
    school_span: usize,
    latest: i64,
    /// Start of each year that a time without a year may mean, latest first, and whether it is a leap year.
    years: [(i64, bool); YEARS_BACK + 1],
    yearless_until: i64,
    order: TimeOrder,
}

impl Clock {
    /// A clock for a file. `written_at` is when the file was last written, as far as known: the latest time that a line
    /// without a year can mean is a day after it.
    pub fn new(source: Arc<ZoneTable>, school: Arc<ZoneTable>, written_at: Option<i64>, now: i64) -> Self {
        let latest = now.saturating_add(AHEAD);
        let yearless_until = written_at.map_or(latest, |written| written.saturating_add(AHEAD).min(latest));
        let last_year = year_of(yearless_until.div_euclid(DAY));
        let years = std::array::from_fn(|back| {
            let year = last_year - back as i64;
            (days_before_year(year) * DAY, is_leap(year))
        });
        Self { source, school, source_span: 0, school_span: 0, latest, years, yearless_until, order: TimeOrder::default() }
    }

    /// What the lines so far told; for [`Clock::resume`] of the worker that reads on.
    pub fn order(&self) -> TimeOrder {
        self.order
    }

    /// Continues after lines that another worker read.
    pub fn resume(&mut self, order: TimeOrder) {
        self.order = order;
    }

    /// The instant and local date of a line's time; otherwise the reason for quarantine.
    pub fn when(&mut self, time: Time) -> Result<When, &'static str> {
        let (micros_utc, reading) = match time {
            Time::Missing => return Err("bad_time"),
            Time::Instant(micros) => (micros, Reading::Only),
            Time::Local(local) => self.resolve(local),
            Time::LocalWithoutYear(micros) => {
                let local = self.with_year(micros).ok_or("bad_time")?;
                self.resolve(local)
            }
        };
        if !(EARLIEST..=self.latest).contains(&micros_utc) {
            return Err("implausible_time");
        }
        let step = self.order.last.map_or(0, |last| (micros_utc - last).signum() as i8);
        self.order.trend = (self.order.trend + step).clamp(-TREND, TREND);
        let ambiguous = reading == Reading::Guessed;
        (self.order.last, self.order.certain) = (Some(micros_utc), !ambiguous);
        let span = self.school.spans[self.school_span];
        let offset = if (span.utc_from..span.utc_until).contains(&micros_utc) {
            span.offset
        } else {
            self.school_span = self.school.span_at(micros_utc);
            self.school.spans[self.school_span].offset
        };
        let local = micros_utc + offset;
        Ok(When {
            micros_utc,
            date: local.div_euclid(DAY) as i32,
            local_minute_of_day: (local.rem_euclid(DAY) / MINUTE) as u16,
            repeated: reading != Reading::Only,
            ambiguous,
        })
    }

    /// A wall-clock time of the source's zone as an instant.
    fn resolve(&mut self, local: i64) -> (i64, Reading) {
        // Nothing that is accepted lies outside; clamped so that the sums below can't overflow.
        let local = local.clamp(-200 * 366 * DAY, 400 * 366 * DAY);
        let span = self.source.spans[self.source_span];
        if (span.local_from..span.local_until).contains(&local) {
            return (local - span.offset, Reading::Only);
        }
        let spans = &self.source.spans;
        let index = spans.partition_point(|span| span.local_from <= local).saturating_sub(1);
        self.source_span = index;
        let span = spans[index];
        let Some(next) = spans.get(index + 1).filter(|_| local >= span.local_until) else {
            return (local - span.offset, Reading::Only);
        };
        let first = local - span.offset;
        if next.offset > span.offset {
            return (first, Reading::Only); // the gap: no clock showed this, and the offset before it is what a late clock has
        }
        self.choose(first, local - next.offset)
    }

    /// One of the two readings of a repeated hour.
    fn choose(&self, first: i64, second: i64) -> (i64, Reading) {
        let Some(last) = self.order.last else { return (first, Reading::Guessed) };
        let keeps_order = |reading: i64| match self.order.trend.signum() {
            1 => reading >= last - JITTER,
            -1 => reading <= last + JITTER,
            _ => true,
        };
        let (to_first, to_second) = (first.abs_diff(last), second.abs_diff(last));
        if to_first.min(to_second) > HOUR as u64 {
            return (first, Reading::Guessed);
        }
        let takes_second = match (keeps_order(first), keeps_order(second)) {
            (true, false) => false,
            (false, true) => true,
            _ => to_second <= to_first,
        };
        // After a guess, which always is the first reading, a step to the second shows that the guess was right.
        let reading = if takes_second || self.order.certain { Reading::ByOrder } else { Reading::Guessed };
        (if takes_second { second } else { first }, reading)
    }

    /// A time of a leap year's calendar in the latest year that is not after the file.
    fn with_year(&self, micros: i64) -> Option<i64> {
        const LEAP_DAY: i64 = 31 + 28;
        let day = micros.div_euclid(DAY);
        if !(0..366).contains(&day) {
            return None;
        }
        self.years
            .iter()
            .filter(|(_, leap)| *leap || day != LEAP_DAY)
            .map(|(start, leap)| start + micros - if !leap && day > LEAP_DAY { DAY } else { 0 })
            .find(|local| *local <= self.yearless_until)
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from 1970-01-01 to the year's first day.
fn days_before_year(year: i64) -> i64 {
    let past = year - 1;
    past * 365 + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400) - 719_162
}

fn year_of(day: i64) -> i64 {
    let mut year = 1970 + day.div_euclid(366);
    while days_before_year(year + 1) <= day {
        year += 1;
    }
    year
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{DateTime, date};
    use proptest::prelude::*;

    fn table(name: &str) -> Arc<ZoneTable> {
        Arc::new(ZoneTable::new(name).unwrap())
    }

    fn utc(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    /// A wall-clock time as [`Time::Local`] holds it.
    fn wall(text: &str) -> i64 {
        utc(&format!("{text}Z"))
    }

    fn london(now: &str) -> Clock {
        Clock::new(table("Europe/London"), table("Europe/London"), None, utc(now))
    }

    fn show(when: When) -> String {
        let mark = if when.ambiguous { " ?" } else { "" };
        format!("{}{mark}", Timestamp::from_microsecond(when.micros_utc).unwrap())
    }

    #[test]
    fn local_times_become_instants_and_school_dates() {
        let mut clock = london("2030-01-01T00:00:00Z");
        for (local, want, date, minute) in [
            ("2026-01-15T09:14:02", "2026-01-15T09:14:02Z", "2026-01-15", 9 * 60 + 14),
            ("2026-07-15T09:14:02.5", "2026-07-15T08:14:02.5Z", "2026-07-15", 9 * 60 + 14),
            ("2026-07-15T00:10:00", "2026-07-14T23:10:00Z", "2026-07-15", 10),
            // the gap of 29 March 2026
            ("2026-03-29T00:59:59", "2026-03-29T00:59:59Z", "2026-03-29", 59),
            ("2026-03-29T01:30:00", "2026-03-29T01:30:00Z", "2026-03-29", 150),
            ("2026-03-29T02:00:00", "2026-03-29T01:00:00Z", "2026-03-29", 120),
        ] {
            let when = clock.when(Time::Local(wall(local))).unwrap();
            assert_eq!(show(when), want, "{local}");
            assert_eq!(i64::from(when.date), wall(&format!("{date}T00:00:00")) / DAY, "{local}");
            assert_eq!(when.local_minute_of_day, minute, "{local}");
        }
    }

    #[test]
    fn an_instant_gets_the_schools_date_not_the_sources() {
        let mut clock = Clock::new(table("America/New_York"), table("Europe/London"), None, utc("2030-01-01T00:00:00Z"));
        let when = clock.when(Time::Local(wall("2026-11-05T19:30:00"))).unwrap();
        assert_eq!(show(when), "2026-11-06T00:30:00Z");
        assert_eq!(i64::from(when.date), wall("2026-11-06T00:00:00") / DAY);
        assert_eq!(clock.when(Time::Instant(utc("2026-07-01T23:30:00Z"))).unwrap().local_minute_of_day, 30);
    }

    #[test]
    fn the_repeated_hour_is_resolved_by_order() {
        // 25 October 2026: 02:00 summer time becomes 01:00
        let cases: &[(&str, &[(&str, &str)])] = &[
            (
                "upwards",
                &[
                    ("2026-10-25T00:59:50", "2026-10-24T23:59:50Z"),
                    ("2026-10-25T01:00:10", "2026-10-25T00:00:10Z"),
                    ("2026-10-25T01:40:00", "2026-10-25T00:40:00Z"),
                    ("2026-10-25T01:59:59", "2026-10-25T00:59:59Z"),
                    ("2026-10-25T01:00:01", "2026-10-25T01:00:01Z"),
                    ("2026-10-25T01:45:00", "2026-10-25T01:45:00Z"),
                    ("2026-10-25T01:44:58", "2026-10-25T01:44:58Z"),
                    ("2026-10-25T02:00:01", "2026-10-25T02:00:01Z"),
                ],
            ),
            (
                "newest first",
                &[
                    ("2026-10-25T02:00:01", "2026-10-25T02:00:01Z"),
                    ("2026-10-25T01:59:58", "2026-10-25T01:59:58Z"),
                    ("2026-10-25T01:20:00", "2026-10-25T01:20:00Z"),
                    ("2026-10-25T01:00:01", "2026-10-25T01:00:01Z"),
                    ("2026-10-25T01:59:50", "2026-10-25T00:59:50Z"),
                    ("2026-10-25T00:59:50", "2026-10-24T23:59:50Z"),
                ],
            ),
            (
                "nothing before it, until a step back on the wall clock tells",
                &[
                    ("2026-10-25T01:10:00", "2026-10-25T00:10:00Z ?"),
                    ("2026-10-25T01:50:00", "2026-10-25T00:50:00Z ?"),
                    ("2026-10-25T01:05:00", "2026-10-25T01:05:00Z"),
                    ("2026-10-25T01:20:00", "2026-10-25T01:20:00Z"),
                ],
            ),
            (
                "too long a silence",
                &[("2026-10-24T20:00:00", "2026-10-24T19:00:00Z"), ("2026-10-25T01:30:00", "2026-10-25T00:30:00Z ?")],
            ),
        ];
        for (name, lines) in cases {
            let mut clock = london("2030-01-01T00:00:00Z");
            for (local, want) in *lines {
                assert_eq!(show(clock.when(Time::Local(wall(local))).unwrap()), *want, "{name}: {local}");
            }
        }
    }

    #[test]
    fn every_time_of_the_repeated_hour_is_marked() {
        let mut clock = london("2030-01-01T00:00:00Z");
        for (local, want) in
            [("00:59:59", false), ("01:00:00", true), ("01:59:59", true), ("01:00:00", true), ("02:00:00", false)]
        {
            assert_eq!(clock.when(Time::Local(wall(&format!("2026-10-25T{local}")))).unwrap().repeated, want, "{local}");
        }
        assert!(!clock.when(Time::Instant(utc("2026-10-25T00:30:00Z"))).unwrap().repeated);
    }

    #[test]
    fn a_second_worker_reads_on_with_the_order_of_the_first() {
        let mut first = london("2030-01-01T00:00:00Z");
        for local in ["2026-10-25T00:59:00", "2026-10-25T01:50:00", "2026-10-25T01:10:00"] {
            first.when(Time::Local(wall(local))).unwrap();
        }
        let mut second = london("2030-01-01T00:00:00Z");
        second.resume(first.order());
        assert_eq!(show(second.when(Time::Local(wall("2026-10-25T01:15:00"))).unwrap()), "2026-10-25T01:15:00Z");
    }

    #[test]
    fn a_time_without_its_year_takes_the_files() {
        // Microseconds since the start of a leap year.
        let yearless = |month: i8, day: i8, hour: i64| {
            let days = date(2000, month, day).since(date(2000, 1, 1)).unwrap().get_days();
            Time::LocalWithoutYear(i64::from(days) * DAY + hour * HOUR)
        };
        for (written, time, want) in [
            ("2026-11-22T06:00:00Z", yearless(11, 21, 9), "2026-11-21T09:00:00Z"),
            ("2026-01-02T00:10:00Z", yearless(12, 31, 23), "2025-12-31T23:00:00Z"),
            ("2026-01-02T00:10:00Z", yearless(1, 1, 9), "2026-01-01T09:00:00Z"),
            // a device's clock a few hours ahead of the file's stamp at the turn of the year
            ("2025-12-31T23:30:00Z", yearless(1, 1, 1), "2026-01-01T01:00:00Z"),
            ("2026-03-02T00:00:00Z", yearless(3, 1, 12), "2026-03-01T12:00:00Z"),
            ("2024-03-02T00:00:00Z", yearless(3, 1, 12), "2024-03-01T12:00:00Z"),
            ("2026-03-02T00:00:00Z", yearless(2, 29, 12), "2024-02-29T12:00:00Z"),
            ("2026-09-01T00:00:00Z", yearless(7, 1, 12), "2026-07-01T11:00:00Z"),
        ] {
            let mut clock =
                Clock::new(table("Europe/London"), table("Europe/London"), Some(utc(written)), utc("2026-12-01T00:00:00Z"));
            assert_eq!(show(clock.when(time).unwrap()), want, "{written} {time:?}");
        }
        let mut clock = london("2026-12-01T00:00:00Z");
        assert_eq!(clock.when(Time::LocalWithoutYear(367 * DAY)), Err("bad_time"));
    }

    #[test]
    fn implausible_times_are_refused() {
        let mut clock = london("2026-11-22T12:00:00Z");
        for (time, want) in [
            (Time::Missing, Some("bad_time")),
            (Time::Instant(utc("1999-12-31T23:59:59Z")), Some("implausible_time")),
            (Time::Instant(utc("2000-01-01T00:00:00Z")), None),
            (Time::Instant(utc("2026-11-23T12:00:00Z")), None),
            (Time::Instant(utc("2026-11-23T12:00:01Z")), Some("implausible_time")),
            (Time::Instant(i64::MAX), Some("implausible_time")),
            (Time::Instant(i64::MIN), Some("implausible_time")),
            (Time::Local(i64::MAX), Some("implausible_time")),
            (Time::Local(i64::MIN), Some("implausible_time")),
            (Time::Local(wall("1970-01-01T00:00:00")), Some("implausible_time")),
        ] {
            assert_eq!(clock.when(time).err(), want, "{time:?}");
        }
    }

    #[test]
    fn an_unknown_zone_is_refused() {
        assert!(ZoneTable::new("Europe/Larkshire").is_err());
        assert!(ZoneTable::new("UTC").is_ok());
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        /// jiff's own arithmetic is the oracle, over 2000 to 2040.
        #[test]
        fn instants_and_wall_clocks_agree_with_the_zone(seconds in 946_684_800_i64..2_208_988_800, zone in prop::sample::select(
            vec!["Europe/London", "America/New_York", "Australia/Lord_Howe", "UTC"])) {
            let zone_of = TimeZone::get(zone).unwrap();
            let mut clock = Clock::new(table(zone), table(zone), None, utc("2100-01-01T00:00:00Z") - 2 * DAY);
            let stamp = Timestamp::from_second(seconds).unwrap();
            let civil: DateTime = zone_of.to_datetime(stamp);
            let when = clock.when(Time::Instant(stamp.as_microsecond())).unwrap();
            prop_assert_eq!(i64::from(when.date), wall(&format!("{}T00:00:00", civil.date())) / DAY);
            prop_assert_eq!(i64::from(when.local_minute_of_day), i64::from(civil.hour()) * 60 + i64::from(civil.minute()));
            // The line before was this very instant, so order resolves a repeated hour and the time comes back.
            let back = clock.when(Time::Local(wall(&civil.to_string()))).unwrap();
            prop_assert_eq!(back.micros_utc, stamp.as_microsecond());
            // Alone, a wall clock reads as jiff's compatible reading: the first of two, the offset before a gap.
            let mut alone = Clock::new(table(zone), table(zone), None, utc("2100-01-01T00:00:00Z") - 2 * DAY);
            let compatible = zone_of.to_timestamp(civil).unwrap();
            prop_assert_eq!(alone.when(Time::Local(wall(&civil.to_string()))).unwrap().micros_utc, compatible.as_microsecond());
        }

        #[test]
        fn years_start_where_the_calendar_says(year in 1970_i16..2300) {
            let days = date(year, 1, 1).since(date(1970, 1, 1)).unwrap().get_days();
            prop_assert_eq!(days_before_year(i64::from(year)), i64::from(days));
            prop_assert_eq!(year_of(i64::from(days)), i64::from(year));
            prop_assert_eq!(year_of(i64::from(days) - 1), i64::from(year) - 1);
        }
    }
}
