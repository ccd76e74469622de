//! The first run in a real browser: the printed link, the first account, a second step by app, a second person; and nothing before that.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use weir_tests::browser::Browser;
use weir_tests::served::Served;
use weir_tests::sign_in::code_of;
use weir_tests::{Home, not_run};

const PASSWORD: &str = "violet kettle marmot";

fn raw(address: &str, path: &str) -> String {
    let port = address.rsplit_once(':').unwrap().1;
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn from_the_first_run_to_a_second_person() {
    let home = Home::new();
    let school = home.school();
    let server = Served::start(&home);
    let address = server.address.clone();
    let link = server.link.clone().expect("the first run prints a link");
    let answer = raw(&address, &format!("/school/{school}/2026-27"));
    assert!(answer.starts_with("HTTP/1.1 303") && answer.contains("location: /sign-in?next="), "{answer}");

    let Some(mut browser) = Browser::start() else {
        return not_run("nobody_comes_in_without_an_account", "chromium");
    };
    browser.open(&format!("http://{address}{link}"));
    assert_eq!(browser.text("h1"), "Set up Weir");
    browser.picture("set-up");
    browser
        .send(&[("name", "Quill Beispiel"), ("email", "quill@oak.example"), ("password", "Password2026!")], "Make the account");
    assert!(browser.text(".wrong-list").contains("There is a problem"));
    assert_eq!(browser.value("document.getElementById('email').value"), "quill@oak.example");
    assert_eq!(browser.value("document.getElementById('password').value"), "");
    browser.picture("set-up-wrong");
    browser.send(&[("password", PASSWORD)], "Make the account");
    assert!(browser.text("main").contains("Your password is set."));
    browser.picture("sign-in");
    browser.send(&[("email", "quill@oak.example"), ("password", PASSWORD)], "Sign in");
    assert_eq!(browser.text("h1"), "Set up a second step");
    assert!(!browser.is_wider_than_a_phone());
    browser.picture("second-step");
    let key = browser.text(".secret");
    browser.send(&[("code", &code_of(&key, 0))], "Continue");
    assert_eq!(browser.text("h1"), "Keep your recovery codes");
    browser.picture("codes");
    let recovery = browser.text(".codes li");
    browser.send(&[], "I have kept them: go on");
    assert_eq!(browser.address(), format!("http://{address}/"));
    assert!(browser.text(".reader").contains("Quill Beispiel"));
    assert_eq!(browser.value("document.cookie"), "", "no script sees the session");
    browser.picture("first-page");

    browser.open(&format!("http://{address}/people/add"));
    assert!(!browser.is_wider_than_a_phone());
    browser.picture("add");
    browser.value(&format!(
        "document.getElementById('role').value = 'governor'; document.getElementById('place').value = 'school:{school}'"
    ));
    browser.send(&[("name", "Gwen Beispiel"), ("email", "gwen@oak.example")], "Add and make a link");
    assert_eq!(browser.text("h1"), "Hand over this link");
    assert!(!browser.is_wider_than_a_phone());
    browser.picture("link");
    let for_gwen = browser.text(".secret");
    browser.open(&format!("http://{address}/people"));
    assert!(browser.text("main").contains("gwen@oak.example"));
    assert!(!browser.is_wider_than_a_phone());
    browser.picture("people");
    browser.send(&[], "Gwen Beispiel");
    assert!(!browser.is_wider_than_a_phone());
    browser.picture("person");
    browser.open(&format!("http://{address}/account"));
    assert!(!browser.is_wider_than_a_phone());
    browser.picture("account");

    // Signed out and in again: the code that comes next, after one that is not right.
    browser.send(&[], "Sign out");
    assert!(browser.text("main").contains("You are signed out."));
    browser.send(&[("email", "quill@oak.example"), ("password", PASSWORD)], "Sign in");
    assert_eq!(browser.text("h1"), "Enter your code");
    browser.picture("code");
    browser.send(&[("code", "not-a-code")], "Continue");
    assert!(browser.text(".wrong-list").contains("This code is not right"));
    browser.send(&[("code", &code_of(&key, 1))], "Continue");
    assert_eq!(browser.address(), format!("http://{address}/"));
    browser.send(&[], "Sign out");
    browser.send(&[("email", "quill@oak.example"), ("password", PASSWORD)], "Sign in");
    browser.send(&[("code", &recovery)], "Continue");
    assert_eq!(browser.address(), format!("http://{address}/"));
    browser.send(&[], "Sign out");

    browser.open(&for_gwen);
    browser.send(&[("password", PASSWORD)], "Set the password");
    browser.send(&[("email", "gwen@oak.example"), ("password", PASSWORD)], "Sign in");
    assert_eq!(browser.address(), format!("http://{address}/"));
    browser.open(&format!("http://{address}/people"));
    assert_eq!(browser.text("h1"), "Your role does not include this page");
    browser.picture("refused");
    let unexpected: Vec<_> = browser.complaints().iter().filter(|words| !words.contains("403")).cloned().collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    drop(server);

    // Started again, it prints no link; the trail of it all is whole, and names nobody.
    let server = Served::start(&home);
    assert_eq!(server.link, None);
    drop(server);
    let ran = home.weir_ok(["audit", "verify"], 0);
    let head = ran.stdout.lines().find_map(|line| line.strip_prefix("Head: ")).expect("a head").to_owned();
    home.weir_ok(["audit", "verify", "--head", &head], 0);
    let number: u64 = head.split(':').next().unwrap().parse().unwrap();
    let ahead = format!("{}:{}", number + 1, "0".repeat(64));
    let ran = home.weir_ok(["audit", "verify", "--head", &ahead], 1);
    assert!(ran.stdout.contains(&format!("row {} was removed", number + 1)), "{}", ran.stdout);
    let ran = home.weir_ok(["audit", "list", "--output", "ndjson", "--limit", "1000"], 0);
    let actions: Vec<String> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["action"].as_str().unwrap().to_owned())
        .collect();
    for action in ["set-up", "sign-in", "set-second-step", "add-account", "use-recovery-code", "sign-out", "open"] {
        assert!(actions.iter().any(|found| found == action), "{action} in {actions:?}");
    }
    assert!(!ran.stdout.contains("oak.example") && !ran.stdout.contains("Beispiel"));
    let ran = home.weir_ok(["user", "list"], 0);
    assert!(ran.stdout.contains("gwen@oak.example"));
    // In a pipe nobody can say yes.
    home.weir_ok(["user", "reset", "gwen@oak.example"], 2);
    let ran = home.weir_ok(["user", "reset", "gwen@oak.example", "--yes"], 0);
    assert!(ran.stdout.contains("/link/"));
}
