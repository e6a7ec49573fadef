//! What an item is made of, part by part, for those who say it in another dialect.
//!
//! An item is in the Responses shape. What only another dialect knows of it (a cache marker, a
//! signature, a field of tomorrow) is in a member named for that dialect, [`CHAT`] or [`MESSAGES`],
//! on the item or on a part; it goes back into that dialect unchanged, and into no other.

use crate::fields::Fields;
use crate::json::Object;
use crate::{Item, Place};

/// The member that holds what only the Chat Completions dialect knows.
pub(crate) const CHAT: &str = "x_chat";
/// The member that holds what only the Messages dialect knows.
pub(crate) const MESSAGES: &str = "x_messages";

/// One item, its fields read one by one.
#[derive(Debug)]
pub(crate) struct ItemFields<'a> {
    fields: Fields<'a>,
    place: Place,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// From the user.
    User,
    /// From the model.
    Assistant,
    /// Instructions, from `system` or `developer`.
    System,
    Call,
    Output,
    Reasoning,
    /// Something that the provider's own tools did, of use to that provider alone.
    ProviderBound,
    /// Anything else: its meaning cannot be said in another dialect.
    Unknown,
}

/// A part of a message's or an output's content.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    pub(crate) content: Content,
    fields: Fields<'a>,
}

/// What a part says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Text(String),
    Refusal(String),
    /// An address, which may be a `data:` one, or a file's id.
    Image(Source),
    File(Source, Option<String>),
    Audio {
        data: String,
        format: String,
    },
    /// A part that only one dialect knows.
    Foreign,
    Unknown(String),
}

/// Where an image or a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Url(String),
    /// `data:TYPE;base64,…`, taken apart.
    Data {
        media_type: String,
        base64: String,
    },
    FileId(String),
}

/// Items of the provider's own tools (OpenAI Responses API reference, output items).
const OWN_TOOLS: &[&str] = &[
    "code_interpreter_call",
    "computer_call",
    "file_search_call",
    "image_generation_call",
    "mcp_list_tools",
    "tool_search_call",
    "tool_search_output",
    "web_search_call",
];

impl<'a> ItemFields<'a> {
    pub(crate) fn of(item: &'a Item) -> Self {
        Self {
            fields: Fields::of(item.json().as_bytes()).unwrap_or_default(),
            place: Place::Unknown,
        }
    }

    /// The same, known to be the item `at` of an input.
    pub(crate) fn in_input(self, at: usize) -> Self {
        Self {
            place: Place::Item(at),
            ..self
        }
    }

    /// Where in the input it stands.
    pub(crate) fn place(&self) -> Place {
        self.place.clone()
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.kind_name().as_str() {
            "message" | "" => match self.role().as_str() {
                "user" => Kind::User,
                "assistant" => Kind::Assistant,
                "system" | "developer" => Kind::System,
                _ => Kind::Unknown,
            },
            "function_call" => Kind::Call,
            "function_call_output" => Kind::Output,
            "reasoning" => Kind::Reasoning,
            CHAT | MESSAGES => Kind::ProviderBound,
            name if OWN_TOOLS.contains(&name) => Kind::ProviderBound,
            _ => Kind::Unknown,
        }
    }

    pub(crate) fn kind_name(&self) -> String {
        self.fields.string("type").unwrap_or_default()
    }

    pub(crate) fn role(&self) -> String {
        self.fields.string("role").unwrap_or_default()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.fields.text(name).unwrap_or_default()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.json(name).is_some()
    }

    /// A call's arguments: JSON text, also where a provider sent the JSON itself.
    pub(crate) fn arguments(&self) -> String {
        let json = self.fields.json("arguments").unwrap_or("\"\"");
        serde_json::from_str(json).unwrap_or_else(|_| json.to_owned())
    }

