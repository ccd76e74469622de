//! Pages over TLS without a proxy: from files that are checked, renewed without a stop, and numbers about them at an address of their own.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use weir_tests::{Home, not_run};

const TEST: &str = "pages_speak_tls";

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A port that nobody has; the name in weir.toml needs it before there is a server.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A certificate for localhost with this serial number.
fn certificate(home: &Home, serial: &str) -> bool {
    let [certificate, key] = ["pages.pem", "pages.key"].map(|name| home.estate().join(name).display().to_string());
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-set_serial", serial])
        .args(["-keyout", &key, "-out", &certificate])
        .stderr(Stdio::null())
        .status();
    made.is_ok_and(|status| status.success())
}

fn settings(home: &Home, port: u16, more: &str) {
    let path = home.estate().join("weir.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.split("\n[serve]").next().unwrap();
    let serve =
        format!("\n[serve]\nurl = \"https://localhost:{port}\"\ncertificate = \"pages.pem\"\nkey = \"pages.key\"\n{more}");
    fs::write(path, format!("{text}{serve}")).unwrap();
}

fn serve(home: &Home, port: u16) -> Server {
    let mut child = home.command().args(["serve", "--port", &port.to_string()]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    loop {
        let line = lines.next().expect("the pages are served").unwrap();
        if line.starts_with("Open ") {
            assert!(line.contains(&format!("https://localhost:{port}/")), "{line}");
            break;
        }
    }
    Server(child)
}

/// An answer over TLS, whose certificate must be the one in the file.
fn ask(home: &Home, port: u16, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    let mut client = Command::new("openssl")
        .args([
            "s_client",
            "-quiet",
            "-verify_return_error",
            "-connect",
            &format!("127.0.0.1:{port}"),
            "-servername",
            "localhost",
        ])
        .arg("-CAfile")
        .arg(home.estate().join("pages.pem"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Kept open: at its end the client hangs up, answer or not.
    let mut input = client.stdin.take().unwrap();
    input.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    client.stdout.take().unwrap().read_to_string(&mut answer).unwrap();
    drop(input);
    client.wait().unwrap();
    answer
}

fn plain(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_bad_file_is_explained_before_anybody_comes() {
    let home = Home::new();
    settings(&home, 8600, "");
    let refused = |wanted: &str| {
        let ran = home.weir_ok(["serve", "--port", "0"], 2);
        assert!(ran.stderr.contains(wanted), "{wanted}: {}", ran.stderr);
    };
    refused("pages.pem: No such file");
    if !certificate(&home, "1") {
        return not_run(TEST, "openssl");
    }
    let key = home.estate().join("pages.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    refused("pages.key: others may read or change this key (mode 644); chmod 600");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let good = fs::read(&key).unwrap();
    fs::write(&key, "no key").unwrap();
    refused("pages.key: no private key in it");
    let pem = fs::read(home.estate().join("pages.pem")).unwrap();
    assert!(certificate(&home, "2"));
    fs::write(home.estate().join("pages.pem"), pem).unwrap();
    refused("certificate and key must belong together");
    fs::write(home.estate().join("pages.pem"), good).unwrap();
    refused("pages.pem: no certificate in it");
}

#[test]
fn pages_come_over_tls_and_numbers_about_them_elsewhere() {
    let home = Home::new();
    if !certificate(&home, "1") {
        return not_run(TEST, "openssl");
    }
    let (port, numbers) = (free_port(), free_port());
    settings(&home, port, &format!("metrics = \"127.0.0.1:{numbers}\"\n"));
    let mut server = serve(&home, port);
    let answer = ask(&home, port, "/health").to_lowercase();
    assert!(answer.starts_with("http/1.1 200") && answer.ends_with("ok\n"), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age=31536000"), "{answer}");
    let school = home.school();
    let answer = ask(&home, port, &format!("/school/{school}/2026-27"));
    assert!(answer.starts_with("HTTP/1.1 303") && answer.contains("location: /sign-in?next="), "{answer}");
    ask(&home, port, "/of/nothing/we/know");
    // Without TLS nothing answers, not even with a refusal that could be read.
    assert!(!plain(port, "/health").contains("HTTP/1.1"));

    let text = plain(numbers, "/metrics");
    assert!(text.contains("_count{route=\"/health\",method=\"GET\",status=\"200\"} 1\n"), "{text}");
    assert!(text.contains("_count{route=\"/school/{school}/{year}\",method=\"GET\",status=\"303\"} 1\n"), "{text}");
    assert!(text.contains("_count{route=\"none\",method=\"GET\",status=\"404\"} 1\n"), "{text}");
    assert!(!text.contains(&school) && !text.contains("nothing/we"), "{text}");
    assert!(plain(numbers, "/ready").ends_with("ready\n") && plain(numbers, "/health").ends_with("ok\n"));
    assert!(ask(&home, port, "/metrics").starts_with("HTTP/1.1 404"), "not where people come");

    // A renewed certificate is taken without a stop: the client trusts the file alone, which holds the new one.
    assert!(certificate(&home, "77"));
    let began = Instant::now();
    while !ask(&home, port, "/health").ends_with("ok\n") {
        assert!(began.elapsed() < Duration::from_secs(60), "the new certificate was not taken");
        std::thread::sleep(Duration::from_secs(1));
    }

    // Told to stop, it ends, though somebody holds a connection open and says nothing.
    let silent = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let began = Instant::now();
    assert!(Command::new("kill").args(["-TERM", &server.0.id().to_string()]).status().unwrap().success());
    assert!(server.0.wait().unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    silent.shutdown(Shutdown::Both).ok();
}
