//! The OpenAPI 3.1 document: every described row of the table of routes, made once.

use std::sync::LazyLock;

use axum::Json;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Info, OpenApi, OpenApiBuilder, Server};

use crate::routes;

static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(document);

/// `GET /api/v1/openapi.json`
pub async fn openapi() -> Response {
    Json(&*DOCUMENT).into_response()
}

fn document() -> OpenApi {
    let (paths, mut components) = routes::described();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let mut info = Info::new("Highstreet", env!("CARGO_PKG_VERSION"));
    info.description = Some("A town's own high street: places, deals, vouchers, reviews.".to_owned());
    OpenApiBuilder::new().info(info).servers(Some([Server::new("/")])).paths(paths).components(Some(components)).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_api_route_stands_in_the_document() {
        let document = serde_json::to_value(&*DOCUMENT).unwrap();
        for route in routes::routes().iter().filter(|route| route.is_api()) {
            let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
            assert!(operation.is_object(), "{} {} is not described", route.method, route.path);
        }
    }

    #[test]
    fn it_is_openapi_3_1() {
        let document = serde_json::to_value(&*DOCUMENT).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    }
}
