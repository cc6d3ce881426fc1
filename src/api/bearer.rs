//! The bearer's token of a request, as sent. Whose it is, and whether it still holds, is for accounts to say.

use std::convert::Infallible;
use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

const MAX_TOKEN_BYTES: usize = 512;

/// The raw token, if one was sent. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Bearer(pub Option<String>);

impl Bearer {
    pub fn of(headers: &HeaderMap) -> Bearer {
        Bearer(token(headers).map(str::to_owned))
    }
}

impl<S: Sync> FromRequestParts<S> for Bearer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Bearer, Infallible> {
        Ok(Bearer::of(&parts.headers))
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Bearer(..)" } else { "Bearer(none)" })
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    let is_sound = !token.is_empty() && token.len() <= MAX_TOKEN_BYTES && token.bytes().all(|b| b.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("bearer") && is_sound).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(value: &str) -> Option<String> {
        let headers = [(AUTHORIZATION, value.parse().unwrap())].into_iter().collect();
        Bearer::of(&headers).0
    }

    #[test]
    fn the_token_is_taken_from_a_bearer_header_only() {
        assert_eq!(sent("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(sent("bearer  abc ").as_deref(), Some("abc"));
        for bad in ["Basic abc", "Bearer", "Bearer ", "Bearer a b", &format!("Bearer {}", "x".repeat(600))] {
            assert_eq!(sent(bad), None, "{bad}");
        }
        assert_eq!(format!("{:?}", Bearer(Some("abc".to_owned()))), "Bearer(..)");
    }
}
