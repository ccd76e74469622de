//! One school's requests of one day: lessons at bell times, pages with what they bring along, computers' own traffic.

use crate::calendar;
use crate::category::Category;
use crate::content::{AGENTS, BACKGROUND, Part, Site};
use crate::days::{Day, utc_offset, weekday};
use crate::line::{Action, Admin, Line, What};
use crate::people::People;
use crate::rng::Rng;
use crate::schools::School;

/// Nobody signed in.
pub(crate) const NOBODY: u32 = u32::MAX;

/// Lesson starts in minutes of the day, and how busy each lesson is.
const LESSONS: [(i64, usize); 6] = [(525, 4), (590, 5), (665, 6), (725, 5), (810, 5), (870, 4)];

/// A stretch of the day's text.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    from: u32,
    to: u32,
}

/// One request before it is written; text lies in the day's arena.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub time_ms: i64,
    pub what: What,
    pub person: u32,
    pub second_login: bool,
    device: u16,
    method: &'static str,
    https: bool,
    inspected: bool,
    pub host: &'static str,
    path: Span,
    query: Span,
    status: u16,
    bytes_in: u32,
    bytes_out: u32,
    elapsed: u32,
    content_type: &'static str,
    agent: u8,
    referrer: &'static str,
    pub category: Category,
    session: u64,
    /// An administrator's name, for admin lines.
    admin: &'static str,
}

/// A page to open: who, when, where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit {
    pub time_ms: i64,
    pub person: u32,
    pub second_login: bool,
    pub device: u16,
    pub site: Site,
    pub action: Action,
}

/// The requests of one school on one day.
pub(crate) struct SchoolDay<'a> {
    pub school: &'a School,
    pub people: &'a People,
    pub devices: &'a [String],
    pub day: Day,
    pub rng: Rng,
    pub requests: Vec<Request>,
    pub lookalikes: u64,
    arena: Vec<u8>,
    offset: i32,
    session: u64,
    /// Requests from here on belong to the firewall in front, not to the school's filter.
    firewall_from: usize,
}

impl<'a> SchoolDay<'a> {
    /// An empty day; `requests` and `arena` are buffers to use again.
    pub fn new(
        school: &'a School,
        people: &'a People,
        devices: &'a [String],
        seed: u64,
        day: Day,
        buffers: (Vec<Request>, Vec<u8>),
    ) -> Self {
        let rng = Rng::named(seed, &format!("day/{}/{day}", school.id));
        let (mut requests, mut arena) = buffers;
        requests.clear();
        arena.clear();
        let session = (day as u64 % 40_000) * 50_000 + 1_000;
        Self {
            school,
            people,
            devices,
            day,
            rng,
            requests,
            lookalikes: 0,
            arena,
            offset: utc_offset(day),
            session,
            firewall_from: usize::MAX,
        }
    }

    /// Gives the buffers back.
    pub fn into_buffers(self) -> (Vec<Request>, Vec<u8>) {
        (self.requests, self.arena)
    }

    /// A time of the school's clock, in minutes, as an instant with random seconds.
    pub fn at(&mut self, minutes: i64) -> i64 {
        let seconds = i64::from(self.day) * 86_400 + minutes * 60 - i64::from(self.offset);
        seconds * 1_000 + self.rng.between(0, 59_999)
    }

    /// A time in a lesson.
    pub fn lesson_time(&mut self) -> i64 {
        let total: usize = LESSONS.iter().map(|lesson| lesson.1).sum();
        let mut place = self.rng.below(total);
        let mut start = LESSONS[0].0;
        for (lesson, weight) in LESSONS {
            if place < weight {
                start = lesson;
                break;
            }
            place -= weight;
        }
        let minute = start + self.rng.between(2, 42);
        self.at(minute)
    }

    /// The usual device of a person, or any for nobody.
    pub fn device_of(&mut self, person: u32) -> u16 {
        let count = self.devices.len();
        if person == NOBODY || self.rng.chance(0.2) {
            return self.rng.below(count) as u16;
        }
        (person as usize * 7 % count) as u16
    }

