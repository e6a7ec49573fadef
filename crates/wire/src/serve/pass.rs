//! An answer passed on in the dialect it came in.

use super::rewrite::Rewrite;
use super::whole_chat::WholeChat;
use super::whole_message::WholeMessage;
use crate::fields::Fields;
use crate::json::{Object, quoted};
use crate::responses::{ResponseWriter, done_item, turn_state};
use crate::{ApiError, Dialect, Frame, Label, RawEvent, Signal, chat, messages};

/// One answer.
#[derive(Debug)]
pub(super) struct Pass {
    dialect: Dialect,
    label: Label,
    sequence: u64,
    opened: bool,
    /// What the provider calls the answer.
    kept_as: Option<String>,
    whole: Option<Whole>,
    /// The first event of a collected answer of Responses.
    created: Option<RawEvent>,
}

/// An answer that is collected.
#[derive(Debug)]
enum Whole {
    /// The items that are whole, and in the end the response.
    Responses(Vec<String>, Option<String>),
    Chat(WholeChat),
    Messages(WholeMessage),
}

impl Pass {
    pub(super) fn new(dialect: Dialect, label: Label) -> Self {
        Self {
            dialect,
            label,
            sequence: 0,
            opened: false,
            kept_as: None,
            whole: None,
            created: None,
        }
    }

    pub(super) fn collect(&mut self) {
        self.whole = Some(match self.dialect {
            Dialect::Responses => Whole::Responses(Vec::new(), None),
            Dialect::Chat => Whole::Chat(WholeChat::default()),
            Dialect::Messages => Whole::Messages(WholeMessage::default()),
        });
    }

    /// Whether nothing comes behind this event.
    pub(super) fn ends(event: &RawEvent) -> bool {
        Signal::of(event) == Signal::Terminal
    }

    /// The event as the client is sent it. `is_last`: nothing comes behind it. Of a collected answer of
    /// Responses nobody reads the events, so there are none.
    pub(super) fn push(&mut self, event: &RawEvent, is_last: bool) -> Option<Frame> {
        // The token that ties a turn to a machine is between us and the provider.
        if turn_state(event).is_some() {
            return None;
        }
        if matches!(self.whole, Some(Whole::Responses(..))) {
            self.collect_response(event, is_last);
            return None;
        }
        let text = event.text();
        let fields = Fields::of(text.as_bytes()).unwrap_or_default();
        let (name, text) = match self.dialect {
            Dialect::Responses => {
                let name = match event.kind() {
                    // An older name of the same end.
                    "response.done" => "response.completed",
                    name => name,
                };
                (name, self.response_event(name, &text, &fields))
            }
            Dialect::Chat => ("", self.relabelled(&text, &fields)),
            Dialect::Messages => {
                let kind = event.kind();
                let message = fields.object("message").unwrap_or_default();
                let name = kind.split_once('/').map_or(kind, |(kind, _)| kind);
                (name, self.relabelled(&text, &message))
            }
        };
        self.opened = true;
        // A line break stands between members only: in a string it would be escaped.
        let data = match text.contains(['\n', '\r']) {
            true => text.replace(['\n', '\r'], " "),
            false => text,
        };
        let frame = Frame::new(name.to_owned(), data);
        self.keep(&frame.data);
        Some(frame)
    }

    /// The vendor's event for an answer that cannot go on.
    pub(super) fn fail(&mut self, error: &ApiError) -> Vec<Frame> {
        match self.dialect {
            Dialect::Responses => {
                let writer = ResponseWriter::labelled(self.label.clone());
                let mut writer = writer.going_on(self.sequence, self.opened);
                writer.break_off(error)
            }
            Dialect::Chat => vec![Frame::new("", chat::error_body(error))],
            Dialect::Messages => vec![Frame::new("error", messages::error_body(error, None))],
        }
    }

    pub(super) fn object(&self) -> Option<String> {
        match self.whole.as_ref()? {
            Whole::Responses(_, response) => response.clone(),
            Whole::Chat(whole) => whole.object(),
            Whole::Messages(whole) => whole.object(),
        }
    }

