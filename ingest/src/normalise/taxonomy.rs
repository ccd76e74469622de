//! Maps vendors' categories and well-known domains to our own categories.
//!
//! The files in `ingest/taxonomies/` are comma-separated without quoting: names are compared by their letters and digits only, so
//! none needs a comma. `categories.csv` holds our categories, `domains.csv` domains that most filters put elsewhere or nowhere,
//! `common.csv` names that mean the same with every vendor, and every other file one vendor's ids and names.

use std::collections::HashMap;

use super::search::is_under;
use super::theme::{RiskArea, Theme};

/// Severity that a vendor's category counts at most when it joins several of ours: one of them may be harmless.
const MOST_WHEN_JOINED: u8 = 2;

/// Why a taxonomy file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("taxonomies/{file}.csv line {line}, column {column}: found {found:?}; use {accepted}")]
pub struct TaxonomyError {
    /// File stem.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column.
    pub column: &'static str,
    /// What was found.
    pub found: String,
    /// What is accepted.
    pub accepted: &'static str,
}

/// What policy expects of a category before a school says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expectation {
    /// `block`, `warn` or `allow`.
    pub expected: &'static str,
    /// The school decides; this is only where it starts.
    pub school_decides: bool,
}

/// One of our categories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// As written in `events.category`.
    pub id: String,
    /// UKSIC's content areas, by their first three letters.
    pub uksic: Vec<String>,
    /// The theme its rows count for.
    pub theme: Option<Theme>,
    /// One of the four Cs.
    pub risk_area: Option<RiskArea>,
    /// 0 none to 4.
    pub severity: u8,
    /// What primary pupils meet.
    pub primary: Expectation,
    /// What secondary pupils meet.
    pub secondary: Expectation,
    /// What staff meet.
    pub staff: Expectation,
    /// First academic year in which its rows count in rates.
    pub since: String,
}

/// What a row's categories came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapped {
    /// Number of the category.
    pub category: u8,
    /// Its severity, less where the vendor's category joins several of ours.
    pub severity: u8,
}

#[derive(Debug, Clone, Copy)]
enum Target {
    Category {
        number: u8,
        joins: bool,
    },
    /// A word of the vendor's that is no category: a risk level, a list's name.
    Nothing,
}

/// Vendors' maps, common names and own domains.
#[derive(Debug)]
pub struct Taxonomies {
    categories: Vec<Category>,
    vendors: HashMap<String, HashMap<String, Target>>,
    common: HashMap<String, Target>,
    domains: HashMap<String, u8>,
    /// Categories that an own domain keeps whatever the vendor says: a help line filed under suicide is a help line.
    kept: Vec<u8>,
}

/// Lines of a file that are not blank or comments, cut at commas, after the header.
fn rows<'a>(
    file: &'a str,
    text: &'a str,
    header: &'static str,
) -> Result<impl Iterator<Item = (usize, Vec<&'a str>)>, TaxonomyError> {
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let (line, found) = lines.next().unwrap_or((1, ""));
    if found != header {
        return Err(TaxonomyError { file: file.to_owned(), line, column: "(header)", found: found.to_owned(), accepted: header });
    }
    Ok(lines.map(|(line, text)| (line, text.split(',').map(str::trim).collect())))
}

const CATEGORY_HEADER: &str = "id,uksic,theme,risk_area,severity,primary,secondary,staff,since";
const VENDOR_HEADER: &str = "vendor_category,category,joins";
const DOMAIN_HEADER: &str = "domain,category";

fn optional(text: &str) -> Option<&str> {
    (text != "-" && !text.is_empty()).then_some(text)
}

fn expectation(text: &str) -> Option<Expectation> {
    let (word, school_decides) = match text.strip_suffix('*') {
        Some(word) => (word, true),
        None => (text, false),
    };
    let expected = ["block", "warn", "allow"].into_iter().find(|known| *known == word)?;
    Some(Expectation { expected, school_decides })
}

