//! Dates as commands take them: a first and a last day, both included.

use anyhow::Context;
use jiff::civil::Date;

const EPOCH: Date = Date::constant(1970, 1, 1);

/// Days since 1970 of a date such as 2026-11-05.
pub fn day(argument: &str, text: &str) -> anyhow::Result<i32> {
    // Only the one form: of 05/11/2026 nobody can tell whose order it follows.
    let is_plain = text.len() == 10 && text.bytes().enumerate().all(|(at, byte)| (byte == b'-') == matches!(at, 4 | 7));
    let date = text.parse::<Date>().ok().filter(|_| is_plain);
    let date = date.with_context(|| format!("{argument}: found {text:?}; use a date as year-month-day, such as 2026-11-05"))?;
    Ok(EPOCH.until(date)?.get_days())
}

/// A first and a last day.
pub fn range(from: &str, to: &str) -> anyhow::Result<(i32, i32)> {
    let days = (day("FROM", from)?, day("TO", to)?);
    anyhow::ensure!(days.0 <= days.1, "FROM {from} is later than TO {to}; give the first day first");
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_of_date_is_taken() {
        for (text, wanted) in [
            ("2026-11-05", Some(20_762)),
            ("1970-01-01", Some(0)),
            ("2026-02-29", None),
            ("05/11/2026", None),
            ("20261105", None),
            ("2026-11-05T09:00", None),
            ("", None),
        ] {
            assert_eq!(day("FROM", text).ok(), wanted, "{text}");
        }
        assert!(range("2026-11-06", "2026-11-05").is_err());
        let told = day("TO", "5 Nov").err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told.contains("TO") && told.contains("5 Nov") && told.contains("2026-11-05"), "{told}");
    }
}
