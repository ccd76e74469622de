//! Which searches are one: what was still being typed, what came twice, and how files and days cut it.

use super::{SEARCH, ask};
use crate::fixture::{Event, TestLake};

#[tokio::test]
async fn typing_and_repeats_are_one_search() {
    let search = |at: &'static str, term: &'static str| Event { at, term: Some(term), ..SEARCH };
    let risky =
        |at: &'static str, term: &'static str| Event { theme: Some("violence_weapons"), severity: Some(2), ..search(at, term) };
    let lake = TestLake::new();
    lake.ingest(&[
        // "fern kni" was still being typed: it became "fern knitting" 3 seconds later, and stands for nothing.
        risky("2025-09-08T09:00:00Z", "fern kni"),
        search("2025-09-08T09:00:03Z", "fern knitting"),
        // Typed to the end after 11 seconds: too slow for a typing run, so both count.
        risky("2025-09-08T09:10:00Z", "gorse"),
        risky("2025-09-08T09:10:11Z", "gorse bush"),
        // The same term twice within 15 minutes is one; once more after 16 minutes is another.
        risky("2025-09-08T10:00:00Z", "heather"),
        risky("2025-09-08T10:14:00Z", "heather"),
        risky("2025-09-08T10:30:00Z", "heather"),
        // Someone else's.
        Event { user: Some("k1-pupil-b"), ..risky("2025-09-08T10:14:30Z", "heather") },
    ]);
    lake.roll_up("2025-09-12").await;
    // Pupil a: gorse, gorse bush, heather, heather = 4. Pupil b: 1.
    assert_eq!(
        ask(
            &lake.engine("2025-09-12"),
            "SELECT user_key, topic, severity, search_severity, requests, searches, opened, out_of_hours FROM pupil_days ORDER BY 1"
        )
        .await,
        concat!(
            "{\"user_key\":\"k1-pupil-a\",\"topic\":\"violence_weapons\",\"severity\":2,\"search_severity\":2,\"requests\":4,\"searches\":4,\"opened\":0,\"out_of_hours\":0}\n",
            "{\"user_key\":\"k1-pupil-b\",\"topic\":\"violence_weapons\",\"severity\":2,\"search_severity\":2,\"requests\":1,\"searches\":1,\"opened\":0,\"out_of_hours\":0}\n",
        )
    );
}

/// A search that is a concern, so that it is a row of its own where it is a search of its own.
const RISKY: Event = Event { theme: Some("violence_weapons"), severity: Some(2), ..SEARCH };

/// Searches that count, a day and source, of one person. Each list is a file of its own, in the order its lines stand.
async fn searches(files: &[&[Event]]) -> String {
    let lake = TestLake::new();
    files.iter().for_each(|file| lake.ingest(file));
    lake.roll_up("2025-09-12").await;
    ask(&lake.engine("2025-09-12"), "SELECT event_date d, source_id s, searches n FROM pupil_days ORDER BY 1, 2").await
}

fn counted(day: &str, source: &str, n: u32) -> String {
    format!("{{\"d\":\"2025-09-{day}\",\"s\":\"{source}\",\"n\":{n}}}\n")
}

fn typed(at: &'static str, term: &'static str) -> Event {
    Event { at, term: Some(term), ..RISKY }
}

#[tokio::test]
async fn a_typing_run_is_one_search_however_it_is_cut_into_files() {
    let run = [
        typed("2025-09-08T09:00:00Z", "f"),
        typed("2025-09-08T09:00:00Z", "fe"),
        typed("2025-09-08T09:00:01Z", "fern"),
        // A blank at the end is no other term: the same one again, and typing goes on.
        typed("2025-09-08T09:00:09Z", "fern"),
        typed("2025-09-08T09:00:17Z", "fern k"),
        typed("2025-09-08T09:00:27Z", "fern kni"),
    ];
    // Every step is at most ten seconds: one search, the longest.
    for at in 0..=run.len() {
        let (first, second) = run.split_at(at);
        let files: Vec<&[Event]> = [first, second].into_iter().filter(|file| !file.is_empty()).collect();
        assert_eq!(searches(&files).await, counted("08", "elm-filter", 1), "cut at {at}");
        let backwards: Vec<&[Event]> = files.into_iter().rev().collect();
        assert_eq!(searches(&backwards).await, counted("08", "elm-filter", 1), "cut at {at}, the later file first");
    }
}

#[tokio::test]
async fn equal_times_make_a_run_whatever_the_lines_numbers_are() {
    // A log of whole seconds, cut between two files: the second file's first line has a smaller number than the first file's last.
    let first = [typed("2025-09-08T09:00:00Z", "moss"), typed("2025-09-08T10:00:00Z", "fern")];
    let second = [typed("2025-09-08T10:00:00Z", "fern kni"), typed("2025-09-08T10:00:00Z", "fern knitting")];
    // moss, fern knitting.
    assert_eq!(searches(&[&first, &second]).await, counted("08", "elm-filter", 2));
    assert_eq!(searches(&[&second, &first]).await, counted("08", "elm-filter", 2));
}

