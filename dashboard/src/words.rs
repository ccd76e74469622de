//! Numbers, dates and marks as a busy volunteer reads them at first reading.

use jiff::civil::Date;
use weir_lake::estate::AcademicYear;

use crate::view::{Coverage, Figure, Shown, Unit};

/// What 0 to 4 people are called wherever governors read.
pub(crate) const FEWER_THAN_5: &str = "fewer than 5, perhaps none";

/// A number with `,` between thousands and a fixed count of decimals.
pub(crate) fn number(value: f64, decimals: usize) -> String {
    let plain = format!("{:.*}", decimals, value.abs());
    let (whole, fraction) = plain.split_once('.').map_or((plain.as_str(), None), |(whole, fraction)| (whole, Some(fraction)));
    let mut grouped = String::with_capacity(plain.len() + 4);
    if value < 0.0 && plain.bytes().any(|b| matches!(b, b'1'..=b'9')) {
        grouped.push('\u{2212}');
    }
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if let Some(fraction) = fraction {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

/// With a capital at the beginning; texts of definitions are halves of sentences.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A figure as people read it: a plain 0 or 100 without decimals, and what would round to 0 without being it as "under 0.1".
pub(crate) fn figure(value: f64, decimals: usize) -> String {
    let smallest = 10f64.powi(-(decimals as i32));
    if value == 0.0 || value == 100.0 {
        number(value, 0)
    } else if decimals > 0 && value > 0.0 && value < smallest / 2.0 {
        format!("under {}", number(smallest, decimals))
    } else {
        number(value, decimals)
    }
}

/// A value in its unit, or its mark in words, as a card or sentence says it.
pub(crate) fn spoken(value: Shown, unit: &Unit) -> String {
    match value {
        Shown::Number(value) => format!("{}{}", figure(value, unit.decimals), unit.sign),
        Shown::Hidden => FEWER_THAN_5.into(),
        Shown::NotAvailable => "not available".into(),
        Shown::NotApplicable => "does not apply".into(),
        Shown::NoLogs => "no logs".into(),
        Shown::ToCome => "to come".into(),
    }
}

/// A value in its unit, or its short mark, as a table cell shows it.
pub(crate) fn cell(value: Shown, unit: &Unit) -> String {
    match value {
        Shown::Hidden => "[c]".into(),
        Shown::NotAvailable => "[x]".into(),
        Shown::NotApplicable => "[z]".into(),
        other => spoken(other, unit),
    }
}

/// "about 3 in every 100 pupils in a school week", for rates a person can picture.
pub(crate) fn about(value: f64) -> String {
    let scale = |out_of: f64| {
        let count = (value * out_of / 100.0).round();
        format!("about {} in every {} pupils in a school week", number(count, 0), number(out_of, 0))
    };
    if value >= 0.95 {
        scale(100.0)
    } else if value >= 0.095 {
        scale(1_000.0)
    } else if value > 0.0 {
        "fewer than 1 in every 1,000 pupils in a school week".into()
    } else {
        "none of the pupils we could see".into()
    }
}

/// The plain sentence that stands before a figure's meaning, where its unit allows one.
pub(crate) fn plainly(figure: &Figure) -> Option<String> {
    let value = figure.shown().number()?;
    figure.unit.per_hundred_pupils.then(|| format!("{}.", capital(&about(value))))
}

/// `2025 to 2026`, as people say it.
pub(crate) fn year_words(year: AcademicYear) -> String {
    format!("{} to {}", year.0, i32::from(year.0) + 1)
}

/// `4 November 2025`
pub(crate) fn day(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// A moment, as a school's clock shows it: `22 November 2026, 14:05`.
pub(crate) fn moment(micros: i64) -> String {
    let zone = weir_lake::clock::zone(weir_lake::clock::DEFAULT_ZONE).unwrap_or(jiff::tz::TimeZone::UTC);
    match jiff::Timestamp::from_microsecond(micros) {
        Ok(moment) => {
            let moment = moment.to_zoned(zone);
            format!("{}, {:02}:{:02}", day(moment.date()), moment.hour(), moment.minute())
        }
        Err(_) => String::new(),
    }
}

/// The day of a moment, as a school's clock has it.
pub(crate) fn day_of(micros: i64) -> Date {
    let zone = weir_lake::clock::zone(weir_lake::clock::DEFAULT_ZONE).unwrap_or(jiff::tz::TimeZone::UTC);
    jiff::Timestamp::from_microsecond(micros).map_or_else(|_| Date::default(), |moment| moment.to_zoned(zone).date())
}

/// The same in words: `4 November 2025`.
pub(crate) fn day_of_words(micros: i64) -> String {
    day(day_of(micros))
}

/// `Tuesday 4 November 2025`
pub(crate) fn weekday(date: Date) -> String {
    date.strftime("%A %-d %B %Y").to_string()
}

/// `4 Nov`
pub(crate) fn short_day(date: Date) -> String {
    date.strftime("%-d %b").to_string()
}

/// `4 Nov 2025`, where there is little room.
pub(crate) fn narrow_day(date: Date) -> String {
    date.strftime("%-d %b %Y").to_string()
}

/// `logs on 28 of 30 school days`, or that there are none.
pub(crate) fn logs_on(coverage: Coverage) -> String {
    match (coverage.with_logs, coverage.school_days) {
        (_, 0) => "no school days yet".into(),
        (0, days) => format!("no logs on {}", plural(days, "school day")),
        (with, days) => format!("logs on {with} of {}", plural(days, "school day")),
    }
}

/// `28 of 30 school days`, where a heading says that logs are meant.
pub(crate) fn days_of(coverage: Coverage) -> String {
    match (coverage.with_logs, coverage.school_days) {
        (_, 0) => "to come".into(),
        (0, days) => format!("no logs on {}", plural(days, "school day")),
        (with, days) => format!("{with} of {}", plural(days, "school day")),
    }
}

/// `1 day`, `2 days`
pub(crate) fn plural(count: u32, thing: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {thing}{s}", number(f64::from(count), 0))
}

/// `a, b and c`
pub(crate) fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_string(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

/// The short name of a half-term for a narrow axis: `Autumn 1` -> `Aut 1`.
pub(crate) fn short_period(label: &str) -> String {
    let mut parts = label.split(' ');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(season), Some(count), None) if count.len() == 1 => {
            format!("{} {count}", season.chars().take(3).collect::<String>())
        }
        _ => label.chars().take(8).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_fixed() {
        for (value, decimals, wanted) in
            [(0.0, 0, "0"), (1234.0, 0, "1,234"), (1_234_567.89, 1, "1,234,567.9"), (-0.04, 1, "0.0"), (-12.5, 1, "\u{2212}12.5")]
        {
            assert_eq!(number(value, decimals), wanted, "{value}");
        }
    }

    #[test]
    fn a_little_is_not_nothing() {
        for (value, wanted) in [(0.0, "0"), (0.04, "under 0.1"), (0.06, "0.1"), (99.96, "100.0"), (100.0, "100"), (2.34, "2.3")] {
            assert_eq!(figure(value, 1), wanted, "{value}");
        }
        assert_eq!(figure(0.3, 0), "0");
    }

    #[test]
    fn rates_become_people_one_can_picture() {
        for (value, wanted) in [
            (3.1, "about 3 in every 100 pupils in a school week"),
            (0.82, "about 8 in every 1,000 pupils in a school week"),
            (0.02, "fewer than 1 in every 1,000 pupils in a school week"),
        ] {
            assert_eq!(about(value), wanted);
        }
    }

    #[test]
    fn marks_are_never_numbers() {
        let unit = Unit { decimals: 1, sign: "%", words: String::new(), per_hundred_pupils: false };
        for mark in [Shown::Hidden, Shown::NotAvailable, Shown::NotApplicable, Shown::NoLogs, Shown::ToCome] {
            assert!(!spoken(mark, &unit).contains('0'), "{mark:?}");
            assert!(!cell(mark, &unit).bytes().any(|b| b.is_ascii_digit()), "{mark:?}");
        }
        assert_eq!(spoken(Shown::Hidden, &unit), "fewer than 5, perhaps none");
    }
}
