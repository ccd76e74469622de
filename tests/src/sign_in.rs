//! Coming in as somebody does: the sign-ins that a demo prints, and the code that an app shows for a second step.

use std::time::{SystemTime, UNIX_EPOCH};

/// Somebody of a demo.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// E-mail address; what stands before the @ is the role.
    pub email: String,
    /// Password.
    pub password: String,
}

/// The sign-ins among what `weir demo` printed.
pub fn printed<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<SignIn> {
    let of = |line: &str| {
        let mut cells = line.split(['│', '┆', '|']).map(str::trim).filter(|cell| !cell.is_empty());
        let email = cells.next().filter(|cell| cell.ends_with("@weir-demo.example"))?;
        Some(SignIn { email: email.to_owned(), password: cells.next()?.to_owned() })
    };
    lines.into_iter().filter_map(of).collect()
}

/// The code an app with this key shows `steps` half minutes from now.
pub fn code_of(key: &str, steps: u64) -> String {
    let secret = totp_rs::Secret::try_from_base32(key.replace(' ', "")).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("a").with_issuer(Some("Weir")).build().unwrap();
    totp.generate(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 30 * steps).to_string()
}
