use weir_lake::estate::{GroupRow, MatchOn, Roster, RosterRow, UserType, normalise_login};
use weir_lake::ids::FormatId;
use weir_lake::names::ClearName;

use super::rows::NO_QUERY;
use super::*;
use crate::embedded::{LEXICON, TAXONOMIES};
use crate::engine::tests::closed::{THURSDAY, close, slice};
use crate::engine::tests::{Home, squid};
use crate::engine::{FormatChoice, ingest_under};

/// A lexicon file with one entry.
const KITES: &str = r#"
[[entry]]
id = "gambling.kites"
terms = ["paper kites"]
match = "phrase"
exclude = []
weight = 40
severity = 3
intent = "planning"
phases = ["primary", "secondary"]
lang = "en"
rationale = "An invention for a test."
source = "None"
since = "2020-21"
added = "2026-11-22"
reviewed = "2026-11-22"
hits = ["how to fold paper kites"]
misses = ["paper boats", "kite shop"]
"#;

/// Other files than the shipped ones: another meaning of the firewall's gambling, a domain of our own that was not there, and a lexicon
/// that knows kites and no bets.
fn other_reference() -> Arc<Reference> {
    let taxonomies: Vec<(&str, String)> = TAXONOMIES
        .iter()
        .map(|(stem, text)| {
            let text = match *stem {
                "fortigate" => text
                    .lines()
                    .map(|line| if line.starts_with("Gambling,") { "Gambling,games," } else { line }.to_owned() + "\n")
                    .collect(),
                "domains" => format!("{text}\nmaps.example,dating\n"),
                _ => (*text).to_owned(),
            };
            (*stem, text)
        })
        .collect();
    let lexicon: Vec<(&str, &str)> =
        LEXICON.iter().map(|(stem, text)| (*stem, if *stem == "gambling" { KITES } else { *text })).collect();
    let taxonomies: Vec<(&str, &str)> = taxonomies.iter().map(|(stem, text)| (*stem, text.as_str())).collect();
    Reference::new(&taxonomies, &lexicon).unwrap()
}

fn roster(rows: Vec<RosterRow>) -> Arc<Roster> {
    Arc::new(Roster { rows })
}

fn roster_row(person: &str, logins: &[&str], user_type: UserType, year: &str) -> RosterRow {
    RosterRow {
        school_id: None,
        person: ClearName::new(person.to_owned()),
        logins: logins.iter().filter_map(|login| normalise_login(login)).collect(),
        user_type: Some(user_type),
        year_group: Some(year.to_owned()),
        from: None,
        to: None,
    }
}

fn group_row(on: MatchOn, pattern: &str, user_type: UserType, year: Option<&str>) -> GroupRow {
    GroupRow {
        school_id: None,
        on,
        pattern: pattern.to_owned(),
        user_type,
        year_group: year.map(str::to_owned),
        boarder: false,
        from: Some(jiff::civil::date(2026, 11, 6)),
        to: None,
    }
}

/// The estate's files as they are when the mistake was found: groups hold from the Friday on.
fn amend(estate: &mut Estate) {
    estate.groups = vec![
        group_row(MatchOn::Group, "Year 9*", UserType::Pupil, Some("9")),
        group_row(MatchOn::User, "kiosk*", UserType::Shared, None),
        group_row(MatchOn::User, "cart-*", UserType::Device, None),
    ];
    estate.roster = roster(vec![
        roster_row("A Patel", &["apatel", "apatel-home"], UserType::Pupil, "8"),
        roster_row("C Lowe", &["clowe"], UserType::Staff, "staff"),
    ]);
}

const NINE: i64 = 1_793_869_200;

fn fortigate(day: i64, second: i64, user: &str, group: &str, category: &str) -> String {
    let time = (NINE + day * 86_400 + second) * 1_000_000_000;
    format!(
        "type=\"utm\" subtype=\"webfilter\" eventtime={time} user=\"{user}\" group=\"{group}\" srcip=10.20.30.41 service=\"HTTPS\" \
         hostname=\"dice.example\" action=\"passthrough\" url=\"/{second}/\" {category}\n"
    )
}

