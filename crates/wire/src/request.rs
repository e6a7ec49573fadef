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
