//! A folder for its owner alone: what a home is, and what everything that is kept in one asks for.

use std::fs::DirBuilder;
use std::io;
use std::path::Path;

/// Creates the folder, and those above it that are missing, for its owner only (0700, where modes
/// exist); one that is there keeps its mode.
///
/// # Errors
/// What the operating system says.
pub fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_is_made_is_for_its_owner_and_what_was_there_stays_as_it_was() {
        let home = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let there = home.path().join("there");
        fs::create_dir(&there).unwrap();
        fs::set_permissions(&there, fs::Permissions::from_mode(0o755)).unwrap();
        let inner = there.join("made/within");
        create_private(&inner).unwrap();
        create_private(&inner).unwrap();
        assert_eq!(
            (mode(&there), mode(&there.join("made")), mode(&inner)),
            (0o755, 0o700, 0o700)
        );
    }
}
