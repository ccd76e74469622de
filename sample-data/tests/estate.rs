//! What a whole estate promises: the same bytes for a seed, and a truth that an independent reading of the files agrees with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::{Date, date};
use weir_sample_data::{EstateOptions, SourceTruth, Truth, write_estate};

fn options(from: Date, to: Date) -> EstateOptions {
    EstateOptions { seed: 7, from, to, scale: 0.4, plants: true }
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn estate(options: &EstateOptions) -> (tempfile::TempDir, Truth) {
    let folder = tempfile::tempdir().unwrap();
    let truth = write_estate(folder.path(), options, &|_| {}).unwrap();
    (folder, truth)
}

fn autumn() -> (tempfile::TempDir, Truth) {
    estate(&options(date(2026, 9, 28), date(2026, 11, 20)))
}

/// Lines of one source over all its files.
fn lines(folder: &Path, source: &SourceTruth) -> Vec<String> {
    let text: String = source.files.iter().map(|file| fs::read_to_string(folder.join(&file.path)).unwrap()).collect();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    let fortnight = options(date(2026, 10, 5), date(2026, 10, 16));
    let (first, _) = estate(&fortnight);
    let (second, _) = estate(&fortnight);
    let (first, second) = (files(first.path()), files(second.path()));
    assert!(first.len() > 20);
    assert_eq!(first, second);
    let (other, _) = estate(&EstateOptions { seed: 8, ..fortnight });
    assert_ne!(first.get(Path::new("inbox/oakfield-filter/oakfield-filter-2026-10.log")).unwrap().len(), 0);
    let other = files(other.path());
    assert!(first.iter().filter(|(path, _)| path.starts_with("inbox")).all(|(path, bytes)| other.get(path) != Some(bytes)));
}

#[test]
fn a_shorter_range_holds_the_same_lines_for_its_days() {
    let (long, truth) = estate(&options(date(2026, 10, 5), date(2026, 10, 16)));
    let (short, _) = estate(&options(date(2026, 10, 7), date(2026, 10, 7)));
    for source in &truth.sources {
        let whole: BTreeSet<String> = lines(long.path(), source).into_iter().collect();
        let name = source.files[0].path.clone();
        let part = fs::read_to_string(short.path().join(name)).unwrap();
        let missing = part.lines().filter(|line| !line.starts_with("#Date") && !whole.contains(*line)).count();
        assert_eq!(missing, 0, "{}", source.source_id);
    }
}

/// Counts lines as their vendor's documents name them, by other means than the generator's.
fn recount(format: &str, lines: &[String]) -> (u64, u64, u64, u64, BTreeMap<&'static str, u64>) {
    let (mut events, mut admin, mut ignored, mut damaged) = (0, 0, 0, 0);
    let mut actions: BTreeMap<&'static str, u64> = BTreeMap::new();
    for line in lines {
        let has = |text: &str| line.contains(text);
        let mut event = |action: &'static str| {
            events += 1;
            *actions.entry(action).or_default() += 1;
        };
        match format {
            "squid" | "squid-combined" => {
                if has("TCP_DENIED/407") || has("\" 407 ") || has("error:transaction-end") {
                    ignored += 1;
                } else {
                    event(if has("TCP_DENIED") { "blocked" } else { "allowed" });
                }
            }
            "e2guardian-1" | "e2guardian-5" => {
                let status_407 = has("\t407\t") || has(" 407 - ");
                if has("*NETERROR*") || (has("*TRUSTED* -") && status_407) {
                    ignored += 1;
                } else {
                    event(if has("*DENIED*") {
                        "blocked"
                    } else if has("*TRUSTED* -") {
                        "overridden"
                    } else {
                        "allowed"
                    });
                }
            }
            "fortigate" | "fortigate-cef" => {
                if has("subtype=\"webfilter\"") || has("cat=utm:webfilter") {
                    if has("mislaid") {
                        damaged += 1;
                    } else if has("with warnings enabled") {
                        event("warned");
                    } else {
                        event(if has("action=\"blocked\"") || has(" act=blocked ") { "blocked" } else { "allowed" });
                    }
                } else if has("logged in successfully") || has("webfilter.profile") {
                    admin += 1;
                } else {
                    ignored += 1;
                }
            }
            "sophos-xg" => {
                if has("log_type=\"Event\"") {
                    admin += 1;
                } else if has("\"Mislaid\"") {
                    damaged += 1;
                } else if has("log_id=050901616006") {
                    event("overridden");
                } else {
                    event(if has("\"Denied\"") {
                        "blocked"
                    } else if has("\"Warned\"") {
                        "warned"
                    } else {
                        "allowed"
                    });
                }
            }
            "paloalto" => {
                let action = line.split(",tcp,").nth(1).unwrap().split(',').next().unwrap();
                event(match action {
                    "block-url" => "blocked",
                    "block-continue" => "warned",
                    "continue" => "overridden",
                    "alert" => "allowed",
                    other => panic!("{other}"),
                });
            }
            "umbrella-dns" => event(if has("\"Blocked\"") { "blocked" } else { "allowed" }),
            "umbrella-proxy" => {
                if has("\"MISLAID\"") {
                    damaged += 1;
                } else {
                    event(if has("\"BLOCKED\"") { "blocked" } else { "allowed" });
                }
            }
            "untangle" => {
                if has("WebFilterEvent") {
                    event(if has("\"blocked\":true") { "blocked" } else { "allowed" });
                } else if has("AdminLoginEvent") {
                    admin += 1;
                } else {
                    ignored += 1;
                }
            }
            "watchguard-leef" => {
                if has("\tdstname=") {
                    event(if has("disp=Deny") { "blocked" } else { "allowed" });
                } else {
                    ignored += 1;
                }
            }
            "bluecoat" => {
                if line.starts_with('#') || has(" 407 TCP_DENIED ") {
                    ignored += 1;
                } else {
                    event(if has(" DENIED ") { "blocked" } else { "allowed" });
                }
            }
            other => panic!("{other}"),
        }
    }
    (events, admin, ignored, damaged, actions)
}

