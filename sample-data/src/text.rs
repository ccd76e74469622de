//! Appends numbers, dates and addresses to a byte buffer without allocating.

use crate::days::{civil, day_of_ms};

/// Appends text.
pub(crate) fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Appends several texts.
pub(crate) fn puts(out: &mut Vec<u8>, texts: &[&str]) {
    for text in texts {
        out.extend_from_slice(text.as_bytes());
    }
}

/// Appends a whole number.
pub(crate) fn number(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a number with leading zeros (`width` digits at least).
pub(crate) fn zero_padded(out: &mut Vec<u8>, value: u64, width: usize) {
    let start = out.len();
    number(out, value);
    let written = out.len() - start;
    if written < width {
        let missing = width - written;
        out.resize(out.len() + missing, b'0');
        out[start..].rotate_right(missing);
    }
}

/// Appends a number with leading blanks.
pub(crate) fn blank_padded(out: &mut Vec<u8>, value: u64, width: usize) {
    let digits = (1..20).find(|&power| value < 10_u64.pow(power)).unwrap_or(20) as usize;
    for _ in digits..width {
        out.push(b' ');
    }
    number(out, value);
}

/// Appends an IPv4 address.
pub(crate) fn address(out: &mut Vec<u8>, address: [u8; 4]) {
    for (index, part) in address.into_iter().enumerate() {
        if index > 0 {
            out.push(b'.');
        }
        number(out, u64::from(part));
    }
}

/// Appends `2026-11-20` with the given separator.
pub(crate) fn date(out: &mut Vec<u8>, wall_ms: i64, separator: u8) {
    let (year, month, day) = civil(day_of_ms(wall_ms));
    number(out, year as u64);
    out.push(separator);
    zero_padded(out, u64::from(month), 2);
    out.push(separator);
    zero_padded(out, u64::from(day), 2);
}

/// Appends `09:14:02`.
pub(crate) fn clock(out: &mut Vec<u8>, wall_ms: i64) {
    let seconds = (wall_ms.div_euclid(1_000)).rem_euclid(86_400) as u64;
    zero_padded(out, seconds / 3_600, 2);
    out.push(b':');
    zero_padded(out, seconds / 60 % 60, 2);
    out.push(b':');
    zero_padded(out, seconds % 60, 2);
}

/// Appends the offset of local time as `+0100`, or `+01:00` with a colon.
pub(crate) fn offset(out: &mut Vec<u8>, seconds: i32, colon: bool) {
    out.push(if seconds < 0 { b'-' } else { b'+' });
    let minutes = u64::from(seconds.unsigned_abs() / 60);
    zero_padded(out, minutes / 60, 2);
    if colon {
        out.push(b':');
    }
    zero_padded(out, minutes % 60, 2);
}

/// English month names as syslog and HTTP write them.
pub(crate) const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Month name, day and year of a wall-clock time.
pub(crate) fn month_day(wall_ms: i64) -> (&'static str, u32, i32) {
    let (year, month, day) = civil(day_of_ms(wall_ms));
    (MONTHS[(month as usize - 1) % 12], day, year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_as_written() {
        let mut out = Vec::new();
        zero_padded(&mut out, 7, 3);
        out.push(b' ');
        blank_padded(&mut out, 42, 6);
        out.push(b' ');
        address(&mut out, [10, 20, 0, 255]);
        out.push(b' ');
        date(&mut out, 1_795_166_096_000, b'/');
        out.push(b' ');
        clock(&mut out, 1_795_166_096_000);
        out.push(b' ');
        offset(&mut out, 3_600, true);
        assert_eq!(String::from_utf8(out).unwrap(), "007     42 10.20.0.255 2026/11/20 09:14:56 +01:00");
    }
}
