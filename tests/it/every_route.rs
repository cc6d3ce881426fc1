//! The table of routes as an attacker sees it: an example of everything that a path can name, a body that each route
//! takes, and what every answer must have. Walked by `access.rs` and `hostile.rs`.

use std::sync::atomic::{AtomicU64, Ordering};

use highstreet::routes::Route;
use serde_json::{Value, json};

use crate::kit::{Person, Reply};
use crate::market::{Market, in_days};

/// Well formed, and nobody's.
pub const UNKNOWN: &str = "0190a3c4-5b6d-7e8f-9a0b-1c2d3e4f5a6b";
/// A name that runs, if a page lets it.
pub const SCRIPT: &str = "\"'></title><script>hostile()</script>";

/// One of everything that a path can name.
#[derive(Clone, Debug)]
pub struct Named {
    pub offer: String,
    pub order: String,
    /// An order that was used, and so may be reviewed.
    pub used: String,
    pub voucher: String,
    pub redemption: String,
    pub review: String,
    pub merchant: String,
    pub place: String,
    pub slug: String,
}

impl Named {
    /// What the owner, the till and a resident of the market have; the offer is a draft.
    #[track_caller]
    pub fn at(market: &Market, buyer: &Person) -> Named {
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no text in {value}")).to_owned();
        let (used, kept) = (market.bought(buyer, "test"), market.bought(buyer, "test"));
        let redemption = market.redeem(&market.till, &used.code).expect(201).json();
        let review = json!({ "order": used.order, "rating": 4, "text": SCRIPT });
        let review = buyer.api_post(&format!("/places/{}/reviews", market.place), &review).expect(201).json();
        let place = buyer.api_get(&format!("/places/{}", market.place)).expect(200).json();
        let draft = market.owner.api_post("/offers", &new_offer(&market.place)).expect(201).json();
        Named {
            offer: text(&draft["id"]),
            order: kept.order,
            used: used.order,
            voucher: kept.voucher,
            redemption: text(&redemption["id"]),
            review: text(&review["id"]),
            merchant: merchant_of(&market.owner),
            place: market.place.clone(),
            slug: text(&place["slug"]),
        }
    }

    /// Nothing that there is.
    pub fn unknown() -> Named {
        let id = || UNKNOWN.to_owned();
        Named {
            offer: id(),
            order: id(),
            used: id(),
            voucher: id(),
            redemption: id(),
            review: id(),
            merchant: id(),
            place: id(),
            slug: "no-such-place".to_owned(),
        }
    }

    /// What stands for a placeholder, by the part of the path before it. A new kind of placeholder needs a row here.
    #[track_caller]
    fn value(&self, path: &str, before: &str) -> &str {
        match before {
            "o" | "offers" => &self.offer,
            "orders" if path.contains("/review") => &self.used,
            "orders" | "payments" => &self.order,
            "vouchers" => &self.voucher,
            "undo" | "redemptions" => &self.redemption,
            "reviews" => &self.review,
            "desk" | "merchants" => &self.merchant,
            "places" => &self.place,
            "p" => &self.slug,
            // The step of an offer.
            "{id}" => "pause",
            _ => panic!("{path}: no example for what follows {before}"),
        }
    }

    /// The path of a route with these in it.
    #[track_caller]
    pub fn path(&self, route: &str) -> String {
        let parts: Vec<&str> = route.split('/').collect();
        let filled = parts.iter().enumerate().map(|(at, part)| match part.starts_with('{') {
            true => self.value(route, parts[at - 1]),
            false => part,
        });
        filled.collect::<Vec<_>>().join("/")
    }
}

#[track_caller]
pub fn merchant_of(owner: &Person) -> String {
    let me = owner.api_get("/me").expect(200).json();
    me["roles"][0]["merchant"].as_str().expect("an owner has a merchant").to_owned()
}

pub fn new_offer(place: &str) -> Value {
    json!({
        "kind": "deal",
        "title": SCRIPT,
        "place": place,
        "price": { "amount": 1250, "currency": "EUR" },
        "list_price": { "amount": 2000, "currency": "EUR" },
        "capacity": 10,
        "sale": { "until": in_days(30) },
        "use": { "until": in_days(60) },
    })
}

