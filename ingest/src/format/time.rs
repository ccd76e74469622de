//! Reads a time as a log writes it: epochs in any unit, layouts with or without an offset, and the syslog header's.

use crate::decode::find_byte;
use crate::decode::syslog::month;
use crate::decoded::Time;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Unit of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Epoch {
    /// Seconds, perhaps with a fraction.
    Seconds,
    /// Thousandths.
    Millis,
    /// Millionths.
    Micros,
    /// Billionths.
    Nanos,
    /// By the number of digits: 10 seconds, 13 thousandths, 16 millionths, 19 billionths.
    Auto,
}

impl Epoch {
    /// The unit by its name in a format file.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "s" => Epoch::Seconds,
            "ms" => Epoch::Millis,
            "us" => Epoch::Micros,
            "ns" => Epoch::Nanos,
            "auto" => Epoch::Auto,
            _ => return None,
        })
    }

    /// Microseconds since 1970.
    #[inline]
    pub(crate) fn read(self, text: &[u8]) -> Option<i64> {
        let text = text.trim_ascii();
        let dot = find_byte(text, 0, b'.').unwrap_or(text.len());
        let whole = integer(text.get(..dot)?)?;
        let digits = dot;
        let unit = match self {
            Epoch::Auto => match digits {
                0..=11 => Epoch::Seconds,
                12..=14 => Epoch::Millis,
                15..=17 => Epoch::Micros,
                _ => Epoch::Nanos,
            },
            unit => unit,
        };
        let fraction = match text.get(dot + 1..) {
            Some(digits) => micros_of(digits)?,
            None => 0,
        };
        match unit {
            Epoch::Seconds => whole.checked_mul(SECOND)?.checked_add(fraction),
            Epoch::Millis => whole.checked_mul(1000)?.checked_add(fraction / 1000),
            Epoch::Micros => Some(whole),
            Epoch::Nanos | Epoch::Auto => Some(whole / 1000),
        }
    }
}

fn integer(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    // Nineteen digits may be too many, and are less than twice as many as the type holds.
    let (mut number, mut all_digits) = (0_u64, true);
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        all_digits &= digit < 10;
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    if all_digits { i64::try_from(number).ok() } else { None }
}

/// Microseconds that the digits of a fraction stand for; digits beyond are dropped.
fn micros_of(digits: &[u8]) -> Option<i64> {
    let mut micros = 0;
    let mut weight = 100_000;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        micros += i64::from(byte - b'0') * weight;
        weight /= 10;
    }
    Some(micros)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Year,
    ShortYear,
    Month,
    MonthName,
    Day,
    Hour,
    HalfDayHour,
    Minute,
    Second,
    Fraction,
    Offset,
    ZoneName,
    HalfDay,
    Weekday,
    Blanks,
    Byte(u8),
}

/// A compiled layout.
#[derive(Debug, Clone)]
pub(crate) struct Layout(Vec<Piece>);

/// What a layout found: the wall clock, its year or none, and the offset or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wall {
    /// Microseconds since 1970 as a wall clock shows them; of a leap year's start where there is no year.
    pub(crate) micros: i64,
    /// Whether the text holds a year.
    pub(crate) has_year: bool,
    /// Seconds east of Greenwich, where the text says so.
    pub(crate) offset: Option<i32>,
}

impl Wall {
    /// The time by the line's own offset, else by `offset`, else local.
    pub(crate) fn time(self, offset: Option<i32>) -> Time {
        match self.offset.or(offset) {
            _ if !self.has_year => Time::LocalWithoutYear(self.micros),
            Some(offset) => Time::Instant(self.micros - i64::from(offset) * SECOND),
            None => Time::Local(self.micros),
        }
    }
}

