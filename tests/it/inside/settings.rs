//! The city's settings and its merchants at the height of commands: who may, what stands in the way, what is noted.

use highstreet::accounts::{Actor, Email};
use highstreet::admin::{self, NewMerchant, Refusal};
use highstreet::base::{Currency, Line, Money, Refusal as _};
use highstreet::directory::{self, City};
use highstreet::kernel::audit;
use highstreet::offers::Draft;
use highstreet::payments::Method;

use super::town::{Town, coffee_for_two};

fn change(town: &Town, by: &Actor, wish: &City) -> Result<(), &'static str> {
    let (by, wish) = (by.clone(), wish.clone());
    town.run(move |tx| admin::change_settings(tx, &by, &wish)).map_err(|refusal: Refusal| refusal.name())
}

fn city(town: &Town) -> City {
    directory::city(&town.read()).unwrap()
}

fn deeds(town: &Town) -> Vec<String> {
    let records = audit::newest(&town.read(), None, 100).unwrap();
    records
        .into_iter()
        .map(|(_, record)| record.content.action)
        .filter(|action| action.starts_with("settings"))
        .collect()
}

#[test]
fn adm_08_only_the_operator_changes_settings_and_each_change_is_noted_once() {
    let town = Town::new();
    let operator = town.operator();
    let wish = City { name: Line::parse("Turku").unwrap(), zone: "Europe/Mariehamn".to_owned(), ..city(&town) };
    for nobody in [&town.people.owner, &town.people.anna] {
        assert_eq!(change(&town, nobody, &wish), Err("not-allowed"));
    }
    assert_eq!(change(&town, &town.guest(1), &wish), Err("sign-in-first"));
    change(&town, &operator, &wish).unwrap();
    change(&town, &operator, &wish).unwrap();
    assert_eq!((city(&town), deeds(&town).len()), (wish.clone(), 1));
    let nowhere = City { zone: "Europe/Atlantis".to_owned(), ..wish.clone() };
    assert_eq!(change(&town, &operator, &nowhere), Err("unknown-zone"));
    let unspelled = City { zone: "europe/helsinki".to_owned(), ..wish.clone() };
    assert_eq!(change(&town, &operator, &unspelled), Err("unknown-zone"), "a row has the name as IANA spells it");
    assert_eq!((city(&town), deeds(&town).len()), (wish, 1));
}

#[test]
fn adm_08_the_currency_stays_while_any_price_or_posting_is_in_another_one() {
    let town = Town::new();
    let operator = town.operator();
    let in_currency = |code: &str| City { currency: Currency::parse(code).unwrap(), ..city(&town) };
    assert_eq!(change(&town, &operator, &in_currency("SEK")), Err("currency-in-use"), "the deal is in euros");
    // Prices in crowns of late do not free what was priced in euros before.
    let crowns = |amount| Money::new(amount, Currency::parse("SEK").unwrap());
    town.edit(town.deal, &Draft { price: crowns(100), list_price: crowns(200), ..coffee_for_two() }).unwrap();
    assert_eq!(change(&town, &operator, &in_currency("SEK")), Err("currency-in-use"));
    change(&town, &operator, &City { country: None, ..city(&town) }).unwrap();
    assert_eq!(city(&town).currency, Currency::EUR);
    town.proves();
}

#[test]
fn adm_08_what_was_paid_in_a_currency_is_found_in_the_books_too() {
    let town = Town::new();
    town.place(&town.people.anna, town.deal, 1, Some(Method::Test)).unwrap();
    let used = highstreet::kernel::ledger::currencies(&town.read()).unwrap();
    assert_eq!(used.into_iter().collect::<Vec<_>>(), [Currency::EUR]);
}

#[test]
fn adm_09_a_merchant_is_taken_in_by_the_operator_alone_and_whole_or_not_at_all() {
    let town = Town::new();
    let (operator, place) = (town.operator(), town.free_place());
    let email = town.account(&town.people.anna).email().cloned().unwrap();
    let new = NewMerchant { name: Line::parse("Anna's").unwrap(), places: vec![place], owner: email };
    let found = |by: &Actor, new: &NewMerchant| {
        let (by, new) = (by.clone(), new.clone());
        town.run(move |tx| admin::found_merchant(tx, &by, &new)).map_err(|refusal: Refusal| refusal.name())
    };
    assert_eq!(found(&town.people.owner, &new), Err("not-allowed"));
    let nobody = Email::parse("nobody@example.org").unwrap();
    assert_eq!(found(&operator, &NewMerchant { owner: nobody, ..new.clone() }), Err("unknown-person"));
    assert_eq!(found(&operator, &NewMerchant { places: vec![], ..new.clone() }), Err("invalid-places"));
    assert_eq!(found(&operator, &NewMerchant { places: vec![town.harbour], ..new.clone() }), Err("place-taken"));
    assert_eq!(directory::merchants(&town.read(), None, 10).unwrap().len(), 2, "nothing of it stayed");
    let merchant = found(&operator, &new).unwrap();
    let runs: Vec<_> = directory::places_of(&town.read(), merchant).unwrap().into_iter().map(|(id, _)| id).collect();
    assert_eq!(runs, [place]);
    let actions: Vec<String> =
        audit::newest(&town.read(), None, 2).unwrap().into_iter().map(|(_, record)| record.content.action).collect();
    assert_eq!(actions, ["merchant-added", "roles-changed"]);
    town.proves();
}
