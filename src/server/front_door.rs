//! The strict front door: refuses what hyper lets pass, and hands the router whole requests only.
//!
//! A body is read to its end before any handler sees the request, so that one which breaks off has no effect.

use std::convert::Infallible;
use std::net::Ipv6Addr;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, HOST};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use tower::ServiceExt;

use crate::api::{Problem, is_api_path};
use crate::server::Limits;
use crate::server::heads::Malformed;
use crate::server::wire::Verdict;
use crate::web::{Peer, Site, security_headers};

/// Stands between the connections and the router.
#[derive(Clone)]
pub struct FrontDoor {
    router: Router,
    site: Site,
    limits: Limits,
}

/// Why a request is not let in: the status, and a sentence for whoever wrote the client.
type TurnedAway = (StatusCode, &'static str);

impl FrontDoor {
    pub fn new(router: Router, site: Site, limits: Limits) -> FrontDoor {
        FrontDoor { router, site, limits }
    }

    pub(in crate::server) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(in crate::server) fn site(&self) -> &Site {
        &self.site
    }

    pub(in crate::server) async fn answer(
        self,
        request: Request<Incoming>,
        peer: Peer,
        verdict: Verdict,
    ) -> Result<Response, Infallible> {
        let is_api = is_api_path(request.uri().path());
        Ok(match self.admitted(request, peer, &verdict).await {
            Ok(request) => self.router.oneshot(request).await?,
            Err(turned_away) => self.turn_away(turned_away, is_api),
        })
    }

    async fn admitted(
        &self,
        request: Request<Incoming>,
        peer: Peer,
        verdict: &Verdict,
    ) -> Result<Request<Body>, TurnedAway> {
        match verdict.get() {
            Some(Malformed::UriTooLong) => return Err(URI_TOO_LONG),
            Some(Malformed::Framing) => return Err((StatusCode::BAD_REQUEST, "The length of the body is ambiguous.")),
            None => {}
        }
        let (mut parts, body) = request.into_parts();
        self.check(&mut parts)?;
        parts.extensions.insert(peer);
        let body = self.whole(&parts.headers, body).await?;
        Ok(Request::from_parts(parts, Body::from(body)))
    }

    fn check(&self, parts: &mut Parts) -> Result<(), TurnedAway> {
        if parts.method == Method::CONNECT || parts.method == Method::TRACE {
            return Err((StatusCode::METHOD_NOT_ALLOWED, "CONNECT and TRACE are not served here."));
        }
        if uri_bytes(&parts.uri) > self.limits.uri_bytes {
            return Err(URI_TOO_LONG);
        }
        let host = host(parts)?;
        if self.site.demo && !is_loopback(&host) {
            return Err((StatusCode::MISDIRECTED_REQUEST, "A demo answers to localhost only."));
        }
        parts.uri = origin_form(&parts.uri)?;
        Ok(())
    }

    /// The whole body, within its bounds of size and time.
    async fn whole(&self, headers: &HeaderMap, body: Incoming) -> Result<Bytes, TurnedAway> {
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|bytes| bytes > self.limits.body_bytes as u64) {
            return Err(TOO_LARGE);
        }
        let reading = Limited::new(body, self.limits.body_bytes).collect();
        match tokio::time::timeout(self.limits.body_time, reading).await {
            Ok(Ok(whole)) => Ok(whole.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(TOO_LARGE),
            Ok(Err(_)) => Err((StatusCode::BAD_REQUEST, "The body breaks off.")),
            Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "The body took too long.")),
        }
    }

    fn turn_away(&self, (status, reason): TurnedAway, is_api: bool) -> Response {
        self.site.metrics.answered("-", "-", status.as_u16(), std::time::Duration::ZERO);
        tracing::debug!(status = status.as_u16(), reason, "turned away");
        let mut response = if is_api {
            Problem::plain(status).detail(reason).into_response()
        } else {
            (status, format!("{reason}\n")).into_response()
        };
        security_headers(response.headers_mut());
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

const URI_TOO_LONG: TurnedAway = (StatusCode::URI_TOO_LONG, "The address is too long.");
const TOO_LARGE: TurnedAway = (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large.");
const BAD_HOST: TurnedAway = (StatusCode::BAD_REQUEST, "There must be one Host, and it must be a host's name.");
const BAD_TARGET: TurnedAway = (StatusCode::BAD_REQUEST, "The request's target is not a path of this site.");

fn uri_bytes(uri: &Uri) -> usize {
    uri.path_and_query().map_or(0, |path| path.as_str().len()) + uri.authority().map_or(0, |a| a.as_str().len())
}

/// The one host that the request is for. Where the target names it too (absolute form, HTTP/2), both must agree.
fn host(parts: &Parts) -> Result<String, TurnedAway> {
    let mut named = parts.headers.get_all(HOST).iter();
    let (header, second) = (named.next(), named.next());
    let header = header.map(|value| value.to_str().map_err(|_| BAD_HOST)).transpose()?;
    let target = parts.uri.authority().map(|authority| authority.as_str());
    let needs_header = parts.version < Version::HTTP_2;
    let host = match (header, target) {
        _ if second.is_some() => return Err(BAD_HOST),
        (None, _) if needs_header => return Err(BAD_HOST),
        (Some(header), Some(target)) if !header.eq_ignore_ascii_case(target) => return Err(BAD_HOST),
        (Some(host), _) | (None, Some(host)) => host,
        (None, None) => return Err(BAD_HOST),
    };
    let name = host_name(host).ok_or(BAD_HOST)?;
    Ok(name.to_ascii_lowercase())
}

/// The name in `name`, `name:port`, `[v6]`, `[v6]:port`; nothing else is a host.
fn host_name(text: &str) -> Option<&str> {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (text.get(..address.len() + 2)?, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_sound = name.starts_with('[') || (!name.is_empty() && name.len() <= 253 && name.bytes().all(is_name_byte));
    let is_port = port.is_none_or(|port| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok());
    (is_sound && is_port).then_some(name)
}

fn is_loopback(host: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"].contains(&host)
}

/// Path and query alone: `GET http://host/path` is the same as `GET /path`.
fn origin_form(uri: &Uri) -> Result<Uri, TurnedAway> {
    let is_known_form = match (uri.scheme_str(), uri.authority()) {
        (None, authority) => authority.is_none(),
        (Some(scheme), _) => scheme == "http" || scheme == "https",
    };
    if !is_known_form {
        return Err(BAD_TARGET);
    }
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    if !path.starts_with('/') {
        return Err(BAD_TARGET);
    }
    if uri.scheme().is_none() {
        return Ok(uri.clone());
    }
    path.parse().map_err(|_| BAD_TARGET)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_of(version: Version, uri: &str, hosts: &[&str]) -> Result<String, u16> {
        let mut request = Request::builder().version(version).uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        host(&parts).map_err(|(status, _)| status.as_u16())
    }

    #[test]
    fn there_is_one_host_and_it_is_a_name() {
        let one = |value: &str| host_of(Version::HTTP_11, "/", &[value]);
        for (good, name) in [("a.example", "a.example"), ("LOCALHOST:80", "localhost"), ("[::1]:8080", "[::1]")] {
            assert_eq!(one(good).as_deref(), Ok(name));
        }
        for bad in ["", ":80", "a b", "a/b", "user@a", "a:b", "a:99999", "a:80:80", "[::1", "[zz]", "[::1]80", "a,b"] {
            assert_eq!(one(bad), Err(400), "{bad}");
        }
        assert_eq!(host_of(Version::HTTP_11, "/", &[]), Err(400));
        assert_eq!(host_of(Version::HTTP_10, "/", &[]), Err(400));
        assert_eq!(host_of(Version::HTTP_11, "/", &["a", "a"]), Err(400));
    }

    #[test]
    fn the_target_must_agree_with_the_host() {
        assert_eq!(host_of(Version::HTTP_11, "http://a.example/x", &["A.example"]).as_deref(), Ok("a.example"));
        assert_eq!(host_of(Version::HTTP_11, "http://a.example/x", &["b.example"]), Err(400));
        assert_eq!(host_of(Version::HTTP_11, "http://a.example/x", &[]), Err(400));
        assert_eq!(host_of(Version::HTTP_2, "http://a.example/x", &[]).as_deref(), Ok("a.example"));
        assert_eq!(host_of(Version::HTTP_2, "/x", &[]), Err(400));
    }

    #[test]
    fn an_absolute_target_becomes_a_path() {
        let path = |text: &str| origin_form(&text.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(path("http://a.example/x?q=1").as_deref(), Ok("/x?q=1"));
        assert_eq!(path("http://a.example").as_deref(), Ok("/"));
        assert_eq!(path("/x").as_deref(), Ok("/x"));
        for bad in ["*", "ftp://a.example/x", "a.example:80"] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_demo_is_for_this_machine() {
        assert!(is_loopback("localhost") && is_loopback("[::1]"));
        assert!(!is_loopback("localhost.evil.example") && !is_loopback("192.168.1.2"));
    }
}
