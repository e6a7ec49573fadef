//! A client's tools as functions with one name each, which is all that the other dialects know, and
//! their calls as the client knows them.
//!
//! The Codex CLI has some of its tools in groups (`namespace`), and some take plain text instead of
//! arguments (`custom`; OpenAI API reference, "Create a model response"). Elsewhere a tool of a group is
//! called by both names, and whatever a tool takes is the arguments of a function. Tools that only come
//! to light on the way (`search`) are offered with the others as soon as they are known.

mod items;
mod local_shell;
mod names;
mod search;
mod text;

use std::collections::HashMap;

use crate::cannot_carry::LeftOut;
use crate::client_request::function_tool;
use crate::fields::Fields;
use crate::{CannotCarry, NotARequest, ToolDefinition};

pub(super) use local_shell::action;
pub use names::ToolNames;
pub(super) use names::{Own, ToolKind};
pub(super) use search::wanted;
pub(super) use text::text_of;

/// Tools of the provider's own that a model may do without. The others bring something of the
/// client's along (files, servers, screens), so an answer without them would be another one.
const OFFERS: &[&str] = &["image_generation", "web_search", "web_search_preview"];

/// The tools that a model is offered, from the start or by the items that it is shown.
#[derive(Debug, Default)]
pub(super) struct Offer {
    tools: Vec<ToolDefinition>,
    /// What each is to the client, by the name it is called by.
    known: HashMap<String, Own>,
    /// The calls of the client's shell: by the item's id the one that ties an output to it.
    shell_calls: HashMap<String, String>,
}

impl Offer {
    /// Adds those of a request. A call says no more than a name, and has to reach the one tool that is
    /// meant.
    pub(super) fn read(
        &mut self,
        fields: &Fields<'_>,
        left_out: &mut LeftOut,
    ) -> Result<(), NotARequest> {
        for (own, tool) in listed(fields, left_out)? {
            if self.known.contains_key(&tool.name) {
                return Err(twice(&tool.name));
            }
            self.add(own, tool);
        }
        Ok(())
    }

    /// Adds those that an item brings, unless they are known; gives what the model is told of them.
    fn read_later(
        &mut self,
        item: &Fields<'_>,
        left_out: &mut LeftOut,
    ) -> Result<String, NotARequest> {
        let brought = listed(item, left_out)?;
        let found = search::found(brought.iter().map(|(_, tool)| tool));
        for (own, tool) in brought {
            match self.known.get(&tool.name) {
                None => self.add(own, tool),
                Some(known) if *known == own => {}
                Some(_) => return Err(twice(&tool.name)),
            }
        }
        Ok(found)
    }

    fn add(&mut self, own: Own, tool: ToolDefinition) {
        self.known.insert(tool.name.clone(), own);
        self.tools.push(tool);
    }

    pub(super) fn into_tools(self) -> Vec<ToolDefinition> {
        self.tools
    }
}

fn twice(name: &str) -> NotARequest {
    let what = format!("two tools are called {name:?}, groups included");
    NotARequest::shape(what).at("tools")
}

/// The tools in the list `tools` of a request or an item.
fn listed(
    fields: &Fields<'_>,
    left_out: &mut LeftOut,
) -> Result<Vec<(Own, ToolDefinition)>, NotARequest> {
    let mut tools = Vec::new();
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
            Some(search::TYPE) if !search::is_clients(&tool) => search::note_deferred(left_out),
            _ => tools.push(one(&tool, None, left_out).map_err(|error| error.at(place))?),
        }
    }
    Ok(tools)
}

/// The tools of a group, each with what is said of the whole group.
fn group(
    group: &Fields<'_>,
    left_out: &mut LeftOut,
) -> Result<Vec<(Own, ToolDefinition)>, NotARequest> {
    let name = group.string("name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| NotARequest::shape("a group of tools has no name").at("name"))?;
    let about = group.string("description").unwrap_or_default();
    let mut tools = Vec::new();
    for (at, tool) in group.said_objects("tools")?.into_iter().enumerate() {
        let tool = one(&tool, Some(&name), left_out);
        let (own, mut tool) = tool.map_err(|error| error.at(format!("tools[{at}]")))?;
        if !about.is_empty() {
            tool.description = format!("{about}\n\n{}", tool.description);
        }
        tools.push((own, tool));
    }
    Ok(tools)
}

fn one(
    tool: &Fields<'_>,
    namespace: Option<&str>,
    left_out: &mut LeftOut,
) -> Result<(Own, ToolDefinition), NotARequest> {
    let own = Own::of(tool, namespace).ok_or_else(|| unknown(tool))?;
    if tool.read("defer_loading") == Some(true) {
        search::note_deferred(left_out);
    }
    let mut function = match own.kind {
        ToolKind::Function => function_tool(tool, "parameters", left_out)?,
        ToolKind::Text => text::custom(tool, left_out)?,
        ToolKind::LocalShell => local_shell::function(),
        ToolKind::Search => search::function(tool)?,
    };
    function.name = own.elsewhere();
    Ok((own, function))
}

/// A tool that needs its vendor, and what could be done about it.
fn unknown(tool: &Fields<'_>) -> CannotCarry {
    let kind = tool.string("type").unwrap_or_default();
    let kind: String = kind.chars().take(60).collect();
    let way_out = "only providers of the Responses dialect know it; ask a model of one of them, or \
                   offer a function instead";
    CannotCarry::new(format!("a tool of type {kind:?}"), way_out)
}

/// The name in a tool choice.
pub(super) fn choice(choice: &Fields<'_>) -> Option<String> {
    let kind = choice.string("type")?;
    ["function", "custom"]
        .contains(&kind.as_str())
        .then_some(())?;
    let namespace = choice.string("namespace");
    Some(names::elsewhere(
        namespace.as_deref(),
        &choice.string("name")?,
    ))
}
