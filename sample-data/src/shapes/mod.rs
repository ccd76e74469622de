//! The vendors' shapes, one file a vendor or a kin of vendors.

mod cisco;
mod fortinet;
mod paloalto;
mod schools;
mod smoothwall;
mod sophos;
mod squid;

use crate::shape::{Case, Row, Shape};

/// Every vendor's shapes.
const VENDORS: [&[Shape]; 7] =
    [&cisco::SHAPES, &fortinet::SHAPES, &paloalto::SHAPES, &schools::SHAPES, &smoothwall::SHAPES, &sophos::SHAPES, &squid::SHAPES];

/// Every shape.
pub(crate) fn all() -> impl Iterator<Item = &'static Shape> {
    VENDORS.into_iter().flatten()
}

/// `HTTPS` or `HTTP`, which says the scheme.
fn service(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.tell("scheme", if case.is_https() { "https" } else { "http" });
    Some(if case.is_https() { "HTTPS" } else { "HTTP" }.to_owned())
}
