//! Classes of short fields: which bytes belong to one, where a run of them ends, and what makes a whole one.

use super::find_either;
use super::marks::Sixteen;

/// A class that a format names in a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Word,
    Int,
    Number,
    Date,
    Clock,
    Caps,
    Address,
    Url,
    Agent,
}

impl Class {
    /// Where the run of this class that starts at `at` ends: before a blank, `stop` or a byte of another class.
    #[inline]
    pub(super) fn end(self, record: &[u8], at: usize, stop: u8) -> usize {
        let kinds = self.kinds();
        if kinds == 0 {
            return find_either(record, at, b' ', stop);
        }
        let mut end = at;
        while let Some(&byte) = record.get(end)
            && KINDS[byte as usize] & kinds != 0
            && byte != stop
        {
            end += 1;
        }
        end
    }

    /// The bytes of the class; 0 for any but a blank.
    #[inline]
    pub(super) fn kinds(self) -> u8 {
        match self {
            Class::Word | Class::Url | Class::Agent => 0,
            Class::Int => INT,
            Class::Number => NUMBER,
            Class::Date => DATE,
            Class::Clock => CLOCK,
            Class::Caps => CAPS,
            Class::Address => ADDRESS,
        }
    }

    /// Whether all of `record` from `start` to `end` is of the class, and whether it is a whole one; as [`Class::kinds`] and
    /// [`Class::is_whole`] say, of sixteen bytes at once where it is short and of a class that nearly every record has.
    #[inline(always)]
    pub(super) fn look(self, record: &[u8], start: usize, end: usize) -> (bool, bool) {
        let text = record.get(start..end).unwrap_or(&[]);
        if self == Class::Word {
            return (true, true);
        }
        if let Some(first) = Sixteen::at(record, start).filter(|_| (1..=16).contains(&text.len())) {
            let field = u32::MAX >> (32 - text.len());
            let last = 1 << (text.len() - 1);
            let digits = first.between(b'0', b'9');
            match self {
                Class::Int => return ((digits | first.equal(b'-')) & field == field, digits & last != 0),
                Class::Number => {
                    let dots = first.equal(b'.') & field;
                    let is_whole = digits & last != 0 && dots & dots.wrapping_sub(1) == 0;
                    return ((digits | dots | first.equal(b'-')) & field == field, is_whole);
                }
                Class::Caps => {
                    let letters = first.between(b'A', b'Z');
                    let others = digits | first.equal(b'_') | first.equal(b'-');
                    return ((letters | others) & field == field, letters & field != 0);
                }
                _ => {}
            }
        }
        let kinds = self.kinds();
        (text.iter().fold(kinds, |kinds, byte| kinds & KINDS[*byte as usize]) == kinds, self.is_whole(text))
    }

    pub(super) fn is_whole(self, text: &[u8]) -> bool {
        match self {
            Class::Word => true,
            // A lone sign or dot is no number; that the rest are digits is known.
            Class::Int => text.last().is_some_and(u8::is_ascii_digit),
            Class::Number => {
                text.last().is_some_and(u8::is_ascii_digit)
                    && text.iter().fold(0, |dots, byte| dots + u32::from(*byte == b'.')) < 2
            }
            Class::Date => text.len() <= 10 && text.iter().filter(|b| !b.is_ascii_digit()).count() == 2,
            Class::Clock => text.iter().filter(|b| **b == b':').count() == 2,
            Class::Caps => text.iter().any(u8::is_ascii_uppercase),
            Class::Address => text.iter().any(|b| *b == b'.' || *b == b':'),
            Class::Url => memchr::memmem::find(text, b"://").is_some(),
            Class::Agent => text.contains(&b'/'),
        }
    }
}

const INT: u8 = 1;
const NUMBER: u8 = 2;
const CAPS: u8 = 4;
const ADDRESS: u8 = 8;
const DATE: u8 = 16;
const CLOCK: u8 = 32;

/// The classes each byte belongs to.
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut n = 0;
    while n < 256 {
        let byte = n as u8;
        if byte.is_ascii_digit() || byte == b'-' {
            kinds[n] |= INT | NUMBER;
        }
        if byte == b'.' {
            kinds[n] |= NUMBER;
        }
        if byte.is_ascii_digit() || byte == b'-' || byte == b'.' || byte == b'/' {
            kinds[n] |= DATE;
        }
        if byte.is_ascii_digit() || byte == b':' || byte == b'.' || byte == b',' {
            kinds[n] |= CLOCK;
        }
        if byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-' {
            kinds[n] |= CAPS;
        }
        if byte.is_ascii_hexdigit() || byte == b'.' || byte == b':' || byte == b'%' {
            kinds[n] |= ADDRESS;
        }
        n += 1;
    }
    kinds
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_at_once_are_looked_at_as_each_by_itself() {
        const CLASSES: [Class; 6] = [Class::Int, Class::Number, Class::Caps, Class::Date, Class::Clock, Class::Address];
        let bytes = b"0129-._:/AZaz% \xc3";
        let mut seed = 1_u32;
        for round in 0..20_000 {
            let mut text: Vec<u8> = (0..round % 19)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    // Digits mostly, so that whole ones are met too.
                    *bytes.get((seed >> 24) as usize % 40).unwrap_or(&b'7')
                })
                .collect();
            let end = text.len();
            if round % 2 == 0 {
                text.extend_from_slice(b" then 12 others.-_");
            }
            for class in CLASSES {
                let field = &text[..end];
                let of_class = field.iter().all(|byte| KINDS[*byte as usize] & class.kinds() != 0);
                assert_eq!(class.look(&text, 0, end), (of_class, class.is_whole(field)), "{class:?} of {field:?}");
            }
        }
    }
}
