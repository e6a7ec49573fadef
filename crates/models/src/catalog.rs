//! Which endpoint, key and dialect a model's name means.
//!
//! The user's providers come first, and below them those that ship with the program (`bundled`).

mod app_server;
pub(crate) mod bundled;
mod credential;
mod examined;
pub(crate) mod key;
mod layering;
mod making;
pub(crate) mod provider;
pub(crate) mod quirks;
pub(crate) mod reach;
pub(crate) mod standing;

use std::path::{Path, PathBuf};

use alipes_auth::Logins;
use alipes_base::{Environment, Secret};
use alipes_config::{Document, nearest};
use alipes_transport::Profile;

use crate::makers::Makers;
use crate::rests::Rests;
use crate::{
    ModelLists, ModelName, ModelSection, ModelsError, ProviderSection, ProvidersSection, Records,
};
use key::Key;
use provider::{KEY_VARIABLE, Provider};

pub use examined::{Examined, ExaminedAccount};
pub use making::{Making, Overrides};

/// The provider that is signed in to with ChatGPT, and the name of that sign-in.
pub const OPENAI_CODEX: &str = alipes_auth::USUAL_LOGIN;

/// The providers this machine knows.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// Those of the configuration, in its order.
    configured: Vec<(String, ProviderSection)>,
    model: ModelSection,
    folder: PathBuf,
    logins: Option<Logins>,
    lists: Option<ModelLists>,
    /// Who could not answer lately, whichever conversation asked.
    pub(crate) rests: Rests,
    /// Who made the reasoning that was seen, whichever conversation it was made in.
    pub(crate) makers: Makers,
    /// Where calls are recorded.
    pub(crate) records: Option<Records>,
}

