//! The operator's room: the console (how the city does, who works in it, who did what), and in a demo its clock.

pub mod api;
pub mod pages;
