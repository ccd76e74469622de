//! Follows a file that grows and is rotated: each of its generations becomes one file of the spool, byte for byte.
//!
//! The copy is its own position: as long as it is, so much was copied, and a run that was killed goes on from there. So nothing is lost or
//! doubled, headers at the file's beginning stay where they belong, and the copy is to ingest the same file as the original. A file that
//! was renamed is read until it has been quiet for a while; of a file that was emptied, the rest is read from the copy beside it.

mod files;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use weir_lake::clock;
use weir_lake::storage::sync_folder;

use crate::Said;
use crate::counts::{OfSource, Way};
use crate::frame::Found;
use crate::segment::{OPEN, SEALED, create, named, new_name, seal};
use files::{identity, siblings};

/// Between two looks at a file that was quiet.
const POLL: Duration = Duration::from_millis(200);

/// A renamed file that nobody wrote to for so long is finished: programs go on writing to it until they are told of the rotation.
const LEAVE_AFTER: Duration = Duration::from_secs(60);

/// Bytes before the position that must be the same at each look, or the file is another one under the same name.
const REMEMBERED: usize = 256;

/// Bytes copied at once.
const CHUNK: usize = 1 << 20;

/// How long a copied line waits until it is safe from a power cut.
const SYNC_AFTER: Duration = Duration::from_millis(200);

/// How the names of copies begin.
const BEGIN: &str = "tail-";

/// What to follow, and where to.
pub(crate) struct Following {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) keep_free: u64,
    pub(crate) counts: Arc<OfSource>,
    pub(crate) said: Said,
}

/// Follows until told to stop. The copy of the newest generation stays open: the next run goes on with it.
pub(crate) fn run(following: Following, stop: &AtomicBool) {
    let mut tail = Tail::new(following, LEAVE_AFTER);
    tail.resume();
    while !stop.load(Relaxed) {
        if !tail.turn() {
            std::thread::sleep(POLL);
        }
    }
    tail.turn();
    tail.sync(Duration::ZERO);
}

/// One generation of the file on its way.
struct Copy {
    id: String,
    from: File,
    to: File,
    copy: PathBuf,
    /// Bytes copied, which is the length of the copy.
    at: u64,
    /// The last of them.
    last: Vec<u8>,
    grew: Instant,
    unsynced: Option<Instant>,
    /// Whether the name belongs to another generation now.
    is_leaving: bool,
}

struct Tail {
    following: Following,
    leave_after: Duration,
    copies: Vec<Copy>,
    /// Generations that were followed, so that a renamed one is not taken for a new one.
    known: BTreeSet<String>,
    looked: SystemTime,
    /// What was said last, so that it is said once.
    told: Option<String>,
}

impl Tail {
    fn new(following: Following, leave_after: Duration) -> Self {
        let looked = SystemTime::from(clock::machine_now());
        Self { following, leave_after, copies: Vec::new(), known: BTreeSet::new(), looked, told: None }
    }

    fn tell(&mut self, what: String) {
        if self.told.as_ref() != Some(&what) {
            (self.following.said)(&format!("{}: {what}", self.following.name));
            self.told = Some(what);
        }
    }

    fn shown(&self) -> String {
        self.following.path.display().to_string()
    }

    /// Goes on with the copies that the last run left open.
    fn resume(&mut self) {
        let listed = [OPEN, SEALED].map(|ending| named(&self.following.folder, BEGIN, ending));
        let [Ok(open), Ok(sealed)] = listed else {
            return self.tell(format!("{} can't be read", self.following.folder.display()));
        };
        self.known.extend(open.iter().chain(&sealed).filter_map(|copy| id_of(copy)));
        let written = |copy: &PathBuf| std::fs::metadata(copy).and_then(|file| file.modified()).ok();
        let Some(since) = open.iter().filter_map(written).max() else { return };
        for copy in &open {
            match self.resume_one(copy) {
                Ok(true) => {}
                Ok(false) => {
                    let packed = siblings(&self.following.path).packed_since(since);
                    let what = match packed.first() {
                        Some(packed) => {
                            format!("read it with: weir ingest --source {} {}", self.following.name, packed.display())
                        }
                        None => String::from("if it is kept elsewhere, read it with weir ingest"),
                    };
                    self.tell(format!(
                        "a generation of {} went while it was not followed, and its end is not here; {what}",
                        self.shown()
                    ));
                    self.finish(copy);
                }
                Err(error) => self.tell(format!("{}: {error}", copy.display())),
            }
        }
        self.take_missed(since);
    }

