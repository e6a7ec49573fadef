//! One chunk of a streamed answer, or the answer in one piece: the same members, under `delta` or
//! under `message`.

use serde_json::value::RawValue;

use crate::Usage;
use crate::fields::Fields;
use crate::json::Object;
use crate::responses::ErrorFrame;

/// The data that ends a stream; the only event that is no JSON.
pub(crate) const DONE: &str = "[DONE]";

/// The members that hold readable reasoning: `DeepSeek`'s, and the one of OpenAI's advice that vLLM
/// and `OpenRouter` use (vllm-project/vllm#27755). Some send the same text in both.
pub(super) const REASONING: &[&str] = &["reasoning_content", "reasoning"];
/// `OpenRouter`'s list of reasoning in parts, signed or encrypted.
pub(super) const DETAILS: &str = "reasoning_details";

/// A chunk, its members read one by one.
#[derive(Debug)]
pub(super) struct Chunk<'a> {
    pub(super) event: Fields<'a>,
    pub(super) choice: Fields<'a>,
    pub(super) delta: Fields<'a>,
}

/// A piece of visible output or of reasoning.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    Text(String),
    Refusal(String),
    /// Readable reasoning, and the member it came in.
    Reasoning(&'static str, String),
    /// A part of reasoning that is not readable as such.
    Detail(&'a RawValue),
}

impl<'a> Chunk<'a> {
    pub(super) fn of(data: &'a [u8]) -> Option<Self> {
        let event = Fields::of(data)?;
        // Of several answers the first counts; we never ask for more.
        let is_first = |choice: &Fields<'_>| choice.whole("index").unwrap_or(0) == 0;
        let choice = event.objects("choices").into_iter().find(is_first);
        let choice = choice.unwrap_or_default();
        let delta = choice.object("delta").or_else(|| choice.object("message"));
        Some(Self {
            delta: delta.unwrap_or_default(),
            choice,
            event,
        })
    }

    /// What the chunk holds, the weightiest first.
    pub(super) fn kind(&self) -> &'static str {
        if self.is_error() {
            return "error";
        }
        if self.says("content") || self.says("refusal") {
            "chat.text"
        } else if self.has_calls() {
            "chat.tool_calls"
        } else if self.thinks() {
            "chat.reasoning"
        } else if self.finish().is_some() {
            "chat.finished"
        } else if self.event.json("choices").is_some_and(|list| list != "[]") {
            "chat.opened"
        } else if self.usage().is_some() {
            "chat.usage"
        } else {
            "chat.unknown"
        }
    }

    /// Whether a member of the delta is visible text; told without decoding it.
    fn says(&self, name: &str) -> bool {
        match self.delta.json(name) {
            Some(list) if list.starts_with('[') => {
                let visible = |piece| matches!(piece, Piece::Text(_) | Piece::Refusal(_));
                self.pieces().into_iter().any(visible)
            }
            Some(text) => text.starts_with('"') && text.len() > 2,
            None => false,
        }
    }

    fn thinks(&self) -> bool {
        let named = REASONING.iter().any(|name| self.says(name));
        let detailed = self.delta.json(DETAILS).is_some_and(|list| list != "[]");
        let in_content = || {
            self.delta
                .json("content")
                .is_some_and(|json| json.starts_with('['))
        };
        named || detailed || (in_content() && !self.pieces().is_empty())
    }

    /// Whether it tells an error: under `error`, or, in old vLLM, flat with `object: error`
    /// (block/goose#8031). Some gateways say `"error": ""` for none.
    fn is_error(&self) -> bool {
        let named = self.event.json("error");
        let flat = || self.event.string("object").as_deref() == Some("error");
        named.is_some_and(|error| !matches!(error, "\"\"" | "{}" | "false"))
            || flat()
            || self.finish().as_deref() == Some("error")
    }

    /// The error, where it is one. `OpenRouter` puts the HTTP status in its code.
    pub(super) fn error(&self) -> ErrorFrame {
        let beneath = match self.event.json("error") {
            Some(_) => ErrorFrame::read(&self.event),
            None => ErrorFrame::read(match self.choice.json("error") {
                Some(_) => &self.choice,
                None => &self.event,
            }),
        };
        let status = beneath
            .error
            .code
            .as_deref()
            .and_then(|code| code.parse().ok());
        let is_status = |status: &u16| (400..=599).contains(status);
        ErrorFrame {
            status: beneath.status.or(status).filter(is_status),
            ..beneath
        }
    }

    pub(super) fn id(&self) -> Option<String> {
        self.event.string("id").filter(|id| !id.is_empty())
    }

    /// Why the answer ended; empty words for "not yet" are no reason (ollama/ollama#4357,
    /// sgl-project/sglang#3912).
    pub(super) fn finish(&self) -> Option<String> {
        let reason = self.choice.string("finish_reason")?;
        (!matches!(reason.as_str(), "" | "null")).then_some(reason)
    }

    /// The usage: at the top, in the choice (Moonshot, earendil-works/pi#2017), or in Groq's own
    /// member. Some send it with every chunk; the last counts.
    pub(super) fn usage(&self) -> Option<Usage> {
        let groq = || self.event.object("x_groq")?.object("usage");
        let usage = self.event.object("usage");
        let usage = usage.or_else(|| self.choice.object("usage"));
        usage.or_else(groq).map(|usage| Usage::read_chat(&usage))
    }

    pub(super) fn pieces(&self) -> Vec<Piece<'a>> {
        let mut pieces = Vec::new();
        let reasoning = REASONING.iter().find_map(|name| {
            let text = self.delta.string(name)?;
            (!text.is_empty()).then_some(Piece::Reasoning(name, text))
        });
        pieces.extend(reasoning);
        pieces.extend(self.delta.list(DETAILS).into_iter().map(Piece::Detail));
        match self.delta.json("content") {
            Some(json) if json.starts_with('[') => {
                let parts = self.delta.objects("content");
                pieces.extend(parts.iter().filter_map(part));
            }
            Some(_) => {
                let text = self.delta.string("content").unwrap_or_default();
                pieces.push(Piece::Text(text));
            }
            None => {}
        }
        let refusal = self.delta.string("refusal");
        pieces.extend(refusal.map(Piece::Refusal));
        pieces.retain(|piece| match piece {
            Piece::Text(text) | Piece::Refusal(text) | Piece::Reasoning(_, text) => {
                !text.is_empty()
            }
            Piece::Detail(_) => true,
        });
        pieces
    }

    fn has_calls(&self) -> bool {
        let calls = self.delta.json("tool_calls");
        calls.is_some_and(|calls| calls != "[]") || self.delta.json("function_call").is_some()
    }

    /// The pieces of tool calls: a list, a single one, or the old `function_call`.
    pub(super) fn calls(&self) -> Vec<Fields<'a>> {
        let listed = self.delta.objects("tool_calls");
        let single = || self.delta.object("tool_calls").map(|call| vec![call]);
        let old = || {
            let function = self.delta.json("function_call")?;
            let known = Fields::of(function.as_bytes())?;
            Some(vec![known])
        };
        if !listed.is_empty() {
            return listed;
        }
        single().or_else(old).unwrap_or_default()
    }
}

/// A part of content in a list, as Mistral's reasoning models send it (BerriAI/litellm#16272).
fn part<'a>(part: &Fields<'_>) -> Option<Piece<'a>> {
    match part.string("type").as_deref() {
        Some("thinking") => {
            let texts = part.objects("thinking").into_iter();
            let text: String = texts.filter_map(|text| text.string("text")).collect();
            let text = match text.is_empty() {
                true => part.string("thinking").unwrap_or_default(),
                false => text,
            };
            Some(Piece::Reasoning(THINKING, text))
        }
        Some("refusal") => part.string("refusal").map(Piece::Refusal),
        _ => part.string("text").map(Piece::Text),
    }
}

/// Stands for reasoning that came as a part of `content`, and goes back as one.
pub(super) const THINKING: &str = "thinking";

/// The members that reasoning goes back in.
pub(super) fn reasoning_members(field: &str, text: &str, details: &[String]) -> String {
    let object = match field {
        "" => Object::new(),
        field => Object::new().put(field, text),
    };
    match details {
        [] => object.end(),
        details => object.list(DETAILS, details).end(),
    }
}
