//! The second step: six digits from an app, each taken once, and recovery codes for when the app is gone.

use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use crate::RegisterError;
use crate::error::random;

/// Recovery codes a person is given.
pub(crate) const CODES: usize = 10;

/// Without what is easily misread: 0 and o, 1, i and l, u and v.
const ALPHABET: &[u8; 32] = b"23456789abcdefghjkmnpqrstvwxyz+=";

/// Letters of a recovery code; 30 of them can be used, so 16 are worth 78 bits.
const LETTERS: usize = 16;

/// A new secret of 160 bits, the length RFC 4226 advises.
pub(crate) fn new_secret() -> Result<Zeroizing<Vec<u8>>, RegisterError> {
    Ok(Zeroizing::new(random::<20>()?.to_vec()))
}

fn totp(secret: &[u8], email: &str) -> Result<Totp, RegisterError> {
    // SHA-1, six digits, thirty seconds, one step of slack either way: what every app does, whatever else the link says.
    Builder::new()
        .with_secret(secret.to_vec())
        .with_skew(1)
        .with_account_name(email.replace(':', " "))
        .with_issuer(Some("Weir"))
        .build()
        .map_err(|_| RegisterError::Damaged("a second step's secret of another length"))
}

/// The step the code is for, if it is right now and later than the one used last: a code works once.
pub(crate) fn step_of(secret: &[u8], code: &str, now_seconds: u64, used: u64) -> Result<Option<u64>, RegisterError> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    Ok(totp(secret, "account")?.check(&code, now_seconds).filter(|step| *step > used))
}

/// What an app needs to make codes: typed by hand, or as the link a QR picture holds.
pub(crate) fn for_app(secret: &[u8], email: &str) -> Result<(String, String), RegisterError> {
    let totp = totp(secret, email)?;
    let letters = totp.secret().to_base32();
    let groups: Vec<String> = letters.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    let link = totp.to_url().map_err(|_| RegisterError::Damaged("an address that no app takes"))?;
    Ok((groups.join(" "), link))
}

/// New recovery codes, as the person keeps them.
pub(crate) fn new_codes() -> Result<Vec<String>, RegisterError> {
    (0..CODES).map(|_| new_code()).collect()
}

/// One of them.
pub(crate) fn new_code() -> Result<String, RegisterError> {
    let mut code = String::new();
    let mut count = 0;
    while count < LETTERS {
        for byte in random::<32>()? {
            // The last two of the 32 are left out, so that every letter is as likely.
            let letter = char::from(*ALPHABET.get(usize::from(byte & 31)).unwrap_or(&b'+'));
            if letter.is_ascii_alphanumeric() && count < LETTERS {
                if count > 0 && count.is_multiple_of(4) {
                    code.push('-');
                }
                code.push(letter);
                count += 1;
            }
        }
    }
    Ok(code)
}

/// What is kept of a recovery code; however it was typed.
pub(crate) fn code_hash(code: &str) -> [u8; 32] {
    let letters: String = code.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    blake3::derive_key("weir 2026-11-22 recovery code", letters.as_bytes())
}

/// A QR picture as one SVG path of unit squares, and how many squares a side has, with the quiet border of four.
pub fn qr(text: &str) -> Option<(String, i32)> {
    const BORDER: i32 = 4;
    let code = qrcodegen::QrCode::encode_text(text, qrcodegen::QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{},{}h1v1h-1z", x + BORDER, y + BORDER));
        }
    }
    Some((path, size + 2 * BORDER))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the secret of its SHA-1 vectors; the last six of their eight digits.
    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(step_of(SECRET, code, seconds, 0).unwrap(), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_right_a_step_early_and_late_and_once() {
        // 1,111,111,109 is step 37,037,036.
        let at = |seconds: u64, used: u64| step_of(SECRET, "081804", seconds, used).unwrap();
        let step = 1_111_111_109 / 30;
        let start = step * 30;
        assert_eq!(at(start - 30, 0), Some(step));
        assert_eq!(at(start + 59, 0), Some(step));
        assert_eq!(at(start - 31, 0), None);
        assert_eq!(at(start + 60, 0), None);
        assert_eq!(at(start, step), None, "used before");
        assert_eq!(at(start, step - 1), Some(step));
    }

    #[test]
    fn only_six_digits_are_a_code() {
        for code in ["", "08180", "0818044", "o81804", "081 80 4x", "٠٨١٨٠٤"] {
            assert_eq!(step_of(SECRET, code, 1_111_111_109, 0).unwrap(), None, "{code:?}");
        }
        assert!(step_of(SECRET, " 081 804 ", 1_111_111_109, 0).unwrap().is_some());
    }

    #[test]
    fn an_app_gets_the_secret_in_base_32() {
        let (typed, link) = for_app(SECRET, "anna@oak.example").unwrap();
        assert_eq!(typed, "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert!(link.starts_with("otpauth://totp/Weir:anna%40oak.example?"), "{link}");
        assert!(link.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ") && link.contains("issuer=Weir"), "{link}");
        assert!(qr(&link).is_some());
    }

    #[test]
    fn recovery_codes_are_long_plain_and_their_own() {
        let mut codes = new_codes().unwrap();
        assert_eq!(codes.len(), CODES);
        for code in &codes {
            assert_eq!(code.len(), 19, "{code}");
            assert!(code.chars().all(|c| c == '-' || (c.is_ascii_alphanumeric() && !"01ilou".contains(c))), "{code}");
            assert_eq!(code_hash(code), code_hash(&code.to_uppercase().replace('-', " ")));
        }
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), CODES);
    }
}
