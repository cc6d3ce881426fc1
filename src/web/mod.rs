//! The toolkit for pages. What a page is about is decided in the capabilities; what all pages share is here.

pub mod cover;
