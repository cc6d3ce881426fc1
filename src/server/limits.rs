//! The bounds of a connection, each with its name and unit.

use std::time::Duration;

use rustix::process::{Resource, getrlimit};

/// What one connection, and all of them together, may take.
#[derive(Clone, Debug)]
pub struct Limits {
    pub connections: usize,
    pub uri_bytes: usize,
    /// Request line and headers together.
    pub head_bytes: usize,
    pub headers: usize,
    /// A body of any route; forms and JSON have their own, smaller bound.
    pub body_bytes: usize,
    /// From the first byte (or the last answer) to the end of the headers.
    pub head_time: Duration,
    /// From the headers to the end of the body.
    pub body_time: Duration,
    /// Without a byte in either direction.
    pub stall_time: Duration,
    /// From the signal to the end: what is not answered by then is cut off.
    pub stop_time: Duration,
}

/// Descriptors that the store, the index, listeners and logs need.
const RESERVED_DESCRIPTORS: u64 = 64;
const MOST_CONNECTIONS: u64 = 8192;
const FEWEST_CONNECTIONS: u64 = 16;

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: connections_for(getrlimit(Resource::Nofile).current),
            uri_bytes: 8 * 1024,
            head_bytes: 32 * 1024,
            headers: 100,
            body_bytes: 64 * 1024,
            head_time: Duration::from_secs(15),
            body_time: Duration::from_secs(25),
            stall_time: Duration::from_secs(25),
            stop_time: Duration::from_secs(8),
        }
    }
}

/// Half of the descriptors that are left: each connection may open a file besides.
fn connections_for(descriptors: Option<u64>) -> usize {
    let free = descriptors.unwrap_or(u64::MAX).saturating_sub(RESERVED_DESCRIPTORS);
    usize::try_from((free / 2).clamp(FEWEST_CONNECTIONS, MOST_CONNECTIONS)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_stay_below_the_descriptors() {
        assert_eq!(connections_for(Some(1024)), 480);
        assert_eq!(connections_for(Some(10)), 16);
        assert_eq!(connections_for(Some(1 << 20)), 8192);
        assert_eq!(connections_for(None), 8192);
    }
}
