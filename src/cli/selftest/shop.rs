//! The city that a self-test trades in: one place with an owner and a till, and a crowd of residents. It is founded and
//! run by the commands that anybody else would use.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::thread;

use crate::accounts::{self, Actor, DisplayName, Email, Grant, NewAccount, PasswordHash, PlaceId, StaffRole};
use crate::app::{self, Engines};
use crate::base::{Clock, Currency, Fault, Id, Line, Money, Point, Refusal, Timestamp};
use crate::cli::Failure;
use crate::cli::selftest::door::Door;
use crate::directory::{self, City, MerchantName, PlaceDraft, PlaceFacts, PlaceHours};
use crate::offers::{self, Draft, OfferId, OfferKind};
use crate::orders::{self, PublicOrderId};
use crate::payments::{Method, Settled};
use crate::store::{Folder, Once, Outcome, Snapshot, Stop, Store, Tx};
use crate::vouchers::{self, Origin, Redeem, RedemptionId, Voucher, VoucherId};

/// How many race at once.
pub(super) const CROWD: usize = 64;
/// So many go to the end of the queue before the next race: it has no divisor in common with the crowd.
const IN_FRONT: usize = 27;
pub(super) const PRICE: Money = Money::new(1250, Currency::EUR);
const DAY_SECONDS: i64 = 24 * 3600;
const SOURCE: &str = "selftest:place";
/// What a fault of ours is called among the names of refusals.
const FAULT: &str = "fault";

/// What somebody was told: what they wanted, or the stable name of the refusal.
pub(super) type Answer<T> = Result<T, &'static str>;

/// A voucher in somebody's hand.
#[derive(Clone)]
pub(super) struct Held {
    pub holder: Actor,
    pub order: PublicOrderId,
    pub id: VoucherId,
    pub voucher: Voucher,
}

pub(super) struct Shop<D> {
    door: D,
    owner: Actor,
    till: Actor,
    place: PlaceId,
    crowd: Vec<Actor>,
    /// Where the queue begins that the crowd forms next.
    crowds: AtomicUsize,
    /// Commands that were answered.
    answered: AtomicU64,
    faults: Mutex<Vec<Fault>>,
    /// Timers fire and letters go out as in a city that is served. Before the store: they end first.
    _engines: Engines,
    store: Store,
}

impl<D: Door> Shop<D> {
    /// Founds the city in an empty folder.
    pub fn found(folder: &Folder, cache_bytes: usize, door: D) -> Result<Shop<D>, Failure> {
        let store = app::open_store(folder, cache_bytes, &Clock::anchored)?;
        let place = found_place(&store)?;
        let name = MerchantName::parse("Selftest").map_err(never)?;
        let merchant = write(&store, move |tx| directory::add_merchant(tx, &name, &[place]))?;
        let staff = |role| Grant::Staff { role, merchant, places: vec![] };
        let owner = person(&store, "owner", &[staff(StaffRole::Owner)])?;
        let till = person(&store, "till", &[staff(StaffRole::Till)])?;
        let crowd = (0..CROWD).map(|number| person(&store, &format!("resident{number}"), &[]));
        let crowd = crowd.collect::<Result<_, _>>()?;
        let _engines = Engines::start(&store)?;
        let (crowds, answered, faults) = (AtomicUsize::new(0), AtomicU64::new(0), Mutex::default());
        Ok(Shop { door, owner, till, place, crowd, crowds, answered, faults, _engines, store })
    }

    /// Lets a crowd act at once, each member once, others in front each time; answers what each came to.
    pub fn crowd<T: Send>(&self, act: impl Fn(usize, &Actor) -> T + Sync) -> Result<Vec<T>, Fault> {
        let (gate, act) = (RwLock::new(()), &act);
        thread::scope(|scope| {
            let closed = gate.write().unwrap_or_else(PoisonError::into_inner);
            let gate = &gate;
            let start = |(number, member)| {
                thread::Builder::new().spawn_scoped(scope, move || {
                    drop(gate.read());
                    act(number, member)
                })
            };
            let first = self.crowds.fetch_add(IN_FRONT, Ordering::Relaxed) % CROWD;
            let queue = self.crowd.iter().enumerate().cycle().skip(first).take(self.crowd.len());
            let started = queue.map(start).collect::<io::Result<Vec<_>>>();
            drop(closed);
            let mut threads = started.map_err(|error| Fault::io("starting a crowd", error))?;
            let behind = threads.len().saturating_sub(first);
            threads.rotate_left(behind);
            let ends = threads.into_iter().map(thread::ScopedJoinHandle::join);
            ends.map(|end| end.map_err(|_| Fault::bug("a race", "somebody in the crowd panicked"))).collect()
        })
    }

