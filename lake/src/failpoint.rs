//! Named points at which a test may end the process as a power cut would: nothing is flushed, unwound or tidied.

use std::sync::LazyLock;

static ARMED: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("WEIR_FAILPOINT").ok().filter(|name| !name.is_empty()));

/// Whether any point is armed. Work that is otherwise concurrent then runs in order, so that a point means one state.
pub fn armed() -> bool {
    ARMED.is_some()
}

/// Ends the process here when `WEIR_FAILPOINT` names this point; otherwise does nothing.
pub fn hit(point: &str) {
    if ARMED.as_deref() == Some(point) {
        std::process::abort();
    }
}
