//! What a journal consists of.

mod before_origins;
mod origin;
pub(crate) mod spelling;

use alipes_wire::{Item, ItemView};
use serde::{Deserialize, Serialize};

pub use origin::{Origin, Part, ToolOutcome};

pub use spelling::NotAnEntry;

/// Something that happened in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entry {
    /// What the model is told about folder, platform and date.
    Setting(Item),
    /// What the project's own files tell the model, such as `AGENTS.md`.
    Project(Item),
    /// The user's message. It begins a turn.
    User(Item),
    /// What the user said into a running turn. It begins none.
    Said(Item),
    /// A try to reach the model, and how it ended.
    Attempt(Attempt),
    /// An item of the model's answer.
    Model(Item),
    /// The gate's decision about a call.
    Decision {
        /// The call.
        call_id: String,
        /// Whether it may run.
        allowed: bool,
    },
    /// A call is about to run.
    ToolIntent {
        /// The call.
        call_id: String,
        /// The tool.
        name: String,
        /// It only reads, so it may run again if nobody knows how it ended.
        repeatable: bool,
        /// It starts a process that goes on when the call has ended, as long as this run of the program.
        goes_on: bool,
    },
    /// A call has ended. The model has not seen its output yet.
    ToolResult {
        /// Its output.
        item: Item,
        /// How it ended.
        outcome: ToolOutcome,
        /// What the model knows of files since.
        files: Vec<FileSeen>,
    },
    /// From here on the model sees a summary in place of what came before.
    Compaction {
        /// What stands for the old items.
        summary: Vec<Part>,
        /// How many of the newest items stay behind the summary.
        kept: usize,
        /// Who alone can read the summary, where that is a provider's own.
        maker: Option<String>,
    },
    /// What a request really took, by the provider's word.
    Count(Count),
    /// The user has taken something back.
    Undone(Undone),
    /// The person has ended the turn before there was an answer. It may go on.
    Left,
    /// The turn is over.
    Ended {
        /// Why there is no answer; nothing if there is one.
        failure: Option<String>,
    },
}

/// A file that the model has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSeen {
    /// Where it lies beneath the working folder, without links.
    pub path: String,
    /// Stands for its whole text, as whoever noted it spells that; nothing where the file is gone.
    pub stamp: Option<String>,
}

/// A try to reach the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counted within its step, from 1.
    pub number: u32,
    /// The route it took, where it came so far.
    pub route: Option<String>,
    /// `done`, or what went wrong.
    pub outcome: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// The tokens of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Tokens that the model read, cached ones included.
    pub tokens: u64,
    /// Bytes of the items that were sent, without the instructions and the tools.
    pub bytes: u64,
}

/// What was taken back: the model sees the conversation as if it had not been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undone {
    /// The last compaction: what it stood for is back.
    Compaction,
    /// The last turn. What its tools have done stays done.
    Turn,
}

impl Entry {
    /// A call has ended with this output.
    #[must_use]
    pub fn ran(call_id: &str, output: &str, outcome: ToolOutcome) -> Self {
        Self::ToolResult {
            item: Item::function_call_output(call_id, output),
            outcome,
            files: Vec::new(),
        }
    }

    /// The same of a call since which the model knows this, too; another entry is as it was.
    #[must_use]
    pub fn having_seen(mut self, seen: Vec<FileSeen>) -> Self {
        if let Self::ToolResult { files, .. } = &mut self {
            files.extend(seen);
        }
        self
    }

    /// The item it holds, where it holds one.
    #[must_use]
    pub fn item(&self) -> Option<&Item> {
        match self {
            Self::Setting(item)
            | Self::Project(item)
            | Self::User(item)
            | Self::Said(item)
            | Self::Model(item)
            | Self::ToolResult { item, .. } => Some(item),
            _ => None,
        }
    }

    /// What a search finds it by; nothing for entries that nobody would look for.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let (Self::User(item)
        | Self::Said(item)
        | Self::Model(item)
        | Self::ToolResult { item, .. }) = self
        else {
            return None;
        };
        let text = match item.view() {
            ItemView::Message { text, refusal, .. } => refusal.unwrap_or(text),
            ItemView::FunctionCall {
                name, arguments, ..
            } => format!("{name} {arguments}"),
            ItemView::FunctionCallOutput { output, .. } => output,
            _ => return None,
        };
        (!text.trim().is_empty()).then_some(text)
    }
}
