//! Invents the values of a proposed format's samples: of the shape that was seen, and none that stands in the log.

use std::collections::BTreeSet;

use jiff::civil::{DateTime, date};

use super::apart::{FieldOf, Sheet};
use super::guess::TimeGuess;
use super::vocabulary::is_address;

/// Days in winter and in summer; of each the first whose writing does not stand in the log.
const DAYS: [[(i16, i8, i8); 4]; 2] =
    [[(2026, 11, 5), (2026, 11, 12), (2026, 12, 3), (2027, 1, 14)], [(2026, 7, 6), (2026, 6, 11), (2026, 5, 14), (2026, 9, 3)]];
const CLOCKS: [(i8, i8, i8); 4] = [(9, 14, 2), (10, 41, 7), (13, 26, 31), (14, 52, 46)];

/// Knows the log, so as not to repeat it.
pub(super) struct Invention {
    log: String,
    /// Each value once, in small letters: as it is meant, which in the lines may be written with escapes.
    values: BTreeSet<String>,
}

/// An invented time: as the log would write it, field by field, and the moment it is.
pub(super) struct Moment {
    pub(super) parts: Vec<String>,
    pub(super) utc: String,
}

impl Invention {
    pub(super) fn new(log: &str, sheet: &Sheet) -> Self {
        let values = sheet.fields.iter().flat_map(|field| &field.values).map(|value| value.to_lowercase());
        Self { log: log.to_lowercase(), values: values.filter(|value| value.len() > 2).collect() }
    }

    /// Neither in the log nor one of its values.
    fn is_new(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        text.len() < 3 || (!self.log.contains(&text) && !self.values.contains(&text))
    }

    /// New, and no value of the log is a part of it.
    fn is_strange(&self, text: &str) -> bool {
        let small = text.to_lowercase();
        self.is_new(text) && !self.values.iter().any(|value| small.contains(value.as_str()))
    }

    /// The first that has nothing of the log; else the first that is new, because a word such as https may be a value too; else a
    /// counted one.
    pub(super) fn pick(&self, options: &[&str]) -> String {
        let strange = options.iter().find(|option| self.is_strange(option));
        let new = strange.or_else(|| options.iter().find(|option| self.is_new(option)));
        new.map_or_else(|| self.counted("invented"), |option| (*option).to_owned())
    }

    fn counted(&self, stem: &str) -> String {
        (1..=9999).map(|n| format!("{stem}{n}")).find(|text| self.is_new(text)).unwrap_or_else(|| "x".into())
    }

    /// A value for a column, in the shape of those in the log.
    pub(super) fn value(&self, column: &str, field: &FieldOf) -> String {
        let has = |mark: &str| field.values.iter().any(|value| value.contains(mark));
        match column {
            "user" if has("@") => self.pick(&["apatel@sch.example", "bjones9@sch.example", "cwalker@north.example"]),
            "user" if has("\\") => self.pick(&["SCH\\apatel", "NORTH\\bjones9", "EAST\\cwalker"]),
            "user" => self.pick(&["apatel", "bjones9", "cwalker", "dokafor"]),
            "user_domain" => self.pick(&["SCH", "NORTH", "EASTSCH"]),
            "user_group" => self.pick(&["Year 9", "Year 11", "Sixth form"]),
            "profile" => self.pick(&["Pupils", "Learners", "Key Stage 4"]),
            "rule" => self.pick(&["Rule 12", "Usual rule", "Rule 407"]),
            "device" => self.pick(&["LAB-PC-04", "ART-PC-11", "LIB-PC-27"]),
            "src_ip" if has(":") => self.pick(&["2001:db8::14", "2001:db8::27", "2001:db8:9::5"]),
            "src_ip" => self.pick(&["10.20.30.41", "10.77.5.19", "10.133.8.6", "192.0.2.77"]),
            "method" => self.pick(&["GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"]),
            "url" if has("://") => {
                let page =
                    self.pick(&["maps.example/routes", "otters.example/river", "trains.example/steam", "bread.example/rye"]);
                let host = page.split('/').next().unwrap_or_default();
                if self.is_new(host) { format!("https://{page}") } else { format!("https://{}.example/", self.counted("page")) }
            }
            "url" => self.pick(&["maps.example/routes", "otters.example/river", "trains.example/steam", "bread.example/rye"]),
            "host" if field.values.iter().any(|value| is_address(value)) && !has(".example") => {
                self.pick(&["192.0.2.15", "198.51.100.7", "203.0.113.9"])
            }
            "host" => self.pick(&["maps.example", "otters.example", "trains.example", "bread.example"]),
            "referrer" => self.pick(&["https://ferry.example/", "https://canal.example/", "https://lock.example/"]),
            "content_type" => self.pick(&["text/html", "image/png", "text/css", "font/woff2", "audio/ogg", "text/csv"]),
            "app" => self.pick(&["Atlas", "Sketchpad", "Metronome"]),
            "vendor_category" => self.pick(&["Travel", "Weather", "Museums", "Gardening"]),
            "search_term" => self.pick(&["river otters", "steam trains", "rye bread"]),
            "status" => self.pick(&["200", "204", "206", "304", "203", "207"]),
            _ => self.unknown(field),
        }
    }

