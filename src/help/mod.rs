//! Help for people, and the licences of what the product is made of. Pages alone: there is nothing to keep.

pub mod pages;
