//! A lake on a store holds what the same lake in a folder holds, and of two writers one is first.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result,
};

use crate::ids::{FileId, RunId};
use crate::lake::{Lake, LakeError};
use crate::lake_tests::{assert_delta_agrees, contents, ingest};
use crate::remote::Remote;
use crate::storage::Storage;
use crate::test_rows::FILE;
use crate::undo::UndoTarget;

const SECOND_FILE: &str = "bb00000000000000000000000000000000000000000000000000000000000000";

fn storage(store: &Arc<dyn ObjectStore>) -> Storage {
    Storage::over(Remote::over(Arc::clone(store), "s3://bucket/lake/".parse().unwrap()).unwrap())
}

fn lake(store: &Arc<dyn ObjectStore>) -> Lake {
    Lake::over(storage(store)).unwrap()
}

fn memory() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

#[test]
fn a_lake_on_a_store_holds_what_a_folder_holds() {
    let folder = tempfile::tempdir().unwrap();
    let local = Lake::open(folder.path()).unwrap();
    let store = memory();
    for (name, file) in [("one", FILE), ("two", SECOND_FILE)] {
        // Each time as a new process would: nothing but the store is kept.
        assert_eq!(ingest(&lake(&store), name, file).unwrap(), ingest(&local, name, file).unwrap());
    }
    let remote = lake(&store);
    assert_eq!(contents(&remote), contents(&local));
    assert_eq!(contents(&remote)["events"].len(), 6);
    assert_delta_agrees(&remote);
    let snapshot = remote.snapshot().unwrap();
    assert_eq!(remote.check(&snapshot).unwrap(), Vec::<String>::new());
    let receipts = remote.receipts(&snapshot).unwrap();
    assert_eq!(receipts.iter().map(|receipt| receipt.file_id.as_str()).collect::<Vec<_>>(), [FILE, SECOND_FILE]);
    assert!(snapshot.store.is_some() && local.snapshot().unwrap().store.is_none());
}

#[test]
fn an_undone_file_leaves_the_store() {
    let (folder, store) = (tempfile::tempdir().unwrap(), memory());
    let (local, remote) = (Lake::open(folder.path()).unwrap(), lake(&store));
    let [wanted, got] = [&local, &remote].map(|lake| {
        ingest(lake, "one", FILE).unwrap();
        ingest(lake, "two", SECOND_FILE).unwrap();
        let target = UndoTarget::File(FileId::parse(SECOND_FILE).unwrap());
        let plan = lake.undo_plan(&lake.snapshot().unwrap(), &target).unwrap();
        lake.undo(&plan, &RunId::parse("undo").unwrap()).unwrap();
        lake.vacuum(Duration::ZERO).unwrap()
    });
    assert!(got.files > 0 && got.files == wanted.files, "{got:?} {wanted:?}");
    assert_eq!(contents(&lake(&store)), contents(&local));
    assert_eq!(remote.storage.list("quarantine").unwrap().len(), 1, "the second file's lines are gone from the store");
    assert_delta_agrees(&remote);
}

#[test]
fn of_two_writers_one_is_first() {
    let store = memory();
    let (one, two) = (lake(&store), lake(&store));
    let turns = std::thread::scope(|scope| {
        let threads = [(&one, "one", FILE), (&two, "two", SECOND_FILE)]
            .map(|(lake, name, file)| scope.spawn(move || ingest(lake, name, file)));
        threads.map(|thread| thread.join().unwrap())
    });
    let committed = lake(&store).snapshot().unwrap().version;
    assert_eq!(turns.iter().filter(|turn| turn.is_ok()).count() as u64, committed);
    assert!(turns.iter().all(|turn| matches!(turn, Ok(_) | Err(LakeError::LostRace { .. }))), "{turns:?}");
    // Whoever lost finds the other's commit and follows it.
    for (name, file, turn) in [("one-again", FILE, &turns[0]), ("two-again", SECOND_FILE, &turns[1])] {
        if turn.is_err() {
            ingest(&lake(&store), name, file).unwrap();
        }
    }
    assert_eq!(lake(&store).snapshot().unwrap().version, 2);
    assert_eq!(contents(&lake(&store))["events"].len(), 6);
}

