//! How one server of the Messages dialect differs in what it wants to be sent, as data for a
//! catalogue.

/// What a server wants; the default is what Anthropic's own takes for its newest models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// `max_tokens` where nobody asked for another limit: the field is required.
    pub max_tokens: u64,
    /// Whether to mark what shall be cached.
    pub cache: bool,
    /// How it is told to think.
    pub thinking: Thinking,
    /// It takes `role: system` among the messages (Claude Opus 4.8 and later; Anthropic docs,
    /// "Mid-conversation system messages"). Else such a message goes as the user's.
    pub system_in_messages: bool,
}

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thinking {
    /// `thinking.type: adaptive` with `output_config.effort` (Claude 4.6 and later, the only way
    /// from Opus 4.7 on).
    Adaptive,
    /// `thinking.type: enabled` with `budget_tokens` (up to Claude 4.6).
    Budget,
    /// It cannot be told.
    Never,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            // What Claude Code 2.1 asks for (observed); every model since Claude 4 takes it.
            max_tokens: 32_000,
            cache: true,
            thinking: Thinking::Adaptive,
            system_in_messages: false,
        }
    }
}
