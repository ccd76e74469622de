//! Times the normaliser alone, on invented rows that are already decoded: `cargo run --release -p weir-ingest --example normalise_speed`.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use weir_ingest::decoded::{Action, Decoded, Field, Outcome, Time};
use weir_ingest::normalise::{FileContext, NobodyKnown, Normaliser, Reference};
use weir_lake::batch::EventBatch;
use weir_lake::estate::SchoolOf;
use weir_lake::ids::{FileId, FormatId, SchoolId, SourceId, UserKey};
use weir_lake::names::{ClearName, Named, Pseudonyms};

/// Keys for timing only; a real one is an HMAC.
struct Keys;

impl Pseudonyms for Keys {
    fn key(&mut self, _school: &SchoolId, _named: Named, realm: &str, name: &ClearName) -> UserKey {
        let digest: String =
            blake3::hash([realm, name.reveal_in_clear()].concat().as_bytes()).to_hex().chars().take(32).collect();
        UserKey::parse(&format!("k1-{digest}")).unwrap_or_else(|_| unreachable!("32 hex digits"))
    }
}

const ROWS: usize = 1_000_000;
const BATCH: usize = 128 * 1024;
const FIELDS: [Field; 6] = [Field::User, Field::Url, Field::VendorCategory, Field::SrcIp, Field::ContentType, Field::Method];

/// Rows in runs of one person and one site, as pages make them; which run comes next is scattered. One text, as a file is: the
/// fields of a row one after the other, each with its end.
fn lines(hosts: u64, users: u64) -> (String, Vec<[usize; FIELDS.len()]>) {
    let mut text = String::new();
    let mut ends = Vec::with_capacity(ROWS);
    for row in 0..ROWS as u64 {
        let run = (row / 6).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let (host, user) = (run % hosts, (run >> 24) % users);
        let url = match row % 61 {
            0 => format!("https://www.google.com/search?q=topic+{}", run % 5_000),
            _ => format!("https://w{}.site{host}.example/page/{}?v={row}", row % 2, run % 9_000),
        };
        let category = ["Games", "Education", "Web-based Email", "Search Engines and Portals"][(run % 4) as usize];
        let address = format!("10.0.{}.{}", user / 250, user % 250);
        ends.push([format!("OAK\\user{user}"), url, category.to_owned(), address, "text/html".to_owned(), "GET".to_owned()].map(
            |field| {
                text.push_str(&field);
                text.len()
            },
        ));
    }
    (text, ends)
}

/// Seconds of processor time where the system tells them (a busy machine stretches the clock's), otherwise the clock's.
fn seconds(start: Instant) -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ran = text.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok());
    ran.map_or_else(|| start.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

fn main() -> Result<(), Box<dyn Error>> {
    let clock = Instant::now();
    let start = seconds(clock);
    let reference = Reference::embedded()?;
    println!("reference data: {:.2} ms", (seconds(clock) - start) * 1e3);
    for (hosts, users) in [(500, 300), (50_000, 20_000)] {
        let (text, ends) = lines(hosts, users);
        let mut times = Vec::new();
        for _ in 0..5 {
            let mut normaliser = Normaliser::new(Arc::clone(&reference), Box::new(NobodyKnown), Box::new(Keys));
            normaliser.begin_file(Arc::new(FileContext {
                school: SchoolOf::One(SchoolId::parse("oak")?),
                source_id: SourceId::parse("oak-filter")?,
                format_id: FormatId::parse("lark")?,
                file_id: FileId::from_digest([7; 32]),
                zone: String::from("Europe/London"),
                school_zone: String::from("Europe/London"),
                vendor: Some(String::from("fortigate")),
                keep_allowed_queries: false,
                written_at_micros: None,
                now_micros: 1_900_000_000_000_000,
            }))?;
            let mut batch = EventBatch::default();
            let start = seconds(clock);
            let mut from = 0;
            for (row, ends) in ends.iter().enumerate() {
                let mut decoded = Decoded::empty(Outcome::Event);
                decoded.action = Some(if row % 20 == 0 { Action::Blocked } else { Action::Allowed });
                decoded.time = Time::Local(1_794_561_242_000_000 + row as i64 * 20_000);
                decoded.status = Some(200);
                decoded.bytes_in = Some(row as i64);
                for (field, end) in FIELDS.into_iter().zip(ends) {
                    decoded.text[field as usize] = &text.as_bytes()[from..*end];
                    from = *end;
                }
                let when = normaliser.when(&decoded)?;
                normaliser.push(&decoded, when, row as i64, &mut batch);
                if batch.len() == BATCH {
                    batch.clear();
                }
            }
            times.push(seconds(clock) - start);
        }
        times.sort_by(f64::total_cmp);
        println!(
            "{hosts} hosts, {users} users: {:.0} ns a row, best {:.0}",
            times[2] * 1e9 / ROWS as f64,
            times[0] * 1e9 / ROWS as f64
        );
    }
    Ok(())
}
