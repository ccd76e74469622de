//! Words of format files that rows carry as `&'static str`: reasons and operations, each kept once for the life of the program.

use std::collections::BTreeSet;
use std::sync::Mutex;

static WORDS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The one copy of `word`. Format files hold a few dozen reasons in all, so what is kept is bounded by what is loaded.
pub(crate) fn intern(word: &str) -> &'static str {
    let mut words = WORDS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(known) = words.get(word) {
        return known;
    }
    let kept: &'static str = Box::leak(word.to_string().into_boxed_str());
    words.insert(kept);
    kept
}
