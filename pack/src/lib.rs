//! The evidence pack: a frozen review as PDF, workbook, page and tables, made from its bundle and from nothing else.
//!
//! The bytes depend on the bundle and on this version of Weir: no clock, no zone, no font and no file of the machine has a part in them.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails should stop"))]

use std::time::Duration;

pub mod bundle;
mod csv;
mod error;
mod glyphs;
mod lists;
mod page;
mod pdf;
mod strip;
mod svg;
mod view;
mod words;
mod xlsx;

use bundle::Bundle;
pub use csv::{FORMULA_SIGNS, TableFile, tables};
pub use error::{BundleError, PackError};

/// A document of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// PDF/A-2a and PDF/UA-1.
    Pdf,
    /// A workbook with a sheet a block.
    Xlsx,
    /// A page in one file, without scripts.
    Html,
    /// Every table as CSV, in a zip archive.
    Csv,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 4] = [Kind::Pdf, Kind::Xlsx, Kind::Html, Kind::Csv];

    /// How its files end, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Kind::Pdf => "pdf",
            Kind::Xlsx => "xlsx",
            Kind::Html => "html",
            Kind::Csv => "zip",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Kind::Pdf => "application/pdf",
            Kind::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Kind::Html => "text/html; charset=utf-8",
            Kind::Csv => "application/zip",
        }
    }
}

/// What a PDF may take. Memory has no limit of its own: a bundle's bytes ([`bundle::MOST_BYTES`]), pages and two typesetters at a time bound it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time; then the caller gets an error, and the thread is left to end by itself.
    pub time: Duration,
    /// Pages.
    pub pages: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        // A trust of twenty schools has 250 pages and takes three seconds of a processor; a busy machine may need many times that.
        Limits { time: Duration::from_secs(60), pages: 1_500 }
    }
}

/// A table's cell as every document says it.
pub fn said(kind: bundle::ColumnKind, cell: &bundle::Cell) -> String {
    words::cell(kind, cell)
}

/// The version of Weir whose documents this crate makes.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A document's bytes: the same for the same bundle. Takes seconds for a PDF; call it where waiting is allowed.
pub fn write(bundle: &Bundle, kind: Kind, limits: Limits) -> Result<Vec<u8>, PackError> {
    let digest = bundle.digest()?;
    match kind {
        Kind::Pdf => pdf::write(view::Document::new(bundle, digest), bundle.frozen_at, limits),
        Kind::Xlsx => xlsx::write(bundle, &digest),
        Kind::Html => page::write(&view::Document::new(bundle, digest)),
        Kind::Csv => csv::write(bundle, &digest),
    }
}

/// As [`write()`], from stored bytes. Under another version of Weir than froze them ([`VERSION`], `weir_version`) the figures are the same and
/// the bytes are not.
pub fn rebuild(stored: &[u8], kind: Kind, limits: Limits) -> Result<Vec<u8>, PackError> {
    write(&Bundle::from_json(stored)?, kind, limits)
}
