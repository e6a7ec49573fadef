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
}

impl CannotCarry {
    pub(crate) fn new(
        what: impl Into<Cow<'static, str>>,
        why: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
        }
    }
}

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

    pub(crate) fn into_list(self) -> Vec<CannotCarry> {
        self.0
    }
}
