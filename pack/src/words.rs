//! Numbers, days and marks as they are read, the same in every document.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::bundle::{Audience, Basis, Cell, ColumnKind, Number, State};

/// A number with `,` between thousands and a fixed count of decimals.
pub(crate) fn number(value: f64, decimals: u8) -> String {
    let plain = format!("{:.*}", usize::from(decimals), value.abs());
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

/// The number that [`number`] shows, as a number.
pub(crate) fn rounded(value: Number, decimals: u8) -> f64 {
    format!("{:.*}", usize::from(decimals), value.get()).parse().unwrap_or(value.get())
}

/// `4 November 2025`
pub(crate) fn day(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// `4 November 2025, 14:05 UTC`. No school's clock: a rebuild elsewhere must not need to know its zone.
pub(crate) fn moment(moment: Timestamp) -> String {
    let moment = moment.to_zoned(TimeZone::UTC);
    format!("{}, {:02}:{:02} UTC", day(moment.date()), moment.hour(), moment.minute())
}

/// A table's cell.
pub(crate) fn cell(kind: ColumnKind, cell: &Cell) -> String {
    match (cell, kind) {
        (Cell::Text(text) | Cell::Mark(text), _) => text.clone(),
        (Cell::Number(value), ColumnKind::Percent { decimals }) => format!("{}%", number(value.get(), decimals)),
        (Cell::Number(value), ColumnKind::Number { decimals }) => number(value.get(), decimals),
        (Cell::Number(value), ColumnKind::Text | ColumnKind::Date) => value.get().to_string(),
        (Cell::Date(date), _) => date.strftime("%-d %b %Y").to_string(),
        (Cell::Empty, _) => String::new(),
    }
}

/// A state in words.
pub(crate) fn state(state: State) -> &'static str {
    match state {
        State::Usual => "usual",
        State::Higher => "higher than usual",
        State::Lower => "lower than usual",
        State::CantSay => "can\u{2019}t say yet",
        State::Look => "someone should look",
    }
}

/// Its name in templates.
pub(crate) fn state_id(state: State) -> &'static str {
    match state {
        State::Usual => "usual",
        State::Higher => "higher",
        State::Lower => "lower",
        State::CantSay => "cant-say",
        State::Look => "look",
    }
}

/// Where a block's evidence comes from.
pub(crate) fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Measured => "measured from the logs",
        Basis::Reported => "reported by people",
        Basis::Both => "part measured, part reported",
    }
}

/// For whom a document is.
pub(crate) fn audience(audience: Audience) -> &'static str {
    match audience {
        Audience::Governors => "For governors",
        Audience::Safeguarding => "For the safeguarding lead and the head only",
        Audience::Public => "Public summary",
    }
}

/// What is hidden in it, and who may read it.
pub(crate) fn audience_says(audience: Audience) -> &'static str {
    match audience {
        Audience::Governors => {
            "No pupil can be known from it: numbers of 0 to 4 people are hidden, and so is what would give them away. It is written as if it were published."
        }
        Audience::Safeguarding => "Nothing is hidden in it. Do not pass it on: small numbers can tell who a pupil is.",
        Audience::Public => "The whole school only: numbers of 0 to 9 people are hidden, and so is what would give them away.",
    }
}

/// What a document says on every page.
pub(crate) fn warning(audience: Audience) -> &'static str {
    match audience {
        Audience::Safeguarding => {
            "Holds small numbers, which can tell who a pupil is. For the safeguarding lead and the head only: do not pass it on."
        }
        Audience::Governors | Audience::Public => "",
    }
}

/// What the appendices are.
pub(crate) fn appendices(audience: Audience) -> &'static str {
    match audience {
        Audience::Governors | Audience::Public => "Appendices: the register\u{2019}s logs",
        Audience::Safeguarding => "Appendices",
    }
}

/// What the marks in tables mean.
pub(crate) fn marks(audience: Audience) -> Vec<(&'static str, &'static str)> {
    let mut marks = match audience {
        Audience::Governors => {
            vec![("[c]", "hidden: fewer than 5 people, perhaps none, or a number that would give such a one away")]
        }
        Audience::Public => {
            vec![("[c]", "hidden: fewer than 10 people, perhaps none, or a number that would give such a one away")]
        }
        Audience::Safeguarding => vec![],
    };
    marks.extend([("[x]", "not available"), ("[z]", "does not apply")]);
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_with_their_decimals() {
        for (value, decimals, expected) in [
            (1_234_567.0, 0, "1,234,567"),
            (999.95, 1, "1,000.0"),
            (0.04, 1, "0.0"),
            (-0.04, 1, "0.0"),
            (-12.34, 1, "\u{2212}12.3"),
            (12.0, 0, "12"),
        ] {
            assert_eq!(number(value, decimals), expected);
        }
    }

    #[test]
    fn a_number_for_a_sheet_has_the_digits_that_are_shown() {
        assert_eq!(rounded(Number::new(2.3315).unwrap(), 1), 2.3);
        assert_eq!(rounded(Number::new(1_234.75).unwrap(), 0), 1_235.0);
    }

    #[test]
    fn times_are_said_in_universal_time() {
        assert_eq!(moment("2026-07-04T09:05:59Z".parse().unwrap()), "4 July 2026, 09:05 UTC");
    }
}
