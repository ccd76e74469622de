//! A review is prepared by three roles in a real browser and signed by a governor. Its files come out byte for byte as stored, and the bundle
//! alone gives the same bytes elsewhere, also after the raw rows are gone; what changed since is shown.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use weir_tests::browser::Browser;
use weir_tests::{Home, Ran, not_run, squid_line, weir_bin};

/// Fourteen days and more after the half-term's end.
const NOW: &str = "2027-01-20T08:00:00Z";
/// Long after the raw rows' time.
const LATER: &str = "2027-06-20T08:00:00Z";
const PASSWORD: &str = "violet kettle marmot";
const YEAR: &str = "2026-27";

/// Stops the server when the test ends, however it ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn at(home: &Home, now: &str, arguments: &[&str]) -> Ran {
    let ran: Ran = home.command().env("WEIR_NOW", now).args(arguments).output().unwrap().into();
    assert_eq!(ran.status, 0, "{arguments:?}\nstdout: {}\nstderr: {}", ran.stdout, ran.stderr);
    ran
}

fn serve(home: &Home, now: &str) -> (Server, String) {
    let mut command = home.command();
    let mut server = Server(command.args(["serve", "--port", "0"]).env("WEIR_NOW", now).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines();
    loop {
        let line = lines.next().expect("the pages are served").unwrap();
        if let Some(rest) = line.strip_prefix("Open ") {
            return (server, rest.split_whitespace().next().unwrap().trim_end_matches('/').to_owned());
        }
    }
}

/// An estate with a half-term that is over, and the logs of one of its days.
fn home() -> Home {
    let home = Home::new();
    let calendar = home.estate().join("calendar.csv");
    let text = fs::read_to_string(&calendar).unwrap();
    fs::write(&calendar, text + "my-school,2026-11-02,2026-12-18,half_term_block,Autumn 2\n").unwrap();
    let rolls = home.estate().join("rolls.csv");
    let text = fs::read_to_string(&rolls).unwrap();
    fs::write(&rolls, text + "my-school,2026-27,*,240\n").unwrap();
    read(&home, "first.log", 0);
    home
}

/// Reads a file with requests of a day so many days after 5 November 2026, and brings the figures up to date.
fn read(home: &Home, name: &str, day: i64) {
    let file = home.path().join(name);
    let line = |n: i64| squid_line(day * 86_400 + n * 60, &format!("pupil{}", n % 12), &format!("http://maps.example/p{n}"));
    fs::write(&file, (0..120).map(line).collect::<Vec<_>>().join("\n") + "\n").unwrap();
    at(home, NOW, &["ingest", "--school", "my-school", "--format", "squid", file.to_str().unwrap()]);
    at(home, NOW, &["rollup"]);
}

/// The code an app with this key shows `steps` half minutes from now.
fn code(key: &str, steps: u64) -> String {
    let secret = totp_rs::Secret::try_from_base32(key.replace(' ', "")).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("a").with_issuer(Some("Weir")).build().unwrap();
    totp.generate(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 30 * steps).to_string()
}

/// Somebody new, from their link to signed in; gives the key of their second step, where they need one.
fn arrive(home: &Home, browser: &mut Browser, base: &str, role: &str) -> String {
    let email = format!("{role}@my-school.example");
    let name = format!("{role} Beispiel");
    let ran = home.weir_ok(["user", "add", &email, "--name", &name, "--role", role, "--at", "school:my-school"], 0);
    let link = ran.stdout.split_whitespace().find_map(|word| word.split_once("/link/")).expect("a link").1;
    browser.open(&format!("{base}/link/{link}"));
    browser.send(&[("password", PASSWORD)], "Set the password");
    browser.send(&[("email", &email), ("password", PASSWORD)], "Sign in");
    if role == "governor" {
        return String::new();
    }
    let key = browser.text(".secret");
    browser.send(&[("code", &code(&key, 0))], "Continue");
    browser.send(&[], "I have kept them: go on");
    key
}

fn come_back(browser: &mut Browser, base: &str, role: &str, key: &str) {
    browser.open(&format!("{base}/sign-in"));
    browser.send(&[("email", &format!("{role}@my-school.example")), ("password", PASSWORD)], "Sign in");
    browser.send(&[("code", &code(key, 1))], "Continue");
}

/// Writes one item of a block, and says that one's own part is ready.
fn prepare(browser: &mut Browser, review: &str, block: u8, item: &str, text: &str, part: &str) {
    browser.open(&format!("{review}/write/{block}"));
    browser.picture(&format!("review-write-{block}"));
    browser.send(&[(item, text)], "Save");
    browser.open(&format!("{review}/sign"));
    browser.send(&[], &format!("{part}: ready"));
}

fn sign(browser: &mut Browser, review: &str) {
    browser.open(&format!("{review}/sign"));
    browser.value("document.getElementById('confirm').click()");
    browser.picture("review-sign");
    assert!(!browser.is_wider_than_a_phone());
    browser.send(&[], "Sign this review");
}

/// The file that `weir report` writes.
fn report(home: &Home, now: &str, out: &Path) -> Vec<u8> {
    let ran = at(home, now, &["report", "my-school", YEAR, "--out", out.to_str().unwrap()]);
    assert!(ran.stdout.contains("as it was signed and stored"), "{}", ran.stdout);
    fs::read(out).unwrap()
}

/// Every form rebuilt in a folder of its own, where there is nothing but the bundle.
fn rebuilt(bundle: &[u8], wanted: &[(&str, Vec<u8>)]) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bundle.json"), bundle).unwrap();
    for (form, stored) in wanted {
        let out = format!("review.{form}");
        let mut command = Command::new(weir_bin());
        command.current_dir(folder.path()).args(["report", "--rebuild", "bundle.json", "--out", &out]);
        let ran: Ran = command.output().unwrap().into();
        assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("No register here"), "{}", ran.stdout);
        assert!(fs::read(folder.path().join(&out)).unwrap() == *stored, "{form} differs");
    }
}

