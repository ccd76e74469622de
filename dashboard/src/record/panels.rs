//! Saved questions as parts of a page: asked with their own values or given ones, shown as a short table with the way to the whole.

use std::collections::BTreeMap;

use weir_query::cells::Cells;
use weir_query::saved;

use super::Here;
use crate::Dashboard;
use crate::error::PageError;
use crate::plain;
use crate::questions::Told;
use crate::words::capital;

/// Rows of a table on such a page.
const ROWS: usize = 12;

/// A question's answer in short.
pub(super) struct Panel {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// What to do about what it shows.
    pub(super) mend: &'static str,
    pub(super) names: Vec<String>,
    pub(super) is_number: Vec<bool>,
    pub(super) rows: Vec<Vec<String>>,
    pub(super) more: usize,
    /// It could not be asked just now.
    pub(super) failed: bool,
}

/// What a page asks: the question, the part's heading, and what to do about what it shows.
pub(super) type Part = (&'static str, &'static str, &'static str);

/// Asks it of this school, as somebody of a role that the page's own gate stands for. What a page shows that tells of people is written to the
/// trail by the page, once, before.
pub(super) async fn panel(
    dashboard: &Dashboard,
    here: &Here,
    (id, title, mend): Part,
    role: saved::Role,
    values: &[(&str, String)],
) -> Result<Panel, PageError> {
    let evidence = dashboard.evidence.as_ref().ok_or(PageError::NotFound)?;
    let values: BTreeMap<String, String> = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let asked = saved::Asked { school: here.id.to_string(), values, role, reason: None };
    let told = evidence.ask(id, &asked, Box::pin(async { Ok(()) })).await;
    let empty = Panel { id, title, mend, names: Vec::new(), is_number: Vec::new(), rows: Vec::new(), more: 0, failed: true };
    // One part that can't be asked must not take the others with it.
    let reply = match told {
        Ok(Told::Answer(reply)) => reply,
        Ok(Told::Refused(words)) => {
            tracing::warn!(question = id, words, "left out of a page");
            return Ok(empty);
        }
        Err(error) => {
            tracing::error!(question = id, %error, "left out of a page");
            return Ok(empty);
        }
    };
    let cells = &reply.cells;
    Ok(Panel {
        names: cells.names.iter().map(|name| capital(&Cells::heading(name))).collect(),
        is_number: cells.is_number.clone(),
        rows: cells
            .rows
            .iter()
            .take(ROWS)
            .map(|row| row.iter().map(|cell| plain::seen(cell.as_deref().unwrap_or_default())).collect())
            .collect(),
        more: cells.rows.len().saturating_sub(ROWS),
        failed: false,
        ..empty
    })
}
