//! What a dialect has no place for.
//!
//! Translation never drops anything in silence. What a request means to say and the dialect cannot
//! is an error; what is only a hint, or bound to the provider that made it, is left out and listed.

use std::borrow::Cow;

use crate::fields::Fields;
use crate::parts::MESSAGES;

/// Something that cannot be said in a dialect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} cannot be sent: {why}")]
pub struct CannotCarry {
    /// What it is, such as `an image given by file id`.
    pub what: Cow<'static, str>,
    /// Why there is no place for it.
    pub why: Cow<'static, str>,
    /// Where it stands in what was asked.
    pub place: Place,
}

/// Where something stands in a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// In no one place, or it was not noted.
    #[default]
    Unknown,
    /// In this item of the input, counted from zero.
    Item(usize),
    /// In this parameter of a client's request, such as `messages[3].content[1]`.
    Param(String),
}

impl CannotCarry {
    pub(crate) fn new(
        what: impl Into<Cow<'static, str>>,
        why: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
            place: Place::Unknown,
        }
    }

    /// The same, in a place: around the one that is known already, where that is one within it.
    #[must_use]
    pub(crate) fn at(self, place: Place) -> Self {
        let place = match (self.place, place) {
            (Place::Param(inner), Place::Param(outer)) => Place::Param(format!("{outer}.{inner}")),
            (Place::Unknown, place) => place,
            (known, _) => known,
        };
        Self { place, ..self }
    }
}

/// Most things of a client's own naming that are noted of a request.
const MOST_UNKNOWN: usize = 32;

/// The most of such a name that is repeated, in characters.
const LONGEST_NAME: usize = 80;

/// What was left out of a request, each kind once.
#[derive(Clone, Debug, Default)]
pub(crate) struct LeftOut(Vec<CannotCarry>);

impl LeftOut {
    pub(crate) fn note(&mut self, what: &'static str, why: &'static str) {
        let note = CannotCarry::new(what, why);
        if !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    /// Something of an item, or of its content, that only `dialect` knows.
    pub(crate) fn note_foreign(&mut self, dialect: &'static str, extras: Option<&Fields<'_>>) {
        if extras.is_some() {
            let why = match dialect {
                MESSAGES => "only the Messages dialect has them",
                _ => "only the Chat Completions dialect has them",
            };
            self.note("markers and other fields of items and their content", why);
        }
    }

    /// What a client asked for in members that nobody reads.
    pub(crate) fn note_unread(&mut self, asked: &Fields<'_>, read: &[&str]) {
        let unread = asked.iter().filter(|(name, _)| !read.contains(name));
        unread.for_each(|(name, _)| self.note_unknown(name, name));
    }

    /// What a client asked for in its parameter `param`.
    pub(crate) fn note_unknown(&mut self, name: &str, param: &str) {
        if self.0.len() >= MOST_UNKNOWN {
            return self.note("further fields", "no other dialect has them");
        }
        let shown = |name: &str| name.chars().take(LONGEST_NAME).collect::<String>();
        let note = CannotCarry::new(format!("`{}`", shown(name)), "no other dialect has it");
        let note = note.at(Place::Param(shown(param)));
        if !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    pub(crate) fn into_list(self) -> Vec<CannotCarry> {
        self.0
    }
}