impl Layout {
    /// Compiles a layout; the error is the part that is not understood.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = match text {
            "rfc3339" | "iso8601" => "%Y-%m-%dT%H:%M:%S%f%z",
            other => other,
        };
        let mut pieces = Vec::new();
        let mut chars = text.chars();
        while let Some(letter) = chars.next() {
            let piece = match letter {
                '%' => match chars.next() {
                    Some('Y') => Piece::Year,
                    Some('y') => Piece::ShortYear,
                    Some('m') => Piece::Month,
                    Some('b' | 'B') => Piece::MonthName,
                    Some('d' | 'e') => Piece::Day,
                    Some('H' | 'k') => Piece::Hour,
                    Some('I' | 'l') => Piece::HalfDayHour,
                    Some('M') => Piece::Minute,
                    Some('S') => Piece::Second,
                    Some('f') => Piece::Fraction,
                    Some('z') => Piece::Offset,
                    Some('Z') => Piece::ZoneName,
                    Some('p') => Piece::HalfDay,
                    Some('a' | 'A') => Piece::Weekday,
                    Some('%') => Piece::Byte(b'%'),
                    other => return Err(format!("%{}", other.map(String::from).unwrap_or_default())),
                },
                ' ' => {
                    if pieces.last() != Some(&Piece::Blanks) {
                        pieces.push(Piece::Blanks);
                    }
                    continue;
                }
                letter if letter.is_ascii() => Piece::Byte(letter as u8),
                letter => return Err(letter.to_string()),
            };
            pieces.push(piece);
        }
        Ok(Self(pieces))
    }

    /// Reads `text`, which must be nothing but the time.
    pub(crate) fn read(&self, text: &[u8]) -> Option<Wall> {
        let text = text.trim_ascii();
        let mut at = 0_usize;
        let (mut year, mut month_no, mut day) = (None, 1_i64, 1_i64);
        let (mut hour, mut minute, mut second, mut fraction) = (0_i64, 0_i64, 0_i64, 0_i64);
        let mut afternoon = None;
        let mut offset = None;
        for piece in &self.0 {
            match piece {
                Piece::Year => year = Some(digits(text, &mut at, 4, 4)?),
                Piece::ShortYear => year = Some(2000 + digits(text, &mut at, 2, 2)?),
                Piece::Month => month_no = digits(text, &mut at, 1, 2)?,
                Piece::MonthName => {
                    month_no = i64::from(month(text.get(at..)?)?);
                    at += 3;
                    while text.get(at).is_some_and(u8::is_ascii_alphabetic) {
                        at += 1;
                    }
                }
                Piece::Day => day = digits(text, &mut at, 1, 2)?,
                Piece::Hour | Piece::HalfDayHour => hour = digits(text, &mut at, 1, 2)?,
                Piece::Minute => minute = digits(text, &mut at, 2, 2)?,
                Piece::Second => second = digits(text, &mut at, 2, 2)?,
                Piece::Fraction => {
                    if matches!(text.get(at), Some(b'.' | b',')) {
                        let start = at + 1;
                        at = start;
                        while text.get(at).is_some_and(u8::is_ascii_digit) {
                            at += 1;
                        }
                        fraction = micros_of(text.get(start..at)?)?;
                    }
                }
                Piece::Offset => offset = Some(offset_at(text, &mut at)?),
                Piece::ZoneName => {
                    let start = at;
                    while text.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b':' | b'/' | b'_'))
                    {
                        at += 1;
                    }
                    offset = zone_offset(text.get(start..at)?);
                }
                Piece::HalfDay => {
                    afternoon = Some(match text.get(at..at + 2)?.to_ascii_lowercase().as_slice() {
                        b"am" => false,
                        b"pm" => true,
                        _ => return None,
                    });
                    at += 2;
                }
                Piece::Weekday => {
                    while text.get(at).is_some_and(|b| b.is_ascii_alphabetic() || *b == b'.') {
                        at += 1;
                    }
                }
                Piece::Blanks => {
                    if !matches!(text.get(at), Some(b' ' | b'\t')) {
                        return None;
                    }
                    while matches!(text.get(at), Some(b' ' | b'\t')) {
                        at += 1;
                    }
                }
                Piece::Byte(wanted) => {
                    if text.get(at) != Some(wanted) {
                        return None;
                    }
                    at += 1;
                }
            }
        }
        if at != text.len() {
            return None;
        }
        if let Some(afternoon) = afternoon {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if afternoon { 12 } else { 0 };
        }
        // 24:00:00 and a leap second are written by some boxes; both are read as the moment they mean.
        if hour > 24 || minute > 59 || second > 60 {
            return None;
        }
        let days = days_from_civil(year.unwrap_or(LEAP_YEAR), month_no, day)?;
        let days = if year.is_some() { days } else { days - days_from_civil(LEAP_YEAR, 1, 1)? };
        let micros = days * DAY + ((hour * 60 + minute) * 60 + second) * SECOND + fraction;
        Some(Wall { micros, has_year: year.is_some(), offset })
    }
}

