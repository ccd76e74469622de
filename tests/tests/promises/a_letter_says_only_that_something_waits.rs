//! Letters through a real mail server: over TLS, signed in by password or token; and what they hold is that something waits, no more.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use serde_json::Value;
use weir_tests::mail_server::{MailServer, make_due, python, set_mail};
use weir_tests::{Home, Ran, not_run};

const TEST: &str = "a_letter_says_only_that_something_waits";

/// Monday 9 November 2026, after a school week.
const MONDAY: &str = "2026-11-09T02:00:00Z";

const SECRET: &str = "plum-kettle-marmot-77";

/// A certificate for localhost that nobody signed but itself.
fn certificate(home: &Home) -> Option<(String, String)> {
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| home.path().join(name).display().to_string());
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", &key, "-out", &certificate])
        .stderr(Stdio::null())
        .status();
    if !made.is_ok_and(|status| status.success()) {
        not_run(TEST, "openssl");
        return None;
    }
    Some((certificate, key))
}

fn set_secret(home: &Home, text: &str) {
    let path = home.estate().join("mail-secret");
    fs::write(&path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn mail_test(home: &Home) -> Ran {
    let ran = home.weir(["mail", "test", "anna@school.example"]);
    assert!(!ran.stdout.contains(SECRET) && !ran.stderr.contains(SECRET), "{}{}", ran.stdout, ran.stderr);
    ran
}

pub(crate) fn add(home: &Home, email: &str, role: &str) {
    let at = format!("school:{}", home.school());
    home.weir_ok(["user", "add", email, "--name", "Quill Beispiel", "--role", role, "--at", &at], 0);
}

fn night(home: &Home) -> Ran {
    home.command().arg("nightly").env("WEIR_NOW", MONDAY).output().unwrap().into()
}

#[test]
fn a_letter_goes_over_tls_to_a_server_that_is_trusted_by_a_password_or_token() {
    let Some(python) = python(TEST) else { return };
    let home = Home::new();
    let Some((certificate, key)) = certificate(&home) else { return };
    let tls = ["--certificate", &certificate, "--key", &key];
    let signed = ["--user", "weir@school.example", "--secret", SECRET, "--auth"];
    for (name, encryption, auth) in [("a", "starttls", "password"), ("b", "tls", "password"), ("c", "starttls", "xoauth2")] {
        let mut more: Vec<&str> = tls.into_iter().chain(signed).chain([auth]).collect();
        if encryption == "tls" {
            more.push("--tls");
        }
        let server = MailServer::start(&python, &home, name, &more);
        let file = if auth == "password" { "password_file" } else { "token_file" };
        let unknown = format!(
            "port = {}\nencryption = \"{encryption}\"\nuser = \"weir@school.example\"\nauth = \"{auth}\"\n{file} = \"mail-secret\"",
            server.port
        );
        let known = format!("{unknown}\ncertificate_file = {certificate:?}");
        set_secret(&home, &format!("{SECRET}\n"));
        set_mail(&home, &unknown);
        let ran = mail_test(&home);
        assert!(ran.status == 2 && ran.stderr.contains("not trusted"), "{name}: {}", ran.stderr);

        set_mail(&home, &known);
        set_secret(&home, "another");
        let ran = mail_test(&home);
        let refused = if auth == "password" { "refused the password of" } else { "refused the token of" };
        assert!(ran.status == 2 && ran.stderr.contains(refused), "{name}: {}", ran.stderr);
        fs::set_permissions(home.estate().join("mail-secret"), fs::Permissions::from_mode(0o644)).unwrap();
        let ran = mail_test(&home);
        assert!(ran.status == 2 && ran.stderr.contains("chmod 600"), "{name}: {}", ran.stderr);
        assert!(server.letters().is_empty(), "{name}: none came before all was right");

        set_secret(&home, &format!("{SECRET}\n"));
        let ran = mail_test(&home);
        assert_eq!(ran.status, 0, "{name}: {}", ran.stderr);
        let letters = server.letters();
        assert_eq!(letters.len(), 1, "{name}");
        assert_eq!((&letters[0]["tls"], &letters[0]["signed_in"]), (&Value::Bool(true), &Value::Bool(true)), "{name}");
        assert_eq!(letters[0]["to"], serde_json::json!(["anna@school.example"]), "{name}");
    }
}

#[test]
fn what_is_wrong_with_a_server_is_said_and_nothing_goes_out_unprotected() {
    let Some(python) = python(TEST) else { return };
    let home = Home::new();
    let ran = mail_test(&home);
    assert!(ran.status == 2 && ran.stderr.contains("no [mail]"), "{}", ran.stderr);
    let plain = MailServer::start(&python, &home, "plain", &["--refuse", "nobody@school.example"]);
    set_mail(&home, &format!("port = {}", plain.port));
    let ran = mail_test(&home);
    assert!(ran.status == 2 && ran.stderr.contains("offers no STARTTLS"), "{}", ran.stderr);
    set_secret(&home, SECRET);
    set_mail(&home, &format!("port = {}\nencryption = \"none\"\nuser = \"weir\"\npassword_file = \"mail-secret\"", plain.port));
    let ran = mail_test(&home);
    assert!(ran.status == 2 && ran.stderr.contains("takes no sign-in"), "{}", ran.stderr);
    assert!(plain.letters().is_empty());

    set_mail(&home, &format!("port = {}\nencryption = \"none\"", plain.port));
    assert_eq!(mail_test(&home).status, 0);
    let ran = home.weir(["mail", "test", "nobody@school.example"]);
    assert!(ran.status == 2 && ran.stderr.contains("refused the letter (550"), "{}", ran.stderr);
    for address in ["anna@school.example\r\nBcc: x@evil.example", "anna@school.example, x@evil.example", "anna"] {
        let ran = home.weir(["mail", "test", address]);
        assert!(ran.status == 2 && ran.stderr.contains("no address"), "{address:?}: {}", ran.stderr);
    }
    assert_eq!(plain.letters().len(), 1);
    let port = plain.port;
    drop(plain);
    set_mail(&home, &format!("port = {port}\nencryption = \"none\""));
    let ran = mail_test(&home);
    assert!(ran.status == 2 && ran.stderr.contains("can't be reached"), "{}", ran.stderr);
}

#[test]
fn a_nights_letters_wait_for_the_server_and_say_nothing_about_anybody() {
    let Some(python) = python(TEST) else { return };
    let home = Home::new();
    // A school that is called what no school is, and an export with a name in it.
    let schools = home.estate().join("schools.csv");
    let text = fs::read_to_string(&schools).unwrap();
    let name = text.lines().filter(|line| !line.starts_with('#')).nth(1).unwrap().split(',').nth(1).unwrap().to_owned();
    let evil = "\"Oak\r\nBcc: x@evil.example\r\n\r\nHello\"";
    fs::write(&schools, text.replacen(&name, evil, 1)).unwrap();
    let inbox = home.estate().join("inbox/my-school-filter");
    fs::create_dir_all(&inbox).unwrap();
    for (email, role) in [("lead@oak.example", "dsl"), ("it@oak.example", "technician"), ("gwen@oak.example", "governor")] {
        add(&home, email, role);
    }
    let port = {
        // A port that nobody answers on until the server is up: as it is of a server that is down for the night.
        let server = MailServer::start(&python, &home, "down", &[]);
        server.port
    };
    set_mail(&home, &format!("port = {port}\nencryption = \"none\""));
    let ran = night(&home);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("LOOK    mail: nothing was sent; 2 wait") && ran.stdout.contains("can't be reached"),
        "{}",
        ran.stdout
    );

    let server = MailServer::start(&python, &home, "up", &[]);
    set_mail(&home, &format!("port = {}\nencryption = \"none\"", server.port));
    // The night is repeated: nobody hears of one thing twice. What failed waits for some minutes before it is tried again.
    assert!(night(&home).stdout.contains("2 wait") || server.letters().len() == 1);
    let waits = |home: &Home| home.weir(["mail", "list", "--output", "json"]).stdout;
    let listed: Value = serde_json::from_str(&waits(&home)).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");
    make_due(&home);
    let ran = home.weir_ok(["mail", "send"], 0);
    assert!(ran.stdout.contains("sent"), "{}", ran.stdout);
    assert!(home.weir_ok(["mail", "send"], 0).stdout.contains("nothing was sent"));

    let letters = server.letters();
    let mut to: Vec<_> = letters.iter().map(|letter| letter["to"][0].as_str().unwrap()).collect();
    to.sort_unstable();
    assert_eq!(to, ["it@oak.example", "lead@oak.example"], "no half-term is over, so no governor hears of one");
    for letter in &letters {
        let headers: Vec<&str> = letter["headers"].as_array().unwrap().iter().map(|header| header[0].as_str().unwrap()).collect();
        assert!(!headers.iter().any(|name| name.eq_ignore_ascii_case("bcc")), "{headers:?}");
        let subject = letter["headers"].as_array().unwrap().iter().find(|header| header[0] == "Subject").unwrap()[1].clone();
        let text = letter["text"].as_str().unwrap();
        let (wanted, has_school) = match letter["to"][0].as_str().unwrap() {
            "it@oak.example" => ("Weir: a feed is silent", false),
            _ => ("Weir: your week is ready to read", true),
        };
        assert_eq!(subject, wanted);
        assert_eq!(text.contains("\n- Oak Bcc: x@evil.example Hello\n"), has_school, "the name is one line of the text: {text}");
        for never in ["my-school-filter", "my-school\"", "Quill", "apatel", "evil.example>", "squid"] {
            assert!(!letter["raw"].as_str().unwrap().contains(never), "{never}: {letter}");
        }
    }
}

#[test]
fn a_night_that_could_not_begin_is_told_to_the_technician() {
    let Some(python) = python(TEST) else { return };
    let home = Home::new();
    add(&home, "it@oak.example", "technician");
    add(&home, "lead@oak.example", "dsl");
    let server = MailServer::start(&python, &home, "up", &[]);
    set_mail(&home, &format!("port = {}\nencryption = \"none\"", server.port));
    // Where the lake should be lies something else.
    fs::write(home.estate().join("lake"), "not a folder").unwrap();
    for _ in 0..2 {
        assert_eq!(night(&home).status, 2);
    }
    let letters = server.letters();
    assert_eq!(letters.len(), 1, "once a day");
    assert_eq!(letters[0]["to"], serde_json::json!(["it@oak.example"]));
    assert!(letters[0]["text"].as_str().unwrap().starts_with("Last night's run of Weir failed"), "{}", letters[0]["text"]);
}
