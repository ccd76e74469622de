use std::collections::BTreeSet;
use std::path::PathBuf;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::names::Pseudonyms;

fn school(id: &str) -> SchoolId {
    SchoolId::parse(id).unwrap()
}

fn clear(name: &str) -> ClearName {
    ClearName::new(name.to_owned())
}

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("vault").join(name)
    }

    fn open(&self) -> Vault {
        Vault::open(&self.folder.path().join("vault"), &self.folder.path().join("lake")).unwrap()
    }
}

/// Gives names to a new session, flushes, and gives their keys.
fn add(vault: &Vault, at: &str, names: &[&str]) -> Vec<UserKey> {
    let session = vault.session();
    let mut pseudonyms = session.pseudonyms();
    let keys = names.iter().map(|name| pseudonyms.key(&school(at), Named::Person, "default", &clear(name))).collect();
    session.flush().unwrap();
    keys
}

fn names(vault: &Vault) -> Vec<String> {
    vault.entries().unwrap().iter().map(|entry| entry.name.reveal_in_clear().to_owned()).collect()
}

#[test]
fn a_key_depends_on_school_kind_realm_and_name_and_on_nothing_else() {
    let place = Place::new();
    let vault = place.open();
    let session = vault.session();
    let mut pseudonyms = session.pseudonyms();
    let mut key = |at: &str, named, realm: &str, name: &str| pseudonyms.key(&school(at), named, realm, &clear(name));
    let first = key("oak", Named::Person, "default", "fern9");
    let different = [
        first.clone(),
        key("elm", Named::Person, "default", "fern9"),
        key("oak", Named::Device, "default", "fern9"),
        key("oak", Named::Person, "staff", "fern9"),
        key("oak", Named::Person, "default", "fern8"),
        key("oak", Named::Person, "defaultf", "ern9"),
    ];
    assert_eq!(different.iter().collect::<BTreeSet<_>>().len(), different.len());
    assert!(different.iter().all(|key| UserKey::parse(key.as_str()).is_ok() && key.as_str().starts_with("k1-")));
    assert_eq!(session.pending(), 6);
    assert_eq!(session.flush().unwrap(), 6);
    assert_eq!(session.flush().unwrap(), 0);

    // Another run, another thread: the same keys, and nothing new to write.
    let again = place.open().session();
    let found = std::thread::scope(|scope| {
        let mut pseudonyms = again.pseudonyms();
        scope.spawn(move || pseudonyms.key(&school("oak"), Named::Person, "default", &clear("fern9"))).join().unwrap()
    });
    assert_eq!(found, first);
    assert_eq!((again.pending(), again.flush().unwrap()), (0, 0));
}

#[test]
fn the_key_is_hmac_sha256_under_the_schools_key() {
    use hmac::{Hmac, KeyInit, Mac};
    let place = Place::new();
    let key = add(&place.open(), "oak", &["fern9"]).remove(0);
    let line = std::fs::read_to_string(place.file("school.keys")).unwrap();
    let secret: [u8; 32] = decode_hex(line.split(' ').nth(2).unwrap()).unwrap();
    // The message, spelt out: kind, length and text of the realm, length and text of the name.
    let message = [&[1][..], &7_u64.to_le_bytes(), b"default", &5_u64.to_le_bytes(), b"fern9"].concat();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&secret).unwrap();
    mac.update(&message);
    assert_eq!(key.as_str(), format!("k1-{}", encode_hex(&mac.finalize().into_bytes()[..16])));
}

