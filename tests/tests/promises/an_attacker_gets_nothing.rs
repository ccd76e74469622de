//! What somebody tries who can put a file into an inbox, type into a search box, or sign in at another school: none of it gets them in.
//!
//! Elsewhere: bombs and cut archives (`bad_input_is_explained`), formulas (`an_answer_opens_in_a_spreadsheet`), oversized and unsigned
//! senders (`what_is_sent_arrives_once`, and beside the receiver), a school's name that holds mail headers (`a_letter_says_only_that_
//! something_waits`), fixed sessions, forms from elsewhere, spoofed headers, ways on that lead away, other schools' addresses (beside the
//! pages).

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use weir_tests::browser::Browser;
use weir_tests::served::{Served, cookie_of};
use weir_tests::sign_in::code_of;
use weir_tests::{Home, Ran, not_run, squid_line};

const TEST: &str = "an_attacker_gets_nothing";
const FRIDAY: &str = "2026-11-06T02:00:00Z";
const PASSWORD: &str = "violet kettle marmot";

fn night(home: &Home) -> Ran {
    home.command().arg("nightly").env("WEIR_NOW", FRIDAY).output().unwrap().into()
}

fn inbox(home: &Home) -> PathBuf {
    let folder = home.estate().join("inbox/my-school-filter");
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn settled(path: &Path) {
    let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
    fs::File::options().write(true).open(path).unwrap().set_modified(an_hour_ago).unwrap();
}

/// Every file and folder below one, but what a run may change: its own.
fn everything(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                waiting.push(path.clone());
            }
            found.push(path);
        }
    }
    found.sort();
    found
}

fn python(script: &str, arguments: &[&Path]) -> bool {
    Command::new("python3").arg("-c").arg(script).args(arguments).status().is_ok_and(|status| status.success())
}

#[test]
fn an_archive_writes_nowhere() {
    let home = Home::new();
    let archive = inbox(&home).join("export.zip");
    let names = "['../../../escaped.log', '/tmp/weir-escaped.log', 'C:\\\\escaped.log', '..\\\\..\\\\escaped.log', 'a/../../escaped.log']";
    let script = format!(
        "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1], 'w')\nfor n, name in enumerate({names}):\n    \
         z.writestr(name, '{}\\n' % n)\nlink = zipfile.ZipInfo('link.log')\nlink.external_attr = 0o120777 << 16\n\
         z.writestr(link, '/etc/hostname')\n",
        squid_line(0, "apatel", "http://maps.example/%d")
    );
    if !python(&script, &[&archive]) {
        return not_run(TEST, "python3");
    }
    settled(&archive);
    let outside = || everything(home.path()).into_iter().filter(|path| !path.starts_with(home.estate())).collect::<Vec<_>>();
    let before = outside();
    let ran = night(&home);
    assert!(ran.status <= 1, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(outside(), before);
    assert!(!Path::new("/tmp/weir-escaped.log").exists());
    assert!(!everything(&home.estate()).iter().any(|path| path.to_string_lossy().contains("escaped")));
    // Read it was, as lines: a member's name is a name in a list and no place. What begins with a dot is no export, here as in a folder.
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), 4, "{}", ran.stdout);
    let hostname = fs::read_to_string("/etc/hostname").unwrap_or_default();
    assert!(hostname.trim().is_empty() || !ran.stdout.contains(hostname.trim()));
}

#[test]
fn a_packed_bomb_is_refused() {
    let home = Home::new();
    let [one, two] = ["bomb.log.gz", "twice.log.gz"].map(|name| home.path().join(name));
    let script = "import gzip, sys\nwith gzip.open(sys.argv[1], 'wb', 9) as f:\n    for _ in range(3000): f.write(b'0' * (1 << 20))\n\
                  inner = open(sys.argv[1], 'rb').read()\nwith gzip.open(sys.argv[2], 'wb', 9) as f: f.write(inner)\n";
    if !python(script, &[&one, &two]) {
        return not_run(TEST, "python3");
    }
    for path in [&one, &two] {
        let ran = home.ingest("squid", path);
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(ran.status >= 1 && format!("{}{}", ran.stdout, ran.stderr).contains(name), "{}{}", ran.stdout, ran.stderr);
        assert_eq!(home.number("SELECT count(*) AS n FROM events"), 0);
    }
    // Nothing of it was written on the way.
    let size: u64 = everything(home.path()).iter().filter(|path| path.is_file()).map(|path| path.metadata().unwrap().len()).sum();
    assert!(size < 64 << 20, "{size} bytes");
}

