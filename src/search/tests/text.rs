//! Queries with words.

use proptest::prelude::*;

use super::*;
use crate::search::{Field, Flag, Sort, SuggestionKind};

fn with_words(number: u8, name: &str, words: &[(Field, &str)]) -> Document {
    let words = words.iter().map(|(field, text)| (*field, (*text).to_owned())).collect();
    Document { words, ..place(number, name) }
}

#[test]
fn dir_04_words_of_every_field_find() {
    let city = City::with([
        with_words(1, "Ekberg", &[(Field::OtherName, "Konditoria 1852"), (Field::Street, "Bulevardi 9")]),
        with_words(2, "Kolmonen", &[(Field::Speciality, "ramen"), (Field::Offer, "Lunch for two")]),
        with_words(3, "Fafa's", &[(Field::Review, "the best falafel in town")]),
    ]);
    for (words, found) in [
        ("ekberg", 1),
        ("1852", 1),
        ("bulevardi 9", 1),
        ("ekberg bulevardi", 1),
        ("RAMEN", 2),
        ("lunch two", 2),
        ("fafas", 3),
        ("falafel", 3),
    ] {
        assert_eq!(city.finds_words(words), [found], "{words}");
    }
    assert!(city.finds_words("ekberg ramen").is_empty(), "all words must be found in one place");
}

#[test]
fn dir_04_category_words_of_all_languages_find() {
    let city = City::with([
        Document { category: SUSHI, ..place(1, "Kabuki") },
        Document { category: RESTAURANT, ..place(2, "Savoy") },
        Document { category: HAIRDRESSER, ..place(3, "Salon X") },
    ]);
    for (words, found) in [
        ("sushi", &[1][..]),
        ("寿司", &[1]),
        ("Friseur", &[3]),
        ("kampaamo", &[3]),
        ("理发店", &[3]),
        // Those that are just that come before those that are of a kind of it.
        ("餐馆", &[2, 1]),
        ("ravintola", &[2, 1]),
        ("ravintola savoy", &[2]),
    ] {
        assert_eq!(city.finds_words(words), found, "{words}");
    }
}

#[test]
fn dir_04_accents_and_case_are_folded() {
    let city = City::with([place(1, "Päiväkoti Ålandia"), place(2, "STRASSENCAFÉ")]);
    assert_eq!(city.finds_words("paivakoti alandia"), [1]);
    assert_eq!(city.finds_words("PÄIVÄKOTI"), [1]);
    assert_eq!(city.finds_words("straßencafe"), [2]);
}

#[test]
fn dir_04_chinese_is_found_by_parts() {
    let city = City::with([place(1, "北京烤鸭店"), place(2, "上海小吃")]);
    assert_eq!(city.finds_words("烤鸭"), [1]);
    assert_eq!(city.finds_words("鸭"), [1]);
    assert_eq!(city.finds_words("上海"), [2]);
    assert!(city.finds_words("海上").is_empty());
}

#[test]
fn dir_04_a_word_that_nobody_uses_is_taken_for_its_neighbour() {
    let city = City::with([place(1, "Fazer"), place(2, "Karl Fazer"), place(3, "Ekberg")]);
    assert_eq!(city.finds_words("ekbreg"), [3]);
    assert_eq!(city.finds_words("karl fazre"), [2]);
    assert!(city.finds_words("xy").is_empty(), "short words have too many neighbours");
    assert_eq!(city.finds_words("kx karl fazre"), [2], "beside others they may be any word");
    assert_eq!(city.finds_words("karlfazer"), [2], "run together");
    assert_eq!(city.finds_words("ek berg"), [3], "torn apart");
}

#[test]
fn dir_04_forms_of_words_find_by_the_language_of_the_place() {
    let finnish = [(Field::Review, "tuoretta leipää ja kahvia joka aamu"), (Field::Speciality, "pullat")];
    let city = City::with([
        with_words(1, "Leipomo", &finnish),
        Document { language: Some(Locale::Sv), ..with_words(2, "Kvarnen", &[(Field::Speciality, "kanelbullar")]) },
        Document { language: Some(Locale::En), ..with_words(3, "Mill", &[(Field::Speciality, "bakeries")]) },
    ]);
    assert_eq!(city.finds_words("leipaa"), [1]);
    assert_eq!(city.finds_words("pulla"), [1]);
    assert_eq!(city.finds_words("kanelbulle"), [2]);
    assert_eq!(city.finds_words("bakery"), [3]);
}

#[test]
fn dir_09_suggests_dishes_and_streets_and_knows_pinyin() {
    let city = City::with([
        with_words(1, "北京烤鸭", &[(Field::Street, "Iso Roobertinkatu")]),
        with_words(2, "Kolme", &[(Field::Speciality, "ramen"), (Field::Offer, "Ramen for two")]),
        with_words(3, "Neljä", &[(Field::Street, "Iso Roobertinkatu"), (Field::Street, "00120")]),
        with_words(4, "Viisi", &[(Field::Street, "Roobertinaukio"), (Field::Speciality, "ramen")]),
    ]);
    let suggest = |begun: &str| -> Vec<(String, SuggestionKind)> {
        city.search.suggest(begun, 8).into_iter().map(|found| (found.text, found.kind)).collect()
    };
    let named = |text: &str, kind| (text.to_owned(), kind);
    let (dish, street) = (SuggestionKind::Dish, SuggestionKind::Street);
    assert_eq!(suggest("ram"), [named("ramen", dish), named("Ramen for two", dish)]);
    assert_eq!(suggest("roob"), [named("Iso Roobertinkatu", street), named("Roobertinaukio", street)]);
    assert_eq!(suggest("iso r"), [named("Iso Roobertinkatu", street)]);
    assert!(suggest("001").is_empty());
    for begun in ["北京", "beijingk", "bjk"] {
        assert_eq!(suggest(begun), [named("北京烤鸭", SuggestionKind::Place(id(1)))], "{begun}");
    }
    assert_eq!(city.finds_words("bjky"), [1]);
}

