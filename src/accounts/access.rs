//! Who may do what: the matrix role x action x reach, and the proofs that commands ask for.
//!
//! A command takes an [`Actor`] and obtains a proof ([`Resident`], [`Till`], [`Manager`], [`Owner`], [`Operator`])
//! inside its transaction, so that a role taken away a moment ago no longer counts. A foreign id answers exactly like
//! an unknown one.

use minicbor::{Decode, Encode};

use crate::accounts::model::{MerchantId, PERSONS, Person, PersonId, PlaceId, SessionId};
use crate::base::{Kind, Refusal};
use crate::store::{Read, Stop};

/// What a person is to the town. Everybody may be several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Nobody yet: no cookie, no token.
    Anonymous,
    /// Known by one cookie.
    Guest,
    /// Signed in.
    Resident,
    /// Redeems at the places of its grant, and sees no lists and no money.
    Till,
    Manager,
    Owner,
    Moderator,
    Operator,
}

impl Role {
    pub const ALL: [Role; 8] = [
        Role::Anonymous,
        Role::Guest,
        Role::Resident,
        Role::Till,
        Role::Manager,
        Role::Owner,
        Role::Moderator,
        Role::Operator,
    ];

    /// As API and command line spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Anonymous => "anonymous",
            Role::Guest => "guest",
            Role::Resident => "resident",
            Role::Till => "till",
            Role::Manager => "manager",
            Role::Owner => "owner",
            Role::Moderator => "moderator",
            Role::Operator => "operator",
        }
    }

    pub fn parse(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// A role that was given to a person, and where it counts.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Grant {
    /// Till, manager or owner of a merchant; with places, only there.
    #[n(0)]
    Staff {
        #[n(0)]
        role: StaffRole,
        #[n(1)]
        merchant: MerchantId,
        /// Empty means every place of the merchant.
        #[n(2)]
        places: Vec<PlaceId>,
    },
    #[n(1)]
    Moderator,
    #[n(2)]
    Operator,
}

/// The roles that a merchant gives, in the order of what they may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum StaffRole {
    #[n(0)]
    Till,
    #[n(1)]
    Manager,
    #[n(2)]
    Owner,
}

impl From<StaffRole> for Role {
    fn from(role: StaffRole) -> Role {
        match role {
            StaffRole::Till => Role::Till,
            StaffRole::Manager => Role::Manager,
            StaffRole::Owner => Role::Owner,
        }
    }
}

/// What can be done in the product; every route names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Look at what is public: places, offers, reviews, help.
    Browse,
    /// Sign up, sign in.
    Enter,
    /// See and end one's own sessions, see one's own account.
    OwnAccount,
    /// Order and hold; a guest may.
    Buy,
    /// See, show, reissue and refund one's own orders and vouchers.
    OwnPurchases,
    /// Review what one has consumed.
    Review,
    /// Redeem vouchers and undo, at a place.
    Redeem,
    /// Write, publish, pause and withdraw offers.
    ManageOffers,
    /// See orders, redemptions and reviews of a merchant.
    SeeTrade,
    /// Answer reviews.
    Reply,
    /// See the ledger rows of a merchant.
    SeeLedger,
    /// Hide what breaks the rules.
    Moderate,
    /// Run the city.
    Operate,
}

/// How far a role's permission for an action goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Not at all.
    No,
    /// What is one's own.
    Own,
    /// The places or the merchant of the grant.
    Grant,
    /// Everything in the city.
    City,
}

use Reach::{City, Grant as Granted, No, Own};

impl Action {
    pub const ALL: [Action; 13] = [
        Action::Browse,
        Action::Enter,
        Action::OwnAccount,
        Action::Buy,
        Action::OwnPurchases,
        Action::Review,
        Action::Redeem,
        Action::ManageOffers,
        Action::SeeTrade,
        Action::Reply,
        Action::SeeLedger,
        Action::Moderate,
        Action::Operate,
    ];

