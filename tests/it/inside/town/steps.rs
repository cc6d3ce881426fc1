//! The steps of the loop, as one line of a test each. A refusal is answered by its stable name.

use highstreet::accounts::{Actor, PlaceId};
use highstreet::base::Refusal;
use highstreet::offers::{self, Draft, OfferId};
use highstreet::orders::{self, Place, PublicOrderId};
use highstreet::payments::{Method, Settled};
use highstreet::vouchers::{self, Origin, Redeem, RedemptionId, VoucherId};

use super::Town;

pub type Answered<T> = Result<T, &'static str>;

fn named<T, R: Refusal>(answer: Result<T, R>) -> Answered<T> {
    answer.map_err(|refusal| refusal.name())
}

impl Town {
    pub fn place(&self, buyer: &Actor, offer: OfferId, units: u32, pay: Option<Method>) -> Answered<PublicOrderId> {
        self.place_all(buyer, &[(offer, units)], pay)
    }

    pub fn place_all(&self, buyer: &Actor, lines: &[(OfferId, u32)], pay: Option<Method>) -> Answered<PublicOrderId> {
        let (buyer, wish) = (buyer.clone(), Place { lines: lines.to_vec(), pay });
        named(self.run(move |tx| orders::place(tx, &buyer, &wish, &Origin::of(&buyer, "place"))))
    }

    pub fn pay(&self, buyer: &Actor, order: PublicOrderId, method: Method) -> Answered<PublicOrderId> {
        let buyer = buyer.clone();
        named(self.run(move |tx| orders::pay(tx, &buyer, order, method, &Origin::of(&buyer, "pay"))))
    }

    pub fn settle(&self, order: PublicOrderId, report: Settled) -> Answered<PublicOrderId> {
        named(self.run(move |tx| orders::settle(tx, order, report)))
    }

    pub fn cancel(&self, buyer: &Actor, order: PublicOrderId) -> Answered<PublicOrderId> {
        let buyer = buyer.clone();
        named(self.run(move |tx| orders::cancel(tx, &buyer, order, &Origin::of(&buyer, "cancel"))))
    }

    pub fn refund(&self, holder: &Actor, voucher: VoucherId) -> Answered<VoucherId> {
        let holder = holder.clone();
        named(self.run(move |tx| orders::refund_voucher(tx, &holder, voucher, &Origin::of(&holder, "refund"))))
    }

    pub fn reissue(&self, holder: &Actor, voucher: VoucherId) -> Answered<VoucherId> {
        let holder = holder.clone();
        named(self.run(move |tx| vouchers::reissue(tx, &holder, voucher, &Origin::of(&holder, "reissue"))))
    }

    /// The till took the money, if there was any to take.
    pub fn redeem(&self, till: &Actor, voucher: VoucherId, place: PlaceId) -> Answered<RedemptionId> {
        self.redeem_as(till, voucher, place, true)
    }

    pub fn redeem_as(&self, till: &Actor, voucher: VoucherId, place: PlaceId, paid: bool) -> Answered<RedemptionId> {
        let code = vouchers::require(&self.read(), voucher).unwrap().code;
        named(self.ask(till, Redeem { code, place, paid }))
    }

    /// What a till asks, with the refusal as it is.
    pub fn ask(&self, till: &Actor, ask: Redeem) -> Result<RedemptionId, vouchers::Refusal> {
        let till = till.clone();
        self.run(move |tx| vouchers::redeem(tx, &till, ask, &Origin::of(&till, "redeem")))
    }

    pub fn undo(&self, till: &Actor, redemption: RedemptionId) -> Answered<RedemptionId> {
        let till = till.clone();
        named(self.run(move |tx| vouchers::undo(tx, &till, redemption, &Origin::of(&till, "undo"))))
    }

    pub fn pause(&self, offer: OfferId) -> Answered<OfferId> {
        let owner = self.people.owner.clone();
        named(self.run(move |tx| offers::pause(tx, &owner, offer)))
    }

    pub fn resume(&self, offer: OfferId) -> Answered<OfferId> {
        let owner = self.people.owner.clone();
        named(self.run(move |tx| offers::resume(tx, &owner, offer)))
    }

    pub fn edit(&self, offer: OfferId, draft: &Draft) -> Answered<OfferId> {
        let (owner, draft) = (self.people.owner.clone(), draft.clone());
        named(self.run(move |tx| offers::edit(tx, &owner, offer, &draft)))
    }
}
