//! What the filters of three invented schools write in a day: the same lines for the same seed.

use std::path::Path;
use std::process::Command;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use weir_tests::dice::Dice;

/// A school with one filter.
#[derive(Debug, PartialEq, Eq)]
pub struct School {
    /// The school and what its source is called.
    pub id: &'static str,
    /// The format of its export.
    pub format: &'static str,
    ending: &'static str,
}

/// Seconds since 1970; local time and packed; local time under a heading.
pub const SCHOOLS: [School; 3] = [
    School { id: "ash", format: "squid", ending: "log" },
    School { id: "birch", format: "e2guardian-4", ending: "log.gz" },
    School { id: "cedar", format: "untangle-csv", ending: "csv" },
];

const HEADING: &str = "time_stamp,hostname,username,host,uri,web_filter_blocked,web_filter_flagged,web_filter_reason,\
     web_filter_category_id,web_filter_rule_id,c_client_addr,s_server_addr,s_server_port";

/// One request.
struct Request {
    at: Timestamp,
    user: String,
    host: &'static str,
    path: String,
    is_blocked: bool,
}

pub fn london() -> TimeZone {
    TimeZone::get("Europe/London").expect("the zone")
}

pub fn is_weekday(date: Date) -> bool {
    !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Minutes after midnight at which something is always asked for: on the night when the clocks go back, the hour that comes twice.
const AT_NIGHT: [i64; 4] = [80, 110, 130, 150];

fn requests(school: &School, date: Date, seed: u64) -> Vec<Request> {
    let midnight = date.to_zoned(london()).expect("a midnight").timestamp();
    let number = SCHOOLS.iter().position(|one| one == school).expect("a school") as u64;
    let day = i64::from(date.day_of_year()) as u64 + 1000 * date.year() as u64;
    let mut dice = Dice::new(seed ^ (day << 8) ^ number);
    let mut seconds: Vec<i64> = AT_NIGHT.iter().map(|minute| minute * 60).collect();
    let by_day = if is_weekday(date) { 24 + dice.below(12) } else { 3 };
    seconds.extend((0..by_day).map(|_| 9 * 3600 + dice.below(6 * 3600) as i64));
    seconds.sort_unstable();
    let request = |second: i64| {
        let user = format!("p{}", dice.below(14));
        let (host, path) = match dice.below(60) {
            0..6 => ("casino-spins.example", String::from("/play")),
            6..10 => ("www.bing.com", format!("/search?q=river+{}", dice.below(9))),
            10 if is_weekday(date) => ("www.bing.com", String::from("/search?q=i+want+to+hurt+myself")),
            _ => (*dice.one(&["maps.example", "www.news.example", "vle.example"]), format!("/p{}", dice.below(500))),
        };
        let at = midnight + SignedDuration::from_secs(second);
        Request { at, user, host, path, is_blocked: host.starts_with("casino") }
    };
    seconds.into_iter().map(request).collect()
}

fn line(school: &School, request: &Request) -> String {
    let Request { at, user, host, path, is_blocked } = request;
    let local = at.to_zoned(london());
    let address = "10.20.30.41";
    match school.format {
        "squid" => {
            let what = if *is_blocked { "TCP_DENIED/403" } else { "TCP_MISS/200" };
            format!(
                "{}.000     61 {address} {what} 8811 GET http://{host}{path} {user} HIER_DIRECT/192.0.2.8 text/html",
                at.as_second()
            )
        }
        "e2guardian-4" => {
            let what = if *is_blocked { format!("*DENIED* Blocked site: {host}") } else { String::from("-") };
            let status = if *is_blocked { 403 } else { 200 };
            format!(
                "{}\t{user}\t{address}\thttp://{host}{path}\t{what}\tGET\t331\t0\t-\t1\t{status}\t-\t{address}\tPupils\t-\t-\t-\t-\t-",
                local.strftime("%Y.%m.%d %H:%M:%S")
            )
        }
        _ => {
            let reason = if *is_blocked { 'D' } else { 'N' };
            format!(
                "{},desk-4,{user},{host},{path},{is_blocked},{is_blocked},{reason},31,,{address},192.0.2.13,80",
                local.strftime("%Y-%m-%d %H:%M:%S")
            )
        }
    }
}

/// The lines of a day, without a heading.
fn lines(school: &School, date: Date, seed: u64) -> Vec<String> {
    requests(school, date, seed).iter().map(|request| line(school, request)).collect()
}

/// How many requests a day holds.
pub fn count(school: &School, date: Date, seed: u64) -> usize {
    requests(school, date, seed).len()
}

/// When a day's requests were made.
pub fn times(school: &School, date: Date, seed: u64) -> Vec<Timestamp> {
    requests(school, date, seed).iter().map(|request| request.at).collect()
}

/// An export's bytes before they are packed.
fn text(school: &School, lines: &[String], heading: &str) -> String {
    let heading = if school.format == "untangle-csv" { format!("{heading}\n") } else { String::new() };
    heading + &lines.iter().map(|line| format!("{line}\n")).collect::<String>()
}

/// A school's export of a day, whole: name and bytes.
pub fn export(school: &School, date: Date, seed: u64) -> (String, Vec<u8>) {
    (name(school, date, ""), packed(school, text(school, &lines(school, date, seed), HEADING).into_bytes()))
}

/// The second half of a day before and all of this one, as a filter with another idea of a day exports it.
pub fn overlapping(school: &School, date: Date, seed: u64) -> (String, Vec<u8>) {
    let before = lines(school, date.yesterday().expect("a day"), seed);
    let mut all = before.get(before.len() / 2..).expect("half a day").to_vec();
    all.extend(lines(school, date, seed));
    (name(school, date, "-again"), packed(school, text(school, &all, HEADING).into_bytes()))
}

/// The export as it is when the copying broke off: a packed file without its end, a plain one in the middle of its last line's time.
pub fn cut(school: &School, date: Date, seed: u64) -> (String, Vec<u8>) {
    let all = lines(school, date, seed);
    let (last, before) = all.split_last().expect("lines");
    if school.ending.ends_with("gz") {
        let (_, mut bytes) = export(school, date, seed);
        bytes.truncate(bytes.len() * 2 / 3);
        return (name(school, date, "-cut"), bytes);
    }
    let bytes = text(school, before, HEADING) + last.get(..6).expect("the beginning of a time");
    (name(school, date, "-cut"), bytes.into_bytes())
}

/// The export after an update of the filter that nobody told anyone of: columns under other names, or another order of fields.
pub fn changed(school: &School, date: Date, seed: u64) -> (String, Vec<u8>) {
    let all = lines(school, date, seed);
    let text = match school.format {
        "untangle-csv" => text(school, &all, &HEADING.replace("time_stamp", "when").replace("web_filter_", "wf_")),
        _ => all.iter().map(|line| line.split_whitespace().rev().collect::<Vec<_>>().join(" | ") + "\n").collect(),
    };
    (name(school, date, "-changed"), packed(school, text.into_bytes()))
}

fn name(school: &School, date: Date, what: &str) -> String {
    format!("{}-{date}{what}.{}", school.id, school.ending)
}

fn packed(school: &School, bytes: Vec<u8>) -> Vec<u8> {
    if !school.ending.ends_with("gz") {
        return bytes;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plain");
    std::fs::write(&path, bytes).expect("a file");
    gzip(&path)
}

/// The file, packed; without a time, so that the same lines give the same bytes.
fn gzip(path: &Path) -> Vec<u8> {
    let ran = Command::new("gzip").args(["-n", "-c"]).arg(path).output().expect("gzip");
    assert!(ran.status.success());
    ran.stdout
}
