//! Requests made to be awkward: every kind of name, address, time and text that a school's log holds, in turn, from a seed.

use crate::days::{day, day_of_ms, utc_offset};
use crate::rng::Rng;

use super::{Case, Login, Shape};

/// One request, before any vendor's words. Absent things are empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// Microseconds since 1970, UTC.
    pub time_us: i64,
    /// Seconds the school's clock is ahead of UTC.
    pub offset: i32,
    /// Log-in as the directory has it, without a domain.
    pub login: &'static str,
    /// How this line writes it.
    pub login_form: Option<Login>,
    pub group: &'static str,
    pub profile: &'static str,
    pub rule: &'static str,
    pub device: &'static str,
    pub client: String,
    pub is_post: bool,
    pub target: Target,
    /// Only the host is seen.
    pub is_tunnel: bool,
    pub status: u16,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub content_type: &'static str,
    pub referrer: &'static str,
    pub app: &'static str,
    /// Places in the shape's list of categories, in order.
    pub categories: Vec<usize>,
    pub serial: u64,
    pub agent: &'static str,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Target {
    pub https: bool,
    pub host: &'static str,
    /// The registrable domain; empty for addresses and single names.
    pub domain: &'static str,
    /// 0 for the scheme's own.
    pub port: u16,
    pub path: &'static str,
    pub query: &'static str,
    /// The search engine whose page it is, and the term as it was typed, in lower case.
    pub search: Option<(&'static str, &'static str)>,
}

const fn page(https: bool, host: &'static str, domain: &'static str, path: &'static str, query: &'static str) -> Target {
    Target { https, host, domain, port: 0, path, query, search: None }
}

const fn search(
    host: &'static str,
    domain: &'static str,
    path: &'static str,
    query: &'static str,
    engine: &'static str,
    term: &'static str,
) -> Target {
    Target { https: true, host, domain, port: 0, path, query, search: Some((engine, term)) }
}

/// A path longer than any buffer of a syslog relay's day, shorter than a datagram.
const LONG: &str = "/archive/reading-room/a-very-long-list-of-castles-in-north-wales/conwy/caernarfon/harlech/beaumaris/criccieth/dolbadarn/dolwyddelan/denbigh/flint/rhuddlan/ewloe/hawarden/chirk/powis/montgomery/aberystwyth/cilgerran/carreg-cennen/kidwelly/laugharne/llansteffan/manorbier/pembroke/carew/haverfordwest/newport/cardigan/conwy/caernarfon/harlech/beaumaris/criccieth/dolbadarn/dolwyddelan/denbigh/flint/rhuddlan/ewloe/hawarden/chirk/powis/montgomery/aberystwyth/cilgerran/carreg-cennen/kidwelly/laugharne/llansteffan/manorbier/pembroke/carew/haverfordwest/newport/cardigan.html";

const TARGETS: [Target; 18] = [
    page(true, "www.maps.example", "maps.example", "/", ""),
    page(false, "dice.example", "dice.example", "/play/roulette.html", "table=3&stake=a=b"),
    page(true, "www.maps.example", "maps.example", "/castles/harlech", "view=plan,section;scale=1:500"),
    search("www.google.com", "google.com", "/search", "q=River+Severn+map&sourceid=chrome", "google", "river severn map"),
    page(true, "cdn.static.games.example", "games.example", "/levels/7", "x=1|2&y='z'"),
    page(false, "intranet", "", "/homework/(draft)/~year9", ""),
    search("www.google.co.uk", "google.co.uk", "/search", "hl=cy&q=t%C5%B7%20haf%20Llan%C3%A2r", "google", "tŷ haf llanâr"),
    page(true, "bucher.example", "bucher.example", "/caf%C3%A9/Abergwaun", "name=%22Caff%C3%A9%22"),
    Target { https: false, host: "192.0.2.77", domain: "", port: 8080, path: "/status", query: "", search: None },
    page(true, "friends.example", "friends.example", "/@fern/photos,5", "next=https://www.maps.example/a?b=1"),
    search("www.bing.com", "bing.com", "/search", "q=quadratic+formula+%2B+proof&form=QBLH", "bing", "quadratic formula + proof"),
    page(false, "www.maps.example", "maps.example", LONG, ""),
    page(true, "www.school-shop.example", "school-shop.example", "/basket", "ref=50%25+off&c=\\a"),
    search("www.youtube.com", "youtube.com", "/results", "search_query=how+to+juggle", "youtube", "how to juggle"),
    page(false, "ysgol.example", "ysgol.example", "/cylchlythyr/Tachwedd%202026.pdf", ""),
    Target { https: true, host: "files.example", domain: "files.example", port: 8443, path: "/x", query: "dl=1", search: None },
    page(true, "xn--bcher-kva.example", "xn--bcher-kva.example", "/b%C3%BCcher", ""),
    page(false, "dice.example", "dice.example", "/", ""),
];

