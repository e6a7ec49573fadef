//! A model request as the Responses dialect writes it, ready for either route.
//!
//! The same step may go out by WebSocket and, a second later, by SSE; as a whole or as the tail
//! after a previous response. So everything but the input is encoded once, each item stays the
//! string it already is, and a route only joins the pieces.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::{CannotCarry, Item, ModelRequest, Reasoning, TextFormat, ToolChoice, ToolDefinition};

/// A request in pieces: the fields that must stay equal for a delta, and the input items.
#[derive(Clone, Debug)]
pub struct EncodedRequest {
    /// The members of the JSON object except `input`, without the braces.
    fields: Arc<str>,
    input: Vec<Item>,
    left_out: Vec<CannotCarry>,
}

/// All fields but the input (codex-protocol §1.3). `store` must be false and `stream` true on the
/// ChatGPT backend; the encrypted reasoning must come back to us because nothing is stored.
#[derive(Serialize)]
struct Fields<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    instructions: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tools: &'a [FunctionTool<'a>],
    tool_choice: Value,
    parallel_tool_calls: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<&'a Reasoning>,
    store: bool,
    stream: bool,
    include: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_cache_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Value>,
}

#[derive(Serialize)]
struct FunctionTool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
    description: &'a str,
    strict: bool,
    parameters: &'a serde_json::Value,
}

impl<'a> From<&'a ToolDefinition> for FunctionTool<'a> {
    fn from(tool: &'a ToolDefinition) -> Self {
        Self {
            kind: "function",
            name: &tool.name,
            description: &tool.description,
            strict: false,
            parameters: &tool.parameters,
        }
    }
}

impl EncodedRequest {
    /// Encodes a request.
    #[must_use]
    pub fn new(request: &ModelRequest) -> Self {
        let tools: Vec<FunctionTool<'_>> = request.tools.iter().map(FunctionTool::from).collect();
        let generation = &request.generation;
        let fields = Fields {
            model: &request.model,
            instructions: &request.instructions,
            tools: &tools,
            tool_choice: tool_choice(generation.tool_choice.as_ref()),
            parallel_tool_calls: generation.parallel_tool_calls.unwrap_or(true),
            reasoning: request.reasoning.as_ref(),
            store: false,
            stream: true,
            include: if request.reasoning.is_some() {
                &["reasoning.encrypted_content"]
            } else {
                &[]
            },
            prompt_cache_key: request.cache_key.as_deref(),
            max_output_tokens: request.max_output_tokens,
            temperature: generation.temperature,
            top_p: generation.top_p,
            text: generation.format.as_ref().map(text_format),
        };
        // Strings, numbers and maps with string keys cannot fail to encode.
        let object = serde_json::to_string(&fields).unwrap_or_default();
        let members = object.trim_start_matches('{').trim_end_matches('\n');
        Self {
            fields: members.strip_suffix('}').unwrap_or(members).into(),
            input: request.input.clone(),
            left_out: Vec::new(),
        }
    }

    /// A request whose members but the input are written already, without the braces around them.
    pub(crate) fn of_members(members: &str, input: Vec<Item>) -> Self {
        Self {
            fields: members.into(),
            input,
            left_out: Vec::new(),
        }
    }

    /// The same request, made fit for this dialect by leaving these out.
    #[must_use]
    pub(crate) fn without(self, left_out: Vec<CannotCarry>) -> Self {
        Self { left_out, ..self }
    }

    /// The same request without the reasoning in its input; `None` if it holds none.
    #[must_use]
    pub fn without_reasoning(&self) -> Option<Self> {
        if !self.input.iter().any(Item::is_reasoning) {
            return None;
        }
        let mut bare = self.clone();
        bare.input.retain(|item| !item.is_reasoning());
        Some(bare)
    }

    /// What was left out, because it is a hint or bound to another provider.
    #[must_use]
    pub fn left_out(&self) -> &[CannotCarry] {
        &self.left_out
    }

    /// The body of `POST …/responses`.
    #[must_use]
    pub fn body(&self) -> String {
        let mut json = String::with_capacity(self.size());
        json.push('{');
        json.push_str(&self.fields);
        push_input(&mut json, &self.input);
        json.push('}');
        json
    }

    /// The WebSocket frame that asks for this response in full, or, after `base`, with only the
    /// input that is new.
    #[must_use]
    pub fn create_frame(
        &self,
        base: Option<&super::DeltaBase>,
        metadata: &[(&str, &str)],
    ) -> String {
        let tail = base.and_then(|base| Some((base.response_id(), base.tail(self)?)));
        self.frame(
            tail.map(|(id, _)| id),
            tail.map_or(&self.input, |(_, tail)| tail),
            metadata,
            "",
        )
    }

