//! Formats are data: a TOML file says what a line is and where each column comes from, carries its own samples, and compiles to a plan.

mod catalogue;
mod columns;
mod compile;
mod detect;
pub mod draft;
mod error;
mod explain;
mod gives;
mod groups;
mod nearly;
mod plan;
mod reader;
mod repeats;
mod rules;
mod samples;
mod spec;
mod time;
mod words;

#[cfg(test)]
mod contract;
#[cfg(test)]
mod embedded_formats;
#[cfg(test)]
mod published_schema;
#[cfg(test)]
mod vendor_docs;

use std::sync::Arc;

pub use catalogue::Catalogue;
pub use detect::{Candidate, Detection, Mixed};
pub use error::FormatError;
pub use explain::Explanation;
pub use nearly::{Lacks, Nearly};
pub use samples::{Check, Report, Step, Why, test};

use crate::decoded::{Field, LineReader};
use error::Place;
use plan::Plan;
pub use spec::Mends;
use spec::Spec;

/// A format ready to read lines.
#[derive(Debug, Clone)]
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
            ("logs", &spec.logs, &["all", "blocked"][..]),
        ] {
            if !accepted.contains(&found.as_str()) {
                return Err(place.bad(key, &format!("{found:?}"), &accepted.join(", ")));
            }
        }
        let plan = compile::compile(&spec, &place)?;
        Ok(Self { plan: Arc::new(plan), spec, file: file.to_string(), text: text.to_string() })
    }

    /// The same for a file of which a person says that it is one: fields that only tell the format from others are not asked for.
    pub(crate) fn as_named(self: &Arc<Self>) -> Arc<Self> {
        if self.plan.tells_apart.is_empty() {
            return Arc::clone(self);
        }
        let mut plan = Plan::clone(&self.plan);
        plan.required.retain(|field| !self.plan.tells_apart.contains(field));
        Arc::new(Self { plan: Arc::new(plan), ..Self::clone(self) })
    }

    /// A reader that has seen nothing yet; one a thread.
    pub fn reader(&self) -> Box<dyn LineReader> {
        self.reader_of(false)
    }

    /// The same for a source that may keep firewall sessions without a host (`keep_flows` in weir.toml): they are events of kind
    /// `flow` then, instead of lines ignored as `flow`.
    pub fn reader_of(&self, keep_flows: bool) -> Box<dyn LineReader> {
        Box::new(reader::Reader::new(Arc::clone(&self.plan), keep_flows))
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

    /// The taxonomy that knows this format's categories, where it is not the vendor's by name.
    pub fn taxonomy(&self) -> Option<&str> {
        self.spec.taxonomy.as_deref()
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

    /// Rows at which the vendor's portal cuts an export without a word, header apart.
    pub fn row_cap(&self) -> Option<u64> {
        self.spec.row_cap
    }

    /// Whether an export is one person's, who may not be named in it.
    pub fn is_of_one_person(&self) -> bool {
        self.spec.one_person
    }

    /// The product's own settings for what its log may not show.
    pub fn mends(&self) -> &Mends {
        &self.spec.mends
    }

    /// Where in the path such a source stands: `filter`, `firewall`, `dns` or `monitor`.
    pub fn layer(&self) -> &str {
        &self.spec.layer
    }

    /// What the format file rests on: `real sample`, `documentation` or `inferred`.
    pub fn evidence(&self) -> &str {
        &self.spec.evidence
    }

    /// Whether the format fills a column from its lines.
    pub(crate) fn gives(&self, field: Field) -> bool {
        let plan = &self.plan;
        [&plan.who.columns, &plan.what.columns, &plan.columns].into_iter().flatten().any(|(given, _)| *given == field)
    }

    /// Canonical columns that make two rows of overlapping exports the same row; empty for all decoded ones.
    pub fn identity(&self) -> &[String] {
        &self.spec.identity
    }
}
