//! Copies of the register that another disk may hold, and the way back from one.
//!
//! A copy is a folder: the register as it was at one moment, whoever wrote meanwhile, and a note beside it that says what the file's
//! digest and the trail's head are, sealed with a key of the vault. Keys and names are no part of it: the vault is kept apart.

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use weir_lake::clock;
use weir_lake::storage::{move_file, sync_folder, write_file};

use crate::audit::Verified;
use crate::{Act, Action, Actor, Head, Receipt, Register, RegisterError, file, store};

/// The register in a copy's folder.
const FILE: &str = "register.sqlite";

/// The note beside it.
const NOTE: &str = "backup.json";

/// How the folders of copies begin.
const BEGINS: &str = "register-";

/// How a folder begins that is not whole yet.
const UNDER_WAY: &str = ".register-";

/// A copy, as its note tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its folder.
    pub folder: PathBuf,
    /// When it was made, microseconds.
    pub made_at: i64,
    /// Bytes of the register.
    pub bytes: u64,
    /// The last row of its trail.
    pub head: Head,
    digest: String,
}

/// Why a copy is not one to go back to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The register failed.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// A file of the copy could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// There is no note, or it can't be read.
    #[error("{path} is no backup of a register: it has no {NOTE} that can be read")]
    NoBackup {
        /// The folder.
        path: PathBuf,
    },
    /// Another vault sealed it, or somebody changed it.
    #[error("{path}: the note was changed, or made under another vault; put back the vault that belongs to it first")]
    Seal {
        /// The folder.
        path: PathBuf,
    },
    /// The register in the copy is not the one that was written.
    #[error("{path} is not as it was written; use another copy")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The trail in the copy is not whole.
    #[error("{path}: its audit trail is not whole: {finding}; use another copy")]
    Trail {
        /// The file.
        path: PathBuf,
        /// The first finding.
        finding: String,
    },
    /// Something is open.
    #[error("{path} is in use; stop `weir serve` and whatever else works with it, and try again")]
    InUse {
        /// The register.
        path: PathBuf,
    },
}

impl BackupError {
    fn io(path: &Path, error: std::io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), error }
    }
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Register(error.into())
    }
}

impl From<weir_lake::lake::LakeError> for BackupError {
    fn from(error: weir_lake::lake::LakeError) -> Self {
        Self::Register(RegisterError::Copy(error.to_string()))
    }
}

/// Copies the register of a file into a new folder below another, while others go on writing. The row of the trail that tells of it is
/// part of the copy.
pub async fn back_up(
    register: &Register,
    path: &Path,
    to: &Path,
    seal_key: &[u8; 32],
    actor: Actor,
) -> Result<Backup, BackupError> {
    make_folder(to, true)?;
    let now = clock::machine_now();
    let name = now.strftime("%Y%m%d-%H%M%S").to_string();
    let under_way = to.join(format!("{UNDER_WAY}{name}"));
    make_folder(&under_way, false)?;
    let _row = register.audit(Act::new(actor, Action::Backup)).await?;
    let copy = under_way.join(FILE);
    // An empty private file first: SQLite fills it and would make one that others can read.
    file::make(&copy)?;
    // A connection of its own: those for reading write nothing, and the one for writing would keep others waiting.
    let mut source = store::options(path).connect().await?;
    let target = copy.to_string_lossy().into_owned();
    sqlx::query("VACUUM INTO ?").bind(&target).execute(&mut source).await?;
    source.close().await?;
    let verified = verify(&copy).await?;
    let head = verified.head.ok_or_else(|| BackupError::Changed { path: copy.clone() })?;
    let bytes = std::fs::read(&copy).map_err(|error| BackupError::io(&copy, error))?;
    std::fs::File::open(&copy).and_then(|file| file.sync_all()).map_err(|error| BackupError::io(&copy, error))?;
    let backup = Backup {
        folder: to.join(format!("{BEGINS}{name}")),
        made_at: now.as_microsecond(),
        bytes: bytes.len() as u64,
        head,
        digest: blake3::hash(&bytes).to_hex().to_string(),
    };
    write_file(&under_way.join(NOTE), note(&backup, seal_key).as_bytes())?;
    rename_folder(&under_way, &backup.folder)?;
    Ok(backup)
}

