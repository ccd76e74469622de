//! Our cookies, the session's and that of the way to a provider: out of reach of scripts, not sent along from elsewhere, and bound to this host where there is TLS.

use axum::http::{HeaderMap, HeaderValue, header};

/// How the cookie is named and sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// On this machine, without TLS. A cookie knows no port, so another program's pages on this machine may overwrite it, and gain nothing.
    Plain,
    /// Behind TLS. The prefix makes browsers refuse one that another host or a page without TLS set.
    Secure,
}

/// Which cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// The session.
    Session,
    /// Being on the way to a provider of sign-in, and back.
    Way,
}

impl Kind {
    const fn name(self, of: Of) -> &'static str {
        match (self, of) {
            (Self::Plain, Of::Session) => "weir-session",
            (Self::Secure, Of::Session) => "__Host-weir-session",
            (Self::Plain, Of::Way) => "weir-way",
            (Self::Secure, Of::Way) => "__Host-weir-way",
        }
    }

    const fn rest(self) -> &'static str {
        match self {
            Self::Plain => "; Path=/; HttpOnly; SameSite=Lax",
            Self::Secure => "; Path=/; HttpOnly; SameSite=Lax; Secure",
        }
    }

    /// The cookie of a request; none where there are two, for nobody knows which is ours.
    pub(crate) fn read(self, of: Of, headers: &HeaderMap) -> Option<String> {
        let mut found = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| *name == self.name(of))
            .map(|(_, value)| value.to_owned());
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// The line that sets it. It goes when the browser is closed, and the session ends by itself besides.
    pub(crate) fn set(self, of: Of, token: &str) -> Option<HeaderValue> {
        HeaderValue::from_str(&format!("{}={token}{}", self.name(of), self.rest())).ok()
    }

    /// The line that takes it away.
    pub(crate) fn clear(self, of: Of) -> Option<HeaderValue> {
        HeaderValue::from_str(&format!("{}={}; Max-Age=0", self.name(of), self.rest())).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cookie_is_read_and_two_are_none() {
        for (lines, wanted) in [
            (&["weir-session=ab"][..], Some("ab")),
            (&["other=1; weir-session=ab; more=2"][..], Some("ab")),
            (&["other=1", "weir-session=ab"][..], Some("ab")),
            (&["weir-session=ab; weir-session=cd"][..], None),
            (&["Weir-Session=ab"][..], None),
            (&["__Host-weir-session=ab"][..], None),
            (&[][..], None),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, line.parse().unwrap());
            }
            assert_eq!(Kind::Plain.read(Of::Session, &headers).as_deref(), wanted, "{lines:?}");
        }
        assert_eq!(
            Kind::Secure.set(Of::Session, "ab").unwrap(),
            "__Host-weir-session=ab; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(Kind::Plain.clear(Of::Session).unwrap(), "weir-session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }
}
