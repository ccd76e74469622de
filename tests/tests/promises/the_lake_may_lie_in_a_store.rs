//! A lake in an S3 bucket holds what the same lake in a folder holds, whatever the process dies of and whoever else writes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use weir_tests::{Home, Ran, not_run, python, sample_data_bin};

const TEST: &str = "the_lake_may_lie_in_a_store";

const ACCOUNT: &str =
    "Authorization: AWS4-HMAC-SHA256 Credential=weir/20261122/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";

/// A server that speaks S3, of this test alone, with one bucket.
pub(crate) struct Store {
    server: Child,
    port: u16,
}

impl Drop for Store {
    fn drop(&mut self) {
        self.server.kill().expect("the server stops");
        self.server.wait().expect("the server stops");
    }
}

impl Store {
    pub(crate) fn start(program: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let store = Store { server, port };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                assert_eq!(store.put("/lakes", ""), 200, "a bucket");
                return store;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{} does not answer", program.display());
    }

    /// The status of a put, signed as the server wants it: by anyone.
    fn put(&self, path: &str, headers: &str) -> u16 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n{ACCOUNT}\r\n{headers}\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_ALLOW_HTTP", String::from("true")),
            ("AWS_ACCESS_KEY_ID", String::from("weir")),
            ("AWS_SECRET_ACCESS_KEY", String::from("weir")),
            ("AWS_REGION", String::from("eu-west-2")),
        ]
    }
}

/// An estate whose lake is in the store, and the command that was built for it.
pub(crate) struct Far<'a> {
    pub(crate) home: Home,
    store: &'a Store,
    program: &'a Path,
}

impl<'a> Far<'a> {
    pub(crate) fn new(store: &'a Store, program: &'a Path, name: &str) -> Self {
        let home = Home::new();
        let settings = home.estate().join("weir.toml");
        let text = std::fs::read_to_string(&settings).unwrap();
        let moved = text.replacen("lake = \"lake\"", &format!("lake = \"s3://lakes/estates/{name}\""), 1);
        assert_ne!(moved, text);
        std::fs::write(&settings, moved).unwrap();
        Far { home, store, program }
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.arg("--config").arg(self.home.estate().join("weir.toml")).envs(self.store.environment());
        command
    }

    pub(crate) fn ingest(&self, log: &Path) -> Command {
        let mut command = self.command();
        command.args(["ingest", "--school", &self.home.school(), "--format", "squid"]).arg(log);
        command
    }

    fn ran(mut command: Command) -> Ran {
        command.output().unwrap().into()
    }

