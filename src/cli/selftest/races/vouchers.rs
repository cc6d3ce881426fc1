//! Races for vouchers: several tills, undoing, new codes, refunds and cancellations, each against a redemption.

use crate::base::Fault;
use crate::cli::selftest::door::Door;
use crate::cli::selftest::races::{Found, by_group};
use crate::cli::selftest::shop::{Answer, CROWD, Held, Shop};
use crate::vouchers::{self, Voucher, VoucherState};

/// Vouchers that every till tries, one after the other.
const SHOWN: usize = 8;
/// Who meets at one voucher.
const WINDOWS: usize = 4;
const VOUCHERS: usize = CROWD / WINDOWS;
/// Vouchers of an order that is cancelled while two of them are used.
const UNITS: usize = 3;

/// A copied code is shown at every till of the town.
pub(in crate::cli::selftest) fn tills<D: Door>(shop: &Shop<D>, found: &mut Found) -> Result<(), Fault> {
    let sold = one_each(shop, SHOWN)?;
    let tills = shop.crowd(|_, _| sold.iter().map(|held| shop.redeem(held)).collect::<Vec<_>>())?;
    for number in 0..SHOWN {
        let answers: Vec<Answer<_>> = tills.iter().filter_map(|till| till.get(number).copied()).collect();
        found.winners("a voucher at many tills", &answers, 1, &["already-redeemed"]);
    }
    Ok(())
}

/// A use is taken back in two windows, while two tills use the voucher again.
pub(in crate::cli::selftest) fn undo<D: Door>(shop: &Shop<D>, found: &mut Found) -> Result<(), Fault> {
    let sold = one_each(shop, VOUCHERS)?;
    let uses = shop.crowd(|number, _| sold.get(number).map(|held| shop.redeem(held)))?;
    let uses: Vec<Answer<_>> = uses.into_iter().flatten().collect();
    found.winners("a voucher at its till", &uses, VOUCHERS, &[]);
    let answers = shop.crowd(|number, _| {
        let (held, used) = (&sold[number / WINDOWS], uses[number / WINDOWS]);
        if number % WINDOWS < 2 { used.and_then(|used| shop.undo(used)) } else { shop.redeem(held) }
    })?;
    for (windows, held) in by_group(answers, WINDOWS).into_iter().zip(&sold) {
        let (undone, again) = windows.split_at(2);
        found.winners("taking a use back", undone, 1, &["already-undone"]);
        found.refused("using it again", again, &["already-redeemed"]);
        let times = again.iter().filter(|answer| answer.is_ok()).count();
        let is_used = matches!(now(shop, held)?.state, VoucherState::Redeemed { .. });
        found.demand(times == usize::from(is_used), || {
            format!("voucher {}: was used again {times} times, is used: {is_used}", held.id)
        });
    }
    Ok(())
}

/// The holder of a lost phone asks for a new code while its finder stands at the till.
pub(in crate::cli::selftest) fn reissue<D: Door>(shop: &Shop<D>, found: &mut Found) -> Result<(), Fault> {
    let sold = one_each(shop, CROWD / 2)?;
    let answers = shop.crowd(|number, _| {
        let held = &sold[number / 2];
        if number.is_multiple_of(2) { shop.reissue(held).map(drop) } else { shop.redeem(held).map(drop) }
    })?;
    for (both, held) in by_group(answers, 2).iter().zip(&sold) {
        found.winners("a new code or a use of the old one", both, 1, &["not-open", "not-found"]);
        let has_new_code = now(shop, held)?.code != held.voucher.code;
        let was_told = both.first().is_some_and(Answer::is_ok);
        found.demand(has_new_code == was_told, || format!("voucher {}: has a new code: {has_new_code}", held.id));
    }
    Ok(())
}

/// The holder wants the money back, twice, while two tills use the voucher.
pub(in crate::cli::selftest) fn refunds<D: Door>(shop: &Shop<D>, found: &mut Found) -> Result<(), Fault> {
    let sold = one_each(shop, VOUCHERS)?;
    let answers = shop.crowd(|number, _| {
        let held = &sold[number / WINDOWS];
        if number % WINDOWS < 2 { shop.refund(held).map(drop) } else { shop.redeem(held).map(drop) }
    })?;
    for (windows, held) in by_group(answers, WINDOWS).into_iter().zip(&sold) {
        found.winners("a refund or a use", &windows, 1, &["not-open", "refunded", "already-redeemed"]);
        let went_back = windows.iter().take(2).any(Answer::is_ok);
        let state = now(shop, held)?.state;
        found.demand(went_back == matches!(state, VoucherState::Refunded { .. }), || {
            format!("voucher {}: is {}, the money went back: {went_back}", held.id, state.name())
        });
    }
    Ok(())
}

/// An order is cancelled in two windows while two of its vouchers are used.
pub(in crate::cli::selftest) fn cancels<D: Door>(shop: &Shop<D>, found: &mut Found) -> Result<(), Fault> {
    let sold = shop.sold(VOUCHERS, UNITS as u32)?;
    let answers = shop.crowd(|number, _| {
        let order = &sold[number / WINDOWS];
        match number % WINDOWS {
            used @ (0 | 1) => shop.redeem(&order[used]).map(drop),
            _ => shop.cancel(&order[0].holder, order[0].order).map(drop),
        }
    })?;
    for (windows, order) in by_group(answers, WINDOWS).into_iter().zip(&sold) {
        let (uses, cancels) = windows.split_at(2);
        found.winners("cancelling an order", cancels, 1, &["nothing-to-cancel"]);
        found.refused("using a voucher of it", uses, &["refunded"]);
        for (number, held) in order.iter().enumerate() {
            let was_used = uses.get(number).is_some_and(Answer::is_ok);
            let state = now(shop, held)?.state;
            let is_right = if was_used {
                matches!(state, VoucherState::Redeemed { .. })
            } else {
                matches!(state, VoucherState::Refunded { .. })
            };
            found.demand(is_right, || format!("voucher {}: is {}, was used: {was_used}", held.id, state.name()));
        }
    }
    Ok(())
}

/// A voucher for each of so many.
fn one_each<D: Door>(shop: &Shop<D>, number: usize) -> Result<Vec<Held>, Fault> {
    Ok(shop.sold(number, 1)?.into_iter().flatten().collect())
}

fn now<D: Door>(shop: &Shop<D>, held: &Held) -> Result<Voucher, Fault> {
    vouchers::require(&*shop.read()?, held.id)
}
