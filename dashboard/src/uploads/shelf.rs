//! Uploads on their way: each a private file of one person and school, for an hour at most, gone with its last use or with the process.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_lake::clock;
use weir_lake::ids::SchoolId;
use weir_register::AccountId;

use super::{Looked, Taken, UploadRefused, Uploads};

/// How long an upload waits for its technician, in microseconds.
const KEPT: i64 = 3600 * 1_000_000;

/// Uploads that wait at most: each may be as large as the setting allows.
const MOST: usize = 20;

/// How far an upload is.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// Looked at, and not read.
    Looked(Looked),
    /// It is being read.
    Taking(Looked),
    /// Read.
    Taken(Taken),
}

/// An upload.
pub(crate) struct Held {
    account: AccountId,
    school: SchoolId,
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) stage: Stage,
    file: Option<Arc<Private>>,
    since: i64,
}

impl Held {
    pub(crate) fn path(&self) -> Option<Arc<Private>> {
        self.file.clone()
    }
}

/// A file that nobody else may read, removed when it is let go.
#[derive(Debug)]
pub(crate) struct Private(PathBuf);

impl Private {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::error!(%error, "an upload could not be removed");
        }
    }
}

/// An upload that is still coming in.
#[derive(Debug)]
pub(crate) struct Arriving {
    file: File,
    kept: Private,
    bytes: u64,
}

impl Arriving {
    /// Adds bytes; refused past `most`.
    pub(crate) fn add(&mut self, bytes: &[u8], most: u64) -> Result<(), UploadRefused> {
        self.bytes += bytes.len() as u64;
        if self.bytes > most {
            return Err(too_large(most));
        }
        self.file.write_all(bytes).map_err(|error| UploadRefused::Failed(format!("an upload could not be written: {error}")))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    pub(crate) fn path(&self) -> &Path {
        self.kept.path()
    }
}

pub(crate) fn too_large(most: u64) -> UploadRefused {
    UploadRefused::Said(format!(
        "The file is larger than {} MB. Export fewer days at once, or read it with weir ingest on the machine that runs Weir.",
        most >> 20
    ))
}

/// Every upload of this process.
#[derive(Default)]
pub(crate) struct Shelf {
    held: Mutex<BTreeMap<u64, Held>>,
    last: AtomicU64,
}

impl Shelf {
    fn held(&self) -> MutexGuard<'_, BTreeMap<u64, Held>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now();
        held.retain(|_, upload| now - upload.since < KEPT || matches!(upload.stage, Stage::Taking(_)));
        held
    }

    /// Room for one more upload, under a name of our own: what a browser calls the file never comes near a path.
    pub(crate) fn begin(&self, uploads: &dyn Uploads) -> Result<Arriving, UploadRefused> {
        let folder = uploads.folder()?;
        let failed = |error: std::io::Error| UploadRefused::Failed(format!("an upload could not be kept: {error}"));
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(failed)?;
        sweep(&folder);
        if self.held().len() >= MOST {
            return Err(UploadRefused::Said("Too many uploads wait to be accepted. Try again in an hour.".into()));
        }
        let number = self.last.fetch_add(1, Ordering::SeqCst);
        let path = folder.join(format!("export-{}-{}-{number}", std::process::id(), now()));
        let mut options = OpenOptions::new();
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(failed)?;
        Ok(Arriving { file, kept: Private(path), bytes: 0 })
    }

    /// Keeps an upload that was looked at; gives its number. One that the same person had waiting is dropped for it.
    pub(crate) fn keep(
        &self,
        account: AccountId,
        school: &SchoolId,
        source: &str,
        name: &str,
        arrived: Arriving,
        looked: Looked,
    ) -> u64 {
        let number = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        let upload = Held {
            account,
            school: school.clone(),
            source: source.to_owned(),
            name: name.to_owned(),
            bytes: arrived.bytes,
            stage: Stage::Looked(looked),
            file: Some(Arc::new(arrived.kept)),
            since: now(),
        };
        let mut held = self.held();
        held.retain(|_, other| other.account != account || !matches!(other.stage, Stage::Looked(_)));
        held.insert(number, upload);
        number
    }

    /// Something of an upload; none where it is not there, or is another person's or school's.
    pub(crate) fn with<T>(
        &self,
        number: u64,
        account: AccountId,
        school: &SchoolId,
        see: impl FnOnce(&mut Held) -> T,
    ) -> Option<T> {
        let mut held = self.held();
        held.get_mut(&number).filter(|upload| upload.account == account && upload.school == *school).map(see)
    }

    /// It was read: the file goes, what became of it stays to be seen.
    pub(crate) fn taken(&self, number: u64, taken: Taken) {
        if let Some(upload) = self.held().get_mut(&number) {
            upload.stage = Stage::Taken(taken);
            upload.file = None;
        }
    }

    /// It was not read after all, and waits as before.
    pub(crate) fn not_taken(&self, number: u64) {
        if let Some(upload) = self.held().get_mut(&number)
            && let Stage::Taking(looked) = &upload.stage
        {
            upload.stage = Stage::Looked(looked.clone());
        }
    }

    /// Lets an upload go that is not being read; says whether there was one.
    pub(crate) fn drop_one(&self, number: u64, account: AccountId, school: &SchoolId) -> bool {
        let mut held = self.held();
        let is_it = held.get(&number).is_some_and(|upload| {
            upload.account == account && upload.school == *school && !matches!(upload.stage, Stage::Taking(_))
        });
        is_it && held.remove(&number).is_some()
    }
}

fn now() -> i64 {
    clock::machine_now().as_microsecond()
}

/// Removes what an earlier process left: files of ours that are older than any upload may be.
fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with("export-");
        let modified = entry.metadata().ok().filter(fs::Metadata::is_file).and_then(|found| found.modified().ok());
        let modified = modified.and_then(|at| jiff::Timestamp::try_from(at).ok());
        if is_ours && modified.is_some_and(|at| now() - at.as_microsecond() > 2 * KEPT) {
            drop(fs::remove_file(entry.path()));
        }
    }
}
