//! A real mail server of one test, which keeps each letter it takes.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::{Home, not_run};

/// A server that runs until this ends.
pub struct MailServer {
    process: Child,
    /// Where it answers, on this machine.
    pub port: u16,
    folder: PathBuf,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl MailServer {
    /// Starts one that keeps its letters in a folder of this name.
    pub fn start(python: &Path, home: &Home, name: &str, more: &[&str]) -> Self {
        let folder = home.path().join(name);
        fs::create_dir(&folder).expect("a folder for letters");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("smtp_server.py");
        let mut process = Command::new(python)
            .arg(script)
            .arg(&folder)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Python starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let port = line.trim().parse().unwrap_or_else(|_| panic!("the mail server gave no port: {line:?}"));
        Self { process, port, folder }
    }

    /// The letters it took, in the order they came.
    pub fn letters(&self) -> Vec<Value> {
        let count = fs::read_dir(&self.folder).expect("the letters").count();
        let read = |n| {
            let letter = fs::read(self.folder.join(format!("{n}.json"))).expect("a letter");
            serde_json::from_slice(&letter).expect("a letter as JSON")
        };
        (1..=count).map(read).collect()
    }
}

/// A Python with aiosmtpd: `WEIR_SMTP_PYTHON`.
pub fn python(test: &str) -> Option<PathBuf> {
    let found = std::env::var_os("WEIR_SMTP_PYTHON").map(PathBuf::from).filter(|path| path.is_file());
    if found.is_none() {
        not_run(test, "a Python with aiosmtpd (WEIR_SMTP_PYTHON)");
    }
    found
}

/// Gives the estate these mail settings in the place of those before.
pub fn set_mail(home: &Home, text: &str) {
    let path = home.estate().join("weir.toml");
    let settings = fs::read_to_string(&path).expect("weir.toml");
    let settings = settings.split("\n[mail]").next().expect("what stands before");
    fs::write(path, format!("{settings}\n[mail]\nserver = \"localhost\"\nfrom = \"weir@school.example\"\n{text}\n"))
        .expect("weir.toml");
}

/// Lets letters that wait after a failure be due now, as five minutes would.
pub fn make_due(home: &Home) {
    change_register(home, "UPDATE outbox SET due = made_at");
}

/// Changes the register behind the command's back: its clock is the machine's, which a test can't turn.
pub fn change_register(home: &Home, statement: &str) {
    let python = std::env::var_os("WEIR_SMTP_PYTHON").expect("a Python");
    let register = home.estate().join("register.sqlite");
    let text = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()";
    assert!(Command::new(python).args(["-c", text]).arg(register).arg(statement).status().expect("Python starts").success());
}