#[test]
fn a_link_leads_nowhere() {
    let home = Home::new();
    let outside = home.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let secret = outside.join("secret.log");
    fs::write(&secret, squid_line(0, "apatel", "http://maps.example/secret") + "\n").unwrap();
    settled(&secret);
    symlink(&secret, inbox(&home).join("link.log")).unwrap();
    symlink(&outside, inbox(&home).join("folder")).unwrap();
    let ran = night(&home);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stdout.matches("is a link; links are not read").count(), 2, "{}", ran.stdout);
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), 0);

    // An inbox that is a link itself is somebody else's folder: it is read, and nothing in it is moved or deleted.
    let folder = inbox(&home);
    fs::remove_dir_all(&folder).unwrap();
    symlink(&outside, &folder).unwrap();
    let ran = night(&home);
    assert!(ran.status <= 1, "{}{}", ran.stdout, ran.stderr);
    assert!(secret.is_file() && everything(&outside) == [secret]);
}

/// What a child or a site can put into a line, and what it would do to whoever trusts it.
const TYPED: [&str; 7] = [
    "<script>document.title='taken'</script>",
    "<img src=x onerror=document.title='taken'>",
    "'; DROP TABLE events; --",
    "\" OR \"\"=\"",
    "\x1b]0;taken\x07\x1b[2J\x1b[31m",
    "a\u{202e}gpj.exe",
    "=HYPERLINK(\"http://evil.example\")",
];

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// Bytes that would move a terminal's cursor, colour it or name its window.
fn speaks_to_a_terminal(text: &str) -> bool {
    text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\t' | '\r'))
}

/// An estate where each of these was searched for an hour or so ago, by a pupil whose log-in is such a text, too, and stands in a page's
/// address; and lines that are none.
fn typed() -> Home {
    let home = Home::new();
    fs::write(home.estate().join("roster.csv"), "person,logins,user_type,year_group,from,to\nFern Beispiel,fernb,pupil,9,,\n")
        .unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 3600 * 3600;
    let at = |line: String| format!("{now}.{}\n", line.split_once('.').unwrap().1);
    let mut lines = String::new();
    for text in TYPED {
        let search = format!("http://www.bing.com/search?q={}", encoded(&format!("i want to hurt myself {text}")));
        lines += &at(squid_line(0, "fernb", &search));
        lines += &at(squid_line(0, &encoded(text), "http://maps.example/a"));
        // As it is, where a proxy does not encode.
        lines += &at(squid_line(0, "fernb", &format!("http://maps.example/{}", text.replace(' ', "+"))));
        lines += &format!("{text}\n");
    }
    lines += &at(squid_line(0, "mallory%0d%0aBcc:%20x@evil.example", "http://maps.example/b"));
    let log = home.path().join("access.log");
    fs::write(&log, lines).unwrap();
    let ran = home.ingest("squid", &log);
    assert_eq!(ran.status, 1, "lines that are none end in quarantine: {}{}", ran.stdout, ran.stderr);
    assert!(!speaks_to_a_terminal(&format!("{}{}", ran.stdout, ran.stderr)));
    home
}

#[test]
fn what_was_typed_into_a_line_does_nothing_to_a_terminal_or_the_tables() {
    let home = typed();
    let events = home.number("SELECT count(*) AS n FROM events");
    assert!(events >= 2 * TYPED.len() as i64, "{events}");
    let log = home.path().join("access.log");
    for arguments in [
        &["sql", "--sensitive", "end-to-end test", "SELECT host, url_path, search_term FROM events"][..],
        &["sql", "--sensitive", "end-to-end test", "SELECT reason, line_no FROM quarantine"],
        &["inspect", "--format", "squid", log.to_str().unwrap()],
        &["inspect", log.to_str().unwrap()],
        &["ingest", "--format", "e2guardian-4", "--school", "my-school", log.to_str().unwrap()],
        &["rollup"],
        &["alerts", "raise"],
        &["alerts"],
        &["formats", "unmapped"],
        &["formats", "new", log.to_str().unwrap()],
        &["unclaimed"],
        &["nightly"],
        &["doctor"],
        &["audit", "list"],
    ] {
        let ran = home.weir(arguments);
        assert!(!speaks_to_a_terminal(&format!("{}{}", ran.stdout, ran.stderr)), "{arguments:?}: {:?}", ran.stdout);
    }
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), events, "the table is there and whole");
    // A parameter of a saved question is a value, whatever is typed.
    for text in TYPED {
        let ran = home.weir(["query", "run", "searches_about", "--school", &home.school(), "--param", &format!("theme={text}")]);
        assert!(!speaks_to_a_terminal(&format!("{}{}", ran.stdout, ran.stderr)), "{text:?}");
    }
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), events);
}

fn invited(home: &Home, email: &str, role: &str, school: &str) -> String {
    let at = format!("school:{school}");
    let added = home.weir_ok(["user", "add", email, "--name", "Lark Beispiel", "--role", role, "--at", &at], 0);
    let link = added.stdout.split_once("/link/").unwrap().1.split_whitespace().next().unwrap().to_owned();
    format!("/link/{link}")
}

