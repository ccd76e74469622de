//! The local time of a school for an instant, looked up once a quarter of an hour: zones change their offset on no other moment.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use weir_lake::clock;
use weir_lake::estate::Estate;
use weir_lake::ids::SchoolId;

use crate::error::VerifyError;

const QUARTER: i64 = 15 * 60;

/// Minutes since local midnight by school.
pub(crate) struct LocalTime {
    zone: TimeZone,
    offsets: HashMap<i64, i64, RandomState>,
    last: (i64, i64),
}

impl LocalTime {
    /// The zone of a school: its own, or the one of schools that name none.
    pub(crate) fn of(estate: &Estate, school: &str) -> Result<Self, VerifyError> {
        let own = SchoolId::parse(school).ok().and_then(|id| estate.schools.get(&id));
        let name = own.map_or(clock::DEFAULT_ZONE, |own| own.timezone.as_str());
        let zone = clock::zone(name).ok_or_else(|| VerifyError::Zone { school: school.to_owned(), found: name.to_owned() })?;
        Ok(Self { zone, offsets: HashMap::default(), last: (i64::MIN, 0) })
    }

    /// The minute of the local day, 0 to 1439, of microseconds since 1970.
    pub(crate) fn minute(&mut self, micros: i64) -> i64 {
        let seconds = micros.div_euclid(1_000_000);
        let quarter = seconds.div_euclid(QUARTER);
        if self.last.0 != quarter {
            let zone = &self.zone;
            let offset = *self.offsets.entry(quarter).or_insert_with(|| {
                let instant = Timestamp::from_second(quarter * QUARTER).unwrap_or_default();
                i64::from(zone.to_offset(instant).seconds())
            });
            self.last = (quarter, offset);
        }
        (seconds + self.last.1).rem_euclid(86_400) / 60
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_go_forward_and_back() {
        let mut london = LocalTime::of(&Estate::default(), "elm").unwrap();
        for (instant, minute) in [
            ("2026-03-29T00:59:59Z", 59),
            ("2026-03-29T01:00:00Z", 120),
            ("2026-10-25T00:59:00Z", 119),
            ("2026-10-25T01:00:00Z", 60),
            ("2026-07-01T23:30:00Z", 30),
            ("2026-12-01T12:00:00Z", 720),
            ("1969-12-31T22:30:00Z", 23 * 60 + 30),
        ] {
            assert_eq!(london.minute(instant.parse::<Timestamp>().unwrap().as_microsecond()), minute, "{instant}");
        }
    }
}
