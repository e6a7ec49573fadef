//! Runs the tool calls of one response: through the gate, recorded, and each answered.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use alipes_store::{Entry, FileSeen, OpenCall, ToolOutcome};
use alipes_tools::{
    Context, Effect, Progress, ProgressReader, Seen, Tool, Toolbox, goes_on, strangers_name,
};
use alipes_wire::{Item, ItemView};
use futures_util::future::join_all;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::record::Record;
use crate::{Decision, Gate, TurnError, TurnEvent};

/// How many calls of one response are run; the rest is told to come again.
const MAX_CALLS: usize = 32;

/// How many reading calls run side by side.
const SIDE_BY_SIDE: usize = 8;

/// How long what a call tells is gathered before it is passed on again: nobody reads faster.
const PROGRESS_PAUSE: Duration = Duration::from_millis(50);

/// What calls need to run.
pub(crate) struct Desk<'a> {
    pub(crate) toolbox: &'a Toolbox,
    pub(crate) gate: &'a Gate,
    pub(crate) context: &'a Context,
    pub(crate) record: &'a mut Record,
    pub(crate) events: &'a mpsc::Sender<TurnEvent>,
}

/// One call of a tool.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    id: String,
    name: String,
    arguments: String,
}

impl Call {
    /// The same with a name that nobody has looked at as far as one line holds it, and without secrets.
    fn with_harmless_name(self, context: &Context) -> Self {
        let name = strangers_name(&self.name, &context.redactor);
        Self { name, ..self }
    }
}

impl From<OpenCall> for Call {
    fn from(open: OpenCall) -> Self {
        Self {
            id: open.call_id,
            name: open.name,
            arguments: open.arguments,
        }
    }
}

/// A call that has been looked at: what to run, or why not.
enum Prepared<'t> {
    Run {
        call: Call,
        tool: &'t dyn Tool,
        input: Value,
        /// What somebody was shown of it.
        seen: Seen,
    },
    Answer {
        call: Call,
        /// What it would have done, where that could be made out.
        summary: Option<String>,
        outcome: ToolOutcome,
        text: String,
    },
}

/// A call that has its answer.
struct Ended {
    call: Call,
    outcome: ToolOutcome,
    text: String,
    changes: Option<String>,
}

impl Ended {
    fn without_changes(call: Call, outcome: ToolOutcome, text: String) -> Self {
        Self {
            call,
            outcome,
            text,
            changes: None,
        }
    }

    fn entry(&self) -> Entry {
        Entry::ran(&self.call.id, &self.text, self.outcome)
    }
}

/// The items of a response, each of its calls with an id of its own, or their outputs could not be told
/// apart. A call that is there twice, word for word, is one; another one under the same id gets a new
/// one.
pub(crate) fn distinct(items: Vec<Item>) -> Vec<Item> {
    let mut seen: HashMap<String, Item> = HashMap::new();
    let mut kept = Vec::with_capacity(items.len());
    for item in items {
        let ItemView::FunctionCall { call_id, .. } = item.view() else {
            kept.push(item);
            continue;
        };
        let call_id = call_id.into_owned();
        let item = match seen.get(&call_id) {
            None => item,
            Some(first) if first.view() == item.view() => continue,
            Some(_) => {
                let mut free = (2..).map(|number| format!("{call_id}-{number}"));
                let free = free.find(|id| !seen.contains_key(id));
                match free.and_then(|id| item.with_call_id(&id)) {
                    Some(renamed) => renamed,
                    None => continue,
                }
            }
        };
        if let ItemView::FunctionCall { call_id, .. } = item.view() {
            seen.insert(call_id.into_owned(), item.clone());
        }
        kept.push(item);
    }
    kept
}

/// The calls in a response's items.
pub(crate) fn in_items(items: &[Item]) -> Vec<Call> {
    items
        .iter()
        .filter_map(|item| match item.view() {
            ItemView::FunctionCall {
                call_id,
                name,
                arguments,
            } => Some(Call {
                id: call_id.into_owned(),
                name: name.into_owned(),
                arguments: arguments.into_owned(),
            }),
            _ => None,
        })
        .collect()
}

