//! A source's inbox: which of its files may be read now, and where they go once they were.
//!
//! An inbox inside the estate's folder is Weir's own: what was read moves to `done/`, what could not be read to `failed/` with the reason
//! beside it, so that a glance shows what waits. An inbox elsewhere is the filter's own log folder: its files are read where they are
//! and never moved, because a filter goes on writing to them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use weir_lake::clock;
use weir_lake::estate::{Estate, Source};
use weir_lake::storage::{move_file, write_file};
use weir_listen::segment::{OPEN, SEALED};

/// A file that nobody has written to for so long has arrived whole.
const SETTLED_AFTER: Duration = Duration::from_secs(10 * 60);

/// Endings under which programs keep a file that is still on its way.
const ON_ITS_WAY: [&str; 5] = ["part", "tmp", "filepart", "crdownload", "partial"];

/// A source's inbox.
pub struct Inbox {
    folder: PathBuf,
    /// Folders for what was read and what could not be; none where the files are not Weir's to move.
    own: Option<(PathBuf, PathBuf)>,
}

/// What lies in an inbox.
#[derive(Debug, Default)]
pub struct Waiting {
    /// Files and folders to read, oldest name first.
    pub ready: Vec<PathBuf>,
    /// Files that are still being written.
    pub unsettled: Vec<PathBuf>,
    /// Links: what they point at was not put here, so they are not followed.
    pub links: Vec<PathBuf>,
}

impl Inbox {
    /// The inbox of a source, if weir.toml names one.
    pub fn of(estate: &Estate, source: &Source) -> anyhow::Result<Option<Self>> {
        let Some(folder) = source.inbox.clone() else { return Ok(None) };
        let home = estate.home.canonicalize().with_context(|| estate.home.display().to_string())?;
        let is_own = match folder.canonicalize() {
            Ok(real) => real.starts_with(&home),
            // A technician who has just written weir.toml finds the folder to drop files into.
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder.starts_with(&estate.home) => {
                fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
                true
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                anyhow::bail!("{}: the inbox of {} is not there; make the folder or mend weir.toml", folder.display(), source.id)
            }
            Err(error) => anyhow::bail!("{}: {error}", folder.display()),
        };
        let beside = |name: &str| estate.home.join(name).join(source.id.as_str());
        Ok(Some(Self { folder, own: is_own.then(|| (beside("done"), beside("failed"))) }))
    }

    /// Where what was received for a source lies, and where it goes once it was read.
    pub fn of_spool(estate: &Estate, source: &Source) -> Self {
        let beside = |name: &str| estate.home.join(name).join(source.id.as_str());
        Self { folder: estate.receiving.spool.join(source.id.as_str()), own: Some((beside("done"), beside("failed"))) }
    }

    /// Files of a spool that are finished, and those that still grow, each oldest name first.
    pub fn received(&self) -> anyhow::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
        let (mut sealed, mut open) = (Vec::new(), Vec::new());
        for entry in entries(&self.folder)? {
            let path = entry.path();
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                // Sealed between listing and asking: the next look finds it under its last name.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error).with_context(|| path.display().to_string()),
            };
            match path.extension().and_then(|ending| ending.to_str()) {
                Some(SEALED) if metadata.is_file() => sealed.push(path),
                Some(OPEN) if metadata.is_file() && metadata.len() > 0 => open.push(path),
                _ => {}
            }
        }
        sealed.sort();
        open.sort();
        Ok((sealed, open))
    }

    /// Whether files are moved once they were read.
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// What lies in it now.
    pub fn waiting(&self) -> anyhow::Result<Waiting> {
        let mut waiting = Waiting::default();
        if !self.is_own() {
            waiting.ready.push(self.folder.clone());
            return Ok(waiting);
        }
        let now = SystemTime::from(clock::machine_now());
        collect(&self.folder, now, &mut waiting)?;
        for paths in [&mut waiting.ready, &mut waiting.unsettled, &mut waiting.links] {
            paths.sort();
        }
        Ok(waiting)
    }

    /// Moves a file that was read.
    pub fn done(&self, file: &Path) -> anyhow::Result<()> {
        match &self.own {
            Some((done, _)) => self.put(file, done).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Moves a file that was not read, and writes down why.
    pub fn failed(&self, file: &Path, reason: &str) -> anyhow::Result<()> {
        let Some((_, failed)) = &self.own else { return Ok(()) };
        let to = self.put(file, failed)?;
        let mut note = to.into_os_string();
        note.push(".reason.txt");
        write_file(Path::new(&note), format!("{reason}\n").as_bytes())?;
        Ok(())
    }

    /// Moves a file to a folder, under its own name or the next that is free.
    fn put(&self, file: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
        let name = file.file_name().with_context(|| format!("{}: no file name", file.display()))?.to_string_lossy().into_owned();
        make_private(folder)?;
        for number in 1..10_000 {
            let to = folder.join(if number == 1 { name.clone() } else { format!("{number}-{name}") });
            if move_file(file, &to)? {
                return Ok(to);
            }
        }
        anyhow::bail!("{}: too many files named {name} in {}", file.display(), folder.display())
    }

    /// Deletes what was put away more than `days` ago, and says how many files that were.
    pub fn forget(&self, days: u32) -> anyhow::Result<u64> {
        let Some((done, failed)) = &self.own else { return Ok(0) };
        let age = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        let Some(before) = SystemTime::from(clock::machine_now()).checked_sub(age) else { return Ok(0) };
        let mut gone = 0;
        for folder in [done, failed] {
            for entry in entries(folder)? {
                let metadata = entry.metadata().with_context(|| entry.path().display().to_string())?;
                // A file keeps the time it was written; what counts is when it was put here, which only the folder knows.
                if metadata.is_file() && put_here(&metadata) < before {
                    fs::remove_file(entry.path()).with_context(|| entry.path().display().to_string())?;
                    gone += 1;
                }
            }
        }
        Ok(gone)
    }
}

/// Makes a folder for what was read, where there is none: exports hold names, so nobody else comes in.
fn make_private(folder: &Path) -> anyhow::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).with_context(|| folder.display().to_string())
}

