//! A small town, in memory if nothing else is said, at the height of commands: two merchants, their staff, some
//! residents, a deal on sale. For tests of what happens inside; what is seen from outside is asked of the real binary,
//! through `kit`.

mod steps;

pub use steps::Answered;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use highstreet::accounts::access::{Grant, StaffRole};
use highstreet::accounts::{self, Actor, DisplayName, Email, MerchantId, NewAccount, PasswordHash, PersonId, PlaceId};
use highstreet::app::wiring;
use highstreet::base::{Clock, Currency, Fault, Id, Line, Money, Point, Timestamp};
use highstreet::directory::CategoryId;
use highstreet::directory::{self, Address, City, Contact, Merchant, Place, PlaceHours};
use highstreet::kernel::ledger::{self, Account};
use highstreet::kernel::stock::{self, Pool};
use highstreet::kernel::timers::{self, Handlers, Timer, TimerKey};
use highstreet::offers::{self, Draft, OfferId, OfferKind};
use highstreet::orders::{self, Order, OrderId, PublicOrderId};
use highstreet::payments::{self, Payment, PaymentId};
use highstreet::schema;
use highstreet::store::{self, Options, Outcome, Snapshot, Stop, Store, Tx};
use highstreet::vouchers::{self, Voucher, VoucherId};

/// Friday 15 January 2027, 10:00 in Helsinki. The clock runs on from here as the machine does.
pub const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);
pub const DAY: i64 = 24 * 3600;

pub struct Town {
    pub store: Store,
    handlers: Arc<Handlers>,
    pub people: People,
    /// Kahvila runs two places; the other merchant has one.
    pub kahvila: MerchantId,
    pub harbour: PlaceId,
    pub market: PlaceId,
    pub flower_shop: PlaceId,
    /// On sale at the harbour: 12.50 instead of 20, ten of them, for thirty days.
    pub deal: OfferId,
}

/// Who lives and works here.
#[derive(Clone)]
pub struct People {
    pub owner: Actor,
    /// Redeems at the harbour alone.
    pub till: Actor,
    /// Redeems at every place of Kahvila.
    pub other_till: Actor,
    pub florist: Actor,
    pub anna: Actor,
    pub bela: Actor,
}

impl Town {
    pub fn new() -> Town {
        Town::found(empty())
    }

    /// In a store that is empty yet.
    pub fn found(store: Store) -> Town {
        let id = |number: u8| [number; 16];
        let (kahvila, florist) = (Id::from_bytes(id(11)), Id::from_bytes(id(12)));
        let (harbour, market, flower_shop) = (Id::from_bytes(id(21)), Id::from_bytes(id(22)), Id::from_bytes(id(23)));
        write(&store, move |tx| {
            tx.put(&directory::CITY, &(), &helsinki())?;
            for (merchant, name) in [(kahvila, "Kahvila"), (florist, "Florist")] {
                let row = Merchant { name: Line::parse(name).unwrap(), since: START };
                tx.put(&directory::MERCHANTS, &merchant, &row)?;
            }
            tx.put(&directory::PLACES, &harbour, &place("Kahvila at the harbour", "harbour", kahvila))?;
            tx.put(&directory::PLACES, &market, &place("Kahvila on the market", "market", kahvila))?;
            tx.put(&directory::PLACES, &flower_shop, &place("Flower shop", "flowers", florist))
        });
        let staff = |role, merchant, places: &[PlaceId]| Grant::Staff { role, merchant, places: places.to_vec() };
        let people = People {
            owner: person(&store, "Olga", &[staff(StaffRole::Owner, kahvila, &[])]),
            till: person(&store, "Tiina", &[staff(StaffRole::Till, kahvila, &[harbour])]),
            other_till: person(&store, "Timo", &[staff(StaffRole::Till, kahvila, &[])]),
            florist: person(&store, "Flora", &[staff(StaffRole::Owner, florist, &[])]),
            anna: person(&store, "Anna", &[]),
            bela: person(&store, "Bela", &[]),
        };
        let handlers = Arc::new(wiring::handlers());
        let deal = Id::from_bytes(id(0));
        let mut town = Town { store, handlers, people, kahvila, harbour, market, flower_shop, deal };
        town.deal = town.on_sale(&coffee_for_two());
        town
    }

