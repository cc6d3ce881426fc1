//! The house rules as tests: walls between rooms, sizes, lists that must be complete, words that must not stand.
//!
//! Each check is a function over sources, demanded of the repository and shown to bite on a bad line.

mod golden;
mod lists;
mod lock;
mod sizes;
mod source;
mod walls;
mod words;

/// The rooms, from the ground up: a room uses what stands before it here, never what stands after.
const ROOMS: &[&str] = &[
    "base",
    "store",
    "kernel",
    "search",
    "web",
    "api",
    "accounts",
    "directory",
    "offers",
    "payments",
    "vouchers",
    "bookings",
    "orders",
    "reviews",
    "desk",
    "loyalty",
    "messages",
    "crm",
    "insight",
    "discover",
    "jobs",
    "community",
    "help",
    "admin",
    "schema",
    "routes",
    "app",
    "server",
    "cli",
];

/// The first and the last room that is a capability.
const CAPABILITIES: (&str, &str) = ("accounts", "admin");

/// How high a room stands; `None` for what is no room.
fn height(room: &str) -> Option<usize> {
    ROOMS.iter().position(|known| *known == room)
}

fn is_capability(room: &str) -> bool {
    let between = |height: usize| (height_of(CAPABILITIES.0)..=height_of(CAPABILITIES.1)).contains(&height);
    height(room).is_some_and(between)
}

fn height_of(room: &str) -> usize {
    height(room).expect("a capability is a room")
}
