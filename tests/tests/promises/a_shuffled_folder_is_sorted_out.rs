//! Every format's own samples, under names that tell nothing, in one folder: each file is claimed by its own format, by ingest and by
//! inspect alike; a file that is cut, mixed or of no known format gets a clear answer.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use weir_tests::{Home, Ran};

/// A format's samples as the file they would stand in.
struct Export {
    format: String,
    /// Guessed from screens: proposed, never taken.
    is_inferred: bool,
    text: String,
    lines: i64,
}

fn texts(value: Option<&toml::Value>) -> Vec<String> {
    match value {
        Some(toml::Value::String(text)) => vec![text.clone()],
        Some(toml::Value::Array(texts)) => texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// Those samples of every format that share a header, a file each.
fn exports() -> Vec<Export> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ingest/formats");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut exports = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "toml")) {
        let spec: toml::Table = fs::read_to_string(file).unwrap().parse().unwrap();
        let mut groups: Vec<(Vec<String>, Vec<String>)> = Vec::new();
        for sample in spec["sample"].as_array().unwrap() {
            let (header, line) = (texts(sample.get("header")), texts(sample.get("line")));
            match groups.iter_mut().find(|(known, _)| *known == header) {
                Some((_, lines)) => lines.extend(line),
                None => groups.push((header, line)),
            }
        }
        for (header, lines) in groups {
            exports.push(Export {
                format: spec["id"].as_str().unwrap().to_owned(),
                is_inferred: spec.get("evidence").and_then(toml::Value::as_str) == Some("inferred"),
                lines: lines.len() as i64,
                text: [header, lines].concat().join("\n") + "\n",
            });
        }
    }
    exports
}

/// The exports as files of a folder, in an order that says nothing of what they are.
fn shuffled(folder: &Path) -> BTreeMap<String, Export> {
    fs::create_dir_all(folder).unwrap();
    let mut files = BTreeMap::new();
    for (at, export) in exports().into_iter().enumerate() {
        let name = format!("download ({}).txt", (at * 37 + 11) % 997);
        fs::write(folder.join(&name), &export.text).unwrap();
        assert!(files.insert(name, export).is_none(), "names are not used twice");
    }
    files
}

