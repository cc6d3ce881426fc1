//! The door for programs: a session for a password, and who one is. The twin for people is `pages.rs`.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::access::{Denied, Grant, Role, Viewer};
use crate::accounts::commands::{Entry, begin_session};
use crate::accounts::model::{Email, MerchantId, Person, PlaceId, SessionKind};
use crate::accounts::password::{Password, Passwords};
use crate::accounts::queries::credentials_of;
use crate::accounts::token::Token;
use crate::accounts::workplaces::Workplaces;
use crate::api::{ApiResult, Json, Problem};
use crate::base::Fault;
use crate::store::Read;
use crate::web::Site;

/// A person's address and password.
#[derive(Deserialize, ToSchema)]
pub struct SignInJson {
    email: String,
    password: String,
}

/// A session: send its token as `Authorization: Bearer TOKEN`. It holds for twelve hours.
#[derive(Serialize, ToSchema)]
pub struct SessionJson {
    token: String,
    user: UserJson,
}

/// Who one is, and what one may do where.
#[derive(Serialize, ToSchema)]
pub struct UserJson {
    email: Option<String>,
    name: Option<String>,
    roles: Vec<RoleJson>,
}

/// A role, and where it counts: the merchant and its places, or the whole city.
#[derive(Serialize, ToSchema)]
pub struct RoleJson {
    /// `till`, `manager`, `owner`, `moderator` or `operator`
    role: &'static str,
    merchant: Option<String>,
    places: Vec<String>,
}

/// Sign in
#[utoipa::path(
    post,
    path = "/api/v1/sessions",
    operation_id = "sign_in",
    request_body = SignInJson,
    responses(
        (status = 201, description = "A session", body = SessionJson),
        (status = 401, description = "`wrong-credentials`: unknown address or wrong password"),
    )
)]
pub async fn sign_in(
    State(site): State<Site>,
    Extension(passwords): Extension<Passwords>,
    Extension(workplaces): Extension<Workplaces>,
    Json(body): Json<SignInJson>,
) -> ApiResult {
    let credentials = credentials_of(&site.store.snapshot()?, &body.email)?;
    let verified = passwords.verify(credentials, Password::typed(body.password)).await?;
    let token = Token::new()?;
    let entry = Entry { token: token.hash(), kind: SessionKind::Api, replaces: None };
    let viewer = site.store.write(move |tx| begin_session(tx, &verified, &entry)).await.outcome?;
    let user = user_json(&site.store.snapshot()?, &viewer, workplaces)?;
    let session = SessionJson { token: token.as_str().to_owned(), user };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(session)).into_response())
}

/// The signed-in person
#[utoipa::path(
    get,
    path = "/api/v1/me",
    operation_id = "show_me",
    security(("bearer" = [])),
    responses((status = 200, description = "Who the token acts for", body = UserJson))
)]
pub async fn me(
    State(site): State<Site>,
    Extension(workplaces): Extension<Workplaces>,
    viewer: Viewer,
) -> ApiResult<Response> {
    let user = user_json(&site.store.snapshot()?, &viewer, workplaces)?;
    Ok(([(CACHE_CONTROL, "private, no-cache")], Json(user)).into_response())
}

fn user_json(read: &dyn Read, viewer: &Viewer, workplaces: Workplaces) -> Result<UserJson, Problem> {
    let person: &Person = viewer.person().ok_or(Denied::SignInFirst)?;
    let roles: Result<Vec<RoleJson>, Fault> =
        person.grants.iter().map(|grant| role_json(read, grant, workplaces)).collect();
    Ok(UserJson {
        email: person.email().map(Email::as_str).map(str::to_owned),
        name: person.name.as_ref().map(ToString::to_string),
        roles: roles?,
    })
}

fn role_json(read: &dyn Read, grant: &Grant, workplaces: Workplaces) -> Result<RoleJson, Fault> {
    let in_city = |role: Role| RoleJson { role: role.name(), merchant: None, places: Vec::new() };
    Ok(match grant {
        Grant::Staff { role, merchant, places } => RoleJson {
            role: Role::from(*role).name(),
            merchant: Some(merchant.to_string()),
            places: covered(read, *merchant, places, workplaces)?.iter().map(ToString::to_string).collect(),
        },
        Grant::Moderator => in_city(Role::Moderator),
        Grant::Operator => in_city(Role::Operator),
    })
}

/// The places of a grant by name, where it says "all of them" too.
fn covered(
    read: &dyn Read,
    merchant: MerchantId,
    places: &[PlaceId],
    workplaces: Workplaces,
) -> Result<Vec<PlaceId>, Fault> {
    if places.is_empty() { (workplaces.places)(read, merchant) } else { Ok(places.to_vec()) }
}
