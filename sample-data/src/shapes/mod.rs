//! The vendors' shapes, one file a vendor or a kin of vendors.

mod arista;
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

use crate::shape::{Case, Field, Record, Row, Shape, V, Verdict};

/// Every vendor's shapes.
static VENDORS: &[&[Shape]] = &[
    &arista::SHAPES,
    &barracuda::SHAPES,
    &bluecoat::SHAPES,
    &checkpoint::SHAPES,
    &cisco::SHAPES,
    &cloud::SHAPES,
    &dns::SHAPES,
    &firewalls::SHAPES,
    &forcepoint::SHAPES,
    &fortinet::SHAPES,
    &gateways::SHAPES,
    &juniper::SHAPES,
    &monitors::SHAPES,
    &paloalto::SHAPES,
    &routers::SHAPES,
    &schools::SHAPES,
    &smoothwall::SHAPES,
    &sonicwall::SHAPES,
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

/// A line that a relay passed on, under a header of its own.
const fn relayed(shape: Shape, head: &'static [Field]) -> Shape {
    Shape { head, ..shape }
}

/// What most relays put before a line.
const RELAY: &[Field] = &[("<134>", V::Local("%b %e %H:%M:%S")), (" relay-1 ", V::Nil)];

/// What a program's lines have before them.
const PROGRAM: &[Field] = &[("<30>", V::Local("%b %e %H:%M:%S")), (" proxy-1 filter[2101]: ", V::Nil)];

/// The newer header, with its time in UTC.
const NEWER: &[Field] = &[("<189>1 ", V::Utc("%Y-%m-%dT%H:%M:%SZ")), (" gate-1 - - - - ", V::Nil)];

/// One kind of record.
const fn one(kind: &'static str, verdicts: &'static [Verdict], fields: &'static [Field]) -> Record {
    Record { weight: 1, kind, verdicts, fields }
}

/// The same, so many of all.
const fn share(record: Record, weight: usize) -> Record {
    Record { weight, ..record }
}
