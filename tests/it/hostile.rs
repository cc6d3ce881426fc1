//! Whatever is thrown at a route, by whoever may go there, is answered: never a 5xx, a script in a page, or a code in
//! an address.

use highstreet::routes::{Route, described, routes};
use serde_json::{Value, json};

use crate::every_route::{Asker, Named, SCRIPT, body, hold_to_law};
use crate::kit::Reply;
use crate::market::Market;

/// What an attacker types. Bytes, since not all of it is text.
fn typed() -> Vec<Vec<u8>> {
    let words = [
        SCRIPT.to_owned(),
        "javascript:hostile()//".to_owned(),
        "\u{202e}gnirts\u{2066}\u{200f}".to_owned(),
        format!("a{}", "\u{301}".repeat(5_000)),
        "+title:(a OR [b TO *]) AND \"~5 -/x{".to_owned(),
        "a\0b".to_owned(),
        "\r\nset-cookie: a=b\r\n".to_owned(),
        "9".repeat(400),
        "-1".to_owned(),
        "1e999".to_owned(),
        "NaN,inf".to_owned(),
        "340282366920938463463374607431768211456".to_owned(),
        "-180,-90,180,90".to_owned(),
        "99999-12-31T23:59:60+99:99".to_owned(),
        "Mo-Su 00:00-48:00; week 1-53/1 ((((\"".to_owned(),
        "//hostile.example/\\".to_owned(),
        "../../../etc/passwd".to_owned(),
        "x".repeat(6_000),
        "_".repeat(22),
        String::new(),
    ];
    let broken = [b"\xff\xfe\xc0\x80".to_vec(), b"\xed\xa0\x80".to_vec()];
    words.into_iter().map(String::into_bytes).chain(broken).collect()
}

/// What a program sends where it should say something else.
fn said() -> Vec<Value> {
    let words = typed().into_iter().filter_map(|bytes| String::from_utf8(bytes).ok()).map(Value::from);
    let others = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(0.5),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e308),
        json!([]),
        json!({}),
        json!([[[[["x"]]]]]),
        json!({ "amount": i64::MAX, "currency": "EUR" }),
        json!({ "amount": -1, "currency": "ZZZ" }),
        json!({ "until": "9999-12-31T23:59:59Z", "from": "-009999-01-01T00:00:00Z" }),
        json!([{ "offer": "x", "quantity": u32::MAX }]),
        json!(vec![json!({}); 2_000]),
    ];
    words.chain(others).collect()
}

/// Every byte of it that could mean something in an address.
fn encoded(bytes: &[u8]) -> String {
    let byte = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(*byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    bytes.iter().map(byte).collect()
}

/// A street where what could be named has a hostile name, and who may go where.
struct Street {
    market: Market,
    named: Named,
    resident: Asker,
    owner: Asker,
    operator: Asker,
    stranger: Asker,
}

impl Street {
    #[track_caller]
    fn new() -> Street {
        let market = Market::of(json!({ "title": SCRIPT, "capacity": 1_000_000 }));
        let resident = Asker::new("a resident", market.server.resident());
        let mut named = Named::at(&market, &resident.person);
        let reply = market.owner.api_post(&format!("/reviews/{}/reply", named.review), &json!({ "text": SCRIPT }));
        reply.expect(201);
        // What is on sale has a page that everybody sees.
        named.offer = market.offer.clone();
        let owner = Asker::new("the owner", market.server.owner());
        let operator = Asker::new("the operator", market.server.operator());
        let stranger = Asker::new("a stranger", market.server.guest());
        Street { market, named, resident, owner, operator, stranger }
    }

    fn who_may(&self, route: &Route) -> &Asker {
        let is_desk = ["desk", "merchants", "till", "redemptions", "offers", "reply"];
        let is_console = ["console", "clock"];
        let has = |words: &[&str]| route.path.split('/').any(|part| words.contains(&part));
        match () {
            () if ["/sign-in", "/sign-up"].contains(&route.path) => &self.stranger,
            () if has(&is_console) => &self.operator,
            () if has(&is_desk) => &self.owner,
            () => &self.resident,
        }
    }
}

/// Signing out would end the walk.
fn walked() -> Vec<Route> {
    routes().into_iter().filter(|route| route.path != "/sign-out").collect()
}

/// The names that a GET reads from its query: what the API's document says, and what pages say.
fn parameters(route: &Route) -> Vec<String> {
    let of_page: &[&str] = match route.path {
        "/search" => &[
            "q",
            "near",
            "within",
            "bbox",
            "category",
            "open",
            "deals",
            "wheelchair",
            "diet",
            "rating",
            "sort",
            "page",
        ],
        "/p/{slug}" => &["near", "after"],
        "/sign-in" | "/sign-up" => &["next"],
        "/me/orders/{order}/review" => &["place"],
        "/me/orders/{id}" => &["bought"],
        _ if route.path.starts_with("/desk/{merchant}") => &["after", "show", "account", "order"],
        _ if route.is_api() => &[],
        _ => &["after", "q"],
    };
    let document = serde_json::to_value(described().0).unwrap();
    let in_document = document[route.path]["get"]["parameters"].as_array().cloned().unwrap_or_default();
    let in_query = in_document.iter().filter(|parameter| parameter["in"] == "query");
    let of_api = in_query.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned));
    of_api.chain(of_page.iter().map(|name| (*name).to_owned())).collect()
}

