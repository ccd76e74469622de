//! How often programs may ask: by owner of the token, and by machine where the token does not work. A minute at a time, in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Requests of one account in a minute: each is a row of the audit trail.
const BY_ACCOUNT: u32 = 600;

/// Tokens that do not work, from one machine in a minute.
const BY_MACHINE: u32 = 60;

const MINUTE: Duration = Duration::from_secs(60);

/// Most that are counted at a time. Beyond it nobody new is counted until the minute is over, and is refused.
const MOST: usize = 10_000;

/// The counts of this minute.
#[derive(Default)]
pub(crate) struct Limits(Mutex<Option<(Instant, BTreeMap<String, u32>)>>);

impl Limits {
    /// Counts a request of an account; says whether it may be answered.
    pub(crate) fn account(&self, id: impl std::fmt::Display) -> bool {
        self.count(format!("account {id}"), BY_ACCOUNT)
    }

    /// Counts a token that does not work; says whether another may be looked at.
    pub(crate) fn machine(&self, address: std::net::IpAddr) -> bool {
        self.count(format!("machine {address}"), BY_MACHINE)
    }

    fn count(&self, what: String, most: u32) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, counts) = match &mut *counts {
            Some((began, counts)) if began.elapsed() < MINUTE => (began, counts),
            _ => {
                let (began, counts) = counts.insert((Instant::now(), BTreeMap::new()));
                (began, counts)
            }
        };
        if !counts.contains_key(&what) && counts.len() >= MOST {
            return false;
        }
        let count = counts.entry(what).or_default();
        *count += 1;
        *count <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_alone() {
        let limits = Limits::default();
        assert!((0..BY_ACCOUNT).all(|_| limits.account(1)) && !limits.account(1) && limits.account(2));
        let machine = "192.0.2.7".parse().unwrap();
        assert!((0..BY_MACHINE).all(|_| limits.machine(machine)) && !limits.machine(machine));
        assert!(limits.machine("192.0.2.8".parse().unwrap()));
    }
}
