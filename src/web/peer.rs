//! Who is at the other end of the connection, as the server saw it.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

/// The address of the connection, put into each request's extensions by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

impl Peer {
    /// Whether the request began on this machine. One that a proxy passed on did not, wherever the proxy runs.
    pub fn is_local(self, headers: &HeaderMap) -> bool {
        let ip = match self.0.ip() {
            IpAddr::V6(ip) => ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4),
            ip @ IpAddr::V4(_) => ip,
        };
        let is_passed_on = ["forwarded", "x-forwarded-for", "x-real-ip"].iter().any(|name| headers.contains_key(*name));
        ip.is_loopback() && !is_passed_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_local(address: &str, header: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(name) = header {
            headers.insert(name, "203.0.113.9".parse().unwrap());
        }
        Peer(address.parse().unwrap()).is_local(&headers)
    }

    #[test]
    fn only_what_begins_on_this_machine_is_local() {
        assert!(is_local("127.0.0.1:1000", None));
        assert!(is_local("[::1]:1000", None));
        assert!(is_local("[::ffff:127.0.0.1]:1000", None));
        assert!(!is_local("192.0.2.7:1000", None));
        assert!(!is_local("127.0.0.1:1000", Some("x-forwarded-for")));
    }
}
