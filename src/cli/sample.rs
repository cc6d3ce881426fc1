//! The demo's people, merchants, deals and trade, from `assets/demo/sample.toml`: every row by the commands that
//! anybody else would use.

use std::collections::HashMap;
use std::io::Cursor;

use serde::Deserialize;

use crate::accounts::{self, Actor, DisplayName, Email, Grant, NewAccount, Password, PersonId, PlaceId, StaffRole};
use crate::base::{Currency, Fault, Id, Line, Money, Point, Prose};
use crate::cli::Failure;
use crate::directory::{self, City, Format, MerchantId, MerchantName, Take};
use crate::offers::{self, OfferId, OfferKind};
use crate::orders;
use crate::payments::Method;
use crate::reviews;
use crate::store::{Outcome, Stop, Store, Tx};
use crate::vouchers::{self, Origin};

/// Every demo account's password.
pub(in crate::cli) const PASSWORD: &str = "demo-demo-demo";
/// The accounts that the demo prints, with what each is for.
const SHOWN: usize = 7;
/// The core of Helsinki; see `assets/demo/NOTICE`.
const EXTRACT: &[u8] = include_bytes!("../../assets/demo/Helsinki.osm.pbf");
const SAMPLE: &str = include_str!("../../assets/demo/sample.toml");
const DAY_SECONDS: i64 = 24 * 3600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    city: SampleCity,
    person: Vec<SamplePerson>,
    merchant: Vec<SampleMerchant>,
    offer: Vec<SampleOffer>,
    visit: Vec<SampleVisit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleCity {
    name: String,
    zone: String,
    currency: String,
    country: String,
    center: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SamplePerson {
    name: String,
    email: String,
    role: String,
    merchant: Option<String>,
    place: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleMerchant {
    name: String,
    places: Vec<String>,
    keeper: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleOffer {
    place: String,
    title: String,
    price: String,
    list_price: String,
    capacity: u32,
    per_person: Option<u32>,
    sale_days: i64,
    use_days: i64,
    use_hours: Option<String>,
    #[serde(default)]
    needs_booking: bool,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleVisit {
    place: String,
    by: String,
    rating: u8,
    text: String,
    reply: Option<String>,
}

fn city(sample: &SampleCity) -> Result<City, Failure> {
    Ok(City {
        name: Line::parse(&sample.name).map_err(bad)?,
        zone: sample.zone.clone(),
        currency: Currency::parse(&sample.currency).ok_or_else(|| bad("the currency"))?,
        center: Some(sample.center.parse::<Point>().map_err(bad)?),
        country: Some(sample.country.clone()),
    })
}

/// The table of accounts that the demo prints: address, what it is.
pub(in crate::cli) fn accounts_table() -> Result<String, Failure> {
    let people = sample()?.person;
    let mut text = format!("Demo accounts, each with the password {PASSWORD}:\n");
    for person in people.iter().take(SHOWN) {
        let of = person.merchant.as_deref().map(|name| format!(" of {name}")).unwrap_or_default();
        text.push_str(&format!("  {:<26} {}{of}\n", person.email, person.role));
    }
    Ok(text)
}

/// Fills an empty store: the city, its places from the bundled extract, and then people and trade.
pub(in crate::cli) fn fill(store: &Store) -> Result<(), Failure> {
    let sample = sample()?;
    let city = city(&sample.city)?;
    run(store, move |tx| directory::set_city(tx, &city))?;
    directory::import(store, Cursor::new(EXTRACT), Format::Osm, &Take::default(), |_| {}).map_err(bad)?;
    let mut town = Town { store, people: HashMap::new(), keepers: HashMap::new(), merchants: HashMap::new() };
    for merchant in &sample.merchant {
        town.add_merchant(merchant)?;
    }
    let password = accounts::hash_now(&Password::typed(PASSWORD.to_owned()))?;
    for person in &sample.person {
        let account = NewAccount {
            name: DisplayName::parse(&person.name).map_err(bad)?,
            email: Email::parse(&person.email).map_err(bad)?,
            password: password.clone(),
        };
        let grants = town.grants(person, &sample.merchant)?;
        let id = run(store, move |tx| accounts::add_user(tx, &account, &grants))?;
        town.people.insert(person.email.clone(), id);
    }
    town.find_keepers(&sample);
    let mut at_place = HashMap::new();
    for offer in &sample.offer {
        at_place.entry(offer.place.clone()).or_insert(town.add_offer(offer)?);
    }
    for visit in &sample.visit {
        let offer = at_place.get(&visit.place).ok_or_else(|| bad("a visit to a place without an offer"))?;
        town.add_visit(visit, *offer)?;
    }
    Ok(())
}

struct Town<'a> {
    store: &'a Store,
    people: HashMap<String, PersonId>,
    /// Who manages a place, by its source.
    keepers: HashMap<String, PersonId>,
    merchants: HashMap<String, MerchantId>,
}

impl Town<'_> {
    fn add_merchant(&mut self, merchant: &SampleMerchant) -> Result<(), Failure> {
        let name = MerchantName::parse(&merchant.name).map_err(bad)?;
        let places = merchant.places.iter().map(|source| self.place(source)).collect::<Result<Vec<_>, _>>()?;
        let id = run(self.store, move |tx| directory::add_merchant(tx, &name, &places))?;
        self.merchants.insert(merchant.name.clone(), id);
        Ok(())
    }

    fn place(&self, source: &str) -> Result<PlaceId, Failure> {
        let found = directory::place_of_source(&*self.store.snapshot()?, source)?;
        found.map(|(id, _)| id).ok_or_else(|| bad(format!("the extract has no {source}")))
    }

    fn grants(&self, person: &SamplePerson, merchants: &[SampleMerchant]) -> Result<Vec<Grant>, Failure> {
        let merchant = |name: &str| self.merchants.get(name).copied().ok_or_else(|| bad(name));
        let staff = |role, merchant, places| Grant::Staff { role, merchant, places };
        let mut grants = Vec::new();
        for kept in merchants.iter().filter(|merchant| merchant.keeper.as_ref() == Some(&person.email)) {
            grants.push(staff(StaffRole::Owner, merchant(&kept.name)?, vec![]));
        }
        let at = person.merchant.as_deref().map(merchant).transpose()?;
        let place = person.place.as_deref().map(|source| self.place(source)).transpose()?;
        match (person.role.as_str(), at) {
            ("resident", None) => {}
            ("owner", Some(at)) => grants.push(staff(StaffRole::Owner, at, vec![])),
            ("till", Some(at)) => grants.push(staff(StaffRole::Till, at, place.into_iter().collect())),
            ("moderator", None) => grants.push(Grant::Moderator),
            ("operator", None) => grants.push(Grant::Operator),
            (other, _) => return Err(bad(format!("the role {other}"))),
        }
        Ok(grants)
    }

    /// Who acts for each place: the merchant's keeper, or its owner.
    fn find_keepers(&mut self, sample: &Sample) {
        for merchant in &sample.merchant {
            let owner = sample
                .person
                .iter()
                .find(|person| person.role == "owner" && person.merchant.as_ref() == Some(&merchant.name));
            let email = merchant.keeper.as_ref().or(owner.map(|person| &person.email));
            if let Some(id) = email.and_then(|email| self.people.get(email)) {
                self.keepers.extend(merchant.places.iter().map(|place| (place.clone(), *id)));
            }
        }
    }

    fn keeper(&self, place: &str) -> Result<Actor, Failure> {
        self.keepers.get(place).map(|id| actor(*id)).ok_or_else(|| bad(format!("{place} has no keeper")))
    }

    fn add_offer(&self, offer: &SampleOffer) -> Result<OfferId, Failure> {
        let now = self.store.clock().now();
        let currency = directory::city(&*self.store.snapshot()?)?.currency;
        let money = |text: &str| Money::parse(text, currency).ok_or_else(|| bad(text));
        let end = |days: i64| now.plus_seconds(days * DAY_SECONDS);
        let draft = offers::Draft {
            title: Line::parse(&offer.title).map_err(bad)?,
            price: money(&offer.price)?,
            list_price: money(&offer.list_price)?,
            capacity: offer.capacity,
            per_person: offer.per_person,
            sale_from: now,
            sale_until: end(offer.sale_days),
            use_from: now,
            use_until: end(offer.use_days),
            use_hours: offer.use_hours.clone(),
            blackout: vec![],
            needs_booking: offer.needs_booking,
            text: Some(Prose::parse(&offer.text).map_err(bad)?),
        };
        let (keeper, place) = (self.keeper(&offer.place)?, self.place(&offer.place)?);
        let by = keeper.clone();
        let id = run(self.store, move |tx| offers::create(tx, &by, place, OfferKind::Deal, &draft))?;
        run(self.store, move |tx| offers::publish(tx, &keeper, id))
    }

    /// Buys, uses and reviews, as a resident and a till would.
    fn add_visit(&self, visit: &SampleVisit, offer: OfferId) -> Result<(), Failure> {
        let resident = self.people.get(&visit.by).map(|id| actor(*id)).ok_or_else(|| bad(&visit.by))?;
        let (till, place) = (self.keeper(&visit.place)?, self.place(&visit.place)?);
        let stars = reviews::Stars::new(visit.rating).ok_or_else(|| bad("a rating"))?;
        let text = Some(Prose::parse(&visit.text).map_err(bad)?);
        let reply = visit.reply.as_deref().map(Prose::parse).transpose().map_err(bad)?;
        let wish = orders::Place { lines: vec![(offer, 1)], pay: Some(Method::Test) };
        let buyer = resident.clone();
        let order = run(self.store, move |tx| orders::place(tx, &buyer, &wish, &Origin::of(&buyer, "sample")))?;
        let code = self.code_of(order)?;
        let by = till.clone();
        let ask = vouchers::Redeem { code, place, paid: false };
        run(self.store, move |tx| vouchers::redeem(tx, &by, ask, &Origin::of(&by, "sample")))?;
        let words = reviews::Words { stars, aspects: vec![], text };
        let seen = reviews::Visit { order, place };
        let review = run(self.store, move |tx| reviews::publish(tx, &resident, seen, &words))?;
        if let Some(text) = reply {
            run(self.store, move |tx| reviews::reply(tx, &till, review, &text))?;
        }
        Ok(())
    }

    fn code_of(&self, order: orders::PublicOrderId) -> Result<crate::base::Code, Failure> {
        let snapshot = self.store.snapshot()?;
        let found = orders::order_by_public(&*snapshot, order)?;
        let (_, order) = found.ok_or_else(|| bad("an order that was just placed is gone"))?;
        let vouchers = orders::vouchers_of(&*snapshot, &order)?;
        vouchers.first().map(|(_, voucher)| voucher.code).ok_or_else(|| bad("an order without a voucher"))
    }
}

/// Somebody at work in the sample, on no device.
fn actor(person: PersonId) -> Actor {
    Actor { person, session: Id::from_bytes([0; 16]), scopes: None }
}

fn run<T, R>(store: &Store, command: impl Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static) -> Result<T, Failure>
where
    T: Send + 'static,
    R: crate::base::Refusal + Send + 'static,
{
    store.write_blocking(command).outcome.map_err(|stop| match stop {
        Stop::Fault(fault) => fault.into(),
        Stop::Refuse(refusal) | Stop::RefuseKeeping(refusal) => bad(refusal.message()),
    })
}

fn sample() -> Result<Sample, Failure> {
    toml::from_str(SAMPLE).map_err(bad)
}

fn bad(cause: impl std::fmt::Display) -> Failure {
    Fault::bug("the demo's sample", cause).into()
}
