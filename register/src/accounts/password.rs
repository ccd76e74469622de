//! Passwords: long rather than odd, none that many people have, and kept as Argon2id.

use std::sync::LazyLock;

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use unicode_normalization::UnicodeNormalization as _;

use crate::RegisterError;
use crate::error::random;

/// Fewest characters.
pub const SHORTEST: usize = 12;

/// Most characters: room for a long sentence, and an end to what has to be hashed.
pub const LONGEST: usize = 128;

/// Characters that must be left once common words, names, years and runs are taken out.
const OWN: usize = 5;

/// OWASP's advice of 2025 for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// What people all over the world choose; written for Weir, in lower case, longest first when used.
static COMMON: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let mut words: Vec<&str> = include_str!("common_passwords.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
});

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weak {
    /// Under twelve characters.
    Short,
    /// Over 128.
    Long,
    /// Common words, names, years and runs, and little else.
    Common,
}

impl Weak {
    /// What to do about it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Short => "Use at least 12 characters. Three or four unrelated words are easy to remember",
            Self::Long => "Use at most 128 characters",
            Self::Common => {
                "Choose a less common password: well-known words, your name, the school’s name, numbers at the end and runs such as 1234 don’t count, and too little is left without them"
            }
        }
    }
}

/// Whether a password may be chosen by somebody with these names: of the person, their address, their schools.
pub fn check(password: &str, names: &[&str]) -> Result<(), Weak> {
    let password = normalised(password);
    match password.chars().count() {
        0..SHORTEST => return Err(Weak::Short),
        SHORTEST..=LONGEST => {}
        _ => return Err(Weak::Long),
    }
    let mut own: Vec<String> = names
        .iter()
        .flat_map(|name| name.split(|c: char| !c.is_alphanumeric()))
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() >= 3)
        .collect();
    own.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let lower: String = password.to_lowercase();
    // As typed; with the usual digits read as letters, `P@ssw0rd` being `password`; and so without the digits at its end.
    let read: String = lower.chars().map(letter).collect();
    let stem: String = lower.trim_end_matches(|c: char| !c.is_alphabetic()).chars().map(letter).collect();
    if [lower, read, stem].iter().any(|form| left(form, &own) < OWN) { Err(Weak::Common) } else { Ok(()) }
}

/// How many characters are left, other than repeated ones, when everything common is taken out.
fn left(password: &str, own: &[String]) -> usize {
    let mut rest = password.to_owned();
    for word in own.iter().map(String::as_str).chain(COMMON.iter().copied()) {
        if rest.contains(word) {
            // A mark in its place, so that what stood on both sides does not become a word.
            rest = rest.replace(word, "\0");
        }
    }
    let characters: Vec<char> = rest.chars().collect();
    let mut kept = Vec::new();
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| characters.get(before)).copied();
        // A repeat or the next of a run (1234, abcd, 4321) adds nothing.
        let runs = before.is_some_and(|before| (u32::from(before)).abs_diff(u32::from(*character)) <= 1);
        if *character != '\0' && !runs && !kept.contains(character) {
            kept.push(*character);
        }
    }
    kept.len()
}

fn letter(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        _ => c,
    }
}

/// The same letters typed on another keyboard are the same password.
fn normalised(password: &str) -> String {
    password.nfkc().collect()
}

/// Hashes a password. Takes about as long as a blink, and 19 MiB.
pub(crate) fn hash(password: &str) -> Result<String, RegisterError> {
    let salt = random::<16>()?;
    let hash = argon2()?
        .hash_password_with_salt(normalised(password).as_bytes(), &salt)
        .map_err(|_| RegisterError::Damaged("a password that can't be hashed"))?;
    Ok(hash.to_string())
}

/// Whether the password is the one that was hashed. Where there is none to compare with, it takes as long and says no.
pub(crate) fn is_right(password: &str, hash: Option<&str>) -> bool {
    /// Of a password nobody knows, made with the same parameters.
    static NOBODYS: LazyLock<Option<String>> =
        LazyLock::new(|| random::<32>().ok().and_then(|bytes| self::hash(&blake3::hash(&bytes).to_hex()).ok()));
    let password: String = normalised(password).chars().take(LONGEST + 1).collect();
    let Ok(argon2) = argon2() else { return false };
    match (hash, NOBODYS.as_deref()) {
        (Some(hash), _) => argon2.verify_password(password.as_bytes(), hash).is_ok(),
        (None, Some(nobodys)) => {
            let _same_work = argon2.verify_password(password.as_bytes(), nobodys).is_ok();
            false
        }
        (None, None) => false,
    }
}

fn argon2() -> Result<Argon2<'static>, RegisterError> {
    let params =
        Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|_| RegisterError::Damaged("parameters that Argon2 refuses"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_not_oddity_makes_a_password() {
        let names = ["Anna Beispiel", "anna.b@oakfield.example", "Oakfield Juniors"];
        for (password, wanted) in [
            ("correct-horse-battery", Ok(())),
            ("violet kettle marmot", Ok(())),
            ("mae'r gath yn cysgu", Ok(())),
            ("ŵyl y gerddi bychain", Ok(())),
            ("short-marmot", Ok(())),
            ("shortmarmot", Err(Weak::Short)),
            ("", Err(Weak::Short)),
            ("Password2026!", Err(Weak::Common)),
            ("P@ssw0rd12345", Err(Weak::Common)),
            ("qwertyuiop123", Err(Weak::Common)),
            ("1qaz2wsx3edc", Err(Weak::Common)),
            ("aaaaaaaaaaaaaaaa", Err(Weak::Common)),
            ("123456789012", Err(Weak::Common)),
            ("abcdefghijkl", Err(Weak::Common)),
            ("ababababababab", Err(Weak::Common)),
            ("Welcome2Weir!!", Err(Weak::Common)),
            ("weir-weir-weir", Err(Weak::Common)),
            ("Oakfield2026!", Err(Weak::Common)),
            ("anna-beispiel-1", Err(Weak::Common)),
            ("letmeinletmein", Err(Weak::Common)),
            ("footballdragon7", Err(Weak::Common)),
        ] {
            assert_eq!(check(password, &names), wanted, "{password}");
        }
        assert_eq!(check(&"marmot kettle ".repeat(10), &names), Err(Weak::Long));
        // Twelve letters of any script are twelve characters, however many bytes.
        assert_eq!(check("жёлтый чайник", &names), Ok(()));
    }

    #[test]
    fn the_list_is_some_hundreds_each_once_in_lower_case() {
        let mut words = COMMON.clone();
        let count = words.len();
        assert!(count >= 300, "{count}");
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count, "a word stands twice");
        assert!(words.iter().all(|word| word.len() >= 4 && *word == word.to_lowercase()));
    }

    #[test]
    fn a_hash_is_argon2id_with_its_own_salt() {
        let (first, second) = (hash("violet kettle marmot").unwrap(), hash("violet kettle marmot").unwrap());
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, second);
        assert!(is_right("violet kettle marmot", Some(&first)));
        assert!(!is_right("violet kettle marmo", Some(&first)));
        assert!(!is_right("violet kettle marmot", None));
        assert!(!is_right("violet kettle marmot", Some("not a hash")));
        // One letter as one or as two code points.
        assert!(is_right("cafe\u{301} kettle marmot", Some(&hash("caf\u{e9} kettle marmot").unwrap())));
    }
}
