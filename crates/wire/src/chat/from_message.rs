//! One message of a client's request as items.

use super::chunk::{DETAILS, REASONING};
use crate::fields::Fields;
use crate::json::Object;
use crate::parts::{self, CHAT};
use crate::{CannotCarry, Item, NotARequest, sealed};

/// The members of a message that are read; the rest is kept for this dialect.
const KNOWN: &[&str] = &[
    "role",
    "content",
    "refusal",
    "tool_calls",
    "tool_call_id",
    "reasoning_content",
    "reasoning",
    "reasoning_details",
    // What the SDKs send back of an answer and no request needs.
    "annotations",
    "audio",
    "function_call",
];

/// The text of a system message that is nothing but text.
pub(super) fn instructions(message: &Fields<'_>) -> Option<String> {
    let is_system = message.string("role").as_deref() == Some("system");
    let is_plain = is_system && message.rest(KNOWN).is_none();
    message.string("content").filter(|_| is_plain)
}

/// The items that a message stands for.
pub(super) fn items(message: &Fields<'_>) -> Result<Vec<Item>, NotARequest> {
    let role = message.string("role").unwrap_or_default();
    match role.as_str() {
        "user" | "system" | "developer" => {
            let content = content(&role, message)?;
            let item = parts::message(&role, &content);
            let extras = message.rest(KNOWN);
            Ok(vec![parts::item(item.raw_some(CHAT, extras.as_deref()))])
        }
        "assistant" => assistant(message),
        "tool" => Ok(vec![output(message)?]),
        _ => Err(NotARequest::shape(format!(
            "there is no message of role {role:?}"
        ))),
    }
}

fn assistant(message: &Fields<'_>) -> Result<Vec<Item>, NotARequest> {
    let mut items = reasoning(message);
    let mut content = content("assistant", message)?;
    if let Some(refusal) = message.string("refusal") {
        let part = Object::of_type("refusal").put("refusal", refusal);
        content.push(part.end());
    }
    let has_calls = message
        .json("tool_calls")
        .is_some_and(|calls| calls != "[]");
    // An empty text beside calls says nothing; alone it is an empty answer.
    let says_nothing_else = !has_calls && items.is_empty();
    if !content.is_empty() || says_nothing_else {
        let extras = message.rest(KNOWN);
        let item = parts::message("assistant", &content);
        items.push(parts::item(item.raw_some(CHAT, extras.as_deref())));
    }
    for call in message.objects("tool_calls") {
        let function = call.object("function").ok_or_else(|| {
            let kind = call.string("type").unwrap_or_default();
            CannotCarry::new(
                format!("a tool call of type {kind:?}"),
                "only function tools are known",
            )
        })?;
        let arguments = function.json("arguments").unwrap_or("\"{}\"");
        let text = serde_json::from_str::<String>(arguments);
        let item = parts::call(
            &call.text("id").unwrap_or_default(),
            &function.string("name").unwrap_or_default(),
            text.as_deref().unwrap_or(arguments),
        );
        let extras = call.rest(&["id", "type", "index", "function"]);
        items.push(parts::item(item.raw_some(CHAT, extras.as_deref())));
    }
    Ok(items)
}

/// The reasoning that a client kept and sends back: ours comes out as it was.
fn reasoning(message: &Fields<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    let mut own = Object::new();
    let mut details = Vec::new();
    for detail in message.objects(DETAILS) {
        match detail.string("data").and_then(|data| sealed::unseal(&data)) {
            Some(item) => items.push(item),
            None => details.extend(detail.rest(&[])),
        }
    }
    let field = REASONING.iter().find_map(|name| {
        let text = message.string(name)?;
        (!text.is_empty()).then_some((name, text))
    });
    if let Some((name, text)) = &field {
        own = own.put(name, text);
    }
    // What was sealed has its text with it.
    let has_own = !details.is_empty() || (field.is_some() && items.is_empty());
    if has_own {
        if !details.is_empty() {
            own = own.list(DETAILS, &details);
        }
        let text = field.map_or(String::new(), |(_, text)| text);
        items.push(parts::item(parts::reasoning(&text).raw(CHAT, &own.end())));
    }
    items
}

fn output(message: &Fields<'_>) -> Result<Item, NotARequest> {
    let item = parts::begin("function_call_output")
        .put("call_id", message.text("tool_call_id").unwrap_or_default());
    let item = match message.json("content") {
        Some(list) if list.starts_with('[') => item.list("output", &content("tool", message)?),
        Some(text) => item.raw("output", text),
        None => item.put("output", ""),
    };
    let extras = message.rest(KNOWN);
    Ok(parts::item(item.raw_some(CHAT, extras.as_deref())))
}

/// The parts of a message's content, in the shape of items.
fn content(role: &str, message: &Fields<'_>) -> Result<Vec<String>, NotARequest> {
    match message.json("content") {
        None => Ok(Vec::new()),
        Some(json) if json.starts_with('[') => {
            let parts = message.objects("content");
            parts.iter().map(|each| part(role, each)).collect()
        }
        Some(json) => {
            let text: String = serde_json::from_str(json)
                .map_err(|_| NotARequest::shape("`content` is neither text nor parts"))?;
            let is_empty = text.is_empty() && role == "assistant";
            let part = || parts::text_part(role, &text).end();
            Ok(if is_empty { vec![] } else { vec![part()] })
        }
    }
}

fn part(role: &str, part: &Fields<'_>) -> Result<String, NotARequest> {
    let kind = part.string("type").unwrap_or_default();
    let inner = part.object(&kind).unwrap_or_default();
    let text = |name: &str| inner.string(name);
    let object = match kind.as_str() {
        "text" => parts::text_part(role, &part.string("text").unwrap_or_default()),
        "refusal" => {
            Object::of_type("refusal").put("refusal", part.string("refusal").unwrap_or_default())
        }
        "image_url" => {
            // Some clients send the address itself where an object belongs.
            let url = text("url").or_else(|| part.string("image_url"));
            let url = url.ok_or_else(|| NotARequest::shape("an image has no address"))?;
            Object::of_type("input_image")
                .put("image_url", url)
                .put_some("detail", text("detail"))
        }
        "file" => Object::of_type("input_file")
            .put_some("filename", text("filename"))
            .put_some("file_data", text("file_data"))
            .put_some("file_id", text("file_id")),
        "input_audio" => {
            Object::of_type("input_audio").raw_some("input_audio", part.json("input_audio"))
        }
        // A part that only this dialect knows goes back as it came.
        _ => {
            let own = part.rest(&[]).unwrap_or_else(|| "{}".to_owned());
            return Ok(Object::of_type(CHAT).raw(CHAT, &own).end());
        }
    };
    let extras = part.rest(&[
        "type",
        "text",
        "refusal",
        "image_url",
        "file",
        "input_audio",
    ]);
    Ok(object.raw_some(CHAT, extras.as_deref()).end())
}
