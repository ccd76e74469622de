//! An SFTP server, reached by the system's own OpenSSH client: that one decides about keys, and Weir speaks the protocol over its pipes.
//!
//! It is started without the machine's and the account's own settings, asks nobody anything, and speaks to no server whose key is not in
//! the file of known ones.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use russh_sftp::client::error::Error;
use russh_sftp::client::{Config, SftpSession};
use russh_sftp::protocol::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::process::{Child, Command};

use crate::FetchError;
use crate::days::folder;
use crate::error::printable;
use crate::remote::{Found, MOST};

/// Bytes of what ssh says that are kept.
const SAID_BYTES: usize = 4096;

/// Seconds for one answer of a server that is at work on something else.
const ANSWER_SECONDS: u64 = 60;

/// How long ssh may take to end once it is no longer needed, so that what it says is whole.
const FAREWELL: Duration = Duration::from_secs(5);

/// A server, connected.
pub(crate) struct Server {
    session: SftpSession,
    folder: String,
    pub(crate) place: String,
    _ssh: Child,
}

/// Where and as whom.
pub(crate) struct Account<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) user: &'a str,
    pub(crate) folder: &'a str,
    pub(crate) known_hosts: &'a Path,
    pub(crate) key_file: &'a Path,
}

impl Server {
    pub(crate) async fn connect(account: &Account<'_>) -> Result<Self, FetchError> {
        // ssh would say it too, in words that do not name the mend.
        for file in [account.known_hosts, account.key_file] {
            std::fs::metadata(file).map_err(|error| match (file == account.known_hosts, error.kind()) {
                (true, std::io::ErrorKind::NotFound) => unknown_host(account),
                _ => FetchError::io(file, error),
            })?;
        }
        let key = std::fs::File::open(account.key_file).map_err(|error| FetchError::io(account.key_file, error))?;
        crate::keys::check_private(account.key_file, &key)?;
        let mut ssh = Command::new("ssh")
            .args(arguments(account))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| FetchError::NoSsh { error })?;
        let place = format!("sftp://{}", account.host);
        let (Some(stdin), Some(stdout), Some(mut stderr)) = (ssh.stdin.take(), ssh.stdout.take(), ssh.stderr.take()) else {
            return Err(FetchError::remote(&place, "ssh has no pipes"));
        };
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        let listening = tokio::spawn(async move {
            let mut buffer = [0; 512];
            while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                if heard.len() < SAID_BYTES {
                    heard.extend_from_slice(buffer.get(..read).unwrap_or_default());
                }
            }
        });
        let config = Config { request_timeout_secs: ANSWER_SECONDS, ..Config::default() };
        match SftpSession::new_with_config(tokio::io::join(stdout, stdin), config).await {
            Ok(session) => Ok(Self { session, folder: account.folder.to_owned(), place, _ssh: ssh }),
            Err(error) => {
                drop(tokio::time::timeout(FAREWELL, listening).await);
                let said = said.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let said = String::from_utf8_lossy(&said).into_owned();
                Err(told(account, &place, &said, &error))
            }
        }
    }

    pub(crate) async fn list(&self, prefix: &str) -> Result<Vec<Found>, FetchError> {
        let (below, begins) = folder(prefix);
        let parts = [self.folder.as_str(), below];
        let folder = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("/");
        let listed = match self.session.read_dir(if folder.is_empty() { String::from(".") } else { folder.clone() }).await {
            Ok(listed) => listed,
            // The folder of a day that has not begun there.
            Err(Error::Status(status)) if status.status_code == StatusCode::NoSuchFile => return Ok(Vec::new()),
            Err(error) => return Err(FetchError::remote(&self.place, error)),
        };
        let mut found = Vec::new();
        for entry in listed {
            let (name, metadata) = (entry.file_name(), entry.metadata());
            // Links are not followed: what they point at was not put here. A name with a way in it is no name.
            let is_name = name.starts_with(begins) && !name.contains(['/', '\0']) && name != "." && name != "..";
            if !is_name || !entry.file_type().is_file() {
                continue;
            }
            if found.len() == MOST {
                return Err(FetchError::TooMany { place: self.place.clone(), most: MOST });
            }
            let (size, written) = (metadata.len(), i64::from(metadata.mtime.unwrap_or(0)));
            let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            found.push(Found { name, size, written, version: format!("{size}-{written}"), is_whole: false });
        }
        Ok(found)
    }

    pub(crate) async fn piece(&self, found: &Found, at: u64, bytes: u64) -> Result<Option<Bytes>, FetchError> {
        let mut file = match self.session.open(found.name.clone()).await {
            Ok(file) => file,
            Err(Error::Status(status)) if status.status_code == StatusCode::NoSuchFile => return Ok(None),
            Err(error) => return Err(FetchError::remote(&self.place, error)),
        };
        let fault = |error: std::io::Error| FetchError::remote(&self.place, error);
        file.seek(std::io::SeekFrom::Start(at)).await.map_err(fault)?;
        let mut piece = Vec::new();
        (&mut file).take(bytes).read_to_end(&mut piece).await.map_err(fault)?;
        file.close().await.map_err(fault)?;
        Ok((piece.len() as u64 == bytes).then(|| piece.into()))
    }

    pub(crate) async fn is_unchanged(&self, found: &Found) -> Result<bool, FetchError> {
        match self.session.symlink_metadata(found.name.clone()).await {
            Ok(now) => Ok(now.len() == found.size && i64::from(now.mtime.unwrap_or(0)) == found.written),
            Err(Error::Status(status)) if status.status_code == StatusCode::NoSuchFile => Ok(false),
            Err(error) => Err(FetchError::remote(&self.place, error)),
        }
    }
}

