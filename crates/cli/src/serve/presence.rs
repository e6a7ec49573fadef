//! Which servers run with this home, for whoever asks without the network. Each holds a lock on a file
//! of its own, which the system lets go of when its process dies, however it dies: what no lock is held
//! on is nobody's, whatever the file says.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use alipes_config::create_private;

/// The folder of these files, beneath the home.
const FOLDER: &str = "serving";

/// Files that are looked at. A server that is killed leaves one, which the next at its address takes over.
const LOOKED_AT: usize = 1_000;

/// The longest address that is believed, in bytes.
const LONGEST: u64 = 200;

/// A server that can be found while this lives.
pub(super) struct Presence {
    path: PathBuf,
    _lock: File,
}

impl Presence {
    /// Says that there is a server at `address`, which clients know as `base_url`.
    pub(super) fn announce(home: &Path, address: SocketAddr, base_url: &str) -> io::Result<Self> {
        let folder = home.join(FOLDER);
        create_private(&folder)?;
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let path = folder.join(address.to_string().chars().map(plain).collect::<String>());
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        let mut file = options.open(&path)?;
        file.try_lock()?;
        file.set_len(0)?;
        file.write_all(base_url.as_bytes())?;
        Ok(Self { path, _lock: file })
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // One that is left behind is taken for what it is.
        let _left = fs::remove_file(&self.path);
    }
}

/// The base URLs of the servers that run with this home.
pub(crate) fn running(home: &Path) -> Vec<String> {
    let entries = fs::read_dir(home.join(FOLDER)).into_iter().flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut running: Vec<String> = paths
        .take(LOOKED_AT)
        .filter_map(|path| held(&path))
        .collect();
    running.sort();
    running
}

/// What the file says, if a server holds it.
fn held(path: &Path) -> Option<String> {
    // A FIFO would be waited for.
    let is_file = fs::metadata(path).is_ok_and(|found| found.is_file());
    let file = File::open(path).ok().filter(|_| is_file)?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        _ => return None,
    }
    let mut url = String::new();
    let read = file.take(LONGEST).read_to_string(&mut url);
    // Where a lock keeps readers out, its name says as much.
    let name = || {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    Some(match read {
        Ok(_) if !url.is_empty() => url,
        _ => name(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_found_while_it_lives_and_what_it_leaves_behind_is_not() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(running(home.path()), [""; 0]);
        let address: SocketAddr = "127.0.0.1:8791".parse().unwrap();
        let url = "http://127.0.0.1:8791/v1";
        let presence = Presence::announce(home.path(), address, url).unwrap();
        assert_eq!(running(home.path()), [url]);
        drop(presence);
        assert_eq!(running(home.path()), [""; 0]);
        fs::write(home.path().join(FOLDER).join("127-0-0-1-1"), "http://gone").unwrap();
        assert_eq!(running(home.path()), [""; 0]);
    }
}
