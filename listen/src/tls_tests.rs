//! Who may come in over TLS: whoever holds a certificate of our authority, and nobody else; whose lines they are says the certificate.

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use weir_lake::estate::{Listening, Sender, TlsFiles};
use weir_lake::ids::SourceId;

use crate::tcp::read;
use crate::{Config, Limits, ListenError, Receiver, Said, Senders};

/// Certificates made for one test.
struct Authority(tempfile::TempDir);

impl Authority {
    /// None where there is no openssl to make them with.
    fn new() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            if let Some(path) = std::env::var_os("WEIR_NOT_RUN") {
                use std::io::Write as _;
                let mut list = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
                writeln!(list, "who may come in over TLS: needs openssl").unwrap();
            }
            return None;
        }
        let authority = Self(tempfile::tempdir().unwrap());
        for ca in ["ours", "theirs"] {
            authority.openssl(&format!(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN={ca} -keyout {ca}.key -out {ca}.pem \
                 -addext basicConstraints=critical,CA:TRUE"
            ));
        }
        for (name, ca) in
            [("localhost", "ours"), ("gate.oak.example", "ours"), ("gate.elm.example", "ours"), ("gate.ash.example", "theirs")]
        {
            authority.make(name, ca);
        }
        Some(authority)
    }

    fn openssl(&self, arguments: &str) {
        let ran = Command::new("openssl").args(arguments.split(' ')).current_dir(self.0.path()).output().unwrap();
        assert!(ran.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&ran.stderr));
    }

    fn make(&self, name: &str, ca: &str) {
        self.openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr"
        ));
        fs::write(self.path("names.txt"), format!("subjectAltName=DNS:{name}\n")).unwrap();
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA {ca}.pem -CAkey {ca}.key -CAcreateserial -days 30 -extfile names.txt -out {name}.pem"
        ));
        #[cfg(unix)]
        fs::set_permissions(self.path(&format!("{name}.key")), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn files(&self) -> TlsFiles {
        TlsFiles { certificate: self.path("localhost.pem"), key: self.path("localhost.key"), client_ca: self.path("ours.pem") }
    }

    fn certificate(&self, name: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(self.path(&format!("{name}.pem"))).unwrap()
    }

    fn config(&self, spool: &Path) -> Config {
        let source = |id: &str| SourceId::parse(id).unwrap();
        let fingerprint: [u8; 32] = Sha256::digest(self.certificate("gate.elm.example")).into();
        let senders = [
            (Sender::Name("gate.oak.example".into()), source("oak")),
            (Sender::Fingerprint(fingerprint), source("elm")),
            (Sender::Name("gate.ash.example".into()), source("ash")),
        ];
        Config {
            listening: Listening {
                tls: vec!["127.0.0.1:0".parse().unwrap()],
                tls_files: Some(self.files()),
                ..Listening::default()
            },
            senders: Senders::new(&senders),
            tails: Default::default(),
            spool: spool.to_path_buf(),
            limits: Limits { keep_free: 0, ..Limits::default() },
        }
    }

    async fn connect(&self, receiver: &Receiver, name: Option<&str>) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate("ours")).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match name {
            Some(name) => {
                let key = PrivateKeyDer::from_pem_file(self.path(&format!("{name}.key"))).unwrap();
                builder.with_client_auth_cert(vec![self.certificate(name)], key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        let stream = TcpStream::connect(receiver.addresses()[0].1).await?;
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
    }
}

async fn send(stream: &mut TlsStream<TcpStream>, bytes: &[u8]) -> std::io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let written = std::future::poll_fn(|context| Pin::new(&mut *stream).poll_write(context, rest)).await?;
        rest = &rest[written..];
    }
    std::future::poll_fn(|context| Pin::new(&mut *stream).poll_flush(context)).await
}

async fn close(mut stream: TlsStream<TcpStream>) {
    drop(std::future::poll_fn(|context| Pin::new(&mut stream).poll_shutdown(context)).await);
    // Until the receiver has closed too.
    drop(read(&mut stream, &mut [0; 16]).await);
}

fn silent() -> (Said, Arc<Mutex<Vec<String>>>) {
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&said);
    (Arc::new(move |text: &str| heard.lock().unwrap().push(text.to_owned())), said)
}

