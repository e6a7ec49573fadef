//! Keeps the beginning and the end of a command's output, however long it is, and passes it on as
//! it comes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use alipes_base::Redactor;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::live::{Live, Spilled};
use crate::{Context, cut, text};

/// Bytes shown of the beginning, and again of the end.
const HALF: usize = 24 * 1024;

/// Bytes kept of each: a secret that lies across the cut is seen whole.
const KEPT: usize = HALF + cut::AROUND;

/// Bytes taken from a pipe at a time.
const PIECE: usize = 8 * 1024;

/// Output, perhaps from several pipes, in the order in which it came.
pub(super) struct Capture {
    redactor: Redactor,
    kept: Mutex<Kept>,
    live: tokio::sync::Mutex<Live>,
}

#[derive(Default)]
struct Kept {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

impl Capture {
    pub(super) fn of(context: &Context) -> Self {
        Self {
            redactor: context.redactor.clone(),
            kept: Mutex::default(),
            live: tokio::sync::Mutex::new(Live::of(context)),
        }
    }

    /// Reads a pipe until it is closed. A pipe that breaks counts as closed.
    pub(super) async fn read(&self, mut pipe: impl AsyncRead + Unpin) {
        let mut piece = vec![0; PIECE];
        while let Ok(length @ 1..) = pipe.read(&mut piece).await {
            let is_over = {
                let mut kept = self.kept();
                kept.add(&piece[..length]);
                kept.left_out() > 0
            };
            self.live.lock().await.add(&piece[..length], is_over).await;
        }
    }

    /// Where the whole lies, if it is too long for the answer. To be called when all has been read.
    pub(super) async fn spilled(&self) -> Option<Spilled> {
        let is_over = self.kept().left_out() > 0;
        self.live.lock().await.finish(is_over).await
    }

    /// What was kept, as plain text with a line in place of the middle, which says where the whole
    /// lies; and how many bytes that line stands for.
    pub(super) fn text(&self, spilled: Option<&Spilled>) -> (String, u64) {
        let kept = self.kept();
        let shown = |bytes: &[u8]| text::plain(&String::from_utf8_lossy(bytes));
        // Where all of it is kept, this is all of it.
        let mut bytes = kept.head.clone();
        bytes.extend(&kept.tail);
        if kept.left_out() == 0 {
            return (shown(&bytes), 0);
        }
        let head = &bytes[..cut::before(&self.redactor, &bytes[..KEPT], HALF)];
        let last = &bytes[bytes.len() - KEPT..];
        let tail = &last[cut::after(&self.redactor, last, KEPT - HALF)..];
        let left_out = kept.total - (head.len() + tail.len()) as u64;
        let (head, tail) = (shown(head), shown(tail));
        let where_ = spilled.map(whole).unwrap_or_default();
        let text = format!("{head}\n[{left_out} bytes of output left out here{where_}]\n{tail}");
        (text, left_out)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What to say of the file.
fn whole(spilled: &Spilled) -> String {
    let which = match spilled.is_cut {
        true => "its beginning",
        false => "the whole",
    };
    let path = spilled.path.display();
    format!("; {which} is in {path}, for read_file and search")
}

impl Kept {
    /// How many bytes came that are not shown.
    fn left_out(&self) -> u64 {
        self.total.saturating_sub(2 * HALF as u64)
    }

    fn add(&mut self, piece: &[u8]) {
        self.total += piece.len() as u64;
        let (head, rest) = piece.split_at(piece.len().min(KEPT - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let surplus = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn captured(output: &[u8]) -> (String, u64) {
        let folder = tempfile::tempdir().unwrap();
        let capture = Capture::of(&Context::bare(crate::Root::open(folder.path()).unwrap()));
        capture.read(output).await;
        capture.text(None)
    }

    #[tokio::test]
    async fn output_within_the_bound_is_whole() {
        let output = "ü".repeat(HALF);
        assert_eq!(captured(output.as_bytes()).await, (output, 0));
        assert_eq!(captured(b"").await, (String::new(), 0));
    }

    #[tokio::test]
    async fn of_longer_output_the_beginning_and_the_end_are_kept() {
        let output = [b"begin".as_slice(), &b"x".repeat(1_000_000), b"end"].concat();
        let (text, left_out) = captured(&output).await;
        assert_eq!(left_out, 1_000_008 - 2 * HALF as u64);
        assert!(text.starts_with("beginxx") && text.ends_with("xxend"));
        assert!(text.contains(&format!("\n[{left_out} bytes of output left out here]\n")));
        assert!(text.len() < 2 * HALF + 100);
    }

    #[tokio::test]
    async fn ten_gigabytes_are_bounded_in_memory_and_on_disk() {
        const OUTPUT: u64 = 10 << 30;
        let folder = tempfile::tempdir().unwrap();
        let temporary = [("TMPDIR", folder.path().as_os_str())];
        let environment = alipes_base::Environment::new(temporary, folder.path().to_owned());
        let mut context = Context::bare(crate::Root::open(folder.path()).unwrap());
        context.workbench = crate::Workbench::new(&environment);
        let capture = Capture::of(&context);
        capture.read(tokio::io::repeat(b'x').take(OUTPUT)).await;
        let spilled = capture.spilled().await.unwrap();
        assert!(spilled.is_cut && spilled.path.starts_with(folder.path()));
        let size = std::fs::metadata(&spilled.path).unwrap().len();
        assert_eq!(size, 32 << 20);
        let (text, left_out) = capture.text(Some(&spilled));
        assert_eq!(left_out, OUTPUT - 2 * HALF as u64);
        assert!(text.len() < 50 * 1024);
        let kept = capture.kept();
        assert!(kept.head.capacity() + kept.tail.capacity() < 1 << 20);
    }

    #[tokio::test]
    async fn output_that_is_not_text_becomes_text() {
        let (text, _) = captured(b"caf\xe9 \0 \x1b[31mred").await;
        assert_eq!(text, "caf\u{fffd} ␀ red");
    }
}
