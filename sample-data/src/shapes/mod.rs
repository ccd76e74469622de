//! The vendors' shapes, one file a vendor or a kin of vendors.

mod barracuda;
mod bluecoat;
mod checkpoint;
mod cisco;
mod cloud;
mod dns;
mod firewalls;
mod forcepoint;
mod fortinet;
mod gateways;
mod juniper;
mod monitors;
mod paloalto;
mod routers;
mod schools;
mod smoothwall;
mod sonicwall;
mod sophos;
mod squid;
mod zscaler;

use crate::shape::{Case, Row, Shape, V};

/// Every vendor's shapes.
static VENDORS: &[&[Shape]] = &[
    &barracuda::SHAPES,
    &bluecoat::SHAPES,
    &checkpoint::SHAPES,
    &juniper::SHAPES,
    &sonicwall::SHAPES,
    &cisco::SHAPES,
    &cloud::SHAPES,
    &dns::SHAPES,
    &firewalls::SHAPES,
    &forcepoint::SHAPES,
    &fortinet::SHAPES,
    &gateways::SHAPES,
    &monitors::SHAPES,
    &paloalto::SHAPES,
    &routers::SHAPES,
    &schools::SHAPES,
    &smoothwall::SHAPES,
    &sophos::SHAPES,
    &squid::SHAPES,
    &zscaler::SHAPES,
];

/// Every shape.
pub(crate) fn all() -> impl Iterator<Item = &'static Shape> {
    VENDORS.iter().copied().flatten()
}

/// `HTTPS` or `HTTP`, which says the scheme.
fn service(case: &Case<'_>, row: &mut Row) -> Option<String> {
    row.tell("scheme", if case.is_https() { "https" } else { "http" });
    Some(if case.is_https() { "HTTPS" } else { "HTTP" }.to_owned())
}

/// Nothing, where only the literal text before it matters.
const END: V = V::Lit("");

/// Names that most vendors share, and one of a school's own.
const WORDS: &[(&str, &str, &str)] =
    &[("Gambling", "", "gambling"), ("Social Networking", "", "social_media"), ("Games", "", "games"), ("Clwb Brecwast", "", "")];
