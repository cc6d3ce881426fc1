//! Reviews and the ratings of places as rows, and the tables that keep them.

use minicbor::{Decode, Encode};

use crate::accounts::{MerchantId, PersonId, PlaceId};
use crate::base::{Id, Prose, Timestamp};
use crate::orders::OrderId;
use crate::store::{Index, Table};

/// The review's key; it tells when it was written, and stays inside.
pub type ReviewId = Id<Review>;

/// What others see of a review: random.
pub enum PublicReview {}
pub type PublicReviewId = Id<PublicReview>;

pub type ReviewText = Prose<4000>;
pub type ReplyText = Prose<2000>;

/// Most stars of a review.
pub const MAX_STARS: u8 = 5;

/// One to five; made by `rules::stars` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Stars(#[n(0)] u8);

impl Stars {
    pub const fn new(number: u8) -> Option<Stars> {
        if number >= 1 && number <= MAX_STARS { Some(Stars(number)) } else { None }
    }

    pub const fn number(self) -> u8 {
        self.0
    }
}

/// A side of the visit that may have stars of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Aspect {
    #[n(0)]
    Food,
    #[n(1)]
    Service,
    #[n(2)]
    Ambience,
    #[n(3)]
    Value,
}

impl Aspect {
    pub const ALL: [Aspect; 4] = [Aspect::Food, Aspect::Service, Aspect::Ambience, Aspect::Value];

    /// As the API spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Aspect::Food => "food",
            Aspect::Service => "service",
            Aspect::Ambience => "ambience",
            Aspect::Value => "value",
        }
    }

    pub fn parse(name: &str) -> Option<Aspect> {
        Aspect::ALL.into_iter().find(|aspect| aspect.name() == name)
    }
}

/// The completed transaction that a review is tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Transaction {
    /// An order, of which something was used at the place.
    #[n(0)]
    Order(#[n(0)] OrderId),
}

impl Transaction {
    /// As the API spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Transaction::Order(_) => "order",
        }
    }

    const fn id(self) -> Id<()> {
        match self {
            Transaction::Order(order) => order.untyped(),
        }
    }
}

/// What the author says.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Words {
    #[n(0)]
    pub stars: Stars,
    /// Each aspect at most once, in the order of [`Aspect::ALL`].
    #[n(1)]
    pub aspects: Vec<(Aspect, Stars)>,
    #[n(2)]
    pub text: Option<ReviewText>,
}

/// One person's review of one transaction at one place.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Review {
    #[n(0)]
    pub public: PublicReviewId,
    #[n(1)]
    pub author: PersonId,
    #[n(2)]
    pub transaction: Transaction,
    #[n(3)]
    pub place: PlaceId,
    /// Who sold it, and so who answers.
    #[n(4)]
    pub merchant: MerchantId,
    #[n(5)]
    pub words: Words,
    /// When it was first published.
    #[n(6)]
    pub at: Timestamp,
    /// The author changes a review once.
    #[n(7)]
    pub change: Option<Change>,
    #[n(8)]
    pub reply: Option<Reply>,
}

/// When the author changed the review, and what it said until then.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Change {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub before: Words,
}

/// The answer of the place, for everybody to read.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Reply {
    #[n(0)]
    pub text: ReplyText,
    #[n(1)]
    pub by: PersonId,
    /// When it was first given.
    #[n(2)]
    pub at: Timestamp,
    /// The place changes a reply once.
    #[n(3)]
    pub change: Option<ReplyChange>,
}

/// When the reply was changed, and what it said until then, in whose words.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ReplyChange {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub text: ReplyText,
    #[n(2)]
    pub by: PersonId,
}

/// How many reviews gave how many stars. Sum, count, average and score follow from it, by `rules`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Tally {
    /// One star first.
    #[n(0)]
    pub counts: [u32; MAX_STARS as usize],
}

/// Key: review. Value: who says what of which visit, and the answer. Written by its author and the place; read by all.
pub static REVIEWS: Table<ReviewId, Review> = Table::new(
    800,
    "reviews",
    &[
        &REVIEW_BY_PUBLIC,
        &REVIEW_BY_TRANSACTION,
        &REVIEWS_BY_PLACE,
        &REVIEWS_BY_STARS,
        &REVIEWS_BY_MERCHANT,
        &REVIEWS_UNANSWERED,
        &REVIEWS_BY_AUTHOR,
    ],
);
pub static REVIEW_BY_PUBLIC: Index<ReviewId, Review, PublicReviewId> =
    Index::unique(801, "review_by_public", |_, review| vec![review.public]);
/// One review a transaction and place.
pub static REVIEW_BY_TRANSACTION: Index<ReviewId, Review, (Id<()>, PlaceId)> =
    Index::unique(802, "review_by_transaction", |_, review| vec![(review.transaction.id(), review.place)]);
pub static REVIEWS_BY_PLACE: Index<ReviewId, Review, (PlaceId, Timestamp)> =
    Index::new(803, "reviews_by_place", |_, review| vec![(review.place, review.at)]);
pub static REVIEWS_BY_STARS: Index<ReviewId, Review, (PlaceId, u8, Timestamp)> =
    Index::new(804, "reviews_by_stars", |_, review| vec![(review.place, review.words.stars.number(), review.at)]);
pub static REVIEWS_BY_MERCHANT: Index<ReviewId, Review, (MerchantId, Timestamp)> =
    Index::new(805, "reviews_by_merchant", |_, review| vec![(review.merchant, review.at)]);
/// Reviews without a reply only.
pub static REVIEWS_UNANSWERED: Index<ReviewId, Review, MerchantId> =
    Index::new(806, "reviews_unanswered", |_, review| match review.reply {
        None => vec![review.merchant],
        Some(_) => vec![],
    });
pub static REVIEWS_BY_AUTHOR: Index<ReviewId, Review, PersonId> =
    Index::new(807, "reviews_by_author", |_, review| vec![review.author]);

/// Key: place. Value: its reviews by stars. Written with each review; read by pages, API and search.
pub static RATINGS: Table<PlaceId, Tally> = Table::new(808, "ratings", &[]);
