//! What a journal consists of, and how an entry is spelt in storage: a kind and a JSON text.

use std::borrow::Cow;

use alipes_wire::{Item, ItemView};
use serde::{Deserialize, Serialize};

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
    },
    /// A call's output, before the model sees it.
    ToolResult(Item),
    /// From here on the model sees a summary in place of what came before.
    Compaction {
        /// What stands for the old items.
        summary: Vec<Item>,
        /// How many of the newest items stay behind the summary.
        kept: usize,
        /// Who alone can read the summary, where that is a provider's own.
        maker: Option<String>,
    },
    /// What a request really took, by the provider's word.
    Count(Count),
    /// The user has taken something back.
    Undone(Undone),
    /// The turn is over.
    Ended {
        /// Why there is no answer; nothing if there is one.
        failure: Option<String>,
    },
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

/// Every kind of entry, as [`Entry::kind`] spells it. A new one takes a new version of the schema, so
/// that an alipes that does not know it leaves the store alone.
pub(crate) const KINDS: [&str; 14] = [
    "setting",
    "project",
    "user",
    "said",
    "attempt",
    "model",
    "decision",
    "intent",
    "result",
    "compaction",
    "count",
    "restored",
    "undone",
    "ended",
];

/// A stored entry that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAnEntry {
    /// Its text is not what its kind has.
    #[error("not a journal entry of the kind {kind:?}")]
    Damaged {
        /// The kind it has.
        kind: String,
    },
    /// It is whole, and of a kind that this version does not know.
    #[error("a journal entry of the kind {kind:?}, written by a newer alipes")]
    Newer {
        /// The kind it has.
        kind: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Decision<'a> {
    call_id: Cow<'a, str>,
    allowed: bool,
}

#[derive(Serialize, Deserialize)]
struct Intent<'a> {
    call_id: Cow<'a, str>,
    name: Cow<'a, str>,
    repeatable: bool,
}

#[derive(Serialize, Deserialize)]
struct Compaction<'a> {
    summary: Cow<'a, [Item]>,
    kept: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maker: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
struct Ended<'a> {
    failure: Option<Cow<'a, str>>,
}

impl Entry {
    /// The kind, as storage and exports spell it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Setting(_) => "setting",
            Self::Project(_) => "project",
            Self::User(_) => "user",
            Self::Said(_) => "said",
            Self::Attempt(_) => "attempt",
            Self::Model(_) => "model",
            Self::Decision { .. } => "decision",
            Self::ToolIntent { .. } => "intent",
            Self::ToolResult(_) => "result",
            Self::Compaction { .. } => "compaction",
            Self::Count(_) => "count",
            Self::Undone(Undone::Compaction) => "restored",
            Self::Undone(Undone::Turn) => "undone",
            Self::Ended { .. } => "ended",
        }
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
            | Self::ToolResult(item) => Some(item),
            _ => None,
        }
    }

    /// The entry's JSON; an item's is the item's own, byte for byte.
    #[must_use]
    pub fn json(&self) -> Cow<'_, str> {
        match self {
            Self::Setting(item)
            | Self::Project(item)
            | Self::User(item)
            | Self::Said(item)
            | Self::Model(item)
            | Self::ToolResult(item) => Cow::Borrowed(item.json()),
            Self::Attempt(attempt) => json(attempt),
            Self::Decision { call_id, allowed } => json(&Decision {
                call_id: call_id.into(),
                allowed: *allowed,
            }),
            Self::ToolIntent {
                call_id,
                name,
                repeatable,
            } => json(&Intent {
                call_id: call_id.into(),
                name: name.into(),
                repeatable: *repeatable,
            }),
            Self::Compaction {
                summary,
                kept,
                maker,
            } => json(&Compaction {
                summary: summary.into(),
                kept: *kept,
                maker: maker.as_deref().map(Cow::Borrowed),
            }),
            Self::Count(count) => json(count),
            Self::Undone(_) => Cow::Borrowed("{}"),
            Self::Ended { failure } => json(&Ended {
                failure: failure.as_deref().map(Cow::Borrowed),
            }),
        }
    }

    /// Reads what [`Entry::kind`] and [`Entry::json`] wrote.
    ///
    /// # Errors
    /// [`NotAnEntry`] if they did not.
    pub fn parse(kind: &str, text: &str) -> Result<Self, NotAnEntry> {
        Self::parsed(kind, text).ok_or_else(|| NotAnEntry::of(kind, text))
    }

    fn parsed(kind: &str, text: &str) -> Option<Self> {
        let item = || Item::parse(text).ok();
        Some(match kind {
            "setting" => Self::Setting(item()?),
            "project" => Self::Project(item()?),
            "user" => Self::User(item()?),
            "said" => Self::Said(item()?),
            "model" => Self::Model(item()?),
            "result" => Self::ToolResult(item()?),
            "attempt" => Self::Attempt(serde_json::from_str(text).ok()?),
            "decision" => {
                let Decision { call_id, allowed } = serde_json::from_str(text).ok()?;
                let call_id = call_id.into_owned();
                Self::Decision { call_id, allowed }
            }
            "intent" => {
                let intent: Intent<'_> = serde_json::from_str(text).ok()?;
                Self::ToolIntent {
                    call_id: intent.call_id.into_owned(),
                    name: intent.name.into_owned(),
                    repeatable: intent.repeatable,
                }
            }
            "compaction" => {
                let compaction: Compaction<'_> = serde_json::from_str(text).ok()?;
                Self::Compaction {
                    summary: compaction.summary.into_owned(),
                    kept: compaction.kept,
                    maker: compaction.maker.map(Cow::into_owned),
                }
            }
            "count" => Self::Count(serde_json::from_str(text).ok()?),
            "restored" => Self::Undone(Undone::Compaction),
            "undone" => Self::Undone(Undone::Turn),
            "ended" => {
                let Ended { failure } = serde_json::from_str(text).ok()?;
                let failure = failure.map(Cow::into_owned);
                Self::Ended { failure }
            }
            _ => return None,
        })
    }

    /// What a search finds it by; nothing for entries that nobody would look for.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let (Self::User(item) | Self::Said(item) | Self::Model(item) | Self::ToolResult(item)) =
            self
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

