//! Blocks of content as this dialect writes them.

use crate::CannotCarry;
use crate::cannot_carry::LeftOut;
use crate::fields::Fields;
use crate::json::Object;
use crate::parts::{CHAT, Content, ItemFields, MESSAGES, Part, Source};

/// One block, whole.
#[derive(Debug)]
pub(super) struct Block {
    json: String,
    /// Its text, if it is nothing but text.
    text: Option<String>,
    markable: bool,
    marked: bool,
}

const MARKER: &str = r#""cache_control":{"type":"ephemeral"}"#;

impl Block {
    pub(super) fn new(object: Object) -> Self {
        let json = object.end();
        Self {
            marked: json.contains(r#""cache_control":"#),
            json,
            text: None,
            markable: true,
        }
    }

    /// A block that goes back as it came, and cannot be marked.
    fn fixed(own: &Fields<'_>) -> Self {
        Self {
            markable: false,
            ..Self::new(Object::new().merge(Some(own)))
        }
    }

    pub(super) fn json(&self) -> &str {
        &self.json
    }

    pub(super) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub(super) fn is_marked(&self) -> bool {
        self.marked
    }

    pub(super) fn is_markable(&self) -> bool {
        self.markable
    }

    /// Marks the end of what shall be cached; tells whether it could be.
    pub(super) fn mark(&mut self) -> bool {
        if !self.markable || self.marked {
            return false;
        }
        let end = self.json.len().saturating_sub(1);
        let comma = if end > 1 { "," } else { "" };
        self.json.insert_str(end, &format!("{comma}{MARKER}"));
        self.text = None;
        self.marked = true;
        true
    }
}

/// A part of content; `None` if it says nothing, which this dialect refuses ("text content blocks
/// must be non-empty").
pub(super) fn part(part: &Part<'_>, left_out: &mut LeftOut) -> Result<Option<Block>, CannotCarry> {
    let own = part.extras(MESSAGES);
    let chat = part.extras(CHAT);
    if part.has_annotations() {
        left_out.note(
            "the sources of an answer",
            "this dialect names its own differently",
        );
    }
    let object = match &part.content {
        Content::Text(text) if text.trim().is_empty() => return Ok(None),
        Content::Text(text) => Object::of_type("text").put("text", text),
        Content::Refusal(text) if text.trim().is_empty() => return Ok(None),
        Content::Refusal(text) => {
            left_out.note(
                "the mark of a refusal",
                "this dialect has plain text for it",
            );
            Object::of_type("text").put("text", text)
        }
        Content::Image(at) => Object::of_type("image").raw("source", &source(at)),
        Content::File(at, name) => Object::of_type("document")
            .raw("source", &source(at))
            .put_some("title", name.as_deref()),
        Content::Audio { .. } => {
            return Err(CannotCarry::new(
                "sound",
                "this dialect has no place for it",
            ));
        }
        Content::Foreign => match &own {
            Some(own) => return Ok(Some(Block::new(Object::new().merge(Some(own))))),
            None => {
                let kind = chat.and_then(|chat| chat.string("type"));
                let what = format!("content of type {:?}", kind.unwrap_or_default());
                let why = "only the Chat Completions dialect has it";
                return Err(CannotCarry::new(what, why));
            }
        },
        Content::Unknown(what) => {
            let why = "only the Responses dialect knows what it means";
            return Err(CannotCarry::new(what.clone(), why));
        }
    };
    let marker = chat.as_ref().and_then(|chat| chat.json("cache_control"));
    let others = chat
        .as_ref()
        .filter(|chat| chat.rest(&["cache_control"]).is_some());
    left_out.note_foreign(CHAT, others);
    let text = match &part.content {
        Content::Text(text) if own.is_none() && marker.is_none() => Some(text.clone()),
        _ => None,
    };
    let object = object.merge(own.as_ref()).raw_some("cache_control", marker);
    Ok(Some(Block {
        text,
        ..Block::new(object)
    }))
}

/// A call, whose input is the arguments' own text.
pub(super) fn tool_use(item: &ItemFields<'_>, id: &str, left_out: &mut LeftOut) -> Block {
    let arguments = item.arguments();
    let input = match arguments.trim() {
        "" => "{}".to_owned(),
        text if Fields::of(text.as_bytes()).is_some() => text.to_owned(),
        text => {
            left_out.note(
                "tool arguments that are no JSON object",
                "this dialect wants one; they are sent as its member `arguments`",
            );
            Object::new().put("arguments", text).end()
        }
    };
    left_out.note_foreign(CHAT, item.extras(CHAT).as_ref());
    let block = Object::of_type("tool_use")
        .put("id", id)
        .put("name", item.text("name"))
        .raw("input", &input);
    Block::new(block.merge(item.extras(MESSAGES).as_ref()))
}

pub(super) fn tool_result(
    item: &ItemFields<'_>,
    id: &str,
    left_out: &mut LeftOut,
) -> Result<Block, CannotCarry> {
    left_out.note_foreign(CHAT, item.extras(CHAT).as_ref());
    let mut blocks = Vec::new();
    for each in item.output() {
        blocks.extend(part(&each, left_out)?);
    }
    let block = Object::of_type("tool_result").put("tool_use_id", id);
    let plain = match blocks.as_slice() {
        [] => Some(""),
        [only] => only.text(),
        _ => None,
    };
    let block = match plain {
        Some(text) => block.put("content", text),
        None => {
            let blocks: Vec<String> = blocks.into_iter().map(|block| block.json).collect();
            block.list("content", &blocks)
        }
    };
    Ok(Block::new(block.merge(item.extras(MESSAGES).as_ref())))
}

/// A block of this dialect alone: thinking, or what one of the vendor's own tools did. It must go
/// back unchanged.
pub(super) fn own(item: &ItemFields<'_>) -> Option<Block> {
    item.extras(MESSAGES).as_ref().map(Block::fixed)
}

fn source(source: &Source) -> String {
    match source {
        Source::Url(url) => Object::of_type("url").put("url", url).end(),
        Source::Data { media_type, base64 } => Object::of_type("base64")
            .put("media_type", media_type)
            .put("data", base64)
            .end(),
        Source::FileId(id) => Object::of_type("file").put("file_id", id).end(),
    }
}
