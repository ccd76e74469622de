//! Contrast of every pair of tokens that can meet, in light, dark and print, as WCAG 2 measures it.

use std::collections::BTreeMap;

use crate::assets::STYLE;

/// Text on ground, and on print and screen alike: 7 to 1.
const TEXT: [(&str, &str); 17] = [
    ("ink", "paper"),
    ("ink", "wash"),
    ("ink", "band"),
    ("quiet", "paper"),
    ("quiet", "wash"),
    ("accent", "paper"),
    ("accent", "wash"),
    ("paper", "accent"),
    ("paper", "ink"),
    ("usual", "paper"),
    ("usual", "wash"),
    ("higher", "paper"),
    ("higher", "wash"),
    ("urgent", "paper"),
    ("urgent", "wash"),
    ("on-focus", "focus"),
    ("ink", "l0"),
];

/// What must be seen to understand a drawing or find a control: 3 to 1.
const GRAPHICS: [(&str, &str); 9] = [
    ("line", "paper"),
    ("accent", "band"),
    ("quiet", "band"),
    ("accent", "paper"),
    ("l4", "paper"),
    ("l4", "l1"),
    ("l3", "l0"),
    ("usual", "paper"),
    ("focus", "on-focus"),
];

fn tokens(block: &str) -> BTreeMap<String, [u8; 3]> {
    block
        .split(';')
        .filter_map(|rule| {
            let (name, value) = rule.trim().trim_start_matches('{').trim().strip_prefix("--")?.split_once(':')?;
            let hex = value.trim().strip_prefix('#')?;
            assert_eq!(hex.len(), 6, "--{name}: six digits");
            let part = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            Some((name.to_string(), [part(0), part(2), part(4)]))
        })
        .collect()
}

fn root_after(mark: &str) -> BTreeMap<String, [u8; 3]> {
    let from = STYLE.find(mark).unwrap_or_else(|| panic!("{mark} is in the style sheet"));
    let root = from + STYLE[from..].find(":root").unwrap() + 5;
    let end = root + STYLE[root..].find('}').unwrap();
    tokens(&STYLE[root..end])
}

fn luminance(colour: [u8; 3]) -> f64 {
    let channel = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(colour[0]) + 0.7152 * channel(colour[1]) + 0.0722 * channel(colour[2])
}

fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn the_measure_agrees_with_known_pairs() {
    assert!((contrast([0, 0, 0], [255, 255, 255]) - 21.0).abs() < 0.001);
    // #767676 on white is the textbook's lightest grey that passes 4.5.
    assert!((contrast([0x76, 0x76, 0x76], [255, 255, 255]) - 4.54).abs() < 0.01);
}

#[test]
fn every_pair_can_be_read() {
    let light = root_after(":root");
    let dark = root_after("prefers-color-scheme: dark");
    let mut print = light.clone();
    print.extend(root_after("@media print"));
    assert!(light.len() >= 18 && dark.len() == light.len(), "{} light, {} dark", light.len(), dark.len());
    let mut poor = Vec::new();
    for (scheme, tokens) in [("light", &light), ("dark", &dark), ("print", &print)] {
        for (pairs, least) in [(&TEXT[..], 7.0), (&GRAPHICS[..], 3.0)] {
            for (on, ground) in pairs {
                let measured = contrast(tokens[*on], tokens[*ground]);
                if measured < least {
                    poor.push(format!("{scheme}: {on} on {ground} is {measured:.2}, wanted {least}"));
                }
            }
        }
    }
    assert!(poor.is_empty(), "{}", poor.join("\n"));
}

#[test]
fn the_steps_of_the_year_are_told_apart_in_grey() {
    for (scheme, tokens) in [("light", root_after(":root")), ("dark", root_after("prefers-color-scheme: dark"))] {
        for pair in ["l0", "l1", "l2", "l3", "l4"].windows(2) {
            let measured = contrast(tokens[pair[0]], tokens[pair[1]]);
            assert!(measured >= 1.3, "{scheme}: {} and {} differ by {measured:.2} only", pair[0], pair[1]);
        }
    }
}

#[test]
fn colours_stand_in_tokens_only() {
    let after = STYLE.find("*, *::before").unwrap();
    let print = STYLE.find("@media print").unwrap();
    for (at, _) in STYLE[after..print].match_indices('#') {
        let text = &STYLE[after + at..after + at + 7];
        assert!(text.starts_with("#hatch"), "a colour outside the tokens: {text}");
    }
}

#[test]
fn nothing_moves() {
    for word in ["animation", "transition", "scroll-behavior", "@keyframes"] {
        assert!(!STYLE.contains(word), "{word}");
    }
}
