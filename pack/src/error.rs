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
