//! The files that pages use, embedded and compressed at build, under names that change with their content.

use axum::extract::{Path, Request};
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::web::{PageError, PageResult};

/// One embedded file.
#[derive(Debug)]
pub struct Asset {
    /// Its path in `assets/`.
    pub name: &'static str,
    /// `/assets/` and its name with the hash of its content.
    pub url: &'static str,
    etag: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Its name never means other bytes: a year, unasked.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const A_DAY: &str = "public, max-age=86400";

const ROBOTS: &str = "User-agent: *\n\
    Disallow: /api/\nDisallow: /me\nDisallow: /desk\nDisallow: /till\nDisallow: /console\n\
    Disallow: /sign-in\nDisallow: /sign-up\n";

/// The URL of a file by its path in `assets/`. A name that is not embedded gives a URL that answers 404, and
/// `every_asset_named_in_the_sources_is_embedded` fails.
pub fn url(name: &str) -> &'static str {
    find(|asset| asset.name == name).map_or("/assets/missing", |asset| asset.url)
}

/// `GET /assets/{*name}`
pub async fn serve(Path(name): Path<String>, request: Request) -> PageResult {
    let wanted = |asset: &Asset| asset.url.strip_prefix("/assets/") == Some(name.as_str());
    let asset = find(wanted).ok_or_else(PageError::not_found)?;
    Ok(answer(asset, request.headers(), FOR_EVER))
}

/// `GET /favicon.ico`, for browsers that ask without having read the page.
pub async fn favicon(request: Request) -> PageResult {
    let icon = find(|asset| asset.name == "img/favicon.svg").ok_or_else(PageError::not_found)?;
    Ok(answer(icon, request.headers(), A_DAY))
}

/// `GET /robots.txt`
pub async fn robots() -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, A_DAY)], ROBOTS).into_response()
}

fn find(wanted: impl Fn(&Asset) -> bool) -> Option<&'static Asset> {
    EMBEDDED.iter().find(|asset| wanted(asset))
}

fn answer(asset: &Asset, asked: &HeaderMap, caching: &'static str) -> Response {
    let (bytes, encoding) = chosen(asset, asked);
    let is_known = asked.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).is_some_and(|tags| {
        tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == asset.etag || tag.trim() == "*")
    });
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { bytes.into_response() };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(ETAG, HeaderValue::from_static(asset.etag));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if !is_known {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind(asset.name)));
        if let Some(encoding) = encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
    }
    response
}

/// The smallest form that the browser takes.
fn chosen(asset: &Asset, asked: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
    let accepted = asked.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let forms = [(asset.brotli, "br"), (asset.gzip, "gzip")];
    forms
        .into_iter()
        .find_map(|(bytes, name)| Some((bytes.filter(|_| accepts(accepted, name))?, Some(name))))
        .unwrap_or((asset.plain, None))
}

/// Whether `Accept-Encoding` lists a coding with a quality other than zero.
fn accepts(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let is_zero = parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32)));
        is_named && !is_zero
    })
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "jpg" | "jpeg" => "image/jpeg",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Asset = Asset {
        name: "css/a.css",
        url: "/assets/css/a-0.css",
        etag: "\"0\"",
        plain: b"plain",
        brotli: Some(b"br"),
        gzip: Some(b"gz"),
    };

    fn headers(pairs: &[(axum::http::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_smallest_accepted_form_is_sent() {
        let sent = |accepted: &'static str| chosen(&FILE, &headers(&[(ACCEPT_ENCODING, accepted)])).1;
        assert_eq!(sent("gzip, deflate, br"), Some("br"));
        assert_eq!(sent("gzip;q=0.5"), Some("gzip"));
        assert_eq!(sent("br;q=0, GZIP"), Some("gzip"));
        assert_eq!(sent("br;q=0.0"), None);
        assert_eq!(sent("brotli"), None);
        assert_eq!(chosen(&FILE, &HeaderMap::new()), (b"plain".as_slice(), None));
    }

    #[test]
    fn what_the_browser_has_is_not_sent_again() {
        for tag in ["\"0\"", "W/\"0\"", "\"1\", \"0\"", "*"] {
            let asked = headers(&[(IF_NONE_MATCH, tag)]);
            assert_eq!(answer(&FILE, &asked, FOR_EVER).status(), 304, "{tag}");
        }
        let response = answer(&FILE, &headers(&[(IF_NONE_MATCH, "\"1\"")]), FOR_EVER);
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[CACHE_CONTROL], FOR_EVER);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/css; charset=utf-8");
    }

    #[test]
    fn every_asset_named_in_the_sources_is_embedded() {
        let frame = include_str!("frame.rs");
        let names: Vec<&str> =
            frame.split("assets::url(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(names.len() >= 3, "{names:?}");
        for name in names {
            assert_ne!(url(name), "/assets/missing", "{name}");
        }
    }

    #[test]
    fn every_embedded_file_has_a_type_and_a_hashed_name() {
        for asset in EMBEDDED {
            assert_ne!(kind(asset.name), "application/octet-stream", "{}", asset.name);
            assert_eq!(url(asset.name), asset.url);
            assert!(!asset.name.starts_with("demo") && !asset.name.starts_with("licences"), "{}", asset.name);
        }
        assert_eq!(url("no/such.css"), "/assets/missing");
    }
}
