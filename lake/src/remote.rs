//! A lake on an object store: whole puts, one conditional put for what must be first, and files fetched before they are read by name.
//!
//! New files are written in a folder of this process, as a local lake would have them, and go up before the commit that names them.
//! What is fetched stays there as long as the lake is open, never longer: an erasure must not survive in a copy.

use std::fs::{self, File};
use std::future::Future;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::SystemTime;

use futures::StreamExt as _;
use object_store::path::Path as Key;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, WriteMultipart};
use tokio::runtime::Runtime;
use url::Url;

use crate::lake::LakeError;
use crate::storage::{Entry, TEMPORARY};

/// Bytes of a file above which it goes up in parts, so that memory does not grow with it. S3 takes 5 GB in one put and parts from 5 MB.
const PART_BYTES: usize = 16 << 20;

/// Times a conditional put is tried that is refused while nothing of its name can be read.
const TRIES_TO_CREATE: usize = 5;

/// How the folders of processes are called in the system's temporary folder.
const FOLDER: &str = "weir-lake-";

/// Whether a lake's root is an address rather than a folder.
pub(crate) fn is_address(root: &Path) -> Option<&str> {
    root.to_str().filter(|text| text.contains("://"))
}

/// What stands at an address: a store, and the address read.
fn open_store(address: &str) -> Result<(Arc<dyn ObjectStore>, Url), LakeError> {
    let refused = |problem: String| LakeError::Rejected { problem };
    let url = Url::parse(address).map_err(|error| refused(format!("lake {address:?} is no address ({error})")))?;
    match url.scheme() {
        "s3" | "s3a" => Ok((open_s3(&url)?, url)),
        other => {
            Err(refused(format!("lake {address:?}: found a store of kind {other:?}; use s3://bucket/folder, or a folder's path")))
        }
    }
}

/// Account, region and endpoint come from the environment or the machine's role, as for every program of that store.
#[cfg(feature = "cluster")]
fn open_s3(url: &Url) -> Result<Arc<dyn ObjectStore>, LakeError> {
    let built = object_store::aws::AmazonS3Builder::from_env().with_url(url.as_str()).build();
    Ok(Arc::new(built.map_err(|error| failed(Path::new(url.as_str()))(error))?))
}

#[cfg(not(feature = "cluster"))]
fn open_s3(url: &Url) -> Result<Arc<dyn ObjectStore>, LakeError> {
    let mend =
        "this weir is built without object stores; build it with `cargo install --path cli --features cluster`, or use a folder";
    Err(LakeError::Rejected { problem: format!("lake \"{url}\": {mend}") })
}

fn failed(path: &Path) -> impl Fn(object_store::Error) -> LakeError {
    let path = path.to_path_buf();
    move |error| match error {
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            LakeError::NoPermission { path: path.clone() }
        }
        other => LakeError::Io { path: path.clone(), error: std::io::Error::other(other.to_string()) },
    }
}

/// Where requests run. One for the process and never dropped: connections live as long as the runtime that opened them.
fn runtime() -> Result<&'static Runtime, LakeError> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    RUNTIME
        .get_or_init(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().ok())
        .as_ref()
        .ok_or_else(|| LakeError::Rejected { problem: String::from("no thread could be started for the object store") })
}

/// Waits for a request, wherever the caller stands: inside another runtime, waiting on this one's handle would panic.
fn wait<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Result<T, LakeError> {
    let (sender, receiver) = mpsc::sync_channel(1);
    runtime()?.spawn(async move { drop(sender.send(future.await)) });
    receiver
        .recv()
        .map_err(|_| LakeError::Rejected { problem: String::from("a request to the object store stopped unexpectedly") })
}

/// A store, and this process's folder for files on their way up or down.
#[derive(Debug)]
pub(crate) struct Remote {
    store: Arc<dyn ObjectStore>,
    url: Url,
    folder: PathBuf,
    _held: File,
}

impl Remote {
    /// Opens what stands at an address.
    pub(crate) fn open(address: &str) -> Result<Self, LakeError> {
        let (store, mut url) = open_store(address)?;
        let prefix = Key::from_url_path(url.path())
            .map_err(|error| LakeError::Rejected { problem: format!("lake {address:?}: {error}") })?;
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Self::over(Arc::new(PrefixStore::new(store, prefix)), url)
    }

    /// Over a store whose root is the lake's.
    pub(crate) fn over(store: Arc<dyn ObjectStore>, url: Url) -> Result<Self, LakeError> {
        let (folder, held) = own_folder()?;
        Ok(Self { store, url, folder, _held: held })
    }