    /// The WebSocket frame that hands over instructions, tools and input but asks for no answer.
    #[must_use]
    pub fn prewarm_frame(&self, metadata: &[(&str, &str)]) -> String {
        self.frame(None, &self.input, metadata, r#","generate":false"#)
    }

    /// The input items.
    #[must_use]
    pub fn input(&self) -> &[Item] {
        &self.input
    }

    /// The fields that must stay equal for a delta.
    #[must_use]
    pub(super) fn fields(&self) -> &Arc<str> {
        &self.fields
    }

    fn frame(
        &self,
        previous_response_id: Option<&str>,
        input: &[Item],
        metadata: &[(&str, &str)],
        extra: &str,
    ) -> String {
        let mut json = String::with_capacity(self.size());
        json.push_str(r#"{"type":"response.create","#);
        json.push_str(&self.fields);
        if let Some(id) = previous_response_id {
            json.push_str(r#","previous_response_id":"#);
            push_json(&mut json, &id);
        }
        push_input(&mut json, input);
        json.push_str(extra);
        if !metadata.is_empty() {
            let map: serde_json::Map<String, serde_json::Value> = metadata
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).into()))
                .collect();
            json.push_str(r#","client_metadata":"#);
            push_json(&mut json, &map);
        }
        json.push('}');
        json
    }

    /// How many bytes the request has when it is sent in full, give or take its metadata.
    #[must_use]
    pub fn size(&self) -> usize {
        let items: usize = self.input.iter().map(|item| item.json().len() + 1).sum();
        self.fields.len() + items + 128
    }
}

fn tool_choice(choice: Option<&ToolChoice>) -> Value {
    match choice {
        None | Some(ToolChoice::Auto) => json!("auto"),
        Some(ToolChoice::Never) => json!("none"),
        Some(ToolChoice::Required) => json!("required"),
        Some(ToolChoice::Function(name)) => json!({"type": "function", "name": name}),
    }
}

fn text_format(format: &TextFormat) -> Value {
    match format {
        TextFormat::JsonObject => json!({"format": {"type": "json_object"}}),
        TextFormat::JsonSchema {
            name,
            schema,
            strict,
        } => json!({"format": {
            "type": "json_schema", "name": name, "schema": schema, "strict": strict,
        }}),
    }
}

fn push_input(json: &mut String, input: &[Item]) {
    json.push_str(r#","input":["#);
    for (index, item) in input.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        json.push_str(item.json());
    }
    json.push(']');
}

fn push_json(json: &mut String, value: &impl Serialize) {
    json.push_str(&serde_json::to_string(value).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Generation;

    fn request() -> ModelRequest {
        ModelRequest {
            model: "m".to_owned(),
            instructions: "be brief".to_owned(),
            input: vec![Item::user("hi"), Item::assistant("hello")],
            tools: vec![ToolDefinition {
                name: "f".to_owned(),
                description: "does".to_owned(),
                parameters: json!({"type": "object"}),
            }],
            reasoning: None,
            cache_key: Some("k".to_owned()),
            ..ModelRequest::default()
        }
    }

    #[test]
    fn a_body_holds_what_the_backend_demands() {
        let body: Value = serde_json::from_str(&EncodedRequest::new(&request()).body()).unwrap();
        assert_eq!(body["store"], json!(false));
        assert_eq!(body["stream"], json!(true));
        assert_eq!(body["input"][1]["content"][0]["text"], json!("hello"));
        assert_eq!(body["tools"][0]["type"], json!("function"));
        assert_eq!(body["include"], json!([]));
        assert_eq!(body["prompt_cache_key"], json!("k"));
    }

    #[test]
    fn reasoning_is_asked_to_come_back_encrypted() {
        let thinking = ModelRequest {
            reasoning: Some(Reasoning {
                effort: Some("high".to_owned()),
                summary: None,
            }),
            ..request()
        };
        let body: Value = serde_json::from_str(&EncodedRequest::new(&thinking).body()).unwrap();
        assert_eq!(body["include"], json!(["reasoning.encrypted_content"]));
        assert_eq!(body["reasoning"], json!({"effort": "high"}));
    }

    #[test]
    fn what_a_client_asked_of_the_answer_is_asked() {
        let asked = ModelRequest {
            max_output_tokens: Some(9),
            generation: Generation {
                tool_choice: Some(ToolChoice::Function("f".to_owned())),
                parallel_tool_calls: Some(false),
                temperature: Some(0.5),
                format: Some(TextFormat::JsonObject),
                ..Generation::default()
            },
            ..request()
        };
        let body: Value = serde_json::from_str(&EncodedRequest::new(&asked).body()).unwrap();
        assert_eq!(body["max_output_tokens"], json!(9));
        assert_eq!(
            body["tool_choice"],
            json!({"type": "function", "name": "f"})
        );
        assert_eq!(body["parallel_tool_calls"], json!(false));
        assert_eq!(body["temperature"], json!(0.5));
        assert_eq!(body["text"]["format"]["type"], json!("json_object"));
        assert_eq!(body.get("top_p"), None);
    }

    #[test]
    fn an_empty_request_is_still_json() {
        let encoded = EncodedRequest::new(&ModelRequest::default());
        let body: Value = serde_json::from_str(&encoded.body()).unwrap();
        assert_eq!(body.get("instructions"), None);
        let frame: Value = serde_json::from_str(&encoded.prewarm_frame(&[("a", "\"b\"")])).unwrap();
        assert_eq!(frame["generate"], json!(false));
        assert_eq!(frame["client_metadata"]["a"], json!("\"b\""));
        assert_eq!(frame["type"], json!("response.create"));
    }
}
