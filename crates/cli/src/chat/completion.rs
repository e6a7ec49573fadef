//! What could be meant by what stands before the cursor: a command, what follows it, or a file after `@`.

mod asked;
mod files;
mod sources;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};
use ratatui_core::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

pub(super) use asked::Wanted;
use asked::{Begun, What};
use files::files;
pub(super) use sources::Sources;

use super::commands::{COMMANDS, ROUTES};
use super::looks::{CHOSEN, FAINT};
use super::wrap::cut;

/// How many are offered at once.
const MOST: usize = 6;

/// What is offered.
#[derive(Debug, Default)]
pub(super) struct Menu {
    offers: Vec<Offer>,
    /// A command is begun, so the first is chosen at once. Of a file, and of what follows a command, none is
    /// before the person does: what was typed may be meant.
    chosen: Option<usize>,
    /// How many bytes before the cursor an offer replaces.
    length: usize,
    what: Option<What>,
    /// What was declined: not offered again until it changes.
    declined: Option<String>,
    known: Option<(Wanted, Vec<Offer>)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Offer {
    text: String,
    about: String,
    /// By what it is found, where that is more than its text.
    sought: Option<String>,
}

/// What a menu puts in place of what was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) length: usize,
    pub(super) text: String,
    /// It is a whole command: nothing need be added to it.
    pub(super) is_whole: bool,
}

impl Offer {
    fn plain(text: String) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }

    fn is_folder(&self) -> bool {
        self.text.ends_with('/')
    }
}

impl AsRef<str> for Offer {
    fn as_ref(&self) -> &str {
        self.sought.as_deref().unwrap_or(&self.text)
    }
}

impl Menu {
    pub(super) fn is_open(&self) -> bool {
        !self.offers.is_empty()
    }

    /// What there is has been looked up.
    pub(super) fn know(&mut self, wanted: Wanted, offers: Vec<Offer>, before: &str) {
        self.known = Some((wanted, offers));
        self.follow(before);
    }

    /// What is asked for and nobody has looked up.
    pub(super) fn lacks(&self, before: &str) -> Option<Wanted> {
        let wanted = Begun::of(before)?.wanted()?;
        let is_known = self
            .known
            .as_ref()
            .is_some_and(|(known, _)| *known == wanted);
        (!is_known).then_some(wanted)
    }

    /// Follows what stands before the cursor.
    pub(super) fn follow(&mut self, before: &str) {
        if self.declined.as_deref() == Some(before) {
            return;
        }
        let begun = Begun::of(before);
        let wanted = begun.and_then(Begun::wanted);
        // They may be others the next time.
        self.known = self
            .known
            .take()
            .filter(|(known, _)| Some(*known) == wanted);
        self.declined = None;
        self.what = begun.map(|begun| begun.what);
        self.length = begun.map_or(0, |begun| begun.length);
        self.offers = begun.map(|begun| self.fitting(begun)).unwrap_or_default();
        self.chosen = (self.what == Some(What::Command)).then_some(0);
    }

    fn fitting(&self, begun: Begun<'_>) -> Vec<Offer> {
        let known = self.known.as_ref().map_or(&[][..], |(_, offers)| offers);
        let mut offers = match begun.what {
            What::Command => commands(begun.word),
            What::Route => routes(begun.word),
            What::Known(Wanted::Places) => places(begun.word, known),
            What::Known(_) => fitting(begun.word, known),
        };
        // There is nothing left to be completed.
        if begun.what != What::Command && begun.what != What::Known(Wanted::Files) {
            offers.retain(|offer| offer.text != begun.word);
        }
        offers
    }

    /// What was typed stays as it is.
    pub(super) fn decline(&mut self, before: &str) {
        self.declined = Some(before.to_owned());
        self.offers = Vec::new();
    }

    pub(super) fn choose(&mut self, is_up: bool) {
        let last = self.offers.len().saturating_sub(1);
        self.chosen = Some(match (self.chosen, is_up) {
            (None | Some(0), true) => last,
            (Some(chosen), true) => chosen - 1,
            (None, false) => 0,
            (Some(chosen), false) if chosen < last => chosen + 1,
            (Some(_), false) => 0,
        });
    }

    /// What the person has chosen.
    pub(super) fn chosen(&self) -> Option<Chosen> {
        self.put_in(self.offers.get(self.chosen?)?)
    }

    /// The same, or the best there is.
    pub(super) fn best(&self) -> Option<Chosen> {
        self.put_in(self.offers.get(self.chosen.unwrap_or(0))?)
    }

    fn put_in(&self, offer: &Offer) -> Option<Chosen> {
        let takes_more = offer.about.starts_with('[');
        let (text, is_whole) = match self.what? {
            What::Command if takes_more => (format!("{} ", offer.text), false),
            What::Known(Wanted::Files) => (format!("@{} ", spelt(&offer.text)), false),
            _ => (offer.text.clone(), !offer.is_folder()),
        };
        Some(Chosen {
            length: self.length,
            text,
            is_whole,
        })
    }