    /// The matrix. Columns stand in the order of [`Role::ALL`].
    const fn row(self) -> [Reach; 8] {
        match self {
            //                     anonym guest resid till     manager  owner    moder operator
            Action::Browse => [City, City, City, City, City, City, City, City],
            Action::Enter => [Own, Own, Own, Own, Own, Own, Own, Own],
            Action::OwnAccount => [No, Own, Own, Own, Own, Own, Own, Own],
            Action::Buy => [Own, Own, Own, Own, Own, Own, Own, Own],
            Action::OwnPurchases => [No, Own, Own, Own, Own, Own, Own, Own],
            Action::Review => [No, Own, Own, Own, Own, Own, Own, Own],
            Action::Redeem => [No, No, No, Granted, Granted, Granted, No, No],
            Action::ManageOffers => [No, No, No, No, Granted, Granted, No, No],
            Action::SeeTrade => [No, No, No, No, Granted, Granted, No, No],
            Action::Reply => [No, No, No, No, Granted, Granted, No, No],
            Action::SeeLedger => [No, No, No, No, No, Granted, No, City],
            Action::Moderate => [No, No, No, No, No, No, City, City],
            Action::Operate => [No, No, No, No, No, No, No, City],
        }
    }

    /// How far `role` reaches with this action.
    pub const fn reach(self, role: Role) -> Reach {
        self.row()[role as usize]
    }

    /// The scope that an API token needs for it.
    pub const fn scope(self) -> TokenScope {
        match self {
            Action::Browse | Action::Enter => TokenScope::Read,
            Action::OwnAccount | Action::Buy | Action::OwnPurchases | Action::Review => TokenScope::Own,
            Action::Redeem => TokenScope::Till,
            Action::ManageOffers | Action::SeeTrade | Action::Reply | Action::SeeLedger => TokenScope::Desk,
            Action::Moderate | Action::Operate => TokenScope::Operate,
        }
    }
}

/// What an API token may be used for; never more than its person may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum TokenScope {
    /// Public things only.
    #[n(0)]
    Read,
    /// The person's own orders, vouchers and reviews.
    #[n(1)]
    Own,
    /// Redeeming.
    #[n(2)]
    Till,
    /// The merchant's desk.
    #[n(3)]
    Desk,
    /// The city.
    #[n(4)]
    Operate,
}

impl TokenScope {
    pub const ALL: [TokenScope; 5] =
        [TokenScope::Read, TokenScope::Own, TokenScope::Till, TokenScope::Desk, TokenScope::Operate];

    pub const fn name(self) -> &'static str {
        match self {
            TokenScope::Read => "read",
            TokenScope::Own => "own",
            TokenScope::Till => "till",
            TokenScope::Desk => "desk",
            TokenScope::Operate => "operate",
        }
    }

    pub fn parse(name: &str) -> Option<TokenScope> {
        TokenScope::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// Who asks to do something: a person known by a session. What they may is looked up in the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub person: PersonId,
    /// The sign-in or token that the request came with.
    pub session: SessionId,
    /// `None`: everything that the person may.
    pub scopes: Option<Vec<TokenScope>>,
}

/// Who looks: an actor with the person as of the snapshot, or nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Viewer {
    pub known: Option<(Actor, Person)>,
}

/// Why an actor may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Nobody is signed in.
    SignInFirst,
    /// The person may know that it is there, but not do it.
    NotAllowed,
    /// It does not exist, or it is somebody else's.
    NotFound,
}

impl Refusal for Denied {
    fn name(&self) -> &'static str {
        match self {
            Denied::SignInFirst => "sign-in-first",
            Denied::NotAllowed => "not-allowed",
            Denied::NotFound => "not-found",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Denied::SignInFirst => Kind::Unauthorized,
            Denied::NotAllowed => Kind::Forbidden,
            Denied::NotFound => Kind::NotFound,
        }
    }

    fn message(&self) -> String {
        match self {
            Denied::SignInFirst => "Please sign in first.",
            Denied::NotAllowed => "Your role does not cover this. Ask the owner or the operator for it.",
            Denied::NotFound => "There is nothing here, or it is not yours.",
        }
        .into()
    }
}

impl From<Denied> for Stop<Denied> {
    fn from(denied: Denied) -> Stop<Denied> {
        Stop::Refuse(denied)
    }
}

