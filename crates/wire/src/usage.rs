//! How many tokens a step took, as the provider counted them.

use serde::{Deserialize, Serialize};

/// Token counts; what a provider does not tell is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Tokens read, cached ones included.
    pub input_tokens: u64,
    /// Tokens read from the provider's cache.
    pub cached_input_tokens: u64,
    /// Tokens written, reasoning included.
    pub output_tokens: u64,
    /// Tokens spent on reasoning.
    pub reasoning_tokens: u64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, step: Self) {
        self.input_tokens = self.input_tokens.saturating_add(step.input_tokens);
        self.cached_input_tokens = self
            .cached_input_tokens
            .saturating_add(step.cached_input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(step.output_tokens);
        self.reasoning_tokens = self.reasoning_tokens.saturating_add(step.reasoning_tokens);
    }
}

/// The Responses shape: `usage{input_tokens, input_tokens_details{cached_tokens}, …}`.
#[derive(Deserialize)]
struct Shape {
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    input_tokens_details: Option<InputDetails>,
    #[serde(default)]
    output_tokens: Option<u64>,
    #[serde(default)]
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct InputDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct OutputDetails {
    #[serde(default)]
    reasoning_tokens: Option<u64>,
}

impl<'de> Deserialize<'de> for Usage {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let shape = Shape::deserialize(deserializer)?;
        let cached = shape
            .input_tokens_details
            .and_then(|details| details.cached_tokens);
        let reasoning = shape
            .output_tokens_details
            .and_then(|details| details.reasoning_tokens);
        Ok(Self {
            input_tokens: shape.input_tokens.unwrap_or(0),
            cached_input_tokens: cached.unwrap_or(0),
            output_tokens: shape.output_tokens.unwrap_or(0),
            reasoning_tokens: reasoning.unwrap_or(0),
        })
    }
}