/// Log-ins; the empty one is nobody. `$` ends the account of a computer.
const LOGINS: [&str; 9] =
    ["apatel", "19RokaforJ", "", "o'hara.m", "k_wren", "LAPTOP-07$", "siân.rhys", "fern-ash", "Year7.Guest2"];
const GROUPS: [&str; 9] =
    ["Pupils", "Year 9", "", "Year 9, Set 2", "Staff|Teaching", "Clwb \"Derwen\"", "a=b", "SCH\\Year 11", "Ysgol_Tŷ"];
const PROFILES: [&str; 8] =
    ["pupils", "Junior School", "staff", "Sixth form (16+), relaxed", "KS3|KS4", "\"Exam\" mode", "lunch=on", "Dros 16"];
const RULES: [&str; 8] = ["12", "Block-gambling", "No games, lessons", "Rule \"homework\"", "in|out", "r=1", "Social media", "7"];
const DEVICES: [&str; 5] = ["desk-4", "LAPTOP-07", "", "ict_room-12", "CB-0A1B2C"];
const CLIENTS: [&str; 5] = ["10.20.30.41", "10.20.31.7", "2001:db8:20:30::41", "172.16.9.250", "2001:db8::1:7"];
const STATUSES: [u16; 5] = [200, 304, 200, 404, 301];
const TYPES: [&str; 6] = ["text/html", "application/json", "", "image/png", "video/mp4", "application/pdf"];
const REFERRERS: [&str; 4] = ["", "https://www.maps.example/castles?x=1", "http://lessons.example/", ""];
const APPS: [&str; 4] = ["web-browsing", "ssl", "Google Maps", "youtube-base"];
const AGENTS: [&str; 3] = [
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0",
    "",
];

/// Seconds since 1970 of an instant in UTC.
const fn instant(date: (i32, i32, i32), hour: i64, minute: i64) -> i64 {
    day(date.0, date.1, date.2) as i64 * 86_400 + hour * 3_600 + minute * 60
}

/// Stretches of time, in order: the night clocks go forward, a summer's day past midnight, the night they go back, and ordinary days.
/// Start, and the share of the rows by its end.
const STRETCHES: [(i64, i64, f64); 4] = [
    (instant((2026, 3, 29), 0, 20), 90 * 60, 0.15),
    (instant((2026, 7, 5), 21, 40), 4 * 3_600, 0.35),
    (instant((2026, 10, 25), 0, 10), 120 * 60, 0.6),
    (instant((2026, 11, 5), 8, 0), 9 * 86_400, 1.0),
];

/// Microseconds since 1970 of a share of the rows.
fn time_at(share: f64) -> i64 {
    let mut from = 0.0;
    for (start, seconds, until) in STRETCHES {
        if share < until {
            return start * 1_000_000 + ((share - from) / (until - from) * seconds as f64 * 1e6) as i64;
        }
        from = until;
    }
    STRETCHES.last().map_or(0, |(start, seconds, _)| (start + seconds) * 1_000_000)
}

/// Seconds that British clocks are ahead of UTC at a moment. They change at one o'clock UTC.
pub(crate) fn offset_at(time_us: i64) -> i32 {
    utc_offset(day_of_ms(time_us / 1_000 - 3_600_000))
}