    /// Finds the file that a copy is the beginning of: the one it was made from, the one that has its name, or another beside it.
    fn resume_one(&mut self, copy: &Path) -> io::Result<bool> {
        let path = self.following.path.clone();
        let mut files = vec![path.clone()];
        files.extend(siblings(&path).plain);
        let id = id_of(copy);
        // The file itself before another that begins alike.
        files.sort_by_key(|file| files::id_at(file) != id);
        for file in files {
            let Ok(mut from) = File::open(&file) else { continue };
            let Some(at) = files::begins_with(&mut from, copy)? else { continue };
            let found = identity(&from.metadata()?);
            if self.copies.iter().any(|copy| copy.id == found) {
                continue;
            }
            let to = File::options().append(true).open(copy)?;
            to.set_len(at)?;
            let last = files::before(&mut from, at, REMEMBERED)?;
            self.known.insert(found.clone());
            let is_leaving = file != path;
            let grew = Instant::now();
            let copy = Copy { id: found, from, to, copy: copy.to_path_buf(), at, last, grew, unsynced: None, is_leaving };
            self.copies.push(copy);
            return Ok(true);
        }
        Ok(false)
    }

    /// Takes generations that came and went between two looks.
    fn take_missed(&mut self, since: SystemTime) {
        for file in siblings(&self.following.path).plain_since(since) {
            if files::id_at(&file).is_some_and(|id| !self.known.contains(&id)) {
                self.begin(&file, true);
            }
        }
    }