fn reports(ran: &Ran) -> BTreeMap<String, Value> {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr));
    let files = report["files"].as_array().unwrap().iter();
    files.map(|file| (file["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned(), file.clone())).collect()
}

fn ingest(home: &Home, path: &Path) -> Ran {
    home.weir(["ingest".as_ref(), "--format".as_ref(), "auto".as_ref(), "--output".as_ref(), "json".as_ref(), path.as_os_str()])
}

#[test]
fn each_file_is_claimed_by_its_own_format() {
    let home = Home::new();
    let folder = home.path().join("from the portal");
    let files = shuffled(&folder);
    assert!(files.len() > 88, "{}", files.len());
    let ran = ingest(&home, &folder);
    assert_eq!(ran.status, 1, "some are to be confirmed: {}", ran.stderr);
    let reports = reports(&ran);
    assert_eq!(reports.len(), files.len());
    let mut told = 0;
    for (name, export) in &files {
        let (report, format) = (&reports[name], &export.format);
        let ledger = &report["ledger"];
        if export.is_inferred {
            assert_eq!(report["status"], "refused", "{name} is {format}: {report}");
            let message = report["message"].as_str().unwrap();
            assert!(message.contains(&format!("name it with --format {format},")), "{name} is {format}: {message}");
            continue;
        }
        assert_eq!(report["format"], format.as_str(), "{name}: {report}");
        assert_eq!(ledger["quarantined"], 0, "{name} is {format}: {report}");
        told += ledger["events"].as_i64().unwrap() + ledger["admin_events"].as_i64().unwrap();
        let dropped = ledger["ignored"]["duplicate"].as_i64().unwrap_or(0) + ledger["ignored"]["flow"].as_i64().unwrap_or(0);
        let all = ledger["events"].as_i64().unwrap() + ledger["admin_events"].as_i64().unwrap() + dropped;
        assert_eq!(all, export.lines, "{name} is {format}: every sample is a row, a session or a row of another file: {report}");
    }
    assert_eq!(home.number("SELECT count(*) AS n FROM events") + home.number("SELECT count(*) AS n FROM admin_events"), told);
    // The same folder again adds nothing, whatever was refused.
    let again = ingest(&home, &folder);
    assert_eq!(again.status, 1, "{}", again.stderr);
    assert_eq!(home.number("SELECT count(*) AS n FROM events") + home.number("SELECT count(*) AS n FROM admin_events"), told);
}

#[test]
fn inspect_claims_them_as_ingest_does() {
    let home = Home::new();
    let folder = home.path().join("from the portal");
    let files = shuffled(&folder);
    // A hundred commands: several at a time.
    let names: Vec<&String> = files.keys().collect();
    for names in names.chunks(8) {
        let running: Vec<_> = names
            .iter()
            .map(|name| {
                let mut command = Command::new(weir_tests::weir_bin());
                command.args(["inspect", "--output", "ndjson"]).arg(folder.join(name));
                (name, command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
            })
            .collect();
        for (name, child) in running {
            let ran: Ran = child.wait_with_output().unwrap().into();
            let export = &files[*name];
            if export.is_inferred {
                assert_eq!(ran.status, 2, "{name}: {}", ran.stdout);
                assert!(ran.stderr.contains(&format!("name it with --format {},", export.format)), "{name}: {}", ran.stderr);
                continue;
            }
            assert_eq!(ran.status, 0, "{name} is {}: {}{}", export.format, ran.stdout, ran.stderr);
            for line in ran.stdout.lines() {
                let line: Value = serde_json::from_str(line).unwrap();
                assert_eq!(line["format"], export.format.as_str(), "{name}");
            }
        }
    }
}

fn squid(n: u32) -> String {
    format!(
        "{}.042     61 10.20.30.{} TCP_MISS/200 8811 GET http://www.maps.example/p{n} apatel HIER_DIRECT/192.0.2.8 text/html\n",
        1_793_869_200 + n,
        n % 200
    )
}

fn fortigate(n: u32) -> String {
    format!(
        "date=2026-11-05 time=09:{:02}:{:02} devname=\"gate\" devid=\"FG-EXAMPLE\" type=\"utm\" subtype=\"webfilter\" eventtype=\"ftgd_allow\" \
         srcip=10.20.31.{} user=\"rokafor\" hostname=\"www.news.example\" url=\"/n{n}\" action=\"passthrough\" cat=36 catdesc=\"News and Media\"\n",
        n / 60 % 60,
        n % 60,
        n % 200
    )
}

fn one(home: &Home, name: &str, bytes: &[u8]) -> (Ran, Value) {
    let path = home.path().join(name);
    fs::write(&path, bytes).unwrap();
    let ran = ingest(home, &path);
    let report = if ran.stdout.is_empty() { Value::Null } else { reports(&ran).remove(name).unwrap() };
    (ran, report)
}

#[test]
fn a_file_that_was_cut_keeps_what_it_has_and_says_what_it_lacks() {
    let home = Home::new();
    let text: String = (0..200).map(squid).collect();
    // Cut in the middle of its last line, as a full disk or a broken download leaves it; old enough to be finished.
    let cut = &text.as_bytes()[..text.len() - 60];
    let path = home.path().join("download (1)");
    fs::write(&path, cut).unwrap();
    let finished = std::time::SystemTime::now() - std::time::Duration::from_secs(600);
    fs::File::options().write(true).open(&path).unwrap().set_modified(finished).unwrap();
    let ran = ingest(&home, &path);
    let report = reports(&ran).remove("download (1)").unwrap();
    assert_eq!((ran.status, &report["format"]), (1, &Value::from("squid")), "{report}");
    assert_eq!((&report["ledger"]["events"], &report["ledger"]["quarantined"]), (&Value::from(199), &Value::from(1)), "{report}");
    // A packed file that was cut is no file: nothing of it is read.
    let mut gzip = Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    gzip.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let packed = gzip.wait_with_output().unwrap().stdout;
    let (ran, _) = one(&home, "download (2)", &packed[..packed.len() / 2]);
    assert_eq!(ran.status, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains("download (2)") || ran.stdout.contains("download (2)"));
    assert!(format!("{}{}", ran.stdout, ran.stderr).contains("ends too early"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), 199);
}

#[test]
fn a_file_of_two_products_is_called_mixed_and_loses_no_line() {
    let home = Home::new();
    let mixed: String = (0..300).map(|n| if n % 3 == 0 { fortigate(n) } else { squid(n) }).collect();
    let (ran, report) = one(&home, "download (3)", mixed.as_bytes());
    assert_eq!((ran.status, &report["format"]), (1, &Value::from("squid")), "{report}");
    assert_eq!(
        (&report["ledger"]["events"], &report["ledger"]["quarantined"]),
        (&Value::from(200), &Value::from(100)),
        "{report}"
    );
    let message = report["message"].as_str().unwrap();
    for words in ["fortigate", "another product's", "split the file", "undo"] {
        assert!(message.contains(words), "{words}: {message}");
    }
    // Stray lines of a relay are in quarantine, and no product's.
    let stray: String = (1000..1200).map(|n| if n % 100 == 0 { String::from("-- MARK --\n") } else { squid(n) }).collect();
    let (ran, report) = one(&home, "download (4)", stray.as_bytes());
    assert_eq!((ran.status, &report["message"]), (1, &Value::Null), "{report}");
    assert_eq!(report["ledger"]["quarantined"], 2);
}

#[test]
fn a_file_of_no_known_format_names_what_to_do() {
    let home = Home::new();
    let poem = "the owl went out\nand did not come home\n".repeat(40);
    let (ran, _) = one(&home, "download (5)", poem.as_bytes());
    let text = format!("{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.status, 2, "{text}");
    for words in ["download (5)", "no known format", "weir formats list"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(home.number("SELECT count(*) AS n FROM receipts"), 0);
}

#[test]
fn a_file_that_nearly_fits_is_told_what_it_lacks() {
    let home = Home::new();
    let no_time =
        "proxy-1 c-ip=10.20.30.41 cs-host=dice.example cs-username=apatel s-action=TCP_DENIED sc-filter-result=DENIED\n"
            .repeat(3);
    let no_fields =
        "SCH\\apatel 1793870042.327 10.20.30.41 GET http://dice.example/ BLOCK_WEBCAT_12-Pupils-Signed_in-NONE 403\n".repeat(3);
    for (name, text, format, reason, words) in [
        ("download (6)", no_time, "bluecoat-kv", "missing_time", ["Symantec ProxySG", "no time that can be read"]),
        ("download (7)", no_fields, "cisco-wsa-w3c", "no_header", ["Cisco Secure Web Appliance", "#Fields"]),
    ] {
        let (ran, _) = one(&home, name, text.as_bytes());
        let told = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.status, 2, "{told}");
        for word in words.iter().chain(&[name, "no known format fits"]) {
            assert!(told.contains(word), "{word}: {told}");
        }
        let path = home.path().join(name);
        let ran = home.weir(["inspect", "--output", "ndjson", path.to_str().unwrap()]);
        assert_eq!(ran.status, 1, "{}", ran.stderr);
        assert!(words.iter().all(|word| ran.stderr.contains(word)), "{}", ran.stderr);
        let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3);
        for line in lines {
            assert_eq!(
                (&line["outcome"], &line["reason"], &line["format"]),
                (&"quarantined".into(), &reason.into(), &format.into())
            );
        }
    }
    assert_eq!(home.number("SELECT count(*) AS n FROM receipts"), 0);
}