    pub(crate) fn sql(&self, text: &str) -> Vec<Value> {
        let mut command = self.command();
        command.args(["sql", "--sensitive", "end-to-end test", "--output", "ndjson", text]);
        let ran = Self::ran(command);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// What must be equal in a bucket and in a folder. Keys differ between estates, so people are compared by how they group rows.
const QUERIES: [&str; 4] = [
    "SELECT event_time, action, host, url_path, status, bytes_in, line_no, file_id, count(*) OVER (PARTITION BY user_key) AS of_person \
     FROM events ORDER BY file_id, line_no",
    "SELECT file_id, lines, events, ignored, quarantined FROM receipts ORDER BY file_id",
    "SELECT event_date, hour, action, sum(requests) AS n FROM activity_hourly GROUP BY event_date, hour, action ORDER BY event_date, hour, action",
    "SELECT event_date, topic, sum(requests) AS n FROM pupil_days GROUP BY event_date, topic ORDER BY event_date, topic",
];

pub(crate) fn log(folder: &Path, seed: &str) -> PathBuf {
    let log = folder.join(format!("{seed}.log"));
    let made =
        Command::new(sample_data_bin()).args(["--format", "squid", "--rows", "800", "--seed", seed, "--out"]).arg(&log).status();
    assert!(made.unwrap().success());
    log
}

pub(crate) fn parts() -> Option<(PathBuf, PathBuf)> {
    let program = std::env::var_os("WEIR_CLUSTER_BIN").map(PathBuf::from).filter(|path| path.is_file());
    let server = std::env::var_os("WEIR_MOTO").map(PathBuf::from).filter(|path| path.is_file());
    match (program, server) {
        (Some(program), Some(server)) => Some((program, server)),
        (None, _) => {
            not_run(TEST, "weir built with the feature cluster (WEIR_CLUSTER_BIN)");
            None
        }
        _ => {
            not_run(TEST, "moto_server (WEIR_MOTO), a local server that speaks S3");
            None
        }
    }
}

#[test]
fn a_bucket_holds_what_a_folder_holds() {
    let Some((program, server)) = parts() else { return };
    let store = Store::start(&server);
    // Else nothing below could show that two writers are kept apart.
    let puts = ["", "", "If-None-Match: *\r\n"].map(|condition| store.put("/lakes/probe", condition));
    assert_eq!(puts, [200, 200, 412], "only the condition refuses");

    let far = Far::new(&store, &program, "one");
    let near = Home::new();
    let [one, two] = ["31", "32"].map(|seed| log(near.path(), seed));
    for file in [&one, &two] {
        let ran = Far::ran(far.ingest(file));
        assert!(ran.status <= 1, "{}", ran.stderr);
        assert!(near.ingest("squid", file).status <= 1);
    }
    for home in [
        Far::ran({
            let mut c = far.command();
            c.arg("rollup");
            c
        }),
        near.weir(["rollup"]),
    ] {
        assert_eq!(home.status, 0, "{}", home.stderr);
    }
    for query in QUERIES {
        let wanted = near.sql(query);
        assert!(!wanted.is_empty(), "{query}");
        assert_eq!(far.sql(query), wanted, "{query}");
    }
    // Nothing of the lake is on this machine's estate.
    assert!(!far.home.estate().join("lake").exists());

    // A second run adds nothing, and an undone file leaves the bucket as it was.
    let ran = Far::ran(far.ingest(&one));
    assert!(
        ran.status <= 1 && far.sql("SELECT count(*) AS n FROM events") == near.sql("SELECT count(*) AS n FROM events"),
        "{}",
        ran.stderr
    );
    let second =
        near.sql("SELECT file_id FROM receipts ORDER BY lake_version DESC LIMIT 1")[0]["file_id"].as_str().unwrap().to_owned();
    let mut undo = far.command();
    undo.args(["undo", "--yes", &second]);
    let ran = Far::ran(undo);
    assert!(ran.status <= 1, "{}", ran.stderr);
    near.weir(["undo", "--yes", &second]);
    for query in &QUERIES[..2] {
        assert_eq!(far.sql(query), near.sql(query), "{query}");
    }
    reads_as_delta(&far, &near);
}

/// Another program reads the bucket's table as it stands.
fn reads_as_delta(far: &Far<'_>, near: &Home) {
    let Some(python) = python() else {
        return not_run(TEST, "Python with deltalake");
    };
    // Leaves at once: at Python's own way out the package's threads sometimes end it with an abort, after the answer.
    let code = "import os, sys, deltalake\n\
                print(deltalake.DeltaTable(sys.argv[1]).to_pyarrow_table(columns=['line_no']).num_rows, flush=True)\nos._exit(0)";
    let read =
        Command::new(python).args(["-c", code, "s3://lakes/estates/one/events"]).envs(far.store.environment()).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let rows: i64 = String::from_utf8_lossy(&read.stdout).trim().parse().unwrap();
    assert_eq!(rows, near.number("SELECT count(*) AS n FROM events"));
}

#[test]
fn killed_at_any_point_a_bucket_has_all_or_nothing() {
    let Some((program, server)) = parts() else { return };
    let store = Store::start(&server);
    let near = Home::new();
    let [one, two] = ["31", "32"].map(|seed| log(near.path(), seed));
    assert!(near.ingest("squid", &one).status <= 1);
    let first = near.sql(QUERIES[0]);
    assert!(near.ingest("squid", &two).status <= 1);
    let both = near.sql(QUERIES[0]);
    let points = [
        "ingest_before_commit",
        "after_data_files",
        "before_commit_record",
        "after_commit_record",
        "between_tables_1",
        "before_state",
    ];
    for point in points {
        let far = Far::new(&store, &program, point);
        assert!(Far::ran(far.ingest(&one)).status <= 1);
        let mut killed = far.ingest(&two);
        let status = killed.env("WEIR_FAILPOINT", point).output().unwrap().status;
        assert_eq!(status.code(), None, "{point} was reached");
        let seen = far.sql(QUERIES[0]);
        assert!(seen == first || seen == both, "{point}: {} events", seen.len());
        assert!(Far::ran(far.ingest(&two)).status <= 1, "{point}");
        assert_eq!(far.sql(QUERIES[0]), both, "{point}");
    }
}

#[test]
fn two_machines_that_write_at_once_lose_nothing() {
    let Some((program, server)) = parts() else { return };
    let store = Store::start(&server);
    let far = Far::new(&store, &program, "shared");
    let logs: Vec<PathBuf> = (41..45).map(|seed: u32| log(far.home.path(), &seed.to_string())).collect();
    assert!(Far::ran(far.ingest(&logs[0])).status <= 1);
    // Each is a process of its own with no lock in common but the store.
    let running: Vec<Child> =
        logs[1..].iter().map(|log| far.ingest(log).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()).collect();
    for child in running {
        let ran: Ran = child.wait_with_output().unwrap().into();
        // The loser of a race says so and is run again.
        assert!(ran.status <= 1 || ran.stderr.contains("another run changed the lake first"), "{}", ran.stderr);
    }
    for log in &logs {
        let ran = Far::ran(far.ingest(log));
        assert!(ran.status <= 1, "{}", ran.stderr);
    }
    let sums = far.sql("SELECT count(*) AS files, sum(events) AS events, sum(lines) AS lines FROM receipts");
    assert_eq!((sums[0]["files"].as_i64(), sums[0]["lines"].as_i64()), (Some(4), Some(3200)));
    assert_eq!(far.sql("SELECT count(*) AS events FROM events")[0]["events"], sums[0]["events"]);
}

#[test]
fn a_night_without_its_store_is_told_and_made_up_by_the_next() {
    let Some((program, server)) = parts() else { return };
    let store = Store::start(&server);
    let far = Far::new(&store, &program, "nights");
    let inbox = far.home.estate().join("inbox/my-school-filter");
    std::fs::create_dir_all(&inbox).unwrap();
    let put = |seed: &str| {
        let path = log(&inbox, seed);
        let an_hour_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(an_hour_ago).unwrap();
    };
    let night = |is_away: bool| {
        let mut command = far.command();
        command.arg("nightly");
        if is_away {
            // Where nobody answers: a store that forgets when it is stopped could not come back.
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
        }
        Far::ran(command)
    };
    put("51");
    let ran = night(false);
    assert!((0..=1).contains(&ran.status), "{}{}", ran.stdout, ran.stderr);
    put("52");
    let ran = night(true);
    assert_eq!(ran.status, 2, "{}{}", ran.stdout, ran.stderr);
    assert!(inbox.join("52.log").is_file(), "what could not be read stays where it is");
    let ran = night(false);
    assert!((0..=1).contains(&ran.status), "{}{}", ran.stdout, ran.stderr);

    let near = Home::new();
    for seed in ["51", "52"] {
        assert!(near.ingest("squid", &log(near.path(), seed)).status <= 1);
    }
    for query in &QUERIES[..2] {
        assert_eq!(far.sql(query), near.sql(query), "{query}");
    }
}

#[test]
fn a_weir_without_stores_says_so() {
    let home = Home::new();
    let settings = home.estate().join("weir.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.replacen("lake = \"lake\"", "lake = \"gs://lakes/one\"", 1)).unwrap();
    let ran = home.weir(["sql", "SELECT 1"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("gs") && ran.stderr.contains("s3://"), "{}", ran.stderr);
}
