//! What stands before the cursor and could be gone on with: a command, what follows one, or a file.

use crate::chat::commands::{COMMANDS, Command};

/// What has to be looked up before it can be offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Wanted {
    Files,
    /// Models that are known by name.
    Models,
    /// Conversations that can be gone on with.
    Conversations,
    /// Files that could be written, and folders to write them into.
    Places,
}

/// What an offer would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Command,
    Route,
    Known(Wanted),
}

/// A word that has been begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Begun<'t> {
    pub(super) what: What,
    /// As far as it has come.
    pub(super) word: &'t str,
    /// How many bytes before the cursor an offer replaces.
    pub(super) length: usize,
}

impl<'t> Begun<'t> {
    pub(super) fn of(before: &'t str) -> Option<Self> {
        if let Some(word) = command_word(before) {
            return Some(Self::new(What::Command, word, 1));
        }
        if let Some((what, word)) = argument(before) {
            return Some(Self::new(what, word, 0));
        }
        let word = file_word(before)?;
        Some(Self::new(What::Known(Wanted::Files), word, 1))
    }

    fn new(what: What, word: &'t str, sign: usize) -> Self {
        let length = word.len() + sign;
        Self { what, word, length }
    }

    /// What has to be looked up for it.
    pub(super) fn wanted(self) -> Option<Wanted> {
        match self.what {
            What::Known(wanted) => Some(wanted),
            What::Command | What::Route => None,
        }
    }
}

/// What follows a slash at the very beginning.
fn command_word(before: &str) -> Option<&str> {
    let word = before.strip_prefix('/')?;
    word.bytes()
        .all(|byte| byte.is_ascii_lowercase())
        .then_some(word)
}

/// What follows a command that something can follow.
fn argument(before: &str) -> Option<(What, &str)> {
    let (name, rest) = before.strip_prefix('/')?.split_once(' ')?;
    let mut commands = COMMANDS.iter();
    let entry = commands.find(|entry| entry.name.eq_ignore_ascii_case(name))?;
    let word = rest.trim_start();
    let what = match entry.command {
        Command::Route => What::Route,
        Command::Model => What::Known(Wanted::Models),
        // Its title may be several words.
        Command::Resume => return Some((What::Known(Wanted::Conversations), word)),
        Command::Export => What::Known(Wanted::Places),
        _ => return None,
    };
    (!word.contains(char::is_whitespace)).then_some((what, word))
}

/// What follows an `@` at the beginning of a word, or behind a bracket that it begins with. A bracket
/// further on is part of the name.
fn file_word(before: &str) -> Option<&str> {
    let is_bracket = |c: char| "([{<".contains(c);
    let start = before.rfind(char::is_whitespace).map_or(0, |space| {
        space + before[space..].chars().next().map_or(0, char::len_utf8)
    });
    before[start..]
        .trim_start_matches(is_bracket)
        .strip_prefix('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_begins_with_its_sign_whatever_brackets_are_in_its_name() {
        for (before, word) in [
            ("see @a", Some("a")),
            ("so (@a", Some("a")),
            ("[(@src/(ne", Some("src/(ne")),
            ("@app/[id", Some("app/[id")),
            ("me@home", None),
            ("(me@home", None),
            ("a\n@b", Some("b")),
        ] {
            assert_eq!(file_word(before), word, "{before}");
        }
    }

    #[test]
    fn what_follows_a_command_is_asked_for_where_something_can() {
        let asked = |before| Begun::of(before).map(|begun| (begun.what, begun.word));
        let known = |wanted, word| Some((What::Known(wanted), word));
        assert_eq!(asked("/route s"), Some((What::Route, "s")));
        assert_eq!(asked("/Model  x/y"), known(Wanted::Models, "x/y"));
        assert_eq!(
            asked("/resume two words"),
            known(Wanted::Conversations, "two words")
        );
        assert_eq!(asked("/export a/"), known(Wanted::Places, "a/"));
        for nothing in ["/help ", "/nobody x", "/route sse x", "/etc/hosts x"] {
            assert_eq!(asked(nothing), None, "{nothing}");
        }
    }
}
