//! A governor without a password: asks on the page, gets one letter from a real mail server, opens it, presses the button; and nobody
//! else learns anything by asking.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use weir_tests::Home;

use weir_tests::mail_server::{MailServer, python, set_mail};

use crate::a_letter_says_only_that_something_waits::add;

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Asks as a proxy on this machine does.
fn ask(port: u16, method: &str, path: &str, body: &str, cookie: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: weir.school.example\r\nOrigin: https://weir.school.example\r\nX-Forwarded-For: 203.0.113.7\r\n\
         Cookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// An answer without what differs from one moment to the next.
fn without_date(answer: &str) -> String {
    answer.lines().filter(|line| !line.to_lowercase().starts_with("date:")).collect::<Vec<_>>().join("\n")
}

#[test]
fn asked_for_sent_opened_and_used_up() {
    let Some(python) = python("a_link_in_a_letter_signs_in_once") else { return };
    let home = Home::new();
    add(&home, "gwen@oak.example", "governor");
    add(&home, "lead@oak.example", "dsl");
    let mail = MailServer::start(&python, &home, "letters", &[]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let path = home.estate().join("weir.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}\n[serve]\nurl = \"https://weir.school.example\"\ntrusted_proxies = [\"127.0.0.1\"]\n"))
        .unwrap();
    set_mail(&home, &format!("port = {}\nencryption = \"none\"", mail.port));
    let mut child = home.command().args(["serve", "--port", &port.to_string()]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next().expect("the pages are served").unwrap().starts_with("Open ") {}
    let _server = Server(child);

    let answers = ["lead%40oak.example", "nobody%40oak.example", "gwen%40oak.example"]
        .map(|email| ask(port, "POST", "/sign-in/letter", &format!("email={email}"), ""));
    assert!(answers[0].starts_with("HTTP/1.1 200") && answers[0].contains("Look in your e-mail"), "{}", answers[0]);
    assert!(answers.windows(2).all(|pair| without_date(&pair[0]) == without_date(&pair[1])));

    let began = Instant::now();
    while mail.letters().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(30), "no letter came");
        std::thread::sleep(Duration::from_millis(100));
    }
    let letters = mail.letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["to"], serde_json::json!(["gwen@oak.example"]));
    let raw = letters[0]["raw"].as_str().unwrap();
    assert!(!raw.contains("Quill") && !raw.contains(&home.school()), "{raw}");
    let text = letters[0]["text"].as_str().unwrap();
    let link = text.lines().find_map(|line| line.strip_prefix("https://weir.school.example")).expect("a link").to_owned();
    assert!(link.starts_with("/sign-in/letter/") && link.len() == "/sign-in/letter/".len() + 64, "{link}");

    for _ in 0..2 {
        let page = ask(port, "GET", &link, "", "");
        assert!(
            page.starts_with("HTTP/1.1 200") && page.contains("As Quill Beispiel.") && !page.contains("set-cookie"),
            "{page}"
        );
    }
    let answer = ask(port, "POST", &link, "", "");
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    let (_, rest) = answer.split_once("set-cookie: ").expect("a session");
    let cookie = rest.split(';').next().unwrap();
    assert!(ask(port, "GET", "/account", "", cookie).contains("gwen@oak.example"));
    assert!(ask(port, "POST", &link, "", "").starts_with("HTTP/1.1 410"));

    // The secret stands in no file of the estate, and the trail names nobody.
    let secret = link.rsplit('/').next().unwrap().as_bytes();
    for name in ["register.sqlite", "register.sqlite-wal"] {
        let Ok(bytes) = fs::read(home.estate().join(name)) else { continue };
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{name}");
    }
    let trail = home.weir_ok(["audit", "list", "--output", "ndjson", "--limit", "1000"], 0).stdout;
    assert!(!trail.contains("gwen@") && trail.contains("letter\\\":true"), "{trail}");
    home.weir_ok(["audit", "verify"], 0);
}
