//! What a phone has to fetch: pages with gzip, style and script with brotli, in KB of 1,000 bytes.

use crate::deal_page::deal_path;
use crate::figure::Figure;
use crate::kit::{Launch, Person};
use crate::size::{Size, folder_on_disk};

pub fn measure(_: Size) {
    let folder = folder_on_disk();
    let server = Launch::demo().start_on(folder.path());
    let guest = server.guest();
    let deal = deal_path(&server);
    let place = guest.get("/search").expect(200).attributes("article.card h3 a", "href");
    let place = place.into_iter().next().expect("the demo has places");
    let pages = [
        ("weight-home", "/"),
        ("weight-search", "/search"),
        ("weight-place", place.as_str()),
        ("weight-deal", deal.as_str()),
    ];
    for (name, path) in pages {
        Figure::new(name, kilobytes(&guest, path, "gzip"), "KB").at_most(14.0).print();
    }
    let home = guest.get("/").expect(200);
    let one = |css: &str, name: &str| home.attributes(css, name).into_iter().next().expect("every page has it");
    let (style, script) = (one("link[rel=stylesheet]", "href"), one("script[src]", "src"));
    Figure::new("weight-css", kilobytes(&guest, &style, "br"), "KB").at_most(12.0).print();
    Figure::new("weight-js", kilobytes(&guest, &script, "br"), "KB").at_most(20.0).print();
}

fn kilobytes(guest: &Person, path: &str, encoding: &str) -> f64 {
    let reply = guest.send("GET", path, &[("accept-encoding", encoding)], Vec::new()).expect(200);
    assert_eq!(reply.header("content-encoding"), Some(encoding), "{path} is not compressed");
    reply.body.len() as f64 / 1000.0
}
