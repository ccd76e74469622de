//! No document, page, table or log for governors or the public holds a name, a log-in, a key or a search of anybody: every one of them is
//! unpacked and searched for all that the invented logs hold. The same search finds them in what the safeguarding lead takes out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::io::{Cursor, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flate2::read::ZlibDecoder;
use serde_json::Value;
use weir_sample_data::traces;
use weir_tests::{Ran, not_run, weir_bin};

/// The demo's seed.
const SEED: u64 = 2026;

/// Searches that are the product's own words for a theme or a way to help, and so stand on pages by themselves.
const OWN_WORDS: [&str; 4] = ["self harm", "childline", "samaritans", "porn"];

/// What is searched for: by its first word, what follows.
struct Wanted(BTreeMap<String, Vec<(Vec<String>, &'static str)>>);

/// Lower case, whatever stands between words left out: markup, line ends and marks hide nothing.
fn words(text: &str) -> Vec<String> {
    text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The text between marks of markup, as somebody reads it.
fn read(text: &str) -> String {
    let mut parts = text.split('<');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part.split_once('>').map_or(part, |(_, after)| after));
    }
    out
}

impl Wanted {
    fn new(keys: BTreeSet<String>) -> Self {
        let traces = traces(SEED);
        let searches: BTreeSet<String> = traces.searches.into_iter().filter(|one| !OWN_WORDS.contains(&one.as_str())).collect();
        assert!(keys.len() > 1_000 && traces.logins.len() > 1_000 && searches.len() > 80);
        let mut wanted: BTreeMap<String, Vec<(Vec<String>, &'static str)>> = BTreeMap::new();
        for (kind, of_kind) in [("a key", keys), ("a name", traces.names), ("a log-in", traces.logins), ("a search", searches)] {
            for one in of_kind {
                let mut parts = words(&one).into_iter();
                let first = parts.next().unwrap();
                wanted.entry(first).or_default().push((parts.collect(), kind));
            }
        }
        Self(wanted)
    }

    /// What of it stands in a text.
    fn found(&self, text: &str) -> BTreeMap<&'static str, String> {
        let mut found = BTreeMap::new();
        // As it stands, attributes and all, and as it is read.
        for words in [words(text), words(&read(text))] {
            for (at, word) in words.iter().enumerate() {
                for (rest, kind) in self.0.get(word).into_iter().flatten() {
                    if words[at + 1..].starts_with(rest) {
                        found.insert(*kind, format!("{word} {}", rest.join(" ")));
                    }
                }
            }
        }
        found
    }

    fn none_in(&self, what: &str, text: &str) {
        assert_eq!(self.found(text), BTreeMap::new(), "{what}");
    }
}

fn weir(estate: &Path, arguments: &[&str]) -> Ran {
    Command::new(weir_bin()).arg("--config").arg(estate.join("weir.toml")).args(arguments).output().unwrap().into()
}

/// A browser of few means: it keeps its cookie.
struct Visitor {
    port: u16,
    cookie: String,
}

impl Visitor {
    fn ask(&mut self, request: &str, body: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        let head = format!(
            "{request} HTTP/1.1\r\nHost: localhost:{}\r\nCookie: {}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            self.cookie,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        if let Some(cookie) = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")) {
            self.cookie = cookie.split(';').next().unwrap().to_owned();
        }
        let body = if head.to_lowercase().contains("transfer-encoding: chunked") {
            unchunked(&answer[end + 4..])
        } else {
            answer[end + 4..].to_vec()
        };
        (head, body)
    }

    fn get(&mut self, path: &str) -> (String, Vec<u8>) {
        self.ask(&format!("GET {path}"), "")
    }

    fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> (String, String) {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let (head, body) = self.ask(&format!("POST {path}"), &body.join("&"));
        (head, String::from_utf8_lossy(&body).into_owned())
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap().trim(), 16).unwrap();
        whole.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 2 + size + 2..];
        if size == 0 {
            break;
        }
    }
    whole
}

/// Somebody of the demo, as its start printed them.
fn signed_in(port: u16, printed: &[String], role: &str) -> Visitor {
    let email = format!("{role}@weir-demo.example");
    let line = printed.iter().find(|line| line.contains(&email)).expect("a sign-in");
    let is_password = |cell: &&str| cell.len() == 19 && cell.matches('-').count() == 3;
    let password = line.split(['│', '┆', '|']).map(str::trim).find(is_password).expect("a password");
    let mut visitor = Visitor { port, cookie: String::new() };
    let (head, _) = visitor.post("/sign-in", &[("email", &email), ("password", password)]);
    assert!(head.starts_with("HTTP/1.1 303"), "{head}");
    let (_, page) = visitor.get("/sign-in/second-step");
    let page = String::from_utf8_lossy(&page).into_owned();
    if let Some((_, rest)) = page.split_once("<p class=\"secret\">") {
        let key = rest.split_once("</p>").unwrap().0.replace(' ', "");
        let secret = totp_rs::Secret::try_from_base32(&key).unwrap();
        let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("a").with_issuer(Some("Weir")).build().unwrap();
        let code = totp.generate(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).to_string();
        let (_, body) = visitor.post("/sign-in/second-step", &[("code", &code)]);
        assert!(body.contains("recovery codes"), "{body}");
    }
    visitor
}