/// The year that stands in where a line gives none: any leap year, so that 29 February can be read.
const LEAP_YEAR: i64 = 2024;

fn digits(text: &[u8], at: &mut usize, least: usize, most: usize) -> Option<i64> {
    let mut number = 0;
    let mut count = 0;
    while count < most
        && let Some(byte) = text.get(*at).filter(|b| b.is_ascii_digit())
    {
        number = number * 10 + i64::from(byte - b'0');
        count += 1;
        *at += 1;
    }
    (count >= least).then_some(number)
}

/// `Z`, `+01:00`, `+0100` or `+01`, perhaps after `UTC` or `GMT`; seconds east.
fn offset_at(text: &[u8], at: &mut usize) -> Option<i32> {
    let rest = text.get(*at..)?;
    if matches!(rest.first(), Some(b'Z' | b'z')) {
        *at += 1;
        return Some(0);
    }
    if rest.get(..3).is_some_and(|name| name.eq_ignore_ascii_case(b"UTC") || name.eq_ignore_ascii_case(b"GMT")) {
        *at += 3;
        if !matches!(text.get(*at), Some(b'+' | b'-')) {
            return Some(0);
        }
    }
    let sign = match text.get(*at)? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    *at += 1;
    let hours = digits(text, at, 1, 2)?;
    if text.get(*at) == Some(&b':') {
        *at += 1;
    }
    let minutes = digits(text, at, 0, 2)?;
    (hours <= 15 && minutes < 60).then(|| sign * (hours as i32 * 3600 + minutes as i32 * 60))
}

/// Seconds east of a zone given as an offset or an abbreviation; none where the abbreviation has several meanings (`IST`, `CST`) or none.
pub(crate) fn zone_offset(text: &[u8]) -> Option<i32> {
    const ABBREVIATIONS: [(&[u8], i32); 20] = [
        (b"UTC", 0),
        (b"GMT", 0),
        (b"Z", 0),
        (b"WET", 0),
        (b"BST", 60),
        (b"WEST", 60),
        (b"CET", 60),
        (b"MET", 60),
        (b"CEST", 120),
        (b"MEST", 120),
        (b"EET", 120),
        (b"EEST", 180),
        (b"EST", -300),
        (b"EDT", -240),
        (b"PST", -480),
        (b"PDT", -420),
        (b"AEST", 600),
        (b"AEDT", 660),
        (b"NZST", 720),
        (b"NZDT", 780),
    ];
    let text = text.trim_ascii();
    if let Some((_, minutes)) = ABBREVIATIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Some(minutes * 60);
    }
    let mut at = 0;
    offset_at(text, &mut at).filter(|_| at == text.len())
}

