//! The server: accepts connections, keeps what is malformed, slow or too much outside, and stops in good order.
//!
//! It knows HTTP, not the product: the router that it serves comes from `app.rs`. Only this room names hyper.

mod admin;
mod front_door;
mod heads;
mod limits;
mod listen;
mod log;
mod serve;
mod stop;
mod wire;

pub use admin::{AdminDoor, ask_admin};
pub use front_door::FrontDoor;
pub use limits::Limits;
pub use listen::{ListenFault, Listening, resolved};
pub use log::{LogFormat, start_log};
pub use serve::serve;
pub use stop::Stop;
