//! The operator's routes for programs. Today there is one, and only a demo has it: its clock.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::{ApiResult, Json, Problem};
use crate::base::Timestamp;
use crate::web::Site;

/// An instant.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct ClockJson {
    /// RFC 3339 with an offset
    now: String,
}

/// Move the demo's clock forward
#[utoipa::path(
    post,
    path = "/api/v1/demo/clock",
    security(("bearer" = [])),
    request_body = ClockJson,
    responses(
        (status = 200, description = "What the clock shows", body = ClockJson),
        (status = 404, description = "`not-found`: this city is real"),
        (status = 422, description = "`invalid-field`: no instant, or one in the past"),
    )
)]
pub async fn move_clock(State(site): State<Site>, Json(body): Json<ClockJson>) -> ApiResult {
    if !site.demo {
        return Err(Problem::not_found());
    }
    let wanted = Timestamp::parse(&body.now)
        .ok_or_else(|| Problem::invalid("now", "Please write an instant such as 2026-11-23T12:00:00+02:00."))?;
    if !site.clock().move_to(wanted) {
        return Err(Problem::invalid("now", "The clock only moves forward."));
    }
    Ok(Json(ClockJson { now: site.clock().now().to_string() }).into_response())
}
