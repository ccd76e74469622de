//! The fonts that come with Weir, and what they have no glyph for.

use std::sync::LazyLock;

use serde_json::Value;
use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

/// The families a document uses; the rest of what typst ships is for formulae.
const FAMILIES: [&str; 2] = ["Libertinus Serif", "DejaVu Sans Mono"];

static GLYPHS: LazyLock<Glyphs> = LazyLock::new(Glyphs::load);

/// Fonts, read once.
pub(crate) struct Glyphs {
    pub(crate) book: LazyHash<FontBook>,
    pub(crate) fonts: Vec<Font>,
}

impl Glyphs {
    pub(crate) fn get() -> &'static Glyphs {
        &GLYPHS
    }

    fn load() -> Glyphs {
        let fonts: Vec<Font> = typst_assets::fonts()
            .flat_map(|data| Font::iter(Bytes::new(data)))
            .filter(|font| FAMILIES.contains(&font.info().family.as_str()))
            .collect();
        Glyphs { book: LazyHash::new(FontBook::from_fonts(&fonts)), fonts }
    }

    /// Whether a document can show a character.
    fn has(&self, c: char) -> bool {
        c == '\n' || (!is_private(c) && self.fonts.iter().any(|font| font.info().coverage.contains(u32::from(c))))
    }

    /// Writes characters without a glyph by their number, as `[U+1F600]`, in all texts; says whether there were any. A PDF for archives may
    /// hold no character that it can't show, and a name in another script must not be the reason that a review has no document.
    pub(crate) fn number_missing(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => self.number_missing_in(text),
            Value::Array(values) => self.number_missing_of(values.iter_mut()),
            Value::Object(values) => self.number_missing_of(values.values_mut()),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    /// Each of them, whatever those before had.
    fn number_missing_of<'a>(&self, values: impl Iterator<Item = &'a mut Value>) -> bool {
        values.filter_map(|value| self.number_missing(value).then_some(())).count() > 0
    }

    fn number_missing_in(&self, text: &mut String) -> bool {
        if text.is_ascii() {
            return false;
        }
        let mut shown = String::with_capacity(text.len());
        let mut any = false;
        for c in text.chars() {
            if is_invisible(c) {
                continue;
            } else if self.has(c) {
                shown.push(c);
            } else {
                shown.push_str(&format!("[U+{:04X}]", u32::from(c)));
                any = true;
            }
        }
        *text = shown;
        any
    }
}

/// Characters that mean what their font says: an archive can't keep them.
fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}')
}

/// Characters that only join or vary others; with those written as numbers they have nothing to do.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_font_has_is_written_by_its_number() {
        for (text, expected) in [
            ("plain", "plain"),
            ("Gŵyl Tŷ’r Ddraig, Château, Łódź, Ελένη, Иван", "Gŵyl Tŷ’r Ddraig, Château, Łódź, Ελένη, Иван"),
            ("a 漢 b", "a [U+6F22] b"),
            ("\u{1f469}\u{200d}\u{1f4bb}", "[U+1F469][U+1F4BB]"),
            ("\u{e123}", "[U+E123]"),
        ] {
            let mut value = serde_json::json!({ "a": [text] });
            assert_eq!(Glyphs::get().number_missing(&mut value), text != expected);
            assert_eq!(value["a"][0], expected);
        }
    }

    #[test]
    fn both_families_are_there_with_their_weights() {
        for family in FAMILIES {
            assert!(Glyphs::get().fonts.iter().filter(|font| font.info().family == family).count() >= 4, "{family}");
        }
    }
}
