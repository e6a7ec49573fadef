//! How an entry is spelt in storage: a kind and a JSON text.

use std::borrow::Cow;

use alipes_wire::Item;
use serde::{Deserialize, Serialize};

use super::{Entry, FileSeen, Origin, Part, ToolOutcome, Undone, before_origins};

/// Every kind of entry, as [`Entry::kind`] spells it, and the version of the schema that it came with: an
/// alipes that does not know it leaves the store alone.
pub(crate) const KINDS: [(&str, i64); 15] = [
    ("setting", 1),
    ("project", 1),
    ("user", 1),
    ("said", 5),
    ("attempt", 1),
    ("model", 1),
    ("decision", 1),
    ("intent", 1),
    ("result", 1),
    ("compaction", 1),
    ("count", 1),
    ("restored", 1),
    ("undone", 1),
    ("left", 6),
    ("ended", 1),
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
    /// Not there where it is false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    goes_on: bool,
}

/// How a call ended, beside its output. Before version 6 the text was the output's alone.
#[derive(Deserialize)]
struct Ran {
    outcome: Option<ToolOutcome>,
    item: Option<Item>,
    /// Not there where there are none.
    #[serde(default)]
    files: Vec<FileSeen>,
}

#[derive(Serialize, Deserialize)]
struct Compaction<'a> {
    summary: Vec<Cow<'a, Item>>,
    /// Where each of them comes from; not there before version 6.
    #[serde(default)]
    origins: Option<Vec<Origin>>,
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
            Self::ToolResult { .. } => "result",
            Self::Compaction { .. } => "compaction",
            Self::Count(_) => "count",
            Self::Undone(Undone::Compaction) => "restored",
            Self::Undone(Undone::Turn) => "undone",
            Self::Left => "left",
            Self::Ended { .. } => "ended",
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
            | Self::Model(item) => Cow::Borrowed(item.json()),
            Self::ToolResult {
                item,
                outcome,
                files,
            } => {
                let (outcome, item) = (json(outcome), item.json());
                let files = match files.is_empty() {
                    true => String::new(),
                    false => format!(r#","files":{}"#, json(files)),
                };
                Cow::Owned(format!(r#"{{"outcome":{outcome},"item":{item}{files}}}"#))
            }
            Self::Attempt(attempt) => json(attempt),
            Self::Decision { call_id, allowed } => json(&Decision {
                call_id: call_id.into(),
                allowed: *allowed,
            }),
            Self::ToolIntent {
                call_id,
                name,
                repeatable,
                goes_on,
            } => json(&Intent {
                call_id: call_id.into(),
                name: name.into(),
                repeatable: *repeatable,
                goes_on: *goes_on,
            }),
            Self::Compaction {
                summary,
                kept,
                maker,
            } => json(&Compaction {
                summary: summary
                    .iter()
                    .map(|part| Cow::Borrowed(&part.item))
                    .collect(),
                origins: Some(summary.iter().map(|part| part.origin).collect()),
                kept: *kept,
                maker: maker.as_deref().map(Cow::Borrowed),
            }),
            Self::Count(count) => json(count),
            Self::Undone(_) | Self::Left => Cow::Borrowed("{}"),
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
            "result" => ran(text)?,
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
                    goes_on: intent.goes_on,
                }
            }
            "compaction" => compaction(text)?,
            "count" => Self::Count(serde_json::from_str(text).ok()?),
            "restored" => Self::Undone(Undone::Compaction),
            "undone" => Self::Undone(Undone::Turn),
            "left" => Self::Left,
            "ended" => {
                let Ended { failure } = serde_json::from_str(text).ok()?;
                let failure = failure.map(Cow::into_owned);
                Self::Ended { failure }
            }
            _ => return None,
        })
    }
}

impl NotAnEntry {
    fn of(kind: &str, text: &str) -> Self {
        // Damage seldom leaves a word that could be a kind beside a text that is whole.
        let is_name = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let is_whole = || serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        let is_known = KINDS.iter().any(|(known, _)| *known == kind);
        let is_newer = is_name && !is_known && is_whole();
        let kind = kind.to_owned();
        match is_newer {
            true => Self::Newer { kind },
            false => Self::Damaged { kind },
        }
    }
}

