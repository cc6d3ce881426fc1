//! One request for a page, from door to door: the layer around all pages. It refuses forged requests, hands the
//! handler what the browser brought, turns errors into pages, and gives the browser its cookies to take along.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::header::{HOST, SET_COOKIE};
use axum::http::{Extensions, HeaderMap};
use axum::middleware::Next;
use axum::response::Response;

use crate::base::Fault;
use crate::web::csrf::{CSRF_COOKIE, comes_from_here};
use crate::web::flash::{FLASH_AGE, FLASH_COOKIE};
use crate::web::form::forged;
use crate::web::{Csrf, Flash, Frame, Site, Visitor, cookies, errors};

/// What a browser brought along that pages share.
#[derive(Clone, Debug)]
pub struct Visit(Arc<Brought>);

#[derive(Debug)]
struct Brought {
    origin: String,
    csrf: Csrf,
    flash: Mutex<Option<Flash>>,
    had_flash: bool,
}

impl Visit {
    /// The visit that the layer noted, or (outside of it) one read from the headers.
    pub fn of(extensions: &Extensions, headers: &HeaderMap, site: &Site) -> Result<Visit, Fault> {
        match extensions.get::<Visit>() {
            Some(visit) => Ok(visit.clone()),
            None => Visit::read(headers, site),
        }
    }

    fn read(headers: &HeaderMap, site: &Site) -> Result<Visit, Fault> {
        let flash = Flash::brought(headers, site.tls, site.flash_key());
        let csrf = Csrf::of(headers, site.tls)?;
        let origin = origin_of(headers, site.tls);
        Ok(Visit(Arc::new(Brought { origin, csrf, had_flash: flash.is_some(), flash: Mutex::new(flash) })))
    }

    /// How the browser names this site: `https://town.example`.
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    pub fn csrf(&self) -> &Csrf {
        &self.0.csrf
    }

    /// The message to show, once.
    pub fn take_flash(&self) -> Option<Flash> {
        self.0.flash.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_flash_shown(&self) -> bool {
        self.0.had_flash && self.0.flash.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

/// The scheme and host that a request came to.
pub fn origin_of(headers: &HeaderMap, is_tls: bool) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("{}://{host}", if is_tls { "https" } else { "http" })
}

/// The layer itself; `axum::middleware::from_fn_with_state(site, visit)`.
pub async fn visit(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let visit = match Visit::read(request.headers(), &site) {
        Ok(visit) => visit,
        Err(fault) => return errors::bare(fault.into()),
    };
    let path = request.uri().path().to_owned();
    let visitor = request.extensions().get::<Visitor>().cloned().unwrap_or_default();
    let response = if comes_from_here(request.method(), request.uri(), request.headers()) {
        request.extensions_mut().insert(visit.clone());
        next.run(request).await
    } else {
        errors::bare(forged())
    };
    let frame = || Frame::new(&site, &visit, visitor, &path);
    let mut response = errors::shown(response, frame);
    take_along(&site, &visit, &mut response);
    response
}

fn take_along(site: &Site, visit: &Visit, response: &mut Response) {
    let csrf = visit.csrf().cookie_value().and_then(|value| cookies::set(CSRF_COOKIE, &value, None, site.tls));
    let flash = match response.extensions_mut().remove::<Flash>() {
        Some(flash) => cookies::set(FLASH_COOKIE, &flash.sealed(site.flash_key()), Some(FLASH_AGE), site.tls),
        None if visit.is_flash_shown() => cookies::clear(FLASH_COOKIE, site.tls),
        None => None,
    };
    for cookie in [csrf, flash].into_iter().flatten() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests;
