//! An export of one person: the name comes from the command line and goes the way of a name in a line, and stands nowhere in clear.

use weir_lake::names::ClearName;

use super::*;
use crate::input::Input;
use crate::inspect::inspect;
use crate::report::FileStatus;

/// A timeline as the product exports it: nobody is named.
fn timeline(rows: u64) -> String {
    let row =
        |n: u64| format!("05/11/2026 09:{:02}:{:02},DESK-4,Allowed,p{n}.maps.example,Travel,1 KB,3 MB\n", n / 60 % 60, n % 60);
    String::from("Date/Time,Machine Name,Verdict,Website,Type,Upload,Download\n") + &(0..rows).map(row).collect::<String>()
}

fn options(home: &Home, format: &str, user: Option<&str>) -> IngestOptions {
    let user = user.map(|user| ClearName::new(user.to_owned()));
    let format = FormatChoice::Id(FormatId::parse(format).unwrap());
    IngestOptions { user, format, settled: true, threads: 2, ..home.options() }
}

fn read(home: &Home, paths: &[PathBuf], options: &IngestOptions) -> IngestReport {
    ingest_in_units(&home.estate, &home.lake, &home.vault, &home.catalogue, paths, options, 4096).unwrap()
}

/// The keys in `user_key`, once each.
fn keys(home: &Home) -> Vec<String> {
    let at = Table::Events.column_index("user_key").unwrap();
    let mut keys: Vec<String> =
        home.rows(Table::Events, true).iter().map(|row| row.split('|').nth(at).unwrap().to_owned()).collect();
    keys.sort();
    keys.dedup();
    keys
}

fn everything_under(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { bytes.extend(fs::read(path).unwrap().to_ascii_lowercase()) }
        }
    }
    bytes
}

#[test]
fn the_name_given_is_the_name_in_other_logs() {
    let home = Home::new();
    // The same person in a log that names people, in three ways of writing the log-in.
    home.ingest(&home.file("a.log", squid(1.0, "ycharlton", "a") + "\n"), PLAINLY);
    let [known]: [String; 1] = keys(&home).try_into().unwrap();
    for (n, user) in ["YCharlton", "ASH\\ycharlton", "ycharlton@ash.example"].into_iter().enumerate() {
        let text = timeline(5).replace("09:", &format!("1{n}:"));
        let path = home.file(&format!("Charlton-y {n}.csv"), text);
        let report = read(&home, &[path], &options(&home, "linewize-timeline", Some(user)));
        assert_eq!((report.total.events, report.has_findings()), (5, false), "{report:?}");
        assert_eq!(report.warnings, Vec::<String>::new());
        assert_eq!(report.files[0].path, format!("{known}.csv"));
    }
    assert_eq!(keys(&home), [known]);
    // Neither the rows nor the receipts nor any other file of the lake hold the name, nor the files' own names.
    let clear =
        [everything_under(home.lake.root()), home.rows(Table::Events, true).join("\n").to_lowercase().into_bytes()].concat();
    assert!(memchr::memmem::find(&clear, b"charlton").is_none());
    assert!(home.receipts().iter().all(|receipt| !receipt.path.to_lowercase().contains("charlton")));
}

#[test]
fn an_export_that_names_others_is_refused() {
    let home = Home::new();
    let line = |n: u64, user: &str| squid(n as f64, user, "a") + "\n";
    // The other name stands far behind what tells the format.
    let long: String = (0..3000).map(|n| line(n, "-")).collect::<String>() + &line(3000, "rokafor");
    let table = [
        (line(1, "rokafor"), FileStatus::Refused),
        (long, FileStatus::Refused),
        // Lines that name nobody, or the person given, contradict nothing.
        (line(2, "-") + &line(3, "APatel"), FileStatus::Read),
    ];
    let paths: Vec<PathBuf> =
        table.iter().enumerate().map(|(n, (text, _))| home.file(&format!("apatel-{n}.log"), text)).collect();
    let report = read(&home, &paths, &options(&home, "squid", Some("apatel")));
    for (file, (_, wanted)) in report.files.iter().zip(&table) {
        assert_eq!(file.status, *wanted, "{file:?}");
        assert!(!file.path.contains("apatel") && !file.message.as_deref().unwrap_or("").contains("apatel"), "{file:?}");
    }
    assert!(report.files[0].message.as_ref().unwrap().contains("leave --user out"), "{:?}", report.files[0]);
    assert_eq!((report.total.events, home.rows(Table::Events, true).len(), home.receipts().len()), (2, 2, 1));
    assert_eq!(keys(&home).len(), 1);

    let inspected =
        inspect(&home.estate, &home.catalogue, &Input::file(&paths[0]), &options(&home, "squid", Some("apatel")), &mut |_| {});
    assert!(inspected.unwrap_err().to_string().contains("leave --user out"));
}

