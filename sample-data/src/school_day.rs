//! One school's requests of one day: lessons at bell times, pages with what they bring along, computers' own traffic.

use crate::calendar;
use crate::category::Category;
use crate::content::{
    AGENTS, AI_TOOLS, BACKGROUND, DISTRACTIONS, LESSON_SITES, LOOKALIKE_TERMS, OLDER_TERMS, OWN_PARTS, PARTS, Part, STAFF_SITES,
    Site, WELSH_TERMS, YOUNG_TERMS,
};
use crate::days::{Day, utc_offset, weekday};
use crate::line::{Action, Admin, Line, What};
use crate::people::{Kind, People};
use crate::policy;
use crate::rng::Rng;
use crate::schools::{School, SignIn};

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

    /// A pupil mostly, staff sometimes, by how the school signs in.
    fn someone(&mut self) -> u32 {
        if self.school.sign_in == SignIn::Nobody {
            return NOBODY;
        }
        let draw = self.rng.unit();
        let people = self.people;
        let pupils = people.pupils_on(self.day);
        if draw < 0.06 {
            NOBODY
        } else if draw < 0.20 || (pupils.is_empty() && draw < 0.35) {
            *self.rng.pick(&people.staff)
        } else if draw < 0.24 || pupils.is_empty() {
            *self.rng.pick(&people.shared)
        } else if draw < 0.245 {
            *self.rng.pick(&people.guests)
        } else {
            *self.rng.pick(pupils)
        }
    }

    fn kind_of(&self, person: u32) -> Kind {
        self.people.all.get(person as usize).map_or(Kind::Shared, |person| person.kind)
    }

    /// One person for some minutes: a few pages, a search or two.
    fn visit_session(&mut self) {
        let person = self.someone();
        let kind = self.kind_of(person);
        let evening = self.school.phase.is_older() && self.school.sign_in == SignIn::Own && self.rng.chance(0.04);
        let mut time_ms = if evening || (kind == Kind::Staff && self.rng.chance(0.15)) {
            let minutes = if evening { self.rng.between(965, 1_290) } else { self.rng.between(450, 510) };
            self.at(minutes)
        } else {
            self.lesson_time()
        };
        let device = self.device_of(person);
        let second_login =
            self.people.all.get(person as usize).is_some_and(|person| person.second.is_some()) && self.rng.chance(0.3);
        for _ in 0..self.rng.between(1, 4) {
            let site = self.choose_site(kind);
            let action = policy::expected(self.school, kind, site.category);
            let visit = Visit { time_ms, person, second_login, device, site, action };
            if site.category == Category::Search {
                let term = self.choose_term();
                self.search(&visit, term);
            } else {
                self.open(&visit);
            }
            time_ms += self.rng.between(8_000, 110_000);
        }
    }

    fn choose_site(&mut self, kind: Kind) -> Site {
        const SEARCH: Site = Site { host: "www.google.com", category: Category::Search, paths: &["/"], inspectable: true };
        let draw = self.rng.unit();
        if kind == Kind::Staff && draw < 0.5 {
            return *self.rng.pick(&STAFF_SITES);
        }
        if draw < 0.30 {
            SEARCH
        } else if draw < 0.36 {
            *self.rng.pick(&DISTRACTIONS)
        } else if draw < 0.385 && (self.school.phase.is_older() || kind == Kind::Staff) {
            *self.rng.pick(&AI_TOOLS)
        } else {
            *self.rng.pick(&LESSON_SITES)
        }
    }

    fn choose_term(&mut self) -> &'static str {
        let draw = self.rng.unit();
        if draw < 0.06 && self.school.phase.is_older() {
            self.lookalikes += 1;
            return LOOKALIKE_TERMS[self.rng.below(LOOKALIKE_TERMS.len())];
        }
        if self.school.nation == "wales" && draw < 0.35 {
            return WELSH_TERMS[self.rng.below(WELSH_TERMS.len())];
        }
        let terms = if self.school.phase.is_older() { &OLDER_TERMS } else { &YOUNG_TERMS };
        terms[self.rng.below(terms.len())]
    }

    /// One page and nothing else.
    pub fn page(&mut self, visit: &Visit) {
        let number = self.rng.between(1, 480);
        let path = visit.site.paths.get(self.rng.below(visit.site.paths.len())).copied().unwrap_or("/");
        let path = if path.len() > 1 { format!("{path}{number}") } else { path.to_owned() };
        self.push_visit(visit, What::Decision(visit.action), &path, "", "text/html", "www.google.com");
    }

    /// Opens a page with what it brings along; a block or a warning ends it.
    pub fn open(&mut self, visit: &Visit) {
        if self.rng.chance(0.03) && visit.person != NOBODY && self.school.format.can_log(What::Challenge) {
            self.push_visit(visit, What::Challenge, "/", "", "text/html", "");
        }
        if self.rng.chance(0.003) && self.school.format.can_log(What::Failure) {
            self.push_visit(visit, What::Failure, "/", "", "", "");
            return;
        }
        let number = self.rng.between(1, 480);
        let path = visit.site.paths.get(self.rng.below(visit.site.paths.len())).copied().unwrap_or("/");
        let path = if path.len() > 1 { format!("{path}{number}") } else { path.to_owned() };
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        self.push_visit(visit, What::Decision(visit.action), path, query, "text/html", "www.google.com");
        if visit.action == Action::Warned {
            if self.rng.chance(0.25) && self.school.format.can_log(What::Decision(Action::Overridden)) {
                let onward = Visit { time_ms: visit.time_ms + self.rng.between(3_000, 15_000), ..*visit };
                self.push_visit(&onward, What::Decision(Action::Overridden), path, query, "text/html", "");
            }
            return;
        }
        if visit.action == Action::Allowed {
            for _ in 0..self.rng.between(0, 3) {
                self.part(visit);
            }
        }
    }

    fn part(&mut self, visit: &Visit) {
        let later = Visit { time_ms: visit.time_ms + self.rng.between(40, 2_500), ..*visit };
        if self.rng.chance(0.45) {
            let (path, content_type) = *self.rng.pick(&OWN_PARTS);
            self.push_visit(&later, What::Decision(Action::Allowed), path, "", content_type, visit.site.host);
        } else {
            let part = *self.rng.pick(&PARTS);
            self.push_part(&later, part, (visit.device % 4) as u8);
        }
    }

    /// A search as the engine's own pages write it, with the suggestions asked for while typing.
    pub fn search(&mut self, visit: &Visit, term: &str) {
        let draw = self.rng.unit();
        let (host, path, name, rest) = if draw < 0.72 {
            ("www.google.com", "/search", "q", if self.school.phase.is_older() { "&sourceid=chrome" } else { "&safe=active" })
        } else if draw < 0.92 || policy::warns_on_streaming(self.school) {
            ("www.bing.com", "/search", "q", "&form=QBLH&adlt=strict")
        } else {
            ("www.youtube.com", "/results", "search_query", "")
        };
        let category = if host == "www.youtube.com" { Category::Streaming } else { Category::Search };
        let site = Site { host, category, paths: &[], inspectable: true };
        let visit = Visit { site, action: Action::Allowed, ..*visit };
        let encoded = term.replace(' ', "+");
        if host == "www.google.com" && self.rng.chance(0.3) {
            let typed = encoded.get(..encoded.len() * 2 / 3).unwrap_or(&encoded);
            let early = Visit { time_ms: visit.time_ms - self.rng.between(900, 2_500), ..visit };
            let query = format!("client=chrome-omni&gs_ri=chrome-ext-ansg&q={typed}");
            self.push_visit(&early, What::Decision(Action::Allowed), "/complete/search", &query, "application/json", "");
        }
        let query = format!("{name}={encoded}{rest}");
        self.push_visit(&visit, What::Decision(Action::Allowed), path, &query, "text/html", "");
        if self.rng.chance(0.4) {
            self.part(&visit);
        }
    }

    fn put(&mut self, text: &str) -> Span {
        let from = self.arena.len() as u32;
        self.arena.extend_from_slice(text.as_bytes());
        Span { from, to: self.arena.len() as u32 }
    }

    fn push_visit(
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

    fn push_part(&mut self, visit: &Visit, part: Part, agent: u8) {
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