/// What a firewall and a proxy logged on a Thursday and a Friday.
fn logs() -> [(&'static str, String); 2] {
    let mut firewall = String::new();
    for day in 0..2 {
        let people = [
            ("apatel", ""),
            ("SCH\\\\apatel-home", ""),
            ("bkaur", "Year 9 Fern"),
            ("", "Year 9 Fern"),
            ("kiosk1", ""),
            ("cart-7", ""),
            ("clowe", "Year 9 Fern"),
            ("PC-12$", ""),
            ("", ""),
        ];
        let categories = [
            "catdesc=\"Gambling\"",
            "catdesc=\"Games\"",
            "catdesc=\"Not known to anyone\"",
            "cat=11",
            "",
            "catdesc=\"Advertising\"",
        ];
        let mut second = 0;
        for (user, group) in people {
            for category in categories {
                second += 1;
                firewall += &fortigate(day, second, user, group, category);
            }
        }
    }
    let requests = [
        "http://www.bing.com/search?q=how+to+fold+paper+kites",
        "http://www.bing.com/search?q=online+casino+free+spins",
        "http://www.bing.com/search?q=long+division&x=1",
        "http://www.bing.com/AS/Suggestions?q=paper+kites",
        "http://www.maps.example/lib.js",
        "http://other.example/",
    ];
    let mut proxy = String::new();
    for day in 0..2 {
        for (number, url) in requests.iter().enumerate() {
            for (at, user) in ["apatel", "bkaur", "-"].into_iter().enumerate() {
                let line = squid(f64::from(day) * 86_400.0 + (number * 10 + at) as f64, user, "x");
                proxy += &(line.replace("http://www.maps.example/x", url) + "\n");
                // The same, refused: then its query is kept whatever it was.
                proxy += &(line.replace("http://www.maps.example/x", url).replace("TCP_MISS/200", "TCP_DENIED/403") + "\n");
            }
        }
    }
    [("fortigate", firewall), ("squid", proxy)]
}

fn read(home: &Home, reference: &Arc<Reference>) {
    for (format, text) in logs() {
        let path = home.file(&format!("{format}.log"), text);
        let format = FormatChoice::Id(FormatId::parse(format).unwrap());
        let options = crate::engine::IngestOptions { settled: true, format, ..home.options() };
        let (reference, paths) = (Arc::clone(reference), [path]);
        ingest_under(reference, &home.estate, &home.lake, &home.vault, &home.catalogue, &paths, &options, 1 << 20).unwrap();
    }
}

/// The same vault and another lake, so that equal names have equal keys.
fn beside(home: &Home) -> Home {
    let mut other = Home::new();
    other.vault = Vault::open(&home.estate.vault_root, &home.estate.lake_root).unwrap();
    other.estate.clone_from(&home.estate);
    other
}

fn run(home: &Home, reference: &Arc<Reference>, look_only: bool) -> ReclassifyReport {
    let options = ReclassifyOptions { run_id: RunId::parse("again").unwrap(), days: None, threads: 2, look_only };
    reclassify(&home.estate, &home.lake, &home.vault, &home.catalogue, reference, &options, &|_, _| {}).unwrap()
}

fn index_of(column: &str) -> usize {
    Table::Events.column_index(column).unwrap()
}

#[test]
fn it_equals_a_lake_that_read_the_same_under_todays_files() {
    let mut home = Home::new();
    home.estate.roster = roster(vec![roster_row("A Patel", &["apatel"], UserType::Pupil, "7")]);
    let shipped = Reference::embedded().unwrap();
    read(&home, &shipped);
    let before = home.rows(Table::Events, true);

    amend(&mut home.estate);
    let other = other_reference();
    let wanted = beside(&home);
    read(&wanted, &other);
    let wanted = wanted.rows(Table::Events, true);
    assert_ne!(before, wanted);

    let looked = run(&home, &other, true);
    assert_eq!((home.rows(Table::Events, true), looked.lake_version, looked.files), (before.clone(), None, 0), "only looked at");
    let report = run(&home, &other, false);
    assert_eq!((&report.changed, report.changed_rows), (&looked.changed, looked.changed_rows));
    assert_eq!(report.rows as usize, before.len());

    // A name has come out of the vault to be looked up; none has gone into the lake.
    let text = home.rows(Table::Events, true).join("\n").to_lowercase();
    assert!(["apatel", "bkaur", "kiosk1", "cart-7", "clowe"].iter().all(|name| !text.contains(name)));

    // Column by column, so that what differs is named. Two things can't be equal, and are said: the query of a row that became a
    // concern was not kept, and a category that the firewall told by number only stands.
    let after = home.rows(Table::Events, true);
    let cells =
        |rows: &[String]| -> Vec<Vec<String>> { rows.iter().map(|row| row.split('|').map(str::to_owned).collect()).collect() };
    let (after, wanted) = (cells(&after), cells(&wanted));
    assert_eq!(after.len(), wanted.len());
    let mut without_query = 0;
    for (got, want) in after.iter().zip(&wanted) {
        for (at, column) in Table::Events.columns().iter().enumerate() {
            if got[at] != want[at] {
                let is_new_concern = want[index_of("concern_id")] == "gambling.kites" && want[index_of("action")] == "allowed";
                assert!(column.name == "url_query" && is_new_concern && got[at] == "-", "{}: {got:?}\n{want:?}", column.name);
                without_query += 1;
            }
        }
    }
    assert_eq!(without_query, 6, "a search of three on each of two days");
    assert_eq!(report.kept[NO_QUERY], 6);
    for column in
        ["user_key", "user_type", "year_group", "device_key", "category", "theme", "concern_id", "concern_severity", "url_query"]
    {
        assert!(report.changed.contains_key(column), "{column} changed: {:?}", report.changed);
    }
    let stale = home.lake.snapshot().unwrap().stale;
    assert_eq!(stale.into_iter().collect::<Vec<_>>(), [slice(THURSDAY), slice(THURSDAY + 1)]);

    let again = run(&home, &other, false);
    assert_eq!((again.changed_rows, again.files), (0, 0), "twice changes nothing more: {:?}", again.changed);
}

#[test]
fn closed_dates_stay_as_they_are() {
    let mut home = Home::new();
    read(&home, &Reference::embedded().unwrap());
    close(&home, &[THURSDAY]);
    let of_thursday = |home: &Home| -> Vec<String> {
        let rows = home.rows(Table::Events, true);
        rows.into_iter().filter(|row| row.contains("|2026-11-05|")).collect()
    };
    let before = of_thursday(&home);
    assert!(!before.is_empty());
    amend(&mut home.estate);
    let report = run(&home, &other_reference(), false);
    assert_eq!((report.closed_rows as usize, report.days), (before.len(), 1));
    assert!(report.changed_rows > 0, "Friday changed");
    assert_eq!(of_thursday(&home), before);
    let stale = home.lake.snapshot().unwrap().stale;
    assert_eq!(stale.into_iter().collect::<Vec<_>>(), [slice(THURSDAY + 1)]);
}

#[test]
fn days_that_were_not_asked_for_stay_as_they_are() {
    let mut home = Home::new();
    read(&home, &Reference::embedded().unwrap());
    amend(&mut home.estate);
    let options = ReclassifyOptions {
        run_id: RunId::parse("again").unwrap(),
        days: Some((THURSDAY + 1, THURSDAY + 9)),
        threads: 1,
        look_only: false,
    };
    let other = other_reference();
    let report = reclassify(&home.estate, &home.lake, &home.vault, &home.catalogue, &other, &options, &|_, _| {}).unwrap();
    assert_eq!(report.days, 1);
    let nowhere = ReclassifyOptions { days: Some((0, 9)), ..options };
    let report = reclassify(&home.estate, &home.lake, &home.vault, &home.catalogue, &other, &nowhere, &|_, _| {}).unwrap();
    assert_eq!((report.rows, report.lake_version), (0, None));
}
