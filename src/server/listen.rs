//! Where the server listens: addresses from the command line, or sockets that systemd opened.

use std::io;
use std::net::{SocketAddr, TcpListener};

use listenfd::ListenFd;

/// Connections that wait to be accepted, if the system allows so many.
const WAITING_CONNECTIONS: i32 = 1024;

/// A socket that is open: connections wait in it until the server accepts them.
#[derive(Debug)]
pub struct Listening {
    pub(in crate::server) listener: TcpListener,
    pub address: SocketAddr,
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum ListenFault {
    #[error("{address} is taken: is another Highstreet running? (--listen chooses another, port 0 any free one)")]
    Taken { address: String },
    #[error("can't listen on {address}: {cause}")]
    Io { address: String, cause: io::Error },
}

impl Listening {
    /// Binds one address, such as `127.0.0.1:8080`, `[::]:80`, `localhost:0`.
    pub fn bind(address: &str) -> Result<Listening, ListenFault> {
        let fault = |cause: io::Error| {
            let address = address.to_owned();
            let is_taken = cause.kind() == io::ErrorKind::AddrInUse;
            if is_taken { ListenFault::Taken { address } } else { ListenFault::Io { address, cause } }
        };
        Listening::of(TcpListener::bind(address).map_err(fault)?).map_err(fault)
    }

    /// The sockets that systemd hands over; none if it hands over none.
    pub fn from_systemd() -> Result<Vec<Listening>, ListenFault> {
        let fault = |cause| ListenFault::Io { address: "a socket of systemd".to_owned(), cause };
        let mut sockets = ListenFd::from_env();
        let taken = (0..sockets.len()).filter_map(|at| sockets.take_tcp_listener(at).transpose());
        taken.map(|socket| socket.and_then(Listening::of).map_err(fault)).collect()
    }

    fn of(listener: TcpListener) -> io::Result<Listening> {
        listener.set_nonblocking(true)?;
        // The standard library lets 128 wait; a crowd beyond that would be left to its own retries, seconds apart.
        rustix::net::listen(&listener, WAITING_CONNECTIONS)?;
        Ok(Listening { address: listener.local_addr()?, listener })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_0_takes_a_free_port_and_a_taken_one_is_said_to_be() {
        let first = Listening::bind("127.0.0.1:0").unwrap();
        assert_ne!(first.address.port(), 0);
        let second = Listening::bind(&first.address.to_string()).unwrap_err();
        assert!(matches!(second, ListenFault::Taken { .. }), "{second}");
        assert!(matches!(Listening::bind("no-port").unwrap_err(), ListenFault::Io { .. }));
    }
}