#[track_caller]
fn is_met(reply: &Reply) {
    hold_to_law(reply);
    for name in ["location", "link"] {
        let value = reply.header(name).unwrap_or_default();
        assert!(!value.starts_with("//") && !value.contains("hostile.example"), "{}: {name}: {value}", reply.asked);
    }
    assert!(reply.header("set-cookie").is_none_or(|cookie| !cookie.starts_with("a=b")), "{}", reply.asked);
}

#[test]
fn whatever_stands_in_a_query_is_answered() {
    let street = Street::new();
    for route in walked().iter().filter(|route| route.method == "GET") {
        let (asker, path) = (street.who_may(route), street.named.path(route.path));
        asker.ask(route, &path, &Value::Null);
        for name in parameters(route) {
            for value in typed() {
                is_met(&asker.ask(route, &format!("{path}?{name}={}", encoded(&value)), &Value::Null));
            }
            let twice = format!("{path}?{name}=a&{name}=b&{name}[]=%&%=&=");
            is_met(&asker.ask(route, &twice, &Value::Null));
        }
    }
}

#[test]
fn whatever_stands_in_a_path_is_answered() {
    let street = Street::new();
    for route in walked().iter().filter(|route| route.path.contains('{')) {
        let asker = street.who_may(route);
        let sent = if route.method == "GET" { Value::Null } else { body(route.path, &street.named) };
        let filled = street.named.path(route.path);
        let (parts, filled): (Vec<&str>, Vec<&str>) = (route.path.split('/').collect(), filled.split('/').collect());
        for at in (0..parts.len()).filter(|at| parts[*at].starts_with('{')) {
            for value in typed() {
                let value = encoded(&value);
                let mut hostile = filled.clone();
                hostile[at] = &value;
                is_met(&asker.ask(route, &hostile.join("/"), &sent));
            }
        }
    }
}

#[test]
fn whatever_stands_in_a_form_is_answered() {
    let street = Street::new();
    for route in walked().iter().filter(|route| route.method == "POST" && !route.is_api()) {
        let (asker, path) = (street.who_may(route), street.named.path(route.path));
        let form = body(route.path, &street.named);
        for field in form.as_object().unwrap().keys() {
            let rest: Vec<(&String, &str)> = form
                .as_object()
                .unwrap()
                .iter()
                .filter(|(name, _)| *name != field)
                .map(|(name, value)| (name, value.as_str().unwrap()))
                .collect();
            let rest = serde_urlencoded::to_string(rest).unwrap();
            for value in typed() {
                is_met(&asker.raw(route, &path, format!("{field}={}&{rest}", encoded(&value)).into_bytes()));
            }
            is_met(&asker.raw(route, &path, format!("{field}=a&{field}=b&{rest}").into_bytes()));
            is_met(&asker.raw(route, &path, rest.into_bytes()));
        }
        is_met(&asker.raw(route, &path, format!("text={}", "x".repeat(1 << 20)).into_bytes()));
        is_met(&asker.raw(route, &path, b"%&=%zz&&\xff=\0".to_vec()));
    }
}

/// Every place in a JSON value, from the outside in.
fn places_in(value: &Value) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (format!("/{name}"), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, value)| (format!("/{at}"), value)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    let below =
        inner.iter().flat_map(|(at, value)| places_in(value).into_iter().map(move |rest| format!("{at}{rest}")));
    std::iter::once(String::new()).chain(below).collect()
}

#[test]
fn whatever_a_program_sends_is_answered() {
    let street = Street::new();
    for route in walked().iter().filter(|route| route.method == "POST" && route.is_api()) {
        let (asker, path) = (street.who_may(route), street.named.path(route.path));
        let whole = body(route.path, &street.named);
        for at in places_in(&whole) {
            for value in said() {
                let mut hostile = whole.clone();
                *hostile.pointer_mut(&at).unwrap() = value;
                is_met(&asker.ask(route, &path, &hostile));
            }
        }
        let deep = |open: &str| open.repeat(30_000).into_bytes();
        let huge = format!("{{\"x\":\"{}\"}}", "x".repeat(1 << 20)).into_bytes();
        let raw = [deep("["), deep("{\"a\":"), huge, b"{\"x\":\"\xff\"}".to_vec(), b"{} {}".to_vec(), b"\0".to_vec()];
        for bytes in raw {
            is_met(&asker.raw(route, &path, bytes));
        }
    }
}

#[test]
fn what_has_a_hostile_name_is_shown_and_never_runs() {
    let street = Street::new();
    let everybody = [&street.stranger, &street.resident, &street.owner, &street.operator];
    let mut seen = 0;
    for route in walked().iter().filter(|route| route.method == "GET") {
        for asker in everybody {
            let reply = asker.ask(route, &street.named.path(route.path), &Value::Null);
            seen += usize::from(reply.text().contains("hostile()"));
        }
    }
    // The name is there to be met: on the deal's own page, in lists, at the desk.
    assert!(seen > 10, "only {seen} answers show it");
}

#[test]
fn a_code_stands_in_no_address() {
    let street = Street::new();
    let buyer = &street.resident.person;
    let code = street.market.bought(buyer, "test").code;
    let forms = routes().into_iter().filter(|route| route.path == "/till" && route.method == "POST");
    for route in forms {
        let sent = json!({ "place": street.named.place, "code": code, "paid": "" });
        let reply = street.owner.ask(&route, "/till", &sent).expect(200);
        let addresses = ["href", "src", "action"].map(|name| reply.attributes("*", name).join(" "));
        let bare: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
        for said in addresses.iter().map(String::as_str).chain(reply.header("location")) {
            assert!(!said.contains(&code) && !said.contains(&bare), "{said}");
        }
    }
}
