//! Which file is which: a file's identity whatever its name, the files that a rotation leaves beside it, and whether one begins as another.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Endings of files that were packed after their rotation.
const PACKED: [&str; 6] = ["gz", "zst", "bz2", "xz", "zip", "lz4"];

/// What stays the same when a file is renamed, and is another for another file.
#[cfg(unix)]
pub(super) fn identity(metadata: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!("{:x}.{:x}", metadata.dev(), metadata.ino())
}

/// Windows gives a file's number to no ordinary program; when it was made stays the same under another name. A new file under an old name
/// may inherit the old one's time for some seconds: then what stands before the position tells them apart.
#[cfg(windows)]
pub(super) fn identity(metadata: &Metadata) -> String {
    use std::os::windows::fs::MetadataExt;
    format!("{:x}", metadata.creation_time())
}

/// Elsewhere what stands before the position has to tell files apart.
#[cfg(not(any(unix, windows)))]
pub(super) fn identity(_metadata: &Metadata) -> String {
    String::from("0")
}

/// The identity of the file at a path.
pub(super) fn id_at(path: &Path) -> Option<String> {
    fs::metadata(path).ok().map(|metadata| identity(&metadata))
}

/// Files that a rotation may have left.
#[derive(Debug, Default)]
pub(super) struct Siblings {
    pub(super) plain: Vec<PathBuf>,
    packed: Vec<PathBuf>,
}

impl Siblings {
    pub(super) fn plain_since(self, since: SystemTime) -> Vec<PathBuf> {
        self.plain.into_iter().filter(|path| is_since(path, since)).collect()
    }

    pub(super) fn packed_since(self, since: SystemTime) -> Vec<PathBuf> {
        self.packed.into_iter().filter(|path| is_since(path, since)).collect()
    }
}

fn is_since(path: &Path, since: SystemTime) -> bool {
    fs::metadata(path).and_then(|metadata| metadata.modified()).is_ok_and(|written| written >= since)
}

/// The files beside `path` whose names a rotation makes of its name: `access.log.1`, `access.log-20261105`, `access-20261105.log`.
pub(super) fn siblings(path: &Path) -> Siblings {
    let mut found = Siblings::default();
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else { return found };
    let (stem, ending) = name.rsplit_once('.').map_or((name, ""), |(stem, ending)| (stem, ending));
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries.flatten() {
        let file_name = entry.file_name();
        let Some(other) = file_name.to_str() else { continue };
        let goes_on = |rest: &str| rest.starts_with(['.', '-', '_']);
        let after_name = other.strip_prefix(name).is_some_and(goes_on);
        let dated = other.strip_suffix(ending).and_then(|other| other.strip_prefix(stem));
        let is_dated =
            !ending.is_empty() && dated.is_some_and(|rest| goes_on(rest) && rest.bytes().any(|byte| byte.is_ascii_digit()));
        if other == name || !(after_name || is_dated) || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let is_packed =
            entry.path().extension().is_some_and(|ending| PACKED.iter().any(|packed| ending.eq_ignore_ascii_case(packed)));
        if is_packed { found.packed.push(entry.path()) } else { found.plain.push(entry.path()) }
    }
    found.plain.sort();
    found.packed.sort();
    found
}

/// How much of `copy` is the beginning of a file: all of it, or all but NULs that a power cut left at its end; none where it is the
/// beginning of another.
pub(super) fn begins_with(file: &mut File, copy: &Path) -> io::Result<Option<u64>> {
    let mut copy = File::open(copy)?;
    let length = copy.metadata()?.len();
    if file.metadata()?.len() < length {
        // A file that was not written out before a power cut may be shorter than its copy: it is another to us, and read anew.
        return Ok(None);
    }
    file.seek(SeekFrom::Start(0))?;
    let (mut ours, mut theirs) = (vec![0; 1 << 18], vec![0; 1 << 18]);
    let mut at = 0;
    loop {
        let read = copy.read(&mut ours)?;
        let (ours, theirs) = (ours.get(..read).unwrap_or_default(), theirs.get_mut(..read).unwrap_or_default());
        if read == 0 {
            return Ok(Some(at));
        }
        file.read_exact(theirs)?;
        if let Some(differs) = ours.iter().zip(theirs.iter()).position(|(ours, theirs)| ours != theirs) {
            let is_cut = ours.iter().skip(differs).all(|byte| *byte == 0) && is_nothing(&mut copy)?;
            let sound = at + differs as u64;
            return Ok((is_cut && sound > 0).then_some(sound));
        }
        at += read as u64;
    }
}

/// Whether only NULs are left.
fn is_nothing(file: &mut File) -> io::Result<bool> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(true),
            read if buffer.iter().take(read).any(|byte| *byte != 0) => return Ok(false),
            _ => {}
        }
    }
}

/// The bytes before a position, so many at most.
pub(super) fn before(file: &mut File, at: u64, most: usize) -> io::Result<Vec<u8>> {
    let length = usize::try_from(at).map_or(most, |at| at.min(most));
    file.seek(SeekFrom::Start(at - length as u64))?;
    let mut bytes = vec![0; length];
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(bytes),
        // Shorter meanwhile: none of what was expected.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