    /// What the provider calls the answer, where it has said so.
    pub(super) fn kept_as(&self) -> Option<&str> {
        self.kept_as.as_deref()
    }

    fn response_event(&mut self, name: &str, text: &str, event: &Fields<'_>) -> String {
        // What is about the connection or the account is no part of the answer, and has no number.
        if !name.starts_with("response.") {
            return text.to_owned();
        }
        let mut rewrite = Rewrite::new(text);
        let sequence = self.sequence.to_string();
        self.sequence += 1;
        if event.json("sequence_number").is_none() {
            rewrite.put_first("sequence_number", &sequence);
        }
        rewrite.members(event, |member, _| match member {
            "sequence_number" => Some(sequence.clone()),
            "response_id" => Some(quoted(&self.label.id)),
            "type" => Some(quoted(name)),
            _ => None,
        });
        if let Some(response) = event.object("response") {
            self.kept_as = response.string("id").or(self.kept_as.take());
            rewrite.members(&response, |name, json| self.own(name, json));
        }
        rewrite.end()
    }

    fn relabelled(&self, text: &str, envelope: &Fields<'_>) -> String {
        let mut rewrite = Rewrite::new(text);
        rewrite.members(envelope, |name, json| self.own(name, json));
        rewrite.end()
    }

    /// What we call a member of an answer's envelope.
    fn own(&self, name: &str, json: &str) -> Option<String> {
        match name {
            "id" => Some(quoted(&self.label.id)),
            "model" => Some(quoted(&self.label.model)),
            "previous_response_id" => {
                let own = self.label.previous_response_id.as_deref();
                (json != "null" || own.is_some())
                    .then(|| own.map_or_else(|| "null".to_owned(), quoted))
            }
            _ => None,
        }
    }

    /// Keeps the items and what the answer is called, and in the end the response.
    fn collect_response(&mut self, event: &RawEvent, is_last: bool) {
        let Some(Whole::Responses(items, _)) = &mut self.whole else {
            return;
        };
        items.extend(whole_item(event));
        if event.kind() == "response.created" {
            self.created = Some(event.clone());
        }
        if !is_last {
            return;
        }
        let text = event.text();
        let event = Fields::of(text.as_bytes()).unwrap_or_default();
        let response = event.json("response");
        let Some((json, response)) = response.zip(event.object("response")) else {
            return;
        };
        self.kept_as = response.string("id").or_else(|| self.first_id());
        let ended = self.response(json, &response);
        if let Some(Whole::Responses(_, kept)) = &mut self.whole {
            *kept = ended;
        }
    }

    /// What the answer was called when it began; its last event tells, too, in most.
    fn first_id(&self) -> Option<String> {
        let created = self.created.as_ref()?;
        Fields::of_member(created.raw(), "response")?.string("id")
    }

    /// The response in its last event, as we call it. Some backends leave the items out there.
    fn response(&self, json: &str, response: &Fields<'_>) -> Option<String> {
        let Some(Whole::Responses(items, _)) = &self.whole else {
            return None;
        };
        let mut rewrite = Rewrite::new(json);
        rewrite.members(response, |name, json| self.own(name, json));
        let response_text = rewrite.end();
        if items.is_empty() || has_output(response) {
            return Some(response_text);
        }
        let response = Fields::of(response_text.as_bytes())?;
        let filled = Object::new().list("output", items);
        Some(filled.merge_all(&response).end())
    }

    fn keep(&mut self, data: &str) {
        match &mut self.whole {
            None | Some(Whole::Responses(..)) => {}
            Some(Whole::Chat(whole)) => whole.push(data),
            Some(Whole::Messages(whole)) => whole.push(data),
        }
    }
}

/// The item that this event says is whole.
fn whole_item(event: &RawEvent) -> Option<String> {
    let is_whole = event.kind() == "response.output_item.done";
    let item = is_whole.then(|| done_item(event)).flatten();
    item.map(|item| item.json().to_string())
}

/// Whether the response holds any items.
fn has_output(response: &Fields<'_>) -> bool {
    let list = response.json("output");
    let inner = list.and_then(|list| list.strip_prefix('['));
    inner.is_some_and(|inner| !inner.trim_start().starts_with(']'))
}
