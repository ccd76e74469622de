//! Bank holidays by rule: England and Wales, and Scotland. One-off days (a coronation, a jubilee) are added by hand in calendar.csv.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// Easter Sunday by the Gregorian computus (the "anonymous" algorithm of 1876).
pub fn easter_sunday(year: i16) -> Date {
    let year = i32::from(year);
    let (golden, century, of_century) = (year % 19, year / 100, year % 100);
    let moon = (19 * golden + century - century / 4 - (century - (century + 8) / 25 + 1) / 3 + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - moon - of_century % 4) % 7;
    let late = (golden + 11 * moon + 22 * weekday) / 451;
    let sum = moon + weekday - 7 * late + 114;
    Date::constant(year as i16, (sum / 31) as i8, (sum % 31 + 1) as i8)
}

fn nth_monday(year: i16, month: i8, nth: i8) -> Option<Date> {
    Date::new(year, month, 1).ok()?.nth_weekday_of_month(nth, Weekday::Monday).ok()
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Fixed days in a row, each moved to the next weekday that no other of them holds; the ones on weekdays stay first.
fn with_substitutes(days: &[(Date, &'static str)]) -> Vec<(Date, String)> {
    let mut taken: Vec<Date> = days.iter().map(|(date, _)| *date).filter(|date| !is_weekend(*date)).collect();
    days.iter()
        .map(|(date, name)| {
            if !is_weekend(*date) {
                return (*date, (*name).to_owned());
            }
            let mut moved = *date;
            while is_weekend(moved) || taken.contains(&moved) {
                moved = moved.saturating_add(1.day());
            }
            taken.push(moved);
            (moved, format!("{name} (substitute day)"))
        })
        .collect()
}

/// The bank holidays of a calendar year by nation (`england`, `wales`, `scotland`), by date.
pub fn bank_holidays(year: i16, nation: &str) -> Vec<(Date, String)> {
    let is_scotland = nation == "scotland";
    let easter = easter_sunday(year);
    let day = |month, day| Date::constant(year, month, day);
    let mut days = if is_scotland {
        with_substitutes(&[(day(1, 1), "New Year's Day"), (day(1, 2), "2 January")])
    } else {
        with_substitutes(&[(day(1, 1), "New Year's Day")])
    };
    days.push((easter.saturating_sub(2.days()), "Good Friday".to_owned()));
    if !is_scotland {
        days.push((easter.saturating_add(1.day()), "Easter Monday".to_owned()));
    }
    let mondays = [
        (5, 1, "Early May bank holiday"),
        (5, -1, "Spring bank holiday"),
        (8, if is_scotland { 1 } else { -1 }, "Summer bank holiday"),
    ];
    days.extend(mondays.into_iter().filter_map(|(month, nth, name)| Some((nth_monday(year, month, nth)?, name.to_owned()))));
    if is_scotland {
        days.extend(with_substitutes(&[(day(11, 30), "St Andrew's Day")]));
    }
    days.extend(with_substitutes(&[(day(12, 25), "Christmas Day"), (day(12, 26), "Boxing Day")]));
    days.sort();
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_is_where_the_almanac_has_it() {
        for (year, wanted) in [
            (2000, "2000-04-23"),
            (2008, "2008-03-23"),
            (2011, "2011-04-24"),
            (2024, "2024-03-31"),
            (2025, "2025-04-20"),
            (2026, "2026-04-05"),
            (2027, "2027-03-28"),
            (2038, "2038-04-25"),
        ] {
            assert_eq!(easter_sunday(year).to_string(), wanted);
        }
    }

    #[test]
    fn bank_holidays_are_those_the_governments_list() {
        let table: &[(i16, &str, &[&str])] = &[
            (2021, "wales", &["01-01", "04-02", "04-05", "05-03", "05-31", "08-30", "12-27", "12-28"]),
            (2016, "england", &["01-01", "03-25", "03-28", "05-02", "05-30", "08-29", "12-26", "12-27"]),
            (2026, "england", &["01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28"]),
            (2027, "wales", &["01-01", "03-26", "03-29", "05-03", "05-31", "08-30", "12-27", "12-28"]),
            (2028, "england", &["01-03", "04-14", "04-17", "05-01", "05-29", "08-28", "12-25", "12-26"]),
            (2017, "scotland", &["01-02", "01-03", "04-14", "05-01", "05-29", "08-07", "11-30", "12-25", "12-26"]),
            (2025, "scotland", &["01-01", "01-02", "04-18", "05-05", "05-26", "08-04", "12-01", "12-25", "12-26"]),
            (2027, "scotland", &["01-01", "01-04", "03-26", "05-03", "05-31", "08-02", "11-30", "12-27", "12-28"]),
        ];
        for (year, nation, wanted) in table {
            let found: Vec<String> =
                bank_holidays(*year, nation).iter().map(|(date, _)| date.strftime("%m-%d").to_string()).collect();
            assert_eq!(found, *wanted, "{year} {nation}");
        }
        let names: Vec<String> = bank_holidays(2027, "england").into_iter().map(|(_, name)| name).collect();
        assert_eq!(names[6..], ["Christmas Day (substitute day)", "Boxing Day (substitute day)"]);
    }
}
