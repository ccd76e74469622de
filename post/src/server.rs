//! The mail server: one letter at a time, over TLS, signed in by password or token.

use std::time::Duration;

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use weir_lake::estate::{Encryption, Mail, MailSecret};

use crate::secret::Secret;
use crate::{PostError, Text, Way};

/// How long the server may take for one step. RFC 5321 allows minutes; a night has other things to do.
const STEP: Duration = Duration::from_secs(30);

/// A mail server, ready to be spoken to.
pub struct Server {
    mail: Mail,
    from: Address,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({}:{})", self.mail.server, self.mail.port)
    }
}

impl Server {
    /// The server of weir.toml. Reads the password or token; says nothing to the server yet.
    pub fn new(mail: &Mail) -> Result<Self, PostError> {
        let from = address(&mail.from)?;
        let tls = match mail.encryption {
            Encryption::None => Tls::None,
            Encryption::StartTls => Tls::Required(parameters(mail)?),
            Encryption::Tls => Tls::Wrapper(parameters(mail)?),
        };
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.server).port(mail.port).tls(tls).timeout(Some(STEP));
        if let Some(sign_in) = &mail.sign_in {
            let secret = Secret::read(&sign_in.secret)?;
            builder = builder.credentials(Credentials::new(sign_in.user.clone(), secret.show().to_owned())).authentication(
                match sign_in.secret {
                    MailSecret::Password(_) => vec![Mechanism::Plain, Mechanism::Login],
                    MailSecret::Token(_) => vec![Mechanism::Xoauth2],
                },
            );
        }
        Ok(Self { mail: mail.clone(), from, transport: builder.build() })
    }

    /// Sends a letter. Its id is the same each time it is tried, so that mailboxes can tell a second copy from a second letter.
    pub async fn send(&self, to: &str, text: &Text, way: &Way, id: &str) -> Result<(), PostError> {
        let message = self.message(to, text, way, id)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(PostError::of_smtp(&self.mail, &error)),
        }
    }

    fn message(&self, to: &str, text: &Text, way: &Way, id: &str) -> Result<Message, PostError> {
        Message::builder()
            .from(Mailbox::new(Some(String::from("Weir")), self.from.clone()))
            .to(Mailbox::new(None, address(to)?))
            .subject(text.subject())
            .message_id(Some(format!("<{id}@{}>", self.from.domain())))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .body(text.body(way))
            .map_err(|error| PostError::Server { server: self.mail.server.clone(), why: error.to_string() })
    }
}

/// An address as mail servers know it: nothing that ends a line, and no name beside it.
fn address(text: &str) -> Result<Address, PostError> {
    text.parse().map_err(|_| PostError::Address(text.chars().filter(|c| !c.is_control()).take(60).collect()))
}

fn parameters(mail: &Mail) -> Result<TlsParameters, PostError> {
    let mut builder = TlsParameters::builder(mail.server.clone());
    if let Some(path) = &mail.certificate_file {
        let pem = std::fs::read(path).map_err(|error| PostError::io(path, error))?;
        let certificate = Certificate::from_pem(&pem).map_err(|_| PostError::Certificate { path: path.clone() })?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| PostError::of_smtp(mail, &error))
}

/// Says that no person wrote it, so that nobody's absence is answered to it (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), String::from("auto-generated"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use weir_lake::estate::Serving;

    fn server() -> Server {
        let mail = Mail {
            server: "localhost".into(),
            port: 25,
            encryption: Encryption::None,
            from: "weir@school.example".into(),
            sign_in: None,
            certificate_file: None,
        };
        Server::new(&mail).unwrap()
    }

    fn written(to: &str, school: &str) -> Result<String, PostError> {
        let text = Text::Waiting { school: school.into(), items: 2, urgent: false };
        let way = Way::to_letter(&Serving { url: Some("https://weir.school.example".into()), ..Serving::default() }, 3);
        Ok(String::from_utf8(server().message(to, &text, &way, "mail-3-1")?.formatted()).unwrap())
    }

    /// The names of the header's lines, and that no line is a stray one.
    fn headers(message: &str) -> Vec<&str> {
        let head = message.split_once("\r\n\r\n").unwrap().0;
        head.split("\r\n").map(|line| line.split_once(": ").unwrap_or_else(|| panic!("{line:?}")).0).collect()
    }

    const HEADERS: [&str; 8] =
        ["From", "To", "Subject", "Message-ID", "Auto-Submitted", "Content-Type", "Date", "Content-Transfer-Encoding"];

    #[test]
    fn no_line_comes_in_by_a_receiver() {
        for to in [
            "dsl@oak.example\r\nBcc: x@evil.example",
            "dsl@oak.example\nSubject: x",
            "dsl@oak.example, x@evil.example",
            "Lead <dsl@oak.example>",
            "dsl@oak.example>\r\nRCPT TO:<x@evil.example",
            "dsl",
            "",
        ] {
            assert!(matches!(written(to, "Oak"), Err(PostError::Address(_))), "{to:?}");
        }
        let message = written("dsl@oak.example", "Oak").unwrap();
        let mut found = headers(&message);
        found.retain(|name| *name != "MIME-Version");
        found.sort_unstable();
        let mut wanted = HEADERS.to_vec();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{message}");
        assert!(message.contains("Message-ID: <mail-3-1@school.example>\r\n"), "{message}");
    }

    proptest! {
        /// Whatever a school is called, the header is that of any other letter.
        #[test]
        fn no_line_comes_in_by_a_schools_name(name in "\\PC*|[\\r\\n .:A-Za-z]{0,60}") {
            let of = |message: &str| {
                let head = message.split_once("\r\n\r\n").unwrap().0.to_owned();
                head.lines().filter(|line| !line.starts_with("Date") && !line.starts_with("Content-Transfer")).collect::<Vec<_>>().join("\n")
            };
            let with = written("dsl@oak.example", &name).unwrap();
            prop_assert_eq!(of(&with), of(&written("dsl@oak.example", "Oak").unwrap()));
            // A lone dot would end the letter for the server: the library doubles it on the way, and none stands alone before.
            prop_assert!(!with.contains("\r\n.\r\n"));
        }
    }
}
