//! The two sizes of the bench: full, and small enough for every test run.

use std::path::PathBuf;

use tempfile::TempDir;

/// How much is done for a figure.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Each side is measured so often, in turn; the median counts.
    pub rounds: usize,
    /// Of load on a page, or on the peer.
    pub seconds: u32,
    /// Units of the hot deal.
    pub capacity: u32,
    pub starts: usize,
    /// Rows of the table that is taken in while people buy.
    pub places: usize,
}

impl Size {
    pub const fn is_small(&self) -> bool {
        self.starts < 10
    }

    /// `HIGHSTREET_BENCH=small` asks for the small one.
    pub fn asked_for() -> Size {
        if std::env::var("HIGHSTREET_BENCH").is_ok_and(|size| size == "small") {
            return Size { rounds: 1, seconds: 1, capacity: 500, starts: 3, places: 5_000 };
        }
        Size { rounds: 3, seconds: 5, capacity: 20_000, starts: 11, places: 50_000 }
    }
}

/// A folder on a real disk, the same for the store and for its peer: `/tmp` is often memory, `/var/tmp` never is.
pub fn folder_on_disk() -> TempDir {
    let parent = PathBuf::from("/var/tmp");
    tempfile::Builder::new().prefix("highstreet-bench-").tempdir_in(parent).expect("/var/tmp can be written")
}

/// The middle one of some measurements.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().expect("at least one measurement")
}