/// How ssh is started.
fn arguments(account: &Account<'_>) -> Vec<String> {
    let option = |name: &str, value: &str| [String::from("-o"), format!("{name}={value}")];
    let fixed = [
        ("BatchMode", "yes"),
        ("StrictHostKeyChecking", "yes"),
        ("UpdateHostKeys", "no"),
        ("GlobalKnownHostsFile", "none"),
        ("IdentitiesOnly", "yes"),
        ("IdentityAgent", "none"),
        ("PasswordAuthentication", "no"),
        ("KbdInteractiveAuthentication", "no"),
        ("ForwardAgent", "no"),
        ("ClearAllForwardings", "yes"),
        ("PermitLocalCommand", "no"),
        ("ProxyCommand", "none"),
        ("ControlMaster", "no"),
        ("ControlPath", "none"),
        ("LogLevel", "ERROR"),
        ("ConnectTimeout", "20"),
        ("ServerAliveInterval", "15"),
        ("ServerAliveCountMax", "4"),
    ];
    let mut words = vec![String::from("-F"), String::from("none"), String::from("-T")];
    words.extend(fixed.iter().flat_map(|(name, value)| option(name, value)));
    words.extend(option("UserKnownHostsFile", &quoted(account.known_hosts)));
    words.extend(option("IdentityFile", &quoted(account.key_file)));
    words.extend(["-p".to_owned(), account.port.to_string(), "-l".to_owned(), account.user.to_owned()]);
    words.extend(["-s", "--", account.host, "sftp"].map(str::to_owned));
    words
}

/// A path as ssh reads one: blanks part names there, and a percent sign stands for something.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path };
    format!("\"{}\"", path.replace('%', "%%"))
}

fn unknown_host(account: &Account<'_>) -> FetchError {
    FetchError::UnknownHost { host: account.host.to_owned(), port: account.port, known_hosts: account.known_hosts.to_path_buf() }
}

fn told(account: &Account<'_>, place: &str, said: &str, error: &Error) -> FetchError {
    if said.contains("Host key verification failed") || said.contains("host key is known for") {
        return unknown_host(account);
    }
    if said.contains("Permission denied") {
        return FetchError::Refused { place: place.to_owned(), said: printable(said) };
    }
    if said.trim().is_empty() { FetchError::remote(place, error) } else { FetchError::remote(place, said) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_is_told_to_ask_nobody_and_to_trust_no_new_key() {
        let account = Account {
            host: "files.example",
            port: 2222,
            user: "weir",
            folder: "/exports",
            known_hosts: Path::new("/srv/a school/100%/known_hosts"),
            key_file: Path::new("/srv/key"),
        };
        let words = arguments(&account);
        assert_eq!(words[..2], ["-F", "none"], "none of the account's own settings");
        let has = |wanted: &str| words.windows(2).any(|pair| pair[0] == "-o" && pair[1] == wanted);
        for wanted in [
            "BatchMode=yes",
            "StrictHostKeyChecking=yes",
            "IdentitiesOnly=yes",
            "ProxyCommand=none",
            "UserKnownHostsFile=\"/srv/a school/100%%/known_hosts\"",
        ] {
            assert!(has(wanted), "{wanted}: {words:?}");
        }
        assert_eq!(words[words.len() - 4..], ["-s", "--", "files.example", "sftp"], "nothing of weir.toml is an option");
    }
}
