//! Recognising who asks: a page's visitor by cookie, a program by its bearer token, never the other way round; and the
//! gate before each handler. Handlers take a [`Viewer`], an [`Actor`] or a [`Caller`] and parse no token themselves.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::accounts::access::{Action, Actor, Denied, Viewer};
use crate::accounts::commands::{Entry, begin_guest};
use crate::accounts::model::{SessionId, SessionKind, TokenHash};
use crate::accounts::pages::with_next;
use crate::accounts::queries::viewer_of;
use crate::accounts::refusal::Refusal;
use crate::accounts::rules::lifetime_seconds;
use crate::accounts::token::{Token, hash_token};
use crate::api::{Bearer, Problem, is_api_path};
use crate::base::Fault;
use crate::store::{Outcome, Tx};
use crate::web::{Csrf, Once, PageError, SeeOther, Site, Visit, Visitor, cookies};

/// The cookie of a session.
pub const SESSION_COOKIE: &str = "hs_session";

/// What a request was recognised by. The layer notes it; the gate and the extractors read it.
#[derive(Clone, Debug, Default)]
struct Recognised {
    viewer: Viewer,
    token: Option<TokenHash>,
}

/// `None`: the layer is not there, and everybody is nobody.
type Noted = Result<Arc<Recognised>, Fault>;

/// The layer around all routes, outside of `web::visit`; `axum::middleware::from_fn_with_state(site, recognise)`.
pub async fn recognise(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let noted: Noted = recognised(&site, request.uri(), request.headers()).map(Arc::new);
    if let Ok(recognised) = &noted {
        request.extensions_mut().insert(visitor(&recognised.viewer));
    }
    request.extensions_mut().insert(noted);
    next.run(request).await
}

fn recognised(site: &Site, uri: &Uri, headers: &HeaderMap) -> Result<Recognised, Fault> {
    let sent = match is_api_path(uri.path()) {
        true => Bearer::of(headers).0,
        false => cookies::read(headers, SESSION_COOKIE, site.tls),
    };
    let Some(token) = sent.map(|text| hash_token(&text)) else { return Ok(Recognised::default()) };
    let viewer = viewer_of(&site.store.snapshot()?, &token, site.clock().now())?;
    Ok(Recognised { viewer, token: Some(token) })
}

/// The gate before the handler of a route: whom no role of theirs lets through goes no further. What is whose is
/// decided behind it, by proofs.
pub async fn admit(who: Action, request: Request, next: Next) -> Response {
    let allowed = match noted(request.extensions()) {
        Ok(recognised) => recognised.viewer.may(who),
        Err(fault) if is_api_path(request.uri().path()) => return Problem::from(fault).into_response(),
        Err(fault) => return PageError::from(fault).into_response(),
    };
    match allowed {
        Ok(()) => next.run(request).await,
        Err(denied) => turned_away(denied, request.method(), request.uri()),
    }
}

fn noted(extensions: &Extensions) -> Noted {
    extensions.get::<Noted>().cloned().unwrap_or_else(|| Ok(Arc::default()))
}

/// Strangers are shown the door with the bell; everybody else is told.
fn turned_away(denied: Denied, method: &Method, uri: &Uri) -> Response {
    if is_api_path(uri.path()) {
        return Problem::from(denied).into_response();
    }
    match denied {
        Denied::SignInFirst => SeeOther::at(sign_in_path(method, uri)).into_response(),
        Denied::NotAllowed | Denied::NotFound => PageError::from(denied).into_response(),
    }
}

/// Where to sign in and come back from. A form that was sent can't be gone back to.
fn sign_in_path(method: &Method, uri: &Uri) -> String {
    let next = uri.path_and_query().filter(|_| method.is_safe()).map_or("", |path| path.as_str());
    with_next("/sign-in", next)
}

/// What the header of a page shows of a viewer.
fn visitor(viewer: &Viewer) -> Visitor {
    let Some(person) = viewer.person() else { return Visitor::default() };
    Visitor {
        name: person.name.as_ref().map(ToString::to_string).unwrap_or_default(),
        signed_in: !person.is_guest(),
        desk: person.may_somewhere(Action::SeeTrade),
        till: person.may_somewhere(Action::Redeem),
        console: person.may_somewhere(Action::Operate),
    }
}

