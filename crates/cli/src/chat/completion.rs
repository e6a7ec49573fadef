//! What could be meant by what stands before the cursor: a command, or a file after `@`.

mod files;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};
use ratatui_core::text::{Line, Span};

pub(super) use files::files;

use super::commands::COMMANDS;
use super::looks::{CHOSEN, FAINT};
use super::wrap::cut;

/// How many are offered at once.
const MOST: usize = 6;

/// What is offered.
#[derive(Debug, Default)]
pub(super) struct Menu {
    offers: Vec<Offer>,
    chosen: usize,
    /// How many bytes before the cursor an offer replaces.
    length: usize,
    /// What was declined: not offered again until it changes.
    declined: Option<String>,
    files: Option<Vec<String>>,
}

#[derive(Clone, Debug)]
struct Offer {
    text: String,
    about: String,
}

/// What a menu puts in place of what was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) length: usize,
    pub(super) text: String,
    /// It is a whole command: nothing need be added to it.
    pub(super) is_whole: bool,
}

impl Menu {
    pub(super) fn is_open(&self) -> bool {
        !self.offers.is_empty()
    }

    /// The files that there are have been listed.
    pub(super) fn know(&mut self, files: Vec<String>, before: &str) {
        self.files = Some(files);
        self.follow(before);
    }

    /// Whether files are asked for and nobody has listed them.
    pub(super) fn lacks_files(&self, before: &str) -> bool {
        self.files.is_none() && file_word(before).is_some()
    }

    /// Follows what stands before the cursor.
    pub(super) fn follow(&mut self, before: &str) {
        if self.declined.as_deref() == Some(before) {
            return;
        }
        self.declined = None;
        (self.chosen, self.length) = (0, 0);
        self.offers = Vec::new();
        if let Some(word) = command_word(before) {
            self.length = word.len() + 1;
            let fitting = COMMANDS.iter().filter(|entry| entry.name.starts_with(word));
            self.offers = fitting
                .map(|entry| Offer {
                    text: format!("/{}", entry.name),
                    about: format!("{} {}", entry.argument, entry.about)
                        .trim()
                        .to_owned(),
                })
                .collect();
        } else if let (Some(word), Some(files)) = (file_word(before), &self.files) {
            self.length = word.len() + 1;
            self.offers = fitting(word, files);
        } else {
            // They may be others the next time.
            self.files = self.files.take().filter(|_| file_word(before).is_some());
        }
    }

    /// What was typed stays as it is.
    pub(super) fn decline(&mut self, before: &str) {
        self.declined = Some(before.to_owned());
        self.offers = Vec::new();
    }

    pub(super) fn choose(&mut self, is_up: bool) {
        let count = self.offers.len().max(1);
        self.chosen = match is_up {
            true => (self.chosen + count - 1) % count,
            false => (self.chosen + 1) % count,
        };
    }

    pub(super) fn chosen(&self) -> Option<Chosen> {
        let offer = self.offers.get(self.chosen)?;
        let takes_more = |offer: &Offer| offer.about.starts_with('[');
        let is_command = offer.text.starts_with('/');
        Some(Chosen {
            length: self.length,
            text: match is_command {
                true if !takes_more(offer) => offer.text.clone(),
                true => format!("{} ", offer.text),
                false => format!("@{} ", spelt(&offer.text)),
            },
            is_whole: is_command && !takes_more(offer),
        })
    }

    pub(super) fn rows(&self, columns: usize) -> Vec<Line<'static>> {
        let first = (self.chosen + 1).saturating_sub(MOST);
        let shown = self.offers.iter().enumerate().skip(first).take(MOST);
        let widest = self.offers.iter().map(|offer| offer.text.chars().count());
        let widest = widest.max().unwrap_or(0).min(columns / 2);
        shown
            .map(|(at, offer)| {
                let text = cut(&format!("  {:<widest$}", offer.text), columns);
                let spare = columns.saturating_sub(text.chars().count() + 2);
                let style = if at == self.chosen { CHOSEN } else { FAINT };
                Line::from(vec![
                    Span::styled(text, style),
                    Span::styled(cut(&format!("  {}", offer.about), spare), FAINT),
                ])
            })
            .collect()
    }
}

/// What follows a slash at the very beginning.
fn command_word(before: &str) -> Option<&str> {
    let word = before.strip_prefix('/')?;
    word.bytes()
        .all(|byte| byte.is_ascii_lowercase())
        .then_some(word)
}

/// What follows an `@` at the beginning of a word.
fn file_word(before: &str) -> Option<&str> {
    let begins = |c: char| c.is_whitespace() || "([{<".contains(c);
    let start = before.rfind(begins).map_or(0, |space| {
        space + before[space..].chars().next().map_or(0, char::len_utf8)
    });
    before[start..].strip_prefix('@')
}

/// A file's name as one word of a prompt, the way a shell spells it: so are images found.
fn spelt(file: &str) -> String {
    let is_special = |c: char| c.is_whitespace() || "'\"`\\".contains(c);
    if !file.contains(is_special) {
        return file.to_owned();
    }
    match ['"', '\'', '`']
        .into_iter()
        .find(|quote| !file.contains(*quote))
    {
        Some(quote) => format!("{quote}{file}{quote}"),
        None => file
            .chars()
            .flat_map(|c| is_special(c).then_some('\\').into_iter().chain([c]))
            .collect(),
    }
}

fn fitting(word: &str, files: &[String]) -> Vec<Offer> {
    let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
    let pattern = Pattern::parse(word, CaseMatching::Smart, Normalization::Smart);
    let found = pattern.match_list(files, &mut matcher).into_iter();
    found
        .take(4 * MOST)
        .map(|(file, _)| Offer {
            text: file.clone(),
            about: String::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(before: &str) -> Vec<String> {
        let mut menu = Menu::default();
        let files = ["src/main.rs", "src/chat/mod.rs", "README.md"];
        menu.know(files.map(str::to_owned).to_vec(), before);
        menu.offers.into_iter().map(|offer| offer.text).collect()
    }

    #[test]
    fn commands_are_offered_by_their_beginning_and_files_by_their_letters() {
        assert_eq!(offered("/re"), ["/resume", "/retry"]);
        assert_eq!(offered("see @chmo"), ["src/chat/mod.rs"]);
        assert_eq!(offered("@readme"), ["README.md"]);
        assert_eq!(offered("so (@readme"), ["README.md"]);
        for nothing in ["", "a /re", "me@home", "/resume x", "/xyz"] {
            assert!(offered(nothing).is_empty(), "{nothing:?}");
        }
    }

    #[test]
    fn a_name_that_is_put_in_is_one_word_whatever_it_has_in_it() {
        for (file, word) in [
            ("plain.png", "plain.png"),
            ("shot one.png", "\"shot one.png\""),
            ("a \"b\".png", "'a \"b\".png'"),
            ("it's a \"`b`\".png", "it\\'s\\ a\\ \\\"\\`b\\`\\\".png"),
        ] {
            assert_eq!(spelt(file), word);
        }
    }

    #[test]
    fn what_was_declined_is_not_offered_until_it_changes() {
        let mut menu = Menu::default();
        menu.follow("/re");
        menu.decline("/re");
        menu.follow("/re");
        assert!(!menu.is_open());
        menu.follow("/ret");
        let chosen = menu.chosen().unwrap();
        assert_eq!(
            (chosen.text.as_str(), chosen.length, chosen.is_whole),
            ("/retry", 4, true)
        );
    }
}
