//! Each story planted in the demo's estate is found by the saved question that should find it, with the figure of the truth.
//!
//! Called on the estate of the demo's own test: making one takes half a minute.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use weir_tests::{Ran, weir_bin};

fn ask(estate: &Path, id: &str, school: &str, parameters: &[(&str, &str)]) -> Vec<Value> {
    let mut command = Command::new(weir_bin());
    command.arg("--config").arg(estate.join("weir.toml")).args(["query", "run", id, "--school", school, "--output", "ndjson"]);
    command.args(["--reason", "end-to-end test"]);
    for (name, value) in parameters {
        command.args(["--param", &format!("{name}={value}")]);
    }
    let ran: Ran = command.output().unwrap().into();
    assert_eq!(ran.status, 0, "{id} of {school}: {}", ran.stderr);
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The one row whose column holds a text.
fn row<'a>(rows: &'a [Value], column: &str, text: &str) -> &'a Value {
    let found: Vec<&Value> = rows.iter().filter(|row| row[column].as_str().is_some_and(|value| value.contains(text))).collect();
    assert_eq!(found.len(), 1, "one row with {column} {text:?} in {rows:?}");
    found[0]
}

/// Asks about every planted finding, and about the rates of the year.
pub(crate) fn check(estate: &Path, truth: &Value) {
    let findings = truth["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 7);
    for finding in findings {
        let text = |name: &str| finding[name].as_str().unwrap();
        let expected = |name: &str| finding["expected"][name].as_i64().unwrap();
        let (school, from, to) = (text("school_id"), text("from"), text("to"));
        let between = [("from", from), ("to", to)];
        let whole = |row: &Value, name: &str| row[name].as_i64().unwrap_or_else(|| panic!("{name} of {row}"));
        match text("kind") {
            "silent_feed" => {
                let rows = ask(estate, "silent_days", school, &between);
                let silent = rows.iter().filter(|row| row["source"] == finding["source_id"]).count();
                assert_eq!(silent as i64, expected("silent_school_days"));
            }
            "search_cluster" => {
                let rows = ask(estate, "who_searched_for", school, &[("words", "self harm"), between[0], between[1]]);
                let searches: i64 = rows.iter().map(|row| whole(row, "times")).sum();
                let mut pupils: Vec<&str> = rows.iter().filter_map(|row| row["pupil"].as_str()).collect();
                pupils.sort_unstable();
                pupils.dedup();
                // Others may have searched for it in that week too; the planted ones are all there.
                assert!(pupils.len() as i64 >= expected("people"), "{pupils:?}");
                assert!(searches >= expected("searches"), "{searches} searches");
            }
            "circumvention_rise" => {
                let rows = ask(estate, "ways_round_the_filter", school, &between);
                let stopped: i64 = rows.iter().map(|row| whole(row, "stopped")).sum();
                assert!(stopped >= expected("blocked_requests"), "{stopped} stopped");
            }
            "filter_failure" => {
                let rows = ask(estate, "let_through", school, &between);
                let site = row(&rows, "site", "spinharbour");
                assert_eq!(whole(site, "let_through"), expected("allowed_requests"));
                assert_eq!(whole(site, "pupils"), expected("people"));
            }
            "unapproved_change" => {
                let rows = ask(estate, "filter_changes", school, &between);
                assert_eq!(rows.len() as i64, expected("admin_events"), "{rows:?}");
                row(&rows, "what", "policy changed");
            }
            "over_blocking" => {
                let rows = ask(estate, "lesson_sites_stopped", school, &between);
                assert_eq!(whole(row(&rows, "site", "cellsandgenes"), "stopped"), expected("biology_requests_blocked"));
                assert_eq!(whole(row(&rows, "site", "growing-up-guide"), "stopped"), expected("sex_education_requests_blocked"));
            }
            "ai_first_seen" => {
                let rows = ask(estate, "new_ai_tools", school, &between);
                let tool = row(&rows, "tool", "perplexity");
                assert_eq!(tool["first_day"].as_str(), Some(from));
                assert_eq!(whole(tool, "let_through_staff"), expected("allowed_requests_staff"));
                assert_eq!(whole(tool, "stopped_pupils"), expected("blocked_requests_pupils"));
            }
            other => panic!("no question is asked about {other}"),
        }
    }

    // The year, theme by theme and half-term by half-term, is what was planted.
    for (school, theme, title) in
        [("ysgol-cwm-derw", "circumvention", "Ways round the filter"), ("harbour-secondary", "self_harm", "Self-harm")]
    {
        let rows = ask(estate, "annual-trends", school, &[("year", "2026-27")]);
        let of_school = truth["schools"].as_array().unwrap().iter().find(|one| one["school_id"] == school).unwrap();
        let planted = of_school["themes"].as_array().unwrap().iter().filter(|one| one["theme"] == theme);
        let this_year: Vec<_> = planted.filter(|one| one["half_term"].as_str().unwrap().starts_with("2026-27")).collect();
        assert!(!this_year.is_empty());
        for one in this_year {
            let label = one["half_term"].as_str().unwrap().trim_start_matches("2026-27 ");
            let told = rows.iter().find(|row| row["theme"] == title && row["half_term"] == label).unwrap();
            assert_eq!(told["pupil_weeks"], one["pupil_weeks"], "{school}, {theme}, {label}");
        }
        let half_term = [("half_term", "2026-27 Autumn 1")];
        let weeks = if theme == "circumvention" { ask(estate, "ways_round_by_week", school, &half_term) } else { Vec::new() };
        let counted: i64 = weeks.iter().filter_map(|row| row["pupils"].as_i64()).sum();
        if let Some(planted) = of_school["themes"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| theme == "circumvention" && one["theme"] == theme && one["half_term"] == "2026-27 Autumn 1")
        {
            assert_eq!(Some(counted), planted["pupil_weeks"].as_i64());
        }
    }

    // A page of the year has its chart in it, and nothing that runs or is fetched.
    let page = estate.join("year.html");
    let ran: Ran = Command::new(weir_bin())
        .arg("--config")
        .arg(estate.join("weir.toml"))
        .args(["query", "run", "annual-trends", "--school", "harbour-secondary", "--html"])
        .arg(&page)
        .output()
        .unwrap()
        .into();
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<svg") && page.contains("Self-harm") && !page.contains("<script") && !page.contains("href"));
}

/// A school's own question is offered beside the shipped ones; a bad one is named with file, line and reason and spoils nothing.
#[test]
fn a_school_adds_its_own() {
    let home = weir_tests::Home::new();
    let folder = home.estate().join("queries");
    std::fs::create_dir(&folder).unwrap();
    let own = "-- id: ours\n-- title: How many schools?\n-- explanation: A count.\n-- limits: Nothing else.\n-- audience: dsl\n-- chart: none\n-- version: 1\n\
               SELECT count(*) AS n, '=1+1' AS formula FROM schools s WHERE s.school_id = $school\n";
    std::fs::write(folder.join("ours.sql"), own).unwrap();
    std::fs::write(folder.join("theirs.sql"), own.replace("ours", "theirs").replace("schools s", "pupils_by_name s")).unwrap();
    let list = home.weir_ok(["query", "list", "--output", "ndjson"], 1);
    let ids: Vec<String> =
        list.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned()).collect();
    assert!(ids.len() > 30 && ids.contains(&"ours".into()) && !ids.contains(&"theirs".into()), "{ids:?}");
    assert!(list.stderr.contains("theirs.sql line 8: ") && list.stderr.contains("pupils_by_name"), "{}", list.stderr);
    assert_eq!(home.weir_ok(["query", "run", "ours", "--output", "csv"], 0).stdout, "n,formula\r\n1,'=1+1\r\n");
    let told = home.weir_ok(["query", "run", "ours", "--chart"], 0).stdout;
    for words in ["How many schools?", "What it means: A count.", "What it can't tell: Nothing else."] {
        assert!(told.contains(words), "{told}");
    }
    // A value with a slip in it is refused before anything is read, and a question that shows what was typed needs a reason.
    let slip = home.weir_ok(["query", "run", "themes_this_week", "--param", "week=5/11/2026"], 2);
    assert!(slip.stderr.contains("found \"5/11/2026\"; use this week"), "{}", slip.stderr);
    let bare = home.weir_ok(["query", "run", "searches_about"], 2);
    assert!(bare.stderr.contains("--reason"), "{}", bare.stderr);
    // A file that is there is never written over.
    let taken = home.path().join("taken.csv");
    std::fs::write(&taken, "mine").unwrap();
    let out = [
        "query".as_ref(),
        "run".as_ref(),
        "ours".as_ref(),
        "--output".as_ref(),
        "csv".as_ref(),
        "--out".as_ref(),
        taken.as_os_str(),
    ];
    assert!(home.weir_ok(out, 2).stderr.contains("never written over"));
    assert_eq!(std::fs::read_to_string(&taken).unwrap(), "mine");
}

#[test]
fn the_prompt_takes_statements_over_lines() {
    use std::io::Write;
    let home = weir_tests::Home::new();
    let mut child = home
        .command()
        .args(["sql", "--output", "ndjson"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"SELECT 1\n  AS n;\n\\d clock\nSELECT ';' AS a; SELECT 2 AS n").unwrap();
    let ran: Ran = child.wait_with_output().unwrap().into();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!((lines[0], lines[2], lines[3]), ("{\"n\":1}", "{\"a\":\";\"}", "{\"n\":2}"), "{}", ran.stdout);
    assert!(lines[1].contains("\"column\":\"today\""), "{}", lines[1]);
}
