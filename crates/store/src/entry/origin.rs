//! Where an item of a conversation comes from, and how a call ended: facts of the journal, because a
//! model's text, a person's or a file's may say anything.

use alipes_wire::Item;
use serde::{Deserialize, Serialize};

/// How a tool call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolOutcome {
    /// It ran.
    Done,
    /// It failed.
    Failed,
    /// It was not allowed.
    Denied,
    /// The program was killed while it ran, and nobody knows what came of it.
    Unknown,
    /// The program was killed before it began. Only ever derived from what else the journal says: where it
    /// is written, it is as unknown, which every version reads.
    #[serde(skip_deserializing, rename = "unknown")]
    NotRun,
}

/// Where an item comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// It says in which folder, on which platform and at what date the work is done.
    Setting,
    /// The project's own files say it.
    Project,
    /// The person has said it.
    Person,
    /// The model's answer has it: a message, a call, reasoning.
    Model,
    /// It stands for what was said before.
    Summary,
    /// A call ended so, and this is its output.
    #[serde(untagged)]
    Tool(ToolOutcome),
}

/// An item, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The item.
    pub item: Item,
    /// Where it comes from.
    pub origin: Origin,
}

impl ToolOutcome {
    /// The word, as events and messages spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
            Self::NotRun => "not run",
        }
    }
}

impl Part {
    /// A text that stands for what was said before, told in the user's role.
    #[must_use]
    pub fn summary(text: &str) -> Self {
        Self {
            item: Item::user(text),
            origin: Origin::Summary,
        }
    }
}