/// The copies in a folder, newest first. What is no copy is passed over.
pub fn backups(folder: &Path, seal_key: &[u8; 32]) -> Result<Vec<Backup>, BackupError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(BackupError::io(folder, error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| BackupError::io(folder, error))?;
        if entry.file_name().to_string_lossy().starts_with(BEGINS)
            && let Ok(backup) = read_note(&entry.path(), seal_key)
        {
            found.push(backup);
        }
    }
    found.sort_by_key(|backup| std::cmp::Reverse(backup.made_at));
    Ok(found)
}

/// Removes all but the newest copies, and what copies that were cut short left behind; gives how many went.
pub fn forget_old(folder: &Path, keep: usize, seal_key: &[u8; 32]) -> Result<usize, BackupError> {
    let old: Vec<Backup> = backups(folder, seal_key)?.into_iter().skip(keep.max(1)).collect();
    for backup in &old {
        remove(&backup.folder)?;
    }
    let entries = std::fs::read_dir(folder).map_err(|error| BackupError::io(folder, error))?;
    for entry in entries.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(UNDER_WAY) {
            remove(&entry.path())?;
        }
    }
    Ok(old.len())
}

/// Removes what a copy consists of, and nothing else that somebody may have put there.
fn remove(folder: &Path) -> Result<(), BackupError> {
    for name in [NOTE, FILE, "register.sqlite-journal"] {
        let path = folder.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(BackupError::io(&path, error)),
            _ => {}
        }
    }
    std::fs::remove_dir(folder).map_err(|error| BackupError::io(folder, error))
}

/// Reads a copy whole: its note, its digest, its trail.
pub async fn check(folder: &Path, seal_key: &[u8; 32]) -> Result<Backup, BackupError> {
    let backup = read_note(folder, seal_key)?;
    let path = folder.join(FILE);
    let bytes = std::fs::read(&path).map_err(|error| BackupError::io(&path, error))?;
    if blake3::hash(&bytes).to_hex().as_str() != backup.digest {
        return Err(BackupError::Changed { path });
    }
    let verified = verify(&path).await?;
    if verified.head != Some(backup.head) {
        return Err(BackupError::Changed { path });
    }
    Ok(backup)
}

/// Puts a copy in the place of the register, which is kept beside it under another name; gives that name. Nothing may be working with
/// the register. Sessions and links of the copy's day are ended: they may have been ended since.
pub async fn restore(path: &Path, folder: &Path, seal_key: &[u8; 32], actor: Actor) -> Result<Option<PathBuf>, BackupError> {
    let backup = check(folder, seal_key).await?;
    file::make_folder_of(path)?;
    let aside = {
        let _lock = file::lock(path)?;
        let aside = set_aside(path).await?;
        let copy = folder.join(FILE);
        let bytes = std::fs::read(&copy).map_err(|error| BackupError::io(&copy, error))?;
        // A private file under another name, so that a power cut leaves the whole register or none.
        let arriving = path.with_extension("arriving");
        match std::fs::remove_file(&arriving) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(BackupError::io(&arriving, error)),
            _ => {}
        }
        file::make(&arriving)?;
        let mut options = std::fs::OpenOptions::new();
        options
            .write(true)
            .open(&arriving)
            .and_then(|mut file| std::io::Write::write_all(&mut file, &bytes).and_then(|()| file.sync_all()))
            .map_err(|error| BackupError::io(&arriving, error))?;
        if !move_file(&arriving, path)? {
            return Err(BackupError::InUse { path: path.to_path_buf() });
        }
        aside
    };
    let register = Register::open(path).await?;
    let mut writing = register.begin(Act::new(actor, Action::Restore).with("row", backup.head.number())).await?;
    for statement in ["DELETE FROM sessions", "DELETE FROM links"] {
        sqlx::query(statement).execute(writing.connection()).await?;
    }
    let _receipt: Receipt = writing.commit().await?;
    register.close().await;
    Ok(aside)
}

