//! A client's tools as functions with one name each, which is all that the other dialects know, and
//! their calls as the client knows them.
//!
//! The Codex CLI has some of its tools in groups (`namespace`), and some take plain text instead of
//! arguments (`custom`; OpenAI API reference, "Create a model response"). Elsewhere a tool of a group is
//! called by both names, and a text is the only argument of a function. So nothing is lost but the
//! enforcement of a text's grammar, which is told to the model instead.

use std::collections::HashSet;

use serde_json::json;

use crate::call_ids::shortened;
use crate::cannot_carry::LeftOut;
use crate::client_request::function_tool;
use crate::fields::Fields;
use crate::json::Object;
use crate::{CannotCarry, Item, NotARequest, ToolDefinition};

/// Tools of the provider's own that a model may do without. The others bring something of the
/// client's along (files, servers, screens), so an answer without them would be another one.
const OFFERS: &[&str] = &[
    "image_generation",
    "tool_search",
    "web_search",
    "web_search_preview",
];

/// The argument that holds the text of a tool that takes plain text.
const INPUT: &str = "input";

/// The longest name of a function (`OpenAI` and Anthropic API references, `name`), in bytes.
const LONGEST_NAME: usize = 64;

/// The tools of a request that are called by another name, or called otherwise, in other dialects.
#[derive(Clone, Debug, Default)]
pub struct ToolNames(Vec<(String, Own)>);

/// What a tool is in its client's own words.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    /// It takes plain text.
    pub(super) is_custom: bool,
}

impl ToolNames {
    /// Those of a request's body, or frame.
    #[must_use]
    pub fn of(request: &[u8]) -> Self {
        let asked = Fields::of(request).unwrap_or_default();
        let mut names = Self::default();
        for tool in asked.objects("tools") {
            match tool.text("type").as_deref() {
                Some("namespace") => {
                    let namespace = tool.string("name").unwrap_or_default();
                    let inner = tool.objects("tools");
                    inner
                        .iter()
                        .for_each(|tool| names.add(tool, Some(&namespace)));
                }
                Some("custom" | "function") => names.add(&tool, None),
                _ => {}
            }
        }
        names
    }

    fn add(&mut self, tool: &Fields<'_>, namespace: Option<&str>) {
        let name = tool.string("name").unwrap_or_default();
        let own = Own {
            is_custom: tool.text("type").as_deref() == Some("custom"),
            namespace: namespace.map(ToOwned::to_owned),
            name,
        };
        let elsewhere = elsewhere(namespace, &own.name);
        if own.is_custom || own.namespace.is_some() || elsewhere != own.name {
            self.0.push((elsewhere, own));
        }
    }

    /// What the function `name` of another dialect is in the client's own words; `None`: the same.
    pub(super) fn own(&self, name: &str) -> Option<&Own> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, own)| own)
    }
}

/// What a tool is called in other dialects: as it is where they take that name (letters, digits, `_` and
/// `-`), else by one that begins alike and belongs to no other tool.
pub(super) fn elsewhere(namespace: Option<&str>, name: &str) -> String {
    const BETWEEN: &str = "__";
    let namespace = namespace.filter(|namespace| !namespace.is_empty());
    let whole = match namespace {
        Some(namespace) => format!("{namespace}{BETWEEN}{name}"),
        None => name.to_owned(),
    };
    // More than one pair of names could be read from it.
    let is_ambiguous = namespace.is_some() && whole.matches(BETWEEN).count() > 1;
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if whole.len() <= LONGEST_NAME && whole.chars().all(is_word) && !is_ambiguous {
        return whole;
    }
    let fit: String = whole
        .chars()
        .map(|c| if is_word(c) { c } else { '_' })
        .collect();
    let key = format!("{}\n{name}", namespace.unwrap_or_default());
    shortened(&fit, &key, LONGEST_NAME)
}

