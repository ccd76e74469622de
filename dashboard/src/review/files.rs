//! The documents of a review: made from its bundle alone, away from the threads that answer pages.

use jiff::Timestamp;
use weir_pack::bundle::{Bundle, Replaced, Signature as Signed};
use weir_pack::{Kind, Limits, PackError};
use weir_register::records::{Frozen, FrozenFile, Round, Seat, Signature};

use super::differences::differences;
use super::nation::Nation;
use crate::words;

/// The audience of every file that is kept so far.
pub(crate) const GOVERNORS: &str = "governors";

/// The forms a review can be had in: its files', and the bundle's own.
pub(crate) fn form(name: &str) -> Option<Option<Kind>> {
    if name == "json" { Some(None) } else { Kind::ALL.into_iter().find(|kind| kind.extension() == name).map(Some) }
}

/// A document's bytes.
pub(crate) async fn file(bundle: Bundle, kind: Kind) -> Result<Vec<u8>, PackError> {
    let made = tokio::task::spawn_blocking(move || weir_pack::write(&bundle, kind, Limits::default())).await;
    made.map_err(|error| PackError::Typesetting(error.to_string()))?
}

/// Every document.
pub(crate) async fn files(bundle: &Bundle) -> Result<Vec<FrozenFile>, PackError> {
    let mut files = Vec::new();
    for kind in Kind::ALL {
        let bytes = file(bundle.clone(), kind).await?;
        files.push(FrozenFile { audience: GOVERNORS.into(), form: kind.extension().into(), bytes });
    }
    Ok(files)
}

/// A draft that says on every page what it is. Its digest is not that of what is signed.
pub(crate) fn marked(mut bundle: Bundle) -> Bundle {
    bundle.title = format!("DRAFT, not signed: {}", bundle.title);
    // Stands at the head of every page.
    bundle.body.name = format!("DRAFT, not signed: {}", bundle.body.name);
    bundle
}

/// What changed against the revision before, and which that was.
pub(crate) fn compared(mut bundle: Bundle, before: Option<(u32, &Frozen)>) -> Result<Bundle, PackError> {
    let Some((revision, frozen)) = before else { return Ok(bundle) };
    let earlier = Bundle::from_json(&frozen.bundle)?;
    bundle.differences = differences(&earlier, &bundle);
    bundle.replaces = Some(Replaced { revision, frozen_at: earlier.frozen_at, digest: frozen.digest.clone() });
    Ok(bundle)
}

/// What was being signed, with everybody's signature: the one that is given now is not in the register yet.
pub(crate) fn signed(round: &Round, last: Signature, nation: &Nation) -> Result<Bundle, PackError> {
    let mut bundle = Bundle::from_json(&round.bundle)?;
    bundle.frozen_at = second(last.at);
    let given = |seat: Seat| round.signature(seat).or(Some(&last).filter(|last| last.seat == seat));
    bundle.signatures = Seat::ALL
        .iter()
        .filter_map(|seat| given(*seat))
        .map(|signature| {
            let role = nation.says(&words::capital(signature.seat.words()));
            match &signature.why_not {
                None => Signed { name: plain(&signature.name), role, on: Some(second(signature.at)) },
                Some(why) => {
                    let role = format!("{role}: nobody signs here. {why}");
                    Signed {
                        name: plain(&format!("(says {})", signature.name)),
                        role: plain(&role),
                        on: Some(second(signature.at)),
                    }
                }
            }
        })
        .collect();
    Ok(bundle)
}

fn plain(text: &str) -> String {
    weir_pack::bundle::plain(text)
}

fn second(micros: i64) -> Timestamp {
    Timestamp::from_second(micros.div_euclid(1_000_000)).unwrap_or(Timestamp::UNIX_EPOCH)
}
