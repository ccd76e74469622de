//! What is sent is read once: over TCP and TLS through a receiver that is killed in the middle, over UDP with every loss counted, from a
//! file that is rotated while it is followed; and a stranger's lines become no school's.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use weir_tests::{Home, squid_line};

/// A receiver, and what it said.
struct Listening {
    process: Child,
    said: BufReader<std::process::ChildStdout>,
    lines: Vec<String>,
}

impl Listening {
    fn start(home: &Home) -> Self {
        let mut process = home.command().arg("listen").stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        let mut listening = Self { process, said, lines: Vec::new() };
        listening.until("Ctrl-C ends it");
        listening
    }

    /// Reads until a line holds these words, and gives that line.
    fn until(&mut self, words: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.said.read_line(&mut line).unwrap() > 0, "ended before it said {words:?}: {:?}", self.lines);
            self.lines.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
    }

    fn address(&self, way: &str) -> SocketAddr {
        let line = self.lines.iter().find(|line| line.starts_with(&format!("listening: {way} on "))).unwrap();
        line.trim().rsplit(' ').next().unwrap().parse().unwrap()
    }

    fn metrics(&self) -> String {
        let line = self.lines.iter().find(|line| line.starts_with("metrics: ")).unwrap();
        let address = line.trim().trim_start_matches("metrics: http://").trim_end_matches("/metrics");
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: weir\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Waits until a number of the metrics is at least this.
    fn reaches(&self, metric: &str, wanted: u64) {
        let begun = Instant::now();
        while number(&self.metrics(), metric) < wanted {
            assert!(begun.elapsed() < Duration::from_secs(60), "{metric} never reached {wanted}: {}", self.metrics());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Ends it as a service does, and gives what it said last.
    fn stop(mut self) -> String {
        let ended = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(ended.success());
        let mut rest = String::new();
        self.said.read_to_string(&mut rest).unwrap();
        assert_eq!(self.process.wait().unwrap().code(), Some(0), "{rest}");
        rest
    }
}

/// The sum of a metric over its labels that hold this text.
fn number(metrics: &str, metric: &str) -> u64 {
    let (name, label) = metric.split_once('{').unwrap_or((metric, ""));
    let of = |line: &&str| line.starts_with(&format!("weir_listen_{name}")) && line.contains(label.trim_end_matches('}'));
    metrics.lines().filter(of).map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

/// An estate that listens on ports of its own choice, with these lines at its source.
fn home(listen: &str, source: &str) -> Home {
    let home = Home::new();
    let path = home.estate().join("weir.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace(
        "[[source]]\nid = \"my-school-filter\"\n",
        &format!("[listen]\n{listen}\n\n[[source]]\nid = \"my-school-filter\"\n{source}\n"),
    );
    let text = text.replace("format = \"auto\"", "format = \"squid\"");
    assert!(text.contains(listen) && text.contains(source));
    fs::write(&path, text).unwrap();
    home
}

fn line(n: usize) -> String {
    squid_line(n as i64 / 50, "apatel", &format!("http://maps.example/p{n}"))
}

/// Reads the spool, and gives how often each numbered line is in the lake: once.
fn holds_each_once(home: &Home, lines: usize) {
    let ran = home.weir(["watch", "--once"]);
    assert!(ran.status <= 1, "{}\n{}", ran.stdout, ran.stderr);
    let of = |text: &str| home.number(text);
    assert_eq!(of("SELECT count(*) AS n FROM events"), lines as i64, "{}", ran.stdout);
    assert_eq!(of("SELECT count(DISTINCT url_path) AS n FROM events"), lines as i64);
    assert_eq!(of("SELECT count(*) AS n FROM quarantine"), 0);
}

fn spool(home: &Home) -> PathBuf {
    home.estate().join("spool/my-school-filter")
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

const TCP: &str = "tcp = [\"127.0.0.1:0\"]\nmetrics = \"127.0.0.1:0\"";

#[test]
fn over_tcp_through_a_kill_in_the_middle() {
    let home = home(TCP, "from = [\"127.0.0.1\"]");
    let first = Listening::start(&home);
    let mut stream = TcpStream::connect(first.address("tcp")).unwrap();
    let send = |stream: &mut TcpStream, lines: std::ops::Range<usize>| {
        let text: String = lines.map(|n| line(n) + "\n").collect();
        stream.write_all(text.as_bytes())
    };
    send(&mut stream, 0..20_000).unwrap();
    first.reaches("lines_total", 20_000);
    // Read while it grows, as a watch does.
    assert!(home.weir(["watch", "--once"]).status <= 1);
    // Killed with a stream on its way: whatever the receiver had of it.
    let more = std::thread::spawn(move || drop(send(&mut stream, 20_000..60_000)));
    first.reaches("lines_total", 30_000);
    first.kill();
    more.join().unwrap();
    let second = Listening::start(&home);
    let mut stream = TcpStream::connect(second.address("tcp")).unwrap();
    // Plain syslog has no receipts: a sender that is careful sends again what went over the connection that broke.
    send(&mut stream, 0..60_000).unwrap();
    drop(stream);
    second.reaches("lines_total", 60_000);
    let said = second.stop();
    assert!(said.contains("60000 lines received, 0 connections open, 0 dropped"), "{said}");
    assert!(names(&spool(&home)).iter().all(|name| name.ends_with(".log")), "all is sealed: {:?}", names(&spool(&home)));
    holds_each_once(&home, 60_000);
    assert_eq!(names(&spool(&home)), Vec::<String>::new(), "what was read is put away");
    holds_each_once(&home, 60_000);
}

#[test]
fn counted_messages_and_messages_too_long() {
    let home = home(TCP, "from = [\"127.0.0.0/8\"]");
    let listening = Listening::start(&home);
    let mut stream = TcpStream::connect(listening.address("tcp")).unwrap();
    for n in 0..1_000 {
        let message = format!("<30>Nov  5 09:00:00 gate squid[12]: {}\n", line(n));
        stream.write_all(format!("{} {message}", message.len()).as_bytes()).unwrap();
    }
    let long = format!("<30>{}", "a".repeat(3 << 20));
    stream.write_all(format!("{} {long}", long.len()).as_bytes()).unwrap();
    // Nothing tells where the next message begins: the connection ends, and what came before stands.
    stream.write_all(b"<30>no length").unwrap();
    assert_eq!(stream.read(&mut [0; 10]).unwrap_or(0), 0, "it is ended");
    listening.reaches("lines_total", 1_001);
    let metrics = listening.metrics();
    assert_eq!(number(&metrics, "oversized_total"), 1);
    assert_eq!(number(&metrics, "refused_total{why=\"lost_frame\""), 1);
    assert!(!metrics.contains("apatel"), "the numbers name nobody");
    listening.stop();
    assert_eq!(home.weir(["watch", "--once"]).status, 1, "a line in quarantine");
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), 1_000);
    let quarantined = home.sql("SELECT reason FROM quarantine");
    assert_eq!(quarantined.len(), 1);
    assert_eq!(quarantined[0]["reason"], "line_too_long");
}

#[test]
fn over_udp_every_loss_is_counted() {
    let home = home("udp = [\"127.0.0.1:0\"]\nmetrics = \"127.0.0.1:0\"", "from = [\"127.0.0.1\"]");
    let listening = Listening::start(&home);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let sent = 50_000;
    for n in 0..sent {
        socket.send_to(line(n).as_bytes(), listening.address("udp")).unwrap();
    }
    std::thread::sleep(Duration::from_secs(2));
    let metrics = listening.metrics();
    let received = number(&metrics, "lines_total");
    if cfg!(target_os = "linux") {
        assert_eq!(
            received + number(&metrics, "kernel_dropped_total") + number(&metrics, "dropped_total"),
            sent as u64,
            "{metrics}"
        );
    }
    listening.stop();
    home.weir(["watch", "--once"]);
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), received as i64);
}