    /// Fills a school day with about `lines` lines.
    pub fn fill_school_day(&mut self, lines: usize) {
        // Mondays and Fridays are quieter, and no two days are alike.
        let rhythm = [0.94, 1.06, 1.08, 1.04, 0.88][weekday(self.day) as usize % 5];
        let target = (lines as f64 * rhythm * (0.9 + 0.2 * self.rng.unit())) as usize;
        for _ in 0..target * 14 / 100 {
            let minutes = if self.rng.chance(0.8) { self.rng.between(460, 1_000) } else { self.rng.between(240, 1_380) };
            let time = self.at(minutes);
            self.background(time);
        }
        while self.requests.len() < target {
            self.visit_session();
        }
    }

    /// A weekend, a holiday or a training day: computers, and a few people at home or in the office.
    pub fn fill_quiet_day(&mut self, lines: usize) {
        for _ in 0..self.rng.poisson(lines as f64 * 0.012) {
            let minutes = self.rng.between(300, 1_380);
            let time = self.at(minutes);
            self.background(time);
        }
    }

    /// What a firewall writes besides requests.
    pub fn box_lines(&mut self, school_day: bool) {
        let hours = if school_day { 8..17 } else { 9..10 };
        for hour in hours {
            let time = self.at(hour * 60);
            self.push_plain(time, What::Notice, "");
        }
        let flows = if school_day { self.requests.len() / 30 } else { 2 };
        for _ in 0..flows {
            let minutes = self.rng.between(480, 980);
            let time = self.at(minutes);
            self.push_plain(time, What::Flow, "");
        }
        if school_day && weekday(self.day) == 0 {
            let time = self.at(468);
            self.push_plain(time, What::Admin(Admin::SignIn), "net.manager");
        }
    }

    /// Sessions without a host.
    pub fn firewall_flows(&mut self) {
        for _ in 0..self.requests.len() / 40 {
            let minutes = self.rng.between(480, 980);
            let time = self.at(minutes);
            self.push_plain(time, What::Flow, "");
        }
        if weekday(self.day) == 0 {
            let time = self.at(468);
            self.push_plain(time, What::Admin(Admin::SignIn), "net.manager");
        }
    }

    /// Says from which request on the lines are the firewall's own.
    pub fn mark_from(&mut self, place: usize) {
        self.firewall_from = place;
    }

    /// Whether the request at a place is the firewall's own.
    pub fn is_firewalls_own(&self, place: usize) -> bool {
        place >= self.firewall_from
    }

    /// A line without a page behind it.
    pub fn push_plain(&mut self, time_ms: i64, what: What, admin: &'static str) {
        let device = self.rng.below(self.devices.len()) as u16;
        let bytes_in = self.rng.long_tail(9_000);
        self.session += 3;
        self.requests.push(Request {
            time_ms,
            what,
            person: NOBODY,
            second_login: false,
            device,
            method: "GET",
            https: true,
            inspected: true,
            host: if matches!(what, What::Damaged) { "www.bbc.co.uk" } else { "" },
            path: Span::default(),
            query: Span::default(),
            status: 200,
            bytes_in,
            bytes_out: bytes_in / 9 + 400,
            elapsed: 900,
            content_type: "text/html",
            agent: 0,
            referrer: "",
            category: Category::Education,
            session: self.session,
            admin,
        });
    }

    /// A policy change with what was changed.
    pub fn push_policy_change(&mut self, minutes: i64, admin: &'static str, attribute: &'static str) {
        let time = self.at(minutes);
        self.push_plain(time, What::Admin(Admin::PolicyChange), admin);
        if let Some(request) = self.requests.last_mut() {
            request.host = attribute;
        }
    }

    fn background(&mut self, time_ms: i64) {
        let part = *self.rng.pick(&BACKGROUND);
        let device = self.rng.below(self.devices.len()) as u16;
        // A signed-in computer's own traffic often carries its user.
        let person = if self.rng.chance(0.3) { self.someone() } else { NOBODY };
        let visit = Visit {
            time_ms,
            person,
            second_login: false,
            device,
            site: Site { host: part.0, category: part.3, paths: &[], inspectable: !part.1.starts_with("/update") },
            action: Action::Allowed,
        };
        self.push_part(&visit, part, 4);
    }

    fn put(&mut self, text: &str) -> Span {
        let from = self.arena.len() as u32;
        self.arena.extend_from_slice(text.as_bytes());
        Span { from, to: self.arena.len() as u32 }
    }

