//! Faults on the running binary: a disk that fails, is full or read-only, a machine's clock that is turned, descriptors
//! that run out. Each with an outside record of what people were told, which must hold afterwards.

mod clock;
mod disk;
mod kit;
mod load;
mod room;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use kit::{DESCRIPTORS, until};

use crate::kit::Launch;

#[test]
fn with_64_descriptors_the_site_answers_within_2_s_after_200_connections_close() {
    let server = Launch::serve().within(DESCRIPTORS).start();
    let connect = |at: usize| {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        // Every other one begins a request and never ends it.
        if at.is_multiple_of(2) {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n").unwrap();
        }
        stream
    };
    for _ in 0..3 {
        let many: Vec<TcpStream> = (0..200).map(connect).collect();
        let mut waiting = TcpStream::connect(server.address()).unwrap();
        waiting.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        waiting.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        assert!(waiting.read(&mut [0; 16]).is_err(), "200 connections are no crowd: the test proves nothing");
        drop((many, waiting));
        until("the site answers", Duration::from_secs(2), || answers(server.address()));
    }
    assert_eq!(server.guest().get("/").expect(200).header("content-type"), Some("text/html; charset=utf-8"));
}

fn answers(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let (mut answer, limit) = ([0; 12], Some(Duration::from_millis(300)));
    stream.set_read_timeout(limit).is_ok()
        && stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer == *b"HTTP/1.1 200"
}