#[test]
fn a_strangers_lines_are_no_schools() {
    let stranger = "from = [\"192.0.2.10\"]";
    let refusing = home(&format!("{TCP}\nudp = [\"127.0.0.1:0\"]"), stranger);
    let mut listening = Listening::start(&refusing);
    let mut stream = TcpStream::connect(listening.address("tcp")).unwrap();
    drop(stream.write_all(line(0).as_bytes()));
    assert_eq!(stream.read(&mut [0; 10]).unwrap_or(0), 0, "it is turned away");
    let told = listening.until("127.0.0.1");
    assert!(told.contains("it is refused"), "{told}");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(line(1).as_bytes(), listening.address("udp")).unwrap();
    listening.reaches("unknown_sender_total{address=\"127.0.0.1\"", 2);
    assert_eq!(number(&listening.metrics(), "lines_total"), 0);
    listening.stop();

    let keeping = home(&format!("{TCP}\nunknown = \"keep\""), stranger);
    let listening = Listening::start(&keeping);
    let mut stream = TcpStream::connect(listening.address("tcp")).unwrap();
    stream.write_all((line(0) + "\n").as_bytes()).unwrap();
    listening.reaches("lines_total{source=\"unknown-senders\"", 1);
    listening.stop();
    assert_eq!(names(&keeping.estate().join("spool/unknown-senders")).len(), 1);
    for home in [refusing, keeping] {
        assert!(home.weir(["watch", "--once"]).status <= 1);
        assert_eq!(home.number("SELECT count(*) AS n FROM events"), 0);
    }
}

