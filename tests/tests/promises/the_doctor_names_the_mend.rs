//! What is wrong with an estate is found, each with its mend; and a copy of the register is one that the command goes back to.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use weir_tests::{Home, Ran, squid_line};

/// The rows of `weir doctor`.
fn doctor(home: &Home) -> Vec<Value> {
    let ran = home.weir(["doctor", "--output", "json"]);
    let rows: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let is_well = rows.iter().all(|row| row["state"] == "ok");
    assert_eq!(ran.status, i32::from(!is_well), "{rows:?}");
    for row in &rows {
        assert_eq!(row["state"] == "look", row["mend"].is_string() && row["found"].is_string(), "{row}");
    }
    rows
}

/// What a check found.
fn found(rows: &[Value], check: &str) -> Vec<String> {
    let own = rows.iter().filter(|row| row["check"] == check);
    own.filter_map(|row| row["found"].as_str()).map(str::to_owned).collect()
}

fn assert_only(home: &Home, check: &str, wanted: &str, before: &[Value]) {
    let rows = doctor(home);
    let now = found(&rows, check);
    assert!(now.iter().any(|found| found.contains(wanted)), "{check} {wanted}: {now:?}");
    assert!(!found(before, check).iter().any(|found| found.contains(wanted)), "{check} {wanted} was there before");
}

fn set_mode(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn each_thing_that_is_wrong_is_found_where_it_was_not_before() {
    let home = Home::new();
    let log = home.path().join("access.log");
    fs::write(&log, (0..20).map(|n| squid_line(n, "apatel", "http://maps.example/") + "\n").collect::<String>()).unwrap();
    assert!(home.ingest("squid", &log).status <= 1);
    home.weir_ok(["user", "add", "it@oak.example", "--name", "Quill Beispiel", "--role", "technician", "--at", "*"], 0);
    let copies = home.path().join("copies");
    let settings = home.estate().join("weir.toml");
    let text = fs::read_to_string(&settings).unwrap() + &format!("\n[backup]\nto = {:?}\nkeep = 2\n", copies.display());
    fs::write(&settings, &text).unwrap();
    for _ in 0..2 {
        home.weir_ok(["backup"], 0);
        std::thread::sleep(std::time::Duration::from_millis(1100));
    }
    let well = doctor(&home);
    for check in ["config", "permissions", "clock", "keys", "register", "lake", "backup", "mail"] {
        assert_eq!(found(&well, check), Vec::<String>::new(), "{check}");
    }
    assert!(found(&well, "nights")[0].contains("no night has run"), "{well:?}");

    let printed: Ran = home.command().arg("doctor").env("COLUMNS", "80").output().unwrap().into();
    let [last, nights] =
        ["things to mend.", "nights       LOOK\n  - no night has run yet\n    mend: let a timer run `weir nightly`"];
    assert!(printed.stdout.trim_end().ends_with(last) && printed.stdout.contains(nights), "{}", printed.stdout);
    assert!(printed.stdout.lines().all(|line| line.chars().count() <= 80), "{}", printed.stdout);

    let key = home.estate().join("vault/vault.key");
    set_mode(&key, 0o644);
    assert_only(&home, "permissions", "vault.key can be read by other accounts", &well);
    set_mode(&key, 0o600);
    set_mode(&settings, 0o666);
    assert_only(&home, "permissions", "weir.toml can be changed by other accounts", &well);
    set_mode(&settings, 0o644);

    let calendar = home.estate().join("calendar.csv");
    let kept = fs::read(&calendar).unwrap();
    fs::remove_file(&calendar).unwrap();
    assert_only(&home, "files", "calendar.csv is not there", &well);
    fs::write(&calendar, kept).unwrap();

    fs::write(
        &settings,
        format!(
            "{text}\n[mail]\nserver = \"localhost\"\nfrom = \"weir@oak.example\"\nuser = \"weir\"\npassword_file = \"none\"\n"
        ),
    )
    .unwrap();
    assert_only(&home, "mail", "none: No such file", &well);
    fs::write(&settings, text.replace("keep = 2", "keep = 0")).unwrap();
    let rows = doctor(&home);
    assert!(found(&rows, "config")[0].contains("key backup.keep: found 0; use 1 to 366"), "{rows:?}");
    assert!(rows.iter().filter(|row| row["state"] == "not_looked_at").count() > 8, "{rows:?}");
    fs::write(&settings, &text).unwrap();

    // A file of the lake is shorter than it was written.
    let mut files = vec![home.estate().join("lake/events")];
    let file = loop {
        let at = files.pop().expect("a data file");
        if at.is_dir() {
            files.extend(
                fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()).filter(|path| !path.ends_with("_delta_log")),
            );
        } else if at.extension().is_some_and(|ending| ending == "parquet") {
            break at;
        }
    };
    let kept = fs::read(&file).unwrap();
    fs::write(&file, &kept[..kept.len() - 1]).unwrap();
    assert_only(&home, "lake", &format!("{} bytes, {} were written", kept.len() - 1, kept.len()), &well);
    fs::write(&file, kept).unwrap();

    let ahead = std::time::SystemTime::now() + std::time::Duration::from_secs(3600);
    let commits = fs::read_dir(home.estate().join("lake/_weir/commits")).unwrap();
    let commit = commits.map(|entry| entry.unwrap().path()).max().unwrap();
    fs::File::options().write(true).open(&commit).unwrap().set_modified(ahead).unwrap();
    assert_only(&home, "clock", "the clock is behind", &well);
    fs::File::options().write(true).open(&commit).unwrap().set_modified(std::time::SystemTime::now()).unwrap();

    let newest = fs::read_dir(&copies).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
    let copy = newest.join("register.sqlite");
    let mut bytes = fs::read(&copy).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&copy, bytes).unwrap();
    assert_only(&home, "backup", "is not as it was written", &well);
    let ran = home.weir(["restore".as_ref(), newest.as_os_str(), "--yes".as_ref()]);
    assert!(ran.status == 2 && ran.stderr.contains("use another copy"), "{}", ran.stderr);

    fs::rename(home.estate().join("vault"), home.path().join("vault")).unwrap();
    assert_only(&home, "keys", "is not there, although the lake is", &well);
}

