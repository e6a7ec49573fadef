//! One turn of the program, read as it tells it: pure, told what arrives and telling what it means.
//!
//! A turn is the program's own loop: it may answer, run commands and answer again. All of it is one
//! step to the rooms above, of which they see the messages, the reasoning and the tokens.

use std::time::{Duration, SystemTime};

use alipes_transport::Cause;
use alipes_wire::{Item, RawEvent, Usage};
use serde_json::Value;

use super::events::{self, Message};
use super::trouble::{Trouble, TurnError};

/// Items that are no work: they change nothing and run nothing.
const NO_WORK: [&str; 6] = [
    "agentMessage",
    "contextCompaction",
    "hookPrompt",
    "plan",
    "reasoning",
    "userMessage",
];

/// What a notification means.
#[derive(Debug)]
pub(super) enum Told {
    /// More of the answer.
    Event(RawEvent),
    /// An attempt of its own failed, and it goes on by itself. `repeats`: the reader has seen text of
    /// it, and will see that again.
    Retrying { error: TurnError, repeats: bool },
    /// The turn is over.
    Ended(Result<(), Trouble>),
}

/// A turn under way.
pub(super) struct Turn {
    thread: String,
    id: String,
    /// The message that is being said, and whether any of it was.
    open: Option<Message>,
    /// One that is complete and may turn out to be said on the way to another.
    unmarked: Option<Message>,
    done: Vec<Message>,
    /// Tokens of the thread before this turn, and now.
    before: Usage,
    now: Usage,
    /// The last word about the plan's limits.
    limits: Value,
    worked: bool,
}

impl Turn {
    /// A turn of this thread, which has cost so much `before`.
    pub(super) fn new(thread: &str, before: Usage) -> Self {
        Self {
            thread: thread.to_owned(),
            id: String::new(),
            open: None,
            unmarked: None,
            done: Vec::new(),
            before,
            now: before,
            limits: Value::Null,
            worked: false,
        }
    }

    /// Its name, as soon as that is known.
    pub(super) fn id(&self) -> Option<&str> {
        (!self.id.is_empty()).then_some(self.id.as_str())
    }

    /// Whether it has done something beside thinking and talking.
    pub(super) fn has_worked(&self) -> bool {
        self.worked
    }

    /// The tokens of the thread, this turn included.
    pub(super) fn spent(&self) -> Usage {
        self.now
    }

    /// Its name, as the answer to `turn/start` gives it.
    pub(super) fn named(&mut self, turn: &Value) -> Vec<Told> {
        let created = self.learn_name(turn);
        created.map(Told::Event).into_iter().collect()
    }

    /// The items of its answer.
    pub(super) fn answer(&self) -> Vec<Item> {
        self.done.iter().filter_map(Message::as_item).collect()
    }

    /// What this notification means. `now` is the date, to read resets against.
    pub(super) fn take(&mut self, method: &str, params: &Value, now: SystemTime) -> Vec<Told> {
        let elsewhere = params["threadId"]
            .as_str()
            .is_some_and(|id| id != self.thread);
        if elsewhere {
            return Vec::new();
        }
        let text = |field: &str| params[field].as_str().unwrap_or_default();
        let events = match method {
            "turn/started" => Vec::from_iter(self.learn_name(&params["turn"])),
            "item/started" => self.begin(&params["item"]),
            "item/agentMessage/delta" => self.more(text("delta")),
            "item/reasoning/summaryTextDelta" | "item/reasoning/textDelta" => {
                Vec::from_iter(events::reasoning(text("delta")))
            }
            "item/reasoning/summaryPartAdded" if params["summaryIndex"] != 0 => {
                Vec::from_iter(events::reasoning("\n\n"))
            }
            "item/completed" => self.complete(&params["item"]),
            "account/rateLimits/updated" => {
                self.limits = params["rateLimits"].clone();
                Vec::from_iter(events::rate_limits(&self.limits))
            }
            "thread/tokenUsage/updated" => {
                self.now = usage(&params["tokenUsage"]["total"]);
                Vec::new()
            }
            "error" if params["willRetry"] == true => return vec![self.retry(&params["error"])],
            "turn/completed" => return self.end(&params["turn"], now),
            _ => Vec::new(),
        };
        events.into_iter().map(Told::Event).collect()
    }

    /// The whole answer so far once more, for a reader that begins anew.
    pub(super) fn again(&self) -> Vec<RawEvent> {
        let mut events = Vec::from_iter(events::created(&self.id));
        for message in &self.done {
            events.extend(message.added());
            events.extend(events::text(&message.text));
            events.extend(message.done());
        }
        events
    }

    fn learn_name(&mut self, turn: &Value) -> Option<RawEvent> {
        let id = turn["id"].as_str()?;
        let first = self.id.is_empty();
        id.clone_into(&mut self.id);
        first.then(|| events::created(id)).flatten()
    }

