//! A crowd before one deal: buyers who order over HTTP, each on a connection of its own, as fast as they are answered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use highstreet::base::clock::monotonic;
use highstreet::orders::rules::MAX_AT_TILL;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What the crowd got.
#[derive(Debug, Default)]
pub struct Rush {
    /// From asking to the answer, of the claims that were granted.
    pub granted: Vec<Duration>,
    /// Claims that found it sold out.
    pub refused: usize,
    pub took: Duration,
}

impl Rush {
    pub fn granted_per_second(&self) -> f64 {
        self.granted.len() as f64 / self.took.as_secs_f64()
    }

    /// In milliseconds.
    pub fn p99_ms(&self) -> f64 {
        let mut times = self.granted.clone();
        times.sort_unstable();
        times.get(times.len() * 99 / 100).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    }
}

/// The tokens of residents. A buyer takes one, and the next when that resident may have no more at the till.
pub type Residents = Arc<Mutex<Vec<String>>>;

/// Lets so many buyers order one unit at a time until the offer is sold out.
pub fn rush(address: &str, buyers: usize, residents: &Residents, offer: &str, pay: &str) -> Rush {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let started = monotonic();
    let mut rush = runtime.block_on(async {
        let mut crowd = JoinSet::new();
        for number in 0..buyers {
            let order = Order::new(address, residents, offer, pay, number);
            crowd.spawn(async move { order.until_sold_out().await });
        }
        let mut all = Rush::default();
        while let Some(one) = crowd.join_next().await {
            let one = one.expect("a buyer does not panic");
            all.granted.extend(one);
            all.refused += 1;
        }
        all
    });
    rush.took = started.elapsed();
    rush
}

/// What one buyer sends again and again; only the idempotency key differs.
struct Order {
    address: String,
    residents: Residents,
    head: String,
    body: String,
    offer: String,
    buyer: usize,
}

impl Order {
    fn new(address: &str, residents: &Residents, offer: &str, pay: &str, buyer: usize) -> Order {
        let body = json!({ "lines": [{ "offer": offer, "quantity": 1 }], "pay": pay }).to_string();
        let head = format!(
            "POST /api/v1/orders HTTP/1.1\r\nHost: {address}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
        let (address, residents) = (address.to_owned(), residents.clone());
        Order { address, residents, head, body, offer: offer.to_owned(), buyer }
    }

    fn next_resident(&self) -> String {
        let token = self.residents.lock().unwrap_or_else(PoisonError::into_inner).pop();
        format!("Authorization: Bearer {}\r\n", token.expect("there are residents enough"))
    }

    /// How long each claim took that was granted; ends with the first that was refused.
    async fn until_sold_out(self) -> Vec<Duration> {
        let mut stream = TcpStream::connect(&self.address).await.expect("the server accepts");
        stream.set_nodelay(true).expect("a TCP socket");
        let (mut granted, mut buffer, mut resident) = (Vec::new(), Vec::new(), String::new());
        loop {
            if granted.len().is_multiple_of(MAX_AT_TILL) {
                resident = self.next_resident();
            }
            let key = format!("{}-{}-{}", self.offer, self.buyer, granted.len());
            let request = format!("{}{resident}Idempotency-Key: {key}\r\n\r\n{}", self.head, self.body);
            let asked = monotonic();
            stream.write_all(request.as_bytes()).await.expect("the server reads");
            let (status, answer) = answer(&mut stream, &mut buffer).await;
            match status {
                201 => granted.push(asked.elapsed()),
                409 if answer.contains("sold-out") => return granted,
                _ => panic!("an order is answered with {status}: {answer}"),
            }
        }
    }
}

/// One answer with a Content-Length, from a connection on which nothing else is under way.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> (u16, String) {
    buffer.clear();
    loop {
        let length = stream.read_buf(buffer).await.expect("the server answers");
        assert!(length > 0, "the server closed the connection: {}", String::from_utf8_lossy(buffer));
        let text = String::from_utf8_lossy(buffer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let wanted = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let wanted: usize = wanted.unwrap_or_else(|| panic!("an answer without a length: {head}"));
        if body.len() >= wanted {
            let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
            return (status.unwrap_or_else(|| panic!("no status: {head}")), body.to_owned());
        }
    }
}
