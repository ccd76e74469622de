//! What a row means: its search, its lexicon entry, and of all themes that apply the most severe.

use weir_lake::batch::{EventBatch, NULL_ID};

use super::{CategoryFlags, CategoryIds, NONE, Normaliser};
use crate::decoded::{Action, Decoded, Field, Kind};
use crate::normalise::cache::UNSET;
use crate::normalise::furniture::{self, Known};
use crate::normalise::lexicon::Finding;
use crate::normalise::search::{Asked, ENGINES};
use crate::normalise::taxonomy::Mapped;
use crate::normalise::term;
use crate::normalise::theme::{THEMES, Theme};
use crate::normalise::url::UrlParts;

/// What a row's search came to.
pub(super) struct Searched {
    pub(super) engine: u8,
    pub(super) has_term: bool,
    pub(super) is_suggestion: bool,
    pub(super) finding: Option<Finding>,
}

/// Ids of the columns about what a row means.
pub(super) struct Meaning {
    pub(super) category: u32,
    pub(super) theme: u32,
    pub(super) risk_area: u32,
    pub(super) other_themes: u32,
    pub(super) concern_id: u32,
}

/// What a row's columns tell of its meaning, whether they come from a line or from the lake.
pub(super) struct Told<'a> {
    pub(super) seen: furniture::Seen<'a>,
    /// The category of vendor and own list together.
    pub(super) mapped: Option<Mapped>,
    pub(super) finding: Option<Finding>,
    pub(super) has_term: bool,
    pub(super) is_suggestion: bool,
    pub(super) keep_allowed_queries: bool,
}

/// What it means.
pub(super) struct Judged {
    pub(super) meaning: Meaning,
    pub(super) help_seeking: bool,
    pub(super) concern_severity: Option<i64>,
    pub(super) is_furniture: bool,
    /// Whether the row's query may be stored.
    pub(super) keeps_query: bool,
}

impl Normaliser {
    /// What a row means: the one place where it is decided, for a line that is read and for a row that is read again.
    pub(super) fn judge(&mut self, told: &Told<'_>, batch: &mut EventBatch) -> Judged {
        let Told { seen, mapped, finding, .. } = *told;
        let flags = mapped.map_or(CategoryFlags::default(), |mapped| self.flags[usize::from(mapped.category)]);
        let known = Known {
            is_suggestion: told.is_suggestion,
            is_search_or_concern: told.has_term || finding.is_some(),
            is_background_category: flags.is_background,
            is_always_blocked: flags.is_always_blocked,
        };
        let is_furniture = furniture::is_furniture(&seen, known);
        let is_risk = finding.is_some_and(|finding| finding.themes.iter().any(|severity| *severity > 0));
        Judged {
            meaning: self.meaning(mapped, finding, batch),
            help_seeking: finding.is_some_and(|finding| finding.help_seeking),
            concern_severity: match finding {
                Some(finding) => Some(i64::from(finding.severity)),
                None if seen.kind == Kind::Concern => {
                    mapped.map(|mapped| i64::from(mapped.severity)).filter(|severity| *severity > 0)
                }
                None => None,
            },
            is_furniture,
            keeps_query: seen.kind == Kind::Concern
                || seen.action != Some(Action::Allowed)
                || is_risk
                || told.keep_allowed_queries,
        }
    }

    /// Reads the row's search; its term, if there is one, stands in `self.term`.
    pub(super) fn search(&mut self, decoded: &Decoded, parts: &UrlParts, engine: u8) -> Searched {
        let mut searched = Searched { engine: NONE, has_term: false, is_suggestion: false, finding: None };
        if !matches!(decoded.kind, Kind::Web | Kind::Concern) {
            return searched;
        }
        let asked = match ENGINES.get(usize::from(engine)) {
            Some(engine) => engine.read(parts.path, parts.query),
            None => Asked::Nothing,
        };
        let given = decoded.text(Field::SearchTerm).trim_ascii();
        let given = if given == b"-" { &[] } else { given };
        let raw = match asked {
            Asked::Suggestion => {
                searched.is_suggestion = true;
                return searched;
            }
            _ if !given.is_empty() => given,
            Asked::Term(raw) => raw,
            Asked::Page | Asked::Nothing => &[],
        };
        if asked != Asked::Nothing || !given.is_empty() {
            searched.engine = engine;
        }
        if !raw.is_empty() {
            term::normalise_term(raw, &mut self.term);
            searched.has_term = !self.term.is_empty();
        }
        if searched.has_term {
            searched.finding = self.finding();
        } else if decoded.kind == Kind::Concern && !decoded.text(Field::Concern).is_empty() {
            term::normalise_term(decoded.text(Field::Concern), &mut self.term);
            searched.finding = self.finding();
        }
        searched
    }