#[test]
fn every_count_of_the_truth_is_in_the_files() {
    let (folder, truth) = autumn();
    assert_eq!(truth.sources.len(), 15);
    let mut formats = BTreeSet::new();
    for source in &truth.sources {
        formats.insert(source.format.clone());
        let lines = lines(folder.path(), source);
        assert_eq!(lines.len() as u64, source.lines, "{}", source.source_id);
        assert_eq!(source.files.iter().map(|file| file.lines).sum::<u64>(), source.lines);
        for file in &source.files {
            assert_eq!(fs::metadata(folder.path().join(&file.path)).unwrap().len(), file.bytes, "{}", file.path);
        }
        let (events, admin, ignored, damaged, actions) = recount(&source.format, &lines);
        assert_eq!(events, source.events, "{}", source.source_id);
        assert_eq!(admin, source.admin_events, "{}", source.source_id);
        assert_eq!(ignored, source.ignored.values().sum::<u64>(), "{}", source.source_id);
        assert_eq!(damaged, source.quarantined, "{}", source.source_id);
        let counted: BTreeMap<String, u64> = actions.into_iter().map(|(action, count)| (action.to_owned(), count)).collect();
        assert_eq!(counted, source.actions, "{}", source.source_id);
        assert_eq!(events + admin + ignored + damaged, source.lines);
    }
    assert_eq!(formats.len(), 13);
    assert_eq!(truth.lines, truth.sources.iter().map(|source| source.lines).sum::<u64>());
}

