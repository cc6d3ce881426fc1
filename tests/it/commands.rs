//! Every command of the product, run twice on the same state: the writer may run a closure again, so both runs must
//! give the same outcome and the same effects. `tidy` holds this list against the functions of every `commands.rs`.

mod accounts;
mod admin;
mod directory;
mod reviews;
mod shop;

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};

use highstreet::accounts::{Refusal, begin_guest};
use highstreet::base::{Clock, Timestamp};
use highstreet::schema;
use highstreet::store::{Hooks, Options, Origin, Outcome, Place, Store, Tx};

/// `capability::function`, and the test that runs it twice.
type Row = (&'static str, fn());

const REGISTRY: &[Row] = &[
    ("accounts::sign_up", accounts::sign_up),
    ("accounts::begin_session", accounts::begin_session),
    ("accounts::sign_out", accounts::sign_out),
    ("accounts::begin_guest", accounts::begin_guest),
    ("accounts::forget_old_sessions", accounts::forget_old_sessions),
    ("accounts::add_user", accounts::add_user),
    ("accounts::set_roles", accounts::set_roles),
    ("accounts::grant_staff", accounts::grant_staff),
    ("accounts::reset_password", accounts::reset_password),
    ("accounts::create_token", accounts::create_token),
    ("accounts::revoke_token", accounts::revoke_token),
    ("directory::set_city", directory::set_city),
    ("directory::add_merchant", directory::add_merchant),
    ("directory::edit_place", directory::edit_place),
    ("directory::merge_places", directory::merge_places),
    ("directory::import_chunk", directory::import_chunk),
    ("offers::create", shop::offers_create),
    ("offers::edit", shop::offers_edit),
    ("offers::publish", shop::offers_publish),
    ("offers::pause", shop::offers_pause),
    ("offers::resume", shop::offers_resume),
    ("offers::withdraw", shop::offers_withdraw),
    ("payments::begin", shop::payments_begin),
    ("payments::settle", shop::payments_settle),
    ("payments::till_has", shop::payments_till_has),
    ("payments::refund", shop::payments_refund),
    ("vouchers::issue", shop::vouchers_issue),
    ("vouchers::make_valid", shop::vouchers_make_valid),
    ("vouchers::refund", shop::vouchers_refund),
    ("vouchers::void", shop::vouchers_void),
    ("vouchers::expire", shop::vouchers_expire),
    ("vouchers::hand_over", shop::vouchers_hand_over),
    ("vouchers::reissue", shop::vouchers_reissue),
    ("vouchers::redeem", shop::vouchers_redeem),
    ("vouchers::undo", shop::vouchers_undo),
    ("orders::place", shop::orders_place),
    ("orders::pay", shop::orders_pay),
    ("orders::settle", shop::orders_settle),
    ("orders::expire_hold", shop::orders_expire_hold),
    ("orders::cancel", shop::orders_cancel),
    ("orders::refund_voucher", shop::orders_refund_voucher),
    ("reviews::publish", reviews::publish),
    ("reviews::change", reviews::change),
    ("reviews::reply", reviews::reply),
    ("admin::accept_clock", admin::accept_clock),
    ("admin::change_settings", admin::change_settings),
    ("admin::found_merchant", admin::found_merchant),
];

#[test]
fn every_command_run_twice_does_the_same() {
    for (name, run_twice) in REGISTRY {
        println!("{name}");
        run_twice();
    }
}

#[test]
fn a_command_that_remembers_its_first_run_is_caught() {
    let runs = AtomicU32::new(0);
    let counting = |tx: &mut Tx<'_>| -> Outcome<u32, Refusal> {
        begin_guest(tx, &[1; 32])?;
        Ok(runs.fetch_add(1, Ordering::Relaxed))
    };
    assert!(catch_unwind(AssertUnwindSafe(|| does_the_same_twice(&memory(), counting))).is_err());
}

/// An empty city.
fn memory() -> Store {
    let clock = |_| Clock::starting_at(Timestamp::from_millis(1_800_000_000_000));
    let (place, hooks) = (Place::Memory, Hooks::default());
    Store::open(Options {
        place,
        cache_bytes: 1 << 20,
        schema: schema::NUMBER,
        origin: Origin::Demo,
        hooks,
        clock: &clock,
    })
    .unwrap()
}

/// The command succeeds, has effects, and comes to the same when the writer runs it again.
#[track_caller]
fn does_the_same_twice<T, R>(store: &Store, command: impl Fn(&mut Tx<'_>) -> Outcome<T, R>)
where
    T: PartialEq + Debug,
    R: PartialEq + Debug,
{
    let now = store.snapshot().unwrap().head().at.plus_seconds(1);
    let rehearse = || store.rehearse(now, [7; 32], &command).unwrap();
    let (first, second) = (rehearse(), rehearse());
    assert!(first.0.is_ok() && !first.1.is_empty(), "{:?} with {} effects proves nothing", first.0, first.1.len());
    assert_eq!(first, second);
}
