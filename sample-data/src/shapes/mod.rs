//! The vendors' shapes, one file a vendor or a kin of vendors.

mod fortinet;
mod paloalto;
mod schools;
mod smoothwall;
mod sophos;

use crate::shape::{Case, Row, Shape};

/// Every vendor's shapes.
const VENDORS: [&[Shape]; 5] =
    [&fortinet::SHAPES, &paloalto::SHAPES, &schools::SHAPES, &smoothwall::SHAPES, &sophos::SHAPES];

/// Every shape.
pub(crate) fn all() -> impl Iterator<Item = &'static Shape> {
    VENDORS.into_iter().flatten()
}

/// The first word of the verdict as the status of the reply.
fn status_word(case: &Case<'_>, row: &mut Row) -> Option<String> {
    let code = case.word(0);
    row.tell("status", code.parse::<i64>().ok()?);
    Some(code.to_owned())
}

/// `HTTPS` or `HTTP`, which says the scheme.
fn service(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.tell("scheme", if case.is_https() { "https" } else { "http" });
    Some(if case.is_https() { "HTTPS" } else { "HTTP" }.to_owned())
}
