//! One run's dealings with the vault: pseudonyms for every thread, and one flush that makes new names durable before a commit.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::known::{Known, NEW_AT_MOST};
use super::school_keys::{SchoolKey, SchoolKeys};
use super::{Inner, VaultEntry, VaultError, disk};
use crate::ids::{SchoolId, UserKey};
use crate::names::{ClearName, Named, Pseudonyms};

/// A run's session. Cheap to clone. Nothing of it is on disk before [`VaultSession::flush`].
#[derive(Clone)]
pub struct VaultSession {
    shared: Arc<Shared>,
}

struct Shared {
    vault: Arc<Inner>,
    /// What the vault held when the session first asked; newer names are in `fresh`. Read without a lock.
    known: OnceLock<Known>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    school_keys: Option<SchoolKeys>,
    /// Every name that was new to this session, written or not.
    fresh: HashSet<[u8; 16]>,
    /// Those not yet written.
    pending: Vec<VaultEntry>,
    /// A key can't be refused while a row is read, so the first failure waits here for the flush, which then fails.
    fault: Option<VaultError>,
    /// A fault was told once; keys given since are void, and every later flush fails too.
    is_void: bool,
}

impl VaultSession {
    pub(crate) fn new(vault: Arc<Inner>) -> Self {
        Self { shared: Arc::new(Shared { vault, known: OnceLock::new(), state: Mutex::new(State::default()) }) }
    }

    /// Pseudonyms for one thread.
    pub fn pseudonyms(&self) -> SessionPseudonyms {
        SessionPseudonyms { shared: self.shared.clone(), school_keys: HashMap::new() }
    }

    /// Writes the new names and keys and makes them durable; gives how many names. It must succeed before a commit that holds
    /// their pseudonyms. With nothing new it touches no file.
    pub fn flush(&self) -> Result<usize, VaultError> {
        let shared = &self.shared;
        let mut guard = shared.state();
        let state = &mut *guard;
        if let Some(fault) = state.fault.take() {
            state.is_void = true;
            return Err(fault);
        }
        if state.is_void {
            return Err(VaultError::Void);
        }
        let has_new_keys = state.school_keys.as_ref().is_some_and(SchoolKeys::has_new);
        if state.pending.is_empty() && !has_new_keys {
            return Ok(0);
        }
        let vault = &shared.vault;
        let _lock = disk::lock(&vault.root)?;
        vault.still_newest()?;
        if let Some(keys) = &mut state.school_keys {
            keys.write(&vault.school_keys_path())?;
        }
        // Another run may have appended since; go on behind it, and cut off what a crash left.
        let before = shared.known.get().and_then(Known::tail);
        let tail = vault.names_file().read(before)?.tail;
        if before.is_some() && tail.is_none() {
            return Err(VaultError::Missing { path: vault.root.join("names.vault"), other: "a name of this run" });
        }
        vault.names_file().append(tail, &state.pending)?;
        let count = state.pending.len();
        state.pending.clear();
        if shared.known.get().map_or(0, Known::newer) + state.fresh.len() > NEW_AT_MOST {
            Known::load(vault)?.settle(&vault.known_path())?;
        }
        Ok(count)
    }

    /// New names not yet written.
    pub fn pending(&self) -> usize {
        self.shared.state().pending.len()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A thread that panicked held the lock only for whole steps; what it left is sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> Option<&Known> {
        if let Some(known) = self.known.get() {
            return Some(known);
        }
        match Known::load(&self.vault) {
            Ok(known) => Some(self.known.get_or_init(|| known)),
            Err(fault) => {
                self.note(fault);
                None
            }
        }
    }

    fn note(&self, fault: VaultError) {
        self.state().fault.get_or_insert(fault);
    }

    fn school_key(&self, school: &SchoolId) -> Option<SchoolKey> {
        let mut state = self.state();
        let found = match &mut state.school_keys {
            Some(keys) => keys.current(school),
            None => SchoolKeys::read(&self.vault.school_keys_path()).and_then(|mut keys| {
                let key = keys.current(school);
                state.school_keys = Some(keys);
                key
            }),
        };
        found.map_err(|fault| state.fault.get_or_insert(fault)).ok()
    }

    #[cold]
    fn remember(&self, digest: [u8; 16], entry: VaultEntry) {
        let mut state = self.state();
        if state.fresh.insert(digest) {
            state.pending.push(entry);
        }
    }
}

/// Pseudonyms for one thread, all of one session.
#[derive(Clone)]
pub struct SessionPseudonyms {
    shared: Arc<Shared>,
    school_keys: HashMap<SchoolId, SchoolKey>,
}

impl Pseudonyms for SessionPseudonyms {
    fn key(&mut self, school: &SchoolId, named: Named, realm: &str, name: &ClearName) -> UserKey {
        let key = match self.school_keys.get(school) {
            Some(key) => key,
            None => match self.shared.school_key(school) {
                Some(key) => self.school_keys.entry(school.clone()).or_insert(key),
                // The flush will fail, so that this key reaches no lake.
                None => return UserKey::from_parts(0, [0; 16]),
            },
        };
        let digest = key.digest(named, realm, name.reveal_in_clear());
        let user_key = UserKey::from_parts(key.generation, digest);
        if self.shared.known().is_some_and(|known| !known.contains(&digest)) {
            let name = ClearName::new(name.reveal_in_clear().to_owned());
            let entry = VaultEntry { key: user_key.clone(), school: school.clone(), named, realm: realm.to_owned(), name };
            self.shared.remember(digest, entry);
        }
        user_key
    }
}
