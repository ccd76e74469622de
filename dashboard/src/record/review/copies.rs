//! The copy of a review that hides nothing: for the safeguarding lead and the head, after a row of the trail.

use axum::extract::{Path, State};
use axum::response::Response;
use weir_register::Ability;

use super::ReviewHere;
use super::signed::out;
use crate::Dashboard;
use crate::error::PageError;
use crate::review::{copies, files};

/// It as a file, made anew from the figures of now.
pub(super) async fn whole(
    State(dashboard): State<Dashboard>,
    at: ReviewHere,
    Path((.., form)): Path<(String, String, String)>,
) -> Result<Response, PageError> {
    let kind = files::form(&form).ok_or(PageError::NotFound)?;
    at.by(Ability::SmallNumbers)?;
    let (schools, body) = at.known(&dashboard, super::Reader::Whole).await?;
    let number =
        schools.first().and_then(|known| known.reported.review.as_ref()?.revision()).map_or(1, |revision| revision.number);
    let bundle = copies::whole(&schools, body.as_deref(), number, at.moment()?)?;
    let bytes = match kind {
        None => bundle.to_json().map_err(|_| PageError::Failed)?,
        Some(kind) => files::file(bundle, kind).await?,
    };
    out(&at, Ability::SmallNumbers, "whole", bytes, &form, kind, "small-numbers").await
}
