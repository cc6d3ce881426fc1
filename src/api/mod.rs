//! The toolkit for JSON routes: problems, bounded bodies, lists with cursors, keys, tokens, ETags.
//!
//! A handler takes [`Json`] or [`Posted`] and a [`Bearer`], and answers [`ApiResult`]. Its twin for pages is `web/`.

mod bearer;
mod etag;
mod json;
mod list;
mod money;
mod point;
mod problem;
mod shown;

pub use bearer::Bearer;
pub use etag::tagged;
pub use json::{Json, MAX_JSON_BYTES, MAX_JSON_DEPTH, Posted};
pub use list::{Cursor, List, ListOf, Page, next_link};
pub use money::MoneyJson;
pub use point::PointJson;
pub use problem::{ApiResult, Members as ProblemMembers, Problem};
pub use shown::{is_api_path, problems};
