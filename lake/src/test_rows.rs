//! Rows made for tests: a batch of events from (school, date, time), and receipts that add up.

use std::collections::BTreeMap;

use crate::batch::{DictColumn, EventBatch, NULL_ID, NumberColumn};
use crate::ids::{FileId, FormatId, RunId, SchoolId, SourceId};
use crate::lake::{Change, ChangeKind, Receipt};

pub(crate) const FILE: &str = "aa00000000000000000000000000000000000000000000000000000000000000";

fn push(column: &mut DictColumn, value: Option<&str>) {
    let id = value.map_or(NULL_ID, |value| column.strings.intern(value.as_bytes()));
    column.ids.push(id);
}

/// A batch of events, all of input file [`FILE`].
pub(crate) fn batch_of(rows: &[(&str, i32, i64)]) -> EventBatch {
    batch_from(rows, FILE)
}

/// A batch of events of an input file. Row 1 of three has none of the values that may be missing.
pub(crate) fn batch_from(rows: &[(&str, i32, i64)], file: &str) -> EventBatch {
    let mut batch = EventBatch::default();
    for (at, (school, date, time)) in rows.iter().enumerate() {
        let full = at % 3 != 2;
        let some = |value: &'static str| full.then_some(value);
        batch.event_time.push(*time);
        batch.event_date.push(*date);
        push(&mut batch.school_id, Some(school));
        push(&mut batch.source_id, Some("gate"));
        push(&mut batch.format_id, Some("larkfilter-csv"));
        push(&mut batch.kind, Some("web"));
        push(&mut batch.action, some("blocked"));
        push(&mut batch.user_key, some("k1-00112233445566778899aabbccddeeff"));
        push(&mut batch.user_type, Some("pupil"));
        for column in [
            &mut batch.year_group,
            &mut batch.user_group,
            &mut batch.profile,
            &mut batch.rule,
            &mut batch.device_key,
            &mut batch.src_ip,
            &mut batch.method,
            &mut batch.scheme,
            &mut batch.domain,
            &mut batch.content_type,
            &mut batch.referrer_domain,
            &mut batch.app,
            &mut batch.vendor_category,
            &mut batch.category,
            &mut batch.theme,
            &mut batch.risk_area,
            &mut batch.search_engine,
            &mut batch.concern_id,
        ] {
            push(column, some("x"));
        }
        push(&mut batch.host, full.then(|| format!("h{at}.example")).as_deref());
        push(&mut batch.other_themes, if at == 2 { Some("gambling;violence") } else { None });
        push(&mut batch.file_id, Some(file));
        batch.url_path.push(full.then(|| format!("/{at}")).as_ref().map(String::as_bytes));
        batch.url_query.push(None);
        batch.search_term.push(None);
        let numbers: [&mut NumberColumn; 4] =
            [&mut batch.status, &mut batch.bytes_in, &mut batch.bytes_out, &mut batch.concern_severity];
        for number in numbers {
            number.push(full.then_some(3));
        }
        batch.tls_inspected.push(if full { (at % 2) as u8 } else { 2 });
        batch.help_seeking.push(false);
        batch.furniture.push(full);
        batch.line_no.push(at as i64 + 1);
    }
    batch
}

pub(crate) fn run() -> RunId {
    RunId::parse("run-1").unwrap()
}

/// A change that does nothing yet.
pub(crate) fn change(base: u64) -> Change {
    Change::new(ChangeKind::Ingest, run(), base)
}

/// The receipt of a file with so many events.
pub(crate) fn receipt(file: &str, events: u64, times: (i64, i64)) -> Receipt {
    Receipt {
        file_id: FileId::parse(file).unwrap(),
        head_id: FileId::parse(file).unwrap(),
        byte_from: 0,
        byte_to: 100,
        line_from: 0,
        path: String::from("inbox/day.csv"),
        school_id: Some(SchoolId::parse("ash").unwrap()),
        source_id: SourceId::parse("gate").unwrap(),
        format_id: FormatId::parse("larkfilter-csv").unwrap(),
        format_version: 2,
        lines: events + 3,
        events,
        admin_events: 0,
        ignored: BTreeMap::from([(String::from("comment"), 2), (String::from("blank"), 1)]),
        quarantined: 0,
        first_event_time: Some(times.0),
        last_event_time: Some(times.1),
        run_id: run(),
        received_at: 1_793_872_800_000_000,
        revision: 1,
        lake_version: 0,
    }
}