#[test]
fn a_followed_file_through_rotations_and_a_kill() {
    let logs = tempfile::tempdir().unwrap();
    let log = logs.path().join("access.log");
    let home = home("metrics = \"127.0.0.1:0\"", &format!("tail = {log:?}"));
    let mut written = 0;
    let mut write = |lines: usize| {
        let mut file = fs::File::options().append(true).create(true).open(&log).unwrap();
        for _ in 0..lines {
            writeln!(file, "{}", line(written)).unwrap();
            written += 1;
        }
        written as u64
    };
    let old = |n: usize| logs.path().join(format!("access.log.{n}"));
    write(5_000);
    let listening = Listening::start(&home);
    let so_far = write(5_000);
    listening.reaches("lines_total{source=\"my-school-filter\",by=\"tail\"", so_far);
    assert!(home.weir(["watch", "--once"]).status <= 1, "read while it grows");
    write(3_000);
    fs::rename(&log, old(1)).unwrap();
    write(3_000);
    // Once more while nobody follows, by copying and emptying this time.
    listening.kill();
    write(4_000);
    fs::copy(&log, old(2)).unwrap();
    fs::File::options().write(true).open(&log).unwrap().set_len(0).unwrap();
    let all = write(2_000);
    let listening = Listening::start(&home);
    let begun = Instant::now();
    let copied = || {
        let files = names(&spool(&home)).into_iter().map(|name| fs::read_to_string(spool(&home).join(name)).unwrap());
        files.map(|text| text.lines().count() as u64).sum::<u64>()
    };
    while copied() < all {
        assert!(begun.elapsed() < Duration::from_secs(30), "{} of {all}", copied());
        std::thread::sleep(Duration::from_millis(50));
    }
    listening.stop();
    holds_each_once(&home, usize::try_from(all).unwrap());
}

#[test]
fn what_was_never_set_up_is_refused_with_its_mend() {
    let nothing = Home::new();
    let ran = nothing.weir(["listen"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("tcp = [\"0.0.0.0:5514\"]") && ran.stderr.contains("from = "), "{}", ran.stderr);
    let nobody = home(TCP, "");
    let ran = nobody.weir(["listen"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("not who sends"), "{}", ran.stderr);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let ran = home(&format!("tcp = [\"{address}\"]"), "from = [\"127.0.0.1\"]").weir(["listen"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("another program listens there"), "{}", ran.stderr);
    let bad = home("tls = [\"127.0.0.1:0\"]", "from = [\"gate.school.example\", \"10.20.1\"]").weir(["listen"]);
    assert_eq!(bad.status, 2);
    for words in ["needs certificate, key and client_ca", "found \"10.20.1\"", "names a certificate, but [listen] has no tls"] {
        assert!(bad.stderr.contains(words), "{words}: {}", bad.stderr);
    }
}

#[test]
fn nothing_is_read_once_the_disk_is_nearly_full() {
    let home = home(TCP, "from = [\"127.0.0.1\"]");
    let path = home.estate().join("weir.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("keep_free = \"900000 TB\"\n{text}")).unwrap();
    let inbox = home.estate().join("inbox/my-school-filter");
    fs::create_dir_all(&inbox).unwrap();
    fs::write(inbox.join("a.log"), line(0) + "\n").unwrap();
    let ran = home.weir(["watch", "--once"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stdout.contains("keep_free in weir.toml asks for"), "{}", ran.stdout);
    let night = home.weir(["nightly"]);
    assert_eq!(night.status, 2);
    assert!(night.stdout.contains("FAILED  read") && night.stdout.contains("retention: "), "{}", night.stdout);
    assert_eq!(names(&inbox), ["a.log"], "what waits stays");
    // The receiver takes nothing more, and says so; its senders wait.
    let mut listening = Listening::start(&home);
    let mut stream = TcpStream::connect(listening.address("tcp")).unwrap();
    stream.write_all((line(1) + "\n").as_bytes()).unwrap();
    let told = listening.until("nothing is written");
    assert!(told.contains("keep_free"), "{told}");
    let said = listening.stop();
    assert!(said.contains("1 lines are lost"), "the line that was taken and could not be kept is told: {said}");
}