/// Every address that somebody can go to from the first page, with what it answers.
fn walked(visitor: &mut Visitor, most: usize) -> Vec<(String, Vec<u8>)> {
    let mut seen = BTreeSet::new();
    let mut waiting = VecDeque::from(["/".to_owned()]);
    let mut answers = Vec::new();
    while let Some(path) = waiting.pop_front() {
        if answers.len() >= most || !seen.insert(path.clone()) {
            continue;
        }
        let (head, body) = visitor.get(&path);
        assert!(head.starts_with("HTTP/1.1 200") || head.starts_with("HTTP/1.1 303"), "{path}: {head}");
        waiting.extend(head.lines().filter_map(|line| line.strip_prefix("location: ")).map(str::to_owned));
        let text = String::from_utf8_lossy(&body).into_owned();
        for link in text.split("href=\"").skip(1).filter_map(|rest| rest.split_once('"')) {
            let link = link.0.split('#').next().unwrap();
            if link.starts_with('/') {
                waiting.push_back(link.replace("&amp;", "&").replace("&#38;", "&"));
            }
        }
        answers.push((path, body));
    }
    answers
}

/// Everything that is compressed in a PDF, as text, with what stands in it unpacked.
fn pdf_text(pdf: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(pdf).into_owned();
    let mut at = 0;
    let mut streams = 0;
    while let Some(found) = pdf[at..].windows(6).position(|six| six == b"stream") {
        let from = at + found + 6;
        let from = from + pdf[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let mut inflated = Vec::new();
        if ZlibDecoder::new(&pdf[from..]).read_to_end(&mut inflated).is_ok() || !inflated.is_empty() {
            streams += 1;
            text.push(' ');
            text.push_str(&String::from_utf8_lossy(&inflated));
        }
        at = from;
    }
    assert!(streams > 5, "{streams} streams of a PDF");
    text
}

/// What a reader of PDFs reads.
fn pdf_read(path: &Path) -> Option<String> {
    let ran = Command::new("pdftotext").args(["-enc", "UTF-8"]).arg(path).arg("-").output().ok()?;
    assert!(ran.status.success());
    Some(String::from_utf8_lossy(&ran.stdout).into_owned())
}

/// The parts of an archive, with their names.
fn unzipped(bytes: &[u8]) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    for place in 0..archive.len() {
        let mut file = archive.by_index(place).unwrap();
        let mut part = Vec::new();
        file.read_to_end(&mut part).unwrap();
        text.push_str(&format!(" {} ", file.name().unwrap_or_default()));
        text.push_str(&String::from_utf8_lossy(&part));
    }
    text
}

fn of_answer(body: &[u8]) -> String {
    match body {
        [b'%', b'P', b'D', b'F', ..] => pdf_text(body),
        [b'P', b'K', ..] => unzipped(body),
        _ => String::from_utf8_lossy(body).into_owned(),
    }
}