impl Taxonomies {
    /// Reads the files: stem and text each.
    pub fn new(files: &[(&str, &str)]) -> Result<Self, TaxonomyError> {
        let text_of = |stem: &str| files.iter().find(|(name, _)| *name == stem).map_or("", |(_, text)| *text);
        let categories = read_categories(text_of("categories"))?;
        let mut taxonomies =
            Self { categories, vendors: HashMap::new(), common: HashMap::new(), domains: HashMap::new(), kept: Vec::new() };
        taxonomies.kept =
            ["help_lines", "identity_support", "sex_education"].iter().filter_map(|id| taxonomies.number(id)).collect();
        for (stem, text) in files {
            match *stem {
                "categories" => {}
                "domains" => taxonomies.read_domains(text)?,
                "common" => taxonomies.common = taxonomies.read_vendor(stem, text)?,
                vendor => {
                    let map = taxonomies.read_vendor(vendor, text)?;
                    taxonomies.vendors.insert(vendor.to_owned(), map);
                }
            }
        }
        Ok(taxonomies)
    }

    fn read_vendor(&self, stem: &str, text: &str) -> Result<HashMap<String, Target>, TaxonomyError> {
        let mut map = HashMap::new();
        for (line, fields) in rows(stem, text, VENDOR_HEADER)? {
            let wrong = |column, found: &str, accepted| TaxonomyError {
                file: stem.to_owned(),
                line,
                column,
                found: found.to_owned(),
                accepted,
            };
            let [name, category, joins] = fields[..] else {
                return Err(wrong("(all)", &fields.join(","), VENDOR_HEADER));
            };
            let joins = match joins {
                "" => false,
                "yes" => true,
                other => return Err(wrong("joins", other, "yes or nothing")),
            };
            let target = match category {
                "-" => Target::Nothing,
                id => {
                    let number = self.number(id).ok_or_else(|| wrong("category", id, "an id of categories.csv, or -"))?;
                    Target::Category { number, joins }
                }
            };
            let key = name_key(name);
            if key.is_empty() {
                return Err(wrong("vendor_category", name, "a name or id with a letter or digit"));
            }
            if map.insert(key, target).is_some() {
                return Err(wrong("vendor_category", name, "each name once; letters and digits alone are compared"));
            }
        }
        Ok(map)
    }

    fn read_domains(&mut self, text: &str) -> Result<(), TaxonomyError> {
        for (line, fields) in rows("domains", text, DOMAIN_HEADER)? {
            let wrong = |column, found: &str, accepted| TaxonomyError {
                file: String::from("domains"),
                line,
                column,
                found: found.to_owned(),
                accepted,
            };
            let [domain, category] = fields[..] else {
                return Err(wrong("(all)", &fields.join(","), DOMAIN_HEADER));
            };
            let number = self.number(category).ok_or_else(|| wrong("category", category, "an id of categories.csv"))?;
            if !domain.contains('.') || domain.chars().any(|c| c.is_uppercase() || c.is_whitespace() || c == '/') {
                return Err(wrong("domain", domain, "a domain in lower case, without scheme or path"));
            }
            if self.domains.insert(domain.to_owned(), number).is_some() {
                return Err(wrong("domain", domain, "each domain once"));
            }
        }
        Ok(())
    }

    /// Our categories, in table order.
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    /// The number of a category's id.
    pub fn number(&self, id: &str) -> Option<u8> {
        self.categories.iter().position(|category| category.id == id).and_then(|number| u8::try_from(number).ok())
    }

    /// The names of the vendors' maps.
    pub fn vendors(&self) -> impl Iterator<Item = &str> {
        self.vendors.keys().map(String::as_str)
    }

    /// Maps a row's categories, names joined by `;` (or `,` where a vendor does that), or else its ids. What no map knows is
    /// given to `unmapped`.
    pub fn map(&self, vendor: Option<&str>, names: &str, ids: &str, unmapped: &mut dyn FnMut(&str)) -> Option<Mapped> {
        let vendor = vendor.and_then(|vendor| self.vendors.get(vendor));
        let mut best = None;
        let mut unknown = Vec::new();
        // An id says again what the name said; it is asked only where the name told nothing.
        if !self.map_list(vendor, names, &mut best, &mut unknown) {
            let mut unknown_ids = Vec::new();
            if self.map_list(vendor, ids, &mut best, &mut unknown_ids) {
                unknown.clear();
            } else if unknown.is_empty() {
                unknown = unknown_ids;
            }
        }
        unknown.into_iter().for_each(unmapped);
        best
    }

