//! A model request as the body of `POST …/messages` (Anthropic API reference, "Create a Message").

use super::block::Block;
use super::conversation::{Conversation, Message, Said};
use super::quirks::Quirks;
use super::thinking;
use crate::cannot_carry::LeftOut;
use crate::json::Object;
use crate::{CannotCarry, EncodedBody, ModelRequest, TextFormat, ToolChoice, ToolDefinition};

/// Most markers in one request (Anthropic docs, "Prompt caching").
const MARKERS: usize = 4;

/// Encodes a request for a streamed answer.
///
/// # Errors
/// [`CannotCarry`] if the request says something that this dialect cannot.
pub fn encode(request: &ModelRequest, quirks: &Quirks) -> Result<EncodedBody, CannotCarry> {
    let mut left_out = LeftOut::default();
    let mut said = Conversation::new(request, quirks, &mut left_out).said()?;
    let mut tools: Vec<Block> = request.tools.iter().map(tool).collect();
    if quirks.cache && said.is_unmarked() {
        mark(&mut said, &mut tools);
    }
    let limit = request.max_output_tokens.unwrap_or(quirks.max_tokens);
    let object = Object::new()
        .put("model", &request.model)
        .put("max_tokens", limit)
        .put("stream", true);
    let object = match said.system.is_empty() {
        true => object,
        false => object.list("system", &texts(&said.system)),
    };
    let messages: Vec<String> = said.messages.iter().map(Message::json).collect();
    let object = object.list("messages", &messages);
    let object = offer(object, request, &tools);
    let object = thinking::ask(object, request, quirks, limit, &mut left_out);
    let object = answer(object, request, quirks, &mut left_out)?;
    Ok(EncodedBody::new(object.end(), left_out))
}

/// The end of what does not change (tools, system) and of the two last messages of the user: the
/// last is read by the next step, the one before still stands where the last was written.
fn mark(said: &mut Said, tools: &mut [Block]) {
    let fixed = [tools.last_mut(), said.system.last_mut()];
    let mut marked = 0;
    for block in fixed.into_iter().flatten() {
        marked += usize::from(block.mark());
    }
    let users = said.messages.iter_mut().rev().filter(|m| m.role == "user");
    for message in users.take(2) {
        let block = message
            .blocks
            .iter_mut()
            .rev()
            .find(|block| block.is_markable());
        if marked < MARKERS {
            marked += usize::from(block.is_some_and(Block::mark));
        }
    }
}

fn texts(blocks: &[Block]) -> Vec<String> {
    blocks.iter().map(|block| block.json().to_owned()).collect()
}

fn tool(tool: &ToolDefinition) -> Block {
    let is_schema = tool.parameters.is_object();
    let object = Object::new()
        .put("name", &tool.name)
        .put("description", &tool.description);
    Block::new(match is_schema {
        true => object.put("input_schema", &tool.parameters),
        false => object.raw("input_schema", r#"{"type":"object"}"#),
    })
}

fn offer(object: Object, request: &ModelRequest, tools: &[Block]) -> Object {
    if tools.is_empty() {
        return object;
    }
    let generation = &request.generation;
    let serial = generation.parallel_tool_calls == Some(false);
    let choice = match &generation.tool_choice {
        None if !serial => None,
        None | Some(ToolChoice::Auto) => Some(Object::of_type("auto")),
        Some(ToolChoice::Never) => Some(Object::of_type("none")),
        Some(ToolChoice::Required) => Some(Object::of_type("any")),
        Some(ToolChoice::Function(name)) => Some(Object::of_type("tool").put("name", name)),
    };
    let may_call = generation.tool_choice != Some(ToolChoice::Never);
    let serial = (serial && may_call).then_some(true);
    let choice = choice.map(|choice| choice.put_some("disable_parallel_tool_use", serial).end());
    object
        .list("tools", &texts(tools))
        .raw_some("tool_choice", choice.as_deref())
}

/// How the answer shall be.
fn answer(
    object: Object,
    request: &ModelRequest,
    quirks: &Quirks,
    left_out: &mut LeftOut,
) -> Result<Object, CannotCarry> {
    let generation = &request.generation;
    let stop = (!generation.stop.is_empty()).then_some(&generation.stop);
    let object = object.put_some("stop_sequences", stop);
    if request.cache_key.is_some() {
        left_out.note("the cache key", "this dialect marks what shall be cached");
    }
    let mut config = Object::new();
    match &generation.format {
        None => {}
        Some(TextFormat::JsonObject) => {
            let why = "this dialect takes a schema alone";
            return Err(CannotCarry::new("a JSON answer without a schema", why));
        }
        Some(TextFormat::JsonSchema { schema, .. }) => {
            let format = Object::of_type("json_schema").put("schema", schema);
            config = config.raw("format", &format.end());
        }
    }
    let effort = thinking::effort(request, quirks);
    let config = config.put_some("effort", effort).end();
    Ok(match config.as_str() {
        "{}" => object,
        config => object.raw("output_config", config),
    })
}
