//! A day's work in a real browser: tests of the filter planned, one recorded and mended; a change asked for by one, refused to the same
//! person, approved by another and made by a third; a site asked for by a teacher. Each page on the way is for everyone.
//!
//! Elsewhere: the first run and the second step (`nobody_comes_in_without_an_account`), an alert and a name (`every_planted_concern_is_
//! raised`).

use weir_tests::browser::Browser;
use weir_tests::everyone::{axe, listed, wrongs, wrongs_by_keyboard};
use weir_tests::served::Served;
use weir_tests::sign_in::code_of;
use weir_tests::{Home, not_run};

const TEST: &str = "a_days_work_of_each_role";
const PASSWORD: &str = "violet kettle marmot";

/// Somebody at their own browser.
struct Person {
    browser: Browser,
    base: String,
    axe: Option<String>,
    wrongs: Vec<String>,
}

impl Person {
    /// Adds somebody, who sets a password by the link and comes in.
    fn new(home: &Home, server: &Served, role: &str) -> Option<Self> {
        let email = format!("{role}@oak.example");
        let school = home.school();
        let at = format!("school:{school}");
        let added = home.weir_ok(["user", "add", &email, "--name", &format!("{role} Beispiel"), "--role", role, "--at", &at], 0);
        let link = added.stdout.split_once("/link/").unwrap().1.split_whitespace().next().unwrap().to_owned();
        let mut browser = Browser::start()?;
        browser.open(&format!("http://{}/link/{link}", server.address));
        browser.send(&[("password", PASSWORD)], "Set the password");
        browser.send(&[("email", &email), ("password", PASSWORD)], "Sign in");
        if browser.text("h1") == "Set up a second step" {
            let key = browser.text(".secret");
            browser.send(&[("code", &code_of(&key, 0))], "Continue");
            browser.send(&[], "I have kept them: go on");
        }
        let base = format!("http://{}/school/{school}", server.address);
        Some(Self { browser, base, axe: axe(), wrongs: Vec::new() })
    }

    fn look(&mut self) {
        let Some(axe) = &self.axe else { return };
        let found = [wrongs(&mut self.browser, axe), wrongs_by_keyboard(&mut self.browser)].concat();
        let address = self.browser.address();
        self.wrongs.extend(found.into_iter().map(|wrong| format!("{address}: {wrong}")));
    }

    fn open(&mut self, path: &str) -> String {
        self.browser.open(&format!("{}{path}", self.base));
        self.look();
        self.browser.text("#main")
    }

    fn send(&mut self, chosen: &[(&str, &str)], typed: &[(&str, &str)], button: &str) -> String {
        self.browser.choose(chosen);
        self.browser.send(typed, button);
        self.look();
        self.browser.text("#main")
    }

    /// Sends a form that the page does not have.
    fn send_anyway(&mut self, path: &str, fields: &[(&str, &str)]) -> String {
        let inputs: String = fields
            .iter()
            .map(|(name, value)| {
                format!("{{const e = document.createElement('input'); e.name = '{name}'; e.value = '{value}'; f.append(e);}}")
            })
            .collect();
        let base = self.base.split_once("/school/").unwrap().1.to_owned();
        self.browser.leave(&format!(
            "(() => {{ const f = document.createElement('form'); f.method = 'post'; f.action = '/school/{base}{path}'; {inputs} \
             document.body.append(f); f.submit(); }})()"
        ));
        self.browser.text("#main")
    }

    fn ends(self, allowed: &[&str]) {
        assert!(self.wrongs.is_empty(), "{}", listed(&self.wrongs));
        let complaints = self.browser.complaints().iter().filter(|words| !allowed.iter().any(|known| words.contains(known)));
        assert_eq!(complaints.collect::<Vec<_>>(), [] as [&String; 0]);
    }
}