/// Items of a list whose characters a shape can carry.
fn fitting(rng: &mut Rng, items: &[&'static str], rough: &str) -> &'static str {
    let fits = |item: &str| item.chars().all(|c| c.is_alphanumeric() || "-_$.()+".contains(c) || rough.contains(c));
    let fitting: Vec<&'static str> = items.iter().copied().filter(|item| fits(item)).collect();
    fitting.get(rng.below(fitting.len())).copied().unwrap_or_default()
}

impl Request {
    /// The request of a row of so many, with what the shape can carry.
    pub fn new(rng: &mut Rng, row: u64, rows: u64, shape: &Shape) -> Self {
        let (rough, logins, words) = (shape.rough, shape.logins, shape.words.len());
        let time_us = time_at((row as f64 + 0.5) / rows.max(1) as f64);
        let mut target = *rng.pick(&TARGETS);
        while [target.path, target.query].into_iter().any(|text| text.contains(|c| shape.unfit.contains(c))) {
            target = *rng.pick(&TARGETS);
        }
        let mut categories: Vec<usize> = Vec::new();
        if words > 0 && !rng.chance(0.08) {
            categories.push(rng.below(words));
            if !shape.join.is_empty() && rng.chance(0.5) {
                categories.push(rng.below(words));
            }
            categories.sort_unstable();
            categories.dedup();
        }
        Self {
            time_us,
            offset: offset_at(time_us),
            login: fitting(rng, &LOGINS, "'"),
            login_form: logins.get(rng.below(logins.len())).copied(),
            group: fitting(rng, &GROUPS, rough),
            profile: fitting(rng, &PROFILES, rough),
            rule: fitting(rng, &RULES, rough),
            device: *rng.pick(&DEVICES),
            client: (*rng.pick(&CLIENTS)).to_owned(),
            is_post: rng.chance(0.2),
            target,
            is_tunnel: target.https && target.search.is_none() && rng.chance(0.35),
            status: *rng.pick(&STATUSES),
            bytes_in: rng.between(0, 3_000_000) as u64,
            bytes_out: rng.between(150, 9_000) as u64,
            content_type: *rng.pick(&TYPES),
            referrer: *rng.pick(&REFERRERS),
            app: *rng.pick(&APPS),
            categories,
            serial: 100_000 + row,
            agent: *rng.pick(&AGENTS),
        }
    }

    /// The port asked for.
    pub fn port(&self) -> u16 {
        match self.target.port {
            0 if self.target.https => 443,
            0 => 80,
            port => port,
        }
    }

    /// Host, and port where it is not the scheme's own.
    pub fn authority(&self) -> String {
        match self.target.port {
            0 => self.target.host.to_owned(),
            port => format!("{}:{port}", self.target.host),
        }
    }

    /// Path and query.
    pub fn path_query(&self) -> String {
        let Target { path, query, .. } = self.target;
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// The log-in as this line writes it.
    pub fn written_login(&self) -> String {
        let login = self.login;
        match self.login_form {
            _ if login.is_empty() => String::new(),
            Some(Login::Domain) => format!("SCH\\{login}"),
            // A computer's account has no mail address.
            Some(Login::Upn) if !login.ends_with('$') => format!("{login}@sch.example"),
            Some(Login::Ldap) => format!("CN={login},OU=Pupils,DC=sch,DC=example"),
            _ => login.to_owned(),
        }
    }
}

impl Case<'_> {
    /// The name that a log-in stands for: case and domain do not count.
    pub fn person(&self) -> Option<String> {
        let login = self.request.login;
        (!login.is_empty()).then(|| login.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_change_at_one_oclock_utc() {
        for ((year, month, date), hour, minute, ahead) in [
            ((2026, 3, 29), 0, 59, 0),
            ((2026, 3, 29), 1, 0, 3_600),
            ((2026, 10, 25), 0, 59, 3_600),
            ((2026, 10, 25), 1, 0, 0),
            ((2026, 7, 5), 23, 30, 3_600),
            ((2026, 11, 5), 23, 30, 0),
        ] {
            assert_eq!(
                offset_at(instant((year, month, date), hour, minute) * 1_000_000),
                ahead,
                "{year}-{month}-{date} {hour}:{minute}"
            );
        }
    }

    #[test]
    fn times_go_forward_only() {
        assert!((0..999).all(|row| time_at(f64::from(row) / 1e3) < time_at(f64::from(row + 1) / 1e3)));
    }
}
