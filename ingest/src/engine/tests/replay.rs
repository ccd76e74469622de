//! Lines that were quarantined are read again once their format was mended: none lost, none doubled, and the ledger still adds up.

use super::*;
use crate::engine::replay;
use crate::report::{FileStatus, ReplayReport, Replayed};

/// An invented format that knows two words of a verdict, and a third once it was mended.
fn lark(mended: bool) -> String {
    let more = if mended { "Mislaid = \"warned\"\nDull = \"ignored not_a_decision\"\n" } else { "" };
    let version = if mended { 2 } else { 1 };
    format!(
        "id = \"lark-csv\"\ntitle = \"LarkFilter export\"\nvendor = \"Lark Networks\"\nproduct = \"LarkFilter\"\nversion = {version}\n\
         evidence = \"documentation\"\nlayer = \"filter\"\nurl = \"https://lark.example/export\"\nexport = \"Reports, Export.\"\ndecode = \"csv\"\nheader = true\n\n\
         [time]\ncolumn = \"When\"\nlayout = \"%d/%m/%Y %H:%M:%S\"\n\n\
         [columns]\nuser = {{ from = \"Person\", null = [\"\", \"-\"] }}\nhost = \"Site\"\naction = {{ from = \"Verdict\", table = \"verdict\" }}\n\n\
         [table.verdict]\nPassed = \"allowed\"\nStopped = \"blocked\"\n{more}\n\
         [[sample]]\nheader = 'When,Person,Site,Verdict'\nline = '05/11/2026 09:14:02,apatel,maps.example,Passed'\n\
         row = {{ event_time = \"2026-11-05T09:14:02Z\", user = \"apatel\", host = \"maps.example\", action = \"allowed\" }}\n\n\
         [[reject]]\nheader = 'When,Person,Site,Verdict'\nline = '05/11/2026 09:14:02,apatel,maps.example,Unheard'\nreason = \"unknown_action\"\n"
    )
}

fn home(mended: bool) -> Home {
    let mut home = Home::new();
    mend(&mut home, mended);
    home
}

fn mend(home: &mut Home, mended: bool) {
    home.catalogue.add("lark-csv.toml", lark(mended)).unwrap();
}

fn line(second: u32, user: &str, verdict: &str) -> String {
    format!("05/11/2026 10:{:02}:{:02},{user},p{second}.example,{verdict}\n", second / 60, second % 60)
}

/// Two lines that are read at once, and six that wait.
fn export() -> String {
    let mut text = String::from("When,Person,Site,Verdict\n");
    for second in 0..6 {
        text += &line(second, "apatel", ["Passed", "Mislaid", "Dull"][second as usize % 3]);
    }
    text += "05/11/2026 11:00:00,ychan,late.example,Mislaid\n";
    text += "05/11/2026 11:00:01,ychan,odd.example,Unheard\n";
    text
}

fn options(home: &Home) -> IngestOptions {
    let format = FormatChoice::Id(FormatId::parse("lark-csv").unwrap());
    IngestOptions { format, threads: 2, settled: true, ..home.options() }
}

fn read(home: &Home, path: &Path) -> IngestReport {
    let paths = [path.to_path_buf()];
    ingest_in_units(&home.estate, &home.lake, &home.vault, &home.catalogue, &paths, &options(home), 1 << 20).unwrap()
}

fn again(home: &Home, reason: Option<&str>) -> ReplayReport {
    let options = IngestOptions { format: FormatChoice::Auto, ..home.options() };
    let report = replay(&home.estate, &home.lake, &home.vault, &home.catalogue, &options, reason).unwrap();
    for lines in &report.lines {
        assert_eq!(lines.lines, lines.events + lines.admin_events + lines.ignored.values().sum::<u64>() + lines.stay);
    }
    assert!(home.receipts().iter().all(Receipt::balances));
    report
}

/// Tables without keys, which differ between vaults.
fn tables(home: &Home) -> Vec<Vec<String>> {
    let keyless = |row: String| row.split('|').filter(|cell| !cell.starts_with("k1-")).collect::<Vec<_>>().join("|");
    [Table::Events, Table::AdminEvents, Table::Quarantine]
        .map(|table| home.rows(table, true).into_iter().map(keyless).collect())
        .to_vec()
}

