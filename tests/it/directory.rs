//! Finding places and looking at one, from outside, on the demo's city at noon of a Monday.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::kit::{Launch, Person, Reply, Server, run};

/// Haru Sushi is open Mo-Fr 11:00-21:00, Yökyöpeli Mo-Th 20:00-03:00.
const MONDAY_NOON: &str = "2026-11-23T12:00:00+02:00";

fn city() -> Server {
    Launch::demo().now(MONDAY_NOON).start()
}

fn slugs(reply: &Value) -> Vec<String> {
    let items = reply["items"].as_array().unwrap();
    items.iter().map(|item| item["slug"].as_str().unwrap().to_owned()).collect()
}

/// Every place that a query finds, page by page.
fn all_items(guest: &Person, query: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = guest.api_get(&format!("/places?limit=100&{query}&cursor={cursor}")).expect(200).json();
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return items,
        }
    }
}

fn numbers(item: &Value) -> (f64, f64) {
    (item["point"]["lat"].as_f64().unwrap(), item["point"]["lon"].as_f64().unwrap())
}

/// Metres between two points near each other, on a plane: an oracle of its own, good to a metre within a kilometre.
fn plane_distance_m((lat, lon): (f64, f64), (other_lat, other_lon): (f64, f64)) -> f64 {
    let metres_a_degree = 6_371_008.8_f64.to_radians();
    let east = (lon - other_lon) * lat.midpoint(other_lat).to_radians().cos();
    ((lat - other_lat).powi(2) + east.powi(2)).sqrt() * metres_a_degree
}

#[test]
fn dir_01_the_page_of_a_place_is_complete_without_javascript_and_has_a_twin_in_json() {
    let server = city();
    let guest = server.guest();
    let page = guest.get("/p/cafe-ekberg").expect(200);
    assert_eq!(page.one("h1"), "Cafe Ekberg");
    let text = page.one("main");
    for said in ["Bulevardi 9", "00120", "Open until 19:00", "07:30–19:00", "cafeekberg.fi", "Source: OpenStreetMap"]
    {
        assert!(text.contains(said), "{said} is missing in {text}");
    }
    assert!(page.attributes("a", "href").iter().any(|url| url.starts_with("geo:60.")));
    assert!(page.one("footer").contains("© OpenStreetMap contributors"));
    let deals = page.attributes("#deals h3 a", "href");
    assert!(!deals.is_empty() && deals.iter().all(|url| url.starts_with("/o/")));

    let twin = guest.api_get("/places/cafe-ekberg").expect(200).json();
    assert_eq!((&twin["name"], &twin["open"]), (&"Cafe Ekberg".into(), &true.into()));
    assert_eq!(twin["address"]["street"], "Bulevardi");
    assert_eq!(twin["offers"].as_array().unwrap().len(), deals.len());
    let id = twin["id"].as_str().unwrap();
    assert_eq!(guest.api_get(&format!("/places/{id}")).expect(200).json(), twin);
    let by_id = guest.get(&format!("/p/{id}")).expect(303);
    assert_eq!(by_id.header("location"), Some("/p/cafe-ekberg"));
    guest.get("/p/no-such-place").expect(404);
    guest.api_get("/places/no-such-place").expect_problem(404, "not-found");
}

#[test]
fn dir_03_open_is_told_in_the_zone_of_the_place_for_now_for_then_and_past_midnight() {
    let server = city();
    let guest = server.guest();
    let state = |slug: &str| guest.api_get(&format!("/places/{slug}")).expect(200).json()["hours"]["state"].clone();
    assert_eq!(state("haru-sushi"), "Open until 21:00");
    assert_eq!(state("yokyopeli"), "Opens 20:00");
    let open = |at: &str, slug: &str| {
        let found = all_items(&guest, &format!("open={at}"));
        found.iter().any(|item| item["slug"] == slug && item["open"] == true)
    };
    assert!(open("now", "haru-sushi") && !open("now", "yokyopeli"));
    // The night of Monday, which belongs to Tuesday by the calendar; the same instant in another zone.
    assert!(open("2026-11-24T02:30:00%2B02:00", "yokyopeli") && open("2026-11-24T00:30:00Z", "yokyopeli"));
    assert!(!open("2026-11-24T03:00:00%2B02:00", "yokyopeli"), "the end is not open any more");
    // A week from now is a Monday too.
    assert!(open("2026-11-30T12:00:00%2B02:00", "haru-sushi"));
    assert!(!open("2026-11-30T10:59:59%2B02:00", "haru-sushi"));
}