    pub fn member(&self, number: usize) -> &Actor {
        self.crowd.get(number % CROWD).unwrap_or(&self.owner)
    }

    pub fn now(&self) -> Timestamp {
        self.store.clock().now()
    }

    pub fn read(&self) -> Result<Snapshot, Fault> {
        self.store.snapshot()
    }

    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// The faults since the last time that somebody asked.
    pub fn take_faults(&self) -> Vec<Fault> {
        std::mem::take(&mut *self.faults.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Moves the city's clock on.
    pub fn pass(&self, seconds: i64) {
        let clock = self.store.clock();
        clock.move_to(clock.now().plus_seconds(seconds));
    }

    /// A new offer, on sale from now.
    pub fn on_sale(&self, capacity: u32, per_person: Option<u32>) -> Result<OfferId, Fault> {
        let now = self.store.clock().now();
        let draft = Draft {
            title: Line::parse("Coffee and cake for two").map_err(never)?,
            price: PRICE,
            list_price: Money::new(2000, PRICE.currency),
            capacity,
            per_person,
            sale_from: now,
            sale_until: now.plus_seconds(30 * DAY_SECONDS),
            use_from: now,
            use_until: now.plus_seconds(60 * DAY_SECONDS),
            use_hours: None,
            blackout: vec![],
            needs_booking: false,
            text: None,
        };
        let (owner, place) = (self.owner.clone(), self.place);
        write(&self.store, move |tx| {
            let offer = offers::create(tx, &owner, place, OfferKind::Deal, &draft)?;
            offers::publish(tx, &owner, offer)
        })
    }

    /// Places an order of so many units for each of the first of the crowd.
    pub fn ordered(
        &self,
        offer: OfferId,
        orders: usize,
        units: u32,
        pay: Option<Method>,
    ) -> Result<Vec<PublicOrderId>, Fault> {
        let wish = orders::Place { lines: vec![(offer, units)], pay };
        let order = |number, buyer: &Actor| {
            let (buyer, wish) = (buyer.clone(), wish.clone());
            let place = move |tx: &mut Tx<'_>| orders::place(tx, &buyer, &wish, &Origin::of(&buyer, "ordered"));
            (number < orders).then(|| write(&self.store, place))
        };
        self.crowd(order)?.into_iter().flatten().collect()
    }

    /// Sells an order of so many units to each of the first of the crowd, for play money; answers their vouchers.
    pub fn sold(&self, orders: usize, units: u32) -> Result<Vec<Vec<Held>>, Fault> {
        let offer = self.on_sale(u32::try_from(orders).unwrap_or(u32::MAX).saturating_mul(units), None)?;
        let sold = self.ordered(offer, orders, units, TEST)?;
        sold.into_iter().enumerate().map(|(number, order)| self.held(self.member(number), order)).collect()
    }

    /// The vouchers of an order as they are now.
    pub fn held(&self, holder: &Actor, order: PublicOrderId) -> Result<Vec<Held>, Fault> {
        let read = self.read()?;
        let found = orders::order_by_public(&*read, order)?;
        let (_, placed) = found.ok_or_else(|| Fault::corrupt("an order", "it was placed and is gone"))?;
        let vouchers = orders::vouchers_of(&*read, &placed)?;
        let held = |(id, voucher)| Held { holder: holder.clone(), order, id, voucher };
        Ok(vouchers.into_iter().map(held).collect())
    }

    pub fn place(&self, buyer: &Actor, offer: OfferId, units: u32, pay: Option<Method>) -> Answer<PublicOrderId> {
        let (buyer, wish) = (buyer.clone(), orders::Place { lines: vec![(offer, units)], pay });
        self.ask(move |tx| orders::place(tx, &buyer, &wish, &Origin::of(&buyer, "place")))
    }

    /// The same under an idempotency key.
    pub fn place_once(&self, buyer: &Actor, offer: OfferId, key: String) -> Answer<PublicOrderId> {
        let once = Once { actor: *buyer.person.as_bytes(), key, request: [0; 32] };
        let (buyer, wish) = (buyer.clone(), orders::Place { lines: vec![(offer, 1)], pay: TEST });
        let command = move |tx: &mut Tx<'_>| orders::place(tx, &buyer, &wish, &Origin::of(&buyer, "place"));
        self.named(self.door.run_once(&self.store, once, command))
    }

    pub fn pay(&self, buyer: &Actor, order: PublicOrderId, method: Method) -> Answer<PublicOrderId> {
        let buyer = buyer.clone();
        self.ask(move |tx| orders::pay(tx, &buyer, order, method, &Origin::of(&buyer, "pay")))
    }

    /// The provider reports that the money came.
    pub fn settle(&self, order: PublicOrderId) -> Answer<PublicOrderId> {
        self.ask(move |tx| orders::settle(tx, order, Settled::Paid))
    }

    pub fn cancel(&self, buyer: &Actor, order: PublicOrderId) -> Answer<PublicOrderId> {
        let buyer = buyer.clone();
        self.ask(move |tx| orders::cancel(tx, &buyer, order, &Origin::of(&buyer, "cancel")))
    }

    pub fn refund(&self, held: &Held) -> Answer<VoucherId> {
        let (holder, id) = (held.holder.clone(), held.id);
        self.ask(move |tx| orders::refund_voucher(tx, &holder, id, &Origin::of(&holder, "refund")))
    }

    pub fn reissue(&self, held: &Held) -> Answer<VoucherId> {
        let (holder, id) = (held.holder.clone(), held.id);
        self.ask(move |tx| vouchers::reissue(tx, &holder, id, &Origin::of(&holder, "reissue")))
    }

    /// A till types the code that the holder shows.
    pub fn redeem(&self, held: &Held) -> Answer<RedemptionId> {
        let (till, ask) = (self.till.clone(), Redeem { code: held.voucher.code, place: self.place, paid: true });
        self.ask(move |tx| vouchers::redeem(tx, &till, ask, &Origin::of(&till, "redeem")))
    }

    pub fn undo(&self, used: RedemptionId) -> Answer<RedemptionId> {
        let till = self.till.clone();
        self.ask(move |tx| vouchers::undo(tx, &till, used, &Origin::of(&till, "undo")))
    }

    fn ask<T, R>(&self, command: impl Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static) -> Answer<T>
    where
        T: Send + 'static,
        R: Refusal + Send + 'static,
    {
        self.named(self.door.run(&self.store, command))
    }

    fn named<T, R: Refusal>(&self, outcome: Outcome<T, R>) -> Answer<T> {
        self.answered.fetch_add(1, Ordering::Relaxed);
        outcome.map_err(|stop| match stop {
            Stop::Refuse(refusal) | Stop::RefuseKeeping(refusal) => refusal.name(),
            Stop::Fault(fault) => {
                self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
                FAULT
            }
        })
    }
}

const TEST: Option<Method> = Some(Method::Test);

fn found_place(store: &Store) -> Result<PlaceId, Fault> {
    let point = Point::new(0.0, 0.0).ok_or_else(|| never("the middle of the map"))?;
    let city = City {
        name: Line::parse("Selftest").map_err(never)?,
        zone: "UTC".to_owned(),
        currency: PRICE.currency,
        center: Some(point),
        country: None,
    };
    write(store, move |tx| directory::set_city(tx, &city))?;
    let facts = PlaceFacts {
        name: Line::parse("Selftest").map_err(never)?,
        names: vec![],
        category: directory::CategoryId(1),
        address: directory::Address::default(),
        contact: directory::Contact::default(),
        hours: PlaceHours::Unknown,
        wheelchair: None,
        cuisines: vec![],
        diets: vec![],
        brand: None,
        level: None,
    };
    let draft = PlaceDraft { source: SOURCE.to_owned(), point, facts };
    write(store, move |tx| directory::import_chunk(tx, std::slice::from_ref(&draft)))?;
    let place = directory::place_of_source(&*store.snapshot()?, SOURCE)?;
    place.map(|(id, _)| id).ok_or_else(|| never("the place is gone"))
}

/// Somebody who never signs in.
fn person(store: &Store, name: &str, grants: &[Grant]) -> Result<Actor, Fault> {
    let account = NewAccount {
        name: DisplayName::parse(name).map_err(never)?,
        email: Email::parse(&format!("{name}@selftest.example")).map_err(never)?,
        password: PasswordHash::from_phc("nobody signs in here".to_owned()),
    };
    let grants = grants.to_vec();
    let person = write(store, move |tx| accounts::add_user(tx, &account, &grants))?;
    Ok(Actor { person, session: Id::from_bytes([0; 16]), scopes: None })
}

/// What happens between races, by nobody's door but the store's.
fn write<T, R>(store: &Store, command: impl Fn(&mut Tx<'_>) -> Outcome<T, R> + Send + 'static) -> Result<T, Fault>
where
    T: Send + 'static,
    R: Refusal + Send + 'static,
{
    store.write_blocking(command).outcome.map_err(|stop| match stop {
        Stop::Fault(fault) => fault,
        Stop::Refuse(refusal) | Stop::RefuseKeeping(refusal) => never(refusal.message()),
    })
}

fn never(cause: impl std::fmt::Display) -> Fault {
    Fault::bug("preparing a race", cause)
}