impl Catalog {
    /// Reads the model rooms' sections.
    ///
    /// # Errors
    /// [`ModelsError::Config`] with file, line and the nearest right name.
    pub fn read(document: &Document) -> Result<Self, ModelsError> {
        let ProvidersSection(configured) = document.section().map_err(Box::new)?;
        let folder = document.path().parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self {
            configured,
            model: document.section().map_err(Box::new)?,
            folder,
            logins: None,
            lists: None,
            rests: Rests::default(),
            makers: Makers::default(),
            records: None,
        })
    }

    /// The same, with the sign-ins of this machine.
    #[must_use]
    pub fn with_logins(self, logins: Logins) -> Self {
        let logins = Some(logins);
        Self { logins, ..self }
    }

    /// The same, with its calls on record.
    #[must_use]
    pub fn recorded(self, records: Records) -> Self {
        let records = Some(records);
        Self { records, ..self }
    }

    /// The same, keeping the lists of models that it is told.
    #[must_use]
    pub fn with_lists(self, lists: ModelLists) -> Self {
        let lists = Some(lists);
        Self { lists, ..self }
    }

    /// The sign-ins of this machine.
    #[must_use]
    pub fn logins(&self) -> Option<&Logins> {
        self.logins.as_ref()
    }

    /// Whether there is a model that is asked where none is named.
    #[must_use]
    pub fn has_default(&self) -> bool {
        self.first_asked().is_some()
    }

    /// Every provider: the configured ones in the order of the file, then the other bundled ones.
    #[must_use]
    pub fn providers(&self) -> Vec<Provider> {
        let is_configured = |name: &&str| self.configured.iter().any(|(known, _)| known == name);
        let configured = self.configured.iter().map(|(name, _)| name.as_str());
        let others = bundled::names().filter(|name| !is_configured(name));
        configured
            .chain(others)
            .filter_map(|name| self.known(name))
            .collect()
    }

    /// The provider of this name.
    ///
    /// # Errors
    /// [`ModelsError::UnknownProvider`] with the nearest right name.
    pub fn provider(&self, name: &str) -> Result<Provider, ModelsError> {
        self.known(name)
            .ok_or_else(|| self.unknown_provider(name, ""))
    }

    /// Whether there is a provider of this name, configured or shipped with the program.
    #[must_use]
    pub fn knows(&self, provider: &str) -> bool {
        let is_configured = self.configured.iter().any(|(known, _)| known == provider);
        is_configured || (provider != bundled::GROUND && bundled::section(provider).is_some())
    }

    /// The effective profile of a provider.
    ///
    /// # Errors
    /// [`ModelsError`], if there is no such provider.
    pub fn profile(&self, provider: &str) -> Result<Profile, ModelsError> {
        reach::effective_profile(&self.provider(provider)?)
    }

    /// Whether the configuration names a model of this provider as the default or a fallback.
    #[must_use]
    pub fn relies_on(&self, provider: &str) -> bool {
        let default = self.model.default.iter().map(|default| &default.value);
        let mut named = default.chain(&self.model.fallback);
        named.any(|name| name.provider == provider)
    }

    /// The model that is asked where none is named, and behind it those that are asked when it cannot
    /// answer; none where the configuration chooses none.
    #[must_use]
    pub fn order(&self) -> Vec<ModelName> {
        let Some(first) = self.first_asked() else {
            return Vec::new();
        };
        let fallback = self.model.fallback.iter().cloned();
        [first].into_iter().chain(fallback).collect()
    }

    /// The files that hold keys.
    pub fn key_files(&self) -> impl Iterator<Item = PathBuf> {
        let keys = self.every_key().into_iter().filter_map(|key| match key {
            Key::File(path) => Some(self.folder.join(path)),
            _ => None,
        });
        keys.chain(self.logins.iter().map(Logins::codex_file))
    }

    /// The keys that are known without asking for them: those in variables, of providers that are
    /// not in use too, and the tokens of every sign-in.
    pub fn secrets(&self, environment: &Environment) -> Vec<Secret> {
        let keys = self.every_key().into_iter();
        let variables = keys.filter_map(|key| match key {
            Key::Variable(name) | Key::VariableIfSet(name) => Some(name),
            _ => None,
        });
        let variables = variables.chain([KEY_VARIABLE.to_owned()]);
        let named = variables.filter_map(|name| environment.text(&name).map(ToOwned::to_owned));
        let logins = self.logins.iter();
        let tokens = logins.flat_map(|logins| {
            let names = logins.names().into_iter();
            names.flat_map(|name| logins.secrets(&name))
        });
        named.map(Secret::new).chain(tokens).collect()
    }

    /// Where the keys of all accounts of all providers are.
    fn every_key(&self) -> Vec<Key> {
        let providers = self.providers().into_iter();
        providers
            .flat_map(|provider| {
                let named = provider.accounts.into_iter().map(|account| account.key);
                named.chain([provider.key])
            })
            .collect()
    }

    fn known(&self, name: &str) -> Option<Provider> {
        let mut configured = self.configured.iter();
        let section = configured.find(|(known, _)| known == name);
        match section {
            Some((_, section)) => Provider::resolved(name, Some(section)),
            None if name == bundled::GROUND => None,
            None => Provider::resolved(name, None),
        }
    }

    fn which_provider(&self) -> ModelsError {
        let names: Vec<&str> = self
            .configured
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        ModelsError::WhichProvider {
            hint: match names.as_slice() {
                [] => "; none is configured: add one with `alipes providers add NAME`, or see all \
                       that are known with `alipes providers --all`"
                    .to_owned(),
                names => format!("; configured: {}", names.join(", ")),
            },
        }
    }

    fn unknown_provider(&self, name: &str, place: &str) -> ModelsError {
        let configured: Vec<&str> = self
            .configured
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let known = configured.iter().copied().chain(bundled::names());
        let hint = match (nearest(name, known), configured.as_slice()) {
            (Some(nearest), _) => format!("; did you mean {nearest:?}?"),
            (None, []) => {
                "; `alipes providers --all` lists those that are known, and --base-url URL gives \
                 the address of another"
                    .to_owned()
            }
            (None, names) => format!(
                "; configured: {}; `alipes providers --all` lists those that are known",
                names.join(", ")
            ),
        };
        ModelsError::UnknownProvider {
            name: name.to_owned(),
            asked: place.to_owned(),
            hint,
        }
    }
}
