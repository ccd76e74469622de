//! Any number of lines of one format, for benchmarks: an ordinary school, or a wide one that no dictionary can hold.

use std::io::Write;
use std::path::Path;

use crate::Error;
use crate::category::Category;
use crate::days::{day_of, utc_offset};
use crate::line::{Action, Line, What};
use crate::rng::Rng;
use crate::vendor::{Format, Writer};

/// How the lines are spread.
#[derive(Debug, Clone, PartialEq)]
pub struct LineOptions {
    /// Distinct hosts.
    pub hosts: usize,
    /// Distinct log-ins.
    pub users: usize,
    /// Make nearly every path different.
    pub unique_paths: bool,
    /// FortiGate only: write lines in three orders of fields, as a mixed estate does.
    pub layouts: bool,
    /// First day.
    pub first_day: jiff::civil::Date,
    /// Days to spread the lines over.
    pub days: u32,
    /// Leave the order of time.
    pub shuffle: bool,
}

impl Default for LineOptions {
    fn default() -> Self {
        Self {
            hosts: 2_000,
            users: 900,
            unique_paths: false,
            layouts: false,
            first_day: jiff::civil::date(2026, 11, 18),
            days: 1,
            shuffle: false,
        }
    }
}

impl LineOptions {
    /// The wide case: 50,000 hosts, 20,000 users, mostly unique paths, three key layouts.
    pub fn wide() -> Self {
        Self { hosts: 50_000, users: 20_000, unique_paths: true, layouts: true, ..Self::default() }
    }
}

const CATEGORIES: [Category; 10] = [
    Category::Education,
    Category::Search,
    Category::Infrastructure,
    Category::Delivery,
    Category::Adverts,
    Category::General,
    Category::Streaming,
    Category::Games,
    Category::SocialMedia,
    Category::Gambling,
];

const WORDS: [&str; 16] = [
    "maple", "harbour", "lesson", "gallery", "archive", "castle", "planet", "orchard", "bridge", "meadow", "lantern", "river",
    "saddle", "copper", "window", "thistle",
];

const TERMS: [&str; 8] = [
    "quadratic+formula",
    "roman+shields",
    "volcano+facts+for+kids",
    "bus+times",
    "macbeth+ambition+quotes",
    "self+harm+help",
    "unblocked+proxy",
    "river+severn+map",
];

/// Short agents, so that lines have the length that public samples of the formats have on average.
const AGENTS: [&str; 3] = ["Mozilla/5.0 Chrome/141.0.0.0", "Mozilla/5.0 Edg/141.0.0.0", "Mozilla/5.0 Safari/604.1"];

const CONTENT_TYPES: [&str; 5] = ["text/html", "image/jpeg", "application/javascript", "text/css", "application/json"];

/// Share of a day's lines by the end of each hour from 07:00 to 18:00.
const BY_HOUR: [f64; 12] = [0.0, 0.03, 0.12, 0.26, 0.38, 0.52, 0.60, 0.72, 0.86, 0.94, 0.98, 1.0];

/// Milliseconds after midnight for a share of the day's lines.
fn time_of_day(share: f64) -> i64 {
    let hour = (1..BY_HOUR.len()).find(|&hour| share < BY_HOUR[hour]).unwrap_or(BY_HOUR.len() - 1);
    let within = (share - BY_HOUR[hour - 1]) / (BY_HOUR[hour] - BY_HOUR[hour - 1]);
    ((7 + hour as i64 - 1) * 3_600_000) + (within * 3_600_000.0) as i64
}

/// Lines of each small export that lies beside this crate's source.
const EXPORT_ROWS: u64 = 24;

/// Writes the small export of a format, as kept in `sample-data/exports`: something to try a reader on.
pub fn write_export(format: Format, out: &mut dyn Write) -> Result<u64, Error> {
    write_lines(format, EXPORT_ROWS, 1, out, LineOptions { hosts: 40, users: 12, ..LineOptions::default() })
}

