//! The output of a process in the background: its end, however long it is, to be read from any
//! place in it.

use std::collections::VecDeque;

use alipes_base::Redactor;

use crate::{cut, text};

/// Bytes kept from the end.
const KEPT: usize = 256 * 1024;

/// Most bytes of one reading.
const READING: usize = 24 * 1024;

/// What has come so far.
#[derive(Debug, Default)]
pub(super) struct Log {
    kept: VecDeque<u8>,
    total: u64,
}

/// A part of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) text: String,
    /// Bytes that were asked for and are not kept any more.
    pub(super) lost: u64,
    /// Where the next reading goes on.
    pub(super) next: u64,
    /// How much there is to read from there.
    pub(super) more: u64,
}

impl Log {
    pub(super) fn add(&mut self, piece: &[u8]) {
        self.total += piece.len() as u64;
        self.kept.extend(piece);
        let surplus = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..surplus);
    }

    /// How many bytes have come.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// What came after the first `since` bytes; without that, the end. No secret is cut in two at either
    /// end of it.
    pub(super) fn read(&self, since: Option<u64>, redactor: &Redactor) -> Reading {
        let first = self.total - self.kept.len() as u64;
        let since = since.unwrap_or(first.max(self.total.saturating_sub(READING as u64)));
        let since = since.min(self.total);
        let from = since.max(first);
        // No more than is kept, so it fits.
        let skipped = usize::try_from(from - first).unwrap_or(usize::MAX);
        let lead = skipped.min(cut::AROUND);
        let around = self.kept.iter().skip(skipped - lead);
        let around = around.take(lead + READING + cut::AROUND).copied();
        let around: Vec<u8> = around.collect();
        let start = cut::after(redactor, &around, lead);
        let end = around.len().min(lead + READING);
        let mut end = cut::before(redactor, &around, end).max(start);
        end = start + whole_characters(&around[start..end]);
        let next = from + (end - lead) as u64;
        Reading {
            text: text::plain(&String::from_utf8_lossy(&around[start..end])),
            lost: from - since,
            next,
            more: self.total - next,
        }
    }
}

/// The length without a last character whose rest has not come.
fn whole_characters(bytes: &[u8]) -> usize {
    let start = bytes.len().saturating_sub(3);
    let begun = bytes[start..].iter().rposition(|byte| *byte >= 0b1100_0000);
    let Some(begun) = begun.map(|offset| start + offset) else {
        return bytes.len();
    };
    match std::str::from_utf8(&bytes[begun..]) {
        Err(error) if error.error_len().is_none() => begun,
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_from_any_place_to_the_end_without_gaps() {
        let mut log = Log::default();
        let text = "ü1€2🙂3".repeat(10_000);
        log.add(text.as_bytes());
        let (mut whole, mut since) = (String::new(), 0);
        loop {
            let reading = log.read(Some(since), &Redactor::new());
            assert_eq!(reading.lost, 0);
            whole.push_str(&reading.text);
            since = reading.next;
            if reading.more == 0 {
                break;
            }
        }
        assert_eq!(whole, text);
        assert_eq!(log.read(Some(since), &Redactor::new()).text, "");
    }

    #[test]
    fn a_character_waits_for_its_rest() {
        let mut log = Log::default();
        log.add(&"a€".as_bytes()[..3]);
        let reading = log.read(Some(0), &Redactor::new());
        assert_eq!((reading.text.as_str(), reading.next), ("a", 1));
        log.add(&"€".as_bytes()[2..]);
        assert_eq!(log.read(Some(1), &Redactor::new()).text, "€");
    }

    #[test]
    fn of_long_output_the_end_is_kept_and_what_is_lost_is_counted() {
        let mut log = Log::default();
        for _ in 0..100 {
            log.add(&[b'x'; 10_000]);
        }
        log.add(b"end");
        assert!(log.read(None, &Redactor::new()).text.ends_with("xend"));
        let reading = log.read(Some(0), &Redactor::new());
        assert_eq!(reading.lost, 1_000_003 - KEPT as u64);
        assert_eq!(reading.text.len(), READING);
        assert_eq!(log.read(Some(u64::MAX), &Redactor::new()).text, "");
    }
}
