//! The operator's room: running the city, and in a demo its clock.

pub mod api;
