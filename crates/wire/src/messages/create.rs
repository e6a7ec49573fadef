//! A request as a server reads it: the body of `POST …/messages`.

use super::{from_block, thinking};
use crate::cannot_carry::LeftOut;
use crate::client_request::{function_tool, unknown_choice, unknown_variant};
use crate::fields::Fields;
use crate::parts;
use crate::{
    CannotCarry, ClientRequest, Generation, Item, ModelRequest, NotARequest, Place, TextFormat,
    ToolChoice, ToolDefinition,
};

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

/// Reads a body.
///
/// # Errors
/// [`NotARequest`] if it is none, or asks for what cannot be passed on.
pub(crate) fn read(body: &[u8]) -> Result<ClientRequest, NotARequest> {
    let fields = Fields::of(body).ok_or_else(|| NotARequest::no_object(body))?;
    for (name, what) in [
        ("mcp_servers", "MCP servers of the provider's own"),
        ("container", "a container of the provider's own"),
    ] {
        if fields.json(name).is_some_and(|json| json != "[]") {
            let why = "only the provider's own end point has it";
            let refused = CannotCarry::new(what, why);
            return Err(refused.at(Place::Param(name.to_owned())).into());
        }
    }
    let mut left_out = LeftOut::default();
    left_out.note_unread(&fields, READ);
    let (instructions, system) = system(&fields)?;
    let mut client = ClientRequest::new(ModelRequest {
        model: fields.string("model").unwrap_or_default(),
        instructions,
        tools: tools(&fields, &mut left_out)?,
        reasoning: thinking::read(&fields)?,
        max_output_tokens: fields.said_whole("max_tokens")?,
        generation: generation(&fields)?,
        ..ModelRequest::default()
    });
    client.extend(system, "system");
    for (at, message) in fields.required_list("messages")?.into_iter().enumerate() {
        let place = format!("messages[{at}]");
        let message = Fields::of(message.get().as_bytes())
            .ok_or_else(|| NotARequest::shape("a message is not an object").at(&place))?;
        let items = items(&message).map_err(|error| error.at(&place))?;
        client.extend(items, &place);
    }
    Ok(ClientRequest {
        stream: fields.read("stream").unwrap_or(false),
        include_usage: true,
        left_out: left_out.into_list(),
        ..client
    })
}

/// One plain text is the instructions; several, or marked ones, are a first message.
fn system(fields: &Fields<'_>) -> Result<(String, Vec<Item>), NotARequest> {
    if let Some(text) = fields.string("system") {
        return Ok((text, Vec::new()));
    }
    let blocks = fields.said_objects("system")?;
    Ok(match blocks.as_slice() {
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
    })
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

fn tools(fields: &Fields<'_>, left_out: &mut LeftOut) -> Result<Vec<ToolDefinition>, NotARequest> {
    let mut tools = Vec::new();
    for (at, tool) in fields.said_objects("tools")?.into_iter().enumerate() {
        let place = || format!("tools[{at}]");
        let kind = tool.string("type").unwrap_or_else(|| "custom".to_owned());
        if kind != "custom" {
            let what = format!("a tool of type {kind:?}");
            let refused = CannotCarry::new(what, "it runs at its provider alone");
            return Err(refused.at(Place::Param(place())).into());
        }
        if tool.json("cache_control").is_some() {
            let why = "they are set anew where a provider wants them";
            left_out.note("cache markers of tools", why);
        }
        tools.push(function_tool(&tool, "input_schema", left_out).map_err(|e| e.at(place()))?);
    }
    Ok(tools)
}

fn generation(fields: &Fields<'_>) -> Result<Generation, NotARequest> {
    let choice = fields.said_object("tool_choice")?.unwrap_or_default();
    let serial = choice.said_flag("disable_parallel_tool_use");
    Ok(Generation {
        tool_choice: tool_choice(fields, &choice)?,
        parallel_tool_calls: serial
            .map_err(|e| e.at("tool_choice"))?
            .map(|serial| !serial),
        temperature: fields.said_number("temperature")?,
        top_p: fields.said_number("top_p")?,
        stop: fields.said_texts("stop_sequences", "a list of texts")?,
        format: format(fields)?,
    })
}

fn tool_choice(
    fields: &Fields<'_>,
    choice: &Fields<'_>,
) -> Result<Option<ToolChoice>, NotARequest> {
    let Some(json) = fields.json("tool_choice") else {
        return Ok(None);
    };
    match choice.string("type").as_deref() {
        Some("auto") => Ok(Some(ToolChoice::Auto)),
        Some("none") => Ok(Some(ToolChoice::Never)),
        Some("any") => Ok(Some(ToolChoice::Required)),
        Some("tool") => {
            let name = choice.string("name").map(ToolChoice::Function);
            let none = || NotARequest::shape("the tool choice has no name").at("tool_choice");
            name.map(Some).ok_or_else(none)
        }
        _ => Err(unknown_choice(json)),
    }
}

fn format(fields: &Fields<'_>) -> Result<Option<TextFormat>, NotARequest> {
    let config = fields.said_object("output_config")?.unwrap_or_default();
    let format = config.said_object("format");
    let Some(format) = format.map_err(|e| e.at("output_config"))? else {
        return Ok(None);
    };
    let kind = format.string("type").unwrap_or_default();
    if kind != "json_schema" {
        let kind: String = kind.chars().take(60).collect();
        let what = format!("an answer of format {kind:?}");
        return Err(unknown_variant(what, "output_config.format"));
    }
    let schema = format.said_schema("schema");
    Ok(Some(TextFormat::JsonSchema {
        // The other dialects want a name, and this one has none.
        name: "answer".to_owned(),
        schema: schema.map_err(|e| e.at("output_config.format"))?,
        strict: Some(true),
    }))
}
