//! A conversation that its provider makes shorter: `POST …/responses/compact` (OpenAI API reference,
//! "Compact a response"; codex-protocol §1.1).
//!
//! What comes back stands in the place of what was sent: messages as they were, and an item that only the
//! provider can read.

use serde::{Deserialize, Serialize};

use super::{Portable, portable};
use crate::fields::Fields;
use crate::{CannotCarry, Item, ItemView, ModelRequest, Usage};

/// The path beneath a base URL.
pub const COMPACT: &str = "responses/compact";

/// How the items that only their maker can read are called.
const SEALED: [&str; 3] = ["compaction", "compaction_summary", "context_compaction"];

#[derive(Serialize)]
struct Asked<'a> {
    model: &'a str,
    input: &'a [Item],
    instructions: &'a str,
}

#[derive(Deserialize)]
struct Answered {
    output: Vec<Item>,
}

/// What is posted: no more than the official client says, because unknown members are refused.
///
/// # Errors
/// [`CannotCarry`] if the conversation says something that this dialect cannot.
pub fn compact_body(request: &ModelRequest) -> Result<String, CannotCarry> {
    let Portable { request, .. } = portable(request)?;
    let asked = Asked {
        model: &request.model,
        input: &request.input,
        instructions: &request.instructions,
    };
    // Strings and items that were read as JSON cannot fail to encode.
    Ok(serde_json::to_string(&asked).unwrap_or_default())
}

/// What it took, where that is told.
#[must_use]
pub fn compaction_usage(body: &[u8]) -> Option<Usage> {
    let answered = Fields::of(body)?;
    answered.object("usage").map(|usage| Usage::read(&usage))
}

/// The items that stand for the conversation; nothing where the answer is no such thing. Instructions are
/// left out: who asks says them anew (so does the official client).
#[must_use]
pub fn compacted(body: &[u8]) -> Option<Vec<Item>> {
    let Answered { mut output } = serde_json::from_slice(body).ok()?;
    let is_instruction = |item: &Item| match item.view() {
        ItemView::Message { role, .. } => role == "developer" || role == "system",
        _ => false,
    };
    output.retain(|item| !is_instruction(item));
    output.iter().any(is_sealed).then_some(output)
}

/// Whether an item stands for what only the provider that made it knows.
#[must_use]
pub fn is_sealed(item: &Item) -> bool {
    matches!(item.view(), ItemView::Other { kind } if SEALED.contains(&kind.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_what_the_official_client_asks_and_items_stay_as_they_are() {
        let item = r#"{"type":"message","role":"user","content":[ ],"n":1.0e2}"#;
        let request = ModelRequest {
            model: "m".to_owned(),
            instructions: "i".to_owned(),
            input: vec![Item::parse(item).unwrap()],
            ..ModelRequest::default()
        };
        let expected = format!(r#"{{"model":"m","input":[{item}],"instructions":"i"}}"#);
        assert_eq!(compact_body(&request).unwrap(), expected);
    }

    #[test]
    fn what_only_another_dialect_knows_is_not_posted() {
        let asked = |content: &str| {
            let item =
                format!(r#"{{"role":"user","x_chat":{{"name":"n"}},"content":[{content}]}}"#);
            compact_body(&ModelRequest {
                input: vec![Item::parse(&item).unwrap()],
                ..ModelRequest::default()
            })
        };
        let text = r#"{"type":"input_text","text":"hi"}"#;
        let plain = r#"{"content":[{"text":"hi","type":"input_text"}],"role":"user"}"#;
        let expected = format!(r#"{{"model":"","input":[{plain}],"instructions":""}}"#);
        assert_eq!(asked(text).unwrap(), expected);
        asked(r#"{"type":"x_chat","x_chat":{"type":"input_audio"}}"#).unwrap_err();
    }

    #[test]
    fn an_answer_is_one_that_holds_what_its_maker_can_read() {
        let sealed = r#"{"type":"compaction","id":"cmp_1","encrypted_content":"gAAA"}"#;
        let said =
            r#"{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}"#;
        let told = r#"{"type":"message","role":"developer","content":[]}"#;
        let answer = format!(r#"{{"id":"r","output":[{told},{said},{sealed}],"usage":null}}"#);
        let items = compacted(answer.as_bytes()).unwrap();
        let texts: Vec<&str> = items.iter().map(|item| &**item.json()).collect();
        assert_eq!(texts, [said, sealed]);
        for none in [
            "",
            "[]",
            "{}",
            r#"{"output":[]}"#,
            &format!(r#"{{"output":[{said}]}}"#),
        ] {
            assert_eq!(compacted(none.as_bytes()), None, "{none}");
        }
    }
}
