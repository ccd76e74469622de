//! The pages of an estate, served by the built command until the test ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::Home;

/// A server of an estate's pages.
pub struct Served {
    child: Child,
    /// Name and port, as a browser writes them.
    pub address: String,
    /// The path of the one-time link, where one was printed.
    pub link: Option<String>,
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Served {
    /// Serves an estate at a port that is free.
    pub fn start(home: &Home) -> Self {
        let mut child = home.command().args(["serve", "--port", "0"]).stdout(Stdio::piped()).spawn().expect("weir starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut link = None;
        let address = loop {
            let line = lines.next().expect("the pages are served").expect("a line");
            if let Some((_, path)) = line.split_once("/link/") {
                link = Some(format!("/link/{}", path.trim()));
            }
            if let Some(rest) = line.strip_prefix("Open http://") {
                break rest.split_whitespace().next().expect("an address").trim_end_matches('/').to_owned();
            }
        };
        Self { child, address, link }
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// The answer to a request that is written out here: head and body, or none where the server went away.
    pub fn try_ask(&self, method: &str, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Option<String> {
        try_ask(&self.address, method, path, cookie, fields)
    }

    /// The answer to a request.
    pub fn ask(&self, method: &str, path: &str, cookie: &str, fields: &[(&str, &str)]) -> String {
        self.try_ask(method, path, cookie, fields).expect("an answer")
    }

    /// Signs in somebody who has no second step; gives the cookie.
    pub fn sign_in(&self, email: &str, password: &str) -> String {
        let answer = self.ask("POST", "/sign-in", "", &[("email", email), ("password", password)]);
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        cookie_of(&answer).expect("a session")
    }
}

/// The cookie that an answer sets.
pub fn cookie_of(answer: &str) -> Option<String> {
    let set = answer.lines().find_map(|line| line.strip_prefix("set-cookie: "))?;
    set.split(';').next().map(str::to_owned)
}

/// The answer of a server to a request; none where it went away.
pub fn try_ask(address: &str, method: &str, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Option<String> {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let body = body.join("&");
    let port: u16 = address.rsplit_once(':')?.1.parse().ok()?;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let cookie = if cookie.is_empty() { String::new() } else { format!("Cookie: {cookie}\r\n") };
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{cookie}Connection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.starts_with("HTTP/1.1 ").then_some(answer)
}