    /// The same town, as another store has it.
    pub fn on(&self, store: Store) -> Town {
        Town { store, handlers: self.handlers.clone(), people: self.people.clone(), ..*self }
    }

    /// A new offer of Kahvila at the harbour, published.
    pub fn on_sale(&self, draft: &Draft) -> OfferId {
        let (owner, harbour, draft) = (self.people.owner.clone(), self.harbour, draft.clone());
        let offer = self.run(move |tx| {
            let offer = offers::create(tx, &owner, harbour, OfferKind::Deal, &draft)?;
            offers::publish(tx, &owner, offer)
        });
        offer.unwrap()
    }

    /// Somebody new.
    pub fn resident(&self, name: &str) -> Actor {
        person(&self.store, name, &[])
    }

    /// Somebody who runs the city.
    pub fn operator(&self) -> Actor {
        person(&self.store, "Oskar", &[Grant::Operator])
    }

    /// The account of somebody.
    pub fn account(&self, who: &Actor) -> accounts::Person {
        self.read().get(&accounts::PERSONS, &who.person).unwrap().unwrap()
    }

    /// A place that nobody runs yet.
    pub fn free_place(&self) -> PlaceId {
        let id: PlaceId = Id::from_bytes([24; 16]);
        let row = Place { merchant: None, ..place("Empty shop", "empty-shop", self.kahvila) };
        write(&self.store, move |tx| tx.put(&directory::PLACES, &id, &row));
        id
    }

    /// Somebody known by a cookie alone; the number makes the cookie.
    pub fn guest(&self, number: u8) -> Actor {
        self.run(move |tx| accounts::begin_guest(tx, &[number; 32])).unwrap()
    }

    /// Runs a command; a fault fails the test.
    #[track_caller]
    pub fn run<T, R>(&self, command: impl Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static) -> Result<T, R>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        self.store.write_blocking(command).outcome.map_err(|stop| match stop {
            Stop::Refuse(refusal) | Stop::RefuseKeeping(refusal) => refusal,
            Stop::Fault(fault) => panic!("{fault}"),
        })
    }

    pub fn read(&self) -> Snapshot {
        self.store.snapshot().unwrap()
    }

    pub fn now(&self) -> Timestamp {
        self.store.clock().now()
    }

    /// Moves the clock, and fires what is due by then.
    pub fn pass(&self, seconds: i64) {
        self.pass_without_timers(seconds);
        self.fire();
    }

    pub fn pass_without_timers(&self, seconds: i64) {
        assert!(self.store.clock().move_to(self.now().plus_seconds(seconds)));
    }

    pub fn fire(&self) {
        while self.tick().unwrap() {}
        let faulted: Vec<_> = self.timers().into_iter().filter(|(_, timer)| timer.faults > 0).collect();
        assert!(faulted.is_empty(), "timers failed: {faulted:?}");
    }

    /// Fires some of what is due; whether there may be more.
    pub fn tick(&self) -> Result<bool, Fault> {
        Ok(timers::tick(&self.store, &self.handlers)? == Duration::ZERO)
    }

    fn timers(&self) -> Vec<(TimerKey, Timer)> {
        let read = self.read();
        read.scan(&timers::TIMERS, store::Span::all()).unwrap().map(Result::unwrap).collect()
    }

    /// The kinds of what is still to fire.
    pub fn timers_left(&self) -> Vec<String> {
        self.timers().into_iter().map(|((_, kind, _), _)| kind).collect()
    }

    pub fn order(&self, public: PublicOrderId) -> (OrderId, Order) {
        orders::order_by_public(&self.read(), public).unwrap().unwrap()
    }

    pub fn vouchers(&self, public: PublicOrderId) -> Vec<(VoucherId, Voucher)> {
        let (_, order) = self.order(public);
        let read = self.read();
        order.units().map(|(_, unit)| (unit.voucher, vouchers::require(&read, unit.voucher).unwrap())).collect()
    }

    /// The states of an order's vouchers, by name.
    pub fn states(&self, public: PublicOrderId) -> Vec<&'static str> {
        self.vouchers(public).into_iter().map(|(_, voucher)| voucher.state.name()).collect()
    }

    pub fn payment(&self, public: PublicOrderId) -> Option<(PaymentId, Payment)> {
        payments::of_order(&self.read(), self.order(public).0.untyped()).unwrap()
    }

    /// Payment and fulfilment of an order, as the API spells them.
    pub fn status(&self, public: PublicOrderId) -> (&'static str, &'static str) {
        let (id, order) = self.order(public);
        (orders::payment_name(&self.read(), id).unwrap(), order.fulfilment.name())
    }

    /// The stock of an offer, with live holds only.
    pub fn pool(&self, offer: OfferId) -> Pool {
        let read = self.read();
        let pool = offers::require(&read, offer).unwrap().pool;
        stock::level(&read, pool, self.now()).unwrap()
    }

    pub fn balance(&self, account: Account) -> i64 {
        ledger::balance(&self.read(), account).unwrap()
    }

    /// Every book of the house is right.
    #[track_caller]
    pub fn proves(&self) {
        assert_eq!(highstreet::app::check(&self.read()).unwrap(), Vec::<String>::new());
    }
}

