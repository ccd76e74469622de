//! Who is on the way to a provider and back: in memory, for ten minutes, each once. A restart ends them, and they begin again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long somebody may take at the provider.
const LONGEST: Duration = Duration::from_secs(600);

/// Ways kept at a time. Somebody who opens more pushes the oldest out; that person begins again.
const MOST: usize = 4096;

/// One way there and back.
pub(crate) struct Way {
    /// To which provider.
    pub(crate) provider: String,
    /// What the token must hold, so that it was made for this way.
    pub(crate) nonce: String,
    /// What shows that whoever brings the code is who asked for it (PKCE).
    pub(crate) verifier: String,
    /// Where the provider was told to send them back to.
    pub(crate) back: String,
    /// What the browser's cookie holds: another browser can't end this way.
    pub(crate) browser: String,
    /// Where they wanted.
    pub(crate) next: String,
}

/// All of them, by `state`.
#[derive(Default)]
pub(crate) struct Ways(Mutex<BTreeMap<String, (Instant, Way)>>);

impl Ways {
    /// Notes a way under its state.
    pub(crate) fn begin(&self, state: String, way: Way) {
        let mut ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ways.retain(|_, (began, _)| began.elapsed() < LONGEST);
        if ways.len() >= MOST {
            let oldest = ways.iter().min_by_key(|(_, (began, _))| *began).map(|(state, _)| state.clone());
            oldest.and_then(|state| ways.remove(&state));
        }
        ways.insert(state, (Instant::now(), way));
    }

    /// Takes a way out by its state, once; none where the browser is another, or the provider.
    pub(crate) fn end(&self, state: &str, provider: &str, browser: Option<&str>) -> Option<Way> {
        let mut ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (began, way) = ways.remove(state)?;
        (began.elapsed() < LONGEST && way.provider == provider && Some(way.browser.as_str()) == browser).then_some(way)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(provider: &str, browser: &str) -> Way {
        let [nonce, verifier, back, next] = [const { String::new() }; 4];
        Way { provider: provider.into(), nonce, verifier, back, browser: browser.into(), next }
    }

    #[test]
    fn a_way_ends_once_in_the_browser_that_began_it() {
        let ways = Ways::default();
        for (state, provider, browser, wanted) in [
            ("a", "entra", Some("mine"), true),
            ("b", "google", Some("mine"), false),
            ("c", "entra", Some("another"), false),
            ("d", "entra", None, false),
        ] {
            ways.begin(state.into(), way("entra", "mine"));
            assert_eq!(ways.end(state, provider, browser).is_some(), wanted, "{state}");
            assert!(ways.end(state, "entra", Some("mine")).is_none(), "{state} is used up, right or wrong");
        }
    }

    #[test]
    fn many_ways_push_the_oldest_out() {
        let ways = Ways::default();
        for number in 0..=MOST {
            ways.begin(format!("{number}"), way("entra", "mine"));
        }
        assert!(ways.end("0", "entra", Some("mine")).is_none());
        assert!(ways.end("1", "entra", Some("mine")).is_some());
        assert!(ways.end(&MOST.to_string(), "entra", Some("mine")).is_some());
    }
}
