//! Writes a search term as it is stored.

use unicode_normalization::UnicodeNormalization;

/// Characters kept of a term: longer ones are pasted essays or attacks, and nobody reads on.
const MOST_CHARS: usize = 256;

/// Times a term is percent-decoded: once for the URL, once for a page that encoded twice. More would read what nobody typed.
const MOST_DECODINGS: usize = 2;

/// Writes a term as it is stored: decoded, NFKC, lower case, one blank between words, at most 256 characters. A term with blanks
/// was decoded by the log's writer, so `+` and `%` in it mean themselves.
pub fn normalise_term(raw: &[u8], into: &mut String) {
    into.clear();
    if is_written_so(raw) {
        return into.push_str(str::from_utf8(raw).unwrap_or_default());
    }
    let decoded;
    let bytes = if raw.contains(&b' ') {
        raw
    } else {
        decoded = decode(raw);
        &decoded
    };
    if bytes.is_ascii() {
        // ASCII is its own NFKC form, and most terms are ASCII.
        write_tidy(bytes.iter().map(|byte| char::from(byte.to_ascii_lowercase())), into);
    } else {
        // A pasted essay is not worked through: this many characters fill the cap even where several compose into one.
        let text = String::from_utf8_lossy(bytes);
        write_tidy(text.chars().take(MOST_CHARS * 8).nfkc().flat_map(char::to_lowercase), into);
    }
}

/// Whether a term is written already as it is stored: most that people type are.
fn is_written_so(raw: &[u8]) -> bool {
    let mut after_blank = true;
    for byte in raw {
        match byte {
            b' ' if !after_blank => after_blank = true,
            // A plus and a percent sign may have been written for something else.
            b'!'..=b'~' if !byte.is_ascii_uppercase() && !matches!(byte, b'+' | b'%') => after_blank = false,
            _ => return false,
        }
    }
    !after_blank && raw.len() <= MOST_CHARS
}

/// Writes words with one blank between them, up to the cap.
fn write_tidy(characters: impl Iterator<Item = char>, into: &mut String) {
    let mut chars = 0;
    let mut blank = false;
    for character in characters {
        if character.is_whitespace() || character.is_control() {
            blank = !into.is_empty();
            continue;
        }
        let needed = 1 + usize::from(blank);
        if chars + needed > MOST_CHARS {
            break;
        }
        if std::mem::take(&mut blank) {
            into.push(' ');
        }
        into.push(character);
        chars += needed;
    }
}

fn decode(raw: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = raw.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    for _ in 0..MOST_DECODINGS {
        if memchr::memchr(b'%', &bytes).is_none() {
            break;
        }
        let Some(next) = percent_decode(&bytes) else { break };
        bytes = next;
    }
    bytes
}

/// Decodes once; None where nothing is encoded.
fn percent_decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, _, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    (out.len() < bytes.len()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terms_are_normalised() {
        let long = "a".repeat(300);
        for (raw, want) in [
            ("Blue+Whales", "blue whales"),
            ("%43af%C3%A9", "café"),
            ("tea time", "tea time"),
            ("tea  time", "tea time"),
            (" tea time ", "tea time"),
            ("tea", "tea"),
            ("T'ea!", "t'ea!"),
            ("", ""),
            ("tea%2520time", "tea time"),
            ("tea%252520time", "tea%20time"),
            ("100%25+of+it", "100% of it"),
            ("100% of it", "100% of it"),
            ("c++ course", "c++ course"),
            ("50%", "50%"),
            ("a%zzb", "a%zzb"),
            ("%EF%BC%A7%EF%BC%A3%EF%BC%B3%EF%BC%A5", "gcse"),
            ("%0d%0a++tabs%09here++", "tabs here"),
            ("caf%e9", "caf\u{fffd}"),
            ("ﬁsh", "fish"),
            ("+++", ""),
            (&long, &"a".repeat(256)),
            (&"a".repeat(256), &"a".repeat(256)),
            (&"a".repeat(257), &"a".repeat(256)),
        ] {
            let mut term = String::from("old");
            normalise_term(raw.as_bytes(), &mut term);
            assert_eq!(term, want, "{raw}");
        }
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn any_bytes_make_a_tidy_term(raw in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut term = String::new();
            normalise_term(&raw, &mut term);
            prop_assert!(term.chars().count() <= MOST_CHARS);
            prop_assert_eq!(term.trim(), term.as_str());
            prop_assert!(!term.contains("  "));
        }
    }
}
