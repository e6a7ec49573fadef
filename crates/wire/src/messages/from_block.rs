//! Blocks of this dialect as items, and as parts of messages.

use crate::fields::Fields;
use crate::json::Object;
use crate::parts::{self, MESSAGES};
use crate::{Item, sealed};

/// A block that only this dialect knows, whole.
fn own(block: &Fields<'_>) -> String {
    block.rest(&[]).unwrap_or_else(|| "{}".to_owned())
}

/// A text as a part.
pub(super) fn text(role: &str, block: &Fields<'_>) -> String {
    let text = block.string("text").unwrap_or_default();
    let part = parts::text_part(role, &text);
    let extras = block.rest(&["type", "text"]);
    part.raw_some(MESSAGES, extras.as_deref()).end()
}

/// Any block as a part of a message.
pub(super) fn part(role: &str, block: &Fields<'_>) -> String {
    let kind = block.string("type").unwrap_or_default();
    let source = block.object("source").unwrap_or_default();
    let at = address(&source);
    let title = block.string("title").filter(|_| kind == "document");
    let image = || Object::of_type("input_image");
    let file = || Object::of_type("input_file").put_some("filename", title.as_deref());
    let object = match (kind.as_str(), at) {
        ("text", _) => return text(role, block),
        ("image", Some((_, "file", id))) => image().put("file_id", id),
        ("image", Some((url, ..))) => image().put("image_url", url),
        ("document", Some((_, "file", id))) => file().put("file_id", id),
        ("document", Some((url, "url", _))) => file().put("file_url", url),
        ("document", Some((url, "base64", _))) => file().put("file_data", url),
        _ => return Object::of_type(MESSAGES).raw(MESSAGES, &own(block)).end(),
    };
    let known: &[&str] = match title {
        Some(_) => &["type", "source", "title"],
        None => &["type", "source"],
    };
    object
        .raw_some(MESSAGES, block.rest(known).as_deref())
        .end()
}

/// Where a picture or a document is: its address (for data a `data:` one), the kind of source, and
/// for files the id.
fn address(source: &Fields<'_>) -> Option<(String, &'static str, String)> {
    let text = |name: &str| source.string(name);
    match source.string("type")?.as_str() {
        "url" => Some((text("url")?, "url", String::new())),
        "file" => Some((String::new(), "file", text("file_id")?)),
        "base64" => {
            let url = format!("data:{};base64,{}", text("media_type")?, text("data")?);
            Some((url, "base64", String::new()))
        }
        _ => None,
    }
}

/// A block of the assistant that is not text.
pub(super) fn assistant(block: &Fields<'_>) -> Item {
    let kind = block.string("type").unwrap_or_default();
    match kind.as_str() {
        "tool_use" => {
            let input = block.json("input").unwrap_or("{}");
            // What never became JSON is kept as the text it was.
            let text = serde_json::from_str::<String>(input);
            let call = parts::call(
                &block.text("id").unwrap_or_default(),
                &block.string("name").unwrap_or_default(),
                text.as_deref().unwrap_or(input),
            );
            let extras = block.rest(&["type", "id", "name", "input"]);
            parts::item(call.raw_some(MESSAGES, extras.as_deref()))
        }
        "thinking" | "redacted_thinking" => {
            let opaque = block.string("signature").or_else(|| block.string("data"));
            let sealed = opaque.and_then(|opaque| sealed::unseal(&opaque));
            sealed.unwrap_or_else(|| {
                let text = block.string("thinking").unwrap_or_default();
                parts::item(parts::reasoning(&text).raw(MESSAGES, &own(block)))
            })
        }
        _ => parts::item(
            parts::begin(MESSAGES)
                .put("role", "assistant")
                .raw(MESSAGES, &own(block)),
        ),
    }
}

/// The result of a call.
pub(super) fn result(block: &Fields<'_>) -> Item {
    let item = parts::begin("function_call_output")
        .put("call_id", block.text("tool_use_id").unwrap_or_default());
    let item = match block.json("content") {
        Some(list) if list.starts_with('[') => {
            let blocks = block.objects("content");
            let parts: Vec<String> = blocks.iter().map(|each| part("user", each)).collect();
            item.list("output", &parts)
        }
        Some(text) => item.raw("output", text),
        None => item.put("output", ""),
    };
    let extras = block.rest(&["type", "tool_use_id", "content"]);
    parts::item(item.raw_some(MESSAGES, extras.as_deref()))
}
