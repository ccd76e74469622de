//! Exports are pulled from a bucket and from an SFTP server, each once and whole, wherever the run is killed; from no other address, and
//! from no server whose key is not known.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use weir_tests::{Home, Ran, not_run, squid_line};

const TEST: &str = "what_is_fetched_comes_once";

/// What must stand in nothing that Weir prints or keeps.
const SECRET: &str = "plum-kettle-secret";

const SOURCE: &str = "my-school-filter";

/// A process of this test alone.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().expect("the server stops");
        self.0.wait().expect("the server stops");
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn wait_for(port: u16) {
    for _ in 0..600 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("nothing answers on port {port}");
}

fn program(variable: &str, usual: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map_or_else(|| PathBuf::from(usual), PathBuf::from);
    Some(path).filter(|path| path.is_file())
}

/// Lines of an invented log, a minute apart from the given one on.
fn log(from: i64, lines: i64) -> String {
    (from..from + lines).map(|n| squid_line(n, "apatel", &format!("http://maps.example/p{n}")) + "\n").collect()
}

fn with_settings(home: &Home, fetch: &str) {
    let path = home.estate().join("weir.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}\n[[fetch]]\nsource = \"{SOURCE}\"\n{fetch}\n")).unwrap();
}

fn key_file(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

fn fetch(home: &Home) -> Ran {
    let ran = home.weir(["fetch"]);
    assert!(!ran.stdout.contains(SECRET) && !ran.stderr.contains(SECRET));
    ran
}

/// Files in the inbox, those on their way too.
fn inbox(home: &Home) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(home.estate().join("inbox").join(SOURCE)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn events(home: &Home) -> i64 {
    home.number("SELECT count(*) AS n FROM events")
}

struct Bucket {
    _server: Running,
    port: u16,
}

impl Bucket {
    fn start(program: &Path) -> Self {
        let port = free_port();
        let server = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let bucket = Bucket { _server: Running(server), port };
        wait_for(port);
        bucket.put("", b"");
        bucket
    }

    fn put(&self, name: &str, body: &[u8]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let account = "AWS4-HMAC-SHA256 Credential=weir/20261122/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        write!(
            stream,
            "PUT /logs/{name} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nConnection: close\r\nAuthorization: {account}\r\n\r\n",
            body.len()
        )
        .unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

/// An estate that fetches from a bucket at this port, by day.
fn home_of_bucket(port: u16) -> Home {
    let home = Home::new();
    with_settings(
        &home,
        &format!(
            "from = \"s3://logs\"\nprefix = \"dnslogs/{{year}}-{{month}}-{{day}}/\"\nendpoint = \"http://127.0.0.1:{port}\"\nkey_file = \"fetch/bucket.key\"\ndays = 3"
        ),
    );
    key_file(
        &home.estate().join("fetch/bucket.key"),
        &format!("[default]\naws_access_key_id = weir\naws_secret_access_key = {SECRET}\n"),
    );
    home
}

fn day(back: i64) -> String {
    (Timestamp::now().to_zoned(TimeZone::UTC).date() - back.days()).to_string()
}

#[test]
fn from_a_bucket_by_day() {
    let Some(server) = program("WEIR_MOTO", "") else {
        return not_run(TEST, "a server that speaks S3 (WEIR_MOTO)");
    };
    let bucket = Bucket::start(&server);
    let home = home_of_bucket(bucket.port);
    bucket.put(&format!("dnslogs/{}/a.log", day(1)), log(0, 10).as_bytes());
    bucket.put(&format!("dnslogs/{}/a.log", day(0)), log(100, 10).as_bytes());
    bucket.put(&format!("dnslogs/{}/old.log", day(9)), log(200, 10).as_bytes());
    bucket.put(&format!("elsewhere/{}/a.log", day(0)), log(300, 10).as_bytes());
    bucket.put(&format!("dnslogs/{}/empty.log", day(0)), b"");
    assert_eq!(home.weir_ok(["fetch", "--check"], 0).stdout.lines().count(), 1);
    assert!(!home.estate().join("fetched").exists(), "a look keeps nothing");

    let ran = fetch(&home);
    assert!(ran.status == 0 && ran.stdout.contains("2 files"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(inbox(&home).len(), 2);
    let ran = fetch(&home);
    assert!(ran.status == 0 && ran.stdout.contains("nothing new"), "{}{}", ran.stdout, ran.stderr);

    // A look reads them at once: what comes whole need not rest.
    let look = home.weir(["watch", "--once"]);
    assert!(look.status <= 1, "{}{}", look.stdout, look.stderr);
    assert_eq!((events(&home), inbox(&home).len()), (20, 0));
    // What went from the inbox does not come again; what changed there does, and its known lines count once.
    bucket.put(&format!("dnslogs/{}/a.log", day(0)), log(100, 15).as_bytes());
    let look = home.weir(["watch", "--once"]);
    assert!(look.stdout.contains("fetch my-school-filter: 1 file"), "{}", look.stdout);
    assert_eq!((events(&home), inbox(&home).len()), (25, 0));

    let kept = fs::read_to_string(home.estate().join("fetched").join(format!("{SOURCE}.ndjson"))).unwrap();
    assert!(kept.lines().count() == 3 && !kept.contains(SECRET), "{kept}");
    let doctor = home.weir(["doctor"]);
    assert!(!doctor.stdout.contains("could not") && !doctor.stdout.contains("s3://logs"), "{}", doctor.stdout);
    key_file(&home.estate().join("fetch/bucket.key"), "aws_access_key_id = weir\n");
    // One word: the table may break a line between two.
    assert!(home.weir(["doctor"]).stdout.contains("aws_secret_access_key"));
}

#[test]
fn killed_on_the_way_it_goes_on_and_nothing_comes_twice() {
    let Some(server) = program("WEIR_MOTO", "") else {
        return not_run(TEST, "a server that speaks S3 (WEIR_MOTO)");
    };
    let bucket = Bucket::start(&server);
    // Three pieces of a file, and a small one.
    let large = log(0, 180_000);
    assert!(large.len() > 17 << 20, "{}", large.len());
    bucket.put(&format!("dnslogs/{}/a-large.log", day(0)), large.as_bytes());
    bucket.put(&format!("dnslogs/{}/b-small.log", day(0)), log(200_000, 10).as_bytes());
    for point in ["fetch_after_piece", "fetch_before_memory"] {
        let home = home_of_bucket(bucket.port);
        let killed = home.command().env("WEIR_FAILPOINT", point).arg("fetch").output().unwrap();
        assert_eq!(killed.status.code(), None, "{point}");
        let left = inbox(&home);
        assert_eq!(left.len(), 1, "{point}: {left:?}");
        let is_hidden = left[0].file_name().unwrap().to_string_lossy().starts_with('.');
        assert_eq!(is_hidden, point == "fetch_after_piece", "no reader sees half a file");
        assert_eq!(fetch(&home).status, 0);
        let files = inbox(&home);
        assert_eq!(files.len(), 2, "{point}: {files:?}");
        assert!(fs::read(&files[0]).unwrap() == large.as_bytes() || fs::read(&files[1]).unwrap() == large.as_bytes(), "{point}");
        assert!(fetch(&home).stdout.contains("nothing new"));
    }
}

#[test]
fn a_redirect_leads_nowhere() {
    let (asked, other) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    other.set_nonblocking(true).unwrap();
    let (port, to) = (asked.local_addr().unwrap().port(), other.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in asked.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 8192];
            drop(stream.read(&mut buffer));
            drop(write!(
                stream,
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{to}/latest/meta-data/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            ));
        }
    });
    let home = home_of_bucket(port);
    let ran = fetch(&home);
    assert_eq!(ran.status, 2, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(other.accept().map(|_| ()).unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "nobody came");
}

/// OpenSSH's server as a process of this test, with one folder of exports.
struct Sshd {
    _server: Running,
    port: u16,
    folder: tempfile::TempDir,
    user: String,
}

impl Sshd {
    fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        for name in ["host_key", "client_key"] {
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &at(name)]).status().unwrap();
            assert!(made.success());
        }
        fs::create_dir(folder.path().join("exports")).unwrap();
        let port = free_port();
        let user = Command::new("id").arg("-un").output().unwrap().stdout;
        let user = String::from_utf8(user).unwrap().trim().to_owned();
        if user == "root" {
            // Where a server that root starts keeps its children apart.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        fs::write(
            folder.path().join("sshd_config"),
            format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nPidFile none\n\
                 PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nUsePAM no\n\
                 Subsystem sftp internal-sftp\n",
                at("host_key"),
                at("client_key.pub")
            ),
        )
        .unwrap();
        let server = Command::new(program)
            .args(["-D", "-e", "-f", &at("sshd_config")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let sshd = Sshd { _server: Running(server), port, folder, user };
        wait_for(port);
        sshd
    }

    fn put(&self, name: &str, text: &str, minutes_ago: u64) {
        let path = self.folder.path().join("exports").join(name);
        fs::write(&path, text).unwrap();
        let when = SystemTime::now() - Duration::from_secs(minutes_ago * 60);
        fs::File::options().write(true).open(&path).unwrap().set_modified(when).unwrap();
    }

    fn known_as(&self, key: &str) -> String {
        let key = fs::read_to_string(self.folder.path().join(key)).unwrap();
        format!("[127.0.0.1]:{} {}", self.port, key)
    }
}

#[test]
fn from_an_sftp_server_that_is_known() {
    let Some(server) = program("WEIR_SSHD", "/usr/sbin/sshd") else {
        return not_run(TEST, "Debian's openssh-server");
    };
    let sshd = Sshd::start(&server);
    sshd.put("web-one.log", &log(0, 10), 60);
    sshd.put("web-two.log", &log(100, 10), 30);
    sshd.put("web-now.log", &log(200, 10), 1);
    sshd.put("web-three.log.part", &log(300, 10), 60);
    sshd.put("other.log", &log(400, 10), 60);
    std::os::unix::fs::symlink("/etc/passwd", sshd.folder.path().join("exports/web-link.log")).unwrap();

    let home = Home::new();
    let exports = sshd.folder.path().join("exports");
    with_settings(
        &home,
        &format!("from = \"sftp://{}@127.0.0.1:{}{}\"\nprefix = \"web-\"", sshd.user, sshd.port, exports.display()),
    );
    let private = fs::read_to_string(sshd.folder.path().join("client_key")).unwrap();
    key_file(&home.estate().join("fetch/id_ed25519"), &private);

    let ran = fetch(&home);
    assert!(ran.status == 2 && ran.stdout.contains("ssh-keyscan"), "no key of a server is known: {}{}", ran.stdout, ran.stderr);
    fs::write(home.estate().join("fetch/known_hosts"), sshd.known_as("client_key.pub")).unwrap();
    let ran = fetch(&home);
    assert!(ran.status == 2 && ran.stdout.contains("is another than there"), "{}{}", ran.stdout, ran.stderr);
    assert!(home.weir(["doctor"]).stdout.contains("ssh-keyscan"));

    fs::write(home.estate().join("fetch/known_hosts"), sshd.known_as("host_key.pub")).unwrap();
    let ran = fetch(&home);
    assert!(ran.status == 0 && ran.stdout.contains("2 files"), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("2 still being written there"), "{}", ran.stdout);
    assert_eq!(inbox(&home).len(), 2, "no link, no other name, nothing that is still written");
    assert!(fetch(&home).stdout.contains("nothing new"));
    sshd.put("web-two.log", &log(100, 12), 20);
    assert!(fetch(&home).stdout.contains("1 file"));
    let look = home.weir(["watch", "--once"]);
    assert!(look.status <= 1, "{}{}", look.stdout, look.stderr);
    assert_eq!(events(&home), 22);

    // Others could read the key: it is not used.
    fs::set_permissions(home.estate().join("fetch/id_ed25519"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert!(fetch(&home).stdout.contains("chmod 600"));
    // An account that the server does not let in.
    key_file(&home.estate().join("fetch/id_ed25519"), &fs::read_to_string(sshd.folder.path().join("host_key")).unwrap());
    let ran = fetch(&home);
    assert!(ran.status == 2 && ran.stdout.contains("refused the account or its key"), "{}{}", ran.stdout, ran.stderr);
}
