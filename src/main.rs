//! Parses the command line and calls one function of `cli`.

use std::panic::{PanicHookInfo, catch_unwind, set_hook};

use highstreet::cli::{Exit, run};

/// A page and an order are some hundred small allocations each, which the C library's allocator makes a fifth slower.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Exit {
    set_hook(Box::new(report_bug));
    catch_unwind(|| run(std::env::args_os())).unwrap_or(Exit::Bug)
}

/// One line, for whoever is to report it.
fn report_bug(info: &PanicHookInfo<'_>) {
    let line = info.to_string().replace('\n', " ");
    eprintln!("highstreet: a bug of ours, please report it: {line}");
}
