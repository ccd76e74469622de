//! One file of the spool: whole lines, appended, made durable, sealed under its last name; put right after a crash.
//!
//! A file that grows ends in `.open`, one that never changes again in `.log`. A crash leaves a line half written at most at the end of an
//! open file; nothing reads that half, and it is cut away before the file is sealed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use weir_lake::clock;
use weir_lake::storage::sync_folder;

/// Ending of a file that grows.
pub const OPEN: &str = "open";

/// Ending of a file that never changes again.
pub const SEALED: &str = "log";

/// How the names of received files begin; a followed file's begin otherwise.
const RECEIVED: &str = "syslog-";

/// Makes a folder of the spool, for this user alone: it holds names.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A new file of the spool, for this user alone.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A name that sorts by time and is no other file's: nobody else fills this spool.
pub(crate) fn new_name(begin: &str) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let now = clock::machine_now();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("{begin}{}-{:06}-{number:04}.{OPEN}", now.strftime("%Y%m%dT%H%M%SZ"), now.subsec_nanosecond() / 1000)
}

/// A file of the spool that grows.
#[derive(Debug)]
pub struct Segment {
    file: File,
    path: PathBuf,
    bytes: u64,
}

impl Segment {
    /// Begins a file.
    pub fn create(folder: &Path) -> io::Result<Self> {
        let path = folder.join(new_name(RECEIVED));
        let file = create(&path)?;
        // Its name is durable before a line in it is called so.
        sync(folder)?;
        Ok(Self { file, path, bytes: 0 })
    }

    /// Bytes in it.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Appends whole lines: all of them, or after an error none.
    pub fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        match self.file.write_all(lines) {
            Ok(()) => {
                self.bytes += lines.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.file.set_len(self.bytes)?;
                Err(error)
            }
        }
    }

    /// Makes what was appended durable.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Makes the file durable and gives it its last name.
    pub fn seal(self) -> io::Result<PathBuf> {
        self.file.sync_all()?;
        drop(self.file);
        seal(&self.path)
    }
}

/// Gives an open file its last name; it must be durable already.
#[expect(clippy::disallowed_methods, reason = "the writer: synced before, its folder synced below")]
pub(crate) fn seal(path: &Path) -> io::Result<PathBuf> {
    let sealed = path.with_extension(SEALED);
    fs::rename(path, &sealed)?;
    sync(path.parent().unwrap_or(path))?;
    Ok(sealed)
}

fn sync(folder: &Path) -> io::Result<()> {
    sync_folder(folder).map_err(|error| io::Error::other(error.to_string()))
}

/// Names in a folder with an ending and a beginning, sorted.
pub(crate) fn named(folder: &Path, begin: &str, ending: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let is_named = entry.file_name().to_string_lossy().starts_with(begin);
        if is_named && path.extension().is_some_and(|found| found == ending) && entry.file_type()?.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A file that a crash left open.
#[derive(Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Where it is now; none where there was nothing in it.
    pub path: Option<PathBuf>,
    /// Bytes of a line that was half written, and cut away.
    pub torn: u64,
}

/// Seals what a crash left open in a folder, without the line that was half written.
pub fn recover(folder: &Path) -> io::Result<Vec<Recovered>> {
    named(folder, RECEIVED, OPEN)?.iter().map(|path| recover_one(path)).collect()
}

fn recover_one(path: &Path) -> io::Result<Recovered> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let whole = whole_lines(&mut file)?;
    if whole < length {
        file.set_len(whole)?;
    }
    file.sync_all()?;
    drop(file);
    let torn = length - whole;
    if whole == 0 {
        fs::remove_file(path)?;
        return Ok(Recovered { path: None, torn });
    }
    Ok(Recovered { path: Some(seal(path)?), torn })
}

/// Bytes up to the end of the last whole line. A power cut may leave NULs where bytes were to stand; no line that was received has any.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    let (mut at, mut whole) = (0u64, 0u64);
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        let sound = memchr::memchr(0, bytes).unwrap_or(read);
        if let Some(newline) = memchr::memrchr(b'\n', bytes.get(..sound).unwrap_or_default()) {
            whole = at + newline as u64 + 1;
        }
        if read == 0 || sound < read {
            return Ok(whole);
        }
        at += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_crash_leaves_is_sealed_without_its_half_line() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        put("syslog-1.open", b"one\ntwo\nthr");
        put("syslog-2.open", b"half");
        put("syslog-3.open", b"one\n\0\0\0\0\n\0");
        put("syslog-4.open", b"one\ntwo\n");
        put("syslog-5.log", b"left alone");
        put("tail-1.open", b"left al");
        let recovered = recover(folder.path()).unwrap();
        let path = |name: &str| Some(folder.path().join(name));
        let wanted = [(path("syslog-1.log"), 3), (None, 4), (path("syslog-3.log"), 6), (path("syslog-4.log"), 0)];
        assert_eq!(recovered, wanted.map(|(path, torn)| Recovered { path, torn }));
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        assert_eq!(read("syslog-1.log"), b"one\ntwo\n");
        assert_eq!(read("syslog-3.log"), b"one\n");
        assert_eq!(read("tail-1.open"), b"left al");
        assert_eq!(named(folder.path(), RECEIVED, OPEN).unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    #[cfg(unix)]
    fn nobody_else_may_look() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("spool/gate");
        make_folder(&folder).unwrap();
        let mut segment = Segment::create(&folder).unwrap();
        segment.append(b"a line\n").unwrap();
        let sealed = segment.seal().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&sealed)), (0o700, 0o600));
    }
}