#[test]
fn checks_changes_and_requests() {
    let home = Home::new();
    // The first account is an administrator's; without one the pages ask for a set-up.
    home.weir_ok(["user", "add", "boss@oak.example", "--name", "Quill Beispiel", "--role", "administrator", "--at", "*"], 0);
    let server = Served::start(&home);
    let Some(mut technician) = Person::new(&home, &server, "technician") else {
        return not_run(TEST, "chromium");
    };
    if axe().is_none() {
        not_run(TEST, "axe-core (WEIR_AXE)");
    }
    let mut lead = Person::new(&home, &server, "dsl").unwrap();
    let mut head = Person::new(&home, &server, "leader").unwrap();
    let mut teacher = Person::new(&home, &server, "staff").unwrap();

    // A check: planned, recorded with a failure, mended.
    assert!(technician.open("/checks").contains("Begin with a plan"));
    technician.browser.send(&[], "Plan what to test");
    technician.look();
    let page = technician.send(
        &[("device", "tablet"), ("group", "pupils"), ("test-abuse_images", "yes"), ("test-adult", "yes")],
        &[("site", "Main building")],
        "Plan these tests",
    );
    assert!(page.contains("Main building"), "{page}");
    technician.browser.send(&[], "Record a check");
    technician.look();
    let page = technician.send(&[], &[("found", "A page opened")], "Record this check");
    assert!(page.contains("There is a problem"), "{page}");
    technician.open("/checks/add");
    let spot = technician.browser.value("[...document.getElementById('spot').options].map(o => o.value).find(v => v)");
    let page = technician.send(
        &[("spot", spot.as_str().unwrap()), ("view", "technical"), ("test-adult", "failed"), ("test-abuse_images", "passed")],
        &[
            ("done_by", "Quill"),
            ("found", "A page opened"),
            ("action", "Told the provider"),
            ("owner", "Quill"),
            ("due", "1 12 2030"),
        ],
        "Record this check",
    );
    assert!(page.contains("A page opened") || page.contains("adult"), "{page}");
    let page = lead.open("/checks");
    assert!(page.contains("1 ") && page.to_lowercase().contains("failed"), "{page}");

    // A change of the policy: the lead asks, may not decide, the head approves, the technician makes it.
    lead.open("/changes");
    lead.browser.send(&[], "Ask for a change");
    lead.look();
    let page = lead.send(
        &[("kind", "policy"), ("group", "from_7")],
        &[("what", "riverfilms.example"), ("reason", "A lesson about rivers"), ("risk", "The teacher watches")],
        "Ask for this change",
    );
    assert!(page.contains("You asked for this, so somebody else decides."), "{page}");
    let change = lead.browser.address();
    let number = change.rsplit('/').next().unwrap().to_owned();
    assert_eq!(lead.browser.value("!!document.getElementById('decision')"), false);
    let page = lead.send_anyway(&format!("/changes/{number}/decide"), &[("decision", "approved"), ("why", "mine")]);
    assert!(page.contains("You asked for this yourself: somebody else must decide."), "{page}");
    let page = head.open(&format!("/changes/{number}"));
    assert!(page.contains("riverfilms.example"), "{page}");
    let page = head.send(&[("decision", "approved")], &[("why", "It is what the policy is for")], "Record the decision");
    assert!(page.contains("It is what the policy is for"), "{page}");
    technician.open(&format!("/changes/{number}"));
    let page = technician.send(&[], &[], "Say that it is made");
    assert!(!page.contains("There is a problem"), "{page}");

    // A teacher asks for a site, and sees nothing else.
    assert!(teacher.open("/requests").contains("Ask for a site"));
    teacher.browser.send(&[], "Ask for a site or a bypass");
    teacher.look();
    let page = teacher.send(&[], &[("what", "poems.example")], "Ask for this");
    assert!(page.contains("There is a problem"), "{page}");
    for path in ["/checks", "/changes", "/alerts", "/records", "/names"] {
        assert_eq!(teacher.open(path), teacher.browser.text("#main"));
        assert!(!teacher.browser.text("#main").contains("riverfilms"), "{path}");
        assert_eq!(teacher.browser.text("h1"), "Your role does not include this page", "{path}");
    }

    technician.ends(&["422", "400"]);
    head.ends(&[]);
    lead.ends(&["422", "400", "403"]);
    teacher.ends(&["422", "400", "403"]);
    drop(server);
    let trail = home.weir_ok(["audit", "list", "--output", "ndjson", "--limit", "1000"], 0).stdout;
    let count = |words: &str| trail.lines().filter(|line| line.contains(words)).count();
    assert!(count("\"action\":\"record\"") >= 4, "{trail}");
    assert!(count("refused") >= 1, "the refused decision is a row of the trail: {trail}");
    home.weir_ok(["audit", "verify"], 0);
}