/// Ten of 12.50 instead of 20, four for each person, on sale from now for thirty days, good for sixty.
pub fn coffee_for_two() -> Draft {
    Draft {
        title: Line::parse("Coffee and cake for two").unwrap(),
        price: euros(1250),
        list_price: euros(2000),
        capacity: 10,
        per_person: Some(4),
        sale_from: START,
        sale_until: START.plus_seconds(30 * DAY),
        use_from: START,
        use_until: START.plus_seconds(60 * DAY),
        use_hours: None,
        blackout: Vec::new(),
        needs_booking: false,
        text: None,
    }
}

pub fn euros(cents: i64) -> Money {
    Money::new(cents, Currency::EUR)
}

fn empty() -> Store {
    let clock = |last: Timestamp| Clock::starting_at(last.max(START));
    let (place, hooks) = (store::Place::Memory, wiring::hooks());
    let origin = store::Origin::Demo;
    Store::open(Options { place, cache_bytes: 1 << 20, schema: schema::NUMBER, origin, hooks, clock: &clock }).unwrap()
}

fn write<T: Send + std::fmt::Debug + 'static>(
    store: &Store,
    work: impl Fn(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
) -> T {
    let outcome: Outcome<T, ()> = store.write_blocking(move |tx| Ok(work(tx)?)).outcome;
    outcome.unwrap()
}

fn helsinki() -> City {
    City {
        name: Line::parse("Helsinki").unwrap(),
        zone: "Europe/Helsinki".into(),
        currency: Currency::EUR,
        center: Point::new(60.17, 24.94),
        country: Some("FI".into()),
    }
}

fn place(name: &str, slug: &str, merchant: MerchantId) -> Place {
    Place {
        name: Line::parse(name).unwrap(),
        slug: slug.into(),
        category: CategoryId(1),
        point: Point::new(60.17, 24.95).unwrap(),
        merchant: Some(merchant),
        address: Address::default(),
        contact: Contact::default(),
        hours: PlaceHours::Unknown,
        names: Vec::new(),
        wheelchair: None,
        cuisines: Vec::new(),
        diets: Vec::new(),
        source: None,
        since: START,
        changed: START,
        brand: None,
        level: None,
        edited: highstreet::directory::Edited::default(),
        merged_into: None,
    }
}

fn person(store: &Store, name: &str, grants: &[Grant]) -> Actor {
    static PEOPLE: AtomicU32 = AtomicU32::new(0);
    let number = PEOPLE.fetch_add(1, Ordering::Relaxed);
    let account = NewAccount {
        name: DisplayName::parse(name).unwrap(),
        email: Email::parse(&format!("{name}{number:06}@example.org")).unwrap(),
        password: PasswordHash::from_phc("nobody signs in here".into()),
    };
    let grants = grants.to_vec();
    let added: Outcome<PersonId, accounts::Refusal> =
        store.write_blocking(move |tx| accounts::add_user(tx, &account, &grants)).outcome;
    let person = added.unwrap();
    Actor { person, session: Id::from_bytes(*person.as_bytes()), scopes: None }
}
