//! What categories and lexicon entries mean, given by the caller: the files that say so belong to reading.

use std::collections::BTreeMap;

/// What the taxonomy and the lexicon say.
#[derive(Debug, Clone, Default)]
pub struct Meanings {
    /// Canonical category -> severity (0 to 4) and the academic year from which it counts in rates; none: it always did.
    pub categories: BTreeMap<String, (i64, Option<String>)>,
    /// Lexicon entry -> academic year from which it counts in rates.
    pub entries_since: BTreeMap<String, String>,
}

/// The `since` of what counted from the start.
pub(crate) const ALWAYS: &str = "always";

/// Whether something counts in the rates of a year (`2025-26`).
pub(crate) fn counts_in(since: &str, year: &str) -> bool {
    since == ALWAYS || since <= year
}

/// The earlier of two years from which something counts.
pub(crate) fn earlier<'t>(one: &'t str, other: &'t str) -> &'t str {
    if one == ALWAYS || other == ALWAYS {
        return ALWAYS;
    }
    one.min(other)
}
