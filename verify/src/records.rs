//! What people recorded, given by the caller: the register is theirs and no part of the lake. Days are days since 1970.

/// What people recorded, of all schools.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// School, place, test, at least every how many days, since when, and the first day on which it is planned no longer.
    pub plan: Vec<(String, i64, String, i32, i32, Option<i32>)>,
    /// School, place, test, day, and whether it passed.
    pub tests: Vec<(String, i64, String, i32, bool)>,
    /// Changes that were asked for.
    pub changes: Vec<Change>,
    /// Alerts.
    pub alerts: Vec<Alert>,
    /// School, day and whom it was about, for each name that was revealed.
    pub reveals: Vec<(String, i32, i64)>,
    /// Since when reveals are written down.
    pub trail_since: Option<i32>,
}

/// A change that was asked for.
#[derive(Debug, Clone)]
pub struct Change {
    /// School.
    pub school: String,
    /// Whether it is a site or a bypass, and not a change of the policy.
    pub is_for_a_lesson: bool,
    /// When it was asked for.
    pub asked: i32,
    /// When it was decided.
    pub decided: Option<i32>,
    /// Whether it was approved.
    pub granted: bool,
    /// When it was made.
    pub made: Option<i32>,
    /// When it was taken back.
    pub ended: Option<i32>,
}

/// An alert.
#[derive(Debug, Clone)]
pub struct Alert {
    /// School.
    pub school: String,
    /// 1 low to 4 urgent.
    pub severity: u8,
    /// Day and minute of that day when what it tells of happened.
    pub happened: (i32, i32),
    /// When somebody acknowledged it.
    pub acknowledged: Option<(i32, i32)>,
    /// Whether its outcome is a false alarm; none without an outcome.
    pub is_false: Option<bool>,
    /// The day on which that was said.
    pub closed: Option<i32>,
}