    /// Maps the names of one text; whether any was known.
    fn map_list<'a>(
        &self,
        vendor: Option<&HashMap<String, Target>>,
        text: &'a str,
        best: &mut Option<Mapped>,
        unknown: &mut Vec<&'a str>,
    ) -> bool {
        let mut found = false;
        let mut take = |part: &'a str| {
            let target = self.target(vendor, part);
            if let Some(target) = target {
                found = true;
                self.take(best, target);
            }
            target.is_some()
        };
        let is_name = |part: &&str| !name_key(part).is_empty();
        for part in text.split(';').map(str::trim).filter(is_name) {
            // Some names hold a comma; in other logs it parts names.
            if !take(part) {
                if part.contains(',') {
                    unknown.extend(part.split(',').map(str::trim).filter(is_name).filter(|part| !take(part)));
                } else {
                    unknown.push(part);
                }
            }
        }
        found
    }

    fn target(&self, vendor: Option<&HashMap<String, Target>>, part: &str) -> Option<Target> {
        let key = name_key(part);
        vendor.and_then(|map| map.get(&key)).or_else(|| self.common.get(&key)).copied()
    }

    fn take(&self, best: &mut Option<Mapped>, target: Target) {
        let Target::Category { number, joins } = target else { return };
        let severity = self.categories[usize::from(number)].severity;
        let severity = if joins { severity.min(MOST_WHEN_JOINED) } else { severity };
        let is_better = best.is_none_or(|held| (severity, held.category) > (held.severity, number));
        if is_better {
            *best = Some(Mapped { category: number, severity });
        }
    }

    /// The own category of a clean host: the most specific entry that it is or lies below.
    pub fn own(&self, host: &str) -> Option<u8> {
        let mut name = host;
        loop {
            if let Some(number) = self.domains.get(name) {
                debug_assert!(is_under(host.as_bytes(), name.as_bytes()));
                return Some(*number);
            }
            name = name.split_once('.')?.1;
        }
    }

    /// The category of a row, from what the vendor said and from the own list. The vendor wins where it is more severe, but never
    /// over help lines and their kin.
    pub fn join(&self, vendor: Option<Mapped>, own: Option<u8>) -> Option<Mapped> {
        let Some(own) = own else { return vendor };
        let severity = self.categories[usize::from(own)].severity;
        let mapped = Mapped { category: own, severity };
        match vendor {
            Some(vendor) if vendor.severity > severity && !self.kept.contains(&own) => Some(vendor),
            _ => Some(mapped),
        }
    }
}

fn read_categories(text: &str) -> Result<Vec<Category>, TaxonomyError> {
    let mut categories: Vec<Category> = Vec::new();
    for (line, fields) in rows("categories", text, CATEGORY_HEADER)? {
        let wrong = |column, found: &str, accepted| TaxonomyError {
            file: String::from("categories"),
            line,
            column,
            found: found.to_owned(),
            accepted,
        };
        let [id, uksic, theme, risk_area, severity, primary, secondary, staff, since] = fields[..] else {
            return Err(wrong("(all)", &fields.join(","), CATEGORY_HEADER));
        };
        if id.is_empty() || categories.iter().any(|category| category.id == id) || categories.len() >= usize::from(u8::MAX) - 1 {
            return Err(wrong("id", id, "each id once, 254 at most"));
        }
        let expect = |column, text: &str| {
            expectation(text).ok_or_else(|| wrong(column, text, "block, warn or allow, with * where the school decides"))
        };
        let theme = match optional(theme) {
            Some(name) => Some(Theme::from_name(name).ok_or_else(|| wrong("theme", name, "a theme, or -"))?),
            None => None,
        };
        let risk_area = match optional(risk_area) {
            Some(name) => Some(
                RiskArea::from_name(name).ok_or_else(|| wrong("risk_area", name, "content, contact, conduct, commerce or -"))?,
            ),
            None => None,
        };
        categories.push(Category {
            id: id.to_owned(),
            uksic: optional(uksic).map(|text| text.split(' ').map(str::to_owned).collect()).unwrap_or_default(),
            theme,
            risk_area,
            severity: severity.parse().ok().filter(|s| *s <= 4).ok_or_else(|| wrong("severity", severity, "0 to 4"))?,
            primary: expect("primary", primary)?,
            secondary: expect("secondary", secondary)?,
            staff: expect("staff", staff)?,
            since: since.to_owned(),
        });
    }
    Ok(categories)
}

/// A name as it is compared: its letters and digits in lower case, one blank between words, `and` left out.
pub fn name_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for word in name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("and")) {
        if !key.is_empty() {
            key.push(' ');
        }
        key.extend(word.chars().flat_map(char::to_lowercase));
    }
    key
}

#[cfg(test)]
mod tests;