#[tokio::test]
async fn taking_letters_back_loses_no_search() {
    // Typed to "fern knit", taken back to "fern", typed on to "fern gully". The steps up are furniture; a step back is a search of
    // its own, because nobody can tell it from one that was meant: "fern knit", "fern kn", "fern gully".
    let run = [
        typed("2025-09-08T09:00:00Z", "fern k"),
        typed("2025-09-08T09:00:01Z", "fern knit"),
        typed("2025-09-08T09:00:02Z", "fern kn"),
        typed("2025-09-08T09:00:03Z", "fern"),
        typed("2025-09-08T09:00:04Z", "fern g"),
        typed("2025-09-08T09:00:05Z", "fern gully"),
    ];
    assert_eq!(searches(&[&run]).await, counted("08", "elm-filter", 3));
    // Taken back and typed again: the last is the first once more, and "fern kn" was on its way to it.
    let again = [
        typed("2025-09-08T09:00:01Z", "fern knit"),
        typed("2025-09-08T09:00:02Z", "fern kn"),
        typed("2025-09-08T09:00:03Z", "fern knit"),
    ];
    assert_eq!(searches(&[&again]).await, counted("08", "elm-filter", 1));
}

#[tokio::test]
async fn two_engines_at_once_are_two_runs() {
    let at = |at, engine, term| Event { engine: Some(engine), ..typed(at, term) };
    let run = [
        // Two tabs, typed in turn: each run is its own engine's, and neither breaks the other.
        at("2025-09-08T09:00:00Z", "larksearch", "fe"),
        at("2025-09-08T09:00:01Z", "wrensearch", "mo"),
        at("2025-09-08T09:00:02Z", "larksearch", "fern"),
        at("2025-09-08T09:00:03Z", "wrensearch", "moss"),
        // Longer, but somewhere else: a search of its own.
        at("2025-09-08T09:00:04Z", "wrensearch", "fern kni"),
        // The same term somewhere else within 15 minutes is the same search.
        at("2025-09-08T09:05:00Z", "wrensearch", "fern"),
    ];
    // fern, moss, fern kni.
    assert_eq!(searches(&[&run]).await, counted("08", "elm-filter", 3));
    // Another person's letters finish nobody's word.
    let others =
        [typed("2025-09-08T09:00:00Z", "fe"), Event { user: Some("k1-pupil-b"), ..typed("2025-09-08T09:00:01Z", "fern") }];
    assert_eq!(searches(&[&others]).await, counted("08", "elm-filter", 1).repeat(2));
}

#[tokio::test]
async fn a_day_ends_at_midnight_and_a_source_at_its_own_rows() {
    // Midnight of London in summer is 23:00 UTC. Each day has a search, because each date is made from its own rows alone.
    let night = [
        typed("2025-09-08T22:59:58Z", "fern kni"),
        typed("2025-09-08T23:00:01Z", "fern knitting"),
        typed("2025-09-08T22:59:30Z", "moss"),
        typed("2025-09-08T23:00:30Z", "moss"),
    ];
    let wanted = counted("08", "elm-filter", 2) + &counted("09", "elm-filter", 2);
    assert_eq!(searches(&[&night]).await, wanted);
    // Filter and firewall logged the same run: each has it once, and of the two one layer feeds the figures.
    let run = [typed("2025-09-08T09:00:00Z", "fern kni"), typed("2025-09-08T09:00:03Z", "fern knitting")];
    let wall = run.clone().map(|event| Event { source: "elm-wall", ..event });
    assert_eq!(searches(&[&run, &wall]).await, counted("08", "elm-filter", 1) + &counted("08", "elm-wall", 1));
    let lake = TestLake::new();
    lake.ingest(&run);
    lake.ingest(&wall);
    lake.roll_up("2025-09-12").await;
    let weeks = ask(&lake.engine("2025-09-12"), "SELECT people, person_days, requests FROM theme_weeks").await;
    assert_eq!(weeks, "{\"people\":1,\"person_days\":1,\"requests\":1}\n");
}

#[tokio::test]
async fn limits_are_ten_seconds_and_fifteen_minutes() {
    let run = [
        typed("2025-09-08T09:00:00Z", "fern"),
        typed("2025-09-08T09:00:10Z", "fern kni"),
        typed("2025-09-08T09:00:20.000001Z", "fern knitting"),
        typed("2025-09-08T10:00:00Z", "moss"),
        typed("2025-09-08T10:15:00Z", "moss"),
        typed("2025-09-08T10:30:00.000001Z", "moss"),
    ];
    // fern kni, fern knitting; moss, and moss once more.
    assert_eq!(searches(&[&run]).await, counted("08", "elm-filter", 4));
}

#[tokio::test]
async fn of_one_search_twice_in_a_row_the_refusal_is_kept() {
    let allowed = typed("2025-09-08T09:00:00Z", "fern");
    let refused = Event { action: Some("blocked"), ..allowed.clone() };
    let tried_again = Event { at: "2025-09-08T09:00:03Z", ..allowed.clone() };
    for files in [[&allowed, &refused], [&refused, &allowed], [&refused, &tried_again]] {
        let lake = TestLake::new();
        files.into_iter().for_each(|event| lake.ingest(std::slice::from_ref(event)));
        lake.roll_up("2025-09-12").await;
        let found = ask(&lake.engine("2025-09-12"), "SELECT searches, blocked FROM pupil_days").await;
        assert_eq!(found, "{\"searches\":1,\"blocked\":1}\n");
    }
}
