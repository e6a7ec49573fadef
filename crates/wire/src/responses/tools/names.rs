//! What a client's tools are called elsewhere, and what such a name is in the client's own words.

use super::{local_shell, search};
use crate::call_ids::shortened;
use crate::fields::Fields;

/// The longest name of a function (`OpenAI` and Anthropic API references, `name`), in bytes.
const LONGEST_NAME: usize = 64;

/// The tools of a request that are called by another name, or called otherwise, in other dialects.
#[derive(Clone, Debug, Default)]
pub struct ToolNames(Vec<(String, Own)>);

/// What a tool is in its client's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::responses) struct Own {
    pub(in crate::responses) namespace: Option<String>,
    pub(in crate::responses) name: String,
    pub(in crate::responses) kind: ToolKind,
}

/// How a tool is called in its client's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::responses) enum ToolKind {
    /// With arguments, as everywhere.
    Function,
    /// With plain text.
    Text,
    /// With a command, which the client runs.
    LocalShell,
    /// With what the client shall look for among tools that it has not offered yet.
    Search,
}

impl ToolNames {
    /// Those of a request's body, or frame.
    #[must_use]
    pub fn of(request: &[u8]) -> Self {
        let asked = Fields::of(request).unwrap_or_default();
        let mut names = Self::default();
        asked
            .objects("tools")
            .iter()
            .for_each(|tool| names.add(tool, None));
        // Few requests have any, and all others need not be read item by item.
        let input = asked.json("input").unwrap_or_default();
        if search::BRINGING.iter().any(|kind| input.contains(kind)) {
            for item in asked
                .objects("input")
                .iter()
                .filter(|item| search::brings_tools(item))
            {
                item.objects("tools")
                    .iter()
                    .for_each(|tool| names.add(tool, None));
            }
        }
        names
    }

    /// One of them, or all of a group.
    fn add(&mut self, tool: &Fields<'_>, namespace: Option<&str>) {
        if namespace.is_none() && tool.text("type").as_deref() == Some("namespace") {
            let namespace = tool.string("name").unwrap_or_default();
            let inner = tool.objects("tools");
            inner
                .iter()
                .for_each(|tool| self.add(tool, Some(&namespace)));
        } else if let Some(own) = Own::of(tool, namespace) {
            let elsewhere = own.elsewhere();
            if own.kind != ToolKind::Function || own.namespace.is_some() || elsewhere != own.name {
                self.0.push((elsewhere, own));
            }
        }
    }

    /// What the function `name` of another dialect is in the client's own words; `None`: the same.
    pub(in crate::responses) fn own(&self, name: &str) -> Option<&Own> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, own)| own)
    }
}

impl Own {
    /// What a tool is, if it is one that becomes a function elsewhere.
    pub(super) fn of(tool: &Fields<'_>, namespace: Option<&str>) -> Option<Self> {
        let (kind, name) = match tool.text("type").as_deref()? {
            "function" => (ToolKind::Function, tool.string("name")),
            "custom" => (ToolKind::Text, tool.string("name")),
            local_shell::TYPE => (ToolKind::LocalShell, Some(local_shell::TYPE.to_owned())),
            search::TYPE if search::is_clients(tool) => {
                (ToolKind::Search, Some(search::TYPE.to_owned()))
            }
            _ => return None,
        };
        Some(Self {
            namespace: namespace.map(ToOwned::to_owned),
            name: name.unwrap_or_default(),
            kind,
        })
    }

    /// What it is called elsewhere.
    pub(super) fn elsewhere(&self) -> String {
        elsewhere(self.namespace.as_deref(), &self.name)
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

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
}
