//! Signing in at a real OpenID provider: people come in as themselves, with the roles their groups give and no other; and an answer that was
//! made for another way, another program, or by somebody else signs nobody in.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use weir_tests::{Home, not_run};

use crate::a_letter_says_only_that_something_waits::add;

const TEST: &str = "who_signs_in_elsewhere_is_who_they_say";

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// An answer to a request.
struct Answer {
    status: u16,
    location: String,
    text: String,
}

/// A browser without a screen: follows nothing by itself, keeps its cookies by host and port.
#[derive(Default)]
struct Jar(BTreeMap<String, BTreeMap<String, String>>);

impl Jar {
    fn get(&mut self, url: &str) -> Answer {
        let rest = url.strip_prefix("http://").unwrap_or_else(|| panic!("{url}"));
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = if path.is_empty() { "/" } else { path };
        let port = host.rsplit_once(':').unwrap().1;
        let cookies = self.0.entry(host.to_owned()).or_default();
        let line: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\nConnection: close\r\n\r\n", line.join("; "))
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut location = String::new();
        for line in head.lines() {
            let Some((name, value)) = line.split_once(": ") else { continue };
            if name.eq_ignore_ascii_case("location") {
                location = value.to_owned();
            } else if name.eq_ignore_ascii_case("set-cookie") {
                let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if location.starts_with('/') {
            location = format!("http://{host}{location}");
        }
        Answer { status: head.split(' ').nth(1).unwrap().parse().unwrap(), location, text }
    }

    /// To the provider; gives where it wants them.
    fn leave(&mut self, weir: &str, next: &str) -> String {
        let answer = self.get(&format!("http://{weir}/sign-in/with/school?next={next}"));
        assert_eq!(answer.status, 303, "{}", answer.text);
        assert!(answer.location.contains("code_challenge_method=S256"), "{}", answer.location);
        answer.location
    }

    /// Signs in there; gives the address by which they come back.
    fn sign_in(&mut self, weir: &str, to: &str, who: &str) -> String {
        let mut url = format!("{to}&login_hint={who}");
        for _ in 0..8 {
            let answer = self.get(&url);
            assert!((300..400).contains(&answer.status), "{url}: {}", answer.text);
            url = answer.location;
            if url.starts_with(&format!("http://{weir}/")) {
                return url;
            }
        }
        panic!("the provider goes round: {url}");
    }

    /// The whole way; gives what they come to.
    fn come(&mut self, weir: &str, who: &str, next: &str) -> Answer {
        let to = self.leave(weir, next);
        let back = self.sign_in(weir, &to, who);
        self.get(&back)
    }

    fn has_session(&self, weir: &str) -> bool {
        self.0.get(weir).and_then(|cookies| cookies.get("weir-session")).is_some_and(|value| !value.is_empty())
    }
}

fn modules() -> Option<PathBuf> {
    let found = std::env::var_os("WEIR_OIDC").map(PathBuf::from).filter(|path| path.join("node_modules/oidc-provider").is_dir());
    if found.is_none() {
        not_run(TEST, "node with oidc-provider (WEIR_OIDC)");
    }
    found
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut line).unwrap();
    // It says more later, and would end where nobody reads it.
    std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    line.trim().to_owned()
}

fn setting(issuer: &str, school: &str) -> String {
    format!(
        "\n[[sign_in]]\nid = \"school\"\nname = \"School account\"\nissuer = \"{issuer}\"\nclient_id = \"weir\"\nsecret_file = \"sign-in-secret\"\n\
         [[sign_in.role]]\ngroup = \"governors\"\nrole = \"governor\"\nat = \"school:{school}\"\n"
    )
}

/// A provider and an estate that trusts it.
struct Scene {
    home: Home,
    weir: String,
    bend: PathBuf,
    _provider: Running,
    _weir: Running,
}

impl Scene {
    fn start(modules: &Path) -> Self {
        let home = Home::new();
        for (email, role) in [
            ("gwen@oak.example", "staff"),
            ("lead@oak.example", "dsl"),
            ("unsure@oak.example", "staff"),
            ("stray@oak.example", "staff"),
        ] {
            add(&home, email, role);
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let weir = format!("localhost:{port}");
        let bend = home.path().join("bend.json");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc_provider.mjs");
        let mut provider = Command::new("node")
            .arg(script)
            .arg(modules)
            .arg(format!("http://{weir}/sign-in/back/school"))
            .arg(&bend)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let issuer = format!("http://127.0.0.1:{}", first_line(&mut provider));
        let provider = Running(provider);
        let secret = home.estate().join("sign-in-secret");
        fs::write(&secret, "a-secret-of-tests\n").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let path = home.estate().join("weir.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text + &setting(&issuer, &home.school())).unwrap();
        let mut child = home.command().args(["serve", "--port", &port.to_string()]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while !lines.next().expect("the pages are served").unwrap().starts_with("Open ") {}
        Self { home, weir, bend, _provider: provider, _weir: Running(child) }
    }
}

#[test]
fn people_come_in_as_themselves_with_the_roles_of_their_groups() {
    let Some(modules) = modules() else { return };
    let scene = Scene::start(&modules);
    let weir = &scene.weir;
    let school = scene.home.school();
    let page = |jar: &mut Jar, path: &str| jar.get(&format!("http://{weir}{path}"));

    // An address that the provider vouches for, and a group that gives a role: the page they wanted opens.
    let mut gwen = Jar::default();
    assert!(page(&mut gwen, "/sign-in").text.contains("Sign in with School account"));
    let answer = gwen.come(weir, "gwen", "/method");
    assert_eq!((answer.status, answer.location.as_str()), (303, format!("http://{weir}/method").as_str()), "{}", answer.text);
    assert_eq!(page(&mut gwen, "/method").status, 200);
    assert!(page(&mut gwen, "/account").text.contains("Governor or trustee"));
    assert_eq!(page(&mut gwen, &format!("/school/{school}/alerts")).status, 403);

    // Groups without a line in the settings give nothing, whatever they are called.
    let mut stray = Jar::default();
    assert_eq!(stray.come(weir, "stray", "").status, 303);
    let account = page(&mut stray, "/account").text;
    assert!(!account.contains("Governor") && !account.contains("Administrator"), "{account}");
    assert_eq!(page(&mut stray, "/people").status, 403);
    assert_eq!(page(&mut stray, "/method").status, 403);

    // A role that comes to names asks for its second step, unless it was shown there.
    let mut lead = Jar::default();
    let answer = lead.come(weir, "lead", "/today");
    assert!(answer.location.ends_with("/sign-in/second-step?next=/today"), "{}", answer.location);
    assert!(page(&mut lead, "/today").location.ends_with("/sign-in/second-step"), "half way is not in");
    let mut lead = Jar::default();
    assert!(lead.come(weir, "mfa", "/today").location.ends_with("/today"));
    assert_eq!(page(&mut lead, "/today").status, 200);

    // An address that nobody vouches for waits for an administrator; whoever has no account reads the same.
    for who in ["unsure", "nobody"] {
        let mut jar = Jar::default();
        let answer = jar.come(weir, who, "");
        assert_eq!(answer.status, 200, "{who}");
        assert!(answer.text.contains("Weir does not know this account yet") && !jar.has_session(weir), "{who}: {}", answer.text);
    }
    let listed = scene.home.weir_ok(["user", "list"], 0).stdout;
    assert!(!listed.contains("nobody@oak.example"), "nobody gets an account this way: {listed}");

    // Where to go on to stays here.
    for next in ["https://evil.example/", "//evil.example", "/%5Cevil.example", "/sign-out"] {
        let answer = Jar::default().come(weir, "gwen", next);
        assert_eq!(answer.location, format!("http://{weir}/"), "{next}");
    }
    let trail = scene.home.weir_ok(["audit", "list", "--output", "ndjson", "--limit", "1000"], 0).stdout;
    assert!(trail.contains("elsewhere\\\":true") && trail.contains("join-identity") && !trail.contains("oak.example"), "{trail}");
    scene.home.weir_ok(["audit", "verify"], 0);
}

#[test]
fn an_answer_that_was_not_made_for_this_way_signs_nobody_in() {
    let Some(modules) = modules() else { return };
    let scene = Scene::start(&modules);
    let weir = &scene.weir;
    let refused = |jar: &Jar, answer: &Answer, status: u16, told: &str| {
        assert_eq!(answer.status, status, "{told}: {}", answer.text);
        assert!(!jar.has_session(weir), "{told}");
    };

    // The same answer twice, and another browser's.
    let mut gwen = Jar::default();
    let to = gwen.leave(weir, "");
    let back = gwen.sign_in(weir, &to, "gwen");
    let mut thief = Jar::default();
    let answer = thief.get(&back);
    refused(&thief, &answer, 400, "another browser");
    let answer = gwen.get(&back);
    refused(&gwen, &answer, 400, "its state was used up");
    let mut gwen = Jar::default();
    let to = gwen.leave(weir, "");
    let back = gwen.sign_in(weir, &to, "gwen");
    assert_eq!(gwen.get(&back).status, 303);
    let session = gwen.0[weir]["weir-session"].clone();
    gwen.0.get_mut(weir).unwrap().remove("weir-session");
    let answer = gwen.get(&back);
    refused(&gwen, &answer, 400, "replayed");
    assert!(!session.is_empty());
    // One's own code in the way of somebody else, who would then be signed in as another.
    let mut mallory = Jar::default();
    let to = mallory.leave(weir, "");
    let planted = mallory.sign_in(weir, &to, "stray");
    let mut victim = Jar::default();
    victim.leave(weir, "");
    let answer = victim.get(&planted);
    refused(&victim, &answer, 400, "a planted way");
    // A way without a state, a state that is none, an answer of another provider, a code that is none.
    let mut jar = Jar::default();
    let to = jar.leave(weir, "");
    let state = to.split(['?', '&']).find_map(|part| part.strip_prefix("state=")).unwrap().to_owned();
    for (query, status) in [
        ("code=x".to_owned(), 400),
        ("code=x&state=none".to_owned(), 400),
        (format!("code=x&state={state}&iss=http://evil.example"), 400),
    ] {
        let answer = jar.get(&format!("http://{weir}/sign-in/back/school?{query}"));
        refused(&jar, &answer, status, &query);
    }
    let mut jar = Jar::default();
    let to = jar.leave(weir, "");
    let state = to.split(['?', '&']).find_map(|part| part.strip_prefix("state=")).unwrap().to_owned();
    let answer = jar.get(&format!("http://{weir}/sign-in/back/school?code=x&state={state}"));
    refused(&jar, &answer, 403, "a code that is none");
    // Broken off there.
    let mut jar = Jar::default();
    let to = jar.leave(weir, "");
    let back = jar.sign_in(weir, &to, "stranger");
    assert!(back.contains("error=access_denied"), "{back}");
    let answer = jar.get(&back);
    refused(&jar, &answer, 400, "broken off");

    // A nonce of another way: the token was made for somebody else's.
    let mut jar = Jar::default();
    let to = jar.leave(weir, "");
    let nonce = to.split(['?', '&']).find_map(|part| part.strip_prefix("nonce=")).unwrap().to_owned();
    let back = jar.sign_in(weir, &to.replace(&nonce, "another"), "gwen");
    let answer = jar.get(&back);
    refused(&jar, &answer, 403, "wrong nonce");

    // What a token says, changed by one who can sign as the provider; and by one who can't.
    for (told, bent) in [
        ("issuer", r#"{"claims": {"iss": "http://127.0.0.1:1"}}"#),
        ("audience", r#"{"claims": {"aud": "another-program"}}"#),
        ("two audiences", r#"{"claims": {"aud": ["weir", "another-program"]}}"#),
        ("time", r#"{"claims": {"exp": 1}}"#),
        ("signature", r#"{"claims": {}, "other_key": true}"#),
        ("access token", r#"{"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}}"#),
    ] {
        fs::write(&scene.bend, bent).unwrap();
        let mut jar = Jar::default();
        let answer = jar.come(weir, "gwen", "");
        refused(&jar, &answer, 403, told);
        assert!(answer.text.contains("This account can’t sign in here"), "{told}");
    }
    // The bent way is the way: unbent, it signs in.
    fs::write(&scene.bend, r#"{"claims": {}}"#).unwrap();
    let mut jar = Jar::default();
    assert_eq!(jar.come(weir, "gwen", "").status, 303);
}

#[test]
fn what_is_wrong_with_a_provider_is_said_before_anybody_comes() {
    let home = Home::new();
    let path = home.estate().join("weir.toml");
    let text = fs::read_to_string(&path).unwrap();
    let good = setting("http://127.0.0.1:9", &home.school());
    let secret = home.estate().join("sign-in-secret");
    let refused = |settings: &str, wanted: &str| {
        fs::write(&path, format!("{text}{settings}")).unwrap();
        let ran = home.weir_ok(["serve", "--port", "0"], 2);
        assert!(ran.stderr.contains(wanted), "{wanted}: {}", ran.stderr);
    };
    refused(&good, "sign-in-secret: No such file");
    fs::write(&secret, "x").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    refused(&good, "chmod 600");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    refused(&good.replace("\"governor\"", "\"king\""), "found the role \"king\"");
    refused(&good.replace("\"governor\"", "\"administrator\""), "no group elsewhere makes an administrator");
    refused(&good.replace("http://127.0.0.1:9", "http://login.example"), "use the provider's https:// address");
    refused(
        &good.replace("http://127.0.0.1:9", "https://login.microsoftonline.com/common/v2.0"),
        "use the provider's https:// address",
    );
    refused(&good.replace("http://127.0.0.1:9", "https://accounts.google.com"), "give hosted_domain");
}
