//! Days as numbers since 1970, civil dates and United Kingdom time, by rule rather than by a zone database that may change.

use jiff::civil::{Date, date};

/// Days since 1970-01-01.
pub type Day = i32;

/// The day of a civil date.
pub fn day_of(civil: Date) -> Day {
    date(1970, 1, 1).until(civil).map_or(0, |span| span.get_days())
}

/// The day of year, month and day (all literals in this crate are real dates).
pub const fn day(year: i32, month: i32, day_of_month: i32) -> Day {
    // Howard Hinnant's days_from_civil.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted - era * 400;
    let month_index = (month + 9) % 12;
    let day_of_year = (153 * month_index + 2) / 5 + day_of_month - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a day.
pub const fn civil(day: Day) -> (i32, u32, u32) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted - era * 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month as u32, day_of_month as u32)
}

/// The day as `2026-11-20`.
pub fn iso(day: Day) -> String {
    let (year, month, day_of_month) = civil(day);
    format!("{year:04}-{month:02}-{day_of_month:02}")
}

/// Monday is 0, Sunday 6.
pub const fn weekday(day: Day) -> u32 {
    (day + 3).rem_euclid(7) as u32
}

/// The day a time in milliseconds since 1970 falls on.
pub const fn day_of_ms(milliseconds: i64) -> Day {
    milliseconds.div_euclid(86_400_000) as Day
}

/// The Monday of the day's week.
pub const fn monday(day: Day) -> Day {
    day - weekday(day) as Day
}

/// Seconds that British clocks are ahead of UTC at noon of the day. The change itself happens at night, when no line is written.
pub fn utc_offset(day: Day) -> i32 {
    let (year, _, _) = civil(day);
    let last_sunday = |month: i32| {
        let last = self::day(year, month, 31);
        last - ((weekday(last) + 1) % 7) as Day
    };
    if (last_sunday(3)..last_sunday(10)).contains(&day) { 3_600 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_agree_with_a_calendar_library() {
        for number in day(2019, 1, 1)..day(2030, 1, 1) {
            let (year, month, day_of_month) = civil(number);
            let library = date(year as i16, month as i8, day_of_month as i8);
            assert_eq!(day_of(library), number);
            assert_eq!(weekday(number), library.weekday().to_monday_zero_offset() as u32);
        }
    }

    #[test]
    fn summer_time_follows_the_zone_database() {
        let london = jiff::tz::TimeZone::get("Europe/London").unwrap();
        for number in day(2025, 1, 1)..day(2027, 12, 31) {
            let (year, month, day_of_month) = civil(number);
            let noon = date(year as i16, month as i8, day_of_month as i8).at(12, 0, 0, 0).to_zoned(london.clone()).unwrap();
            assert_eq!(noon.offset().seconds(), utc_offset(number), "{}", iso(number));
        }
    }
}
