//! What the server counts, in the text format of Prometheus. Routes are labels, paths and people never are.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::base::{Clock, Fault};
use crate::store::Condition;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

/// The registry and the metrics of the server itself.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Histogram,
    connections: Gauge,
    panics: Counter,
    store: StoreGauges,
}

/// How the store and the machine's clock are, as of the last look.
#[derive(Debug, Default)]
struct StoreGauges {
    takes_writes: Gauge,
    failures: Gauge,
    free_bytes: Gauge,
    reserved_bytes: Gauge,
    clock_turned_seconds: Gauge,
}

impl StoreGauges {
    fn register(&self, registry: &mut Registry) {
        let mut add = |name: &str, help: &str, gauge: &Gauge| registry.register(name, help, gauge.clone());
        add("store_takes_writes", "1, or 0 while nothing is written", &self.takes_writes);
        add("store_failures", "How often the disk has failed since the start", &self.failures);
        add("disk_free_bytes", "Room on the file system of the data folder", &self.free_bytes);
        add("disk_reserved_bytes", "Below so much room nothing is written", &self.reserved_bytes);
        add("clock_turned_seconds", "How far the machine's clock is ahead of the city's", &self.clock_turned_seconds);
    }
}

impl Metrics {
    /// `also` registers what other rooms count.
    pub fn new(also: impl FnOnce(&mut Registry)) -> Metrics {
        let mut registry = Registry::with_prefix("highstreet");
        let requests = Family::default();
        // 0.1 ms to 6.5 s
        let seconds = Histogram::new(exponential_buckets(0.0001, 2.0, 17));
        let (connections, panics) = (Gauge::default(), Counter::default());
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_seconds", "Time from request to response head", seconds.clone());
        registry.register("http_connections", "Connections open", connections.clone());
        registry.register("panics", "Panics in handlers", panics.clone());
        let store = StoreGauges::default();
        store.register(&mut registry);
        also(&mut registry);
        Metrics { registry, requests, seconds, connections, panics, store }
    }

    pub fn answered(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        self.requests.get_or_create(&Answered { method, route: route.to_owned(), status }).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    pub fn connected(&self) {
        self.connections.inc();
    }

    pub fn disconnected(&self) {
        self.connections.dec();
    }

    pub fn panicked(&self) {
        self.panics.inc();
    }

    /// Notes how the store and the machine's clock are now.
    pub fn look(&self, condition: &Condition, clock: &Clock) {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let gauges = &self.store;
        gauges.takes_writes.set(i64::from(condition.refusal.is_none()));
        gauges.failures.set(whole(condition.failures));
        gauges.free_bytes.set(condition.room.map_or(0, |room| whole(room.free_bytes)));
        gauges.reserved_bytes.set(condition.room.map_or(0, |room| whole(room.reserved_bytes)));
        gauges.clock_turned_seconds.set(clock.turned_ms() / 1000);
    }

    pub fn text(&self) -> Result<String, Fault> {
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(|error| Fault::bug("writing the metrics", error))?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_and_status() {
        let metrics = Metrics::new(|_| {});
        metrics.answered("GET", "/p/{slug}", 200, Duration::from_millis(3));
        metrics.answered("GET", "/p/{slug}", 200, Duration::from_millis(3));
        let text = metrics.text().unwrap();
        let line = r#"highstreet_http_requests_total{method="GET",route="/p/{slug}",status="200"} 2"#;
        assert!(text.contains(line), "{text}");
    }
}
