//! `figures` by their definitions: what only raw rows can give, counted a day and source at a time.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use weir_lake::schema::Table;

use crate::cells::{Cells, Shape};
use crate::columns::{NONE, Words};

/// What the rows are told apart by and count. The lake version says when a cell was made and not what it is.
pub(crate) const SHAPE: Shape<5, 2> = Shape {
    table: Table::Figures,
    keys: ["school_id", "source_id", "indicator", "version", "dimensions"],
    measures: ["numerator", "denominator"],
};

/// The figures that are recomputed here, each in the version of its definition.
pub(crate) const COVERED: [(&str, &str); 6] = [
    ("ai_first_seen", "1"),
    ("alert_delay", "1"),
    ("evidence_fields", "1"),
    ("overrides", "1"),
    ("safe_search_share", "1"),
    ("search_visible_share", "1"),
];

/// The upper bounds of the steps in which delays are counted, in minutes; the last step has none.
const STEPS: [i64; 24] =
    [1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1080, 1440, 2160, 2880, 4320, 10_080, 20_160, 44_640];

const MICROS_A_MINUTE: i64 = 60_000_000;

/// Categories of AI tools.
const AI_TOOLS: [&str; 3] = ["ai_assistant", "ai_companion", "ai_undress"];

/// Of each engine with a mark of its own: the host that locks safe search, the mark that locks it, the mark that switches it off.
const ENGINES: [(&str, Option<&str>, &str, &str); 3] = [
    ("google", Some("forcesafesearch.google.com"), "safe=active", "safe=off"),
    ("bing", Some("strict.bing.com"), "adlt=strict", "adlt=off"),
    ("yahoo", None, "vm=r", "vm=p"),
];

/// One raw row, as far as these figures go.
pub(crate) struct Row<'r> {
    pub(crate) school: u32,
    pub(crate) source: u32,
    pub(crate) kind: u32,
    pub(crate) action: u32,
    pub(crate) category: u32,
    pub(crate) profile: u32,
    pub(crate) user_type: u32,
    pub(crate) engine: u32,
    pub(crate) furniture: bool,
    pub(crate) is_one_person: bool,
    pub(crate) has_address: bool,
    pub(crate) has_device: bool,
    pub(crate) has_term: bool,
    pub(crate) host: Option<&'r str>,
    pub(crate) domain: Option<&'r str>,
    pub(crate) query: Option<&'r str>,
    /// From the event to its reading, microseconds; none where no receipt says when.
    pub(crate) delay: Option<i64>,
}

type Counts<const K: usize, const N: usize> = HashMap<[u32; K], [i64; N], RandomState>;

/// The counts of a day so far.
#[derive(Default)]
pub(crate) struct Day {
    ai: Counts<8, 1>,
    ai_of_site: Counts<4, 1>,
    delays: Counts<2, 25>,
    evidence: Counts<3, 6>,
    overrides: Counts<7, 2>,
    safe: Counts<2, 3>,
    pages: Counts<2, 2>,
}

impl Day {
    pub(crate) fn count(&mut self, row: &Row<'_>, words: &mut Words) {
        let (school, source) = (row.school, row.source);
        let kind = words.shown(row.kind);
        let (is_web, is_flow) = (kind == "web", kind == "flow");
        let is_asked = is_web || kind == "dns";
        if let Some(delay) = row.delay.filter(|_| !is_flow) {
            let step = STEPS.partition_point(|minutes| minutes * MICROS_A_MINUTE < delay);
            self.delays.entry([school, source]).or_insert([0; 25])[step] += 1;
        }
        if row.furniture || !is_asked {
            return;
        }
        let action = words.shown(row.action);
        let (is_blocked, is_overridden) = (action == "blocked", action == "overridden");
        let is_in_the_way = is_blocked || is_overridden || action == "warned";
        if is_web && row.engine != NONE {
            let [with_term, pages] = self.pages.entry([school, source]).or_default();
            *pages += 1;
            *with_term += i64::from(row.has_term);
            if let Some(part) = safe_search(words.shown(row.engine), row.host, row.query) {
                self.safe.entry([school, source]).or_default()[part] += 1;
            }
        }
        if is_blocked {
            let content = row.has_term || row.host.is_some();
            let every = row.has_address && row.has_device && row.is_one_person && content;
            let counts = self.evidence.entry([school, source, row.kind]).or_default();
            let has = [true, every, row.has_address, row.has_device, row.is_one_person, content];
            counts.iter_mut().zip(has).for_each(|(count, has)| *count += i64::from(has));
        }
        let is_ai = row.domain.is_some() && AI_TOOLS.contains(&words.shown(row.category));
        if !is_ai && !is_in_the_way {
            return;
        }
        let domain = row.domain.map_or(NONE, |domain| words.id(domain));
        if is_ai {
            let key = [school, source, row.kind, row.category, domain, row.profile, row.user_type, row.action];
            self.ai.entry(key).or_default()[0] += 1;
            self.ai_of_site.entry([school, source, row.kind, domain]).or_default()[0] += 1;
        }
        if is_in_the_way {
            let key = [school, source, row.kind, row.category, domain, row.profile, row.user_type];
            let [past, all] = self.overrides.entry(key).or_default();
            *all += 1;
            *past += i64::from(is_overridden);
        }
    }