    /// What only `dialect` knows of the item.
    pub(crate) fn extras(&self, dialect: &str) -> Option<Fields<'a>> {
        self.fields.object(dialect)
    }

    /// A message's content.
    pub(crate) fn content(&self) -> Vec<Part<'a>> {
        self.parts("content")
    }

    /// A tool output's content.
    pub(crate) fn output(&self) -> Vec<Part<'a>> {
        self.parts("output")
    }

    /// The readable reasoning.
    pub(crate) fn reasoning(&self) -> String {
        let texts = |name| {
            let parts = self.fields.objects(name).into_iter();
            parts
                .filter_map(|part| part.string("text"))
                .collect::<String>()
        };
        let summary = texts("summary");
        match summary.is_empty() {
            true => texts("content"),
            false => summary,
        }
    }

    /// A string is one text; a list is its objects; any other JSON is the text it is written as.
    fn parts(&self, name: &str) -> Vec<Part<'a>> {
        let Some(json) = self.fields.json(name) else {
            return Vec::new();
        };
        if json.starts_with('[') {
            return self
                .fields
                .objects(name)
                .into_iter()
                .map(Part::of)
                .collect();
        }
        let text = serde_json::from_str(json).unwrap_or_else(|_| json.to_owned());
        vec![Part {
            content: Content::Text(text),
            fields: Fields::default(),
        }]
    }
}

impl<'a> Part<'a> {
    fn of(fields: Fields<'a>) -> Self {
        let text = |name| fields.string(name).unwrap_or_default();
        let kind = text("type");
        let content = match kind.as_str() {
            "input_text" | "output_text" | "text" => Content::Text(text("text")),
            "refusal" => Content::Refusal(text("refusal")),
            "input_image" => source(&fields, "image_url", None).map_or_else(
                || Content::Unknown("an image without an address".to_owned()),
                Content::Image,
            ),
            "input_file" => source(&fields, "file_url", Some("file_data")).map_or_else(
                || Content::Unknown("a file without content".to_owned()),
                |source| Content::File(source, fields.string("filename")),
            ),
            "input_audio" => {
                let audio = fields.object("input_audio").unwrap_or_default();
                Content::Audio {
                    data: audio.string("data").unwrap_or_default(),
                    format: audio.string("format").unwrap_or_default(),
                }
            }
            CHAT | MESSAGES => Content::Foreign,
            _ => Content::Unknown(format!("content of type {kind:?}")),
        };
        Self { content, fields }
    }

    /// What only `dialect` knows of the part.
    pub(crate) fn extras(&self, dialect: &str) -> Option<Fields<'a>> {
        self.fields.object(dialect)
    }

    /// All members of the part.
    pub(crate) fn fields(&self) -> &Fields<'a> {
        &self.fields
    }

    /// How closely an image shall be looked at.
    pub(crate) fn detail(&self) -> Option<String> {
        self.fields.string("detail")
    }

    /// The sources that the text names, as Chat Completions nests them.
    pub(crate) fn annotations(&self) -> Vec<String> {
        let sources = self.fields.objects("annotations");
        let nested = sources.iter().filter_map(|source| {
            let kind = source.string("type")?;
            let inner = source.rest(&["type"])?;
            Some(Object::of_type(&kind).raw(&kind, &inner).end())
        });
        nested.collect()
    }

    /// Whether the text names its sources.
    pub(crate) fn has_annotations(&self) -> bool {
        !self.fields.list("annotations").is_empty()
    }
}

fn source(fields: &Fields<'_>, url: &str, data: Option<&str>) -> Option<Source> {
    let data = data.and_then(|name| fields.string(name));
    let address = data.or_else(|| fields.string(url));
    match address {
        Some(address) => Some(Source::at(address)),
        None => fields.string("file_id").map(Source::FileId),
    }
}

impl Source {
    /// An address, taken apart if it is a `data:` one in base64 (RFC 2397).
    pub(crate) fn at(address: String) -> Self {
        let data = address
            .strip_prefix("data:")
            .and_then(|rest| rest.split_once(";base64,"));
        match data {
            Some((media_type, base64)) => Self::Data {
                media_type: media_type.to_owned(),
                base64: base64.to_owned(),
            },
            None => Self::Url(address),
        }
    }
}

