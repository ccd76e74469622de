//! What is wrong with an estate, and the mend: each check looks at one thing, whatever the others found, and changes nothing.

mod kept;
mod machine;
mod told;

use std::path::Path;

use weir_lake::estate::{Estate, EstateError};

use crate::commands;

/// Something that should not be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub mend: String,
}

impl Finding {
    fn new(found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { found: found.into(), mend: mend.into() }
    }
}

/// One check and what it found; none where it could not be made.
#[derive(Debug)]
pub struct Checked {
    /// What was looked at.
    pub check: &'static str,
    /// What was found.
    pub findings: Option<Vec<Finding>>,
}

type Check = fn(&Estate) -> anyhow::Result<Vec<Finding>>;

/// Every check but the first, in the order in which somebody would look.
const CHECKS: [(&str, Check); 12] = [
    ("files", told::files),
    ("permissions", machine::permissions),
    ("clock", machine::clock),
    ("disk", machine::disk),
    ("keys", kept::keys),
    ("register", kept::register),
    ("lake", kept::lake),
    ("nights", told::nights),
    ("feeds", told::feeds),
    ("fetching", told::fetching),
    ("backup", kept::backup),
    ("mail", told::mail),
];

/// Makes every check.
pub fn look(config: Option<&Path>) -> Vec<Checked> {
    let (estate, findings) = match commands::estate::load(config) {
        Ok(estate) => (Some(estate), Vec::new()),
        Err(error) => (None, of_config(&error)),
    };
    let mut checked = vec![Checked { check: "config", findings: Some(findings) }];
    for (check, look) in CHECKS {
        let findings = estate.as_ref().map(|estate| match look(estate) {
            Ok(findings) => findings,
            // A check that can't be made is what somebody should look at.
            Err(error) => vec![Finding::new(format!("{error:#}"), "mend that, and run `weir doctor` again")],
        });
        checked.push(Checked { check, findings });
    }
    checked
}

/// Each slip in the estate's files; their messages say the mend themselves.
fn of_config(error: &anyhow::Error) -> Vec<Finding> {
    let problems = error.downcast_ref::<EstateError>().map(EstateError::problems).unwrap_or_default();
    if problems.is_empty() {
        return vec![Finding::new(format!("{error:#}"), "nothing else can be looked at before")];
    }
    problems.iter().map(|problem| Finding::new(problem.to_string(), "correct the file; no other command works before")).collect()
}