impl<'a> Desk<'a> {
    /// Runs the calls in order, reading ones side by side, and adds an output for each.
    pub(crate) async fn run(&mut self, calls: Vec<Call>) -> Result<(), TurnError> {
        let mut readers = Vec::new();
        for (index, call) in calls.into_iter().enumerate() {
            let tool = self.toolbox.get(&call.name);
            let call = match tool {
                Some(_) => call,
                // From here on it is shown to people, recorded and repeated to the model.
                None => call.with_harmless_name(self.context),
            };
            let reads = tool.is_some_and(|tool| tool.effect() == Effect::Reads);
            if !reads {
                // What writes or runs must see what was read before it, and so must whoever is asked
                // about it; and nothing runs beside it.
                self.carry_out(std::mem::take(&mut readers)).await?;
            }
            let prepared = if index < MAX_CALLS {
                self.prepare(call).await?
            } else {
                too_many(call)
            };
            if !reads {
                self.carry_out(vec![prepared]).await?;
                continue;
            }
            readers.push(prepared);
            if readers.len() == SIDE_BY_SIDE {
                self.carry_out(std::mem::take(&mut readers)).await?;
            }
        }
        self.carry_out(readers).await
    }

    /// Looks a call over, and asks the gate.
    async fn prepare(&mut self, call: Call) -> Result<Prepared<'a>, TurnError> {
        let toolbox = self.toolbox;
        let Some(tool) = toolbox.get(&call.name) else {
            let text = unknown_tool(toolbox, &call.name);
            return Ok(answer(call, ToolOutcome::Failed, text));
        };
        let arguments = if call.arguments.trim().is_empty() {
            "{}"
        } else {
            &call.arguments
        };
        let input = match serde_json::from_str::<Value>(arguments) {
            Ok(input) => input,
            Err(error) => {
                let text = format!("the arguments are not JSON: {error}. Call the tool again.");
                return Ok(answer(call, ToolOutcome::Failed, text));
            }
        };
        let decision = self.gate.decide(tool, &input, self.context).await;
        let summary = || Some(tool.summary(&input, &self.context.redactor));
        let allowed = decision.is_allowed();
        let call_id = call.id.clone();
        // It is safe with the intent or the answer that follows from it.
        self.record.note(Entry::Decision { call_id, allowed });
        Ok(match decision {
            Decision::Allow { seen, .. } => Prepared::Run {
                call,
                tool,
                input,
                seen,
            },
            Decision::Fails { reason } => Prepared::Answer {
                call,
                summary: summary(),
                outcome: ToolOutcome::Failed,
                text: reason,
            },
            Decision::Deny { reason, .. } => Prepared::Answer {
                call,
                summary: summary(),
                outcome: ToolOutcome::Denied,
                text: reason,
            },
        })
    }

    /// Records the intents, runs the calls side by side, and records the results.
    async fn carry_out(&mut self, prepared: Vec<Prepared<'a>>) -> Result<(), TurnError> {
        // First, because a listener may be slow: of a turn that is dropped while it waits here nobody may
        // say that its calls have begun.
        for call in &prepared {
            self.announce(call).await;
        }
        let intents = prepared.iter().filter_map(intent).collect();
        self.record.keep(intents).await?;
        let running = prepared.into_iter().map(|call| self.finish(call));
        let results = join_all(running).await;
        let mut ended: Vec<Entry> = results.iter().map(Ended::entry).collect();
        if let Some(last) = ended.pop() {
            // All that is known by now, also from a call that was dropped.
            let seen = self.context.workbench.newly_seen().into_iter();
            let seen = seen.map(|(path, stamp)| FileSeen { path, stamp });
            ended.push(last.having_seen(seen.collect()));
        }
        self.record.keep(ended).await?;
        for ended in results {
            self.tell(TurnEvent::ToolCompleted {
                call_id: ended.call.id,
                name: ended.call.name,
                outcome: ended.outcome,
                // An error repeats what the model has said.
                output: self.context.redactor.redact(&ended.text),
                changes: ended.changes,
            })
            .await;
        }
        Ok(())
    }

    /// Runs a call, and passes on what it tells meanwhile.
    async fn finish(&self, prepared: Prepared<'_>) -> Ended {
        let (call, tool, input, seen) = match prepared {
            Prepared::Answer {
                call,
                outcome,
                text,
                ..
            } => return Ended::without_changes(call, outcome, text),
            Prepared::Run {
                call,
                tool,
                input,
                seen,
            } => (call, tool, input, seen),
        };
        let (progress, reader) = Progress::channel(self.context.redactor.clone());
        let context = Context {
            root: self
                .gate
                .veiled(&call.name, &tool.subject(&input), &self.context.root),
            progress,
            seen,
            ..self.context.clone()
        };
        // Side by side: a listener that is slow must not keep the tool waiting.
        let result = tokio::select! {
            result = tool.run(input, &context) => result,
            never = self.pass_on(&call.id, reader) => match never {},
        };
        match result {
            Ok(output) => Ended {
                call,
                outcome: ToolOutcome::Done,
                text: output.text,
                changes: output.changes,
            },
            Err(error) => {
                Ended::without_changes(call, ToolOutcome::Failed, format!("error: {error}"))
            }
        }
    }

    async fn pass_on(&self, call_id: &str, mut reader: ProgressReader) -> Infallible {
        loop {
            let text = reader.next().await;
            let call_id = call_id.to_owned();
            self.tell(TurnEvent::ToolProgress { call_id, text }).await;
            sleep(PROGRESS_PAUSE).await;
        }
    }

    async fn announce(&self, prepared: &Prepared<'_>) {
        let redactor = &self.context.redactor;
        let (call, summary, effect) = match prepared {
            Prepared::Run {
                call, tool, input, ..
            } => (call, tool.summary(input, redactor), Some(tool.effect())),
            Prepared::Answer { call, summary, .. } => {
                let name = || call.name.clone();
                (call, summary.clone().unwrap_or_else(name), None)
            }
        };
        self.tell(TurnEvent::ToolStarted {
            call_id: call.id.clone(),
            name: call.name.clone(),
            summary,
            effect,
        })
        .await;
    }

    async fn tell(&self, event: TurnEvent) {
        // A listener that has gone misses the rest; the turn goes on.
        let _ = self.events.send(event).await;
    }
}