/// Moves the register of now out of the way, whole in one file.
async fn set_aside(path: &Path) -> Result<Option<PathBuf>, BackupError> {
    if !path.try_exists().map_err(|error| BackupError::io(path, error))? {
        return Ok(None);
    }
    // Only whoever is alone with the file may take its journal away: with it gone, the file is whole.
    let mut own = SqliteConnectOptions::new().filename(path).disable_statement_logging().connect().await?;
    let mode: Result<String, _> = sqlx::query_scalar("PRAGMA journal_mode = DELETE").fetch_one(&mut own).await;
    drop(own.close().await);
    match mode.map_err(RegisterError::from) {
        Ok(mode) if mode == "delete" => {}
        Ok(_) | Err(RegisterError::Busy) => return Err(BackupError::InUse { path: path.to_path_buf() }),
        // One that is damaged is what a copy is for.
        Err(_) => {}
    }
    let name = clock::machine_now().strftime("before-restore-%Y%m%d-%H%M%S").to_string();
    let aside = path.with_extension(name);
    for ending in ["", "-wal", "-shm"] {
        let (from, to) = (file::beside(path, ending), file::beside(&aside, ending));
        if from.try_exists().map_err(|error| BackupError::io(&from, error))? && !move_file(&from, &to)? {
            return Err(BackupError::InUse { path: to });
        }
    }
    Ok(Some(aside))
}

/// Whether a file is a whole register with a whole trail.
async fn verify(path: &Path) -> Result<Verified, BackupError> {
    let mut connection: SqliteConnection =
        SqliteConnectOptions::new().filename(path).read_only(true).disable_statement_logging().connect().await?;
    let sound: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await?;
    let verified = crate::audit::verify_connection(&mut connection, None).await?;
    connection.close().await?;
    if sound != "ok" {
        return Err(BackupError::Changed { path: path.to_path_buf() });
    }
    match verified.findings.first() {
        Some(finding) => Err(BackupError::Trail { path: path.to_path_buf(), finding: finding.to_string() }),
        None => Ok(verified),
    }
}

fn note(backup: &Backup, seal_key: &[u8; 32]) -> String {
    let text = serde_json::json!({
        "made_at": backup.made_at,
        "bytes": backup.bytes,
        "blake3": backup.digest,
        "audit_head": backup.head.to_string(),
        "weir": env!("CARGO_PKG_VERSION"),
        "seal": seal(backup, seal_key),
    });
    format!("{text:#}\n")
}

fn seal(backup: &Backup, seal_key: &[u8; 32]) -> String {
    let key = blake3::derive_key("weir 2026-11-23 notes of the register's copies", seal_key);
    let text = format!("{}\n{}\n{}\n{}", backup.made_at, backup.bytes, backup.digest, backup.head);
    blake3::keyed_hash(&key, text.as_bytes()).to_hex().to_string()
}

fn read_note(folder: &Path, seal_key: &[u8; 32]) -> Result<Backup, BackupError> {
    let path = folder.join(NOTE);
    let none = || BackupError::NoBackup { path: folder.to_path_buf() };
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(none()),
        Err(error) => return Err(BackupError::io(&path, error)),
    };
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(|_| none())?;
    let field = |name: &str| value.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    let backup = Backup {
        folder: folder.to_path_buf(),
        made_at: value.get("made_at").and_then(serde_json::Value::as_i64).ok_or_else(none)?,
        bytes: value.get("bytes").and_then(serde_json::Value::as_u64).ok_or_else(none)?,
        head: field("audit_head").and_then(|head| Head::parse(&head)).ok_or_else(none)?,
        digest: field("blake3").ok_or_else(none)?,
    };
    if field("seal").as_deref() != Some(seal(&backup, seal_key).as_str()) {
        return Err(BackupError::Seal { path: folder.to_path_buf() });
    }
    Ok(backup)
}

/// Gives a folder that is whole its name; one that has that name is left as it is.
#[expect(clippy::disallowed_methods, reason = "every file in it is synced before, its folder below")]
fn rename_folder(from: &Path, to: &Path) -> Result<(), BackupError> {
    sync_folder(from)?;
    std::fs::rename(from, to).map_err(|error| BackupError::io(to, error))?;
    if let Some(parent) = to.parent() {
        sync_folder(parent)?;
    }
    Ok(())
}

fn make_folder(path: &Path, may_be_there: bool) -> Result<(), BackupError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(may_be_there);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| BackupError::io(path, error))
}
