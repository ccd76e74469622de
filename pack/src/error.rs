//! What can go wrong, each with where and the mend.

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It is no JSON of a bundle.
    #[error("this is no bundle of a review: {0}")]
    Json(#[source] serde_json::Error),
    /// It was written by another layout's Weir.
    #[error("the bundle has layout {found}, this Weir knows {known}; use the Weir that froze it")]
    Format {
        /// What it says.
        found: u32,
        /// What is known.
        known: u32,
    },
    /// The bytes are not as they were frozen.
    #[error("the bundle's bytes are not as Weir writes them: it was changed since it was frozen, or by a newer Weir")]
    NotCanonical,
    /// It is larger than a document can be made from.
    #[error("the bundle has {bytes} bytes, at most {most} are taken")]
    TooLarge {
        /// What it has.
        bytes: usize,
        /// What it may have.
        most: usize,
    },
    /// A part of it can't be shown.
    #[error("{at}: {what}")]
    Refused {
        /// Which part.
        at: String,
        /// What is wrong with it.
        what: String,
    },
}

/// Why a document was not made.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// It took longer than allowed.
    #[error("the PDF was not done after {seconds} seconds")]
    TooLong {
        /// What was allowed.
        seconds: u64,
    },
    /// As many as may run are running.
    #[error("{most} PDFs are being made already; try again in a minute")]
    Busy {
        /// How many may.
        most: usize,
    },
    /// It has more pages than allowed.
    #[error("the PDF has {pages} pages, at most {most} are made; use the workbook or the tables")]
    TooManyPages {
        /// What it has.
        pages: usize,
        /// What it may have.
        most: usize,
    },
    /// The typesetter refused; a defect of Weir's.
    #[error("the PDF can't be set: {0}")]
    Typesetting(String),
    /// The page's template refused; a defect of Weir's.
    #[error("the page can't be made: {0}")]
    Page(#[from] askama::Error),
    /// The workbook can't hold it.
    #[error("the workbook can't be made: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// A sheet or a cell can't hold it.
    #[error("the workbook can't hold {what}; use the tables")]
    TooMuch {
        /// What.
        what: String,
    },
    /// The archive of tables can't be made.
    #[error("the tables can't be packed: {0}")]
    Archive(#[from] zip::result::ZipError),
    /// Bytes can't be kept in memory.
    #[error("the tables can't be packed: {0}")]
    Memory(#[from] std::io::Error),
}
