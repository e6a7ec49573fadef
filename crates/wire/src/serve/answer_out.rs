//! One answer on its way from a provider to a client.

use super::AnswerWriter;
use super::pass::Pass;
use crate::responses::Terminal;
use crate::{ApiError, Assembler, Dialect, Frame, Label, RawEvent, StreamReader};

/// Turns a provider's raw events into what a client is sent.
///
/// An answer that is begun anew by somebody else, before the client has seen any of it, is another
/// one of these.
#[derive(Debug)]
pub struct AnswerOut {
    way: Way,
    ended: bool,
}

#[derive(Debug)]
enum Way {
    Passed(Box<Pass>),
    Translated(Box<Translation>),
}

#[derive(Debug)]
struct Translation {
    reader: StreamReader,
    assembler: Assembler,
    writer: AnswerWriter,
}

impl AnswerOut {
    /// An answer of a provider that speaks `from`, to a client that speaks `to`.
    #[must_use]
    pub fn new(from: Dialect, to: Dialect, label: Label) -> Self {
        let way = match from == to {
            true => Way::Passed(Box::new(Pass::new(to, label))),
            false => Way::Translated(Box::new(Translation {
                reader: StreamReader::new(from),
                assembler: Assembler::new(from),
                writer: AnswerWriter::new(to, label),
            })),
        };
        Self { way, ended: false }
    }

    /// The same answer for a client that wants it in one piece: it is collected. Where it is
    /// passed on as it came, no events of Responses are given.
    #[must_use]
    pub fn whole(mut self) -> Self {
        if let Way::Passed(pass) = &mut self.way {
            pass.collect();
        }
        self
    }

    /// The events that `event` becomes. After the end there are none.
    pub fn push(&mut self, event: &RawEvent) -> Vec<Frame> {
        if self.ended {
            return Vec::new();
        }
        match &mut self.way {
            Way::Passed(pass) => {
                self.ended = Pass::ends(event);
                pass.push(event, self.ended).into_iter().collect()
            }
            Way::Translated(translation) => {
                let (frames, ended) = translation.push(event);
                self.ended = ended;
                frames
            }
        }
    }

    /// Ends an answer that cannot go on, with the vendor's event for it and all that must stand
    /// before that.
    pub fn fail(&mut self, error: &ApiError) -> Vec<Frame> {
        if std::mem::replace(&mut self.ended, true) {
            return Vec::new();
        }
        match &mut self.way {
            Way::Passed(pass) => pass.fail(error),
            Way::Translated(translation) => translation.writer.fail(error),
        }
    }

    /// What the provider calls the answer, where it can be asked to go on from it (Responses).
    #[must_use]
    pub fn kept_as(&self) -> Option<&str> {
        match &self.way {
            Way::Passed(pass) => pass.kept_as(),
            Way::Translated(_) => None,
        }
    }

    /// Whether the last event has been written.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The whole answer as one JSON object; `None` before its end, or if it was not collected.
    #[must_use]
    pub fn object(&self) -> Option<String> {
        match &self.way {
            Way::Passed(pass) => pass.object(),
            Way::Translated(translation) => {
                let object = translation.writer.object();
                (self.ended && !object.is_empty()).then_some(object)
            }
        }
    }
}

impl Translation {
    /// The events, and whether the last of them is the answer's end.
    fn push(&mut self, event: &RawEvent) -> (Vec<Frame>, bool) {
        // The carrier has read it before, but what came before it is remembered here.
        let Ok(event) = self.reader.event(event.raw().clone()) else {
            return (Vec::new(), false);
        };
        let mut told = Vec::new();
        self.assembler.push(&event, &mut told);
        let mut frames: Vec<Frame> = Vec::new();
        for event in &told {
            frames.extend(self.writer.push(event));
        }
        let terminal = self.reader.terminal(&event);
        match &terminal {
            Some(Terminal::Incomplete { reason }) => {
                let usage = self.reader.usage(&event);
                frames.extend(self.writer.stop_short(reason, usage));
            }
            Some(Terminal::Failed(error)) => frames.extend(self.writer.fail(error)),
            Some(Terminal::Error(frame)) => frames.extend(self.writer.fail(&frame.error)),
            _ => {}
        }
        (frames, terminal.is_some())
    }
}
