//! What the matrix and the proofs must hold, whoever asks.

use proptest::prelude::*;

use super::*;
use crate::accounts::model::{Email, PasswordHash, SignIn};
use crate::base::{Clock, Id, Timestamp};
use crate::store::{Hooks, Options, Origin, Outcome, Place, Store};

const ME: PersonId = Id::from_bytes([9; 16]);

fn merchant(number: u8) -> MerchantId {
    Id::from_bytes([number; 16])
}

fn place(number: u8) -> PlaceId {
    Id::from_bytes([number; 16])
}

fn person(grants: Vec<Grant>) -> Person {
    let email = Email::parse("me@example.org").unwrap();
    let sign_in = SignIn::Password { email, hash: PasswordHash::from_phc("x".to_owned()) };
    Person { name: None, sign_in, grants, since: Timestamp::from_millis(0) }
}

fn guest() -> Person {
    Person { sign_in: SignIn::Guest, ..person(Vec::new()) }
}

fn staff(role: StaffRole, merchant: MerchantId, places: Vec<PlaceId>) -> Person {
    person(vec![Grant::Staff { role, merchant, places }])
}

fn viewer(person: Person, scopes: Option<Vec<TokenScope>>) -> Viewer {
    Viewer { known: Some((Actor { person: ME, session: Id::from_bytes([9; 16]), scopes }, person)) }
}

/// What `prove` comes to in a city that has only this person.
fn proved<P>(person: Person, prove: impl Fn(&dyn Read, &Actor) -> Result<P, Stop<Denied>>) -> Result<P, Denied> {
    let clock = |_| Clock::starting_at(Timestamp::from_millis(0));
    let (place, hooks) = (Place::Memory, Hooks::default());
    let options = Options { place, cache_bytes: 1 << 20, schema: 1, origin: Origin::Demo, hooks, clock: &clock };
    let store = Store::open(options).unwrap();
    let put: Outcome<(), Denied> = store.write_blocking(move |tx| Ok(tx.put(&PERSONS, &ME, &person)?)).outcome;
    put.unwrap();
    let actor = Actor { person: ME, session: Id::from_bytes([9; 16]), scopes: None };
    prove(&store.snapshot().unwrap(), &actor).map_err(|stop| match stop {
        Stop::Refuse(denied) | Stop::RefuseKeeping(denied) => denied,
        Stop::Fault(fault) => panic!("{fault}"),
    })
}

#[test]
fn names_of_roles_and_scopes_are_read_back() {
    for role in Role::ALL {
        assert_eq!(Role::parse(role.name()), Some(role));
    }
    for scope in TokenScope::ALL {
        assert_eq!(TokenScope::parse(scope.name()), Some(scope));
    }
    assert_eq!((Role::parse("king"), TokenScope::parse("")), (None, None));
}

#[test]
fn the_list_of_roles_stands_in_the_order_of_the_columns() {
    for (column, role) in Role::ALL.into_iter().enumerate() {
        assert_eq!(role as usize, column);
    }
}

#[test]
fn every_action_is_open_to_somebody_and_more_trust_never_means_less_reach() {
    for action in Action::ALL {
        assert!(Role::ALL.into_iter().any(|role| action.reach(role) > Reach::No), "{action:?}");
        for ladder in [
            [Role::Anonymous, Role::Guest, Role::Resident].as_slice(),
            &[Role::Resident, Role::Till, Role::Manager, Role::Owner],
            &[Role::Moderator, Role::Operator],
        ] {
            assert!(ladder.is_sorted_by_key(|role| action.reach(*role)), "{action:?} {ladder:?}");
        }
    }
}

#[test]
fn strangers_and_guests_are_asked_to_sign_in_and_residents_are_told_no() {
    for action in Action::ALL {
        let refused = |viewer: Viewer| viewer.may(action).err();
        let is_work = action.reach(Role::Resident) == Reach::No;
        assert_eq!(refused(viewer(person(Vec::new()), None)), is_work.then_some(Denied::NotAllowed), "{action:?}");
        assert_eq!(refused(viewer(guest(), None)), is_work.then_some(Denied::SignInFirst), "{action:?}");
        let is_open = action.reach(Role::Anonymous) > Reach::No;
        assert_eq!(refused(Viewer::nobody()), (!is_open).then_some(Denied::SignInFirst), "{action:?}");
    }
}

#[test]
fn a_token_reaches_what_is_public_and_its_scopes_and_nothing_else() {
    let everything = person(vec![
        Grant::Operator,
        Grant::Moderator,
        Grant::Staff { role: StaffRole::Owner, merchant: merchant(1), places: Vec::new() },
    ]);
    for scope in TokenScope::ALL {
        let holder = viewer(everything.clone(), Some(vec![scope]));
        for action in Action::ALL {
            let is_covered = action.scope() == scope || action.scope() == TokenScope::Read;
            assert_eq!(holder.may(action).is_ok(), is_covered, "{scope:?} {action:?}");
            if !is_covered {
                assert_eq!(holder.may_at(action, merchant(1), None), Err(Denied::NotAllowed));
            }
        }
    }
}

