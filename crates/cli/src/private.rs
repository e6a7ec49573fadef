//! New files that nobody else can read: what was said, and whom we speak to, is its person's alone
//! until they give it away.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

/// Writes a new file, whole or not at all; never over something else.
pub(crate) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a file would stand in the way of the next try.
        let _ = std::fs::remove_file(path);
    }
    written
}
