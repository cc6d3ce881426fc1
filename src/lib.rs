//! Highstreet: a town's own online high street in one binary. This page is the map of the house, from the ground up;
//! a room uses what stands above it in this list, never what stands below.

/// Values without I/O: money, ids, clock, points, codes, text.
pub mod base;
/// The one door to the disk: tables, transactions, the change log, group commit, backup.
pub mod store;
/// Engines that every capability is made of: stock, ledger, outbox, timers, audit.
pub mod kernel;
/// Finding places: the place table in memory and the text index on disk. It knows documents, not capabilities.
pub mod search;
/// The toolkit for pages: frame, forms, CSRF, errors, assets, drawn covers.
pub mod web;
/// The toolkit for JSON routes: problems, bounded bodies, cursors, keys, ETags.
pub mod api;
/// People: who they are, how they sign in, what each may do.
pub mod accounts;
/// Merchants' places: categories, opening hours, imports from OpenStreetMap.
pub mod directory;
/// Offers: what merchants sell or give, under which terms.
pub mod offers;
/// Payments: how the money comes in and goes back.
pub mod payments;
/// Vouchers: the entitlements that orders yield, and their use at a till.
pub mod vouchers;
/// Orders: one commitment of one resident; the only room that orchestrates the others.
pub mod orders;
/// Reviews: what people say of a place at which they used what they had ordered, and the score that follows.
pub mod reviews;
/// The merchant's desk: offers, orders, redemptions, reviews and money, each figure with the rows behind it.
pub mod desk;
/// What visitors see before they choose: home, search, the page of a place.
pub mod discover;
/// Help for people, and the licences of what the product is made of.
pub mod help;
/// The operator's room: running the city, and in a demo its clock.
pub mod admin;
/// Every table on one page.
pub mod schema;
/// Every URL on one page.
pub mod routes;
/// Puts the house together: state, layers, router.
pub mod app;
/// The accept loop, the strict front door, limits, the graceful stop.
pub mod server;
/// The command line: one file a subcommand.
pub mod cli;