/// A body that the route takes: the fields of its form, or its JSON. A new route that is posted to needs a row here.
#[track_caller]
pub fn body(route: &str, named: &Named) -> Value {
    let offer_form = || {
        json!({ "title": SCRIPT, "place": named.place, "price": "12.50", "list_price": "20", "capacity": "10",
            "per_person": "", "sale_from": "", "sale_until": "", "use_from": "", "use_until": "", "use_hours": "",
            "blackout": "", "needs_booking": "", "text": "" })
    };
    match route {
        "/sign-in" => json!({ "email": "nobody@example.org", "password": "wrong", "next": "/me" }),
        "/sign-up" => json!({ "name": SCRIPT, "email": "no address", "password": "short", "next": "/me" }),
        "/sign-out" => json!({}),
        "/o/{id}/take" => json!({ "quantity": "1" }),
        "/orders/{id}/pay" => json!({ "pay": "test" }),
        "/till" => json!({ "place": named.place, "code": "0000-0000-0000-0", "paid": "" }),
        "/me/orders/{order}/review" | "/me/orders/{order}/review/change" => json!({ "rating": "4", "text": SCRIPT }),
        "/desk/{merchant}/reviews/{id}/reply" | "/api/v1/reviews/{id}/reply" => json!({ "text": SCRIPT }),
        "/desk/{merchant}/offers" | "/desk/{merchant}/offers/{id}" => offer_form(),
        "/api/v1/sessions" => json!({ "email": "nobody@example.org", "password": "wrong" }),
        "/api/v1/places/{id}/reviews" => json!({ "order": named.used, "rating": 4, "aspects": {}, "text": SCRIPT }),
        "/api/v1/reviews/{id}/change" => json!({ "rating": 4, "aspects": {}, "text": SCRIPT }),
        "/api/v1/orders" => json!({ "lines": [{ "offer": named.offer, "quantity": 1 }], "pay": "test" }),
        "/api/v1/demo/payments/{order}" => json!({ "result": "paid" }),
        "/api/v1/redemptions" => json!({ "code": "0000-0000-0000-0", "place": named.place, "paid": true }),
        "/api/v1/offers" => new_offer(&named.place),
        "/console/settings" => json!({ "name": SCRIPT, "zone": "Europe/Helsinki", "currency": "EUR", "country": "FI",
            "center": "60.17,24.94" }),
        "/api/v1/settings" => json!({ "name": SCRIPT, "zone": "Europe/Helsinki", "currency": "EUR", "country": "FI",
            "center": { "lat": 60.17, "lon": 24.94 } }),
        "/console/merchants" => json!({ "name": SCRIPT, "places": named.slug, "owner": "nobody@example.org" }),
        "/api/v1/merchants" => json!({ "name": SCRIPT, "places": [named.place], "owner": "nobody@example.org" }),
        "/api/v1/demo/clock" => json!({ "now": in_days(1) }),
        _ if EMPTY.contains(&route) => json!({}),
        _ => panic!("{route}: no example of its body"),
    }
}

/// Routes that are posted to and ask for nothing but the address.
const EMPTY: [&str; 14] = [
    "/console/clock",
    "/orders/{id}/cancel",
    "/me/vouchers/{id}/reissue",
    "/me/vouchers/{id}/refund",
    "/till/undo/{redemption}",
    "/desk/{merchant}/offers/{id}/{step}",
    "/api/v1/orders/{id}/cancel",
    "/api/v1/redemptions/{id}/undo",
    "/api/v1/offers/{id}/publish",
    "/api/v1/offers/{id}/pause",
    "/api/v1/offers/{id}/resume",
    "/api/v1/offers/{id}/withdraw",
    "/api/v1/vouchers/{id}/reissue",
    "/api/v1/vouchers/{id}/refund",
];

/// Somebody who asks whatever they like: a browser with a form's token, and a bearer token if there is an account.
pub struct Asker {
    pub name: &'static str,
    pub person: Person,
    csrf: String,
}

