//! Reads along with hyper, and finds in request heads what hyper hides: it drops `Content-Length` where
//! `Transfer-Encoding` stands too (request smuggling), and answers an endless request line with 431 instead of 414.
//!
//! It follows the framing of HTTP/1 only as far as it must to know where the next head begins. What it can't follow
//! is refused. HTTP/2 frames its messages unmistakably and is let through.

/// What the front door is to answer instead of what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A body of two lengths, or a framing that can't be followed.
    Framing,
    UriTooLong,
}

/// A fault in the bytes just read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub malformed: Malformed,
    /// How many of these bytes hyper may see: enough to know the method, not enough to begin the work.
    pub keep: usize,
}

/// How the first request of a connection begins if it is HTTP/2.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";
/// Longest name looked for, and the longest value of interest.
const MAX_KEPT_BYTES: usize = 96;
const MAX_CHUNK_LINE_BYTES: usize = 256;
/// A method, a space and the beginning of a path.
const KEPT_REQUEST_LINE_BYTES: usize = 24;

/// Follows the bytes of one connection.
#[derive(Debug)]
pub struct Heads {
    at: At,
    max_uri_bytes: usize,
    /// Bytes of the line so far, cut to [`MAX_KEPT_BYTES`].
    line: Vec<u8>,
    line_bytes: usize,
    length: Option<u64>,
    is_chunked: bool,
    lengths: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    RequestLine,
    Header,
    Body {
        left: u64,
    },
    ChunkSize,
    /// With the line end after it.
    Chunk {
        left: u64,
    },
    Trailer,
    Http2,
    Lost,
}

impl Heads {
    pub fn new(max_uri_bytes: usize) -> Heads {
        let line = Vec::with_capacity(MAX_KEPT_BYTES);
        Heads { at: At::RequestLine, max_uri_bytes, line, line_bytes: 0, length: None, is_chunked: false, lengths: 0 }
    }

    /// Whether enough was read to know the protocol.
    pub fn knows_protocol(&self) -> bool {
        self.at != At::RequestLine || !HTTP2_PREFACE.starts_with(&self.line)
    }

    /// Takes the next bytes; says what is wrong with a head that ends, or overflows, in them.
    pub fn read(&mut self, all: &[u8]) -> Option<Found> {
        let mut bytes = all;
        while !bytes.is_empty() {
            let (taken, verdict) = match self.at {
                At::Http2 | At::Lost => return None,
                At::Body { left } => (self.skip(bytes, left, At::RequestLine, |left| At::Body { left }), None),
                At::Chunk { left } => (self.skip(bytes, left, At::ChunkSize, |left| At::Chunk { left }), None),
                At::RequestLine | At::Header | At::ChunkSize | At::Trailer => self.read_line(bytes),
            };
            if let Some(malformed) = verdict {
                self.at = At::Lost;
                let before = all.len() - bytes.len();
                return Some(Found { malformed, keep: before + taken.min(KEPT_REQUEST_LINE_BYTES) });
            }
            bytes = bytes.get(taken..).unwrap_or_default();
        }
        None
    }

    fn skip(&mut self, bytes: &[u8], left: u64, then: At, still: fn(u64) -> At) -> usize {
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let left = left - taken as u64;
        self.at = if left == 0 { then } else { still(left) };
        taken
    }

    fn read_line(&mut self, bytes: &[u8]) -> (usize, Option<Malformed>) {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        let room = MAX_KEPT_BYTES - self.line.len();
        self.line.extend_from_slice(&part[..part.len().min(room)]);
        self.line_bytes += part.len();
        if let Some(malformed) = self.is_too_long() {
            return (part.len(), Some(malformed));
        }
        let Some(end) = end else { return (part.len(), None) };
        let verdict = self.line_ends();
        self.line.clear();
        self.line_bytes = 0;
        (end + 1, verdict)
    }

    fn is_too_long(&self) -> Option<Malformed> {
        // The method, the version and what is between take no more than this.
        const AROUND_URI_BYTES: usize = 64;
        if self.at == At::RequestLine && self.line_bytes > self.max_uri_bytes + AROUND_URI_BYTES {
            return Some(Malformed::UriTooLong);
        }
        (self.at == At::ChunkSize && self.line_bytes > MAX_CHUNK_LINE_BYTES).then_some(Malformed::Framing)
    }

    fn line_ends(&mut self) -> Option<Malformed> {
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        match self.at {
            // Empty lines before a request are allowed.
            At::RequestLine if line.is_empty() => {}
            At::RequestLine if line == b"PRI * HTTP/2.0" => self.at = At::Http2,
            At::RequestLine => self.at = At::Header,
            At::Header if line.is_empty() => return self.head_ends(),
            At::Header => self.note_header(),
            At::ChunkSize => return self.chunk_begins(),
            At::Trailer if line.is_empty() => self.at = At::RequestLine,
            At::Trailer | At::Body { .. } | At::Chunk { .. } | At::Http2 | At::Lost => {}
        }
        None
    }

