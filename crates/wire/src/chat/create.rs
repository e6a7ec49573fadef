//! A request as a server reads it: the body of `POST …/chat/completions`.

use super::from_message;
use crate::fields::Fields;
use crate::{
    CannotCarry, Generation, ModelRequest, NotARequest, Reasoning, TextFormat, ToolChoice,
    ToolDefinition,
};

/// What a client asks for.
#[derive(Clone, Debug, Default)]
pub struct CreateRequest {
    /// What the model shall do.
    pub request: ModelRequest,
    /// Whether the answer shall be streamed.
    pub stream: bool,
    /// Whether a stream shall end with its usage.
    pub include_usage: bool,
    /// What was asked for and is left out: hints that no other dialect has.
    pub left_out: Vec<CannotCarry>,
}

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

impl CreateRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// [`NotARequest`] if it is none, or asks for what cannot be passed on.
    pub fn parse(body: &[u8]) -> Result<Self, NotARequest> {
        let fields = Fields::of(body).ok_or_else(|| NotARequest::no_object(body))?;
        refuse(&fields)?;
        let mut request = ModelRequest {
            model: fields.string("model").unwrap_or_default(),
            tools: tools(&fields)?,
            reasoning: reasoning(&fields),
            cache_key: fields.string("prompt_cache_key"),
            max_output_tokens: fields
                .whole("max_completion_tokens")
                .or_else(|| fields.whole("max_tokens")),
            generation: generation(&fields),
            ..ModelRequest::default()
        };
        let messages = fields.json("messages").filter(|json| json.starts_with('['));
        messages.ok_or_else(|| NotARequest::shape("`messages` is missing or is no list"))?;
        for (at, message) in fields.list("messages").into_iter().enumerate() {
            let message = Fields::of(message.get().as_bytes());
            let message = message
                .ok_or_else(|| NotARequest::shape(format!("messages[{at}] is not an object")))?;
            match from_message::instructions(&message).filter(|_| at == 0) {
                Some(instructions) => request.instructions = instructions,
                None => request.input.extend(from_message::items(&message)?),
            }
        }
        let options = fields.object("stream_options").unwrap_or_default();
        Ok(Self {
            request,
            stream: fields.read("stream").unwrap_or(false),
            include_usage: options.read("include_usage").unwrap_or(false),
            left_out: left_out(&fields),
        })
    }
}

/// What would change the answer's shape, and cannot be given.
fn refuse(fields: &Fields<'_>) -> Result<(), CannotCarry> {
    let several = fields.whole("n").is_some_and(|n| n > 1);
    let logprobs = fields.read("logprobs") == Some(true);
    let modalities: Vec<String> = fields.read("modalities").unwrap_or_default();
    let table = [
        (several, "`n` above 1", "one answer is given"),
        (logprobs, "`logprobs`", "no probabilities are known"),
        (
            modalities.iter().any(|kind| kind != "text"),
            "an answer that is not text",
            "answers are text and tool calls",
        ),
        (
            fields.json("functions").is_some(),
            "`functions`",
            "use `tools`, which has replaced it",
        ),
        (
            fields.json("web_search_options").is_some(),
            "a web search of the provider's own",
            "only the provider's own end point has it",
        ),
    ];
    let asked = table.into_iter().find(|(asked, ..)| *asked);
    asked.map_or(Ok(()), |(_, what, why)| Err(CannotCarry::new(what, why)))
}

fn left_out(fields: &Fields<'_>) -> Vec<CannotCarry> {
    let why = "no other dialect has it";
    let unread = fields.iter().filter(|(name, _)| !READ.contains(name));
    unread
        .map(|(name, _)| CannotCarry::new(format!("`{name}`"), why))
        .collect()
}

fn tools(fields: &Fields<'_>) -> Result<Vec<ToolDefinition>, NotARequest> {
    let tools = fields.objects("tools").into_iter();
    tools
        .map(|tool| {
            let kind = tool.string("type").unwrap_or_default();
            let function = tool.object("function").filter(|_| kind == "function");
            let function = function.ok_or_else(|| {
                let what = format!("a tool of type {kind:?}");
                CannotCarry::new(what, "only function tools are known")
            })?;
            let name = function.string("name").filter(|name| !name.is_empty());
            Ok(ToolDefinition {
                name: name.ok_or_else(|| NotARequest::shape("a tool has no name"))?,
                description: function.string("description").unwrap_or_default(),
                parameters: function.read("parameters").unwrap_or_default(),
            })
        })
        .collect()
}

fn reasoning(fields: &Fields<'_>) -> Option<Reasoning> {
    let nested = || fields.object("reasoning")?.string("effort");
    let effort = fields.string("reasoning_effort").or_else(nested)?;
    Some(Reasoning {
        effort: Some(effort),
        summary: None,
    })
}

fn generation(fields: &Fields<'_>) -> Generation {
    let one_stop = fields.string("stop").map(|stop| vec![stop]);
    Generation {
        tool_choice: tool_choice(fields),
        parallel_tool_calls: fields.read("parallel_tool_calls"),
        temperature: fields.number("temperature"),
        top_p: fields.number("top_p"),
        stop: one_stop.or_else(|| fields.read("stop")).unwrap_or_default(),
        format: fields.object("response_format").and_then(|f| format(&f)),
    }
}

fn tool_choice(fields: &Fields<'_>) -> Option<ToolChoice> {
    let Some(word) = fields.string("tool_choice") else {
        let function = fields.object("tool_choice")?.object("function")?;
        return function.string("name").map(ToolChoice::Function);
    };
    match word.as_str() {
        "auto" => Some(ToolChoice::Auto),
        "none" => Some(ToolChoice::Never),
        "required" => Some(ToolChoice::Required),
        _ => None,
    }
}

fn format(format: &Fields<'_>) -> Option<TextFormat> {
    match format.string("type")?.as_str() {
        "json_object" => Some(TextFormat::JsonObject),
        "json_schema" => {
            let schema = format.object("json_schema")?;
            Some(TextFormat::JsonSchema {
                name: schema.string("name").unwrap_or_default(),
                schema: schema.read("schema").unwrap_or_default(),
                strict: schema.read("strict"),
            })
        }
        _ => None,
    }
}
