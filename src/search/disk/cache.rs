//! Blocks that were read and compared lately, in memory of a bounded size: all files of a folder share it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync;
use tantivy::directory::OwnedBytes;

use crate::search::disk::sealed::BLOCK;

/// 24 MiB: the postings of the words that people search with all day, of a million places.
const BLOCKS: usize = 24 * 1024 * 1024 / BLOCK;

pub(super) struct Cache {
    blocks: sync::Cache<(u64, u32), OwnedBytes>,
    files: AtomicU64,
}

impl Cache {
    pub(super) fn new() -> Cache {
        Cache { blocks: sync::Cache::new(BLOCKS), files: AtomicU64::new(0) }
    }

    /// A number for a file that was opened; never given to another one.
    pub(super) fn number(&self) -> u64 {
        self.files.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn block(
        &self,
        file: u64,
        number: usize,
        read: impl FnOnce() -> io::Result<OwnedBytes>,
    ) -> io::Result<OwnedBytes> {
        let key = (file, number as u32);
        if let Some(block) = self.blocks.get(&key) {
            return Ok(block);
        }
        let block = read()?;
        self.blocks.insert(key, block.clone());
        Ok(block)
    }
}