impl NotAnEntry {
    fn of(kind: &str, text: &str) -> Self {
        // Damage seldom leaves a word that could be a kind beside a text that is whole.
        let is_name = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let is_whole = || serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        let is_newer = is_name && !KINDS.contains(&kind) && is_whole();
        let kind = kind.to_owned();
        match is_newer {
            true => Self::Newer { kind },
            false => Self::Damaged { kind },
        }
    }
}

/// The JSON of one of our own small structs, which have nothing that JSON could not say.
fn json(value: &impl Serialize) -> Cow<'static, str> {
    Cow::Owned(serde_json::to_string(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_read_as_it_was_written() {
        let item = Item::parse(r#"{"type":"reasoning", "n":1.0e2,"x":"\u0042"}"#).unwrap();
        let entries = [
            Entry::Setting(item.clone()),
            Entry::Project(item.clone()),
            Entry::User(item.clone()),
            Entry::Said(item.clone()),
            Entry::Model(item.clone()),
            Entry::ToolResult(item.clone()),
            Entry::Attempt(Attempt {
                number: 2,
                route: Some("sse".to_owned()),
                outcome: "cut-off".to_owned(),
                took_ms: 12,
            }),
            Entry::Decision {
                call_id: "c\n1".to_owned(),
                allowed: true,
            },
            Entry::ToolIntent {
                call_id: "c\"1".to_owned(),
                name: "shell".to_owned(),
                repeatable: false,
            },
            Entry::Compaction {
                summary: vec![item.clone(), item.clone()],
                kept: 3,
                maker: None,
            },
            Entry::Compaction {
                summary: vec![item],
                kept: 0,
                maker: Some("https://host/v1 of \"me\"".to_owned()),
            },
            Entry::Count(Count {
                tokens: 17,
                bytes: 70,
            }),
            Entry::Undone(Undone::Compaction),
            Entry::Undone(Undone::Turn),
            Entry::Ended { failure: None },
            Entry::Ended {
                failure: Some("no \"answer\"".to_owned()),
            },
        ];
        let mut kinds = Vec::new();
        for entry in entries {
            let read = Entry::parse(entry.kind(), &entry.json());
            assert_eq!(read.as_ref(), Ok(&entry));
            kinds.push(entry.kind());
        }
        kinds.dedup();
        kinds.sort_unstable();
        let mut known = KINDS;
        known.sort_unstable();
        assert_eq!(kinds, known);
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for (kind, text) in [
            ("user", "[]"),
            ("intent", "{}"),
            ("dream", "{"),
            ("dr\u{fffd}am", "{}"),
            ("", "{}"),
        ] {
            let damaged = Err(NotAnEntry::Damaged {
                kind: kind.to_owned(),
            });
            assert_eq!(Entry::parse(kind, text), damaged, "{kind:?} {text:?}");
        }
    }

    #[test]
    fn an_entry_of_tomorrow_is_told_from_damage() {
        let kind = "dream".to_owned();
        let newer = Err(NotAnEntry::Newer { kind });
        assert_eq!(Entry::parse("dream", r#"{"of":"sheep"}"#), newer);
    }
}