#[test]
fn dir_05_a_radius_and_a_box_hold_what_lies_in_them_nearest_first() {
    let server = city();
    let guest = server.guest();
    let center = (60.17, 24.94);
    let everything = all_items(&guest, "");
    assert_eq!(everything.len(), 1_186);
    let ids = |items: &[Value]| -> BTreeSet<String> { items.iter().map(|item| item["id"].to_string()).collect() };
    assert_eq!(ids(&everything).len(), 1_186, "pages never overlap");

    let near = all_items(&guest, "near=60.17,24.94&within=400&sort=distance");
    let distances: Vec<u64> = near.iter().map(|item| item["distance_m"].as_u64().unwrap()).collect();
    assert!(distances.is_sorted() && distances.iter().all(|metres| *metres <= 400) && !near.is_empty());
    let off = |item: &Value| plane_distance_m(center, numbers(item));
    assert!(near.iter().all(|item| (off(item) - item["distance_m"].as_f64().unwrap()).abs() < 2.0));
    let inside: Vec<Value> = everything.iter().filter(|item| off(item) < 399.0).cloned().collect();
    assert!(ids(&inside).is_subset(&ids(&near)));

    let boxed = all_items(&guest, "bbox=24.93,60.165,24.945,60.17");
    let lies_in = |(lat, lon): (f64, f64)| (60.165..=60.17).contains(&lat) && (24.93..=24.945).contains(&lon);
    let inside: Vec<Value> = everything.iter().filter(|item| lies_in(numbers(item))).cloned().collect();
    assert!(!inside.is_empty());
    assert_eq!(ids(&boxed), ids(&inside));
}

#[test]
fn dir_15_search_engines_get_structured_data_a_sitemap_and_canonical_addresses() {
    let server = city();
    let guest = server.guest();
    let page = guest.get("/p/cafe-ekberg").expect(200);
    let data: Value = serde_json::from_str(&page.one("script[type='application/ld+json']")).unwrap();
    assert_eq!((&data["@type"], &data["name"]), (&"LocalBusiness".into(), &"Cafe Ekberg".into()));
    assert_eq!(data["makesOffer"][0]["@type"], "Offer");
    assert_eq!(data["openingHoursSpecification"][0]["opens"], "07:30");

    let sitemap = guest.get("/sitemap.xml").expect(200);
    assert!(sitemap.text().contains("/p/cafe-ekberg</loc>"));
    assert_eq!(sitemap.text().matches("<loc>").count(), 1_186 + 2 + 16);
    let robots = |path: &str| guest.get(path).expect(200).attributes("meta[name=robots]", "content");
    assert_eq!(robots("/search?category=eat"), [""; 0]);
    assert_eq!(robots("/search?category=eat&open=now"), ["noindex, follow"]);
    let narrowed = guest.get("/search?category=eat&open=now&near=60.17,24.94").expect(200);
    assert_eq!(canonical(&narrowed), [format!("{}/search?category=eat", server.url())]);
}

fn canonical(page: &Reply) -> Vec<String> {
    page.attributes("head link[rel=canonical]", "href")
}

#[test]
fn dir_15_public_pages_name_their_address_and_language_and_private_ones_offer_themselves_to_nobody() {
    let server = city();
    let guest = server.guest();
    let offer = guest.api_get("/offers?limit=1").expect(200).json()["items"][0]["id"].as_str().unwrap().to_owned();
    let offer = format!("/o/{offer}");
    for path in ["/", "/search", "/search?category=eat", "/p/cafe-ekberg", &offer] {
        let page = guest.get(path).expect(200);
        let address = format!("{}{path}", server.url());
        assert_eq!(canonical(&page), [address.as_str()], "{path}");
        let language = page.attributes("html", "lang").remove(0);
        assert_eq!(page.attributes("head link[rel=alternate]", "hreflang"), [language.as_str(), "x-default"], "{path}");
        assert_eq!(page.attributes("head link[rel=alternate]", "href"), [address.as_str(), &address], "{path}");
    }
    let owner = server.owner();
    let pages =
        [guest.get("/sign-in"), guest.get("/help"), owner.get("/me"), owner.get("/desk"), guest.get("/nothing")];
    for page in pages {
        assert_eq!(page.attributes("head link[rel=alternate]", "href"), [""; 0], "{}", page.asked);
    }
}

