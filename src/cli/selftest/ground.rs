//! Where a self-test happens: a folder of its own beside the city, so that the disk it measures is the city's. It is
//! gone afterwards, however the test ended; what a killed one left is taken over by the next.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::cli::{Failure, say};
use crate::store::{Expect, Folder, FolderFault};

const NAME: &str = "highstreet-selftest";

/// Drop what is open in it first.
#[derive(Debug)]
pub(super) struct Ground {
    folder: Folder,
}

impl Ground {
    /// Takes a folder on the disk of the data folder, or among temporary files if nothing may be written there.
    pub fn beside(data: &Path) -> Result<Ground, Failure> {
        let unclear = |error| Failure::io(format!("{}: {error}", data.display()));
        let data = std::path::absolute(data).map_err(unclear)?;
        // Where there is no data folder yet, it is to be made on the disk of what would hold it.
        let on_disk = data.ancestors().find(|path| path.is_dir()).unwrap_or(&data);
        match Ground::within(on_disk) {
            Err(FolderFault::Io { cause, .. }) if is_closed(cause.kind()) => Ok(Ground::within(&std::env::temp_dir())?),
            taken => Ok(taken?),
        }
    }

    fn within(parent: &Path) -> Result<Ground, FolderFault> {
        let folder = Folder::open(&parent.join(NAME), Expect::Demo)?;
        folder.clear()?;
        Ok(Ground { folder })
    }

    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Where the folder lies: on the disk that is tried.
    pub fn parent(&self) -> PathBuf {
        self.folder.path().parent().unwrap_or(Path::new("/")).to_owned()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let path = self.folder.path();
        if let Err(error) = std::fs::remove_dir_all(path) {
            say(&format!("highstreet: {} can't be removed: {error}", path.display()));
        }
    }
}

fn is_closed(kind: ErrorKind) -> bool {
    [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem].contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ground_lies_on_the_citys_disk_and_is_gone_afterwards() {
        let parent = tempfile::tempdir().unwrap();
        let city = parent.path().join("not/there/yet");
        let ground = Ground::beside(&city).unwrap();
        assert_eq!(ground.parent(), parent.path());
        assert!(ground.folder().path().is_dir());
        let second = Ground::beside(&city).unwrap_err();
        assert_eq!(second.exit, crate::cli::Exit::TryAgain, "{second}");
        drop(ground);
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_test_left_is_taken_over_and_what_is_not_ours_stays() {
        let parent = tempfile::tempdir().unwrap();
        let left = parent.path().join(NAME);
        let folder = Folder::open(&left, Expect::Demo).unwrap();
        std::fs::write(folder.media().join("left"), "").unwrap();
        drop(folder);
        let ground = Ground::beside(parent.path()).unwrap();
        assert!(!ground.folder().media().join("left").exists());
        drop(ground);
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join("somebody's"), "").unwrap();
        assert!(Ground::beside(parent.path()).is_err());
        assert!(left.join("somebody's").exists());
    }
}
