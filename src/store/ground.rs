//! The ground under a store's file, where a harness lays it: it decides what lasts, what fails and when. A city's own
//! store stands on a file.

use std::fmt::Debug;
use std::io::Result;
use std::sync::Arc;

/// What the storage engine asks of a file.
pub trait Ground: Debug + Send + Sync + 'static {
    fn length(&self) -> Result<u64>;

    /// Fills `out` from `offset` on; past the end is a fault.
    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()>;

    /// What is new is zero.
    fn resize(&self, length: u64) -> Result<()>;

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// What was written before lasts from now on.
    fn sync(&self) -> Result<()>;
}

/// A ground as the engine knows it.
#[derive(Debug)]
pub(super) struct OnGround(pub Arc<dyn Ground>);

impl redb::StorageBackend for OnGround {
    fn len(&self) -> Result<u64> {
        self.0.length()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, length: u64) -> Result<()> {
        self.0.resize(length)
    }

    fn sync_data(&self) -> Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.0.write(offset, bytes)
    }
}