/// Deletes the finished files of a spool's folder that were written more than `days` ago, and says how many.
pub fn forget_written(folder: &Path, days: u32) -> anyhow::Result<u64> {
    let age = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    let Some(before) = SystemTime::from(clock::machine_now()).checked_sub(age) else { return Ok(0) };
    let mut gone = 0;
    for entry in entries(folder)? {
        let path = entry.path();
        let metadata = entry.metadata().with_context(|| path.display().to_string())?;
        let is_sealed = metadata.is_file() && path.extension().is_some_and(|ending| ending == SEALED);
        if is_sealed && metadata.modified().is_ok_and(|written| written < before) {
            fs::remove_file(&path).with_context(|| path.display().to_string())?;
            gone += 1;
        }
    }
    Ok(gone)
}

/// When a file came to its folder: on Unix a rename changes the inode's time; elsewhere the time it was written is all there is.
fn put_here(metadata: &fs::Metadata) -> SystemTime {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let seconds = u64::try_from(metadata.ctime()).unwrap_or(0);
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }
    #[cfg(not(unix))]
    {
        metadata.modified().unwrap_or_else(|_| SystemTime::from(clock::machine_now()))
    }
}

fn entries(folder: &Path) -> anyhow::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect::<io::Result<_>>().with_context(|| folder.display().to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| folder.display().to_string()),
    }
}

fn collect(folder: &Path, now: SystemTime, waiting: &mut Waiting) -> anyhow::Result<()> {
    for entry in entries(folder)? {
        let path = entry.path();
        let metadata = entry.metadata().with_context(|| path.display().to_string())?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if metadata.is_symlink() {
            waiting.links.push(path);
        } else if metadata.is_dir() {
            collect(&path, now, waiting)?;
        } else if name.starts_with('.') {
            continue;
        } else if metadata.is_file() {
            let on_its_way =
                path.extension().is_some_and(|ending| ON_ITS_WAY.iter().any(|known| ending.eq_ignore_ascii_case(known)));
            // A clock that was set back makes a file look as if it came from the future; then its age says nothing.
            let age = metadata.modified().ok().and_then(|modified| now.duration_since(modified).ok());
            let is_settled = age.is_none_or(|age| age >= SETTLED_AFTER);
            if on_its_way || !is_settled { waiting.unsettled.push(path) } else { waiting.ready.push(path) }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inbox(home: &Path) -> Inbox {
        Inbox { folder: home.join("inbox"), own: Some((home.join("done"), home.join("failed"))) }
    }

    fn put(path: &Path, minutes_ago: u64) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "a line\n").unwrap();
        let when = SystemTime::now() - Duration::from_secs(minutes_ago * 60);
        fs::File::options().write(true).open(path).unwrap().set_modified(when).unwrap();
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            entries(folder).unwrap().iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn only_what_has_arrived_whole_is_ready_and_no_link_is_followed() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("inbox");
        for (name, minutes_ago) in [("b.log", 11), ("deep/a.log", 60), ("new.log", 9), ("copy.log.PART", 60), (".hidden", 60)] {
            put(&folder.join(name), minutes_ago);
        }
        put(&home.path().join("elsewhere.log"), 60);
        #[cfg(unix)]
        std::os::unix::fs::symlink(home.path().join("elsewhere.log"), folder.join("link.log")).unwrap();
        let waiting = inbox(home.path()).waiting().unwrap();
        assert_eq!(waiting.ready, [folder.join("b.log"), folder.join("deep/a.log")]);
        assert_eq!(waiting.unsettled, [folder.join("copy.log.PART"), folder.join("new.log")]);
        #[cfg(unix)]
        assert_eq!(waiting.links, [folder.join("link.log")]);
    }

    #[test]
    fn what_was_read_is_put_away_and_nothing_takes_its_place() {
        let home = tempfile::tempdir().unwrap();
        let inbox = inbox(home.path());
        let file = home.path().join("inbox/monday.log");
        for _ in 0..3 {
            put(&file, 60);
            inbox.done(&file).unwrap();
        }
        assert_eq!(names(&home.path().join("done")), ["2-monday.log", "3-monday.log", "monday.log"]);
        put(&file, 60);
        inbox.failed(&file, "found a picture, not a text log").unwrap();
        assert_eq!(names(&home.path().join("failed")), ["monday.log", "monday.log.reason.txt"]);
        assert_eq!(names(&home.path().join("inbox")), Vec::<String>::new());
        assert_eq!(inbox.forget(14).unwrap(), 0, "they were put here just now, however old they are");
        assert_eq!(names(&home.path().join("done")).len(), 3);
    }
}