    /// This process's folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The store, its root the lake's.
    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    /// The address of a folder, for Delta's library.
    pub(crate) fn folder_url(&self, relative: &str) -> Url {
        let mut url = self.url.clone();
        let path = format!("{}{relative}/", url.path());
        url.set_path(&path);
        url
    }

    /// A path as messages show it.
    pub(crate) fn shown(&self, relative: &str) -> PathBuf {
        PathBuf::from(format!("{}{relative}", self.url))
    }

    /// Waits for one request on the store.
    fn ask<T, F>(&self, relative: &str, request: impl FnOnce(Arc<dyn ObjectStore>, Key) -> F) -> Result<Option<T>, LakeError>
    where
        T: Send + 'static,
        F: Future<Output = object_store::Result<T>> + Send + 'static,
    {
        match wait(request(self.store(), Key::from(relative)))? {
            Ok(answer) => Ok(Some(answer)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(&self.shown(relative))(error)),
        }
    }

    pub(crate) fn read(&self, relative: &str) -> Result<Option<Vec<u8>>, LakeError> {
        self.ask(relative, |store, key| async move { Ok(store.get(&key).await?.bytes().await?.to_vec()) })
    }

    pub(crate) fn size(&self, relative: &str) -> Result<Option<u64>, LakeError> {
        self.ask(relative, |store, key| async move { Ok(store.head(&key).await?.size) })
    }

    /// The files of a folder and the names of the folders in it.
    pub(crate) fn list(&self, relative: &str) -> Result<(Vec<Entry>, Vec<String>), LakeError> {
        let name = |key: &Key| key.filename().unwrap_or_default().to_owned();
        let found = self.ask(relative, |store, key| async move {
            store.list_with_delimiter((!key.as_ref().is_empty()).then_some(&key)).await
        })?;
        let Some(found) = found else { return Ok(Default::default()) };
        let files = found.objects.iter().map(|object| Entry {
            name: name(&object.location),
            bytes: object.size,
            modified: SystemTime::from(object.last_modified),
        });
        Ok((files.collect(), found.common_prefixes.iter().map(name).collect()))
    }

    pub(crate) fn remove(&self, relative: &str) -> Result<(), LakeError> {
        self.forget(relative)?;
        self.ask(relative, |store, key| async move { store.delete(&key).await }).map(|_| ())
    }

    /// Puts a whole file in the place of what was there.
    pub(crate) fn replace(&self, relative: &str, bytes: &[u8]) -> Result<(), LakeError> {
        let payload = PutPayload::from(bytes.to_vec());
        self.ask(relative, |store, key| async move { store.put(&key, payload).await })?;
        Ok(())
    }

    /// Puts a file unless there is one of that name: then false. True also where what is there is this very file: a request may be
    /// repeated after its answer was lost.
    pub(crate) fn create_if_absent(&self, relative: &str, bytes: &[u8]) -> Result<bool, LakeError> {
        for _ in 0..TRIES_TO_CREATE {
            if self.create(relative, bytes)? {
                return Ok(true);
            }
            if let Some(there) = self.read(relative)? {
                return Ok(there == bytes);
            }
            // Refused while another one's put was under way, which then came to nothing.
        }
        Err(LakeError::Rejected { problem: format!("{} is neither there nor can be put", self.shown(relative).display()) })
    }

    fn create(&self, relative: &str, bytes: &[u8]) -> Result<bool, LakeError> {
        let payload = PutPayload::from(bytes.to_vec());
        let options = PutOptions::from(PutMode::Create);
        let put = self.ask(relative, |store, key| async move {
            match store.put_opts(&key, payload, options).await {
                Ok(_) => Ok(true),
                Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
                Err(error) => Err(error),
            }
        })?;
        Ok(put.unwrap_or(false))
    }

    /// Refuses a store that does not refuse: where a second conditional put of a name succeeds, two writers would both believe to be
    /// first. Asked before each commit, since a store's software can change under a lake.
    pub(crate) fn prove_conditional_put(&self, name: &str) -> Result<(), LakeError> {
        let unlike = || uuid::Uuid::new_v4().simple().to_string();
        if !self.create(name, unlike().as_bytes())? || !self.create(name, unlike().as_bytes())? {
            return Ok(());
        }
        Err(LakeError::Rejected {
            problem: format!(
                "{} took a file that may only be put where there is none (If-None-Match: *), twice; two writers could not be kept apart: use a store that knows conditional puts",
                self.url
            ),
        })
    }

