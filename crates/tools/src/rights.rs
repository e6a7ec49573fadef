//! Whose a file is and who may do what with it: what a new text takes over from the old one, because a
//! file that is replaced is still the same file to everybody who shares it.

use std::io;
use std::path::Path;

use cap_std::fs::{Dir, File, Metadata, Permissions};

/// Mode, owner and group of a file.
#[derive(Clone, Debug)]
pub(crate) struct Rights {
    mode: Permissions,
    #[cfg(unix)]
    owner: (u32, u32),
}

/// What could not be taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    Nothing,
    /// Another one owns the file now, or another group has it.
    Owner,
}

impl Lost {
    /// What to say of it.
    pub(crate) fn told(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Owner => Some(
                "it belonged to somebody else, or to a group that you are not in, and is yours now",
            ),
        }
    }
}

impl Rights {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use cap_std::fs::MetadataExt as _;
        Self {
            mode: metadata.permissions(),
            #[cfg(unix)]
            owner: (metadata.uid(), metadata.gid()),
        }
    }

    /// Whether nobody may write.
    pub(crate) fn are_read_only(&self) -> bool {
        self.mode.readonly()
    }

    /// Gives them to a new file. The owner comes first: to be given away takes the bits of the mode that
    /// lend an owner's rights, and those of another owner are not lent.
    #[cfg(unix)]
    pub(crate) fn give(&self, file: &File) -> io::Result<Lost> {
        use cap_std::fs::{MetadataExt as _, PermissionsExt as _};
        use rustix::fs::{Gid, Uid, fchown};

        /// set-user-ID and set-group-ID (chmod(2)).
        const LENDING: u32 = 0o6000;

        let (owner, group) = self.owner;
        let metadata = file.metadata()?;
        let mut lost = Lost::Nothing;
        if (metadata.uid(), metadata.gid()) != self.owner {
            let (owner, group) = (Uid::from_raw(owner), Gid::from_raw(group));
            if fchown(file, Some(owner), Some(group)).is_err() {
                lost = Lost::Owner;
                // At least whoever shares it by its group keeps it.
                let _ = fchown(file, None, Some(group));
            }
        }
        let mode = match lost {
            Lost::Nothing => self.mode.clone(),
            Lost::Owner => Permissions::from_mode(self.mode.mode() & !LENDING),
        };
        file.set_permissions(mode)?;
        Ok(lost)
    }

    #[cfg(not(unix))]
    pub(crate) fn give(&self, file: &File) -> io::Result<Lost> {
        file.set_permissions(self.mode.clone())?;
        Ok(Lost::Nothing)
    }
}

/// Whether the system would let this process write to a file: to replace it takes no more than leave to
/// write to its folder.
#[cfg(unix)]
pub(crate) fn may_write(folder: &Dir, name: &Path) -> bool {
    use rustix::fs::{Access, AtFlags, accessat};
    accessat(folder, name, Access::WRITE_OK, AtFlags::EACCESS).is_ok()
}

#[cfg(not(unix))]
pub(crate) fn may_write(_folder: &Dir, _name: &Path) -> bool {
    true
}