    pub(crate) fn push_visit(
        &mut self,
        visit: &Visit,
        what: What,
        path: &str,
        query: &str,
        content_type: &'static str,
        referrer: &'static str,
    ) {
        let (path, query) = (self.put(path), self.put(query));
        let page = content_type == "text/html";
        let bytes_in = self.rng.long_tail(if page { 24_000 } else { 6_000 });
        self.session += 1 + (bytes_in as u64 & 3);
        let status = if bytes_in.is_multiple_of(17) {
            304
        } else if bytes_in.is_multiple_of(41) {
            404
        } else {
            200
        };
        self.requests.push(Request {
            time_ms: visit.time_ms,
            what,
            person: visit.person,
            second_login: visit.second_login,
            device: visit.device,
            method: "GET",
            https: true,
            inspected: self.school.inspects && visit.site.inspectable,
            host: visit.site.host,
            path,
            query,
            status,
            bytes_in,
            bytes_out: 420 + bytes_in % 700,
            elapsed: 18 + bytes_in % 640,
            content_type,
            agent: (visit.device % 4) as u8,
            referrer: if referrer == visit.site.host && page { "" } else { referrer },
            category: visit.site.category,
            session: self.session,
            admin: "",
        });
    }

    pub(crate) fn push_part(&mut self, visit: &Visit, part: Part, agent: u8) {
        let (host, path, content_type, category) = part;
        let referrer = if agent == 4 { "" } else { visit.site.host };
        let site = Site { host, category, ..visit.site };
        self.push_visit(
            &Visit { site, action: Action::Allowed, ..*visit },
            What::Decision(Action::Allowed),
            path,
            "",
            content_type,
            referrer,
        );
        if let Some(request) = self.requests.last_mut() {
            request.agent = agent;
            let windows_update = host.ends_with("windowsupdate.com") || host.starts_with("www.msft") || host.starts_with("ocsp");
            request.https = !windows_update;
            request.method = if path == "/g/collect" || path == "/OneCollector/1.0/" { "POST" } else { "GET" };
        }
    }

    /// Puts the requests in order of time; equal times keep the order they were made in.
    pub fn sort(&mut self) {
        self.requests.sort_by_key(|request| request.time_ms);
    }

    fn text(&self, span: Span) -> &[u8] {
        self.arena.get(span.from as usize..span.to as usize).unwrap_or_default()
    }

    /// The request as a line of this school's filter.
    pub fn line<'b>(&'b self, request: &'b Request) -> Line<'b> {
        let person = self.people.all.get(request.person as usize);
        let login = match person {
            Some(person) => match &person.second {
                Some((_, written)) if request.second_login => written.as_str(),
                _ => person.written.as_str(),
            },
            None => request.admin,
        };
        let [first, second] = self.school.network;
        let device = request.device;
        // Addresses of servers are documentation ranges; one a host.
        let server = request.host.bytes().fold(11_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
        Line {
            time_ms: request.time_ms,
            offset: self.offset,
            what: request.what,
            login,
            group: person.map_or("", |person| person.group.as_str()),
            profile: person.map_or("Pupils", |person| person.profile()),
            device: self.devices.get(device as usize).map_or("", String::as_str),
            client: [first, second, 1 + (device / 200) as u8, 10 + (device % 200) as u8],
            server: if server % 2 == 0 { [198, 51, 100, (server >> 8) as u8] } else { [203, 0, 113, (server >> 8) as u8] },
            session: request.session,
            method: request.method,
            https: request.https,
            inspected: request.inspected,
            host: request.host,
            path: if request.path.to == 0 { b"/" } else { self.text(request.path) },
            query: self.text(request.query),
            status: request.status,
            bytes_in: request.bytes_in,
            bytes_out: request.bytes_out,
            elapsed: request.elapsed,
            content_type: request.content_type,
            agent: AGENTS.get(request.agent as usize).copied().unwrap_or_default(),
            referrer: request.referrer,
            category: request.category,
        }
    }

    /// Whether pupils are in school today.
    pub fn is_school_day(&self) -> bool {
        calendar::is_school_day(self.school.id, self.school.nation, self.day)
    }
}