#[test]
fn a_put_repeated_after_its_answer_was_lost_is_ours() {
    let storage = storage(&memory());
    assert!(storage.create_if_absent("_weir/commits/1.json", b"mine").unwrap());
    assert!(storage.create_if_absent("_weir/commits/1.json", b"mine").unwrap());
    assert!(!storage.create_if_absent("_weir/commits/1.json", b"theirs").unwrap());
    assert_eq!(storage.read("_weir/commits/1.json").unwrap().unwrap(), b"mine");
}

#[test]
fn a_large_file_goes_up_in_parts_and_comes_back_whole() {
    let store = memory();
    let writer = storage(&store);
    let bytes: Vec<u8> = (0..40_000_003_u32).map(|n| (n ^ (n >> 11)) as u8).collect();
    std::fs::create_dir(writer.root().join("events")).unwrap();
    std::fs::write(writer.root().join("events/large.parquet"), &bytes).unwrap();
    assert_eq!(writer.size("events/large.parquet").unwrap(), None, "not there before it goes up");
    writer.publish("events/large.parquet").unwrap();
    assert_eq!(writer.size("events/large.parquet").unwrap(), Some(40_000_003));
    let reader = storage(&store);
    assert!(std::fs::read(reader.local_copy("events/large.parquet").unwrap()).unwrap() == bytes);
    assert!(reader.local_copy("events/absent.parquet").is_err());
    assert_eq!(reader.latest_copy("absent").unwrap(), None);
}

#[test]
fn nothing_stays_in_this_process_s_folder() {
    let store = memory();
    let remote = lake(&store);
    ingest(&remote, "one", FILE).unwrap();
    let folder = remote.root().to_path_buf();
    assert!(folder.is_dir());
    drop(remote);
    assert!(!folder.exists());
}

#[test]
fn an_address_no_store_answers_to_is_refused() {
    for (address, wanted) in [("gs://bucket/lake", "\"gs\""), ("memory:///", "\"memory\""), ("://", "no address")] {
        let error = Lake::open(std::path::Path::new(address)).err().unwrap().to_string();
        assert!(error.contains(wanted), "{address}: {error}");
    }
    #[cfg(not(feature = "cluster"))]
    {
        let error = Lake::open(std::path::Path::new("s3://bucket/lake")).err().unwrap().to_string();
        assert!(error.contains("--features cluster"), "{error}");
    }
}

/// A store as some were: it takes every put.
#[derive(Debug)]
struct TakesAll(InMemory);

impl std::fmt::Display for TakesAll {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a store that takes every put")
    }
}

#[async_trait]
impl ObjectStore for TakesAll {
    async fn put_opts(&self, key: &Key, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.0.put_opts(key, payload, PutOptions { mode: PutMode::Overwrite, ..options }).await
    }

    async fn put_multipart_opts(&self, key: &Key, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(key, options).await
    }

    async fn get_opts(&self, key: &Key, options: GetOptions) -> Result<GetResult> {
        self.0.get_opts(key, options).await
    }

    fn delete_stream(&self, keys: BoxStream<'static, Result<Key>>) -> BoxStream<'static, Result<Key>> {
        self.0.delete_stream(keys)
    }

    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Key>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }
}

#[test]
fn a_store_that_refuses_nothing_is_refused() {
    let store: Arc<dyn ObjectStore> = Arc::new(TakesAll(InMemory::new()));
    let error = ingest(&lake(&store), "one", FILE).unwrap_err().to_string();
    assert!(error.contains("twice"), "{error}");
    assert_eq!(lake(&store).snapshot().unwrap().version, 0);
}
