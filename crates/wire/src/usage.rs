//! How many tokens a step took, as the provider counted them.

use serde::{Deserialize, Serialize};

use crate::fields::Fields;

/// Token counts; what a provider does not tell is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Tokens read, cached ones included.
    pub input_tokens: u64,
    /// Tokens read from the provider's cache.
    pub cached_input_tokens: u64,
    /// Tokens read and written to the provider's cache, where it charges for that.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write_tokens: u64,
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
        self.cache_write_tokens = self
            .cache_write_tokens
            .saturating_add(step.cache_write_tokens);
        self.output_tokens = self.output_tokens.saturating_add(step.output_tokens);
        self.reasoning_tokens = self.reasoning_tokens.saturating_add(step.reasoning_tokens);
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks with a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Usage {
    /// The part of what was read that came from the provider's cache, in percent; nothing where
    /// nothing was counted.
    #[must_use]
    pub fn cached_percent(&self) -> Option<u64> {
        let cached = self.cached_input_tokens.min(self.input_tokens);
        (u128::from(cached) * 100)
            .checked_div(u128::from(self.input_tokens))
            .and_then(|percent| u64::try_from(percent).ok())
    }

    /// Reads the Responses shape: `usage{input_tokens, input_tokens_details{cached_tokens}, …}`.
    pub(crate) fn read(usage: &Fields<'_>) -> Self {
        let count = |name| usage.whole(name).unwrap_or(0);
        let detail = |of, name| usage.object(of).and_then(|details| details.whole(name));
        Self {
            input_tokens: count("input_tokens"),
            cached_input_tokens: detail("input_tokens_details", "cached_tokens").unwrap_or(0),
            cache_write_tokens: detail("input_tokens_details", "cache_write_tokens").unwrap_or(0),
            output_tokens: count("output_tokens"),
            reasoning_tokens: detail("output_tokens_details", "reasoning_tokens").unwrap_or(0),
        }
    }

    /// Reads the Chat Completions shape: `usage{prompt_tokens, prompt_tokens_details{…}, …}`, with
    /// `prompt_cache_hit_tokens` (`DeepSeek`) and `cached_tokens` (Moonshot) beside it.
    pub(crate) fn read_chat(usage: &Fields<'_>) -> Self {
        let count = |name| usage.whole(name);
        let detail = |of, name| usage.object(of).and_then(|details| details.whole(name));
        let prompt = "prompt_tokens_details";
        let cached = detail(prompt, "cached_tokens")
            .or_else(|| count("prompt_cache_hit_tokens"))
            .or_else(|| count("cached_tokens"));
        let reasoning = detail("completion_tokens_details", "reasoning_tokens")
            .or_else(|| count("reasoning_tokens"));
        Self {
            input_tokens: count("prompt_tokens").unwrap_or(0),
            cached_input_tokens: cached.unwrap_or(0),
            cache_write_tokens: detail(prompt, "cache_write_tokens").unwrap_or(0),
            output_tokens: count("completion_tokens").unwrap_or(0),
            reasoning_tokens: reasoning.unwrap_or(0),
        }
    }

    /// Reads the Messages shape over what was known before: `message_delta` repeats the counts of
    /// `message_start` that have changed. There `input_tokens` leaves out what the cache has to do
    /// with (Anthropic docs, "Prompt caching").
    pub(crate) fn read_messages(usage: &Fields<'_>, before: Option<Self>) -> Self {
        let before = before.unwrap_or_default();
        let fresh = before
            .input_tokens
            .saturating_sub(before.cached_input_tokens)
            .saturating_sub(before.cache_write_tokens);
        let count = |name, before| usage.whole(name).unwrap_or(before);
        let cached = count("cache_read_input_tokens", before.cached_input_tokens);
        let written = count("cache_creation_input_tokens", before.cache_write_tokens);
        let details = usage.object("output_tokens_details");
        let thinking = details.and_then(|details| details.whole("thinking_tokens"));
        Self {
            input_tokens: count("input_tokens", fresh)
                .saturating_add(cached)
                .saturating_add(written),
            cached_input_tokens: cached,
            cache_write_tokens: written,
            output_tokens: count("output_tokens", before.output_tokens),
            reasoning_tokens: thinking.unwrap_or(before.reasoning_tokens),
        }
    }
}
