//! What the envelope of an answer of ours says, whatever the provider called it.

use std::sync::{Arc, LazyLock};

use crate::fields::Fields;
use crate::json::{Object, list};
use crate::responses::ToolNames;

/// Our own words on an answer.
#[derive(Clone, Debug, Default)]
pub struct Label {
    /// The answer's id, which is ours and no provider's.
    pub id: String,
    /// The model, as the client called it.
    pub model: String,
    /// Seconds since the Unix epoch.
    pub created_at: u64,
    /// Whether a stream ends with its usage (Chat Completions).
    pub include_usage: bool,
    /// The response that this one continues, as the client named it (Responses).
    pub previous_response_id: Option<String>,
    /// What the envelope repeats of the request (Responses).
    pub echo: Echo,
    /// What the client calls its tools, where its provider calls them otherwise (Responses).
    pub tools: ToolNames,
}

/// The members of a request that the envelope of its response repeats.
#[derive(Clone, Debug)]
pub struct Echo(Arc<str>);

/// What is repeated of a request that has said nothing. Every answer begins with it.
static NOTHING_SAID: LazyLock<Echo> = LazyLock::new(|| Echo::of(b"{}"));

/// What a response says where its request did not (Open Responses, `ResponseResource`).
const DEFAULTS: &[(&str, &str)] = &[
    ("instructions", "null"),
    ("tools", "[]"),
    ("tool_choice", "\"auto\""),
    ("truncation", "\"disabled\""),
    ("parallel_tool_calls", "true"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("top_p", "1"),
    ("presence_penalty", "0"),
    ("frequency_penalty", "0"),
    ("top_logprobs", "0"),
    ("temperature", "1"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("store", "false"),
    ("background", "false"),
    ("service_tier", "\"default\""),
    ("metadata", "{}"),
    ("safety_identifier", "null"),
    ("prompt_cache_key", "null"),
];

/// What a function tool says where its request did not (Open Responses, `FunctionTool`).
const TOOL_DEFAULTS: [(&str, &str); 3] = [
    ("description", "null"),
    ("parameters", "null"),
    ("strict", "null"),
];

impl Echo {
    /// What the response to this body, or frame, repeats of it.
    #[must_use]
    pub fn of(request: &[u8]) -> Self {
        let asked = Fields::of(request).unwrap_or_default();
        let tools = tools(&asked);
        // Nothing is kept, whatever was asked.
        let said = |name: &str| match name {
            "store" => None,
            "tools" => Some(tools.as_str()),
            name => asked.json(name),
        };
        let members = DEFAULTS.iter();
        let members = members.map(|(name, default)| (*name, said(name).unwrap_or(default)));
        Self(Object::new().distinct(members).end().into())
    }

    pub(crate) fn fields(&self) -> Fields<'_> {
        Fields::of(self.0.as_bytes()).unwrap_or_default()
    }
}

/// The tools, whole.
fn tools(asked: &Fields<'_>) -> String {
    let told = |tool: Fields<'_>| {
        let is_function = tool.text("type").as_deref() == Some("function");
        let defaults = TOOL_DEFAULTS.into_iter().filter(|_| is_function);
        Object::new().merge_all(&tool).distinct(defaults).end()
    };
    let tools: Vec<String> = asked.objects("tools").into_iter().map(told).collect();
    list(&tools)
}

impl Default for Echo {
    fn default() -> Self {
        NOTHING_SAID.clone()
    }
}
