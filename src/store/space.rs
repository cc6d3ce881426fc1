//! Room on the file system of the data folder: below the reserve nothing is written, so that the disk is never full in
//! the middle of something.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::base::Fault;
use crate::base::fault::FaultKind;

/// The reserve is this part of the file system, and at most so much.
const RESERVED_PART: u64 = 20;
const MOST_RESERVED_BYTES: u64 = 256 << 20;

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub free_bytes: u64,
    pub reserved_bytes: u64,
}

impl Room {
    fn of(free_bytes: u64, total_bytes: u64) -> Room {
        Room { free_bytes, reserved_bytes: (total_bytes / RESERVED_PART).min(MOST_RESERVED_BYTES) }
    }

    pub fn is_short(&self) -> bool {
        self.free_bytes < self.reserved_bytes
    }
}

/// What was last seen of it. Looking costs a system call, so that it is done by the caretaker and not by each commit.
#[derive(Debug)]
pub(in crate::store) struct Space {
    folder: Option<PathBuf>,
    seen: Mutex<Option<Room>>,
}

impl Space {
    /// The file system that the folder is on; `None` for a store in memory, which has room.
    pub(in crate::store) fn of(folder: Option<PathBuf>) -> Space {
        let space = Space { folder, seen: Mutex::new(None) };
        space.look();
        space
    }

    /// Looks anew. A file system that can't be asked says nothing of its room.
    pub(in crate::store) fn look(&self) -> Option<Room> {
        let asked = self.folder.as_ref().and_then(|folder| rustix::fs::statvfs(folder).ok());
        let room = asked.map(|found| {
            let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
            Room::of(bytes(found.f_bavail), bytes(found.f_blocks))
        });
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = room;
        room
    }

    pub(in crate::store) fn seen(&self) -> Option<Room> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses while there is less than the reserve.
    pub(in crate::store) fn check(&self) -> Result<(), Fault> {
        match self.seen().filter(Room::is_short) {
            None => Ok(()),
            Some(Room { free_bytes, reserved_bytes }) => {
                let cause = format!("{free_bytes} bytes are free, and {reserved_bytes} are kept in reserve");
                Err(Fault::new(FaultKind::Full, "writing", cause))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_a_twentieth_and_at_most_256_mib() {
        assert_eq!(Room::of(0, 64 << 20).reserved_bytes, (64 << 20) / 20);
        assert_eq!(Room::of(0, 1 << 40).reserved_bytes, 256 << 20);
        assert!(Room::of(3 << 20, 64 << 20).is_short() && !Room::of(4 << 20, 64 << 20).is_short());
    }

    #[test]
    fn a_store_in_memory_and_a_folder_that_is_gone_have_room() {
        assert!(Space::of(None).check().is_ok());
        assert!(Space::of(Some("/nowhere/at/all".into())).check().is_ok());
        assert!(Space::of(Some("/".into())).seen().is_some());
    }
}