#[test]
fn prepared_by_three_signed_by_a_governor_and_the_same_ever_after() {
    let home = home();
    // Before anybody signs, what comes out says so on every page.
    let draft = home.path().join("draft.html");
    let ran = at(&home, NOW, &["report", "my-school", YEAR, "--out", draft.to_str().unwrap()]);
    assert!(ran.stdout.contains("a DRAFT"), "{}", ran.stdout);
    assert!(fs::read_to_string(&draft).unwrap().contains("DRAFT, not signed"));
    let Some(mut browser) = Browser::start() else {
        return not_run("a_signed_review_stays_as_it_was", "chromium");
    };
    let (server, base) = serve(&home, NOW);
    let review = format!("{base}/school/my-school/{YEAR}/review");

    let head = arrive(&home, &mut browser, &base, "leader");
    browser.open(&review);
    browser.send(&[], "Open the review");
    assert!(browser.text("#engines ~ p").contains("No second program"), "{}", browser.text("main"));
    prepare(&mut browser, &review, 2, "systems", "A firm, and our own technician.", "The head and senior leaders");
    browser.open(&format!("{review}/actions"));
    let action = [("what", "Test the tablets taken home."), ("owner", "IT support"), ("due", "30 6 2027")];
    browser.send(&action, "Add this action");
    browser.picture("review-actions");
    assert!(!browser.is_wider_than_a_phone());
    browser.send(&[], "Sign out");
    let technician = arrive(&home, &mut browser, &base, "technician");
    prepare(&mut browser, &review, 3, "products", "Squid, looked after by us.", "IT support");
    browser.send(&[], "Sign out");
    arrive(&home, &mut browser, &base, "dsl");
    prepare(&mut browser, &review, 12, "ai_assessed", "Each assessed on 1 October 2026.", "The safeguarding lead");
    // Nobody signs figures that only one engine has worked out.
    assert!(browser.text("main").contains("Signing can\u{2019}t begin yet"));
    at(&home, NOW, &["verify", "my-school", YEAR]);
    browser.open(&format!("{review}/sign"));
    browser.picture("review-begin");
    browser.send(&[], "Begin the signing");
    sign(&mut browser, &review);
    browser.send(&[], "Sign out");
    for (role, key) in [("technician", &technician), ("leader", &head)] {
        come_back(&mut browser, &base, role, key);
        sign(&mut browser, &review);
        browser.send(&[], "Sign out");
    }
    arrive(&home, &mut browser, &base, "governor");
    browser.open(&review);
    browser.picture("review");
    assert!(!browser.is_wider_than_a_phone());
    sign(&mut browser, &review);
    assert_eq!(browser.address(), format!("{review}/signed"));
    assert!(browser.text("main").contains("No difference: figures and statements are as they were signed."));
    browser.picture("review-signed");
    assert!(!browser.is_wider_than_a_phone());
    assert_eq!(browser.complaints(), [] as [String; 0]);

    // As stored, and from the bundle alone.
    let forms = ["pdf", "xlsx", "html", "zip"];
    let out = |form: &str| home.path().join(format!("review.{form}"));
    let bundle = report(&home, NOW, &out("json"));
    let stored: Vec<(&str, Vec<u8>)> = forms.iter().map(|form| (*form, report(&home, NOW, &out(form)))).collect();
    assert!(stored[0].1.starts_with(b"%PDF-"));
    rebuilt(&bundle, &stored);
    let text = String::from_utf8(bundle.clone()).unwrap();
    for name in ["leader Beispiel", "technician Beispiel", "dsl Beispiel", "governor Beispiel", "Squid, looked after by us."] {
        assert!(text.contains(name), "{name}");
    }
    assert!(!text.contains("pupil1") && !text.contains("maps.example"), "a name or a page of a log");
    // In the estate itself it says whether they are the same, and finds one that isn't.
    let again = home.path().join("again.pdf");
    let rebuild =
        |from: &Path| home.weir([Path::new("report"), Path::new("--rebuild"), from, Path::new("--out"), again.as_path()]);
    let ran = rebuild(&out("json"));
    assert!(ran.status == 0 && ran.stdout.contains("It equals what is stored."), "{}{}", ran.stdout, ran.stderr);
    let other = home.path().join("other.json");
    fs::write(&other, text.replace("Squid, looked", "Squib, looked")).unwrap();
    let ran = rebuild(&other);
    assert!(ran.status == 1 && ran.stdout.contains("It is NOT what is stored"), "{}{}", ran.stdout, ran.stderr);

    // Late logs of another day change a figure: the page says which, and what was signed stays.
    read(&home, "late.log", 7);
    std::thread::sleep(std::time::Duration::from_secs(4));
    browser.open(&format!("{review}/signed"));
    let changed = browser.text("#today ~ .wide");
    // Of the 32 school days since the first log, one and then two have logs.
    let row = "Days with logs: my-school-filter, Autumn 2\t3.1%\t6.2%";
    assert!(changed.contains(row), "{}", browser.text("main"));
    browser.picture("review-changed");
    drop(server);

    // The raw rows go; what was signed does not.
    home.command().env("WEIR_NOW", LATER).args(["retention", "--yes", "--now"]).output().unwrap();
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), 0);
    assert!(report(&home, LATER, &out("json")) == bundle);
    for (form, before) in &stored {
        assert!(report(&home, LATER, &out(form)) == *before, "{form}");
    }
    rebuilt(&bundle, &stored);
    let actions = home.weir_ok(["audit", "list", "--output", "ndjson", "--limit", "1000"], 0).stdout;
    assert_eq!(actions.matches("\"action\":\"sign\"").count(), 4);
    assert!(actions.matches("\"action\":\"export\"").count() >= 11);
    home.weir_ok(["audit", "verify"], 0);
    // What was never signed is a draft still, and a revision that isn't there is refused.
    let ran = home.weir(["report", "my-school", YEAR, "--revision", "2", "--out", "x.pdf"]);
    assert!(ran.status == 2 && ran.stderr.contains("no revision 2"), "{}", ran.stderr);
    let ran = home.weir(["report", "my-school", YEAR, "--out", "x.docx"]);
    assert!(ran.status == 2 && ran.stderr.contains(".pdf"), "{}", ran.stderr);
}
