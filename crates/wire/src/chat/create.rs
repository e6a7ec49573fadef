//! A request as a server reads it: the body of `POST …/chat/completions`.

use super::from_message;
use crate::cannot_carry::LeftOut;
use crate::client_request::{choice_by_word, function_tool, text_format};
use crate::fields::Fields;
use crate::{
    CannotCarry, ClientRequest, Generation, ModelRequest, NotARequest, Place, Reasoning,
    TextFormat, ToolChoice, ToolDefinition,
};

/// The fields that are read.
const READ: &[&str] = &[
    "model",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "temperature",
    "top_p",
    "stop",
    "max_tokens",
    "max_completion_tokens",
    "reasoning_effort",
    "reasoning",
    "response_format",
    "prompt_cache_key",
    "stream",
    "stream_options",
];

/// Whether a request asks that a stream shall end with its usage.
pub(crate) fn wants_usage(fields: &Fields<'_>) -> bool {
    let options = fields.object("stream_options").unwrap_or_default();
    options.read("include_usage").unwrap_or(false)
}

/// Reads a body.
///
/// # Errors
/// [`NotARequest`] if it is none, or asks for what cannot be passed on.
pub(crate) fn read(body: &[u8]) -> Result<ClientRequest, NotARequest> {
    let fields = Fields::of(body).ok_or_else(|| NotARequest::no_object(body))?;
    refuse(&fields)?;
    let mut left_out = left_out(&fields);
    let mut client = ClientRequest::new(ModelRequest {
        model: fields.string("model").unwrap_or_default(),
        tools: tools(&fields, &mut left_out)?,
        reasoning: reasoning(&fields)?,
        cache_key: fields.said_text("prompt_cache_key")?,
        max_output_tokens: limit(&fields)?,
        generation: generation(&fields)?,
        ..ModelRequest::default()
    });
    for (at, message) in fields.required_list("messages")?.into_iter().enumerate() {
        let place = format!("messages[{at}]");
        let message = Fields::of(message.get().as_bytes())
            .ok_or_else(|| NotARequest::shape("a message is not an object").at(&place))?;
        match from_message::instructions(&message).filter(|_| at == 0) {
            Some(instructions) => client.request.instructions = instructions,
            None => {
                let items = from_message::items(&message);
                client.extend(items.map_err(|error| error.at(&place))?, &place);
            }
        }
    }
    Ok(ClientRequest {
        stream: fields.read("stream").unwrap_or(false),
        include_usage: wants_usage(&fields),
        left_out: left_out.into_list(),
        ..client
    })
}

/// What would change the answer's shape, and cannot be given.
fn refuse(fields: &Fields<'_>) -> Result<(), NotARequest> {
    let several = fields.whole("n").is_some_and(|n| n > 1);
    let logprobs = fields.read("logprobs") == Some(true);
    let modalities = fields.texts("modalities")?.unwrap_or_default();
    let table = [
        (several, "n", "several answers", "one answer is given"),
        (
            logprobs,
            "logprobs",
            "probabilities",
            "no other dialect tells them",
        ),
        (
            modalities.iter().any(|kind| kind != "text"),
            "modalities",
            "an answer that is not text",
            "answers are text and tool calls",
        ),
        (
            fields.json("functions").is_some(),
            "functions",
            "functions that are no tools",
            "use `tools`, which has replaced them",
        ),
        (
            fields.json("web_search_options").is_some(),
            "web_search_options",
            "a web search of the provider's own",
            "only the provider's own end point has it",
        ),
    ];
    let asked = table.into_iter().find(|(asked, ..)| *asked);
    asked.map_or(Ok(()), |(_, param, what, why)| {
        let refused = CannotCarry::new(what, why).at(Place::Param(param.to_owned()));
        Err(refused.into())
    })
}

fn left_out(fields: &Fields<'_>) -> LeftOut {
    let mut left_out = LeftOut::default();
    left_out.note_unread(fields, READ);
    left_out
}

fn tools(fields: &Fields<'_>, left_out: &mut LeftOut) -> Result<Vec<ToolDefinition>, NotARequest> {
    let mut tools = Vec::new();
    for (at, tool) in fields.said_objects("tools")?.into_iter().enumerate() {
        let place = || format!("tools[{at}]");
        let kind = tool.string("type").unwrap_or_default();
        let function = tool.object("function").filter(|_| kind == "function");
        let function = function.ok_or_else(|| {
            let what = format!("a tool of type {kind:?}");
            CannotCarry::new(what, "only function tools are known").at(Place::Param(place()))
        })?;
        let tool = function_tool(&function, "parameters", left_out);
        tools.push(tool.map_err(|e| e.at("function").at(place()))?);
    }
    Ok(tools)
}

/// How long the answer may be, by its newer name or its older one.
fn limit(fields: &Fields<'_>) -> Result<Option<u64>, NotARequest> {
    let older = fields.said_whole("max_tokens")?;
    Ok(fields.said_whole("max_completion_tokens")?.or(older))
}

fn reasoning(fields: &Fields<'_>) -> Result<Option<Reasoning>, NotARequest> {
    let nested = fields.said_object("reasoning")?.unwrap_or_default();
    let nested = nested.said_text("effort").map_err(|e| e.at("reasoning"))?;
    let effort = fields.said_text("reasoning_effort")?.or(nested);
    Ok(effort.map(|effort| Reasoning {
        effort: Some(effort),
        summary: None,
    }))
}

fn generation(fields: &Fields<'_>) -> Result<Generation, NotARequest> {
    let stop = match fields.string("stop") {
        Some(one) => vec![one],
        None => fields.said_texts("stop", "a text or a list of texts")?,
    };
    Ok(Generation {
        tool_choice: tool_choice(fields)?,
        parallel_tool_calls: fields.said_flag("parallel_tool_calls")?,
        temperature: fields.said_number("temperature")?,
        top_p: fields.said_number("top_p")?,
        stop,
        format: format(fields)?,
    })
}

fn tool_choice(fields: &Fields<'_>) -> Result<Option<ToolChoice>, NotARequest> {
    choice_by_word(fields, |choice| choice.object("function")?.string("name"))
}

fn format(fields: &Fields<'_>) -> Result<Option<TextFormat>, NotARequest> {
    const PARAM: &str = "response_format";
    match fields.said_object(PARAM)? {
        Some(format) => text_format(&format, format.object("json_schema").as_ref(), PARAM),
        None => Ok(None),
    }
}
