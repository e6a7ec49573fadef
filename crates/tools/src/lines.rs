//! The lines of a file of any size, one at a time, none held beyond a bound.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;

use alipes_base::Redactor;

use crate::cut;
use crate::disk::Watch;
use crate::known::{Stamp, Stamped};
use crate::{Root, ToolError, text};

/// Most characters kept of one line.
pub(crate) const LINE_CHARS: usize = 2_000;

/// Bytes held of one line: no character takes more than four, and a secret may begin in the last one.
const LINE_BYTES: usize = LINE_CHARS * 4 + cut::AROUND;

/// A longer line is not a line of text, and its end is not looked for.
const LINE_LIMIT: usize = 64 * 1024 * 1024;

/// A file with a NUL in its first bytes is binary: git's and grep's rule.
pub(crate) const BINARY_BYTES: usize = 8 * 1024;

/// A text file being read.
pub(crate) struct Lines<'a> {
    reader: BufReader<Stamped<File>>,
    path: &'a Path,
    watch: &'a Watch,
    size: u64,
    taken: u64,
}

/// A line as it stands in the file, or its beginning.
pub(crate) struct Line {
    kept: Vec<u8>,
    length: usize,
}

impl<'a> Lines<'a> {
    /// Opens a file that looks like text.
    pub(crate) fn open(root: &Root, path: &'a Path, watch: &'a Watch) -> Result<Self, ToolError> {
        let (file, size) = root.open_file(path)?;
        let mut lines = Self {
            reader: BufReader::with_capacity(8 * BINARY_BYTES, Stamped::new(file)),
            path,
            watch,
            size,
            taken: 0,
        };
        let beginning = lines
            .reader
            .fill_buf()
            .map_err(|source| failed(path, source))?;
        if beginning.iter().take(BINARY_BYTES).any(|byte| *byte == 0) {
            return Err(lines.binary());
        }
        Ok(lines)
    }

    /// The file's size in bytes when it was opened.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Stands for the content, if the file was read to its end.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.reader.get_ref().stamp()
    }

    /// What to answer when the file turns out not to be text.
    pub(crate) fn binary(&self) -> ToolError {
        ToolError::Binary {
            path: text::path(self.path),
            size: self.size,
        }
    }

    /// The next line, without its line feed.
    pub(crate) fn next(&mut self) -> Result<Option<Line>, ToolError> {
        let mut line = Line {
            kept: Vec::new(),
            length: 0,
        };
        let before = self.taken;
        loop {
            self.watch.check()?;
            let piece = self
                .reader
                .fill_buf()
                .map_err(|source| failed(self.path, source))?;
            if piece.is_empty() {
                return Ok((self.taken > before).then_some(line));
            }
            let end = piece.iter().position(|byte| *byte == b'\n');
            line.add(&piece[..end.unwrap_or(piece.len())]);
            let used = end.map_or(piece.len(), |end| end + 1);
            self.reader.consume(used);
            self.taken += used as u64;
            if end.is_some() {
                return Ok(Some(line));
            }
            if line.length > LINE_LIMIT {
                return Err(ToolError::TooLarge {
                    what: format!("a line of {}", text::path(self.path)),
                    limit: LINE_LIMIT,
                });
            }
        }
    }

    /// Passes over at most `count` lines; tells how many there were.
    pub(crate) fn skip(&mut self, count: u64) -> Result<u64, ToolError> {
        for skipped in 0..count {
            if self.next()?.is_none() {
                return Ok(skipped);
            }
        }
        Ok(count)
    }

    /// How many lines are left, unless that takes reading beyond `bytes` of the file.
    pub(crate) fn count_rest(&mut self, bytes: u64) -> Result<Option<u64>, ToolError> {
        let (mut feeds, mut is_open) = (0, false);
        while self.taken < bytes {
            self.watch.check()?;
            let piece = self
                .reader
                .fill_buf()
                .map_err(|source| failed(self.path, source))?;
            let Some(last) = piece.last() else {
                return Ok(Some(feeds + u64::from(is_open)));
            };
            is_open = *last != b'\n';
            feeds += piece.iter().filter(|byte| **byte == b'\n').count() as u64;
            let used = piece.len();
            self.reader.consume(used);
            self.taken += used as u64;
        }
        Ok(None)
    }
}

impl Line {
    fn add(&mut self, piece: &[u8]) {
        let room = LINE_BYTES - self.kept.len();
        self.kept.extend_from_slice(&piece[..piece.len().min(room)]);
        self.length += piece.len();
    }

    /// The line as text, and whether it was cut, which no secret is; `None` if it is not UTF-8.
    pub(crate) fn decode(&self, redactor: &Redactor) -> Option<(String, bool)> {
        let text = match std::str::from_utf8(&self.kept) {
            Ok(text) => text,
            // The bound may have fallen inside a character.
            Err(error) if self.length > self.kept.len() && error.error_len().is_none() => {
                std::str::from_utf8(&self.kept[..error.valid_up_to()]).ok()?
            }
            Err(_) => return None,
        };
        let end = text
            .char_indices()
            .nth(LINE_CHARS)
            .map_or(text.len(), |(index, _)| index);
        match self.length - end {
            0 => Some((text.to_owned(), false)),
            _ => {
                let end = cut::before(redactor, text.as_bytes(), end);
                let (shown, missing) = (&text[..end], self.length - end);
                Some((
                    format!("{shown}… [{missing} bytes of this line left out]"),
                    true,
                ))
            }
        }
    }
}

fn failed(path: &Path, source: io::Error) -> ToolError {
    ToolError::from_io("read", path, source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(bytes: &[u8]) -> Line {
        let mut line = Line {
            kept: Vec::new(),
            length: 0,
        };
        bytes.chunks(7).for_each(|piece| line.add(piece));
        line
    }

    #[test]
    fn a_long_line_is_cut_between_characters_and_says_so() {
        for character in ["x", "ü", "€", "🙂"] {
            let whole = character.repeat(LINE_CHARS);
            assert_eq!(
                line(whole.as_bytes()).decode(&Redactor::new()),
                Some((whole, false))
            );
            let longer = format!("a{}", character.repeat(10_000));
            let (text, is_cut) = line(longer.as_bytes()).decode(&Redactor::new()).unwrap();
            assert!(is_cut);
            let (kept, note) = text.split_once('…').unwrap();
            assert!(longer.starts_with(kept));
            let missing = longer.len() - kept.len();
            assert_eq!(note, format!(" [{missing} bytes of this line left out]"));
        }
    }

    #[test]
    fn what_is_not_utf_8_is_not_text() {
        let redactor = Redactor::new();
        assert_eq!(line(b"caf\xe9").decode(&redactor), None);
        assert_eq!(line(&b"\xff".repeat(20_000)).decode(&redactor), None);
    }
}
