//! A watch that runs takes what is changed in weir.toml at its next look, at once when it is asked to, and no slip there ends it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant, SystemTime};

use weir_tests::{Home, squid_line};

struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.child.kill().expect("the watch stops");
        self.child.wait().expect("the watch stops");
    }
}

impl Watch {
    fn start(home: &Home) -> Self {
        let mut child = home.command().arg("watch").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Watch { child, lines }
    }

    /// Asks for a look until it prints a line with these words.
    fn asked_until(&mut self, words: &str) {
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(120) {
            let asked = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().unwrap();
            assert!(asked.success(), "it runs");
            let wait = Instant::now();
            while wait.elapsed() < Duration::from_secs(3) {
                match self.lines.recv_timeout(Duration::from_millis(200)) {
                    Ok(line) if line.contains(words) => return,
                    _ => {}
                }
            }
        }
        panic!("{words:?} was not said");
    }
}

#[test]
fn at_the_next_look_or_when_asked() {
    let home = Home::new();
    let settings = home.estate().join("weir.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("{text}\n[watch]\nminutes = 60\n")).unwrap();
    let mut watch = Watch::start(&home);
    let first = watch.lines.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(first.contains("looking every 60 minutes"), "{first}");
    // Until it has begun to wait, a signal would find nobody to hear it.
    std::thread::sleep(Duration::from_secs(3));

    fs::write(&settings, format!("{text}\n[watch]\nminuets = 60\n")).unwrap();
    watch.asked_until("minuets");
    // A source that was not there before.
    let school = home.school();
    fs::write(
        &settings,
        format!("{text}\n[[source]]\nid = \"second-filter\"\nschool = \"{school}\"\nformat = \"squid\"\ninbox = \"inbox/second-filter\"\n"),
    )
    .unwrap();
    let inbox = home.estate().join("inbox/second-filter");
    fs::create_dir_all(&inbox).unwrap();
    let file = inbox.join("monday.log");
    fs::write(&file, squid_line(0, "apatel", "http://maps.example/") + "\n").unwrap();
    let rested = SystemTime::now() - Duration::from_secs(3600);
    fs::File::options().write(true).open(&file).unwrap().set_modified(rested).unwrap();
    watch.asked_until("read second-filter: 1 file");
    drop(watch);
    assert_eq!(home.number("SELECT count(*) AS n FROM events WHERE source_id = 'second-filter'"), 1);
    assert!(home.estate().join("done/second-filter/monday.log").is_file());
}
