//! Where a key is looked for: as the user says, else as its provider is known to want it.

use std::path::PathBuf;

use crate::OPENAI_CODEX;
use crate::section::{AccountSetting, AuthKind, KeySetting};

/// Where a provider's key is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Key {
    /// It asks for none.
    NotNeeded,
    /// In this variable.
    Variable(String),
    /// In this variable, if there is one: it may ask for none.
    VariableIfSet(String),
    /// In this file; a relative path is beneath the configuration's folder.
    File(PathBuf),
    /// It is the sign-in of this name (`alipes login`).
    Login(String),
}

/// An account's name, and where its key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedKey {
    /// As the configuration calls it.
    pub name: String,
    /// Its key.
    pub key: Key,
}

/// What the user says of a key goes before what its provider is known to want.
pub(super) fn key(setting: Option<KeySetting>, auth: AuthKind, variable: Option<String>) -> Key {
    match (setting, auth, variable) {
        (Some(setting), _, _) => setting.into(),
        (None, AuthKind::SignIn, _) => Key::Login(OPENAI_CODEX.to_owned()),
        (None, AuthKind::None, Some(name)) => Key::VariableIfSet(name),
        (None, _, Some(name)) => Key::Variable(name),
        (None, _, None) => Key::NotNeeded,
    }
}

impl From<KeySetting> for Key {
    fn from(setting: KeySetting) -> Self {
        match setting {
            KeySetting::Variable(name) => Self::Variable(name),
            KeySetting::File(path) => Self::File(path),
            KeySetting::Login(name) => Self::Login(name),
        }
    }
}

impl From<AccountSetting> for NamedKey {
    fn from(AccountSetting { name, key }: AccountSetting) -> Self {
        let key = key.into();
        Self { name, key }
    }
}
