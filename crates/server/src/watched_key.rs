//! A client's key in a file that is read again only when the file is another.
//!
//! A changed key counts from its next use on, so the file is looked at each time; but to look costs a
//! quarter of what reading does, and a server looks for every request.

use std::fs::Metadata;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use alipes_base::{Clock, Secret};

use crate::KeyFile;

/// A file that was changed more recently may be changed again without showing it: its times are as
/// coarse as the file system's.
const SETTLED: Duration = Duration::from_secs(2);

/// A key file, and what it held when it was last read.
#[derive(Debug)]
pub(crate) struct WatchedKey {
    file: KeyFile,
    clock: Clock,
    known: Mutex<Option<Known>>,
}

#[derive(Debug)]
struct Known {
    version: Version,
    key: Secret,
}

/// What tells one version of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    length: u64,
    changed: Option<SystemTime>,
    /// Its inode and device.
    place: (u64, u64),
}

impl WatchedKey {
    pub(crate) fn new(file: KeyFile, clock: Clock) -> Self {
        let known = Mutex::default();
        Self { file, clock, known }
    }

    /// Whether the file holds this key now. A file that cannot be read holds none.
    pub(crate) fn is(&self, presented: &Secret) -> bool {
        let found = std::fs::metadata(self.file.path());
        let Ok(version) = found.map(|found| Version::of(&found)) else {
            return false;
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_ref().filter(|known| known.version == version) {
            return known.key == *presented;
        }
        let Ok(key) = self.file.read() else {
            return false;
        };
        let is_it = key == *presented;
        *known = version
            .is_settled(self.clock.wall())
            .then_some(Known { version, key });
        is_it
    }
}

impl Version {
    #[cfg(unix)]
    fn of(found: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        // Of the inode, because anybody may set the other one.
        let seconds = u64::try_from(found.ctime()).ok();
        let nanoseconds = u64::try_from(found.ctime_nsec()).unwrap_or_default();
        let since = seconds.map(|s| Duration::from_secs(s) + Duration::from_nanos(nanoseconds));
        Self {
            length: found.len(),
            changed: since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since)),
            place: (found.ino(), found.dev()),
        }
    }

    #[cfg(not(unix))]
    fn of(found: &Metadata) -> Self {
        Self {
            length: found.len(),
            changed: found.modified().ok(),
            place: (0, 0),
        }
    }

    fn is_settled(&self, now: SystemTime) -> bool {
        let age = self.changed.and_then(|at| now.duration_since(at).ok());
        age.is_some_and(|age| age >= SETTLED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(key: &str) -> Secret {
        Secret::new(key.to_owned())
    }

    #[test]
    fn a_key_of_the_same_length_in_the_same_moment_counts() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        let watched = WatchedKey::new(KeyFile::at(path.clone()), Clock::system());
        for key in ["one", "two"].into_iter().cycle().take(50) {
            std::fs::write(&path, key).unwrap();
            assert!(watched.is(&secret(key)));
        }
    }

    #[test]
    fn only_a_version_that_cannot_change_unseen_is_kept() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let version = Version {
            length: 3,
            changed: Some(at(100)),
            place: (1, 1),
        };
        for (now, is_settled) in [(99, false), (100, false), (101, false), (102, true)] {
            assert_eq!(version.is_settled(at(now)), is_settled, "{now}");
        }
    }
}