/// On the estate of the demo's own test, with its people as they were printed, and what the server wrote so far.
pub(crate) fn check(estate: &Path, port: u16, printed: &[String], log: &Path) {
    let keys: BTreeSet<String> = {
        let text = "SELECT DISTINCT user_key AS key FROM events WHERE user_key IS NOT NULL \
                    UNION SELECT DISTINCT device_key FROM events WHERE device_key IS NOT NULL \
                    UNION SELECT DISTINCT actor_key FROM admin_events WHERE actor_key IS NOT NULL";
        let ran = weir(estate, &["sql", "--output", "ndjson", text]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let key = |line: &str| serde_json::from_str::<Value>(line).unwrap()["key"].as_str().unwrap().to_owned();
        ran.stdout.lines().map(key).collect()
    };
    let wanted = Wanted::new(keys);

    // Documents: as governors sign them, and for everyone.
    let mut pages_of_pdf = 0;
    for school in ["kestrel-academy", "larkrise-infants", "oakfield-juniors"] {
        for audience in ["governors", "public"] {
            for form in ["pdf", "xlsx", "html", "zip", "json"] {
                let file = estate.join(format!("traces-{school}-{audience}.{form}"));
                let ran = weir(estate, &["report", school, "2026-27", "--audience", audience, "--out", file.to_str().unwrap()]);
                assert_eq!(ran.status, 0, "{}", ran.stderr);
                let bytes = fs::read(&file).unwrap();
                let what = format!("{school}, {audience}, {form}");
                wanted.none_in(&what, &of_answer(&bytes));
                wanted.none_in(&what, &(ran.stdout + &ran.stderr));
                if form == "pdf" {
                    match pdf_read(&file) {
                        Some(read) => {
                            pages_of_pdf += read.matches('\u{c}').count();
                            wanted.none_in(&what, &read);
                        }
                        None => not_run("nothing_identifies_a_child (read as a PDF)", "pdftotext (poppler-utils)"),
                    }
                }
            }
        }
    }
    assert!(pages_of_pdf == 0 || pages_of_pdf > 60, "{pages_of_pdf} pages");

    // Every page, table and file that a governor can come to; and the first of what an officer of all schools can.
    let mut governor = signed_in(port, printed, "governor");
    let walked_by_governor = walked(&mut governor, 2_000);
    assert!(walked_by_governor.len() > 100, "{}", walked_by_governor.len());
    for (path, body) in &walked_by_governor {
        wanted.none_in(path, &of_answer(body));
    }
    let of_pages = |end: &str| walked_by_governor.iter().filter(|(path, _)| path.ends_with(end)).count();
    assert!(of_pages(".csv") > 20 && of_pages("/summary/pdf") > 0 && of_pages("/saved/published_themes") > 0);
    let mut officer = signed_in(port, printed, "officer");
    for (path, body) in walked(&mut officer, 150) {
        wanted.none_in(&path, &of_answer(&body));
    }
    // What was written while all of this was asked.
    let written = fs::read_to_string(log).unwrap();
    wanted.none_in("the server's log", &written);

    // The same search finds all of it in what the safeguarding lead takes out.
    let mut lead = signed_in(port, printed, "dsl");
    let (head, body) = lead.get("/saved");
    // Of one school it leads there, of several it lists them.
    let listed = format!("{head}\n{}", String::from_utf8_lossy(&body));
    let is_of_a_school = |place: &&str| place.starts_with("/school/") && place.ends_with("/saved");
    let bases: BTreeSet<String> = listed
        .split(['"', ' ', '\r', '\n'])
        .filter(is_of_a_school)
        .map(|place| place.trim_end_matches("/saved").to_owned())
        .collect();
    assert!(!bases.is_empty(), "{listed}");
    let (mut file, mut base) = (String::new(), String::new());
    for of_school in bases {
        for search in ["facts", "map", "game", "how"] {
            let fields = [
                ("value-words", search),
                ("value-from", "27 days ago"),
                ("value-to", "today"),
                ("reason", "looking for canaries"),
                ("as", "csv"),
            ];
            let (head, body) = lead.post(&format!("{of_school}/saved/who_searched_for"), &fields);
            assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/csv"), "{head}\n{body}");
            file.push_str(&body);
        }
        // The key that is asked about below is this school's.
        base = of_school;
        if file.contains("k1-") {
            break;
        }
    }
    let found = wanted.found(&file);
    assert!(found.contains_key("a key") && found.contains_key("a search"), "{found:?} in {}", file.lines().count());
    let key = file.split([',', '\n']).find(|cell| cell.starts_with("k1-")).unwrap().trim().to_owned();
    let fields = [("key", key.as_str()), ("reason", "looking for a canary")];
    let (_, shown) = lead.post(&format!("{base}/names/reveal"), &fields);
    let found = wanted.found(&shown);
    assert!(found.contains_key("a log-in") || found.contains_key("a name"), "{found:?}");
    // Nor does the server write down what it showed.
    wanted.none_in("the server's log", &fs::read_to_string(log).unwrap());
    // And small numbers stand in the lead's copy where governors read a mark.
    let marks = |audience: &str| {
        let out = estate.join(format!("marks-{audience}.json"));
        let ran =
            weir(estate, &["report", "larkrise-infants", "2026-27", "--audience", audience, "--out", out.to_str().unwrap()]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        fs::read_to_string(out).unwrap().matches("\"mark\":\"[c]\"").count()
    };
    assert!(marks("governors") > 0);
    assert_eq!(marks("dsl"), 0);
}

#[test]
fn the_search_finds_what_is_hidden_in_markup_and_streams() {
    let wanted = Wanted(BTreeMap::from([
        ("fern".to_owned(), vec![(vec!["foxglove".to_owned()], "a name")]),
        ("k1".to_owned(), vec![(vec!["ab12".to_owned()], "a key")]),
    ]));
    for text in ["Fern Foxglove", "<b>FERN</b>\n<i>foxglove</i>", "x,fern.foxglove@oak.example", "[fern]  (foxglove)"] {
        assert!(wanted.found(text).contains_key("a name"), "{text}");
    }
    assert!(wanted.found("key=k1-ab12;").contains_key("a key"));
    assert_eq!(wanted.found("fernfoxglove, fern, Fernfox glove, k1-ab123"), BTreeMap::new());
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(b"BT (Fern Foxglove) Tj ET").unwrap();
    let packed = packed.finish().unwrap();
    let mut pdf = b"%PDF-1.7\n".to_vec();
    for _ in 0..6 {
        pdf.extend_from_slice(b"1 0 obj <<>> stream\n");
        pdf.extend_from_slice(&packed);
        pdf.extend_from_slice(b"\nendstream\n");
    }
    assert!(wanted.found(&pdf_text(&pdf)).contains_key("a name"));
}
