use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;

use super::*;
use crate::engine::Progress;
use crate::engine::ingest;

fn text(numbers: &[u8]) -> String {
    // Two days, so that more than one index counts.
    numbers.iter().map(|n| squid(f64::from(n % 2) * 86_400.0, "apatel", &format!("p{n}")) + "\n").collect()
}

/// Distinct files whose text differs, or they would be known.
fn files() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(0u8..5, 1..14), 2..4)
}

proptest! {
    #![proptest_config(crate::properties::cases(24))]
    #[test]
    fn overlapping_exports_in_any_order_keep_the_larger_count(files in files(), one_run: bool, last_first: bool) {
        let mut wanted: BTreeMap<u8, usize> = BTreeMap::new();
        for file in &files {
            for number in 0..5 {
                let count = file.iter().filter(|n| **n == number).count();
                let most = wanted.entry(number).or_insert(0);
                *most = count.max(*most);
            }
        }
        wanted.retain(|_, count| *count > 0);
        let home = Home::new();
        let mut paths: Vec<PathBuf> = files.iter().enumerate().map(|(n, file)| home.file(&format!("{n}.log"), text(file))).collect();
        if last_first {
            paths.reverse();
        }
        if one_run {
            home.try_ingest(&paths, How { threads: 1, ..PLAINLY }).unwrap();
        } else {
            paths.iter().for_each(|path| drop(home.ingest(path, PLAINLY)));
        }
        let mut got: BTreeMap<u8, usize> = BTreeMap::new();
        for row in home.rows(Table::Events, false) {
            let at = row.find("|/p").unwrap();
            *got.entry(row.as_bytes()[at + 3] - b'0').or_insert(0) += 1;
        }
        prop_assert_eq!(got, wanted);
    }
}

#[test]
fn files_that_begin_alike_and_then_part_are_told_apart() {
    let home = Home::new();
    // The second goes on with the first's line, and so has a segment that hashes to the same; the third goes on otherwise.
    for (name, numbers) in [("1.log", &[0][..]), ("2.log", &[0, 0]), ("3.log", &[0, 1, 0]), ("4.log", &[0, 0, 1, 0])] {
        home.ingest(&home.file(name, text(numbers)), PLAINLY);
    }
    // The most of any one file: three of the first page, one of the second.
    assert_eq!(home.rows(Table::Events, false).len(), 4);
}

/// Ingests another file in the middle of an ingest, once.
struct Rival<'h> {
    home: &'h Mutex<Home>,
    path: PathBuf,
    done: AtomicBool,
}

impl Progress for Rival<'_> {
    fn end(&self) {
        if !self.done.swap(true, Ordering::Relaxed) {
            self.home.lock().unwrap().ingest(&self.path, PLAINLY);
        }
    }
}

#[test]
fn a_lost_race_is_run_again_and_sees_the_winners_rows() {
    // Leaked so that the progress may borrow it for the options' lifetime.
    let home: &'static Mutex<Home> = Box::leak(Box::new(Mutex::new(Home::new())));
    let (mine, theirs, options, root) = {
        let home = home.lock().unwrap();
        let mine = home.file("mine.log", text(&[1, 1, 2]));
        let theirs = home.file("theirs.log", text(&[1, 2, 2, 3]));
        (mine, theirs, home.options(), home.folder.path().to_path_buf())
    };
    let rival = Rival { home, path: theirs, done: AtomicBool::new(false) };
    let options = IngestOptions { progress: std::sync::Arc::new(rival), settled: true, ..options };
    let (estate, lake, vault) = {
        let home = home.lock().unwrap();
        (
            home.estate.clone(),
            Lake::open(&root.join("lake")).unwrap(),
            Vault::open(&root.join("vault"), &root.join("lake")).unwrap(),
        )
    };
    let report = ingest(&estate, &lake, &vault, &Catalogue::embedded(), &[mine], &options).unwrap();
    assert_eq!(report.lake_version, Some(2));
    assert_eq!(report.total.ignored.get("duplicate"), Some(&2));
    let home = home.lock().unwrap();
    assert_eq!(home.rows(Table::Events, false).len(), 5, "1 twice, 2 twice, 3 once");
    assert_eq!(multiset(home.rows(Table::Events, false)).len(), 3);
    // Nothing of the first attempt is left behind.
    let snapshot = home.lake.snapshot().unwrap();
    let named = snapshot.files[&Table::Events].len();
    let there = fs::read_dir(home.lake.root().join("events"))
        .unwrap()
        .filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|ending| ending == "parquet"));
    assert_eq!(there.count(), named);
}

#[test]
fn a_race_lost_to_another_source_costs_no_second_reading() {
    let home = Home::new();
    let mine = home.file("mine.log", text(&[1, 1, 2]));
    let theirs = home.file("theirs.log", text(&[1, 2, 2, 3]));
    /// Counts inputs begun, and lets another source commit in between.
    struct Other {
        begun: std::sync::atomic::AtomicUsize,
        root: PathBuf,
        theirs: PathBuf,
        estate: Estate,
    }
    impl Progress for Other {
        fn begin(&self, _path: &str, _bytes: u64) {
            self.begun.fetch_add(1, Ordering::Relaxed);
        }
        fn end(&self) {
            let lake = Lake::open(&self.root.join("lake")).unwrap();
            let vault = Vault::open(&self.root.join("vault"), &self.root.join("lake")).unwrap();
            let mut source = Home::source();
            source.id = SourceId::parse("other").unwrap();
            let mut options = IngestOptions::new(RunId::parse("rival").unwrap(), source, NOW);
            options.format = FormatChoice::Id(FormatId::parse("squid").unwrap());
            ingest(&self.estate, &lake, &vault, &Catalogue::embedded(), std::slice::from_ref(&self.theirs), &options).unwrap();
        }
    }
    // The school's key is there already, so the vault decides nothing.
    home.ingest(&home.file("first.log", text(&[4])), PLAINLY);
    let other = std::sync::Arc::new(Other {
        begun: 0.into(),
        root: home.folder.path().to_path_buf(),
        theirs,
        estate: home.estate.clone(),
    });
    let options = IngestOptions { progress: other.clone(), settled: true, ..home.options() };
    let report = ingest(&home.estate, &home.lake, &home.vault, &home.catalogue, &[mine], &options).unwrap();
    assert_eq!(report.lake_version, Some(3));
    assert_eq!(other.begun.load(Ordering::Relaxed), 1);
    assert_eq!(home.rows(Table::Events, false).len(), 1 + 4 + 3);
}
