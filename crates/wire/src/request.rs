//! What the agent asks of a model, before any dialect has shaped it.

use serde::{Deserialize, Serialize};

use crate::Item;

/// One model step: everything the model shall know and may use.
#[derive(Clone, Debug, Default)]
pub struct ModelRequest {
    /// The model's name as the provider spells it.
    pub model: String,
    /// The system prompt.
    pub instructions: String,
    /// The conversation so far, oldest first.
    pub input: Vec<Item>,
    /// The tools on offer, in a stable order (the order is part of the provider's cache key).
    pub tools: Vec<ToolDefinition>,
    /// How much to think; `None` leaves it to the provider.
    pub reasoning: Option<Reasoning>,
    /// Stable along a conversation: cache affinity hangs on it.
    pub cache_key: Option<String>,
    /// The most tokens the answer may have, reasoning included; `None` leaves it to the provider.
    pub max_output_tokens: Option<u64>,
    /// How the answer shall be made.
    pub generation: Generation,
}

/// How an answer shall be made; whatever is not said is left to the provider.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Generation {
    /// Whether the model may, must or must not call a tool.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several tools at once.
    pub parallel_tool_calls: Option<bool>,
    /// The sampling temperature.
    pub temperature: Option<f64>,
    /// The share of probability that is sampled from.
    pub top_p: Option<f64>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// The form the answer's text shall have.
    pub format: Option<TextFormat>,
}

/// Whether a model may call tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// As it likes.
    Auto,
    /// Not at all.
    Never,
    /// At least one.
    Required,
    /// This one.
    Function(String),
}

/// The form of an answer's text.
#[derive(Clone, Debug, PartialEq)]
pub enum TextFormat {
    /// Some JSON object.
    JsonObject,
    /// JSON that fits a schema.
    JsonSchema {
        /// The schema's name.
        name: String,
        /// The schema.
        schema: serde_json::Value,
        /// Whether the provider shall enforce it to the letter.
        strict: Option<bool>,
    },
}

/// How much a model shall think, in the provider's words (`low`, `medium`, `high`, …).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasoning {
    /// The effort; `None` leaves it to the provider.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub effort: Option<String>,
    /// The kind of readable summary (`auto`); `None` asks for none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub summary: Option<String>,
}

/// A tool as the model sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolDefinition {
    /// The name the model calls it by.
    pub name: String,
    /// What it does.
    #[serde(default)]
    pub description: String,
    /// The JSON schema of its input.
    #[serde(default)]
    pub parameters: serde_json::Value,
}
