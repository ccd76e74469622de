//! The description of the interface (OpenAPI 3.1), made from the same types as the answers.

use std::collections::BTreeMap;

use utoipa::openapi::path::Operation;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, RefOr};
use utoipa::{OpenApi as _, PartialSchema as _};

use super::problem::Problem;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Weir",
        description = "Published figures of schools and their register in numbers, read only. Every answer is for the schools and roles of the token's owner. Errors are problem details (RFC 9457).",
        version = "1"
    ),
    paths(super::schools, super::figures, super::register),
    components(schemas(super::problem::Problem))
)]
struct Described;

/// What every address may refuse with.
const REFUSALS: [(&str, &str); 5] = [
    ("401", "No token, or one that does not work"),
    ("403", "The owner's role does not include this"),
    ("404", "No such school or year for the owner"),
    ("429", "Too many requests; wait as Retry-After says"),
    ("503", "Busy; try again in a minute"),
];

/// The description.
pub(super) fn description() -> OpenApi {
    let mut described = Described::openapi();
    let scheme =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A token made on one's account page")).build();
    if let Some(components) = described.components.as_mut() {
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
    for item in described.paths.paths.values_mut() {
        if let Some(operation) = item.get.as_mut() {
            refuses(operation);
        }
    }
    described
}

fn refuses(operation: &mut Operation) {
    let known: BTreeMap<String, RefOr<Response>> = REFUSALS
        .into_iter()
        .map(|(status, words)| {
            let content = Content::builder().schema(Some(Problem::schema())).build();
            let response = ResponseBuilder::new().description(words).content("application/problem+json", content).build();
            (status.to_owned(), response.into())
        })
        .collect();
    operation.responses.responses.extend(known);
}
