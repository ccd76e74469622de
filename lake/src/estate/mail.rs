//! `[mail]` of weir.toml: the server that takes Weir's mail, how it is reached, and in which file the password or token lies. Never the
//! secret itself.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::error::{found_text, found_use};
use super::places::is_inside;
use super::settings::Place;
use super::table::Problems;

/// How what is said to the mail server is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// TLS is asked for once connected, and nothing is sent without it.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// None: only to a server on this machine.
    None,
}

impl Encryption {
    const WORDS: [(&'static str, Self); 3] = [("starttls", Self::StartTls), ("tls", Self::Tls), ("none", Self::None)];

    /// As written in weir.toml.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StartTls => "starttls",
            Self::Tls => "tls",
            Self::None => "none",
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// How Weir shows the mail server who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailSecret {
    /// A password: of this file, or without one of the environment variable `WEIR_MAIL_PASSWORD`.
    Password(Option<PathBuf>),
    /// XOAUTH2: an access token that another program writes into this file before it expires.
    Token(PathBuf),
}

/// The account at the mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSignIn {
    /// Its name.
    pub user: String,
    /// Where its secret lies.
    pub secret: MailSecret,
}

/// Outgoing mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The server's name or address.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the way there is encrypted.
    pub encryption: Encryption,
    /// Sender's address.
    pub from: String,
    /// The account, if the server wants one.
    pub sign_in: Option<MailSignIn>,
    /// A certificate to trust beside the system's, in PEM: of a mail server with an authority of its own.
    pub certificate_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMail {
    server: Spanned<String>,
    port: Option<Spanned<u16>>,
    encryption: Option<Spanned<String>>,
    from: Spanned<String>,
    user: Option<Spanned<String>>,
    auth: Option<Spanned<String>>,
    password_file: Option<Spanned<PathBuf>>,
    token_file: Option<Spanned<PathBuf>>,
    certificate_file: Option<PathBuf>,
}

/// Checks the section; none where something in it is wrong.
pub(crate) fn check(raw: RawMail, home: &Path, lake_root: &Path, place: &Place<'_>, problems: &mut Problems) -> Option<Mail> {
    let before = problems.0.len();
    let server = raw.server.get_ref().as_str();
    let is_host = !server.is_empty() && server.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    if !is_host && server.parse::<IpAddr>().is_err() {
        let what = format!("{}; use the server's name alone, for example \"smtp.example.org\"", found_text(server));
        place.refuse(&raw.server, "mail.server", what, problems);
    }
    let encryption = match &raw.encryption {
        None => Encryption::StartTls,
        Some(found) => match Encryption::WORDS.iter().find(|(word, _)| word == found.get_ref()) {
            Some((_, encryption)) => *encryption,
            None => {
                let accepted = Encryption::WORDS.map(|(word, _)| word);
                place.refuse(found, "mail.encryption", found_use(found.get_ref(), &accepted), problems);
                Encryption::StartTls
            }
        },
    };
    if let Some(found) = raw.encryption.as_ref()
        && encryption == Encryption::None
        && !is_this_machine(server)
    {
        let what = "\"none\" is for a mail server on this machine alone; use starttls or tls";
        place.refuse(found, "mail.encryption", what, problems);
    }
    if let Some(port) = raw.port.as_ref().filter(|port| *port.get_ref() == 0) {
        place.refuse(port, "mail.port", "found 0; leave it out, or use the server's port, for example 587", problems);
    }
    let from = raw.from.get_ref().trim();
    if !is_address(from) {
        let what = format!("{}; use an address alone, for example \"weir@school.example\"", found_text(from));
        place.refuse(&raw.from, "mail.from", what, problems);
    }
    let sign_in = check_sign_in(&raw, home, lake_root, place, problems);
    (problems.0.len() == before).then(|| Mail {
        server: server.to_owned(),
        port: raw.port.map_or_else(|| encryption.port(), Spanned::into_inner),
        encryption,
        from: from.to_owned(),
        sign_in,
        certificate_file: raw.certificate_file.map(|file| home.join(file)),
    })
}

fn check_sign_in(raw: &RawMail, home: &Path, lake_root: &Path, place: &Place<'_>, problems: &mut Problems) -> Option<MailSignIn> {
    for (key, file) in [("mail.password_file", &raw.password_file), ("mail.token_file", &raw.token_file)] {
        if let Some(file) = file
            && is_inside(&home.join(file.get_ref()), lake_root)
        {
            place.refuse(file, key, "lies inside the lake, which others may read; put it elsewhere", problems);
        }
    }
    let auth = raw.auth.as_ref().map_or("password", |auth| auth.get_ref().as_str());
    let wrong = match (auth, &raw.password_file, &raw.token_file) {
        ("password", _, Some(file)) => Some((file, "mail.token_file", "is for auth = \"xoauth2\" only; leave it out")),
        ("xoauth2", Some(file), _) => Some((file, "mail.password_file", "is for auth = \"password\" only; leave it out")),
        _ => None,
    };
    if let Some((file, key, what)) = wrong {
        place.refuse(file, key, what, problems);
    }
    let Some(user) = &raw.user else {
        let alone = raw.auth.is_some() || raw.password_file.is_some() || raw.token_file.is_some();
        if alone {
            place.refuse(&raw.server, "mail.user", "is missing: give the account whose password or token this is", problems);
        }
        return None;
    };
    if user.get_ref().is_empty() || user.get_ref().chars().any(char::is_control) {
        place.refuse(user, "mail.user", format!("{}; use the account's name", found_text(user.get_ref())), problems);
    }
    let secret = match (auth, &raw.token_file) {
        ("password", _) => MailSecret::Password(raw.password_file.as_ref().map(|file| home.join(file.get_ref()))),
        ("xoauth2", Some(file)) => MailSecret::Token(home.join(file.get_ref())),
        ("xoauth2", None) => {
            let what = "xoauth2 needs token_file: the file into which another program writes the access token";
            place.refuse(user, "mail.auth", what, problems);
            return None;
        }
        (found, _) => {
            let at = raw.auth.as_ref().unwrap_or(user);
            place.refuse(at, "mail.auth", found_use(found, &["password", "xoauth2"]), problems);
            return None;
        }
    };
    Some(MailSignIn { user: user.get_ref().clone(), secret })
}

/// Whether what is sent to this name stays on the machine.
fn is_this_machine(server: &str) -> bool {
    server == "localhost" || server.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// An address alone, of letters that need no quoting.
fn is_address(text: &str) -> bool {
    let is_plain = text.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"(),:;\\[]".contains(&b));
    text.split_once('@').is_some_and(|(name, host)| is_plain && !name.is_empty() && host.contains('.') && !host.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::settings;
    use std::collections::BTreeMap;

    fn checked(mail: &str) -> Result<Mail, Vec<String>> {
        let text = format!("[mail]\n{mail}");
        let mut problems = Problems::default();
        let raw = settings::parse(&text, &mut problems);
        let settings = settings::check(raw, &text, Path::new("/srv/weir"), &BTreeMap::new(), &mut problems);
        let problems: Vec<String> = problems.0.iter().map(ToString::to_string).collect();
        if problems.is_empty() { Ok(settings.mail.unwrap()) } else { Err(problems) }
    }

    const ADDRESSES: &str = "server = \"smtp.example.org\"\nfrom = \"weir@school.example\"\n";

    #[test]
    fn what_is_left_out_is_the_safe_way() {
        let mail = checked(ADDRESSES).unwrap();
        assert_eq!((mail.port, mail.encryption, mail.sign_in), (587, Encryption::StartTls, None));
        let mail =
            checked(&format!("{ADDRESSES}encryption = \"tls\"\nuser = \"weir\"\npassword_file = \"mail-password\"")).unwrap();
        let file = PathBuf::from("/srv/weir/mail-password");
        let sign_in = MailSignIn { user: "weir".into(), secret: MailSecret::Password(Some(file)) };
        assert_eq!((mail.port, mail.sign_in), (465, Some(sign_in)));
        let mail = checked(&format!("{ADDRESSES}user = \"weir\"\nauth = \"xoauth2\"\ntoken_file = \"/run/weir/token\"")).unwrap();
        assert_eq!(mail.sign_in.unwrap().secret, MailSecret::Token("/run/weir/token".into()));
        for server in ["localhost", "127.0.0.1", "::1"] {
            let mail = checked(&format!("server = {server:?}\nfrom = \"weir@school.example\"\nencryption = \"none\""));
            assert_eq!(mail.unwrap().port, 25, "{server}");
        }
    }

    #[test]
    fn each_slip_is_named_with_its_mend() {
        let with = |more: &str| format!("{ADDRESSES}{more}");
        for (text, wanted) in [
            ("server = \"smtp.example.org:587\"\nfrom = \"weir@school.example\"".into(), "line 2, key mail.server: found"),
            ("server = \"a\\r\\nRCPT TO:<x@y.example>\"\nfrom = \"weir@school.example\"".into(), "use the server's name alone"),
            ("server = \"smtp.example.org\"\nfrom = \"Weir <weir@school.example>\"".into(), "line 3, key mail.from: found"),
            ("server = \"smtp.example.org\"\nfrom = \"weir@school.example\\nBcc: x@y.example\"".into(), "use an address alone"),
            (with("encryption = \"ssl\""), "found \"ssl\"; use starttls, tls or none"),
            (with("encryption = \"none\""), "on this machine alone"),
            (with("password_file = \"p\""), "mail.user: is missing"),
            (with("user = \"weir\"\nauth = \"xoauth2\""), "needs token_file"),
            (with("user = \"weir\"\nauth = \"oauth\""), "use password or xoauth2"),
            (with("user = \"weir\"\ntoken_file = \"t\""), "for auth = \"xoauth2\" only"),
            (with("user = \"weir\"\npassword_file = \"lake/p\""), "lies inside the lake"),
            (with("password = \"secret\""), "unknown key `password`"),
        ] {
            let problems = checked(&text).unwrap_err();
            assert!(problems.iter().any(|problem| problem.contains(wanted)), "{text}: {problems:?}");
        }
    }
}
