//! The OpenAPI 3.1 document: every described row of the table of routes, made once.

use std::sync::LazyLock;

use axum::Json;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::Paths;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Info, OpenApi, OpenApiBuilder, Ref, RefOr, Response as Answer, Server};
use utoipa::{PartialSchema, ToSchema};

use crate::api::ProblemMembers;
use crate::routes;

/// The media type of a problem.
const PROBLEM: &str = "application/problem+json";

static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(document);

/// `GET /api/v1/openapi.json`
pub async fn openapi() -> Response {
    Json(&*DOCUMENT).into_response()
}

fn document() -> OpenApi {
    let (mut paths, mut components) = routes::described();
    tell_of_problems(&mut paths);
    components.schemas.insert(ProblemMembers::name().into_owned(), ProblemMembers::schema());
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let mut info = Info::new("Highstreet", env!("CARGO_PKG_VERSION"));
    info.description = Some("A town's own high street: places, deals, vouchers, reviews.".to_owned());
    OpenApiBuilder::new().info(info).servers(Some([Server::new("/")])).paths(paths).components(Some(components)).build()
}

/// Whatever is not as asked for is a problem, everywhere: what a route names, and what any may answer.
fn tell_of_problems(paths: &mut Paths) {
    let schema = || Ref::from_schema_name(ProblemMembers::name());
    let problem = || RefOr::T(ContentBuilder::new().schema(Some(schema())).build());
    let operations = paths.paths.values_mut().flat_map(|item| [item.get.as_mut(), item.post.as_mut()]).flatten();
    for operation in operations {
        let mut any = Answer::new("Any other refusal or fault");
        any.content.insert(PROBLEM.to_owned(), problem());
        let responses = &mut operation.responses.responses;
        for (status, response) in responses.iter_mut() {
            if let (RefOr::T(response), true) = (response, status.starts_with(['4', '5'])) {
                response.content.insert(PROBLEM.to_owned(), problem());
            }
        }
        responses.insert("default".to_owned(), any.into());
    }
}

#[cfg(test)]
mod tests;