#[test]
fn the_silent_feed_is_silent_on_its_two_days_only() {
    let (folder, truth) = autumn();
    let source = truth.sources.iter().find(|source| source.source_id == "oakfield-filter").unwrap();
    assert_eq!(source.silent_school_days, ["2026-10-13", "2026-10-14"]);
    let days: BTreeSet<i64> = lines(folder.path(), source)
        .iter()
        .filter(|line| !line.contains("error:"))
        .map(|line| line.split('.').next().unwrap().parse::<i64>().unwrap() / 86_400)
        .collect();
    let epoch = date(1970, 1, 1);
    let day = |wanted: Date| i64::from((wanted - epoch).get_days());
    assert!(!days.contains(&day(date(2026, 10, 13))) && !days.contains(&day(date(2026, 10, 14))));
    assert!(days.contains(&day(date(2026, 10, 12))) && days.contains(&day(date(2026, 10, 15))));
}

#[test]
fn nearly_all_traffic_falls_on_school_days() {
    let (folder, truth) = autumn();
    let source = truth.sources.iter().find(|source| source.source_id == "kestrel-fortigate").unwrap();
    let lines = lines(folder.path(), source);
    let on_weekends_or_holidays = lines
        .iter()
        .filter(|line| {
            let day: Date = line.get(5..15).unwrap().parse().unwrap();
            let half_term = (date(2026, 10, 24)..date(2026, 11, 2)).contains(&day);
            day.weekday().to_monday_zero_offset() > 4 || half_term
        })
        .count();
    assert!(on_weekends_or_holidays > 0);
    assert!(on_weekends_or_holidays * 20 < lines.len(), "{on_weekends_or_holidays} of {}", lines.len());
}

/// Plain log-in to the one it counts as, from roster.csv.
fn roster(folder: &Path, school: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder.join("roster.csv")).unwrap();
    let mut same = BTreeMap::new();
    for row in text.lines().skip(1).filter(|row| row.starts_with(&format!("{school},"))) {
        let logins: Vec<&str> = row.split(',').nth(2).unwrap().split(';').collect();
        for login in &logins {
            same.insert((*login).to_owned(), logins[0].to_owned());
        }
    }
    same
}

#[test]
fn planted_pupil_weeks_can_be_counted_in_the_log() {
    let (folder, truth) = autumn();
    let source = truth.sources.iter().find(|source| source.source_id == "harbour-secondary-filter").unwrap();
    let school = truth.schools.iter().find(|school| school.school_id == "harbour-secondary").unwrap();
    let same = roster(folder.path(), "harbour-secondary");
    let mut weeks: BTreeSet<(i64, String)> = BTreeSet::new();
    let (mut searches, mut others) = (0, 0);
    // 2 November 2026, a Monday.
    let block = 20_759_i64;
    for line in lines(folder.path(), source) {
        let fields: Vec<&str> = line.split('\t').collect();
        let day = fields[0].split('.').next().unwrap().parse::<i64>().unwrap() / 86_400;
        let url = fields[5];
        let is_search = url.contains("/search?q=") || url.contains("/results?search_query=");
        // A planted challenge for a sign-in is no search; searches are never challenged here.
        let hurt = url.contains("self+harm") || url.contains("hurt+myself");
        // Pupils' log-ins begin with the year they came; staff and shared ones do not.
        let pupil = fields[2].starts_with(|letter: char| letter.is_ascii_digit());
        if !pupil && is_search && hurt {
            others += 1;
        }
        if pupil && day >= block && is_search && hurt {
            searches += 1;
            let login = same.get(fields[2]).cloned().unwrap_or_else(|| fields[2].to_owned());
            weeks.insert(((day - block) / 7, login));
        }
    }
    let planted = school.themes.iter().find(|row| row.theme == "self_harm" && row.half_term == "2026-27 Autumn 2").unwrap();
    assert_eq!(planted.searches, searches);
    assert_eq!(planted.pupil_weeks, weeks.len() as u64);
    assert_eq!(school.staff_theme_searches + school.shared_theme_searches, others);
    assert!(others > 0);
    let cluster = truth.findings.iter().find(|finding| finding.kind == "search_cluster").unwrap();
    assert_eq!(cluster.expected["people"], 9);
    assert!(planted.pupil_weeks >= 9);
}

