//! The interface for programs against its own description, by a program that tries what the description allows and what it does not: no
//! answer breaks, none is of another shape, and nothing opens without a token.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use weir_tests::{Home, not_run};

const TEST: &str = "programs_get_what_the_description_says";
const PASSWORD: &str = "violet kettle marmot";

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Asks; gives the whole answer.
fn ask(address: &str, method: &str, path: &str, more: &str, body: &str) -> String {
    let port = address.rsplit_once(':').unwrap().1;
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{more}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A token of somebody with a role at the one school.
fn token(home: &Home, address: &str, role: &str) -> String {
    let email = format!("{role}@oak.example");
    let at = format!("school:{}", home.school());
    let added = home.weir_ok(["user", "add", &email, "--name", "Quill Beispiel", "--role", role, "--at", &at], 0).stdout;
    let link = added
        .split_whitespace()
        .find_map(|word| word.find("/link/").and_then(|at| word.get(at..)).map(str::to_owned))
        .expect("a link");
    let body = format!("password={}", PASSWORD.replace(' ', "+"));
    ask(address, "POST", &link, "", &body);
    let body = format!("email={}&password={}", email.replace('@', "%40"), PASSWORD.replace(' ', "+"));
    let answer = ask(address, "POST", "/sign-in", "", &body);
    let (_, rest) = answer.split_once("set-cookie: ").expect("a session");
    let cookie = format!("Cookie: {}\r\n", rest.split(';').next().unwrap());
    let body = format!("label=Test&days=1&own={}", PASSWORD.replace(' ', "+"));
    let page = ask(address, "POST", "/account/token", &cookie, &body);
    let (_, rest) = page.split_once("<p class=\"secret\">").expect("a token");
    rest.split('<').next().unwrap().to_owned()
}

#[test]
fn no_answer_breaks_and_none_is_of_another_shape() {
    let Some(program) = std::env::var_os("WEIR_SCHEMATHESIS").map(PathBuf::from).filter(|path| path.is_file()) else {
        return not_run(TEST, "schemathesis (WEIR_SCHEMATHESIS)");
    };
    let home = Home::new();
    let mut child = home.command().args(["serve", "--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = loop {
        let line = lines.next().expect("the pages are served").unwrap();
        if let Some(rest) = line.strip_prefix("Open http://") {
            break rest.split_whitespace().next().unwrap().trim_end_matches('/').to_owned();
        }
    };
    let _server = Server(child);
    let token = token(&home, &address, "governor");
    let bearer = format!("Authorization: Bearer {token}");
    let answer = ask(&address, "GET", "/api/v1/schools", &format!("{bearer}\r\n"), "");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(&home.school()), "{answer}");

    // The estate's own ids, so that not every question ends in "no such school".
    let document = ask(&address, "GET", "/api/v1/openapi.json", "", "");
    let (_, document) = document.split_once("\r\n\r\n").unwrap();
    let document = document.replace("\"oakfield\"", &format!("\"{}\"", home.school())).replace("\"2025-26\"", "\"2026-27\"");
    let path = home.path().join("openapi.json");
    fs::write(&path, document).unwrap();
    let ran = Command::new(program)
        .current_dir(home.path())
        .args(["run", "--url", &format!("http://{address}"), "--header", &bearer, "--max-examples", "30"])
        .args(["--rate-limit", "9/s", "--seed", "1", "--no-color"])
        .arg(&path)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{told}{}", String::from_utf8_lossy(&ran.stderr));
    assert!(told.contains("3 selected") || told.contains("3 total") || told.contains("3 /"), "every address was asked: {told}");
}
