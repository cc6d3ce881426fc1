//! What every page has around its content: the values of `templates/layout/page.html`.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::web::{Csrf, Flash, FreshKey, PageError, Site, Visit, assets};

/// Who looks at the page, as far as the header needs to know. Put into the request's extensions by whoever resolves
/// the session; without it the page is for a stranger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visitor {
    pub name: String,
    pub signed_in: bool,
    pub desk: bool,
    pub till: bool,
    pub console: bool,
}

/// The frame of one page. A handler takes it as an argument, names the page and hands it to its template.
#[derive(Clone, Debug)]
pub struct Frame {
    pub title: String,
    pub description: String,
    /// The path that search engines shall know this page by.
    pub canonical: String,
    /// Whether search engines shall know this page at all.
    pub is_public: bool,
    /// `https://town.example`, in front of the path.
    pub origin: String,
    pub city: String,
    pub lang: &'static str,
    /// The active entry of the navigation; empty for none.
    pub tab: &'static str,
    pub visitor: Visitor,
    pub flash: Option<Flash>,
    /// Prints a token for one form.
    pub csrf: Csrf,
    /// Prints a new idempotency key each time.
    pub key: FreshKey,
    pub css: &'static str,
    pub js: &'static str,
    pub sprite: &'static str,
    /// What stands in the search field.
    pub query: String,
    /// The licence line of the data shown; empty if there is none to name.
    pub attribution: String,
    pub demo: bool,
}

impl Frame {
    pub fn new(site: &Site, visit: &Visit, visitor: Visitor, path: &str) -> Frame {
        let settings = site.settings();
        Frame {
            title: settings.city.clone(),
            description: String::new(),
            canonical: path.to_owned(),
            is_public: false,
            origin: visit.origin().to_owned(),
            city: settings.city.clone(),
            lang: "en",
            tab: "",
            visitor,
            flash: visit.take_flash(),
            csrf: visit.csrf().clone(),
            key: FreshKey,
            css: assets::url("css/highstreet.css"),
            js: assets::url("js/highstreet.js"),
            sprite: assets::url("icons/sprite.svg"),
            query: String::new(),
            attribution: settings.attribution.clone(),
            demo: site.demo,
        }
    }

    pub fn titled(self, title: impl Into<String>) -> Frame {
        Frame { title: title.into(), ..self }
    }

    pub fn described(self, description: impl Into<String>) -> Frame {
        Frame { description: description.into(), ..self }
    }

    pub fn canonical(self, path: impl Into<String>) -> Frame {
        Frame { canonical: path.into(), ..self }
    }

    /// A page that search engines shall know, by this path.
    pub fn public(self, path: impl Into<String>) -> Frame {
        Frame { is_public: true, ..self.canonical(path) }
    }

    pub fn tab(self, tab: &'static str) -> Frame {
        Frame { tab, ..self }
    }

    pub fn query(self, query: impl Into<String>) -> Frame {
        Frame { query: query.into(), ..self }
    }
}

impl FromRequestParts<Site> for Frame {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Frame, PageError> {
        let visit = Visit::of(&parts.extensions, &parts.headers, site)?;
        let Ok(visitor) = Visitor::from_request_parts(parts, site).await;
        Ok(Frame::new(site, &visit, visitor, parts.uri.path()))
    }
}

impl FromRequestParts<Site> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Site) -> Result<Visitor, Infallible> {
        Ok(parts.extensions.get::<Visitor>().cloned().unwrap_or_default())
    }
}
