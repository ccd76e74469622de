//! What a child searched for reaches the safeguarding lead's post: from a night, and from a watch the same day; who is next in line is
//! told when nobody takes it; each once, and no letter says what it was.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use weir_tests::mail_server::{MailServer, change_register, python, set_mail};
use weir_tests::{Home, squid_line};

const TEST: &str = "an_alert_reaches_mail";

/// Puts a search into the inbox, made two hours ago by a pupil; the file came an hour ago.
fn searched(home: &Home, name: &str, login: &str, words: &str) {
    let inbox = home.estate().join("inbox/my-school-filter");
    fs::create_dir_all(&inbox).unwrap();
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() - 7200;
    let line = squid_line(0, login, &format!("http://www.bing.com/search?q={words}"));
    let path = inbox.join(name);
    fs::write(&path, format!("{at}.{}\n", line.split_once('.').unwrap().1)).unwrap();
    let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
    fs::File::options().write(true).open(&path).unwrap().set_modified(an_hour_ago).unwrap();
}

/// Who was written to of something that waits, and under which subject, since this many letters.
fn told(server: &MailServer, since: usize) -> Vec<(String, String)> {
    let letters = server.letters();
    let mut told: Vec<(String, String)> = letters[since..]
        .iter()
        .filter(|letter| letter["text"].as_str().unwrap().contains("for you in Weir"))
        .map(|letter| {
            let headers = letter["headers"].as_array().unwrap();
            let subject = headers.iter().find(|header| header[0] == "Subject").unwrap()[1].as_str().unwrap();
            (letter["to"][0].as_str().unwrap().to_owned(), subject.to_owned())
        })
        .collect();
    told.sort();
    told
}

fn one(to: &str, subject: &str) -> (String, String) {
    (to.to_owned(), subject.to_owned())
}

#[test]
fn from_a_night_from_a_watch_and_up_the_line() {
    let Some(python) = python(TEST) else { return };
    let home = Home::new();
    let roster = "person,logins,user_type,year_group,from,to\nFern Beispiel,fernb,pupil,9,,\nAsh Beispiel,ashb,pupil,8,,\n";
    fs::write(home.estate().join("roster.csv"), roster).unwrap();
    for (email, role) in [
        ("lead@oak.example", "dsl"),
        ("head@oak.example", "leader"),
        ("it@oak.example", "technician"),
        ("gwen@oak.example", "governor"),
    ] {
        let at = format!("school:{}", home.school());
        home.weir_ok(["user", "add", email, "--name", "Quill Beispiel", "--role", role, "--at", &at], 0);
    }
    let server = MailServer::start(&python, &home, "letters", &[]);
    set_mail(&home, &format!("port = {}\nencryption = \"none\"", server.port));

    // A night: the lead, at once.
    searched(&home, "one.log", "fernb", "i+want+to+hurt+myself");
    let ran = home.weir(["nightly"]);
    assert!(ran.status <= 1, "{}{}", ran.stdout, ran.stderr);
    let waits = "Weir: something waits for you";
    assert_eq!(told(&server, 0), [one("lead@oak.example", waits)], "{}", ran.stdout);
    let so_far = server.letters().len();
    // Nobody hears of it twice, from a night or from a watch.
    assert!(home.weir(["nightly"]).status <= 1);
    assert!(home.weir(["watch", "--once"]).status <= 1);
    assert_eq!(told(&server, so_far), []);

    // The same day, somebody else's: a watch tells the lead.
    let so_far = server.letters().len();
    searched(&home, "two.log", "ashb", "i+want+to+die");
    let ran = home.weir(["watch", "--once"]);
    assert!(ran.status <= 1, "{}{}", ran.stdout, ran.stderr);
    let urgent = "Weir: something urgent waits for you";
    assert_eq!(told(&server, so_far), [one("lead@oak.example", urgent)], "{}", ran.stdout);

    // Nobody takes it: after an hour the head is told by the next look, though nothing new came; and once.
    let so_far = server.letters().len();
    change_register(&home, "UPDATE alerts SET raised_at = raised_at - 61 * 60 * 1000000");
    change_register(&home, "UPDATE alert_told SET at = at - 61 * 60 * 1000000");
    for _ in 0..2 {
        let ran = home.weir(["watch", "--once"]);
        assert!(ran.status <= 1, "{}{}", ran.stdout, ran.stderr);
        assert_eq!(told(&server, so_far), [one("head@oak.example", urgent)], "{}", ran.stdout);
    }
    for letter in server.letters() {
        let raw = letter["raw"].as_str().unwrap().to_lowercase();
        for never in ["fernb", "ashb", "beispiel", "hurt", "harm", "suicide", "year 9", "k1-", "bing"] {
            assert!(!raw.contains(never), "{never}: {letter}");
        }
        assert_ne!(letter["to"], Value::from(vec!["gwen@oak.example"]), "a governor hears of no alert");
    }
}
