//! The toolkit for pages. What a page is about is decided in the capabilities; what all pages share is here.
//!
//! A handler takes a [`Frame`] and, when it changes something, a [`Form`]; it answers with [`page`], a [`SeeOther`]
//! or a [`PageError`]. Its twin for JSON routes is `api/`.

pub mod assets;
mod compression;
pub mod cookies;
pub mod cover;
mod csrf;
mod errors;
mod flash;
mod form;
mod frame;
mod headers;
pub mod health;
mod local_path;
mod metrics;
mod once;
mod page;
mod peer;
mod random;
mod site;
pub mod view;
mod visit;
mod watch;

pub use compression::compression;
pub use csrf::Csrf;
pub use errors::{PageError, PageResult, fault_status, fault_words, own_refusal, retry_after, status_of};
pub use flash::Flash;
pub use form::{FieldErrors, Form, MAX_FORM_BYTES};
pub use frame::{Frame, Visitor};
pub use headers::security_headers;
pub use local_path::{LocalPath, SeeOther};
pub use metrics::Metrics;
pub use once::{FreshKey, NotAKey, Once, OnceKey};
pub use page::{page, page_with, secret_page, secret_page_with};
pub use peer::Peer;
pub use random::random_bytes;
pub use site::{Plan, ReadSettings, Readiness, Settings, Site};
pub use visit::{Visit, origin_of, visit};
pub use watch::watch;