    /// One look: the name, then every generation on its way. True where something was copied.
    fn turn(&mut self) -> bool {
        let path = self.following.path.clone();
        match std::fs::metadata(&path) {
            Ok(metadata) => {
                let id = identity(&metadata);
                if !self.copies.iter().any(|copy| copy.id == id && !copy.is_leaving) {
                    let was_followed = !self.copies.is_empty();
                    self.copies.iter_mut().for_each(|copy| copy.is_leaving = true);
                    if was_followed {
                        self.take_missed(self.looked - POLL);
                    }
                    self.begin(&path, false);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if self.copies.is_empty() {
                    self.tell(format!("{} is not there yet; it is followed once it is", path.display()));
                }
            }
            Err(error) => self.tell(format!("{}: {error}; give the user who runs weir the right to read it", path.display())),
        }
        self.looked = SystemTime::from(clock::machine_now());
        let mut has_moved = false;
        for mut copy in std::mem::take(&mut self.copies) {
            match self.go_on(&mut copy) {
                Ok(Went::On(bytes)) => {
                    has_moved |= bytes > 0;
                    let is_over = copy.is_leaving && copy.grew.elapsed() >= self.leave_after;
                    if is_over { self.end(copy) } else { self.copies.push(copy) }
                }
                Ok(Went::Emptied) => self.emptied(copy),
                Err(error) => {
                    self.tell(format!("{}: {error}; it is tried again", copy.copy.display()));
                    self.copies.push(copy);
                }
            }
        }
        self.sync(SYNC_AFTER);
        has_moved
    }

    /// Copies what is new.
    fn go_on(&mut self, copy: &mut Copy) -> io::Result<Went> {
        let length = copy.from.metadata()?.len();
        if length == copy.at {
            return Ok(Went::On(0));
        }
        if length < copy.at || files::before(&mut copy.from, copy.at, copy.last.len())? != copy.last {
            return Ok(Went::Emptied);
        }
        if fs4::available_space(&self.following.folder)? < self.following.keep_free {
            return Err(io::Error::other("the disk has less free space than keep_free in weir.toml"));
        }
        let mut buffer = vec![0; CHUNK];
        copy.from.seek(SeekFrom::Start(copy.at))?;
        let read = copy.from.read(&mut buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if let Err(error) = copy.to.write_all(bytes) {
            copy.to.set_len(copy.at)?;
            return Err(error);
        }
        copy.at += read as u64;
        copy.last.extend_from_slice(bytes.get(read.saturating_sub(REMEMBERED)..).unwrap_or_default());
        copy.last.drain(..copy.last.len().saturating_sub(REMEMBERED));
        copy.grew = Instant::now();
        copy.unsynced.get_or_insert_with(Instant::now);
        let lines = memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.following.counts.add(Way::Tail, Found { lines, ..Found::default() }, read);
        Ok(Went::On(read))
    }

    /// Begins a generation.
    fn begin(&mut self, path: &Path, is_leaving: bool) {
        let begun = (|| {
            let from = File::open(path)?;
            let id = identity(&from.metadata()?);
            let copy = self.following.folder.join(new_name(&format!("{BEGIN}{id}-")));
            let to = create(&copy)?;
            sync_folder(&self.following.folder).map_err(|error| io::Error::other(error.to_string()))?;
            Ok::<_, io::Error>(Copy {
                id,
                from,
                to,
                copy,
                at: 0,
                last: Vec::new(),
                grew: Instant::now(),
                unsynced: None,
                is_leaving,
            })
        })();
        match begun {
            Ok(copy) => {
                self.known.insert(copy.id.clone());
                self.told = None;
                self.copies.push(copy);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.tell(format!("{}: {error}", path.display())),
        }
    }

    /// The file was emptied under its name. What was not copied yet stands in the copy that was made of it before.
    fn emptied(&mut self, mut copy: Copy) {
        let files = siblings(&self.following.path).plain;
        let found = files.iter().find_map(|file| {
            let mut from = File::open(file).ok()?;
            let is_longer = from.metadata().ok()?.len() >= copy.at;
            let is_it = is_longer && files::begins_with(&mut from, &copy.copy).ok()? == Some(copy.at);
            is_it.then_some(from)
        });
        match found {
            Some(from) => {
                copy.id = from.metadata().map_or_else(|_| String::new(), |metadata| identity(&metadata));
                self.known.insert(copy.id.clone());
                copy.from = from;
                copy.is_leaving = true;
                self.copies.push(copy);
            }
            None => {
                self.tell(format!(
                    "{} was emptied, and no copy of it stands beside it: lines that were written just before may be lost",
                    self.shown()
                ));
                self.end(copy);
            }
        }
    }

    fn sync(&mut self, after: Duration) {
        let mut failed = None;
        for copy in &mut self.copies {
            if copy.unsynced.is_some_and(|since| since.elapsed() >= after) {
                match copy.to.sync_data() {
                    Ok(()) => copy.unsynced = None,
                    Err(error) => failed = Some(format!("{}: {error}", copy.copy.display())),
                }
            }
        }
        failed.into_iter().for_each(|what| self.tell(what));
    }

    fn end(&mut self, copy: Copy) {
        let Copy { to, copy, .. } = copy;
        let synced = to.sync_all();
        drop(to);
        match synced {
            Ok(()) => self.finish(&copy),
            Err(error) => self.tell(format!("{}: {error}", copy.display())),
        }
    }

    /// Seals a copy that is whole; one of nothing goes.
    fn finish(&mut self, copy: &Path) {
        let is_empty = std::fs::metadata(copy).is_ok_and(|file| file.len() == 0);
        let finished = if is_empty { std::fs::remove_file(copy) } else { seal(copy).map(drop) };
        match finished {
            Ok(()) => {
                self.following.counts.sealed.fetch_add(1, Relaxed);
            }
            Err(error) => self.tell(format!("{}: {error}", copy.display())),
        }
    }
}

/// What a look at a generation came to.
enum Went {
    /// So many bytes were copied.
    On(usize),
    /// The file is shorter than its copy, or another.
    Emptied,
}

/// The generation that a copy's name tells.
fn id_of(copy: &Path) -> Option<String> {
    let name = copy.file_name()?.to_str()?;
    name.strip_prefix(BEGIN)?.split('-').next().map(str::to_owned)
}