fn ran(text: &str) -> Option<Entry> {
    Some(match serde_json::from_str(text).ok()? {
        Ran {
            outcome: Some(outcome),
            item: Some(item),
            files,
        } => Entry::ToolResult {
            item,
            outcome,
            files,
        },
        Ran {
            outcome: None,
            item: None,
            ..
        } => {
            let item = Item::parse(text).ok()?;
            let outcome = before_origins::outcome(&item);
            Entry::ToolResult {
                item,
                outcome,
                files: Vec::new(),
            }
        }
        _ => return None,
    })
}

fn compaction(text: &str) -> Option<Entry> {
    let Compaction {
        summary,
        origins,
        kept,
        maker,
    } = serde_json::from_str(text).ok()?;
    let origins = match origins {
        Some(origins) if origins.len() == summary.len() => origins,
        Some(_) => return None,
        None => {
            let items = summary.iter();
            items.map(|item| before_origins::origin(item)).collect()
        }
    };
    let items = summary.into_iter().map(Cow::into_owned);
    let parts = items.zip(origins);
    Some(Entry::Compaction {
        summary: parts.map(|(item, origin)| Part { item, origin }).collect(),
        kept,
        maker: maker.map(Cow::into_owned),
    })
}

/// The JSON of one of our own small structs, which have nothing that JSON could not say.
fn json(value: &impl Serialize) -> Cow<'static, str> {
    Cow::Owned(serde_json::to_string(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attempt, Count};

    fn ran(item: &Item, outcome: ToolOutcome) -> Entry {
        let item = item.clone();
        let files = Vec::new();
        Entry::ToolResult {
            item,
            outcome,
            files,
        }
    }

    #[test]
    fn every_entry_is_read_as_it_was_written() {
        let item = Item::parse(r#"{"type":"reasoning", "n":1.0e2,"x":"\u0042"}"#).unwrap();
        let entries = [
            Entry::Setting(item.clone()),
            Entry::Project(item.clone()),
            Entry::User(item.clone()),
            Entry::Said(item.clone()),
            Entry::Model(item.clone()),
            ran(&item, ToolOutcome::Done),
            ran(&item, ToolOutcome::Done).having_seen(vec![
                FileSeen {
                    path: "a \"b\"/ü.txt".to_owned(),
                    stamp: Some("12:af".to_owned()),
                },
                FileSeen {
                    path: "gone".to_owned(),
                    stamp: None,
                },
            ]),
            ran(&item, ToolOutcome::Failed),
            ran(&item, ToolOutcome::Denied),
            ran(&item, ToolOutcome::Unknown),
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
                goes_on: true,
            },
            Entry::Compaction {
                summary: [
                    Origin::Setting,
                    Origin::Project,
                    Origin::Person,
                    Origin::Model,
                    Origin::Summary,
                    Origin::Tool(ToolOutcome::Denied),
                ]
                .map(|origin| Part {
                    item: item.clone(),
                    origin,
                })
                .into(),
                kept: 3,
                maker: None,
            },
            Entry::Compaction {
                summary: Vec::new(),
                kept: 0,
                maker: Some("https://host/v1 of \"me\"".to_owned()),
            },
            Entry::Count(Count {
                tokens: 17,
                bytes: 70,
            }),
            Entry::Undone(Undone::Compaction),
            Entry::Undone(Undone::Turn),
            Entry::Left,
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
        let mut known = KINDS.map(|(kind, _)| kind);
        known.sort_unstable();
        assert_eq!(kinds, known);
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for (kind, text) in [
            ("user", "[]"),
            ("intent", "{}"),
            ("result", r#"{"outcome":"dreamt","item":{}}"#),
            ("result", r#"{"outcome":"done"}"#),
            ("compaction", r#"{"summary":[{}],"origins":[],"kept":0}"#),
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
