//! Output as it comes, in whole lines: to whoever watches, and into a file once it is too long for
//! the answer.
//!
//! By lines, because an escape sequence, a character or a key that was cut in two is not known
//! again. A line that does not end is passed on in pieces, cut where a word ends if there is one.

use std::io;
use std::path::PathBuf;

use alipes_base::Redactor;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use crate::scratch::Scratch;
use crate::{Context, Progress, text};

/// Longest piece of a line that is held back, in bytes.
const LINE_BYTES: usize = 8 * 1024;

/// Most bytes that a file gets.
const FILE_BYTES: u64 = 32 * 1024 * 1024;

/// Where the output goes while it comes.
pub(super) struct Live {
    lines: Lines,
    progress: Progress,
    redactor: Redactor,
    spill: Spill,
}

/// A file with the output.
#[derive(Clone, Debug)]
pub(super) struct Spilled {
    pub(super) path: PathBuf,
    /// It has no room for more, or the disk has not.
    pub(super) is_cut: bool,
}

impl Live {
    pub(super) fn of(context: &Context) -> Self {
        Self {
            lines: Lines::default(),
            progress: context.progress.clone(),
            redactor: context.redactor.clone(),
            spill: Spill::Held {
                scratch: context.workbench.scratch.clone(),
                text: String::new(),
            },
        }
    }

    /// More output. `is_over`: there is more by now than the answer shows.
    pub(super) async fn add(&mut self, piece: &[u8], is_over: bool) {
        if self.spill.is_full() && self.progress.is_behind() {
            // Nobody would see it.
            return;
        }
        if let Some(lines) = self.lines.add(piece) {
            self.pass_on(&lines, is_over).await;
        }
    }

    /// The output has ended; where it lies, if it was too long.
    pub(super) async fn finish(&mut self, is_over: bool) -> Option<Spilled> {
        let rest = self.lines.rest();
        self.pass_on(&rest, is_over).await;
        self.spill.finish().await
    }

    async fn pass_on(&mut self, lines: &[u8], is_over: bool) {
        let text = text::plain(&String::from_utf8_lossy(lines));
        self.progress.tell(&text);
        if !self.spill.is_full() {
            let text = self.redactor.redact(&text);
            self.spill.write(&text, is_over).await;
        }
    }
}

/// Output that has come and is not a whole line yet.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn add(&mut self, piece: &[u8]) -> Option<Vec<u8>> {
        self.0.extend_from_slice(piece);
        let end = match self.0.iter().rposition(|byte| *byte == b'\n') {
            Some(feed) => feed + 1,
            None if self.0.len() < LINE_BYTES => return None,
            None => cut(&self.0),
        };
        let later = self.0.split_off(end);
        Some(std::mem::replace(&mut self.0, later))
    }

    fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

/// Where to cut a long line: behind its last gap, or at least between characters.
fn cut(line: &[u8]) -> usize {
    let is_gap = |byte: &u8| byte.is_ascii_whitespace() || b",;\"'()<>{}".contains(byte);
    let near = line.len() - LINE_BYTES / 4;
    if let Some(gap) = line[near..].iter().rposition(is_gap) {
        return near + gap + 1;
    }
    let is_within = |byte: &u8| byte & 0b1100_0000 == 0b1000_0000;
    let tail = line.iter().rev().take(3).take_while(|byte| is_within(byte));
    line.len() - tail.count() - 1
}

/// The file, before and after there is one.
enum Spill {
    /// All of the output so far: the answer still shows it.
    Held {
        scratch: Scratch,
        text: String,
    },
    Open {
        file: File,
        path: PathBuf,
        written: u64,
    },
    Ended(Option<Spilled>),
}

impl Spill {
    fn is_full(&self) -> bool {
        matches!(self, Self::Ended(_))
    }

    async fn write(&mut self, more: &str, is_over: bool) {
        if let Self::Held { scratch, text } = self {
            text.push_str(more);
            if !is_over {
                return;
            }
            let text = std::mem::take(text);
            // Without a file the answer has its beginning and its end all the same.
            *self = match scratch.file() {
                Ok((file, path)) => Self::Open {
                    file: File::from_std(file),
                    path,
                    written: 0,
                },
                Err(_) => Self::Ended(None),
            };
            return self.append(&text).await;
        }
        self.append(more).await;
    }

    async fn append(&mut self, text: &str) {
        let Self::Open {
            file,
            path,
            written,
        } = self
        else {
            return;
        };
        let room = usize::try_from(FILE_BYTES - *written).unwrap_or(usize::MAX);
        let fits = &text[..text.floor_char_boundary(room)];
        let done = async {
            file.write_all(fits.as_bytes()).await?;
            if fits.len() < text.len() {
                file.flush().await?;
            }
            io::Result::Ok(())
        };
        let is_cut = done.await.is_err() || fits.len() < text.len();
        *written += fits.len() as u64;
        if is_cut {
            let path = std::mem::take(path);
            *self = Self::Ended(Some(Spilled { path, is_cut }));
        }
    }

    async fn finish(&mut self) -> Option<Spilled> {
        match std::mem::replace(self, Self::Ended(None)) {
            Self::Held { .. } => None,
            Self::Open { mut file, path, .. } => {
                let is_cut = file.flush().await.is_err();
                Some(Spilled { path, is_cut })
            }
            Self::Ended(spilled) => spilled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_were_written() {
        let mut lines = Lines::default();
        assert_eq!(lines.add(b"on"), None);
        assert_eq!(lines.add(b"e\ntwo\nth").unwrap(), b"one\ntwo\n");
        assert_eq!(lines.add(b"ree\n").unwrap(), b"three\n");
        assert_eq!(lines.rest(), b"");
    }

    #[test]
    fn a_line_without_end_is_cut_between_words_or_characters() {
        let mut lines = Lines::default();
        let words = [b"x".repeat(LINE_BYTES - 10), b" sk-not-cut-in-two".to_vec()].concat();
        let first = lines.add(&words).unwrap();
        assert!(first.ends_with(b"x "));
        assert_eq!(lines.rest(), b"sk-not-cut-in-two");
        for character in ["ü", "€", "🙂"] {
            let text = character.repeat(LINE_BYTES);
            for end in 0..4 {
                let first = lines.add(&text.as_bytes()[..LINE_BYTES + end]).unwrap();
                assert!(std::str::from_utf8(&first).is_ok(), "{character} {end}");
                lines.rest();
            }
        }
    }
}
