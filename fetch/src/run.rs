//! One look at one place: what is new there comes into the inbox, oldest name first.

use std::path::PathBuf;

use jiff::civil::Date;
use weir_lake::estate::{Estate, Fetch, FetchFrom};

use crate::arrival::{Arrival, PIECE, forget_parts};
use crate::days::prefixes;
use crate::keys::BucketKey;
use crate::memory::Memory;
use crate::remote::{Found, Remote};
use crate::s3::Bucket;
use crate::sftp::{Account, Server};
use crate::{FetchError, days};

/// Seconds for which a file on a server must have rested: whoever writes it may not have finished.
const RESTED: i64 = 10 * 60;

/// Endings and beginnings of names under which programs keep a file that is still on its way.
const ON_ITS_WAY: [&str; 5] = [".part", ".tmp", ".filepart", ".crdownload", ".partial"];

/// What day and moment it is, and how far back to look.
#[derive(Debug, Clone, Copy)]
pub struct When {
    /// The day, by UTC: vendors name their folders so.
    pub today: Date,
    /// Seconds since 1970, by the machine's clock.
    pub now: i64,
    /// Days back, where it is not those of weir.toml.
    pub days: Option<u32>,
}

/// What one look brought.
#[derive(Debug, Default)]
pub struct Fetched {
    /// Files that came.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that had come before.
    pub known: u64,
    /// Files that are still being written, or changed while they came; the next look takes them.
    pub unfinished: u64,
    /// What stopped the look; what came before is safe.
    pub stopped: Option<FetchError>,
}

/// Fetches what is new. Whoever calls it holds the turn of a night or a watch.
pub async fn fetch(estate: &Estate, fetch: &Fetch, when: When) -> Fetched {
    let mut fetched = Fetched::default();
    if let Err(error) = all(estate, fetch, when, &mut fetched).await {
        fetched.stopped = Some(error);
    }
    fetched
}

/// Connects, looks for the newest day's files, and says how many there are. Fetches nothing.
pub async fn check(estate: &Estate, fetch: &Fetch, when: When) -> Result<usize, FetchError> {
    let remote = connect(estate, fetch).await?;
    let mut found = 0;
    if let Some(prefix) = prefixes(&fetch.prefix, when.today, when.days.unwrap_or(fetch.days)).last() {
        found = remote.list(prefix).await?.len();
    }
    Ok(found)
}

async fn connect(estate: &Estate, fetch: &Fetch) -> Result<Remote, FetchError> {
    match &fetch.from {
        FetchFrom::S3 { bucket, endpoint, region } => {
            let key = BucketKey::read(fetch.key_file.as_deref())?;
            Ok(Remote::Bucket(Bucket::open(bucket, endpoint.as_deref(), region, &key, fetch.allow_link_local)?))
        }
        FetchFrom::Sftp { host, port, user, folder, known_hosts } => {
            let key_file: PathBuf = fetch.key_file.clone().unwrap_or_else(|| estate.home.join("fetch/id_ed25519"));
            let account = Account { host, port: *port, user, folder, known_hosts, key_file: &key_file };
            Ok(Remote::Server(Server::connect(&account).await?))
        }
    }
}

async fn all(estate: &Estate, fetch: &Fetch, when: When, fetched: &mut Fetched) -> Result<(), FetchError> {
    std::fs::create_dir_all(&fetch.inbox).map_err(|error| FetchError::io(&fetch.inbox, error))?;
    let seconds = i64::from(estate.retention.exports_days.max(1)) * 24 * 3600;
    forget_parts(&fetch.inbox, when.now, seconds)?;
    let mut memory = Memory::open(&estate.home, fetch.source.as_str(), when.now)?;
    let remote = connect(estate, fetch).await?;
    for prefix in prefixes(&fetch.prefix, when.today, when.days.unwrap_or(fetch.days)) {
        for found in remote.list(&prefix).await? {
            if memory.knows(remote.place(), &found) {
                fetched.known += 1;
            } else if is_on_its_way(&found, when.now) {
                fetched.unfinished += 1;
            } else if found.size > 0 {
                has_room(fetch, &found, estate.receiving.keep_free)?;
                if one(fetch, &remote, &found, when.now).await? {
                    weir_lake::failpoint::hit("fetch_before_memory");
                    memory.add(remote.place(), &found, when.now)?;
                    fetched.files += 1;
                    fetched.bytes += found.size;
                } else {
                    fetched.unfinished += 1;
                }
            }
        }
    }
    Ok(())
}

/// Fetches one file; false where it changed meanwhile.
async fn one(fetch: &Fetch, remote: &Remote, found: &Found, now: i64) -> Result<bool, FetchError> {
    let mut arrival = Arrival::begin(&fetch.inbox, remote.place(), found)?;
    while arrival.at() < found.size {
        let wanted = PIECE.min(found.size - arrival.at());
        match remote.piece(found, arrival.at(), wanted).await? {
            Some(bytes) if bytes.len() as u64 == wanted => arrival.add(&bytes)?,
            _ => {
                arrival.abandon()?;
                return Ok(false);
            }
        }
        weir_lake::failpoint::hit("fetch_after_piece");
    }
    if !remote.is_unchanged(found).await? {
        arrival.abandon()?;
        return Ok(false);
    }
    arrival.appear(found.written, now)?;
    Ok(true)
}

fn is_on_its_way(found: &Found, now: i64) -> bool {
    let name = days::folder(&found.name).1.to_ascii_lowercase();
    // A server whose clock is ahead says nothing by the time of a file.
    let is_fresh = (now - RESTED..now + RESTED).contains(&found.written);
    name.starts_with('.') || ON_ITS_WAY.iter().any(|ending| name.ends_with(ending)) || (!found.is_whole && is_fresh)
}

/// The disk keeps `keep_free`, whatever a place holds.
fn has_room(fetch: &Fetch, found: &Found, keep_free: u64) -> Result<(), FetchError> {
    let free = fs4::available_space(&fetch.inbox).map_err(|error| FetchError::io(&fetch.inbox, error))?;
    let wanted = keep_free.saturating_add(found.size);
    if free < wanted {
        return Err(FetchError::NoRoom { path: fetch.inbox.clone(), free: free / 1_000_000, wanted: wanted / 1_000_000 });
    }
    Ok(())
}
