//! How one "OpenAI-compatible" server differs in what it wants to be sent, as data for a catalogue.
//!
//! What servers differ in when they answer needs no setting: the reader takes it all.

/// What a server wants; the default is what most of them take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// It knows the role `developer`; else those messages go as `system`.
    pub developer_role: bool,
    /// It takes `max_completion_tokens` (OpenAI); else `max_tokens` (nearly everybody else).
    pub max_completion_tokens: bool,
    /// It takes `stream_options.include_usage`. Old servers refuse what they do not know.
    pub stream_usage: bool,
    /// It takes `prompt_cache_key`.
    pub cache_key: bool,
    /// It takes `cache_control` in parts of content (`OpenRouter`, for Anthropic's models).
    pub cache_control: bool,
    /// Tool results may hold images. Else an image follows in a message of the user.
    pub images_in_results: bool,
    /// Ids of tool calls must be nine letters or digits (Mistral: "must be a-z, A-Z, 0-9, with a
    /// length of 9", anomalyco/opencode#1680).
    pub short_call_ids: bool,
    /// How it is told to think.
    pub effort: EffortField,
    /// Which of its own reasoning it is sent again.
    pub reasoning: ReasoningBack,
}

/// Where a server looks for the effort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffortField {
    /// `reasoning_effort` (OpenAI, Gemini, DeepSeek, Groq).
    ReasoningEffort,
    /// `reasoning.effort` (`OpenRouter`).
    Reasoning,
    /// It cannot be told.
    Nowhere,
}

/// Which reasoning goes back to the server that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasoningBack {
    /// None: it refuses to see it.
    Never,
    /// That of the turn under way, behind the last message of the user. `DeepSeek` and Moonshot
    /// refuse a tool loop without it ("must be passed back to the API", DeepSeek docs, "Thinking
    /// mode"); servers that do not know the field ignore it.
    ThisTurn,
    /// All of it (`DeepSeek` V4 for turns that called tools).
    Always,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            developer_role: false,
            max_completion_tokens: false,
            stream_usage: true,
            cache_key: false,
            cache_control: false,
            images_in_results: false,
            short_call_ids: false,
            effort: EffortField::ReasoningEffort,
            reasoning: ReasoningBack::ThisTurn,
        }
    }
}

impl Quirks {
    /// What the public `OpenAI` end point takes.
    #[must_use]
    pub fn openai() -> Self {
        Self {
            developer_role: true,
            max_completion_tokens: true,
            cache_key: true,
            ..Self::default()
        }
    }
}
