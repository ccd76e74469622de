//! Why a letter was not sent, with the mend. No message holds a password, a token or an address of a person.

use std::error::Error as _;
use std::path::{Path, PathBuf};

use weir_lake::estate::{Encryption, Mail, MailSecret};
use weir_register::RegisterError;
use weir_register::accounts::AccountError;

/// Longest part of a server's own words that a message repeats.
const SHOWN: usize = 200;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
    /// The register failed.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// An account could not be read.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// weir.toml has no `[mail]`.
    #[error("weir.toml has no [mail]: give server and from there; docs/mail.md shows how")]
    NotSetUp,
    /// A file could not be read.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Other accounts of the machine can read the password or token.
    #[error("{path} can be read by other accounts (mode {mode:o}); make it private: chmod 600 {path}")]
    NotPrivate {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file of the password or token holds none.
    #[error("{path} holds no password or token: one line of text is wanted")]
    EmptySecret {
        /// Which.
        path: PathBuf,
    },
    /// No password anywhere.
    #[error("the mail server wants a password: give password_file in weir.toml, or the variable WEIR_MAIL_PASSWORD")]
    NoPassword,
    /// The certificate's file is no certificate.
    #[error("{path} is no certificate in PEM form")]
    Certificate {
        /// Which.
        path: PathBuf,
    },
    /// Sender or receiver is no address.
    #[error("{0:?} is no address that mail can be sent to")]
    Address(String),
    /// Nothing answers there.
    #[error(
        "{server} can't be reached: {why}; is server, port and encryption in weir.toml right, and the way out not barred by a firewall?"
    )]
    Unreachable {
        /// `host:port`.
        server: String,
        /// In the system's words.
        why: String,
    },
    /// The server's certificate is not one to trust.
    #[error("{server} shows a certificate that is not trusted: {why}; give certificate_file in weir.toml where it is your own")]
    Untrusted {
        /// `host:port`.
        server: String,
        /// In the library's words.
        why: String,
    },
    /// The server does not speak TLS.
    #[error("{server} offers no STARTTLS, so nothing was said to it; use its port for TLS with encryption = \"tls\"")]
    NoTls {
        /// `host:port`.
        server: String,
    },
    /// The server takes no sign-in of this kind.
    #[error("{server} takes no sign-in by {how}; {mend}")]
    NoSuchSignIn {
        /// `host:port`.
        server: String,
        /// password or xoauth2.
        how: &'static str,
        /// What to do.
        mend: &'static str,
    },
    /// The password or token was refused.
    #[error("{server} refused {what}{said}; {mend}")]
    SignIn {
        /// `host:port`.
        server: String,
        /// The password or the token, and of which file.
        what: String,
        /// The server's code and words, in brackets.
        said: String,
        /// What to do.
        mend: &'static str,
    },
    /// The server refused this letter for good.
    #[error("{server} refused the letter{said}; may it send as the address in `from`, and is the receiver's address right?")]
    Refused {
        /// `host:port`.
        server: String,
        /// The server's code and words, in brackets.
        said: String,
    },
    /// The server wants it later.
    #[error("{server} wants the letter later{said}")]
    Later {
        /// `host:port`.
        server: String,
        /// The server's code and words, in brackets.
        said: String,
    },
    /// Anything else the server did.
    #[error("{server}: {why}")]
    Server {
        /// `host:port`.
        server: String,
        /// What.
        why: String,
    },
}

impl PostError {
    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), error }
    }

    /// Whether another letter would fare no better.
    pub fn is_of_server(&self) -> bool {
        !matches!(self, Self::Refused { .. } | Self::Later { .. } | Self::Address(_))
    }

    /// Whether trying again would be of no use.
    pub fn is_for_good(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Address(_))
    }

    /// In a few words of our own, to be kept: a server's words may hold an address.
    pub fn in_short(&self) -> &'static str {
        match self {
            Self::Register(_) | Self::Account(_) => "the register failed",
            Self::NotSetUp => "weir.toml has no [mail]",
            Self::Io { .. } | Self::NotPrivate { .. } | Self::EmptySecret { .. } | Self::NoPassword => {
                "no password or token could be read"
            }
            Self::Certificate { .. } => "certificate_file is no certificate",
            Self::Address(_) => "the address is none",
            Self::Unreachable { .. } => "the mail server can't be reached",
            Self::Untrusted { .. } => "the mail server's certificate is not trusted",
            Self::NoTls { .. } => "the mail server offers no TLS",
            Self::NoSuchSignIn { .. } => "the mail server takes no such sign-in",
            Self::SignIn { .. } => "the mail server refused the password or token",
            Self::Refused { .. } => "the mail server refused the letter for good",
            Self::Later { .. } => "the mail server wants it later",
            Self::Server { .. } => "the mail server did not answer as it should",
        }
    }

    /// What a failed conversation with the server means to whoever can mend it.
    pub(crate) fn of_smtp(mail: &Mail, error: &lettre::transport::smtp::Error) -> Self {
        let server = format!("{}:{}", mail.server, mail.port);
        let why = innermost(error);
        let code = error.status().map(u16::from);
        let said = code.map_or_else(String::new, |code| format!(" ({code}: {why})"));
        let is_token = matches!(mail.sign_in.as_ref().map(|sign_in| &sign_in.secret), Some(MailSecret::Token(_)));
        match code {
            // 530: sign in first. 534, 535, 538: not like that. 454: not now.
            Some(530 | 534 | 535 | 538 | 454) => Self::sign_in(mail, server, said),
            Some(400..500) => Self::Later { server, said },
            Some(_) => Self::Refused { server, said },
            // Microsoft and Google answer a bad token with a question, which the library takes for a mistake of theirs.
            None if error.is_client() && is_token && why.contains("challenge") => Self::sign_in(mail, server, String::new()),
            None if error.is_client() && why.contains("authentication mechanism") => Self::NoSuchSignIn {
                server,
                how: if is_token { "token (XOAUTH2)" } else { "password" },
                mend: if is_token {
                    "use auth = \"password\" if it has one"
                } else {
                    "Microsoft 365 and Google want auth = \"xoauth2\"; docs/mail.md shows how"
                },
            },
            None if error.is_client() && mail.encryption == Encryption::StartTls => Self::NoTls { server },
            None if why.to_lowercase().contains("certificate") => Self::Untrusted { server, why },
            None if error.is_response() => Self::Server { server, why },
            None => Self::Unreachable { server, why },
        }
    }

    fn sign_in(mail: &Mail, server: String, said: String) -> Self {
        let (what, mend) = match mail.sign_in.as_ref().map(|sign_in| &sign_in.secret) {
            Some(MailSecret::Token(path)) => {
                let age = std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
                let minutes = age.and_then(|at| at.elapsed().ok()).map(|age| age.as_secs() / 60);
                let written = minutes.map_or_else(String::new, |minutes| format!(", written {minutes} minutes ago"));
                (
                    format!("the token of {}{written}", path.display()),
                    "a token lives about an hour: is the job that writes it running, and is it for the account in `user`?",
                )
            }
            Some(MailSecret::Password(Some(path))) => {
                (format!("the password of {}", path.display()), "is it the one of the account in `user`?")
            }
            Some(MailSecret::Password(None)) => {
                (String::from("the password of WEIR_MAIL_PASSWORD"), "is it the one of the account in `user`?")
            }
            None => (String::from("mail from whoever does not sign in"), "give user and password_file in weir.toml"),
        };
        Self::SignIn { server, what, said, mend }
    }
}

/// The cause at the root, as one line without what a terminal would obey.
fn innermost(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = error.to_string();
        source = error.source();
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect()
}
