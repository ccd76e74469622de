//! What a row of the lake means under today's categories and lexicon, decided by the same code as for a line that is read.

use weir_lake::batch::EventBatch;

use super::meaning::Told;
use super::{BatchMark, NONE, Normaliser};
use crate::decoded::{Action, Kind};
use crate::normalise::furniture::{Answer, Seen};
use crate::normalise::search::{Asked, ENGINES};
use crate::normalise::taxonomy::Mapped;

/// What the lake keeps of a row's meaning; texts are empty where there is nothing.
pub(crate) struct StoredRow<'a> {
    pub(crate) kind: Kind,
    pub(crate) action: Option<Action>,
    pub(crate) host: &'a [u8],
    pub(crate) path: &'a [u8],
    pub(crate) method: &'a [u8],
    pub(crate) content_type: &'a [u8],
    /// The term, normalised.
    pub(crate) search_term: &'a str,
    pub(crate) category: StoredCategory,
    pub(crate) keep_allowed_queries: bool,
}

/// What the vendor's words come to today.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StoredCategory {
    /// This, to be joined with our own list of domains.
    OfVendor(Option<Mapped>),
    /// The words are not in the lake; what they came to then stands.
    AsItStands(Mapped),
}

/// The columns that follow from it. Texts are ids of the batch.
pub(crate) struct StoredMeaning {
    pub(crate) category: u32,
    pub(crate) theme: u32,
    pub(crate) risk_area: u32,
    pub(crate) other_themes: u32,
    pub(crate) concern_id: u32,
    pub(crate) concern_severity: Option<i64>,
    pub(crate) help_seeking: bool,
    pub(crate) is_furniture: bool,
    pub(crate) keeps_query: bool,
}

impl Normaliser {
    /// Decides again what a row means. `batch` holds the strings that the ids stand for.
    pub(crate) fn judge_stored(&mut self, row: &StoredRow<'_>, batch: &mut EventBatch) -> StoredMeaning {
        if self.batch != BatchMark::of(batch) {
            self.clear_caches();
        }
        let host = self.host(row.host, batch);
        let mapped = match row.category {
            StoredCategory::AsItStands(mapped) => Some(mapped),
            StoredCategory::OfVendor(mapped) => {
                self.reference.taxonomies.join(mapped, (host.own_category != NONE).then_some(host.own_category))
            }
        };
        let may_search = matches!(row.kind, Kind::Web | Kind::Concern);
        // A suggestion is told by its path; its query was not kept.
        let engine = ENGINES.get(usize::from(host.engine)).filter(|_| may_search);
        let is_suggestion = engine.is_some_and(|engine| engine.read(row.path, b"") == Asked::Suggestion);
        let has_term = may_search && !row.search_term.is_empty();
        let finding = if has_term {
            self.term.clear();
            self.term.push_str(row.search_term);
            self.finding()
        } else {
            None
        };
        let told = Told {
            seen: Seen { kind: row.kind, action: row.action, answer: Answer::of(row.method, row.content_type), path: row.path },
            mapped,
            finding,
            has_term,
            is_suggestion,
            keep_allowed_queries: row.keep_allowed_queries,
        };
        let judged = self.judge(&told, batch);
        self.batch = BatchMark::of(batch);
        StoredMeaning {
            category: judged.meaning.category,
            theme: judged.meaning.theme,
            risk_area: judged.meaning.risk_area,
            other_themes: judged.meaning.other_themes,
            concern_id: judged.meaning.concern_id,
            concern_severity: judged.concern_severity,
            help_seeking: judged.help_seeking,
            is_furniture: judged.is_furniture,
            keeps_query: judged.keeps_query,
        }
    }
}
