//! How much of one input was read before: all, up to where it has grown since, or, after a reopening, nothing that counts.

use std::io::Read;

use weir_lake::ids::FileId;

use super::error::IngestError;
use super::known::{HEAD_BYTES, Known, ReadBefore};
use super::run::Run;
use crate::input::{self, Input, InputError};

impl Run<'_> {
    pub(super) fn follow(&self, input: &Input, known: &Known, beginning: &[u8]) -> Result<Option<ReadBefore>, IngestError> {
        let mut opened = input::open(input, self.options.limits)?;
        let head = beginning.get(..HEAD_BYTES).unwrap_or(beginning);
        let followed = known.follow(&mut opened.reader, head).map_err(|error| InputError::of(&input.label(), error))?;
        Ok(followed)
    }

    /// Segments of this file that a reopening marked, where it is read from its beginning again.
    pub(super) fn read_again(
        &self,
        input: &Input,
        known: &Known,
        beginning: &[u8],
        before: Option<&ReadBefore>,
    ) -> Result<Vec<FileId>, IngestError> {
        let head = beginning.get(..HEAD_BYTES).unwrap_or(beginning);
        let Some(reopened) = known.reopened().filter(|reopened| before.is_none() && reopened.may_know(head)) else {
            return Ok(Vec::new());
        };
        let mut opened = input::open(input, self.options.limits)?;
        let followed = reopened.follow_by_segments(&mut opened.reader, head);
        let followed = followed.map_err(|error| InputError::of(&input.label(), error))?;
        Ok(followed.map_or_else(Vec::new, |(_, segments)| segments))
    }

    pub(super) fn has_more(&self, input: &Input, before: &ReadBefore) -> Result<bool, IngestError> {
        let mut opened = self.skipped(input, before.bytes)?;
        let mut one = Vec::with_capacity(1);
        opened.reader.by_ref().take(1).read_to_end(&mut one).map_err(|error| InputError::of(&input.label(), error))?;
        Ok(!one.is_empty())
    }
}
