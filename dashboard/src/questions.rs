//! Saved questions as pages ask them: who may ask which, and what comes back.

use weir_lake::ids::{SchoolId, UserKey};
use weir_query::cells::Cells;
use weir_query::saved::{self, SavedQuery};
use weir_register::{Access, Act, Detail, Role};

/// What came of a question.
#[derive(Debug)]
pub enum Told {
    /// The answer.
    Answer(Box<Reply>),
    /// It can't be asked so, and why.
    Refused(String),
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its cells.
    pub cells: Cells,
    /// The same for a spreadsheet.
    pub csv: String,
    /// Each parameter's words and value, as they were taken.
    pub parameters: Vec<(String, String)>,
    /// The lake version read.
    pub lake_version: u64,
}

/// The roles whose questions somebody may ask at a school. Whoever gives accounts asks none: that role is no one's who reads of pupils.
pub(crate) fn roles(access: &Access, school: &SchoolId) -> Vec<saved::Role> {
    let known = [
        (Role::Dsl, saved::Role::Dsl),
        (Role::Leader, saved::Role::Head),
        (Role::Technician, saved::Role::Technician),
        (Role::Governor, saved::Role::Governor),
        (Role::Chair, saved::Role::Governor),
    ];
    known.into_iter().filter(|(role, _)| access.holds(*role, school)).map(|(_, role)| role).collect()
}

/// The role among these under which a question may be asked.
pub(crate) fn role_for(question: &SavedQuery, roles: &[saved::Role]) -> Option<saved::Role> {
    roles.iter().copied().find(|role| question.may_be_run_by(*role))
}

/// What the audit trail keeps of a question: a person's key as a mark, everything else as it was typed.
pub fn asked_act(act: Act, question: &str, asked: &saved::Asked) -> Act {
    let mut act = act.with("query", Detail::typed(question));
    let mut typed = Vec::new();
    for (name, value) in &asked.values {
        match UserKey::parse(value.trim()) {
            Ok(key) => act = act.about(&key),
            Err(_) => typed.push(format!("{name}={value}")),
        }
    }
    if !typed.is_empty() {
        act = act.with("asked", Detail::typed(&typed.join(", ")));
    }
    match &asked.reason {
        Some(reason) => act.because(reason.as_str()),
        None => act,
    }
}
