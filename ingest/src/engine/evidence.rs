//! Counts what a batch's rows have to show, for the report on what a source gives.

use std::ops::Range;

use weir_lake::batch::{DictColumn, EventBatch, NULL_ID};

use crate::report::Evidence;

/// Adds the rows of `range`.
pub(crate) fn count(batch: &EventBatch, range: Range<usize>, evidence: &mut Evidence) {
    let is = |column: &DictColumn, wanted: &[&str]| -> Vec<bool> {
        (0..column.strings.len() as u32).map(|id| wanted.iter().any(|text| text.as_bytes() == column.strings.get(id))).collect()
    };
    let held = |flags: &[bool], id: u32| id != NULL_ID && flags.get(id as usize).copied().unwrap_or(false);
    let (no_decision, web) = (is(&batch.kind, &["concern", "flow"]), is(&batch.kind, &["web"]));
    let (https, allowed) = (is(&batch.scheme, &["https"]), is(&batch.action, &["allowed"]));
    for row in range {
        if held(&no_decision, batch.kind.ids[row]) {
            continue;
        }
        let has = |column: &DictColumn| u64::from(column.ids[row] != NULL_ID);
        let is_web = held(&web, batch.kind.ids[row]);
        let is_https = is_web && held(&https, batch.scheme.ids[row]);
        evidence.decisions += 1;
        evidence.identified += has(&batch.user_key);
        evidence.web += u64::from(is_web);
        evidence.https += u64::from(is_https);
        evidence.https_with_path += u64::from(is_https && batch.url_path.valid[row]);
        evidence.allowed += u64::from(held(&allowed, batch.action.ids[row]));
        evidence.vendor_categorised += has(&batch.vendor_category);
        evidence.categorised += has(&batch.category);
        evidence.searches += u64::from(batch.search_term.valid[row]);
    }
}
