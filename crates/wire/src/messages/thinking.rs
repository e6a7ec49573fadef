//! How much a model shall think, in this dialect's two ways of saying so.

use super::quirks::{Quirks, Thinking};
use crate::cannot_carry::LeftOut;
use crate::client_request::unknown_variant;
use crate::fields::Fields;
use crate::json::Object;
use crate::{ModelRequest, NotARequest, Reasoning};

/// Budgets for efforts, in tokens; the smallest one allowed is 1,024.
const BUDGETS: &[(&str, u64)] = &[
    ("minimal", 1_024),
    ("low", 4_096),
    ("medium", 10_240),
    ("high", 24_576),
];
const SMALLEST: u64 = 1_024;
/// For efforts above `high`.
const LARGEST: u64 = 31_999;

/// What the request says about thinking and sampling, which must not differ from the default while
/// a model thinks (Anthropic docs, "Extended thinking").
pub(super) fn ask(
    object: Object,
    request: &ModelRequest,
    quirks: &Quirks,
    limit: u64,
    left_out: &mut LeftOut,
) -> Object {
    let thinking = request
        .reasoning
        .as_ref()
        .and_then(|reasoning| thinking(reasoning, quirks, limit, left_out));
    let generation = &request.generation;
    let Some((thinking, thinks)) = thinking else {
        return object
            .put_some("temperature", generation.temperature)
            .put_some("top_p", generation.top_p);
    };
    let object = object.raw("thinking", &thinking);
    if thinks && (generation.temperature.is_some() || generation.top_p.is_some()) {
        left_out.note(
            "temperature and top_p",
            "they are fixed while a model thinks",
        );
        return object;
    }
    object
        .put_some("temperature", generation.temperature)
        .put_some("top_p", generation.top_p)
}

/// The `thinking` member, and whether it asks for any.
fn thinking(
    reasoning: &Reasoning,
    quirks: &Quirks,
    limit: u64,
    left_out: &mut LeftOut,
) -> Option<(String, bool)> {
    let effort = reasoning.effort.as_deref();
    let display = reasoning.summary.as_ref().map(|_| "summarized");
    let disabled = || Some((Object::of_type("disabled").end(), false));
    match (quirks.thinking, effort) {
        (Thinking::Never, _) => {
            left_out.note("the reasoning effort", "this server cannot be told");
            None
        }
        (_, Some("none")) => disabled(),
        (Thinking::Adaptive, _) => {
            let thinking = Object::of_type("adaptive").put_some("display", display);
            Some((thinking.end(), true))
        }
        (Thinking::Budget, effort) => {
            let known = BUDGETS.iter().find(|(name, _)| Some(*name) == effort);
            let budget = known.map_or(LARGEST, |(_, budget)| *budget);
            // The answer needs its share of the limit, too.
            let budget = budget.min(limit / 4 * 3);
            if budget < SMALLEST {
                left_out.note(
                    "the reasoning effort",
                    "the answer's limit is too small for it",
                );
                return disabled();
            }
            let thinking = Object::of_type("enabled").put("budget_tokens", budget);
            Some((thinking.end(), true))
        }
    }
}

/// The effort in this vendor's words, where it goes by effort.
pub(super) fn effort<'r>(request: &'r ModelRequest, quirks: &Quirks) -> Option<&'r str> {
    let effort = request.reasoning.as_ref()?.effort.as_deref()?;
    match effort {
        _ if quirks.thinking != Thinking::Adaptive => None,
        "none" => None,
        "minimal" => Some("low"),
        effort => Some(effort),
    }
}

/// What a client says about thinking.
pub(super) fn read(request: &Fields<'_>) -> Result<Option<Reasoning>, NotARequest> {
    let thinking = request.said_object("thinking")?;
    let config = request.said_object("output_config")?.unwrap_or_default();
    let kind = thinking
        .as_ref()
        .and_then(|thinking| thinking.string("type"));
    let display = thinking
        .as_ref()
        .and_then(|thinking| thinking.string("display"));
    let effort = match kind.as_deref() {
        Some("disabled") => Some("none".to_owned()),
        Some("enabled") => {
            let thinking = thinking.unwrap_or_default();
            let budget = thinking.said_whole("budget_tokens");
            let budget = budget.map_err(|e| e.at("thinking"))?.unwrap_or(LARGEST);
            let fits = BUDGETS.iter().find(|(_, known)| budget <= *known);
            Some(fits.map_or("high", |(name, _)| *name).to_owned())
        }
        Some("adaptive") | None => {
            let effort = config.said_text("effort");
            effort.map_err(|e| e.at("output_config"))?
        }
        Some(kind) => {
            let kind: String = kind.chars().take(60).collect();
            return Err(unknown_variant(
                format!("thinking of type {kind:?}"),
                "thinking",
            ));
        }
    };
    let thinks = matches!(kind.as_deref(), Some("adaptive" | "enabled"));
    let summary = thinks && display.as_deref() != Some("omitted");
    Ok((effort.is_some() || summary).then(|| Reasoning {
        effort,
        summary: summary.then(|| "auto".to_owned()),
    }))
}