#[test]
fn a_foreign_merchant_answers_like_an_unknown_one_and_ones_own_says_why_not() {
    let till = || staff(StaffRole::Till, merchant(1), vec![place(1)]);
    let at = |merchant, place| proved(till(), move |read, actor| Till::prove(read, actor, merchant, place)).map(|_| ());
    assert_eq!(at(merchant(1), place(1)), Ok(()));
    assert_eq!(at(merchant(1), place(2)), Err(Denied::NotAllowed));
    assert_eq!(at(merchant(2), place(1)), Err(Denied::NotFound));
    assert_eq!(viewer(till(), None).may_at(Action::SeeTrade, merchant(1), Some(place(1))), Err(Denied::NotAllowed));
    assert_eq!(viewer(till(), None).may_at(Action::SeeTrade, merchant(2), None), Err(Denied::NotFound));
}

#[test]
fn who_manages_one_place_does_not_manage_the_merchant() {
    let at = |places: Vec<PlaceId>, asked| {
        let manager = staff(StaffRole::Manager, merchant(1), places);
        let prove = move |read: &dyn Read, actor: &Actor| {
            Manager::prove(read, actor, Action::ManageOffers, merchant(1), asked).map(|_| ())
        };
        proved(manager, prove)
    };
    assert_eq!(at(vec![place(1)], Some(place(1))), Ok(()));
    assert_eq!(at(vec![place(1)], None), Err(Denied::NotAllowed));
    assert_eq!(at(Vec::new(), None), Ok(()));
    assert_eq!(at(Vec::new(), Some(place(7))), Ok(()));
}

#[test]
fn a_proof_needs_its_own_role_whatever_the_action() {
    let manager_proof = |person: Person, action| {
        proved(person, move |read, actor| Manager::prove(read, actor, action, merchant(1), None)).err()
    };
    let till = || staff(StaffRole::Till, merchant(1), Vec::new());
    assert_eq!(manager_proof(till(), Action::Redeem), Some(Denied::NotAllowed));
    assert_eq!(manager_proof(staff(StaffRole::Owner, merchant(1), Vec::new()), Action::Reply), None);
    // The operator sees every ledger, and owns no merchant.
    let operator = || person(vec![Grant::Operator]);
    assert_eq!(viewer(operator(), None).may_at(Action::SeeLedger, merchant(1), None), Ok(()));
    let owner_proof = proved(operator(), |read, actor| Owner::prove(read, actor, merchant(1)));
    assert_eq!(owner_proof.err(), Some(Denied::NotFound));
}

#[test]
fn a_proof_sees_the_roles_of_the_transaction_and_no_older_ones() {
    let prove = |read: &dyn Read, actor: &Actor| Operator::prove(read, actor);
    assert_eq!(proved(person(vec![Grant::Operator]), prove).map(|proof| proof.person()), Ok(ME));
    assert_eq!(proved(person(Vec::new()), prove).err(), Some(Denied::NotAllowed));
    assert_eq!(proved(guest(), prove).err(), Some(Denied::SignInFirst));
    let gone = Actor { person: Id::from_bytes([1; 16]), session: Id::from_bytes([9; 16]), scopes: None };
    let proof = proved(guest(), move |read, _| Operator::prove(read, &gone));
    assert_eq!(proof.err(), Some(Denied::SignInFirst));
}

#[test]
fn the_proof_of_a_resident_is_for_what_is_ones_own() {
    let prove = |action| move |read: &dyn Read, actor: &Actor| Resident::prove(read, actor, action);
    assert_eq!(proved(guest(), prove(Action::Buy)).map(|proof| proof.person()), Ok(ME));
    let till = staff(StaffRole::Till, merchant(1), Vec::new());
    assert_eq!(proved(till, prove(Action::Redeem)).err(), Some(Denied::NotAllowed));
}

fn any_grant() -> impl Strategy<Value = Grant> {
    let role = prop_oneof![Just(StaffRole::Till), Just(StaffRole::Manager), Just(StaffRole::Owner)];
    let staff = (role, 0_u8..3, proptest::collection::vec(0_u8..3, 0..3)).prop_map(|(role, at, places)| Grant::Staff {
        role,
        merchant: merchant(at),
        places: places.into_iter().map(place).collect(),
    });
    prop_oneof![4 => staff, 1 => Just(Grant::Moderator), 1 => Just(Grant::Operator)]
}

proptest! {
    #[test]
    fn no_sum_of_grants_reaches_further_than_one_of_them(
        grants in proptest::collection::vec(any_grant(), 0..5),
        (asked_merchant, asked_place) in (0_u8..3, proptest::option::of(0_u8..3)),
        action in proptest::sample::select(Action::ALL.as_slice()),
    ) {
        let (merchant, place) = (merchant(asked_merchant), asked_place.map(place));
        let may = |grants: Vec<Grant>| viewer(person(grants), None).may_at(action, merchant, place).is_ok();
        let alone = grants.iter().any(|grant| may(vec![grant.clone()])) || may(Vec::new());
        prop_assert_eq!(may(grants), alone);
    }
}
