//! The slash commands: one table, from which help, completion and the dispatch read.

use alipes_config::nearest;

use crate::args::RouteArg;

/// What a line that begins with a slash asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Help,
    New,
    Resume,
    Model,
    Route,
    Status,
    Calls,
    Compact,
    Undo,
    Retry,
    Diff,
    Approvals,
    Tools,
    Export,
    Quit,
}

impl Command {
    /// What is typed for it, behind the slash.
    pub(super) fn name(self) -> &'static str {
        let mut entries = COMMANDS.iter();
        let entry = entries.find(|entry| entry.command == self);
        entry.map_or("", |entry| entry.name)
    }
}

/// A command as a person knows it.
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) argument: &'static str,
    pub(super) about: &'static str,
    pub(super) command: Command,
}

const fn entry(
    name: &'static str,
    argument: &'static str,
    about: &'static str,
    command: Command,
) -> Entry {
    Entry {
        name,
        argument,
        about,
        command,
    }
}

pub(super) const COMMANDS: [Entry; 15] = [
    entry("help", "", "say what can be typed", Command::Help),
    entry("new", "", "begin another conversation", Command::New),
    entry(
        "resume",
        "[ID]",
        "go on with another conversation",
        Command::Resume,
    ),
    entry(
        "model",
        "[PROVIDER/NAME]",
        "say or change who is asked",
        Command::Model,
    ),
    entry(
        "route",
        "[auto|websocket|sse]",
        "say or change the way there",
        Command::Route,
    ),
    entry("status", "", "say how things stand", Command::Status),
    entry(
        "calls",
        "",
        "say what the last answers took",
        Command::Calls,
    ),
    entry(
        "compact",
        "",
        "shorten what the model reads",
        Command::Compact,
    ),
    entry("undo", "", "take the last turn back", Command::Undo),
    entry("retry", "", "ask the last question again", Command::Retry),
    entry("diff", "", "show what was edited", Command::Diff),
    entry(
        "approvals",
        "",
        "list what may run unasked",
        Command::Approvals,
    ),
    entry("tools", "", "list what the model can do", Command::Tools),
    entry(
        "export",
        "[FILE]",
        "write the conversation to a file",
        Command::Export,
    ),
    entry("quit", "", "leave", Command::Quit),
];

/// The ways that can be asked for, and what each means.
pub(super) const ROUTES: [(&str, RouteArg, &str); 3] = [
    ("auto", RouteArg::Auto, "the best that works"),
    ("websocket", RouteArg::Websocket, "websocket alone"),
    ("sse", RouteArg::Sse, "sse alone"),
];

/// A command and what was written after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Called {
    pub(super) command: Command,
    pub(super) argument: String,
}

impl Called {
    /// What was typed.
    pub(super) fn line(&self) -> String {
        let line = format!("/{} {}", self.command.name(), self.argument);
        line.trim_end().to_owned()
    }
}

/// Reads a line. What does not look like a command is a prompt, and so is a path.
pub(super) fn read(text: &str) -> Option<Result<Called, String>> {
    let rest = text.strip_prefix('/')?.trim_start();
    let (name, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let argument = argument.trim();
    let known = match name.to_ascii_lowercase() {
        exit if exit == "exit" => "quit".to_owned(),
        name => name,
    };
    match COMMANDS.iter().find(|entry| entry.name == known) {
        Some(entry) if entry.argument.is_empty() && !argument.is_empty() => {
            Some(Err(format!("/{known} takes nothing after it")))
        }
        Some(entry) => Some(Ok(Called {
            command: entry.command,
            argument: argument.to_owned(),
        })),
        None if is_a_word(text, name) => Some(Err(unknown(name))),
        None => None,
    }
}

/// Whether a name that no command has looks like one all the same: `/Users` and `/ ` do not.
fn is_a_word(text: &str, name: &str) -> bool {
    let is_next = text[1..].starts_with(name);
    is_next && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn unknown(name: &str) -> String {
    let names = COMMANDS.iter().map(|entry| entry.name);
    match nearest(name, names) {
        Some(nearest) => format!("there is no /{name}; did you mean /{nearest}?"),
        None => format!("there is no /{name}; /help lists what there is"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_found_by_its_name() {
        for entry in &COMMANDS {
            let argument = match entry.argument {
                "" => "",
                _ => "x y",
            };
            let called = Called {
                command: entry.command,
                argument: argument.to_owned(),
            };
            assert_eq!(entry.command.name(), entry.name);
            let (name, loud) = (entry.name, entry.name.to_ascii_uppercase());
            for name in [name, &loud] {
                let text = format!("/{name}  {argument} ");
                assert_eq!(read(&text), Some(Ok(called.clone())));
            }
        }
    }

    #[test]
    fn what_a_command_has_no_use_for_is_told() {
        let told = read("/undo 5").unwrap().unwrap_err();
        assert_eq!(told, "/undo takes nothing after it");
        let spaced = read("/ help").unwrap().unwrap();
        assert_eq!(spaced.command, Command::Help);
        assert_eq!(read("/ what is that?"), None);
        assert_eq!(read("/Users has what?"), None);
    }

    #[test]
    fn a_path_is_a_prompt_and_a_slip_finds_the_right_word() {
        assert_eq!(read("/etc/hosts says what?"), None);
        assert_eq!(read("help"), None);
        let slip = read("/modle x").unwrap().unwrap_err();
        assert!(slip.contains("/model?"), "{slip}");
    }
}