    /// Brings a file of this process's folder to the store.
    pub(crate) fn upload(&self, relative: &str) -> Result<(), LakeError> {
        let local = self.folder.join(relative);
        let mut file = File::open(&local).map_err(|error| LakeError::io(&local, error))?;
        let bytes = file.metadata().map_err(|error| LakeError::io(&local, error))?.len();
        if bytes <= PART_BYTES as u64 {
            let whole = fs::read(&local).map_err(|error| LakeError::io(&local, error))?;
            return self.replace(relative, &whole);
        }
        self.ask(relative, |store, key| async move {
            let mut parts = WriteMultipart::new_with_chunk_size(store.put_multipart(&key).await?, PART_BYTES);
            let mut buffer = vec![0; PART_BYTES];
            loop {
                let read = std::io::Read::read(&mut file, &mut buffer)
                    .map_err(|error| object_store::Error::Generic { store: "weir", source: Box::new(error) })?;
                if read == 0 {
                    break;
                }
                parts.wait_for_capacity(2).await?;
                parts.write(buffer.get(..read).unwrap_or_default());
            }
            parts.finish().await
        })?;
        Ok(())
    }

    /// A file of the lake in this process's folder: its own, or fetched now unless it was before. Data files never change, so neither
    /// do their copies.
    pub(crate) fn local_copy(&self, relative: &str) -> Result<PathBuf, LakeError> {
        let local = self.folder.join(relative);
        match fs::metadata(&local) {
            Ok(_) => return Ok(local),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(LakeError::io(&local, error)),
        }
        match self.fetch(relative)? {
            Some(path) => Ok(path),
            None => Err(LakeError::Io { path: self.shown(relative), error: std::io::ErrorKind::NotFound.into() }),
        }
    }

    /// Fetches a file afresh; none where there is none.
    #[expect(clippy::disallowed_methods, reason = "a copy, lost with this process")]
    pub(crate) fn fetch(&self, relative: &str) -> Result<Option<PathBuf>, LakeError> {
        let local = self.folder.join(relative);
        let folder = local.parent().unwrap_or(&self.folder).to_path_buf();
        fs::create_dir_all(&folder).map_err(|error| LakeError::io(&folder, error))?;
        let temporary = folder.join(format!("{TEMPORARY}{}", uuid::Uuid::new_v4().simple()));
        let mut file = File::create_new(&temporary).map_err(|error| LakeError::io(&temporary, error))?;
        let got = self.ask(relative, |store, key| async move {
            let mut parts = store.get(&key).await?.into_stream();
            while let Some(part) = parts.next().await {
                file.write_all(&part?)
                    .map_err(|error| object_store::Error::Generic { store: "weir", source: Box::new(error) })?;
            }
            Ok(())
        });
        match got {
            Ok(Some(())) => {
                fs::rename(&temporary, &local).map_err(|error| LakeError::io(&local, error))?;
                Ok(Some(local))
            }
            other => {
                drop(fs::remove_file(&temporary));
                other.map(|_| None)
            }
        }
    }

    /// Removes this process's copy of a file.
    fn forget(&self, relative: &str) -> Result<(), LakeError> {
        let local = self.folder.join(relative);
        match fs::remove_file(&local) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(LakeError::io(&local, error)),
            _ => Ok(()),
        }
    }
}

/// A folder in the system's temporary one that this account alone enters, and the lock that says its process lives.
#[expect(
    clippy::disallowed_methods,
    reason = "the folder has a fresh name and is made for this account alone; what is removed is of our own making"
)]
fn own_folder() -> Result<(PathBuf, File), LakeError> {
    let all = std::env::temp_dir();
    // Left by processes that were killed: rows must not lie about.
    for entry in fs::read_dir(&all).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(FOLDER)
            && let Ok(lock) = File::open(entry.path().join("lock"))
            && lock.try_lock().is_ok()
        {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
    let folder = all.join(format!("{FOLDER}{}", uuid::Uuid::new_v4().simple()));
    let io = |error| LakeError::io(&folder, error);
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder).map_err(io)?;
    // Locked before it has its name, so that no other process takes the folder for one left behind.
    let unnamed = folder.join("lock.new");
    let held = File::create_new(&unnamed).map_err(io)?;
    held.lock().map_err(io)?;
    fs::rename(&unnamed, folder.join("lock")).map_err(io)?;
    Ok((folder, held))
}

impl Drop for Remote {
    #[expect(clippy::disallowed_methods, reason = "a folder of our own making, of this process alone")]
    fn drop(&mut self) {
        // What cannot be removed now, the next process removes.
        drop(fs::remove_dir_all(&self.folder));
    }
}