/// What is recorded before a call runs; nothing where nothing runs.
fn intent(prepared: &Prepared<'_>) -> Option<Entry> {
    match prepared {
        Prepared::Run {
            call, tool, input, ..
        } => Some(Entry::ToolIntent {
            call_id: call.id.clone(),
            name: call.name.clone(),
            repeatable: tool.effect() == Effect::Reads,
            goes_on: goes_on(&call.name, input),
        }),
        Prepared::Answer { .. } => None,
    }
}

fn answer(call: Call, outcome: ToolOutcome, text: String) -> Prepared<'static> {
    Prepared::Answer {
        call,
        summary: None,
        outcome,
        text,
    }
}

fn too_many(call: Call) -> Prepared<'static> {
    let text =
        format!("not run: at most {MAX_CALLS} calls at once. Call it again in the next step.");
    answer(call, ToolOutcome::Failed, text)
}

fn unknown_tool(toolbox: &Toolbox, name: &str) -> String {
    let names: Vec<&str> = toolbox.specs().map(|spec| spec.name).collect();
    match alipes_config::nearest(name, names.iter().copied()) {
        Some(nearest) => format!("there is no tool \"{name}\"; did you mean {nearest:?}?"),
        None => format!(
            "there is no tool \"{name}\"; the tools are {}",
            names.join(", ")
        ),
    }
}
