//! The slash commands: one table, from which help, completion and the dispatch read.

use alipes_config::nearest;

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

/// A command and what was written after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Called {
    pub(super) command: Command,
    pub(super) argument: String,
}

/// Reads a line. What does not look like a command is a prompt, and so is a path.
pub(super) fn read(text: &str) -> Option<Result<Called, String>> {
    let rest = text.strip_prefix('/')?;
    let (name, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    let known = match name {
        "exit" => "quit",
        name => name,
    };
    let found = COMMANDS.iter().find(|entry| entry.name == known);
    Some(match found {
        Some(entry) => Ok(Called {
            command: entry.command,
            argument: argument.trim().to_owned(),
        }),
        None => Err(unknown(name)),
    })
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
            let called = Called {
                command: entry.command,
                argument: "x y".to_owned(),
            };
            assert_eq!(read(&format!("/{}  x y ", entry.name)), Some(Ok(called)));
        }
    }

    #[test]
    fn a_path_is_a_prompt_and_a_slip_finds_the_right_word() {
        assert_eq!(read("/etc/hosts says what?"), None);
        assert_eq!(read("help"), None);
        let slip = read("/modle x").unwrap().unwrap_err();
        assert!(slip.contains("/model?"), "{slip}");
    }
}