/// Writes `rows` lines of a format, after the format's own head if it has one. Returns the bytes written.
pub fn write_lines(format: Format, rows: u64, seed: u64, out: &mut dyn Write, options: LineOptions) -> Result<u64, Error> {
    let mut rng = Rng::named(seed, format.id());
    let hosts = hosts(options.hosts.max(1));
    let users: Vec<String> =
        (0..options.users.max(1)).map(|n| format!("{}{}{n}", 19 + n % 8, WORDS[n * 7 % WORDS.len()])).collect();
    let devices: Vec<String> = (0..options.users.clamp(1, 4_000)).map(|n| format!("SMP-LT-{n:04}")).collect();
    let groups: Vec<String> = (0..8).map(|n| format!("Intake {}", 2019 + n)).collect();
    let mut writer = Writer::new(format, "sample-box-1");
    let first = day_of(options.first_day);
    let days = i64::from(options.days.max(1));
    let mut buffer = Vec::with_capacity(1 << 20);
    let mut path = Vec::with_capacity(160);
    let mut query = Vec::with_capacity(80);
    let mut written = 0;
    writer.file_head(&mut buffer, i64::from(first) * 86_400_000);
    for row in 0..rows {
        let share = if options.shuffle { rng.unit() } else { (row as f64 + 0.5) / rows as f64 };
        let day_share = share * days as f64;
        let day = first + (day_share as i64).min(days - 1) as i32;
        let offset = utc_offset(day);
        let time_ms = i64::from(day) * 86_400_000 + time_of_day(day_share.fract()) - i64::from(offset) * 1_000;
        // Few hosts and few people make most of the traffic.
        let host = skewed(&mut rng, hosts.len());
        let user = skewed(&mut rng, users.len());
        let category = if host == 0 { Category::Search } else { CATEGORIES[host % CATEGORIES.len()] };
        fill_path(&mut rng, host, row, options.unique_paths, &mut path, &mut query);
        let draw = rng.below(1_000);
        let what = match draw {
            0..30 if format.can_log(What::Challenge) => What::Challenge,
            0..20 if format.can_log(What::Flow) => What::Flow,
            30..85 => What::Decision(Action::Blocked),
            85..90 if format.can_log(What::Decision(Action::Warned)) => What::Decision(Action::Warned),
            _ => What::Decision(Action::Allowed),
        };
        let session = row * 3 + 10_000;
        let bytes_in = rng.long_tail(14_000);
        let agent = AGENTS[user % 3];
        if options.layouts {
            writer.layout = (user % 3) as u8;
        }
        writer.line(
            &mut buffer,
            &Line {
                time_ms,
                offset,
                what,
                login: if draw >= 950 { "" } else { &users[user] },
                group: &groups[user % groups.len()],
                profile: "Pupils",
                device: &devices[user % devices.len()],
                client: [10, 30, (user / 240 % 240) as u8, 10 + (user % 240) as u8],
                server: [198, 51, 100, (host % 250) as u8],
                session,
                method: if draw.is_multiple_of(23) { "POST" } else { "GET" },
                https: !draw.is_multiple_of(12),
                inspected: draw % 10 < 8,
                host: &hosts[host],
                path: &path,
                query: &query,
                status: if draw.is_multiple_of(29) { 304 } else { 200 },
                bytes_in,
                bytes_out: 400 + bytes_in % 900,
                elapsed: 12 + bytes_in % 800,
                content_type: CONTENT_TYPES[host % CONTENT_TYPES.len()],
                agent,
                referrer: if draw.is_multiple_of(7) { &hosts[host / 2] } else { "" },
                category,
            },
        );
        if buffer.len() > (1 << 20) - 4_096 {
            out.write_all(&buffer).map_err(|error| Error::io(Path::new("output"), error))?;
            written += buffer.len() as u64;
            buffer.clear();
        }
    }
    out.write_all(&buffer).map_err(|error| Error::io(Path::new("output"), error))?;
    out.flush().map_err(|error| Error::io(Path::new("output"), error))?;
    Ok(written + buffer.len() as u64)
}

fn hosts(count: usize) -> Vec<String> {
    let mut hosts = Vec::with_capacity(count);
    hosts.push("www.google.com".to_owned());
    for n in 1..count {
        let (first, second) = (WORDS[n % WORDS.len()], WORDS[n / WORDS.len() % WORDS.len()]);
        let front = ["www", "cdn", "static", "api"][n % 4];
        hosts.push(format!("{front}.{first}-{second}{}.example", n / 256));
    }
    hosts
}

/// A place below `count`, small ones far more often.
fn skewed(rng: &mut Rng, count: usize) -> usize {
    let unit = rng.unit();
    ((unit * unit * unit) * count as f64) as usize
}

fn fill_path(rng: &mut Rng, host: usize, row: u64, unique: bool, path: &mut Vec<u8>, query: &mut Vec<u8>) {
    path.clear();
    query.clear();
    if host == 0 {
        path.extend_from_slice(b"/search");
        query.extend_from_slice(b"q=");
        query.extend_from_slice(TERMS[rng.below(TERMS.len())].as_bytes());
        return;
    }
    for _ in 0..2 {
        path.push(b'/');
        path.extend_from_slice(WORDS[rng.below(WORDS.len())].as_bytes());
    }
    path.push(b'/');
    if unique {
        crate::text::number(path, rng.next_u64() >> 24);
        path.push(b'-');
        crate::text::number(path, row);
    } else {
        crate::text::number(path, rng.below(40) as u64);
        path.extend_from_slice(b".html");
    }
}
