//! A rule about tool calls, as somebody writes it: `"command cargo test" = "allow"`.
//!
//! It names a tool, or what a call is about, or both: `shell`, `path src/**`, `write_file path docs`,
//! `command git push`, `host *.example.com`. A rule about a command is compared word by word with the
//! beginning of a plain command, or with all of it (`command exactly cargo test`); one about a path with
//! where that really leads. What can never be true of a call is refused: somebody would take it for a wall.

use std::fmt;
use std::path::{Path, PathBuf};

use alipes_config::nearest;
use alipes_tools::{Effect, Toolbox};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::words;

/// What a rule says. Of several that apply the last of this order counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The call may run.
    Allow,
    /// Somebody is asked.
    Ask,
    /// The call may not run.
    Deny,
}

impl Verdict {
    /// All, by the names that the configuration uses.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("allow", Self::Allow),
        ("ask", Self::Ask),
        ("deny", Self::Deny),
    ];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// A rule, and who made it.
#[derive(Clone, Debug)]
pub struct Rule {
    text: String,
    tool: Option<String>,
    pub(super) what: What,
    pub(super) verdict: Verdict,
    origin: String,
}

/// What a rule is about, beside the tool.
#[derive(Clone, Debug)]
pub(super) enum What {
    Anything,
    Path {
        globs: GlobSet,
        /// Compared with whole paths, and not with those beneath the root.
        is_absolute: bool,
        /// The path itself, where it is no pattern.
        literal: Option<String>,
    },
    Command(Line),
    Host(String),
}

/// The words of a plain command that a rule is about.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) words: Vec<String>,
    /// These words and none after them.
    pub(super) is_exact: bool,
}

/// The word for that.
const EXACTLY: &str = "exactly";

impl Rule {
    /// Reads a rule. `origin` says who made it: `config.toml:12`, `--allow shell`, `this session`.
    ///
    /// # Errors
    /// What is wrong with the text, as a continuation of it.
    pub fn parse(text: &str, verdict: Verdict, origin: impl Into<String>) -> Result<Self, String> {
        let (first, rest) = split(text);
        let (tool, kind, argument) = match first {
            "path" | "command" | "host" => (None, first, rest),
            tool => {
                let (kind, argument) = split(rest);
                (Some(tool), kind, argument)
            }
        };
        let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if tool.is_some_and(|tool| tool.is_empty() || !is_name(tool)) {
            return Err("must begin with a tool's name, or with path, command or host".to_owned());
        }
        let tool = tool.filter(|tool| !tool.is_empty());
        if let Some(tool) = tool {
            has_subject(tool, kind)?;
        }
        if !kind.is_empty() && argument.is_empty() {
            return Err(format!("says nothing after `{kind}`"));
        }
        let what = match kind {
            "" => What::Anything,
            "path" => path(argument)?,
            "command" => What::Command(command(argument)?),
            "host" => What::Host(host(argument)?),
            _ => return Err("needs path, command or host after the tool's name".to_owned()),
        };
        Ok(Self {
            text: text.to_owned(),
            tool: tool.map(str::to_owned),
            what,
            verdict,
            origin: origin.into(),
        })
    }

    /// The rule as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_about_tool(&self, name: &str) -> bool {
        self.tool.as_deref().is_none_or(|tool| tool == name)
    }

    /// Whether it forbids or asks about hosts.
    pub(super) fn guards_hosts(&self) -> bool {
        matches!(self.what, What::Host(_)) && self.verdict != Verdict::Allow
    }

    /// The one place that the rule is about, with what is beneath it; none if it is a pattern.
    pub(super) fn place(&self, root: &Path) -> Option<PathBuf> {
        match &self.what {
            What::Path { literal, .. } => Some(root.join(literal.as_ref()?)),
            _ => None,
        }
    }

    /// How much a rule narrows things down: of two that say the same, the greater explains it.
    pub(super) fn specificity(&self) -> (usize, bool) {
        let narrows = match &self.what {
            What::Anything => 0,
            What::Command(line) => 1 + line.words.len() + usize::from(line.is_exact),
            What::Path { .. } | What::Host(_) => 1 + self.text.len(),
        };
        (narrows, self.tool.is_some())
    }
}

/// `"command cargo test" = "allow" (config.toml:12)`
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, verdict) = (&self.text, self.verdict.as_str());
        write!(f, "\"{text}\" = \"{verdict}\" ({})", self.origin)
    }
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (first, rest.trim())
}