/// Writes an item of `kind` in the Responses shape, to be finished by [`item`].
pub(crate) fn begin(kind: &str) -> Object {
    Object::of_type(kind)
}

/// The item that was written.
pub(crate) fn item(object: Object) -> Item {
    Item::written(&object.end())
}

/// A message of these parts.
pub(crate) fn message(role: &str, parts: &[String]) -> Object {
    begin("message").put("role", role).list("content", parts)
}

/// A part of text, as its role's messages have it.
pub(crate) fn text_part(role: &str, text: &str) -> Object {
    let kind = match role {
        "assistant" => "output_text",
        _ => "input_text",
    };
    Object::of_type(kind).put("text", text)
}

/// A tool call.
pub(crate) fn call(call_id: &str, name: &str, arguments: &str) -> Object {
    begin("function_call")
        .put("call_id", call_id)
        .put("name", name)
        .put("arguments", arguments)
}

/// Reasoning with a readable text, which may be empty.
pub(crate) fn reasoning(text: &str) -> Object {
    let part = Object::of_type("summary_text").put("text", text).end();
    let parts = if text.is_empty() { vec![] } else { vec![part] };
    begin("reasoning").list("summary", &parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(json: &str) -> Item {
        Item::parse(json).unwrap()
    }

    #[test]
    fn every_item_has_its_kind() {
        let table = [
            (r#"{"role":"user"}"#, Kind::User),
            (r#"{"type":"message","role":"assistant"}"#, Kind::Assistant),
            (r#"{"type":"message","role":"developer"}"#, Kind::System),
            (r#"{"type":"message","role":"tool"}"#, Kind::Unknown),
            (r#"{"type":"function_call"}"#, Kind::Call),
            (r#"{"type":"function_call_output"}"#, Kind::Output),
            (r#"{"type":"reasoning"}"#, Kind::Reasoning),
            (r#"{"type":"web_search_call"}"#, Kind::ProviderBound),
            (r#"{"type":"x_messages"}"#, Kind::ProviderBound),
            (r#"{"type":"item_reference"}"#, Kind::Unknown),
            (r#"{"type":7}"#, Kind::Unknown),
        ];
        for (json, kind) in table {
            assert_eq!(ItemFields::of(&item(json)).kind(), kind, "{json}");
        }
    }

    #[test]
    fn content_is_read_part_by_part() {
        let message = item(
            r#"{"role":"user","content":[{"type":"input_text","text":"a","x_chat":{"k":1}},
            {"type":"input_image","image_url":"data:image/png;base64,QUJD","detail":"low"},
            {"type":"input_image","file_id":"f"},{"type":"input_file","file_data":"data:application/pdf;base64,QQ==","filename":"n"},
            {"type":"tomorrow"},7]}"#,
        );
        let fields = ItemFields::of(&message);
        let parts = fields.content();
        assert_eq!(parts[0].content, Content::Text("a".to_owned()));
        assert!(parts[0].extras(CHAT).is_some() && parts[0].extras(MESSAGES).is_none());
        let png = Source::Data {
            media_type: "image/png".to_owned(),
            base64: "QUJD".to_owned(),
        };
        assert_eq!(parts[1].content, Content::Image(png));
        assert_eq!(parts[1].detail().as_deref(), Some("low"));
        assert_eq!(
            parts[2].content,
            Content::Image(Source::FileId("f".to_owned()))
        );
        assert!(
            matches!(&parts[3].content, Content::File(Source::Data { .. }, Some(n)) if n == "n")
        );
        assert!(matches!(parts[4].content, Content::Unknown(_)));
        assert_eq!(parts.len(), 5);
    }

    #[test]
    fn an_output_may_be_text_parts_or_other_json() {
        for (output, text) in [(r#""a""#, "a"), (r#"{"n":1e2}"#, r#"{"n":1e2}"#)] {
            let json = format!(r#"{{"type":"function_call_output","output":{output}}}"#);
            let item = item(&json);
            let parts = ItemFields::of(&item).output();
            assert_eq!(parts[0].content, Content::Text(text.to_owned()));
        }
    }
}
