//! Tools that take plain text, as functions: the text is the only argument.
//!
//! Nothing is lost but the enforcement of the text's grammar, which is told to the model instead.

use serde_json::json;

use crate::cannot_carry::LeftOut;
use crate::client_request::function_tool;
use crate::fields::Fields;
use crate::json::Object;
use crate::{NotARequest, ToolDefinition};

/// The argument that holds the text.
pub(super) const INPUT: &str = "input";

/// A tool that takes plain text, as a function.
pub(super) fn custom(
    tool: &Fields<'_>,
    left_out: &mut LeftOut,
) -> Result<ToolDefinition, NotARequest> {
    let mut function = function_tool(tool, "parameters", left_out)?;
    let mut about = vec![
        function.description,
        format!("(Here the whole text is the argument `{INPUT}`.)"),
    ];
    let format = tool.object("format").unwrap_or_default();
    if let Some(grammar) = format.string("definition") {
        let syntax = format.string("syntax").unwrap_or_default();
        about.push(format!(
            "The text has to follow this grammar ({syntax}):\n{grammar}"
        ));
        left_out.note(
            "the enforcement of a tool's grammar",
            "no other dialect has it",
        );
    }
    about.retain(|text| !text.is_empty());
    function.description = about.join("\n\n");
    function.parameters = json!({
        "type": "object", "properties": {INPUT: {"type": "string"}}, "required": [INPUT],
        "additionalProperties": false,
    });
    Ok(function)
}

/// The text in the arguments of a call of a tool that takes plain text. A model may have left out what
/// should be around it, or closed it badly. A text that does not end is no text: it stays as it came, so
/// that no half of a patch is taken for a whole one.
pub(in crate::responses) fn text_of(arguments: &str) -> String {
    let fields = Fields::of(arguments.as_bytes());
    let text = fields.and_then(|fields| fields.string(INPUT));
    text.or_else(|| serde_json::from_str(arguments).ok())
        .or_else(|| begun(arguments))
        .unwrap_or_else(|| arguments.to_owned())
}

/// The text with which an object begins that is not well formed behind it.
fn begun(arguments: &str) -> Option<String> {
    let inside = arguments.trim_start().strip_prefix('{')?.trim_start();
    let value = inside.strip_prefix("\"input\"")?.trim_start();
    let text = value.strip_prefix(':')?;
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
    values.next()?.ok()
}

/// The arguments that a text is.
pub(super) fn arguments(text: &str) -> String {
    Object::new().put(INPUT, text).end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_found_however_a_model_gives_it() {
        for (arguments, text) in [
            (r#"{"input":"a\nb"}"#, "a\nb"),
            (r#""a\nb""#, "a\nb"),
            ("*** Begin Patch", "*** Begin Patch"),
            (r#"{"patch":"a"}"#, r#"{"patch":"a"}"#),
            (r#"{"input": "a\"b", "x":"#, "a\"b"),
            (r#"{"input":"half of"#, r#"{"input":"half of"#),
            ("", ""),
        ] {
            assert_eq!(text_of(arguments), text);
        }
    }
}
