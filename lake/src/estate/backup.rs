//! `[backup]` of weir.toml: the folder into which a night copies the register, and how many copies stay there.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::places::is_inside;
use super::settings::Place;
use super::table::Problems;

/// Copies that are kept where nothing is said: four weeks of nights.
const KEPT: u32 = 28;

/// Where copies of the register go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The folder; each copy is a folder of its own in it.
    pub to: PathBuf,
    /// How many copies stay.
    pub keep: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawBackup {
    to: Spanned<PathBuf>,
    keep: Option<Spanned<u32>>,
}

/// Checks the section; none where something in it is wrong.
pub(crate) fn check(raw: RawBackup, home: &Path, lake_root: &Path, place: &Place<'_>, problems: &mut Problems) -> Option<Backup> {
    let before = problems.0.len();
    let to = home.join(raw.to.get_ref());
    if is_inside(&to, lake_root) {
        let what = "lies inside the lake; people's accounts must stay outside it: choose another folder";
        place.refuse(&raw.to, "backup.to", what, problems);
    }
    // A year of nights: people who left must not stay in copies for longer.
    if let Some(keep) = raw.keep.as_ref().filter(|keep| !(1..=366).contains(keep.get_ref())) {
        place.refuse(keep, "backup.keep", format!("found {}; use 1 to 366", keep.get_ref()), problems);
    }
    (problems.0.len() == before).then(|| Backup { to, keep: raw.keep.map_or(KEPT, Spanned::into_inner) })
}