/// Refuses a tool that there is not, and one that is never about such a thing.
fn has_subject(tool: &str, kind: &str) -> Result<(), String> {
    let toolbox = Toolbox::builtin();
    let Some(found) = toolbox.get(tool) else {
        let near = nearest(tool, toolbox.specs().map(|spec| spec.name));
        let near = near.map(|name| format!("; did you mean {name}?"));
        return Err(format!("names no tool{}", near.unwrap_or_default()));
    };
    let takes = |fields: &[&str]| {
        let properties = &found.spec().parameters["properties"];
        fields.iter().any(|field| properties.get(field).is_some())
    };
    let is_about = match kind {
        "path" => takes(&["path", "patch"]),
        "command" => takes(&["command", "input"]),
        "host" => found.effect() == Effect::Executes,
        _ => true,
    };
    match is_about {
        true => Ok(()),
        false => Err(format!("can never be true: {tool} is about no {kind}")),
    }
}

fn command(argument: &str) -> Result<Line, String> {
    let (first, rest) = split(argument);
    let is_exact = first == EXACTLY && !rest.is_empty();
    let plain = words::plain(if is_exact { rest } else { argument });
    let words = plain.map_err(|_syntax| {
        "names no plain command; such a rule cannot be compared with one".to_owned()
    })?;
    Ok(Line { words, is_exact })
}

/// A name, or `*.` and a name.
fn host(argument: &str) -> Result<String, String> {
    let name = argument.strip_prefix("*.").unwrap_or(argument);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    match name.chars().all(is_name) && !name.is_empty() {
        true => Ok(argument.to_ascii_lowercase()),
        false => {
            Err("names no host: write a name or *.name, without scheme, port and path".to_owned())
        }
    }
}

/// A path stands for itself and for what lies beneath it.
fn path(glob: &str) -> Result<What, String> {
    let glob = glob.strip_prefix("./").unwrap_or(glob);
    let first = glob.split('/').next().unwrap_or_default();
    if first.starts_with('$') || first == "~" {
        return Err(
            "begins with a home or a variable, which is not looked up; write the path in full"
                .to_owned(),
        );
    }
    if glob.split('/').any(|part| part == "..") {
        return Err(
            "has `..` in it and is compared with where a path really leads; write that".to_owned(),
        );
    }
    let glob = match glob.trim_end_matches('/') {
        "" => "/",
        trimmed => trimmed,
    };
    let beneath = format!("{}/**", glob.trim_end_matches('/'));
    let mut globs = GlobSetBuilder::new();
    for glob in [glob, &beneath] {
        let built = GlobBuilder::new(glob)
            .literal_separator(true)
            .build()
            .map_err(|error| format!("is no pattern for paths: {}", error.kind()))?;
        globs.add(built);
    }
    let globs = globs.build().map_err(|error| error.to_string())?;
    let is_absolute = glob.starts_with('/');
    let literal = glob.strip_suffix("/**").unwrap_or(glob);
    let is_pattern = literal.is_empty() || literal.contains(['*', '?', '[', '{', '\\']);
    let literal = (!is_pattern).then(|| literal.to_owned());
    Ok(What::Path {
        globs,
        is_absolute,
        literal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_means_nothing_is_refused_with_a_reason() {
        let table = [
            ("", "must begin"),
            ("sh-ell", "must begin"),
            ("command", "nothing after `command`"),
            ("shell command", "nothing after `command`"),
            ("command a | b", "no plain command"),
            ("shell cargo test", "needs path, command or host"),
            ("path [a", "no pattern"),
            ("path ~/secret", "write the path in full"),
            ("path $HOME/secret", "write the path in full"),
            ("path docs/../secret", "where a path really leads"),
            ("shel", "did you mean shell?"),
            ("wirte_file path docs", "did you mean write_file?"),
            ("write_file command rm", "write_file is about no command"),
            ("process_input path x", "process_input is about no path"),
            ("read_file host x", "read_file is about no host"),
            ("host https://example.com", "names no host"),
            ("host example.com:443", "names no host"),
            ("host *.", "names no host"),
        ];
        for (text, reason) in table {
            let error = Rule::parse(text, Verdict::Allow, "x").unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_rule_says_what_it_is_and_who_made_it() {
        let rule = Rule::parse("command cargo test", Verdict::Allow, "config.toml:12").unwrap();
        let shown = "\"command cargo test\" = \"allow\" (config.toml:12)";
        assert_eq!(rule.to_string(), shown);
    }
}
