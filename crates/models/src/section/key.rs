//! Who asks: where a provider's key is, how it goes out, and the accounts there are instead of one key.

use std::path::PathBuf;

use alipes_config::{Checked, Reader};
use alipes_transport::KeyHeader;

use super::variable;

/// `api_key = { env = "NAME" }`, `{ file = "PATH" }` or `{ login = "NAME" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySetting {
    /// The variable's name.
    Variable(String),
    /// The file; a relative path is beneath the configuration's folder.
    File(PathBuf),
    /// The sign-in of this name (`alipes login`), instead of a key.
    Login(String),
}

/// One of several accounts: `work = { login = "work" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSetting {
    /// Its name.
    pub name: String,
    /// Where its key is.
    pub key: KeySetting,
}

/// How a provider wants to know who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthKind {
    /// `Authorization: Bearer …`
    Bearer,
    /// `x-api-key: …`
    XApiKey,
    /// `api-key: …`
    ApiKey,
    /// A ChatGPT sign-in.
    SignIn,
    /// Not at all; a key that is configured all the same goes out as a bearer token.
    #[default]
    None,
}

impl AuthKind {
    pub(super) const NAMES: [(&'static str, Self); 5] = [
        ("bearer", Self::Bearer),
        ("x-api-key", Self::XApiKey),
        ("api-key", Self::ApiKey),
        ("sign-in", Self::SignIn),
        ("none", Self::None),
    ];

    /// The header for a key.
    pub(crate) fn header(self) -> KeyHeader {
        match self {
            Self::XApiKey => KeyHeader::XApiKey,
            Self::ApiKey => KeyHeader::ApiKey,
            Self::Bearer | Self::SignIn | Self::None => KeyHeader::Bearer,
        }
    }
}

pub(super) fn read_key(mut reader: Reader<'_>) -> Checked<KeySetting> {
    let variable = variable(reader.optional("env"));
    let file = reader.optional("file").path();
    let login = reader.optional("login").parsed(LOGIN_NAME, |text| {
        is_plain_name(text).then(|| text.to_owned())
    });
    let sources = [
        variable.map(KeySetting::Variable),
        file.map(KeySetting::File),
        login.map(KeySetting::Login),
    ];
    let mut sources = sources.into_iter().flatten();
    let (first, second) = (sources.next(), sources.next());
    if first.is_none() || second.is_some() {
        reader.refuse(
            "a key is either { env = \"NAME\" }, { file = \"PATH\" } or { login = \"openai-codex\" }",
        );
    }
    reader.finish(|| first)
}

const LOGIN_NAME: &str = "\"openai-codex\", or the name given to `alipes login --account NAME`";

pub(super) fn read_accounts(mut reader: Reader<'_>) -> Checked<Vec<AccountSetting>> {
    let accounts = reader.tables(read_key);
    if let Some((name, _)) = accounts.iter().find(|(name, _)| !is_plain_name(name)) {
        reader.refuse(format!(
            "has an account {name:?}; a name is of letters, digits, dots, dashes and underscores"
        ));
    }
    reader.finish(|| {
        let account = |(name, key)| AccountSetting { name, key };
        Some(accounts.into_iter().map(account).collect())
    })
}

/// Fit for a file's name and a command line everywhere.
#[must_use]
pub fn is_plain_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let begins = |c: char| c.is_ascii_alphanumeric();
    name.starts_with(begins) && name.chars().all(fits) && name.len() <= 64
}
