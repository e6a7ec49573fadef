//! Journals from before version 6 of the schema do not say where an item comes from, nor how a call
//! ended. This is the one place that guesses it, by how such a text began; what a person or a file said
//! with the same beginning is guessed wrong.

use alipes_wire::{Item, ItemView};

use super::{Origin, ToolOutcome};
use crate::Progress;

/// How the output of a call began that failed, and of one that the gate had refused.
const FAILED: &str = "error: ";
const NOT_ALLOWED: &str = "not allowed";

/// How the project's notes began, and whatever stood for old messages.
const NOTES: &str = "The project's own notes for whoever works in it. ";
const SUMMED_UP: &str = "What was said and done before this, ";

/// How the call ended that has this output.
pub(super) fn outcome(item: &Item) -> ToolOutcome {
    match item.view() {
        ItemView::FunctionCallOutput { output, .. } => told_by(&output),
        _ => ToolOutcome::Done,
    }
}

/// Where an item of a summary came from.
pub(super) fn origin(item: &Item) -> Origin {
    match item.view() {
        ItemView::Message { role, text, .. } => match &*role {
            "user" if text.starts_with(NOTES) => Origin::Project,
            "user" if text.starts_with(SUMMED_UP) => Origin::Summary,
            "user" => Origin::Person,
            "assistant" => Origin::Model,
            _ => Origin::Setting,
        },
        ItemView::FunctionCallOutput { output, .. } => Origin::Tool(told_by(&output)),
        ItemView::FunctionCall { .. } => Origin::Model,
        _ if item.is_reasoning() => Origin::Model,
        _ => Origin::Summary,
    }
}

fn told_by(output: &str) -> ToolOutcome {
    let is_unknown = [Progress::Asked, Progress::Repeatable, Progress::Unknown]
        .into_iter()
        .any(|progress| progress.told() == output);
    match output {
        _ if is_unknown => ToolOutcome::Unknown,
        failed if failed.starts_with(FAILED) => ToolOutcome::Failed,
        denied if denied.starts_with(NOT_ALLOWED) => ToolOutcome::Denied,
        _ => ToolOutcome::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Entry;

    #[test]
    fn an_output_without_an_outcome_tells_how_its_call_ended() {
        for (output, outcome) in [
            ("3 lines", ToolOutcome::Done),
            ("error: no such file", ToolOutcome::Failed),
            (
                "not allowed: the user declined shell. Go on without it.",
                ToolOutcome::Denied,
            ),
            // As they were written then, whatever they are now.
            ("not run: interrupted before it began", ToolOutcome::Unknown),
            (
                "outcome unknown: interrupted while it ran. It may have had its effect, in whole or \
                 in part: look before you call it again",
                ToolOutcome::Unknown,
            ),
        ] {
            let item = Item::function_call_output("c1", output);
            let read = Entry::parse("result", item.json()).unwrap();
            assert_eq!(
                read,
                Entry::ToolResult {
                    item,
                    outcome,
                    files: Vec::new()
                },
                "{output}"
            );
        }
    }

    #[test]
    fn a_summary_without_origins_tells_who_had_said_what() {
        let notes = format!("{NOTES}They were read from its files.");
        let summary = format!("{SUMMED_UP}summed up:");
        let reasoning = r#"{"type":"reasoning","encrypted_content":"gAAA","summary":[]}"#;
        let sealed = r#"{"type":"compaction","encrypted_content":"gAAA"}"#;
        let items = [
            (Item::user(&notes), Origin::Project),
            (Item::developer("Folder: /x"), Origin::Setting),
            (Item::user(&summary), Origin::Summary),
            (Item::parse(sealed).unwrap(), Origin::Summary),
            (Item::user("What was said?"), Origin::Person),
            (Item::parse(reasoning).unwrap(), Origin::Model),
            (Item::assistant("hello"), Origin::Model),
            (
                Item::function_call_output("c1", "error: no"),
                Origin::Tool(ToolOutcome::Failed),
            ),
        ];
        let texts: Vec<&str> = items.iter().map(|(item, _)| &**item.json()).collect();
        let old = format!(r#"{{"summary":[{}],"kept":0}}"#, texts.join(","));
        let Ok(Entry::Compaction { summary, .. }) = Entry::parse("compaction", &old) else {
            panic!("{old}");
        };
        let read = summary.into_iter().map(|part| (part.item, part.origin));
        assert_eq!(read.collect::<Vec<_>>(), items);
    }
}
