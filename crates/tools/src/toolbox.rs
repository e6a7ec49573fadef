//! The tools of one agent, by name, in an order that does not change.
//!
//! The order matters: a provider's prompt cache holds only while the list of tools stays the same.

use crate::edit::Edit;
use crate::frame::Builtin;
use crate::list::ListFiles;
use crate::read::ReadFile;
use crate::redacted::Redacted;
use crate::search::Search;
use crate::shell::{LookAtProcess, Shell, WriteToProcess};
use crate::write::WriteFile;
use crate::{Tool, ToolSpec};

/// Tools by name. What they give comes without secrets.
pub struct Toolbox {
    tools: Vec<Redacted>,
}

impl Toolbox {
    /// These tools, in this order. Of two with one name the first is kept, so that what is added
    /// cannot stand in for what is built in.
    #[must_use]
    pub fn new(tools: impl IntoIterator<Item = Box<dyn Tool>>) -> Self {
        let mut kept: Vec<Redacted> = Vec::new();
        for tool in tools {
            if kept
                .iter()
                .all(|other| other.spec().name != tool.spec().name)
            {
                kept.push(Redacted(tool));
            }
        }
        Self { tools: kept }
    }

    /// The tools that are always there.
    #[must_use]
    pub fn builtin() -> Self {
        Self::new([
            Builtin::<ListFiles>::boxed(),
            Builtin::<ReadFile>::boxed(),
            Builtin::<Search>::boxed(),
            Builtin::<WriteFile>::boxed(),
            Builtin::<Edit>::boxed(),
            Builtin::<Shell>::boxed(),
            Builtin::<LookAtProcess>::boxed(),
            Builtin::<WriteToProcess>::boxed(),
        ])
    }

    /// What the model is told, always in the same order.
    pub fn specs(&self) -> impl Iterator<Item = &ToolSpec> {
        self.tools.iter().map(Tool::spec)
    }

    /// The tool of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&dyn Tool> {
        self.tools
            .iter()
            .find(|tool| tool.spec().name == name)
            .map(|tool| tool as &dyn Tool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Effect;

    #[test]
    fn the_builtin_tools_come_in_a_stable_order() {
        let toolbox = Toolbox::builtin();
        let names: Vec<_> = toolbox.specs().map(|spec| spec.name).collect();
        assert_eq!(
            names,
            [
                "list_files",
                "read_file",
                "search",
                "write_file",
                "edit",
                "shell",
                "process",
                "process_input"
            ]
        );
        let effects: Vec<_> = names
            .iter()
            .filter_map(|name| toolbox.get(name))
            .map(Tool::effect)
            .collect();
        use Effect::{Executes, Reads, Writes};
        assert_eq!(
            effects,
            [
                Reads, Reads, Reads, Writes, Writes, Executes, Reads, Executes
            ]
        );
        assert!(toolbox.get("format_disk").is_none());
    }

    #[test]
    fn an_added_tool_cannot_stand_in_for_another() {
        let toolbox = Toolbox::new([Builtin::<Shell>::boxed(), Builtin::<Shell>::boxed()]);
        assert_eq!(toolbox.specs().count(), 1);
    }

    #[test]
    fn what_the_model_must_read_stays_short() {
        let told: usize = Toolbox::builtin()
            .specs()
            .map(|spec| {
                spec.name.len() + spec.description.len() + spec.parameters.to_string().len()
            })
            .sum();
        assert!(told <= 5_500, "{told} characters");
    }

    #[test]
    fn every_schema_is_closed_and_describes_only_what_it_requires() {
        for spec in Toolbox::builtin().specs() {
            assert_eq!(spec.parameters["type"], "object", "{}", spec.name);
            assert_eq!(
                spec.parameters["additionalProperties"], false,
                "{}",
                spec.name
            );
            for required in spec.parameters["required"].as_array().into_iter().flatten() {
                let name = required.as_str().unwrap();
                assert!(spec.parameters["properties"].get(name).is_some(), "{name}");
            }
        }
    }
}
