//! Texts from logs as people may safely read and copy them: nothing that turns the line round, hides, or becomes a link somewhere else.

/// Longest text of a log that a page shows whole, in characters.
const LONGEST: usize = 300;

/// What stands for something that is listed as illegal, wherever it would be named.
pub(crate) const DO_NOT_OPEN: &str = "Do not open. Tell the DSL; report to police or IWF.";

/// Signs that turn the order of a line round, or that nobody sees.
const fn is_hidden(sign: char) -> bool {
    matches!(
        sign,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
    )
}

/// A text with what is hidden in it named.
pub(crate) fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        if sign.is_control() || is_hidden(sign) {
            out.push_str(&format!("[U+{:04X}]", u32::from(sign)));
        } else {
            out.push(sign);
        }
    }
    out
}

/// A text of a log as a page shows it: the same, and one without an end is cut.
pub(crate) fn seen(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}\u{2026} (cut)", marked(text.get(..end).unwrap_or_default())),
        None => marked(text),
    }
}

/// A text for a place where other programs make links of what looks like one: `example[.]com`, `https[:]//`.
pub(crate) fn unlinked(text: &str) -> String {
    let signs: Vec<char> = marked(text).chars().collect();
    let mut out = String::with_capacity(signs.len());
    for (place, sign) in signs.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| signs.get(place)).is_some_and(|sign| sign.is_alphanumeric());
        let after = signs.get(place + 1).is_some_and(|sign| !sign.is_whitespace());
        match sign {
            // A time of day or a number is no link.
            '.' | ':' if before && after && !is_number(&signs, place) => {
                out.push('[');
                out.push(*sign);
                out.push(']');
            }
            '@' if after => out.push_str("[@]"),
            _ => out.push(*sign),
        }
    }
    out
}

/// Whether digits stand on both sides, as in `14:05`, and no third part follows that would make an address of it.
fn is_number(signs: &[char], place: usize) -> bool {
    let digits = |range: &mut dyn Iterator<Item = &char>| range.take_while(|sign| sign.is_ascii_digit()).count();
    let before = signs.get(..place).unwrap_or_default();
    let after = signs.get(place + 1..).unwrap_or_default();
    let (left, right) = (digits(&mut before.iter().rev()), digits(&mut after.iter()));
    let is_edge = |sign: Option<&char>| sign.is_none_or(|sign| sign.is_whitespace() || ",;)".contains(*sign) || *sign == ':');
    left > 0
        && right > 0
        && is_edge(after.get(right))
        && is_edge(before.len().checked_sub(left + 1).and_then(|place| before.get(place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_link_is_none() {
        for (text, wanted) in [
            ("example.com", "example[.]com"),
            ("www.mathsburrow.example/a?b=c.d", "www[.]mathsburrow[.]example/a?b=c[.]d"),
            ("https://example.com:8080/x", "https[:]//example[.]com[:]8080/x"),
            ("javascript:alert(1)", "javascript[:]alert(1)"),
            ("mailto:a@b.example", "mailto[:]a[@]b[.]example"),
            ("192.0.2.7", "192[.]0[.]2[.]7"),
            ("what is example.com about", "what is example[.]com about"),
            ("at 14:05:07, 3.5 times.", "at 14:05:07, 3.5 times."),
            ("how do I get help", "how do I get help"),
        ] {
            assert_eq!(unlinked(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_hidden_is_named_and_what_has_no_end_is_cut() {
        assert_eq!(seen("a\u{202e}gpj.exe"), "a[U+202E]gpj.exe");
        assert_eq!(seen("a\u{200b}b\r\nc\u{7}"), "a[U+200B]b[U+000D][U+000A]c[U+0007]");
        assert_eq!(seen(&"x".repeat(300)), "x".repeat(300));
        assert_eq!(seen(&"x".repeat(301)), format!("{}\u{2026} (cut)", "x".repeat(300)));
        assert_eq!(seen("caf\u{e9} \u{1f469}\u{200d}"), "caf\u{e9} \u{1f469}[U+200D]");
    }
}