#[test]
fn words_of_every_language_find_what_is_so_tagged() {
    let server = city();
    let guest = server.guest();
    for (words, slug) in [("sushi", "haru-sushi"), ("%E5%AF%BF%E5%8F%B8", "haru-sushi"), ("ekberg", "cafe-ekberg")] {
        let found = guest.api_get(&format!("/places?limit=100&q={words}")).expect(200).json();
        assert!(slugs(&found).contains(&slug.to_owned()), "{words}");
    }
    for words in ["Friseur", "parturi", "%E9%A4%90%E9%A6%86"] {
        let found = guest.api_get(&format!("/places?q={words}")).expect(200).json();
        assert!(found["total"].as_u64().unwrap() >= 5, "{words}");
    }
    let suggested = guest.api_get("/suggest?q=sush").expect(200).json();
    let first = &suggested["items"][0];
    assert_eq!(first["kind"], "category");
    guest.get(first["url"].as_str().unwrap()).expect(200);
    let texts: Vec<&str> =
        suggested["items"].as_array().unwrap().iter().filter_map(|item| item["text"].as_str()).collect();
    assert!(texts.contains(&"Sushi restaurant"), "{texts:?}");
}

#[test]
fn the_links_of_a_search_keep_their_promise() {
    let server = city();
    let guest = server.guest();
    let home = guest.get("/").expect(200);
    let category = home.attributes("nav.cats a", "href").remove(0);
    let page = guest.get(&category).expect(200);
    let chip = page.attributes("nav.scroll a.chip", "href").remove(0);
    assert!(chip.contains("open=now"), "{chip}");
    let promised = page.all("nav.scroll a.chip b").remove(0);
    let open = guest.get(&chip).expect(200);
    assert!(open.one("main p[role=status]").starts_with(&format!("{promised} places")), "{promised}");
    assert_eq!(
        open.attributes("nav.scroll a[aria-current]", "href"),
        std::slice::from_ref(&category),
        "the link takes it back"
    );
    let tree = guest.api_get("/categories").expect(200).json();
    let slug = category.split('=').nth(1).unwrap();
    let families = tree["items"].as_array().unwrap();
    let family = families.iter().find(|family| family["slug"] == slug).unwrap();
    let found = guest.api_get(&format!("/places?category={slug}")).expect(200).json();
    assert_eq!(family["count"], found["total"]);
    let next = page.attributes("a[rel=next]", "href").remove(0);
    let places = |page: &crate::kit::Reply| page.attributes(".card h3 a", "href").into_iter().collect::<BTreeSet<_>>();
    let second = guest.get(&next).expect(200);
    assert!(places(&page).is_disjoint(&places(&second)));
    let nothing = guest.get("/search?q=cafe&category=hairdresser&wheelchair=yes").expect(200);
    assert!(nothing.one(".empty").contains("Drop"), "an empty answer offers a way on");
}

/// The links of the facets on the results page: label, count, URL.
fn facet_links(page: &crate::kit::Reply) -> Vec<(String, u64, String)> {
    let texts = page.all("details.filters a.chip");
    let urls = page.attributes("details.filters a.chip", "href");
    assert_eq!(texts.len(), urls.len());
    let split = |text: String| {
        let at = text.rfind(|character: char| !character.is_ascii_digit()).map_or(0, |at| at + 1);
        let (label, count) = text.split_at(at.min(text.len()));
        (label.trim().to_owned(), count.parse().unwrap_or(0))
    };
    texts.into_iter().map(split).zip(urls).map(|((label, count), url)| (label, count, url)).collect()
}

#[test]
fn dir_06_several_choices_within_a_facet_widen_and_those_of_two_facets_narrow() {
    let server = city();
    let guest = server.guest();
    let total = |query: &str| guest.api_get(&format!("/places?{query}")).expect(200).json()["total"].as_u64().unwrap();
    let (cafes, bakeries) = (total("category=cafe"), total("category=bakery"));
    assert!(cafes > 0 && bakeries > 0);
    assert_eq!(total("category=cafe&category=bakery"), cafes + bakeries);
    assert_eq!(total("category=cafe,bakery"), cafes + bakeries);
    let both = total("category=cafe&category=bakery&open=now");
    assert_eq!(both, total("category=cafe&open=now") + total("category=bakery&open=now"));
    assert!(both < cafes + bakeries);
    let vegan = all_items(&guest, "diet=vegan");
    let either = all_items(&guest, "diet=vegan&diet=vegetarian");
    assert!(!vegan.is_empty() && either.len() > vegan.len(), "a second diet widens");

    let counts = |query: &str| {
        let found = guest.api_get(&format!("/places?{query}")).expect(200).json();
        let list = found["facets"]["category"].as_array().unwrap().clone();
        list.into_iter().map(|one| (one["value"].to_string(), one["count"].as_u64())).collect::<BTreeSet<_>>()
    };
    assert_eq!(counts("open=now&category=cafe"), counts("open=now"), "a facet is counted without its own choices");
    assert_ne!(counts("open=now"), counts(""), "and with those of the others");
}