#[test]
fn find_reveal_and_erase_answer_by_what_was_seen() {
    let place = Place::new();
    let vault = place.open();
    let oak = add(&vault, "oak", &["fern9", "olu"]);
    let elm = add(&vault, "elm", &["fern9"]);
    let find = |at: Option<&str>, name: &str| {
        let found = place.open().find(at.map(school).as_ref(), Named::Person, "default", &clear(name)).unwrap();
        found.into_iter().map(|(school, key)| (school.to_string(), key)).collect::<Vec<_>>()
    };
    assert_eq!(find(None, "fern9"), [("elm".to_owned(), elm[0].clone()), ("oak".to_owned(), oak[0].clone())]);
    assert_eq!(find(Some("oak"), "fern9"), [("oak".to_owned(), oak[0].clone())]);
    assert_eq!(find(None, "nobody"), []);
    let entry = vault.reveal(&oak[1]).unwrap().unwrap();
    assert_eq!(
        (entry.name.reveal_in_clear(), entry.realm.as_str(), entry.school.as_str(), entry.named),
        ("olu", "default", "oak", Named::Person)
    );

    assert!(vault.erase(&oak[0]).unwrap());
    assert!(!vault.erase(&oak[0]).unwrap());
    assert!(vault.reveal(&oak[0]).unwrap().is_none());
    assert_eq!(find(None, "fern9"), [("elm".to_owned(), elm[0].clone())]);
    assert_eq!(names(&vault), ["olu", "fern9"]);
    assert_eq!(add(&vault, "oak", &["new"]).len(), 1);
    assert_eq!(names(&vault), ["olu", "fern9", "new"]);
}

#[test]
fn no_name_stands_in_any_file() {
    let place = Place::new();
    add(&place.open(), "oak", &["fern9-unmistakable"]);
    for entry in std::fs::read_dir(place.folder.path().join("vault")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(12).any(|window| window == b"unmistakable"), "{path:?}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o077, 0, "{path:?}");
        }
    }
}

#[test]
fn runs_side_by_side_lose_no_name() {
    let place = Place::new();
    let vault = place.open();
    add(&vault, "oak", &["first"]);
    let sessions: Vec<_> = (0..4).map(|_| place.open().session()).collect();
    std::thread::scope(|scope| {
        for (at, session) in sessions.iter().enumerate() {
            scope.spawn(move || {
                let mut pseudonyms = session.pseudonyms();
                for number in 0..20 {
                    pseudonyms.key(&school("oak"), Named::Person, "default", &clear(&format!("run{at}-{number}")));
                    session.flush().unwrap();
                }
            });
        }
    });
    assert_eq!(names(&vault).into_iter().collect::<BTreeSet<_>>().len(), 81);
}

#[test]
fn two_first_keys_of_a_school_are_refused() {
    let place = Place::new();
    let (one, two) = (place.open().session(), place.open().session());
    for session in [&one, &two] {
        session.pseudonyms().key(&school("oak"), Named::Person, "default", &clear("fern9"));
    }
    one.flush().unwrap();
    let wanted = "another run made the key of school oak first; nothing was written, run the command again";
    assert_eq!(two.flush().unwrap_err().to_string(), wanted);
    assert_eq!(two.flush().unwrap_err().to_string(), wanted);
}

#[test]
fn lost_and_open_files_are_refused_with_the_mend() {
    let place = Place::new();
    add(&place.open(), "oak", &["fern9"]);
    let inside = Vault::open(&place.folder.path().join("lake/vault"), &place.folder.path().join("lake"));
    assert!(matches!(inside, Err(VaultError::InsideLake { .. })));

    let key = std::fs::read(place.file("vault.key")).unwrap();
    std::fs::remove_file(place.file("vault.key")).unwrap();
    let reopened = Vault::open(&place.folder.path().join("vault"), &place.folder.path().join("lake"));
    assert!(matches!(reopened, Err(VaultError::Missing { other: "names.vault", .. })));
    std::fs::write(place.file("vault.key"), &key).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |mode| std::fs::set_permissions(place.file("vault.key"), std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o644);
        let reopened = Vault::open(&place.folder.path().join("vault"), &place.folder.path().join("lake"));
        assert!(matches!(reopened, Err(VaultError::NotPrivate { mode: 0o644, .. })));
        mode(0o600);
    }

    // A failure while keys are made reaches the flush, and stays.
    std::fs::write(place.file("names.vault"), b"not a vault, though long enough").unwrap();
    let session = place.open().session();
    session.pseudonyms().key(&school("oak"), Named::Person, "default", &clear("olu"));
    assert!(matches!(session.flush(), Err(VaultError::Damaged { byte: 0, .. })));
    assert!(matches!(session.flush(), Err(VaultError::Void)));
}