#[test]
fn the_command_goes_back_to_a_copy_and_says_what_goes() {
    let home = Home::new();
    let add = |email: &str| {
        home.weir_ok(["user", "add", email, "--name", "Quill Beispiel", "--role", "technician", "--at", "*"], 0);
    };
    add("before@oak.example");
    let to = home.path().join("copies");
    let made = home.weir_ok(["backup".as_ref(), "--to".as_ref(), to.as_os_str()], 0);
    let head = made.stdout.lines().find_map(|line| line.strip_prefix("Head: ")).unwrap().to_owned();
    let copy = fs::read_dir(&to).unwrap().next().unwrap().unwrap().path();
    add("after@oak.example");
    let people = || home.weir_ok(["user", "list", "--output", "csv"], 0).stdout;
    assert!(people().contains("after@oak.example"));

    let asked = home.weir(["restore".as_ref(), copy.as_os_str()]);
    assert!(asked.status == 2 && asked.stdout.contains("what the last 1 tell of goes"), "{}{}", asked.stdout, asked.stderr);
    assert!(people().contains("after@oak.example"), "nothing was changed");
    let ran = home.weir_ok(["restore".as_ref(), copy.as_os_str(), "--yes".as_ref()], 0);
    assert!(ran.stdout.contains("Everybody signs in anew") && ran.stdout.contains("before-restore-"), "{}", ran.stdout);
    assert!(people().contains("before@oak.example") && !people().contains("after@oak.example"));
    let verified = home.weir_ok(["audit", "verify", "--head", &head], 0);
    assert!(verified.stdout.contains("The trail is whole"), "{}", verified.stdout);
    let trail = home.weir_ok(["audit", "list", "--output", "csv"], 0).stdout;
    assert!(trail.contains("restore") && trail.contains("backup"), "{trail}");
}