#[test]
fn a_name_weighs_more_than_a_review() {
    let city = City::with([
        with_words(1, "Ekberg", &[(Field::Review, "as good as savoy")]),
        place(2, "Savoy"),
        with_words(3, "Kolme", &[(Field::Street, "Savoy-kuja 1")]),
    ]);
    assert_eq!(city.finds_words("savoy"), [2, 3, 1]);
}

#[test]
fn dir_05_words_within_a_radius_sorted_by_distance() {
    let at = |number, lat| Document { point: Point::new(lat, 24.94).unwrap(), ..place(number, "R-kioski") };
    let city = City::with([at(1, 60.190), at(2, 60.171), at(3, 60.300), at(4, 60.180)]);
    let near = Query { near: Point::new(60.17, 24.94), within_m: Some(2500), sort: Sort::Distance, ..query("kioski") };
    assert_eq!(city.finds(&near), [2, 4, 1]);
    assert_eq!(city.finds(&Query { within_m: None, ..near.clone() }), [2, 4, 1, 3]);
    assert_eq!(city.finds(&Query { sort: Sort::Relevance, ..near }), [2, 4, 1], "equal words: nearest first");
}

#[test]
fn live_filters_need_no_new_words() {
    let mut city = City::with([place(1, "Savoy"), place(2, "Savoy")]);
    let open = Query { open_at: Some(now()), flags: Flags::NONE.with(Flag::HasOffer), ..query("savoy") };
    assert!(city.finds(&open).is_empty());
    let segments = |city: &City| city.search.view().text.segments();
    let before = segments(&city);
    city.put([Document { hours: open_now(), flags: Flags::NONE.with(Flag::HasOffer), ..place(2, "Savoy") }]);
    assert_eq!(city.finds(&open), [2]);
    assert_eq!(segments(&city), before, "nothing was indexed again");
    let facets = city.search.find(&query("savoy")).facets;
    assert_eq!((facets.open, facets.flags), (1, vec![(Flag::HasOffer, 1)]));
}

#[test]
fn changed_words_replace_the_old_ones() {
    let mut city = City::with([place(1, "Alt")]);
    city.put([place(1, "Neu")]);
    assert!(city.finds_words("alt").is_empty());
    assert_eq!(city.finds_words("neu"), [1]);
}

#[test]
fn dir_09_suggests_categories_and_places_by_their_beginnings() {
    let city = City::with([
        Document { category: SUSHI, ..place(1, "Sushi Wagocoro") },
        Document { rating: Rating { mean: 450, score: 440, count: 9 }, ..place(2, "Karl Fazer Café") },
        place(3, "Fazer"),
        place(4, "R-kioski"),
        place(5, "R-kioski"),
    ]);
    let suggest = |begun: &str| -> Vec<(String, SuggestionKind)> {
        let found = city.search.suggest(begun, 8);
        found.into_iter().map(|suggestion| (suggestion.text, suggestion.kind)).collect()
    };
    let named = |text: &str, kind| (text.to_owned(), kind);
    assert_eq!(
        suggest("sus"),
        [
            named("Sushi restaurant", SuggestionKind::Category(SUSHI)),
            named("Sushi Wagocoro", SuggestionKind::Place(id(1)))
        ]
    );
    assert_eq!(
        suggest("faz"),
        [named("Fazer", SuggestionKind::Place(id(3))), named("Karl Fazer Café", SuggestionKind::Place(id(2)))]
    );
    assert_eq!(suggest("karl faz"), [named("Karl Fazer Café", SuggestionKind::Place(id(2)))]);
    assert_eq!(suggest("r-ki"), [named("R-kioski", SuggestionKind::Words)]);
    assert!(suggest("friseur").is_empty(), "no place of that category");
    assert!(suggest("").is_empty() && suggest("!!").is_empty());
}

#[test]
fn hostile_queries_find_nothing_or_what_they_say() {
    let city = City::with([place(1, "OR"), place(2, "Savoy")]);
    let marks = format!("a{}", "\u{301}".repeat(5000));
    let megabyte = "savoy ".repeat(170_000);
    for words in [
        "name:savoy",
        "savoy AND (",
        "\"savoy",
        "sa*oy^2 ~",
        "[a TO z]",
        "+-&&||!(){}",
        "\0",
        "sav\0oy",
        "\u{202E}yovas",
        "%00%ff",
        "\u{FDFA}",
        "🍣🍣🍣",
        "<script>alert(1)</script>",
        &marks,
        &megabyte,
        "ก็็็็็็็็็็",
        "' OR 1=1 --",
    ] {
        assert!(city.search.find(&query(words)).total <= 2, "{words:.40}");
        city.search.suggest(words, 10);
    }
    assert_eq!(city.finds_words("or"), [1], "an operator is a word like any other");
    assert_eq!(city.finds_words(&megabyte), [2]);
    assert_eq!(city.finds_words(" \t ").len(), 2, "no words, no condition");
}

proptest! {
    #[test]
    fn no_text_makes_search_fail(words in prop_oneof!["\\PC{0,60}", any::<String>()]) {
        thread_local! {
            static CITY: City = City::with([place(1, "Savoy"), place(2, "寿司 Bar")]);
        }
        CITY.with(|city| {
            city.search.find(&query(&words));
            city.search.suggest(&words, 10);
        });
    }
}