    /// The cells of the day.
    pub(crate) fn cells(self, words: &mut Words) -> Cells<5, 2> {
        let mut cells = Cells::default();
        let version = words.id("1");
        let mut put = |words: &mut Words, place: [u32; 2], indicator: &str, dimensions: &[(&str, u32)], counts: [i64; 2]| {
            let dimensions = object(dimensions, words);
            let key = [place[0], place[1], words.id(indicator), version, words.id(&dimensions)];
            cells.insert(key, counts);
        };
        for ([school, source, kind, category, domain, profile, user_type, action], [of]) in self.ai {
            let over = self.ai_of_site.get(&[school, source, kind, domain]).map_or(0, |[over]| *over);
            let dimensions = [
                ("action", action),
                ("category", category),
                ("domain", domain),
                ("kind", kind),
                ("profile", profile),
                ("user_type", user_type),
            ];
            put(words, [school, source], "ai_first_seen", &dimensions, [of, over]);
        }
        for (place, counts) in self.delays {
            let over = counts.iter().sum();
            for (step, of) in counts.into_iter().enumerate().filter(|(_, of)| *of > 0) {
                let bound = STEPS.get(step).map_or_else(|| String::from("more"), i64::to_string);
                let bound = words.id(&bound);
                put(words, place, "alert_delay", &[("within_minutes", bound)], [of, over]);
            }
        }
        for ([school, source, kind], [stopped, every, address, device, person, content]) in self.evidence {
            let fields = [("all", every), ("address", address), ("device", device), ("person", person), ("content", content)];
            for (field, of) in fields {
                let field = words.id(field);
                put(words, [school, source], "evidence_fields", &[("field", field), ("kind", kind)], [of, stopped]);
            }
        }
        for ([school, source, kind, category, domain, profile, user_type], [past, all]) in self.overrides {
            if past > 0 {
                let dimensions =
                    [("category", category), ("domain", domain), ("kind", kind), ("profile", profile), ("user_type", user_type)];
                put(words, [school, source], "overrides", &dimensions, [past, all]);
            }
        }
        for (place, counts) in self.safe {
            for (part, of) in ["locked", "not_locked", "cannot_tell"].into_iter().zip(counts) {
                let part = words.id(part);
                put(words, place, "safe_search_share", &[("part", part)], [of, counts.iter().sum()]);
            }
        }
        for (place, counts) in self.pages {
            put(words, place, "search_visible_share", &[], counts);
        }
        cells
    }
}

/// Whether safe search was locked (0), switched off (1) or can't be told (2); none for an engine without a mark of its own.
fn safe_search(engine: &str, host: Option<&str>, query: Option<&str>) -> Option<usize> {
    let (_, locked_host, on, off) = ENGINES.into_iter().find(|(known, ..)| *known == engine)?;
    let has = |mark: &str| query.unwrap_or_default().split('&').any(|part| part == mark);
    let is_locked = (locked_host.is_some() && host == locked_host) || has(on);
    Some(if is_locked {
        0
    } else if has(off) {
        1
    } else {
        2
    })
}

/// Dimensions, which come in the order of their names, as JSON; what has no value is left out. A quotation mark or a backslash stands as
/// `\uXXXX`, so that the next quotation mark ends the value.
fn object(dimensions: &[(&str, u32)], words: &Words) -> String {
    let quoted = |text: &str| -> String {
        text.chars()
            .map(|letter| match letter {
                '"' | '\\' => format!("\\u{:04x}", u32::from(letter)),
                _ if letter.is_control() => format!("\\u{:04x}", u32::from(letter)),
                _ => letter.to_string(),
            })
            .collect()
    };
    let given = dimensions.iter().filter_map(|(name, id)| Some((name, words.text(*id)?)));
    let parts: Vec<String> = given.map(|(name, value)| format!("\"{name}\":\"{}\"", quoted(value))).collect();
    format!("{{{}}}", parts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_tell_of_safe_search() {
        let table = [
            ("google", None, Some("q=tides&safe=active"), Some(0)),
            ("google", Some("forcesafesearch.google.com"), None, Some(0)),
            ("google", None, Some("safe=off&q=tides"), Some(1)),
            ("google", None, Some("q=tides&unsafe=active"), Some(2)),
            ("bing", None, Some("q=tides&adlt=strict"), Some(0)),
            ("bing", None, Some("q=tides&safe=active"), Some(2)),
            ("yahoo", None, Some("vm=r"), Some(0)),
            ("yahoo", None, None, Some(2)),
            ("larksearch", None, Some("safe=active"), None),
        ];
        for (engine, host, query, wanted) in table {
            assert_eq!(safe_search(engine, host, query), wanted, "{engine} {host:?} {query:?}");
        }
    }

    #[test]
    fn a_step_ends_with_its_last_microsecond() {
        let mut words = Words::default();
        let (school, source, kind) = (words.id("elm"), words.id("gate"), words.id("web"));
        for (delay, wanted) in [(-5, "1"), (60_000_000, "1"), (60_000_001, "2"), (3_600_000_000, "60"), (i64::MAX, "more")] {
            let mut day = Day::default();
            let row = Row {
                school,
                source,
                kind,
                action: NONE,
                category: NONE,
                profile: NONE,
                user_type: NONE,
                engine: NONE,
                furniture: true,
                is_one_person: false,
                has_address: false,
                has_device: false,
                has_term: false,
                host: None,
                domain: None,
                query: None,
                delay: Some(delay),
            };
            day.count(&row, &mut words);
            let cells = day.cells(&mut words);
            let told: Vec<&str> = cells.keys().map(|key| words.shown(key[4])).collect();
            assert_eq!(told, [format!("{{\"within_minutes\":\"{wanted}\"}}")], "{delay}");
        }
    }
}