#[test]
fn dir_06_every_facet_link_leads_to_as_many_places_as_it_says() {
    let server = city();
    let guest = server.guest();
    let mut chosen = "/search?category=cafe".to_owned();
    for _ in 0..2 {
        let page = guest.get(&chosen).expect(200);
        let alone = |url: &str| {
            let query = url.split_once('?').map_or("", |(_, query)| query);
            guest.api_get(&format!("/places?{query}")).expect(200).json()["total"].as_u64().unwrap()
        };
        let here = alone(&chosen);
        let links = facet_links(&page);
        let beside = links.iter().find(|(label, ..)| label == "Bar").unwrap_or_else(|| panic!("{links:?}"));
        assert!(beside.2.contains("category=cafe&category=bar"), "{beside:?}");
        assert_eq!(alone(&beside.2), here + beside.1, "a second category adds what its link says");
        let (label, _, undo) = &links.iter().find(|(label, ..)| label.starts_with("Caf")).unwrap();
        assert!(!undo.contains("category=cafe"), "{label}: {undo}");
        chosen.push_str("&open=now");
    }
}

#[test]
fn a_filter_that_cannot_be_read_is_named() {
    let server = city();
    let guest = server.guest();
    for (query, field) in [
        ("near=abc", "near"),
        ("near=91,0", "near"),
        ("within=100", "within"),
        ("near=60,24&within=-1", "within"),
        ("bbox=1,2,3", "bbox"),
        ("category=no-such", "category"),
        ("open=later", "open"),
        ("sort=fame", "sort"),
        ("rating=11", "rating"),
        ("limit=0", "limit"),
        ("cursor=!", "cursor"),
        ("cursor=_____w", "cursor"),
    ] {
        let problem = guest.api_get(&format!("/places?{query}")).expect(422).json();
        assert!(problem["errors"][field].is_string(), "{query}: {problem}");
    }
    let page = guest.get("/search?q=sushi&near=abc&sort=fame").expect(200);
    let notes = page.all("main .flash");
    assert!(notes.iter().any(|note| note.contains("“near”")) && notes.iter().any(|note| note.contains("“sort”")));
    assert_eq!(page.attributes("input[name=q]", "value"), ["sushi"]);
}

#[test]
fn hostile_questions_are_answered_and_never_become_markup() {
    let server = city();
    let guest = server.guest();
    let marks = "%CC%81".repeat(900);
    for words in [
        "%3Cscript%3Ealert(1)%3C/script%3E",
        "%00",
        "%FF%FE",
        "%E2%80%AEabc",
        "%22%2BAND%20OR%20NOT%20name:*%20%5B%20TO%20%5D%20~%5E",
        "a*%20%3F%20(((((",
        marks.as_str(),
    ] {
        let page = guest.get(&format!("/search?q={words}")).expect(200);
        assert!(!page.text().contains("<script>alert"), "{words}");
        guest.api_get(&format!("/suggest?q={words}")).expect(200);
        let status = guest.api_get(&format!("/places?q={words}")).status;
        assert!(status == 200 || status == 422, "{words}: {status}");
    }
    for path in ["/p/%00", "/p/%FF", "/p/..%2F..%2Fetc", "/search?page=99999999999999999999", "/search?%"] {
        let status = guest.get(path).status;
        assert!(status < 500, "{path}: {status}");
    }
}

#[test]
fn a_second_import_of_the_same_file_changes_nothing_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo/Helsinki.osm.pbf");
    let import = |more: &[&str]| {
        let args = [&["import", "osm", file, "--json", "--data", data], more].concat();
        let report = run(&args).expect(0).json();
        let count = |name: &str| report[name].as_u64().unwrap();
        assert_eq!(count("read"), count("added") + count("updated") + count("unchanged") + count("skipped"));
        assert_eq!(report["errors"], Value::Array(Vec::new()));
        (count("added"), count("updated"), count("unchanged"), count("vanished"))
    };
    assert_eq!(import(&["--dry-run"]), (1_186, 0, 0, 0));
    assert_eq!(import(&[]), (1_186, 0, 0, 0));
    assert_eq!(import(&[]), (0, 0, 1_186, 0));
    assert_eq!(run(&["reindex", "--json", "--data", data]).expect(0).json()["places"], 1_186);
}

#[test]
fn a_file_that_is_none_is_one_line_and_no_import() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let text = folder.path().join("places.osm.pbf");
    std::fs::write(&text, "no map").unwrap();
    for (args, code) in [
        (["osm", text.to_str().unwrap()], 74),
        (["osm", "/no/such/file"], 74),
        (["osm", "/"], 74),
        (["geojson", text.to_str().unwrap()], 74),
        (["csv", text.to_str().unwrap()], 74),
    ] {
        let finished = run(&["import", args[0], args[1], "--data", data.to_str().unwrap()]).expect(code);
        assert_eq!((finished.stderr.lines().count(), finished.stdout.as_str()), (1, ""), "{args:?}");
    }
}
