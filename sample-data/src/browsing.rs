//! What one person opens and searches for in a few minutes, with what pages bring along and the suggestions asked for while typing.

use crate::category::Category;
use crate::content::{
    AI_TOOLS, DISTRACTIONS, LESSON_SITES, LOOKALIKE_TERMS, OLDER_TERMS, OWN_PARTS, PARTS, STAFF_SITES, Site, WELSH_TERMS,
    YOUNG_TERMS,
};
use crate::line::{Action, What};
use crate::people::Kind;
use crate::policy;
use crate::school_day::{NOBODY, SchoolDay, Visit};
use crate::schools::SignIn;

impl SchoolDay<'_> {
    /// A pupil mostly, staff sometimes, by how the school signs in.
    pub(crate) fn someone(&mut self) -> u32 {
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
    pub(crate) fn visit_session(&mut self) {
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
}
