//! The deal page, rendered from a fresh snapshot for each request, beside nginx that serves the same bytes from a file.

use serde_json::Value;

use crate::figure::Figure;
use crate::kit::{Launch, Server};
use crate::nginx::Nginx;
use crate::size::{Size, folder_on_disk, median};
use crate::wrk::{Load, load};

pub fn measure(size: Size) {
    let folder = folder_on_disk();
    let server = Launch::demo().start_on(folder.path());
    let path = deal_path(&server);
    let page = server.guest().send("GET", &path, &[("accept-encoding", "identity")], Vec::new()).expect(200);
    let nginx = Nginx::serving(&page.body);
    let url = format!("{}{path}", server.url());
    for (kind, headers) in [(Kind::Plain, &[][..]), (Kind::Gzip, &["Accept-Encoding: gzip"][..])] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..size.rounds {
            ours.push(load(&url, server.process_id(), size.seconds, headers));
            theirs.push(load(&nginx.url, nginx.process(), size.seconds, headers));
        }
        report(kind, &ours, &theirs);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Gzip,
}

/// The budgets are for the uncompressed page; the gzip figures stand beside them.
fn report(kind: Kind, ours: &[Load], theirs: &[Load]) {
    let cpu = |loads: &[Load]| median(loads.iter().map(|load| load.cpu_us_per_request).collect());
    let rate = |loads: &[Load]| median(loads.iter().map(|load| load.requests_per_second).collect());
    let ([our_cpu, their_cpu], [our_rate, their_rate]) = ([ours, theirs].map(cpu), [ours, theirs].map(rate));
    if kind == Kind::Gzip {
        Figure::new("deal-page-gzip-cpu", our_cpu, "us").beside("nginx", their_cpu).print();
        Figure::new("deal-page-gzip-rate", our_rate, "requests/s").beside("nginx", their_rate).print();
        return;
    }
    Figure::new("deal-page-cpu", our_cpu, "us").at_most(45.0).beside("nginx", their_cpu).print();
    let rate = Figure::new("deal-page-rate", our_rate, "requests/s").at_least(their_rate / 2.0);
    rate.beside("nginx", their_rate).print();
}

/// The page of a deal that is on sale.
pub fn deal_path(server: &Server) -> String {
    let offers = server.guest().api_get("/offers?limit=100").expect(200).json();
    let on_sale = |offer: &&Value| offer["state"] == "on-sale";
    let offer = offers["items"].as_array().and_then(|items| items.iter().find(on_sale));
    let id = offer.and_then(|offer| offer["id"].as_str()).expect("the demo has a deal on sale");
    format!("/o/{id}")
}
