//! How many tokens a step took, as the provider counted them.

use serde::Serialize;

use crate::fields::Fields;

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

impl Usage {
    /// Reads the Responses shape: `usage{input_tokens, input_tokens_details{cached_tokens}, …}`.
    pub(crate) fn read(usage: &Fields<'_>) -> Self {
        let count = |name| usage.whole(name).unwrap_or(0);
        let detail = |of, name| usage.object(of).and_then(|details| details.whole(name));
        Self {
            input_tokens: count("input_tokens"),
            cached_input_tokens: detail("input_tokens_details", "cached_tokens").unwrap_or(0),
            output_tokens: count("output_tokens"),
            reasoning_tokens: detail("output_tokens_details", "reasoning_tokens").unwrap_or(0),
        }
    }
}
