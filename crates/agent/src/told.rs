//! What the items of a conversation are to people. The journal keeps what the model reads, and there the
//! project's notes and a summary stand in the user's role, and how a call ended is in the words of its
//! output; whoever shows a conversation again tells them apart as they were when they came.

use alipes_store::Progress;
use alipes_wire::{Item, ItemView};

use crate::ToolOutcome;
use crate::compact::SUMMED_UP;
use crate::context::HEADING as NOTES;

/// How the output of a call begins that failed, and of one that the gate has refused.
const FAILED: &str = "error: ";
const NOT_ALLOWED: &str = "not allowed";

/// Who speaks in the user's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The person.
    Person,
    /// The project, by its notes.
    Project,
    /// Nobody: it stands for what was said before.
    Summary,
}

impl Speaker {
    /// Who speaks in an item; nobody of these where it is no message in the user's role.
    #[must_use]
    pub fn of(item: &Item) -> Option<Self> {
        match item.view() {
            ItemView::Message { role, text, .. } if role == "user" => Some(match text {
                text if text.starts_with(NOTES) => Self::Project,
                text if text.starts_with(SUMMED_UP) => Self::Summary,
                _ => Self::Person,
            }),
            _ => None,
        }
    }
}

impl ToolOutcome {
    /// How a call ended, by what the model reads of it.
    #[must_use]
    pub fn told_by(output: &str) -> Self {
        let is_unknown = [Progress::Asked, Progress::Repeatable, Progress::Unknown]
            .into_iter()
            .any(|progress| progress.told() == output);
        match output {
            _ if is_unknown => Self::Unknown,
            failed if failed.starts_with(FAILED) => Self::Failed,
            denied if denied.starts_with(NOT_ALLOWED) => Self::Denied,
            _ => Self::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_tells_how_its_call_ended() {
        for (output, outcome) in [
            ("3 lines", ToolOutcome::Done),
            ("error: no such file", ToolOutcome::Failed),
            (
                "not allowed: the user declined shell. Go on without it.",
                ToolOutcome::Denied,
            ),
            (Progress::Asked.told(), ToolOutcome::Unknown),
            (Progress::Unknown.told(), ToolOutcome::Unknown),
        ] {
            assert_eq!(ToolOutcome::told_by(output), outcome, "{output}");
        }
    }

    #[test]
    fn only_what_the_person_has_said_is_the_persons() {
        let notes = format!("{NOTES} And so on.");
        let summary = format!("{SUMMED_UP}summed up:");
        for (item, speaker) in [
            (Item::user("What was said?"), Some(Speaker::Person)),
            (Item::user(&notes), Some(Speaker::Project)),
            (Item::user(&summary), Some(Speaker::Summary)),
            (Item::assistant("hello"), None),
        ] {
            assert_eq!(Speaker::of(&item), speaker);
        }
    }
}
