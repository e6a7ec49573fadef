//! What a child writes, read by a thread of its own.

use std::io::Read;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Kept of one stream; the rest is read and dropped.
const LARGEST: usize = 8 * 1024 * 1024;

/// One output stream of a child.
#[derive(Debug)]
pub(crate) struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    ended: Receiver<()>,
}

impl Output {
    /// Starts reading a child's stream.
    pub(crate) fn of(stream: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (alive, ended) = channel();
        let kept = Arc::clone(&bytes);
        std::thread::spawn(move || {
            // Dropped when the thread ends: that is the signal.
            let _alive: std::sync::mpsc::Sender<()> = alive;
            if let Some(stream) = stream {
                keep(stream, &kept);
            }
        });
        Self { bytes, ended }
    }

    /// What has come so far.
    pub(crate) fn so_far(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// All of it, or what has come when the limit passes.
    pub(crate) fn end(&self, limit: Duration) -> String {
        let _ = self.ended.recv_timeout(limit);
        self.so_far()
    }
}

fn keep(mut stream: impl Read, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        let mut bytes = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let room = LARGEST.saturating_sub(bytes.len()).min(read);
        bytes.extend(buffer.iter().take(room));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_talkative_stream_is_read_to_its_end_and_kept_to_its_bound() {
        let output = Output::of(Some(std::io::repeat(b'x').take(LARGEST as u64 + 100_000)));
        assert_eq!(output.end(Duration::from_secs(60)).len(), LARGEST);
    }
}