fn spooled(spool: &Path, source: &str) -> String {
    let Ok(entries) = fs::read_dir(spool.join(source)) else { return String::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}

#[tokio::test]
async fn a_certificate_says_whose_lines_they_are_and_without_one_nobody_comes_in() {
    let Some(authority) = Authority::new() else { return };
    let spool = tempfile::tempdir().unwrap();
    let (said, heard) = silent();
    let receiver = Receiver::start(authority.config(spool.path()), said).await.unwrap();
    let mut oak = authority.connect(&receiver, Some("gate.oak.example")).await.unwrap();
    send(&mut oak, b"<13>one\n<13>two\n").await.unwrap();
    let mut elm = authority.connect(&receiver, Some("gate.elm.example")).await.unwrap();
    send(&mut elm, b"7 <13>one7 <13>two").await.unwrap();
    // No certificate; one of an authority that is not ours; ours, of a name that no source names.
    for name in [None, Some("gate.ash.example"), Some("localhost")] {
        if let Ok(mut stream) = authority.connect(&receiver, name).await {
            drop(send(&mut stream, b"<13>must never be read\n").await);
            let answer = tokio::time::timeout(Duration::from_secs(10), read(&mut stream, &mut [0; 16])).await;
            assert!(matches!(answer, Ok(Ok(0) | Err(_))), "{name:?} is turned away: {answer:?}");
        }
    }
    close(oak).await;
    close(elm).await;
    let counts = receiver.stop().await;
    assert_eq!(counts.lines(), 4);
    assert_eq!(spooled(spool.path(), "oak"), "<13>one\n<13>two\n");
    assert_eq!(spooled(spool.path(), "elm"), "<13>one\n<13>two\n");
    assert_eq!(spooled(spool.path(), "ash"), "");
    let metrics = counts.metrics();
    for wanted in [
        "weir_listen_refused_total{why=\"tls\"} 2",
        "weir_listen_unknown_sender_total{address=\"127.0.0.1\"} 1",
        "weir_listen_lines_total{source=\"oak\",by=\"tls\"} 2",
    ] {
        assert!(metrics.contains(wanted), "{wanted}: {metrics}");
    }
    assert_eq!(
        heard.lock().unwrap().iter().filter(|said| said.contains("is refused: ")).count(),
        2,
        "{:?}",
        heard.lock().unwrap()
    );
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_no_half_line() {
    let Some(authority) = Authority::new() else { return };
    let spool = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(authority.config(spool.path()), silent().0).await.unwrap();
    let mut oak = authority.connect(&receiver, Some("gate.oak.example")).await.unwrap();
    send(&mut oak, b"<13>whole\n<13>ha").await.unwrap();
    // Gone without TLS's own farewell.
    drop(oak);
    let counts = receiver.counts();
    for _ in 0..200 {
        if counts.metrics().contains("weir_listen_torn_total{source=\"oak\"} 1") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    receiver.stop().await;
    assert_eq!(spooled(spool.path(), "oak"), "<13>whole\n");
    assert!(counts.metrics().contains("weir_listen_torn_total{source=\"oak\"} 1"), "{}", counts.metrics());
}

#[tokio::test]
async fn new_files_hold_from_the_next_connection_on_and_bad_ones_never() {
    let Some(authority) = Authority::new() else { return };
    let spool = tempfile::tempdir().unwrap();
    let (said, heard) = silent();
    let receiver = Receiver::start(authority.config(spool.path()), said).await.unwrap();
    fs::write(authority.path("ours.pem"), "no certificate").unwrap();
    receiver.reload();
    assert!(heard.lock().unwrap().last().unwrap().contains("TLS goes on with the files as they were"));
    fs::copy(authority.path("theirs.pem"), authority.path("ours.pem")).unwrap();
    receiver.reload();
    assert!(heard.lock().unwrap().last().unwrap().contains("taken with the new ones"), "{:?}", heard.lock().unwrap());
    receiver.stop().await;
}

#[tokio::test]
async fn files_that_can_not_be_used_are_named_with_their_mend() {
    let Some(authority) = Authority::new() else { return };
    let spool = tempfile::tempdir().unwrap();
    let refusal = async |files: TlsFiles| -> String {
        let mut config = authority.config(spool.path());
        config.listening.tls_files = Some(files);
        match Receiver::start(config, silent().0).await {
            Err(error @ ListenError::Tls { .. }) => error.to_string(),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("taken"),
        }
    };
    let files = || authority.files();
    fs::write(authority.path("empty.pem"), "").unwrap();
    let empty = refusal(TlsFiles { certificate: authority.path("empty.pem"), ..files() }).await;
    assert!(empty.contains("empty.pem: no certificate in it"), "{empty}");
    let other = refusal(TlsFiles { key: authority.path("gate.oak.example.key"), ..files() }).await;
    assert!(other.contains("must belong together"), "{other}");
    let missing = refusal(TlsFiles { client_ca: authority.path("missing.pem"), ..files() }).await;
    assert!(missing.contains("missing.pem"), "{missing}");
    #[cfg(unix)]
    {
        fs::set_permissions(authority.path("localhost.key"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let open = refusal(files()).await;
        assert!(open.contains("chmod 600"), "{open}");
    }
}
