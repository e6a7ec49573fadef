//! Speaks an answer, whole or broken, in another dialect.
//!
//! Steps go through the same reader and writers that our server uses. What is no event of ours (a
//! broken line, an event nobody knows) is passed on as it is: it means the same in any dialect.

use alipes_wire::responses::{Assembler, Terminal};
use alipes_wire::{AnswerWriter, Dialect, Label, RawEvent};

use crate::inject::{self, Step};

/// One answer on its way into another dialect.
#[derive(Debug)]
pub(crate) struct Speaker {
    assembler: Assembler,
    writer: AnswerWriter,
    /// What the last event became, in case it comes again.
    last: Vec<String>,
    /// What the last piece of text became, in case there is more of it behind the end.
    last_text: Option<String>,
}

impl Speaker {
    /// Speaks `dialect`.
    pub(crate) fn new(dialect: Dialect, label: Label) -> Self {
        Self {
            assembler: Assembler::new(),
            writer: AnswerWriter::new(dialect, label),
            last: Vec::new(),
            last_text: None,
        }
    }

    /// The same steps in this dialect.
    pub(crate) fn respeak(mut self, steps: Vec<Step>) -> Vec<Step> {
        let spoken = steps.into_iter().flat_map(|step| match step {
            Step::Event(event) => self.say(event).into_iter().map(Step::Event).collect(),
            Step::Unfinished(event) => {
                let mut events = self.say(event);
                let last = events.pop().map(Step::Unfinished);
                events.into_iter().map(Step::Event).chain(last).collect()
            }
            other => vec![other],
        });
        spoken.collect()
    }

    /// The whole answer as one object.
    pub(crate) fn object(mut self, events: Vec<String>) -> String {
        for event in events {
            self.say(event);
        }
        self.writer.object()
    }

    /// The events that one event becomes.
    fn say(&mut self, event: String) -> Vec<String> {
        let Ok(raw) = RawEvent::parse(event.clone().into()) else {
            return vec![event];
        };
        let frames = match Terminal::of(&raw) {
            Some(Terminal::Failed(error)) => self.writer.fail(&error),
            Some(Terminal::Error(frame)) => self.writer.fail(&frame.error),
            Some(Terminal::Incomplete { reason }) => self.writer.stop_short(&reason, None),
            ended => {
                let known = self.assembler.skipped();
                match self.assembler.push(&raw) {
                    Some(told) => self.writer.push(&told),
                    None if ended.is_some() => return self.last.clone(),
                    None if inject::is_text(&event) => {
                        return self.last_text.iter().cloned().collect();
                    }
                    None if self.assembler.skipped() > known => return vec![event],
                    None => return Vec::new(),
                }
            }
        };
        self.last = frames.into_iter().map(|frame| frame.data).collect();
        if inject::is_text(&event) {
            self.last_text = self.last.last().cloned();
        }
        self.last.clone()
    }
}

/// Whether an event of another dialect is a piece of the visible text.
pub(crate) fn is_text(event: &str) -> bool {
    let in_chat = event.contains(r#""delta":{"content":""#) && !event.contains(r#""role":"#);
    in_chat || event.contains(r#""delta":{"type":"text_delta""#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plug::Pull;

    fn steps() -> Vec<Step> {
        let event = |json: &str| Step::Event(json.to_owned());
        vec![
            event(r#"{"type":"response.created","response":{"id":"r"}}"#),
            event(r#"{"type":"response.output_text.delta","delta":"hi"}"#),
            event(r#"{"type":"response.output_te"#),
            event(r#"{"type":"response.weather_report","weather":"wet"}"#),
            Step::Unfinished(r#"{"type":"response.completed","response":{"id":"r"}}"#.to_owned()),
            event(r#"{"type":"response.completed","response":{"id":"r"}}"#),
            Step::Pull(Pull::Cut),
        ]
    }

    /// What is said, by the last word of each event.
    fn spoken(speaker: Speaker) -> Vec<&'static str> {
        let words = [
            "weather",
            "output_te",
            "message_start",
            "content_block_start",
            "text_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
            "[DONE]",
            "finish_reason\":\"stop",
            "content\":\"hi",
            "role",
        ];
        let word = |event: &str| {
            words
                .into_iter()
                .find(|word| event.contains(word))
                .unwrap_or("?")
        };
        let steps = speaker.respeak(steps()).into_iter();
        steps
            .map(|step| match step {
                Step::Event(event) => word(&event),
                Step::Unfinished(_) => "unfinished",
                _ => "cut",
            })
            .collect()
    }

    #[test]
    fn faults_stay_where_they_were() {
        let chat = spoken(Speaker::new(Dialect::Chat, Label::default()));
        let end = ["finish_reason\":\"stop", "[DONE]"];
        let expected = [
            "role",
            "content\":\"hi",
            "output_te",
            "weather",
            end[0],
            "unfinished",
        ];
        assert_eq!(chat[..6], expected);
        assert_eq!(chat[6..], [end[0], end[1], "cut"]);
        let messages = spoken(Speaker::new(Dialect::Messages, Label::default()));
        let expected = [
            "message_start",
            "content_block_start",
            "text_delta",
            "output_te",
            "weather",
            "content_block_stop",
            "message_delta",
            "unfinished",
            "content_block_stop",
            "message_delta",
            "message_stop",
            "cut",
        ];
        assert_eq!(messages, expected);
    }
}