#[test]
fn many_names_are_known_again_from_the_sorted_file() {
    let place = Place::new();
    let vault = place.open();
    let many: Vec<String> = (0..5_000).map(|number| format!("pupil{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let keys = add(&vault, "oak", &many);
    assert!(place.file("known.keys").is_file());
    let later = add(&vault, "oak", &["one more"]);
    let session = place.open().session();
    let mut pseudonyms = session.pseudonyms();
    for (name, key) in many.iter().zip(&keys).chain([(&"one more", &later[0])]) {
        assert_eq!(pseudonyms.key(&school("oak"), Named::Person, "default", &clear(name)), *key);
    }
    assert_eq!(session.pending(), 0);

    // Damaged or old, it is not believed, and the names file answers.
    let mut bytes = std::fs::read(place.file("known.keys")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(place.file("known.keys"), &bytes).unwrap();
    let session = place.open().session();
    session.pseudonyms().key(&school("oak"), Named::Person, "default", &clear("pupil77"));
    assert_eq!(session.pending(), 0);

    // A names file shorter than the sorted file says has lost names.
    std::fs::remove_file(place.file("known.keys")).unwrap();
    add(&vault, "oak", &["yet one"]);
    let length = std::fs::metadata(place.file("names.vault")).unwrap().len();
    assert!(place.file("known.keys").is_file());
    std::fs::OpenOptions::new().write(true).open(place.file("names.vault")).unwrap().set_len(length - 1).unwrap();
    let session = place.open().session();
    session.pseudonyms().key(&school("oak"), Named::Person, "default", &clear("pupil77"));
    assert!(matches!(session.flush(), Err(VaultError::Damaged { .. })));
}

#[test]
fn quarantined_lines_open_under_their_own_vault_only() {
    let place = Place::new();
    let vault = place.open();
    let mut sealer = vault.line_sealer().unwrap();
    let (one, two) = (sealer.seal_line(&[], b"a line of apatel").unwrap(), sealer.seal_line(&[], b"a line of apatel").unwrap());
    assert_ne!(one, two);
    assert_eq!(one.len(), 16 + 40);
    assert_eq!(place.open().open_line(&one).unwrap().line, b"a line of apatel");
    assert_eq!(sealer.seal_line(&[], b"").map(|sealed| vault.open_line(&sealed).unwrap()).unwrap().line, b"");
    let heading = [b"When,Person".to_vec(), Vec::new(), b"#Fields: a b".to_vec()];
    for line in [&b"a line of apatel"[..], b""] {
        let headed = vault.open_line(&sealer.seal_line(&heading, line).unwrap()).unwrap();
        assert_eq!((headed.heading.as_slice(), headed.line.as_slice()), (&heading[..], line));
    }
    let mut changed = two.clone();
    changed[30] ^= 1;
    for sealed in [&changed[..], &two[..20], b""] {
        assert!(matches!(vault.open_line(sealed), Err(VaultError::Unopenable)));
    }
    assert!(matches!(Place::new().open().open_line(&two), Err(VaultError::Unopenable)));

    let source = |id: &str| vault.source_key(&SourceId::parse(id).unwrap());
    assert_eq!(source("oak-filter"), place.open().source_key(&SourceId::parse("oak-filter").unwrap()));
    assert_ne!(source("oak-filter"), source("elm-filter"));
}

proptest! {
    #![proptest_config(crate::properties::cases(48))]

    /// Wherever a crash cuts the vault, the records before the cut are there, and the next names follow them.
    #[test]
    fn a_torn_vault_keeps_every_earlier_record(batches in proptest::collection::vec(1_usize..6, 1..5), cut in 0.0_f64..1.0, zeros in any::<bool>()) {
        let place = Place::new();
        let vault = place.open();
        let mut ends = Vec::new();
        let mut all = Vec::new();
        for (batch, count) in batches.iter().enumerate() {
            let batch: Vec<String> = (0..*count).map(|number| format!("name{batch}-{number}")).collect();
            add(&vault, "oak", &batch.iter().map(String::as_str).collect::<Vec<_>>());
            all.extend(batch);
            ends.push((std::fs::metadata(place.file("names.vault")).unwrap().len(), all.len()));
        }
        let length = ends.last().unwrap().0;
        // The first record comes into being with the file, whole or not at all; later ones are appended.
        let first = ends[0].0;
        let cut = first + ((length - first) as f64 * cut) as u64;
        let kept = ends.iter().filter(|(end, _)| *end <= cut).map(|(_, names)| *names).next_back().unwrap();
        let last_start = if ends.len() > 1 { ends[ends.len() - 2].0 } else { length };
        let file = std::fs::OpenOptions::new().write(true).open(place.file("names.vault")).unwrap();
        file.set_len(cut).unwrap();
        // The file may have grown before its bytes arrived.
        if zeros && cut >= last_start {
            file.set_len(length).unwrap();
        }
        drop(file);
        let reopened = place.open();
        let found = names(&reopened);
        prop_assert!(found.len() >= kept && all.starts_with(&found), "{} of {}", found.len(), kept);
        add(&reopened, "oak", &["afterwards"]);
        let mut wanted = found;
        wanted.push("afterwards".to_owned());
        prop_assert_eq!(names(&place.open()), wanted);
    }

    /// A flipped bit is told, and never read as a name or taken for a torn end while names follow it.
    #[test]
    fn a_flipped_bit_loses_nothing_in_silence(at in 0.0_f64..1.0, bit in 0_u32..8) {
        let place = Place::new();
        let vault = place.open();
        for name in ["one", "two", "three"] {
            add(&vault, "oak", &[name]);
        }
        let mut bytes = std::fs::read(place.file("names.vault")).unwrap();
        let third = bytes.len() - (bytes.len() - 24) / 3;
        // The last record alone can't be told from a torn one, but it is left out, not misread.
        let at = (bytes.len() as f64 * at) as usize;
        bytes[at] ^= 1 << bit;
        std::fs::write(place.file("names.vault"), &bytes).unwrap();
        match place.open().entries() {
            Ok(entries) => {
                prop_assert!(at >= third - 4 && entries.len() == 2 || at < 24 && (8..24).contains(&at) && entries.is_empty(), "byte {at}: {}", entries.len());
            }
            Err(VaultError::Damaged { .. }) => {}
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    /// A line of the schools' keys that was cut short is no key; whole lines before it are.
    #[test]
    fn torn_school_keys_keep_whole_lines(cut in 1_usize..400) {
        let place = Place::new();
        let vault = place.open();
        let keys: Vec<UserKey> = ["oak", "elm", "ash"].iter().map(|at| add(&vault, at, &["fern9"]).remove(0)).collect();
        let bytes = std::fs::read(place.file("school.keys")).unwrap();
        let cut = cut.min(bytes.len());
        let whole = bytes[..cut].iter().filter(|byte| **byte == b'\n').count();
        std::fs::write(place.file("school.keys"), &bytes[..cut]).unwrap();
        let again: Vec<UserKey> = ["oak", "elm", "ash"].iter().map(|at| add(&place.open(), at, &["fern9"]).remove(0)).collect();
        for at in 0..3 {
            prop_assert_eq!(again[at] == keys[at], at < whole);
        }
        prop_assert_eq!(std::fs::read_to_string(place.file("school.keys")).unwrap().lines().count(), 3);
    }
}

#[test]
fn names_and_lines_open_after_a_rotation_and_the_old_key_opens_no_name() {
    let place = Place::new();
    let vault = place.open();
    let keys = add(&vault, "oak", &["apatel", "bquill"]);
    let sealed = vault.line_sealer().unwrap().seal_line(&[], b"a line of before").unwrap();
    let source = SourceId::parse("filter").unwrap();
    let (of_source, of_copies, marks) = (vault.source_key(&source), vault.register_key(), vault.erasure_key());
    let stale = vault.session();
    let (rotated, count) = vault.rotate().unwrap();
    assert_eq!(count, 2);
    for vault in [&rotated, &place.open()] {
        assert_eq!(names(vault), ["apatel", "bquill"]);
        assert_eq!(vault.open_line(&sealed).unwrap().line, b"a line of before");
        // What is no seal stays: pseudonyms, duplicate indexes, marks of whom was erased, notes beside copies.
        assert_eq!(add(vault, "oak", &["apatel"]), keys[..1]);
        assert_eq!((vault.source_key(&source), vault.register_key(), vault.erasure_key()), (of_source, of_copies, marks));
        assert_eq!(vault.sealing_keys().iter().map(|key| key.generation).collect::<Vec<_>>(), [1, 0]);
    }
    let later = rotated.line_sealer().unwrap().seal_line(&[], b"a line of after").unwrap();
    assert_eq!(rotated.open_line(&later).unwrap().line, b"a line of after");
    // A process that began before can neither read names nor write over them.
    assert!(vault.entries().is_err() && vault.open_line(&later).is_err());
    let mut pseudonyms = stale.pseudonyms();
    pseudonyms.key(&school("oak"), Named::Person, "default", &clear("newcomer"));
    assert!(stale.flush().is_err());
    assert!(matches!(vault.erase(&keys[0]), Err(VaultError::Rotated)));
    assert!(matches!(vault.rotate(), Err(VaultError::Rotated)));
    assert_eq!(names(&rotated), ["apatel", "bquill"]);
}

#[test]
fn a_rotation_that_was_cut_short_ends_forward_or_back() {
    for is_rewritten in [false, true] {
        let place = Place::new();
        let vault = place.open();
        add(&vault, "oak", &["apatel"]);
        let before = std::fs::read(place.file("names.vault")).unwrap();
        vault.rotate().unwrap();
        // As it was before the last step: the key not yet settled, the names under the new key or still under the old.
        let text = std::fs::read_to_string(place.file("sealing.keys")).unwrap();
        let start = format!("?{}", text.trim_end().rsplit_once(' ').unwrap().0);
        let check: String = blake3::hash(start.as_bytes()).to_hex().chars().take(8).collect();
        std::fs::write(place.file("sealing.keys"), format!("{start} {check}\n")).unwrap();
        if !is_rewritten {
            std::fs::write(place.file("names.vault"), before).unwrap();
        }
        let again = place.open();
        assert_eq!(names(&again), ["apatel"], "{is_rewritten}");
        let newest = again.sealing_keys()[0].generation;
        assert_eq!(newest, u32::from(is_rewritten));
        add(&again, "oak", &["bquill"]);
        assert_eq!(names(&place.open()), ["apatel", "bquill"]);
    }
}

#[test]
fn older_keys_are_forgotten_with_what_they_alone_open() {
    let place = Place::new();
    let vault = place.open();
    add(&vault, "oak", &["apatel"]);
    let (first, _) = vault.rotate().unwrap();
    let sealed = first.line_sealer().unwrap().seal_line(&[], b"a line").unwrap();
    let (second, _) = first.rotate().unwrap();
    assert_eq!(second.open_line(&sealed).unwrap().line, b"a line");
    assert_eq!(second.forget_older_keys().unwrap(), 1);
    let again = place.open();
    assert!(matches!(again.open_line(&sealed), Err(VaultError::Unopenable)));
    assert_eq!(names(&again), ["apatel"]);
    assert_eq!(again.sealing_keys().iter().map(|key| key.generation).collect::<Vec<_>>(), [2, 0]);
}

#[test]
fn a_damaged_or_lost_file_of_sealing_keys_is_refused() {
    let place = Place::new();
    let vault = place.open();
    add(&vault, "oak", &["apatel"]);
    vault.rotate().unwrap();
    let (root, lake) = (place.folder.path().join("vault"), place.folder.path().join("lake"));
    let path = place.file("sealing.keys");
    let good = std::fs::read_to_string(&path).unwrap();
    for bad in [good.replacen('1', "2", 1), good.trim_end().to_owned(), format!("{good}{good}"), String::from("x\n")] {
        std::fs::write(&path, bad).unwrap();
        assert!(matches!(Vault::open(&root, &lake), Err(VaultError::Damaged { .. })));
    }
    std::fs::remove_file(&path).unwrap();
    // Without the key the names are there and open for nobody; nothing is written over them.
    let lost = place.open();
    assert!(lost.entries().is_err());
    let session = lost.session();
    session.pseudonyms().key(&school("oak"), Named::Person, "default", &clear("newcomer"));
    assert!(session.flush().is_err());
    super::disk::replace(&path, good.as_bytes()).unwrap();
    assert_eq!(names(&place.open()), ["apatel"]);
}
