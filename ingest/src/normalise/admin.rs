//! Replaces people's names in the words of an admin event by their keys, before the words are stored.

/// Words after which a name stands.
const BEFORE_NAMES: [&str; 14] = [
    "user",
    "username",
    "users",
    "login",
    "account",
    "admin",
    "administrator",
    "actor",
    "member",
    "uid",
    "usr",
    "suser",
    "duser",
    "owner",
];

/// The text with names replaced. `known` are names of this line (the actor's, the user's), compared without case; `key_of` gives
/// the key of a name, or nothing where the text names nobody.
///
/// A word is taken for a name when it is a known one, has the form of an e-mail address or `DOMAIN\name`, or follows a word such as
/// `user` with `=`, `:` or a quote between (or only a blank, where the word looks like a log-in: a digit, dot, hyphen or
/// underscore inside letters).
///
/// Known names of several words are replaced as a whole first.
pub(crate) fn with_keys(text: &str, known: &[String], key_of: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let mut text = text.to_owned();
    for name in known.iter().filter(|name| name.trim().contains(is_separator)) {
        if let Some(key) = key_of(name) {
            text = without_phrase(&text, name.trim(), &key);
        }
    }
    words_with_keys(&text, known, key_of)
}

/// The text with every occurrence of a phrase replaced, whatever its case.
fn without_phrase(text: &str, phrase: &str, key: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match after_phrase(rest, phrase).filter(|_| !out.ends_with(char::is_alphanumeric)) {
            Some(after) => {
                out.push_str(key);
                rest = after;
            }
            None => {
                out.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    out
}

/// What follows the phrase where the text begins with it as whole words.
fn after_phrase<'a>(text: &'a str, phrase: &str) -> Option<&'a str> {
    let mut found = text.chars();
    for wanted in phrase.chars() {
        let character = found.next()?;
        if character != wanted && !character.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
    }
    let after = found.as_str();
    (!after.starts_with(char::is_alphanumeric)).then_some(after)
}

fn words_with_keys(text: &str, known: &[String], key_of: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = String::new();
    let mut separator = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(is_separator).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if !word.is_empty() {
            let is_name = known.iter().any(|name| name.eq_ignore_ascii_case(word) || name.to_lowercase() == word.to_lowercase())
                || looks_qualified(word)
                || (BEFORE_NAMES.contains(&before.as_str())
                    && (separator.contains(['=', ':', '"', '\'']) || (separator == " " && looks_like_login(word))));
            match is_name.then(|| key_of(word)).flatten() {
                Some(key) => out.push_str(&key),
                None => out.push_str(word),
            }
            before = word.to_lowercase();
            separator.clear();
        }
        let gap = after.find(|c| !is_separator(c)).unwrap_or(after.len());
        let (gap, next) = after.split_at(gap);
        out.push_str(gap);
        separator.push_str(gap);
        rest = next;
    }
    out
}

fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, ',' | ';' | ':' | '=' | '"' | '\'' | '(' | ')' | '[' | ']' | '<' | '>' | '{' | '}')
}

fn looks_qualified(word: &str) -> bool {
    let has_both = |at: Option<(&str, &str)>| at.is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
    let is_mail = has_both(word.split_once('@')) && !word.contains('/');
    let is_domain = word.matches('\\').count() == 1 && has_both(word.split_once('\\')) && !word.contains('/');
    is_mail || is_domain
}

fn looks_like_login(word: &str) -> bool {
    word.contains(char::is_alphabetic) && word.contains(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_keys_and_other_words_stay() {
        let known = [String::from("kwren"), String::from("Kit Wren")];
        for (text, want) in [
            ("Policy Pupils edited by KWren", "Policy Pupils edited by <KWren>"),
            ("Policy edited by kit wren, kit wrens, okit wren", "Policy edited by <Kit Wren>, kit wrens, okit wren"),
            ("unblocked maps.example for user=y9-fern (60 min)", "unblocked maps.example for user=<y9-fern> (60 min)"),
            ("user \"Fern Ash\" added", "user \"<Fern> Ash\" added"),
            ("mail to fern@oakfield.example", "mail to <fern@oakfield.example>"),
            ("OAK\\fern was allowed", "<OAK\\fern> was allowed"),
            ("user y9-fern may pass", "user <y9-fern> may pass"),
            ("user group Year 9 changed", "user group Year 9 changed"),
            ("C:\\filter\\lists\\a.txt loaded", "C:\\filter\\lists\\a.txt loaded"),
            ("https://maps.example/@51.5", "https://maps.example/@51.5"),
            ("list updated: 12,345 entries", "list updated: 12,345 entries"),
            ("", ""),
        ] {
            assert_eq!(with_keys(text, &known, &mut |name| Some(format!("<{name}>"))), want);
        }
    }
}
