//! What this program was started with and a command must not have: files, folders, pipes and locks of
//! whoever started it.
//!
//! A folder would lead out of any sandbox (`/proc/self/fd/9/..`), a lock would be held for as long as a
//! process in the background runs. Nothing of the helper's own is open when it begins, so all goes but
//! input and output.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::RawFd;

/// The numbers of input and output (stdin(3)).
const STREAMS: RawFd = 3;

/// Closes it. To be called before the helper opens anything.
pub(super) fn close() -> io::Result<()> {
    let number = |name: &OsStr| name.to_str()?.parse::<RawFd>().ok();
    let listed: Vec<RawFd> = fs::read_dir("/proc/self/fd")?
        .flatten()
        .filter_map(|entry| number(&entry.file_name()))
        .filter(|number| *number >= STREAMS)
        .collect();
    for number in listed {
        // It fails for the listing itself, which is closed by now.
        let _ = nix::unistd::close(number);
    }
    Ok(())
}
