//! A conversation as JSON lines: first what it is, then its journal, entry by entry.

use alipes_store::{Recorded, Standing, Summary};
use serde_json::{Value, json};

pub(super) fn json_lines(summary: &Summary, entries: &[Recorded]) -> String {
    let mut lines = vec![head(summary).to_string()];
    lines.extend(entries.iter().map(line));
    lines.push(String::new());
    lines.join("\n")
}

/// What a conversation is, without what was said in it.
pub(super) fn head(summary: &Summary) -> Value {
    json!({
        "kind": "conversation", "id": summary.id, "title": summary.title,
        "folder": summary.folder, "model": summary.model,
        "begun_ms": summary.begun_ms, "used_ms": summary.used_ms, "turns": summary.turns,
        "standing": match summary.standing {
            Standing::Ended => "ended",
            Standing::Open => "open",
            Standing::AtWork => "at-work",
            Standing::Interrupted => "interrupted",
        },
    })
}

/// The entry's own JSON goes in as it is kept, byte for byte: it was written without line ends, or
/// is a provider's, in which they are only layout.
fn line(recorded: &Recorded) -> String {
    let Recorded {
        number,
        at_ms,
        entry,
    } = recorded;
    let kind = Value::from(entry.kind());
    let body = entry.json().replace(['\n', '\r'], " ");
    format!(r#"{{"kind":{kind},"number":{number},"at_ms":{at_ms},"body":{body}}}"#)
}
