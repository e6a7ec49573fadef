//! A client's request, read in full for a provider that speaks another dialect.
//!
//! Where the provider speaks the client's own dialect nothing of this is needed: the request is
//! passed on as it is (`pass`).

use crate::cannot_carry::LeftOut;
use crate::fields::Fields;
use crate::{
    CannotCarry, Dialect, Item, ModelRequest, NotARequest, Place, TextFormat, ToolChoice,
    ToolDefinition, chat, messages, responses,
};

/// What a client asks for.
#[derive(Clone, Debug, Default)]
pub struct ClientRequest {
    /// What the model shall do.
    pub request: ModelRequest,
    /// Whether the answer shall be streamed.
    pub stream: bool,
    /// Whether a stream shall end with its usage; false only where Chat Completions does not ask.
    pub include_usage: bool,
    /// What was asked for and is left out: hints that no other dialect has.
    pub left_out: Vec<CannotCarry>,
    /// Where each item of the input came from.
    pub(crate) places: Vec<String>,
}

impl Dialect {
    /// Reads a client's request in this dialect; over WebSocket, the frame.
    ///
    /// # Errors
    /// [`NotARequest`] if it is none, or asks for what only this dialect can say.
    pub fn read(self, body: &[u8]) -> Result<ClientRequest, NotARequest> {
        match self {
            Self::Responses => responses::read(body),
            Self::Chat => chat::read(body),
            Self::Messages => messages::read_request(body),
        }
    }
}

impl ClientRequest {
    pub(crate) fn new(request: ModelRequest) -> Self {
        Self {
            request,
            ..Self::default()
        }
    }

    /// Appends the items that the client's parameter `place` stands for.
    pub(crate) fn extend(&mut self, items: impl IntoIterator<Item = Item>, place: &str) {
        self.request.input.extend(items);
        self.places
            .resize(self.request.input.len(), place.to_owned());
    }

    /// The client's own parameter that holds what a provider's dialect cannot carry.
    #[must_use]
    pub fn param(&self, refused: &CannotCarry) -> Option<String> {
        match &refused.place {
            Place::Item(at) => self.places.get(*at).cloned(),
            Place::Param(path) => Some(path.clone()),
            Place::Unknown => None,
        }
    }
}

/// A function's definition, its schema under `schema`.
pub(crate) fn function_tool(
    function: &Fields<'_>,
    schema: &str,
    left_out: &mut LeftOut,
) -> Result<ToolDefinition, NotARequest> {
    if function.read("strict") == Some(true) {
        let why = "not every provider enforces them";
        left_out.note("strict schemas of tools", why);
    }
    let name = function.string("name").filter(|name| !name.is_empty());
    Ok(ToolDefinition {
        name: name.ok_or_else(|| NotARequest::shape("a tool has no name").at("name"))?,
        description: function.string("description").unwrap_or_default(),
        parameters: function.said_schema(schema)?,
    })
}

/// `tool_choice` as the vendor's two dialects say it: a word, or an object that names a function.
pub(crate) fn choice_by_word(
    request: &Fields<'_>,
    name: impl Fn(&Fields<'_>) -> Option<String>,
) -> Result<Option<ToolChoice>, NotARequest> {
    let Some(json) = request.json("tool_choice") else {
        return Ok(None);
    };
    let choice = match request.string("tool_choice").as_deref() {
        Some("auto") => Some(ToolChoice::Auto),
        Some("none") => Some(ToolChoice::Never),
        Some("required") => Some(ToolChoice::Required),
        _ => request
            .object("tool_choice")
            .and_then(|choice| name(&choice))
            .map(ToolChoice::Function),
    };
    choice.map(Some).ok_or_else(|| unknown_choice(json))
}

/// A tool choice that no other dialect has.
pub(crate) fn unknown_choice(json: &str) -> NotARequest {
    let choice: String = json.chars().take(60).collect();
    unknown_variant(format!("the tool choice {choice}"), "tool_choice")
}

/// A variant that no other dialect has, of the parameter `param`.
pub(crate) fn unknown_variant(what: String, param: &str) -> NotARequest {
    let refused = CannotCarry::new(what, "no other dialect has it");
    refused.at(Place::Param(param.to_owned())).into()
}

/// The shape of an answer, as the parameter `param` of the vendor's two dialects says it; `schema` holds
/// what belongs to a schema.
pub(crate) fn text_format(
    format: &Fields<'_>,
    schema: Option<&Fields<'_>>,
    param: &str,
) -> Result<Option<TextFormat>, NotARequest> {
    match (format.string("type").as_deref(), schema) {
        (Some("text"), _) => Ok(None),
        (Some("json_object"), _) => Ok(Some(TextFormat::JsonObject)),
        (Some("json_schema"), Some(schema)) => Ok(Some(TextFormat::JsonSchema {
            name: schema.string("name").unwrap_or_default(),
            schema: schema.said_schema("schema").map_err(|e| e.at(param))?,
            strict: schema.read("strict"),
        })),
        (Some("json_schema"), None) => Err(NotARequest::shape("it has no schema").at(param)),
        (Some(kind), _) => {
            let kind: String = kind.chars().take(60).collect();
            let what = format!("an answer of format {kind:?}");
            Err(unknown_variant(what, param))
        }
        (None, _) => Err(NotARequest::shape(format!("`{param}` has no type")).at(param)),
    }
}