impl FromRequestParts<Site> for Viewer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Site) -> Result<Viewer, Infallible> {
        Ok(noted(&parts.extensions).map(|recognised| recognised.viewer.clone()).unwrap_or_default())
    }
}

impl FromRequestParts<Site> for Actor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Actor, Response> {
        let Ok(viewer) = Viewer::from_request_parts(parts, site).await;
        let actor = viewer.actor().cloned();
        actor.ok_or_else(|| turned_away(Denied::SignInFirst, &parts.method, &parts.uri))
    }
}

/// Whoever asks, with the session that they ask by: for signing in and out, and for buying as a stranger.
#[derive(Clone, Debug)]
pub struct Caller {
    pub viewer: Viewer,
    token: Option<TokenHash>,
    csrf: Csrf,
}

impl FromRequestParts<Site> for Caller {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Caller, PageError> {
        let recognised = noted(&parts.extensions)?;
        let csrf = Visit::of(&parts.extensions, &parts.headers, site)?.csrf().clone();
        Ok(Caller { viewer: recognised.viewer.clone(), token: recognised.token, csrf })
    }
}

impl Caller {
    /// The session that the browser names, whether it still holds or not.
    pub fn token(&self) -> Option<TokenHash> {
        self.token
    }

    /// The session that signing in begins, in place of the one until now.
    pub fn entry(&self, token: &Token) -> Entry {
        Entry { token: token.hash(), kind: SessionKind::Browser, replaces: self.token }
    }

    /// Who buys by this form. A stranger becomes a guest in the transaction of the purchase, and only if it succeeds;
    /// the guest's token follows from the browser's secret and the form's key, so that a form sent twice is one guest.
    pub fn buyer(&self, once: &Once) -> Buyer {
        match &self.viewer.known {
            Some((actor, person)) if person.is_guest() => Buyer::Guest(actor.clone()),
            Some((actor, _)) => Buyer::Account(actor.clone()),
            None => Buyer::Stranger(Token::of(&self.csrf.derive("guest", once.key.as_str()))),
        }
    }
}

/// Who buys: see [`Caller::buyer`].
#[derive(Clone, Debug)]
pub enum Buyer {
    Account(Actor),
    Guest(Actor),
    Stranger(Token),
}

impl Buyer {
    /// The actor, inside the transaction of the purchase.
    pub fn actor(&self, tx: &mut Tx<'_>) -> Outcome<Actor, Refusal> {
        match self {
            Buyer::Account(actor) | Buyer::Guest(actor) => Ok(actor.clone()),
            Buyer::Stranger(token) => begin_guest(tx, &token.hash()),
        }
    }

    /// Whose idempotency keys these are; the same before and after a stranger has become a guest.
    pub fn once_actor(&self) -> [u8; 16] {
        match self {
            Buyer::Account(actor) => *actor.person.as_bytes(),
            Buyer::Guest(actor) => *actor.session.as_bytes(),
            Buyer::Stranger(token) => *SessionId::of_token(&token.hash()).as_bytes(),
        }
    }

    /// The cookie that a stranger gets with the answer.
    pub fn cookie(&self, site: &Site) -> Option<HeaderValue> {
        match self {
            Buyer::Account(_) | Buyer::Guest(_) => None,
            Buyer::Stranger(token) => session_cookie(site, token, &SessionKind::Guest),
        }
    }
}

/// The `Set-Cookie` header of a session, which lasts as long as the session does.
pub fn session_cookie(site: &Site, token: &Token, kind: &SessionKind) -> Option<HeaderValue> {
    let seconds = lifetime_seconds(kind).and_then(|seconds| u64::try_from(seconds).ok());
    cookies::set(SESSION_COOKIE, token.as_str(), seconds.map(std::time::Duration::from_secs), site.tls)
}

/// The `Set-Cookie` header that takes the session's cookie away.
pub fn no_session_cookie(site: &Site) -> Option<HeaderValue> {
    cookies::clear(SESSION_COOKIE, site.tls)
}

#[cfg(test)]
mod tests;