impl Person {
    /// Every role that the person has, anywhere.
    pub fn roles(&self) -> Vec<Role> {
        let own = if self.is_guest() { Role::Guest } else { Role::Resident };
        let given = self.grants.iter().map(|grant| match grant {
            Grant::Staff { role, .. } => (*role).into(),
            Grant::Moderator => Role::Moderator,
            Grant::Operator => Role::Operator,
        });
        std::iter::once(own).chain(given).collect()
    }

    /// Whether any role of the person allows the action somewhere.
    pub fn may_somewhere(&self, action: Action) -> bool {
        self.roles().into_iter().any(|role| action.reach(role) > Reach::No)
    }

    fn may_in_city(&self, action: Action) -> bool {
        self.roles().into_iter().any(|role| action.reach(role) == Reach::City)
    }

    /// The person's roles at a merchant, with the places that they are for; none means all.
    fn staff_roles(&self, merchant: MerchantId) -> impl Iterator<Item = (StaffRole, &[PlaceId])> {
        self.grants.iter().filter_map(move |grant| match grant {
            Grant::Staff { role, merchant: at, places } => (*at == merchant).then_some((*role, places.as_slice())),
            Grant::Moderator | Grant::Operator => None,
        })
    }

    /// Whether a grant of at least this role covers the action at the place; without a place, at the whole merchant.
    fn has_grant(
        &self,
        least: StaffRole,
        action: Action,
        merchant: MerchantId,
        place: Option<PlaceId>,
    ) -> Result<(), Denied> {
        let covers = |places: &[PlaceId]| places.is_empty() || place.is_some_and(|place| places.contains(&place));
        let is_granted = self
            .staff_roles(merchant)
            .any(|(role, places)| role >= least && action.reach(role.into()) == Reach::Grant && covers(places));
        if is_granted {
            return Ok(());
        }
        // Staff of the merchant know that it is there; to everybody else it does not exist.
        let is_staff = self.staff_roles(merchant).next().is_some();
        Err(if is_staff { Denied::NotAllowed } else { Denied::NotFound })
    }

    fn may_at(&self, action: Action, merchant: MerchantId, place: Option<PlaceId>) -> Result<(), Denied> {
        if self.may_in_city(action) {
            return Ok(());
        }
        self.has_grant(StaffRole::Till, action, merchant, place)
    }

    /// How to refuse what no role of the person allows: a guest may turn out to be somebody who may.
    fn denied(&self) -> Denied {
        if self.is_guest() { Denied::SignInFirst } else { Denied::NotAllowed }
    }

    /// The merchants at which the person may do this.
    pub fn merchants_for(&self, action: Action) -> Vec<MerchantId> {
        let mut merchants: Vec<MerchantId> = self
            .grants
            .iter()
            .filter_map(|grant| match grant {
                Grant::Staff { role, merchant, .. } => {
                    (action.reach((*role).into()) == Reach::Grant).then_some(*merchant)
                }
                Grant::Moderator | Grant::Operator => None,
            })
            .collect();
        merchants.sort_unstable();
        merchants.dedup();
        merchants
    }
}

impl Actor {
    fn has_scope(&self, action: Action) -> bool {
        // What is public is open to every token.
        let needed = action.scope();
        needed == TokenScope::Read || self.scopes.as_ref().is_none_or(|scopes| scopes.contains(&needed))
    }

    /// The person as this transaction or snapshot sees them, if the actor's token covers the action.
    fn person_for(&self, read: &dyn Read, action: Action) -> Result<Person, Stop<Denied>> {
        if !self.has_scope(action) {
            return Err(Denied::NotAllowed.into());
        }
        Ok(read.get(&PERSONS, &self.person)?.ok_or(Denied::SignInFirst)?)
    }
}

impl Viewer {
    pub fn nobody() -> Viewer {
        Viewer::default()
    }

    pub fn actor(&self) -> Option<&Actor> {
        self.known.as_ref().map(|(actor, _)| actor)
    }

    pub fn person(&self) -> Option<&Person> {
        self.known.as_ref().map(|(_, person)| person)
    }

    /// Whether the viewer may do this at a merchant; for reading. Commands ask for a proof instead.
    pub fn may_at(&self, action: Action, merchant: MerchantId, place: Option<PlaceId>) -> Result<(), Denied> {
        let (actor, person) = self.known.as_ref().ok_or(Denied::SignInFirst)?;
        if !actor.has_scope(action) {
            return Err(Denied::NotAllowed);
        }
        person.may_at(action, merchant, place)
    }

