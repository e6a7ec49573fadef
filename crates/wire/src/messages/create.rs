//! A request as a server reads it: the body of `POST …/messages`.

use super::{from_block, thinking};
use crate::fields::Fields;
use crate::parts;
use crate::{
    CannotCarry, Generation, Item, ModelRequest, NotARequest, TextFormat, ToolChoice,
    ToolDefinition,
};

/// What a client asks for.
#[derive(Clone, Debug, Default)]
pub struct CreateRequest {
    /// What the model shall do.
    pub request: ModelRequest,
    /// Whether the answer shall be streamed.
    pub stream: bool,
    /// What was asked for and is left out: hints that no other dialect has.
    pub left_out: Vec<CannotCarry>,
}

/// The fields that are read.
const READ: &[&str] = &[
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "max_tokens",
    "temperature",
    "top_p",
    "stop_sequences",
    "thinking",
    "output_config",
    "stream",
];

impl CreateRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// [`NotARequest`] if it is none, or asks for what cannot be passed on.
    pub fn parse(body: &[u8]) -> Result<Self, NotARequest> {
        let fields = Fields::of(body).ok_or_else(|| NotARequest::no_object(body))?;
        for (name, what) in [
            ("mcp_servers", "MCP servers of the provider's own"),
            ("container", "a container of the provider's own"),
        ] {
            if fields.json(name).is_some_and(|json| json != "[]") {
                let why = "only the provider's own end point has it";
                return Err(CannotCarry::new(what, why).into());
            }
        }
        let (instructions, mut input) = system(&fields);
        let messages = fields.json("messages").filter(|json| json.starts_with('['));
        messages.ok_or_else(|| NotARequest::shape("`messages` is missing or is no list"))?;
        for (at, message) in fields.list("messages").into_iter().enumerate() {
            let message = Fields::of(message.get().as_bytes());
            let message = message
                .ok_or_else(|| NotARequest::shape(format!("messages[{at}] is not an object")))?;
            input.extend(items(&message)?);
        }
        let request = ModelRequest {
            model: fields.string("model").unwrap_or_default(),
            instructions,
            input,
            tools: tools(&fields)?,
            reasoning: thinking::read(&fields),
            cache_key: None,
            max_output_tokens: fields.whole("max_tokens"),
            generation: generation(&fields),
        };
        Ok(Self {
            request,
            stream: fields.read("stream").unwrap_or(false),
            left_out: left_out(&fields),
        })
    }
}

fn left_out(fields: &Fields<'_>) -> Vec<CannotCarry> {
    let unread = fields.iter().filter(|(name, _)| !READ.contains(name));
    let mut left_out: Vec<CannotCarry> = unread
        .map(|(name, _)| CannotCarry::new(format!("`{name}`"), "no other dialect has it"))
        .collect();
    let tools = fields.objects("tools");
    if tools
        .iter()
        .any(|tool| tool.json("cache_control").is_some())
    {
        let why = "they are set anew where a provider wants them";
        left_out.push(CannotCarry::new("cache markers of tools", why));
    }
    left_out
}

/// One plain text is the instructions; several, or marked ones, are a first message.
fn system(fields: &Fields<'_>) -> (String, Vec<Item>) {
    if let Some(text) = fields.string("system") {
        return (text, Vec::new());
    }
    let blocks = fields.objects("system");
    match blocks.as_slice() {
        [] => (String::new(), Vec::new()),
        [only] if only.rest(&["type", "text"]).is_none() => {
            (only.string("text").unwrap_or_default(), Vec::new())
        }
        blocks => {
            let parts: Vec<String> = blocks
                .iter()
                .map(|b| from_block::part("system", b))
                .collect();
            let first = parts::item(parts::message("system", &parts));
            (String::new(), vec![first])
        }
    }
}

/// The items that a message stands for.
fn items(message: &Fields<'_>) -> Result<Vec<Item>, NotARequest> {
    let role = message.string("role").unwrap_or_default();
    if !matches!(role.as_str(), "user" | "assistant" | "system") {
        let what = format!("there is no message of role {role:?}");
        return Err(NotARequest::shape(what));
    }
    if let Some(text) = message.string("content") {
        let part = parts::text_part(&role, &text).end();
        return Ok(vec![parts::item(parts::message(&role, &[part]))]);
    }
    let is_list = message
        .json("content")
        .is_some_and(|json| json.starts_with('['));
    if !is_list {
        let what = "`content` is neither text nor blocks";
        return Err(NotARequest::shape(what));
    }
    let mut items = Vec::new();
    let mut said = Vec::new();
    for block in message.objects("content") {
        let item = match (role.as_str(), block.string("type").as_deref()) {
            ("user", Some("tool_result")) => from_block::result(&block),
            ("assistant", Some(kind)) if kind != "text" => from_block::assistant(&block),
            _ => {
                said.push(from_block::part(&role, &block));
                continue;
            }
        };
        finish(&role, &mut said, &mut items);
        items.push(item);
    }
    finish(&role, &mut said, &mut items);
    Ok(items)
}

fn finish(role: &str, said: &mut Vec<String>, items: &mut Vec<Item>) {
    if !said.is_empty() {
        items.push(parts::item(parts::message(role, &std::mem::take(said))));
    }
}

fn tools(fields: &Fields<'_>) -> Result<Vec<ToolDefinition>, NotARequest> {
    let tools = fields.objects("tools").into_iter();
    tools
        .map(|tool| {
            let kind = tool.string("type").unwrap_or_else(|| "custom".to_owned());
            if kind != "custom" {
                let what = format!("a tool of type {kind:?}");
                return Err(CannotCarry::new(what, "it runs at its provider alone").into());
            }
            let name = tool.string("name").filter(|name| !name.is_empty());
            Ok(ToolDefinition {
                name: name.ok_or_else(|| NotARequest::shape("a tool has no name"))?,
                description: tool.string("description").unwrap_or_default(),
                parameters: tool.read("input_schema").unwrap_or_default(),
            })
        })
        .collect()
}

fn generation(fields: &Fields<'_>) -> Generation {
    let choice = fields.object("tool_choice").unwrap_or_default();
    let serial: Option<bool> = choice.read("disable_parallel_tool_use");
    let format = fields
        .object("output_config")
        .and_then(|config| config.object("format"));
    Generation {
        tool_choice: match choice.string("type").as_deref() {
            Some("auto") => Some(ToolChoice::Auto),
            Some("none") => Some(ToolChoice::Never),
            Some("any") => Some(ToolChoice::Required),
            Some("tool") => choice.string("name").map(ToolChoice::Function),
            _ => None,
        },
        parallel_tool_calls: serial.map(|serial| !serial),
        temperature: fields.number("temperature"),
        top_p: fields.number("top_p"),
        stop: fields.read("stop_sequences").unwrap_or_default(),
        format: format.map(|format| TextFormat::JsonSchema {
            // The other dialects want a name, and this one has none.
            name: "answer".to_owned(),
            schema: format.read("schema").unwrap_or_default(),
            strict: Some(true),
        }),
    }
}