#[test]
fn several_files_for_one_name_are_doubted_aloud() {
    let home = Home::new();
    let paths = [home.file("a.csv", timeline(5)), home.file("b.csv", timeline(9))];
    let report = read(&home, &paths, &options(&home, "linewize-timeline", Some("apatel")));
    assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
    assert!(report.warnings[0].contains("2 files") && report.warnings[0].contains("weir undo r1"), "{:?}", report.warnings);
    assert!(!report.warnings[0].contains("apatel"));
}

#[test]
fn an_export_of_one_person_without_a_name_says_so() {
    let home = Home::new();
    let path = home.file("a.csv", timeline(5));
    let report = read(&home, &[path], &options(&home, "linewize-timeline", None));
    assert_eq!(report.total.events, 5);
    assert!(report.files[0].message.as_ref().unwrap().contains("read it again with --user"), "{:?}", report.files[0]);
    // A format that is one person's by habit, with a column of names all the same.
    let named = "Time,URL,Action,User\n2026-11-05 09:14:02,http://dice.example/,Blocked,rokafor\n";
    let report = read(&home, &[home.file("b.csv", named)], &options(&home, "lightspeed-history", None));
    assert_eq!((report.total.events, report.files[0].message.as_deref()), (1, None));
}

#[test]
fn inspect_shows_the_name_given() {
    let home = Home::new();
    let path = home.file("a.csv", timeline(1));
    let mut lines = Vec::new();
    let options = options(&home, "linewize-timeline", Some("ASH\\APatel"));
    inspect(&home.estate, &home.catalogue, &Input::file(&path), &options, &mut |line| lines.push(line.to_value())).unwrap();
    assert_eq!(lines[1]["user"], "apatel");
}

#[test]
fn a_file_of_exactly_the_portals_cap_is_suspected() {
    for (rows, blank, wanted) in
        [(9_999, false, None), (10_000, false, Some(10_000)), (10_000, true, Some(10_000)), (10_001, false, None)]
    {
        let home = Home::new();
        let text = timeline(rows) + if blank { "\n\n" } else { "" };
        let report = read(&home, &[home.file("a.csv", text)], &options(&home, "linewize-timeline", Some("apatel")));
        assert_eq!((report.files[0].cut_at, report.has_findings()), (wanted, wanted.is_some()), "{rows}");
        assert_eq!(report.total.events, rows, "the rows are kept");
        let said =
            report.files[0].message.as_deref() == Some("exactly 10,000 rows: the portal probably cut it; export shorter periods");
        assert_eq!(said, wanted.is_some(), "{:?}", report.files[0].message);
    }
}

#[test]
fn totals_are_refused_with_what_to_ask_for() {
    let home = Home::new();
    let text = "Category,Blocked,Allowed\nGambling,12,0\nNews,1,1204\n";
    let path = home.file("summary.csv", text);
    for choice in [FormatChoice::Auto, FormatChoice::Id(FormatId::parse("lightspeed-history").unwrap())] {
        let options = IngestOptions { format: choice, settled: true, ..home.options() };
        let report = read(&home, std::slice::from_ref(&path), &options);
        assert_eq!((report.files[0].status, report.lake_version), (FileStatus::Refused, None));
        let message = report.files[0].message.as_deref().unwrap();
        for words in
            ["holds totals (\"Category\", \"Blocked\", \"Allowed\")", "one row a request with its time", "Website History"]
        {
            assert!(message.contains(words), "{message}");
        }
    }
}