    fn note_header(&mut self) {
        let Some(colon) = self.line.iter().position(|byte| *byte == b':') else { return };
        let (name, value) = self.line.split_at(colon);
        let value = String::from_utf8_lossy(value.get(1..).unwrap_or_default());
        if name.eq_ignore_ascii_case(b"content-length") {
            self.lengths += 1;
            let digits = value.trim();
            self.length = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.is_chunked = true;
        }
    }

    fn head_ends(&mut self) -> Option<Malformed> {
        let (length, lengths, is_chunked) = (self.length.take(), self.lengths, self.is_chunked);
        (self.lengths, self.is_chunked) = (0, false);
        if lengths > 1 || (lengths == 1 && (is_chunked || length.is_none())) {
            return Some(Malformed::Framing);
        }
        self.at = match length {
            _ if is_chunked => At::ChunkSize,
            Some(left) if left > 0 => At::Body { left },
            _ => At::RequestLine,
        };
        None
    }

    fn chunk_begins(&mut self) -> Option<Malformed> {
        // The line end of the chunk before is counted with that chunk.
        const LINE_END_BYTES: u64 = 2;
        let line = String::from_utf8_lossy(&self.line);
        let digits = line.split(';').next().unwrap_or_default().trim();
        match u64::from_str_radix(digits, 16) {
            Ok(0) => self.at = At::Trailer,
            Ok(size) if size < u64::MAX - LINE_END_BYTES => self.at = At::Chunk { left: size + LINE_END_BYTES },
            _ => return Some(Malformed::Framing),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdict must not depend on how the bytes are cut.
    fn verdict(bytes: &[u8]) -> Option<Malformed> {
        let malformed = |heads: &mut Heads, part| heads.read(part).map(|found| found.malformed);
        let whole = malformed(&mut Heads::new(8192), bytes);
        for size in [1, 2, 3, 7, 50] {
            let mut heads = Heads::new(8192);
            let cut = bytes.chunks(size).find_map(|part| malformed(&mut heads, part));
            assert_eq!(cut, whole, "in parts of {size}: {}", String::from_utf8_lossy(bytes));
        }
        whole
    }

    const AMBIGUOUS: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\ncontent-length: 4\r\n\r\n";

    #[test]
    fn two_lengths_are_found_in_either_order() {
        assert_eq!(verdict(AMBIGUOUS.as_bytes()), Some(Malformed::Framing));
        let other = "POST / HTTP/1.1\r\nContent-Length: 4\r\nX: y\r\nTRANSFER-ENCODING: chunked\r\n\r\n";
        assert_eq!(verdict(other.as_bytes()), Some(Malformed::Framing));
        let twice = "POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n";
        assert_eq!(verdict(twice.as_bytes()), Some(Malformed::Framing));
        for bad in ["-1", "+4", "4, 4", "x", "", "99999999999999999999"] {
            let head = format!("POST / HTTP/1.1\r\nContent-Length: {bad}\r\n\r\n");
            assert_eq!(verdict(head.as_bytes()), Some(Malformed::Framing), "{bad}");
        }
    }

    #[test]
    fn good_requests_pass_and_the_next_head_is_found_behind_their_bodies() {
        let mut chunks = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n\
                          10\r\n0123456789abcdef\r\n0\r\nTrailer: x\r\n\r\n"
            .to_owned();
        let mut length = "GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 18\r\n\r\n\
                          Content-Length: 1\n"
            .to_owned();
        for good in [&mut chunks, &mut length] {
            assert_eq!(verdict(good.as_bytes()), None);
            good.push_str(AMBIGUOUS);
            assert_eq!(verdict(good.as_bytes()), Some(Malformed::Framing));
        }
        assert_eq!(verdict(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04"), None);
    }

    #[test]
    fn an_endless_request_line_and_a_bad_chunk_are_found() {
        let endless = format!("GET /{} ", "a".repeat(20_000));
        assert_eq!(verdict(endless.as_bytes()), Some(Malformed::UriTooLong));
        let bad = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
        assert_eq!(verdict(bad.as_bytes()), Some(Malformed::Framing));
        let endless = format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;{}", "a".repeat(1000));
        assert_eq!(verdict(endless.as_bytes()), Some(Malformed::Framing));
    }

    #[test]
    fn the_protocol_is_known_as_soon_as_it_can_be() {
        let mut heads = Heads::new(8192);
        assert!(!heads.knows_protocol());
        heads.read(b"P");
        assert!(!heads.knows_protocol());
        heads.read(b"O");
        assert!(heads.knows_protocol());
    }
}