#[test]
fn every_story_is_told_and_its_figures_are_in_the_log() {
    let (folder, truth) = autumn();
    let kinds: BTreeSet<&str> = truth.findings.iter().map(|finding| finding.kind.as_str()).collect();
    let wanted = [
        "ai_first_seen",
        "circumvention_rise",
        "filter_failure",
        "over_blocking",
        "search_cluster",
        "silent_feed",
        "unapproved_change",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), wanted);
    let finding = |kind: &str| truth.findings.iter().find(|finding| finding.kind == kind).unwrap();
    let count = |kind: &str, needles: &[&str]| {
        let source = truth.sources.iter().find(|source| source.source_id == finding(kind).source_id).unwrap();
        lines(folder.path(), source).iter().filter(|line| needles.iter().all(|needle| line.contains(needle))).count() as u64
    };
    assert_eq!(
        count("filter_failure", &["hostname=\"www.spinharbour.example\"", "action=\"passthrough\"", "cat=11 "]),
        finding("filter_failure").expected["allowed_requests"]
    );
    assert_eq!(
        count("over_blocking", &["block-url,\"www.cellsandgenes.example/", ",adult,"]),
        finding("over_blocking").expected["biology_requests_blocked"]
    );
    assert_eq!(count("unapproved_change", &["user=\"it.contractor\"", "date=2026-10-05", "webfilter.profile"]), 1);
    assert_eq!(
        count("ai_first_seen", &["https://www.perplexity.ai/", "\"BLOCKED\""]),
        finding("ai_first_seen").expected["blocked_requests_pupils"]
    );
    assert!(finding("circumvention_rise").expected["person_weeks"] >= 20);
}

#[test]
fn the_estate_files_fit_together() {
    let (folder, truth) = estate(&options(date(2026, 9, 3), date(2026, 9, 3)));
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let schools: BTreeSet<String> =
        read("schools.csv").lines().skip(1).map(|row| row.split(',').next().unwrap().to_owned()).collect();
    assert_eq!(schools.len(), 14);
    let headers = [
        ("schools.csv", "school_id,name,urn,phase,nation,timezone,governing_body,trust,authority,opens,closes"),
        ("rolls.csv", "school_id,academic_year,year_group,pupils"),
        ("calendar.csv", "school_id,start,end,kind,label"),
        ("groups.csv", "school_id,match,pattern,user_type,year_group,boarder,from,to"),
        ("roster.csv", "school_id,person,logins,user_type,year_group,from,to"),
        ("policy.csv", "school_id,profile_or_user_type,category,expected,reason,from,to"),
    ];
    for (name, header) in headers {
        let text = read(name);
        let mut rows = text.lines();
        assert_eq!(rows.next().unwrap(), header);
        for row in rows {
            let school = row.split(',').next().unwrap();
            assert!(school == "*" || schools.contains(school), "{name}: {row}");
            let commas = row.matches(',').count();
            assert!(commas == header.matches(',').count() || row.contains('"'), "{name}: {row}");
        }
    }
    let toml = read("weir.toml");
    for source in &truth.sources {
        assert!(toml.contains(&format!("id = \"{}\"", source.source_id)));
        assert!(toml.contains(&format!("inbox = \"inbox/{}\"", source.source_id)));
    }
    // The 90-pupil school, and two schools under one governing body.
    assert!(read("rolls.csv").contains("larkrise-infants,2026-27,*,90\n"));
    assert_eq!(read("schools.csv").matches("Oakfield Federation").count(), 2);
    // A September roll-over: one intake, two year groups.
    let groups = read("groups.csv");
    assert!(groups.contains("kestrel-academy,group,Intake 2023,pupil,Year 9,no,2025-09-01,2026-08-31"));
    assert!(groups.contains("kestrel-academy,group,Intake 2023,pupil,Year 10,no,2026-09-01,2027-08-31"));
}

#[test]
fn days_outside_the_calendar_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = write_estate(folder.path(), &options(date(2024, 9, 1), date(2024, 9, 2)), &|_| {}).unwrap_err();
    assert!(error.to_string().contains("use days between 2025-09-01 and 2027-08-31"), "{error}");
}