    fn begin(&mut self, item: &Value) -> Vec<RawEvent> {
        let kind = item["type"].as_str().unwrap_or_default();
        if kind == "agentMessage" {
            let mut events = self.settle(None);
            let message = Message {
                phase: phase(item),
                text: String::new(),
            };
            events.extend(message.added());
            self.open = Some(message);
            return events;
        }
        if NO_WORK.contains(&kind) {
            return Vec::new();
        }
        self.worked = true;
        // What was said before it worked was said on the way.
        self.settle(Some("commentary"))
    }

    fn more(&mut self, delta: &str) -> Vec<RawEvent> {
        self.open.get_or_insert_default().text.push_str(delta);
        Vec::from_iter(events::text(delta))
    }

    fn complete(&mut self, item: &Value) -> Vec<RawEvent> {
        if item["type"] != "agentMessage" {
            return Vec::new();
        }
        let shown = self.open.take().unwrap_or_default();
        let message = Message {
            phase: phase(item).or(shown.phase),
            text: item["text"]
                .as_str()
                .map_or(shown.text.clone(), ToOwned::to_owned),
        };
        let mut events = Vec::new();
        // A message may come in one piece.
        if let Some(rest) = message
            .text
            .strip_prefix(shown.text.as_str())
            .filter(|rest| !rest.is_empty())
        {
            events.extend(events::text(rest));
        }
        if message.phase.is_none() {
            events.extend(self.settle(None));
            self.unmarked = Some(message);
        } else {
            events.extend(message.done());
            self.done.push(message);
        }
        events
    }

    /// The message that waited for its mark gets this one.
    fn settle(&mut self, phase: Option<&str>) -> Vec<RawEvent> {
        let Some(mut message) = self.unmarked.take() else {
            return Vec::new();
        };
        message.phase = phase.map(ToOwned::to_owned);
        let done = message.done();
        self.done.push(message);
        Vec::from_iter(done)
    }

    fn retry(&mut self, error: &Value) -> Told {
        let open = self.open.take();
        Told::Retrying {
            error: TurnError::read(error),
            repeats: open.is_some_and(|message| !message.text.is_empty()),
        }
    }

    fn end(&mut self, turn: &Value, now: SystemTime) -> Vec<Told> {
        let error = &turn["error"];
        if turn["status"] == "completed" {
            let mut events = self.settle(None);
            events.extend(events::completed(&self.id, self.cost()));
            let events = events.into_iter().map(Told::Event);
            return events.chain([Told::Ended(Ok(()))]).collect();
        }
        let trouble = match error.is_object() {
            true => Trouble::Failed(self.failed(error, now)),
            false => Trouble::Interrupted,
        };
        vec![Told::Ended(Err(trouble))]
    }

    fn failed(&self, error: &Value, now: SystemTime) -> TurnError {
        let error = TurnError::read(error);
        let limited = matches!(error.cause, Cause::UsageLimit | Cause::RateLimited);
        TurnError {
            retry_after: limited.then(|| lifted_in(&self.limits, now)).flatten(),
            ..error
        }
    }

    fn cost(&self) -> Usage {
        let (now, before) = (self.now, self.before);
        Usage {
            input_tokens: now.input_tokens.saturating_sub(before.input_tokens),
            cached_input_tokens: now
                .cached_input_tokens
                .saturating_sub(before.cached_input_tokens),
            cache_write_tokens: now
                .cache_write_tokens
                .saturating_sub(before.cache_write_tokens),
            output_tokens: now.output_tokens.saturating_sub(before.output_tokens),
            reasoning_tokens: now.reasoning_tokens.saturating_sub(before.reasoning_tokens),
        }
    }
}

fn phase(item: &Value) -> Option<String> {
    item["phase"].as_str().map(ToOwned::to_owned)
}

/// `TokenUsageBreakdown`; a count that is odd is zero.
fn usage(breakdown: &Value) -> Usage {
    let count = |name: &str| breakdown[name].as_u64().unwrap_or_default();
    Usage {
        input_tokens: count("inputTokens"),
        cached_input_tokens: count("cachedInputTokens"),
        cache_write_tokens: count("cacheWriteInputTokens"),
        output_tokens: count("outputTokens"),
        reasoning_tokens: count("reasoningOutputTokens"),
    }
}

/// How long until the last of the windows that are used up begins anew.
fn lifted_in(limits: &Value, now: SystemTime) -> Option<Duration> {
    let windows = ["primary", "secondary"].map(|name| &limits[name]);
    let spent = windows.into_iter().filter(|window| {
        window["usedPercent"]
            .as_f64()
            .is_some_and(|used| used >= 100.0)
    });
    let resets_at = spent
        .filter_map(|window| window["resetsAt"].as_u64())
        .max()?;
    let date = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(resets_at))?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests;
