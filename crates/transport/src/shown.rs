//! What the reader of an answer has of it, and whether it may begin anew.
//!
//! Several could say a part of this: an attempt, the race of two, the exchange around them, and who
//! passes the answer on. Where each did, an answer went to a reader twice at the seams between them. So
//! it is kept in one place, where events are handed over: what another attempt says is preceded there
//! by the word to begin anew, and whoever wants to ask again asks here first.

use alipes_wire::Signal;

use crate::Update;

/// What a reader counts as shown, and whether it can take that back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// It shows text, and can replace what it has shown.
    Replaces,
    /// It shows text, and cannot take it back.
    KeepsText,
    /// It passes everything on from the first output, to somebody who gives nothing back.
    KeepsOutput,
}

impl Reader {
    /// One that shows text; `replaces`: it can take that back.
    #[must_use]
    pub fn of_text(replaces: bool) -> Self {
        match replaces {
            true => Self::Replaces,
            false => Self::KeepsText,
        }
    }

    fn counts(self, signal: Signal) -> bool {
        match self {
            Self::Replaces | Self::KeepsText => signal == Signal::Delivered,
            Self::KeepsOutput => signal.is_output() || signal == Signal::Terminal,
        }
    }
}

/// What one reader has of an answer.
#[derive(Debug)]
pub(crate) struct Shown {
    reader: Reader,
    /// The attempt whose events it has.
    of: Option<u32>,
    delivered: bool,
}

impl Shown {
    pub(crate) fn new(reader: Reader) -> Self {
        Self {
            reader,
            of: None,
            delivered: false,
        }
    }

    /// An event of this attempt is handed over; gives what the reader is told before it.
    pub(crate) fn event(&mut self, attempt: u32, signal: Signal) -> Option<Update> {
        let another = self.of.is_some_and(|of| of != attempt);
        let anew = self.begins_anew().filter(|_| another);
        if anew.is_some() {
            self.delivered = false;
        }
        self.of = Some(attempt);
        self.delivered |= self.reader.counts(signal);
        anew
    }

    /// What the reader is told where somebody else answers; `None` if it has nothing.
    pub(crate) fn begins_anew(&self) -> Option<Update> {
        let delivered = self.delivered;
        self.of.map(|_| Update::Restarted { delivered })
    }

    /// Whether the reader has something that it counts as shown.
    pub(crate) fn is_delivered(&self) -> bool {
        self.delivered
    }

    /// Whether the answer may begin anew.
    pub(crate) fn may_begin_anew(&self) -> bool {
        !self.delivered || self.reader == Reader::Replaces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_says_what_counts_as_shown_and_whether_that_may_begin_anew() {
        use Reader::{KeepsOutput, KeepsText, Replaces};
        for (signal, counts) in [
            (Signal::Lifecycle, [false, false, false]),
            (Signal::Aside, [false, false, false]),
            (Signal::Unknown, [false, false, false]),
            (Signal::Reasoning, [false, false, true]),
            (Signal::Progress, [false, false, true]),
            (Signal::ItemDone, [false, false, true]),
            (Signal::Delivered, [true, true, true]),
            (Signal::Terminal, [false, false, true]),
        ] {
            for (reader, counts) in [Replaces, KeepsText, KeepsOutput].into_iter().zip(counts) {
                let mut shown = Shown::new(reader);
                shown.event(1, signal);
                assert_eq!(shown.is_delivered(), counts, "{reader:?} {signal:?}");
                let may = !counts || reader == Replaces;
                assert_eq!(shown.may_begin_anew(), may, "{reader:?} {signal:?}");
            }
        }
    }

    #[test]
    fn before_the_first_event_of_another_attempt_the_reader_is_told_to_begin_anew() {
        let mut shown = Shown::new(Reader::Replaces);
        let mut told = |attempt, signal| match shown.event(attempt, signal) {
            Some(Update::Restarted { delivered }) => Some(delivered),
            _ => None,
        };
        assert_eq!(told(1, Signal::Lifecycle), None);
        assert_eq!(told(1, Signal::Reasoning), None);
        // The second said nothing.
        assert_eq!(told(3, Signal::Lifecycle), Some(false));
        assert_eq!(told(3, Signal::Delivered), None);
        assert_eq!(told(4, Signal::Lifecycle), Some(true));
        assert_eq!(told(5, Signal::Lifecycle), Some(false));
    }
}
