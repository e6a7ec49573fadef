//! A model request as the body of `POST …/chat/completions` (OpenAI API reference, "Create chat
//! completion").

use super::conversation::Conversation;
use super::quirks::{EffortField, Quirks};
use crate::cannot_carry::LeftOut;
use crate::json::Object;
use crate::{CannotCarry, EncodedBody, ModelRequest, TextFormat, ToolChoice, ToolDefinition};

/// Encodes a request for a streamed answer.
///
/// # Errors
/// [`CannotCarry`] if the request says something that this dialect cannot.
pub fn encode(request: &ModelRequest, quirks: &Quirks) -> Result<EncodedBody, CannotCarry> {
    let mut left_out = LeftOut::default();
    let messages = Conversation::new(request, quirks, &mut left_out).messages()?;
    let object = Object::new()
        .put("model", &request.model)
        .list("messages", &messages)
        .put("stream", true);
    let object = match quirks.stream_usage {
        true => object.raw("stream_options", r#"{"include_usage":true}"#),
        false => object,
    };
    let object = tools(object, request);
    let object = answer(object, request, quirks, &mut left_out);
    Ok(EncodedBody::new(object.end(), left_out))
}

fn tools(object: Object, request: &ModelRequest) -> Object {
    if request.tools.is_empty() {
        // Some servers refuse an empty list, and a choice among nothing.
        return object;
    }
    let tools: Vec<String> = request.tools.iter().map(tool).collect();
    let generation = &request.generation;
    let choice = generation.tool_choice.as_ref().map(tool_choice);
    object
        .list("tools", &tools)
        .raw_some("tool_choice", choice.as_deref())
        .put_some("parallel_tool_calls", generation.parallel_tool_calls)
}

fn tool(tool: &ToolDefinition) -> String {
    let function = Object::new()
        .put("name", &tool.name)
        .put("description", &tool.description)
        .put("parameters", &tool.parameters)
        .end();
    Object::of_type("function").raw("function", &function).end()
}

fn tool_choice(choice: &ToolChoice) -> String {
    match choice {
        ToolChoice::Auto => r#""auto""#.to_owned(),
        ToolChoice::Never => r#""none""#.to_owned(),
        ToolChoice::Required => r#""required""#.to_owned(),
        ToolChoice::Function(name) => {
            let function = Object::new().put("name", name).end();
            Object::of_type("function").raw("function", &function).end()
        }
    }
}

/// How the answer shall be.
fn answer(
    object: Object,
    request: &ModelRequest,
    quirks: &Quirks,
    left_out: &mut LeftOut,
) -> Object {
    let generation = &request.generation;
    let limit = match quirks.max_completion_tokens {
        true => "max_completion_tokens",
        false => "max_tokens",
    };
    let stop = (!generation.stop.is_empty()).then_some(&generation.stop);
    let format = generation.format.as_ref().map(response_format);
    let key = request.cache_key.as_ref().filter(|_| quirks.cache_key);
    let object = object
        .put_some(limit, request.max_output_tokens)
        .put_some("temperature", generation.temperature)
        .put_some("top_p", generation.top_p)
        .put_some("stop", stop)
        .raw_some("response_format", format.as_deref())
        .put_some("prompt_cache_key", key);
    let effort = request.reasoning.as_ref().and_then(|r| r.effort.as_ref());
    match (effort, quirks.effort) {
        (None, _) => object,
        (Some(effort), EffortField::ReasoningEffort) => object.put("reasoning_effort", effort),
        (Some(effort), EffortField::Reasoning) => {
            object.raw("reasoning", &Object::new().put("effort", effort).end())
        }
        (Some(_), EffortField::Nowhere) => {
            left_out.note("the reasoning effort", "this server cannot be told");
            object
        }
    }
}

fn response_format(format: &TextFormat) -> String {
    match format {
        TextFormat::JsonObject => Object::of_type("json_object").end(),
        TextFormat::JsonSchema {
            name,
            schema,
            strict,
        } => {
            let schema = Object::new()
                .put("name", name)
                .put("schema", schema)
                .put_some("strict", strict.as_ref());
            Object::of_type("json_schema")
                .raw("json_schema", &schema.end())
                .end()
        }
    }
}
