//! Whoever was told "recorded" finds it again: after the server was killed under load, and in a copy that was made under load.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use weir_tests::dice::Dice;
use weir_tests::served::{Served, try_ask};
use weir_tests::{Home, Ran, is_long, not_run, python};

const PASSWORD: &str = "violet kettle marmot";
const TEACHERS: usize = 6;

/// A school with teachers, who need no second step.
fn school() -> (Home, Vec<String>) {
    let home = Home::new();
    let school = home.school();
    let at = format!("school:{school}");
    let links = (0..TEACHERS).map(|n| {
        let email = format!("teacher{n}@oak.example");
        let added = home.weir_ok(["user", "add", &email, "--name", "Quill Beispiel", "--role", "staff", "--at", &at], 0);
        format!("/link/{}", added.stdout.split_once("/link/").unwrap().1.split_whitespace().next().unwrap())
    });
    let links = links.collect();
    (home, links)
}

fn sign_in_all(server: &Served) -> Vec<String> {
    (0..TEACHERS).map(|n| server.sign_in(&format!("teacher{n}@oak.example"), PASSWORD)).collect()
}

/// Each teacher asks for one site after the other until the server goes away or this ends; gives what was acknowledged to each.
fn all_ask(address: &str, cookies: &[String], school: &str, round: usize, until: impl FnOnce()) -> Vec<Vec<String>> {
    let over = AtomicBool::new(false);
    let acknowledged: Vec<Mutex<Vec<String>>> = cookies.iter().map(|_| Mutex::default()).collect();
    std::thread::scope(|scope| {
        for (n, cookie) in cookies.iter().enumerate() {
            let (over, own) = (&over, &acknowledged[n]);
            scope.spawn(move || {
                for number in 0..1500 {
                    if over.load(Ordering::SeqCst) {
                        break;
                    }
                    let what = format!("r{round}-t{n}-n{number}.example");
                    let path = format!("/school/{school}/requests/ask");
                    let fields = [
                        ("kind", "unblock"),
                        ("what", what.as_str()),
                        ("group", "from_7"),
                        ("reason", "a lesson"),
                        ("risk", "none"),
                        ("until", ""),
                    ];
                    match try_ask(address, "POST", &path, cookie, &fields) {
                        Some(answer) if answer.starts_with("HTTP/1.1 303") => own.lock().unwrap().push(what),
                        Some(answer) => panic!("{what}: {answer}"),
                        None => break,
                    }
                }
            });
        }
        until();
        over.store(true, Ordering::SeqCst);
    });
    acknowledged.into_iter().map(|own| own.into_inner().unwrap()).collect()
}

/// What of these requests the register of an estate holds.
fn held(python: &Path, register: &Path) -> Vec<String> {
    let script = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\n\
                  assert c.execute('PRAGMA integrity_check').fetchone() == ('ok',)\nassert not c.execute('PRAGMA foreign_key_check').fetchall()\n\
                  print('\\n'.join(row[0] for row in c.execute('SELECT what FROM changes ORDER BY id')))";
    let ran: Ran = std::process::Command::new(python).args(["-c", script]).arg(register).output().unwrap().into();
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    ran.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn a_server_killed_under_load_has_kept_every_acknowledged_write() {
    let Some(python) = python() else {
        return not_run("what_was_acknowledged_stays", "Python");
    };
    let seed = Dice::seed_or(7);
    let mut dice = Dice::new(seed);
    let (home, links) = school();
    let register = home.estate().join("register.sqlite");
    let mut told = 0;
    for round in 0..if is_long() { 20 } else { 4 } {
        let server = Served::start(&home);
        if round == 0 {
            for link in &links {
                assert!(server.ask("POST", link, "", &[("password", PASSWORD)]).starts_with("HTTP/1.1 303"));
            }
        }
        let cookies = sign_in_all(&server);
        let address = server.address.clone();
        let mut dying = Some(server);
        let acknowledged = all_ask(&address, &cookies, &home.school(), round, || {
            std::thread::sleep(Duration::from_millis(600 + dice.below(1500)));
            dying.take().unwrap().kill();
        });
        let held = held(&python, &register);
        for what in acknowledged.iter().flatten() {
            assert!(held.contains(what), "seed {seed}, round {round}: {what} was acknowledged and is gone");
        }
        told += acknowledged.iter().map(Vec::len).sum::<usize>();
        // One more a teacher at most: written, and killed before the answer.
        let own = held.iter().filter(|what| what.starts_with(&format!("r{round}-"))).count();
        assert!(own <= acknowledged.iter().map(Vec::len).sum::<usize>() + TEACHERS);
        home.weir_ok(["audit", "verify"], 0);
    }
    assert!(told > 20, "a load: {told} writes");
    eprintln!("{told} acknowledged writes, none lost");
}

#[test]
fn a_copy_made_under_load_is_the_register_of_a_moment() {
    let Some(python) = python() else {
        return not_run("what_was_acknowledged_stays", "Python");
    };
    let (home, links) = school();
    let copies = home.path().join("copies");
    let server = Served::start(&home);
    for link in &links {
        assert!(server.ask("POST", link, "", &[("password", PASSWORD)]).starts_with("HTTP/1.1 303"));
    }
    let cookies = sign_in_all(&server);
    let mut heads = Vec::new();
    let acknowledged = all_ask(&server.address, &cookies, &home.school(), 0, || {
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(1100));
            let began = Instant::now();
            let ran = home.weir_ok(["backup", "--to", copies.to_str().unwrap()], 0);
            let line = |start: &str| ran.stdout.lines().find_map(|line| line.strip_prefix(start)).unwrap().to_owned();
            heads.push((line("Copied to "), line("Head: "), began.elapsed()));
        }
        std::thread::sleep(Duration::from_millis(500));
    });
    drop(server);
    let written: usize = acknowledged.iter().map(Vec::len).sum();
    assert!(written > 20, "a load: {written} writes");
    let all = held(&python, &home.estate().join("register.sqlite"));
    let mut sizes = Vec::new();
    for (copy, head, _) in &heads {
        // The register of before is kept under the second's name.
        std::thread::sleep(Duration::from_millis(1100));
        let ran = home.weir_ok(["restore", "--yes", copy], 0);
        assert!(ran.stdout.contains("is whole"), "{}", ran.stdout);
        let held = held(&python, &home.estate().join("register.sqlite"));
        // As of a moment: what was written up to one row, in its order, and nothing after it.
        assert_eq!(held, all[..held.len()], "{copy}");
        let verified = home.weir_ok(["audit", "verify", "--head", head], 0);
        assert!(verified.stdout.contains("Head: "), "{}", verified.stdout);
        // A request and its row of the trail go together.
        let trail = home.weir_ok(["audit", "list", "--output", "ndjson", "--limit", "10000"], 0).stdout;
        let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
        for line in trail.lines() {
            let action = line.split_once("\"action\":\"").unwrap().1.split('"').next().unwrap();
            *rows.entry(action).or_default() += 1;
        }
        assert_eq!(rows.get("record").copied().unwrap_or_default(), held.len(), "{rows:?}");
        sizes.push(held.len());
    }
    assert!(sizes.is_sorted() && sizes[0] < sizes[2], "each copy later than the one before: {sizes:?}");
    assert!(fs::read_dir(&copies).unwrap().count() >= 3);
    eprintln!(
        "{written} writes; copies of {sizes:?} of them, made in {:?}",
        heads.iter().map(|(.., took)| *took).collect::<Vec<_>>()
    );
}