    /// A second category, for a value of several.
    pub(super) fn second_category(&self) -> String {
        self.pick(&["Maps", "Hobbies", "Astronomy"])
    }

    /// A word of decision that no product uses.
    pub(super) fn no_verdict(&self) -> String {
        self.pick(&["Mislaid", "Perhaps", "Undreamt"])
    }

    /// What stands in a field nobody knows: too short to say anything.
    fn unknown(&self, field: &FieldOf) -> String {
        let is_number = |value: &String| value.chars().all(|c| c.is_ascii_digit());
        match () {
            () if field.values.iter().all(String::is_empty) => String::new(),
            () if field.values.iter().all(|value| value.is_empty() || value == "-") => "-".into(),
            () if field.values.iter().all(is_number) => "1".into(),
            () => "x".into(),
        }
    }

    /// A moment in winter or summer, written as the log writes times.
    pub(super) fn moment(&self, time: &TimeGuess, in_summer: bool) -> Moment {
        let [winter, summer] = DAYS;
        let days = if in_summer { summer } else { winter };
        let all: Vec<Moment> = CLOCKS
            .iter()
            .flat_map(|clock| days.iter().filter_map(|day| Some(written(time, at(*day, *clock)?, in_summer))))
            .collect();
        let is_new = |moment: &Moment| moment.parts.iter().flat_map(|part| part.split([' ', 'T'])).all(|word| self.is_new(word));
        let new = all.iter().position(is_new).unwrap_or(0);
        all.into_iter().nth(new).unwrap_or(Moment { parts: Vec::new(), utc: String::new() })
    }
}

fn at((year, month, day): (i16, i8, i8), (hour, minute, second): (i8, i8, i8)) -> Option<DateTime> {
    let day = date(2000, 1, 1).with().year(year).month(month).day(day).build().ok()?;
    Some(day.to_datetime(jiff::civil::Time::new(hour, minute, second, 0).ok()?))
}

fn written(time: &TimeGuess, wall: DateTime, in_summer: bool) -> Moment {
    let Some(layout) = time.layouts.first().copied() else {
        let seconds = wall.to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_second());
        let zeros = match time.epoch {
            "ms" => "000",
            "us" => "000000",
            "ns" => "000000000",
            _ => "",
        };
        return Moment { parts: vec![format!("{seconds}{zeros}")], utc: format!("{wall}Z") };
    };
    let has_offset = layout == "rfc3339" || layout.contains("%z");
    let layout = if layout == "rfc3339" { "%Y-%m-%dT%H:%M:%SZ" } else { layout };
    let has_seconds = layout.contains("%S");
    let text = wall.strftime(&layout.replace("%f", "").replace("%z", "+0000")).to_string();
    // A local time in summer is an hour ahead of UTC where the schools are.
    let ahead = i8::from(in_summer && !has_offset && !time.is_utc);
    let second = if has_seconds { wall.second() } else { 0 };
    let utc = wall.with().hour(wall.hour() - ahead).second(second).build().unwrap_or(wall);
    let parts = match time.fields.as_slice() {
        [_, _] => text.splitn(2, ' ').map(str::to_owned).collect(),
        _ => vec![text],
    };
    Moment { parts, utc: format!("{utc}Z") }
}
