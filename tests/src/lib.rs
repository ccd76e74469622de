//! What the end-to-end tests share: the built command, throw-away estates, and a list of what could not run here.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test helper that fails should stop the test"
)]

pub mod browser;
pub mod dice;
pub mod everyone;
pub mod mail_server;
pub mod served;
pub mod sign_in;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use weir_lake::closed::{Agreement, FiguresDigest};
use weir_lake::estate::Estate;
use weir_lake::ids::{RunId, SchoolId};
use weir_lake::lake::{Lake, Slice};

/// The `weir` binary: `WEIR_BIN`, or beside the test's own.
pub fn weir_bin() -> PathBuf {
    binary("weir", "WEIR_BIN")
}

/// The `sample-data` binary.
pub fn sample_data_bin() -> PathBuf {
    binary("sample-data", "WEIR_SAMPLE_DATA_BIN")
}

fn binary(name: &str, variable: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable) {
        return path.into();
    }
    let own = std::env::current_exe().expect("the test's own path");
    let path =
        own.parent().and_then(Path::parent).expect("target folder").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "{} is not built; run `cargo build --release --workspace` first", path.display());
    path
}

/// What a run of the command printed.
pub struct Ran {
    /// Exit status; -1 when it was killed.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Ran {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A throw-away estate made by `weir init`: one school, no logs.
pub struct Home {
    folder: tempfile::TempDir,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// A fresh estate.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = Home { folder };
        let ran: Ran = Command::new(weir_bin()).arg("init").arg(home.path().join("estate")).output().expect("weir starts").into();
        assert_eq!(ran.status, 0, "weir init: {}", ran.stderr);
        home
    }

    /// The temporary folder; the estate is in `estate` below it.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The estate's folder.
    pub fn estate(&self) -> PathBuf {
        self.path().join("estate")
    }

    /// The one school's id.
    pub fn school(&self) -> String {
        let text = std::fs::read_to_string(self.estate().join("schools.csv")).expect("schools.csv");
        let row = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).nth(1).expect("a school");
        row.split(',').next().expect("an id").to_owned()
    }

    /// A command line with this estate's configuration.
    pub fn command(&self) -> Command {
        let mut command = Command::new(weir_bin());
        command.arg("--config").arg(self.estate().join("weir.toml"));
        command
    }

    /// Runs a command of this estate.
    pub fn weir<A: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        self.command().args(arguments).output().expect("weir starts").into()
    }

    /// Runs a command that must end with the given status.
    pub fn weir_ok<A: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = A>, status: i32) -> Ran {
        let ran = self.weir(arguments);
        assert_eq!(ran.status, status, "stdout: {}\nstderr: {}", ran.stdout, ran.stderr);
        ran
    }

    /// Ingests a file in a named format for the one school.
    pub fn ingest(&self, format: &str, file: &Path) -> Ran {
        self.weir([
            "ingest".as_ref(),
            "--school".as_ref(),
            self.school().as_ref(),
            "--format".as_ref(),
            format.as_ref(),
            file.as_os_str(),
        ])
    }

    /// Closes these dates (days since 1970) of the one school's only source and no others, as a verification that agreed on them alone
    /// would. They must be rolled up. The clock is put fifteen days on.
    pub fn close(&self, dates: impl IntoIterator<Item = i32>) {
        let estate = Estate::load(&self.estate().join("weir.toml")).expect("the estate");
        let lake = Lake::open(&estate.lake_root).expect("the lake");
        let snapshot = lake.snapshot().expect("a snapshot");
        let source_id = lake.receipts(&snapshot).expect("receipts").pop().expect("a receipt").source_id;
        let school_id = SchoolId::parse(&self.school()).expect("a school id");
        let slice = |date| Slice { school_id: school_id.clone(), source_id: source_id.clone(), date };
        let figures = dates.into_iter().map(|date| (slice(date), FiguresDigest::of(b"agreed"))).collect();
        let (agreement, _) = Agreement::between(&snapshot, &figures, &figures);
        let in_fifteen_days = weir_lake::clock::now_micros() + 15 * 86_400_000_000;
        lake.close(&agreement, in_fifteen_days, &RunId::parse("verify").expect("a run id")).expect("the dates close");
    }

    /// Rows of a query.
    pub fn sql(&self, text: &str) -> Vec<serde_json::Value> {
        let ran = self.weir_ok(["sql", "--sensitive", "end-to-end test", "--output", "ndjson", text], 0);
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
    }

    /// One number of a query whose column is `n`.
    pub fn number(&self, text: &str) -> i64 {
        self.sql(text)[0]["n"].as_i64().expect("column n is a whole number")
    }
}

/// Notes a test that can't run here, with what it needs; `tests/run` lists them, and that fails in CI.
pub fn not_run(test: &str, needs: &str) {
    eprintln!("NOT RUN {test}: needs {needs}");
    if let Some(path) = std::env::var_os("WEIR_NOT_RUN") {
        let mut file = OpenOptions::new().append(true).create(true).open(path).expect("the list of tests not run");
        writeln!(file, "{test}: needs {needs}").expect("the list of tests not run");
    }
}

/// A Python with the packages deltalake, duckdb, polars and pyarrow: `WEIR_PYTHON`.
pub fn python() -> Option<PathBuf> {
    std::env::var_os("WEIR_PYTHON").map(PathBuf::from).filter(|path| path.is_file())
}

/// Whether the long forms of long tests are asked for.
pub fn is_long() -> bool {
    std::env::var_os("WEIR_LONG").is_some()
}

/// A line of an invented Squid log: seconds after 2026-11-05T09:00:00Z, a person and a page.
pub fn squid_line(second: i64, user: &str, url: &str) -> String {
    format!(
        "{}.000     61 10.20.30.41 TCP_MISS/200 8811 GET {url} {user} HIER_DIRECT/192.0.2.8 text/html",
        1_793_869_200 + second
    )
}