    pub(super) fn rows(&self, columns: usize) -> Vec<Line<'static>> {
        let first = self
            .chosen
            .map_or(0, |chosen| (chosen + 1).saturating_sub(MOST));
        let shown = self.offers.iter().enumerate().skip(first).take(MOST);
        let widest = self.offers.iter().map(|offer| offer.text.width()).max();
        let widest = widest.unwrap_or(0).min(columns / 2);
        shown
            .map(|(at, offer)| {
                let gap = " ".repeat(widest.saturating_sub(offer.text.width()));
                let text = cut(&format!("  {}{gap}", offer.text), columns);
                let spare = columns.saturating_sub(text.width() + 2);
                let is_chosen = self.chosen == Some(at);
                let style = if is_chosen { CHOSEN } else { FAINT };
                Line::from(vec![
                    Span::styled(text, style),
                    Span::styled(cut(&format!("  {}", offer.about), spare), FAINT),
                ])
            })
            .collect()
    }
}

fn commands(word: &str) -> Vec<Offer> {
    let fitting = COMMANDS.iter().filter(|entry| entry.name.starts_with(word));
    let offers = fitting.map(|entry| Offer {
        about: format!("{} {}", entry.argument, entry.about)
            .trim()
            .to_owned(),
        ..Offer::plain(format!("/{}", entry.name))
    });
    offers.collect()
}

fn routes(word: &str) -> Vec<Offer> {
    let fitting = ROUTES.iter().filter(|(name, ..)| name.starts_with(word));
    let offers = fitting.map(|(name, _, about)| Offer {
        about: (*about).to_owned(),
        ..Offer::plain((*name).to_owned())
    });
    offers.collect()
}

/// Names in the folder that has been typed, and folders.
fn places(word: &str, known: &[Offer]) -> Vec<Offer> {
    let folder = word.rfind('/').map_or("", |end| &word[..=end]);
    let (folders, names): (Vec<Offer>, Vec<Offer>) =
        known.iter().cloned().partition(Offer::is_folder);
    let here = names.into_iter().map(|name| Offer {
        text: format!("{folder}{}", name.text),
        ..name
    });
    let here = here.filter(|name| name.text.starts_with(word));
    here.chain(fitting(word, &folders)).collect()
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

fn fitting(word: &str, known: &[Offer]) -> Vec<Offer> {
    let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
    let pattern = Pattern::parse(word, CaseMatching::Smart, Normalization::Smart);
    let found = pattern.match_list(known, &mut matcher).into_iter();
    let found = found.take(4 * MOST).map(|(offer, _)| offer.clone());
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(before: &str, wanted: Wanted, offers: Vec<Offer>) -> Vec<String> {
        let mut menu = Menu::default();
        menu.know(wanted, offers, before);
        menu.offers.into_iter().map(|offer| offer.text).collect()
    }

    fn offered(before: &str) -> Vec<String> {
        let files = ["src/main.rs", "src/chat/mod.rs", "README.md"];
        let files = files.map(|file| Offer::plain(file.to_owned()));
        known(before, Wanted::Files, files.to_vec())
    }

    #[test]
    fn commands_are_offered_by_their_beginning_and_files_by_their_letters() {
        assert_eq!(offered("/re"), ["/resume", "/retry"]);
        assert_eq!(offered("see @chmo"), ["src/chat/mod.rs"]);
        assert_eq!(offered("@readme"), ["README.md"]);
        assert_eq!(offered("so (@readme"), ["README.md"]);
        assert_eq!(offered("in @src/(ma"), Vec::<String>::new());
        for nothing in ["", "a /re", "me@home", "/resume x", "/xyz"] {
            assert!(offered(nothing).is_empty(), "{nothing:?}");
        }
    }

    #[test]
    fn what_follows_a_command_is_offered_and_what_was_typed_is_meant_until_somebody_chooses() {
        assert_eq!(offered("/route "), ["auto", "websocket", "sse"]);
        assert_eq!(offered("/route s"), ["sse"]);
        assert_eq!(offered("/route sse"), Vec::<String>::new());
        let eggs = Offer {
            about: "how to boil eggs".to_owned(),
            sought: Some("1234abcd how to boil eggs".to_owned()),
            ..Offer::plain("1234abcd".to_owned())
        };
        for word in ["", "12", "boil eg"] {
            let before = format!("/resume {word}");
            let offers = known(&before, Wanted::Conversations, vec![eggs.clone()]);
            assert_eq!(offers, ["1234abcd"], "{word}");
        }
        let mut menu = Menu::default();
        menu.follow("/route ");
        assert_eq!(menu.chosen(), None);
        let best = menu.best().unwrap();
        assert_eq!((best.text.as_str(), best.is_whole), ("auto", true));
        menu.choose(true);
        assert_eq!(menu.chosen().unwrap().text, "sse");
        menu.choose(false);
        assert_eq!(menu.chosen().unwrap().text, "auto");
    }

    #[test]
    fn an_export_is_offered_a_name_in_every_folder() {
        let places = ["alipes-1.md", "alipes-1.jsonl", "docs/", "docs/old/"];
        let places = places.map(|place| Offer::plain(place.to_owned())).to_vec();
        let offered =
            |word: &str| known(&format!("/export {word}"), Wanted::Places, places.clone());
        assert_eq!(
            offered(""),
            ["alipes-1.md", "alipes-1.jsonl", "docs/", "docs/old/"]
        );
        assert_eq!(
            offered("docs/a"),
            ["docs/alipes-1.md", "docs/alipes-1.jsonl"]
        );
        assert_eq!(offered("old"), ["docs/old/"]);
        assert_eq!(offered("docs/old/alipes-1.j"), ["docs/old/alipes-1.jsonl"]);
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