impl Asker {
    #[track_caller]
    pub fn new(name: &'static str, person: Person) -> Asker {
        let mut asker = Asker { name, person, csrf: String::new() };
        asker.load_token();
        asker
    }

    /// A page that has a form for everybody; whoever is signed in is sent on to one that has another.
    #[track_caller]
    fn load_token(&mut self) {
        let page = self.person.get("/sign-in");
        let page = if page.status == 303 { self.person.get("/me") } else { page };
        let found = page.attributes("input[name='csrf']", "value");
        self.csrf = found.first().unwrap_or_else(|| panic!("{} finds no form", self.name)).clone();
    }

    /// Asks a route at this path, with this body where it takes one, as its own pages or a program would.
    #[track_caller]
    pub fn ask(&self, route: &Route, path: &str, body: &Value) -> Reply {
        if route.method == "GET" {
            return self.raw(route, path, Vec::new());
        }
        if route.is_api() {
            return self.raw(route, path, body.to_string().into_bytes());
        }
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let fields = body.as_object().expect("fields by name").iter();
        let fields: Vec<(String, String)> = fields.map(|(name, value)| (name.clone(), text(value))).collect();
        self.raw(route, path, serde_urlencoded::to_string(fields).expect("fields").into_bytes())
    }

    /// The same with any bytes for a body; a form's token and key are added.
    #[track_caller]
    pub fn raw(&self, route: &Route, path: &str, mut body: Vec<u8>) -> Reply {
        let key = fresh_key();
        let bearer = self.person.token().map(|token| format!("Bearer {token}"));
        let mut headers = Vec::new();
        if route.is_api() {
            headers.extend(bearer.as_ref().map(|bearer| ("authorization", bearer.as_str())));
            headers.push(("idempotency-key", &key));
            headers.push(("content-type", "application/json"));
        } else if route.method == "POST" {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
            body.extend_from_slice(format!("&csrf={}&key={key}", self.csrf).as_bytes());
        }
        let reply = self.person.send(route.method.as_str(), path, &headers, body);
        hold_to_law(&reply);
        reply
    }
}

fn fresh_key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("every-route-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// What holds for every answer, whoever asks for whatever.
#[track_caller]
pub fn hold_to_law(reply: &Reply) {
    let asked: String = reply.asked.chars().take(300).collect();
    assert!(reply.status < 500, "{asked}: {} {}", reply.status, reply.text());
    let header = |name: &str| reply.header(name).unwrap_or_else(|| panic!("{asked}: no {name}"));
    let policy = header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{asked}: {policy}");
    assert!(!policy.contains("unsafe"), "{asked}: {policy}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{asked}");
    assert_eq!(header("referrer-policy"), "same-origin", "{asked}");
    if reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        hold_page_to_law(&asked, reply);
    }
}

/// No script of anybody's, nothing inline: the policy would keep it from running, and the page has none to begin with.
#[track_caller]
fn hold_page_to_law(asked: &str, reply: &Reply) {
    let text = reply.text();
    assert!(!text.contains("<script>"), "{asked}: a script in the page\n{text}");
    let page = reply.html();
    for element in page.root_element().descendent_elements() {
        let name = element.value().name();
        assert!(name != "style", "{asked}: <style>");
        if name == "script" && element.attr("src").is_none() {
            // What search engines read is no program, and must not end before its time.
            assert_eq!(element.attr("type"), Some("application/ld+json"), "{asked}: an inline script");
            let told: String = element.text().collect();
            assert!(!told.contains('<') && serde_json::from_str::<Value>(&told).is_ok(), "{asked}: {told}");
        }
        for (attribute, value) in element.value().attrs() {
            assert!(attribute != "style" && !attribute.starts_with("on"), "{asked}: {attribute} at <{name}>");
            let is_address = matches!(attribute, "href" | "src" | "action" | "formaction");
            let scheme = value.trim_start().to_lowercase();
            assert!(!is_address || !scheme.starts_with("javascript:"), "{asked}: {attribute}={value:?}");
        }
    }
}
