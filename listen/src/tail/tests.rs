//! A followed file, rotated in every way and at every moment: the copies hold each line once.

use super::*;
use std::fs;
use std::sync::Mutex;

struct Home {
    folder: tempfile::TempDir,
    said: Arc<Mutex<Vec<String>>>,
    written: usize,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("spool")).unwrap();
        Self { folder, said: Arc::default(), written: 0 }
    }

    fn log(&self, ending: &str) -> PathBuf {
        self.folder.path().join(format!("access.log{ending}"))
    }

    fn spool(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    /// A run that begins, as after a kill: what the last one remembered is gone.
    fn tail(&self) -> Tail {
        let said = Arc::clone(&self.said);
        let following = Following {
            name: String::from("gate"),
            path: self.log(""),
            folder: self.spool(),
            keep_free: 0,
            counts: Arc::default(),
            said: Arc::new(move |text: &str| said.lock().unwrap().push(text.to_owned())),
        };
        let mut tail = Tail::new(following, Duration::ZERO);
        tail.resume();
        tail
    }

    /// Writes some lines and the beginning of one more; the next call ends that.
    fn write(&mut self, lines: usize) {
        let mut file = File::options().append(true).create(true).open(self.log("")).unwrap();
        for _ in 0..lines {
            writeln!(file, "line {} of a log that is followed", self.written).unwrap();
            self.written += 1;
        }
    }

    /// Numbers of all lines in the copies, in the order of their names; each must be there once.
    fn lines(&self) -> Vec<usize> {
        let mut numbers = Vec::new();
        for ending in [OPEN, SEALED] {
            for copy in named(&self.spool(), BEGIN, ending).unwrap() {
                let text = fs::read_to_string(copy).unwrap();
                numbers.extend(text.lines().map(|line| line.split(' ').nth(1).unwrap().parse::<usize>().unwrap()));
            }
        }
        numbers.sort_unstable();
        numbers
    }

    fn holds_all(&self) {
        assert_eq!(self.lines(), (0..self.written).collect::<Vec<_>>(), "{:?}", self.said.lock().unwrap());
    }
}

fn all(tail: &mut Tail) {
    while tail.turn() {}
}

#[test]
fn a_file_that_grows_is_copied_once_however_often_the_run_is_killed() {
    let mut home = Home::new();
    for _ in 0..5 {
        home.write(100);
        all(&mut home.tail());
        home.holds_all();
        home.write(3);
        let mut tail = home.tail();
        all(&mut tail);
        home.write(50);
        all(&mut tail);
        home.holds_all();
    }
    assert_eq!(named(&home.spool(), BEGIN, OPEN).unwrap().len(), 1, "one generation, one copy");
    assert_eq!(fs::read(home.log("")).unwrap(), fs::read(&named(&home.spool(), BEGIN, OPEN).unwrap()[0]).unwrap());
}

#[test]
fn a_renamed_file_is_read_to_its_end() {
    let mut home = Home::new();
    home.write(10);
    let mut tail = home.tail();
    all(&mut tail);
    home.write(10);
    let mut old = File::options().append(true).open(home.log("")).unwrap();
    fs::rename(home.log(""), home.log(".1")).unwrap();
    home.write(10);
    tail.leave_after = Duration::from_secs(60);
    all(&mut tail);
    // The program has not been told of the rotation yet.
    writeln!(old, "line {} of a log that is followed", home.written).unwrap();
    home.written += 1;
    all(&mut tail);
    home.holds_all();
    tail.leave_after = Duration::ZERO;
    all(&mut tail);
    assert_eq!(named(&home.spool(), BEGIN, SEALED).unwrap().len(), 1);
    home.holds_all();
}

#[test]
fn an_emptied_files_rest_is_read_from_the_copy_beside_it() {
    let mut home = Home::new();
    home.write(10);
    let mut tail = home.tail();
    all(&mut tail);
    home.write(10);
    fs::copy(home.log(""), home.log(".1")).unwrap();
    File::options().write(true).open(home.log("")).unwrap().set_len(0).unwrap();
    home.write(30);
    all(&mut tail);
    all(&mut tail);
    home.holds_all();
    assert_eq!(named(&home.spool(), BEGIN, OPEN).unwrap().len(), 1);
}

#[test]
fn an_emptied_file_without_a_copy_is_told() {
    let mut home = Home::new();
    home.write(10);
    let mut tail = home.tail();
    all(&mut tail);
    File::options().write(true).open(home.log("")).unwrap().set_len(0).unwrap();
    home.write(1);
    all(&mut tail);
    all(&mut tail);
    home.holds_all();
    assert!(home.said.lock().unwrap().iter().any(|said| said.contains("may be lost")), "{:?}", home.said.lock().unwrap());
}

#[test]
fn rotations_that_nobody_watched_are_caught_up_with() {
    for is_renamed in [true, false] {
        let mut home = Home::new();
        home.write(10);
        all(&mut home.tail());
        for generation in ["2", "1"] {
            home.write(10);
            let rotated = home.log(&format!(".{generation}"));
            if is_renamed {
                fs::rename(home.log(""), rotated).unwrap();
            } else {
                fs::copy(home.log(""), rotated).unwrap();
                File::options().write(true).open(home.log("")).unwrap().set_len(0).unwrap();
            }
        }
        home.write(10);
        let mut tail = home.tail();
        all(&mut tail);
        all(&mut tail);
        home.holds_all();
        all(&mut home.tail());
        home.holds_all();
    }
}

#[test]
fn what_a_power_cut_left_is_put_right() {
    let mut home = Home::new();
    home.write(10);
    all(&mut home.tail());
    let copy = named(&home.spool(), BEGIN, OPEN).unwrap().pop().unwrap();
    let length = fs::metadata(&copy).unwrap().len();
    let copy = File::options().write(true).open(copy).unwrap();
    copy.set_len(length - 7).unwrap();
    copy.set_len(length + 9).unwrap();
    home.write(10);
    all(&mut home.tail());
    home.holds_all();
}

#[test]
fn a_generation_that_was_packed_meanwhile_is_told_with_the_command_that_reads_it() {
    let mut home = Home::new();
    home.write(10);
    all(&mut home.tail());
    home.write(10);
    fs::rename(home.log(""), home.log(".1.gz")).unwrap();
    home.written = 0;
    home.write(1);
    let mut tail = home.tail();
    all(&mut tail);
    let said = home.said.lock().unwrap().join("\n");
    assert!(said.contains("weir ingest --source gate") && said.contains("access.log.1.gz"), "{said}");
    assert_eq!(home.lines(), [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn only_what_a_rotation_names_is_a_sibling() {
    let home = Home::new();
    let names = [
        "access.log",
        "access.log.1",
        "access.log-20261105",
        "access-20261105.log",
        "access.log.2.gz",
        "access_error.log",
        "accessible.log",
    ];
    names.iter().for_each(|name| fs::write(home.folder.path().join(name), "").unwrap());
    let found = siblings(&home.log(""));
    let names: Vec<_> = found.plain.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["access-20261105.log", "access.log-20261105", "access.log.1"]);
    assert_eq!(found.packed_since(SystemTime::UNIX_EPOCH).len(), 1);
}
