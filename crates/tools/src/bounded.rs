//! A file as a search reads it: a piece at a time, so that it can be stopped, and of no line more than a
//! bound.
//!
//! A pattern may take long over each byte, and nothing but the reader is asked between two lines: so the
//! reader says when it is over, and no line is so long that it keeps a thread busy.

use std::io::{self, Read};

use crate::disk::Watch;

/// Most bytes that are looked at of one line.
pub(crate) const LINE_BYTES: usize = 64 * 1024;

/// Most bytes that are given at once.
const PIECE: usize = 8 * 1024;

/// A reader that ends with an error when it is time to stop.
pub(crate) struct Bounded<'w, R> {
    reader: R,
    watch: &'w Watch,
    /// Bytes of the line under way.
    line: usize,
    cut_lines: u64,
}

impl<'w, R: Read> Bounded<'w, R> {
    pub(crate) fn new(reader: R, watch: &'w Watch) -> Self {
        Self {
            reader,
            watch,
            line: 0,
            cut_lines: 0,
        }
    }

    /// How many lines were longer than the bound.
    pub(crate) fn cut_lines(&self) -> u64 {
        self.cut_lines
    }

    /// Moves what is kept of the first `length` bytes to the front; tells how much that is.
    fn kept(&mut self, buffer: &mut [u8], length: usize) -> usize {
        let (mut kept, mut at) = (0, 0);
        while at < length {
            let feed = buffer[at..length].iter().position(|byte| *byte == b'\n');
            let end = feed.map_or(length, |feed| at + feed);
            let before = self.line;
            self.line += end - at;
            let fits = LINE_BYTES.saturating_sub(before).min(end - at);
            self.cut_lines += u64::from(before <= LINE_BYTES && self.line > LINE_BYTES);
            buffer.copy_within(at..at + fits, kept);
            kept += fits;
            at = end;
            if feed.is_some() {
                buffer[kept] = b'\n';
                kept += 1;
                at += 1;
                self.line = 0;
            }
        }
        kept
    }
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(PIECE);
        let buffer = &mut buffer[..most];
        loop {
            if self.watch.is_over() {
                return Err(io::Error::other("stopped early"));
            }
            let length = self.reader.read(buffer)?;
            let kept = self.kept(buffer, length);
            if kept > 0 || length == 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::on_disk;
    use crate::{Context, Root};

    #[tokio::test]
    async fn lines_are_whole_up_to_the_bound_however_they_come() {
        let folder = tempfile::tempdir().unwrap();
        let context = Context::bare(Root::open(folder.path()).unwrap());
        let lengths = [0, 1, LINE_BYTES - 1, LINE_BYTES, LINE_BYTES + 1, 300_000, 5];
        let lines = lengths.map(|length| "x".repeat(length));
        let bounded = lengths.map(|length| "x".repeat(length.min(LINE_BYTES)));
        let read = on_disk(&context, "", move |_, watch| {
            let text = lines.join("\n");
            let mut reader = Bounded::new(text.as_bytes(), watch);
            let mut read = String::new();
            reader.read_to_string(&mut read).unwrap();
            Ok((read, reader.cut_lines()))
        });
        assert_eq!(read.await.unwrap(), (bounded.join("\n"), 2));
    }
}