#[test]
fn what_was_typed_into_a_line_is_text_on_a_page() {
    let home = typed();
    home.weir_ok(["alerts", "raise"], 0);
    let link = invited(&home, "lead@oak.example", "dsl", &home.school());
    let server = Served::start(&home);
    let Some(mut browser) = Browser::start() else {
        return not_run(TEST, "chromium");
    };
    let origin = format!("http://{}", server.address);
    browser.open(&format!("{origin}{link}"));
    browser.send(&[("password", PASSWORD)], "Set the password");
    browser.send(&[("email", "lead@oak.example"), ("password", PASSWORD)], "Sign in");
    let key = browser.text(".secret");
    browser.send(&[("code", &code_of(&key, 0))], "Continue");
    browser.send(&[], "I have kept them: go on");
    browser.open(&format!("{origin}/today"));
    let to_alert = browser.text(".finding .go");
    browser.send(&[], to_alert.trim());
    let page = browser.text("#main");
    // Read as it was typed: not run, not lost.
    assert!(page.contains("hurt myself <script>document.title='taken'</script>"), "{page}");
    assert!(page.contains("'; drop table events; --") || page.contains("'; DROP TABLE events; --"), "{page}");
    let made =
        browser.value("document.querySelectorAll('script, iframe, object, main img, main a[href*=evil], [onerror]').length");
    assert_eq!(made, 0);
    assert!(!browser.value("document.title").as_str().unwrap().contains("taken"));
    assert_eq!(browser.complaints(), [] as [&str; 0]);
}

/// Somebody with a second step, signed in by forms alone; gives the cookie.
fn comes_in(server: &Served, link: &str, email: &str) -> String {
    let answer = server.ask("POST", link, "", &[("password", PASSWORD)]);
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    let cookie = server.sign_in(email, PASSWORD);
    let page = server.ask("GET", "/sign-in/second-step", &cookie, &[]);
    let (_, rest) = page.split_once("<p class=\"secret\">").expect("a key to type in");
    let key = rest.split_once("</p>").unwrap().0.to_owned();
    let answer = server.ask("POST", "/sign-in/second-step", &cookie, &[("code", &code_of(&key, 0))]);
    cookie_of(&answer).unwrap_or(cookie)
}

#[test]
fn a_changed_number_in_an_address_opens_nothing_of_another_school() {
    let home = typed();
    home.weir_ok(["alerts", "raise"], 0);
    let estate = home.estate();
    let schools = fs::read_to_string(estate.join("schools.csv")).unwrap();
    fs::write(estate.join("schools.csv"), schools + "other,Other School,,primary,england,Europe/London,,,,,\n").unwrap();
    let own = home.school();
    let links = [("lead@oak.example", own.as_str()), ("lead@other.example", "other")]
        .map(|(email, school)| (email, invited(&home, email, "dsl", school)));
    let server = Served::start(&home);
    let [lead, other] = links.map(|(email, link)| comes_in(&server, &link, email));
    let page = server.ask("GET", &format!("/school/{own}/alerts"), &lead, &[]);
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    let (_, rest) = page.split_once(&format!("/school/{own}/alerts/")).expect("an alert");
    let number = rest.split(|letter: char| !letter.is_ascii_digit()).next().unwrap().to_owned();
    let alert = server.ask("GET", &format!("/school/{own}/alerts/{number}"), &lead, &[]);
    assert!(alert.starts_with("HTTP/1.1 200") && alert.contains("hurt myself"), "{alert}");

    let fields = [("reason", "a changed address"), ("why", "a changed address"), ("note", "mine"), ("outcome", "spoken")];
    for school in [own.as_str(), "other"] {
        for way in ["", "/take", "/note", "/close", "/answer", "/reopen", "/name"] {
            for method in ["GET", "POST"] {
                let path = format!("/school/{school}/alerts/{number}{way}");
                let answer = server.ask(method, &path, &other, if method == "POST" { &fields } else { &[] });
                let status = answer.split(' ').nth(1).unwrap().to_owned();
                assert!(["404", "405"].contains(&status.as_str()), "{method} {path}: {status}");
                assert!(!answer.contains("hurt myself") && !answer.contains("fernb"), "{method} {path}");
            }
        }
    }
    // The key that the first alert is about, asked for at the other's own school: nobody there has it.
    for text in ["fernb", "Fern Beispiel"] {
        let fields = [("login", text), ("find_reason", "a changed address")];
        let answer = server.ask("POST", "/school/other/names/find", &other, &fields);
        let has_key = answer.split("k1-").skip(1).any(|rest| rest.bytes().take_while(u8::is_ascii_hexdigit).count() == 32);
        assert!(!has_key && !answer.starts_with("HTTP/1.1 5"), "{answer}");
    }
    let alerts = home.weir(["alerts", "list", "--all", "--output", "json"]).stdout;
    let alerts: Vec<serde_json::Value> = serde_json::from_str(&alerts).unwrap();
    assert!(
        alerts.iter().all(|alert| alert["state"] == "new" && alert["acknowledged"].is_null()),
        "nothing was taken: {alerts:?}"
    );
}
