//! Formats are data: a TOML file says what a line is and where each column comes from, carries its own samples, and compiles to a plan.

mod catalogue;
mod columns;
mod compile;
mod detect;
mod error;
mod explain;
mod memo;
mod plan;
mod reader;
mod rules;
mod samples;
mod spec;
mod time;
mod words;

#[cfg(test)]
mod contract;
#[cfg(test)]
mod embedded_formats;

use std::sync::Arc;

pub use catalogue::Catalogue;
pub use detect::{Candidate, Detection};
pub use error::FormatError;
pub use explain::Explanation;
pub use samples::{Check, Report, Step, test};

use crate::decoded::LineReader;
use error::Place;
use plan::Plan;
use spec::Spec;

/// A format ready to read lines.
#[derive(Debug)]
pub struct Format {
    spec: Spec,
    plan: Arc<Plan>,
    file: String,
    text: String,
}

impl Format {
    /// Compiles the text of a format file; `file` names it in messages. Samples are not run.
    pub fn parse(file: &str, text: &str) -> Result<Self, FormatError> {
        let spec: Spec = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
            FormatError::Toml {
                file: file.to_string(),
                line: before.matches('\n').count() + 1,
                message: error.message().trim().replace('\n', ", "),
            }
        })?;
        let place = Place { file, text };
        if weir_lake::ids::FormatId::parse(&spec.id).is_err() {
            return Err(place.bad("id", &format!("{:?}", spec.id), "1 to 64 of a-z, 0-9, '-', '_' and '.'"));
        }
        for (key, found, accepted) in [
            ("layer", &spec.layer, &["filter", "firewall", "dns", "monitor"][..]),
            ("evidence", &spec.evidence, &["real sample", "documentation", "inferred"][..]),
        ] {
            if !accepted.contains(&found.as_str()) {
                return Err(place.bad(key, &format!("{found:?}"), &accepted.join(", ")));
            }
        }
        let plan = compile::compile(&spec, &place)?;
        Ok(Self { plan: Arc::new(plan), spec, file: file.to_string(), text: text.to_string() })
    }

    /// A reader that has seen nothing yet; one a thread.
    pub fn reader(&self) -> Box<dyn LineReader> {
        Box::new(reader::Reader::new(Arc::clone(&self.plan)))
    }

    /// The id, as sources and receipts name it.
    pub fn id(&self) -> &str {
        &self.spec.id
    }

    /// The decoder's name.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn decoder(&self) -> &str {
        &self.spec.decode
    }

    /// What a person calls it.
    pub fn title(&self) -> &str {
        &self.spec.title
    }

    /// Who makes the product.
    pub fn vendor(&self) -> &str {
        &self.spec.vendor
    }

    /// The product.
    pub fn product(&self) -> &str {
        &self.spec.product
    }

    /// Version of the format file.
    pub fn version(&self) -> u32 {
        self.spec.version
    }

    /// Where the vendor documents it.
    pub fn url(&self) -> &str {
        &self.spec.url
    }

    /// Where in the path such a source stands: `filter`, `firewall`, `dns` or `monitor`.
    pub fn layer(&self) -> &str {
        &self.spec.layer
    }

    /// What the format file rests on: `real sample`, `documentation` or `inferred`.
    pub fn evidence(&self) -> &str {
        &self.spec.evidence
    }

    /// Canonical columns that make two rows of overlapping exports the same row; empty for all decoded ones.
    pub fn identity(&self) -> &[String] {
        &self.spec.identity
    }
}
