//! The search for tools that are not offered from the start (`tool_search`; OpenAI docs, "Tool search").
//!
//! Where the provider searches, among tools that are in the request and only read late (`defer_loading`),
//! they are all offered at once elsewhere: that costs tokens and loses nothing. Where the client
//! searches, the search is a function, and what it found is offered from then on.

use serde_json::{Value, json};

use crate::cannot_carry::LeftOut;
use crate::fields::Fields;
use crate::json::Object;
use crate::{NotARequest, ToolDefinition};

/// The type of the tool, and what the function is called.
pub(super) const TYPE: &str = "tool_search";

/// What a search found.
pub(super) const OUTPUT: &str = "tool_search_output";

/// What some of the vendor's models are offered in the place of `tools` (codex-protocol §1.3).
pub(super) const ADDITIONAL: &str = "additional_tools";

/// The items that bring tools along.
pub(super) const BRINGING: [&str; 2] = [OUTPUT, ADDITIONAL];

/// Whether an item brings tools along.
pub(super) fn brings_tools(item: &Fields<'_>) -> bool {
    item.string("type")
        .is_some_and(|kind| BRINGING.contains(&&*kind))
}

/// Whether the client searches.
pub(super) fn is_clients(tool: &Fields<'_>) -> bool {
    tool.string("execution").as_deref() == Some("client")
}

pub(super) fn note_deferred(left_out: &mut LeftOut) {
    let why = "no other dialect has it; they are offered at once";
    left_out.note("the late loading of tools", why);
}

pub(super) fn function(tool: &Fields<'_>) -> Result<ToolDefinition, NotARequest> {
    let about =
        "Looks for tools that are not offered yet; those that are found can be called then.";
    let paths = json!({
        "type": "object",
        "properties": {"paths": {"type": "array", "items": {"type": "string"}}},
        "required": ["paths"],
    });
    let parameters = match tool.said_schema("parameters")? {
        Value::Null => paths,
        said => said,
    };
    let description = tool.string("description");
    Ok(ToolDefinition {
        name: TYPE.to_owned(),
        description: description.unwrap_or_else(|| about.to_owned()),
        parameters,
    })
}

/// What shall be looked for, as the client is told it; `None` if the arguments are no object.
pub(in crate::responses) fn wanted(arguments: &str) -> Option<String> {
    Fields::of(arguments.as_bytes())?;
    // A line break stands between members only, and an event has one line.
    Some(arguments.replace(['\n', '\r'], " "))
}

/// What was found, for the model: the tools themselves are offered to it beside this.
pub(super) fn found<'t>(tools: impl Iterator<Item = &'t ToolDefinition>) -> String {
    let told = |tool: &ToolDefinition| {
        let told = Object::new().put("name", &tool.name);
        told.put("description", &tool.description).end()
    };
    let tools: Vec<String> = tools.map(told).collect();
    Object::new().list("tools", &tools).end()
}