#[test]
fn the_lake_is_as_if_the_mended_format_had_read_the_file() {
    let mut mended = home(false);
    let path = mended.file("export.csv", export());
    let first = read(&mended, &path).total;
    assert_eq!((first.lines, first.events, first.quarantined), (9, 2, 6));
    // The file itself is gone: what was sealed has to be enough.
    fs::remove_file(&path).unwrap();
    assert!(again(&mended, None).lake_version.is_none(), "nothing was mended yet");

    mend(&mut mended, true);
    let report = again(&mended, None);
    let [lines] = &report.lines[..] else { panic!("one format, one reason: {report:?}") };
    assert_eq!((lines.lines, lines.events, lines.ignored["not_a_decision"], lines.stay), (6, 3, 2, 1));

    let wanted = home(true);
    read(&wanted, &wanted.file("export.csv", export()));
    assert_eq!(tables(&mended), tables(&wanted));
    assert_eq!(mended.index_entries(), wanted.index_entries());
    let (receipt, wanted) = (&mended.receipts()[0], &wanted.receipts()[0]);
    assert_eq!((receipt.revision, receipt.format_version), (2, 2));
    assert_eq!(
        (receipt.events, &receipt.ignored, receipt.quarantined, receipt.first_event_time, receipt.last_event_time),
        (wanted.events, &wanted.ignored, wanted.quarantined, wanted.first_event_time, wanted.last_event_time)
    );
    assert!(again(&mended, None).lake_version.is_none(), "a second replay has nothing to do");
    // And the file is known as before.
    let path = mended.file("export.csv", export());
    assert_eq!(read(&mended, &path).files[0].status, FileStatus::AlreadyRead);
}

#[test]
fn equal_lines_of_one_file_are_two_events_and_of_two_files_one() {
    let mut home = home(false);
    let head = "When,Person,Site,Verdict\n";
    // The fifth second twice in one file, once read and once not, and the seventh in a file that overlaps.
    let one = format!(
        "{head}{}{}{}{}",
        line(5, "apatel", "Mislaid"),
        line(5, "apatel", "Mislaid"),
        line(7, "apatel", "Mislaid"),
        line(8, "apatel", "Passed")
    );
    read(&home, &home.file("one.csv", &one));
    mend(&mut home, true);
    let two = format!("{head}{}{}", line(7, "apatel", "Mislaid"), line(9, "apatel", "Passed"));
    read(&home, &home.file("two.csv", &two));
    assert_eq!(home.rows(Table::Events, false).len(), 3);
    let report = again(&home, None);
    assert_eq!((report.lines[0].events, report.lines[0].ignored["duplicate"], report.lines[0].stay), (2, 1, 0));
    let rows = home.rows(Table::Events, false);
    assert_eq!(rows.len(), 5);
    assert_eq!(rows.iter().filter(|row| row.contains("p5.example")).count(), 2);
    assert_eq!(rows.iter().filter(|row| row.contains("p7.example")).count(), 1);
    assert_eq!(home.rows(Table::Quarantine, false).len(), 0);
}

#[test]
fn lines_of_closed_dates_stay_where_they_are() {
    let mut home = home(false);
    read(&home, &home.file("one.csv", export()));
    super::closed::close(&home, &[super::closed::THURSDAY]);
    mend(&mut home, true);
    let report = again(&home, None);
    assert_eq!((report.lines[0].events, report.lines[0].closed), (0, 3), "words that are no decision have no date to close");
    assert_eq!(report.lines[0].stay, 4);
    assert_eq!(home.rows(Table::Quarantine, false).len(), 4);
}

#[test]
fn one_reason_at_a_time_and_what_was_cut_short_is_not_tried() {
    let mut home = home(false);
    let long = format!("05/11/2026 10:30:00,apatel,{}.example,Mislaid\n", "x".repeat(70_000));
    let passed = line(0, "apatel", "Passed");
    let text =
        format!("When,Person,Site,Verdict\n{passed}{}{long}nonsense,apatel,a.example,Passed\n", line(1, "apatel", "Mislaid"));
    assert_eq!(read(&home, &home.file("one.csv", text)).total.quarantined, 3);
    mend(&mut home, true);
    let report = again(&home, Some("bad_time"));
    assert_eq!((report.lines.len(), report.lines[0].stay, report.lake_version), (1, 1, None));
    let report = again(&home, None);
    let sum = |of: fn(&Replayed) -> u64| report.lines.iter().map(of).sum::<u64>();
    assert_eq!((sum(|l| l.lines), sum(|l| l.events), sum(|l| l.stay), sum(|l| l.not_tried)), (3, 1, 2, 1));
}
