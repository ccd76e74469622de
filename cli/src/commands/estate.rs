//! What most commands begin with: the estate's files, its lake and its vault.

use std::path::{Path, PathBuf};

use anyhow::Context;
use weir_lake::estate::Estate;
use weir_lake::lake::Lake;

/// The estate of `--config`, or the nearest weir.toml upwards.
pub fn load(config: Option<&Path>) -> anyhow::Result<Estate> {
    let path: PathBuf = match config {
        Some(path) => path.to_path_buf(),
        None => Estate::find(&std::env::current_dir().context("the current folder")?)?,
    };
    Ok(Estate::load(&path)?)
}

/// Its lake.
pub fn lake(estate: &Estate) -> anyhow::Result<Lake> {
    Ok(Lake::open(&estate.lake_root)?)
}