/// The text in the arguments of a call of a tool that takes plain text. A model may have left out what
/// should be around it, or closed it badly. A text that does not end is no text: it stays as it came, so
/// that no half of a patch is taken for a whole one.
pub(super) fn text_of(arguments: &str) -> String {
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

/// The tools on offer.
pub(super) fn read(
    fields: &Fields<'_>,
    left_out: &mut LeftOut,
) -> Result<Vec<ToolDefinition>, NotARequest> {
    let mut tools: Vec<ToolDefinition> = Vec::new();
    for (at, tool) in fields.said_objects("tools")?.into_iter().enumerate() {
        let place = format!("tools[{at}]");
        match tool.string("type").as_deref() {
            Some("namespace") => {
                let group = group(&tool, left_out);
                tools.extend(group.map_err(|error| error.at(place))?);
            }
            Some(kind) if OFFERS.contains(&kind) => {
                let why = "they run at their provider alone";
                left_out.note("the offer of a provider's own tools", why);
            }
            _ => tools.push(one(&tool, None, left_out).map_err(|error| error.at(place))?),
        }
    }
    each_has_its_name(&tools)?;
    Ok(tools)
}

/// A call says no more than a name, and has to reach the one tool that is meant.
fn each_has_its_name(tools: &[ToolDefinition]) -> Result<(), NotARequest> {
    let mut names = HashSet::new();
    match tools.iter().find(|tool| !names.insert(&tool.name)) {
        Some(twice) => {
            let what = format!("two tools are called {:?}, groups included", twice.name);
            Err(NotARequest::shape(what).at("tools"))
        }
        None => Ok(()),
    }
}

/// The tools of a group, each with what is said of the whole group.
fn group(group: &Fields<'_>, left_out: &mut LeftOut) -> Result<Vec<ToolDefinition>, NotARequest> {
    let name = group.string("name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| NotARequest::shape("a group of tools has no name").at("name"))?;
    let about = group.string("description").unwrap_or_default();
    let mut tools = Vec::new();
    for (at, tool) in group.objects("tools").into_iter().enumerate() {
        let tool = one(&tool, Some(&name), left_out);
        let mut tool = tool.map_err(|error| error.at(format!("tools[{at}]")))?;
        if !about.is_empty() {
            tool.description = format!("{about}\n\n{}", tool.description);
        }
        tools.push(tool);
    }
    Ok(tools)
}

fn one(
    tool: &Fields<'_>,
    namespace: Option<&str>,
    left_out: &mut LeftOut,
) -> Result<ToolDefinition, NotARequest> {
    let kind = tool.string("type").unwrap_or_default();
    let mut function = match kind.as_str() {
        "function" => function_tool(tool, "parameters", left_out)?,
        "custom" => custom(tool, left_out)?,
        kind => {
            let what = format!("a tool of type {kind:?}");
            return Err(CannotCarry::new(
                what,
                "only functions and tools that take text are known",
            )
            .into());
        }
    };
    function.name = elsewhere(namespace, &function.name);
    Ok(function)
}

/// A tool that takes plain text, as a function.
fn custom(tool: &Fields<'_>, left_out: &mut LeftOut) -> Result<ToolDefinition, NotARequest> {
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

/// The name in a tool choice.
pub(super) fn choice(choice: &Fields<'_>) -> Option<String> {
    let kind = choice.string("type")?;
    ["function", "custom"]
        .contains(&kind.as_str())
        .then_some(())?;
    let namespace = choice.string("namespace");
    Some(elsewhere(namespace.as_deref(), &choice.string("name")?))
}

/// A call or an output as that of a function with one name.
pub(super) fn plain(item: Item) -> Item {
    let fields = Fields::of(item.json().as_bytes()).unwrap_or_default();
    let name = || {
        let namespace = fields.string("namespace");
        elsewhere(
            namespace.as_deref(),
            &fields.string("name").unwrap_or_default(),
        )
    };
    let plain = match fields.string("type").as_deref() {
        Some("function_call")
            if fields.json("namespace").is_some()
                || fields.string("name").is_some_and(|own| own != name()) =>
        {
            let kept = fields.iter().filter(|(name, _)| *name != "namespace");
            Object::new().put("name", name()).distinct(kept)
        }
        Some("custom_tool_call") => Object::of_type("function_call")
            .put("name", name())
            .put("call_id", fields.string("call_id"))
            .put(
                "arguments",
                arguments(&fields.string(INPUT).unwrap_or_default()),
            ),
        Some("custom_tool_call_output") => {
            Object::of_type("function_call_output").merge(Some(&fields))
        }
        _ => return item,
    };
    Item::written(&plain.end())
}

fn arguments(text: &str) -> String {
    Object::new().put(INPUT, text).end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_as_long_as_a_function_may_be_called_and_stays_apart_from_others() {
        assert_eq!(elsewhere(Some("crm"), "list"), "crm__list");
        assert_eq!(elsewhere(None, "list"), "list");
        let long = "n".repeat(60);
        let (first, second) = (
            elsewhere(Some(&long), "first"),
            elsewhere(Some(&long), "second"),
        );
        assert!(first.len() <= LONGEST_NAME && second.len() <= LONGEST_NAME);
        assert_ne!(first, second);
        assert_eq!(first, elsewhere(Some(&long), "first"));
    }

    #[test]
    fn no_two_tools_have_one_name_and_each_is_fit_for_a_function() {
        let tools = [
            (Some("a"), "b__c"),
            (Some("a__b"), "c"),
            (Some("a_"), "_b"),
            (Some("a__"), "b"),
            (Some("my.ns"), "list"),
            (Some("my_ns"), "list"),
            (None, "a.b"),
            (None, "a_b"),
            (None, ""),
        ];
        let names: Vec<String> = tools
            .iter()
            .map(|(namespace, name)| elsewhere(*namespace, name))
            .collect();
        let distinct: HashSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), tools.len(), "{names:?}");
        let is_fit = |name: &String| {
            name.len() <= LONGEST_NAME
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
        };
        assert!(names.iter().all(is_fit), "{names:?}");
    }

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
