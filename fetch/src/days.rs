//! The beginnings of names that a prefix with a date stands for.

use jiff::ToSpan as _;
use jiff::civil::Date;

/// The prefixes of the days up to `today`, newest last; the prefix itself where it names no date.
pub(crate) fn prefixes(prefix: &str, today: Date, days: u32) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for back in (0..i64::from(days)).rev() {
        let Ok(day) = today.checked_sub(back.days()) else { continue };
        let one = prefix
            .replace("{year}", &format!("{:04}", day.year()))
            .replace("{month}", &format!("{:02}", day.month()))
            .replace("{day}", &format!("{:02}", day.day()));
        // A prefix with a month alone is the same on most days.
        if found.last() != Some(&one) {
            found.push(one);
        }
    }
    found
}

/// The folder that a prefix names, and how the names in it begin.
pub(crate) fn folder(prefix: &str) -> (&str, &str) {
    prefix.rsplit_once('/').unwrap_or(("", prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_ways_to_name_a_day() {
        let today = Date::constant(2027, 1, 1);
        let table: [(&str, u32, &[&str]); 5] = [
            ("1234_ab/dnslogs/{year}-{month}-{day}/", 2, &["1234_ab/dnslogs/2026-12-31/", "1234_ab/dnslogs/2027-01-01/"]),
            ("{year}{month}{day}/", 1, &["20270101/"]),
            ("zia/{year}/{month}/{day}/web-", 2, &["zia/2026/12/31/web-", "zia/2027/01/01/web-"]),
            ("{year}/{month}/", 3, &["2026/12/", "2027/01/"]),
            ("all/", 3, &["all/"]),
        ];
        for (prefix, days, wanted) in table {
            assert_eq!(prefixes(prefix, today, days), wanted, "{prefix}");
        }
        assert_eq!(folder("zia/2027/web-"), ("zia/2027", "web-"));
        assert_eq!(folder("all/"), ("all", ""));
        assert_eq!(folder("web-"), ("", "web-"));
    }
}
