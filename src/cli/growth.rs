//! Opening a city for a subcommand, and showing how it grows if an older Highstreet wrote it.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::app;
use crate::base::{Clock, Timestamp};
use crate::cli::{Failure, say};
use crate::store::{Folder, Growth, Store};

/// Shorter work shows no bar.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// Where else than on a bar the growth is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Told {
    /// In the log, which is running.
    InLog,
    /// In lines on standard error.
    InLines,
    /// Nowhere; and no bar is shown either.
    Nowhere,
}

impl Told {
    /// For a subcommand without a log.
    pub(in crate::cli) fn unless(is_quiet: bool) -> Told {
        if is_quiet { Told::Nowhere } else { Told::InLines }
    }
}

pub(in crate::cli) fn open_store(
    folder: &Folder,
    cache_bytes: usize,
    clock: &dyn Fn(Timestamp) -> Clock,
    told: Told,
) -> Result<Store, Failure> {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent} %  {msg}  {eta} left") {
        bar.set_style(style);
    }
    let may_draw = told != Told::Nowhere && std::io::stderr().is_terminal();
    let mut hear = |growth| {
        if may_draw && bar.is_hidden() && bar.elapsed() > SHOWN_AFTER {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        show(&bar, &growth);
        if let Some(line) = line(&growth).filter(|_| told == Told::InLines) {
            bar.suspend(|| say(&line));
        }
    };
    let store = app::open_store_hearing(folder, cache_bytes, clock, &mut hear);
    bar.finish_and_clear();
    Ok(store?)
}

fn show(bar: &ProgressBar, growth: &Growth) {
    match growth {
        Growth::BackingUp => bar.set_message("backing up"),
        Growth::Migrating { name, done, total, .. } => {
            bar.set_length(*total);
            bar.set_position(*done);
            bar.set_message(*name);
        }
        Growth::BackedUp(_) | Growth::Grown(_) => {}
    }
}

fn line(growth: &Growth) -> Option<String> {
    match growth {
        Growth::BackedUp(path) => Some(format!("highstreet: the city as it was is backed up in {}", path.display())),
        Growth::Grown(schema) => Some(format!("highstreet: the city has grown to schema {schema}")),
        Growth::BackingUp | Growth::Migrating { .. } => None,
    }
}