    /// What the lexicon says of `self.term`.
    pub(super) fn finding(&mut self) -> Option<Finding> {
        if let Some(finding) = self.terms.get(self.term.as_bytes()) {
            return finding;
        }
        let finding = self.reference.lexicon.find(&self.term, &mut self.hits);
        self.terms.insert(self.term.as_bytes(), finding);
        finding
    }

    fn meaning(&mut self, mapped: Option<Mapped>, finding: Option<Finding>, batch: &mut EventBatch) -> Meaning {
        // Lent, not shared: a count of holders that all workers change at every row would keep them waiting for one another.
        let reference = &self.reference;
        let ids = match mapped {
            None => CategoryIds { category: NULL_ID, theme: NULL_ID, risk_area: NULL_ID },
            Some(mapped) => {
                let ids = &mut self.category_ids[usize::from(mapped.category)];
                if ids.category == UNSET {
                    let category = &reference.taxonomies.categories()[usize::from(mapped.category)];
                    *ids = CategoryIds {
                        category: batch.category.strings.intern(category.id.as_bytes()),
                        theme: category.theme.map_or(NULL_ID, |theme| batch.theme.strings.intern(theme.as_str().as_bytes())),
                        risk_area: category
                            .risk_area
                            .map_or(NULL_ID, |area| batch.risk_area.strings.intern(area.as_str().as_bytes())),
                    };
                }
                *ids
            }
        };
        let mut meaning = Meaning {
            category: ids.category,
            theme: ids.theme,
            risk_area: ids.risk_area,
            other_themes: NULL_ID,
            concern_id: NULL_ID,
        };
        let Some(finding) = finding else { return meaning };

        let concern = &mut self.concern_ids[usize::from(finding.entry)];
        if *concern == UNSET {
            *concern = batch.concern_id.strings.intern(reference.lexicon.id(finding.entry).as_bytes());
        }
        meaning.concern_id = *concern;

        let by_category = mapped.and_then(|mapped| {
            reference.taxonomies.categories()[usize::from(mapped.category)].theme.map(|theme| (theme, mapped.severity))
        });
        let mut severities = finding.themes;
        let mut asks_help = finding.help_seeking;
        let mut winner = strongest(&severities);
        let mut is_category = false;
        match by_category {
            Some((Theme::HELP_SEEKING, _)) => asks_help = true,
            Some((theme, severity)) => {
                // A person's own words stand before the site's category when they are as severe.
                if winner.is_none_or(|(_, most)| severity > most) {
                    winner = Some((theme.number(), severity));
                    is_category = true;
                }
                severities[theme.number()] = severities[theme.number()].max(severity);
            }
            None => {}
        }
        let theme = match winner {
            Some((theme, _)) => theme,
            None if asks_help => Theme::HELP_SEEKING.number(),
            None => return meaning,
        };
        let theme_id = &mut self.theme_ids[theme];
        if *theme_id == UNSET {
            *theme_id = batch.theme.strings.intern(THEMES[theme].0.as_bytes());
        }
        meaning.theme = *theme_id;
        if !is_category {
            meaning.risk_area = THEMES[theme].1.map_or(NULL_ID, |area| batch.risk_area.strings.intern(area.as_str().as_bytes()));
        }
        if asks_help {
            severities[Theme::HELP_SEEKING.number()] = 1;
        }
        self.text.clear();
        for (number, (name, _)) in THEMES.iter().enumerate() {
            if number != theme && severities[number] > 0 {
                if !self.text.is_empty() {
                    self.text.push(b';');
                }
                self.text.extend_from_slice(name.as_bytes());
            }
        }
        if !self.text.is_empty() {
            meaning.other_themes = batch.other_themes.strings.intern(&self.text);
        }
        meaning
    }
}

/// The most severe theme of a search; of equals the first in the table.
fn strongest(severities: &[u8; THEMES.len()]) -> Option<(usize, u8)> {
    severities.iter().enumerate().filter(|(_, severity)| **severity > 0).fold(None, |best, (theme, severity)| match best {
        Some((_, most)) if most >= *severity => best,
        _ => Some((theme, *severity)),
    })
}