/// Days since 1970 of a date; none where there is no such day.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(is_leap),
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Counts from 1 March, so that the leap day is a year's last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-05T09:14:02Z, from another calendar (`date -u -d ... +%s`).
    const MOMENT: i64 = 1_793_870_042;

    #[test]
    fn epochs() {
        let table: &[(&str, Epoch, Option<i64>)] = &[
            ("1793870042", Epoch::Seconds, Some(MOMENT * SECOND)),
            ("1793870042.327", Epoch::Seconds, Some(MOMENT * SECOND + 327_000)),
            ("1793870042327", Epoch::Millis, Some(MOMENT * SECOND + 327_000)),
            ("1793870042", Epoch::Auto, Some(MOMENT * SECOND)),
            ("1793870042327", Epoch::Auto, Some(MOMENT * SECOND + 327_000)),
            ("1793870042327001", Epoch::Auto, Some(MOMENT * SECOND + 327_001)),
            ("1793870042327001999", Epoch::Auto, Some(MOMENT * SECOND + 327_001)),
            ("", Epoch::Auto, None),
            ("12x", Epoch::Auto, None),
            ("99999999999999999999", Epoch::Nanos, None),
        ];
        for (text, unit, wanted) in table {
            assert_eq!(unit.read(text.as_bytes()), *wanted, "{text}");
        }
    }

    #[test]
    fn layouts() {
        let wall = |micros, offset| Some(Wall { micros, has_year: true, offset });
        let local = MOMENT * SECOND;
        let table: &[(&str, &str, Option<Wall>)] = &[
            ("%Y-%m-%d %H:%M:%S", "2026-11-05 09:14:02", wall(local, None)),
            ("%d/%m/%Y %H:%M:%S", "5/11/2026  9:14:02", wall(local, None)),
            ("%d/%b/%Y:%H:%M:%S %z", "05/Nov/2026:09:14:02 +0100", wall(local, Some(3600))),
            ("rfc3339", "2026-11-05T09:14:02.5Z", wall(local + 500_000, Some(0))),
            ("rfc3339", "2026-11-05T09:14:02-05:30", wall(local, Some(-19_800))),
            ("%b %d %Y %I:%M:%S %p", "Nov 05 2026 09:14:02 PM", wall(local + 12 * 3600 * SECOND, None)),
            ("%a %b %e %H:%M:%S %Y", "Thu Nov  5 09:14:02 2026", wall(local, None)),
            ("%Y.%m.%d %H:%M:%S", "2026.11.05 09:14:02", wall(local, None)),
            ("%Y-%m-%d %H:%M:%S%f", "2026-11-05 09:14:02,07", wall(local + 70_000, None)),
            ("%Y-%m-%d %H:%M:%S %Z", "2026-11-05 09:14:02 CET", wall(local, Some(3600))),
            ("%Y-%m-%d %H:%M:%S", "2026-11-31 09:14:02", None),
            ("%Y-%m-%d %H:%M:%S", "2026-11-05 25:14:02", None),
            ("%Y-%m-%d %H:%M:%S", "2026-11-05 09:14:02 and more", None),
            ("%Y-%m-%d", "", None),
        ];
        for (layout, text, wanted) in table {
            assert_eq!(Layout::parse(layout).unwrap().read(text.as_bytes()), *wanted, "{layout} of {text}");
        }
        assert!(Layout::parse("%Q").is_err());
    }

    #[test]
    fn a_time_without_a_year() {
        let wall = Layout::parse("%b %e %H:%M:%S").unwrap().read(b"Mar  1 00:00:00").unwrap();
        assert_eq!(wall.time(Some(0)), Time::LocalWithoutYear((31 + 29) * DAY));
    }

    #[test]
    fn zones() {
        for (text, wanted) in [
            ("GMT", Some(0)),
            ("BST", Some(3600)),
            ("+11", Some(39_600)),
            ("-0500", Some(-18_000)),
            ("UTC-5:00", Some(-18_000)),
            ("IST", None),
            ("", None),
        ] {
            assert_eq!(zone_offset(text.as_bytes()), wanted, "{text}");
        }
    }
}