    /// Whether the viewer may do this with what is their own, or anywhere in the city.
    pub fn may(&self, action: Action) -> Result<(), Denied> {
        let Some((actor, person)) = self.known.as_ref() else {
            return if action.reach(Role::Anonymous) > Reach::No { Ok(()) } else { Err(Denied::SignInFirst) };
        };
        if !actor.has_scope(action) {
            return Err(Denied::NotAllowed);
        }
        if person.may_somewhere(action) { Ok(()) } else { Err(person.denied()) }
    }
}

/// Proof: this person may act for themselves.
#[derive(Clone, Copy, Debug)]
pub struct Resident {
    person: PersonId,
    is_guest: bool,
}

impl Resident {
    /// Anybody whom we know by a session, guests included, for an action on what is their own.
    pub fn prove(read: &dyn Read, actor: &Actor, action: Action) -> Result<Resident, Stop<Denied>> {
        let person = actor.person_for(read, action)?;
        let allowed = person.roles().into_iter().any(|role| action.reach(role) == Reach::Own);
        match allowed {
            true => Ok(Resident { person: actor.person, is_guest: person.is_guest() }),
            false => Err(person.denied().into()),
        }
    }

    pub fn person(&self) -> PersonId {
        self.person
    }

    /// Known by a cookie alone.
    pub fn is_guest(&self) -> bool {
        self.is_guest
    }
}

macro_rules! staff_proof {
    ($(#[$doc:meta])* $proof:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $proof {
            person: PersonId,
            merchant: MerchantId,
            place: Option<PlaceId>,
        }

        impl $proof {
            pub fn person(&self) -> PersonId {
                self.person
            }

            pub fn merchant(&self) -> MerchantId {
                self.merchant
            }

            /// The place that was asked about, if one was.
            pub fn place(&self) -> Option<PlaceId> {
                self.place
            }

            /// By a grant of this role or one above it; what the city's own roles may, they may without this proof.
            fn prove_action(
                read: &dyn Read,
                actor: &Actor,
                action: Action,
                merchant: MerchantId,
                place: Option<PlaceId>,
            ) -> Result<$proof, Stop<Denied>> {
                let person = actor.person_for(read, action)?;
                person.has_grant(StaffRole::$proof, action, merchant, place)?;
                Ok($proof { person: actor.person, merchant, place })
            }
        }
    };
}

staff_proof!(
    /// Proof: this person may redeem at this place of this merchant.
    Till
);
staff_proof!(
    /// Proof: this person manages this place of this merchant, or, without a place, the whole of it.
    Manager
);
staff_proof!(
    /// Proof: this person owns this merchant.
    Owner
);

impl Till {
    pub fn prove(read: &dyn Read, actor: &Actor, merchant: MerchantId, place: PlaceId) -> Result<Till, Stop<Denied>> {
        Till::prove_action(read, actor, Action::Redeem, merchant, Some(place))
    }
}

impl Manager {
    pub fn prove(
        read: &dyn Read,
        actor: &Actor,
        action: Action,
        merchant: MerchantId,
        place: Option<PlaceId>,
    ) -> Result<Manager, Stop<Denied>> {
        Manager::prove_action(read, actor, action, merchant, place)
    }
}

impl Owner {
    pub fn prove(read: &dyn Read, actor: &Actor, merchant: MerchantId) -> Result<Owner, Stop<Denied>> {
        Owner::prove_action(read, actor, Action::SeeLedger, merchant, None)
    }
}

/// Proof: this person runs the city.
#[derive(Clone, Copy, Debug)]
pub struct Operator {
    person: PersonId,
}

impl Operator {
    pub fn prove(read: &dyn Read, actor: &Actor) -> Result<Operator, Stop<Denied>> {
        let person = actor.person_for(read, Action::Operate)?;
        if person.may_in_city(Action::Operate) {
            return Ok(Operator { person: actor.person });
        }
        Err(person.denied().into())
    }

    pub fn person(&self) -> PersonId {
        self.person
    }
}

#[cfg(test)]
mod tests;
