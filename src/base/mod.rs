//! Values without I/O: money, ids, time, space, codes, text.
//!
//! Everything here is parsed once at the edge and then trusted. Nothing here reads a disk, a socket or the
//! wall clock, but for [`clock`], which is the one place where the machine's time comes in.

pub mod chance;
pub mod clock;
pub mod code;
pub mod fault;
pub mod id;
pub mod interval;
pub mod locale;
pub mod money;
pub mod point;
pub mod refusal;
pub mod text;

pub use chance::Chance;
pub use clock::{Clock, Timestamp};
pub use code::Code;
pub use fault::Fault;
pub use id::Id;
pub use interval::Interval;
pub use locale::Locale;
pub use money::{Currency, Money};
pub use point::{BoundingBox, Point};
pub use refusal::{Kind, Refusal};
pub use text::{Line, Prose};
