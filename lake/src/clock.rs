//! The one place that asks the system for the time and for zones; `WEIR_NOW` fixes the time for tests and the demo.

use std::sync::OnceLock;

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Zoned};

/// Name of the environment variable that fixes the time.
pub const WEIR_NOW: &str = "WEIR_NOW";

/// The zone of a school or source that names none.
pub const DEFAULT_ZONE: &str = "Europe/London";

/// `WEIR_NOW` is set to something that is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("environment variable WEIR_NOW: found {found:?}; use an instant such as 2026-11-05T09:14:02Z, or unset it")]
pub struct ClockError {
    found: String,
}

fn parse_fixed(text: Option<&str>) -> Result<Option<Timestamp>, ClockError> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => match text.parse() {
            Ok(instant) => Ok(Some(instant)),
            Err(_) => Err(ClockError { found: text.chars().take(80).collect() }),
        },
    }
}

fn fixed() -> &'static Result<Option<Timestamp>, ClockError> {
    static FIXED: OnceLock<Result<Option<Timestamp>, ClockError>> = OnceLock::new();
    FIXED.get_or_init(|| parse_fixed(std::env::var(WEIR_NOW).ok().as_deref()))
}

/// Refuses a `WEIR_NOW` that is no instant. The command line calls it once at start, so that [`now`] need not fail.
pub fn check() -> Result<(), ClockError> {
    fixed().clone().map(|_| ())
}

/// Now: `WEIR_NOW` where it is set, otherwise the system's time.
pub fn now() -> Timestamp {
    match fixed() {
        Ok(Some(instant)) => *instant,
        _ => machine_now(),
    }
}

/// The machine's own time, whatever `WEIR_NOW` says: for the age of files, which the machine's clock has stamped.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn machine_now() -> Timestamp {
    Timestamp::now()
}

/// Now in microseconds since 1970, UTC, as the lake stores times.
pub fn now_micros() -> i64 {
    now().as_microsecond()
}

/// Today's date in a zone.
pub fn today(zone: &TimeZone) -> Date {
    Zoned::new(now(), zone.clone()).date()
}

/// Today's date where no school's zone decides.
pub fn today_here() -> Date {
    // The zone is in the binary (tested below); UTC would be a day out for one hour of a summer's night.
    today(&zone(DEFAULT_ZONE).unwrap_or(TimeZone::UTC))
}

/// A zone by its IANA name. Zones come from the binary, not from the machine: figures must not differ between two machines, and
/// walking a system's zone folder costs more than reading a small export.
pub fn zone(name: &str) -> Option<TimeZone> {
    static ZONES: OnceLock<TimeZoneDatabase> = OnceLock::new();
    ZONES.get_or_init(TimeZoneDatabase::bundled).get(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_time_is_an_instant_or_refused() {
        let table: &[(Option<&str>, Option<Option<&str>>)] = &[
            (None, Some(None)),
            (Some(""), Some(None)),
            (Some(" 2026-11-05T09:14:02Z "), Some(Some("2026-11-05T09:14:02Z"))),
            (Some("2026-07-05T09:14:02+01:00"), Some(Some("2026-07-05T08:14:02Z"))),
            (Some("tomorrow"), None),
            (Some("2026-11-05"), None),
        ];
        for (text, wanted) in table {
            let found = parse_fixed(*text).ok().map(|instant| instant.map(|i| i.to_string()));
            assert_eq!(found, wanted.map(|w| w.map(str::to_owned)), "{text:?}");
        }
    }

    #[test]
    fn zones_round_trip_through_summer_time() {
        let london = zone(DEFAULT_ZONE).unwrap();
        for (utc, local) in [
            ("2026-03-29T00:59:59Z", "2026-03-29T00:59:59"),
            ("2026-03-29T01:00:00Z", "2026-03-29T02:00:00"),
            ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00"),
            ("2026-10-25T01:30:00Z", "2026-10-25T01:30:00"),
        ] {
            let instant: Timestamp = utc.parse().unwrap();
            assert_eq!(instant.to_zoned(london.clone()).datetime().to_string(), local);
        }
        assert!(zone("Europe/Lodnon").is_none());
    }
}
